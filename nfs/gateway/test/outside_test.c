/* SPDX-License-Identifier: Apache-2.0 */
/* The outside of tunnel packets: DSCP, ECN (RFC 6040) and the UDP source port. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define EF 0xb8 /* DSCP 46, as it stands in the octet */

enum codepoint { NOT_ECT = 0, ECT_1 = 1, ECT_0 = 2, CE = 3, DROPPED = 4 };

static struct harness h;

static const uint8_t subscriber_6[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 7, [15] = 9};
static const uint8_t server_6[16] = {0x20, 1, 0xd, 0xb8, 0xff, [15] = 1};

static void
open_with(const struct gateway_tunnel_config *tunnel)
{
	struct gateway_config config;

	harness_defaults(&config);
	config.tunnel = *tunnel;
	harness_open(&h, &config, true);
	assert_int_equal(harness_ask(&h,
				     "session add 0x10007 ipv4 100.64.3.7 ipv6 2001:db8:0:7::/64 "
				     "cell 192.0.2.11 cell-teid 0xa001"),
			 NF_OK);
	harness_tell_router(&h);
}

static int
open_usual(void **state)
{
	(void)state;
	open_with(&(struct gateway_tunnel_config){.ecn = true});
	return 0;
}

static int
open_fixed(void **state)
{
	(void)state;
	open_with(&(struct gateway_tunnel_config){.dscp = 34});
	return 0;
}

static int
open_copy(void **state)
{
	(void)state;
	open_with(&(struct gateway_tunnel_config){.copy_dscp = true, .ecn = true});
	return 0;
}

