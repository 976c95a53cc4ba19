/* SPDX-License-Identifier: Apache-2.0 */
/* Tags of the access side, octet by octet. Each case names what is special about it. */
#include "access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "counters.h"

/* Which tags are served: single ones 10..20 and 30, and no tag; or two, 100..110 outside of 5. */
static const struct pppoe_access one = {
	.untagged = true,
	.outer = {{10, 20}, {30, 30}},
	.n_outer = 2,
	.outer_type = 0x88a8,
};
static const struct pppoe_access two = {
	.outer = {{100, 110}},
	.n_outer = 1,
	.inner = {{5, 5}},
	.n_inner = 1,
	.outer_type = 0x88a8,
};
static const struct pppoe_access two_of_a_kind = {
	.outer = {{100, 110}},
	.n_outer = 1,
	.inner = {{5, 5}},
	.n_inner = 1,
	.outer_type = 0x8100,
};

struct sample {
	const char *name;
	const struct pppoe_access *access;
	uint16_t drop;
	uint16_t size;     /* octets behind the source address that are there */
	uint8_t bytes[16]; /* behind the source address */
	uint16_t outer, inner, at, ethertype;
	uint16_t taken, taken_outer; /* by the device */
};

static const struct sample samples[] = {
	{"no tag", &one, 0, 4, {0x88, 0x64, 1, 2}, 0, 0, 14, 0x8864, 0, 0},
	{"nothing behind", &one, 0, 2, {0x88, 0x64}, 0, 0, 14, 0x8864, 0, 0},
	{"no tag, none served", &two, PPPOE_drop_vlan_range, 4, {0x88, 0x64}, 0, 0, 0, 0, 0, 0},
	{"half a type", &one, PPPOE_drop_runt, 1, {0x88}, 0, 0, 0, 0, 0, 0},
	{"one", &one, 0, 6, {0x81, 0, 0, 10, 0x88, 0x63}, 10, 0, 18, 0x8863, 0, 0},
	{"the last of a range", &one, 0, 6, {0x81, 0, 0, 20, 0x88, 0x63}, 20, 0, 18, 0x8863, 0, 0},
	{"one of the second range",
	 &one,
	 0,
	 6,
	 {0x81, 0, 0, 30, 0x88, 0x63},
	 30,
	 0,
	 18,
	 0x8863,
	 0,
	 0},
	{"between ranges",
	 &one,
	 PPPOE_drop_vlan_range,
	 6,
	 {0x81, 0, 0, 21, 0x88, 0x63},
	 0,
	 0,
	 0,
	 0,
	 0,
	 0},
	{"below the first",
	 &one,
	 PPPOE_drop_vlan_range,
	 6,
	 {0x81, 0, 0, 9, 0x88, 0x63},
	 0,
	 0,
	 0,
	 0,
	 0,
	 0},
	{"with a priority", &one, 0, 6, {0x81, 0, 0xf0, 10, 0x88, 0x63}, 10, 0, 18, 0x8863, 0, 0},
	{"a priority only", &one, 0, 6, {0x81, 0, 0xe0, 0, 0x88, 0x63}, 0, 0, 18, 0x8863, 0, 0},
	{"a priority only, no tag not served",
	 &two,
	 PPPOE_drop_vlan_range,
	 6,
	 {0x81, 0, 0xe0, 0, 0x88, 0x63},
	 0,
	 0,
	 0,
	 0,
	 0,
	 0},
	{"one of 802.1ad",
	 &one,
	 PPPOE_drop_vlan_range,
	 6,
	 {0x88, 0xa8, 0, 10, 0x88, 0x63},
	 0,
	 0,
	 0,
	 0,
	 0,
	 0},
	{"one, cut", &one, PPPOE_drop_runt, 5, {0x81, 0, 0, 10, 0x88}, 0, 0, 0, 0, 0, 0},
	{"two where one is served",
	 &one,
	 PPPOE_drop_vlan_range,
	 10,
	 {0x88, 0xa8, 0, 10, 0x81, 0, 0, 5, 0x88, 0x63},
	 0,
	 0,
	 0,
	 0,
	 0,
	 0},
	{"one where two are served",
	 &two,
	 PPPOE_drop_vlan_range,
	 6,
	 {0x81, 0, 0, 100, 0x88, 0x63},
	 0,
	 0,
	 0,
	 0,
	 0,
	 0},
	{"two",
	 &two,
	 0,
	 10,
	 {0x88, 0xa8, 0, 100, 0x81, 0, 0, 5, 0x88, 0x64},
	 100,
	 5,
	 22,
	 0x8864,
	 0,
	 0},
	{"two, cut",
	 &two,
	 PPPOE_drop_runt,
	 9,
	 {0x88, 0xa8, 0, 100, 0x81, 0, 0, 5, 0x88},
	 0,
	 0,
	 0,
	 0,
	 0,
	 0},
	{"the inner one is not served",
	 &two,
	 PPPOE_drop_vlan_range,
	 10,
	 {0x88, 0xa8, 0, 100, 0x81, 0, 0, 6, 0x88, 0x64},
	 0,
	 0,
	 0,
	 0,
	 0,
	 0},
	{"the outer one is not served",
	 &two,
	 PPPOE_drop_vlan_range,
	 10,
	 {0x88, 0xa8, 0, 99, 0x81, 0, 0, 5, 0x88, 0x64},
	 0,
	 0,
	 0,
	 0,
	 0,
	 0},
	{"the outer one of another type",
	 &two,
	 PPPOE_drop_vlan_range,
	 10,
	 {0x81, 0, 0, 100, 0x81, 0, 0, 5, 0x88, 0x64},
	 0,
	 0,
	 0,
	 0,
	 0,
	 0},
	{"the inner one of another type",
	 &two,
	 PPPOE_drop_vlan_range,
	 10,
	 {0x88, 0xa8, 0, 100, 0x88, 0xa8, 0, 5, 0x88, 0x64},
	 0,
	 0,
	 0,
	 0,
	 0,
	 0},
	{"two of one type",
	 &two_of_a_kind,
	 0,
	 10,
	 {0x81, 0, 0, 110, 0x81, 0, 0, 5, 0x88, 0x64},
	 110,
	 5,
	 22,
	 0x8864,
	 0,
	 0},
	{"two of one type, of 802.1ad",
	 &two_of_a_kind,
	 PPPOE_drop_vlan_range,
	 10,
	 {0x88, 0xa8, 0, 110, 0x81, 0, 0, 5, 0x88, 0x64},
	 0,
	 0,
	 0,
	 0,
	 0,
	 0},
	{"a priority only, outside of one",
	 &one,
	 0,
	 10,
	 {0x81, 0, 0x20, 0, 0x81, 0, 0, 10, 0x88, 0x64},
	 10,
	 0,
	 22,
	 0x8864,
	 0,
	 0},
	{"a priority only, inside of one",
	 &one,
	 0,
	 10,
	 {0x81, 0, 0, 10, 0x81, 0, 0x20, 0, 0x88, 0x64},
	 10,
	 0,
	 22,
	 0x8864,
	 0,
	 0},
	{"three",
	 &two,
	 PPPOE_drop_vlan_range,
	 14,
	 {0x88, 0xa8, 0, 100, 0x81, 0, 0, 5, 0x81, 0, 0, 5, 0x88, 0x64},
	 0,
	 0,
	 0,
	 0,
	 0,
	 0},
	{"three, one with a priority only",
	 &two,
	 PPPOE_drop_vlan_range,
	 14,
	 {0x88, 0xa8, 0, 100, 0x81, 0, 0, 5, 0x81, 0, 0x20, 0, 0x88, 0x64},
	 0,
	 0,
	 0,
	 0,
	 0,
	 0},
	{"three, a priority only outside of two",
	 &two,
	 PPPOE_drop_vlan_range,
	 14,
	 {0x81, 0, 0x20, 0, 0x88, 0xa8, 0, 100, 0x81, 0, 0, 5, 0x88, 0x64},
	 0,
	 0,
	 0,
	 0,
	 0,
	 0},
	{"taken off by the device", &one, 0, 2, {0x88, 0x64}, 11, 0, 14, 0x8864, 0x200b, 0},
	{"taken off by the device, not served",
	 &one,
	 PPPOE_drop_vlan_range,
	 2,
	 {0x88, 0x64},
	 0,
	 0,
	 0,
	 0,
	 21,
	 0},
	{"the outer one taken off",
	 &two,
	 0,
	 6,
	 {0x81, 0, 0, 5, 0x88, 0x64},
	 100,
	 5,
	 18,
	 0x8864,
	 100,
	 0},
	{"both taken off", &two, 0, 2, {0x88, 0x64}, 100, 5, 14, 0x8864, 5, 100},
	{"both taken off, and a third",
	 &two,
	 PPPOE_drop_vlan_range,
	 6,
	 {0x81, 0, 0, 5, 0x88, 0x64},
	 0,
	 0,
	 0,
	 0,
	 5,
	 100},
};

