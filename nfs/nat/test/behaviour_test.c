/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What RFC 4787, RFC 5382 and RFC 5508 ask for and no other test shows; docs/nfs/nat.md has the list
 * of all requirements with their tests. Each test names what kills it.
 */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#include <rte_icmp.h>

#define SYN 0x02
#define SYNACK 0x12
#define ROUTER IP(192, 0, 2, 1)
#define AT_IP 14   /* in a frame */
#define AT_ICMP 34 /* without options */
#define AT_QUOTE 42

static struct harness h;

static int
open_default(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
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
from_inside(uint8_t protocol)
{
	return (struct harness_packet){.side = NAT_INSIDE,
				       .protocol = protocol,
				       .src = SUBSCRIBER,
				       .src_port = 5000,
				       .dst = SERVER,
				       .dst_port = 80,
				       .tcp_flags = SYN,
				       .icmp_type = 8,
				       .payload = 40};
}

static struct harness_packet
answer_to(const struct harness_packet *out)
{
	struct harness_packet p = *out;

	p.side = NAT_OUTSIDE;
	p.src = out->dst;
	p.dst = out->src;
	if (out->protocol != IPPROTO_ICMP) {
		p.src_port = out->dst_port;
		p.dst_port = out->src_port;
	}
	return p;
}

static struct harness_packet
error_about(const struct harness_packet *out)
{
	return (struct harness_packet){.side = NAT_OUTSIDE,
				       .protocol = IPPROTO_ICMP,
				       .src = ROUTER,
				       .dst = out->src,
				       .icmp_type = 3,
				       .quoted = out};
}

/* Both checksums of an ICMP packet anew. */
static void
mend(struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, AT_IP);
	struct rte_icmp_hdr *icmp = rte_pktmbuf_mtod_offset(m, struct rte_icmp_hdr *, AT_ICMP);

	ip->hdr_checksum = 0;
	ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, sizeof(*ip));
	icmp->icmp_cksum = 0;
	icmp->icmp_cksum =
		(uint16_t)~rte_raw_cksum(icmp, rte_be_to_cpu_16(ip->total_length) - sizeof(*ip));
}

/* Longer by `size` bytes at the end; returns where they are. */
static uint8_t *
lengthen(struct rte_mbuf *m, uint16_t size)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, AT_IP);
	uint16_t old = rte_be_to_cpu_16(ip->total_length);

	ip->total_length = rte_cpu_to_be_16((uint16_t)(old + size));
	rte_pktmbuf_append(m, size);
	return rte_pktmbuf_mtod_offset(m, uint8_t *, AT_IP + old);
}

static struct rte_mbuf *
pass(struct rte_mbuf *m, uint8_t from_side)
{
	struct rte_mbuf *out;

	harness_send(&h, from_side, m, 0);
	out = harness_take(&h, (uint8_t)(1 - from_side));
	assert_non_null(out);
	assert_null(harness_take(&h, NAT_INSIDE));
	assert_null(harness_take(&h, NAT_OUTSIDE));
	return out;
}

/* ---- queries --------------------------------------------------------------------------------------- */

/* RFC 5508 REQ-1. Killed by: passing echo alone, or letting a reply open a mapping. */
static void
timestamp_queries_pass(void **state)
{
	struct harness_packet p = from_inside(IPPROTO_ICMP), out;

	(void)state;
	p.icmp_type = 14;
	harness_dropped(&h, &p, NAT_drop_no_mapping);
	p.icmp_type = 13;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	assert_int_equal(out.icmp_type, 13);
	p = answer_to(&out);
	p.icmp_type = 14;
	p = harness_pass(&h, &p, NAT_INSIDE);
	assert_int_equal(p.src_port, 5000);
	assert_int_equal(p.icmp_type, 14);
}

/* RFC 5508 REQ-1a: one identifier, whoever is asked. */
static void
query_mapping_is_endpoint_independent(void **state)
{
	struct harness_packet p = from_inside(IPPROTO_ICMP), first, second;

	(void)state;
	first = harness_pass(&h, &p, NAT_OUTSIDE);
	p.dst = SERVER + 1;
	second = harness_pass(&h, &p, NAT_OUTSIDE);
	assert_int_equal(first.src, second.src);
	assert_int_equal(first.src_port, second.src_port);
}

/* ---- errors ------------------------------------------------------------------------------------------ */

/* RFC 5508 REQ-3a. Killed by: not looking at the embedded header's checksum. */
static void
error_with_a_damaged_quote_is_dropped(void **state)
{
	struct harness_packet p = from_inside(IPPROTO_UDP), out, error;
	struct rte_mbuf *m;

	(void)state;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	error = error_about(&out);
	m = harness_build(&h, &error);
	rte_pktmbuf_mtod(m, uint8_t *)[AT_QUOTE + 8] ^= 1; /* its time to live */
	mend(m);
	harness_send(&h, NAT_OUTSIDE, m, 0);
	assert_int_equal(harness_counter(&h, NAT_drop_icmp_error), 1);
	assert_null(harness_take(&h, NAT_INSIDE));
}

