/* SPDX-License-Identifier: Apache-2.0 */
/* The external addresses, and which of their ports the NAT may give, by bucket (port_rule.h). Constant while workers run. */
#ifndef NAT_POOL_H
#define NAT_POOL_H

#include <stdint.h>

#include <rte_byteorder.h>

#include "config_limits.h"
#include "port_rule.h"
#include "slim_limits.h"

struct nat_config;

#define NAT_NOT_IN_POOL UINT16_MAX
#define NAT_PLACES 256u
#define NAT_PLACE_WORDS 4 /* words of 64 bits for the places of a bucket at one address */
#define NAT_BLOCK_WORDS 2 /* for the blocks there: at most 128 */

struct nat_pool {
	uint32_t first;    /* host order */
	uint32_t span;     /* addresses from the first to the last */
	uint16_t *numbers; /* [span]: number of the address in the pool, or NAT_NOT_IN_POOL */
	rte_be32_t addresses[NAT_MAX_POOL];
	uint32_t n_addresses;
	struct nat_port_rule rule;
	/* What lies in the range of ports, by bucket. */
	uint64_t allowed[SLIM_N_BUCKETS][NAT_PLACE_WORDS];
	uint64_t allowed_blocks[SLIM_N_BUCKETS][NAT_BLOCK_WORDS];
	uint16_t n_allowed[SLIM_N_BUCKETS];
	uint16_t n_allowed_blocks[SLIM_N_BUCKETS];
};

/* Main thread. -ENOMEM; fini takes what init left. */
int nat_pool_init(struct nat_pool *pool, const struct nat_config *config);
void nat_pool_fini(struct nat_pool *pool);

static inline uint16_t
nat_pool_number(const struct nat_pool *pool, rte_be32_t address)
{
	uint32_t offset = rte_be_to_cpu_32(address) - pool->first;

	return offset < pool->span ? pool->numbers[offset] : NAT_NOT_IN_POOL;
}

#endif
