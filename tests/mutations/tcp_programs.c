/* SPDX-License-Identifier: Apache-2.0 */
/* What must notice a change of the TCP table. */
#include "suite.h"

int nf_tcp_test_main(int argc, char **argv);

const struct program programs[] = {
	{.name = "tcp", .main = nf_tcp_test_main},
};
const size_t n_programs = sizeof(programs) / sizeof(programs[0]);
