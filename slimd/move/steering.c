/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls to slim-ofctld. Each session has at most one call under way and one that waits
 * behind it: a call that was sent is not overtaken (a newer one replaces the one that waits).
 */
#include "steering.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "log.h"
#include "rpc.h"

#define SECOND UINT64_C(1000000000)

struct call {
	TAILQ_ENTRY(call) link;
	struct steering *steering;
	struct steering_request request; /* under way */
	struct steering_request next;
	bool has_next;
	bool dropped; /* its answer interests nobody */
};

TAILQ_HEAD(call_list, call);

struct steering {
	struct rpc_channel *channel;
	steering_done_fn *done;
	void *ctx;
	struct call_list calls;
};

/* How long each may take. A proof of quiet can take seconds on a busy switch. */
static const struct {
	const char *method;
	uint64_t timeout_ns;
} verbs[] = {
	[STEERING_CHECK] = {"Show", 3 * SECOND},   [STEERING_PREPARE] = {"Prepare", 10 * SECOND},
	[STEERING_FLIP] = {"Flip", 5 * SECOND},    [STEERING_QUIET] = {"AwaitQuiet", 30 * SECOND},
	[STEERING_FENCE] = {"Fence", 10 * SECOND}, [STEERING_CLEANUP] = {"Cleanup", 10 * SECOND},
};

static void
take_reasons(struct steering_answer *answer, size_t n, Slim__V1__Reason *const *reasons)
{
	answer->done = n == 0;
	if (n == 0)
		return;
	answer->reason = reasons[0]->code;
	snprintf(answer->text, sizeof(answer->text), "%s", reasons[0]->text);
}

static void
refuse(struct steering_answer *answer, Slim__V1__ReasonCode code, const char *text)
{
	answer->done = false;
	answer->reason = code;
	snprintf(answer->text, sizeof(answer->text), "%s", text);
}

static void
read_show(struct steering_answer *answer, const struct steering_request *request,
	  const Slim__V1__ShowReply *reply)
{
	refuse(answer, SLIM__V1__REASON_CODE__REASON_STEERING_REFUSED,
	       "the steering service does not know this service");
	for (size_t i = 0; i < reply->n_services; i++)
		answer->done |= strcmp(reply->services[i]->service, request->service) == 0;
}

static void
read_reply(struct steering_answer *answer, const struct steering_request *request,
	   const ProtobufCMessage *reply)
{
	const Slim__V1__PrepareReply *prepared;
	const Slim__V1__SteerReply *plain;

	switch (request->verb) {
	case STEERING_CHECK:
		read_show(answer, request, (const Slim__V1__ShowReply *)(const void *)reply);
		break;
	case STEERING_PREPARE:
		prepared = (const Slim__V1__PrepareReply *)(const void *)reply;
		answer->prepared = prepared;
		take_reasons(answer, prepared->n_reasons, prepared->reasons);
		break;
	default:
		plain = (const Slim__V1__SteerReply *)(const void *)reply;
		take_reasons(answer, plain->n_reasons, plain->reasons);
	}
}

static int start(struct call *call);

static void
answer_failure(struct call *call, int error)
{
	struct steering_answer answer = {.done = false};

	refuse(&answer, SLIM__V1__REASON_CODE__REASON_INTERNAL, strerror(-error));
	call->steering->done(call->steering->ctx, call->request.session, call->request.verb,
			     &answer);
}

static void
call_over(struct call *call)
{
	struct steering *steering = call->steering;
	int rc;

	if (call->has_next) {
		call->request = call->next;
		call->has_next = call->dropped = false;
		rc = start(call);
		if (rc == 0)
			return;
		answer_failure(call, rc);
	}
	TAILQ_REMOVE(&steering->calls, call, link);
	free(call);
}

