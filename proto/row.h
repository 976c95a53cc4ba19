/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows between slots and the wire.
 *
 *   source   slots --seqlock copy--> struct row_stage --row_pack()--> Rows message
 *   target   Rows message --row_view_open()--> struct row_view --row_unpack()--> payload
 *
 * A column holds its field of all rows, one after the other, in little-endian
 * order; narrow ones are as narrow as the numbers of their frame (narrow.h), as are then the lists
 * of slots. Times are signed nanoseconds relative to the session's epoch on the side
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

#include "row_shape.h"

int row_stage_init(struct row_stage *stage);
void row_stage_fini(struct row_stage *stage);

/* Empties it for rows of a table. One message of max_rows rows fits a peer frame. */
void row_stage_reset(struct row_stage *stage, const struct schema_link *link);

static inline bool
row_stage_full(const struct row_stage *stage)
{
	return stage->n_rows == stage->max_rows || stage->n_empty == stage->max_rows;
}

/* How rows travel. */
enum row_form {
	ROW_LAZY = 1u << 0,     /* of the trail */
	ROW_NARROW = 1u << 1,   /* to a peer that knows PEER_FEATURE_NARROW */
	ROW_COMPRESS = 1u << 2, /* lz4, where it makes the columns smaller; of PEER_FEATURE_LZ4 */
};

/* Packs the stage into `ret`, which then points into the stage. `epoch_ns`: the session's
 * epoch on this host's clock. `form`: of enum row_form. */
void row_pack(struct row_stage *stage, const struct schema_link *link, uint64_t epoch_ns,
	      uint32_t form, Slim__Peer__V1__Rows *ret);

/* Rows that a message says it has; at most SLIM_BATCH_ROWS, whatever it says. */
uint32_t row_count(const Slim__Peer__V1__Rows *msg);

int row_view_init(struct row_view *view);
void row_view_fini(struct row_view *view);

/* Checks every length and every slot number against the link. -EBADMSG, and view->why says it in words. */
int row_view_open(struct row_view *view, const struct schema_link *link,
		  const Slim__Peer__V1__Rows *msg);

/* Writes the payload of one row in the local layout; link->payload_size bytes, those
 * without a column are zero. Link and epoch are the same for all rows of a view; in order is fastest. */
void row_unpack(struct row_view *view, const struct schema_link *link, uint64_t epoch_ns,
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
