/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real outside: files, mapped files, gRPC, the kernel's random numbers.
 *
 * One thread: that of the event loop.
 */
#ifndef SLIMD_OUTSIDE_REAL_H
#define SLIMD_OUTSIDE_REAL_H

#include "outside.h"

int outside_create(struct outside **ret_outside);

/* Where slim-ofctld answers: "unix:/path" or "host:port" (then with tls). */
int outside_open_controller(struct outside *outside, struct rpc *rpc, const char *address,
			    const struct rpc_tls *tls);

/* After all that uses it. NULL is allowed. */
void outside_destroy(struct outside *outside);

#endif
