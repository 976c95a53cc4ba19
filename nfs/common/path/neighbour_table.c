/* SPDX-License-Identifier: Apache-2.0 */
/* The table of neighbours; see neighbour_table.h. */
#include "neighbour_table.h"

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

/* ---- slots, read by any worker ------------------------------------------------------------ */

/* Word by word: the owner may be writing. */
static void
copy_words(void *to, const void *from)
{
	uint64_t *out = to;
	const uint64_t *in = from;

	for (size_t i = 0; i < sizeof(struct nf_neighbour) / sizeof(uint64_t); i++)
		__atomic_store_n(&out[i], __atomic_load_n(&in[i], __ATOMIC_RELAXED),
				 __ATOMIC_RELAXED);
}

bool
nf_neighbour_read(const struct slim_table *table, uint32_t slot, struct nf_neighbour_copy *ret_copy)
{
	struct slim_slot_head *head = nf_neighbour_head(table, slot);
	uint32_t seq = atomic_load_explicit(&head->seq, memory_order_acquire);
	uint8_t used = __atomic_load_n(&head->used, __ATOMIC_RELAXED);

	copy_words(&ret_copy->entry, slim_slot(table, slot));
	atomic_thread_fence(memory_order_acquire);
	ret_copy->slot = slot;
	ret_copy->seq = seq;
	return used == 1 && !(seq & 1) &&
	       atomic_load_explicit(&head->seq, memory_order_relaxed) == seq;
}

static bool
equal(const void *ctx, uint32_t slot, uint64_t key)
{
	struct nf_neighbour_copy copy;

	return nf_neighbour_read(ctx, slot, &copy) &&
	       nf_neighbour_key(copy.entry.address, copy.entry.side) == key;
}

uint32_t
nf_neighbour_find(const struct nf_neighbours *owner, rte_be32_t address, uint8_t side)
{
	uint64_t key = nf_neighbour_key(address, side);

	return nf_slot_index_find(&owner->index, nf_slot_index_hash(&owner->index, key), key, equal,
				  owner->share.table);
}

void
nf_neighbour_mark_wanted(const struct nf_neighbours *n, uint32_t slot)
{
	if (atomic_load_explicit(&n->shared->wanted[slot], memory_order_relaxed) == 0)
		atomic_store_explicit(&n->shared->wanted[slot], 1, memory_order_relaxed);
}

/* ---- slots, by their owner -------------------------------------------------------------------- */

void
nf_neighbour_write(struct nf_neighbours *n, uint32_t slot, const struct nf_neighbour *entry)
{
	void *payload = slim_slot_begin(n->share.agent, n->share.table, slot);

	copy_words(payload, entry);
	slim_slot_end(n->share.agent, n->share.table, slot, nf_neighbour_bucket(entry->address));
	atomic_store_explicit(&n->shared->wanted[slot], 0, memory_order_relaxed);
}

uint32_t
nf_neighbour_take_slot(struct nf_neighbours *n, rte_be32_t address, uint8_t side)
{
	uint32_t slot = nf_share_take(&n->share);

	if (slot == NF_NO_SLOT)
		return NF_NO_SLOT;
	n->n_touched = RTE_MAX(n->n_touched, slot - n->share.first_slot + 1);
	nf_slot_index_insert(&n->index,
			     nf_slot_index_hash(&n->index, nf_neighbour_key(address, side)), slot);
	return slot;
}

void
nf_neighbour_forget(struct nf_neighbours *n, uint32_t slot, const struct nf_neighbour *entry)
{
	uint64_t key = nf_neighbour_key(entry->address, entry->side);

	nf_slot_index_remove(&n->index, nf_slot_index_hash(&n->index, key), slot);
	atomic_store_explicit(&n->shared->wanted[slot], 0, memory_order_relaxed);
	nf_share_give(&n->share, slot);
}

/* ---- set-up ---------------------------------------------------------------------------------- */

void
nf_neighbour_clear(struct nf_neighbour_ready *ready)
{
	static const struct slim_slot_head nobody;

	*ready = (struct nf_neighbour_ready){.seq = 1, .head = &nobody};
}

static int
init_share(struct nf_neighbours *n, const struct nf_neighbour_table *t, uint64_t seed)
{
	n->shared = t;
	for (uint32_t i = 0; i < NF_NEIGHBOUR_COPIES; i++)
		nf_neighbour_clear(&n->copies[i]);
	return nf_slot_index_init(&n->index, n->share.n_slots, seed);
}

int
nf_neighbour_table_init(struct nf_neighbour_table *t, const struct nf_neighbour_config *config,
			uint64_t seed)
{
	int error = nf_shares_init(&t->shares, &(struct nf_share_config){
						       .name = "nf_neighbours",
						       .capacity = config->capacity,
						       .n_workers = config->n_workers,
						       .size = sizeof(struct nf_neighbours),
					       });

	t->config = *config;
	t->wanted = rte_zmalloc("nf_neighbours", t->shares.capacity, RTE_CACHE_LINE_SIZE);
	if (error == 0 && t->wanted == NULL)
		error = -ENOMEM;
	for (uint16_t w = 0; w < config->n_workers && error == 0; w++)
		error = init_share(nf_share_at(&t->shares, w), t, seed);
	for (uint32_t b = 0; b < SLIM_N_BUCKETS; b++)
		t->bucket_worker[b] = (uint8_t)(b % t->config.n_workers);
	return error;
}

void
nf_neighbour_table_fini(struct nf_neighbour_table *t)
{
	for (uint16_t w = 0; w < t->shares.n_workers; w++) {
		struct nf_neighbours *n = nf_share_at(&t->shares, w);

		if (n == NULL)
			continue;
		for (uint32_t i = 0; i < NF_ASKED_PLACES; i++)
			rte_pktmbuf_free_bulk(n->asked[i].waiting, n->asked[i].n_waiting);
		nf_slot_index_fini(&n->index);
	}
	nf_shares_fini(&t->shares);
	rte_free((void *)(uintptr_t)t->wanted);
}
