/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file: what is taken, and what is refused with which line. Each case changes one
 * line of a good file. Killed by: leaving out the check that it names. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char *const good[] = {
	/*  1 */ "instance: nat-a",
	/*  2 */ "service: nat",
	/*  3 */ "inside:",
	/*  4 */ "  name: inside",
	/*  5 */ "  port: 0",
	/*  6 */ "  address: 100.64.0.1/16",
	/*  7 */ "  mac: 02:00:00:00:01:01",
	/*  8 */ "  routes:",
	/*  9 */ "    - prefix: 100.65.0.0/16",
	/* 10 */ "      via: 100.64.0.2",
	/* 11 */ "outside:",
	/* 12 */ "  name: outside",
	/* 13 */ "  port: 1",
	/* 14 */ "  address: 203.0.113.1/24",
	/* 15 */ "  mac: 02:00:00:00:02:01",
	/* 16 */ "pool:",
	/* 17 */ "  first: 198.51.100.0",
	/* 18 */ "  last: 198.51.100.15",
	/* 19 */ "ports: {first: 1024, last: 65535}",
	/* 20 */ "timeouts: {udp: 120}",
	/* 21 */ "capacity: 65536",
	/* 22 */ "workers: 2",
};

#define N_LINES (sizeof(good) / sizeof(good[0]))

/* The good file with one line (from 1) replaced; 0: none. */
static int
parse_with(unsigned int line, const char *text, struct nat_config *config, char *error)
{
	char file[4096];
	size_t at = 0;

	for (unsigned int i = 0; i < N_LINES; i++)
		at += (size_t)snprintf(file + at, sizeof(file) - at, "%s\n",
				       i + 1 == line ? text : good[i]);
	return nat_config_parse("nat.yaml", file, at, config, error);
}

static void
refused(unsigned int line, const char *text, const char *reason)
{
	char error[NF_CONFIG_ERROR_SIZE] = "", place[32];
	struct nat_config config = {.capacity = 1};

	assert_int_equal(parse_with(line, text, &config, error), -22);
	assert_int_equal(config.capacity, 1); /* untouched */
	snprintf(place, sizeof(place), "nat.yaml:%u: ", line);
	if (strncmp(error, place, strlen(place)) != 0 || strstr(error, reason) == NULL)
		fail_msg("'%s' gives '%s', not '%s...%s'", text, error, place, reason);
}

static void
good_file_is_taken(void **state)
{
	char error[NF_CONFIG_ERROR_SIZE] = "";
	struct nat_config c;

	(void)state;
	assert_int_equal(parse_with(0, "", &c, error), 0);
	assert_string_equal(c.instance, "nat-a");
	assert_int_equal(c.sides[NAT_INSIDE].address, RTE_BE32(0x64400001));
	assert_int_equal(c.sides[NAT_INSIDE].prefix.address, 0x64400000);
	assert_int_equal(c.sides[NAT_INSIDE].prefix.mask, 0xffff0000);
	assert_int_equal(c.sides[NAT_OUTSIDE].mac.addr_bytes[4], 2);
	assert_int_equal(c.routes.n, 1);
	assert_int_equal(c.routes.routes[0].via, RTE_BE32(0x64400002));
	assert_int_equal(c.n_pool, 16);
	assert_int_equal(c.pool[15], RTE_BE32(0xc633640f));
	assert_int_equal(c.n_workers, 2);
	assert_int_equal(c.timeouts.udp_ns, UINT64_C(120000000000));
	/* Defaults: RFC 5382 REQ-5, RFC 5508 REQ-2. */
	assert_int_equal(c.timeouts.tcp_established_ns, UINT64_C(7440000000000));
	assert_int_equal(c.timeouts.tcp_transitory_ns, UINT64_C(240000000000));
	assert_int_equal(c.timeouts.icmp_ns, UINT64_C(60000000000));
	assert_true(c.inbound_refresh);
	assert_int_equal(c.filtering, NAT_FILTERING_ENDPOINT_INDEPENDENT);
	assert_false(c.pcp.enabled);
	assert_int_equal(c.pcp.min_lifetime, 120);
	assert_int_equal(c.pcp.max_lifetime, 86400);
	assert_int_equal(c.ports_per_block, 1);
	assert_false(c.arbitrary_pooling);
	assert_int_equal(c.sleep_ns, 20000);
}

