/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations on all bridges together. Owns the bridges, the wanted state and its file.
 */
#include "controller.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <event2/event.h>

#include "bridge.h"
#include "quiet.h"
#include "rules.h"
#include "store.h"

#define RETRY_MS 1000u

#define UNREACHABLE SLIM__V1__REASON_CODE__REASON_STEERING_UNREACHABLE
#define REFUSED SLIM__V1__REASON_CODE__REASON_STEERING_REFUSED

enum op_phase {
	OP_READ,
	OP_STAGE,
	OP_COMMIT,
	OP_PROOF, /* in the list of proofs, no longer in the way of others */
};

/* A call, or (call.done NULL) a repair. */
struct op {
	TAILQ_ENTRY(op) entry;
	struct controller *controller;
	struct controller_call call;
	bool sync;
	bool changed; /* what is wanted: by the call, or found out by the repair */
	bool unread;  /* who serves is not known: decided once the rules have been read */
	bool orphan;  /* undoes something of a service that the topology does not have */
	enum op_phase phase;
	unsigned service;
	uint32_t bridges; /* bits: concerned */
	uint32_t waiting; /* that have not answered in this phase */
	uint32_t staged;
	uint32_t failed;
	uint32_t committed;
	struct steering next;
	struct steering_reason reason; /* the first failure */
	struct quiet *quiet;
};

TAILQ_HEAD(op_list, op);

/* A bridge, and what the current operation does with it. */
struct member {
	struct controller *controller;
	unsigned index;
	struct bridge *bridge;
	struct rule *present; /* RULES_MAX */
	unsigned n_present;
	bool overflow;
	unsigned n_desired;
	unsigned n_rules; /* for showing */
	uint32_t bundle;
};

struct controller {
	struct event_base *base;
	const struct ofctl_config *config;
	const struct topology *topology;
	struct steering steering;
	struct member members[TOPOLOGY_MAX_BRIDGES];
	struct bridge *bridges[TOPOLOGY_MAX_BRIDGES];
	uint32_t numbers[TOPOLOGY_MAX_PORTS];
	struct rules_context context;
	struct rule *desired;     /* scratch, RULES_MAX */
	struct of_flow_mod *mods; /* scratch, RULES_MAX * 2 */
	struct op_list queue;
	struct op_list proofs;
	struct op *current;
	unsigned n_calls;
	struct controller_counters counters;
	bool sync_wanted;
	uint32_t complained; /* bits: services whose rules were not understood */
	char missing[TOPOLOGY_MAX_SERVICES][CONTROLLER_MISSING_SIZE]; /* as told in the log */
	struct event *audit;
	struct event *retry;
	struct event *kick;
};

static void kick(struct controller *c);
static void tell_missing(struct controller *c);

static void __attribute__((format(printf, 3, 4)))
note_failure(struct op *op, Slim__V1__ReasonCode code, const char *format, ...)
{
	va_list args;

	if (op->reason.code != 0)
		return;
	op->reason.code = code;
	va_start(args, format);
	vsnprintf(op->reason.text, sizeof(op->reason.text), format, args);
	va_end(args);
}

static const char *
bridge_name(const struct controller *c, unsigned b)
{
	return c->topology->bridges[b].name;
}

/* ---- state file ------------------------------------------------------------------- */

static int
save(struct controller *c, const struct steering *steering)
{
	char text[STEERING_TEXT_SIZE];
	size_t size = steering_save(c->topology, steering, text);
	int result;

	if (!c->config->state_dir)
		return 0;
	result = store_write(c->config->state_dir, text, size);
	if (result < 0)
		log_error("state file not written dir=%s: %s", c->config->state_dir,
			  strerror(-result));
	return result;
}

static int
load(struct controller *c)
{
	char text[STEERING_TEXT_SIZE];
	unsigned skipped = 0;
	int result;

	steering_init(&c->steering);
	if (!c->config->state_dir)
		return 0;
	result = store_read(c->config->state_dir, text, sizeof(text));
	if (result == -ENOENT) {
		log_info("no state file, the rules on the switches will tell dir=%s",
			 c->config->state_dir);
		return 0;
	}
	if (result == 0 && steering_load(c->topology, text, &c->steering, &skipped) < 0)
		result = -EINVAL;
	if (result < 0)
		log_error("state file not usable, the rules on the switches will tell dir=%s: %s",
			  c->config->state_dir, strerror(-result));
	if (skipped)
		log_warn("state file names what the topology does not have n=%u", skipped);
	return 0;
}

