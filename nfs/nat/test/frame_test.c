/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Four lengths of a packet, which need not agree: of the frame, of the IPv4 packet in it, of the UDP datagram in
 * that, and of what an ICMP error quotes. Each test names what kills it.
 */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#include <rte_tcp.h>
#include <rte_udp.h>

#define PORT 5000
#define L2 14u
#define TRAILER 0xee
#define EXEMPT IP(203, 0, 113, 77)

static struct harness h;

static int
open_it(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	config.pcp.enabled = true;
	config.exempt[config.n_exempt++] = (struct nat_exempt){.prefix = {EXEMPT, UINT32_MAX}};
	harness_open(&h, &config, true);
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
packet(uint8_t protocol, uint16_t payload)
{
	return (struct harness_packet){.side = NAT_INSIDE,
				       .protocol = protocol,
				       .src = SUBSCRIBER,
				       .src_port = PORT,
				       .dst = SERVER,
				       .dst_port = 53,
				       .tcp_flags = 0x02,
				       .icmp_type = 8,
				       .payload = payload};
}

static struct harness_packet
answer_to(const struct harness_packet *out)
{
	struct harness_packet p = *out;

	p.side = NAT_OUTSIDE;
	p.src = out->dst;
	p.dst = out->src;
	p.src_port = out->protocol == IPPROTO_ICMP ? out->src_port : out->dst_port;
	p.dst_port = out->src_port;
	p.icmp_type = 0;
	p.ttl = 60;
	return p;
}

static struct rte_ipv4_hdr *
ip_of(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, L2);
}

/* A frame that goes on behind its packet: at least up to the shortest frame, and `trailer` more bytes. */
static struct rte_mbuf *
build_with_trailer(const struct harness_packet *p, uint16_t trailer)
{
	struct rte_mbuf *m = harness_build(&h, p);
	uint16_t ip_size = rte_be_to_cpu_16(ip_of(m)->total_length);

	if (trailer != 0)
		assert_non_null(rte_pktmbuf_append(m, trailer));
	memset(rte_pktmbuf_mtod_offset(m, uint8_t *, L2 + ip_size), TRAILER,
	       rte_pktmbuf_data_len(m) - L2 - ip_size);
	return m;
}

/* What left on a side is as long as its packet, or padded with zeros. */
static struct harness_packet
take_whole(uint8_t side)
{
	struct rte_mbuf *m = harness_take(&h, side);
	struct harness_packet p;
	uint32_t size;

	assert_non_null(m);
	size = L2 + rte_be_to_cpu_16(ip_of(m)->total_length);
	assert_int_equal(rte_pktmbuf_pkt_len(m), RTE_MAX(size, NF_MIN_FRAME));
	assert_int_equal(m->nb_segs, 1);
	for (uint32_t i = size; i < NF_MIN_FRAME; i++)
		assert_int_equal(*rte_pktmbuf_mtod_offset(m, uint8_t *, i), 0);
	p = harness_parse(m);
	rte_pktmbuf_free(m);
	assert_null(harness_take(&h, NAT_INSIDE));
	assert_null(harness_take(&h, NAT_OUTSIDE));
	return p;
}

static struct harness_packet
pass(const struct harness_packet *p, uint16_t trailer, uint8_t to)
{
	harness_send(&h, p->side, build_with_trailer(p, trailer), 0);
	return take_whole(to);
}

/* Killed by: sending on what stands behind the packet, on any way; frames that are too short. */
static void
trailers_do_not_leave(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP};
	static const uint16_t trailers[] = {0, 1, 46, 1500};
	static const uint16_t payloads[] = {0, 5, 17, 18, 19, 400};

	(void)state;
	for (uint32_t i = 0; i < 3u * 4 * 6; i++) {
		uint16_t trailer = trailers[i / 3 % 4], payload = payloads[i / 12];
		struct harness_packet p = packet(protocols[i % 3], payload), out, error;

		out = pass(&p, trailer, NAT_OUTSIDE);
		out.payload = payload;
		p = answer_to(&out);
		pass(&p, trailer, NAT_INSIDE);
		error = (struct harness_packet){.side = NAT_OUTSIDE,
						.protocol = IPPROTO_ICMP,
						.src = SERVER,
						.dst = out.src,
						.icmp_type = 3,
						.quoted = &out};
		pass(&error, trailer, NAT_INSIDE);
		p = packet(protocols[i % 3], payload);
		p.dst = EXEMPT;
		pass(&p, trailer, NAT_OUTSIDE);
		p = packet(IPPROTO_ICMP, payload);
		p.dst = IP(100, 64, 0, 1);
		pass(&p, trailer, NAT_INSIDE);
	}
	assert_int_equal(harness_counter(&h, NAT_fragmented), 0);
}