static uint8_t storage[64];

static struct rte_mbuf
frame_of(const struct sample *s, const uint8_t source[6])
{
	struct rte_mbuf m = {.buf_addr = storage, .nb_segs = 1};

	memset(storage, 0xee, sizeof(storage));
	memcpy(storage + 6, source, 6);
	memcpy(storage + 12, s->bytes, s->size);
	m.data_len = (uint16_t)(12 + s->size);
	m.pkt_len = m.data_len;
	m.vlan_tci = s->taken;
	m.vlan_tci_outer = s->taken_outer;
	if (s->taken != 0)
		m.ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	if (s->taken_outer != 0)
		m.ol_flags |= RTE_MBUF_F_RX_QINQ | RTE_MBUF_F_RX_QINQ_STRIPPED;
	return m;
}

/* Killed by: an id compared with its priority, a range without its ends, a type that is not asked, tags that the device took
 * in the wrong order, a third tag, a look behind the end. */
static void
tags_are_judged(void **state)
{
	static const struct rte_ether_addr client = {{2, 0, 0, 0, 0, 9}};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(samples); i++) {
		const struct sample *s = &samples[i];
		struct rte_mbuf m = frame_of(s, client.addr_bytes);
		struct pppoe_access_frame f;
		uint16_t drop = pppoe_access_parse(s->access, &m, &f);

		if (drop != s->drop)
			fail_msg("%s: %u", s->name, drop);
		if (drop == 0 &&
		    (!pppoe_line_is(&f.line, &client, s->outer, s->inner) || f.at != s->at ||
		     f.ethertype != s->ethertype || f.size != 12 + s->size - s->at))
			fail_msg("%s: outer %u inner %u at %u type %x size %u", s->name,
				 f.line.outer, f.line.inner, f.at, f.ethertype, f.size);
	}
}

/* Killed by: a group, or nobody, that may send. */
static void
who_sends_is_one_host(void **state)
{
	static const uint8_t nobody[][6] = {
		{0}, {1, 0, 0x5e, 0, 0, 1}, {255, 255, 255, 255, 255, 255}};
	struct pppoe_access_frame f;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(nobody); i++) {
		struct rte_mbuf m = frame_of(&samples[0], nobody[i]);

		assert_int_equal(pppoe_access_parse(&one, &m, &f), PPPOE_drop_bad_address);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tags_are_judged),
		cmocka_unit_test(who_sends_is_one_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