/* ---- end of operations ---------------------------------------------------------------- */

static void
answer(struct op *op)
{
	const struct steering_reason *reason = op->reason.code ? &op->reason : NULL;

	op->controller->n_calls--;
	op->controller->counters.calls++;
	op->controller->counters.calls_refused += reason != NULL;
	if (reason)
		log_session_warn(op->call.session, "call refused service=%s code=%d: %s",
				 op->call.service, reason->code, reason->text);
	op->call.done(op->call.ctx, reason, op->service);
}

static void
end_op(struct op *op)
{
	if (!op->sync)
		answer(op);
	free(op);
}

static void
leave(struct op *op)
{
	struct controller *c = op->controller;

	c->current = NULL;
	kick(c);
}

static void
want_sync(struct controller *c)
{
	c->sync_wanted = true;
	kick(c);
}

static void
retry_later(struct controller *c)
{
	struct timeval tv = {.tv_sec = RETRY_MS / 1000, .tv_usec = RETRY_MS % 1000 * 1000};

	if (!event_pending(c->retry, EV_TIMEOUT, NULL))
		event_add(c->retry, &tv);
}

/* Does the call stay wanted although it did not get through everywhere? Once flipped, fenced or
 * ended there is only forward: going back could put packets out of order or let both serve. */
static bool
is_forward(const struct op *op)
{
	switch (op->call.verb) {
	case CONTROLLER_FLIP:
	case CONTROLLER_FENCE:
		return op->phase == OP_COMMIT;
	case CONTROLLER_CLEANUP:
		return true;
	default:
		return false;
	}
}

static void
finish_failed_call(struct op *op)
{
	struct controller *c = op->controller;

	if (op->changed && is_forward(op))
		c->steering = op->next;
	else if (op->changed)
		save(c, &c->steering);
	leave(op);
	/* What was committed in part goes forward or back. */
	if (op->phase == OP_COMMIT || op->call.verb == CONTROLLER_CLEANUP)
		want_sync(c);
	end_op(op);
}

static void
finish_sync(struct op *op)
{
	struct controller *c = op->controller;

	if (op->changed) {
		c->steering = op->next;
		save(c, &c->steering);
	}
	if (op->failed) {
		log_warn("rules not restored: %s", op->reason.text);
		retry_later(c);
	}
	leave(op);
	tell_missing(c);
	end_op(op);
}

static struct steering_request
request_of(const struct controller_call *call)
{
	return (struct steering_request){.session = call->session,
					 .service = call->service,
					 .source = call->source,
					 .target = call->target,
					 .last_copy = call->last_copy};
}

/* ---- proof -------------------------------------------------------------------------------- */

/* Other calls may have come in between, and the answer holds the session's tags. */
static void
check_prepared(struct op *op)
{
	const struct controller *c = op->controller;
	struct steering_request request = request_of(&op->call);

	steering_check(c->topology, &c->steering, &request, &op->service, &op->reason);
}

static void
on_quiet(void *ctx, enum quiet_outcome outcome, const char *text)
{
	static const Slim__V1__ReasonCode codes[] = {
		[QUIET_LATE] = SLIM__V1__REASON_CODE__REASON_DEADLINE,
		[QUIET_GONE] = UNREACHABLE,
		[QUIET_CANNOT] = SLIM__V1__REASON_CODE__REASON_CONTROL_SOCKET,
	};
	struct op *op = ctx;

	TAILQ_REMOVE(&op->controller->proofs, op, entry);
	op->controller->counters.proofs += outcome == QUIET_PROVEN;
	if (outcome != QUIET_PROVEN)
		note_failure(op, codes[outcome], "not proven %s: %s",
			     op->call.verb == CONTROLLER_PREPARE ? "fresh" : "quiet", text);
	else if (op->call.verb == CONTROLLER_PREPARE)
		check_prepared(op);
	end_op(op);
}

/* What is counted where no control socket helps: stragglers of the session at the source, or after
 * a fence whatever leaves at the perimeter. After a preparation traffic goes on: nothing. */
