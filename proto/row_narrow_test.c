/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Narrow rows of random schemas: what arrives is what arrives of rows as wide as their fields, which share
 * no code with them but the tables' own.
 */
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

#define SCHEMAS 300u
#define SOURCE_EPOCH UINT64_C(5000000000000)
#define TARGET_EPOCH UINT64_C(777000000000)

static uint64_t seed;

static uint64_t
dice(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * UINT64_C(2685821657736338717);
}

static uint32_t
below(uint32_t n)
{
	return (uint32_t)(dice() >> 32) % n;
}

/* ---- random schemas ---------------------------------------------------------------- */

static uint16_t
size_of(uint8_t type)
{
	static const uint8_t sizes[] = {
		[SLIM_U8] = 1,   [SLIM_U16] = 2,    [SLIM_U32] = 4, [SLIM_U64] = 8,
		[SLIM_IPV4] = 4, [SLIM_IPV6] = 16,  [SLIM_MAC] = 6, [SLIM_BE16] = 2,
		[SLIM_TIME] = 8, [SLIM_COUNTER] = 8};

	return type == SLIM_BYTES ? (uint16_t)(1 + below(90)) : sizes[type];
}

/* Field `i` of both sides, or of one: a third of those behind the key. */
static void
add_field(struct schema_table *source, struct schema_table *target, uint16_t i, uint16_t *room)
{
	struct schema_field field = {
		.type = (uint8_t)(1 + below(SLIM_COUNTER)),
		.role = i == 0 ? SLIM_KEY : SLIM_VALUE,
		.class_ = i != 0 && below(3) == 0 ? SLIM_LAZY : SLIM_STATE,
	};
	uint32_t side = i == 0 ? 0 : below(6);

	field.size = size_of(field.type);
	if (field.size > *room)
		return;
	*room = (uint16_t)(*room - field.size);
	if (field.class_ == SLIM_LAZY)
		field.merge = SLIM_MERGE_LAST;
	snprintf(field.name, sizeof(field.name), "f%u", i);
	if (side != 1)
		source->fields[source->n_fields++] = field;
	if (side != 2)
		target->fields[target->n_fields++] = field;
}

/* Fields in random order, with gaps, and nothing aligned: the agent's rules are stricter. */
static void
lay_out(struct schema_table *table)
{
	uint16_t at = 0;

	for (uint16_t i = table->n_fields; i > 1; i--) {
		uint32_t k = below(i);
		struct schema_field field = table->fields[k];

		table->fields[k] = table->fields[i - 1];
		table->fields[i - 1] = field;
	}
	for (uint16_t i = 0; i < table->n_fields; i++) {
		at = (uint16_t)(at + below(3));
		table->fields[i].offset = at;
		at = (uint16_t)(at + table->fields[i].size);
	}
	table->payload_size = at;
	table->capacity = UINT32_C(1) << (12 + below(15));
}

struct world {
	struct schema_table source, target;
	struct schema_link at_source, at_target;
	struct row_stage stage;
	struct row_view wide, narrow;
};

static void
make_schema(struct world *w)
{
	uint16_t room = (uint16_t)(below(4) == 0 ? SLIM_MAX_SLOT_SIZE - 128 : 16 + below(240));
	uint32_t n = 1 + below(SLIM_MAX_FIELDS);
	struct schema_reason reason = {""};

	memset(&w->source, 0, sizeof(w->source));
	memset(&w->target, 0, sizeof(w->target));
	while (w->source.n_fields == 0) /* a key may be too large for the room */
		add_field(&w->source, &w->target, 0, &room);
	for (uint16_t i = 1; i < n; i++)
		add_field(&w->source, &w->target, i, &room);
	lay_out(&w->source);
	lay_out(&w->target);
	assert_int_equal(schema_link(&w->source, 1, &w->source, &w->target, &w->at_source, &reason),
			 0);
	assert_int_equal(schema_link(&w->source, 1, &w->target, &w->source, &w->at_target, &reason),
			 0);
}

/* ---- random rows --------------------------------------------------------------------- */

/* What a column of one frame is like. */
struct habit {
	uint32_t kind;
	uint64_t base, span;
	uint32_t zeros; /* of 8 numbers */
};

static uint64_t
edge(void)
{
	static const uint64_t edges[] = {0, 1, UINT64_C(1) << 63, UINT64_MAX, SOURCE_EPOCH};

	return edges[below(5)] + below(5) - 2;
}

