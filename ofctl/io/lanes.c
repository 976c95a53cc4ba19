/* SPDX-License-Identifier: Apache-2.0 */
/* Queues, bridges, life. Owns the bridges, what is wanted and its file. */
#include "lanes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "clock.h"
#include "log.h"

#define RETRY_MS 1000u
#define WATCH_S 1
#define WAIT_TOLD_NS UINT64_C(5000000000) /* a call that waits is told of so often */
#define CHANGE_GAP_NS UINT64_C(20000000)  /* between two repairs because of somebody else */

/* ---- what operations ask ------------------------------------------------------------------ */

uint32_t
controller_bridges_of(const struct controller *c, unsigned service)
{
	uint32_t bridges = 0;

	for (unsigned b = 0; b < c->topology->n_bridges; b++) {
		if (topology_service_uses(c->topology, &c->topology->services[service],
					  (uint16_t)b))
			bridges |= 1u << b;
	}
	return bridges;
}

uint32_t
controller_bridges_up(const struct controller *c)
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

const struct steering *
controller_view(struct op *op)
{
	struct controller *c = op->controller;

	c->view = c->wanted.now;
	if (op->lane->scope != RULES_SHARED)
		c->view.services[op->lane->scope] = op->next;
	return &c->view;
}

/* ---- changes ---------------------------------------------------------------------------------- */

static int
on_read(void *ctx)
{
	struct op *op = ctx;

	return op->repair ? repair_on_read(op) : call_on_read(op);
}

static bool
has_port(const void *ctx, uint16_t bridge, uint32_t number)
{
	const struct controller *c = ctx;

	return bridge_has_port(c->bridges[bridge], number);
}

static bool
is_of_no_service(const struct topology *t, const struct rule *rule)
{
	uint8_t cookie = rules_cookie_service(rule->cookie);
	bool known = cookie == 0;

	for (unsigned s = 0; s < t->n_services; s++)
		known |= t->services[s].cookie == cookie;
	return !known;
}

/* The shared lane has read the rules of all services. Those of services that are not there are spared
 * for now if need be; those of the others are kept. */
static void
spare_orphans(struct op *op, struct change_part *part)
{
	unsigned n = 0;

	for (unsigned i = 0; i < part->n_present; i++) {
		if (!op->spares || !is_of_no_service(op->controller->topology, &part->present[i]))
			part->present[n++] = part->present[i];
	}
	part->n_present = n;
}

static struct rules_keep
keep(const struct op *op, const struct steering *view, unsigned bridge)
{
	struct controller *c = op->controller;
	struct rules_keep keep = {.bridge = (uint16_t)bridge,
				  .steering = view,
				  .misfits = rules_misfits(&c->context, view),
				  .has_port = has_port,
				  .ctx = c};

	if (op->lane->scope == RULES_SHARED)
		keep.services = UINT32_MAX;
	else if (!op->next.known)
		keep.services = UINT32_C(1) << op->lane->scope;
	return keep;
}

static void
log_mods(const struct op *op, unsigned bridge, unsigned n)
{
	const struct controller *c = op->controller;
	unsigned removed = 0;

	for (unsigned i = 0; i < n; i++)
		removed += c->mods[i].command != OF_FLOW_ADD;
	log_at(op->repair ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, 0,
	       "rules change bridge=%s service=%s set=%u removed=%u reason=%s",
	       c->topology->bridges[bridge].name,
	       op->lane->scope == RULES_SHARED ? "-" : c->topology->services[op->lane->scope].name,
	       n - removed, removed, op->repair ? "repair" : "call");
}

