/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets that are too long for the side they leave on, and the NAT's own ICMP errors. Each test names what
 * kills it.
 */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#define MTU 700u

static struct harness h;

static void
open_with(void (*change)(struct nat_config *))
{
	struct nat_config config;

	harness_defaults(&config);
	if (change != NULL)
		change(&config);
	harness_open(&h, &config, true);
}

static void
set_outside(struct nat_config *config)
{
	config->sides[NAT_OUTSIDE].mtu = MTU;
}

static void
set_inside(struct nat_config *config)
{
	config->sides[NAT_INSIDE].mtu = MTU;
}

static int
open_default(void **state)
{
	(void)state;
	open_with(NULL);
	return 0;
}

static int
open_short_outside(void **state)
{
	(void)state;
	open_with(set_outside);
	return 0;
}

static int
open_short_inside(void **state)
{
	(void)state;
	open_with(set_inside);
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
packet(uint16_t src_port, uint16_t payload)
{
	return (struct harness_packet){.side = NAT_INSIDE,
				       .protocol = IPPROTO_UDP,
				       .src = SUBSCRIBER,
				       .src_port = src_port,
				       .dst = SERVER,
				       .dst_port = 53,
				       .payload = payload};
}

static struct harness_packet
answer_to(const struct harness_packet *out, uint16_t payload)
{
	struct harness_packet p = *out;

	p.side = NAT_OUTSIDE;
	p.src = out->dst;
	p.dst = out->src;
	p.src_port = out->dst_port;
	p.dst_port = out->src_port;
	p.payload = payload;
	p.id = 0;
	p.ttl = 60;
	return p;
}

/* ---- cutting ------------------------------------------------------------------------------------------ */

/* harness_join() checks offsets, lengths and all checksums. Killed by: a fragment too long or
 * overlapping, MF missing, the last one of 576..MTU bytes cut once more. */
static void
long_packets_leave_in_pieces(void **state)
{
	/* Payloads around the edges of one, two and three fragments of 680 bytes. */
	static const struct {
		uint16_t payload;
		uint32_t n_pieces;
	} cases[] = {{MTU - 28, 1}, {MTU - 27, 2}, {1352, 2}, {1353, 3}, {1800, 3}};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct harness_packet p = packet((uint16_t)(1 + i), cases[i].payload), out;
		uint32_t n;

		harness_send(&h, NAT_INSIDE, harness_build(&h, &p), 0);
		out = harness_join(&h, NAT_OUTSIDE, MTU, &n);
		assert_int_equal(n, cases[i].n_pieces);
		assert_int_equal(out.dst, SERVER);
		assert_int_equal(out.ttl, 63);
		assert_int_not_equal(out.id, 0x1234); /* RFC 6864 */
	}
	assert_int_equal(harness_counter(&h, NAT_fragmented), 4);
	assert_int_equal(harness_counter(&h, NAT_translated_out), 5);
}

static void
long_packets_from_outside_are_cut_too(void **state)
{
	struct harness_packet p = packet(1, 10), out = harness_pass(&h, &p, NAT_OUTSIDE), back;
	uint32_t n;

	(void)state;
	p = answer_to(&out, 1400);
	p.id = 77;
	harness_send(&h, NAT_OUTSIDE, harness_build(&h, &p), 0);
	back = harness_join(&h, NAT_INSIDE, MTU, &n);
	assert_int_equal(n, 3);
	assert_int_equal(back.dst, SUBSCRIBER);
	assert_int_equal(back.dst_port, 1);
	assert_int_equal(back.id, 77);
}

/* Fragments of 1,000 and 808 bytes, each cut again. Killed by: an offset that begins at zero, MF of the last piece
 * of a fragment that is not the last. */
