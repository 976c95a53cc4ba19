/* SPDX-License-Identifier: Apache-2.0 */
/* A burst of packets; see burst.h. Worker's thread. */
#include "burst.h"

#include "counters.h"
#include "fast.h"
#include "pipeline.h"
#include "statics.h"

/* Whose a packet is. */
enum whose { GONE = 0, GENERAL, FAST = NAT_FAST_WAY };

/* Packets are looked at, fetched and acted upon in groups: the mbufs and frames of the next one are on their way meanwhile, and
 * the mappings of the one before. */
#define GROUP 8u

struct burst {
	struct nat_flight flights[NF_BURST];
	/* Of the general path; written for its packets alone. */
	struct nat_packet packets[NF_BURST];
	bool hairpinned[NF_BURST];
};

/* Where a frame stands that a port has received, if it has no reason of its own: so it need not wait for its mbuf. */
#define FRAME_AT (sizeof(struct rte_mbuf) + RTE_PKTMBUF_HEADROOM)

/* The mbufs of a group, and their frames. */
static inline void
prefetch(struct rte_mbuf **pkts, uint32_t from, uint32_t n)
{
	uint32_t to = RTE_MIN(from + GROUP, n);

	for (uint32_t i = from; i < to; i++) {
		rte_prefetch0(pkts[i]);
		rte_prefetch0((const void *)((uintptr_t)pkts[i] + FRAME_AT));
	}
}

/* ---- from a port, a side at a time ------------------------------------------------------------- */

static const struct nf_meta fresh_on[NAT_N_SIDES] = {
	[NAT_INSIDE] = {.kind = NAT_META_FRESH, .port = NAT_INSIDE},
	[NAT_OUTSIDE] = {.kind = NAT_META_FRESH, .port = NAT_OUTSIDE},
};

__attribute__((noinline)) static uint8_t
accept_one(struct nat_worker *w, struct nat_packet *p, struct rte_mbuf *m, uint8_t side)
{
	return nat_accept(w, p, m, fresh_on[side]) ? GENERAL : GONE;
}

/* Whose a packet is that does not look ordinary: it may without its tag. */
__attribute__((noinline)) static uint8_t
look_again(struct nat_worker *w, const struct nat_view *v, struct burst *b, struct rte_mbuf **m,
	   struct nat_flight *f, uint8_t side)
{
	if (v->odd_flags != 0 && nf_worker_untag(w->nf, side, m, 1) == 0)
		return GONE;
	if (((*m)->ol_flags & v->odd_flags) != 0 && nat_fast_look(v, *m, side, 0, f))
		return FAST;
	return accept_one(w, &b->packets[f - b->flights], *m, side);
}

/* It was ordinary by its headers alone. */
__attribute__((noinline)) static void
leave(struct nat_worker *w, struct rte_mbuf *m, uint8_t side)
{
	struct nat_packet p;

	if (nat_accept(w, &p, m, fresh_on[side]))
		nat_act(w, &p, false);
}

NAT_FAST_INLINE void
look(struct nat_worker *w, const struct nat_view *v, struct burst *b, uint8_t side,
     struct rte_mbuf **pkts, uint32_t from, uint32_t to)
{
	pkts += from;
	for (struct nat_flight *f = b->flights + from; f < b->flights + to; f++, pkts++) {
		f->whose = FAST;
		if (unlikely(!nat_fast_look(v, *pkts, side, v->odd_flags, f)))
			f->whose = look_again(w, v, b, pkts, f, side);
	}
	/* One behind the other: an instruction that waits for the walk through a page table holds up all behind it, but the walks of
	 * those that follow at once go on meanwhile. */
	for (const struct nat_flight *f = b->flights + from; f < b->flights + to; f++)
		if (likely(f->whose == FAST))
			rte_prefetch0(nat_fast_cell(v, side, f));
}

NAT_FAST_INLINE void
fetch(struct nat_worker *w, const struct nat_view *v, struct burst *b, uint8_t side, uint32_t from,
      uint32_t to)
{
	const struct nat_flight *opening[GROUP]; /* without a mapping, so far */
	uint32_t n_opening = 0;

	for (struct nat_flight *f = b->flights + from; f < b->flights + to; f++) {
		if (likely(f->whose == FAST)) {
			if (unlikely(!nat_fast_fetch(v, side, f)) && side == NAT_INSIDE)
				opening[n_opening++] = f;
			continue;
		}
		f->session = NULL;
		if (f->whose == GENERAL)
			nat_prefetch(w, &b->packets[f - b->flights]);
	}
	if (unlikely(n_opening != 0))
		nat_open_prefetch(w, opening, n_opening);
}

/* True: mappings may have come or gone. */
__attribute__((noinline)) static bool
act_generally(struct nat_worker *w, struct burst *b, const struct nat_flight *f, uint8_t side)
{
	const struct nat_sessions *sessions = w->sessions;
	uint64_t n_created = sessions->n_created;
	uint32_t n_free = sessions->share.n_free;

	if (f->whose == FAST)
		leave(w, f->m, side);
	else if (f->whose == GENERAL)
		nat_act(w, &b->packets[f - b->flights], false);
	return sessions->share.n_free != n_free || sessions->n_created != n_created;
}

