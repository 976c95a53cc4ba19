/* SPDX-License-Identifier: Apache-2.0 */
/* An operation of a lane: reads the rules of the lane's scope, and changes those that are not as wanted. */
#ifndef OFCTL_IO_OP_H
#define OFCTL_IO_OP_H

#include "controller_parts.h"

/* NULL: out of memory. */
struct op *op_new(struct lane *lane, const struct op_kind *kind);
void op_free(struct op *op);
/* The op's bridges, read and changed; op->change.reason is not touched before. */
void op_start(struct op *op, uint32_t bridges);

#endif
