/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows: entries of the NF's tables as slimd's commands change them: store, remove, merge. Worker thread.
 */
#ifndef SLIM_AGENT_ROWS_H
#define SLIM_AGENT_ROWS_H

#include "agent.h"

static inline struct slim_slot_head *
slim_rows_head(const struct agent_table *table, uint32_t slot)
{
	uint8_t *payload = slim_slot(&table->pub, slot);

	return (struct slim_slot_head *)(void *)payload - 1;
}

/* Another worker may own the slot, and change it now: `used` is loaded first (P11). */
static inline bool
slim_rows_is_used(const struct agent_table *table, uint32_t slot)
{
	return __atomic_load_n(&slim_rows_head(table, slot)->used, __ATOMIC_ACQUIRE) != 0; /* P11 */
}

/* Is there an entry of a bucket that this worker owns? */
bool slim_rows_is_mine(const struct agent_worker *w, const struct agent_table *table,
		       uint32_t slot);

/* Is there an entry with the row's key? */
bool slim_rows_has_key(const struct agent_table *table, uint32_t slot, const uint8_t *row);

/* Puts the row's fields, all but local ones, into the slot: these become 0 in a new entry. */
void slim_rows_store(struct agent_worker *w, struct agent_table *table, uint32_t slot,
		     uint8_t bucket, const uint8_t *row);

void slim_rows_remove(struct agent_worker *w, struct agent_table *table, uint32_t slot);

/* Lazy fields by their rules. False, and nothing done, if the entry did not come as a row. */
bool slim_rows_merge(struct agent_worker *w, struct agent_table *table, uint32_t slot,
		     const uint8_t *row);

#endif
