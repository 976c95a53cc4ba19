/* SPDX-License-Identifier: Apache-2.0 */
/* The outside of tunnel packets; see tunnel.h. Worker's thread. */
#include "tunnel.h"

#include <netinet/in.h>

#include "counters.h"

#define OUTER_TTL 64

const uint16_t gateway_refusal_drops[] = {
	[NF_BAD_ADDRESS] = GATEWAY_drop_bad_address,
	[NF_SPOOFED] = GATEWAY_drop_bad_address,
	[NF_NO_ROUTE] = GATEWAY_drop_no_route,
};

void
gateway_send_tunnel(struct gateway_worker *w, struct rte_mbuf *m, rte_be32_t to, rte_be16_t port,
		    uint16_t size, unsigned int counter)
{
	struct nf_next next;
	enum nf_refusal refusal = nf_may_go(&w->gateway->hops, to, GATEWAY_ACCESS, &next);
	struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr));
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);

	if (unlikely(refusal != NF_ALLOWED)) {
		nf_drop(w->nf, m, gateway_refusal_drops[refusal]);
		return;
	}
	*udp = (struct rte_udp_hdr){
		.src_port = RTE_BE16(GTPU_PORT),
		.dst_port = port,
		.dgram_len = rte_cpu_to_be_16((uint16_t)(sizeof(*udp) + size)),
	};
	/* Atomic datagrams: no identification (RFC 6864). */
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + sizeof(*udp) + size)),
		.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = OUTER_TTL,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = w->gateway->config.sides[GATEWAY_ACCESS].address,
		.dst_addr = to,
	};
	ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, sizeof(*ip));
	nf_count(w->nf, counter, 1);
	nf_neighbour_send(w->neighbours, m, &next);
}
