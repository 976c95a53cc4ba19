/* SPDX-License-Identifier: Apache-2.0 */
#include "install.h"

#include <errno.h>
#include <string.h>

#include <rte_prefetch.h>

#include "rows.h"
#include "track.h"

#define RING_MASK (SLIM_INSTALL_RING_SIZE - 1u)
#define RECORD_HEAD sizeof(struct slim_install_record)
#define BATCH_RECORDS 16u /* the same for records */
#define BATCH_SIZE 4096u  /* bytes */

/* Private copies of the next records. */
struct batch {
	uint32_t n;
	uint32_t used;
	uint32_t at[BATCH_RECORDS];
	_Alignas(8) uint8_t bytes[BATCH_SIZE];
};
_Static_assert(BATCH_SIZE >= RECORD_HEAD + SLIM_MAX_SLOT_SIZE, "the largest record fits");

static void
note_error(struct agent_worker *w, int error)
{
	_Atomic uint32_t *word = &w->pub.status->install_error;

	/* Once this instance serves, a lazy row that makes no sense is lost, and nothing else. */
	if (w->mode == SLIM_GATE_RECEIVE && atomic_load_explicit(word, memory_order_relaxed) == 0)
		atomic_store_explicit(word, (uint32_t)error, memory_order_relaxed);
}

static void
refuse(struct agent_worker *w)
{
	AGENT_COUNT(w->counters->install_bad, 1);
	note_error(w, EPROTO);
}

/* ---- records ------------------------------------------------------------------- */

static void
apply_del(struct agent_worker *w, struct agent_table *table, uint32_t source)
{
	uint32_t local = slim_map_find(&table->map, w->generation, source);

	/* Only what this worker owns: a wrong order at slimd must not make two
	 * workers write one slot. */
	if (local != SLIM_NO_SLOT && slim_rows_is_mine(w, table, local))
		slim_rows_remove(w, table, local);
	slim_map_clear(&table->map, w->generation, source);
}

/* Slot for a row whose source slot has none yet. */
static uint32_t
acquire(struct agent_worker *w, struct agent_table *table, uint8_t bucket, const uint8_t *row)
{
	uint32_t local = table->ops.acquire(table->ctx, &w->pub, bucket, row + table->key_offset);

	if (local == SLIM_NO_SLOT) {
		AGENT_COUNT(w->counters->install_full, 1);
		note_error(w, ENOSPC);
		return SLIM_NO_SLOT;
	}
	/* The NF's answer is wrong: a slot that is not there, or another's entry. */
	if (local >= table->pub.capacity ||
	    (slim_rows_is_used(table, local) &&
	     (!slim_rows_has_key(table, local, row) || !slim_rows_is_mine(w, table, local)))) {
		refuse(w);
		return SLIM_NO_SLOT;
	}
	return local;
}

static void
apply_put(struct agent_worker *w, struct agent_table *table,
	  const struct slim_install_record *record, const uint8_t *row)
{
	uint32_t local = slim_map_find(&table->map, w->generation, record->source_slot);

	if (local != SLIM_NO_SLOT &&
	    (!slim_rows_is_mine(w, table, local) || !slim_rows_has_key(table, local, row))) {
		apply_del(w, table, record->source_slot);
		local = SLIM_NO_SLOT;
	}
	if (local == SLIM_NO_SLOT) {
		local = acquire(w, table, record->bucket, row);
		if (local == SLIM_NO_SLOT)
			return;
		slim_map_set(&table->map, w->generation, record->source_slot, local);
	}
	slim_rows_store(w, table, local, record->bucket, row);
}

static void
apply_merge(struct agent_worker *w, struct agent_table *table,
	    const struct slim_install_record *record, const uint8_t *row)
{
	uint32_t local = slim_map_find(&table->map, w->generation, record->source_slot);

	/* The flow has ended since, or its slot serves another; maybe one with the same key. */
	if (local != SLIM_NO_SLOT && slim_rows_is_mine(w, table, local) &&
	    slim_rows_has_key(table, local, row))
		slim_rows_merge(w, table, local, row);
}

static bool
record_is_good(const struct agent_worker *w, const struct slim_install_record *record, bool rows)
{
	const struct slim_agent *agent = w->agent;
	const struct agent_table *table;
	uint32_t row_size;

	if (record->op > SLIM_INSTALL_MERGE || record->table >= agent->n_tables)
		return false;
	if (!rows && record->op != SLIM_INSTALL_MERGE)
		return false;
	table = &agent->tables[record->table];
	row_size = record->op == SLIM_INSTALL_DEL ? 0 : table->entry_size;
	if (record->source_slot >= slim_map_sources(table->pub.capacity) ||
	    record->row_size != row_size || record->size != RECORD_HEAD + row_size)
		return false;
	return record->op == SLIM_INSTALL_DEL ||
	       agent->bucket_worker[record->bucket] == w->pub.index;
}

