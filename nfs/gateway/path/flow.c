/* SPDX-License-Identifier: Apache-2.0 */
/* Source ports of flows; see flow.h. Pure. */
#include "flow.h"

#include <netinet/in.h>
#include <string.h>

#define FRAGMENT_BITS RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)
#define FLOW_LABEL_MASK RTE_BE32(0xfffff)

static inline uint64_t
mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

/* Both ports as they stand there; 0: it has none. */
static inline uint32_t
ports_of(const struct gateway_packet *p, uint8_t protocol, uint32_t header)
{
	uint32_t ports;

	if ((protocol != IPPROTO_UDP && protocol != IPPROTO_TCP && protocol != IPPROTO_SCTP) ||
	    p->ip_size < header + sizeof(ports))
		return 0;
	memcpy(&ports, p->ip + header, sizeof(ports));
	return ports;
}

static uint64_t
hash_ipv4(const struct gateway_packet *p)
{
	const struct rte_ipv4_hdr *ip = gateway_ipv4(p);
	uint64_t hash = mix(0, (uint64_t)ip->src_addr << 32 | ip->dst_addr);
	bool whole = (ip->fragment_offset & FRAGMENT_BITS) == 0;
	uint32_t ports = whole ? ports_of(p, ip->next_proto_id, rte_ipv4_hdr_len(ip)) : 0;

	return mix(hash, (uint64_t)ip->next_proto_id << 32 | ports);
}

static uint64_t
hash_ipv6(const struct gateway_packet *p)
{
	const struct rte_ipv6_hdr *ip = gateway_ipv6(p);
	rte_be32_t label = ip->vtc_flow & FLOW_LABEL_MASK;
	uint64_t addresses[4], hash = 0;

	memcpy(addresses, ip->src_addr, sizeof(addresses));
	for (uint32_t i = 0; i < RTE_DIM(addresses); i++)
		hash = mix(hash, addresses[i]);
	if (label != 0)
		return mix(hash, label);
	return mix(hash, (uint64_t)ip->proto << 32 | ports_of(p, ip->proto, sizeof(*ip)));
}

rte_be16_t
gateway_flow_port(const struct gateway_packet *p)
{
	uint64_t hash = p->is_ipv6 ? hash_ipv6(p) : hash_ipv4(p);

	return rte_cpu_to_be_16((uint16_t)(GATEWAY_FLOW_PORTS | hash >> 50));
}