static void
bad_values_are_refused_with_their_line(void **state)
{
	(void)state;
	refused(1, "instance: a-name-that-is-much-longer-than-31-characters", "longer than 31");
	refused(21, "tcp_pickup: often", "");
	refused(21, "answer_unsolicited: later", "");
	refused(21, "pcp: {enabled: 2}", "");
	refused(6, "  address: 100.64.0.1", "not ADDRESS/BITS");
	refused(6, "  address: 100.64.0.1/33", "prefix length");
	refused(6, "  address: 100.64.0.1/", "prefix length");
	refused(6, "  address: 100.64.0/16", "not an IPv4 address");
	refused(7, "  mac: 02:00:00:00:01", "MAC");
	refused(7, "  mac: 03:00:00:00:01:01", "unicast MAC");
	refused(9, "    - prefix: 100.65.0.1/16", "bits below its mask");
	refused(10, "      via: 203.0.113.2", "not a neighbour");
	refused(10, "      via: 100.64.0.1", "not a neighbour");
	refused(12, "  name: inside", "inside port's name");
	refused(13, "  port: 0", "is the inside port");
	refused(18, "  last: 198.51.99.15", "before pool.first");
	refused(19, "ports: {first: 1024, last: 1100}", "at least 256");
	refused(19, "ports: {first: 0, last: 65535}", "not in 1..");
	refused(19, "ports: {block: 12}", "not a power of two");
	refused(19, "ports: {block: 512}", "not in 1..256");
	refused(19, "ports: {first: 2000, last: 4030, block: 8}", "at least 256 blocks of 8");
	refused(19, "ports: {block: 256}", "at least 256 blocks of 256");
	refused(19, "ports: {preserve_parity: true}", "needs ports.block");
	refused(18, "  pooling: loose\n  last: 198.51.100.15", "not paired or arbitrary");
	refused(20, "timeouts: {udp: 0}", "not in 1..");
	refused(21, "capacity: 10", "not in 1024..");
	refused(22, "workers: 17", "not in 1..16");
	refused(6, "  mtu: 9217\n  address: 100.64.0.1/16", "not in 576..9216");
	refused(6, "  vlan: 4095\n  address: 100.64.0.1/16", "not in 1..4094");
	refused(22, "fragments: {datagrams: 9}", "not in 64..");
	refused(22, "fragments: {waiting: 70000}", "not in 0..65536");
	refused(22, "filtering: symmetric", "is not endpoint-independent");
	refused(22, "pcp: {min_lifetime: 9}", "enabled");
	refused(22, "pcp: {enabled: true, min_lifetime: 0}", "not in 1..");
	refused(22, "pcp: {enabled: true, min_lifetime: 600, max_lifetime: 599}", "not in 600..");
	refused(22, "pcp: {enabled: true, mappings: 1}", "not in 1024..");
	refused(22, "peers: 9", "not in 1024..");
	refused(22, "limits: {peers_per_mapping: 0}", "not in 1..65536");
	refused(22, "limits: {new_sessions_per_second: 1000001}", "not in 0..1000000");
	refused(22, "limits: {new_sessions_per_second: 5, burst: 0}", "not in 1..1000000");
	refused(22, "limits: {burst: 5}", "needs limits.new_sessions_per_second");
	refused(22, "limits: {udp_sessions: -1}", "");
}

static void
wrong_shape_is_refused_with_its_line(void **state)
{
	(void)state;
	refused(1, "instnce: nat-a", "");
	refused(20, "timeouts: {upd: 120}", "");
	refused(21, "capacity: many", "");
	refused(13, "  port: 70000", "");
}

