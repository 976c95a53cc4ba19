/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file: what is taken, and what is refused with which line and key. Each case changes one line of a good
 * file. Killed by: leaving out the check that it names. */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static const char *const good[] = {
	/*  1 */ "instance: pppoe-a",
	/*  2 */ "service: pppoe",
	/*  3 */ "access:",
	/*  4 */ "  name: access",
	/*  5 */ "  port: 0",
	/*  6 */ "  mac: 02:00:00:00:01:01",
	/*  7 */ "  vlans: {outer: [10-20, 30], inner: [100-199]}",
	/*  8 */ "core:",
	/*  9 */ "  name: core",
	/* 10 */ "  port: 1",
	/* 11 */ "  address: 203.0.113.1/24",
	/* 12 */ "  mac: 02:00:00:00:02:01",
	/* 13 */ "  routes: [{prefix: 0.0.0.0/0, via: 203.0.113.2}]",
	/* 14 */ "concentrator:",
	/* 15 */ "  name: ac-1",
	/* 16 */ "  services: [internet, voice]",
	/* 17 */ "  gateway: 100.64.0.1",
	/* 18 */ "  pools: [100.64.0.0/16, 100.66.0.0/16]",
	/* 19 */ "  dns: [192.0.2.53, 192.0.2.54]",
	/* 20 */ "  ipv6:",
	/* 21 */ "    pool: '2001:db8::/48'",
	/* 22 */ "    address: '2001:db8:ffff::1/64'",
	/* 23 */ "    router: '2001:db8:ffff::2'",
	/* 24 */ "    dns: ['2001:db8:fffe::53']",
	/* 25 */ "authentication:",
	/* 26 */ "  secrets_file: /etc/slim/pppoe-secrets",
	/* 27 */ "  #",
	/* 28 */ "workers: 2",
	/* 29 */ "# more",
};

#define ACCESS_MORE 7 /* lines for keys that the good file leaves out */
#define CONCENTRATOR_MORE 19
#define LOGIN_MORE 27
#define MORE 29

#define SERVER "{host: 192.0.2.10, secret: hush}"
#define RADIUS "  radius: {servers: [" SERVER "]}"

#define FILE_SIZE 8192u