static struct quiet_config
proof_config(const struct op *op)
{
	const struct controller *c = op->controller;
	const struct topology_service *service = &c->topology->services[op->service];
	struct quiet_config config = {
		.topology = c->topology,
		.bridges = c->bridges,
		.concerned = op->bridges,
		.still_ns = (uint64_t)c->config->quiet.still_ms * 1000000,
		.deadline_ns = (uint64_t)c->config->quiet.deadline_ms * 1000000,
	};

	config.control_only = op->call.verb == CONTROLLER_PREPARE;
	if (op->call.verb == CONTROLLER_QUIET) {
		config.cookie = rules_cookie(c->config->magic, service->cookie, RULES_REDIRECT,
					     steering_tag(op->call.session));
		return config;
	}
	for (unsigned p = 0; p < service->n_ports && !op->orphan; p++) {
		uint16_t port = service->perimeter[p].port;

		config.ports[config.n_ports++] = (struct quiet_port){
			.bridge = c->topology->ports[port].bridge, .number = c->numbers[port]};
	}
	return config;
}

static void
start_proof(struct op *op)
{
	struct controller *c = op->controller;
	struct quiet_config config = proof_config(op);

	op->phase = OP_PROOF;
	if (quiet_start(c->base, &config, on_quiet, op, &op->quiet) < 0) {
		note_failure(op, SLIM__V1__REASON_CODE__REASON_INTERNAL, "out of memory");
		end_op(op);
		return;
	}
	TAILQ_INSERT_TAIL(&c->proofs, op, entry);
}

static void
finish_call(struct op *op)
{
	struct controller *c = op->controller;
	enum controller_verb verb = op->call.verb;
	bool proof =
		verb == CONTROLLER_PREPARE || verb == CONTROLLER_QUIET || verb == CONTROLLER_FENCE;

	c->steering = op->next;
	if (op->changed)
		log_session_info(
			op->call.session, "steering changed service=%s active=%s stage=%s",
			op->call.service,
			steering_active(&c->steering.services[op->service]) == STEERING_NOBODY
				? "-"
				: c->topology->services[op->service]
					  .instances[steering_active(
						  &c->steering.services[op->service])]
					  .name,
			steering_stage_name(c->steering.services[op->service].session.stage));
	leave(op);
	if (proof)
		start_proof(op);
	else
		end_op(op);
}

static void
finish(struct op *op)
{
	if (op->sync)
		finish_sync(op);
	else if (op->failed)
		finish_failed_call(op);
	else
		finish_call(op);
}

/* ---- commit ---------------------------------------------------------------------------------- */

/* A bridge has answered. True: it was the last one of this phase. */
static bool
take_answer(struct member *m, const char *error)
{
	struct op *op = m->controller->current;
	uint32_t bit = 1u << m->index;

	assert(op && (op->waiting & bit));
	op->waiting &= ~bit;
	if (error) {
		op->failed |= bit;
		note_failure(op, bridge_is_up(m->bridge) ? REFUSED : UNREACHABLE, "bridge %s: %s",
			     bridge_name(m->controller, m->index), error);
	}
	return op->waiting == 0;
}

static void
on_committed(void *ctx, const char *error)
{
	struct member *m = ctx;
	struct op *op = m->controller->current;

	if (!error) {
		m->n_rules = m->n_desired;
		m->controller->counters.commits++;
	}
	if (take_answer(m, error))
		finish(op);
}

static void
commit(struct op *op)
{
	struct controller *c = op->controller;

	op->phase = OP_COMMIT;
	for (unsigned b = 0; b < c->topology->n_bridges; b++) {
		uint32_t bit = 1u << b;

		if (!(op->staged & bit) || (op->failed & bit))
			continue;
		op->waiting |= bit;
		if (bridge_commit(c->bridges[b], c->members[b].bundle, on_committed,
				  &c->members[b]) < 0)
			take_answer(&c->members[b], "the connection to the switch is gone");
	}
	if (op->waiting == 0)
		finish(op);
}

static void
discard(struct op *op, uint32_t bridges)
{
	struct controller *c = op->controller;

	for (unsigned b = 0; b < c->topology->n_bridges; b++) {
		if (bridges & op->staged & (1u << b))
			bridge_discard(c->bridges[b], c->members[b].bundle);
	}
}

/* Every bridge has accepted or refused its bundle. A call goes through everywhere or nowhere;
 * a repair does what it can. */
static void
all_staged(struct op *op)
{
	discard(op, op->sync ? op->failed : op->failed ? UINT32_MAX : 0);
	if (op->failed && !op->sync)
		finish(op);
	else
		commit(op);
}

/* ---- stage ------------------------------------------------------------------------------------ */

