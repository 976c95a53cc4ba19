/* SPDX-License-Identifier: Apache-2.0 */
/* A burst of packets; see burst.h. Worker's thread. */
#include "burst.h"

#include "counters.h"
#include "fast.h"
#include "pipeline.h"
#include "statics.h"

/* Whose a packet is. */
enum whose { GONE = 0, GENERAL, FAST };

struct burst {
	struct nat_flight flights[NF_BURST];
	struct nat_packet
		packets[NF_BURST]; /* of the general path; written for its packets alone */
	const struct nat_flight *opening[NF_BURST]; /* without a mapping, so far */
};

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

/* It was ordinary by its headers alone. */
__attribute__((noinline)) static void
leave(struct nat_worker *w, struct rte_mbuf *m, uint8_t side)
{
	struct nat_packet p;

	if (nat_accept(w, &p, m, fresh_on[side]))
		nat_act(w, &p, false);
}

__attribute__((noinline)) static void
act_generally(struct nat_worker *w, struct burst *b, const struct nat_flight *f, uint8_t side)
{
	if (f->whose == FAST)
		leave(w, f->m, side);
	else if (f->whose == GENERAL)
		nat_act(w, &b->packets[f - b->flights], false);
}

NAT_FAST_INLINE void
act(struct nat_worker *w, const struct nat_view *v, struct burst *b, uint8_t side, uint16_t n)
{
	struct nat_exit exit = {.address = 0};
	uint64_t n_fast = 0;

	for (struct nat_flight *f = b->flights; f < b->flights + n; f++) {
		if (likely(f->whose == FAST) &&
		    likely(side == NAT_INSIDE ? nat_fast_out(w, v, &exit, f)
					      : nat_fast_in(v, &exit, f))) {
			n_fast++;
			continue;
		}
		act_generally(w, b, f, side);
		exit.address = 0; /* it may have been about a neighbour */
	}
	w->n_fast += n_fast;
	nf_count(w->nf, side == NAT_INSIDE ? NAT_translated_out : NAT_translated_in, n_fast);
}

/* In the order in which they came, whatever way each of them goes. */
NAT_FAST_INLINE void
take(struct nat_worker *w, uint8_t side, struct rte_mbuf **pkts, uint16_t n)
{
	const struct nat_view v = nat_fast_view(w, side);
	uint32_t n_opening = 0;
	struct burst b;

	for (uint16_t i = 0; i < n; i++) {
		struct nat_flight *f = &b.flights[i];

		f->whose = FAST;
		if (unlikely(!nat_fast_look(w, &v, pkts[i], side, f)))
			f->whose = accept_one(w, &b.packets[i], pkts[i], side);
	}
	for (struct nat_flight *f = b.flights; f < b.flights + n; f++) {
		if (f->whose == GENERAL)
			nat_prefetch(w, &b.packets[f - b.flights]);
		else if (likely(f->whose == FAST) && unlikely(!nat_fast_prefetch(&v, side, f)) &&
			 side == NAT_INSIDE)
			b.opening[n_opening++] = f;
	}
	if (unlikely(n_opening != 0))
		nat_open_prefetch(w, b.opening, n_opening);
	act(w, &v, &b, side, n);
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

static void
take_generally(struct nat_worker *w, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	struct nat_packet packets[NF_BURST];
	bool hairpinned[NF_BURST];
	uint16_t n_mine = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct nat_packet *p = &packets[n_mine];
		bool mine;

		if (i + 3 < n)
			rte_prefetch0(rte_pktmbuf_mtod(pkts[i + 3], void *));
		hairpinned[n_mine] = false;
		mine = port == NF_HANDED ? nat_accept_handed(w, p, pkts[i], &hairpinned[n_mine])
					 : nat_accept(w, p, pkts[i], fresh_on[port]);
		n_mine = (uint16_t)(n_mine + mine);
	}
	for (uint16_t i = 0; i < n_mine; i++)
		nat_prefetch(w, &packets[i]);
	for (uint16_t i = 0; i < n_mine; i++)
		nat_act(w, &packets[i], hairpinned[i]);
}

void
nat_burst(struct nf_worker *nf, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	struct nat_worker *w = nf->self;

	if (unlikely(!w->has_begun))
		nat_statics_begin(w);
	if (unlikely(port == NF_HANDED || !w->has_fast_path))
		take_generally(w, port, pkts, n);
	else if (port == NAT_INSIDE)
		take_inside(w, pkts, n);
	else
		take_outside(w, pkts, n);
}