/* The good file with one line (from 1) replaced, 0: none; and `more` at its end. */
static size_t
write_with(unsigned int line, const char *text, const char *more, char file[FILE_SIZE])
{
	size_t at = 0;

	for (unsigned int i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		at += (size_t)snprintf(file + at, FILE_SIZE - at, "%s\n",
				       i + 1 == line ? text : good[i]);
	return at + (size_t)snprintf(file + at, FILE_SIZE - at, "%s\n", more);
}

static int
parse_with(unsigned int line, const char *text, const char *more, struct pppoe_config *config,
	   char *error)
{
	char file[FILE_SIZE];
	size_t size = write_with(line, text, more, file);

	return pppoe_config_parse("ac.yaml", file, size, config, error);
}

static void
refused(unsigned int line, const char *text, const char *reason)
{
	char error[NF_CONFIG_ERROR_SIZE] = "", place[32];
	struct pppoe_config config = {.capacity = 1};

	assert_int_equal(parse_with(line, text, "", &config, error), -EINVAL);
	assert_int_equal(config.capacity, 1); /* untouched */
	snprintf(place, sizeof(place), "ac.yaml:%u: ", line);
	if (strncmp(error, place, strlen(place)) != 0 || strstr(error, reason) == NULL)
		fail_msg("'%s' gives '%s', not '%s...%s'", text, error, place, reason);
}

static struct pppoe_config
taken_more(unsigned int line, const char *text, const char *more)
{
	char error[NF_CONFIG_ERROR_SIZE] = "";
	struct pppoe_config config = {0};

	if (parse_with(line, text, more, &config, error) != 0)
		fail_msg("'%s' gives '%s'", text, error);
	return config;
}

static struct pppoe_config
taken(unsigned int line, const char *text)
{
	return taken_more(line, text, "");
}

/* ---- what is taken ---------------------------------------------------------------------------------------- */

static void
good_file_is_taken(void **state)
{
	struct pppoe_config c = taken(0, "");

	(void)state;
	assert_string_equal(c.instance, "pppoe-a");
	assert_string_equal(c.sides[PPPOE_ACCESS].name, "access");
	assert_int_equal(c.sides[PPPOE_ACCESS].mac.addr_bytes[4], 1);
	assert_int_equal(c.sides[PPPOE_CORE].address, RTE_BE32(0xcb007101));
	assert_int_equal(c.routes.n, 1);
	assert_int_equal(c.routes.routes[0].side, PPPOE_CORE);
	assert_int_equal(c.access_tags.n_outer, 2);
	assert_int_equal(c.access_tags.outer[0].first, 10);
	assert_int_equal(c.access_tags.outer[0].last, 20);
	assert_int_equal(c.access_tags.outer[1].first, 30);
	assert_int_equal(c.access_tags.outer[1].last, 30);
	assert_int_equal(c.access_tags.n_inner, 1);
	assert_string_equal(c.ac_name, "ac-1");
	assert_int_equal(c.n_services, 2);
	assert_string_equal(c.services[1], "voice");
	assert_int_equal(c.gateway, RTE_BE32(0x64400001));
	assert_int_equal(c.n_pools, 2);
	assert_int_equal(c.pools[1].address, 0x64420000);
	assert_int_equal(c.dns[1], RTE_BE32(0xc0000236));
	assert_int_equal(c.ipv6_pool.bits, 48);
	assert_int_equal(c.core_ipv6_bits, 64);
	assert_int_equal(c.core_router[15], 2);
	assert_int_equal(c.dns_ipv6[0][15], 0x53);
	assert_int_equal(c.dns_ipv6[1][0], 0);
	assert_string_equal(c.secrets_file, "/etc/slim/pppoe-secrets");
	assert_int_equal(c.n_workers, 2);
}

/* The only IPv4 address of the access side is the gateway. Killed by: a wider prefix, or none. */
static void
gateway_is_the_access_sides_address(void **state)
{
	struct pppoe_config c = taken(0, "");

	(void)state;
	assert_int_equal(c.sides[PPPOE_ACCESS].address, c.gateway);
	assert_int_equal(c.sides[PPPOE_ACCESS].prefix.address, 0x64400001);
	assert_int_equal(c.sides[PPPOE_ACCESS].prefix.mask, UINT32_MAX);
}

/* As docs/nfs/pppoe.md has them. */
static void
what_is_missing_has_a_default(void **state)
{
	struct pppoe_config c = taken(ACCESS_MORE, "");

	(void)state;
	assert_true(c.access_tags.untagged);
	assert_int_equal(c.access_tags.outer_type, 0x88a8);
	assert_int_equal(c.capacity, 16384);
	assert_int_equal(c.sides[PPPOE_ACCESS].mtu, 1500);
	assert_int_equal(c.lcp.mtu, 1492);
	assert_true(c.lcp.pap);
	assert_true(c.lcp.chap);
	assert_int_equal(c.lcp.connect_delay_ns, 100000000);
	assert_int_equal(c.lcp.restart_ns, UINT64_C(3000000000));
	assert_int_equal(c.lcp.max_configure, 10);
	assert_int_equal(c.lcp.max_terminate, 2);
	assert_int_equal(c.lcp.max_failure, 5);
	assert_int_equal(c.lcp.echo_ns, UINT64_C(30000000000));
	assert_int_equal(c.lcp.echo_max, 3);
	assert_int_equal(c.limits.sessions_per_mac, 2);
	assert_int_equal(c.limits.sessions_per_vlan, 0);
	assert_int_equal(c.limits.padi_per_s, 10);
	assert_int_equal(c.limits.padi_per_s_all, 1000);
	assert_int_equal(c.limits.logins_per_minute, 10);
	assert_int_equal(c.limits.wrong_password_ns, UINT64_C(2000000000));
	assert_int_equal(c.limits.session_ns, 0);
	assert_int_equal(c.limits.idle_ns, 0);
	assert_int_equal(c.limits.cookie_s, 30);
	assert_int_equal(c.arp_ns, UINT64_C(300000000000));
	assert_true(c.clamp_mss);
	assert_int_equal(c.radius.n_auth, 0);
	assert_int_equal(c.radius.n_accounting, 0);
	assert_int_equal(c.radius.timeout_s, 3);
	assert_int_equal(c.radius.tries, 3);
	assert_int_equal(c.radius.threads, 4);
	assert_int_equal(c.radius.interim_ns, 0);
	assert_string_equal(c.radius.nas_identifier, "pppoe");
	assert_int_equal(c.radius.listen, 0);
	assert_int_equal(taken(16, "").n_services, 0);
	assert_int_equal(taken(19, "").dns[0], 0);
	assert_false(taken(0, "").access_tags.untagged);
}

/* Killed by: a bound that leaves out its own value. */
static void
bounds_themselves_are_good(void **state)
{
	(void)state;
	assert_int_equal(taken(MORE, "capacity: 65534").capacity, 65534);
	assert_int_equal(taken(MORE, "lcp: {mtu: 1492}").lcp.mtu, 1492);
	assert_int_equal(taken(MORE, "lcp: {connect_delay: 10000}").lcp.connect_delay_ns,
			 UINT64_C(10000000000));
	assert_int_equal(taken(MORE, "lcp: {connect_delay: 0}").lcp.connect_delay_ns, 0);
	assert_int_equal(taken(MORE, "lcp: {restart: 60}").lcp.restart_ns, UINT64_C(60000000000));
	assert_int_equal(taken(MORE, "lcp: {max_configure: 255}").lcp.max_configure, 255);
	assert_int_equal(taken(MORE, "lcp: {max_terminate: 1}").lcp.max_terminate, 1);
	assert_int_equal(taken(MORE, "lcp: {max_failure: 1}").lcp.max_failure, 1);
	assert_int_equal(taken(MORE, "lcp: {echo_interval: 0}").lcp.echo_ns, 0);
	assert_int_equal(taken(MORE, "lcp: {echo_missed: 1}").lcp.echo_max, 1);
	assert_int_equal(taken(MORE, "limits: {sessions_per_mac: 65534}").limits.sessions_per_mac,
			 65534);
	assert_int_equal(taken(MORE, "limits: {sessions_per_vlan: 65534}").limits.sessions_per_vlan,
			 65534);
	assert_int_equal(taken(MORE, "limits: {padi_per_second: 0}").limits.padi_per_s, 0);
	assert_int_equal(
		taken(MORE, "limits: {padi_per_second_worker: 1000000}").limits.padi_per_s_all,
		1000000);
	assert_int_equal(taken(MORE, "limits: {logins_per_minute: 0}").limits.logins_per_minute, 0);
	assert_int_equal(taken(MORE, "limits: {wrong_password: 0}").limits.wrong_password_ns, 0);
	assert_int_equal(taken(MORE, "limits: {session: 2592000}").limits.session_ns,
			 UINT64_C(2592000000000000));
	assert_int_equal(taken(MORE, "limits: {idle: 2592000}").limits.idle_ns,
			 UINT64_C(2592000000000000));
	assert_int_equal(taken(MORE, "limits: {cookie: 3600}").limits.cookie_s, 3600);
	assert_int_equal(taken(MORE, "timeouts: {arp: 1}").arp_ns, UINT64_C(1000000000));
	assert_false(taken(CONCENTRATOR_MORE, "  clamp_mss: false").clamp_mss);
	assert_int_equal(taken(ACCESS_MORE, "  vlans: {outer: [1-4094], outer_type: 802.1q}")
				 .access_tags.outer_type,
			 0x8100);
	assert_true(
		taken(ACCESS_MORE, "  vlans: {outer: [7], untagged: true}").access_tags.untagged);
}

/* RFC 4638. Killed by: a payload that is bounded by 1492, or by the whole MTU. */
static void
payload_follows_the_access_mtu(void **state)
{
	const char *baby = "  port: 0\n  mtu: 1508", *small = "  port: 0\n  mtu: 576";
	char error[NF_CONFIG_ERROR_SIZE] = "";
	struct pppoe_config c;

	(void)state;
	assert_int_equal(taken(5, baby).lcp.mtu, 1492);
	assert_int_equal(taken_more(5, baby, "lcp: {mtu: 1500}").lcp.mtu, 1500);
	assert_int_equal(parse_with(5, baby, "lcp: {mtu: 1501}", &c, error), -EINVAL);
	assert_non_null(strstr(error, "lcp.mtu: 1501 is not in 576..1500"));
	assert_int_equal(parse_with(5, small, "", &c, error), -EINVAL);
	assert_non_null(strstr(error, "568: IPv6 needs 1280"));
}

static void
radius_is_taken(void **state)
{
	struct pppoe_config c =
		taken(26, "  radius: {servers: [{host: r1, port: 1645, secret: hush}, " SERVER "],"
			  " accounting: [" SERVER "], timeout: 60, tries: 10, threads: 64,"
			  " interim: 60, nas_identifier: ac, disconnect: {listen: 192.0.2.1,"
			  " clients: [" SERVER "]}}");

	(void)state;
	assert_int_equal(c.radius.n_auth, 2);
	assert_string_equal(c.radius.auth[0].host, "r1");
	assert_int_equal(c.radius.auth[0].port, 1645);
	assert_int_equal(c.radius.auth[1].port, 1812);
	assert_string_equal(c.radius.auth[1].secret, "hush");
	assert_int_equal(c.radius.n_accounting, 1);
	assert_int_equal(c.radius.accounting[0].port, 1813);
	assert_int_equal(c.radius.timeout_s, 60);
	assert_int_equal(c.radius.tries, 10);
	assert_int_equal(c.radius.threads, 64);
	assert_int_equal(c.radius.interim_ns, UINT64_C(60000000000));
	assert_string_equal(c.radius.nas_identifier, "ac");
	assert_int_equal(c.radius.listen, RTE_BE32(0xc0000201));
	assert_int_equal(c.radius.listen_port, 3799);
	assert_int_equal(c.radius.n_clients, 1);
	assert_string_equal(c.radius.clients[0].host, "192.0.2.10");
}

/* ---- what is refused -------------------------------------------------------------------------------------- */

static void
numbers_have_bounds(void **state)
{
	static const char *const wrong[] = {
		"capacity: 65535",
		"lcp: {mtu: 575}",
		"lcp: {mtu: 1493}",
		"lcp: {connect_delay: 10001}",
		"lcp: {restart: 0}",
		"lcp: {restart: 61}",
		"lcp: {max_configure: 0}",
		"lcp: {max_configure: 256}",
		"lcp: {max_terminate: 0}",
		"lcp: {max_failure: 256}",
		"lcp: {echo_interval: 3601}",
		"lcp: {echo_missed: 0}",
		"limits: {sessions_per_mac: 0}",
		"limits: {sessions_per_mac: 65535}",
		"limits: {sessions_per_vlan: 65535}",
		"limits: {padi_per_second: 1000001}",
		"limits: {padi_per_second_worker: 1000001}",
		"limits: {logins_per_minute: 1000001}",
		"limits: {wrong_password: 3601}",
		"limits: {session: 2592001}",
		"limits: {idle: 2592001}",
		"limits: {cookie: 0}",
		"limits: {cookie: 3601}",
		"timeouts: {arp: 0}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char path[64], key[32] = "", *brace = strchr(wrong[i], '{');
		int n = (int)strcspn(wrong[i], ":");

		if (brace != NULL)
			sscanf(brace + 1, "%31[a-z_]", key);
		snprintf(path, sizeof(path), "%.*s%s%s: ", n, wrong[i], brace != NULL ? "." : "",
			 key);
		refused(MORE, wrong[i], path);
	}
}

static void
vlans_are_checked(void **state)
{
	(void)state;
	refused(7, "  vlans: {outer: [0]}", "access.vlans.outer.0: '0' is no VLAN id");
	refused(7, "  vlans: {outer: [4095]}", "'4095' is no VLAN id");
	refused(7, "  vlans: {outer: [10-4095]}", "'10-4095' is no VLAN id");
	refused(7, "  vlans: {outer: [20-10]}", "'20-10' is no VLAN id");
	refused(7, "  vlans: {outer: [10-]}", "'10-' is no VLAN id");
	refused(7, "  vlans: {outer: [-10]}", "'-10' is no VLAN id");
	refused(7, "  vlans: {outer: [ten]}", "'ten' is no VLAN id");
	refused(7, "  vlans: {outer: [10-20-30]}", "'10-20-30' is no VLAN id");
	refused(7, "  vlans: {outer: [10-20, 20]}", "access.vlans.outer.1: '20' has an id twice");
	refused(7, "  vlans: {outer: [10-20, 5-10]}", "'5-10' has an id twice");
	refused(7, "  vlans: {outer: [1], inner: [5, 5]}",
		"access.vlans.inner.1: '5' has an id twice");
	refused(7, "  vlans: {inner: [5]}", "access.vlans.inner: there is no outer tag");
	refused(7, "  vlans: {untagged: false}", "access.vlans.untagged: no frame is served");
	refused(7, "  vlans: {outer: [1], outer_type: qinq}",
		"'qinq' is neither 802.1ad nor 802.1q");
}

/* There is no IPv4 network on the access side. */
static void
access_side_has_no_network(void **state)
{
	static const char *const keys[] = {"  address: 192.0.2.1/24", "  routes: []", "  vlan: 7"};
	char error[NF_CONFIG_ERROR_SIZE] = "";
	struct pppoe_config c;

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		assert_int_equal(parse_with(ACCESS_MORE, keys[i], "", &c, error), -EINVAL);
		assert_non_null(strstr(error, "Unexpected key"));
	}
}

