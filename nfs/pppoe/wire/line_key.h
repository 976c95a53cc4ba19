/* SPDX-License-Identifier: Apache-2.0 */
/* The line of a client: all that tells one subscriber's access from another's. */
#ifndef PPPOE_WIRE_LINE_KEY_H
#define PPPOE_WIRE_LINE_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

struct pppoe_line_key {
	struct rte_ether_addr mac;
	uint16_t outer; /* VLAN ids, host order; 0: no tag */
	uint16_t inner; /* not without an outer one */
};

/* Of a client: the last octet of its MAC address, which a switch can mask. Its address has the same last octet if the pool
 * has one to give. */
static inline uint8_t
pppoe_mac_bucket(const struct rte_ether_addr *mac)
{
	return mac->addr_bytes[5];
}

static inline bool
pppoe_line_is(const struct pppoe_line_key *line, const struct rte_ether_addr *mac, uint16_t outer,
	      uint16_t inner)
{
	return line->outer == outer && line->inner == inner &&
	       rte_is_same_ether_addr(&line->mac, mac);
}

#endif
