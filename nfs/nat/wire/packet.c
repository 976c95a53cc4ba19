/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about a packet; see packet.h. Pure. */
#include "packet.h"

#include <netinet/in.h>

#include <rte_icmp.h>

struct nat_embedded
nat_packet_embedded(const struct nat_packet *p)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(p->l4 + sizeof(struct rte_icmp_hdr));
	uint8_t *l4 = (uint8_t *)ip + rte_ipv4_hdr_len(ip);
	const uint8_t *here = (const uint8_t *)p->ip + p->ip_size;
	const uint8_t *end = (const uint8_t *)ip + rte_be_to_cpu_16(ip->total_length);

	end = RTE_MIN(end, here);
	return (struct nat_embedded){
		.ip = ip, .l4 = l4, .l4_size = end > l4 ? (uint32_t)(end - l4) : 0};
}

uint32_t
nat_packet_size_behind(const struct nat_packet *p, const uint8_t *at)
{
	const uint8_t *here = rte_pktmbuf_mtod(p->m, const uint8_t *) + rte_pktmbuf_data_len(p->m);
	const uint8_t *end = (const uint8_t *)p->ip + p->ip_size;

	return (uint32_t)(RTE_MIN(here, end) - at);
}

bool
nat_packet_is_icmp_error(const struct nat_packet *p)
{
	return p->fragment == NAT_WHOLE && p->ip->next_proto_id == IPPROTO_ICMP &&
	       nat_packet_size_behind(p, p->l4) >= sizeof(struct rte_icmp_hdr) &&
	       nat_icmp_is_error(p->l4[0]);
}
