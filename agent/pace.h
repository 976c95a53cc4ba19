/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pace: how fast a long queue may be let go.
 *
 * A long queue that is let go at once overruns the rings behind it: those of the switch, of the
 * other instance, of the receivers. So it goes at a multiple of the rate at which it filled, which
 * the path has just carried. What arrives meanwhile is measured all the time, and the queue goes at a
 * multiple of that rate too: it never grows, however little it was when the release began.
 *
 * A pace ends with its queue: with the last packet of those that it was asked about. Who fills the
 * queue for another reason while packets wait begins with a pace of zeros. Who does not ask for a
 * while gets no more at once for it than a short queue is.
 * Pure: the time is a parameter.
 */
#ifndef SLIM_AGENT_PACE_H
#define SLIM_AGENT_PACE_H

#include <stdint.h>

#include "slim_limits.h"

struct slim_pace {
	uint64_t gap_ns; /* between two packets; 0: off */
	uint64_t begun_ns;
	uint64_t given; /* since `begun_ns`, or was not taken in time */
	uint64_t left;  /* of those that waited when it was last asked */
	uint64_t measured_ns;
	uint64_t arrived; /* position of the queue's end then */
};

/* The part of a queue that may go. */
struct slim_pace_view {
	uint64_t waiting;
	uint64_t oldest_ns; /* arrival of its first packet */
	uint64_t arrived;   /* packets that ever arrived in the queue */
	uint64_t now_ns;
};

/* How many may go now. Each that goes is noted. */
uint32_t slim_pace_allow(struct slim_pace *pace, const struct slim_pace_view *view);

/* So many went. */
static inline void
slim_pace_note(struct slim_pace *pace, uint32_t n)
{
	pace->given += n;
	pace->left -= n < pace->left ? n : pace->left;
	if (pace->left == 0)
		pace->gap_ns = 0;
}

#endif
