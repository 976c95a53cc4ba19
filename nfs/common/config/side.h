/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sides of an NF: one port each, with its IPv4 address, its MAC and what is on-link there, and
 * the routes behind it, as they are configured. Constant while workers run.
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

struct nf_prefix {
	uint32_t address; /* host order, no bits below the mask */
	uint32_t mask;    /* host order */
};

struct nf_side {
	char name[SLIM_NAME_SIZE]; /* of the port, as the topology calls it */
	uint16_t port_id;          /* DPDK's */
	rte_be32_t address;        /* 0: there is no IPv4 network, */
	struct nf_prefix prefix;   /* what is on-link: then 0.0.0.0/32, no host */
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

static inline bool
nf_prefix_has(const struct nf_prefix *prefix, uint32_t address)
{
	return (address & prefix->mask) == prefix->address;
}

/* Can a host on this side have the address? Not what is not on-link, nor the side's own address, nor those of
 * the net and of all of its hosts (RFC 1122 section 3.2.1.3; a prefix of 31 bits has none, RFC 3021). */
static inline bool
nf_side_may_have(const struct nf_side *side, rte_be32_t address)
{
	uint32_t host = rte_be_to_cpu_32(address) & ~side->prefix.mask;

	return address != side->address &&
	       nf_prefix_has(&side->prefix, rte_be_to_cpu_32(address)) &&
	       (~side->prefix.mask <= 1 || (host != 0 && host != ~side->prefix.mask));
}

#endif
