/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client of slim-ofctld's Steering service. One call at a time for each session; the answer
 * comes later on the loop.
 */
#ifndef SLIMD_MOVE_CONTROLLER_H
#define SLIMD_MOVE_CONTROLLER_H

#include <stdbool.h>
#include <stdint.h>

#include "slim_ctl.pb-c.h"
#include "slim_limits.h"

struct outside;
struct controller;

enum controller_verb {
	CONTROLLER_CHECK, /* all that stands in the way of a move */
	CONTROLLER_PREPARE,
	CONTROLLER_FLIP,
	CONTROLLER_QUIET,
	CONTROLLER_FENCE,
	CONTROLLER_CLEANUP,
};

struct controller_request {
	enum controller_verb verb;
	uint64_t session;
	char service[SLIM_NAME_SIZE];
	char source[SLIM_NAME_SIZE];
	char target[SLIM_NAME_SIZE];
	size_t n_ports; /* CHECK: of the NF */
	char ports[SLIM_MAX_PORTS][SLIM_NAME_SIZE];
	bool complete;  /* CLEANUP */
	bool last_copy; /* FLIP: also when fenced; FENCE: also when flipped */
};

struct controller_answer {
	bool done;
	size_t n_reasons; /* when not done: at least one */
	struct controller_reason {
		Slim__V1__ReasonCode code;
		char text[SLIM_REASON_SIZE];
	} reasons[SLIM_MAX_REASONS];
	const Slim__V1__PrepareReply *prepared; /* PREPARE when done; gone after the callback */
};

typedef void controller_done_fn(void *ctx, uint64_t session, enum controller_verb verb,
				const struct controller_answer *answer);

/* The address is the outside's. One client an outside. */
int controller_create(struct outside *outside, controller_done_fn *done, void *ctx,
		      struct controller **ret_controller);

/* Calls under way are dropped: nobody is called back any more. NULL is allowed. */
void controller_destroy(struct controller *controller);

/* An answer comes later, if only after a timeout. A call of the session that is under way is
 * not overtaken: this one is sent after its end, and only this one is answered. */
void controller_call(struct controller *controller, const struct controller_request *request);

/* The session does not listen any more. What was sent goes on. */
void controller_forget(struct controller *controller, uint64_t session);

#endif
