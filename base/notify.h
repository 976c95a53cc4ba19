/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells systemd how a daemon does (sd_notify(3), Type=notify): READY=1, WATCHDOG=1, STOPPING=1,
 * as datagrams to the socket that NOTIFY_SOCKET names.
 *
 * The watchdog is fed by a timer of the event loop, three times in the interval that systemd
 * asks for (WATCHDOG_USEC). A loop that hangs feeds nothing. There is no thread.
 *
 * Without systemd nothing is sent and nothing fails.
 */
#ifndef SLIM_BASE_NOTIFY_H
#define SLIM_BASE_NOTIFY_H

struct event_base;
struct notify;

/* Reads the environment. -ENOMEM; -EINVAL: NOTIFY_SOCKET names no address. */
int notify_create(struct event_base *base, struct notify **ret_notify);

/* The daemon serves: says so, and begins to feed the watchdog. */
void notify_ready(struct notify *notify);

/* Says that it stops. NULL is allowed. */
void notify_destroy(struct notify *notify);

#endif