static void
pools_are_checked(void **state)
{
	(void)state;
	refused(18, "  pools: [100.64.0.1/16]",
		"concentrator.pools.0: '100.64.0.1/16' has bits below");
	refused(18, "  pools: [100.64.0.0/16, 100.64.128.0/17]",
		"pools.1: '100.64.128.0/17' is in another");
	refused(18, "  pools: [100.64.128.0/17, 100.64.0.0/16]",
		"pools.1: '100.64.0.0/16' is in another");
	refused(18, "  pools: [203.0.113.128/25]", "has addresses of the core side");
	refused(18, "  pools: [203.0.0.0/16]", "has addresses of the core side");
	refused(18, "  pools: [100.64.0.0/11]", "more than 1048576 addresses");
	refused(18, "  pools: [224.0.0.0/24]", "has addresses of no host");
	refused(18, "  pools: [127.0.0.0/24]", "has addresses of no host");
	refused(18, "  pools: [0.0.0.0/0]", "has addresses of no host");
	refused(18, "  pools: [0.0.1.0/24]", "has addresses of no host");
	assert_int_equal(taken(18, "  pools: [100.64.0.0/12]").n_pools, 1);
	assert_int_equal(taken(18, "  pools: [100.64.0.0/17, 100.64.128.0/17]").n_pools, 2);
}