static void
on_staged(void *ctx, const char *error)
{
	struct member *m = ctx;
	struct op *op = m->controller->current;

	if (take_answer(m, error))
		all_staged(op);
}

/* Services of which nothing is known: their rules stay. */
static uint32_t
kept_services(const struct controller *c, const struct steering *steering)
{
	uint32_t kept = 0;

	for (unsigned s = 0; s < c->topology->n_services; s++) {
		if (!steering->services[s].known)
			kept |= UINT32_C(1) << s;
	}
	return kept;
}

static void
log_mods(const struct controller *c, unsigned b, const struct op *op, unsigned n)
{
	unsigned removed = 0;

	for (unsigned i = 0; i < n; i++)
		removed += c->mods[i].command != OF_FLOW_ADD;
	log_at(op->sync ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, 0,
	       "rules change bridge=%s set=%u removed=%u reason=%s", bridge_name(c, b), n - removed,
	       removed, op->sync ? "repair" : "call");
}

static bool
has_port(const void *ctx, uint16_t bridge, uint32_t number)
{
	const struct controller *c = ctx;

	return bridge_has_port(c->bridges[bridge], number);
}

static void
stage_member(struct op *op, struct member *m)
{
	struct rules_keep keep;
	struct controller *c = op->controller;
	uint32_t bit = 1u << m->index;
	unsigned missing, n_mods;
	int n = rules_desired(&c->context, &op->next, (uint16_t)m->index, c->desired, &missing);

	op->waiting |= bit;
	if (n < 0 || m->overflow) {
		take_answer(m, "too many rules");
		return;
	}
	m->n_desired = (unsigned)n;
	keep = (struct rules_keep){.bridge = (uint16_t)m->index,
				   .steering = &op->next,
				   .services = kept_services(c, &op->next),
				   .misfits = rules_misfits(&c->context, &op->next),
				   .has_port = has_port,
				   .ctx = c};
	n_mods = rules_diff(&c->context, c->desired, (unsigned)n, m->present, m->n_present, &keep,
			    c->mods);
	if (n_mods == 0) {
		m->n_rules = (unsigned)n;
		op->waiting &= ~bit;
		return;
	}
	log_mods(c, m->index, op, n_mods);
	c->counters.rules_changed += n_mods;
	if (bridge_stage(m->bridge, c->mods, n_mods, on_staged, m, &m->bundle) < 0)
		take_answer(m, "the connection to the switch is gone");
	else
		op->staged |= bit;
}

static int decide(struct op *op);
static int check_ports(struct op *op);
static void refuse(struct op *op);

/* ---- what the rules tell ------------------------------------------------------------------------ */

static uint32_t
bridges_of(const struct controller *c, unsigned service)
{
	uint32_t bridges = 0;

	for (unsigned b = 0; b < c->topology->n_bridges; b++) {
		if (topology_service_uses(c->topology, &c->topology->services[service],
					  (uint16_t)b))
			bridges |= 1u << b;
	}
	return bridges;
}

static bool
has_rules(const struct controller *c, unsigned service)
{
	for (unsigned b = 0; b < c->topology->n_bridges; b++) {
		for (unsigned i = 0; i < c->members[b].n_present; i++) {
			if (rules_cookie_service(c->members[b].present[i].cookie) ==
			    c->topology->services[service].cookie)
				return true;
		}
	}
	return false;
}

static void
infer(struct op *op, unsigned s)
{
	struct controller *c = op->controller;
	struct steering_service *service = &op->next.services[s];
	struct rule *present[TOPOLOGY_MAX_BRIDGES];
	unsigned n_present[TOPOLOGY_MAX_BRIDGES];
	const char *name = c->topology->services[s].name;

	for (unsigned b = 0; b < c->topology->n_bridges; b++) {
		present[b] = c->members[b].present;
		n_present[b] = c->members[b].n_present;
	}
	if (!has_rules(c, s)) {
		service->known = op->changed = true;
		service->serving = STEERING_NOBODY;
	} else if (rules_infer(&c->context, present, n_present, s, service)) {
		op->changed = true;
		log_info("state read from the rules service=%s serving=%s stage=%s", name,
			 c->topology->services[s].instances[service->serving].name,
			 steering_stage_name(service->session.stage));
	} else if (!(c->complained & (UINT32_C(1) << s))) {
		c->complained |= UINT32_C(1) << s;
		log_error("rules of a service are not understood and stay as they are, set it "
			  "service=%s",
			  name);
	}
}

