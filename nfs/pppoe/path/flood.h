/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many PADIs are answered: of one MAC address, and of all. A table of token buckets, one place for a hash, so it has no
 * memory that could run out; two addresses that share a place share its tokens. Does not move: a second later it is full again.
 * Worker's thread.
 */
#ifndef PPPOE_PATH_FLOOD_H
#define PPPOE_PATH_FLOOD_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

#define PPPOE_FLOOD_PLACES 4096u

struct pppoe_flood {
	uint64_t full_ns[PPPOE_FLOOD_PLACES]; /* when its bucket is full again */
	uint64_t all_full_ns;
	uint64_t seed;
	uint64_t cost_ns, all_cost_ns; /* of a PADI; 0: no limit */
};

void pppoe_flood_init(struct pppoe_flood *f, uint32_t per_s, uint32_t all_per_s, uint64_t seed);
/* May this one be answered? Counts it. Bursts of a second are allowed. */
bool pppoe_flood_may(struct pppoe_flood *f, const struct rte_ether_addr *mac, uint64_t now_ns);

#endif