static void
addresses_are_checked(void **state)
{
	(void)state;
	refused(17, "  gateway: 100.64.0",
		"concentrator.gateway: '100.64.0' is not an IPv4 address");
	refused(17, "  gateway: 0.0.0.0", "concentrator.gateway: '0.0.0.0' is no host's");
	refused(17, "  gateway: 127.0.0.1", "'127.0.0.1' is no host's");
	refused(17, "  gateway: 224.0.0.1", "'224.0.0.1' is no host's");
	refused(17, "  gateway: 203.0.113.9", "'203.0.113.9' is on the core side");
	refused(19, "  dns: [192.0.2.300]", "concentrator.dns.0: '192.0.2.300' is not an IPv4");
	refused(19, "  dns: [192.0.2.1, 0.0.0.0]", "concentrator.dns.1: '0.0.0.0' is no host's");
	refused(19, "  dns: [192.0.2.1, 192.0.2.2, 192.0.2.3]", "");
}

static void
ipv6_is_checked(void **state)
{
	(void)state;
	refused(21, "    pool: '2001:db8::'",
		"concentrator.ipv6.pool: '2001:db8::' is not ADDRESS/BITS");
	refused(21, "    pool: '2001:db8::/39'", "from 40 to 64");
	refused(21, "    pool: '2001:db8::/65'", "from 40 to 64");
	refused(21, "    pool: '2001:db8::/129'", "from 1 to 128");
	refused(21, "    pool: '2001:db8:0:1::/48'", "has bits below its length");
	refused(21, "    pool: 'ff02::/48'", "is no host's");
	refused(21, "    pool: '::/48'", "is no host's");
	refused(22, "    address: '2001:db8:ffff::1'", "is not ADDRESS/BITS");
	refused(22, "    address: '2001:db8:0:5::1/64'", "is in the pool");
	refused(23, "    router: '2001:db8:fffe::2'", "is not a neighbour there");
	refused(23, "    router: '2001:db8:ffff::1'", "is not a neighbour there");
	refused(23, "    router: 192.0.2.1", "is not an IPv6 address");
	refused(24, "    dns: ['::']", "concentrator.ipv6.dns.0: '::' is no host's");
	assert_int_equal(taken(21, "    pool: '2001:db8::/40'").ipv6_pool.bits, 40);
	assert_int_equal(taken(21, "    pool: '2001:db8:0:8::/64'").ipv6_pool.bits, 64);
}