/* Services of which nothing is known yet, when all of their bridges have been read. */
static void
infer_unknown(struct op *op)
{
	struct controller *c = op->controller;
	uint32_t read = op->bridges & ~op->failed;

	for (unsigned s = 0; s < c->topology->n_services; s++) {
		if (!op->next.services[s].known && (bridges_of(c, s) & ~read) == 0)
			infer(op, s);
	}
}

/* No rule on the switches is of the session of the call. */
static bool
has_no_rules_of_session(const struct op *op)
{
	const struct controller *c = op->controller;
	uint32_t tag = steering_tag(op->call.session);

	for (unsigned b = 0; b < c->topology->n_bridges; b++) {
		for (unsigned i = 0; i < c->members[b].n_present; i++) {
			if (rules_cookie_tag(c->members[b].present[i].cookie) == tag)
				return false;
		}
	}
	return true;
}

static bool
is_undo(const struct op *op)
{
	return op->call.verb == CONTROLLER_FENCE || op->call.verb == CONTROLLER_CLEANUP;
}

/* The rules have told who serves, or they have not. What has no rule is undone. */
static int
decide_late(struct op *op)
{
	struct controller *c = op->controller;
	int result;

	op->unread = false;
	infer(op, op->service);
	result = decide(op);
	if (result < 0 &&
	    !(is_undo(op) && !op->next.services[op->service].known && has_no_rules_of_session(op)))
		return -EINVAL;
	op->reason.code = 0;
	op->changed |= result > 0;
	if (check_ports(op) < 0)
		return -ENOENT;
	return op->changed ? save(c, &op->next) : 0;
}

static void
all_read(struct op *op)
{
	struct controller *c = op->controller;

	if (op->failed && !op->sync) {
		finish(op);
		return;
	}
	if (op->unread && decide_late(op) < 0) {
		note_failure(op, SLIM__V1__REASON_CODE__REASON_INTERNAL,
			     "the state file cannot be written");
		refuse(op);
		return;
	}
	if (op->sync)
		infer_unknown(op);
	op->phase = OP_STAGE;
	for (unsigned b = 0; b < c->topology->n_bridges; b++) {
		if (op->bridges & ~op->failed & (1u << b))
			stage_member(op, &c->members[b]);
	}
	if (op->waiting == 0)
		all_staged(op);
}

/* ---- read ---------------------------------------------------------------------------------------- */

static void
on_flow(void *ctx, const struct of_flow *flow)
{
	struct member *m = ctx;

	if (rules_cookie_role(flow->cookie) == RULES_NUDGE)
		return; /* comes and goes by itself */
	if (m->n_present == RULES_MAX) {
		m->overflow = true;
		return;
	}
	m->present[m->n_present++] = (struct rule){.cookie = flow->cookie,
						   .priority = flow->priority,
						   .opaque = flow->opaque || flow->table != 0,
						   .match = flow->match,
						   .actions = flow->actions};
}

static void
on_read(void *ctx, const char *error)
{
	struct member *m = ctx;
	struct op *op = m->controller->current;

	if (take_answer(m, error))
		all_read(op);
}

static void
read_all(struct op *op)
{
	struct controller *c = op->controller;
	uint64_t cookie = rules_cookie(c->config->magic, 0, 0, 0);

	op->phase = OP_READ;
	op->waiting = op->bridges;
	for (unsigned b = 0; b < c->topology->n_bridges; b++) {
		struct member *m = &c->members[b];

		m->n_present = 0;
		m->overflow = false;
		if ((op->bridges & (1u << b)) &&
		    bridge_read_flows(m->bridge, cookie, RULES_COOKIE_MASK, on_flow, on_read, m) <
			    0)
			take_answer(m, "the connection to the switch is gone");
	}
	if (op->waiting == 0)
		all_read(op);
}

/* ---- begin ------------------------------------------------------------------------------------------ */

static uint32_t
bridges_up(const struct controller *c)
{
	uint32_t up = 0;

	for (unsigned b = 0; b < c->topology->n_bridges; b++) {
		if (bridge_is_up(c->bridges[b]))
			up |= 1u << b;
	}
	return up;
}

static void
look_up_numbers(struct controller *c)
{
	const struct topology *t = c->topology;

	for (unsigned p = 0; p < t->n_ports; p++)
		c->numbers[p] =
			bridge_port_number(c->bridges[t->ports[p].bridge], t->ports[p].name);
}

