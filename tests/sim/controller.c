/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slim-ofctld: takes the calls of slimd's client as they stand on the wire (method, request), changes
 * the rules, and answers later: prepare, quiet and fence when the switch's cache is proven fresh. A
 * service's calls are carried out one after the other. A call whose deadline is over is answered
 * so, and carried out all the same.
 */
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "slim_ctl.pb-c.h"

static const struct {
	const char *method;
	const char *name;
} ops[N_OPS] = {
	[OP_CHECK] = {"Check", "check"}, [OP_PREPARE] = {"Prepare", "prepare"},
	[OP_FLIP] = {"Flip", "flip"},    [OP_QUIET] = {"AwaitQuiet", "quiet"},
	[OP_FENCE] = {"Fence", "fence"}, [OP_CLEANUP] = {"Cleanup", "cleanup"},
};

static void calls_next(struct world *w);

/* ---- answers -------------------------------------------------------------------------------- */

static struct world *
world_of(const struct steer_call *call)
{
	return call->service->world;
}

/* The end of a call for who asked: at most once. */
static void
answer(struct steer_call *call, enum rpc_code code, const char *text, const ProtobufCMessage *reply)
{
	struct rpc_status status = {.code = code, .reason = "", .text = text};
	struct host *host = call->host;

	if (host == NULL)
		return;
	call->host = NULL;
	note_change(host->world);
	host_enter(host);
	call->start.on_done(call->start.ctx, &status, code == RPC_OK ? reply : NULL);
	host_leave(host);
	host_wake(host);
}

static void
reply_with(struct steer_call *call, Slim__V1__Reason *why)
{
	Slim__V1__Reason *reasons[1] = {why};
	Slim__V1__PrepareReply prepared = SLIM__V1__PREPARE_REPLY__INIT;
	Slim__V1__CheckReply checked = SLIM__V1__CHECK_REPLY__INIT;
	Slim__V1__SteerReply plain = SLIM__V1__STEER_REPLY__INIT;
	Slim__V1__SteerPort ports[SIM_PORTS], *port_ptrs[SIM_PORTS];
	static const char *const names[SIM_PORTS] = {"p0", "p1"};

	for (uint32_t p = 0; p < SIM_PORTS; p++) {
		slim__v1__steer_port__init(&ports[p]);
		ports[p].port = (char *)(uintptr_t)names[p];
		ports[p].redirect_vid = 4001u + call->service->number * 8u + p;
		port_ptrs[p] = &ports[p];
	}
	prepared.n_reasons = checked.n_reasons = plain.n_reasons = why != NULL;
	prepared.reasons = checked.reasons = plain.reasons = reasons;
	prepared.n_ports = checked.n_ports = SIM_PORTS;
	prepared.ports = checked.ports = port_ptrs;
	if (call->op == OP_CHECK)
		answer(call, RPC_OK, "", &checked.base);
	else if (call->op == OP_PREPARE)
		answer(call, RPC_OK, "", &prepared.base);
	else
		answer(call, RPC_OK, "", &plain.base);
}

static void
reply_show(struct steer_call *call)
{
	Slim__V1__ShowReply show = SLIM__V1__SHOW_REPLY__INIT;
	Slim__V1__Steering steering = SLIM__V1__STEERING___INIT, *list[1] = {&steering};

	steering.service = call->service->name;
	show.n_services = 1;
	show.services = list;
	answer(call, RPC_OK, "", &show.base);
}

/* ---- what a call does --------------------------------------------------------------------------- */

static bool
is_refused(const struct steer_call *call)
{
	const struct rules *r = &call->service->sw.rules;
	bool back = call->op == OP_FENCE || (call->op == OP_CLEANUP && !call->complete);

	/* One session a service. */
	if (call->op == OP_PREPARE && r->session && r->id != call->session)
		return true;
	/* A fenced session is not flipped, but for the last copy, nor one that is over; but one that ended so
	 * has been. */
	if (call->op == OP_FLIP && !r->session && r->serving == call->target)
		return false;
	if (call->op == OP_FLIP && (!r->session || r->id != call->session ||
				    (!call->last_copy && (r->egress & (1u << call->target)) == 0)))
		return true;
	return world_of(call)->controller.steadfast && back && r->session &&
	       r->serving == call->target;
}

static bool
has_session(const struct steer_call *call)
{
	const struct rules *r = &call->service->sw.rules;

	return r->session && r->id == call->session;
}

/* The first of flip and fence decides, but for the last copy. Without its session a fence is in force when the
 * source serves. */
static bool
is_flipped(const struct steer_call *call)
{
	const struct rules *r = &call->service->sw.rules;

	if (call->op != OP_FENCE)
		return false;
	if (!has_session(call))
		return r->serving != call->source;
	return !call->last_copy && r->serving == call->target;
}

