/* SPDX-License-Identifier: Apache-2.0 */
/* The external addresses; see pool.h. Main thread. */
#include "pool.h"

#include <errno.h>

#include <rte_malloc.h>

#include "config.h"

static void
allow(struct nat_pool *pool, uint16_t port)
{
	uint8_t bucket = nat_port_bucket(&pool->rule, port);
	uint8_t place = nat_port_place(&pool->rule, port);
	uint32_t block = place >> pool->rule.block_shift;
	uint64_t block_bit = UINT64_C(1) << (block & 63);

	pool->allowed[bucket][place >> 6] |= UINT64_C(1) << (place & 63);
	pool->n_allowed[bucket]++;
	if (pool->rule.block_shift == 0 || (pool->allowed_blocks[bucket][block >> 6] & block_bit))
		return;
	pool->allowed_blocks[bucket][block >> 6] |= block_bit;
	pool->n_allowed_blocks[bucket]++;
}

int
nat_pool_init(struct nat_pool *pool, const struct nat_config *config)
{
	pool->first = rte_be_to_cpu_32(config->pool[0]);
	pool->span = rte_be_to_cpu_32(config->pool[config->n_pool - 1]) - pool->first + 1;
	pool->n_addresses = config->n_pool;
	pool->rule = nat_port_rule_of(config->ports_per_block);
	pool->numbers = rte_malloc("nat_pool", pool->span * sizeof(*pool->numbers), 0);
	if (pool->numbers == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < pool->span; i++)
		pool->numbers[i] = NAT_NOT_IN_POOL;
	for (uint32_t i = 0; i < config->n_pool; i++) {
		pool->addresses[i] = config->pool[i];
		pool->numbers[rte_be_to_cpu_32(config->pool[i]) - pool->first] = (uint16_t)i;
	}
	for (uint32_t port = config->port_first; port <= config->port_last; port++)
		allow(pool, (uint16_t)port);
	return 0;
}

void
nat_pool_fini(struct nat_pool *pool)
{
	rte_free(pool->numbers);
}