static int
diff(void *ctx, unsigned bridge, struct of_flow_mod *mods, unsigned *ret_n_rules)
{
	struct op *op = ctx;
	struct controller *c = op->controller;
	struct change_part *part = &op->change.parts[bridge];
	const struct steering *view = controller_view(op);
	struct rules_keep kept = keep(op, view, bridge);
	int n = rules_desired_of(&c->context, view, op->lane->scope, (uint16_t)bridge, c->desired);
	unsigned n_mods;

	if (n < 0)
		return n;
	spare_orphans(op, part);
	*ret_n_rules = (unsigned)n;
	n_mods = rules_diff(&c->context, c->desired, (unsigned)n, part->present, part->n_present,
			    &kept, mods);
	if (n_mods > 0)
		log_mods(op, bridge, n_mods);
	c->counters.rules_changed += n_mods;
	return (int)n_mods;
}

static void
on_bridge(void *ctx, unsigned bridge, unsigned n_rules)
{
	struct op *op = ctx;

	op->controller->members[bridge].n_rules[op->lane - op->controller->lanes] = n_rules;
}

static void
on_change_done(void *ctx)
{
	struct op *op = ctx;

	op->controller->counters.commits += op->change.n_commits;
	if (op->repair)
		repair_done(op);
	else
		call_done(op);
}

/* ---- lanes -------------------------------------------------------------------------------------- */

static void
kick(struct controller *c)
{
	event_active(c->kick, EV_TIMEOUT, 0);
}

void
lane_leave(struct op *op)
{
	op->lane->current = NULL;
	kick(op->controller);
}

void
lane_want_repair(struct lane *lane)
{
	lane->repair_wanted = true;
	kick(lane->controller);
}

static void
retry_in(struct lane *lane, uint64_t ns)
{
	struct timeval tv = {.tv_sec = (time_t)(ns / CLOCK_SECOND_NS),
			     .tv_usec = (suseconds_t)(ns % CLOCK_SECOND_NS / 1000)};

	if (!event_pending(lane->retry, EV_TIMEOUT, NULL))
		event_add(lane->retry, &tv);
}

void
lane_retry_repair(struct lane *lane)
{
	retry_in(lane, (uint64_t)RETRY_MS * 1000000);
}

static const struct change_ops change_ops = {
	.on_read = on_read,
	.diff = diff,
	.on_bridge = on_bridge,
	.done = on_change_done,
};

static void
set_scope(const struct controller *c, const struct lane *lane, struct change_config *config)
{
	config->cookie = rules_cookie(c->config->magic, 0, 0, 0);
	config->mask = RULES_COOKIE_MASK;
	if (lane->scope == RULES_SHARED)
		return;
	config->cookie =
		rules_cookie(c->config->magic, c->topology->services[lane->scope].cookie, 0, 0);
	config->mask = RULES_COOKIE_SERVICE_MASK;
}

struct op *
lane_new_op(struct lane *lane)
{
	struct controller *c = lane->controller;
	struct op *op = calloc(1, sizeof(*op));
	struct change_config config = {.topology = c->topology,
				       .bridges = c->bridges,
				       .scratch = c->mods,
				       .ops = &change_ops,
				       .ctx = op};

	if (!op)
		return NULL;
	set_scope(c, lane, &config);
	op->controller = c;
	op->lane = lane;
	op->service = lane->scope == RULES_SHARED ? 0 : (unsigned)lane->scope;
	op->began_ns = clock_now_ns();
	change_init(&op->change, &config);
	return op;
}

void
op_free(struct op *op)
{
	change_fini(&op->change);
	free(op);
}

void
op_start(struct op *op, uint32_t bridges)
{
	op->change.config.partial = op->repair;
	change_start(&op->change, bridges);
}

/* Repairs first: they undo what a failed call has left. */
static struct op *
next_op(struct lane *lane)
{
	struct op *op;

	if (lane->repair_wanted && (op = lane_new_op(lane)) != NULL) {
		lane->repair_wanted = false;
		op->repair = true;
	} else if ((op = TAILQ_FIRST(&lane->queue)) != NULL) {
		TAILQ_REMOVE(&lane->queue, op, entry);
	}
	return op;
}

