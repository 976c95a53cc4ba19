/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct command command;

/* Killed by: names that are cut, a way out that is taken for the way in, only the first port read. */
static void
lines_are_understood(void **state)
{
	(void)state;
	assert_null(command_parse("hold pin", &command));
	assert_int_equal(command.kind, COMMAND_HOLD);
	assert_int_equal(command.n_ports, 1);
	assert_string_equal(command.ports[0].in, "pin");
	assert_null(command_parse("hold pin,pout,abcdefghijklmno", &command));
	assert_int_equal(command.n_ports, 3);
	assert_string_equal(command.ports[2].in, "abcdefghijklmno");
	assert_null(command_parse("release pin=nf-b-inside,pout=nf-b-outside", &command));
	assert_int_equal(command.kind, COMMAND_RELEASE);
	assert_int_equal(command.n_ports, 2);
	assert_string_equal(command.ports[0].in, "pin");
	assert_string_equal(command.ports[0].out, "nf-b-inside");
	assert_string_equal(command.ports[1].in, "pout");
	assert_string_equal(command.ports[1].out, "nf-b-outside");
	assert_null(command_parse("status", &command));
	assert_int_equal(command.kind, COMMAND_STATUS);
}

/* Killed by: any of the checks left out; *ret written before all is known. */
static void
others_are_refused(void **state)
{
	static const char *const lines[] = {
		"",
		"hol",
		"holdx pin",
		"hold",
		"hold ",
		"hold pin,",
		"hold ,pin",
		"hold pin,pin",
		"hold pin=nf",
		"hold abcdefghijklmnop",
		"hold a,b,c,d,e,f,g,h,i",
		"release",
		"release pin",
		"release pin=",
		"release =nf",
		"release pin=abcdefghijklmnop",
		"release pin=a,pin=b",
		"status now",
		"status ",
	};

	(void)state;
	assert_null(command_parse("hold pin", &command));
	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (!command_parse(lines[i], &command))
			fail_msg("taken: \"%s\"", lines[i]);
		assert_int_equal(command.kind, COMMAND_HOLD);
		assert_int_equal(command.n_ports, 1);
	}
	assert_null(command_parse("hold a,b,c,d,e,f,g,h", &command));
	assert_int_equal(command.n_ports, COMMAND_MAX_PORTS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_understood),
		cmocka_unit_test(others_are_refused),
	};

	return cmocka_run_group_tests_name("baseline command", tests, NULL, NULL);
}
