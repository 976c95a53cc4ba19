/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of IPv6 on a link: Neighbor Discovery (RFC 4861) and Multicast Listener Discovery
 * (RFC 2710, RFC 3810). What they say, and how they are written. Pure.
 */
#ifndef NF_DISCOVERY_H
#define NF_DISCOVERY_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "neighbour_rule.h"

/* ---- Neighbor Discovery ---------------------------------------------------------------------------- */

struct nf_discovery {
	enum nf_saying saying;
	const uint8_t
		*about; /* whose MAC address it tells: source of a solicitation, else the target */
	const uint8_t *target; /* who is asked for, or tells */
	struct rte_ether_addr mac;
	bool tells_mac; /* else `mac` is the frame's source */
};

/* Of a packet of `size` octets, all of them there, in a frame from `source`. It points into the packet. False: it is
 * neither, or not valid (RFC 4861 sections 7.1.1 and 7.1.2). */
bool nf_discovery_read(const struct rte_ipv6_hdr *ip, uint32_t size,
		       const struct rte_ether_addr *source, struct nf_discovery *ret);

/* Who sends, and to whom; group addresses for both if it is for more than one. */
struct nf_link_ends {
	const struct rte_ether_addr *from_mac, *to_mac;
	const uint8_t *from, *to;
};

/* Octets of each message that is written, with its Ethernet header. */
uint16_t nf_discovery_size(void);
void nf_discovery_put_solicitation(void *frame, const struct nf_link_ends *ends,
				   const uint8_t target[16]);
/* Always to override; `solicited`: to who asked. */
void nf_discovery_put_advertisement(void *frame, const struct nf_link_ends *ends,
				    const uint8_t target[16], bool solicited);

/* The group of those who may have an address (RFC 4291 section 2.7.1), and its MAC address. */
void nf_solicited_node(const uint8_t address[16], uint8_t ret_group[16],
		       struct rte_ether_addr *ret_mac);

/* ---- Multicast Listener Discovery -------------------------------------------------------------- */

/* Version of a query that asks who listens to the group, 1 or 2; 0: it is none, or not valid (RFC 3810
 * section 6.2). */
uint8_t nf_mld_query(const struct rte_ipv6_hdr *ip, uint32_t packet_size, const uint8_t group[16]);

enum { NF_MLD_LISTENS = 2, NF_MLD_BEGINS = 4 }; /* RFC 3810 section 5.2.12 */

/* Room for a report of either version, with its Ethernet header. */
#define NF_MLD_SIZE 90u
/* "I listen to the group", without a source address: an NF has none of the link (RFC 3590 section 4,
 * RFC 3810 section 5.2.13). `record` is for version 2. Returns its octets. */
uint16_t nf_mld_put_report(void *frame, const struct rte_ether_addr *from_mac,
			   const uint8_t group[16], uint8_t version, uint8_t record);

#endif
