/* SPDX-License-Identifier: Apache-2.0 */
#include "pace.h"

#define MEASURE_NS UINT64_C(500000)

static void
begin(struct slim_pace *pace, const struct slim_pace_view *view)
{
	uint64_t filled_ns = view->now_ns > view->oldest_ns ? view->now_ns - view->oldest_ns : 0;
	uint64_t gap_ns = filled_ns / (SLIM_PACE_FACTOR * view->waiting);

	/* No gap: it came as fast as it can go. */
	*pace = (struct slim_pace){
		.gap_ns = gap_ns < SLIM_PACE_MAX_GAP_NS ? gap_ns : SLIM_PACE_MAX_GAP_NS,
		.begun_ns = view->now_ns,
		.measured_ns = view->now_ns,
		.arrived = view->arrived,
	};
}

/* Faster when more arrives; never slower before the queue is empty. */
static void
measure(struct slim_pace *pace, const struct slim_pace_view *view)
{
	uint64_t elapsed_ns = view->now_ns - pace->measured_ns;
	uint64_t arrived = view->arrived - pace->arrived;
	uint64_t gap_ns;

	if (elapsed_ns < MEASURE_NS)
		return;
	pace->measured_ns = view->now_ns;
	pace->arrived = view->arrived;
	if (arrived == 0)
		return;
	gap_ns = elapsed_ns / (SLIM_PACE_FACTOR * arrived);
	if (gap_ns >= pace->gap_ns)
		return;
	pace->gap_ns = gap_ns > 0 ? gap_ns : 1;
	pace->begun_ns = view->now_ns;
	pace->given = SLIM_RELEASE_BURST; /* the burst at the beginning was had */
}

/* Since the pace began, but for what went. Time in which nobody asked is not made good at once. */
static uint32_t
earned(struct slim_pace *pace, uint64_t now_ns)
{
	uint64_t all = SLIM_RELEASE_BURST + (now_ns - pace->begun_ns) / pace->gap_ns;

	if (all <= pace->given)
		return 0;
	if (all - pace->given > SLIM_PACE_FROM)
		pace->given = all - SLIM_PACE_FROM;
	return (uint32_t)(all - pace->given);
}

uint32_t
slim_pace_allow(struct slim_pace *pace, const struct slim_pace_view *view)
{
	if (view->waiting == 0)
		pace->gap_ns = 0;
	else if (pace->gap_ns != 0)
		measure(pace, view);
	else if (view->waiting > SLIM_PACE_FROM)
		begin(pace, view);
	pace->left = view->waiting;
	return pace->gap_ns == 0 ? UINT32_MAX : earned(pace, view->now_ns);
}