static void
begin_next(struct lane *lane)
{
	struct op *op = lane->current ? NULL : next_op(lane);

	if (!op)
		return;
	lane->current = op;
	if (lane->scope != RULES_SHARED)
		op->next = lane->controller->wanted.now.services[lane->scope];
	look_up_numbers(lane->controller);
	if (op->repair)
		repair_begin(op);
	else
		call_begin(op);
}

/* The next operations begin on a fresh stack. */
static void
on_kick(evutil_socket_t fd, short what, void *ctx)
{
	struct controller *c = ctx;

	(void)fd;
	(void)what;
	for (unsigned i = 0; i < c->n_lanes; i++)
		begin_next(&c->lanes[i]);
}

static struct lane *
lane_of(struct controller *c, const char *service)
{
	int s = topology_find_service(c->topology, service);

	return &c->lanes[s < 0 ? c->n_lanes - 1 : (unsigned)s];
}

void
controller_call(struct controller *c, const struct controller_call *call)
{
	struct lane *lane = lane_of(c, call->service);
	struct op *op = c->n_calls < CONTROLLER_MAX_CALLS ? lane_new_op(lane) : NULL;
	struct steering_reason reason = {.code = SLIM__V1__REASON_CODE__REASON_INTERNAL,
					 .text = "too many calls at a time"};

	if (!op) {
		call->done(call->ctx, &reason, 0);
		return;
	}
	op->call = *call;
	c->n_calls++;
	TAILQ_INSERT_TAIL(&lane->queue, op, entry);
	kick(c);
}

/* ---- events of bridges and clock --------------------------------------------------------------------- */

static void
want_repairs(struct controller *c)
{
	for (unsigned i = 0; i < c->n_lanes; i++)
		lane_want_repair(&c->lanes[i]);
}

static void
on_bridge_change(void *ctx)
{
	struct member *m = ctx;

	want_repairs(m->controller);
}

/* Somebody else has changed a rule of this lane. Whoever does it without end does not keep us busy. */
static void
on_lane_change(struct lane *lane)
{
	uint64_t now = clock_now_ns();

	if (now - lane->told_ns < CHANGE_GAP_NS) {
		retry_in(lane, CHANGE_GAP_NS);
		return;
	}
	lane->told_ns = now;
	lane_want_repair(lane);
}

static void
on_bridge_rule(void *ctx, const struct of_update *update)
{
	struct member *m = ctx;
	struct controller *c = m->controller;
	uint8_t cookie;

	if (!update) {
		want_repairs(c);
		return;
	}
	if ((update->cookie & RULES_COOKIE_MASK) != rules_cookie(c->config->magic, 0, 0, 0))
		return;
	cookie = rules_cookie_service(update->cookie);
	for (unsigned i = 0; i < c->n_lanes; i++) {
		int scope = c->lanes[i].scope;

		if (scope == RULES_SHARED || c->topology->services[scope].cookie == cookie) {
			on_lane_change(&c->lanes[i]);
			return;
		}
	}
}

static void
on_bridge_up(void *ctx)
{
	struct member *m = ctx;

	m->controller->counters.bridge_ups++;
	want_repairs(m->controller);
}

static void
on_bridge_down(void *ctx)
{
	struct member *m = ctx;

	m->controller->counters.bridge_downs++;
	memset(m->n_rules, 0, sizeof(m->n_rules));
}

static void
on_audit(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	want_repairs(ctx);
}

static void
on_retry(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	lane_want_repair(ctx);
}

/* ---- who waits for what ---------------------------------------------------------------------------------- */

static const char *
verb_name(enum controller_verb verb)
{
	static const char *const names[] = {"prepare", "flip", "await-quiet", "fence",
					    "cleanup", "set",  "clear"};

	return names[verb];
}

