/* SPDX-License-Identifier: Apache-2.0 */
/* Rows from another instance; see nf_moves_test.h. */
#include "nf_moves_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "agent.h"
#include "harness_test.h"
#include "install.h"
#include "rows.h"
#include "wipe.h"

/* ---- tables of one instance ---------------------------------------------------------------------- */

static struct agent_table *
table_of(const struct harness *h, uint32_t table)
{
	assert_true(table < h->agent->n_tables);
	return &h->agent->tables[table];
}

struct slim_table *
harness_table(const struct harness *h, uint32_t table)
{
	return &table_of(h, table)->pub;
}

struct slim_worker *
harness_worker_of(const struct harness *h, uint8_t bucket)
{
	return h->nf[h->agent->bucket_worker[bucket]].agent;
}

bool
harness_is_used(const struct slim_table *table, uint32_t slot)
{
	return ((const struct slim_slot_head *)slim_slot(table, slot) - 1)->used != 0;
}

static uint8_t
bucket_of(const struct slim_table *table, uint32_t slot)
{
	return ((const struct slim_slot_head *)slim_slot(table, slot) - 1)->bucket;
}

uint32_t
harness_n_rows(const struct harness *h, uint32_t table)
{
	const struct slim_table *t = harness_table(h, table);
	uint32_t n = 0;

	for (uint32_t slot = 0; slot < t->capacity; slot++)
		n += harness_is_used(t, slot);
	return n;
}

/* ---- records ---------------------------------------------------------------------------------------- */

void
harness_move_begin(struct harness_move *mv, struct harness *from, struct harness *to,
		   uint32_t n_tables)
{
	*mv = (struct harness_move){.from = from, .to = to, .n_tables = n_tables};
	to->n_moves++;
	for (uint16_t w = 0; w < to->n_workers; w++)
		agent_worker_of(to->nf[w].agent)->generation = to->n_moves;
}

/* One record, alone at the beginning of the worker's ring. False: it was refused. */
static bool
install(struct slim_worker *worker, const struct slim_install_record *record, const void *row)
{
	struct agent_worker *w = agent_worker_of(worker);
	const struct slim_shm_counters *counters = w->counters;
	uint64_t refused = counters->install_full + counters->install_bad;
	uint8_t *at = w->install->data;

	memcpy(at, record, sizeof(*record));
	if (record->row_size != 0)
		memcpy(at + sizeof(*record), row, record->row_size);
	w->installed = 0;
	atomic_store(&w->install->tail, record->size);
	assert_false(slim_install_poll(w, true));
	return counters->install_full + counters->install_bad == refused;
}

uint32_t
harness_local_slot(const struct harness_move *mv, uint32_t table, uint32_t source_slot)
{
	return slim_map_find(&table_of(mv->to, table)->map, mv->to->n_moves, source_slot);
}

void
harness_delete_row(struct harness_move *mv, uint32_t table, uint32_t source_slot)
{
	const struct slim_install_record record = {.size = sizeof(record),
						   .op = SLIM_INSTALL_DEL,
						   .table = (uint8_t)table,
						   .source_slot = source_slot};
	uint32_t local = harness_local_slot(mv, table, source_slot);
	uint8_t bucket;

	if (local == SLIM_NO_SLOT)
		return;
	bucket = bucket_of(harness_table(mv->to, table), local);
	assert_true(install(harness_worker_of(mv->to, bucket), &record, NULL));
}

bool
harness_put_row(struct harness_move *mv, uint32_t table, uint32_t source_slot, uint8_t bucket,
		const void *row)
{
	const struct agent_table *t = table_of(mv->to, table);
	const struct slim_install_record record = {
		.size = (uint32_t)(sizeof(record) + t->entry_size),
		.op = SLIM_INSTALL_PUT,
		.table = (uint8_t)table,
		.bucket = bucket,
		.source_slot = source_slot,
		.row_size = t->entry_size,
	};
	uint32_t local = harness_local_slot(mv, table, source_slot);
	struct slim_worker *w = harness_worker_of(mv->to, bucket);

	if (local != SLIM_NO_SLOT && harness_worker_of(mv->to, bucket_of(&t->pub, local)) != w)
		harness_delete_row(mv, table, source_slot);
	return install(w, &record, row);
}

