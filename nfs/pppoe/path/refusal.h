/* SPDX-License-Identifier: Apache-2.0 */
/* The counter of a packet that may not come or go (forward.h). */
#ifndef PPPOE_PATH_REFUSAL_H
#define PPPOE_PATH_REFUSAL_H

#include "counters.h"
#include "forward.h"

/* 0 for one that may. */
static inline uint16_t
pppoe_refusal(enum nf_refusal refusal)
{
	static const uint16_t drops[] = {
		[NF_ALLOWED] = 0,
		[NF_BAD_ADDRESS] = PPPOE_drop_bad_address,
		[NF_SPOOFED] = PPPOE_drop_spoofed,
		[NF_NO_ROUTE] = PPPOE_drop_no_route,
	};

	return drops[refusal];
}

#endif