/* A packet of 1,400 bytes in a frame of 2,006 to a port of MTU 1,500 is one packet. Killed by: hairpinning what
 * stands behind, too. */
static void
long_frames_are_no_long_packets(void **state)
{
	struct harness_packet other = packet(IPPROTO_UDP, 10), other_out, p;

	(void)state;
	other.src = IP(100, 64, 5, 201);
	other_out = pass(&other, 0, NAT_OUTSIDE);
	p = packet(IPPROTO_UDP, 1400 - 28);
	pass(&p, 2006 - 14 - 1400, NAT_OUTSIDE);
	p.dst = other_out.src;
	p.dst_port = other_out.src_port;
	pass(&p, 2006 - 14 - 1400, NAT_INSIDE);
	assert_int_equal(harness_counter(&h, NAT_fragmented), 0);
}

/* The same frame in segments of `first` bytes and `second`, and the rest. */
static struct rte_mbuf *
build_in_segments(const struct harness_packet *p, uint16_t trailer, uint16_t first, uint16_t second)
{
	struct rte_mbuf *whole = build_with_trailer(p, trailer), *m, *next;
	const uint8_t *bytes = rte_pktmbuf_mtod(whole, const uint8_t *);
	uint16_t size = rte_pktmbuf_data_len(whole);

	m = harness_raw(&h, bytes, first);
	next = harness_raw(&h, bytes + first, second);
	assert_int_equal(rte_pktmbuf_chain(m, next), 0);
	next = harness_raw(&h, bytes + first + second, (uint16_t)(size - first - second));
	assert_int_equal(rte_pktmbuf_chain(m, next), 0);
	rte_pktmbuf_free(whole);
	return m;
}

/* Killed by: a packet that ends in another segment than the last one (harness_close() counts mbufs). */
static void
trailers_in_other_segments_do_not_leave(void **state)
{
	/* The packet ends at 14 + 28 + 100 = 142. */
	static const struct {
		uint16_t first, second, n_left;
	} cases[] = {{160, 20, 1}, {142, 20, 1}, {141, 1, 2}, {100, 42, 2},
		     {100, 60, 2}, {100, 41, 3}, {42, 50, 3}, {143, 1, 1}};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct harness_packet p = packet(IPPROTO_UDP, 100);
		struct rte_mbuf *m, *whole;

		harness_send(&h, NAT_INSIDE,
			     build_in_segments(&p, 100, cases[i].first, cases[i].second), 0);
		m = harness_take(&h, NAT_OUTSIDE);
		assert_non_null(m);
		assert_int_equal(m->nb_segs, cases[i].n_left);
		assert_int_equal(rte_pktmbuf_pkt_len(m), 142);
		rte_mbuf_sanity_check(m, 1);
		whole = rte_pktmbuf_copy(m, h.pool, 0, UINT32_MAX);
		harness_parse(whole); /* its checksums */
		rte_pktmbuf_free(whole);
		rte_pktmbuf_free(m);
	}
}

static void
fix_ip_checksum(struct rte_ipv4_hdr *ip)
{
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

/* Killed by: a datagram longer than its packet, or shorter than its header, in any place. */
static void
udp_lengths_are_checked(void **state)
{
	static const struct {
		uint16_t size;
		bool good;
	} cases[] = {{28, true}, {27, true},  {8, true},     {7, false},
		     {0, false}, {29, false}, {65535, false}};
	struct harness_packet p = packet(IPPROTO_UDP, 20), out;
	uint64_t n_wrong = 0;

	(void)state;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	out.payload = 20;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct harness_packet quoted = out, error = {.side = NAT_OUTSIDE,
							     .protocol = IPPROTO_ICMP,
							     .src = SERVER,
							     .dst = out.src,
							     .icmp_type = 3,
							     .quoted = &quoted};
		struct rte_mbuf *m = harness_build(&h, &p);
		uint8_t *icmp;

		p.no_checksum = true;
		((struct rte_udp_hdr *)(ip_of(m) + 1))->dgram_len = rte_cpu_to_be_16(cases[i].size);
		harness_send(&h, NAT_INSIDE, m, 0);
		n_wrong += !cases[i].good;
		assert_int_equal(harness_counter(&h, NAT_drop_l4_header), n_wrong);
		m = harness_build(&h, &error);
		icmp = (uint8_t *)(ip_of(m) + 1);
		((struct rte_udp_hdr *)(icmp + 28))->dgram_len = rte_cpu_to_be_16(cases[i].size);
		icmp[2] = icmp[3] = 0;
		*(uint16_t *)(void *)(icmp + 2) = (uint16_t)~rte_raw_cksum(icmp, 8 + 48);
		harness_send(&h, NAT_OUTSIDE, m, 0);
		assert_int_equal(harness_counter(&h, NAT_drop_icmp_error), n_wrong);
		harness_drain(&h, NAT_OUTSIDE);
		harness_drain(&h, NAT_INSIDE);
	}
}

