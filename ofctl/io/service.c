/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages to calls and back. A request is its own context: nothing is allocated here, and a
 * request that the server ends at its destruction leaves nothing behind.
 */
#include "service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "controller.h"
#include "rpc.h"
#include "slim_ctl.pb-c.h"

/* The name that goes with a refused call; the number is there so that no other name compiles. */
#define REASON_TEXT(name) ((void)SLIM__V1__REASON_CODE__REASON_##name, "REASON_" #name)

/* ---- answers ------------------------------------------------------------------ */

struct reasons {
	Slim__V1__Reason message;
	Slim__V1__Reason *list[1];
	char text[SLIM_REASON_SIZE];
	size_t n;
};

static void
reasons_init(struct reasons *r, const struct steering_reason *reason)
{
	slim__v1__reason__init(&r->message);
	r->list[0] = &r->message;
	r->n = 0;
	if (!reason)
		return;
	snprintf(r->text, sizeof(r->text), "%s", reason->text);
	r->message.code = reason->code;
	r->message.text = r->text;
	r->n = 1;
}

static void
reply_steer(void *ctx, const struct steering_reason *reason, unsigned service)
{
	Slim__V1__SteerReply reply = SLIM__V1__STEER_REPLY__INIT;
	struct reasons reasons;

	(void)service;
	reasons_init(&reasons, reason);
	reply.reasons = reasons.list;
	reply.n_reasons = reasons.n;
	rpc_reply(ctx, &reply.base);
}

static void
reply_prepare(void *ctx, const struct steering_reason *reason, unsigned s)
{
	const struct service *service = rpc_request_data(ctx);
	const struct topology_service *topology = &service->topology->services[s];
	const struct steering_service *state =
		&controller_steering(service->controller)->services[s];
	Slim__V1__PrepareReply reply = SLIM__V1__PREPARE_REPLY__INIT;
	Slim__V1__SteerPort ports[SLIM_MAX_PORTS], *list[SLIM_MAX_PORTS];
	char names[SLIM_MAX_PORTS][SLIM_NAME_SIZE];
	struct reasons reasons;

	reasons_init(&reasons, reason);
	reply.reasons = reasons.list;
	reply.n_reasons = reasons.n;
	reply.ports = list;
	for (unsigned p = 0; !reason && p < topology->n_ports; p++) {
		memcpy(names[p], topology->port_names[p], sizeof(names[p]));
		slim__v1__steer_port__init(&ports[p]);
		ports[p].port = names[p];
		ports[p].redirect_vid = state->session.vids[p];
		list[reply.n_ports++] = &ports[p];
	}
	rpc_reply(ctx, &reply.base);
}

/* ---- calls ----------------------------------------------------------------------- */

static void
reply_refused(struct rpc_request *request, enum controller_verb verb, const char *text)
{
	struct steering_reason reason = {.code = SLIM__V1__REASON_CODE__REASON_BAD_REQUEST};

	snprintf(reason.text, sizeof(reason.text), "%s", text);
	if (verb == CONTROLLER_PREPARE)
		reply_prepare(request, &reason, 0);
	else
		reply_steer(request, &reason, 0);
}

/* False: the name is too long to be one. */
static bool
copy_name(char ret[SLIM_NAME_SIZE], const char *name)
{
	if (strlen(name) >= SLIM_NAME_SIZE)
		return false;
	memcpy(ret, name, strlen(name) + 1);
	return true;
}

static void
start_call(struct rpc_request *request, struct service *service, struct controller_call *call,
	   const char *name, const char *source, const char *target)
{
	rpc_request_set_data(request, service);
	if (!copy_name(call->service, name) || !copy_name(call->source, source) ||
	    !copy_name(call->target, target)) {
		reply_refused(request, call->verb, "a name is too long");
		return;
	}
	call->done = call->verb == CONTROLLER_PREPARE ? reply_prepare : reply_steer;
	call->ctx = request;
	controller_call(service->controller, call);
}

