/* SPDX-License-Identifier: Apache-2.0 */
/* The outside of tunnel packets; see tunnel.h. Worker's thread. */
#include "tunnel.h"

#include <netinet/in.h>

#include "counters.h"
#include "gtpu.h"
#include "outer.h"

const uint16_t gateway_refusal_drops[] = {
	[NF_BAD_ADDRESS] = GATEWAY_drop_bad_address,
	[NF_SPOOFED] = GATEWAY_drop_bad_address,
	[NF_NO_ROUTE] = GATEWAY_drop_no_route,
};

enum nf_refusal
gateway_outer_to(const struct gateway_worker *w, rte_be32_t address,
		 struct gateway_outer *ret_outer)
{
	ret_outer->to = address;
	ret_outer->source_port = RTE_BE16(GTPU_PORT);
	ret_outer->port = RTE_BE16(GTPU_PORT);
	ret_outer->traffic_class = (uint8_t)(w->gateway->config.tunnel.dscp << 2);
	return nf_may_go(&w->gateway->hops, address, GATEWAY_ACCESS, &ret_outer->next);
}

void
gateway_send_tunnel(struct gateway_worker *w, struct rte_mbuf *m, const struct gateway_outer *outer,
		    uint16_t size, unsigned int counter)
{
	struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr));
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);

	*udp = (struct rte_udp_hdr){
		.src_port = outer->source_port,
		.dst_port = outer->port,
		.dgram_len = rte_cpu_to_be_16((uint16_t)(sizeof(*udp) + size)),
	};
	/* Atomic datagrams: no identification (RFC 6864). */
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.type_of_service = outer->traffic_class,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + sizeof(*udp) + size)),
		.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = GATEWAY_OUTER_TTL,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = w->gateway->config.sides[GATEWAY_ACCESS].address,
		.dst_addr = outer->to,
	};
	ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, sizeof(*ip));
	nf_count(w->nf, counter, 1);
	nf_neighbour_send(w->neighbours, m, &outer->next);
}
