/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sides whose frames bear a VLAN tag. The harness builds frames with the tag, and looks at the tag of each
 * frame that leaves. Each test names what kills it.
 */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#define INSIDE_VLAN 100
#define OUTSIDE_VLAN 4094

static struct harness h;

static void
open_with(uint16_t inside, uint16_t outside)
{
	struct nat_config config;

	harness_defaults(&config);
	config.n_workers = 2;
	config.sides[NAT_INSIDE].vlan = inside;
	config.sides[NAT_OUTSIDE].vlan = outside;
	config.sides[NAT_OUTSIDE].mtu = 700;
	harness_open(&h, &config, true);
}

static int
open_inside(void **state)
{
	(void)state;
	open_with(INSIDE_VLAN, 0);
	return 0;
}

static int
open_outside(void **state)
{
	(void)state;
	open_with(0, OUTSIDE_VLAN);
	return 0;
}

static int
open_both(void **state)
{
	(void)state;
	open_with(INSIDE_VLAN, OUTSIDE_VLAN);
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

static struct harness_packet
packet(uint8_t protocol)
{
	return (struct harness_packet){.side = NAT_INSIDE,
				       .protocol = protocol,
				       .src = SUBSCRIBER,
				       .src_port = 5000,
				       .dst = SERVER,
				       .dst_port = 53,
				       .tcp_flags = 2,
				       .icmp_type = 8,
				       .payload = 33};
}

/* Also the NAT's own frames: its ARP requests, which the harness answers, are tagged, too. Killed by: a tag
 * that is left on, put on twice, or that of the other side. */
static void
both_ways_with_tags(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(protocols); i++) {
		struct harness_packet p = packet(protocols[i]);
		struct harness_packet out = harness_pass(&h, &p, NAT_OUTSIDE), back = out;

		back.side = NAT_OUTSIDE;
		back.src = out.dst;
		back.dst = out.src;
		back.dst_port = out.src_port;
		back.src_port = p.protocol == IPPROTO_ICMP ? out.src_port : out.dst_port;
		back.icmp_type = 0;
		back.tcp_flags = 0x12;
		back.ttl = 60;
		assert_int_equal(harness_pass(&h, &back, NAT_INSIDE).dst, SUBSCRIBER);
	}
	assert_true(harness_counter(&h, NF_arp_sent) > 0);
	assert_int_equal(harness_counter(&h, NF_drop_vlan), 0);
}

/* Errors, echo replies and pieces of long packets. */
static void
own_packets_bear_tags(void **state)
{
	struct harness_packet p = packet(IPPROTO_ICMP);
	uint32_t n;
	struct rte_mbuf *m;

	(void)state;
	p.dst = IP(100, 64, 0, 1);
	assert_int_equal(harness_pass(&h, &p, NAT_INSIDE).icmp_type, 0);
	p = packet(IPPROTO_UDP);
	p.ttl = 1;
	assert_int_equal(harness_pass(&h, &p, NAT_INSIDE).icmp_type, 11);
	p.ttl = 64;
	p.payload = 1300;
	m = harness_build(&h, &p);
	harness_tag(m, INSIDE_VLAN);
	harness_send(&h, NAT_INSIDE, m, 1);
	assert_int_equal(harness_join(&h, NAT_OUTSIDE, 700, &n).dst, SERVER);
	assert_int_equal(n, 2);
}

/* Killed by: looking at the whole tag and not at the 12 bits of the id, or at nothing. */
static void
other_tags_are_dropped(void **state)
{
	struct harness_packet p = packet(IPPROTO_UDP);
	struct rte_mbuf *m;

	(void)state;
	harness_send(&h, NAT_INSIDE, harness_build(&h, &p), 0);
	m = harness_build(&h, &p);
	harness_tag(m, INSIDE_VLAN + 1);
	harness_send(&h, NAT_INSIDE, m, 0);
	m = harness_build(&h, &p);
	harness_tag(m, 0);
	harness_send(&h, NAT_INSIDE, m, 0);
	m = harness_build(&h, &p); /* too short for a tag */
	harness_tag(m, INSIDE_VLAN);
	rte_pktmbuf_trim(m, (uint16_t)(rte_pktmbuf_data_len(m) - 17));
	harness_send(&h, NAT_INSIDE, m, 0);
	assert_int_equal(harness_counter(&h, NF_drop_vlan), 4);
	assert_null(harness_take(&h, NAT_OUTSIDE));
	m = harness_build(&h, &p);
	harness_tag(m, 7u << 13 | INSIDE_VLAN); /* with a priority */
	harness_send(&h, NAT_INSIDE, m, 0);
	m = harness_take(&h, NAT_OUTSIDE);
	assert_int_equal(harness_parse(m).dst, SERVER);
	rte_pktmbuf_free(m);
}

static void
tags_are_refused_where_none_belong(void **state)
{
	struct harness_packet p = packet(IPPROTO_UDP);
	struct rte_mbuf *m = harness_build(&h, &p);

	(void)state;
	harness_tag(m, INSIDE_VLAN);
	harness_send(&h, NAT_INSIDE, m, 0);
	assert_int_equal(harness_counter(&h, NF_drop_vlan), 1);
}

/* A device may have taken the tag off, and a packet that was given back in a hold comes again without it. */
static void
tag_in_the_descriptor_counts(void **state)
{
	struct harness_packet p = packet(IPPROTO_UDP);
	struct rte_mbuf *m;

	(void)state;
	for (uint16_t vlan = INSIDE_VLAN; vlan <= INSIDE_VLAN + 1; vlan++) {
		m = harness_build(&h, &p);
		m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
		m->vlan_tci = (uint16_t)(3u << 13 | vlan);
		harness_send(&h, NAT_INSIDE, m, 0);
	}
	assert_int_equal(harness_counter(&h, NAT_translated_out), 1);
	assert_int_equal(harness_counter(&h, NF_drop_vlan), 1);
	m = harness_take(&h, NAT_OUTSIDE);
	assert_true((m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) == 0);
	rte_pktmbuf_free(m);
}

int
main(void)
{
#define TEST_WITH(f, open) cmocka_unit_test_setup_teardown(f, open, close_it)
	const struct CMUnitTest tests[] = {
		TEST_WITH(both_ways_with_tags, open_inside),
		TEST_WITH(both_ways_with_tags, open_outside),
		TEST_WITH(both_ways_with_tags, open_both),
		TEST_WITH(own_packets_bear_tags, open_both),
		TEST_WITH(other_tags_are_dropped, open_inside),
		TEST_WITH(tags_are_refused_where_none_belong, open_outside),
		TEST_WITH(tag_in_the_descriptor_counts, open_both),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
