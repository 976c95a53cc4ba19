/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses that are no host's, on every way that a packet can take, of both families: as a cell, as who is
 * answered, as destination and as source of what is forwarded. Nothing leaves, and nobody is asked for by ARP.
 */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define CORE_OWN IP(203, 0, 113, 1)

static struct harness h;
static uint64_t n_asked; /* when the test began: the routers */

static const uint8_t subscriber_6[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 7, [15] = 9};
static const uint8_t server_6[16] = {0x20, 1, 0xd, 0xb8, 0xff, [15] = 1};
static const uint8_t own_6[16] = {0x20, 1, 0xd, 0xb8, 0xff, 0xff, [15] = 1};

/* No cell is there: no host, or not on the access side. */
static const uint32_t no_cells[] = {
	0,
	IP(0, 0, 0, 1),
	IP(127, 0, 0, 1),
	IP(224, 0, 0, 1),
	IP(255, 255, 255, 255),
	GATEWAY,
	CORE_OWN,
	IP(192, 0, 2, 0),
	IP(192, 0, 2, 255),
	SERVER,
	IP(8, 8, 8, 8),
	SUBSCRIBER,
};

static int
open_it(void **state)
{
	struct gateway_config config;

	(void)state;
	harness_defaults(&config);
	config.path_switch_by_data = true;
	harness_open(&h, &config, true);
	assert_int_equal(harness_ask(&h,
				     "session add 0x10007 ipv4 100.64.3.7 ipv6 2001:db8:0:7::/64 "
				     "cell 192.0.2.11 cell-teid 0xa001"),
			 NF_OK);
	harness_tell_router(&h);
	n_asked = harness_counter(&h, NF_arp_sent);
	return 0;
}

static int
close_it(void **state)
{
	(void)state;
	harness_check(&h);
	harness_close(&h);
	return 0;
}

static void
asked_nobody(void)
{
	harness_nothing_left(&h);
	assert_int_equal(harness_counter(&h, NF_arp_sent), n_asked);
}

/* ---- cells ------------------------------------------------------------------------------------------ */

/* Killed by: following any source, a check that only the command has, or a packet from there let through. */
static void
data_and_command_refuse_the_same_cells(void **state)
{
	struct frame inner = plain(SUBSCRIBER, SERVER, 32, 1);
	char line[100];

	(void)state;
	for (size_t i = 0; i < RTE_DIM(no_cells); i++) {
		uint32_t cell = no_cells[i];
		struct frame up = tunnelled(&inner, cell, TEID);

		harness_dropped(&h, GATEWAY_ACCESS, &up, GATEWAY_drop_bad_address);
		snprintf(line, sizeof(line), "path-switch 0x10007 cell %u.%u.%u.%u cell-teid 5",
			 cell >> 24, cell >> 16 & 255, cell >> 8 & 255, cell & 255);
		assert_int_equal(harness_ask(&h, line), NF_REFUSED);
		assert_int_equal(harness_session(&h, TEID)->cell_address, RTE_BE32(CELL_1));
	}
	assert_int_equal(harness_session(&h, TEID)->packets_up, 0);
	assert_int_equal(harness_counter(&h, GATEWAY_path_switched), 0);
	asked_nobody();
}

/* Killed by: refusing a cell behind a router. */
static void
data_and_command_take_the_same_cells(void **state)
{
	struct frame inner = plain(SUBSCRIBER, SERVER, 32, 1);
	struct frame up = tunnelled(&inner, IP(198, 51, 100, 9), TEID);

	(void)state;
	harness_send(&h, GATEWAY_ACCESS, &up, 0);
	assert_int_equal(harness_session(&h, TEID)->cell_address, RTE_BE32(IP(198, 51, 100, 9)));
	assert_int_equal(harness_ask(&h, "path-switch 0x10007 cell 192.0.2.12 cell-teid 5"), NF_OK);
}

/* Killed by: the check only where the subscriber is in a cell. */
static void
an_idle_subscriber_is_in_none_of_them(void **state)
{
	struct frame inner = plain(SUBSCRIBER, SERVER, 32, 1), out;

	(void)state;
	assert_int_equal(harness_ask(&h, "path-switch 0x10007 idle"), NF_OK);
	assert_true(harness_take(&h, GATEWAY_ACCESS, &out)); /* the end marker */
	for (size_t i = 0; i < RTE_DIM(no_cells); i++) {
		struct frame up = tunnelled(&inner, no_cells[i], TEID);

		harness_dropped(&h, GATEWAY_ACCESS, &up, GATEWAY_drop_bad_address);
	}
}

/* ---- answers ------------------------------------------------------------------------------------------ */

