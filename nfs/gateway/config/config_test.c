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
	/*  1 */ "instance: gateway-a",
	/*  2 */ "service: gateway",
	/*  3 */ "access:",
	/*  4 */ "  name: access",
	/*  5 */ "  port: 0",
	/*  6 */ "  address: 192.0.2.1/24",
	/*  7 */ "  mac: 02:00:00:00:01:01",
	/*  8 */ "  routes:",
	/*  9 */ "    - prefix: 198.51.100.0/24",
	/* 10 */ "      via: 192.0.2.2",
	/* 11 */ "core:",
	/* 12 */ "  name: core",
	/* 13 */ "  port: 1",
	/* 14 */ "  address: 203.0.113.1/24",
	/* 15 */ "  mac: 02:00:00:00:02:01",
	/* 16 */ "core_ipv6:",
	/* 17 */ "  address: '2001:db8:ffff::1/64'",
	/* 18 */ "  router: '2001:db8:ffff::2'",
	/* 19 */ "subscribers: [100.64.0.0/10, '2001:db8::/48']",
	/* 20 */ "workers: 2",
	/* 21 */ "# more",
};

#define MORE 21 /* the line for keys that the good file leaves out */

/* The good file with one line (from 1) replaced; 0: none. */
static int
parse_with(unsigned int line, const char *text, struct gateway_config *config, char *error)
{
	char file[4096];
	size_t at = 0;

	for (unsigned int i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		at += (size_t)snprintf(file + at, sizeof(file) - at, "%s\n",
				       i + 1 == line ? text : good[i]);
	return gateway_config_parse("gw.yaml", file, at, config, error);
}

static void
refused(unsigned int line, const char *text, const char *reason)
{
	char error[NF_CONFIG_ERROR_SIZE] = "", place[32];
	struct gateway_config config = {.capacity = 1};

	assert_int_equal(parse_with(line, text, &config, error), -22);
	assert_int_equal(config.capacity, 1); /* untouched */
	snprintf(place, sizeof(place), "gw.yaml:%u: ", line);
	if (strncmp(error, place, strlen(place)) != 0 || strstr(error, reason) == NULL)
		fail_msg("'%s' gives '%s', not '%s...%s'", text, error, place, reason);
}

static struct gateway_config
taken(unsigned int line, const char *text)
{
	char error[NF_CONFIG_ERROR_SIZE] = "";
	struct gateway_config config = {0};

	if (parse_with(line, text, &config, error) != 0)
		fail_msg("'%s' gives '%s'", text, error);
	return config;
}

static void
good_file_is_taken(void **state)
{
	struct gateway_config c = taken(0, "");

	(void)state;
	assert_string_equal(c.instance, "gateway-a");
	assert_string_equal(c.service, "gateway");
	assert_string_equal(c.agent_socket, "");
	assert_string_equal(c.control_socket, "");
	assert_int_equal(c.sides[GATEWAY_ACCESS].address, RTE_BE32(0xc0000201));
	assert_int_equal(c.sides[GATEWAY_CORE].mac.addr_bytes[4], 2);
	assert_int_equal(c.routes.n, 1);
	assert_int_equal(c.n_subscribers, 1);
	assert_int_equal(c.subscribers[0].mask, 0xffc00000);
	assert_int_equal(c.n_subscribers_ipv6, 1);
	assert_int_equal(c.subscribers_ipv6[0].bits, 48);
	assert_int_equal(c.core_ipv6.bits, 64);
	assert_int_equal(c.core_ipv6.router[15], 2);
	assert_int_equal(c.n_workers, 2);
	/* Defaults, as docs/nfs/gateway.md has them. */
	assert_int_equal(c.sides[GATEWAY_ACCESS].mtu, 1500);
	assert_int_equal(c.sides[GATEWAY_ACCESS].vlan, 0);
	assert_false(c.path_switch_by_data);
	assert_int_equal(c.recovery, 0);
	assert_int_equal(c.session_idle_ns, 0);
	assert_int_equal(c.cell_idle_ns, 0);
	assert_false(c.idle_at_error);
	assert_false(c.tunnel.copy_dscp);
	assert_int_equal(c.tunnel.dscp, 0);
	assert_true(c.tunnel.ecn);
	assert_false(c.tunnel.flow_ports);
	assert_int_equal(c.arp_ns, UINT64_C(300000000000));
	assert_int_equal(c.fragments.packets, 1024);
	assert_int_equal(c.fragments.lifetime_ns, UINT64_C(2000000000));
	assert_int_equal(c.buffer.packets, 4096);
	assert_int_equal(c.buffer.packets_per_session, 16);
	assert_int_equal(c.buffer.lifetime_ns, UINT64_C(10000000000));
	assert_int_equal(c.capacity, 65536);
	assert_int_equal(c.neighbours, 4096);
	assert_int_equal(c.hold_capacity, 16384);
	assert_int_equal(c.spin, 64);
	assert_int_equal(c.sleep_ns, 20000);
}

static void
numbers_have_bounds(void **state)
{
	(void)state;
	refused(20, "workers: 0", "not in 1..16");
	refused(20, "workers: 17", "not in 1..16");
	refused(6, "  mtu: 575\n  address: 192.0.2.1/24", "not in 576..9216");
	refused(6, "  mtu: 9217\n  address: 192.0.2.1/24", "not in 576..9216");
	refused(6, "  vlan: 0\n  address: 192.0.2.1/24", "not in 1..4094");
	refused(6, "  vlan: 4095\n  address: 192.0.2.1/24", "not in 1..4094");
	refused(MORE, "recovery: 256", "not in 0..255");
	refused(MORE, "timeouts: {session: 2592001}", "not in 0..2592000");
	refused(MORE, "timeouts: {cell_idle: 2592001}", "not in 0..2592000");
	refused(MORE, "fragments: 8193", "not in 0..8192");
	refused(MORE, "timeouts: {fragment: 0}", "not in 1..2592000");
	refused(MORE, "tunnel: {dscp: 64}", "neither copy nor in 0..63");
	refused(MORE, "tunnel: {dscp: -1}", "neither copy nor in 0..63");
	refused(MORE, "tunnel: {dscp: EF}", "neither copy nor in 0..63");
	refused(MORE, "error_indication: ignore", "neither report nor idle");
	refused(MORE, "timeouts: {arp: 0}", "not in 1..2592000");
	refused(MORE, "timeouts: {arp: 2592001}", "not in 1..2592000");
	refused(MORE, "buffer: {packets: 8193}", "not in 0..8192");
	refused(MORE, "buffer: {packets_per_session: 65536}", "not in 0..65535");
	refused(MORE, "buffer: {seconds: 0}", "not in 1..2592000");
	refused(MORE, "capacity: 1023", "not in 1024..67108864");
	refused(MORE, "capacity: 67108865", "not in 1024..67108864");
	refused(MORE, "neighbours: 63", "not in 64..1048576");
	refused(MORE, "neighbours: 1048577", "not in 64..1048576");
	refused(MORE, "hold_capacity: 63", "not in 64..1048576");
	refused(MORE, "hold_capacity: 1048577", "not in 64..1048576");
	refused(MORE, "idle: {sleep_us: 10001}", "not in 0..10000");
}

/* Killed by: a bound that leaves out its own value. */
static void
bounds_themselves_are_good(void **state)
{
	(void)state;
	assert_int_equal(taken(20, "workers: 1").n_workers, 1);
	assert_int_equal(taken(20, "workers: 16").n_workers, 16);
	assert_int_equal(taken(6, "  mtu: 9216\n  address: 192.0.2.1/24").sides[GATEWAY_ACCESS].mtu,
			 9216);
	assert_int_equal(
		taken(6, "  vlan: 4094\n  address: 192.0.2.1/24").sides[GATEWAY_ACCESS].vlan, 4094);
	assert_int_equal(taken(MORE, "recovery: 255").recovery, 255);
	assert_int_equal(taken(MORE, "timeouts: {session: 2592000}").session_idle_ns,
			 UINT64_C(2592000000000000));
	assert_int_equal(taken(MORE, "timeouts: {cell_idle: 2592000}").cell_idle_ns,
			 UINT64_C(2592000000000000));
	assert_int_equal(taken(MORE, "tunnel: {dscp: 63}").tunnel.dscp, 63);
	assert_true(taken(MORE, "tunnel: {dscp: copy}").tunnel.copy_dscp);
	assert_false(taken(MORE, "tunnel: {ecn: false}").tunnel.ecn);
	assert_true(taken(MORE, "tunnel: {flow_ports: true}").tunnel.flow_ports);
	assert_true(taken(MORE, "error_indication: idle").idle_at_error);
	assert_false(taken(MORE, "error_indication: report").idle_at_error);
	assert_int_equal(taken(MORE, "timeouts: {arp: 1}").arp_ns, 1000000000);
	assert_int_equal(taken(MORE, "buffer: {packets: 8192}").buffer.packets, 8192);
	assert_int_equal(taken(MORE, "buffer: {packets: 0}").buffer.packets, 0);
	assert_int_equal(taken(MORE, "buffer: {seconds: 1}").buffer.lifetime_ns, 1000000000);
	assert_int_equal(taken(MORE, "capacity: 1024").capacity, 1024);
	assert_int_equal(taken(MORE, "neighbours: 64").neighbours, 64);
	/* The buffer follows the hold that it goes into. */
	assert_int_equal(taken(MORE, "hold_capacity: 64").buffer.packets, 32);
	assert_int_equal(taken(MORE, "hold_capacity: 64").fragments.packets, 32);
	assert_int_equal(taken(MORE, "fragments: 0").fragments.packets, 0);
	assert_int_equal(taken(MORE, "fragments: 8192").fragments.packets, 8192);
	assert_int_equal(taken(MORE, "idle: {spin: 0, sleep_us: 0}").sleep_ns, 0);
	assert_true(taken(MORE, "path_switch_by_data: true").path_switch_by_data);
	assert_string_equal(taken(MORE, "control_socket: /run/x").control_socket, "/run/x");
	assert_string_equal(taken(MORE, "agent_socket: /run/y").agent_socket, "/run/y");
}

static void
names_and_sides_are_checked(void **state)
{
	(void)state;
	refused(1, "instance: a-name-that-is-much-longer-than-31-characters", "longer than 31");
	refused(2, "service: a-name-that-is-much-longer-than-31-characters", "longer than 31");
	refused(6, "  address: 192.0.2.1", "not ADDRESS/BITS");
	refused(6, "  address: 192.0.2.1/33", "prefix length");
	refused(7, "  mac: 03:00:00:00:01:01", "unicast MAC");
	refused(9, "    - prefix: 198.51.100.1/24", "bits below");
	refused(10, "      via: 192.0.3.1", "not a neighbour");
	refused(12, "  name: access", "access port's name");
	refused(13, "  port: 0", "is the access port");
}

static void
ipv6_core_is_checked(void **state)
{
	(void)state;
	refused(17, "  address: '2001:db8:ffff::1'", "not ADDRESS/BITS");
	refused(17, "  address: '2001:db8:ffff::1/0'", "prefix length");
	refused(17, "  address: '2001:db8:ffff::1/129'", "prefix length");
	refused(17, "  address: '2001:db8:fffg::1/64'", "not an IPv6 address");
	refused(17, "  address: 'ff02::1/64'", "is a group");
	refused(18, "  router: '2001:db8:fffe::2'", "not a neighbour");
	refused(18, "  router: '2001:db8:ffff::1'", "not a neighbour");
	refused(18, "  router: 192.0.2.1", "not an IPv6 address");
}

static void
subscribers_are_checked(void **state)
{
	(void)state;
	refused(19, "subscribers: [100.64.0.1/10]", "bits below");
	refused(19, "subscribers: [100.64.0.0]", "not ADDRESS/BITS");
	refused(19, "subscribers: [192.0.2.0/25]", "the gateway's own address");
	refused(19, "subscribers: [203.0.0.0/16]", "the gateway's own address");
	refused(19, "subscribers: ['2001:db8::1/48']", "bits below");
	refused(19, "subscribers: ['2001:db8::/65']", "64 bits");
	refused(19, "subscribers: ['2001:db8::/32']", "the gateway's own address");
}

/* Killed by: an MTU that leaves less than 1280 octets for IPv6, on either side or by one octet. */
static void
ipv6_subscribers_need_room(void **state)
{
	(void)state;
	refused(6, "  mtu: 1323\n  address: 192.0.2.1/24", "IPv6 subscribers need 1280");
	refused(14, "  mtu: 1279\n  address: 203.0.113.1/24", "IPv6 subscribers need 1280");
	assert_int_equal(taken(6, "  mtu: 1324\n  address: 192.0.2.1/24").sides[GATEWAY_ACCESS].mtu,
			 1324);
	assert_int_equal(
		taken(14, "  mtu: 1280\n  address: 203.0.113.1/24").sides[GATEWAY_CORE].mtu, 1280);
}

static void
wrong_shape_is_refused_with_its_line(void **state)
{
	(void)state;
	refused(1, "instnce: gateway-a", "");
	refused(MORE, "timeouts: {sesion: 1}", "");
	refused(MORE, "path_switch_by_data: 7", "");
	refused(MORE, "path_switch_by_data: maybe", "");
	refused(MORE, "buffer: {bytes: 1}", "");
	refused(MORE, "capacity: many", "");
	refused(13, "  port: 70000", "");
}

static void
missing_keys_are_refused(void **state)
{
	static const struct {
		unsigned int line;
		const char *key;
	} required[] = {{1, "instance"}, {2, "service"}, {6, "address"},
			{7, "mac"},      {18, "router"}, {19, "subscribers"}};
	char error[NF_CONFIG_ERROR_SIZE] = "";
	struct gateway_config c;

	(void)state;
	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
		assert_int_equal(parse_with(required[i].line, "", &c, error), -22);
		assert_non_null(strstr(error, required[i].key));
	}
	assert_int_equal(gateway_config_parse("x", "", 0, &c, error), -22);
	assert_int_equal(gateway_config_load("/nonexistent/gw.yaml", &c, error), -2);
	assert_non_null(strstr(error, "/nonexistent/gw.yaml"));
}