void
harness_merge_row(struct harness_move *mv, uint32_t table, uint32_t source_slot, const void *row)
{
	const struct agent_table *t = table_of(mv->to, table);
	uint32_t local = harness_local_slot(mv, table, source_slot);
	struct slim_install_record record = {
		.size = (uint32_t)(sizeof(record) + t->entry_size),
		.op = SLIM_INSTALL_MERGE,
		.table = (uint8_t)table,
		.source_slot = source_slot,
		.row_size = t->entry_size,
	};

	if (local == SLIM_NO_SLOT)
		return;
	record.bucket = bucket_of(&t->pub, local);
	assert_true(install(harness_worker_of(mv->to, record.bucket), &record, row));
}

/* ---- many of them ------------------------------------------------------------------------------------ */

void
harness_copy_slot(struct harness_move *mv, uint32_t table, uint32_t source_slot)
{
	const struct slim_table *t = harness_table(mv->from, table);

	if (harness_is_used(t, source_slot))
		assert_true(harness_put_row(mv, table, source_slot, bucket_of(t, source_slot),
					    slim_slot(t, source_slot)));
	else
		harness_delete_row(mv, table, source_slot);
}

void
harness_copy_table(struct harness_move *mv, uint32_t table)
{
	for (uint32_t slot = 0; slot < harness_table(mv->from, table)->capacity; slot++)
		harness_copy_slot(mv, table, slot);
}

void
harness_copy_all(struct harness_move *mv)
{
	for (uint32_t table = 0; table < mv->n_tables; table++)
		harness_copy_table(mv, table);
}

static void
assert_same_row(const struct harness_move *mv, uint32_t table, uint32_t source_slot)
{
	const struct agent_table *t = table_of(mv->from, table);
	uint32_t local = harness_local_slot(mv, table, source_slot);
	const uint8_t *here = slim_slot(&t->pub, source_slot), *there;

	assert_int_not_equal(local, SLIM_NO_SLOT);
	there = slim_slot(harness_table(mv->to, table), local);
	for (uint16_t i = 0; i < t->n_runs; i++)
		assert_memory_equal(here + t->runs[i].offset, there + t->runs[i].offset,
				    t->runs[i].size);
}

void
harness_assert_copied(const struct harness_move *mv)
{
	for (uint32_t table = 0; table < mv->n_tables; table++) {
		const struct slim_table *t = harness_table(mv->from, table);

		assert_int_equal(harness_n_rows(mv->from, table), harness_n_rows(mv->to, table));
		for (uint32_t slot = 0; slot < t->capacity; slot++)
			if (harness_is_used(t, slot))
				assert_same_row(mv, table, slot);
	}
	harness_check(mv->to);
}

void
harness_delete_all(struct harness_move *mv)
{
	for (uint32_t table = 0; table < mv->n_tables; table++)
		for (uint32_t slot = 0; slot < harness_table(mv->from, table)->capacity; slot++)
			harness_delete_row(mv, table, slot);
}

void
harness_wipe(struct harness *h)
{
	for (uint16_t i = 0; i < h->n_workers; i++) {
		struct agent_worker *w = agent_worker_of(h->nf[i].agent);

		w->wipe = (struct agent_wipe){.on = true};
		while (slim_wipe_poll(w))
			continue;
		w->wipe.on = false;
	}
	for (uint32_t table = 0; table < h->agent->n_tables; table++)
		assert_int_equal(harness_n_rows(h, table), 0);
	harness_check(h);
}

void
harness_turn_round(struct harness_move *mv)
{
	harness_wipe(mv->from);
	harness_move_begin(mv, mv->to, mv->from, mv->n_tables);
}
