/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Repairs: when a bridge has come up, when its ports have changed, when it tells that somebody else has
 * changed a rule, after a failed commit and once in a while.
 */
#ifndef OFCTL_IO_REPAIR_H
#define OFCTL_IO_REPAIR_H

#include "controller_parts.h"

extern const struct op_kind repair_kind;

/* What the rules that were read say about the lane's service goes to op->next. */
void repair_infer(struct op *op);

#endif
