/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wire between two ends: connections that are taken at one end are made at the other, and what they say goes
 * through the line of its direction, which all connections share (line.h).
 *
 * End 0 is who dials `listen[0]`. Octets are never lost or reordered. The end of a stream, and a reset, take their place
 * behind the octets that were sent before. A connection is accepted at once, and dialled at the other end a delay
 * later; one that is refused there is reset here.
 *
 * One thread: that of the event loop. A wire that has no memory for octets that it has taken ends the program.
 */
#ifndef SLIM_BENCH_LINK_WIRE_H
#define SLIM_BENCH_LINK_WIRE_H

#include <stdbool.h>

#include "line.h"
#include "shape.h"

#define WIRE_ENDS 2

struct event_base;
struct wire;

struct wire_config {
	/* "address:port", kept: where who is at this end dials, and where the other end is. The second may be
	 * NULL, both: it dials nobody. */
	const char *listen[WIRE_ENDS], *to[WIRE_ENDS];
	struct shape shape;
};

/* 0 or a negative errno; *ret_wrong is the address that it is about, or NULL. */
int wire_create(struct event_base *base, const struct wire_config *config, struct wire **ret_wire,
		const char **ret_wrong);
void wire_destroy(struct wire *wire);

/* Where it listens for an end, with the port; "": nowhere. */
const char *wire_listens_at(const struct wire *wire, unsigned end);

const struct shape *wire_shape(const struct wire *wire);
void wire_set(struct wire *wire, const struct shape *shape);

/* Nothing is read, written, taken or dialled until it is mended; what is overdue then comes out at once. */
void wire_cut(struct wire *wire);
void wire_mend(struct wire *wire);
bool wire_is_cut(const struct wire *wire);

unsigned wire_connections(const struct wire *wire);

/* Of the line that leads away from an end, up to now. */
struct line_stats wire_stats(const struct wire *wire, unsigned end);
uint64_t wire_queue_octets(const struct wire *wire);

#endif