static void
pools_are_checked(void **state)
{
	char error[NF_CONFIG_ERROR_SIZE] = "";
	struct nat_config c;

	(void)state;
	assert_int_equal(parse_with(17, "  addresses: [198.51.100.9]", &c, error), -22);
	assert_non_null(strstr(error, "first and last belong together"));
	assert_int_equal(parse_with(18, "  last: 198.51.104.0", &c, error), -22);
	assert_non_null(strstr(error, "more than 1024"));
	assert_int_equal(
		parse_with(17, "  first: 203.0.113.1\n  last: 203.0.113.1\n  #", &c, error), -22);
}

static void
pool_may_be_a_list(void **state)
{
	const char *text =
		"instance: a\nservice: s\n"
		"inside: {name: i, port: 0, address: 10.0.0.1/8, mac: '02:00:00:00:00:01'}\n"
		"outside: {name: o, port: 1, address: 192.0.2.1/24, mac: '02:00:00:00:00:02'}\n"
		"pool: {addresses: [192.0.2.9, 192.0.2.7]}\n";
	char error[NF_CONFIG_ERROR_SIZE] = "";
	struct nat_config c;

	(void)state;
	assert_int_equal(nat_config_parse("x", text, strlen(text), &c, error), 0);
	assert_int_equal(c.n_pool, 2);
	assert_int_equal(c.pool[0], RTE_BE32(0xc0000207)); /* in order */
}

/* An address of the pool that were inside, too, would be two hosts. */
static void
pools_hold_nobody_elses_address(void **state)
{
	static const struct {
		const char *pool, *error;
	} cases[] = {
		{"[192.0.2.9, 10.1.2.3]", "holds an inside address"},
		{"[192.0.2.9, 192.0.2.1]", "holds the NAT's own address"},
		{"[192.0.2.9, 192.0.2.9]", "the same address twice"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512], error[NF_CONFIG_ERROR_SIZE] = "";
		struct nat_config c;
		int n = snprintf(text, sizeof(text),
				 "instance: a\nservice: s\n"
				 "inside: {name: i, port: 0, address: 10.0.0.1/8, mac: "
				 "'02:00:00:00:00:01'}\n"
				 "outside: {name: o, port: 1, address: 192.0.2.1/24, mac: "
				 "'02:00:00:00:00:02'}\n"
				 "pool: {addresses: %s}\n",
				 cases[i].pool);

		assert_int_equal(nat_config_parse("x", text, (size_t)n, &c, error), -22);
		assert_non_null(strstr(error, cases[i].error));
	}
}

/* A pool of n addresses and a table of 10 million. */
static int
parse_large(uint32_t n, struct nat_config *c, char error[NF_CONFIG_ERROR_SIZE])
{
	char text[512];
	int size = snprintf(text, sizeof(text),
			    "instance: a\nservice: s\n"
			    "inside: {name: i, port: 0, address: 100.64.0.1/10, mac: "
			    "'02:00:00:00:00:01'}\n"
			    "outside: {name: o, port: 1, address: 192.0.2.1/24, mac: "
			    "'02:00:00:00:00:02'}\n"
			    "pool: {first: 198.18.0.0, last: 198.18.%u.%u}\n"
			    "capacity: 10000000\nsubscribers: 1000000\n"
			    "ports: {resting: 4000000}\nworkers: 8\n",
			    (n - 1) / 256, (n - 1) % 256);

	return nat_config_parse("x", text, (size_t)size, c, error);
}

