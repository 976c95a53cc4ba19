/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows between slots and the wire.
 *
 *   source   slots --seqlock copy--> struct row_stage --row_pack()--> Rows message
 *   target   Rows message --row_view_open()--> struct row_view --row_unpack()--> payload
 *
 * A column holds its field of all rows, one after the other, in little-endian
 * order. Times are signed nanoseconds relative to the session's epoch on the side
 * that reads or writes them; ROW_NEVER stands for 0. Time arithmetic is modulo
 * 2^64, so a state time that is older than the target's clock still comes back exactly;
 * a lazy one is raised to 1, the oldest time that is not "never".
 *
 * Memory is bounded: a stage and a view own their buffers, allocated once.
 * No I/O. Any thread, one at a time for each object.
 */
#ifndef SLIM_PROTO_ROW_H
#define SLIM_PROTO_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "schema.h"

#define ROW_NEVER INT64_MIN

/* Rows that are on their way into one message. */
struct row_stage {
	uint32_t n_rows;
	uint32_t n_empty;
	uint32_t max_rows; /* of either kind; set by row_stage_reset() */
	uint32_t slots[SLIM_BATCH_ROWS];
	uint8_t buckets[SLIM_BATCH_ROWS];
	uint32_t empty[SLIM_BATCH_ROWS];
	uint8_t *payloads; /* max_rows rows of payload_size bytes */
	uint8_t *columns;  /* packed */
	uint8_t *packed;   /* compressed */
	uint8_t *list;     /* little-endian slot numbers */
};

int row_stage_init(struct row_stage *stage);
void row_stage_fini(struct row_stage *stage);

/* Empties it for rows of a table. One message of max_rows rows fits a peer frame. */
void row_stage_reset(struct row_stage *stage, const struct schema_link *link);

static inline bool
row_stage_full(const struct row_stage *stage)
{
	return stage->n_rows == stage->max_rows || stage->n_empty == stage->max_rows;
}

/* Packs the stage into `ret`, which then points into the stage. `epoch_ns`: the session's
 * epoch on this host's clock. `compress`: lz4, where it makes the columns smaller. */
void row_pack(struct row_stage *stage, const struct schema_link *link, uint64_t epoch_ns, bool lazy,
	      bool compress, Slim__Peer__V1__Rows *ret);

/* A checked Rows message. Points into the message, which must outlive it. */
struct row_view {
	uint32_t n_rows;
	uint32_t n_empty;
	const uint8_t *slots; /* little-endian */
	const uint8_t *buckets;
	const uint8_t *columns;
	const uint8_t *empty;
	uint8_t *plain; /* own buffer for decompressed columns */
};

int row_view_init(struct row_view *view);
void row_view_fini(struct row_view *view);

/* Checks every length and every slot number against the link. -EBADMSG. */
int row_view_open(struct row_view *view, const struct schema_link *link,
		  const Slim__Peer__V1__Rows *msg);

uint32_t row_view_slot(const struct row_view *view, uint32_t row);
uint32_t row_view_empty(const struct row_view *view, uint32_t i);

/* Writes the payload of one row in the local layout; link->payload_size bytes, those
 * without a column are zero. */
void row_unpack(const struct row_view *view, const struct schema_link *link, uint64_t epoch_ns,
		uint32_t row, uint8_t *ret_payload);

/* Hash of the canonical row of a payload. */
uint64_t row_hash(const struct schema_link *link, uint64_t epoch_ns, const uint8_t *payload);

/* Value of a number of 1, 2, 4 or 8 bytes in host order, and back. */
static inline uint64_t
row_get_number(const uint8_t *at, uint16_t size)
{
	uint64_t value = 0;

	/* The usual size becomes one load. */
	if (size == sizeof(value))
		memcpy(&value, at, sizeof(value));
	else
		memcpy(&value, at, size < sizeof(value) ? size : sizeof(value));
	return value;
}

static inline void
row_put_number(uint8_t *at, uint16_t size, uint64_t value)
{
	if (size == sizeof(value))
		memcpy(at, &value, sizeof(value));
	else
		memcpy(at, &value, size < sizeof(value) ? size : sizeof(value));
}

#endif