static int
open_flows(void **state)
{
	(void)state;
	open_with(&(struct gateway_tunnel_config){.ecn = true, .flow_ports = true});
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
correct(uint8_t *ip)
{
	put16(ip + 10, 0);
	put16(ip + 10, (uint16_t)~ipv4_sum(ip));
}

/* An IP packet of either family with this traffic class. */
static struct frame
packet(bool ipv6, bool up, uint8_t traffic_class)
{
	struct frame f = plain(up ? SUBSCRIBER : SERVER, up ? SERVER : SUBSCRIBER, 40, 1);
	uint8_t *ip = f.bytes + 14;

	if (!ipv6) {
		ip[1] = traffic_class;
		correct(ip);
		return f;
	}
	put16(f.bytes + 12, 0x86dd);
	put_ipv6(ip, up ? subscriber_6 : server_6, up ? server_6 : subscriber_6, 28);
	ip[0] = (uint8_t)(0x60 | traffic_class >> 4);
	ip[1] = (uint8_t)(traffic_class << 4);
	return f;
}

static uint8_t
class_of(const uint8_t *ip)
{
	return ip[0] >> 4 == 4 ? ip[1] : (uint8_t)(ip[0] << 4 | ip[1] >> 4);
}

/* ---- out of the tunnel -------------------------------------------------------------------------------- */

/* RFC 6040 figure 4: by inner, then by outer codepoint in the order of the enum. */
static const uint8_t figure_4[4][4] = {
	[NOT_ECT] = {NOT_ECT, NOT_ECT, NOT_ECT, DROPPED},
	[ECT_1] = {ECT_1, ECT_1, ECT_1, CE},
	[ECT_0] = {ECT_0, ECT_1, ECT_0, CE},
	[CE] = {CE, CE, CE, CE},
};

static void
comes_out_as(bool ipv6, uint8_t inner, uint8_t outer_ecn, uint8_t wanted)
{
	struct frame in = packet(ipv6, true, (uint8_t)(EF | inner)), up, out;
	uint64_t before = harness_counter(&h, GATEWAY_drop_ecn);

	up = tunnelled(&in, CELL_1, TEID);
	up.bytes[15] = (uint8_t)(0x28 | outer_ecn);
	correct(up.bytes + 14);
	if (wanted == DROPPED) {
		harness_dropped(&h, GATEWAY_ACCESS, &up, GATEWAY_drop_ecn);
		return;
	}
	harness_send(&h, GATEWAY_ACCESS, &up, 0);
	out = harness_taken(&h, GATEWAY_CORE);
	/* Its DSCP is its own. */
	assert_int_equal(class_of(out.bytes + 14), EF | wanted);
	if (!ipv6)
		assert_int_equal(ipv4_sum(out.bytes + 14), 0xffff);
	assert_int_equal(harness_counter(&h, GATEWAY_drop_ecn), before);
}

/* Killed by: any cell of the table; the outer codepoint ignored; a checksum that is not brought up to date. */
static void
congestion_comes_out_of_the_tunnel(void **state)
{
	(void)state;
	for (uint8_t inner = 0; inner < 4; inner++)
		for (uint8_t outer_ecn = 0; outer_ecn < 4; outer_ecn++) {
			comes_out_as(false, inner, outer_ecn, figure_4[inner][outer_ecn]);
			comes_out_as(true, inner, outer_ecn, figure_4[inner][outer_ecn]);
		}
	assert_int_equal(harness_counter(&h, GATEWAY_drop_ecn), 2);
	assert_int_equal(harness_session(&h, TEID)->packets_up, 30);
}

/* ---- into the tunnel ------------------------------------------------------------------------------------ */

static uint8_t
goes_in_as(bool ipv6, uint8_t traffic_class)
{
	struct frame in = packet(ipv6, false, traffic_class), out;

	harness_send(&h, GATEWAY_CORE, &in, 0);
	out = harness_taken(&h, GATEWAY_ACCESS);
	/* What is inside stays. */
	assert_int_equal(class_of(g_pdu(&out, CELL_1, CELL_TEID)), traffic_class);
	return out.bytes[15];
}

static uint8_t
message_goes_as(void)
{
	static const uint8_t echo[] = {0x32, 1, 0, 4, 0, 0, 0, 0, 0x12, 0x34, 0, 0};
	struct frame in = message(CELL_1, 2152, echo, sizeof(echo)), out;
	uint16_t size;

	in.bytes[15] = EF | CE;
	correct(in.bytes + 14);
	harness_send(&h, GATEWAY_ACCESS, &in, 0);
	out = harness_taken(&h, GATEWAY_ACCESS);
	outer(&out, CELL_1, &size);
	assert_int_equal(get16(out.bytes + 34), 2152);
	return out.bytes[15];
}

/* Normal mode (section 4.1). */
static void
congestion_goes_into_the_tunnel(void **state)
{
	(void)state;
	for (uint8_t ecn = 0; ecn < 4; ecn++) {
		assert_int_equal(goes_in_as(false, EF | ecn), ecn);
		assert_int_equal(goes_in_as(true, EF | ecn), ecn);
	}
	assert_int_equal(message_goes_as(), 0);
}

/* Compatibility mode, and a DSCP for all. */
static void
a_fixed_class_is_all_that_stands_outside(void **state)
{
	(void)state;
	for (uint8_t ecn = 0; ecn < 4; ecn++) {
		assert_int_equal(goes_in_as(false, EF | ecn), 34 << 2);
		assert_int_equal(goes_in_as(true, EF | ecn), 34 << 2);
	}
	assert_int_equal(message_goes_as(), 34 << 2);
}

static void
the_class_is_copied(void **state)
{
	(void)state;
	for (unsigned int class = 0; class < 256; class ++) {
		assert_int_equal(goes_in_as(false, (uint8_t) class), class);
		assert_int_equal(goes_in_as(true, (uint8_t) class), class);
	}
	assert_int_equal(message_goes_as(), 0);
}

/* ---- source ports ------------------------------------------------------------------------------------------ */

static uint16_t
source_port_of(const struct frame *in)
{
	uint16_t port;
	struct frame out;

	harness_send(&h, GATEWAY_CORE, in, 0);
	out = harness_taken(&h, GATEWAY_ACCESS);
	assert_int_equal(get16(out.bytes + 36), 2152);
	port = get16(out.bytes + 34);
	assert_in_range(port, 49152, 65535);
	/* What was cut goes one way. */
	while (harness_take(&h, GATEWAY_ACCESS, &out))
		assert_int_equal(get16(out.bytes + 34), port);
	return port;
}

/* Killed by: a part of the flow that is left out, or a part of the packet that is none. */
static void
a_flow_keeps_its_port(void **state)
{
	struct frame in = packet(false, false, 0), other;
	uint16_t port = source_port_of(&in);

	(void)state;
	assert_int_equal(source_port_of(&in), port);
	other = in;
	other.bytes[14 + 1] = EF; /* class, identification, length and content are of the packet */
	put16(other.bytes + 14 + 4, 77);
	memset(other.bytes + 14 + 28, 9, 40);
	correct(other.bytes + 14);
	assert_int_equal(source_port_of(&other), port);
	other = plain(SERVER, SUBSCRIBER, 1480, 1);
	assert_int_equal(source_port_of(&other), port);
	for (uint16_t at = 20; at < 24; at++) {
		other = in;
		other.bytes[14 + at] ^= 1;
		assert_int_not_equal(source_port_of(&other), port);
	}
	other = plain(SERVER + 1, SUBSCRIBER, 40, 1);
	assert_int_not_equal(source_port_of(&other), port);
	other = in;
	other.bytes[14 + 9] = 6;
	correct(other.bytes + 14);
	assert_int_not_equal(source_port_of(&other), port);
	assert_int_equal(message_goes_as(), 0);
}

/* Killed by: ports read out of the content of a later fragment. */
static void
fragments_go_one_way(void **state)
{
	struct frame first = packet(false, false, 0), later;
	uint16_t port;

	(void)state;
	first.bytes[14 + 6] = 0x20;
	correct(first.bytes + 14);
	later = first;
	put16(later.bytes + 14 + 6, 5);
	memset(later.bytes + 14 + 20, 0x55, 20);
	correct(later.bytes + 14);
	port = source_port_of(&first);
	assert_int_equal(source_port_of(&later), port);
}

/* Killed by: a label that is ignored, or ports beside it. */
static void
a_flow_label_tells_the_flow(void **state)
{
	struct frame in = packet(true, false, 0), other;
	uint16_t port, without;

	(void)state;
	put16(in.bytes + 14 + 40, 1000);
	without = source_port_of(&in);
	other = in;
	put16(other.bytes + 14 + 40, 1001);
	assert_int_not_equal(source_port_of(&other), without);
	in.bytes[14 + 3] = 7;
	other.bytes[14 + 3] = 7;
	port = source_port_of(&in);
	assert_int_not_equal(port, without);
	assert_int_equal(source_port_of(&other), port);
	other.bytes[14 + 1] = 0x30; /* the class is no part of it */
	assert_int_equal(source_port_of(&other), port);
	other.bytes[14 + 3] = 8;
	assert_int_not_equal(source_port_of(&other), port);
}

/* Flows that differ in one number use all of the range. Killed by: a hash that keeps what is common. */
static void
flows_are_spread(void **state)
{
	uint32_t in_part[16] = {0};

	(void)state;
	for (uint16_t port = 0; port < 1600; port++) {
		struct frame in = packet(false, false, 0);

		put16(in.bytes + 14 + 20, port);
		in_part[(source_port_of(&in) - 49152u) / 1024]++;
	}
	for (int i = 0; i < 16; i++)
		assert_in_range(in_part[i], 50, 150);
}

#define TEST_WITH(f, open) cmocka_unit_test_setup_teardown(f, open, close_it)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_WITH(congestion_comes_out_of_the_tunnel, open_usual),
		TEST_WITH(congestion_goes_into_the_tunnel, open_usual),
		TEST_WITH(a_fixed_class_is_all_that_stands_outside, open_fixed),
		TEST_WITH(the_class_is_copied, open_copy),
		TEST_WITH(a_flow_keeps_its_port, open_flows),
		TEST_WITH(fragments_go_one_way, open_flows),
		TEST_WITH(a_flow_label_tells_the_flow, open_flows),
		TEST_WITH(flows_are_spread, open_flows),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