/* Killed by: an MTU below 1280 on either side. */
static void
ipv6_needs_room(void **state)
{
	(void)state;
	refused(MORE, "lcp: {mtu: 1279}", "lcp.mtu: 1279: IPv6 needs 1280");
	assert_int_equal(taken(MORE, "lcp: {mtu: 1280}").lcp.mtu, 1280);
	refused(12, "  mtu: 1279\n  mac: 02:00:00:00:02:01", "core.mtu: 1279: IPv6 needs 1280");
	assert_int_equal(taken(12, "  mtu: 1280\n  mac: 02:00:00:00:02:01").sides[PPPOE_CORE].mtu,
			 1280);
}

static void
names_are_checked(void **state)
{
	char text[128];

	(void)state;
	snprintf(text, sizeof(text), "  name: %064d", 0);
	refused(15, text, "concentrator.name: longer than 63");
	snprintf(text, sizeof(text), "  services: [a, %064d]", 0);
	refused(16, text, "concentrator.services.1: longer than 63");
	refused(16, "  services: [a, b, a]", "concentrator.services.2: 'a' is there twice");
	refused(9, "  name: access", "core.name: is the access port's name");
}

/* Somebody decides, if anybody is asked; and not two. */
static void
deciders_are_checked(void **state)
{
	(void)state;
	refused(26, "  pap: true", "has neither secrets_file nor radius.servers");
	refused(26, "  secrets_file: /x\n" RADIUS,
		"authentication.secrets_file: is there beside RADIUS");
	refused(26, "  secrets_file: /x\n  pap: false\n  chap: false",
		"asks neither by pap nor by chap");
	assert_false(taken(26, "  {pap: false, chap: false}").lcp.pap);
	assert_false(taken(LOGIN_MORE, "  pap: false").lcp.pap);
	assert_true(taken(LOGIN_MORE, "  pap: false").lcp.chap);
	assert_false(taken(LOGIN_MORE, "  chap: false").lcp.chap);
	assert_int_equal(taken(26, RADIUS).radius.n_auth, 1);
	/* Accounting goes with a secrets file, too. */
	assert_int_equal(
		taken(LOGIN_MORE, "  radius: {accounting: [" SERVER "]}").radius.n_accounting, 1);
}