/* Asks for the memory that a record will touch, so that the waits for it overlap. */
static void
look_ahead(struct agent_worker *w, const uint8_t *bytes)
{
	struct slim_install_record record;
	const struct agent_table *table;
	uint32_t local;

	memcpy(&record, bytes, sizeof(record));
	if (!record_is_good(w, &record, true))
		return;
	table = &w->agent->tables[record.table];
	local = slim_map_find(&table->map, w->generation, record.source_slot);
	if (local != SLIM_NO_SLOT)
		rte_prefetch0(slim_slot(&table->pub, local));
	else if (record.op == SLIM_INSTALL_PUT && table->ops.ahead != NULL)
		table->ops.ahead(table->ctx, &w->pub, bytes + RECORD_HEAD);
}

static void
apply(struct agent_worker *w, const uint8_t *bytes, bool rows)
{
	const uint8_t *row = bytes + RECORD_HEAD;
	struct slim_install_record record;
	struct agent_table *table;

	memcpy(&record, bytes, sizeof(record));
	if (!record_is_good(w, &record, rows)) {
		refuse(w);
		return;
	}
	table = &w->agent->tables[record.table];
	if (record.op == SLIM_INSTALL_PUT)
		apply_put(w, table, &record, row);
	else if (record.op == SLIM_INSTALL_DEL)
		apply_del(w, table, record.source_slot);
	else
		apply_merge(w, table, &record, row);
}

/* Copies the record at ring position `from` into the batch, which has room for it. Returns its
 * size, 0 if the ring is nonsense. */
static uint32_t
take_record(const struct agent_worker *w, uint64_t from, uint64_t tail, struct batch *batch)
{
	uint32_t at = (uint32_t)from & RING_MASK;
	uint32_t to_end = SLIM_INSTALL_RING_SIZE - at;
	uint8_t *copy = batch->bytes + batch->used;
	struct slim_install_record head = {0};

	/* Close to the end there may be room for the first half of a header only: a PAD. */
	memcpy(&head, w->install->data + at, to_end < RECORD_HEAD ? to_end : RECORD_HEAD);
	if (head.size == 0 || head.size % 8 != 0 || head.size > to_end || head.size > tail - from)
		return 0;
	if (head.op == SLIM_INSTALL_PAD)
		return head.size == to_end ? head.size : 0;
	if (head.size < RECORD_HEAD || head.size > RECORD_HEAD + SLIM_MAX_SLOT_SIZE)
		return 0;
	memcpy(copy, w->install->data + at, head.size);
	/* slimd may have written since: what was checked is what is used. */
	memcpy(copy, &head, sizeof(head));
	batch->at[batch->n++] = batch->used;
	batch->used += head.size;
	return head.size;
}

/* Fills the batch from the ring. Returns the position behind it; *ret_bad: what follows is
 * nonsense. */
static uint64_t
take_batch(const struct agent_worker *w, uint64_t tail, struct batch *batch, bool *ret_bad)
{
	uint64_t from = w->installed;

	batch->n = batch->used = 0;
	*ret_bad = tail - from > SLIM_INSTALL_RING_SIZE;
	while (!*ret_bad && from != tail && batch->n < BATCH_RECORDS &&
	       BATCH_SIZE - batch->used >= RECORD_HEAD + SLIM_MAX_SLOT_SIZE) {
		uint32_t size = take_record(w, from, tail, batch);

		*ret_bad = size == 0;
		from += size;
	}
	return from;
}

bool
slim_install_poll(struct agent_worker *w, bool rows)
{
	uint64_t tail = atomic_load_explicit(&w->install->tail, memory_order_acquire); /* P5 */
	struct batch batch;

	if (tail == w->installed)
		return false;
	for (uint32_t n = 0; n < SLIM_INSTALL_BUDGET && w->installed != tail; n += BATCH_RECORDS) {
		bool bad;
		uint64_t next = take_batch(w, tail, &batch, &bad);

		for (uint32_t i = 0; i < batch.n; i++)
			look_ahead(w, batch.bytes + batch.at[i]);
		for (uint32_t i = 0; i < batch.n; i++)
			apply(w, batch.bytes + batch.at[i], rows);
		if (bad)
			refuse(w);
		w->installed = bad ? tail : next;
	}
	/* Whoever sees the new position also finds the changed slots in the dirty ring. */
	slim_track_publish(w);
	atomic_store_explicit(&w->pub.status->installed_bytes, w->installed,
			      memory_order_release); /* P6 */
	return w->installed != tail;
}

void
slim_install_begin(struct agent_worker *w)
{
	w->installed = atomic_load_explicit(&w->install->tail, memory_order_acquire); /* P5 */
	atomic_store_explicit(&w->pub.status->install_error, 0, memory_order_relaxed);
	w->generation = w->command.epoch;
	atomic_store_explicit(&w->pub.status->installed_bytes, w->installed,
			      memory_order_release); /* P6 */
}
