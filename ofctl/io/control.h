/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proof that Open vSwitch's flow cache is fresh, from its control socket: "revalidator/wait"
 * answers when a round over the cache has ended. A round that was under way at the first call may have
 * looked at a flow before the rules changed, so it is called twice.
 */
#ifndef OFCTL_IO_CONTROL_H
#define OFCTL_IO_CONTROL_H

#include <stdint.h>

struct control;
struct event_base;

/* error: NULL when proven, else a literal. Never called from within control_start(). The proof is gone
 * after the return. */
typedef void control_done_fn(void *ctx, const char *error);

/* `pattern` is a path, or a glob(7) pattern; the first socket at which somebody answers is taken.
 * 0 or -ENOMEM. */
int control_start(struct event_base *base, const char *pattern, uint64_t timeout_ns,
		  control_done_fn *done, void *ctx, struct control **ret);

/* Gives up without a call. NULL is allowed. */
void control_cancel(struct control *control);

#endif