static void
identity_is_what_instances_share(void **state)
{
	static const struct {
		unsigned int line;
		const char *text;
		bool same;
	} cases[] = {
		{1, "instance: gateway-b", true},
		{5, "  port: 7", true},
		{20, "workers: 1", true},
		{MORE, "capacity: 131072", true},
		{MORE, "timeouts: {session: 9}", true},
		{MORE, "buffer: {packets: 9}", true},
		{MORE, "fragments: 9", true},
		{MORE, "timeouts: {fragment: 9}", true},
		{MORE, "recovery: 1", false},
		{MORE, "path_switch_by_data: true", false},
		{MORE, "error_indication: idle", false},
		{MORE, "tunnel: {dscp: 1}", false},
		{MORE, "tunnel: {dscp: copy}", false},
		{MORE, "tunnel: {ecn: false}", false},
		{MORE, "tunnel: {flow_ports: true}", false},
		{MORE, "timeouts: {cell_idle: 9}", true},
		{7, "  mac: 02:00:00:00:01:09", false},
		{10, "      via: 192.0.2.3", false},
		{17, "  address: '2001:db8:ffff::3/64'", false},
		{18, "  router: '2001:db8:ffff::3'", false},
		{19, "subscribers: [100.64.0.0/11, '2001:db8::/48']", false},
		{19, "subscribers: [100.64.0.0/10, '2001:db8::/49']", false},
	};
	char one[SLIM_IDENTITY_SIZE], other[SLIM_IDENTITY_SIZE];
	struct gateway_config c = taken(0, "");

	(void)state;
	gateway_config_identity(&c, one);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		c = taken(cases[i].line, cases[i].text);
		gateway_config_identity(&c, other);
		if ((strcmp(one, other) == 0) != cases[i].same)
			fail_msg("'%s' gives '%s'", cases[i].text, other);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_file_is_taken),
		cmocka_unit_test(numbers_have_bounds),
		cmocka_unit_test(bounds_themselves_are_good),
		cmocka_unit_test(names_and_sides_are_checked),
		cmocka_unit_test(ipv6_core_is_checked),
		cmocka_unit_test(subscribers_are_checked),
		cmocka_unit_test(ipv6_subscribers_need_room),
		cmocka_unit_test(wrong_shape_is_refused_with_its_line),
		cmocka_unit_test(missing_keys_are_refused),
		cmocka_unit_test(identity_is_what_instances_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
