/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Narrow rows: slot numbers, buckets, the schema's columns and the numbers of empty slots, each as
 * narrow as its numbers are in this frame (narrow.h). A field of more than eight octets is several
 * columns; what is in network order is a number in network order.
 *
 * Columns are read for a piece of the rows at a time, which stays in the first cache with what becomes
 * of it.
 */
#include "row_narrow.h"

#include <string.h>

/* ---- numbers of a column -------------------------------------------------------------- */

/* Numbers in network order that were read as they lie in memory, and back. */
static void
from_network_order(uint64_t *numbers, uint16_t octets, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		numbers[i] = __builtin_bswap64(numbers[i]) >> (64u - 8u * octets);
}

static void
to_network_order(uint64_t *numbers, uint16_t octets, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		numbers[i] = __builtin_bswap64(numbers[i] << (64u - 8u * octets));
}

/* ---- packing ----------------------------------------------------------------------------- */

static size_t
pack_list(struct row_stage *stage, const void *list, uint16_t octets, uint32_t n, uint8_t *to)
{
	narrow_load(list, octets, octets, n, stage->numbers);
	return narrow_write(stage->numbers, n, (struct narrow_origin){0}, to);
}

static size_t
pack_column(struct row_stage *stage, const struct schema_link *link,
	    const struct schema_column *column, uint64_t epoch_ns, uint8_t *to)
{
	const uint8_t *from = stage->payloads + column->offset;
	uint16_t stride = link->payload_size;
	struct narrow_origin origin = {.has_none = column->is_time,
				       .epoch = column->is_time ? epoch_ns : 0};
	size_t size = 0;
	uint32_t n;

	for (uint16_t at = 0, octets; at < column->size; at = (uint16_t)(at + octets)) {
		octets = narrow_piece((uint16_t)(column->size - at));
		n = narrow_is_constant(from + at, stride, octets, stage->n_rows) ? 1
										 : stage->n_rows;
		narrow_load(from + at, stride, octets, n, stage->numbers);
		if (column->is_network_order)
			from_network_order(stage->numbers, octets, n);
		size += narrow_write(stage->numbers, n, origin, to + size);
	}
	return size;
}

size_t
row_narrow_pack(struct row_stage *stage, const struct schema_link *link, uint64_t epoch_ns)
{
	uint8_t *to = stage->columns;
	uint32_t n = stage->n_rows;

	if (n > 0) {
		to += pack_list(stage, stage->slots, sizeof(stage->slots[0]), n, to);
		to += pack_list(stage, stage->buckets, sizeof(stage->buckets[0]), n, to);
		for (uint16_t c = 0; c < link->n_columns; c++)
			to += pack_column(stage, link, &link->columns[c], epoch_ns, to);
	}
	if (stage->n_empty > 0)
		to += pack_list(stage, stage->empty, sizeof(stage->empty[0]), stage->n_empty, to);
	return (size_t)(to - stage->columns);
}

/* ---- opening ------------------------------------------------------------------------------ */

/* What is still to be read of a frame. */
struct cursor {
	const uint8_t *at;
	const uint8_t *end;
	const char *why; /* NULL: no error yet */
};

static bool
next_column(struct cursor *cursor, uint32_t n, uint16_t size, struct narrow *ret)
{
	const uint8_t *end = narrow_open(cursor->at, cursor->end, n, size, ret, &cursor->why);

	if (end != NULL)
		cursor->at = end;
	return end != NULL;
}

static bool
open_list(struct cursor *cursor, uint64_t *numbers, void *list, uint16_t octets, uint32_t n)
{
	struct narrow column;

	if (n == 0)
		return true;
	if (!next_column(cursor, n, octets, &column))
		return false;
	narrow_read(&column, 0, n, 0, numbers);
	narrow_store(list, octets, octets, n, numbers);
	return true;
}

