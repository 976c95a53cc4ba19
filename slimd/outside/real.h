/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real outside: files, mapped files, libevent, TLS, gRPC, the kernel's random numbers.
 *
 * One thread: that of the event loop.
 */
#ifndef SLIMD_OUTSIDE_REAL_H
#define SLIMD_OUTSIDE_REAL_H

#include "outside.h"
#include "tls_files.h"

struct event_base;

/* `base` NULL: no timers, no links, no controller. */
int outside_create(struct event_base *base, struct outside **ret_outside);

/* Links may be made from here on. `tls` NULL: plaintext. Errors also go to the log. */
int outside_open_links(struct outside *outside, const struct tls_files *tls);

/* Where slim-ofctld answers: "unix:/path" or "host:port" (then with tls). */
int outside_open_controller(struct outside *outside, struct rpc *rpc, const char *address,
			    const struct tls_files *tls);

/* After all that uses it. NULL is allowed. */
void outside_destroy(struct outside *outside);

#endif