/* Killed by: a limit below what 10 million mappings need. */
static void
ten_million_mappings_can_be_configured(void **state)
{
	char error[NF_CONFIG_ERROR_SIZE] = "";
	struct nat_config c;

	(void)state;
	assert_int_equal(parse_large(156, &c, error), 0);
	assert_int_equal(c.capacity, 10000000);
	assert_int_equal(c.subscribers, 1000000);
	assert_int_equal(c.max_resting, 4000000);
	assert_int_equal(parse_large(1024, &c, error), 0);
	assert_int_equal(c.n_pool, 1024);
	assert_int_equal(c.pool[1023], RTE_BE32(0xc61203ff));
	assert_int_equal(parse_large(1025, &c, error), -EINVAL);
	assert_non_null(strstr(error, "more than 1024 addresses"));
}

static void
exempt_destinations_are_checked(void **state)
{
	char error[NF_CONFIG_ERROR_SIZE] = "";
	struct nat_config c;

	(void)state;
	assert_int_equal(parse_with(22,
				    "no_translate:\n"
				    "  - {prefix: 192.0.2.0/24}\n"
				    "  - {prefix: 192.0.3.1/32, protocol: udp, ports: 53}\n"
				    "  - {prefix: 192.0.3.1/32, ports: 5060-5070}",
				    &c, error),
			 0);
	assert_int_equal(c.n_exempt, 3);
	assert_int_equal(c.exempt[0].prefix.mask, 0xffffff00);
	assert_false(c.exempt[0].by_port);
	assert_int_equal(c.exempt[1].protocol, 17);
	assert_int_equal(c.exempt[1].port_last, 53);
	assert_true(c.exempt[2].by_port);
	assert_int_equal(c.exempt[2].port_first, 5060);
	assert_int_equal(c.exempt[2].port_last, 5070);
	refused(22, "no_translate: [{prefix: 192.0.2.1/24}]", "bits below");
	refused(22, "no_translate: [{prefix: 192.0.2.0}]", "not ADDRESS/BITS");
	refused(22, "no_translate: [{prefix: 192.0.2.0/24, protocol: gre}]", "not udp, tcp");
	refused(22, "no_translate: [{prefix: 192.0.2.0/24, ports: 0}]", "not PORT");
	refused(22, "no_translate: [{prefix: 192.0.2.0/24, ports: 9-8}]", "not PORT");
	refused(22, "no_translate: [{prefix: 192.0.2.0/24, ports: 1-65536}]", "not PORT");
	refused(22, "no_translate: [{prefix: 192.0.2.0/24, ports: 5-}]", "not PORT");
	refused(22, "no_translate: [{prefix: 192.0.2.0/24, ports: 5, protocol: icmp}]",
		"ICMP has no ports");
}

