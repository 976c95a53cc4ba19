/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting what is too long; see send.h. */
#include "send.h"

#define L2_SIZE sizeof(struct rte_ether_hdr)

const uint16_t nat_refusal_drops[] = {
	[NF_BAD_ADDRESS] = NAT_drop_bad_address,
	[NF_SPOOFED] = NAT_drop_spoofed,
	[NF_NO_ROUTE] = NAT_drop_no_route,
};

bool
nat_can_cut(const struct nat_worker *w, const struct nat_packet *p, uint8_t side)
{
	struct rte_mbuf *pieces[NF_MAX_PIECES];
	uint32_t header = rte_ipv4_hdr_len(p->ip);
	uint32_t room = (w->nat->config.sides[side].mtu - header) / RTE_IPV4_HDR_OFFSET_UNITS *
			RTE_IPV4_HDR_OFFSET_UNITS;
	uint32_t n = (p->ip_size - header + room - 1) / room;

	if (n > NF_MAX_PIECES || rte_pktmbuf_alloc_bulk(w->nf->pool, pieces, n) != 0)
		return false;
	rte_pktmbuf_free_bulk(pieces, n);
	return true;
}

void
nat_send_in_pieces(struct nat_worker *w, struct rte_mbuf *m, const struct nf_next *next)
{
	struct rte_mbuf *pieces[NF_MAX_PIECES];
	uint16_t n;

	if (nf_mtu_forbids(nat_ip_of(m))) {
		nf_drop(w->nf, m, NAT_drop_too_big);
		return;
	}
	n = nf_mtu_fragment(m, L2_SIZE, w->nat->config.sides[next->side].mtu, w->nf->pool, pieces);
	if (n == 0) {
		nf_drop(w->nf, m, NF_no_mbuf);
		return;
	}
	rte_pktmbuf_free(m);
	nf_count(w->nf, NAT_fragmented, 1);
	for (uint16_t i = 0; i < n; i++)
		nf_neighbour_send(w->neighbours, pieces[i], next);
}