static void
describe(const struct op *op, char text[CONTROLLER_WAIT_SIZE])
{
	uint64_t ms = (clock_now_ns() - op->began_ns) / 1000000;
	char what[96];

	if (op->quiet)
		quiet_waits_for(op->quiet, what, sizeof(what));
	else if (op->lane->current == op)
		change_waits_for(&op->change, what, sizeof(what));
	else
		snprintf(what, sizeof(what), "calls before it");
	if (op->repair)
		snprintf(text, CONTROLLER_WAIT_SIZE, "repair waits %" PRIu64 " ms for %s", ms,
			 what);
	else
		snprintf(text, CONTROLLER_WAIT_SIZE,
			 "%s of %016" PRIx64 " waits %" PRIu64 " ms for %s",
			 verb_name(op->call.verb), op->call.session, ms, what);
}

unsigned
controller_waits(const struct controller *c, unsigned service, char text[][CONTROLLER_WAIT_SIZE],
		 unsigned max)
{
	const struct lane *lane = &c->lanes[service];
	const struct op *op;
	unsigned n = 0;

	if (lane->current && n < max)
		describe(lane->current, text[n++]);
	TAILQ_FOREACH(op, &lane->queue, entry)
		if (n < max)
			describe(op, text[n++]);
	TAILQ_FOREACH(op, &c->proofs, entry)
		if (op->lane == lane && n < max)
			describe(op, text[n++]);
	return n;
}

static void
tell_wait(struct op *op)
{
	uint64_t now = clock_now_ns();
	char text[CONTROLLER_WAIT_SIZE];

	if (now - op->began_ns < CLOCK_SECOND_NS || now - op->told_ns < WAIT_TOLD_NS)
		return;
	op->told_ns = now;
	describe(op, text);
	log_info("waiting service=%s %s",
		 op->lane->scope == RULES_SHARED
			 ? op->call.service
			 : op->controller->topology->services[op->lane->scope].name,
		 text);
}

static void
on_watch(evutil_socket_t fd, short what, void *ctx)
{
	struct controller *c = ctx;
	struct op *op;

	(void)fd;
	(void)what;
	for (unsigned i = 0; i < c->n_lanes; i++) {
		if (c->lanes[i].current)
			tell_wait(c->lanes[i].current);
		TAILQ_FOREACH(op, &c->lanes[i].queue, entry)
			tell_wait(op);
	}
	TAILQ_FOREACH(op, &c->proofs, entry)
		tell_wait(op);
}

/* ---- proofs of flow caches, for showing ------------------------------------------------------------------ */

void
controller_note_proof(struct controller *c, unsigned bridge, const struct fresh_result *result)
{
	struct controller_proof *proof = &c->members[bridge].proof;

	proof->kind = result->fault == FRESH_PROVEN ? SLIM__V1__PROOF_KIND__PROOF_CACHE
						    : SLIM__V1__PROOF_KIND__PROOF_COUNTERS;
	snprintf(proof->text, sizeof(proof->text), "%s", result->text);
}

int
controller_prove(struct controller *c, unsigned bridge, fresh_done_fn *done, void *ctx,
		 struct fresh **ret)
{
	return fresh_start(c->base, c->bridges[bridge], c->topology->bridges[bridge].control,
			   CONTROLLER_CHECK_NS, done, ctx, ret);
}

/* ---- life ------------------------------------------------------------------------------------------------ */

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
	result = bridge_create(c->base, &config, &bridge_ops, m, &m->bridge);
	c->bridges[b] = m->bridge;
	return result;
}

static int
create_lanes(struct controller *c)
{
	c->n_lanes = c->topology->n_services + 1;
	for (unsigned i = 0; i < c->n_lanes; i++) {
		struct lane *lane = &c->lanes[i];

		lane->controller = c;
		lane->scope = i + 1 < c->n_lanes ? (int)i : RULES_SHARED;
		lane->retry = evtimer_new(c->base, on_retry, lane);
		if (!lane->retry)
			return -ENOMEM;
	}
	return 0;
}

