/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of a control socket (nfs/common/control/control.h has the protocol). */
#ifndef SLIM_NF_TALK_H
#define SLIM_NF_TALK_H

#include <stdint.h>

#include "lines.h"
#include "status.h"

#define TALK_AHEAD 256u /* requests that are sent without an answer */

struct talk_ops {
	/* A row of JSON, without its newline. */
	void (*row)(void *ctx, const char *row);
	/* A request is answered. `text` is for people, may be empty. */
	void (*end)(void *ctx, enum nf_status status, uint64_t count, const char *text);
};

/* Connected, does not block. Negative errno. */
int talk_open(const char *path);

/* Sends every line of `requests`, but for empty ones and those that begin with '#', and gives the answers to `ops`, in order, until all are answered. `requests`
 * may still come in meanwhile. -ETIMEDOUT: for `timeout_ms` (-1: for ever) an answer was due and nothing came;
 * -EPIPE: the other end is gone; -EPROTO: what it says makes no sense; what read or write say. */
int talk_run(int fd, struct lines *requests, int timeout_ms, const struct talk_ops *ops, void *ctx);

#endif
