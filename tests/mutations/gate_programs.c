/* SPDX-License-Identifier: Apache-2.0 */
/* What must notice a change of the gate's tables. */
#include "suite.h"

int modes_test_main(int argc, char **argv);
int stuck_test_main(int argc, char **argv);
int gate_test_main(int argc, char **argv);

const struct program programs[] = {
	{.name = "modes", .main = modes_test_main},
	{.name = "stuck", .main = stuck_test_main},
	{.name = "gate", .main = gate_test_main, .slow = true},
};
const size_t n_programs = sizeof(programs) / sizeof(programs[0]);
