/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct program *running;
static char *current_name;
static size_t current_size;

int __wrap__cmocka_run_group_tests(const char *group, const struct CMUnitTest *tests, size_t n,
				   CMFixtureFunction setup, CMFixtureFunction teardown);

/* Outside of cmocka's runner an assertion that fails calls exit. */
static void
run_one(const struct CMUnitTest *test)
{
	void *state = test->initial_state;

	snprintf(current_name, current_size, "%s", test->name);
	if (test->setup_func != NULL && test->setup_func(&state) != 0)
		exit(1);
	test->test_func(&state);
	if (test->teardown_func != NULL && test->teardown_func(&state) != 0)
		exit(1);
}

int
__wrap__cmocka_run_group_tests(const char *group, const struct CMUnitTest *tests, size_t n,
			       CMFixtureFunction setup, CMFixtureFunction teardown)
{
	void *state = NULL;

	(void)group;
	if (setup != NULL && setup(&state) != 0)
		return 1;
	for (size_t i = 0; i < n; i++) {
		if (running->leave_out == NULL || strcmp(running->leave_out, tests[i].name) != 0)
			run_one(&tests[i]);
	}
	return teardown != NULL ? teardown(&state) : 0;
}

bool
suite_run(const struct program *program, char *current, size_t size)
{
	char name[64], argument[4096];
	char *argv[] = {name, argument, NULL};

	running = program;
	current_name = current;
	current_size = size;
	snprintf(name, sizeof(name), "%s", program->name);
	snprintf(argument, sizeof(argument), "%s",
		 program->argument != NULL ? program->argument : "");
	if (program->argument == NULL)
		argv[1] = NULL;
	return program->main(program->argument != NULL ? 2 : 1, argv) == 0;
}
