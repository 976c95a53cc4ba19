/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream of peer frames: framing, decoding, and what is decoded further from a frame:
 * tables of Open and OpenReply, batches of Rows against a fixed table.
 */
#include <stdlib.h>

#include "frame.h"
#include "row.h"
#include "schema.h"
#include "target.h"

static struct frame_decoder decoder;
static struct row_view view;
static struct schema_link link_;

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
	struct schema_reason reason;

	if (decoder.arena != NULL)
		return;
	if (frame_decoder_init(&decoder) < 0 || row_view_init(&view) < 0 ||
	    schema_link(&table, 0, &table, &table, &link_, &reason) < 0)
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

static void
check_rows(const Slim__Peer__V1__Rows *rows)
{
	uint8_t payload[SLIM_MAX_SLOT_SIZE];

	if (row_view_open(&view, &link_, rows) < 0)
		return;
	for (uint32_t r = 0; r < view.n_rows; r++) {
		if (row_view_slot(&view, r) >= link_.capacity)
			abort();
		row_unpack(&view, &link_, 12345, r, payload);
		row_hash(&link_, 12345, payload);
	}
	for (uint32_t i = 0; i < view.n_empty; i++)
		if (row_view_empty(&view, i) >= link_.capacity)
			abort();
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