static void
fragments_are_cut_further(void **state)
{
	struct harness_packet p = packet(1, 1800), out;
	struct rte_mbuf *whole = harness_build(&h, &p), *m, *pieces[NF_MAX_PIECES];
	uint16_t n_sent = nf_mtu_fragment(whole, 14, 1020, h.pool, pieces);
	uint32_t n;

	(void)state;
	assert_int_equal(n_sent, 2);
	for (uint16_t i = n_sent; i-- > 0;) {
		memcpy(rte_pktmbuf_mtod(pieces[i], void *), rte_pktmbuf_mtod(whole, void *), 14);
		harness_send(&h, NAT_INSIDE, pieces[i], 0);
	}
	out = harness_join(&h, NAT_OUTSIDE, MTU, &n);
	assert_int_equal(n, 4);
	assert_int_equal(out.dst, SERVER);
	m = whole;
	rte_pktmbuf_free(m);
}

/* RFC 791: of the options only those with the copied bit stand in later fragments. */
static void
options_are_copied_as_they_say(void **state)
{
	static const uint8_t options[12] = {7,    3, 4, 1,  /* record route, nothing */
					    0x83, 3, 4, 1,  /* loose source route */
					    68,   4, 5, 0}; /* timestamp */
	static const uint8_t later[12] = {1, 1, 1, 1, 0x83, 3, 4, 1, 1, 1, 1, 1};
	struct harness_packet p = packet(1, 900);
	struct rte_mbuf *whole = harness_build(&h, &p), *pieces[NF_MAX_PIECES];
	uint8_t headers[34], *frame;

	(void)state;
	memcpy(headers, rte_pktmbuf_mtod(whole, void *), sizeof(headers));
	frame = (uint8_t *)rte_pktmbuf_prepend(whole, sizeof(options));
	memcpy(frame, headers, sizeof(headers));
	memcpy(frame + 34, options, sizeof(options));
	frame[14] = 0x48;
	frame[16] = 3;
	frame[17] = 0xc4; /* 20 + 12 + 8 + 900, and 24 bytes that are not there */
	rte_pktmbuf_append(whole, 24);
	assert_int_equal(nf_mtu_fragment(whole, 14, MTU, h.pool, pieces), 2);
	for (int i = 0; i < 2; i++) {
		const uint8_t *f = rte_pktmbuf_mtod(pieces[i], const uint8_t *);

		assert_memory_equal(f + 34, i == 0 ? options : later, sizeof(options));
		assert_int_equal(rte_raw_cksum(f + 14, 32), 0xffff);
		assert_int_equal(f[16] << 8 | f[17], i == 0 ? 32 + 664 : 32 + 268);
	}
	rte_pktmbuf_free_bulk(pieces, 2);
	/* An option that is longer than the header is left alone, and nothing beyond it is read. */
	frame[35] = 40;
	assert_int_equal(nf_mtu_fragment(whole, 14, MTU, h.pool, pieces), 2);
	rte_pktmbuf_free_bulk(pieces, 2);
	rte_pktmbuf_free(whole);
}

/* Payload in further segments of the mbuf. */
static void
segments_are_cut(void **state)
{
	struct harness_packet p = packet(1, 1200), out;
	struct rte_mbuf *m = harness_build(&h, &p), *rest;
	uint32_t n;

	(void)state;
	rest = harness_raw(&h, rte_pktmbuf_mtod_offset(m, uint8_t *, 500), 742);
	rte_pktmbuf_trim(m, 742);
	assert_int_equal(rte_pktmbuf_chain(m, rest), 0);
	harness_send(&h, NAT_INSIDE, m, 0);
	out = harness_join(&h, NAT_OUTSIDE, MTU, &n);
	assert_int_equal(n, 2);
	assert_int_equal(out.dst, SERVER);
}

/* Killed by: a piece that is not freed when the next one finds no memory. */
static void
no_memory_for_pieces_is_counted(void **state)
{
	static struct rte_mbuf *all[4096];
	struct harness_packet p = packet(1, 1800);
	struct rte_mbuf *m = harness_build(&h, &p);
	uint32_t n = 0;

	(void)state;
	while ((all[n] = rte_pktmbuf_alloc(h.pool)) != NULL)
		n++;
	rte_pktmbuf_free_bulk(&all[n -= 2], 2); /* three are needed */
	harness_send(&h, NAT_INSIDE, m, 0);
	assert_int_equal(harness_counter(&h, NF_no_mbuf), 1);
	assert_int_equal(harness_in_use(&h), n);
	rte_pktmbuf_free_bulk(all, n);
}

