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
#include "row_narrow.h"

/* Numbers are copied as they lie in memory. Every CPU that DPDK runs slim's NFs on is
 * little-endian; a big-endian one must swap here. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "columns are little-endian");

#define SLOT_LISTS_SIZE ((size_t)2 * 4 * SLIM_BATCH_ROWS) /* of entries and of empty slots */
#define PAYLOADS_SIZE ((size_t)SLIM_BATCH_ROWS * SLIM_MAX_SLOT_SIZE)

int
row_stage_init(struct row_stage *stage)
{
	memset(stage, 0, sizeof(*stage));
	stage->payloads = malloc(PAYLOADS_SIZE);
	stage->columns = malloc(ROW_NARROW_MAX);
	stage->packed = malloc(ROW_NARROW_MAX);
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
	uint32_t fits = ROW_COLUMNS_MAX / (link->row_size > 0 ? link->row_size : 1);

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

/* As wide as the fields. Returns the octets of the columns. */
static size_t
pack_wide(struct row_stage *stage, const struct schema_link *link, uint64_t epoch_ns,
	  Slim__Peer__V1__Rows *ret)
{
	size_t size = 0;

	for (uint16_t c = 0; c < link->n_columns; c++) {
		pack_column(stage, link, &link->columns[c], epoch_ns, stage->columns + size);
		size += (size_t)link->columns[c].size * stage->n_rows;
	}
	put_list(&ret->slots, stage->list, stage->slots, stage->n_rows);
	put_list(&ret->empty_slots, stage->list + sizeof(uint32_t) * SLIM_BATCH_ROWS, stage->empty,
		 stage->n_empty);
	ret->buckets = (ProtobufCBinaryData){.data = stage->buckets, .len = stage->n_rows};
	return size;
}

static size_t
pack_narrow(struct row_stage *stage, const struct schema_link *link, uint64_t epoch_ns,
	    Slim__Peer__V1__Rows *ret)
{
	ret->narrow = true;
	ret->narrow_rows = stage->n_rows;
	ret->narrow_empty_slots = stage->n_empty;
	return row_narrow_pack(stage, link, epoch_ns);
}

static void
compress(struct row_stage *stage, size_t size, Slim__Peer__V1__Rows *ret)
{
	int packed = LZ4_compress_default((const char *)stage->columns, (char *)stage->packed,
					  (int)size, (int)size - 1);

	if (packed <= 0)
		return;
	ret->columns = (ProtobufCBinaryData){.data = stage->packed, .len = (size_t)packed};
	ret->compressed_from = (uint32_t)size;
}

void
row_pack(struct row_stage *stage, const struct schema_link *link, uint64_t epoch_ns, uint32_t form,
	 Slim__Peer__V1__Rows *ret)
{
	size_t size;

	slim__peer__v1__rows__init(ret);
	ret->table = link->index;
	ret->lazy = (form & ROW_LAZY) != 0;
	size = (form & ROW_NARROW) != 0 ? pack_narrow(stage, link, epoch_ns, ret)
					: pack_wide(stage, link, epoch_ns, ret);
	ret->columns = (ProtobufCBinaryData){.data = stage->columns, .len = size};
	if ((form & ROW_COMPRESS) != 0 && size > 0)
		compress(stage, size, ret);
}

uint32_t
row_count(const Slim__Peer__V1__Rows *msg)
{
	size_t n = msg->narrow ? msg->narrow_rows : msg->slots.len / sizeof(uint32_t);

	return n < SLIM_BATCH_ROWS ? (uint32_t)n : SLIM_BATCH_ROWS;
}

/* ---- the other side ------------------------------------------------------------------- */

int
row_view_init(struct row_view *view)
{
	memset(view, 0, sizeof(*view));
	view->plain = malloc(ROW_NARROW_MAX);
	view->unpacked = malloc((size_t)ROW_PIECE * SLIM_MAX_SLOT_SIZE);
	if (view->plain == NULL || view->unpacked == NULL) {
		row_view_fini(view);
		return -ENOMEM;
	}
	return 0;
}

void
row_view_fini(struct row_view *view)
{
	free(view->plain);
	free(view->unpacked);
	memset(view, 0, sizeof(*view));
}

static bool
refuse(struct row_view *view, const char *why)
{
	view->why = why;
	return false;
}

/* Nothing of the message is read before. */
static bool
count(struct row_view *view, const Slim__Peer__V1__Rows *msg)
{
	size_t n_rows = msg->narrow_rows, n_empty = msg->narrow_empty_slots;

	if (msg->narrow && (msg->slots.len | msg->buckets.len | msg->empty_slots.len) != 0)
		return refuse(view, "a list stands beside narrow columns");
	if (!msg->narrow) {
		if (msg->slots.len % sizeof(uint32_t) != 0 ||
		    msg->empty_slots.len % sizeof(uint32_t) != 0)
			return refuse(view, "a slot number is cut off");
		n_rows = msg->slots.len / sizeof(uint32_t);
		n_empty = msg->empty_slots.len / sizeof(uint32_t);
		if (msg->buckets.len != n_rows)
			return refuse(view, "there is not a bucket for each row");
	}
	if (n_rows > SLIM_BATCH_ROWS || n_empty > SLIM_BATCH_ROWS)
		return refuse(view, "there are more rows than a frame may have");
	view->n_rows = (uint32_t)n_rows;
	view->n_empty = (uint32_t)n_empty;
	return true;
}

/* The columns as they were before compression. */
static bool
decompress(struct row_view *view, const Slim__Peer__V1__Rows *msg, ProtobufCBinaryData *ret)
{
	int n;

	*ret = msg->columns;
	if (msg->compressed_from == 0)
		return true;
	if (msg->compressed_from > ROW_NARROW_MAX || msg->columns.len > ROW_NARROW_MAX)
		return refuse(view, "compressed columns are larger than a frame");
	n = LZ4_decompress_safe((const char *)msg->columns.data, (char *)view->plain,
				(int)msg->columns.len, (int)msg->compressed_from);
	if (n < 0 || (uint32_t)n != msg->compressed_from)
		return refuse(view, "compressed columns are not of their size");
	*ret = (ProtobufCBinaryData){.data = view->plain, .len = msg->compressed_from};
	return true;
}

static bool
open_wide(struct row_view *view, const struct schema_link *link, const Slim__Peer__V1__Rows *msg,
	  const ProtobufCBinaryData *columns)
{
	if (columns->len != (size_t)link->row_size * view->n_rows)
		return refuse(view, "columns are not of the size of their rows");
	view->columns = columns->data;
	if (view->n_rows > 0) {
		memcpy(view->slots, msg->slots.data, msg->slots.len);
		memcpy(view->buckets, msg->buckets.data, msg->buckets.len);
	}
	if (view->n_empty > 0)
		memcpy(view->empty, msg->empty_slots.data, msg->empty_slots.len);
	return true;
}

static bool
open_narrow(struct row_view *view, const struct schema_link *link,
	    const ProtobufCBinaryData *columns)
{
	view->columns = NULL;
	/* Without an octet there is no pointer that one could reckon with. */
	return row_narrow_open(view, link, columns->len > 0 ? columns->data : view->plain,
			       columns->len);
}

/* No branch for each: a good list is read to its end. */
static bool
check_slots(struct row_view *view, const uint32_t *slots, uint32_t n, uint32_t capacity)
{
	uint32_t greatest = 0;

	for (uint32_t i = 0; i < n; i++)
		greatest = slots[i] > greatest ? slots[i] : greatest;
	return n == 0 || greatest < capacity || refuse(view, "a slot is behind the table");
}

int
row_view_open(struct row_view *view, const struct schema_link *link,
	      const Slim__Peer__V1__Rows *msg)
{
	ProtobufCBinaryData columns;
	bool good;

	view->why = NULL;
	good = count(view, msg) && decompress(view, msg, &columns) &&
	       (msg->narrow ? open_narrow(view, link, &columns)
			    : open_wide(view, link, msg, &columns)) &&
	       check_slots(view, view->slots, view->n_rows, link->capacity) &&
	       check_slots(view, view->empty, view->n_empty, link->capacity);

	return good ? 0 : -EBADMSG;
}

static void
unpack_wide(const struct row_view *view, const struct schema_link *link, uint64_t epoch_ns,
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
				       row_time_from_wire(row_get_number(from, 8), epoch_ns,
							  column->class_ == SLIM_LAZY));
		else
			memcpy(ret_payload + column->offset, from, column->size);
	}
}

void
row_unpack(struct row_view *view, const struct schema_link *link, uint64_t epoch_ns, uint32_t row,
	   uint8_t *ret_payload)
{
	if (view->columns != NULL)
		unpack_wide(view, link, epoch_ns, row, ret_payload);
	else
		memcpy(ret_payload, row_narrow_unpack(view, link, epoch_ns, row),
		       link->payload_size);
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