static struct habit
make_habit(void)
{
	struct habit habit = {.kind = below(5), .base = dice() >> below(64), .zeros = below(3)};

	habit.span = habit.kind == 0 ? 0 : dice() >> below(64);
	if (habit.kind == 1)
		habit.base = 0 - (dice() >> (40 + below(20))); /* wraps */
	if (habit.kind == 2)
		habit.base = SOURCE_EPOCH - habit.span / 2; /* around the epoch */
	return habit;
}

static uint64_t
make_number(const struct habit *habit)
{
	if (below(8) < habit->zeros)
		return 0;
	if (habit->kind == 3)
		return edge();
	return habit->base + (habit->span != 0 ? dice() % habit->span : 0);
}

static void
fill_column(struct world *w, const struct schema_field *field)
{
	bool reversed = field->type == SLIM_IPV4 || field->type == SLIM_BE16;
	struct habit habit;

	for (uint16_t at = 0, n; at < field->size; at = (uint16_t)(at + n)) {
		n = (uint16_t)(field->size - at < 8 ? field->size - at : 8);
		habit = make_habit();
		for (uint32_t r = 0; r < w->stage.n_rows; r++) {
			uint64_t number = make_number(&habit);

			if (reversed)
				number = __builtin_bswap64(number) >> (64 - 8 * n);
			memcpy(w->stage.payloads + r * (size_t)w->source.payload_size +
				       field->offset + at,
			       &number, n);
		}
	}
}

static void
fill(struct world *w, uint32_t n_rows, uint32_t n_empty)
{
	uint32_t first = below(1000), step = 1 + below(3);

	row_stage_reset(&w->stage, &w->at_source);
	w->stage.n_rows = n_rows < w->stage.max_rows ? n_rows : w->stage.max_rows;
	w->stage.n_empty = n_empty < w->stage.max_rows ? n_empty : w->stage.max_rows;
	for (uint32_t r = 0; r < w->stage.n_rows; r++) {
		w->stage.slots[r] = step == 3 ? below(w->source.capacity)
					      : (first + r * step) % w->source.capacity;
		w->stage.buckets[r] = (uint8_t)(step == 3 ? dice() : first);
	}
	for (uint32_t i = 0; i < w->stage.n_empty; i++)
		w->stage.empty[i] = below(w->source.capacity);
	memset(w->stage.payloads, 0xee, w->stage.n_rows * (size_t)w->source.payload_size);
	for (uint16_t f = 0; f < w->source.n_fields; f++)
		fill_column(w, &w->source.fields[f]);
}

/* ---- both forms ---------------------------------------------------------------------- */

static void
check_rows(struct world *w)
{
	uint8_t wide[SLIM_MAX_SLOT_SIZE], narrow[SLIM_MAX_SLOT_SIZE];
	uint16_t size = w->target.payload_size;

	for (uint32_t r = 0; r < w->wide.n_rows; r++) {
		const uint8_t *from = w->stage.payloads + r * (size_t)w->source.payload_size;

		row_unpack(&w->wide, &w->at_target, TARGET_EPOCH, r, wide);
		row_unpack(&w->narrow, &w->at_target, TARGET_EPOCH, r, narrow);
		assert_memory_equal(wide, narrow, size);
		assert_int_equal(row_hash(&w->at_target, TARGET_EPOCH, narrow),
				 row_hash(&w->at_source, SOURCE_EPOCH, from));
	}
	/* Rows in another order: the last and the first, from other pieces. */
	for (uint32_t r = w->wide.n_rows; r-- > 0; r = r > 100 ? r - 100 : 0) {
		row_unpack(&w->wide, &w->at_target, TARGET_EPOCH, r, wide);
		row_unpack(&w->narrow, &w->at_target, TARGET_EPOCH, r, narrow);
		assert_memory_equal(wide, narrow, size);
	}
}

static void
round_trip(struct world *w, uint32_t form)
{
	Slim__Peer__V1__Rows rows;

	row_pack(&w->stage, &w->at_source, SOURCE_EPOCH, 0, &rows);
	assert_int_equal(row_view_open(&w->wide, &w->at_target, &rows), 0);
	/* The wide view must not point to columns that are packed over. */
	memcpy(w->wide.plain, rows.columns.data, rows.columns.len);
	w->wide.columns = w->wide.plain;

	row_pack(&w->stage, &w->at_source, SOURCE_EPOCH, form, &rows);
	assert_true(rows.narrow);
	assert_in_range(slim__peer__v1__rows__get_packed_size(&rows), 2, SLIM_PEER_FRAME_MAX - 64);
	assert_int_equal(row_count(&rows), w->stage.n_rows);
	assert_int_equal(row_view_open(&w->narrow, &w->at_target, &rows), 0);
	assert_null(w->narrow.why);
	assert_int_equal(w->narrow.n_rows, w->stage.n_rows);
	assert_int_equal(w->narrow.n_empty, w->stage.n_empty);
	assert_memory_equal(w->narrow.slots, w->stage.slots, 4 * w->stage.n_rows);
	assert_memory_equal(w->narrow.buckets, w->stage.buckets, w->stage.n_rows);
	assert_memory_equal(w->narrow.empty, w->stage.empty, 4 * w->stage.n_empty);
	check_rows(w);
}

