/* SPDX-License-Identifier: Apache-2.0 */
/* See ip_packet.h. Pure. */
#include "ip_packet.h"

#include <netinet/in.h>

#include <rte_icmp.h>

#include "icmp_message.h"
#include "ipv4.h"

#define FRAGMENT_BITS RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)

enum { ECHO_REQUEST = 8, ECHO_REQUEST_6 = 128 };

static enum nf_ip_fault
read_ipv4(uint8_t *at, uint32_t size, struct nf_ip *ret)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)at;
	uint32_t header, total;

	if (size < sizeof(*ip))
		return NF_IP_HEADER;
	header = rte_ipv4_hdr_len(ip);
	total = rte_be_to_cpu_16(ip->total_length);
	if (header < sizeof(*ip) || total < header || total > size)
		return NF_IP_HEADER;
	if (rte_raw_cksum(ip, header) != UINT16_MAX)
		return NF_IP_CHECKSUM;
	*ret = (struct nf_ip){at, (uint16_t)total, false};
	return NF_IP_RIGHT;
}

static enum nf_ip_fault
read_ipv6(uint8_t *at, uint32_t size, struct nf_ip *ret)
{
	const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)at;
	uint32_t total;

	if (size < sizeof(*ip))
		return NF_IP_HEADER;
	total = (uint32_t)sizeof(*ip) + rte_be_to_cpu_16(ip->payload_len);
	if (total > size || total > UINT16_MAX)
		return NF_IP_HEADER;
	*ret = (struct nf_ip){at, (uint16_t)total, true};
	return NF_IP_RIGHT;
}

enum nf_ip_fault
nf_ip_read(uint8_t *at, uint32_t size, struct nf_ip *ret)
{
	if (size == 0)
		return NF_IP_HEADER;
	switch (at[0] >> 4) {
	case 4:
		return read_ipv4(at, size, ret);
	case 6:
		return read_ipv6(at, size, ret);
	default:
		return NF_IP_HEADER;
	}
}

bool
nf_ip_is_echo_request(const struct nf_ip *p)
{
	const struct rte_ipv4_hdr *ip = nf_ip_v4(p);
	uint32_t header;

	if (p->is_ipv6)
		return nf_ip_v6(p)->proto == IPPROTO_ICMPV6 &&
		       p->size >= sizeof(struct rte_ipv6_hdr) + sizeof(struct rte_icmp_hdr) &&
		       p->at[sizeof(struct rte_ipv6_hdr)] == ECHO_REQUEST_6;
	header = rte_ipv4_hdr_len(ip);
	return ip->next_proto_id == IPPROTO_ICMP && !(ip->fragment_offset & FRAGMENT_BITS) &&
	       p->size >= header + sizeof(struct rte_icmp_hdr) && p->at[header] == ECHO_REQUEST;
}

void
nf_ip_turn_echo(const struct nf_ip *p)
{
	if (p->is_ipv6) {
		nf_icmpv6_turn_echo(nf_ip_v6(p));
		return;
	}
	nf_icmp_turn_echo(nf_ip_v4(p));
	nf_ipv4_seal(nf_ip_v4(p));
}