/* Killed by: an answer that is not asked where it goes. */
static void
nobody_is_answered(void **state)
{
	static const uint8_t echo[] = {0x32, 1, 0, 4, 0, 0, 0, 0, 0x12, 0x34, 0, 0};
	static const uint8_t extension[] = {0x34, 255, 0, 8, 0, 1, 0, 7, 0, 0, 0, 0xc0, 1, 2, 3, 0};
	struct frame inner = plain(SUBSCRIBER, SERVER, 32, 1);

	(void)state;
	for (size_t i = 0; i < RTE_DIM(no_cells); i++) {
		struct frame in = message(no_cells[i], 2152, echo, sizeof(echo));

		/* To 8.8.8.8 and the like there is a route, but not on this side. */
		harness_send(&h, GATEWAY_ACCESS, &in, 0);
		in = message(no_cells[i], 2152, extension, sizeof(extension));
		harness_send(&h, GATEWAY_ACCESS, &in, 0);
		in = tunnelled(&inner, no_cells[i], 0x90007);
		harness_send(&h, GATEWAY_ACCESS, &in, 0);
		asked_nobody();
	}
	assert_int_equal(harness_counter(&h, GATEWAY_drop_bad_address) +
				 harness_counter(&h, GATEWAY_drop_no_route),
			 3 * RTE_DIM(no_cells));
	assert_int_equal(h.workers[0].told.n, 0);
}

static struct frame
ping(uint32_t from, uint32_t to, uint8_t time_to_live)
{
	struct frame f = plain(from, to, 32, 1);
	uint8_t *ip = f.bytes + 14;

	ip[8] = time_to_live;
	ip[9] = 1;
	put16(ip + 10, 0);
	put16(ip + 10, (uint16_t)~ipv4_sum(ip));
	memset(ip + 20, 0, 40);
	ip[20] = 8;
	put16(ip + 22, 0xf7f8);
	put16(ip + 24, 7);
	return f;
}

static void
nobody_is_echoed(void **state)
{
	static const uint32_t senders[] = {
		0,        IP(127, 0, 0, 1), IP(224, 0, 0, 1),   IP(255, 255, 255, 255),
		CORE_OWN, GATEWAY,          IP(203, 0, 113, 0), IP(203, 0, 113, 255),
		CELL_1};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(senders); i++) {
		struct frame in = ping(senders[i], CORE_OWN, 64);

		harness_dropped(&h, GATEWAY_CORE, &in, GATEWAY_drop_bad_address);
	}
	asked_nobody();
}

/* ---- what is forwarded ------------------------------------------------------------------------------------ */

struct way {
	uint32_t to;
	unsigned int counter;
};

static void
uplink_goes_to_hosts_only(void **state)
{
	static const struct way ways[] = {
		{0, GATEWAY_drop_bad_address},
		{IP(127, 0, 0, 1), GATEWAY_drop_bad_address},
		{IP(224, 0, 0, 1), GATEWAY_drop_bad_address},
		{IP(255, 255, 255, 255), GATEWAY_drop_bad_address},
		{IP(203, 0, 113, 0), GATEWAY_drop_bad_address},
		{IP(203, 0, 113, 255), GATEWAY_drop_bad_address},
		{IP(169, 254, 1, 1), GATEWAY_drop_bad_address},
		{GATEWAY, GATEWAY_drop_bad_address},
		{CELL_1, GATEWAY_drop_no_route},
		{CORE_OWN, GATEWAY_drop_own_address},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(ways); i++) {
		struct frame inner = plain(SUBSCRIBER, ways[i].to, 32, 1);
		struct frame up = tunnelled(&inner, CELL_1, TEID);

		harness_dropped(&h, GATEWAY_ACCESS, &up, ways[i].counter);
	}
	assert_int_equal(harness_session(&h, TEID)->packets_up, 0);
	asked_nobody();
}

static struct frame
ipv6(const uint8_t from[16], const uint8_t to[16])
{
	struct frame f = {.size = 14};

	memcpy(f.bytes, (const uint8_t[]){2, 0, 0, 0, 2, 1}, 6);
	put16(f.bytes + 12, 0x86dd);
	f.size += put_ipv6(f.bytes + 14, from, to, 16);
	memset(f.bytes + f.size, 0, 16);
	f.size += 16;
	return f;
}

static const uint8_t no_hosts_6[][16] = {
	{0},
	{[15] = 1},
	{[12] = 192, 0, 2, 9},
	{[10] = 0xff, 0xff, 8, 8, 8, 8},
	{0xfe, 0x80, [15] = 1},
	{0xff, 2, [15] = 1},
	{0xff, 0xe, [15] = 1},
};

static void
ipv6_goes_to_hosts_only(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(no_hosts_6); i++) {
		struct frame inner = ipv6(subscriber_6, no_hosts_6[i]);
		struct frame up = tunnelled(&inner, CELL_1, TEID);

		harness_dropped(&h, GATEWAY_ACCESS, &up, GATEWAY_drop_bad_address);
	}
	assert_int_equal(harness_session(&h, TEID)->packets_up, 0);
}

