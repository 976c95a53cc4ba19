/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packing, unpacking and hashing of rows. The only code that knows both the
 * layout of a payload and the columns of the wire.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <lz4.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "row.h"

/* Numbers are copied as they lie in memory. Every CPU that DPDK runs slim's NFs on is
 * little-endian; a big-endian one must swap here. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "columns are little-endian");

/* Columns of one frame; the rest of the frame is slot numbers, buckets and headers. */
#define COLUMNS_MAX (SLIM_PEER_FRAME_MAX - 64u * 1024u)
#define SLOT_LISTS_SIZE ((size_t)2 * 4 * SLIM_BATCH_ROWS) /* of entries and of empty slots */
#define PAYLOADS_SIZE ((size_t)SLIM_BATCH_ROWS * SLIM_MAX_SLOT_SIZE)

int
row_stage_init(struct row_stage *stage)
{
	memset(stage, 0, sizeof(*stage));
	stage->payloads = malloc(PAYLOADS_SIZE);
	stage->columns = malloc(COLUMNS_MAX);
	stage->packed = malloc(COLUMNS_MAX);
	stage->list = malloc(SLOT_LISTS_SIZE);
	if (stage->payloads == NULL || stage->columns == NULL || stage->packed == NULL ||
	    stage->list == NULL) {
		row_stage_fini(stage);
		return -ENOMEM;
	}
	return 0;
}

void
row_stage_fini(struct row_stage *stage)
{
	free(stage->payloads);
	free(stage->columns);
	free(stage->packed);
	free(stage->list);
	memset(stage, 0, sizeof(*stage));
}

void
row_stage_reset(struct row_stage *stage, const struct schema_link *link)
{
	uint32_t fits = COLUMNS_MAX / (link->row_size > 0 ? link->row_size : 1);

	stage->n_rows = 0;
	stage->n_empty = 0;
	stage->max_rows = fits < SLIM_BATCH_ROWS ? fits : SLIM_BATCH_ROWS;
}

static uint64_t
time_to_wire(const uint8_t *at, uint64_t epoch_ns)
{
	uint64_t time_ns = row_get_number(at, sizeof(time_ns));

	return time_ns == 0 ? (uint64_t)ROW_NEVER : time_ns - epoch_ns;
}

static uint64_t
time_from_wire(const uint8_t *at, uint64_t epoch_ns, bool is_lazy)
{
	uint64_t wire = row_get_number(at, sizeof(wire));
	uint64_t time_ns = wire + epoch_ns;

	if (wire == (uint64_t)ROW_NEVER)
		return 0;
	if (is_lazy && (int64_t)time_ns <= 0)
		return 1;
	return time_ns;
}

/* A size known to the compiler makes one load and store of it. */
#define COPY_CASE(n)                                                                  \
	case n:                                                                       \
		for (uint32_t r = 0; r < n_rows; r++)                                 \
			memcpy(to + (size_t)r * (n), from + (size_t)r * stride, (n)); \
		return

static void
gather(uint8_t *to, const uint8_t *from, size_t stride, uint16_t size, uint32_t n_rows)
{
	switch (size) {
		COPY_CASE(1);
		COPY_CASE(2);
		COPY_CASE(4);
		COPY_CASE(6);
		COPY_CASE(8);
		COPY_CASE(16);
	default:
		for (uint32_t r = 0; r < n_rows; r++)
			memcpy(to + (size_t)r * size, from + (size_t)r * stride, size);
	}
}

static void
pack_column(const struct row_stage *stage, const struct schema_link *link,
	    const struct schema_column *column, uint64_t epoch_ns, uint8_t *to)
{
	const uint8_t *from = stage->payloads + column->offset;

	if (!column->is_time) {
		gather(to, from, link->payload_size, column->size, stage->n_rows);
		return;
	}
	for (uint32_t r = 0; r < stage->n_rows; r++)
		row_put_number(to + (size_t)r * 8, 8,
			       time_to_wire(from + (size_t)r * link->payload_size, epoch_ns));
}

static void
put_list(ProtobufCBinaryData *to, uint8_t *at, const uint32_t *slots, uint32_t n)
{
	memcpy(at, slots, n * sizeof(*slots));
	to->data = at;
	to->len = n * sizeof(*slots);
}