/* ---- fragmentation needed -------------------------------------------------------------------------------- */

/* RFC 1191; both ways, with the packet as its sender knows it. Killed by: telling after the translation,
 * a mapping for a packet that does not leave, the MTU of the wrong side. */
static void
sender_is_told_the_mtu(void **state)
{
	struct harness_packet p = packet(1, MTU - 27), told;

	(void)state;
	p.dont_fragment = true;
	told = harness_pass(&h, &p, NAT_INSIDE);
	assert_int_equal(told.icmp_type, 3);
	assert_int_equal(told.icmp_code, 4);
	assert_int_equal(told.icmp_mtu, MTU);
	assert_int_equal(told.src, IP(100, 64, 0, 1));
	assert_int_equal(told.dst, SUBSCRIBER);
	assert_int_equal(told.quoted->src, SUBSCRIBER);
	assert_int_equal(told.quoted->src_port, 1);
	assert_int_equal(harness_n_sessions(&h), 0);
	assert_int_equal(harness_counter(&h, NAT_too_big_sent), 1);
	assert_int_equal(harness_counter(&h, NAT_drop_too_big), 1);
	p.payload--;
	assert_true(harness_pass(&h, &p, NAT_OUTSIDE).dont_fragment);
}

static void
sender_outside_is_told_the_mtu(void **state)
{
	struct harness_packet p = packet(1, 10), out = harness_pass(&h, &p, NAT_OUTSIDE), told;

	(void)state;
	p = answer_to(&out, MTU);
	p.dont_fragment = true;
	told = harness_pass(&h, &p, NAT_OUTSIDE);
	assert_int_equal(told.icmp_code, 4);
	assert_int_equal(told.icmp_mtu, MTU);
	assert_int_equal(told.src, IP(203, 0, 113, 1));
	assert_int_equal(told.dst, SERVER);
	assert_int_equal(told.quoted->dst, out.src);
	assert_int_equal(told.quoted->dst_port, out.src_port);
}

/* Errors are not answered, and not cut if they may not be. */
static void
errors_that_are_too_long_are_dropped(void **state)
{
	struct harness_packet p = packet(1, 1000), out, error;

	(void)state;
	p.payload = 10;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	out.payload = 1000;
	error = (struct harness_packet){.side = NAT_OUTSIDE,
					.protocol = IPPROTO_ICMP,
					.src = IP(192, 0, 2, 1),
					.dst = out.src,
					.icmp_type = 3,
					.dont_fragment = true,
					.quoted = &out};
	harness_dropped(&h, &error, NAT_drop_too_big);
	assert_int_equal(harness_counter(&h, NAT_too_big_sent), 0);
}

/* RFC 5508 REQ-4: what a router on the way says of its MTU comes through as it is. */
static void
mtu_of_others_is_kept(void **state)
{
	struct harness_packet p = packet(1, 1000), out = harness_pass(&h, &p, NAT_OUTSIDE), back;

	(void)state;
	out.payload = p.payload;
	p = (struct harness_packet){.side = NAT_OUTSIDE,
				    .protocol = IPPROTO_ICMP,
				    .src = IP(192, 0, 2, 1),
				    .dst = out.src,
				    .icmp_type = 3,
				    .icmp_code = 4,
				    .icmp_mtu = 1280,
				    .quoted = &out,
				    .quoted_size = 528};
	back = harness_pass(&h, &p, NAT_INSIDE);
	assert_int_equal(back.icmp_code, 4);
	assert_int_equal(back.icmp_mtu, 1280);
	assert_int_equal(back.quoted->src, SUBSCRIBER);
}

/* A destination that is not translated, with and without "don't fragment". */
static void
exempt_packets_obey_the_mtu(void **state)
{
	struct harness_packet p = packet(1, 1000), out;
	uint32_t n;

	(void)state;
	h.nat->config.n_exempt = 1;
	h.nat->config.exempt[0] = (struct nat_exempt){.prefix = {SERVER, UINT32_MAX}};
	harness_send(&h, NAT_INSIDE, harness_build(&h, &p), 0);
	out = harness_join(&h, NAT_OUTSIDE, MTU, &n);
	assert_int_equal(n, 2);
	assert_int_equal(out.src, SUBSCRIBER);
	assert_int_equal(out.id, 0x1234);
	p.dont_fragment = true;
	assert_int_equal(harness_pass(&h, &p, NAT_INSIDE).icmp_mtu, MTU);
}

