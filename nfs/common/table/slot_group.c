/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of slots; see slot_group.h. */
#include "slot_group.h"

#include <errno.h>

#include <rte_common.h>

#include "table_memory.h"

int
nf_slot_groups_init(struct nf_slot_groups *g, uint32_t n_slots, uint32_t first_slot, uint64_t seed,
		    nf_slot_equal equal)
{
	int error = nf_slot_index_init(&g->index, n_slots, seed);

	if (error != 0)
		return error;
	g->first_slot = first_slot;
	g->equal = equal;
	g->links = nf_table_memory_alloc("slot_group", n_slots * sizeof(*g->links));
	if (g->links == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_slots; i++)
		g->links[i] = (struct nf_slot_link){.next = NF_NO_SLOT, .prev = NF_NO_SLOT};
	return 0;
}

void
nf_slot_groups_fini(struct nf_slot_groups *g)
{
	nf_slot_index_fini(&g->index);
	nf_table_memory_free(g->links);
	g->links = NULL;
}

static struct nf_slot_link *
link_of(const struct nf_slot_groups *g, uint32_t slot)
{
	return &g->links[slot - g->first_slot];
}

uint32_t
nf_slot_group_first(const struct nf_slot_groups *g, uint64_t key)
{
	return nf_slot_index_find(&g->index, nf_slot_index_hash(&g->index, key), key, g->equal,
				  g->ctx);
}

uint32_t
nf_slot_group_next(const struct nf_slot_groups *g, uint32_t slot)
{
	return link_of(g, slot)->next;
}

uint32_t
nf_slot_group_size(const struct nf_slot_groups *g, uint64_t key)
{
	uint32_t first = nf_slot_group_first(g, key);

	return first == NF_NO_SLOT ? 0 : link_of(g, first)->n;
}

bool
nf_slot_group_has(const struct nf_slot_groups *g, uint32_t slot)
{
	const struct nf_slot_link *link = link_of(g, slot);

	return link->n != 0 || link->prev != NF_NO_SLOT;
}

static void
set_first(struct nf_slot_groups *g, uint64_t key, uint32_t slot, uint32_t n)
{
	struct nf_slot_link *link = link_of(g, slot);

	link->prev = NF_NO_SLOT;
	link->n = n;
	nf_slot_index_insert(&g->index, nf_slot_index_hash(&g->index, key), slot);
}

void
nf_slot_group_join(struct nf_slot_groups *g, uint64_t key, uint32_t slot)
{
	struct nf_slot_link *link = link_of(g, slot), *head;
	uint32_t first;

	if (nf_slot_group_has(g, slot))
		return;
	first = nf_slot_group_first(g, key);
	if (first == NF_NO_SLOT) {
		set_first(g, key, slot, 1);
		return;
	}
	/* Second in the chain: the first stays in the index. */
	head = link_of(g, first);
	link->prev = first;
	link->next = head->next;
	if (head->next != NF_NO_SLOT)
		link_of(g, head->next)->prev = slot;
	head->next = slot;
	head->n++;
}

void
nf_slot_group_leave(struct nf_slot_groups *g, uint64_t key, uint32_t slot)
{
	struct nf_slot_link *link = link_of(g, slot);

	if (!nf_slot_group_has(g, slot))
		return;
	if (link->prev == NF_NO_SLOT) {
		nf_slot_index_remove(&g->index, nf_slot_index_hash(&g->index, key), slot);
		if (link->next != NF_NO_SLOT)
			set_first(g, key, link->next, link->n - 1);
	} else {
		link_of(g, nf_slot_group_first(g, key))->n--;
		link_of(g, link->prev)->next = link->next;
		if (link->next != NF_NO_SLOT)
			link_of(g, link->next)->prev = link->prev;
	}
	*link = (struct nf_slot_link){.next = NF_NO_SLOT, .prev = NF_NO_SLOT};
}
