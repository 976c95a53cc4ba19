/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of PADIs; see flood.h. */
#include "flood.h"

#include <string.h>

#define SECOND_NS UINT64_C(1000000000)

static uint64_t
cost(uint32_t per_s)
{
	return per_s != 0 ? SECOND_NS / per_s : 0;
}

void
pppoe_flood_init(struct pppoe_flood *f, uint32_t per_s, uint32_t all_per_s, uint64_t seed)
{
	*f = (struct pppoe_flood){
		.seed = seed, .cost_ns = cost(per_s), .all_cost_ns = cost(all_per_s)};
}

/* Of 48 bits and a seed that nobody knows, so nobody chooses addresses that share a place. */
static uint32_t
place(const struct pppoe_flood *f, const struct rte_ether_addr *mac)
{
	uint64_t hash = f->seed;

	for (unsigned int i = 0; i < RTE_ETHER_ADDR_LEN; i++)
		hash ^= (uint64_t)mac->addr_bytes[i] << 8 * i;
	hash = (hash ^ hash >> 32) * UINT64_C(0xd6e8feb86659fd93);
	hash = (hash ^ hash >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return (uint32_t)(hash >> 32) % PPPOE_FLOOD_PLACES;
}

/* When the bucket will be full again with one token less; 0: it has none. */
static uint64_t
less_one(uint64_t full_ns, uint64_t cost_ns, uint64_t now_ns)
{
	uint64_t next = (full_ns > now_ns ? full_ns : now_ns) + cost_ns;

	return next - now_ns <= SECOND_NS ? next : 0;
}

bool
pppoe_flood_may(struct pppoe_flood *f, const struct rte_ether_addr *mac, uint64_t now_ns)
{
	uint64_t *full_ns = &f->full_ns[place(f, mac)];
	uint64_t next = less_one(*full_ns, f->cost_ns, now_ns);
	uint64_t all_next = less_one(f->all_full_ns, f->all_cost_ns, now_ns);

	if (next == 0 || all_next == 0) /* who is refused takes no token of the others */
		return false;
	*full_ns = next;
	f->all_full_ns = all_next;
	return true;
}
