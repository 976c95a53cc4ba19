/* SPDX-License-Identifier: Apache-2.0 */
/* Untranslated packets, on their way; see exempt_path.h. */
#include "exempt_path.h"

#include "checksum.h"
#include "counters.h"
#include "icmp.h"
#include "send.h"

void
nat_exempt_route(struct nat_worker *w, struct nat_packet *p)
{
	const struct nf_hop *back = nf_hop_find(&w->nat->hops, rte_be_to_cpu_32(p->ip->src_addr));
	bool outwards = p->side == NAT_INSIDE;
	uint8_t to = outwards ? NAT_OUTSIDE : NAT_INSIDE;
	bool is_error = nat_packet_is_icmp_error(p);

	if (nf_is_unroutable(p->ip->src_addr) || nf_is_unroutable(p->ip->dst_addr)) {
		nf_drop(w->nf, p->m, NAT_drop_bad_address);
		return;
	}
	if (back == NULL || back->side != p->side) {
		nf_drop(w->nf, p->m, NAT_drop_spoofed);
		return;
	}
	if (p->ip->time_to_live <= 1) {
		/* Never an error about an error (RFC 1812 section 4.3.2.7). */
		if (is_error)
			nf_drop(w->nf, p->m, NAT_drop_ttl);
		else
			nat_icmp_refuse(w, p, NAT_ERROR_TTL, 0, NAT_drop_ttl);
		return;
	}
	if (nat_is_too_big(w, p, to) && !is_error) {
		nat_icmp_refuse(w, p, NAT_ERROR_TOO_BIG, w->nat->config.sides[to].mtu,
				NAT_drop_too_big);
		return;
	}
	p->ip->hdr_checksum = nf_csum_apply(p->ip->hdr_checksum, nat_ip_decrement_ttl(p->ip));
	nat_forward(w, p->m, p->ip->dst_addr, to, outwards ? NAT_routed_out : NAT_routed_in);
}
