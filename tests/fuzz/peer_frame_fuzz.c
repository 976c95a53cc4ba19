/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream of peer frames: framing, decoding, and what is decoded further from a frame:
 * tables of Open and OpenReply, batches of Rows against fixed tables, narrow ones among them. What was
 * accepted as rows arrives as the same rows when it is packed again, narrow.
 */
#include <stdlib.h>

#include "frame.h"
#include "row.h"
#include "schema.h"
#include "target.h"

#define EPOCH_NS 12345u

static struct frame_decoder decoder;
static struct row_view view, again;
static struct row_stage stage;
static struct schema_link links[2]; /* the same table at both ends; tables that differ */

static void
prepare(void)
{
	static const struct schema_table table = {
		.name = "t",
		.capacity = 100,
		.payload_size = 24,
		.key_size = 4,
		.n_fields = 3,
		.fields = {{"a", SLIM_U32, SLIM_KEY, SLIM_STATE, SLIM_MERGE_NONE, 0, 4},
			   {"b", SLIM_TIME, SLIM_VALUE, SLIM_STATE, SLIM_MERGE_NONE, 8, 8},
			   {"c", SLIM_COUNTER, SLIM_VALUE, SLIM_LAZY, SLIM_MERGE_SUM, 16, 8}},
	};
	/* Long fields, one that the target has not and one that the source has not, another order. */
	static const struct schema_table source = {
		.name = "t",
		.capacity = 100,
		.payload_size = 48,
		.key_size = 16,
		.n_fields = 4,
		.fields = {{"a", SLIM_IPV6, SLIM_KEY, SLIM_STATE, SLIM_MERGE_NONE, 0, 16},
			   {"b", SLIM_BYTES, SLIM_VALUE, SLIM_STATE, SLIM_MERGE_NONE, 16, 15},
			   {"c", SLIM_MAC, SLIM_VALUE, SLIM_STATE, SLIM_MERGE_NONE, 31, 6},
			   {"d", SLIM_TIME, SLIM_VALUE, SLIM_LAZY, SLIM_MERGE_MAX, 40, 8}},
	};
	static const struct schema_table target = {
		.name = "t",
		.capacity = 100,
		.payload_size = 40,
		.key_size = 16,
		.n_fields = 4,
		.fields = {{"d", SLIM_TIME, SLIM_VALUE, SLIM_LAZY, SLIM_MERGE_MAX, 0, 8},
			   {"a", SLIM_IPV6, SLIM_KEY, SLIM_STATE, SLIM_MERGE_NONE, 8, 16},
			   {"e", SLIM_U8, SLIM_VALUE, SLIM_STATE, SLIM_MERGE_NONE, 24, 1},
			   {"b", SLIM_BYTES, SLIM_VALUE, SLIM_STATE, SLIM_MERGE_NONE, 25, 15}},
	};
	struct schema_reason reason;

	if (decoder.arena != NULL)
		return;
	if (frame_decoder_init(&decoder) < 0 || row_view_init(&view) < 0 ||
	    row_view_init(&again) < 0 || row_stage_init(&stage) < 0 ||
	    schema_link(&table, 0, &table, &table, &links[0], &reason) < 0 ||
	    schema_link(&source, 1, &target, &source, &links[1], &reason) < 0)
		abort();
}

static void
check_tables(size_t n, Slim__Peer__V1__Table *const *tables)
{
	struct schema_table table;
	struct schema_reason reason;
	struct schema_message message;

	for (size_t i = 0; i < n && i < SLIM_MAX_TABLES; i++) {
		if (schema_from_peer(tables[i], &table, &reason) < 0)
			continue;
		/* What was accepted is accepted again. */
		schema_to_peer(&table, 0, &message);
		if (schema_from_peer(&message.table, &table, &reason) < 0)
			abort();
	}
}

/* `view` is a table that is the same at both ends. */
static void
pack_again(const struct schema_link *link)
{
	uint8_t payload[SLIM_MAX_SLOT_SIZE];
	Slim__Peer__V1__Rows rows;

	row_stage_reset(&stage, link);
	stage.n_rows = view.n_rows;
	stage.n_empty = view.n_empty;
	memcpy(stage.slots, view.slots, sizeof(stage.slots));
	memcpy(stage.buckets, view.buckets, sizeof(stage.buckets));
	memcpy(stage.empty, view.empty, sizeof(stage.empty));
	for (uint32_t r = 0; r < view.n_rows; r++)
		row_unpack(&view, link, EPOCH_NS, r,
			   stage.payloads + (size_t)r * link->payload_size);
	row_pack(&stage, link, EPOCH_NS, ROW_NARROW, &rows);
	if (row_view_open(&again, link, &rows) < 0 || again.n_rows != view.n_rows ||
	    again.n_empty != view.n_empty ||
	    memcmp(again.slots, view.slots, 4 * view.n_rows) != 0 ||
	    memcmp(again.buckets, view.buckets, view.n_rows) != 0 ||
	    memcmp(again.empty, view.empty, 4 * view.n_empty) != 0)
		abort();
	for (uint32_t r = 0; r < view.n_rows; r++) {
		row_unpack(&again, link, EPOCH_NS, r, payload);
		if (memcmp(payload, stage.payloads + (size_t)r * link->payload_size,
			   link->payload_size) != 0)
			abort();
	}
}

static void
check_rows(const Slim__Peer__V1__Rows *rows)
{
	const struct schema_link *link = &links[rows->table % 2];
	uint8_t payload[SLIM_MAX_SLOT_SIZE];

	if (row_count(rows) > SLIM_BATCH_ROWS)
		abort();
	if (row_view_open(&view, link, rows) < 0) {
		if (view.why == NULL)
			abort();
		return;
	}
	for (uint32_t r = 0; r < view.n_rows; r++) {
		if (view.slots[r] >= link->capacity)
			abort();
		row_unpack(&view, link, EPOCH_NS, r, payload);
		row_hash(link, EPOCH_NS, payload);
	}
	for (uint32_t i = 0; i < view.n_empty; i++)
		if (view.empty[i] >= link->capacity)
			abort();
	if (link == &links[0])
		pack_again(link);
}

static void
check_frame(const Slim__Peer__V1__Frame *frame)
{
	if (frame->body_case == SLIM__PEER__V1__FRAME__BODY_OPEN)
		check_tables(frame->open->n_tables, frame->open->tables);
	if (frame->body_case == SLIM__PEER__V1__FRAME__BODY_OPEN_REPLY)
		check_tables(frame->open_reply->n_tables, frame->open_reply->tables);
	if (frame->body_case == SLIM__PEER__V1__FRAME__BODY_ROWS)
		check_rows(frame->rows);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	prepare();
	for (;;) {
		const Slim__Peer__V1__Frame *frame;
		ssize_t body = frame_peek(data, size);

		if (body <= 0 || size < FRAME_HEAD_SIZE + (size_t)body)
			return 0;
		frame = frame_decode(&decoder, data + FRAME_HEAD_SIZE, (size_t)body);
		if (frame != NULL)
			check_frame(frame);
		data += FRAME_HEAD_SIZE + (size_t)body;
		size -= FRAME_HEAD_SIZE + (size_t)body;
	}
}
