/* SPDX-License-Identifier: Apache-2.0 */
/* What seldom happens on the way of a packet; see passage.h. Worker's thread. */
#include "passage.h"

#include "counters.h"
#include "icmp.h"
#include "uplink.h"

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

/* Tells the sender of a subscriber's packet why it goes no further. */
static void
tell(struct gateway_worker *w, const struct gateway_packet *p, enum gateway_reason reason,
     uint32_t mtu)
{
	struct gateway_packet error;

	if (gateway_icmp_make(w, p, reason, (uint16_t)mtu, &error))
		gateway_route(w, &error);
}

void
gateway_refuse(struct gateway_worker *w, struct gateway_packet *p, struct gateway_session *session,
	       uint16_t counter, uint32_t room)
{
	if (counter == GATEWAY_drop_too_big)
		tell(w, p, GATEWAY_TOO_BIG, room);
	else if (counter == GATEWAY_drop_ttl)
		tell(w, p, GATEWAY_TIME_EXCEEDED, 0);
	else if (counter == GATEWAY_drop_policed)
		session->packets_policed++;
	nf_drop(w->nf, p->m, counter);
}
