/* SPDX-License-Identifier: Apache-2.0 */
/* What seldom happens on the way of a packet; see passage.h. Worker's thread. */
#include "passage.h"

#include "icmp.h"
#include "prefix.h"

uint32_t
pppoe_client_of(const struct pppoe_worker *w, const struct nf_ip *ip)
{
	const struct pppoe *pppoe = w->pppoe;

	if (ip->is_ipv6)
		return pppoe_session_by_prefix(
			&pppoe->sessions,
			pppoe_prefix_of(&pppoe->config.ipv6_pool, nf_ip_v6(ip)->dst_addr));
	return pppoe_session_by_ipv4(&pppoe->sessions, rte_be_to_cpu_32(nf_ip_v4(ip)->dst_addr));
}

bool
pppoe_is_own(const struct pppoe_config *config, const struct nf_ip *ip)
{
	if (ip->is_ipv6)
		return config->core_ipv6_bits != 0 &&
		       memcmp(nf_ip_v6(ip)->dst_addr, config->core_ipv6, 16) == 0;
	return nf_ip_v4(ip)->dst_addr == config->sides[PPPOE_CORE].address ||
	       nf_ip_v4(ip)->dst_addr == config->gateway;
}

uint16_t
pppoe_cut_up(struct pppoe_worker *w, struct rte_mbuf *m, uint16_t front, uint32_t room,
	     struct rte_mbuf *pieces[NF_MAX_PIECES])
{
	uint16_t n = nf_mtu_fragment(m, front, (uint16_t)room, w->nf->pool, pieces);

	if (n == 0) {
		nf_drop(w->nf, m, NF_no_mbuf);
		return 0;
	}
	rte_pktmbuf_free(m);
	nf_count(w->nf, PPPOE_fragmented, 1);
	return n;
}

void
pppoe_refuse(struct pppoe_worker *w, struct pppoe_frame *f, uint16_t counter, uint32_t room)
{
	if (counter == PPPOE_drop_too_big)
		pppoe_icmp_tell(w, f, PPPOE_TOO_BIG, (uint16_t)room);
	else if (counter == PPPOE_drop_ttl)
		pppoe_icmp_tell(w, f, PPPOE_TIME_EXCEEDED, 0);
	nf_drop(w->nf, f->m, counter);
}
