/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 headers: what every network function asks of one, or does to one. Pure. */
#ifndef NF_IPV4_H
#define NF_IPV4_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_ip.h>

#define NF_OWN_TTL 64 /* of what an NF sends itself; the hop limit as well (RFC 1700) */

/* 0/8, 127/8 and 224/3: on no network a host (RFC 1122 section 3.2.1.3). */
static inline bool
nf_is_unroutable(rte_be32_t address)
{
	uint32_t top = rte_be_to_cpu_32(address) >> 24;

	return top == 0 || top == 127 || top >= 224;
}

static inline bool
nf_ipv4_is_later_fragment(const struct rte_ipv4_hdr *ip)
{
	return (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK)) != 0;
}

/* Its checksum anew, for a header of which much was changed; checksum.h is for the others. */
static inline void
nf_ipv4_seal(struct rte_ipv4_hdr *ip)
{
	ip->hdr_checksum = 0;
	ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, rte_ipv4_hdr_len(ip));
}

#endif
