/* SPDX-License-Identifier: Apache-2.0 */
/* Command line: defaults, every kind of value, clear refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "options.h"

#define MAX_WORDS 16

/* Splits at spaces; `line` must outlive the options. */
static int
parse(char *line, struct options *o)
{
	char *argv[MAX_WORDS + 1] = {line};
	int argc = 1;

	for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " "))
		argv[argc++] = word;
	return options_parse(argc, argv, o);
}

static void
the_defaults_make_sense(void **state)
{
	char line[] = "";
	struct options o;

	(void)state;
	assert_int_equal(parse(line, &o), 0);
	assert_null(traffic_check(&o.traffic));
	assert_int_equal(o.traffic.n_flows, 100000);
	assert_int_equal(o.traffic.rate[LEDGER_UP], 20000);
	assert_int_equal(o.traffic.rate[LEDGER_DOWN], 20000);
	assert_int_equal(o.traffic.probe_rate, 1000);
	assert_int_equal(o.traffic.echo_rate, 500);
	assert_int_equal(o.idle_ns, 20000);
	assert_int_equal(o.n_rx_queues, 1);
	assert_null(o.output);
}

static void
values_of_every_kind(void **state)
{
	char line[] =
		"--inside in0 --flows 7 --rate 4000 --rate-down 8000 --guard 250 --duration 9 "
		"--inside-ip 10.1.2.3 --outside-hop-mac 02:aa:Bb:0c:0d:fe";
	struct options o;

	(void)state;
	assert_int_equal(parse(line, &o), 0);
	assert_string_equal(o.port_names[TRAFFIC_INSIDE], "in0");
	assert_null(o.port_names[TRAFFIC_OUTSIDE]);
	assert_int_equal(o.traffic.n_flows, 7);
	assert_int_equal(o.traffic.rate[LEDGER_UP], 4000);
	assert_int_equal(o.traffic.rate[LEDGER_DOWN], 8000);
	assert_int_equal(o.traffic.probe_rate, 200); /* follows the rate */
	assert_int_equal(o.traffic.echo_rate, 100);
	assert_int_equal(o.traffic.guard_ns, 250000000);
	assert_int_equal(o.duration_ns, UINT64_C(9000000000));
	assert_int_equal(o.traffic.sides[0].ip, 0x0a010203);
	assert_memory_equal(o.traffic.sides[1].hop_mac, "\x02\xaa\xbb\x0c\x0d\xfe", 6);
}

static void
windows_come_in_order(void **state)
{
	char line[] = "--window before:3 --window move-1:20";
	struct options o;

	(void)state;
	assert_int_equal(parse(line, &o), 0);
	assert_int_equal(o.n_windows, 2);
	assert_string_equal(o.windows[0].name, "before");
	assert_string_equal(o.windows[1].name, "move-1");
	assert_int_equal(o.windows[1].duration_ns, UINT64_C(20000000000));
}

static void
bad_values_are_refused(void **state)
{
	static const char *const bad[] = {
		"--nonsense 1",
		"--flows",
		"--flows x",
		"--flows -1",
		"--flows 12k",
		"--flows 4294967296",
		"--inside-ip 1",
		"--inside-ip 1.2.3.256",
		"--inside-mac 02",
		"--window before",
		"--window :",
		"--window before:0",
		"--size 60",
		"--size 9000",
		"--rate 10",
		"--churn 20000",
		"--series 0",
		"--rx-queues 0",
		"--rx-queues 17",
		"--inside-mac 02:00:00:00:00:00:00",
		"--role router",
		"--role pppoe", /* 100,000 subscribers */
		"--role pppoe --flows 4000 --logins 8000",
		"--role pppoe --flows 4000 --churn 1",
		"--role pppoe --flows 4000 --subscriber-mac 02:00:00:00:01:00",
		"--role pppoe --flows 4000 --outside-hop-mac 02:00:01:00:10:00",
		"--role pppoe --flows 4000 --outer-vlan 4095",
		"--role pppoe --flows 4000 --inner-vlan 7",
		"--role pppoe --flows 4000 --size 1508",
		"word",
	};
	char line[80];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct options o = {.n_windows = 77};

		strcpy(line, bad[i]);
		if (parse(line, &o) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
		assert_int_equal(o.n_windows, 77); /* untouched */
	}
}

/* Killed by: a role taken for another, churn of subscribers, tags that are not passed on. */
static void
a_concentrator_has_subscribers(void **state)
{
	char line[] = "--role pppoe --flows 4000 --logins 20 --user u --password p --outer-vlan 7 "
		      "--inner-vlan 4094";
	struct options o;

	(void)state;
	assert_int_equal(parse(line, &o), 0);
	assert_int_equal(o.traffic.role, TRAFFIC_PPPOE);
	assert_string_equal(traffic_role_name(o.traffic.role), "pppoe");
	assert_int_equal(o.traffic.churn, 0);
	assert_int_equal(o.traffic.n_subscribers, 4008);
	assert_int_equal(o.traffic.logins, 20);
	assert_string_equal(o.traffic.user, "u");
	assert_string_equal(o.traffic.password, "p");
	assert_int_equal(o.traffic.outer, 7);
	assert_int_equal(o.traffic.inner, 4094);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_defaults_make_sense),
		cmocka_unit_test(values_of_every_kind),
		cmocka_unit_test(windows_come_in_order),
		cmocka_unit_test(a_concentrator_has_subscribers),
		cmocka_unit_test(bad_values_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
