/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets that are wrong in one place: each is counted by its name, dropped, and nothing leaves but the
 * answer that the standard asks for. Each case is a good packet with one octet changed, or cut.
 * Killed by: leaving out the check that it names.
 */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct harness h;

enum base {
	G_PDU,     /* from a cell: 14 Ethernet, 20 IPv4, 8 UDP, 8 GTP-U, then the inner packet */
	CONTAINER, /* the same with a PDU session container: 16 octets of GTP-U */
	DOWNLINK,  /* from the core */
};

/* What is put right again behind the change. */
enum fix { AS_IT_IS = 0, OUTER = 1 << 0, INNER = 1 << 1 };

struct sample {
	const char *name;
	enum base base;
	uint16_t at; /* 0: nothing is changed */
	uint8_t value;
	uint16_t size; /* 0: as it is */
	int fix;
	unsigned int counter;
};

static const struct sample samples[] = {
	{"no Ethernet header", G_PDU, 0, 0, 13, AS_IT_IS, GATEWAY_drop_runt},
	{"another MAC", G_PDU, 5, 9, 0, AS_IT_IS, GATEWAY_drop_not_for_us},
	{"a VLAN tag", G_PDU, 12, 0x81, 0, AS_IT_IS, GATEWAY_drop_ethertype},
	{"IPv6 on the access side", G_PDU, 12, 0x86, 0, AS_IT_IS, GATEWAY_drop_ethertype},
	{"ARP that is none", G_PDU, 13, 6, 0, AS_IT_IS, NF_drop_arp},
	{"outer version 5", G_PDU, 14, 0x55, 0, OUTER, GATEWAY_drop_ip_header},
	{"outer header of 16 octets", G_PDU, 14, 0x44, 0, AS_IT_IS, GATEWAY_drop_ip_header},
	{"outer header beyond the packet", G_PDU, 14, 0x4f, 50, AS_IT_IS, GATEWAY_drop_ip_header},
	{"outer length beyond the frame", G_PDU, 16, 4, 0, OUTER, GATEWAY_drop_ip_header},
	{"outer length below its header", G_PDU, 17, 19, 0, OUTER, GATEWAY_drop_ip_header},
	{"outer checksum", G_PDU, 22, 77, 0, AS_IT_IS, GATEWAY_drop_ip_checksum},
	{"outer fragment of no eights", G_PDU, 20, 0x20, 0, OUTER, GATEWAY_drop_fragment},
	{"outer fragment beyond a buffer", G_PDU, 20, 0x1f, 0, OUTER, GATEWAY_drop_fragment},
	{"to another address", G_PDU, 33, 9, 0, OUTER, GATEWAY_drop_not_gtpu},
	{"not UDP", G_PDU, 23, 6, 0, OUTER, GATEWAY_drop_own_address},
	{"another UDP port", G_PDU, 37, 1, 0, AS_IT_IS, GATEWAY_drop_not_gtpu},
	{"UDP length of 7", G_PDU, 39, 7, 0, AS_IT_IS, GATEWAY_drop_udp_header},
	{"UDP length beyond the packet", G_PDU, 38, 1, 0, AS_IT_IS, GATEWAY_drop_udp_header},
	{"UDP length without GTP-U", G_PDU, 39, 8, 0, AS_IT_IS, GATEWAY_drop_gtpu_truncated},
	{"UDP length within GTP-U", G_PDU, 39, 30, 0, AS_IT_IS, GATEWAY_drop_gtpu_truncated},
	{"GTP version 2", G_PDU, 42, 0x50, 0, AS_IT_IS, GATEWAY_drop_gtpu_version},
	{"GTP'", G_PDU, 42, 0x20, 0, AS_IT_IS, GATEWAY_drop_gtpu_version},
	{"unknown message type", G_PDU, 43, 99, 0, AS_IT_IS, GATEWAY_drop_gtpu_type},
	{"tunnel status", G_PDU, 43, 253, 0, AS_IT_IS, GATEWAY_gtpu_other_received},
	{"end marker", G_PDU, 43, 254, 0, AS_IT_IS, GATEWAY_end_marker_received},
	{"GTP-U length beyond UDP", G_PDU, 44, 1, 0, AS_IT_IS, GATEWAY_drop_gtpu_truncated},
	{"GTP-U length cuts the packet", G_PDU, 45, 59, 0, AS_IT_IS, GATEWAY_drop_inner},
	{"GTP-U without payload", G_PDU, 45, 0, 0, AS_IT_IS, GATEWAY_drop_inner},
	{"inner version 5", G_PDU, 50, 0x55, 0, AS_IT_IS, GATEWAY_drop_inner},
	{"inner header of 16 octets", G_PDU, 50, 0x44, 0, AS_IT_IS, GATEWAY_drop_inner},
	{"inner length beyond the tunnel", G_PDU, 53, 61, 0, INNER, GATEWAY_drop_inner},
	{"inner checksum", G_PDU, 60, 77, 0, AS_IT_IS, GATEWAY_drop_inner},
	{"an IPv6 packet of nobody", G_PDU, 50, 0x60, 0, AS_IT_IS, GATEWAY_drop_spoofed},
	{"another's source address", G_PDU, 64, 9, 0, INNER, GATEWAY_drop_spoofed},
	{"to a group", G_PDU, 66, 224, 0, INNER, GATEWAY_drop_bad_address},
	{"time to live over", G_PDU, 58, 1, 0, INNER, GATEWAY_drop_ttl},
	{"container of a downlink", CONTAINER, 55, 0, 0, AS_IT_IS, GATEWAY_drop_gtpu_container},
	{"container of type 3", CONTAINER, 55, 0x30, 0, AS_IT_IS, GATEWAY_drop_gtpu_container},
	{"container of length 0", CONTAINER, 54, 0, 0, AS_IT_IS, GATEWAY_drop_gtpu_chain},
	{"container beyond the end", CONTAINER, 54, 200, 0, AS_IT_IS, GATEWAY_drop_gtpu_chain},
	{"must be understood", CONTAINER, 53, 0xc0, 0, AS_IT_IS, GATEWAY_drop_gtpu_extension},
	{"chain into the payload", CONTAINER, 57, 0x40, 0, AS_IT_IS, GATEWAY_drop_gtpu_chain},
	{"downlink header cut", DOWNLINK, 0, 0, 30, AS_IT_IS, GATEWAY_drop_ip_header},
	{"downlink length beyond the frame", DOWNLINK, 16, 4, 0, OUTER, GATEWAY_drop_ip_header},
	{"downlink checksum", DOWNLINK, 24, 77, 0, AS_IT_IS, GATEWAY_drop_ip_checksum},
	{"to a stranger", DOWNLINK, 32, 9, 0, OUTER, GATEWAY_drop_no_subscriber},
	{"nothing", DOWNLINK, 0, 0, 0, AS_IT_IS, GATEWAY_downlink},
};

