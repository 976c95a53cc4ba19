/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of Open vSwitch's control socket (JSON-RPC, as ovs-appctl speaks it): one call at a
 * time, on the thread of the event loop.
 */
#ifndef OFCTL_IO_UNIXCTL_H
#define OFCTL_IO_UNIXCTL_H

#include <stdbool.h>

struct event_base;
struct unixctl;

#define UNIXCTL_MAX_ANSWER (256u << 10) /* bytes; who sends more makes no sense */

enum unixctl_outcome {
	UNIXCTL_DONE,    /* text: what the command printed */
	UNIXCTL_REFUSED, /* text: what is wrong, in the switch's words */
	UNIXCTL_LOST,    /* the socket was closed, or the answer is none */
};

/* text is valid during the call. The client may be closed from within. */
typedef void unixctl_answer_fn(void *ctx, enum unixctl_outcome outcome, const char *text);

/* 0 or a negative errno: nobody listens at the path. */
int unixctl_open(struct event_base *base, const char *path, struct unixctl **ret);
/* A call under way ends without an answer. NULL is allowed. */
void unixctl_close(struct unixctl *unixctl);

/* The request is in the socket: whatever is sent to the switch from now on is sent after it. */
typedef void unixctl_sent_fn(void *ctx);

/* A command without arguments. Its answer comes later, and never if the switch does not give one.
 * `sent` (NULL: not wanted) is called once, before the answer and not from within; never when the socket
 * is closed before. */
void unixctl_call(struct unixctl *unixctl, const char *method, unixctl_sent_fn *sent,
		  unixctl_answer_fn *answer, void *ctx);

#endif