static void
downlink_comes_from_hosts_only(void **state)
{
	static const uint32_t senders[] = {0, IP(127, 0, 0, 1), IP(224, 0, 0, 1), CORE_OWN};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(senders); i++) {
		struct frame in = plain(senders[i], SUBSCRIBER, 32, 1);

		harness_dropped(&h, GATEWAY_CORE, &in, GATEWAY_drop_bad_address);
	}
	for (size_t i = 0; i < RTE_DIM(no_hosts_6); i++) {
		struct frame in = ipv6(no_hosts_6[i], subscriber_6);

		harness_dropped(&h, GATEWAY_CORE, &in, GATEWAY_drop_bad_address);
	}
	assert_int_equal(harness_session(&h, TEID)->packets_down, 0);
}

/* ---- the gateway's own ---------------------------------------------------------------------------------- */

/* Killed by: asking ARP for the own address. */
static void
subscribers_may_ping_the_gateway(void **state)
{
	struct frame inner = ping(SUBSCRIBER, CORE_OWN, 1), up = tunnelled(&inner, CELL_1, TEID),
		     out;
	const uint8_t *ip;

	(void)state;
	harness_send(&h, GATEWAY_ACCESS, &up, 0);
	out = harness_taken(&h, GATEWAY_ACCESS);
	ip = g_pdu(&out, CELL_1, CELL_TEID);
	assert_int_equal(get32(ip + 12), CORE_OWN);
	assert_int_equal(get32(ip + 16), SUBSCRIBER);
	assert_int_equal(ip[8], 64);
	assert_int_equal(ipv4_sum(ip), 0xffff);
	assert_int_equal(ip[20], 0);
	assert_int_equal(get16(ip + 22), 0xfff8);
	harness_nothing_left(&h);
	assert_int_equal(harness_counter(&h, GATEWAY_icmp_echo_answered), 1);
	assert_int_equal(harness_session(&h, TEID)->packets_up, 1);
	assert_int_equal(harness_session(&h, TEID)->packets_down, 1);
}

/* Killed by: an answer that waited taken for a packet from a stranger. */
static void
an_answer_waits_for_the_subscriber(void **state)
{
	struct frame inner = ping(SUBSCRIBER, CORE_OWN, 1), up = tunnelled(&inner, CELL_2, TEID),
		     out;

	(void)state;
	assert_int_equal(harness_ask(&h, "path-switch 0x10007 idle"), NF_OK);
	harness_taken(&h, GATEWAY_ACCESS);
	harness_send(&h, GATEWAY_ACCESS, &up, 0);
	harness_nothing_left(&h);
	assert_int_equal(harness_ask(&h, "path-switch 0x10007 cell 192.0.2.12 cell-teid 5"), NF_OK);
	out = harness_taken(&h, GATEWAY_ACCESS);
	assert_int_equal(get32(g_pdu(&out, CELL_2, 5) + 12), CORE_OWN);
}

/* Killed by: sending it to the router, who sends it back. */
static void
subscribers_may_ping_the_gateway_by_ipv6(void **state)
{
	struct frame inner = ipv6(subscriber_6, own_6), up, out;
	const uint8_t *ip;

	(void)state;
	up = tunnelled(&inner, CELL_1, TEID);
	harness_dropped(&h, GATEWAY_ACCESS, &up, GATEWAY_drop_own_address);
	inner.bytes[14 + 6] = 58;
	inner.bytes[14 + 40] = 128;
	put16(inner.bytes + 14 + 42, 0x1234);
	up = tunnelled(&inner, CELL_1, TEID);
	harness_send(&h, GATEWAY_ACCESS, &up, 0);
	out = harness_taken(&h, GATEWAY_ACCESS);
	ip = g_pdu(&out, CELL_1, CELL_TEID);
	assert_memory_equal(ip + 8, own_6, 16);
	assert_memory_equal(ip + 24, subscriber_6, 16);
	assert_int_equal(ip[7], 64);
	assert_int_equal(ip[40], 129);
	assert_int_equal(get16(ip + 42), 0x1234 - 0x100);
	harness_nothing_left(&h);
	/* Any other destination goes to the router. */
	inner = ipv6(subscriber_6, server_6);
	up = tunnelled(&inner, CELL_1, TEID);
	harness_send(&h, GATEWAY_ACCESS, &up, 0);
	harness_taken(&h, GATEWAY_CORE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(data_and_command_refuse_the_same_cells),
		TEST(data_and_command_take_the_same_cells),
		TEST(an_idle_subscriber_is_in_none_of_them),
		TEST(nobody_is_answered),
		TEST(nobody_is_echoed),
		TEST(uplink_goes_to_hosts_only),
		TEST(ipv6_goes_to_hosts_only),
		TEST(downlink_comes_from_hosts_only),
		TEST(subscribers_may_ping_the_gateway),
		TEST(an_answer_waits_for_the_subscriber),
		TEST(subscribers_may_ping_the_gateway_by_ipv6),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
