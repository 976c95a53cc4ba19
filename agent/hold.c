/* SPDX-License-Identifier: Apache-2.0 */
#include "hold.h"

uint32_t
slim_hold_entries(uint32_t capacity)
{
	uint32_t n = 1;

	while (n < capacity)
		n <<= 1;
	return n;
}

void
slim_hold_init(struct slim_hold *hold, struct slim_hold_entry *entries, uint32_t capacity)
{
	*hold = (struct slim_hold){
		.entries = entries,
		.mask = slim_hold_entries(capacity) - 1,
		.capacity = capacity,
	};
}

static void
pace_begin(struct slim_pace *pace, uint64_t waiting, uint64_t oldest_ns, uint64_t now_ns)
{
	uint64_t filled_ns = now_ns > oldest_ns ? now_ns - oldest_ns : 0;
	uint64_t gap_ns = filled_ns / (SLIM_PACE_FACTOR * waiting);

	if (gap_ns == 0)
		return; /* it came as fast as it can go */
	*pace = (struct slim_pace){
		.begun_ns = now_ns,
		.until_ns = now_ns + filled_ns,
		.gap_ns = gap_ns < SLIM_PACE_MAX_GAP_NS ? gap_ns : SLIM_PACE_MAX_GAP_NS,
	};
}

uint32_t
slim_pace_allow(struct slim_pace *pace, uint64_t waiting, uint64_t oldest_ns, uint64_t now_ns)
{
	uint64_t allowed;

	if (waiting == 0 || now_ns >= pace->until_ns)
		pace->until_ns = 0;
	if (pace->until_ns == 0 && waiting > SLIM_PACE_FROM)
		pace_begin(pace, waiting, oldest_ns, now_ns);
	if (pace->until_ns == 0)
		return UINT32_MAX;
	allowed = SLIM_RELEASE_BURST + (now_ns - pace->begun_ns) / pace->gap_ns;
	return allowed > pace->given ? (uint32_t)(allowed - pace->given) : 0;
}
