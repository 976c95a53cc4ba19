/* SPDX-License-Identifier: Apache-2.0 */
/* ARP packets for IPv4 over Ethernet (RFC 826): what they say, and how they are written. Pure. */
#ifndef NF_ARP_H
#define NF_ARP_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_arp.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include "ipv4_bucket.h"
#include "frame.h"
#include "neighbour_rule.h"
#include "side.h"

/* The worker that owns the low byte of a neighbour's address writes, asks and keeps what waits. */
static inline uint8_t
nf_neighbour_bucket(rte_be32_t address)
{
	return nf_ipv4_bucket(address);
}

/* Is the frame, whose Ethernet header is complete, an ARP packet for IPv4 over Ethernet, all there? */
bool nf_arp_is_valid(const struct rte_mbuf *m);

/* Of a valid one. */
static inline struct rte_arp_ipv4 *
nf_arp_data(const struct rte_mbuf *m)
{
	return &rte_pktmbuf_mtod_offset(m, struct rte_arp_hdr *, sizeof(struct rte_ether_hdr))
			->arp_data;
}

/* The bucket whose owner takes it: that of the sender. */
uint8_t nf_arp_bucket(const struct rte_mbuf *m);

/* NF_N_SAYINGS: neither request nor reply. */
enum nf_saying nf_arp_saying(const struct rte_mbuf *m);

/* Writes a whole request of NF_MIN_FRAME octets from `me`. `to` NULL: to everybody. `sender`: an address of
 * the NF; equal to `target` it is an announcement. */
void nf_arp_put_request(void *frame, const struct nf_side *me, rte_be32_t sender, rte_be32_t target,
			const struct rte_ether_addr *to);

/* Makes a request its reply: `me` has the address that was asked for. */
void nf_arp_make_reply(struct rte_mbuf *m, const struct nf_side *me);

#endif
