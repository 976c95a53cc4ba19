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
		.head = SLIM_HOLD_BEGIN,
		.tail = SLIM_HOLD_BEGIN,
	};
}
