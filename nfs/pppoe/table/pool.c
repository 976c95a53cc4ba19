/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and whose they are; see pool.h. */
#include "pool.h"

#include <errno.h>

#include "table_memory.h"

int
pppoe_pool_init(struct pppoe_pool *pool, uint32_t n, const char *name)
{
	pool->n = 0;
	pool->cells = n == 0 ? NULL : nf_table_memory_alloc(name, (size_t)n * sizeof(*pool->cells));
	if (n != 0 && pool->cells == NULL)
		return -ENOMEM;
	pool->n = n;
	return 0;
}

void
pppoe_pool_fini(struct pppoe_pool *pool)
{
	nf_table_memory_free(pool->cells);
	*pool = (struct pppoe_pool){0};
}

static bool
exchange(struct pppoe_pool *pool, uint32_t number, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&pool->cells[number], &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

bool
pppoe_pool_take(struct pppoe_pool *pool, uint32_t number, uint32_t slot)
{
	return number < pool->n &&
	       (exchange(pool, number, 0, slot + 1) || pppoe_pool_find(pool, number) == slot);
}

uint32_t
pppoe_pool_take_of(struct pppoe_pool *pool, const struct pppoe_numbers *of, uint32_t from,
		   uint32_t slot)
{
	uint32_t at = of->n == 0 ? 0 : from % of->n;

	for (uint32_t i = 0; i < of->n; i++) {
		uint32_t number = of->first + at * of->step;

		/* An exchange would take the line of a cell that is not free away from its owner. */
		if (pppoe_pool_find(pool, number) == NF_NO_SLOT &&
		    exchange(pool, number, 0, slot + 1))
			return number;
		at = at + 1 == of->n ? 0 : at + 1;
	}
	return PPPOE_NO_NUMBER;
}

void
pppoe_pool_give(struct pppoe_pool *pool, uint32_t number, uint32_t slot)
{
	if (number < pool->n)
		exchange(pool, number, slot + 1, 0);
}
