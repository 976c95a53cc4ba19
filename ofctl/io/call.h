/* SPDX-License-Identifier: Apache-2.0 */
/* Calls: decided by steering.h, carried out by change.h, proven by quiet.h. */
#ifndef OFCTL_IO_CALL_H
#define OFCTL_IO_CALL_H

#include "controller_parts.h"

extern const struct op_kind call_kind;

/* One that is being proven ends without a call. */
void call_proof_fini(struct op *op);

#endif
