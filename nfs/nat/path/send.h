/* SPDX-License-Identifier: Apache-2.0 */
/* How translated packets leave, and packets of the NAT's own. Worker's thread. */
#ifndef NAT_SEND_H
#define NAT_SEND_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include "counters.h"
#include "mtu.h"
#include "nat.h"
#include "packet.h"

/* Is it too long for a side, and may not be cut? */
static inline bool
nat_is_too_big(const struct nat_worker *w, const struct nat_packet *p, uint8_t side)
{
	return unlikely(p->ip_size > w->nat->config.sides[side].mtu) && nf_mtu_forbids(p->ip);
}

static inline struct nat_refusal
nat_too_big(const struct nat_worker *w, uint8_t side)
{
	return (struct nat_refusal){.drop = NAT_drop_too_big,
				    .error = NAT_ERROR_TOO_BIG,
				    .mtu = w->nat->config.sides[side].mtu};
}

/* The counter of a packet that may not come or go (forward.h); 0 for one that may. */
extern const uint16_t nat_refusal_drops[];

/* Of a packet that may not go: its sender is told if there is no route (RFC 1812 section 4.3.3.1). */
static inline struct nat_refusal
nat_no_way(enum nf_refusal refusal)
{
	return (struct nat_refusal){.drop = nat_refusal_drops[refusal],
				    .error = refusal == NF_NO_ROUTE ? NAT_ERROR_NO_ROUTE
								    : NAT_ERROR_NONE};
}

static inline const struct rte_ipv4_hdr *
nat_ip_of(const struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *,
				       sizeof(struct rte_ether_hdr));
}

/* May a packet from this source come in on a side? As nf_may_come(), and the pool's addresses are own ones. */
static inline enum nf_refusal
nat_may_come(const struct nat_worker *w, rte_be32_t source, uint8_t side)
{
	if (unlikely(nat_pool_number(&w->nat->sessions.ports.pool, source) != NAT_NOT_IN_POOL))
		return NF_BAD_ADDRESS;
	return nf_may_come(&w->nat->hops, source, side);
}

/* May its sender be told something? */
static inline enum nf_refusal
nat_may_answer(const struct nat_worker *w, rte_be32_t sender, uint8_t side,
	       struct nf_next *ret_next)
{
	if (unlikely(nat_pool_number(&w->nat->sessions.ports.pool, sender) != NAT_NOT_IN_POOL))
		return NF_BAD_ADDRESS;
	return nf_may_answer(&w->nat->hops, sender, side, ret_next);
}

/* Has the pool what it takes to cut a packet for a side? Asked before anything is changed for it. */
bool nat_can_cut(const struct nat_worker *w, const struct nat_packet *p, uint8_t side);

/* Is it too long for a side, or is there no memory to cut it? */
static inline struct nat_refusal
nat_plan_size(const struct nat_worker *w, const struct nat_packet *p, uint8_t side)
{
	if (likely(p->ip_size <= w->nat->config.sides[side].mtu))
		return (struct nat_refusal){0};
	if (nf_mtu_forbids(p->ip))
		return nat_too_big(w, side);
	return (struct nat_refusal){.drop = nat_can_cut(w, p, side) ? 0 : NF_no_mbuf};
}

/* Fragments leave in their order; only errors come here with a length that may not be cut. */
void nat_send_in_pieces(struct nat_worker *w, struct rte_mbuf *m, const struct nf_next *next);

/* Sends a translated packet; cuts it if it is too long for the side. */
static inline void
nat_send(struct nat_worker *w, struct rte_mbuf *m, const struct nf_next *next)
{
	if (unlikely(nf_mtu_exceeds(nat_ip_of(m), w->nat->config.sides[next->side].mtu)))
		nat_send_in_pieces(w, m, next);
	else
		nf_neighbour_send(w->neighbours, m, next);
}

/* Routes and sends a translated packet; counts it as `counter`. Frees it if it may not go to the side
 * that it is for. */
static inline void
nat_forward(struct nat_worker *w, struct rte_mbuf *m, rte_be32_t destination, uint8_t side,
	    unsigned int counter)
{
	struct nf_next next;
	enum nf_refusal refusal = nf_may_go(&w->nat->hops, destination, side, &next);

	if (unlikely(refusal != NF_ALLOWED)) {
		nf_drop(w->nf, m, nat_refusal_drops[refusal]);
		return;
	}
	nf_count(w->nf, counter, 1);
	nat_send(w, m, &next);
}

#endif
