/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket of a link: a unix stream socket, one command a line (order.h), one line of answer: "ok",
 * "error WHY", or for stats a JSON object. One thread: that of the event loop.
 */
#ifndef SLIM_BENCH_LINK_DESK_H
#define SLIM_BENCH_LINK_DESK_H

struct event_base;
struct wire;
struct desk;

/* 0 or a negative errno. Mode 0600; an old socket there is removed. */
int desk_open(struct event_base *base, const char *path, struct wire *wire, struct desk **ret_desk);
void desk_close(struct desk *desk);

#endif
