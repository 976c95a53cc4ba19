/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pace: how fast a long queue may be let go.
 *
 * A long queue that is let go at once overruns the rings behind it: those of the switch, of the
 * other instance, of the receivers. So it goes at a multiple of the rate at which it filled, which
 * the path has just carried. What arrives meanwhile is measured all the time, and the queue goes at a
 * multiple of that rate too: it never grows, however little it was when the release began.
 * Pure: the time is a parameter.
 */
#ifndef SLIM_AGENT_PACE_H
#define SLIM_AGENT_PACE_H

#include <stdint.h>

#include "slim_limits.h"

struct slim_pace {
	uint64_t gap_ns; /* between two packets; 0: off */
	uint64_t begun_ns;
	uint64_t given; /* since `begun_ns` */
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

/* How many may go now. */
uint32_t slim_pace_allow(struct slim_pace *pace, const struct slim_pace_view *view);

/* So many went. */
static inline void
slim_pace_note(struct slim_pace *pace, uint32_t n)
{
	pace->given += n;
}

#endif
