/* SPDX-License-Identifier: Apache-2.0 */
/* Set-up of the bare tables; see slim.h beside this file. Main thread. */
#include "slim.h"

#include <errno.h>

#include <rte_malloc.h>

#include "pages.h"
#include "table_memory.h"

#define BARE_PAGE 4096u /* a small slab begins where the agent's would: at a page */

struct slim_agent {
	uint16_t n_workers;
	uint16_t n_tables;
	struct slim_worker workers[SLIM_MAX_WORKERS];
	struct slim_table tables[SLIM_MAX_TABLES];
};

int
slim_agent_create(const struct slim_agent_config *config, struct slim_agent **ret_agent)
{
	struct slim_agent *agent = rte_zmalloc("bare", sizeof(*agent), SLIM_CACHE_LINE);

	if (agent == NULL)
		return -ENOMEM;
	agent->n_workers = config->n_workers;
	for (uint16_t i = 0; i < config->n_workers; i++) {
		agent->workers[i].index = i;
		for (uint16_t p = 0; p < config->n_ports; p++)
			agent->workers[i].port_ids[p] = config->ports[p].port_id;
	}
	*ret_agent = agent;
	return 0;
}

static void *
reserve_slab(size_t size)
{
	return slim_pages_are_better(size) ? nf_table_memory_alloc("bare_slab", size)
					   : rte_zmalloc("bare_slab", size, BARE_PAGE);
}

int
slim_table_create(struct slim_agent *agent, const struct slim_table_config *config,
		  struct slim_table **ret_table)
{
	struct slim_table *table;

	if (agent->n_tables == SLIM_MAX_TABLES)
		return -ENOSPC;
	table = &agent->tables[agent->n_tables];
	table->slot_size = (uint32_t)sizeof(struct slim_slot_head) + config->entry_size;
	table->capacity = config->capacity;
	table->slab = reserve_slab((size_t)config->capacity * table->slot_size);
	if (table->slab == NULL)
		return -ENOMEM;
	agent->n_tables++;
	*ret_table = table;
	return 0;
}

int
slim_agent_start(struct slim_agent *agent)
{
	(void)agent;
	return 0;
}

int
slim_agent_poll(struct slim_agent *agent)
{
	(void)agent;
	return 0;
}

void
slim_agent_destroy(struct slim_agent *agent)
{
	if (agent == NULL)
		return;
	for (uint16_t t = 0; t < agent->n_tables; t++)
		nf_table_memory_free(agent->tables[t].slab);
	rte_free(agent);
}

struct slim_worker *
slim_agent_worker(struct slim_agent *agent, uint16_t worker)
{
	return worker < agent->n_workers ? &agent->workers[worker] : NULL;
}