static void
session_call(struct rpc_request *request, const ProtobufCMessage *message, void *ctx,
	     enum controller_verb verb)
{
	const Slim__V1__SteerSession *session = (const Slim__V1__SteerSession *)message;
	struct controller_call call = {
		.verb = verb, .session = session->session, .last_copy = session->last_copy};

	start_call(request, ctx, &call, session->service, session->source, session->target);
}

static void
on_prepare(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	session_call(request, message, ctx, CONTROLLER_PREPARE);
}

static void
on_flip(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	session_call(request, message, ctx, CONTROLLER_FLIP);
}

static void
on_await_quiet(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	session_call(request, message, ctx, CONTROLLER_QUIET);
}

static void
on_fence(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	session_call(request, message, ctx, CONTROLLER_FENCE);
}

static void
on_cleanup(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	const Slim__V1__CleanupRequest *cleanup = (const Slim__V1__CleanupRequest *)message;
	const Slim__V1__SteerSession *session = cleanup->session;
	struct controller_call call = {.verb = CONTROLLER_CLEANUP, .complete = cleanup->complete};

	if (!session) {
		reply_refused(request, CONTROLLER_CLEANUP, "no session is named");
		return;
	}
	call.session = session->session;
	start_call(request, ctx, &call, session->service, session->source, session->target);
}

static void
on_set(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	const Slim__V1__SetRequest *set = (const Slim__V1__SetRequest *)message;
	struct controller_call call = {.verb = CONTROLLER_SET, .sure = set->open || set->force};

	start_call(request, ctx, &call, set->service, "", set->instance);
}

static void
on_clear(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	const Slim__V1__SetRequest *set = (const Slim__V1__SetRequest *)message;
	struct controller_call call = {.verb = CONTROLLER_CLEAR};

	start_call(request, ctx, &call, set->service, "", set->instance);
}

static void
on_check(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	struct service *service = ctx;

	check_start(request, service->controller, &service->checks,
		    (const Slim__V1__CheckRequest *)message);
}

/* ---- show ------------------------------------------------------------------------------ */

#define MAX_WAITS 8u /* that are shown of a service */

struct shown_service {
	Slim__V1__Steering message;
	char name[SLIM_NAME_SIZE];
	char serving[SLIM_NAME_SIZE];
	char instances[TOPOLOGY_MAX_INSTANCES][SLIM_NAME_SIZE];
	char *instance_list[TOPOLOGY_MAX_INSTANCES];
	uint64_t session;
	char missing[CONTROLLER_MISSING_SIZE];
	char *missing_list[1];
	char waits[MAX_WAITS][CONTROLLER_WAIT_SIZE];
	char *wait_list[MAX_WAITS];
};

struct shown_bridge {
	Slim__V1__Bridge message;
	char name[SLIM_NAME_SIZE];
	char address[TOPOLOGY_ADDRESS_SIZE];
	char state[16];
	char proof[FRESH_TEXT_SIZE];
};

struct shown {
	struct shown_service services[TOPOLOGY_MAX_SERVICES];
	Slim__V1__Steering *service_list[TOPOLOGY_MAX_SERVICES];
	struct shown_bridge bridges[TOPOLOGY_MAX_BRIDGES];
	Slim__V1__Bridge *bridge_list[TOPOLOGY_MAX_BRIDGES];
};

static void
show_service(struct shown_service *shown, const struct service *service, unsigned s)
{
	const struct topology_service *topology = &service->topology->services[s];
	const struct steering_service *state =
		&controller_steering(service->controller)->services[s];
	int active = steering_active(state);

	slim__v1__steering___init(&shown->message);
	memcpy(shown->name, topology->name, sizeof(shown->name));
	shown->message.service = shown->name;
	if (state->known && active != STEERING_NOBODY)
		memcpy(shown->serving, topology->instances[active].name, sizeof(shown->serving));
	shown->message.instance = shown->serving;
	for (unsigned i = 0; i < topology->n_instances; i++) {
		memcpy(shown->instances[i], topology->instances[i].name,
		       sizeof(shown->instances[i]));
		shown->instance_list[i] = shown->instances[i];
	}
	shown->message.instances = shown->instance_list;
	shown->message.n_instances = topology->n_instances;
	shown->message.unknown = !state->known;
	shown->missing_list[0] = shown->missing;
	shown->message.missing_ports = shown->missing_list;
	shown->message.n_missing_ports =
		controller_missing_ports(service->controller, s, shown->missing) > 0;
	shown->message.n_waits = controller_waits(service->controller, s, shown->waits, MAX_WAITS);
	for (unsigned i = 0; i < MAX_WAITS; i++)
		shown->wait_list[i] = shown->waits[i];
	shown->message.waits = shown->wait_list;
	if (state->session.stage == STEERING_NO_SESSION)
		return;
	shown->session = state->session.id ? state->session.id : state->session.tag;
	shown->message.sessions = &shown->session;
	shown->message.n_sessions = 1;
}