/* Killed by: a piece of a long field at the place of the first; network order for none, or for all;
 * fields of the source alone not passed; NEVER lost; a lazy time not raised; a piece of rows not
 * read anew. */
static void
what_arrives_is_what_arrives_of_wide_rows(void **state)
{
	static const uint32_t counts[] = {0, 1, 2, ROW_PIECE - 1, ROW_PIECE, ROW_PIECE + 1, 300};
	struct world *w = *state;

	for (uint32_t i = 0; i < SCHEMAS; i++) {
		seed = 1 + i;
		make_schema(w);
		fill(w, counts[below(7)], counts[below(7)]);
		round_trip(w, ROW_NARROW);
		round_trip(w, ROW_NARROW | ROW_COMPRESS);
	}
}

/* Killed by: a row less in a frame; the last piece at the place of the first. */
static void
a_full_frame_too(void **state)
{
	struct world *w = *state;

	for (uint32_t i = 0; i < 12; i++) {
		seed = 1000 + i;
		make_schema(w);
		fill(w, SLIM_BATCH_ROWS, SLIM_BATCH_ROWS);
		assert_int_equal(w->stage.n_rows, w->stage.max_rows);
		round_trip(w, ROW_NARROW);
	}
}

/* As many columns as there can be, each of numbers that fill it.
 * Killed by: room for one column less in the view. */
static void
the_widest_row_of_all(void **state)
{
	struct schema_reason reason;
	struct world *w = *state;
	struct schema_table *t = &w->source;

	seed = 7;
	*t = (struct schema_table){.capacity = 1u << 26, .n_fields = SLIM_MAX_FIELDS};
	for (uint16_t f = 0; f < SLIM_MAX_FIELDS; f++) {
		struct schema_field *field = &t->fields[f];

		*field = (struct schema_field){
			.type = SLIM_BYTES, .role = SLIM_KEY, .class_ = SLIM_STATE};
		snprintf(field->name, sizeof(field->name), "f%u", f);
		field->size = f < 12 ? 4 * 8 + 5 : 3 * 8 + 5;
		field->offset = t->payload_size;
		t->payload_size = (uint16_t)(t->payload_size + field->size);
	}
	assert_int_equal(t->payload_size, SLIM_MAX_SLOT_SIZE);
	w->target = *t;
	assert_int_equal(schema_link(t, 1, t, &w->target, &w->at_source, &reason), 0);
	w->at_target = w->at_source;
	row_stage_reset(&w->stage, &w->at_source);
	w->stage.n_rows = w->stage.n_empty = w->stage.max_rows;
	for (size_t i = 0; i < w->stage.n_rows * (size_t)t->payload_size; i++)
		w->stage.payloads[i] = (uint8_t)dice();
	for (uint32_t r = 0; r < w->stage.n_rows; r++) {
		w->stage.slots[r] = w->stage.empty[r] = below(t->capacity);
		w->stage.buckets[r] = (uint8_t)dice();
	}
	round_trip(w, ROW_NARROW);
	assert_int_equal(w->narrow.n_lanes, ROW_MAX_LANES);
	round_trip(w, ROW_NARROW | ROW_COMPRESS);
}

/* ---- how narrow ---------------------------------------------------------------------- */

static const struct schema_table sessions = {
	.name = "sessions",
	.capacity = 1u << 20,
	.payload_size = 40,
	.key_size = 6,
	.n_fields = 6,
	.fields = {{"address", SLIM_IPV4, SLIM_KEY, SLIM_STATE, 0, 0, 4},
		   {"port", SLIM_BE16, SLIM_KEY, SLIM_STATE, 0, 4, 2},
		   {"state", SLIM_U8, SLIM_VALUE, SLIM_STATE, 0, 6, 1},
		   {"seen", SLIM_TIME, SLIM_VALUE, SLIM_LAZY, SLIM_MERGE_MAX, 8, 8},
		   {"octets", SLIM_COUNTER, SLIM_VALUE, SLIM_LAZY, SLIM_MERGE_SUM, 16, 8},
		   {"name", SLIM_BYTES, SLIM_VALUE, SLIM_STATE, 0, 24, 15}},
};

