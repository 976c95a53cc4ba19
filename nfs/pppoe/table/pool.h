/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of which each belongs to one slot at most: session ids, IPv4 addresses, /64 prefixes. A cell for each number says
 * whose it is, so it is at once the free list, the index (no hash, one load) and the guard against two owners. Derived from
 * the rows: `installed` and `removed` of the session table keep it; it is not moved.
 *
 * All workers take, give and look up; a cell changes by compare and exchange, so no number has two owners. Who comes first
 * has it: a row that comes before its number's last owner has gone takes it when it is free (session.h).
 * P: take (release) -> find (acquire): who finds a slot sees that the number was taken for it. What stands in the slot
 * belongs to its worker all the same.
 */
#ifndef PPPOE_TABLE_POOL_H
#define PPPOE_TABLE_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "slot_index.h"

#define PPPOE_NO_NUMBER UINT32_MAX

struct pppoe_pool {
	uint32_t *cells; /* slot + 1; 0: free */
	uint32_t n;
};

/* The numbers first, first + step, first + 2 * step, ...: n of them, all in the pool. */
struct pppoe_numbers {
	uint32_t first;
	uint32_t step;
	uint32_t n;
};

/* Main thread. n numbers from 0; n 0: a pool that never has one. -ENOMEM. Zeroed memory can be passed to fini. */
int pppoe_pool_init(struct pppoe_pool *pool, uint32_t n, const char *name);
void pppoe_pool_fini(struct pppoe_pool *pool);

/* For `slot` the number itself. False: it is another one's, or there is no such number. True also if it is this slot's. */
bool pppoe_pool_take(struct pppoe_pool *pool, uint32_t number, uint32_t slot);

/* For `slot` a free one of some numbers, from the `from`-th of them on (any number) and round; PPPOE_NO_NUMBER: none is free.
 * A slot has one number of a pool at most, so it looks at no more cells than there are slots, and one. */
uint32_t pppoe_pool_take_of(struct pppoe_pool *pool, const struct pppoe_numbers *of, uint32_t from,
			    uint32_t slot);

/* Nothing happens if it is not this slot's. */
void pppoe_pool_give(struct pppoe_pool *pool, uint32_t number, uint32_t slot);

/* NF_NO_SLOT: it is free, or there is no such number. */
static inline uint32_t
pppoe_pool_find(const struct pppoe_pool *pool, uint32_t number)
{
	return number < pool->n ? __atomic_load_n(&pool->cells[number], __ATOMIC_ACQUIRE) - 1
				: NF_NO_SLOT;
}

#endif