/* What a router adds behind the quoted packet is not of the packet. Killed by: taking the end of the error
 * for that of the packet, and writing a checksum there. */
static void
what_follows_the_quote_is_kept(void **state)
{
	struct harness_packet p = packet(IPPROTO_TCP, 0), out, error;
	struct rte_ipv4_hdr *quoted;
	struct rte_mbuf *m;
	uint8_t *icmp;

	(void)state;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	error = (struct harness_packet){.side = NAT_OUTSIDE,
					.protocol = IPPROTO_ICMP,
					.src = SERVER,
					.dst = out.src,
					.icmp_type = 3,
					.quoted = &out};
	m = harness_build(&h, &error);
	icmp = (uint8_t *)(ip_of(m) + 1);
	quoted = (struct rte_ipv4_hdr *)(icmp + 8);
	quoted->total_length = RTE_BE16(28);
	fix_ip_checksum(quoted);
	memset(icmp + 8 + 28, TRAILER, 12);
	icmp[2] = icmp[3] = 0;
	*(uint16_t *)(void *)(icmp + 2) = (uint16_t)~rte_raw_cksum(icmp, 8 + 40);
	harness_send(&h, NAT_OUTSIDE, m, 0);
	m = harness_take(&h, NAT_INSIDE);
	assert_non_null(m);
	icmp = (uint8_t *)(ip_of(m) + 1);
	for (int i = 0; i < 12; i++)
		assert_int_equal(icmp[8 + 28 + i], TRAILER);
	rte_pktmbuf_free(m);
	quoted = NULL;
	/* And one that is too short for its ports is no packet. */
	m = harness_build(&h, &error);
	icmp = (uint8_t *)(ip_of(m) + 1);
	quoted = (struct rte_ipv4_hdr *)(icmp + 8);
	quoted->total_length = RTE_BE16(27);
	fix_ip_checksum(quoted);
	icmp[2] = icmp[3] = 0;
	*(uint16_t *)(void *)(icmp + 2) = (uint16_t)~rte_raw_cksum(icmp, 8 + 40);
	harness_send(&h, NAT_OUTSIDE, m, 0);
	assert_int_equal(harness_counter(&h, NAT_drop_icmp_error), 1);
}

/* Killed by: a checksum over the whole IPv4 packet, of which the datagram is only the first part. */
static void
pcp_checksum_ends_with_the_datagram(void **state)
{
	struct harness_packet p = packet(IPPROTO_UDP, 0);
	uint8_t announce[24] = {2, 0};
	struct rte_ipv4_hdr *ip;
	struct rte_mbuf *m;

	(void)state;
	p.dst = IP(100, 64, 0, 1);
	p.dst_port = NAT_PCP_PORT;
	announce[18] = announce[19] = 0xff;
	announce[20] = 100;
	announce[21] = 64;
	announce[22] = (uint8_t)(SUBSCRIBER >> 8);
	announce[23] = (uint8_t)SUBSCRIBER;
	for (uint16_t more = 0; more < 40; more += 13) {
		m = harness_build_udp(&h, &p, announce, sizeof(announce));
		rte_pktmbuf_trim(m, (uint16_t)(rte_pktmbuf_data_len(m) - L2 - 52));
		ip = ip_of(m);
		if (more != 0)
			memset(rte_pktmbuf_append(m, more), TRAILER, more);
		ip->total_length = rte_cpu_to_be_16((uint16_t)(52 + more));
		fix_ip_checksum(ip);
		harness_send(&h, NAT_INSIDE, m, 0);
		take_whole(NAT_INSIDE);
	}
	assert_int_equal(harness_counter(&h, NAT_pcp_granted), 4);
	m = harness_build_udp(&h, &p, announce, sizeof(announce));
	*rte_pktmbuf_mtod_offset(m, uint8_t *, L2 + 28 + 12) ^= 1;
	harness_send(&h, NAT_INSIDE, m, 0);
	assert_int_equal(harness_counter(&h, NAT_drop_pcp), 1);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)
	const struct CMUnitTest tests[] = {
		TEST(trailers_do_not_leave),
		TEST(long_frames_are_no_long_packets),
		TEST(trailers_in_other_segments_do_not_leave),
		TEST(udp_lengths_are_checked),
		TEST(what_follows_the_quote_is_kept),
		TEST(pcp_checksum_ends_with_the_datagram),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