/* The pure part of a call. */
static int
decide(struct op *op)
{
	const struct topology *t = op->controller->topology;
	const struct controller_call *call = &op->call;
	struct steering_request request = request_of(call);

	switch (call->verb) {
	case CONTROLLER_PREPARE:
		return steering_prepare(t, &op->next, &request, &op->service, &op->reason);
	case CONTROLLER_FLIP:
		return steering_flip(t, &op->next, &request, &op->service, &op->reason);
	case CONTROLLER_QUIET:
		return steering_check(t, &op->next, &request, &op->service, &op->reason);
	case CONTROLLER_FENCE:
		return steering_fence(t, &op->next, &request, &op->service, &op->reason);
	case CONTROLLER_CLEANUP:
		return steering_cleanup(t, &op->next, &request, call->complete, &op->service,
					&op->reason);
	case CONTROLLER_SET:
		return steering_set(t, &op->next, call->service, call->target, call->sure,
				    &op->service, &op->reason);
	default:
		return steering_clear(t, &op->next, call->service, call->target, &op->service,
				      &op->reason);
	}
}

/* Instances whose ports must be there for the call. */
static uint32_t
needed_instances(const struct op *op)
{
	const struct steering_service *service = &op->next.services[op->service];

	switch (op->call.verb) {
	case CONTROLLER_PREPARE:
		return 1u << service->session.source | 1u << service->session.target;
	case CONTROLLER_FLIP:
		return 1u << service->session.target;
	case CONTROLLER_SET:
		return 1u << service->serving;
	default:
		return 0;
	}
}

static int
check_bridges(struct op *op)
{
	const struct controller *c = op->controller;
	uint32_t down = op->bridges & ~bridges_up(c);

	for (unsigned b = 0; b < c->topology->n_bridges; b++) {
		if (down & (1u << b)) {
			note_failure(op, UNREACHABLE, "bridge %s is not connected (%s)",
				     bridge_name(c, b), bridge_state(c->bridges[b]));
			return -ENOTCONN;
		}
	}
	return 0;
}

static int
check_ports(struct op *op)
{
	struct controller *c = op->controller;
	uint32_t instances = needed_instances(op);
	char missing[96];

	for (unsigned b = 0; b < c->topology->n_bridges && instances; b++) {
		if (rules_missing_ports(&c->context, op->service, instances, (uint16_t)b, missing,
					sizeof(missing))) {
			note_failure(op, SLIM__V1__REASON_CODE__REASON_PORTS,
				     "bridge %s does not have: %s", bridge_name(c, b), missing);
			return -ENOENT;
		}
	}
	return 0;
}

static void
refuse(struct op *op)
{
	leave(op);
	end_op(op);
}

/* Calls that could not be decided: of a service of which nothing is known yet, but its rules can be
 * read, and undoing something of a service that is not there, whose rules a look at all bridges takes
 * away. True: it goes on. */
static bool
read_first(struct op *op)
{
	struct controller *c = op->controller;
	int s = topology_find_service(c->topology, op->call.service);

	if (s < 0 && is_undo(op)) {
		op->orphan = true;
		op->bridges = c->topology->n_bridges < 32 ? (1u << c->topology->n_bridges) - 1
							  : UINT32_MAX;
	} else if (s >= 0 && !c->steering.services[s].known) {
		op->unread = true;
		op->service = (unsigned)s;
		op->bridges = bridges_of(c, (unsigned)s);
	}
	if (op->bridges == 0 || (op->unread && (op->bridges & ~bridges_up(c))))
		return false;
	op->reason.code = 0;
	return check_bridges(op) == 0;
}

static void
begin_call(struct op *op)
{
	struct controller *c = op->controller;
	int result = decide(op);

	if (result < 0) {
		if (read_first(op))
			read_all(op);
		else
			refuse(op);
		return;
	}
	op->changed = result > 0;
	op->bridges = bridges_of(c, op->service);
	result = check_bridges(op) < 0 || check_ports(op) < 0 ? -1 : 0;
	if (result < 0 && !is_forward(op)) {
		refuse(op);
		return;
	}
	if (op->changed && save(c, &op->next) < 0) {
		note_failure(op, SLIM__V1__REASON_CODE__REASON_INTERNAL,
			     "the state file cannot be written");
		refuse(op);
		return;
	}
	if (result < 0) {
		/* The end of a session is wanted even if the switch hears of it later. */
		finish_failed_call(op);
		return;
	}
	read_all(op);
}

