/* SPDX-License-Identifier: Apache-2.0 */
/* The /64 of each client: its number in the pool, and back. Pure. */
#ifndef PPPOE_WIRE_PREFIX_H
#define PPPOE_WIRE_PREFIX_H

#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#include "config.h"

#define PPPOE_NOT_IN_POOL UINT32_MAX

static inline uint64_t
pppoe_upper_half(const uint8_t address[16])
{
	rte_be64_t half;

	memcpy(&half, address, sizeof(half));
	return rte_be_to_cpu_64(half);
}

/* Of the /64 that has the address; PPPOE_NOT_IN_POOL: none of the pool. */
static inline uint32_t
pppoe_prefix_of(const struct pppoe_prefix_ipv6 *pool, const uint8_t address[16])
{
	uint64_t number = pppoe_upper_half(address) - pppoe_upper_half(pool->address);

	return pool->bits != 0 && number >> (64 - pool->bits) == 0 ? (uint32_t)number
								   : PPPOE_NOT_IN_POOL;
}

/* All 16 octets of the /64 with this number. */
static inline void
pppoe_prefix_put(const struct pppoe_prefix_ipv6 *pool, uint32_t number, uint8_t ret[16])
{
	rte_be64_t half = rte_cpu_to_be_64(pppoe_upper_half(pool->address) + number);

	memset(ret, 0, 16);
	memcpy(ret, &half, sizeof(half));
}

#endif