static void
radius_is_checked(void **state)
{
	char text[160];

	(void)state;
	refused(LOGIN_MORE, "  radius: {timeout: 61}", "authentication.radius.timeout: 61");
	refused(LOGIN_MORE, "  radius: {tries: 0}", "authentication.radius.tries: 0");
	refused(LOGIN_MORE, "  radius: {threads: 65}", "authentication.radius.threads: 65");
	refused(LOGIN_MORE, "  radius: {interim: 59}", "authentication.radius.interim: 59");
	refused(LOGIN_MORE, "  radius: {interim: 86401}", "authentication.radius.interim: 86401");
	refused(LOGIN_MORE, "  radius: {servers: [{host: a, port: 0, secret: b}]}",
		"authentication.radius.servers.0.port: 0");
	snprintf(text, sizeof(text), "  radius: {accounting: [{host: %064d, secret: b}]}", 0);
	refused(LOGIN_MORE, text, "authentication.radius.accounting.0.host: longer than 63");
	snprintf(text, sizeof(text), "  radius: {servers: [{host: a, secret: %064d}]}", 7);
	refused(LOGIN_MORE, text, "authentication.radius.servers.0.secret: longer than 63");
	snprintf(text, sizeof(text), "  radius: {nas_identifier: %064d}", 7);
	refused(LOGIN_MORE, text, "authentication.radius.nas_identifier: longer than 63");
	refused(LOGIN_MORE, "  radius: {servers: [{host: a}]}", "secret");
	refused(LOGIN_MORE, "  radius: {disconnect: {listen: x, clients: [" SERVER "]}}",
		"authentication.radius.disconnect.listen: 'x' is not");
	refused(LOGIN_MORE, "  radius: {disconnect: {listen: 0.0.0.0, clients: [" SERVER "]}}",
		"'0.0.0.0' is no host's");
	refused(LOGIN_MORE, "  radius: {disconnect: {listen: 192.0.2.1, port: 65536}}",
		"authentication.radius.disconnect.port: 65536");
	refused(LOGIN_MORE, "  radius: {disconnect: {listen: 192.0.2.1}}",
		"authentication.radius.disconnect: has no clients");
}