static void
statics_are_checked(void **state)
{
	char error[NF_CONFIG_ERROR_SIZE] = "";
	struct nat_config c;

	(void)state;
#define STATIC(inside, port, outside, outside_port, protocol)        \
	"  - {inside: " inside ", port: " port ", outside: " outside \
	", outside_port: " outside_port ", protocol: " protocol "}"
	assert_int_equal(
		parse_with(22,
			   "static:\n" STATIC("100.64.3.7", "80", "198.51.100.1", "8199",
					      "tcp") "\n" STATIC("100.65.3.7", "80", "198.51.100.1",
								 "8199", "udp"),
			   &c, error),
		0);
	assert_int_equal(c.n_statics, 2);
	assert_int_equal(c.statics[0].inside_address, RTE_BE32(0x64400307));
	assert_int_equal(c.statics[0].inside_port, RTE_BE16(80));
	assert_int_equal(c.statics[0].outside_address, RTE_BE32(0xc6336401));
	assert_int_equal(c.statics[0].outside_port, RTE_BE16(8199));
	assert_int_equal(c.statics[0].protocol, 6);
#define FIRST "static:\n" STATIC("100.64.3.7", "80", "198.51.100.1", "8199", "tcp") "\n"
	static const struct {
		const char *text;
		const char *reason;
	} bad[] = {
		{"static:\n" STATIC("100.64.3.7", "80", "198.51.100.1", "8200", "tcp"),
		 "8455 fits"},
		{"static:\n" STATIC("100.64.3.7", "80", "198.51.100.1", "80", "tcp"), "1031 fits"},
		{"static:\n" STATIC("100.64.3.7", "80", "198.51.100.1", "65535", "tcp"),
		 "1031 fits"},
		{"static:\n" STATIC("100.64.3.7", "0", "198.51.100.1", "8199", "tcp"), "port 0"},
		{"static:\n" STATIC("100.64.3.7", "80", "198.51.101.1", "8199", "tcp"),
		 "not of the pool"},
		{"static:\n" STATIC("100.66.3.7", "80", "198.51.100.1", "8199", "tcp"),
		 "not a subscriber's"},
		{"static:\n" STATIC("100.64.3.7", "80", "198.51.100.1", "8199", "icmp"),
		 "ICMP has no ports"},
		{FIRST STATIC("100.64.3.7", "80", "198.51.100.1", "8455", "tcp"),
		 "inside endpoint"},
		{FIRST STATIC("100.65.3.7", "80", "198.51.100.1", "8199", "tcp"),
		 "external endpoint"},
		{FIRST STATIC("100.64.3.7", "81", "198.51.100.2", "8199", "tcp"), "arbitrary"},
		{"ports: {block: 8}\n" FIRST STATIC("100.65.3.7", "80", "198.51.100.1", "8200",
						    "udp"),
		 "fits"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(
			parse_with(bad[i].text[0] == 'p' ? 19 : 22, bad[i].text, &c, error), -22);
		if (strstr(error, bad[i].reason) == NULL)
			fail_msg("'%s', not '%s'", error, bad[i].reason);
	}
	assert_int_equal(parse_with(19,
				    "ports: {block: 8}\nstatic:\n" STATIC(
					    "100.64.3.7", "80", "198.51.100.1", "4152",
					    "tcp") "\n" STATIC("100.65.3.7", "80", "198.51.100.1",
							       "4153", "udp"),
				    &c, error),
			 -22);
	assert_non_null(strstr(error, "in one block"));
}

static void
limits_are_taken(void **state)
{
	char error[NF_CONFIG_ERROR_SIZE] = "";
	struct nat_config c;

	(void)state;
	assert_int_equal(
		parse_with(22,
			   "limits: {sessions_per_subscriber: 9, udp_sessions: 1, "
			   "tcp_sessions: 2, icmp_sessions: 3, new_sessions_per_second: 5}",
			   &c, error),
		0);
	assert_int_equal(c.max_sessions_per_subscriber, 9);
	assert_int_equal(c.max_udp_sessions, 1);
	assert_int_equal(c.max_tcp_sessions, 2);
	assert_int_equal(c.max_icmp_sessions, 3);
	assert_int_equal(c.new_sessions_per_s, 5);
	assert_int_equal(c.new_sessions_burst, 5);
	assert_int_equal(
		parse_with(22, "limits: {new_sessions_per_second: 5, burst: 7}", &c, error), 0);
	assert_int_equal(c.new_sessions_burst, 7);
}

static void
log_is_checked(void **state)
{
	char error[NF_CONFIG_ERROR_SIZE] = "", name[300] = "log: {sessions: true, file: ";
	struct nat_config c;

	(void)state;
	assert_int_equal(parse_with(22, "", &c, error), 0);
	assert_string_equal(c.log.file, "");
	assert_int_equal(parse_with(19, "ports: {block: 8}\nlog: {file: /tmp/x}", &c, error), 0);
	assert_string_equal(c.log.file, "/tmp/x");
	assert_true(c.log.blocks);
	assert_false(c.log.sessions);
	assert_int_equal(parse_with(22, "log: {file: x, sessions: true}", &c, error), 0);
	assert_true(c.log.sessions);
	refused(22, "log: {file: /tmp/x}", "logs nothing");
	refused(19, "log: {file: /tmp/x, blocks: false}\nports: {block: 8}", "logs nothing");
	refused(22, "log: {sessions: true}", "file");
	refused(22, "log: {file: '', sessions: true}", "");
	refused(22, "log: /tmp/x", "");
	refused(1, "instance: nat a\nlog: {file: /tmp/x, sessions: true}", "printable");
	refused(1, "instance: \"a\\nb\"\nlog: {file: /tmp/x, sessions: true}", "printable");
	memset(name + strlen(name), 'x', 256);
	strcat(name, "}");
	refused(22, name, "");
}

static void
missing_keys_are_refused(void **state)
{
	char error[NF_CONFIG_ERROR_SIZE] = "";
	struct nat_config c;

	(void)state;
	assert_int_equal(parse_with(1, "", &c, error), -22);
	assert_non_null(strstr(error, "instance"));
	assert_int_equal(nat_config_parse("x", "", 0, &c, error), -22);
	assert_int_equal(nat_config_load("/nonexistent/nat.yaml", &c, error), -2);
	assert_non_null(strstr(error, "/nonexistent/nat.yaml"));
}

static void
identity_is_what_instances_share(void **state)
{
	static const struct {
		unsigned int line;
		const char *text;
		bool same;
	} cases[] = {
		{1, "instance: nat-b", true},
		{5, "  port: 7", true},
		{21, "capacity: 131072", true},
		{22, "workers: 1", true},
		{7, "  mac: 02:00:00:00:01:09", false},
		{6, "  mtu: 1500\n  address: 100.64.0.1/16", true},
		{6, "  vlan: 7\n  address: 100.64.0.1/16", false},
		{6, "  mtu: 9000\n  address: 100.64.0.1/16", false},
		{14, "  address: 203.0.113.9/24", false},
		{18, "  last: 198.51.100.14", false},
		{19, "ports: {first: 2048, last: 65535}", false},
		{10, "      via: 100.64.0.3", false},
		{12, "  name: wan", false},
		{19, "ports: {block: 8}", false},
		{19, "ports: {first: 1024}", true},
		{16, "pool:\n  pooling: arbitrary", true},
		{22, "no_translate: [{prefix: 192.0.2.0/24}]", false},
		{22, "filtering: address-dependent", false},
		{22, "pcp: {enabled: true}", false},
		{22, "pcp: {enabled: false, max_lifetime: 300}", true},
		{22, "filtering: endpoint-independent", true},
		{22, "peers: 4096", true},
		{22, "limits: {udp_sessions: 5}", true},
		{22,
		 "static: [{inside: 100.64.3.7, port: 80, outside: 198.51.100.1, outside_port: "
		 "8199, "
		 "protocol: tcp}]",
		 false},
		{22, "log: {file: /tmp/x, sessions: true}", true},
	};
	char one[SLIM_IDENTITY_SIZE], other[SLIM_IDENTITY_SIZE], error[NF_CONFIG_ERROR_SIZE];
	struct nat_config c;

	(void)state;
	assert_int_equal(parse_with(0, "", &c, error), 0);
	nat_config_identity(&c, one);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse_with(cases[i].line, cases[i].text, &c, error), 0);
		nat_config_identity(&c, other);
		if ((strcmp(one, other) == 0) != cases[i].same)
			fail_msg("'%s' gives '%s'", cases[i].text, other);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_file_is_taken),
		cmocka_unit_test(bad_values_are_refused_with_their_line),
		cmocka_unit_test(wrong_shape_is_refused_with_its_line),
		cmocka_unit_test(pools_are_checked),
		cmocka_unit_test(pool_may_be_a_list),
		cmocka_unit_test(pools_hold_nobody_elses_address),
		cmocka_unit_test(ten_million_mappings_can_be_configured),
		cmocka_unit_test(exempt_destinations_are_checked),
		cmocka_unit_test(statics_are_checked),
		cmocka_unit_test(limits_are_taken),
		cmocka_unit_test(log_is_checked),
		cmocka_unit_test(missing_keys_are_refused),
		cmocka_unit_test(identity_is_what_instances_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
