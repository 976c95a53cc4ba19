/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: all of it is taken, and what is wrong is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "options.h"

#define MAX_WORDS 24

/* Splits at spaces; `line` must outlive the options. */
static int
parse(char *line, struct link_options *o)
{
	char name[] = "slim-link", *argv[MAX_WORDS + 1] = {name};
	int argc = 1;

	for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " "))
		argv[argc++] = word;
	return link_options_parse(argc, argv, o);
}

/* Killed by: two rows of the table that are exchanged. */
static void
all_options(void **state)
{
	char line[] = "--listen a:1 --to b:2 --back-listen c:3 --back-to d:4 --rate=20M "
		      "--delay-ms=5 --queue-octets=64Ki --control path";
	struct link_options o;

	(void)state;
	assert_int_equal(parse(line, &o), 0);
	assert_string_equal(o.wire.listen[0], "a:1");
	assert_string_equal(o.wire.to[0], "b:2");
	assert_string_equal(o.wire.listen[1], "c:3");
	assert_string_equal(o.wire.to[1], "d:4");
	assert_int_equal(o.wire.shape.rate, 20000000);
	assert_int_equal(o.wire.shape.delay_ns, 5000000);
	assert_int_equal(o.wire.shape.queue_octets, 65536);
	assert_string_equal(o.control, "path");
	assert_false(o.help);
}

/* Killed by: a default rate; a back gate that is asked for. */
static void
the_least(void **state)
{
	char line[] = "--listen a:1 --to b:2", help[] = "--help";
	struct link_options o;

	(void)state;
	assert_int_equal(parse(line, &o), 0);
	assert_int_equal(o.wire.shape.rate + o.wire.shape.delay_ns + o.wire.shape.queue_octets, 0);
	assert_null(o.wire.listen[1]);
	assert_null(o.control);
	assert_int_equal(parse(help, &o), 0);
	assert_true(o.help);
}

/* Killed by: a check that is left out. */
static void
what_is_refused(void **state)
{
	static const char *const lines[] = {
		"",
		"--listen a:1",
		"--to a:1",
		"--listen a:1 --to b:2 --back-to c:3",
		"--listen a:1 --to b:2 --rate x",
		"--listen a:1 --to b:2 more",
		"--listen a:1 --to b:2 --colour",
	};
	struct link_options o = {.control = "untouched"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char line[64];

		snprintf(line, sizeof(line), "%s", lines[i]);
		assert_int_equal(parse(line, &o), -EINVAL);
		assert_string_equal(o.control, "untouched");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_options),
		cmocka_unit_test(the_least),
		cmocka_unit_test(what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