/* ---- refused mappings -------------------------------------------------------------------------------------- */

static void
set_limits(struct nat_config *config)
{
	config->max_sessions_per_subscriber = 1;
	config->capacity = 2;
	config->tcp_pickup = false;
}

static int
open_limits(void **state)
{
	(void)state;
	open_with(set_limits);
	return 0;
}

/* RFC 6888 REQ-11, RFC 5508 REQ-8. Killed by: the wrong code, or no rate. */
static void
refused_mappings_are_told(void **state)
{
	struct harness_packet p = packet(1, 10), tcp;

	(void)state;
	harness_pass(&h, &p, NAT_OUTSIDE);
	p.src_port = 2;
	harness_refused(&h, &p, 1, NAT_drop_limit);
	tcp = p;
	tcp.protocol = IPPROTO_TCP;
	harness_refused(&h, &tcp, 13, NAT_drop_tcp_prohibited);
	tcp.tcp_flags = 4;
	harness_dropped(&h, &tcp, NAT_drop_tcp_no_syn); /* a reset is never answered */
	p.src = IP(100, 64, 3, 8);
	harness_pass(&h, &p, NAT_OUTSIDE);
	p.src = IP(100, 64, 3, 9);
	harness_refused(&h, &p, 1, NAT_drop_table_full);
	for (uint32_t i = 0; i < NF_ERRORS_PER_S; i++) {
		p.ttl = i % 2 == 0 ? 1 : 64; /* one rate for all kinds */
		harness_send(&h, NAT_INSIDE, harness_build(&h, &p), 0);
		harness_drain(&h, NAT_INSIDE);
	}
	assert_int_equal(harness_counter(&h, NAT_unreachable_sent) +
				 harness_counter(&h, NAT_time_exceeded_sent),
			 NF_ERRORS_PER_S);
	harness_wait(&h, HARNESS_SECOND);
	p.ttl = 64;
	harness_refused(&h, &p, 1, NAT_drop_table_full);
}

/* RFC 1812 section 4.3.2.7. */
static void
nobody_is_told_who_must_not_be(void **state)
{
	struct harness_packet p = packet(1, 10);

	(void)state;
	p.ttl = 1;
	p.dst = IP(224, 0, 0, 5);
	harness_dropped(&h, &p, NAT_drop_bad_address);
	p.dst = SERVER;
	p.src = IP(127, 0, 0, 1);
	harness_dropped(&h, &p, NAT_drop_ttl);
	p.src = IP(9, 9, 9, 9); /* does not belong inside */
	harness_dropped(&h, &p, NAT_drop_ttl);
	assert_int_equal(harness_counter(&h, NAT_time_exceeded_sent), 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_default, close_it)
#define TEST_WITH(f, open) cmocka_unit_test_setup_teardown(f, open, close_it)
	const struct CMUnitTest tests[] = {
		TEST_WITH(long_packets_leave_in_pieces, open_short_outside),
		TEST_WITH(long_packets_from_outside_are_cut_too, open_short_inside),
		TEST_WITH(fragments_are_cut_further, open_short_outside),
		TEST(options_are_copied_as_they_say),
		TEST_WITH(segments_are_cut, open_short_outside),
		TEST_WITH(no_memory_for_pieces_is_counted, open_short_outside),
		TEST_WITH(sender_is_told_the_mtu, open_short_outside),
		TEST_WITH(sender_outside_is_told_the_mtu, open_short_inside),
		TEST_WITH(errors_that_are_too_long_are_dropped, open_short_inside),
		TEST(mtu_of_others_is_kept),
		TEST_WITH(exempt_packets_obey_the_mtu, open_short_outside),
		TEST_WITH(refused_mappings_are_told, open_limits),
		TEST(nobody_is_told_who_must_not_be),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