/* What was found before. */
NAT_FAST_INLINE void
fetch_anew(const struct nat_view *v, uint8_t side, struct nat_flight *f,
	   const struct nat_flight *end)
{
	for (; f < end; f++)
		if (f->whose == FAST)
			nat_fast_fetch(v, side, f);
}

/* Those up to `fetched` have been. Returns how many did not take the short way. */
NAT_FAST_INLINE uint32_t
act(struct nat_worker *w, const struct nat_view *v, struct burst *b, struct nat_exit *exit,
    uint8_t side, uint32_t from, uint32_t to, uint32_t fetched)
{
	uint32_t n_others = 0;

	for (struct nat_flight *f = b->flights + from; f < b->flights + to; f++) {
		if (likely(side == NAT_INSIDE ? nat_fast_out(w, v, exit, f)
					      : nat_fast_in(w, v, exit, f)))
			continue;
		n_others++;
		if (act_generally(w, b, f, side))
			fetch_anew(v, side, f + 1, b->flights + fetched);
		*exit = nat_fast_no_exit(); /* it may have been about a neighbour */
	}
	return n_others;
}

/* In the order in which they came, whatever way each of them goes. */
NAT_FAST_INLINE void
take(struct nat_worker *w, uint8_t side, struct rte_mbuf **pkts, uint32_t n)
{
	const struct nat_view v = nat_fast_view(w, side);
	struct nat_exit exit = nat_fast_no_exit();
	uint32_t n_fast = n;
	struct burst b;

	prefetch(pkts, 0, n);
	for (uint32_t at = 0; at < n + 2 * GROUP; at += GROUP) {
		uint32_t fetched = RTE_MIN(at, n);

		prefetch(pkts, at + GROUP, n);
		if (likely(at < n))
			look(w, &v, &b, side, pkts, at, RTE_MIN(at + GROUP, n));
		if (likely(at >= GROUP))
			fetch(w, &v, &b, side, at - GROUP, fetched);
		if (likely(at >= 2 * GROUP))
			n_fast -= act(w, &v, &b, &exit, side, at - 2 * GROUP,
				      RTE_MIN(at - GROUP, n), fetched);
	}
	w->n_fast += n_fast;
	nf_count(w->nf, side == NAT_INSIDE ? NAT_translated_out : NAT_translated_in, n_fast);
}

__attribute__((noinline)) static void
take_inside(struct nat_worker *w, struct rte_mbuf **pkts, uint16_t n)
{
	take(w, NAT_INSIDE, pkts, n);
}

__attribute__((noinline)) static void
take_outside(struct nat_worker *w, struct rte_mbuf **pkts, uint16_t n)
{
	take(w, NAT_OUTSIDE, pkts, n);
}

/* ---- all by the general path ------------------------------------------------------------------- */

static uint8_t
accept_any(struct nat_worker *w, struct burst *b, uint16_t port, struct rte_mbuf *m, uint32_t i)
{
	bool *hairpinned = &b->hairpinned[i];

	*hairpinned = false;
	if (port != NF_HANDED)
		return accept_one(w, &b->packets[i], m, (uint8_t)port);
	return nat_accept_handed(w, &b->packets[i], m, hairpinned) ? GENERAL : GONE;
}

/* In the same groups, so that packets which take this way leave in the same order. */
static void
take_generally(struct nat_worker *w, uint16_t port, struct rte_mbuf **pkts, uint32_t n)
{
	struct burst b;

	prefetch(pkts, 0, n);
	for (uint32_t at = 0; at < n + 2 * GROUP; at += GROUP) {
		for (uint32_t i = at; i < RTE_MIN(at + GROUP, n); i++)
			b.flights[i].whose = accept_any(w, &b, port, pkts[i], i);
		for (uint32_t i = at - GROUP; at >= GROUP && i < RTE_MIN(at, n); i++)
			if (b.flights[i].whose == GENERAL)
				nat_prefetch(w, &b.packets[i]);
		for (uint32_t i = at - 2 * GROUP; at >= 2 * GROUP && i < RTE_MIN(at - GROUP, n);
		     i++)
			if (b.flights[i].whose == GENERAL)
				nat_act(w, &b.packets[i], b.hairpinned[i]);
	}
}

void
nat_burst(struct nf_worker *nf, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	struct nat_worker *w = nf->self;
	bool general = port == NF_HANDED || !w->has_fast_path;

	if (unlikely(!w->has_begun))
		nat_statics_begin(w);
	/* The short way finds tags where there should be none. */
	if (port != NF_HANDED && unlikely(!w->has_fast_path) && nf->vlans[port] == 0)
		n = nf_worker_untag(nf, port, pkts, n);
	if (unlikely(general))
		take_generally(w, port, pkts, n);
	else if (port == NAT_INSIDE)
		take_inside(w, pkts, n);
	else
		take_outside(w, pkts, n);
}