static void
fill_sessions(struct world *w, uint32_t n)
{
	struct schema_reason reason;

	w->source = w->target = sessions;
	assert_int_equal(schema_link(&w->source, 0, &w->source, &w->target, &w->at_source, &reason),
			 0);
	w->at_target = w->at_source;
	row_stage_reset(&w->stage, &w->at_source);
	w->stage.n_rows = n;
	memset(w->stage.payloads, 0, (size_t)n * sessions.payload_size);
	for (uint32_t r = 0; r < n; r++) {
		uint8_t *at = w->stage.payloads + (size_t)r * sessions.payload_size;
		uint64_t seen = r % 2 == 0 ? 0 : SOURCE_EPOCH - 1000000 + r,
			 octets = 1500 * (r % 2);
		const uint8_t key[6] = {100, 64, 1, (uint8_t)(r + 3), (uint8_t)(r + 20), 80};

		memcpy(at, key, sizeof(key));
		at[6] = 3;
		memcpy(at + 8, &seen, sizeof(seen));
		memcpy(at + 16, &octets, sizeof(octets));
		memcpy(at + 24, "subscriber-0000", 15);
		at[24 + 14] = (uint8_t)('0' + r % 10);
		w->stage.slots[r] = 70000 + r;
		w->stage.buckets[r] = 9;
	}
}

/* docs/protocol.md has this frame.
 * Killed by: another order of octets, opaque ones too; bases of full width; pieces of other sizes. */
static void
a_frame_has_the_documented_octets(void **state)
{
	static const uint8_t wanted[] = {
		0x19, 0x70, 0x11, 0x01, 0,   1,                  /* slots 70000 and 70001 */
		0x08, 9,                                         /* both of bucket 9 */
		0x21, 3,    1,    64,   100, 0,   1,             /* 100.64.1.3 and 100.64.1.4 */
		0x12, 0x50, 0x14, 0,    0,   0,   1,             /* ports 5200 and 5456 */
		0x08, 3,                                         /* both in state 3 */
		0x71, 0xc1, 0xbd, 0xf0, 255, 255, 255, 255, 255, /* never; 999,999 ns before */
		0,    1,                                         /* the epoch */
		0x51, 0xdc, 0x05, 0,    1,                       /* 0 and 1500 octets */
		0x30, 'b',  'i',  'r',  'c', 's', 'b', 'u', 's', /* "subscrib" */
		0x28, '0',  '0',  '0',  '-', 'r', 'e',           /* "er-000" */
		0x09, '0',  0,    1,                             /* "0" and "1" */
	};
	Slim__Peer__V1__Rows rows;
	struct world *w = *state;

	fill_sessions(w, 2);
	row_pack(&w->stage, &w->at_source, SOURCE_EPOCH, ROW_NARROW, &rows);
	assert_int_equal(rows.columns.len, sizeof(wanted));
	assert_memory_equal(rows.columns.data, wanted, sizeof(wanted));
	assert_int_equal(rows.slots.len + rows.buckets.len + rows.empty_slots.len, 0);
}

/* Killed by: bases of full width (a single row). */
static void
rows_take_what_their_numbers_do(void **state)
{
	Slim__Peer__V1__Rows rows;
	struct world *w = *state;

	/* 2 for the slot, 1 each for address, state of the time, counter and name, 2 for the port. */
	fill_sessions(w, 256);
	row_pack(&w->stage, &w->at_source, SOURCE_EPOCH, ROW_NARROW, &rows);
	assert_in_range(rows.columns.len, 256 * 7, 256 * 8 + 10 * NARROW_HEAD_MAX);
	row_pack(&w->stage, &w->at_source, SOURCE_EPOCH, 0, &rows);
	assert_int_equal(rows.columns.len, 256 * 38);
	/* One row has heads for itself, and is no longer for it. */
	fill_sessions(w, 1);
	row_pack(&w->stage, &w->at_source, SOURCE_EPOCH, ROW_NARROW, &rows);
	assert_in_range(slim__peer__v1__rows__get_packed_size(&rows), 1, 4 + 1 + 38 + 8);
}

/* ---- hostile frames ------------------------------------------------------------------ */

static void
refused(struct world *w, const Slim__Peer__V1__Rows *rows, const char *why)
{
	assert_int_equal(row_view_open(&w->narrow, &w->at_target, rows), -EBADMSG);
	assert_string_equal(w->narrow.why, why);
}

