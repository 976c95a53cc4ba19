/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams in fragments, in every order, in both directions. What leaves is put together again here, and
 * must be what a whole packet would have been, checksum included. Each test names what kills it.
 */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#define N_PIECES 3
#define PIECE 256u
#define PAYLOAD 600u
#define IP_AT 14u
#define L4_AT 34u

static struct harness h;
static uint16_t next_id;
static enum nat_filtering filtering;
static bool is_roomy;

/* ---- slim_return(), taken by the linker's --wrap ---------------------------------------------- */

static struct rte_mbuf *returned[NAT_FRAGMENTS_PER_DATAGRAM];
static uint16_t n_returned;
static uint16_t returned_port;
static bool refuses;

uint16_t __wrap_slim_return(struct slim_worker *w, uint16_t port, struct rte_mbuf **pkts,
			    uint16_t n);

uint16_t
__wrap_slim_return(struct slim_worker *w, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	(void)w;
	if (refuses)
		return 0;
	for (uint16_t i = 0; i < n; i++)
		returned[n_returned++] = pkts[i];
	returned_port = port;
	return n;
}

/* ---- set-up ---------------------------------------------------------------------------------------- */

static void
open_with(uint16_t n_workers, bool active)
{
	struct nat_config config;

	harness_defaults(&config);
	config.n_workers = n_workers;
	config.filtering = filtering;
	config.peers = 1024;
	config.fragments = is_roomy ? 256 : 64;
	config.fragments_waiting = is_roomy ? 200 : 80;
	config.timeouts.fragment_ns = 2 * HARNESS_SECOND;
	harness_open(&h, &config, active);
	n_returned = 0;
	refuses = false;
}

/* Where the peer's port counts, a later fragment has it, too. */
static int
open_filtering(void **state)
{
	(void)state;
	filtering = NAT_FILTERING_ADDRESS_AND_PORT;
	open_with(3, true);
	filtering = NAT_FILTERING_ENDPOINT_INDEPENDENT;
	return 0;
}

static int
open_one(void **state)
{
	(void)state;
	open_with(1, true);
	return 0;
}

static int
open_roomy(void **state)
{
	(void)state;
	is_roomy = true;
	open_with(1, true);
	is_roomy = false;
	return 0;
}

