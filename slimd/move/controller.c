/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls to slim-ofctld. Each session has at most one call under way and one that waits
 * behind it: a call that was sent is not overtaken (a newer one replaces the one that waits).
 */
#include "controller.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "log.h"
#include "outside.h"
#include "rpc.h"

#define SECOND UINT64_C(1000000000)

struct call {
	TAILQ_ENTRY(call) link;
	struct controller *controller;
	struct controller_request request; /* under way */
	struct controller_request next;
	bool has_next;
	bool dropped; /* its answer interests nobody */
};

TAILQ_HEAD(call_list, call);

struct controller {
	struct outside *outside;
	controller_done_fn *done;
	void *ctx;
	struct call_list calls;
};

/* How long each may take. A proof of quiet can take seconds on a busy switch. */
static const struct {
	const char *method;
	uint64_t timeout_ns;
} verbs[] = {
	[CONTROLLER_CHECK] = {"Check", 3 * SECOND},
	[CONTROLLER_PREPARE] = {"Prepare", 10 * SECOND},
	[CONTROLLER_FLIP] = {"Flip", 5 * SECOND},
	[CONTROLLER_QUIET] = {"AwaitQuiet", 30 * SECOND},
	[CONTROLLER_FENCE] = {"Fence", 10 * SECOND},
	[CONTROLLER_CLEANUP] = {"Cleanup", 10 * SECOND},
};

static void __attribute__((format(printf, 3, 4)))
add_reason(struct controller_answer *answer, Slim__V1__ReasonCode code, const char *format, ...)
{
	struct controller_reason *reason = &answer->reasons[answer->n_reasons];
	va_list args;

	if (answer->n_reasons == SLIM_MAX_REASONS)
		return;
	answer->n_reasons++;
	reason->code = code;
	va_start(args, format);
	vsnprintf(reason->text, sizeof(reason->text), format, args);
	va_end(args);
}

static void
take_reasons(struct controller_answer *answer, size_t n, Slim__V1__Reason *const *reasons)
{
	answer->done = n == 0;
	for (size_t i = 0; i < n; i++)
		add_reason(answer, reasons[i]->code, "%s", reasons[i]->text);
}

static void
read_reply(struct controller_answer *answer, const struct controller_request *request,
	   const ProtobufCMessage *reply)
{
	const Slim__V1__CheckReply *checked;
	const Slim__V1__PrepareReply *prepared;
	const Slim__V1__SteerReply *plain;

	switch (request->verb) {
	case CONTROLLER_CHECK:
		checked = (const Slim__V1__CheckReply *)(const void *)reply;
		take_reasons(answer, checked->n_reasons, checked->reasons);
		break;
	case CONTROLLER_PREPARE:
		prepared = (const Slim__V1__PrepareReply *)(const void *)reply;
		answer->prepared = prepared;
		take_reasons(answer, prepared->n_reasons, prepared->reasons);
		break;
	default:
		plain = (const Slim__V1__SteerReply *)(const void *)reply;
		take_reasons(answer, plain->n_reasons, plain->reasons);
	}
}

/* No answer is not the same as nobody there. */
static void
read_failure(struct controller_answer *answer, const struct controller_request *request,
	     const struct rpc_status *status)
{
	if (status->code == RPC_DEADLINE_EXCEEDED)
		add_reason(answer, SLIM__V1__REASON_CODE__REASON_STEERING_SLOW,
			   "the steering service did not answer %s within %llu s",
			   verbs[request->verb].method,
			   (unsigned long long)(verbs[request->verb].timeout_ns / SECOND));
	else
		add_reason(answer, SLIM__V1__REASON_CODE__REASON_STEERING_UNREACHABLE,
			   "steering %s: %.150s", verbs[request->verb].method, status->text);
}

static int start(struct call *call);

static void
answer_failure(struct call *call, int error)
{
	struct controller_answer answer = {.done = false};

	add_reason(&answer, SLIM__V1__REASON_CODE__REASON_INTERNAL, "%s", strerror(-error));
	call->controller->done(call->controller->ctx, call->request.session, call->request.verb,
			       &answer);
}