#define N_SAMPLES (sizeof(samples) / sizeof(samples[0]))

static struct frame
good(enum base base)
{
	static const uint8_t options[] = {0, 0, 0, 0x85, 1, 0x10, 5, 0};
	struct frame inner = plain(SUBSCRIBER, SERVER, 32, 1);
	uint8_t gtpu[FRAME_MAX] = {0x34, 255, 0, 68};

	if (base == DOWNLINK)
		return plain(SERVER, SUBSCRIBER, 32, 1);
	if (base == G_PDU)
		return tunnelled(&inner, CELL_1, TEID);
	put32(gtpu + 4, TEID);
	memcpy(gtpu + 8, options, sizeof(options));
	memcpy(gtpu + 16, inner.bytes + 14, 60);
	return message(CELL_1, 2152, gtpu, 76);
}

static void
correct(uint8_t *ip)
{
	put16(ip + 10, 0);
	put16(ip + 10, (uint16_t)~ipv4_sum(ip));
}

static void
each_is_counted_by_its_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SAMPLES; i++) {
		const struct sample *s = &samples[i];
		struct frame frame = good(s->base), out;
		uint64_t before = harness_counter(&h, s->counter);

		if (s->at != 0)
			frame.bytes[s->at] = s->value;
		if (s->fix & INNER)
			correct(frame.bytes + 50);
		if (s->fix & OUTER)
			correct(frame.bytes + 14);
		if (s->size != 0)
			frame.size = s->size;
		harness_send(&h, s->base == DOWNLINK ? GATEWAY_CORE : GATEWAY_ACCESS, &frame, 0);
		if (harness_counter(&h, s->counter) != before + 1)
			fail_msg("%s: not counted", s->name);
		while (harness_take(&h, GATEWAY_ACCESS, &out))
			;
		assert_int_equal(harness_counter(&h, GATEWAY_uplink), 0);
		while (harness_take(&h, GATEWAY_CORE, &out))
			;
	}
	assert_int_equal(harness_in_use(&h), 0);
}

/* No prefix of a packet does harm, nor leaves the gateway as a whole one. */
static void
no_cut_packet_passes(void **state)
{
	(void)state;
	for (enum base base = G_PDU; base <= DOWNLINK; base++) {
		struct frame whole = good(base);

		for (uint16_t size = 0; size < whole.size; size++) {
			struct frame cut = whole;

			cut.size = size;
			harness_send(&h, base == DOWNLINK ? GATEWAY_CORE : GATEWAY_ACCESS, &cut, 0);
		}
	}
	assert_int_equal(harness_counter(&h, GATEWAY_uplink), 0);
	assert_int_equal(harness_counter(&h, GATEWAY_downlink), 0);
	assert_int_equal(harness_in_use(&h), 0);
}

static int
open_it(void **state)
{
	struct gateway_config config;

	(void)state;
	harness_defaults(&config);
	config.core_ipv6.bits = 0;
	harness_open(&h, &config, true);
	assert_int_equal(harness_ask(&h, "session add 0x10007 ipv4 100.64.3.7 cell 192.0.2.11 "
					 "cell-teid 1"),
			 NF_OK);
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_is_counted_by_its_name),
		TEST(no_cut_packet_passes),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