static int
open_three(void **state)
{
	(void)state;
	open_with(3, true);
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
packet(uint8_t protocol, uint16_t src_port)
{
	return (struct harness_packet){.side = NAT_INSIDE,
				       .protocol = protocol,
				       .src = SUBSCRIBER,
				       .src_port = src_port,
				       .dst = SERVER,
				       .dst_port = 53,
				       .tcp_flags = 2,
				       .icmp_type = 8,
				       .payload = PAYLOAD};
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
	p.tcp_flags = 0x12;
	p.ttl = 60;
	p.payload = PAYLOAD;
	return p;
}

/* ---- cutting and putting together ------------------------------------------------------------------- */

static void
put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint16_t
get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t
header_sum(const uint8_t *frame)
{
	uint32_t sum = 0;

	for (uint32_t i = IP_AT; i < L4_AT; i += 2)
		sum += get16(frame + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void
mend(uint8_t *frame)
{
	put16(frame + IP_AT + 10, 0);
	put16(frame + IP_AT + 10, ~header_sum(frame));
}

/* Bytes [from, from + size) behind the IPv4 header as a fragment. */
static struct rte_mbuf *
cut(const struct rte_mbuf *whole, uint16_t id, uint16_t from, uint16_t size, bool more)
{
	struct rte_mbuf *m = harness_raw(&h, rte_pktmbuf_mtod(whole, uint8_t *), L4_AT);
	uint8_t *frame;

	memcpy(rte_pktmbuf_append(m, size), rte_pktmbuf_mtod_offset(whole, uint8_t *, L4_AT + from),
	       size);
	frame = rte_pktmbuf_mtod(m, uint8_t *);
	put16(frame + IP_AT + 2, 20u + size);
	put16(frame + IP_AT + 4, id);
	put16(frame + IP_AT + 6, (more ? 0x2000u : 0) | from / 8u);
	mend(frame);
	return m;
}

static void
cut_up(const struct harness_packet *p, uint16_t id, struct rte_mbuf *pieces[N_PIECES])
{
	struct rte_mbuf *whole = harness_build(&h, p);
	uint16_t size = (uint16_t)(get16(rte_pktmbuf_mtod(whole, uint8_t *) + IP_AT + 2) - 20u);

	for (uint16_t i = 0; i < N_PIECES; i++) {
		uint16_t from = (uint16_t)(i * PIECE);

		pieces[i] = cut(whole, id, from, (uint16_t)RTE_MIN(PIECE, (uint32_t)(size - from)),
				i + 1 < N_PIECES);
	}
	rte_pktmbuf_free(whole);
}

static struct harness_packet
join(uint8_t side, uint16_t *ret_id)
{
	uint32_t n_pieces;
	struct harness_packet p = harness_join(&h, side, 1500, &n_pieces);

	assert_int_equal(n_pieces, N_PIECES);
	if (ret_id != NULL)
		*ret_id = p.id;
	return p;
}

static const uint8_t orders[][N_PIECES] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
					   {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

/* Sends a datagram with its pieces in an order, each to another worker. */
static struct harness_packet
pass_pieces(const struct harness_packet *p, const uint8_t order[N_PIECES], uint8_t to_side,
	    uint16_t *ret_id)
{
	struct rte_mbuf *pieces[N_PIECES];

	cut_up(p, next_id++, pieces);
	for (uint16_t i = 0; i < N_PIECES; i++)
		harness_send(&h, p->side, pieces[order[i]], i % h.config.n_workers);
	return join(to_side, ret_id);
}

static void
assert_dropped(struct rte_mbuf *m, uint8_t side, unsigned int counter)
{
	uint64_t before = harness_counter(&h, counter);

	harness_send(&h, side, m, 0);
	assert_int_equal(harness_counter(&h, counter), before + 1);
	assert_null(harness_take(&h, NAT_INSIDE));
	assert_null(harness_take(&h, NAT_OUTSIDE));
}

static void
assert_equal(const struct harness_packet *a, const struct harness_packet *b)
{
	assert_int_equal(a->src, b->src);
	assert_int_equal(a->dst, b->dst);
	assert_int_equal(a->src_port, b->src_port);
	assert_int_equal(a->dst_port, b->dst_port);
	assert_int_equal(a->ttl, b->ttl);
}

static uint32_t
n_known(void)
{
	uint32_t n = 0;

	for (uint16_t w = 0; w < h.config.n_workers; w++)
		n += nat_fragments_of(&h.nat->fragments, w)->share.n_slots -
		     nat_fragments_of(&h.nat->fragments, w)->share.n_free;
	return n;
}

static const struct nat_fragment *
only_row(uint32_t *ret_slot)
{
	const struct nat_fragment *row = NULL;

	for (uint32_t slot = 0; slot < h.nat->fragments.shares.capacity; slot++) {
		const struct nat_fragment *entry = slim_slot(h.nat->fragments.shares.table, slot);

		if (!((const struct slim_slot_head *)(const void *)entry - 1)->used)
			continue;
		assert_null(row);
		row = entry;
		*ret_slot = slot;
	}
	assert_non_null(row);
	return row;
}

/* ---- through ------------------------------------------------------------------------------------------ */

/* Killed by: rewriting a later fragment's payload, a bucket that is not the same for all of them, an
 * order of the pieces that is not waited for. */
static void
every_order_and_direction(uint8_t protocol)
{
	struct harness_packet out, back, whole, p;

	for (size_t i = 0; i < RTE_DIM(orders); i++) {
		p = packet(protocol, (uint16_t)(5000 + i));
		/* A mapping is made by the first fragment as by a packet. */
		out = pass_pieces(&p, orders[i], NAT_OUTSIDE, NULL);
		whole = harness_pass(&h, &p, NAT_OUTSIDE);
		assert_equal(&out, &whole);
		p = answer_to(&out);
		back = pass_pieces(&p, orders[i], NAT_INSIDE, NULL);
		whole = harness_pass(&h, &p, NAT_INSIDE);
		assert_equal(&back, &whole);
		assert_int_equal(back.dst, SUBSCRIBER);
	}
	assert_int_equal(harness_n_sessions(&h), RTE_DIM(orders));
}

static void
udp_in_every_order(void **state)
{
	(void)state;
	every_order_and_direction(IPPROTO_UDP);
	/* Of each 6 orders these come early: 0 0 1 2 1 2. */
	assert_int_equal(harness_counter(&h, NAT_fragment_early), 2 * 6);
}

static void
tcp_in_every_order(void **state)
{
	(void)state;
	every_order_and_direction(IPPROTO_TCP);
}

static void
echo_in_every_order(void **state)
{
	(void)state;
	every_order_and_direction(IPPROTO_ICMP);
}

static void
hairpin_in_every_order(void **state)
{
	struct harness_packet server = packet(IPPROTO_UDP, 7000), p, out, got;

	(void)state;
	server.src = IP(100, 64, 5, 200);
	server = harness_pass(&h, &server, NAT_OUTSIDE);
	p = packet(IPPROTO_UDP, 5000);
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	/* Which the server's filter lets in. */
	p = packet(IPPROTO_UDP, 7000);
	p.src = IP(100, 64, 5, 200);
	p.dst = out.src;
	p.dst_port = out.src_port;
	harness_send(&h, NAT_INSIDE, harness_build(&h, &p), 0);
	rte_pktmbuf_free(harness_take(&h, NAT_INSIDE));
	p = packet(IPPROTO_UDP, 5000);
	p.dst = server.src;
	p.dst_port = server.src_port;
	for (size_t i = 0; i < RTE_DIM(orders); i++) {
		got = pass_pieces(&p, orders[i], NAT_INSIDE, NULL);
		assert_int_equal(got.src, out.src);
		assert_int_equal(got.src_port, out.src_port);
		assert_int_equal(got.dst, IP(100, 64, 5, 200));
		assert_int_equal(got.dst_port, 7000);
		assert_int_equal(got.ttl, 63);
	}
	/* Its second half is no datagram of its own. */
	harness_wait(&h, 0);
	assert_int_equal(n_known(), RTE_DIM(orders));
}

/* Two subscribers use one identification to one server, from one external address. Killed by: keeping
 * it, or giving one for each fragment (join() compares). */
static void
identifications_are_the_nats_own(void **state)
{
	struct harness_packet a = packet(IPPROTO_UDP, 1), b = packet(IPPROTO_UDP, 1);
	uint16_t id_a, id_b, id_in;

	(void)state;
	b.src = IP(100, 64, 3, 8);
	next_id = 77;
	a = pass_pieces(&a, orders[3], NAT_OUTSIDE, &id_a);
	next_id = 77;
	pass_pieces(&b, orders[1], NAT_OUTSIDE, &id_b);
	assert_int_not_equal(id_a, id_b);
	/* From outside it is the sender's. */
	next_id = 77;
	a = answer_to(&a);
	pass_pieces(&a, orders[0], NAT_INSIDE, &id_in);
	assert_int_equal(id_in, 77);
}

/* RFC 6864 section 5.3.1: whole datagrams that may be cut later, too, on every way that leaves under an address of
 * the NAT's. What may not be cut keeps what it has. Killed by: a way without it, one for atomic
 * ones, a checksum that is forgotten (the harness looks). */
static void
what_may_be_cut_has_an_identification_of_its_own(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP};
	struct harness_packet a, b, server, error, quoted;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(protocols); i++) {
		a = b = packet(protocols[i], 1);
		b.src = IP(100, 64, 3, 8);
		a = harness_pass(&h, &a, NAT_OUTSIDE);
		b = harness_pass(&h, &b, NAT_OUTSIDE);
		assert_int_not_equal(a.id, 0x1234);
		assert_int_not_equal(b.id, 0x1234);
		assert_int_not_equal(a.id, b.id);
		b = packet(protocols[i], 1);
		b.dont_fragment = true;
		assert_int_equal(harness_pass(&h, &b, NAT_OUTSIDE).id, 0x1234);
		b = answer_to(&a);
		b.id = 77;
		assert_int_equal(harness_pass(&h, &b, NAT_INSIDE).id, 77);
	}
	server = packet(IPPROTO_UDP, 7000);
	server.src = IP(100, 64, 5, 200);
	server = harness_pass(&h, &server, NAT_OUTSIDE);
	a = packet(IPPROTO_UDP, 1);
	a.dst = server.src;
	a.dst_port = server.src_port;
	a = harness_pass(&h, &a, NAT_INSIDE);
	assert_int_not_equal(a.id, 0x1234);
	quoted = packet(IPPROTO_UDP, 1);
	a = harness_pass(&h, &quoted, NAT_OUTSIDE);
	quoted = answer_to(&quoted);
	quoted.payload = 0;
	error = (struct harness_packet){.side = NAT_INSIDE,
					.protocol = IPPROTO_ICMP,
					.src = SUBSCRIBER,
					.dst = SERVER,
					.icmp_type = 3,
					.icmp_code = 3,
					.quoted = &quoted};
	quoted.dst = SUBSCRIBER;
	a = harness_pass(&h, &error, NAT_OUTSIDE);
	assert_int_not_equal(a.id, 0x1234);
	assert_int_not_equal(a.id, 0);
	error.dont_fragment = true;
	assert_int_equal(harness_pass(&h, &error, NAT_OUTSIDE).id, 0x1234);
}

/* Behind two addresses, to one server. Killed by: a counter of each subscriber's own. */
static void
no_two_behind_an_address_share_an_identification(void **state)
{
	static bool seen[2][65536];

	(void)state;
	memset(seen, 0, sizeof(seen));
	for (uint32_t i = 0; i < 10000; i++) {
		struct harness_packet p = packet(IPPROTO_UDP, 1);

		p.src = IP(100, 64, 3, 2) + i % 250;
		p = harness_pass(&h, &p, NAT_OUTSIDE);
		assert_false(seen[p.src & 1][p.id]);
		seen[p.src & 1][p.id] = true;
	}
}

/* The NAT's own: not one counter for everybody. */
static void
own_datagrams_have_identifications_too(void **state)
{
	struct harness_packet p = packet(IPPROTO_ICMP, 1);
	uint16_t ids[4];

	(void)state;
	p.dst = IP(100, 64, 0, 1);
	ids[0] = harness_pass(&h, &p, NAT_INSIDE).id;
	p.src = IP(100, 64, 3, 8);
	ids[1] = harness_pass(&h, &p, NAT_INSIDE).id;
	p.dst = SERVER;
	p.ttl = 1;
	ids[2] = harness_pass(&h, &p, NAT_INSIDE).id;
	p.src = SUBSCRIBER;
	ids[3] = harness_pass(&h, &p, NAT_INSIDE).id;
	for (int i = 0; i < 4; i++) {
		assert_int_not_equal(ids[i], 0x1234);
		assert_int_not_equal(ids[i], 0);
	}
	assert_true((uint16_t)(ids[1] - ids[0]) > 8);
	assert_true((uint16_t)(ids[3] - ids[2]) > 8);
}

/* RFC 5508: the embedded packet is the first fragment of a datagram. */
static void
errors_about_a_fragment_are_translated(void **state)
{
	struct harness_packet p = packet(IPPROTO_UDP, 5000), out, error, back;
	struct rte_mbuf *m;
	uint8_t *frame;
	uint32_t sum;

	(void)state;
	out = pass_pieces(&p, orders[0], NAT_OUTSIDE, NULL);
	out.payload = PAYLOAD;
	error = (struct harness_packet){.side = NAT_OUTSIDE,
					.protocol = IPPROTO_ICMP,
					.src = IP(192, 0, 2, 1),
					.dst = out.src,
					.icmp_type = 11,
					.quoted = &out,
					.quoted_size = 20 + PIECE};
	m = harness_build(&h, &error);
	frame = rte_pktmbuf_mtod(m, uint8_t *);
	/* More fragments; what that adds to the sum of the header is taken from its checksum. */
	frame[42 + 6] |= 0x20;
	sum = get16(frame + 42 + 10);
	put16(frame + 42 + 10, sum >= 0x2000 ? sum - 0x2000 : sum + 0xffff - 0x2000);
	harness_send(&h, NAT_OUTSIDE, m, 0);
	m = harness_take(&h, NAT_INSIDE);
	assert_non_null(m);
	back = harness_parse(m);
	assert_int_equal(back.dst, SUBSCRIBER);
	assert_int_equal(back.quoted->src, SUBSCRIBER);
	assert_int_equal(back.quoted->src_port, 5000);
	rte_pktmbuf_free(m);
}

/* A destination that is not translated: by its address at once, by its port once that is known. */
static void
exempt_fragments_are_routed(void **state)
{
	struct harness_packet p = packet(IPPROTO_UDP, 5000), out;
	struct rte_mbuf *pieces[N_PIECES];

	(void)state;
	h.nat->config.n_exempt = 1;
	h.nat->config.exempt[0] = (struct nat_exempt){.prefix = {SERVER, UINT32_MAX}};
	for (size_t i = 0; i < RTE_DIM(orders); i++) {
		out = pass_pieces(&p, orders[i], NAT_OUTSIDE, NULL);
		assert_int_equal(out.src, SUBSCRIBER);
	}
	assert_int_equal(harness_counter(&h, NAT_fragment_early), 0);
	h.nat->config.exempt[0].by_port = true;
	h.nat->config.exempt[0].port_first = h.nat->config.exempt[0].port_last = 53;
	for (size_t i = 0; i < RTE_DIM(orders); i++) {
		out = pass_pieces(&p, orders[i], NAT_OUTSIDE, NULL);
		assert_int_equal(out.src, SUBSCRIBER);
		out = answer_to(&out);
		out = pass_pieces(&out, orders[i], NAT_INSIDE, NULL);
		assert_int_equal(out.dst, SUBSCRIBER);
	}
	out = answer_to(&p);
	out.src_port = 54;
	cut_up(&out, 7, pieces);
	for (int i = 0; i < N_PIECES; i++)
		assert_dropped(pieces[i], NAT_OUTSIDE, NAT_drop_not_pool);
	p.dst_port = 54;
	out = pass_pieces(&p, orders[5], NAT_OUTSIDE, NULL);
	assert_int_not_equal(out.src, SUBSCRIBER);
	assert_int_equal(harness_n_sessions(&h), 1);
}

/* ---- refused ---------------------------------------------------------------------------------------------- */

/* RFC 1858, RFC 3128, RFC 791. Killed by: a limit that is off by one in either direction. */
static void
headers_in_pieces_are_dropped(void **state)
{
	struct harness_packet p = packet(IPPROTO_TCP, 1);
	struct rte_mbuf *tcp = harness_build(&h, &p), *udp, *icmp;

	(void)state;
	p.protocol = IPPROTO_UDP;
	udp = harness_build(&h, &p);
	p.protocol = IPPROTO_ICMP;
	icmp = harness_build(&h, &p);
	assert_dropped(cut(tcp, 1, 0, 16, true), NAT_INSIDE, NAT_drop_fragment_header);
	assert_dropped(cut(tcp, 1, 8, 24, true), NAT_INSIDE, NAT_drop_fragment_header);
	assert_dropped(cut(tcp, 1, 16, 24, true), NAT_INSIDE, NAT_drop_fragment_header);
	assert_dropped(cut(udp, 1, 0, 8, true), NAT_OUTSIDE, NAT_drop_not_for_us);
	assert_dropped(cut(udp, 1, 0, 12, true), NAT_INSIDE, NAT_drop_fragment);
	assert_dropped(cut(udp, 1, 8, 0, true), NAT_INSIDE, NAT_drop_fragment);
	assert_int_equal(harness_n_sessions(&h), 0);
	/* The smallest that are good. */
	harness_send(&h, NAT_INSIDE, cut(tcp, 2, 0, 24, true), 0);
	harness_send(&h, NAT_INSIDE, cut(tcp, 2, 24, 8, true), 0);
	harness_send(&h, NAT_INSIDE, cut(udp, 3, 0, 8, true), 0);
	harness_send(&h, NAT_INSIDE, cut(udp, 3, 8, 1, false), 0);
	harness_send(&h, NAT_INSIDE, cut(icmp, 4, 0, 8, true), 0);
	assert_int_equal(harness_counter(&h, NAT_translated_out), 5);
	for (int i = 0; i < 5; i++)
		rte_pktmbuf_free(harness_take(&h, NAT_OUTSIDE));
	rte_pktmbuf_free(tcp);
	rte_pktmbuf_free(udp);
	rte_pktmbuf_free(icmp);
}

/* No datagram is longer than 64 KiB. */
static void
fragments_beyond_a_datagram_are_dropped(void **state)
{
	struct harness_packet p = packet(IPPROTO_UDP, 1);
	struct rte_mbuf *whole = harness_build(&h, &p), *m;
	uint8_t *frame;

	(void)state;
	for (int beyond = 0; beyond < 2; beyond++) {
		m = cut(whole, 1, 8, (uint16_t)(11 + beyond), false);
		frame = rte_pktmbuf_mtod(m, uint8_t *);
		put16(frame + IP_AT + 6, 8188);
		mend(frame);
		if (beyond)
			assert_dropped(m, NAT_INSIDE, NAT_drop_fragment);
		else
			assert_dropped(m, NAT_INSIDE, NAT_fragment_early);
	}
	rte_pktmbuf_free(whole);
}

/* What cannot be finished without putting it together. */
static void
own_and_errors_are_not_put_together(void **state)
{
	struct harness_packet p = packet(IPPROTO_ICMP, 1), quoted = packet(IPPROTO_UDP, 1);
	struct rte_mbuf *whole;

	(void)state;
	p.dst = IP(100, 64, 0, 1);
	whole = harness_build(&h, &p);
	assert_dropped(cut(whole, 1, 0, 64, true), NAT_INSIDE, NAT_drop_own_address);
	assert_dropped(cut(whole, 1, 64, 64, false), NAT_INSIDE, NAT_drop_own_address);
	rte_pktmbuf_free(whole);
	p.dst = SERVER;
	p.icmp_type = 3;
	p.quoted = &quoted;
	whole = harness_build(&h, &p);
	assert_dropped(cut(whole, 1, 0, 64, true), NAT_INSIDE, NAT_drop_icmp_error);
	rte_pktmbuf_free(whole);
}

/* The sender is told once, by the first one (RFC 1812 section 4.3.2.7), and what comes behind it is not forwarded
 * without it, nor what came before. Killed by: a refused first fragment that is forgotten at once. */
static void
later_fragments_are_not_answered(void **state)
{
	struct harness_packet p = packet(IPPROTO_UDP, 1);
	struct rte_mbuf *pieces[N_PIECES], *m;

	(void)state;
	p.ttl = 1;
	cut_up(&p, 9, pieces);
	for (int i = 0; i < N_PIECES; i++)
		harness_send(&h, NAT_INSIDE, pieces[i], 0);
	assert_int_equal(harness_counter(&h, NAT_drop_ttl), 1);
	assert_int_equal(harness_counter(&h, NAT_drop_fragment_refused), 2);
	assert_int_equal(harness_counter(&h, NAT_time_exceeded_sent), 1);
	m = harness_take(&h, NAT_INSIDE);
	assert_int_equal(harness_parse(m).icmp_type, 11);
	rte_pktmbuf_free(m);
	cut_up(&p, 10, pieces);
	for (int i = N_PIECES - 1; i >= 0; i--)
		harness_send(&h, NAT_INSIDE, pieces[i], 0);
	assert_int_equal(harness_counter(&h, NAT_drop_fragment_refused), 4);
	assert_int_equal(nat_fragments_of(&h.nat->fragments, 0)->early.n_packets, 0);
	rte_pktmbuf_free(harness_take(&h, NAT_INSIDE));
	/* The identification may be used again. */
	harness_wait(&h, 2 * HARNESS_SECOND);
	p.ttl = 64;
	pass_pieces(&p, orders[5], NAT_OUTSIDE, NULL);
	next_id = 9;
	pass_pieces(&p, orders[5], NAT_OUTSIDE, NULL);
	assert_int_equal(harness_counter(&h, NAT_drop_fragment_refused), 4);
}

/* ---- limits -------------------------------------------------------------------------------------------------- */

/* RFC 4787 REQ-14a. Killed by: a limit that is not there, or packets that are not given back. */
static void
a_flood_of_fragments_is_bounded(void **state)
{
	struct harness_packet p = packet(IPPROTO_UDP, 1);
	struct rte_mbuf *whole = harness_build(&h, &p), *pieces[N_PIECES];

	(void)state;
	/* Of one datagram. */
	for (int i = 0; i < 70; i++)
		harness_send(&h, NAT_INSIDE, cut(whole, 1, 64, 64, true), 0);
	assert_int_equal(harness_counter(&h, NAT_fragment_early), NAT_FRAGMENTS_PER_DATAGRAM);
	assert_int_equal(harness_counter(&h, NAT_drop_fragment_queue), 6);
	/* In all. */
	for (uint16_t id = 2; id < 100; id++)
		harness_send(&h, NAT_INSIDE, cut(whole, id, 64, 64, true), 0);
	assert_int_equal(harness_counter(&h, NAT_fragment_early), 80);
	assert_int_equal(harness_in_use(&h), 80 + 1);
	/* Datagrams that come in order are not hurt. */
	p = packet(IPPROTO_UDP, 2);
	next_id = 1000;
	pass_pieces(&p, orders[0], NAT_OUTSIDE, NULL);
	harness_wait(&h, 2 * HARNESS_SECOND - 1);
	assert_int_equal(harness_counter(&h, NAT_drop_fragment_silent), 0);
	harness_wait(&h, 1);
	assert_int_equal(harness_counter(&h, NAT_drop_fragment_silent), 80);
	assert_int_equal(harness_in_use(&h), 1);
	/* And it works as before. */
	pass_pieces(&p, orders[5], NAT_OUTSIDE, NULL);
	cut_up(&p, 500, pieces);
	for (int i = N_PIECES - 1; i > 0; i--)
		harness_send(&h, NAT_INSIDE, pieces[i], 0);
	harness_wait(&h, HARNESS_SECOND);
	harness_send(&h, NAT_INSIDE, pieces[0], 0);
	join(NAT_OUTSIDE, NULL);
	rte_pktmbuf_free(whole);
}

static void
send_first(const struct harness_packet *p, uint16_t id)
{
	struct rte_mbuf *whole = harness_build(&h, p);

	harness_send(&h, p->side, cut(whole, id, 0, 64, true), id % h.config.n_workers);
	rte_pktmbuf_free(whole);
}

static void
send_later(const struct harness_packet *p, uint16_t id)
{
	struct rte_mbuf *whole = harness_build(&h, p);

	harness_send(&h, p->side, cut(whole, id, 64, 64, true), id % h.config.n_workers);
	rte_pktmbuf_free(whole);
}

static uint32_t
n_left(uint8_t side)
{
	struct rte_mbuf *m;
	uint32_t n = 0;

	for (; (m = harness_take(&h, side)) != NULL; n++)
		rte_pktmbuf_free(m);
	return n;
}

/* A full table takes what is new, and gives up the oldest of who has most. Killed by: refusing it, giving up the
 * newest, or another one's. */
static void
who_has_most_gives_up_the_oldest(void **state)
{
	struct harness_packet p = packet(IPPROTO_UDP, 1), other = packet(IPPROTO_UDP, 2);

	(void)state;
	other.src = IP(100, 64, 4, 7);
	send_first(&other, 1000);
	for (uint16_t id = 1; id <= 70; id++)
		send_first(&p, id);
	assert_int_equal(n_known(), 64);
	assert_int_equal(harness_counter(&h, NAT_fragment_forgotten), 7);
	assert_int_equal(n_left(NAT_OUTSIDE), 71);
	send_later(&other, 1000);
	for (uint16_t id = 1; id <= 70; id++)
		send_later(&p, id);
	assert_int_equal(n_left(NAT_OUTSIDE), 64);
	assert_int_equal(harness_counter(&h, NAT_fragment_early), 7);
	/* What is over goes first, and is not counted. */
	h.nf[0].now_ns += 2 * HARNESS_SECOND;
	send_first(&p, 71);
	assert_int_equal(harness_counter(&h, NAT_fragment_forgotten), 7);
	assert_int_equal(n_left(NAT_OUTSIDE), 1);
}

/* A first fragment that its mapping refuses, or that has none, teaches nothing that lasts or moves, wherever the
 * mapping's worker is. Killed by: learning before the answer. */
static void
what_is_refused_is_not_known(void **state)
{
	struct harness_packet p = packet(IPPROTO_UDP, 5000),
			      out = harness_pass(&h, &p, NAT_OUTSIDE);

	(void)state;
	p = answer_to(&out);
	p.dst_port ^= 0x100; /* of the same bucket */
	for (uint16_t id = 1; id <= 100; id++)
		send_first(&p, id);
	p = answer_to(&out);
	p.src_port++; /* a peer that is not permitted */
	for (uint16_t id = 1; id <= 100; id++)
		send_first(&p, id);
	assert_int_equal(harness_counter(&h, NAT_drop_no_mapping), 100);
	assert_int_equal(harness_counter(&h, NAT_drop_filtered), 100);
	harness_wait(&h, 0);
	assert_int_equal(n_known(), 0);
	p = answer_to(&out);
	for (uint16_t id = 1; id <= 20; id++)
		send_first(&p, id);
	harness_wait(&h, 0);
	assert_int_equal(n_known(), 20);
	assert_int_equal(n_left(NAT_INSIDE), 20);
}

/* 64 may be known. Killed by: one pot for both sides, or a side that gives what is not more than its half. */
static void
each_side_has_its_half_of_the_table(void **state)
{
	struct harness_packet in = packet(IPPROTO_UDP, 5000),
			      p = harness_pass(&h, &in, NAT_OUTSIDE);
	const struct nat_fragments *f = nat_fragments_of(&h.nat->fragments, 0);

	(void)state;
	p = answer_to(&p);
	for (uint16_t id = 1; id <= 100; id++) {
		p.src = id <= 50 ? SERVER : IP(11, 0, 0, 1);
		send_first(&p, id);
	}
	assert_int_equal(f->sides[NAT_OUTSIDE].weight, 64);
	for (uint16_t id = 1; id <= 40; id++)
		send_first(&in, id);
	assert_int_equal(f->sides[NAT_INSIDE].weight, 32);
	for (uint16_t id = 101; id <= 150; id++)
		send_first(&p, id);
	assert_int_equal(f->sides[NAT_INSIDE].weight, 32);
	assert_int_equal(f->sides[NAT_OUTSIDE].weight, 32);
}

/* Killed by: a limit that is not there, or counts all peers of a subscriber. */
static void
a_peer_has_a_limit_of_its_own(void **state)
{
	struct harness_packet p = packet(IPPROTO_UDP, 5000), out, other;

	(void)state;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	p = other = answer_to(&out);
	other.src = IP(203, 0, 113, 11);
	send_first(&other, 1);
	for (uint16_t id = 1; id <= NAT_FRAGMENTS_OF_PEER + 10; id++)
		send_first(&p, id);
	assert_int_equal(n_known(), NAT_FRAGMENTS_OF_PEER + 1);
	assert_int_equal(n_left(NAT_INSIDE), NAT_FRAGMENTS_OF_PEER + 11);
	send_later(&other, 1);
	send_later(&p, 10); /* the last one forgotten */
	send_later(&p, 11);
	assert_int_equal(n_left(NAT_INSIDE), 2);
}

/* The ring to the datagram's worker is full: what comes behind its first fragment goes on all the same. */
static void
a_message_that_is_lost_loses_no_packet(void **state)
{
	struct harness_packet p = packet(IPPROTO_UDP, 5000), forged;
	struct nat_fragment strange = {.side = NAT_OUTSIDE};
	uint32_t n = 0;

	(void)state;
	p = harness_pass(&h, &p, NAT_OUTSIDE);
	p = forged = answer_to(&p);
	forged.dst_port ^= 0x100;
	for (uint16_t id = 1; id <= 60; id++) {
		uint8_t bucket =
			nat_fragment_bucket(rte_cpu_to_be_32(p.src), rte_cpu_to_be_32(p.dst),
					    rte_cpu_to_be_16(id), IPPROTO_UDP, NAT_OUTSIDE);
		uint8_t owner = h.nat->bucket_worker[bucket];
		struct rte_mbuf *whole = harness_build(&h, &p);
		struct rte_mbuf *first = cut(whole, id, 0, 64, true);

		rte_pktmbuf_free(whole);
		send_first(&forged, id); /* the last one counts */
		nat_ops.burst(&h.nf[owner], NAT_OUTSIDE, &first, 1);
		while (rte_ring_mp_enqueue_elem(
			       nat_fragments_of(&h.nat->fragments, owner)->messages, &strange,
			       sizeof(strange)) == 0)
			;
		harness_settle(&h);
		send_later(&p, id);
		n += 2;
	}
	assert_int_equal(n_left(NAT_INSIDE), n);
	assert_true(harness_counter(&h, NAT_fragment_untold) > 0);
}

/* Nobody else's first fragment changes what is known of a datagram, whole or in part over the first one. An
 * identification that is used again waits until that is over. Killed by: ports that a new first
 * fragment replaces, or that are kept for ever. */
static void
other_ports_do_not_replace_what_is_known(void **state)
{
	struct harness_packet a = packet(IPPROTO_UDP, 1), b = packet(IPPROTO_UDP, 2);

	(void)state;
	a = harness_pass(&h, &a, NAT_OUTSIDE);
	b = harness_pass(&h, &b, NAT_OUTSIDE);
	assert_int_equal(a.src, b.src); /* paired */
	a = answer_to(&a);
	b = answer_to(&b);
	send_first(&a, 5);
	assert_int_equal(n_left(NAT_INSIDE), 1);
	send_first(&b, 5);
	assert_int_equal(harness_counter(&h, NAT_drop_fragment_conflict), 1);
	/* Once more the same one. */
	send_first(&a, 5);
	send_later(&a, 5);
	assert_int_equal(n_left(NAT_INSIDE), 2);
	/* Its time is over before the timers come to it. */
	for (uint16_t w = 0; w < h.config.n_workers; w++)
		h.nf[w].now_ns = h.now_ns += 2 * HARNESS_SECOND;
	next_id = 5;
	assert_int_equal(pass_pieces(&b, orders[0], NAT_INSIDE, NULL).dst_port, 2);
	harness_wait(&h, 2 * HARNESS_SECOND);
	next_id = 5;
	assert_int_equal(pass_pieces(&a, orders[5], NAT_INSIDE, NULL).dst_port, 1);
	assert_int_equal(harness_counter(&h, NAT_drop_fragment_conflict), 1);
}

/* Two on their way to their mapping's worker at once. */
static void
the_first_that_is_accepted_counts(void **state)
{
	struct harness_packet a = packet(IPPROTO_UDP, 1), b = packet(IPPROTO_UDP, 2);
	const struct nat_fragment *row;
	uint32_t slot;

	(void)state;
	a = harness_pass(&h, &a, NAT_OUTSIDE);
	b = harness_pass(&h, &b, NAT_OUTSIDE);
	a = answer_to(&a);
	b = answer_to(&b);
	for (uint16_t id = 1; id <= 20; id++) {
		struct rte_mbuf *whole[] = {harness_build(&h, &a), harness_build(&h, &b)};
		uint8_t bucket =
			nat_fragment_bucket(rte_cpu_to_be_32(a.src), rte_cpu_to_be_32(a.dst),
					    rte_cpu_to_be_16(id), IPPROTO_UDP, NAT_OUTSIDE);

		for (int i = 0; i < 2; i++) {
			struct rte_mbuf *first = cut(whole[i], id, 0, 64, true);

			nat_ops.burst(&h.nf[h.nat->bucket_worker[bucket]], NAT_OUTSIDE, &first, 1);
		}
		rte_pktmbuf_free_bulk(whole, 2);
		harness_settle(&h);
		harness_wait(&h, 0);
		row = only_row(&slot);
		assert_int_equal(row->dst_port, rte_cpu_to_be_16(a.dst_port));
		harness_wait(&h, 2 * HARNESS_SECOND);
	}
	n_left(NAT_INSIDE);
}

/* Who guesses an identification, and has no mapping to be let in by, keeps nobody from using it. */
static void
what_is_refused_stands_in_nobodys_way(void **state)
{
	struct harness_packet p = packet(IPPROTO_UDP, 1), forged;

	(void)state;
	p = harness_pass(&h, &p, NAT_OUTSIDE);
	p = forged = answer_to(&p);
	forged.dst_port ^= 0x100;
	for (uint16_t id = 5; id < 25; id++) {
		send_first(&forged, id);
		next_id = id;
		assert_int_equal(pass_pieces(&p, orders[id % 2], NAT_INSIDE, NULL).dst_port, 1);
		send_first(&forged, id);
	}
	assert_int_equal(harness_counter(&h, NAT_drop_no_mapping), 20);
	assert_int_equal(harness_counter(&h, NAT_drop_fragment_conflict), 20);
}

/* ---- who waits ------------------------------------------------------------------------------------------------ */

/* 80 may wait: each side has 40. Killed by: one limit for both, a source that takes what another one
 * has. */
static void
each_side_has_its_half_of_the_queue(void **state)
{
	struct harness_packet in = packet(IPPROTO_UDP, 1), p;

	(void)state;
	p = answer_to(&in);
	p.dst = IP(198, 51, 100, 0);
	for (uint16_t id = 1; id <= 200; id++) {
		p.src = IP(11, 0, 0, 0) + id;
		send_later(&p, id);
	}
	assert_int_equal(harness_counter(&h, NAT_fragment_early), 200);
	assert_int_equal(harness_counter(&h, NAT_drop_fragment_queue), 120);
	for (uint16_t id = 1; id <= 50; id++)
		send_later(&in, id);
	assert_int_equal(nat_fragments_of(&h.nat->fragments, 0)->early.shares[NAT_INSIDE].weight,
			 40);
	assert_int_equal(nat_fragments_of(&h.nat->fragments, 0)->early.shares[NAT_OUTSIDE].weight,
			 40);
	assert_int_equal(harness_counter(&h, NAT_drop_fragment_queue), 120 + 50);
	/* Another subscriber takes from who has most, up to as many. */
	in.src = IP(100, 64, 4, 7);
	for (uint16_t id = 1; id <= 50; id++)
		send_later(&in, id);
	assert_int_equal(
		nf_fair_weight(&nat_fragments_of(&h.nat->fragments, 0)->early.shares[NAT_INSIDE],
			       rte_cpu_to_be_32(in.src), NULL),
		20);
	for (uint16_t id = 1; id <= 200; id++) {
		p.src = IP(11, 0, 0, 0) + id;
		send_later(&p, (uint16_t)(id + 1000));
	}
	assert_int_equal(nat_fragments_of(&h.nat->fragments, 0)->early.shares[NAT_INSIDE].weight,
			 40);
}

/* With room for more than that. */
static void
a_source_has_a_limit_in_the_queue(void **state)
{
	struct harness_packet p = packet(IPPROTO_UDP, 1);

	(void)state;
	for (uint16_t id = 1; id <= 150; id++)
		send_later(&p, id);
	assert_int_equal(harness_counter(&h, NAT_fragment_early), NAT_FRAGMENTS_PER_SOURCE);
	assert_int_equal(harness_counter(&h, NAT_drop_fragment_queue), 22);
}

/* ---- moving ---------------------------------------------------------------------------------------------------- */

static void
install(const struct nat_fragment *row, uint8_t bucket)
{
	struct slim_table *table = h.nat->fragments.shares.table;
	struct slim_worker *w = h.nf[h.nat->bucket_worker[bucket]].agent;
	uint32_t slot = nat_fragment_ops.acquire(&h.nat->fragments.shares, w, bucket, row);

	assert_int_not_equal(slot, SLIM_NO_SLOT);
	memcpy(slim_slot_begin(w, table, slot), row, sizeof(*row));
	slim_slot_end(w, table, slot, bucket);
	nat_fragment_ops.installed(&h.nat->fragments.shares, w, slot, row);
	/* A row may come again. */
	assert_int_equal(nat_fragment_ops.acquire(&h.nat->fragments.shares, w, bucket, row), slot);
	nat_fragment_ops.installed(&h.nat->fragments.shares, w, slot, row);
}

/* The first fragment at the source, the rest at the target. Killed by: not finding a row that was installed,
 * a bucket that depends on the instance, an identification that is given again. */
static void
ports_are_known_where_a_row_was_installed(void **state)
{
	struct harness_packet p = packet(IPPROTO_UDP, 5000);
	struct nat_fragment row;
	struct rte_mbuf *pieces[N_PIECES], *m;
	uint32_t slot = 0;
	uint16_t id;
	uint8_t bucket;

	(void)state;
	harness_wait(&h, 0);
	harness_wait(&h, NAT_ID_SETTLED_NS);
	harness_pass(&h, &p, NAT_OUTSIDE);
	cut_up(&p, 9, pieces);
	harness_send(&h, NAT_INSIDE, pieces[0], 0);
	m = harness_take(&h, NAT_OUTSIDE);
	id = get16(rte_pktmbuf_mtod(m, uint8_t *) + IP_AT + 4);
	rte_pktmbuf_free(m);
	row = *only_row(&slot);
	bucket = ((const struct slim_slot_head *)(const void *)slim_slot(
			  h.nat->fragments.shares.table, slot) -
		  1)
			 ->bucket;
	rte_pktmbuf_free_bulk(&pieces[1], N_PIECES - 1);
	harness_close(&h);

	open_with(3, true);
	harness_pass(&h, &p, NAT_OUTSIDE);
	cut_up(&p, 9, pieces);
	rte_pktmbuf_free(pieces[0]);
	row.seen = h.now_ns;
	install(&row, bucket);
	for (int i = 1; i < N_PIECES; i++) {
		harness_send(&h, NAT_INSIDE, pieces[i], 2);
		m = harness_take(&h, NAT_OUTSIDE);
		assert_non_null(m);
		assert_int_equal(get16(rte_pktmbuf_mtod(m, uint8_t *) + IP_AT + 4), id);
		rte_pktmbuf_free(m);
	}
	p.src_port = 1;
	pass_pieces(&p, orders[0], NAT_OUTSIDE, &id);
	assert_int_not_equal(rte_cpu_to_be_16(id), row.sent_id);
	harness_wait(&h, 2 * HARNESS_SECOND);
	assert_int_equal(nat_fragments_of(&h.nat->fragments, 0)->share.n_free,
			 nat_fragments_of(&h.nat->fragments, 0)->share.n_slots);
}

static void
rows_that_make_no_sense_are_refused(void **state)
{
	struct nat_fragment row = {.src_address = RTE_BE32(SUBSCRIBER), .side = NAT_N_SIDES};
	struct slim_worker *w = h.nf[0].agent;

	(void)state;
	assert_int_equal(nat_fragment_ops.acquire(&h.nat->fragments.shares, w, 7, &row),
			 SLIM_NO_SLOT);
	row.side = NAT_INSIDE;
	assert_int_equal(nat_fragment_ops.acquire(&h.nat->fragments.shares, w, 8, &row),
			 SLIM_NO_SLOT);
	install(&row, 7);
	nat_fragment_ops.removed(&h.nat->fragments.shares, w,
				 nat_fragments_of(&h.nat->fragments, 0)->share.first_slot, &row);
	slim_slot_free(w, h.nat->fragments.shares.table, 0);
	assert_int_equal(nat_fragments_of(&h.nat->fragments, 0)->ages.oldest, 0);
}

/* An instance that does not serve gives back what waits, as it came; while the agent says that it serves (a
 * target before the end of a move) it keeps it. Killed by: giving back while it serves, forgetting a packet,
 * changing one. */
static void
what_waits_is_given_back(void **state)
{
	struct harness_packet p = packet(IPPROTO_UDP, 1);
	struct rte_mbuf *pieces[N_PIECES], *copies[N_PIECES];

	(void)state;
	open_with(1, false);
	refuses = true;
	cut_up(&p, 3, pieces);
	cut_up(&p, 3, copies);
	harness_send(&h, NAT_INSIDE, pieces[2], 0);
	harness_send(&h, NAT_INSIDE, pieces[1], 0);
	harness_wait(&h, HARNESS_SECOND);
	assert_int_equal(nat_fragments_of(&h.nat->fragments, 0)->early.n_packets, 2);
	refuses = false;
	harness_wait(&h, HARNESS_SECOND / 2);
	assert_int_equal(n_returned, 2);
	assert_int_equal(returned_port, NAT_INSIDE);
	assert_int_equal(nat_fragments_of(&h.nat->fragments, 0)->early.n_packets, 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(returned[i]->data_len, copies[2 - i]->data_len);
		assert_memory_equal(rte_pktmbuf_mtod(returned[i], void *),
				    rte_pktmbuf_mtod(copies[2 - i], void *), returned[i]->data_len);
	}
	/* A single one, too. */
	harness_send(&h, NAT_INSIDE, cut(pieces[0], 4, 64, 64, true), 0);
	harness_wait(&h, 1);
	assert_int_equal(n_returned, 3);
	rte_pktmbuf_free(returned[2]);
	/* They come again, where it serves. */
	harness_send(&h, NAT_INSIDE, pieces[0], 0);
	rte_pktmbuf_free(harness_take(&h, NAT_OUTSIDE));
	for (int i = 0; i < 2; i++) {
		harness_send(&h, NAT_INSIDE, returned[i], 0);
		rte_pktmbuf_free(harness_take(&h, NAT_OUTSIDE));
	}
	assert_int_equal(harness_counter(&h, NAT_translated_out), 3);
	rte_pktmbuf_free_bulk(copies, N_PIECES);
	close_it(NULL);
}

static void
active_instance_keeps_what_waits(void **state)
{
	struct harness_packet p = packet(IPPROTO_UDP, 1);
	struct rte_mbuf *pieces[N_PIECES];

	(void)state;
	cut_up(&p, 3, pieces);
	harness_send(&h, NAT_INSIDE, pieces[2], 0);
	harness_wait(&h, HARNESS_SECOND);
	assert_int_equal(n_returned, 0);
	harness_send(&h, NAT_INSIDE, pieces[0], 0);
	harness_send(&h, NAT_INSIDE, pieces[1], 0);
	join(NAT_OUTSIDE, NULL);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_one, close_it)
#define TEST_FILTERING(f) cmocka_unit_test_setup_teardown(f, open_filtering, close_it)
#define TEST_ROOMY(f) cmocka_unit_test_setup_teardown(f, open_roomy, close_it)
#define TEST_THREE(f) cmocka_unit_test_setup_teardown(f, open_three, close_it)
	const struct CMUnitTest tests[] = {
		TEST(udp_in_every_order),
		TEST_THREE(udp_in_every_order),
		TEST_FILTERING(udp_in_every_order),
		TEST_FILTERING(echo_in_every_order),
		TEST_FILTERING(hairpin_in_every_order),
		TEST(tcp_in_every_order),
		TEST_THREE(tcp_in_every_order),
		TEST(echo_in_every_order),
		TEST_THREE(echo_in_every_order),
		TEST(hairpin_in_every_order),
		TEST_THREE(hairpin_in_every_order),
		TEST(identifications_are_the_nats_own),
		TEST_THREE(identifications_are_the_nats_own),
		TEST(what_may_be_cut_has_an_identification_of_its_own),
		TEST_THREE(what_may_be_cut_has_an_identification_of_its_own),
		TEST_THREE(no_two_behind_an_address_share_an_identification),
		TEST(own_datagrams_have_identifications_too),
		TEST(errors_about_a_fragment_are_translated),
		TEST(exempt_fragments_are_routed),
		TEST_THREE(exempt_fragments_are_routed),
		TEST(headers_in_pieces_are_dropped),
		TEST(fragments_beyond_a_datagram_are_dropped),
		TEST(own_and_errors_are_not_put_together),
		TEST(later_fragments_are_not_answered),
		TEST(a_flood_of_fragments_is_bounded),
		TEST(who_has_most_gives_up_the_oldest),
		TEST_FILTERING(what_is_refused_is_not_known),
		TEST(each_side_has_its_half_of_the_table),
		TEST_ROOMY(a_peer_has_a_limit_of_its_own),
		TEST_THREE(a_message_that_is_lost_loses_no_packet),
		TEST(other_ports_do_not_replace_what_is_known),
		TEST_THREE(other_ports_do_not_replace_what_is_known),
		TEST_THREE(the_first_that_is_accepted_counts),
		TEST(what_is_refused_stands_in_nobodys_way),
		TEST_THREE(what_is_refused_stands_in_nobodys_way),
		TEST(each_side_has_its_half_of_the_queue),
		TEST_ROOMY(a_source_has_a_limit_in_the_queue),
		TEST(ports_are_known_where_a_row_was_installed),
		TEST(rows_that_make_no_sense_are_refused),
		cmocka_unit_test(what_waits_is_given_back),
		TEST(active_instance_keeps_what_waits),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
