/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include <string.h>

bool
slim_rows_is_mine(const struct agent_worker *w, const struct agent_table *table, uint32_t slot)
{
	const struct slim_slot_head *head = slim_rows_head(table, slot);

	return slim_rows_is_used(table, slot) &&
	       w->pub.bucket_worker[__atomic_load_n(&head->bucket, __ATOMIC_RELAXED)] ==
		       w->pub.index;
}

bool
slim_rows_has_key(const struct agent_table *table, uint32_t slot, const uint8_t *row)
{
	const uint8_t *entry = slim_slot(&table->pub, slot);

	return slim_rows_is_used(table, slot) &&
	       memcmp(entry + table->key_offset, row + table->key_offset, table->key_size) == 0;
}

void
slim_rows_remove(struct agent_worker *w, struct agent_table *table, uint32_t slot)
{
	table->ops.removed(table->ctx, &w->pub, slot, slim_slot(&table->pub, slot));
	slim_slot_free(&w->pub, &table->pub, slot);
	AGENT_COUNT(w->counters->removed, 1);
}

void
slim_rows_store(struct agent_worker *w, struct agent_table *table, uint32_t slot, uint8_t bucket,
		const uint8_t *row)
{
	bool fresh = !slim_rows_is_used(table, slot);
	uint8_t *entry = slim_slot_begin(&w->pub, &table->pub, slot);

	if (fresh)
		memset(entry, 0, table->entry_size);
	for (uint16_t i = 0; i < table->n_runs; i++)
		memcpy(entry + table->runs[i].offset, row + table->runs[i].offset,
		       table->runs[i].size);
	slim_slot_end(&w->pub, &table->pub, slot, bucket);
	slim_rows_head(table, slot)->installed = 1;
	if (table->ops.installed != NULL)
		table->ops.installed(table->ctx, &w->pub, slot, entry);
	AGENT_COUNT(w->counters->installed, 1);
}

static uint64_t
number_get(const uint8_t *p, uint16_t size)
{
	uint64_t value = 0;

	memcpy(&value, p, size); /* little-endian host: checked below */
	return value;
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are merged little-endian");

static void
merge_field(uint8_t *entry, const uint8_t *row, const struct agent_lazy *lazy)
{
	uint8_t *to = entry + lazy->offset;
	const uint8_t *from = row + lazy->offset;
	uint64_t old, new;

	if (lazy->merge == SLIM_MERGE_LAST) {
		memcpy(to, from, lazy->size);
		return;
	}
	old = number_get(to, lazy->size);
	new = number_get(from, lazy->size);
	if (lazy->merge == SLIM_MERGE_SUM)
		new += old;
	else if (new < old)
		new = old;
	memcpy(to, &new, lazy->size);
}

bool
slim_rows_merge(struct agent_worker *w, struct agent_table *table, uint32_t slot,
		const uint8_t *row)
{
	if (!slim_rows_head(table, slot)->installed)
		return false;
	for (uint16_t i = 0; i < table->n_lazy; i++)
		merge_field(slim_slot(&table->pub, slot), row, &table->lazy[i]);
	AGENT_COUNT(w->counters->merged, 1);
	return true;
}