/* ---- what serves and is not there -------------------------------------------------------------- */

/* Of bridges that are up, whose ports are known. */
unsigned
controller_missing_ports(struct controller *c, unsigned s, char text[CONTROLLER_MISSING_SIZE])
{
	uint32_t needed = rules_needed_instances(&c->steering.services[s]);
	unsigned n = 0;
	size_t used = 0;

	look_up_numbers(c);
	text[0] = '\0';
	for (unsigned b = 0; b < c->topology->n_bridges && needed; b++) {
		char names[96];
		unsigned missing = 0;

		if (bridge_is_up(c->bridges[b]))
			missing = rules_missing_ports(&c->context, s, needed, (uint16_t)b, names,
						      sizeof(names));
		if (missing && used < CONTROLLER_MISSING_SIZE - 1)
			used += (size_t)snprintf(text + used, CONTROLLER_MISSING_SIZE - used,
						 "%s%s: %s", n ? "; " : "", bridge_name(c, b),
						 names);
		n += missing;
	}
	return n;
}

static void
tell_missing(struct controller *c)
{
	for (unsigned s = 0; s < c->topology->n_services; s++) {
		char text[CONTROLLER_MISSING_SIZE];

		controller_missing_ports(c, s, text);
		if (strcmp(text, c->missing[s]) == 0)
			continue;
		if (text[0])
			log_warn("ports of what serves are not there, rules that stand stay "
				 "service=%s missing=%s",
				 c->topology->services[s].name, text);
		else
			log_info("all ports of what serves are there again service=%s",
				 c->topology->services[s].name);
		memcpy(c->missing[s], text, sizeof(text));
	}
}

static void
begin(struct op *op)
{
	struct controller *c = op->controller;

	c->current = op;
	op->next = c->steering;
	look_up_numbers(c);
	if (!op->sync) {
		begin_call(op);
		return;
	}
	op->bridges = bridges_up(c);
	read_all(op);
}

static struct op *
new_op(struct controller *c)
{
	struct op *op = calloc(1, sizeof(*op));

	if (op)
		op->controller = c;
	return op;
}

static void
on_kick(evutil_socket_t fd, short what, void *ctx)
{
	struct controller *c = ctx;
	struct op *op = NULL;

	(void)fd;
	(void)what;
	if (c->current)
		return;
	/* Repairs first: they undo what a failed call has left. */
	if (c->sync_wanted && (op = new_op(c)) != NULL) {
		c->sync_wanted = false;
		op->sync = true;
		c->counters.repairs++;
	} else if ((op = TAILQ_FIRST(&c->queue)) != NULL) {
		TAILQ_REMOVE(&c->queue, op, entry);
	}
	if (op)
		begin(op);
}

/* The next operation begins on a fresh stack. */
static void
kick(struct controller *c)
{
	event_active(c->kick, EV_TIMEOUT, 0);
}

void
controller_call(struct controller *c, const struct controller_call *call)
{
	struct op *op = c->n_calls < CONTROLLER_MAX_CALLS ? new_op(c) : NULL;
	struct steering_reason reason = {.code = SLIM__V1__REASON_CODE__REASON_INTERNAL,
					 .text = "too many calls at a time"};

	if (!op) {
		call->done(call->ctx, &reason, 0);
		return;
	}
	op->call = *call;
	c->n_calls++;
	TAILQ_INSERT_TAIL(&c->queue, op, entry);
	kick(c);
}

/* ---- events of bridges and clock ------------------------------------------------------------------------ */

static void
on_bridge_change(void *ctx)
{
	struct member *m = ctx;

	want_sync(m->controller);
}

static void
on_bridge_rule(void *ctx, const struct of_update *update)
{
	struct member *m = ctx;
	uint64_t ours = rules_cookie(m->controller->config->magic, 0, 0, 0);

	if (!update || (update->cookie & RULES_COOKIE_MASK) == ours)
		want_sync(m->controller);
}

static void
on_bridge_up(void *ctx)
{
	struct member *m = ctx;

	m->controller->counters.bridge_ups++;
	want_sync(m->controller);
}

static void
on_bridge_down(void *ctx)
{
	struct member *m = ctx;

	m->controller->counters.bridge_downs++;
	m->n_rules = 0;
}

