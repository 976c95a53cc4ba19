/* SPDX-License-Identifier: Apache-2.0 */
/* What seldom happens on the way of a packet; see passage.h. Worker's thread. */
#include "passage.h"

#include "counters.h"
#include "icmp.h"

uint16_t
gateway_cut_up(struct gateway_worker *w, struct gateway_packet *p, uint32_t room,
	       struct rte_mbuf *pieces[NF_MAX_PIECES])
{
	uint16_t n = nf_mtu_fragment(p->m, sizeof(struct rte_ether_hdr), (uint16_t)room,
				     w->nf->pool, pieces);

	if (n == 0) {
		nf_drop(w->nf, p->m, NF_no_mbuf);
		return 0;
	}
	rte_pktmbuf_free(p->m);
	nf_count(w->nf, GATEWAY_fragmented, 1);
	return n;
}

void
gateway_refuse(struct gateway_worker *w, struct gateway_packet *p, struct gateway_session *session,
	       uint16_t counter, uint32_t room)
{
	if (counter == GATEWAY_drop_too_big)
		gateway_icmp_tell(w, p, GATEWAY_TOO_BIG, (uint16_t)room);
	else if (counter == GATEWAY_drop_ttl)
		gateway_icmp_tell(w, p, GATEWAY_TIME_EXCEEDED, 0);
	else if (counter == GATEWAY_drop_policed)
		session->packets_policed++;
	nf_drop(w->nf, p->m, counter);
}