static void
wrong_shape_is_refused_with_its_line(void **state)
{
	(void)state;
	refused(1, "instnce: pppoe-a", "");
	refused(MORE, "limits: {session_per_mac: 1}", "");
	refused(LOGIN_MORE, "  pap: maybe", "");
	refused(MORE, "capacity: many", "");
	refused(5, "  port: 70000", "");
}

static void
missing_keys_are_refused(void **state)
{
	static const struct {
		unsigned int line;
		const char *key;
	} required[] = {{1, "instance"}, {2, "service"}, {4, "name"},     {6, "mac"},
			{11, "address"}, {15, "name"},   {17, "gateway"}, {21, "pool"},
			{22, "address"}, {23, "router"}};
	char error[NF_CONFIG_ERROR_SIZE] = "";
	struct pppoe_config c;

	(void)state;
	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
		assert_int_equal(parse_with(required[i].line, "", "", &c, error), -EINVAL);
		assert_non_null(strstr(error, required[i].key));
	}
	assert_int_equal(pppoe_config_parse("x", "", 0, &c, error), -EINVAL);
	assert_int_equal(pppoe_config_load("/nonexistent/ac.yaml", &c, error), -ENOENT);
	assert_non_null(strstr(error, "/nonexistent/ac.yaml"));
}

static int
parse_concentrator(const char *text, struct pppoe_config *config, char *error)
{
	char file[FILE_SIZE];
	int n = snprintf(
		file, sizeof(file),
		"{instance: a, service: s, access: {name: a, port: 0, mac: '02:00:00:00:01:01'},"
		" core: {name: c, port: 1, address: 203.0.113.1/24, mac: '02:00:00:00:02:01'},"
		" authentication: {pap: false, chap: false}, concentrator: {name: ac%s}}",
		text);

	return pppoe_config_parse("x.yaml", file, (size_t)n, config, error);
}

/* One of the two is enough. Killed by: a gateway that IPv6 alone must have, or no question for either. */
static void
ipv4_and_ipv6_are_optional(void **state)
{
	char error[NF_CONFIG_ERROR_SIZE] = "";
	struct pppoe_config c;

	(void)state;
	assert_int_equal(
		parse_concentrator(", pools: [100.64.0.0/24], gateway: 192.0.2.1", &c, error), 0);
	assert_int_equal(c.ipv6_pool.bits, 0);
	assert_int_equal(
		parse_concentrator(", ipv6: {pool: '2001:db8::/48', address: '2001:db9::1/64',"
				   " router: '2001:db9::2'}",
				   &c, error),
		0);
	assert_int_equal(c.n_pools, 0);
	assert_int_equal(c.sides[PPPOE_ACCESS].address, 0);
	assert_int_equal(c.sides[PPPOE_ACCESS].prefix.mask, UINT32_MAX);
	assert_int_equal(parse_concentrator("", &c, error), -EINVAL);
	assert_string_equal(error, "x.yaml:1: concentrator: has neither pools nor ipv6");
}

/* A file with secrets that everybody may read is refused; without secrets it may be read. Killed by: no look at
 * its mode, or one at files without secrets. */
static void
secrets_are_not_everybodys(void **state)
{
	char path[] = "/tmp/pppoe_config_test_XXXXXX", text[FILE_SIZE],
	     error[NF_CONFIG_ERROR_SIZE] = "";
	const char *radius = "  radius: {accounting: [" SERVER "]}";
	struct pppoe_config c = {.capacity = 1};
	size_t size = write_with(LOGIN_MORE, radius, "", text);
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, size), size);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_int_equal(pppoe_config_load(path, &c, error), -EPERM);
	assert_non_null(strstr(error, "everybody may read it"));
	assert_int_equal(c.capacity, 1);
	assert_int_equal(fchmod(fd, 0640), 0);
	assert_int_equal(pppoe_config_load(path, &c, error), 0);
	size = write_with(0, "", "", text);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, text, size, 0), size);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_int_equal(pppoe_config_load(path, &c, error), 0);
	close(fd);
	unlink(path);
}

/* ---- identity --------------------------------------------------------------------------------------------- */

