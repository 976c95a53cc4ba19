/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of which each belongs to one slot at most: session ids, IPv4 addresses, /64 prefixes. A cell for each number says
 * whose it is, so it is at once the free list, the index (no hash, one load) and the guard against two owners. Derived from
 * the rows: `installed` and `removed` of the session table keep it; it is not moved.
 *
 * All workers take, give and look up; a cell changes by compare and exchange, so no number has two owners.
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

/* Main thread. n numbers from 0. -ENOMEM. Zeroed memory can be passed to fini. */
int pppoe_pool_init(struct pppoe_pool *pool, uint32_t n, const char *name);
void pppoe_pool_fini(struct pppoe_pool *pool);

/* For `slot` the number itself. False: it is another one's, or there is no such number. True also if it is this slot's. */
bool pppoe_pool_take(struct pppoe_pool *pool, uint32_t number, uint32_t slot);

/* For `slot` a free number n with n % 256 == octet from the place `from` on (any number), or PPPOE_NO_NUMBER. Looks at
 * n / 256 cells at most. */
uint32_t pppoe_pool_take_octet(struct pppoe_pool *pool, uint8_t octet, uint32_t from, uint32_t slot);

/* For `slot` any free number, from the place `from` on; looks at `looks` cells at most. */
uint32_t pppoe_pool_take_any(struct pppoe_pool *pool, uint32_t from, uint32_t looks, uint32_t slot);

/* Nothing happens if it is not this slot's: while rows come in another order than they were written, two may claim
 * one number for a moment. */
void pppoe_pool_give(struct pppoe_pool *pool, uint32_t number, uint32_t slot);

/* NF_NO_SLOT: it is free, or there is no such number. */
static inline uint32_t
pppoe_pool_find(const struct pppoe_pool *pool, uint32_t number)
{
	return number < pool->n ? __atomic_load_n(&pool->cells[number], __ATOMIC_ACQUIRE) - 1 : NF_NO_SLOT;
}

#endif
