/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The linkable copies of the inline functions, for callers that take an
 * address or come from another language.
 */
#include "slim.h"

int(slim_agent_create)(const struct slim_agent_config *config, struct slim_agent **ret_agent)
{
	return slim_agent_create_abi(slim_abi_inline(), config, ret_agent);
}

uint32_t(slim_worker_poll)(struct slim_worker *w)
{
	return slim_worker_poll_inline(w);
}

uint16_t(slim_rx_burst)(struct slim_worker *w, uint16_t port, struct rte_mbuf **pkts, uint16_t max)
{
	return slim_rx_burst_inline(w, port, pkts, max);
}

void(slim_commit)(struct slim_worker *w, bool idle)
{
	slim_commit_inline(w, idle);
}

bool(slim_owns)(const struct slim_worker *w, uint8_t bucket)
{
	return slim_owns_inline(w, bucket);
}

void *(slim_slot)(const struct slim_table *table, uint32_t slot)
{
	return slim_slot_inline(table, slot);
}

void *(slim_slot_begin)(struct slim_worker *w, struct slim_table *table, uint32_t slot)
{
	return slim_slot_begin_inline(w, table, slot);
}

void(slim_slot_end)(struct slim_worker *w, struct slim_table *table, uint32_t slot, uint8_t bucket)
{
	slim_slot_end_inline(w, table, slot, bucket);
}

void(slim_slot_free)(struct slim_worker *w, struct slim_table *table, uint32_t slot)
{
	slim_slot_free_inline(w, table, slot);
}
