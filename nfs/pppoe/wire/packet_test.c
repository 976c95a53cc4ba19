/* SPDX-License-Identifier: Apache-2.0 */
/* What a frame is, octet by octet. Each case names what is special about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "counters.h"
#include "packet.h"

#define MAC_ACCESS               \
	{                        \
		2, 0, 0, 0, 1, 1 \
	}
#define MAC_CORE                 \
	{                        \
		2, 0, 0, 0, 2, 1 \
	}
#define TO_ACCESS 2, 0, 0, 0, 1, 1, 2, 0xaa, 0, 0, 0, 9
#define TO_CORE 2, 0, 0, 0, 2, 1, 2, 0xaa, 0, 0, 0, 9
#define TO_ALL 255, 255, 255, 255, 255, 255, 2, 0xaa, 0, 0, 0, 9
#define SESSION 0x88, 0x64
#define DISCOVERY 0x88, 0x63
#define IPV4 8, 0
#define IPV6 0x86, 0xdd
#define CORE_6 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1
#define OTHER_6 0x20, 1, 0xd, 0xb8, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1

static struct pppoe_config config = {
	.access_tags = {.untagged = true},
	.gateway = RTE_BE32(0x0a000001),
	.core_ipv6 = {CORE_6},
	.core_ipv6_bits = 64,
};

struct sample {
	const char *name;
	uint8_t side;
	uint8_t kind;
	uint16_t drop;
	uint16_t size;
	uint8_t bytes[100];
};

#define A PPPOE_ACCESS
#define C PPPOE_CORE
#define DROP(counter) PPPOE_KIND_DROP, PPPOE_drop_##counter

static const struct sample samples[] = {
	{"a session's",
	 A,
	 PPPOE_KIND_SESSION,
	 0,
	 22,
	 {TO_ACCESS, SESSION, 0x11, 0, 0, 7, 0, 2, 0, 0x21}},
	{"padding behind its length",
	 A,
	 PPPOE_KIND_SESSION,
	 0,
	 24,
	 {TO_ACCESS, SESSION, 0x11, 0, 0, 7, 0, 2, 0, 0x21}},
	{"length behind the end",
	 A,
	 DROP(runt),
	 22,
	 {TO_ACCESS, SESSION, 0x11, 0, 0, 7, 0, 3, 0, 0x21}},
	{"no room for a protocol",
	 A,
	 DROP(runt),
	 22,
	 {TO_ACCESS, SESSION, 0x11, 0, 0, 7, 0, 1, 0, 0x21}},
	{"half a head", A, DROP(runt), 19, {TO_ACCESS, SESSION, 0x11, 0, 0, 7, 0}},
	{"version 2", A, DROP(version), 22, {TO_ACCESS, SESSION, 0x21, 0, 0, 7, 0, 2, 0, 0x21}},
	{"type 2", A, DROP(version), 22, {TO_ACCESS, SESSION, 0x12, 0, 0, 7, 0, 2, 0, 0x21}},
	{"a code of discovery",
	 A,
	 DROP(discovery),
	 22,
	 {TO_ACCESS, SESSION, 0x11, 9, 0, 7, 0, 2, 0, 0x21}},
	{"a session's, to all",
	 A,
	 DROP(not_for_us),
	 22,
	 {TO_ALL, SESSION, 0x11, 0, 0, 7, 0, 2, 0, 0x21}},
	{"a session's, to another",
	 A,
	 DROP(not_for_us),
	 22,
	 {TO_CORE, SESSION, 0x11, 0, 0, 7, 0, 2, 0, 0x21}},
	{"discovery to all", A, PPPOE_KIND_DISCOVERY, 0, 20, {TO_ALL, DISCOVERY, 0x11, 9}},
	{"discovery to us", A, PPPOE_KIND_DISCOVERY, 0, 20, {TO_ACCESS, DISCOVERY, 0x11, 0x19}},
	{"discovery to another", A, DROP(not_for_us), 20, {TO_CORE, DISCOVERY, 0x11, 9}},
	{"IPv4 without a session", A, DROP(ethertype), 40, {TO_ACCESS, IPV4, 0x45}},
	{"ARP of a client", A, DROP(ethertype), 42, {TO_ALL, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1}},
	{"a tag that is not served",
	 A,
	 DROP(vlan_range),
	 26,
	 {TO_ACCESS, 0x81, 0, 0, 5, SESSION, 0x11}},
	{"half a header", A, DROP(runt), 13, {TO_ACCESS, 0x88}},
	{"half a header, core", C, DROP(runt), 13, {TO_CORE, 8}},
	{"to another, core", C, DROP(not_for_us), 40, {TO_ACCESS, IPV4, 0x45}},
	{"PPPoE in the core", C, DROP(ethertype), 40, {TO_CORE, SESSION, 0x11}},
	{"IPv4 to all", C, DROP(not_for_us), 40, {TO_ALL, IPV4, 0x45}},
	{"to a client", C, PPPOE_KIND_DOWNLINK, 0, 42, {TO_CORE, IPV4, 0x45, 0,  0,    28,   0,   0,
							0,       0,    64,   17, 0x34, 0xbf, 203, 0,
							113,     9,    10,   0,  0,    9}},
	{"wrong sum", C, DROP(ip_checksum), 42, {TO_CORE, IPV4, 0x45, 0,   0, 28,  0, 0,  0, 0, 64,
						 17,      0x34, 0xbe, 203, 0, 113, 9, 10, 0, 0, 9}},
	{"longer than it is", C, DROP(ip_header), 41, {TO_CORE, IPV4, 0x45, 0,  0,    28,   0,   0,
						       0,       0,    64,   17, 0x34, 0xbf, 203, 0,
						       113,     9,    10,   0,  0,    9}},
	{"version 6 in a frame of IPv4", C, DROP(ip_header), 54, {TO_CORE, IPV4, 0x60, [21] = 64}},
	{"echo to the clients' gateway", C, PPPOE_KIND_ECHO, 0, 42, {TO_CORE, IPV4, 0x45, 0,    0,
								     28,      0,    0,    0,    0,
								     64,      1,    0x34, 0xd7, 203,
								     0,       113,  9,    10,   0,
								     0,       1,    8}},
	{"an answer to the clients' gateway",
	 C,
	 DROP(own_address),
	 42,
	 {TO_CORE, IPV4, 0x45, 0, 0,   28, 0,  0, 0, 0, 64, 1,
	  0x34,    0xd7, 203,  0, 113, 9,  10, 0, 0, 1, 0}},
	{"UDP to the side", C, DROP(own_address), 42, {TO_CORE, IPV4, 0x45, 0,  0,    28,   0,   0,
						       0,       0,    64,   17, 0x02, 0xc6, 203, 0,
						       113,     9,    203,  0,  113,  1}},
	{"IPv6 to a client",
	 C,
	 PPPOE_KIND_DOWNLINK,
	 0,
	 54,
	 {TO_CORE, IPV6, 0x60, 0, 0, 0, 0, 0, 17, 64, OTHER_6, OTHER_6}},
	{"IPv6 to a client, in a frame to a group",
	 C,
	 DROP(not_for_us),
	 54,
	 {0x33, 0x33, 0, 0, 0, 1, 2, 0xaa, 0,  0,       0,      9,
	  IPV6, 0x60, 0, 0, 0, 0, 0, 17,   64, OTHER_6, OTHER_6}},
	{"UDP to the own address",
	 C,
	 DROP(own_address),
	 54,
	 {TO_CORE, IPV6, 0x60, 0, 0, 0, 0, 0, 17, 64, OTHER_6, CORE_6}},
	{"ICMPv6 to the own address",
	 C,
	 PPPOE_KIND_NEIGHBOR_DISCOVERY,
	 0,
	 62,
	 {TO_CORE, IPV6, 0x60, 0, 0, 0, 0, 8, 58, 255, OTHER_6, CORE_6, 135}},
	{"ICMPv6 echo to the own address",
	 C,
	 PPPOE_KIND_ECHO,
	 0,
	 62,
	 {TO_CORE, IPV6, 0x60, 0, 0, 0, 0, 8, 58, 64, OTHER_6, CORE_6, 128}},
	{"to the own group",
	 C,
	 PPPOE_KIND_NEIGHBOR_DISCOVERY,
	 0,
	 62,
	 {0x33, 0x33, 0xff, 0, 0, 1, 2,  0xaa, 0,       0,    0, 9,       IPV6,
	  0x60, 0,    0,    0, 0, 8, 58, 255,  OTHER_6, 0xff, 2, [53] = 1}},
	{"to another group", C, DROP(not_for_us), 62, {0x33,    0x33, 0xff, 0,       0, 2,    2,
						       0xaa,    0,    0,    0,       9, IPV6, 0x60,
						       0,       0,    0,    0,       8, 58,   255,
						       OTHER_6, 0xff, 2,    [53] = 1}},
	{"ARP", C, PPPOE_KIND_ARP, 0, 42, {TO_ALL, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1}},
	{"ARP that is cut",
	 C,
	 PPPOE_KIND_DROP,
	 NF_drop_arp,
	 41,
	 {TO_ALL, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1}},
};

static struct rte_mbuf
frame_of(const struct sample *s, uint8_t *bytes)
{
	struct rte_mbuf m = {
		.buf_addr = bytes, .nb_segs = 1, .data_len = s->size, .pkt_len = s->size};

	memcpy(bytes, s->bytes, sizeof(s->bytes));
	config.sides[PPPOE_ACCESS].mac = (struct rte_ether_addr){MAC_ACCESS};
	config.sides[PPPOE_CORE].mac = (struct rte_ether_addr){MAC_CORE};
	config.sides[PPPOE_CORE].address = RTE_BE32(0xcb007101);
	return m;
}

/* Killed by: each check of a parser, left out. */
static void
frames_are_told_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(samples); i++) {
		const struct sample *s = &samples[i];
		_Alignas(2) uint8_t bytes[100];
		struct rte_mbuf m = frame_of(s, bytes);
		struct pppoe_frame f = {0};

		pppoe_frame_parse(&f, &config, &m, s->side);
		if (f.kind != s->kind || (f.kind == PPPOE_KIND_DROP && f.drop != s->drop))
			fail_msg("%s: kind %u drop %u", s->name, f.kind, f.drop);
	}
}