static void
on_retry(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	want_sync(ctx);
}

/* ---- life --------------------------------------------------------------------------------------------------- */

static const struct bridge_ops bridge_ops = {
	.on_up = on_bridge_up,
	.on_down = on_bridge_down,
	.on_ports = on_bridge_change,
	.on_rule = on_bridge_rule,
};

static int
create_member(struct controller *c, unsigned b, SSL_CTX *tls)
{
	struct bridge_config config = {
		.name = c->topology->bridges[b].name,
		.address = c->topology->bridges[b].address,
		.tls = tls,
		.probe_ns = (uint64_t)c->config->openflow.probe_ms * 1000000,
		.request_ns = (uint64_t)c->config->openflow.timeout_ms * 1000000,
		.nudge_cookie = rules_cookie(c->config->magic, 0, RULES_NUDGE, 0),
	};
	struct member *m = &c->members[b];
	int result;

	m->controller = c;
	m->index = b;
	m->present = calloc(RULES_MAX, sizeof(m->present[0]));
	if (!m->present)
		return -ENOMEM;
	result = bridge_create(c->base, &config, &bridge_ops, m, &m->bridge);
	c->bridges[b] = m->bridge;
	return result;
}

static int
create_events(struct controller *c)
{
	uint32_t ms = c->config->openflow.audit_ms;
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};

	c->audit = event_new(c->base, -1, EV_PERSIST, on_retry, c);
	c->retry = evtimer_new(c->base, on_retry, c);
	c->kick = evtimer_new(c->base, on_kick, c);
	if (!c->audit || !c->retry || !c->kick)
		return -ENOMEM;
	event_add(c->audit, &tv);
	return 0;
}

int
controller_create(struct event_base *base, const struct ofctl_config *config,
		  const struct topology *topology, SSL_CTX *tls, struct controller **ret)
{
	struct controller *c = calloc(1, sizeof(*c));
	int result;

	if (!c)
		return -ENOMEM;
	TAILQ_INIT(&c->queue);
	TAILQ_INIT(&c->proofs);
	c->base = base;
	c->config = config;
	c->topology = topology;
	c->context = (struct rules_context){
		.topology = topology, .magic = config->magic, .numbers = c->numbers};
	c->desired = calloc(RULES_MAX, sizeof(c->desired[0]));
	c->mods = calloc((size_t)RULES_MAX * 2, sizeof(c->mods[0]));
	result = c->desired && c->mods ? create_events(c) : -ENOMEM;
	if (result == 0)
		result = load(c);
	for (unsigned b = 0; b < topology->n_bridges && result == 0; b++)
		result = create_member(c, b, tls);
	if (result < 0) {
		controller_destroy(c);
		return result;
	}
	*ret = c;
	return 0;
}

static void
free_event(struct event *event)
{
	if (event)
		event_free(event);
}

static void
drop_ops(struct op_list *list)
{
	struct op *op;

	while ((op = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, op, entry);
		if (op->phase == OP_PROOF)
			quiet_cancel(op->quiet);
		free(op);
	}
}

void
controller_destroy(struct controller *c)
{
	if (!c)
		return;
	drop_ops(&c->queue);
	drop_ops(&c->proofs);
	for (unsigned b = 0; b < TOPOLOGY_MAX_BRIDGES; b++) {
		bridge_destroy(c->members[b].bridge);
		free(c->members[b].present);
	}
	free(c->current);
	free_event(c->audit);
	free_event(c->retry);
	free_event(c->kick);
	free(c->desired);
	free(c->mods);
	free(c);
}

const struct controller_counters *
controller_counters(const struct controller *c)
{
	return &c->counters;
}

struct preflight_facts
controller_facts(struct controller *c)
{
	struct preflight_facts facts = {
		.context = &c->context, .steering = &c->steering, .bridges_up = bridges_up(c)};

	look_up_numbers(c);
	for (unsigned b = 0; b < c->topology->n_bridges; b++)
		facts.bridge_states[b] = bridge_state(c->bridges[b]);
	return facts;
}

const struct steering *
controller_steering(const struct controller *c)
{
	return &c->steering;
}

struct controller_bridge_info
controller_bridge_info(const struct controller *c, unsigned b)
{
	return (struct controller_bridge_info){.state = bridge_state(c->bridges[b]),
					       .datapath_id = bridge_datapath_id(c->bridges[b]),
					       .n_rules = c->members[b].n_rules};
}