static void
on_done(void *ctx, const struct rpc_status *status, const ProtobufCMessage *reply)
{
	struct call *call = ctx;
	struct steering_answer answer = {.done = false};

	if (status->code == RPC_OK) {
		read_reply(&answer, &call->request, reply);
	} else {
		answer.reason = SLIM__V1__REASON_CODE__REASON_STEERING_UNREACHABLE;
		snprintf(answer.text, sizeof(answer.text), "steering %s: %.150s",
			 verbs[call->request.verb].method, status->text);
	}
	if (!call->dropped && !call->has_next)
		call->steering->done(call->steering->ctx, call->request.session, call->request.verb,
				     &answer);
	call_over(call);
}

static int
start_rpc(struct call *call, const ProtobufCMessage *message)
{
	struct rpc_call_config config = {
		.service = &slim__v1__steering__descriptor,
		.method = verbs[call->request.verb].method,
		.kind = RPC_UNARY,
		.request = message,
		.timeout_ns = verbs[call->request.verb].timeout_ns,
		.on_done = on_done,
		.ctx = call,
	};

	return rpc_call_start(call->steering->channel, &config, NULL);
}

static int
start(struct call *call)
{
	Slim__V1__SteerSession session = SLIM__V1__STEER_SESSION__INIT;
	Slim__V1__CleanupRequest cleanup = SLIM__V1__CLEANUP_REQUEST__INIT;
	Slim__V1__ShowRequest show = SLIM__V1__SHOW_REQUEST__INIT;

	session.session = call->request.session;
	session.service = call->request.service;
	session.source = call->request.source;
	session.target = call->request.target;
	cleanup.session = &session;
	cleanup.complete = call->request.complete;
	show.service = call->request.service;
	if (call->request.verb == STEERING_CHECK)
		return start_rpc(call, &show.base);
	if (call->request.verb == STEERING_CLEANUP)
		return start_rpc(call, &cleanup.base);
	return start_rpc(call, &session.base);
}

static struct call *
find_call(struct steering *steering, uint64_t session)
{
	struct call *call;

	TAILQ_FOREACH(call, &steering->calls, link)
		if (call->request.session == session)
			return call;
	return NULL;
}

void
steering_call(struct steering *steering, const struct steering_request *request)
{
	struct call *call = find_call(steering, request->session);
	int rc = -ENOMEM;

	if (call != NULL) {
		call->next = *request;
		call->has_next = true;
		return;
	}
	call = calloc(1, sizeof(*call));
	if (call != NULL) {
		call->steering = steering;
		call->request = *request;
		TAILQ_INSERT_TAIL(&steering->calls, call, link);
		rc = start(call);
	}
	if (rc == 0)
		return;
	if (call == NULL) {
		log_session_error(request->session, "steering call: no memory");
		return;
	}
	answer_failure(call, rc);
	TAILQ_REMOVE(&steering->calls, call, link);
	free(call);
}

void
steering_forget(struct steering *steering, uint64_t session)
{
	struct call *call = find_call(steering, session);

	/* What was sent goes on; only nobody listens. */
	if (call != NULL)
		call->dropped = true;
}

int
steering_create(struct rpc *rpc, const char *address, const struct rpc_tls *tls,
		steering_done_fn *done, void *ctx, struct steering **ret_steering)
{
	struct steering *steering = calloc(1, sizeof(*steering));
	struct rpc_channel_config config = {.address = address, .tls = tls};
	int rc = -ENOMEM;

	if (steering == NULL)
		return rc;
	TAILQ_INIT(&steering->calls);
	steering->done = done;
	steering->ctx = ctx;
	rc = rpc_channel_create(rpc, &config, &steering->channel);
	if (rc < 0) {
		free(steering);
		return rc;
	}
	*ret_steering = steering;
	return 0;
}

void
steering_destroy(struct steering *steering)
{
	if (steering == NULL)
		return;
	rpc_channel_destroy(steering->channel);
	while (!TAILQ_EMPTY(&steering->calls)) {
		struct call *call = TAILQ_FIRST(&steering->calls);

		TAILQ_REMOVE(&steering->calls, call, link);
		free(call);
	}
	free(steering);
}