/* Killed by: the padding taken for data, the id or protocol read beside their places. */
static void
a_session_packet_ends_with_its_length(void **state)
{
	_Alignas(2) uint8_t bytes[100];
	struct rte_mbuf m = frame_of(&samples[1], bytes);
	struct pppoe_frame f;

	(void)state;
	pppoe_frame_parse(&f, &config, &m, PPPOE_ACCESS);
	assert_int_equal(f.session_id, 7);
	assert_int_equal(f.protocol, 0x21);
	assert_int_equal(f.ppp_size, 0);
	assert_ptr_equal(f.ppp, bytes + 22);
}

/* Killed by: a family that is not the protocol's, a sum that is not looked at. */
static void
its_protocol_says_the_family(void **state)
{
	_Alignas(2) uint8_t bytes[100];
	struct pppoe_frame f;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(samples); i++) {
		frame_of(&samples[i], bytes);
		if (strcmp(samples[i].name, "to a client") == 0) {
			assert_int_equal(pppoe_frame_take_ip(&f, bytes + 14, 28, false), 0);
			assert_int_equal(pppoe_frame_take_ip(&f, bytes + 14, 28, true),
					 PPPOE_drop_ip_header);
			bytes[24]--;
			assert_int_equal(pppoe_frame_take_ip(&f, bytes + 14, 28, false),
					 PPPOE_drop_ip_checksum);
		}
	}
}

static void
one_buffer_only(void **state)
{
	_Alignas(2) uint8_t bytes[100];
	struct rte_mbuf m = frame_of(&samples[0], bytes);
	struct pppoe_frame f;

	(void)state;
	m.nb_segs = 2;
	pppoe_frame_parse(&f, &config, &m, PPPOE_ACCESS);
	assert_int_equal(f.kind, PPPOE_KIND_DROP);
	assert_int_equal(f.drop, PPPOE_drop_segments);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_told_apart),
		cmocka_unit_test(a_session_packet_ends_with_its_length),
		cmocka_unit_test(its_protocol_says_the_family),
		cmocka_unit_test(one_buffer_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