/* RFC 5508 REQ-3b. Killed by: taking the transport header right behind 20 bytes. */
static void
options_in_the_quote_are_passed_over(void **state)
{
	struct harness_packet p = from_inside(IPPROTO_UDP), out, error, got;
	struct rte_ipv4_hdr *quote;
	struct rte_mbuf *m;

	(void)state;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	error = error_about(&out);
	error.quoted_size = 28;
	m = harness_build(&h, &error);
	lengthen(m, 4);
	quote = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, AT_QUOTE);
	memmove((uint8_t *)quote + 24, (uint8_t *)quote + 20, 8);
	memset((uint8_t *)quote + 20, 1, 4); /* no operation */
	quote->version_ihl = 0x46;
	quote->total_length = RTE_BE16(32);
	quote->hdr_checksum = 0;
	quote->hdr_checksum = (uint16_t)~rte_raw_cksum(quote, 24);
	mend(m);
	m = pass(m, NAT_OUTSIDE);
	got = harness_parse(m);
	assert_int_equal(got.quoted->src, SUBSCRIBER);
	assert_int_equal(got.quoted->src_port, 5000);
	rte_pktmbuf_free(m);
}

/* RFC 5508 REQ-3d, REQ-4b: type, code, the word behind them and extensions (RFC 4884) stay. Killed by: cutting off
 * what is behind the quote, or clearing a field. */
static void
errors_keep_what_is_not_translated(void **state)
{
	struct harness_packet p = from_inside(IPPROTO_UDP), out, error;
	uint8_t *bytes;
	struct rte_mbuf *m;
	uint16_t size;

	(void)state;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	error = error_about(&out);
	m = harness_build(&h, &error);
	memcpy(lengthen(m, 12), "\x20\0\x12\x34\0\x8\1\1\xab\xcd\xef\1", 12);
	bytes = rte_pktmbuf_mtod_offset(m, uint8_t *, AT_ICMP);
	bytes[1] = 4;
	memcpy(bytes + 4, "\0\x11\x05\x78", 4); /* length of the quote, next-hop MTU */
	mend(m);
	size = rte_pktmbuf_data_len(m);
	m = pass(m, NAT_OUTSIDE);
	assert_int_equal(rte_pktmbuf_data_len(m), size);
	bytes = rte_pktmbuf_mtod_offset(m, uint8_t *, AT_ICMP);
	assert_int_equal(bytes[0], 3);
	assert_int_equal(bytes[1], 4);
	assert_memory_equal(bytes + 4, "\0\x11\x05\x78", 4);
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *) + size - 12,
			    "\x20\0\x12\x34\0\x8\1\1\xab\xcd\xef\1", 12);
	rte_pktmbuf_free(m);
}

/* RFC 4787 REQ-12, RFC 5382 REQ-10, RFC 5508 REQ-6. Killed by: ending or prolonging a mapping by an error. */
static void
errors_end_no_mapping(void **state)
{
	static const uint8_t types[] = {3, 11, 12};
	struct harness_packet p = from_inside(IPPROTO_TCP), out, back, error;
	uint64_t last_seen;

	(void)state;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	back = answer_to(&out);
	back.tcp_flags = SYNACK;
	harness_pass(&h, &back, NAT_INSIDE);
	p.tcp_flags = 0x10;
	harness_pass(&h, &p, NAT_OUTSIDE);
	last_seen = harness_session(&h, SUBSCRIBER, 5000, IPPROTO_TCP)->last_seen;
	harness_wait(&h, 60 * HARNESS_SECOND);
	error = error_about(&out);
	for (size_t i = 0; i < RTE_DIM(types); i++) {
		error.icmp_type = types[i];
		harness_pass(&h, &error, NAT_INSIDE);
	}
	assert_int_equal(harness_session(&h, SUBSCRIBER, 5000, IPPROTO_TCP)->tcp_state,
			 NF_TCP_ESTABLISHED);
	assert_int_equal(harness_session(&h, SUBSCRIBER, 5000, IPPROTO_TCP)->last_seen, last_seen);
	back.tcp_flags = 0x10;
	harness_pass(&h, &back, NAT_INSIDE);
}

/* ---- hairpinning ------------------------------------------------------------------------------------------ */

/* RFC 5382 REQ-8: a whole connection between two subscribers, each seen by its external endpoint. */
static void
tcp_connects_through_the_hairpin(void **state)
{
	struct harness_packet server = from_inside(IPPROTO_TCP), client = server, outside, got;

	(void)state;
	server.src = IP(100, 64, 5, 201);
	outside = harness_pass(&h, &server, NAT_OUTSIDE);
	client.dst = outside.src;
	client.dst_port = outside.src_port;
	got = harness_pass(&h, &client, NAT_INSIDE);
	assert_int_equal(got.dst, IP(100, 64, 5, 201));
	assert_int_equal(got.tcp_flags, SYN);
	server.dst = got.src;
	server.dst_port = got.src_port;
	server.tcp_flags = SYNACK;
	got = harness_pass(&h, &server, NAT_INSIDE);
	assert_int_equal(got.dst, SUBSCRIBER);
	assert_int_equal(got.dst_port, 5000);
	assert_int_equal(got.src, outside.src);
	assert_int_equal(got.src_port, outside.src_port);
	client.tcp_flags = 0x10;
	harness_pass(&h, &client, NAT_INSIDE);
	assert_int_equal(harness_session(&h, SUBSCRIBER, 5000, IPPROTO_TCP)->tcp_state,
			 NF_TCP_ESTABLISHED);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_default, close_it)
	const struct CMUnitTest tests[] = {
		TEST(timestamp_queries_pass),
		TEST(query_mapping_is_endpoint_independent),
		TEST(error_with_a_damaged_quote_is_dropped),
		TEST(options_in_the_quote_are_passed_over),
		TEST(errors_keep_what_is_not_translated),
		TEST(errors_end_no_mapping),
		TEST(tcp_connects_through_the_hairpin),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