static void
call_over(struct call *call)
{
	struct controller *controller = call->controller;
	int rc;

	if (call->has_next) {
		call->request = call->next;
		call->has_next = call->dropped = false;
		rc = start(call);
		if (rc == 0)
			return;
		answer_failure(call, rc);
	}
	TAILQ_REMOVE(&controller->calls, call, link);
	free(call);
}

static void
on_done(void *ctx, const struct rpc_status *status, const ProtobufCMessage *reply)
{
	struct call *call = ctx;
	struct controller_answer answer = {.done = false};

	if (status->code == RPC_OK)
		read_reply(&answer, &call->request, reply);
	else
		read_failure(&answer, &call->request, status);
	if (!call->dropped && !call->has_next)
		call->controller->done(call->controller->ctx, call->request.session,
				       call->request.verb, &answer);
	call_over(call);
}

static int
start_call(struct call *call, const ProtobufCMessage *message)
{
	struct outside *outside = call->controller->outside;
	struct controller_start config = {
		.method = verbs[call->request.verb].method,
		.request = message,
		.timeout_ns = verbs[call->request.verb].timeout_ns,
		.on_done = on_done,
		.ctx = call,
	};

	return outside->controller->start(outside, &config);
}

static int
start(struct call *call)
{
	Slim__V1__SteerSession session = SLIM__V1__STEER_SESSION__INIT;
	Slim__V1__CleanupRequest cleanup = SLIM__V1__CLEANUP_REQUEST__INIT;
	Slim__V1__CheckRequest check = SLIM__V1__CHECK_REQUEST__INIT;
	char *ports[SLIM_MAX_PORTS];

	session.session = call->request.session;
	session.service = call->request.service;
	session.source = call->request.source;
	session.target = call->request.target;
	session.last_copy = call->request.last_copy;
	cleanup.session = &session;
	cleanup.complete = call->request.complete;
	check.service = call->request.service;
	check.source = call->request.source;
	check.target = call->request.target;
	for (size_t i = 0; i < call->request.n_ports; i++)
		ports[i] = call->request.ports[i];
	check.n_ports = call->request.n_ports;
	check.ports = ports;
	if (call->request.verb == CONTROLLER_CHECK)
		return start_call(call, &check.base);
	if (call->request.verb == CONTROLLER_CLEANUP)
		return start_call(call, &cleanup.base);
	return start_call(call, &session.base);
}

static struct call *
find_call(struct controller *controller, uint64_t session)
{
	struct call *call;

	TAILQ_FOREACH(call, &controller->calls, link)
		if (call->request.session == session)
			return call;
	return NULL;
}

void
controller_call(struct controller *controller, const struct controller_request *request)
{
	struct call *call = find_call(controller, request->session);
	int rc = -ENOMEM;

	if (call != NULL) {
		call->next = *request;
		call->has_next = true;
		return;
	}
	call = calloc(1, sizeof(*call));
	if (call != NULL) {
		call->controller = controller;
		call->request = *request;
		TAILQ_INSERT_TAIL(&controller->calls, call, link);
		rc = start(call);
	}
	if (rc == 0)
		return;
	if (call == NULL) {
		log_session_error(request->session, "steering call: no memory");
		return;
	}
	answer_failure(call, rc);
	TAILQ_REMOVE(&controller->calls, call, link);
	free(call);
}

void
controller_forget(struct controller *controller, uint64_t session)
{
	struct call *call = find_call(controller, session);

	/* What was sent goes on; only nobody listens. */
	if (call != NULL)
		call->dropped = true;
}

int
controller_create(struct outside *outside, controller_done_fn *done, void *ctx,
		  struct controller **ret_controller)
{
	struct controller *controller = calloc(1, sizeof(*controller));

	if (controller == NULL)
		return -ENOMEM;
	TAILQ_INIT(&controller->calls);
	controller->done = done;
	controller->ctx = ctx;
	controller->outside = outside;
	*ret_controller = controller;
	return 0;
}

void
controller_destroy(struct controller *controller)
{
	if (controller == NULL)
		return;
	controller->outside->controller->hang_up(controller->outside);
	while (!TAILQ_EMPTY(&controller->calls)) {
		struct call *call = TAILQ_FIRST(&controller->calls);

		TAILQ_REMOVE(&controller->calls, call, link);
		free(call);
	}
	free(controller);
}