/* Killed by: each of the checks left out (that of a frame without an octet under clang's sanitizer). */
static void
damaged_frames_are_refused_by_name(void **state)
{
	Slim__Peer__V1__Rows good, bad;
	struct world *w = *state;
	uint8_t copy[1024];
	uint32_t capacity;

	fill_sessions(w, 20);
	w->stage.n_empty = 3;
	w->stage.empty[0] = w->stage.empty[1] = 1000;
	w->stage.empty[2] = 70100;
	row_pack(&w->stage, &w->at_source, SOURCE_EPOCH, ROW_NARROW, &good);
	assert_int_equal(row_view_open(&w->narrow, &w->at_target, &good), 0);

	bad = good;
	bad.buckets = (ProtobufCBinaryData){.data = copy, .len = 20};
	refused(w, &bad, "a list stands beside narrow columns");
	bad = good;
	bad.narrow_rows = SLIM_BATCH_ROWS + 1;
	refused(w, &bad, "there are more rows than a frame may have");
	assert_int_equal(row_count(&bad), SLIM_BATCH_ROWS);
	bad = good;
	bad.narrow_empty_slots = UINT32_MAX;
	refused(w, &bad, "there are more rows than a frame may have");
	bad = good;
	bad.narrow_rows--; /* the last slot is no head of a column of buckets */
	refused(w, &bad, "a column is wider than its field");
	bad = good;
	bad.narrow_empty_slots--;
	refused(w, &bad, "there is something behind the last column");
	bad = good;
	bad.narrow_empty_slots = 0;
	refused(w, &bad, "there is something behind the last column");
	bad = good;
	bad.narrow_rows = 0;
	refused(w, &bad, "there is something behind the last column");
	for (size_t size = 0; size < good.columns.len; size++) {
		bad = good;
		bad.columns.len = size;
		assert_int_equal(row_view_open(&w->narrow, &w->at_target, &bad), -EBADMSG);
		assert_non_null(strstr(w->narrow.why, "a column "));
	}
	bad = good;
	bad.columns = (ProtobufCBinaryData){0};
	refused(w, &bad, "a column is missing");
	/* The bucket of 20 rows in four octets each. */
	memcpy(copy, good.columns.data, good.columns.len);
	bad = good;
	bad.columns.data = copy;
	copy[24] = 0x20;
	refused(w, &bad, "a column is wider than its field");

	/* The greatest of either list is behind the table. */
	capacity = w->at_target.capacity;
	w->at_target.capacity = 70101;
	assert_int_equal(row_view_open(&w->narrow, &w->at_target, &good), 0);
	w->at_target.capacity = 70100;
	refused(w, &good, "a slot is behind the table");
	w->stage.n_empty = 0;
	row_pack(&w->stage, &w->at_source, SOURCE_EPOCH, ROW_NARROW, &good);
	w->at_target.capacity = 70020;
	assert_int_equal(row_view_open(&w->narrow, &w->at_target, &good), 0);
	w->at_target.capacity = 70019;
	refused(w, &good, "a slot is behind the table");
	w->at_target.capacity = capacity;

	row_pack(&w->stage, &w->at_source, SOURCE_EPOCH, ROW_NARROW | ROW_COMPRESS, &good);
	assert_int_not_equal(good.compressed_from, 0);
	assert_int_equal(row_view_open(&w->narrow, &w->at_target, &good), 0);
	bad = good;
	bad.compressed_from++;
	refused(w, &bad, "compressed columns are not of their size");
	bad.compressed_from = ROW_NARROW_MAX + 1;
	refused(w, &bad, "compressed columns are larger than a frame");
	bad = good;
	bad.compressed_from = 0;
	assert_int_equal(row_view_open(&w->narrow, &w->at_target, &bad), -EBADMSG);
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	assert_int_equal(row_stage_init(&w->stage), 0);
	assert_int_equal(row_view_init(&w->wide), 0);
	assert_int_equal(row_view_init(&w->narrow), 0);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	row_stage_fini(&w->stage);
	row_view_fini(&w->wide);
	row_view_fini(&w->narrow);
	free(w);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_arrives_is_what_arrives_of_wide_rows),
		cmocka_unit_test(a_full_frame_too),
		cmocka_unit_test(the_widest_row_of_all),
		cmocka_unit_test(a_frame_has_the_documented_octets),
		cmocka_unit_test(rows_take_what_their_numbers_do),
		cmocka_unit_test(damaged_frames_are_refused_by_name),
	};

	return cmocka_run_group_tests_name("row_narrow", tests, setup, teardown);
}
