/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sides of an NF: one port each, with its IPv4 address, its MAC and what is on-link there, and
 * the routes behind it. Constant while workers run.
 */
#ifndef NF_SIDE_H
#define NF_SIDE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_ether.h>

#include "slim_limits.h"

#define NF_MAX_SIDES 4u
#define NF_MAX_ROUTES 32u /* static routes of all sides */
#define NF_MTU_DEFAULT 1500u
#define NF_MTU_MIN 576u
#define NF_MTU_MAX 9216u
#define NF_MIN_FRAME 60u /* bytes of the shortest Ethernet frame without FCS */

struct nf_prefix {
	uint32_t address; /* host order, no bits below the mask */
	uint32_t mask;    /* host order */
};

struct nf_side {
	char name[SLIM_NAME_SIZE]; /* of the port, as the topology calls it */
	uint16_t port_id;          /* DPDK's */
	rte_be32_t address;
	struct nf_prefix prefix; /* what is on-link */
	struct rte_ether_addr mac;
	uint16_t vlan; /* 802.1Q id of all frames; 0: they have no tag */
	uint16_t mtu;  /* of IPv4 packets on this side, bytes */
};

/* A route as it is configured. */
struct nf_route {
	struct nf_prefix prefix;
	rte_be32_t via;
	uint8_t side;
};

struct nf_routes {
	struct nf_route routes[NF_MAX_ROUTES];
	uint32_t n;
};

struct nf_hop {
	struct nf_prefix prefix;
	rte_be32_t via; /* 0: on-link */
	uint8_t side;
};

/* All prefixes that can be reached, longest first. */
struct nf_hops {
	struct nf_hop hops[NF_MAX_ROUTES + NF_MAX_SIDES];
	uint32_t n;
};

static inline bool
nf_prefix_has(const struct nf_prefix *prefix, uint32_t address)
{
	return (address & prefix->mask) == prefix->address;
}

/* 0/8, 127/8 and 224/3: never a unicast source or destination on a network (RFC 1122). */
static inline bool
nf_is_unroutable(rte_be32_t address)
{
	uint32_t top = rte_be_to_cpu_32(address) >> 24;

	return top == 0 || top == 127 || top >= 224;
}

/* From what is on-link on `n_sides` sides, and the routes. */
void nf_hops_init(struct nf_hops *hops, const struct nf_side *sides, uint8_t n_sides,
		  const struct nf_routes *routes);

/* Next hop of an address (host order); NULL: no route. */
const struct nf_hop *nf_hop_find(const struct nf_hops *hops, uint32_t address);

#endif
