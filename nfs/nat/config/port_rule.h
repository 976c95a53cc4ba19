/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which bucket an external port belongs to, and where in it.
 *
 * Ports come in blocks of N neighbours (N a power of two from 1 to 256). The bucket of a port
 * is (port / N) modulo 256, so a block belongs to one bucket, and a switch matches the bucket
 * by mask. A bucket has 256 ports at each address and for each protocol. Their places from 0 to 255
 * count through its blocks: block * N + port modulo N. Ports are in host order. Pure.
 */
#ifndef NAT_PORT_RULE_H
#define NAT_PORT_RULE_H

#include <stdint.h>

struct nat_port_rule {
	uint16_t block_mask; /* N - 1 */
	uint8_t block_shift; /* N = 1 << block_shift */
};

static inline struct nat_port_rule
nat_port_rule_of(uint32_t ports_per_block)
{
	return (struct nat_port_rule){
		.block_mask = (uint16_t)(ports_per_block - 1),
		.block_shift = (uint8_t)__builtin_ctz(ports_per_block),
	};
}

/* Nothing else may compute it. */
static inline uint8_t
nat_port_bucket(const struct nat_port_rule *rule, uint16_t port)
{
	return (uint8_t)(port >> rule->block_shift);
}

static inline uint8_t
nat_port_place(const struct nat_port_rule *rule, uint16_t port)
{
	return (uint8_t)((port >> 8 & ~rule->block_mask) | (port & rule->block_mask));
}

/* The other way round. */
static inline uint16_t
nat_port_at(const struct nat_port_rule *rule, uint8_t bucket, uint8_t place)
{
	return (uint16_t)((place & ~rule->block_mask) << 8 | bucket << rule->block_shift |
			  (place & rule->block_mask));
}

#endif
