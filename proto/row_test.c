/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "row.h"

#define SOURCE_EPOCH UINT64_C(5000000000000)
#define TARGET_EPOCH UINT64_C(777000000000)

/* Layouts differ; the names bind them. */
struct source_entry {
	uint32_t addr;
	uint16_t port;
	uint16_t flags;
	uint64_t created;
	uint64_t packets;
	uint64_t seen;
	uint8_t mac[6];
	uint8_t odd[5];
	uint8_t pad[5];
};

struct target_entry {
	uint64_t seen;
	uint64_t created;
	uint8_t odd[5];
	uint8_t mac[6];
	uint8_t pad[1];
	uint32_t addr;
	uint16_t port;
	uint16_t flags;
	uint64_t added;
	uint64_t packets;
};

#define F(entry, member, type, role, cls, merge)                          \
	{                                                                 \
#member, type, role, cls, merge, offsetof(entry, member), \
			sizeof(((entry *)0)->member)                      \
	}

static const struct schema_table source_table = {
	.name = "t",
	.capacity = 5000,
	.payload_size = sizeof(struct source_entry),
	.key_size = 6,
	.n_fields = 8,
	.fields =
		{
			F(struct source_entry, addr, SLIM_IPV4, SLIM_KEY, SLIM_STATE, 0),
			F(struct source_entry, port, SLIM_BE16, SLIM_KEY, SLIM_STATE, 0),
			F(struct source_entry, flags, SLIM_U16, SLIM_VALUE, SLIM_STATE, 0),
			F(struct source_entry, created, SLIM_TIME, SLIM_VALUE, SLIM_STATE, 0),
			F(struct source_entry, packets, SLIM_COUNTER, SLIM_VALUE, SLIM_LAZY,
			  SLIM_MERGE_SUM),
			F(struct source_entry, seen, SLIM_TIME, SLIM_VALUE, SLIM_LAZY,
			  SLIM_MERGE_MAX),
			F(struct source_entry, mac, SLIM_MAC, SLIM_VALUE, SLIM_STATE, 0),
			F(struct source_entry, odd, SLIM_BYTES, SLIM_VALUE, SLIM_STATE, 0),
		},
};

static const struct schema_table target_table = {
	.name = "t",
	.capacity = 6000,
	.payload_size = sizeof(struct target_entry),
	.key_offset = offsetof(struct target_entry, addr),
	.key_size = 6,
	.n_fields = 9,
	.fields =
		{
			F(struct target_entry, added, SLIM_U64, SLIM_VALUE, SLIM_STATE, 0),
			F(struct target_entry, port, SLIM_BE16, SLIM_KEY, SLIM_STATE, 0),
			F(struct target_entry, addr, SLIM_IPV4, SLIM_KEY, SLIM_STATE, 0),
			F(struct target_entry, flags, SLIM_U16, SLIM_VALUE, SLIM_STATE, 0),
			F(struct target_entry, created, SLIM_TIME, SLIM_VALUE, SLIM_STATE, 0),
			F(struct target_entry, packets, SLIM_COUNTER, SLIM_VALUE, SLIM_LAZY,
			  SLIM_MERGE_SUM),
			F(struct target_entry, seen, SLIM_TIME, SLIM_VALUE, SLIM_LAZY,
			  SLIM_MERGE_MAX),
			F(struct target_entry, mac, SLIM_MAC, SLIM_VALUE, SLIM_STATE, 0),
			F(struct target_entry, odd, SLIM_BYTES, SLIM_VALUE, SLIM_STATE, 0),
		},
};

struct world {
	struct schema_link at_source;
	struct schema_link at_target;
	struct row_stage stage;
	struct row_view view;
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct schema_reason reason;

	assert_non_null(w);
	assert_int_equal(
		schema_link(&source_table, 2, &source_table, &target_table, &w->at_source, &reason),
		0);
	assert_int_equal(
		schema_link(&source_table, 2, &target_table, &source_table, &w->at_target, &reason),
		0);
	assert_int_equal(row_stage_init(&w->stage), 0);
	assert_int_equal(row_view_init(&w->view), 0);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	row_stage_fini(&w->stage);
	row_view_fini(&w->view);
	free(w);
	return 0;
}

