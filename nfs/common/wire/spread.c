/* SPDX-License-Identifier: Apache-2.0 */
/* See spread.h. Pure. */
#include "spread.h"

#include <string.h>

#include <rte_ethdev.h>

#define BUCKET_BITS 8u
#define HASH_BITS 32u

#define RSS_IPV4_ADDRESSES                                                         \
	(RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_TCP | \
	 RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV4_OTHER)
#define RSS_IPV4_PORTS (RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP)
#define RSS_IPV6_ADDRESSES                                                         \
	(RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_TCP | \
	 RTE_ETH_RSS_NONFRAG_IPV6_UDP | RTE_ETH_RSS_NONFRAG_IPV6_OTHER)

/* Where a field ends in what is hashed: source, destination, source port, destination port, from the highest bit. */
static const struct {
	uint16_t end;
	uint64_t types;
} fields[] = {
	[NF_SPREAD_NOTHING] = {0, 0},
	[NF_SPREAD_IPV4_SOURCE] = {32, RSS_IPV4_ADDRESSES},
	[NF_SPREAD_IPV4_DESTINATION] = {64, RSS_IPV4_ADDRESSES},
	[NF_SPREAD_IPV4_PORT] = {96, RSS_IPV4_PORTS},
	[NF_SPREAD_IPV6_DESTINATION] = {256, RSS_IPV6_ADDRESSES},
	[NF_SPREAD_TEID] = {0, 0},
};

uint64_t
nf_spread_rss_types(struct nf_spread spread)
{
	return fields[spread.field].types;
}

/* Bits of the bucket that the table sees: the low ones. */
static uint32_t
bits_seen(uint32_t table_size)
{
	uint32_t bits = (uint32_t)__builtin_ctz(table_size);

	return bits < BUCKET_BITS ? bits : BUCKET_BITS;
}

void
nf_spread_rss_key(struct nf_spread spread, uint32_t table_size, uint8_t key[NF_RSS_KEY_SIZE])
{
	/* The first bit that is seen is to be bit 0 of the hash: its window ends with the bit that is set. */
	uint32_t first = fields[spread.field].end - spread.shift - bits_seen(table_size);
	uint32_t set = first + HASH_BITS - 1;

	memset(key, 0, NF_RSS_KEY_SIZE);
	key[set / 8] = (uint8_t)(0x80u >> set % 8);
}

uint16_t
nf_spread_rss_queue(uint32_t table_size, uint32_t index, uint16_t n_workers)
{
	uint32_t bits = bits_seen(table_size), bucket = 0;

	for (uint32_t i = 0; i < bits; i++)
		bucket |= (index >> i & 1) << (bits - 1 - i);
	return (uint16_t)(bucket % n_workers);
}

uint32_t
nf_spread_rules(uint16_t n_workers, struct nf_spread_rule rules[SLIM_N_BUCKETS])
{
	bool by_mask = (n_workers & (n_workers - 1)) == 0;
	uint32_t n = by_mask ? n_workers : SLIM_N_BUCKETS;

	for (uint32_t i = 0; i < n; i++)
		rules[i] = (struct nf_spread_rule){
			.value = (uint8_t)i,
			.mask = (uint8_t)(n - 1),
			.queue = (uint16_t)(i % n_workers),
		};
	return n;
}