void
row_pack(struct row_stage *stage, const struct schema_link *link, uint64_t epoch_ns, bool lazy,
	 bool compress, Slim__Peer__V1__Rows *ret)
{
	size_t size = 0;
	int packed;

	slim__peer__v1__rows__init(ret);
	for (uint16_t c = 0; c < link->n_columns; c++) {
		pack_column(stage, link, &link->columns[c], epoch_ns, stage->columns + size);
		size += (size_t)link->columns[c].size * stage->n_rows;
	}
	ret->table = link->index;
	ret->lazy = lazy;
	put_list(&ret->slots, stage->list, stage->slots, stage->n_rows);
	put_list(&ret->empty_slots, stage->list + sizeof(uint32_t) * SLIM_BATCH_ROWS, stage->empty,
		 stage->n_empty);
	ret->buckets = (ProtobufCBinaryData){.data = stage->buckets, .len = stage->n_rows};
	ret->columns = (ProtobufCBinaryData){.data = stage->columns, .len = size};
	if (!compress || size == 0)
		return;
	packed = LZ4_compress_default((const char *)stage->columns, (char *)stage->packed,
				      (int)size, (int)size - 1);
	if (packed <= 0)
		return;
	ret->columns = (ProtobufCBinaryData){.data = stage->packed, .len = (size_t)packed};
	ret->compressed_from = (uint32_t)size;
}

int
row_view_init(struct row_view *view)
{
	memset(view, 0, sizeof(*view));
	view->plain = malloc(COLUMNS_MAX);
	return view->plain != NULL ? 0 : -ENOMEM;
}

void
row_view_fini(struct row_view *view)
{
	free(view->plain);
	memset(view, 0, sizeof(*view));
}

static uint32_t
list_at(const uint8_t *list, uint32_t i)
{
	uint32_t slot;

	memcpy(&slot, list + (size_t)i * sizeof(slot), sizeof(slot));
	return slot;
}

static int
check_list(const ProtobufCBinaryData *list, uint32_t capacity)
{
	if (list->len % sizeof(uint32_t) != 0 || list->len / sizeof(uint32_t) > SLIM_BATCH_ROWS)
		return -EBADMSG;
	for (uint32_t i = 0; i < list->len / sizeof(uint32_t); i++)
		if (list_at(list->data, i) >= capacity)
			return -EBADMSG;
	return 0;
}

static int
open_columns(struct row_view *view, const Slim__Peer__V1__Rows *msg, size_t size)
{
	int n;

	if (msg->compressed_from == 0) {
		view->columns = msg->columns.data;
		return msg->columns.len == size ? 0 : -EBADMSG;
	}
	if (msg->compressed_from != size || size > COLUMNS_MAX || msg->columns.len > COLUMNS_MAX)
		return -EBADMSG;
	n = LZ4_decompress_safe((const char *)msg->columns.data, (char *)view->plain,
				(int)msg->columns.len, (int)size);
	if (n < 0 || (size_t)n != size)
		return -EBADMSG;
	view->columns = view->plain;
	return 0;
}

int
row_view_open(struct row_view *view, const struct schema_link *link,
	      const Slim__Peer__V1__Rows *msg)
{
	uint32_t n_rows;

	if (check_list(&msg->slots, link->capacity) < 0 ||
	    check_list(&msg->empty_slots, link->capacity) < 0)
		return -EBADMSG;
	n_rows = (uint32_t)(msg->slots.len / sizeof(uint32_t));
	if (msg->buckets.len != n_rows ||
	    open_columns(view, msg, (size_t)link->row_size * n_rows) < 0)
		return -EBADMSG;
	view->n_rows = n_rows;
	view->n_empty = (uint32_t)(msg->empty_slots.len / sizeof(uint32_t));
	view->slots = msg->slots.data;
	view->buckets = msg->buckets.data;
	view->empty = msg->empty_slots.data;
	return 0;
}

uint32_t
row_view_slot(const struct row_view *view, uint32_t row)
{
	return list_at(view->slots, row);
}

uint32_t
row_view_empty(const struct row_view *view, uint32_t i)
{
	return list_at(view->empty, i);
}

void
row_unpack(const struct row_view *view, const struct schema_link *link, uint64_t epoch_ns,
	   uint32_t row, uint8_t *ret_payload)
{
	const uint8_t *at = view->columns;

	memset(ret_payload, 0, link->payload_size);
	for (uint16_t c = 0; c < link->n_columns; c++) {
		const struct schema_column *column = &link->columns[c];
		const uint8_t *from = at + (size_t)row * column->size;

		at += (size_t)view->n_rows * column->size;
		if (column->offset == SCHEMA_NO_OFFSET)
			continue;
		if (column->is_time)
			row_put_number(ret_payload + column->offset, 8,
				       time_from_wire(from, epoch_ns, column->class_ == SLIM_LAZY));
		else
			memcpy(ret_payload + column->offset, from, column->size);
	}
}

uint64_t
row_hash(const struct schema_link *link, uint64_t epoch_ns, const uint8_t *payload)
{
	uint8_t row[SLIM_MAX_SLOT_SIZE];
	size_t size = 0;

	for (uint16_t i = 0; i < link->n_runs; i++) {
		const struct schema_run *run = &link->runs[i];

		if (run->is_time)
			row_put_number(row + size, 8,
				       time_to_wire(payload + run->offset, epoch_ns));
		else
			memcpy(row + size, payload + run->offset, run->size);
		size += run->size;
	}
	return XXH3_64bits_withSeed(row, size, link->index);
}