static struct source_entry
make_entry(uint32_t i)
{
	struct source_entry e = {
		.addr = i * 2654435761u,
		.port = (uint16_t)i,
		.flags = (uint16_t)(i * 7),
		.created = i % 5 == 0 ? 0 : SOURCE_EPOCH - i * 1000u,
		.packets = i * UINT64_C(123456789),
		.seen = SOURCE_EPOCH + i,
	};

	memset(e.mac, (int)i, sizeof(e.mac));
	memset(e.odd, (int)(i + 1), sizeof(e.odd));
	memset(e.pad, 0xee, sizeof(e.pad));
	return e;
}

static void
fill(struct world *w, uint32_t n_rows, uint32_t n_empty)
{
	row_stage_reset(&w->stage, &w->at_source);
	for (uint32_t i = 0; i < n_rows; i++) {
		struct source_entry e = make_entry(i);

		w->stage.slots[i] = i * 2;
		w->stage.buckets[i] = (uint8_t)i;
		memcpy(w->stage.payloads + i * sizeof(e), &e, sizeof(e));
	}
	for (uint32_t i = 0; i < n_empty; i++)
		w->stage.empty[i] = i * 2 + 1;
	w->stage.n_rows = n_rows;
	w->stage.n_empty = n_empty;
}

static void
check_row(struct world *w, uint32_t i)
{
	struct source_entry e = make_entry(i);
	struct target_entry got;

	row_unpack(&w->view, &w->at_target, TARGET_EPOCH, i, (uint8_t *)&got);
	assert_int_equal(w->view.slots[i], i * 2);
	assert_int_equal(w->view.buckets[i], (uint8_t)i);
	assert_int_equal(got.addr, e.addr);
	assert_int_equal(got.port, e.port);
	assert_int_equal(got.flags, e.flags);
	assert_int_equal(got.packets, e.packets);
	assert_int_equal(got.added, 0);
	assert_memory_equal(got.mac, e.mac, 6);
	assert_memory_equal(got.odd, e.odd, 5);
	assert_int_equal(got.created, e.created == 0 ? 0 : TARGET_EPOCH - i * 1000u);
	assert_int_equal(got.seen, TARGET_EPOCH + i);
	/* The digest does not see layouts, clocks, lazy fields or what only one side has. */
	got.added = 99;
	got.packets = 1;
	assert_int_equal(row_hash(&w->at_target, TARGET_EPOCH, (uint8_t *)&got),
			 row_hash(&w->at_source, SOURCE_EPOCH, (uint8_t *)&e));
}

static void
round_trip(struct world *w, bool compress, uint32_t n)
{
	Slim__Peer__V1__Rows rows;

	fill(w, n, n / 2);
	row_pack(&w->stage, &w->at_source, SOURCE_EPOCH, compress ? ROW_COMPRESS : 0, &rows);
	assert_int_equal(rows.table, 2);
	assert_int_equal(rows.compressed_from != 0, compress && n > 8);
	assert_int_equal(row_view_open(&w->view, &w->at_target, &rows), 0);
	assert_int_equal(w->view.n_rows, n);
	assert_int_equal(w->view.n_empty, n / 2);
	for (uint32_t i = 0; i < n; i++)
		check_row(w, i);
	for (uint32_t i = 0; i < n / 2; i++)
		assert_int_equal(w->view.empty[i], i * 2 + 1);
}

static void
rows_survive_the_wire(void **state)
{
	round_trip(*state, false, 1);
	round_trip(*state, false, SLIM_BATCH_ROWS);
}

static void
rows_survive_compression(void **state)
{
	round_trip(*state, true, SLIM_BATCH_ROWS);
}

static void
no_rows_are_fine_too(void **state)
{
	round_trip(*state, false, 0);
	round_trip(*state, true, 0);
}

static void
a_lazy_time_before_the_clock_is_the_oldest_one(void **state)
{
	struct world *w = *state;
	struct source_entry e = make_entry(1);
	struct target_entry got;
	Slim__Peer__V1__Rows rows;

	fill(w, 1, 0);
	/* Older than the target's clock has been running. */
	e.seen = SOURCE_EPOCH - TARGET_EPOCH - 5;
	e.created = SOURCE_EPOCH - TARGET_EPOCH - 5;
	memcpy(w->stage.payloads, &e, sizeof(e));
	row_pack(&w->stage, &w->at_source, SOURCE_EPOCH, 0, &rows);
	assert_int_equal(row_view_open(&w->view, &w->at_target, &rows), 0);
	row_unpack(&w->view, &w->at_target, TARGET_EPOCH, 0, (uint8_t *)&got);
	assert_int_equal(got.seen, 1);
	/* A state time stays exact, below zero if need be. */
	assert_int_equal((int64_t)got.created, -5);
}

