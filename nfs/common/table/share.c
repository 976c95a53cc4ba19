/* SPDX-License-Identifier: Apache-2.0 */
/* Shares of a table; see share.h. */
#include "share.h"

#include <errno.h>

#include <rte_common.h>

#include "table_memory.h"

uint32_t
nf_share_capacity(uint32_t capacity, uint16_t n_workers)
{
	return (capacity + n_workers - 1) / n_workers * n_workers;
}

static int
fill(struct nf_share *share, const char *name, uint32_t first_slot, uint32_t n_slots)
{
	share->free = nf_table_memory_alloc(name, n_slots * sizeof(*share->free));
	if (share->free == NULL)
		return -ENOMEM;
	share->first_slot = first_slot;
	share->n_slots = n_slots;
	while (n_slots > 0)
		nf_share_give(share, first_slot + --n_slots);
	return 0;
}

int
nf_shares_init(struct nf_shares *s, const struct nf_share_config *config)
{
	uint32_t n_slots;

	s->capacity = nf_share_capacity(config->capacity, config->n_workers);
	s->n_workers = config->n_workers;
	n_slots = s->capacity / s->n_workers;
	for (uint16_t w = 0; w < s->n_workers; w++) {
		s->of[w] = nf_table_memory_alloc(config->name, config->size);
		if (s->of[w] == NULL || fill(s->of[w], config->name, w * n_slots, n_slots) != 0)
			return -ENOMEM;
	}
	return 0;
}

void
nf_shares_fini(struct nf_shares *s)
{
	for (uint16_t w = 0; w < s->n_workers; w++) {
		if (s->of[w] != NULL)
			nf_table_memory_free(s->of[w]->free);
		nf_table_memory_free(s->of[w]);
	}
	*s = (struct nf_shares){0};
}

int
nf_shares_create(struct nf_shares *s, struct slim_agent *agent,
		 const struct slim_table_config *config)
{
	struct slim_table_config whole = *config;
	int error;

	whole.capacity = s->capacity;
	whole.ctx = s;
	error = slim_table_create(agent, &whole, &s->table);
	for (uint16_t w = 0; w < s->n_workers && error == 0; w++) {
		s->of[w]->table = s->table;
		s->of[w]->agent = slim_agent_worker(agent, w);
	}
	return error;
}

void *
nf_share_of(const struct nf_shares *s, const struct slim_worker *agent)
{
	for (uint16_t w = 0; w < s->n_workers && agent != NULL; w++)
		if (s->of[w]->agent == agent)
			return s->of[w];
	return NULL;
}