/* Columns that are of no use here are passed. */
static bool
open_column(struct row_view *view, struct cursor *cursor, const struct schema_column *column)
{
	for (uint16_t at = 0, octets; at < column->size; at = (uint16_t)(at + octets)) {
		struct row_lane *lane = &view->lanes[view->n_lanes];

		octets = narrow_piece((uint16_t)(column->size - at));
		if (!next_column(cursor, view->n_rows, octets, &lane->column))
			return false;
		if (column->offset == SCHEMA_NO_OFFSET)
			continue;
		lane->offset = (uint16_t)(column->offset + at);
		lane->octets = (uint8_t)octets;
		lane->is_network_order = column->is_network_order;
		lane->is_time = column->is_time;
		lane->is_lazy = column->class_ == SLIM_LAZY;
		view->n_lanes++;
	}
	return true;
}

static bool
open_columns(struct row_view *view, struct cursor *cursor, const struct schema_link *link)
{
	if (view->n_rows == 0)
		return true;
	for (uint16_t c = 0; c < link->n_columns; c++)
		if (!open_column(view, cursor, &link->columns[c]))
			return false;
	return true;
}

bool
row_narrow_open(struct row_view *view, const struct schema_link *link, const uint8_t *bytes,
		size_t size)
{
	struct cursor cursor = {.at = bytes, .end = bytes + size};
	uint64_t numbers[SLIM_BATCH_ROWS];
	uint32_t n = view->n_rows;

	view->n_lanes = 0;
	view->n_unpacked = 0;
	if (open_list(&cursor, numbers, view->slots, sizeof(view->slots[0]), n) &&
	    open_list(&cursor, numbers, view->buckets, sizeof(view->buckets[0]), n) &&
	    open_columns(view, &cursor, link) &&
	    open_list(&cursor, numbers, view->empty, sizeof(view->empty[0]), view->n_empty) &&
	    cursor.at != cursor.end)
		cursor.why = "there is something behind the last column";
	view->why = cursor.why;
	return cursor.why == NULL;
}

/* ---- unpacking ------------------------------------------------------------------------------- */

static void
read_lane(const struct row_lane *lane, uint32_t first, uint32_t n, uint64_t epoch_ns,
	  uint64_t *numbers)
{
	uint64_t none = lane->is_time ? (uint64_t)ROW_NEVER : 0;

	narrow_read(&lane->column, first, n, none, numbers);
	if (lane->is_network_order)
		to_network_order(numbers, lane->octets, n);
	for (uint32_t i = 0; lane->is_time && i < n; i++)
		numbers[i] = row_time_from_wire(numbers[i], epoch_ns, lane->is_lazy);
}

/* Payloads are zero before. */
static void
unpack_lane(struct row_view *view, const struct row_lane *lane, uint16_t stride, uint64_t epoch_ns)
{
	uint8_t *to = view->unpacked + lane->offset;
	uint64_t numbers[ROW_PIECE];
	uint32_t n = view->n_unpacked;

	if (lane->column.octets != 0) {
		read_lane(lane, view->first_unpacked, n, epoch_ns, numbers);
		narrow_store(to, stride, lane->octets, n, numbers);
		return;
	}
	read_lane(lane, 0, 1, epoch_ns, numbers);
	if (numbers[0] != 0)
		narrow_fill(to, stride, lane->octets, n, numbers[0]);
}

const uint8_t *
row_narrow_unpack(struct row_view *view, const struct schema_link *link, uint64_t epoch_ns,
		  uint32_t row)
{
	uint32_t rest;

	if (row - view->first_unpacked >= view->n_unpacked) {
		view->first_unpacked = row - row % ROW_PIECE;
		rest = view->n_rows - view->first_unpacked;
		view->n_unpacked = rest < ROW_PIECE ? rest : ROW_PIECE;
		memset(view->unpacked, 0, (size_t)view->n_unpacked * link->payload_size);
		for (uint32_t i = 0; i < view->n_lanes; i++)
			unpack_lane(view, &view->lanes[i], link->payload_size, epoch_ns);
	}
	return view->unpacked + (size_t)(row - view->first_unpacked) * link->payload_size;
}