static int
create_events(struct controller *c)
{
	static const struct timeval watch = {.tv_sec = WATCH_S};
	uint32_t ms = c->config->openflow.audit_ms;
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};

	c->audit = event_new(c->base, -1, EV_PERSIST, on_audit, c);
	c->watch = event_new(c->base, -1, EV_PERSIST, on_watch, c);
	c->kick = evtimer_new(c->base, on_kick, c);
	if (!c->audit || !c->watch || !c->kick)
		return -ENOMEM;
	event_add(c->audit, &tv);
	event_add(c->watch, &watch);
	return 0;
}

static int
create_parts(struct controller *c, SSL_CTX *tls)
{
	int result = create_events(c);

	if (result == 0)
		result = create_lanes(c);
	for (unsigned b = 0; b < c->topology->n_bridges && result == 0; b++)
		result = create_member(c, b, tls);
	return result;
}

int
controller_create(struct event_base *base, const struct ofctl_config *config,
		  const struct topology *topology, SSL_CTX *tls, struct controller **ret)
{
	struct controller *c = calloc(1, sizeof(*c));
	int result;

	if (!c)
		return -ENOMEM;
	TAILQ_INIT(&c->proofs);
	for (unsigned i = 0; i <= TOPOLOGY_MAX_SERVICES; i++)
		TAILQ_INIT(&c->lanes[i].queue);
	c->base = base;
	c->config = config;
	c->topology = topology;
	c->context = (struct rules_context){
		.topology = topology, .magic = config->magic, .numbers = c->numbers};
	c->desired = calloc(RULES_MAX, sizeof(c->desired[0]));
	c->mods = calloc((size_t)RULES_MAX * 2, sizeof(c->mods[0]));
	wanted_load(&c->wanted, topology, config->state_dir);
	result = c->desired && c->mods ? create_parts(c, tls) : -ENOMEM;
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
drop_lane(struct lane *lane)
{
	struct op *op;

	while ((op = TAILQ_FIRST(&lane->queue)) != NULL) {
		TAILQ_REMOVE(&lane->queue, op, entry);
		op_free(op);
	}
	if (lane->current)
		op_free(lane->current);
	free_event(lane->retry);
}

void
controller_destroy(struct controller *c)
{
	struct op *op;

	if (!c)
		return;
	for (unsigned i = 0; i < c->n_lanes; i++)
		drop_lane(&c->lanes[i]);
	while ((op = TAILQ_FIRST(&c->proofs)) != NULL) {
		TAILQ_REMOVE(&c->proofs, op, entry);
		call_proof_fini(op);
	}
	for (unsigned b = 0; b < TOPOLOGY_MAX_BRIDGES; b++)
		bridge_destroy(c->members[b].bridge);
	free_event(c->audit);
	free_event(c->watch);
	free_event(c->kick);
	free(c->desired);
	free(c->mods);
	free(c);
}

/* ---- for showing ------------------------------------------------------------------------------------------- */

const struct controller_counters *
controller_counters(const struct controller *c)
{
	return &c->counters;
}

struct preflight_facts
controller_facts(struct controller *c)
{
	struct preflight_facts facts = {.context = &c->context,
					.steering = &c->wanted.now,
					.bridges_up = controller_bridges_up(c)};

	look_up_numbers(c);
	for (unsigned b = 0; b < c->topology->n_bridges; b++)
		facts.bridge_states[b] = bridge_state(c->bridges[b]);
	return facts;
}

const struct steering *
controller_steering(const struct controller *c)
{
	return &c->wanted.now;
}

struct controller_bridge_info
controller_bridge_info(const struct controller *c, unsigned b)
{
	struct controller_bridge_info info = {.state = bridge_state(c->bridges[b]),
					      .datapath_id = bridge_datapath_id(c->bridges[b]),
					      .proof = &c->members[b].proof};

	for (unsigned i = 0; i < c->n_lanes; i++)
		info.n_rules += c->members[b].n_rules[i];
	return info;
}
