/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Index from a key of up to 64 bits to a slot number.
 *
 * Open addressing with linear probing, at most half full, in cells of 8 bytes: 32 bits of
 * the hash and the slot. The key itself stands in the caller's slot, so a lookup
 * touches one cache line here and one there, and both can be prefetched a stage
 * ahead. Removing shifts the cells behind it back: there are no tombstones, and an
 * index never gets slower by age. It always has room for the number of slots it was made for.
 *
 * One thread writes. Other threads may look up at the same time if their `equal`
 * reads the slot safely: they never get a wrong slot, but may miss one that is being
 * shifted. The hash is seeded: who chooses keys cannot choose collisions.
 */
#ifndef NF_SLOT_INDEX_H
#define NF_SLOT_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_prefetch.h>

#define NF_NO_SLOT UINT32_MAX /* as SLIM_NO_SLOT */

struct nf_slot_index {
	uint64_t *cells; /* hash << 32 | (slot + 1); 0: free */
	uint64_t seed;
	uint32_t mask;
};

/* Does `slot` hold `key`? */
typedef bool (*nf_slot_equal)(const void *ctx, uint32_t slot, uint64_t key);

/* For up to n_slots slots (1..2^30). -ENOMEM, -EINVAL. Zeroed memory can be passed to fini. */
int nf_slot_index_init(struct nf_slot_index *index, uint32_t n_slots, uint64_t seed);
void nf_slot_index_fini(struct nf_slot_index *index);

/* The caller knows that the key is not in there, and that at most n_slots are. */
void nf_slot_index_insert(struct nf_slot_index *index, uint32_t hash, uint32_t slot);

/* Nothing happens if the slot is not there under this hash. */
void nf_slot_index_remove(struct nf_slot_index *index, uint32_t hash, uint32_t slot);

static inline uint32_t
nf_slot_index_hash(const struct nf_slot_index *index, uint64_t key)
{
	uint64_t h = (key ^ index->seed) * UINT64_C(0x9e3779b97f4a7c15);

	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	return (uint32_t)(h >> 32);
}

static inline uint64_t
nf_slot_index_cell(const struct nf_slot_index *index, uint32_t i)
{
	return __atomic_load_n(&index->cells[i & index->mask], __ATOMIC_RELAXED);
}

/* Where a lookup begins, to prefetch it. */
static inline const uint64_t *
nf_slot_index_at(const struct nf_slot_index *index, uint32_t hash)
{
	return &index->cells[hash & index->mask];
}

static inline void
nf_slot_index_prefetch(const struct nf_slot_index *index, uint32_t hash)
{
	rte_prefetch0(nf_slot_index_at(index, hash));
}

/* The first slot of the hash, to prefetch it: if it holds the key, it is what a lookup finds. NF_NO_SLOT: there is none. */
static inline uint32_t
nf_slot_index_peek(const struct nf_slot_index *index, uint32_t hash)
{
	for (uint32_t i = hash;; i++) {
		uint64_t cell = nf_slot_index_cell(index, i);

		if (likely((uint32_t)(cell >> 32) == hash) || cell == 0)
			return (uint32_t)cell - 1;
	}
}

/* The slot that holds `key`, or NF_NO_SLOT. */
__attribute__((always_inline)) static inline uint32_t
nf_slot_index_find(const struct nf_slot_index *index, uint32_t hash, uint64_t key,
		   nf_slot_equal equal, const void *ctx)
{
	for (uint32_t i = hash;; i++) {
		uint64_t cell = nf_slot_index_cell(index, i);

		if (cell == 0)
			return NF_NO_SLOT;
		if (likely((uint32_t)(cell >> 32) == hash) &&
		    likely(equal(ctx, (uint32_t)cell - 1, key)))
			return (uint32_t)cell - 1;
	}
}

#endif