static void
show_bridge(struct shown_bridge *shown, const struct topology_bridge *topology,
	    struct controller_bridge_info info)
{
	slim__v1__bridge__init(&shown->message);
	memcpy(shown->name, topology->name, sizeof(shown->name));
	memcpy(shown->address, topology->address, sizeof(shown->address));
	snprintf(shown->state, sizeof(shown->state), "%s", info.state);
	shown->message.name = shown->name;
	shown->message.address = shown->address;
	shown->message.state = shown->state;
	shown->message.datapath_id = info.datapath_id;
	shown->message.rules = info.n_rules;
	shown->message.proof = info.proof->kind;
	snprintf(shown->proof, sizeof(shown->proof), "%s", info.proof->text);
	shown->message.proof_text = shown->proof;
}

static void
show(const struct service *service, int only, struct shown *shown, Slim__V1__ShowReply *reply)
{
	const struct topology *t = service->topology;

	reply->services = shown->service_list;
	reply->bridges = shown->bridge_list;
	for (unsigned s = 0; s < t->n_services; s++) {
		if (only >= 0 && s != (unsigned)only)
			continue;
		show_service(&shown->services[s], service, s);
		shown->service_list[reply->n_services++] = &shown->services[s].message;
	}
	for (unsigned b = 0; b < t->n_bridges; b++) {
		show_bridge(&shown->bridges[b], &t->bridges[b],
			    controller_bridge_info(service->controller, b));
		shown->bridge_list[reply->n_bridges++] = &shown->bridges[b].message;
	}
}

static void
on_show(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	const Slim__V1__ShowRequest *wanted = (const Slim__V1__ShowRequest *)message;
	const struct service *service = ctx;
	Slim__V1__ShowReply reply = SLIM__V1__SHOW_REPLY__INIT;
	struct shown *shown = calloc(1, sizeof(*shown));
	int only = -1;

	if (wanted->service[0] != '\0')
		only = topology_find_service(service->topology, wanted->service);
	if (!shown) {
		rpc_fail_because(request, RPC_RESOURCE_EXHAUSTED, REASON_TEXT(LIMIT),
				 "out of memory");
	} else if (wanted->service[0] != '\0' && only < 0) {
		rpc_fail_because(request, RPC_NOT_FOUND, REASON_TEXT(UNKNOWN_SERVICE),
				 "unknown service \"%.64s\"", wanted->service);
	} else {
		show(service, only, shown, &reply);
		rpc_reply(request, &reply.base);
	}
	free(shown);
}

static const struct rpc_method methods[] = {
	{"Check", RPC_UNARY, on_check}, {"Prepare", RPC_UNARY, on_prepare},
	{"Flip", RPC_UNARY, on_flip},   {"AwaitQuiet", RPC_UNARY, on_await_quiet},
	{"Fence", RPC_UNARY, on_fence}, {"Cleanup", RPC_UNARY, on_cleanup},
	{"Show", RPC_UNARY, on_show},   {"Set", RPC_UNARY, on_set},
	{"Clear", RPC_UNARY, on_clear},
};

int
service_add(struct rpc_server *server, struct service *service)
{
	return rpc_server_add_service(server, &slim__v1__steering__descriptor, methods,
				      sizeof(methods) / sizeof(methods[0]), service);
}