static void
hash_has_the_documented_value(void **state)
{
	struct world *w = *state;
	struct source_entry e = make_entry(3), f = make_entry(3);
	uint64_t hash = row_hash(&w->at_source, SOURCE_EPOCH, (uint8_t *)&e);

	f.flags ^= 1;
	assert_int_not_equal(hash, row_hash(&w->at_source, SOURCE_EPOCH, (uint8_t *)&f));
	f = e;
	f.created++;
	assert_int_not_equal(hash, row_hash(&w->at_source, SOURCE_EPOCH, (uint8_t *)&f));
	f = e;
	f.packets++;
	f.seen++;
	memset(f.pad, 0, sizeof(f.pad));
	assert_int_equal(hash, row_hash(&w->at_source, SOURCE_EPOCH, (uint8_t *)&f));
	/* Another table number, another hash: rows cannot change places between tables. */
	w->at_source.index = 3;
	assert_int_not_equal(hash, row_hash(&w->at_source, SOURCE_EPOCH, (uint8_t *)&e));
	w->at_source.index = 2;
}

static void
damaged_messages_are_refused(void **state)
{
	struct world *w = *state;
	Slim__Peer__V1__Rows good, bad;
	uint8_t *columns;

	fill(w, 10, 3);
	row_pack(&w->stage, &w->at_source, SOURCE_EPOCH, 0, &good);
	assert_int_equal(row_view_open(&w->view, &w->at_target, &good), 0);

	bad = good;
	bad.slots.len -= 1;
	assert_int_equal(row_view_open(&w->view, &w->at_target, &bad), -EBADMSG);
	bad = good;
	bad.slots.len -= 4;
	assert_int_equal(row_view_open(&w->view, &w->at_target, &bad), -EBADMSG);
	bad = good;
	bad.buckets.len -= 1;
	assert_int_equal(row_view_open(&w->view, &w->at_target, &bad), -EBADMSG);
	bad = good;
	bad.columns.len -= 1;
	assert_int_equal(row_view_open(&w->view, &w->at_target, &bad), -EBADMSG);
	bad = good;
	bad.empty_slots.len = 4 * (SLIM_BATCH_ROWS + 1);
	assert_int_equal(row_view_open(&w->view, &w->at_target, &bad), -EBADMSG);
	bad = good;
	bad.compressed_from = 1u << 31;
	assert_int_equal(row_view_open(&w->view, &w->at_target, &bad), -EBADMSG);

	w->stage.slots[4] = source_table.capacity;
	row_pack(&w->stage, &w->at_source, SOURCE_EPOCH, 0, &bad);
	assert_int_equal(row_view_open(&w->view, &w->at_target, &bad), -EBADMSG);

	/* A block that says less or more than it should. */
	fill(w, 100, 0);
	row_pack(&w->stage, &w->at_source, SOURCE_EPOCH, ROW_COMPRESS, &bad);
	assert_int_not_equal(bad.compressed_from, 0);
	bad.columns.len /= 2;
	assert_int_equal(row_view_open(&w->view, &w->at_target, &bad), -EBADMSG);
	row_pack(&w->stage, &w->at_source, SOURCE_EPOCH, ROW_COMPRESS, &bad);
	columns = bad.columns.data;
	memset(columns, 0xff, bad.columns.len);
	assert_int_equal(row_view_open(&w->view, &w->at_target, &bad), -EBADMSG);
}

static void
a_full_stage_fits_a_frame(void **state)
{
	struct world *w = *state;
	struct schema_link wide = w->at_source;

	wide.row_size = SLIM_MAX_SLOT_SIZE;
	row_stage_reset(&w->stage, &wide);
	assert_in_range(w->stage.max_rows, 1, SLIM_BATCH_ROWS);
	assert_in_range(w->stage.max_rows * (SLIM_MAX_SLOT_SIZE + 9u), 1,
			SLIM_PEER_FRAME_MAX - 256);
	row_stage_reset(&w->stage, &w->at_source);
	assert_int_equal(w->stage.max_rows, SLIM_BATCH_ROWS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_survive_the_wire),
		cmocka_unit_test(rows_survive_compression),
		cmocka_unit_test(no_rows_are_fine_too),
		cmocka_unit_test(a_lazy_time_before_the_clock_is_the_oldest_one),
		cmocka_unit_test(hash_has_the_documented_value),
		cmocka_unit_test(damaged_messages_are_refused),
		cmocka_unit_test(a_full_stage_fits_a_frame),
	};

	return cmocka_run_group_tests_name("row", tests, setup, teardown);
}
