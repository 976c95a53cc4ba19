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

uint32_t
slim_pace_allow(struct slim_pace *pace, const struct slim_pace_view *view)
{
	uint64_t allowed;

	if (view->waiting == 0)
		pace->gap_ns = 0;
	else if (pace->gap_ns != 0)
		measure(pace, view);
	else if (view->waiting > SLIM_PACE_FROM)
		begin(pace, view);
	if (pace->gap_ns == 0)
		return UINT32_MAX;
	allowed = SLIM_RELEASE_BURST + (view->now_ns - pace->begun_ns) / pace->gap_ns;
	if (allowed <= pace->given)
		return 0;
	allowed -= pace->given;
	return allowed < UINT32_MAX ? (uint32_t)allowed : UINT32_MAX;
}
