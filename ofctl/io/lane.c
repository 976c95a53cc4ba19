/* SPDX-License-Identifier: Apache-2.0 */
/* Lanes; see lane.h. */
#include "lane.h"

#include <event2/event.h>

#include "clock.h"

#define RETRY_MS 1000u

void
lane_kick(struct controller *c)
{
	event_active(c->kick, EV_TIMEOUT, 0);
}

void
lane_leave(struct op *op)
{
	op->lane->current = NULL;
	lane_kick(op->controller);
}

void
lane_want_repair(struct lane *lane)
{
	lane->repair_wanted = true;
	lane_kick(lane->controller);
}

void
lane_repair_in(struct lane *lane, uint64_t ns)
{
	struct timeval tv = {.tv_sec = (time_t)(ns / CLOCK_SECOND_NS),
			     .tv_usec = (suseconds_t)(ns % CLOCK_SECOND_NS / 1000)};
	uint64_t at_ns = clock_now_ns() + ns;

	if (event_pending(lane->retry, EV_TIMEOUT, NULL) && lane->retry_ns <= at_ns)
		return;
	lane->retry_ns = at_ns;
	event_add(lane->retry, &tv);
}

void
lane_retry_repair(struct lane *lane)
{
	lane_repair_in(lane, (uint64_t)RETRY_MS * 1000000);
}

void
lane_want_repairs(struct controller *c)
{
	for (unsigned i = 0; i < c->n_lanes; i++)
		lane_want_repair(&c->lanes[i]);
}
