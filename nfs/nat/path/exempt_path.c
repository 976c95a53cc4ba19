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
	enum nf_refusal source = p->is_own ? NF_ALLOWED : nat_may_come(w, p->ip->src_addr, p->side);
	enum nf_refusal destination;
	struct nf_next next;
	bool outwards = p->side == NAT_INSIDE;
	uint8_t to = outwards ? NAT_OUTSIDE : NAT_INSIDE;

	destination = nf_may_go(&w->nat->hops, p->ip->dst_addr, to, &next);
	if (source != NF_ALLOWED) {
		nf_drop(w->nf, p->m, nat_refusal_drops[source]);
		return;
	}
	if (destination != NF_ALLOWED) {
		nat_icmp_refuse(w, p, nat_no_way(destination));
		return;
	}
	if (p->ip->time_to_live <= 1) {
		nat_icmp_refuse(w, p,
				(struct nat_refusal){.drop = NAT_drop_ttl, .error = NAT_ERROR_TTL});
		return;
	}
	if (nat_is_too_big(w, p, to) && !nat_packet_is_icmp_error(p)) {
		nat_icmp_refuse(w, p, nat_too_big(w, to));
		return;
	}
	nat_fragment_accept(w->fragments, w->nf, p, outwards ? p->ip->src_addr : p->ip->dst_addr);
	p->ip->hdr_checksum = nf_csum_apply(p->ip->hdr_checksum, nat_ip_decrement_ttl(p->ip));
	nf_count(w->nf, outwards ? NAT_routed_out : NAT_routed_in, 1);
	nat_send(w, p->m, &next);
}
