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
				  owner->table);
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
	void *payload = slim_slot_begin(n->agent, n->table, slot);

	copy_words(payload, entry);
	slim_slot_end(n->agent, n->table, slot, nf_neighbour_bucket(entry->address));
	atomic_store_explicit(&n->shared->wanted[slot], 0, memory_order_relaxed);
}

uint32_t
nf_neighbour_take_slot(struct nf_neighbours *n, rte_be32_t address, uint8_t side)
{
	uint32_t slot;

	if (n->n_free == 0)
		return NF_NO_SLOT;
	slot = n->free[--n->n_free];
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
	n->free[n->n_free++] = slot;
}

/* ---- set-up ---------------------------------------------------------------------------------- */

uint32_t
nf_neighbour_capacity(const struct nf_neighbour_config *config)
{
	uint32_t n = config->n_workers;

	return (config->capacity + n - 1) / n * n;
}

static int
init_share(struct nf_neighbours *n, const struct nf_neighbour_table *t, uint32_t n_slots,
	   uint32_t first_slot, uint64_t seed)
{
	n->shared = t;
	n->first_slot = first_slot;
	n->n_slots = n_slots;
	n->free = rte_malloc("nf_neighbours", n_slots * sizeof(*n->free), RTE_CACHE_LINE_SIZE);
	if (n->free == NULL || nf_slot_index_init(&n->index, n_slots, seed, SOCKET_ID_ANY) != 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_slots; i++)
		n->free[i] = first_slot + n_slots - 1 - i;
	n->n_free = n_slots;
	for (uint32_t i = 0; i < NF_NEIGHBOUR_COPIES; i++)
		n->copies[i].seq = 1;
	return 0;
}

int
nf_neighbour_table_init(struct nf_neighbour_table *t, const struct nf_neighbour_config *config,
			uint64_t seed)
{
	uint32_t capacity = nf_neighbour_capacity(config);
	uint32_t share = capacity / config->n_workers;

	t->config = *config;
	t->wanted = rte_zmalloc("nf_neighbours", capacity, RTE_CACHE_LINE_SIZE);
	if (t->wanted == NULL)
		return -ENOMEM;
	for (uint16_t w = 0; w < t->config.n_workers; w++) {
		t->workers[w] = rte_zmalloc("nf_neighbours", sizeof(struct nf_neighbours),
					    RTE_CACHE_LINE_SIZE);
		if (t->workers[w] == NULL ||
		    init_share(t->workers[w], t, share, w * share, seed) != 0)
			return -ENOMEM;
	}
	for (uint32_t b = 0; b < SLIM_N_BUCKETS; b++)
		t->bucket_worker[b] = (uint8_t)(b % t->config.n_workers);
	return 0;
}

void
nf_neighbour_table_fini(struct nf_neighbour_table *t)
{
	for (uint16_t w = 0; w < t->config.n_workers; w++) {
		struct nf_neighbours *n = t->workers[w];

		if (n == NULL)
			continue;
		for (uint32_t i = 0; i < NF_ASKED_PLACES; i++)
			rte_pktmbuf_free_bulk(n->asked[i].waiting, n->asked[i].n_waiting);
		nf_slot_index_fini(&n->index);
		rte_free(n->free);
		rte_free(n);
		t->workers[w] = NULL;
	}
	rte_free((void *)(uintptr_t)t->wanted);
}
