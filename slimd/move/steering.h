/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client of slim-ofctld's Steering service. One call at a time for each session; the answer
 * comes later on the loop.
 */
#ifndef SLIMD_MOVE_STEERING_H
#define SLIMD_MOVE_STEERING_H

#include <stdbool.h>
#include <stdint.h>

#include "slim_ctl.pb-c.h"
#include "slim_limits.h"

struct rpc;
struct rpc_tls;
struct steering;

enum steering_verb {
	STEERING_CHECK, /* is the service known, is the switch up (Show) */
	STEERING_PREPARE,
	STEERING_FLIP,
	STEERING_QUIET,
	STEERING_FENCE,
	STEERING_CLEANUP,
};

struct steering_request {
	enum steering_verb verb;
	uint64_t session;
	char service[SLIM_NAME_SIZE];
	char source[SLIM_NAME_SIZE];
	char target[SLIM_NAME_SIZE];
	bool complete; /* CLEANUP */
};

struct steering_answer {
	bool done;
	Slim__V1__ReasonCode reason; /* when not done */
	char text[SLIM_REASON_SIZE];
	const Slim__V1__PrepareReply *prepared; /* PREPARE when done; gone after the callback */
};

typedef void steering_done_fn(void *ctx, uint64_t session, enum steering_verb verb,
			      const struct steering_answer *answer);

/* `address`: "unix:/path" or "host:port" (then with tls). */
int steering_create(struct rpc *rpc, const char *address, const struct rpc_tls *tls,
		    steering_done_fn *done, void *ctx, struct steering **ret_steering);
void steering_destroy(struct steering *steering);

/* An answer comes later, if only after a timeout. A call of the session that is under way is
 * not overtaken: this one is sent after its end, and only this one is answered. */
void steering_call(struct steering *steering, const struct steering_request *request);

/* The session does not listen any more. What was sent goes on. */
void steering_forget(struct steering *steering, uint64_t session);

#endif
