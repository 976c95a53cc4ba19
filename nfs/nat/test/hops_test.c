/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often a packet changes workers inside the NAT: three times at most, and the agent reckons with
 * one more (wave.h).
 * The longest ways are a hairpin's, to the worker of its mapping, to the one of the mapping by which it goes back in,
 * and to the one that asks for the neighbour, and a fragment's from outside, which comes by the worker of its
 * datagram. Killed by: one more hop, or a smaller
 * SLIM_WAVE_HOPS.
 */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#include <rte_ip.h>

#include "wave.h"

#define N_SERVERS 16u
#define N_SENDERS 16u

static struct harness h;

/* The first fragment of a datagram. */
static struct rte_mbuf *
build_first(const struct harness_packet *p)
{
	struct rte_mbuf *m = harness_build(&h, p);
	struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr));

	ip->fragment_offset = RTE_BE16(RTE_IPV4_HDR_MF_FLAG);
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	return m;
}

static struct harness_packet
packet(uint32_t src, uint16_t src_port)
{
	return (struct harness_packet){.side = NAT_INSIDE,
				       .protocol = IPPROTO_UDP,
				       .src = src,
				       .src_port = src_port,
				       .dst = SERVER,
				       .dst_port = 53,
				       .payload = 64};
}

/* To the mapping of a subscriber behind a router whose MAC nobody knows yet. */
static uint64_t
most_hops_to(const struct harness_packet *mapping, uint32_t n)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < N_SENDERS; i++) {
		struct harness_packet p = packet(IP(100, 64, 3, 1 + i), (uint16_t)(5000 + i));
		uint16_t worker = (uint16_t)(i / 4 % HARNESS_WORKERS);
		uint64_t hops;

		p.dst = mapping->src;
		p.dst_port = mapping->src_port;
		hops = harness_hops(&h, NAT_INSIDE, harness_build(&h, &p), worker);
		most = RTE_MAX(most, hops);
		p.side = NAT_OUTSIDE;
		p.src = SERVER;
		p.id = (uint16_t)(1 + n * N_SENDERS + i);
		hops = harness_hops(&h, NAT_OUTSIDE, build_first(&p), worker);
		most = RTE_MAX(most, hops);
	}
	return most;
}

static void
not_more_often_than_the_agent_reckons_with(void **state)
{
	struct harness_packet mappings[N_SERVERS];
	struct nat_config config;
	uint64_t most = 0;

	(void)state;
	harness_defaults(&config);
	config.n_workers = HARNESS_WORKERS;
	harness_open(&h, &config, true);
	for (uint32_t n = 0; n < N_SERVERS; n++) {
		mappings[n] = packet(IP(100, 65, 7, 10 + n), (uint16_t)(6000 + n));
		mappings[n] = harness_pass(&h, &mappings[n], NAT_OUTSIDE);
	}
	for (uint32_t n = 0; n < N_SERVERS; n++) {
		uint64_t hops = most_hops_to(&mappings[n], n);

		most = RTE_MAX(most, hops);
	}
	harness_settle(&h);
	harness_drain(&h, NAT_INSIDE);
	assert_int_equal(most, 3);
	assert_true(most <= SLIM_WAVE_HOPS);
	harness_check(&h);
	harness_close(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(not_more_often_than_the_agent_reckons_with)};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
