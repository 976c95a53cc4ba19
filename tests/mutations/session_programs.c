/* SPDX-License-Identifier: Apache-2.0 */
/* What must notice a change of the session's tables. */
#include "suite.h"

int session_test_main(int argc, char **argv);
int session_events_test_main(int argc, char **argv);
int walk_test_main(int argc, char **argv);
int sim_test_main(int argc, char **argv);

const struct program programs[] = {
	{.name = "events", .main = session_events_test_main},
	{.name = "session",
	 .main = session_test_main,
	 .argument = "docs/session.txt",
	 .leave_out = "test_the_document_says_what_the_table_says"},
	{.name = "walks", .main = walk_test_main},
	{.name = "simulator", .main = sim_test_main, .slow = true},
};
const size_t n_programs = sizeof(programs) / sizeof(programs[0]);
