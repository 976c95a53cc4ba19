/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's half of the slot index. Allocates at init only. */
#include "slot_index.h"

#include <errno.h>

#include <rte_common.h>

#include "table_memory.h"

int
nf_slot_index_init(struct nf_slot_index *index, uint32_t n_slots, uint64_t seed)
{
	uint32_t n_cells;

	if (n_slots == 0 || n_slots > (UINT32_C(1) << 30))
		return -EINVAL;
	/* At most half full, and always one free cell: that ends every probe. */
	n_cells = rte_align32pow2(n_slots) * 2;
	index->cells = nf_table_memory_alloc("slot_index", (size_t)n_cells * sizeof(*index->cells));
	if (index->cells == NULL)
		return -ENOMEM;
	index->mask = n_cells - 1;
	index->seed = seed;
	return 0;
}

void
nf_slot_index_fini(struct nf_slot_index *index)
{
	nf_table_memory_free(index->cells);
	index->cells = NULL;
}

static void
set_cell(struct nf_slot_index *index, uint32_t i, uint64_t cell)
{
	__atomic_store_n(&index->cells[i & index->mask], cell, __ATOMIC_RELAXED);
}

void
nf_slot_index_insert(struct nf_slot_index *index, uint32_t hash, uint32_t slot)
{
	uint32_t i = hash;

	while (nf_slot_index_cell(index, i) != 0)
		i++;
	set_cell(index, i, (uint64_t)hash << 32 | (slot + 1));
}

/* Cell `hole` is free now: moves back what would no longer be found. */
static void
close_gap(struct nf_slot_index *index, uint32_t hole)
{
	for (uint32_t i = hole + 1;; i++) {
		uint64_t cell = nf_slot_index_cell(index, i);
		uint32_t home = (uint32_t)(cell >> 32);

		if (cell == 0)
			break;
		/* A cell may not move in front of its home. */
		if (((i - home) & index->mask) < ((i - hole) & index->mask))
			continue;
		set_cell(index, hole, cell);
		hole = i;
	}
	set_cell(index, hole, 0);
}

void
nf_slot_index_remove(struct nf_slot_index *index, uint32_t hash, uint32_t slot)
{
	uint64_t wanted = (uint64_t)hash << 32 | (slot + 1);

	for (uint32_t i = hash;; i++) {
		uint64_t cell = nf_slot_index_cell(index, i);

		if (cell == 0)
			return;
		if (cell == wanted) {
			close_gap(index, i);
			return;
		}
	}
}
