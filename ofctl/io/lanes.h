/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All lanes of a controller: which operation is next in each. Repairs go first: they undo what a failed call
 * has left. Here controller_call() comes in.
 */
#ifndef OFCTL_IO_LANES_H
#define OFCTL_IO_LANES_H

#include "controller_parts.h"

/* One for each service, and the shared one; their queues are empty already. -ENOMEM; lanes_drop() takes what
 * was made. */
int lanes_create(struct controller *c);
/* Operations and proofs under way end without a call. */
void lanes_drop(struct controller *c);

#endif
