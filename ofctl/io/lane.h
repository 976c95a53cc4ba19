/* SPDX-License-Identifier: Apache-2.0 */
/* One lane: left by its operation, and what makes it want a repair. The operations begin in lanes.c. */
#ifndef OFCTL_IO_LANE_H
#define OFCTL_IO_LANE_H

#include "controller_parts.h"

/* Free lanes begin what is next, on a fresh stack. */
void lane_kick(struct controller *c);
/* The lane is free. */
void lane_leave(struct op *op);
void lane_want_repair(struct lane *lane);
/* All lanes. */
void lane_want_repairs(struct controller *c);
/* A repair then, or before if one is to come before. One that was to come later comes then. */
void lane_repair_in(struct lane *lane, uint64_t ns);
/* After one that failed. */
void lane_retry_repair(struct lane *lane);

#endif
