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

static inline const struct rte_ipv4_hdr *
nat_ip_of(const struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *,
				       sizeof(struct rte_ether_hdr));
}

/* Fragments leave in their order; only errors come here with a length that may not be cut. */
void nat_send_in_pieces(struct nat_worker *w, struct rte_mbuf *m, uint8_t side,
			rte_be32_t next_hop);

/* Sends a translated packet to a next hop; cuts it if it is too long for the side. */
static inline void
nat_send(struct nat_worker *w, struct rte_mbuf *m, uint8_t side, rte_be32_t next_hop)
{
	if (unlikely(nf_mtu_exceeds(nat_ip_of(m), w->nat->config.sides[side].mtu)))
		nat_send_in_pieces(w, m, side, next_hop);
	else
		nf_neighbour_send(w->neighbours, m, side, next_hop);
}

/* Routes and sends a translated packet; counts it as `counter`. Frees it if there is no route to the
 * side that it is for. */
static inline void
nat_forward(struct nat_worker *w, struct rte_mbuf *m, rte_be32_t destination, uint8_t side,
	    unsigned int counter)
{
	const struct nf_hop *hop = nf_hop_find(&w->nat->hops, rte_be_to_cpu_32(destination));

	if (unlikely(hop == NULL || hop->side != side)) {
		nf_drop(w->nf, m, NAT_drop_no_route);
		return;
	}
	nf_count(w->nf, counter, 1);
	nat_send(w, m, side, hop->via != 0 ? hop->via : destination);
}

#endif
