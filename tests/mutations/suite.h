/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test programs, linked in whole: their main() under another name, and cmocka's runner replaced by
 * one that calls one test after the other and ends the process at the first that fails.
 */
#ifndef TESTS_MUTATIONS_SUITE_H
#define TESTS_MUTATIONS_SUITE_H

#include <stdbool.h>
#include <stddef.h>

struct program {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *argument; /* NULL: none */
	/* A test that compares the table with a copy of it. It knows that a row has changed, and
	 * not whether that is wrong. Left out; NULL: none. */
	const char *leave_out;
	bool slow; /* not in a quick run */
};

/* Of this executable, in the order in which they run. */
extern const struct program programs[];
extern const size_t n_programs;

/* Runs the tests of a program in this very process. The name of each test is written to
 * `current` (of `size`) before it begins. Returns whether all passed; most that fail exit instead. */
bool suite_run(const struct program *program, char *current, size_t size);

#endif