static void
identity_is_what_instances_share(void **state)
{
	static const struct {
		unsigned int line;
		const char *text;
		bool same;
	} cases[] = {
		{1, "instance: pppoe-b", true},
		{5, "  port: 7", true},
		{28, "workers: 1", true},
		{MORE, "capacity: 1024", true},
		{MORE, "limits: {sessions_per_mac: 9, idle: 60}", true},
		{MORE, "lcp: {echo_interval: 9}", true},
		{26, "  secrets_file: /other", true},
		{LOGIN_MORE, "  radius: {accounting: [" SERVER "]}", true},
		{LOGIN_MORE, "  radius: {nas_identifier: x}", false},
		{LOGIN_MORE, "  pap: false", false},
		{LOGIN_MORE, "  chap: false", false},
		{MORE, "lcp: {mtu: 1400}", false},
		{6, "  mac: 02:00:00:00:01:09", false},
		{7, "  vlans: {outer: [10-21, 30], inner: [100-199]}", false},
		{7, "  vlans: {outer: [10-20, 30], inner: [100-198]}", false},
		{7, "  vlans: {outer: [10-20, 30], inner: [100-199], untagged: true}", false},
		{7, "  vlans: {outer: [10-20, 30], inner: [100-199], outer_type: 802.1q}", false},
		{11, "  address: 203.0.113.3/24", false},
		{13, "  routes: [{prefix: 0.0.0.0/0, via: 203.0.113.3}]", false},
		{15, "  name: ac-2", false},
		{16, "  services: [internet, music]", false},
		{17, "  gateway: 100.64.0.2", false},
		{18, "  pools: [100.64.0.0/16, 100.67.0.0/16]", false},
		{18, "  pools: [100.64.0.0/16, 100.66.0.0/17]", false},
		{19, "  dns: [192.0.2.53, 192.0.2.55]", false},
		{19, "  dns: [192.0.2.52, 192.0.2.54]", false},
		{19, "  dns: [192.0.2.53, 192.0.2.54]\n  clamp_mss: false", false},
		{21, "    pool: '2001:db8::/49'", false},
		{22, "    address: '2001:db8:ffff::3/64'", false},
		{23, "    router: '2001:db8:ffff::3'", false},
		{24, "    dns: ['2001:db8:fffe::54']", false},
	};
	char one[SLIM_IDENTITY_SIZE], other[SLIM_IDENTITY_SIZE];
	struct pppoe_config c = taken(0, "");

	(void)state;
	pppoe_config_identity(&c, one);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		c = taken(cases[i].line, cases[i].text);
		pppoe_config_identity(&c, other);
		if ((strcmp(one, other) == 0) != cases[i].same)
			fail_msg("'%s' gives '%s'", cases[i].text, other);
	}
}

/* Killed by: a secret in the hash. */
static void
identity_has_no_secret(void **state)
{
	char one[SLIM_IDENTITY_SIZE], other[SLIM_IDENTITY_SIZE];
	struct pppoe_config c = taken(26, "  radius: {servers: [{host: a, secret: hush}]}");

	(void)state;
	pppoe_config_identity(&c, one);
	c = taken(26, "  radius: {servers: [{host: a, secret: hash}]}");
	pppoe_config_identity(&c, other);
	assert_string_equal(one, other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_file_is_taken),
		cmocka_unit_test(gateway_is_the_access_sides_address),
		cmocka_unit_test(what_is_missing_has_a_default),
		cmocka_unit_test(bounds_themselves_are_good),
		cmocka_unit_test(payload_follows_the_access_mtu),
		cmocka_unit_test(radius_is_taken),
		cmocka_unit_test(numbers_have_bounds),
		cmocka_unit_test(vlans_are_checked),
		cmocka_unit_test(access_side_has_no_network),
		cmocka_unit_test(pools_are_checked),
		cmocka_unit_test(addresses_are_checked),
		cmocka_unit_test(ipv6_is_checked),
		cmocka_unit_test(ipv6_needs_room),
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(deciders_are_checked),
		cmocka_unit_test(radius_is_checked),
		cmocka_unit_test(wrong_shape_is_refused_with_its_line),
		cmocka_unit_test(missing_keys_are_refused),
		cmocka_unit_test(ipv4_and_ipv6_are_optional),
		cmocka_unit_test(secrets_are_not_everybodys),
		cmocka_unit_test(identity_is_what_instances_share),
		cmocka_unit_test(identity_has_no_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