static void
carry_out(const struct steer_call *call)
{
	struct rules r = call->service->sw.rules;

	switch (call->op) {
	case OP_PREPARE:
		r.session = true;
		r.id = call->session;
		r.source = call->source;
		r.target = call->target;
		r.egress |= (uint8_t)(1u << call->target);
		break;
	case OP_FLIP:
		r.serving = call->target;
		r.egress |= (uint8_t)(1u << call->target);
		break;
	case OP_FENCE:
		if (world_of(call)->options.controls & CONTROL_NO_FENCE || !has_session(call))
			return;
		r.egress &= (uint8_t) ~(1u << call->target);
		break;
	case OP_CLEANUP:
		/* Said again for a session that is over: nothing to do. */
		if (!has_session(call))
			return;
		r.session = false;
		r.serving = call->complete ? call->target : call->source;
		r.egress = (uint8_t)(1u << r.serving);
		break;
	default:
		return;
	}
	switch_change(call->service, &r);
}

/* Prepare, quiet and fence answer when the cache says the same as the rules. */
static uint64_t
proven_ns(const struct steer_call *call)
{
	const struct world *w = world_of(call);
	bool early = (call->op == OP_QUIET && (w->options.controls & CONTROL_TRUST_BARRIER)) ||
		     (call->op == OP_PREPARE && (w->options.controls & CONTROL_PREPARE_EARLY));

	if (early || (call->op != OP_PREPARE && call->op != OP_QUIET && call->op != OP_FENCE))
		return w->now;
	return switch_fresh_ns(call->service);
}

static void
reply_reason(struct steer_call *call, Slim__V1__ReasonCode code, const char *text)
{
	Slim__V1__Reason reason = SLIM__V1__REASON__INIT;

	reason.code = code;
	reason.text = (char *)(uintptr_t)text;
	reply_with(call, &reason);
}

/* A switch did not do it: no decision, and so not REFUSED. */
static void
fail(struct steer_call *call)
{
	if (call->show)
		answer(call, RPC_INTERNAL, "something is wrong", NULL);
	else
		reply_reason(call, SLIM__V1__REASON_CODE__REASON_STEERING_UNREACHABLE,
			     "something is wrong");
}

static void
call_over(void *ctx, uint32_t ok, uint32_t unused, uint64_t serial)
{
	struct steer_call *call = ctx;
	struct world *w = world_of(call);

	(void)unused;
	if (call->state != CALL_RUNS || call->serial != serial)
		return;
	trace(w, "controller: %s of %s %s", ops[call->op].name, call->service->name,
	      ok ? "done" : "failed");
	if (!ok)
		fail(call);
	else if (call->show)
		reply_show(call);
	else
		reply_with(call, NULL);
	call->state = CALL_FREE;
	calls_next(w);
}

static void
refuse(struct steer_call *call, Slim__V1__ReasonCode code)
{
	trace(world_of(call), "controller: %s of %s refused", ops[call->op].name,
	      call->service->name);
	reply_reason(call, code, "it does not go that way");
	call->state = CALL_FREE;
}

static void
call_run(void *ctx, uint32_t unused, uint32_t unused2, uint64_t serial)
{
	struct steer_call *call = ctx;
	struct world *w = world_of(call);
	bool ok = true, done = true;

	(void)unused;
	(void)unused2;
	if (call->state != CALL_RUNS || call->serial != serial)
		return;
	if (is_refused(call) || is_flipped(call)) {
		refuse(call, is_flipped(call) ? SLIM__V1__REASON_CODE__REASON_STEERING_FLIPPED
					      : SLIM__V1__REASON_CODE__REASON_STEERING_REFUSED);
		calls_next(w);
		return;
	}
	if (w->controller.fail_calls > 0) {
		w->controller.fail_calls--;
		ok = false;
		done = rnd_chance(w, RNG_NET, 128); /* it may have been carried out all the same */
	}
	if (done)
		carry_out(call);
	engine_at(w, (ok ? proven_ns(call) : w->now) + rnd_delay(w, RNG_NET, US(100)), call_over,
		  call, ok, 0, call->serial);
}

static bool
is_running(const struct world *w, const struct service *s)
{
	for (uint32_t i = 0; i < SIM_MAX_CALLS; i++)
		if (w->controller.calls[i].state == CALL_RUNS &&
		    w->controller.calls[i].service == s)
			return true;
	return false;
}

static struct steer_call *
first_waiting(struct world *w)
{
	struct steer_call *first = NULL;

	for (uint32_t i = 0; i < SIM_MAX_CALLS; i++) {
		struct steer_call *call = &w->controller.calls[i];

		if (call->state == CALL_WAITS && !is_running(w, call->service) &&
		    (first == NULL || call->order < first->order))
			first = call;
	}
	return first;
}

static void
calls_next(struct world *w)
{
	struct steer_call *call;

	while ((call = first_waiting(w)) != NULL) {
		uint64_t at = w->now + rnd_delay(w, RNG_NET, US(300));

		if (w->now < w->controller.slow_until)
			at += w->controller.slow_ns;
		call->state = CALL_RUNS;
		engine_at(w, at, call_run, call, 0, 0, call->serial);
	}
}

