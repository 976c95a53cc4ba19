/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting what is too long; see send.h. */
#include "send.h"

#define L2_SIZE sizeof(struct rte_ether_hdr)

const uint16_t nat_refusal_drops[] = {
	[NF_BAD_ADDRESS] = NAT_drop_bad_address,
	[NF_SPOOFED] = NAT_drop_spoofed,
	[NF_NO_ROUTE] = NAT_drop_no_route,
};

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
