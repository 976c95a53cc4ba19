/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Floods of fragments, and a datagram in order in their midst (RFC 4787 REQ-14a): whatever the others send, each
 * of its fragments goes on. Between any two of them come more datagrams than the NAT can know and more packets
 * than may wait. Killed by: a first fragment that teaches before its mapping was asked, a table that
 * refuses what is new when it is full, one that gives up the oldest of all.
 */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#define PIECE 64u
#define N_PIECES 3
#define N_FLOOD 300
#define IP_AT 14u
#define L4_AT 34u
#define VICTIM IP(100, 64, 3, 7)
#define ATTACKER IP(100, 64, 9, 7) /* of the same bucket, so of the same worker */
#define NEIGHBOUR IP(100, 64, 5, 200)
#define PEER IP(203, 0, 113, 10)

static struct harness h;
static uint32_t random_state;

static uint32_t
any(void)
{
	random_state = random_state * 1664525u + 1013904223u;
	return random_state >> 8;
}

static void
put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void
mend(uint8_t *frame)
{
	uint32_t sum = 0;

	put16(frame + IP_AT + 10, 0);
	for (uint32_t i = IP_AT; i < L4_AT; i += 2)
		sum += (uint32_t)(frame[i] << 8 | frame[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	put16(frame + IP_AT + 10, ~sum);
}

/* Piece `i` of a datagram. */
static struct rte_mbuf *
piece(const struct harness_packet *p, uint16_t id, uint32_t i, bool more)
{
	struct rte_mbuf *m = harness_build(&h, p);
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);

	memmove(frame + L4_AT, frame + L4_AT + i * PIECE, PIECE);
	rte_pktmbuf_trim(m, (uint16_t)(m->data_len - L4_AT - PIECE));
	put16(frame + IP_AT + 2, 20 + PIECE);
	put16(frame + IP_AT + 4, id);
	put16(frame + IP_AT + 6, (more ? 0x2000u : 0) | i * PIECE / 8);
	mend(frame);
	return m;
}

static struct harness_packet
udp(uint8_t side, uint32_t src, uint16_t src_port, uint32_t dst, uint16_t dst_port)
{
	return (struct harness_packet){.side = side,
				       .protocol = IPPROTO_UDP,
				       .src = src,
				       .src_port = src_port,
				       .dst = dst,
				       .dst_port = dst_port,
				       .payload = N_PIECES * PIECE - 8};
}

/* ---- what is attacked with ------------------------------------------------------------------------ */

static struct harness_packet attackers_end; /* external end of the attacker's mapping, as source */

static struct harness_packet
to_no_mapping(void)
{
	return udp(NAT_OUTSIDE, IP(11, 0, 0, 0) + any(), (uint16_t)any(), attackers_end.src,
		   (uint16_t)(any() | 1024));
}

static struct harness_packet
one_source_to_no_mapping(void)
{
	return udp(NAT_OUTSIDE, PEER, 53, attackers_end.src, (uint16_t)(any() | 1024));
}

static struct harness_packet
not_permitted(void)
{
	return udp(NAT_OUTSIDE, IP(198, 18, 0, 0) + any() % 65536, (uint16_t)any(),
		   attackers_end.src, attackers_end.src_port);
}

/* Spoofed as the victim's own peer: which the attacker's mapping lets in. */
static struct harness_packet
permitted(void)
{
	return udp(NAT_OUTSIDE, PEER, 53, attackers_end.src, attackers_end.src_port);
}

static struct harness_packet
from_inside(void)
{
	return udp(NAT_INSIDE, ATTACKER, 1, PEER, 53);
}

static struct harness_packet
refused_inside(void)
{
	struct harness_packet p = udp(NAT_INSIDE, ATTACKER, 1, PEER, 53);

	p.ttl = 1;
	return p;
}

static struct harness_packet
spoofed_inside(void)
{
	return udp(NAT_INSIDE, IP(11, 0, 0, 0) + any(), 1, PEER, 53);
}

static const struct flood {
	const char *name;
	struct harness_packet (*next)(void);
	enum { FIRSTS = 1, LATERS = 2, BOTH = 3 } parts;
} floods[] = {
	{"firsts to no mapping", to_no_mapping, FIRSTS},
	{"firsts of one source to no mapping", one_source_to_no_mapping, FIRSTS},
	{"both parts to no mapping", to_no_mapping, BOTH},
	{"firsts of peers that are not permitted", not_permitted, FIRSTS},
	{"firsts in the peer's name to a mapping that permits it", permitted, FIRSTS},
	{"both parts of it", permitted, BOTH},
	{"later ones from outside", to_no_mapping, LATERS},
	{"later ones in the peer's name", permitted, LATERS},
	{"firsts of one subscriber", from_inside, FIRSTS},
	{"both parts of one subscriber", from_inside, BOTH},
	{"later ones of one subscriber", from_inside, LATERS},
	{"firsts of a subscriber that are refused", refused_inside, FIRSTS},
	{"spoofed ones from inside", spoofed_inside, BOTH},
	{"spoofed later ones from inside", spoofed_inside, LATERS},
};

static void
drop_all_sent(void)
{

	for (uint8_t s = 0; s < NAT_N_SIDES; s++)
		harness_drain(&h, s);
}

static void
pour(const struct flood *flood)
{
	for (int i = 0; i < N_FLOOD; i++) {
		struct harness_packet p = flood->next();
		uint16_t id = (uint16_t)any();

		if (flood->parts & FIRSTS)
			harness_send(&h, p.side, piece(&p, id, 0, true),
				     any() % h.config.n_workers);
		if (flood->parts & LATERS)
			harness_send(&h, p.side, piece(&p, id, 1, true),
				     any() % h.config.n_workers);
		drop_all_sent();
	}
}

/* ---- the victim ------------------------------------------------------------------------------------- */

static struct harness_packet victims_end, neighbours_end;

static struct harness_packet
outwards(void)
{
	return udp(NAT_INSIDE, VICTIM, 5000, PEER, 53);
}

static struct harness_packet
inwards(void)
{
	return udp(NAT_OUTSIDE, PEER, 53, victims_end.src, victims_end.src_port);
}

static struct harness_packet
hairpinned(void)
{
	return udp(NAT_INSIDE, VICTIM, 5000, neighbours_end.src, neighbours_end.src_port);
}

static const struct victim {
	struct harness_packet (*datagram)(void);
	uint8_t to_side;
} victims[] = {
	{outwards, NAT_OUTSIDE},
	{inwards, NAT_INSIDE},
	{hairpinned, NAT_INSIDE},
};

static void
one_datagram_in_the_flood(const struct flood *flood, const struct victim *victim, uint16_t id)
{
	struct harness_packet p = victim->datagram();

	for (uint32_t i = 0; i < N_PIECES; i++) {
		struct rte_mbuf *m;

		pour(flood);
		harness_send(&h, p.side, piece(&p, id, i, i + 1 < N_PIECES),
			     any() % h.config.n_workers);
		m = harness_take(&h, victim->to_side);
		if (m == NULL)
			fail_msg("%s: fragment %u to side %u is lost", flood->name, i,
				 victim->to_side);
		rte_pktmbuf_free(m);
		assert_null(harness_take(&h, NAT_INSIDE));
		assert_null(harness_take(&h, NAT_OUTSIDE));
	}
}

/* Mappings of the three, and who may send to them. */
static void
open_with(uint16_t n_workers)
{
	struct nat_config config;
	struct harness_packet p;

	harness_defaults(&config);
	config.n_workers = n_workers;
	config.filtering = NAT_FILTERING_ADDRESS;
	config.peers = 1024;
	config.fragments = 64;
	config.fragments_waiting = 40;
	config.n_pool = 1;
	harness_open(&h, &config, true);
	p = udp(NAT_INSIDE, ATTACKER, 1, PEER, 53);
	attackers_end = harness_pass(&h, &p, NAT_OUTSIDE);
	p = udp(NAT_INSIDE, NEIGHBOUR, 7000, PEER, 53);
	neighbours_end = harness_pass(&h, &p, NAT_OUTSIDE);
	p = outwards();
	victims_end = harness_pass(&h, &p, NAT_OUTSIDE);
	p = udp(NAT_INSIDE, NEIGHBOUR, 7000, victims_end.src, victims_end.src_port);
	harness_send(&h, NAT_INSIDE, harness_build(&h, &p), 0);
	drop_all_sent();
}

static void
datagrams_in_order_survive(uint16_t n_workers)
{
	random_state = n_workers;
	for (size_t f = 0; f < RTE_DIM(floods); f++) {
		open_with(n_workers);
		for (size_t v = 0; v < RTE_DIM(victims); v++)
			for (uint16_t id = 1; id <= 3; id++)
				one_datagram_in_the_flood(&floods[f], &victims[v],
							  (uint16_t)(id * 1000 + v));
		harness_check(&h);
		harness_close(&h);
	}
}

static void
with_one_worker(void **state)
{
	(void)state;
	datagrams_in_order_survive(1);
}

static void
with_four_workers(void **state)
{
	(void)state;
	datagrams_in_order_survive(4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_one_worker),
		cmocka_unit_test(with_four_workers),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