bool
controller_is_busy(const struct service *s)
{
	const struct world *w = s->world;

	for (uint32_t i = 0; i < SIM_MAX_CALLS; i++)
		if (w->controller.calls[i].state != CALL_FREE &&
		    w->controller.calls[i].service == s)
			return true;
	return false;
}

/* ---- calls arrive --------------------------------------------------------------------------------- */

static struct service *
service_of(struct world *w, const char *name)
{
	for (uint32_t i = 0; i < w->n_services; i++)
		if (strcmp(w->services[i].name, name) == 0)
			return &w->services[i];
	return NULL;
}

static uint8_t
side_of(const struct service *s, const char *instance)
{
	return strcmp(s->instances[0].name, instance) == 0 ? 0 : 1;
}

static void
take_session(struct world *w, struct steer_call *call, const Slim__V1__SteerSession *session)
{
	call->service = service_of(w, session->service);
	call->session = session->session;
	call->last_copy = session->last_copy;
	if (call->service == NULL)
		return;
	call->source = side_of(call->service, session->source);
	call->target = side_of(call->service, session->target);
}

static void
take_request(struct world *w, struct steer_call *call, const char *method,
	     const ProtobufCMessage *request)
{
	const void *r = request;

	if (strcmp(method, "Show") == 0) {
		call->show = true;
		call->service = service_of(w, ((const Slim__V1__ShowRequest *)r)->service);
		return;
	}
	for (uint32_t op = 0; op < N_OPS; op++)
		if (strcmp(method, ops[op].method) == 0)
			call->op = (enum steer_op)op;
	if (call->op == OP_CHECK) {
		call->service = service_of(w, ((const Slim__V1__CheckRequest *)r)->service);
	} else if (call->op == OP_CLEANUP) {
		call->complete = ((const Slim__V1__CleanupRequest *)r)->complete;
		take_session(w, call, ((const Slim__V1__CleanupRequest *)r)->session);
	} else {
		take_session(w, call, r);
	}
}

static void
on_deadline(void *ctx, uint32_t unused, uint32_t unused2, uint64_t serial)
{
	struct steer_call *call = ctx;

	(void)unused;
	(void)unused2;
	if (call->serial == serial)
		answer(call, RPC_DEADLINE_EXCEEDED, "too late", NULL);
}

static void
on_arrival(void *ctx, uint32_t unused, uint32_t unused2, uint64_t serial)
{
	struct steer_call *call = ctx;
	struct world *w = world_of(call);

	(void)unused;
	(void)unused2;
	if (call->state != CALL_SENT || call->serial != serial)
		return;
	if (w->now < w->controller.gone_until) {
		answer(call, RPC_UNAVAILABLE, "nobody answers there", NULL);
		call->state = CALL_FREE;
		return;
	}
	call->order = ++w->controller.order;
	call->state = CALL_WAITS;
	calls_next(w);
}

static struct steer_call *
free_call(struct world *w)
{
	for (uint32_t i = 0; i < SIM_MAX_CALLS; i++)
		if (w->controller.calls[i].state == CALL_FREE)
			return &w->controller.calls[i];
	return NULL;
}

static int
start_call(struct outside *outside, const struct controller_start *start)
{
	struct host *host = (struct host *)outside;
	struct world *w = host->world;
	struct steer_call *call;
	uint64_t serial;

	if (!host_calls(host))
		return 0;
	call = free_call(w);
	if (call == NULL) {
		violation(w, "too many calls of the controller at once");
		return -ENOMEM;
	}
	serial = call->serial + 1;
	*call = (struct steer_call){
		.state = CALL_SENT, .host = host, .start = *start, .serial = serial};
	take_request(w, call, start->method, start->request);
	if (call->service == NULL) {
		violation(w, "a call of the controller names no service");
		call->state = CALL_FREE;
		return -EINVAL;
	}
	engine_at(w, w->now + rnd_delay(w, RNG_NET, US(100)), on_arrival, call, 0, 0, serial);
	engine_at(w, w->now + start->timeout_ns, on_deadline, call, 0, 0, serial);
	return 0;
}

void
controller_hang_up(struct host *host)
{
	for (uint32_t i = 0; i < SIM_MAX_CALLS; i++)
		if (host->world->controller.calls[i].host == host)
			host->world->controller.calls[i].host = NULL;
}

static void
hang_up(struct outside *outside)
{
	controller_hang_up((struct host *)outside);
}

/* Its rules stand in the switch; what it was asked is forgotten. */
void
controller_restart(struct world *w)
{
	for (uint32_t i = 0; i < SIM_MAX_CALLS; i++) {
		struct steer_call *call = &w->controller.calls[i];

		if (call->state != CALL_WAITS && call->state != CALL_RUNS)
			continue;
		call->state = CALL_FREE;
		answer(call, RPC_UNAVAILABLE, "it was restarted", NULL);
	}
}

const struct controller_ops sim_controller = {
	.start = start_call,
	.hang_up = hang_up,
};
