/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets that are longer than a port's MTU, in fragments (RFC 791 section 3.2). Worker's thread;
 * takes mbufs from the pool and nothing else.
 */
#ifndef NF_MTU_H
#define NF_MTU_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "side.h"

#define NF_MAX_PIECES 20u /* NF_MTU_MAX in fragments of NF_MTU_MIN, and some for headers */

static inline bool
nf_mtu_exceeds(const struct rte_ipv4_hdr *ip, uint16_t mtu)
{
	return rte_be_to_cpu_16(ip->total_length) > mtu;
}

static inline bool
nf_mtu_forbids(const struct rte_ipv4_hdr *ip)
{
	return (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG)) != 0;
}

/* Cuts the IPv4 packet that begins `l2_size` bytes into the frame into fragments of at most `mtu`
 * bytes, first one first; a fragment is cut further. Each is a frame of its own in one segment, whose
 * first l2_size bytes are for the caller to write. The packet itself stays as it is, the
 * caller's. Returns how many, or 0 if the pool is empty or NF_MAX_PIECES do not suffice. */
uint16_t nf_mtu_fragment(const struct rte_mbuf *m, uint16_t l2_size, uint16_t mtu,
			 struct rte_mempool *pool, struct rte_mbuf *pieces[NF_MAX_PIECES]);

#endif
