/* SPDX-License-Identifier: Apache-2.0 */
/* What rows are on either side of the wire, and what the wire says of times. Shapes alone; row.h says how they are used. */
#ifndef SLIM_PROTO_ROW_SHAPE_H
#define SLIM_PROTO_ROW_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "narrow.h"
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
	uint64_t numbers[SLIM_BATCH_ROWS]; /* of the column that is packed */
	uint8_t *payloads;                 /* max_rows rows of payload_size bytes */
	uint8_t *columns;                  /* packed */
	uint8_t *packed;                   /* compressed */
	uint8_t *list;                     /* little-endian slot numbers */
};

/* Narrow rows are read in pieces. */
#define ROW_PIECE 64u

/* Columns of a narrow frame, at most: every field has eights of octets, and five octets more in two pieces. */
#define ROW_MAX_LANES ((SLIM_MAX_SLOT_SIZE - 5u * SLIM_MAX_FIELDS) / 8u + 2u * SLIM_MAX_FIELDS)

/* A narrow column and its place in the payload. */
struct row_lane {
	struct narrow column;
	uint16_t offset;
	uint8_t octets;
	bool is_network_order, is_time, is_lazy;
};

/* A checked Rows message. Points into the message, which must outlive it. */
struct row_view {
	uint32_t n_rows;
	uint32_t n_empty;
	uint32_t slots[SLIM_BATCH_ROWS];
	uint8_t buckets[SLIM_BATCH_ROWS];
	uint32_t empty[SLIM_BATCH_ROWS];
	const char *why;        /* it was refused; NULL: it was not */
	uint8_t *plain;         /* own buffer for decompressed columns */
	const uint8_t *columns; /* as wide as their fields; NULL: they are narrow */
	uint32_t n_lanes;
	struct row_lane lanes[ROW_MAX_LANES];
	uint32_t first_unpacked, n_unpacked; /* rows in: */
	uint8_t *unpacked;                   /* a piece of rows, as payloads */
};

/* Columns of one frame, as wide as their fields; the rest of the frame is slot numbers, buckets and headers. */
#define ROW_COLUMNS_MAX (SLIM_PEER_FRAME_MAX - 64u * 1024u)

/* Narrow columns, at worst: those, the heads, and three columns more: slots, buckets, and empty slots. */
#define ROW_NARROW_MAX                                              \
	(ROW_COLUMNS_MAX + (ROW_MAX_LANES + 3u) * NARROW_HEAD_MAX + \
	 (sizeof(uint32_t) + sizeof(uint8_t) + sizeof(uint32_t)) * SLIM_BATCH_ROWS)

_Static_assert(ROW_NARROW_MAX + 1024u <= SLIM_PEER_FRAME_MAX, "they fit a frame");

/* A time of the wire on this host's clock. */
static inline uint64_t
row_time_from_wire(uint64_t wire, uint64_t epoch_ns, bool is_lazy)
{
	uint64_t time_ns = wire + epoch_ns;

	if (wire == (uint64_t)ROW_NEVER)
		return 0;
	if (is_lazy && (int64_t)time_ns <= 0)
		return 1;
	return time_ns;
}

#endif
