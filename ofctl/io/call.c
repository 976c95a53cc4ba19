/* SPDX-License-Identifier: Apache-2.0 */
/* Calls; see call.h. */
#include "call.h"

#include <errno.h>
#include <inttypes.h>

#include "lane.h"
#include "log.h"
#include "op.h"
#include "repair.h"

#define UNREACHABLE SLIM__V1__REASON_CODE__REASON_STEERING_UNREACHABLE

static struct steering_request
request_of(const struct controller_call *call)
{
	return (struct steering_request){.session = call->session,
					 .service = call->service,
					 .source = call->source,
					 .target = call->target,
					 .last_copy = call->last_copy};
}

/* Answers, and frees the op. */
static void
end_call(struct op *op)
{
	struct controller *c = op->controller;
	const struct steering_reason *reason = op->change.reason.code ? &op->change.reason : NULL;

	c->n_calls--;
	c->counters.calls++;
	c->counters.calls_refused += reason != NULL;
	if (reason)
		log_session_warn(op->call.session, "call refused service=%s code=%d: %s",
				 op->call.service, reason->code, reason->text);
	op->call.done(op->call.ctx, reason, op->service);
	op_free(op);
}

/* ---- proof -------------------------------------------------------------------------------- */

/* Other calls may have come in between, and the answer holds the session's tags. */
static void
check_prepared(struct op *op)
{
	struct controller *c = op->controller;
	struct steering_request request = request_of(&op->call);

	steering_check(c->topology, &c->wanted.now, &request, &op->service, &op->change.reason);
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

	op->quiet = NULL;
	TAILQ_REMOVE(&op->controller->proofs, op, entry);
	op->controller->counters.proofs += outcome == QUIET_PROVEN;
	if (outcome != QUIET_PROVEN)
		change_fail(&op->change, codes[outcome], "not proven %s: %s",
			    op->call.verb == CONTROLLER_PREPARE ? "fresh" : "quiet", text);
	else if (op->call.verb == CONTROLLER_PREPARE)
		check_prepared(op);
	end_call(op);
}

static void
count_perimeter(const struct op *op, struct quiet_config *config)
{
	const struct controller *c = op->controller;
	const struct topology_service *service = &c->topology->services[op->service];

	for (unsigned p = 0; p < service->n_ports; p++) {
		uint16_t port = service->perimeter[p].port;

		config->ports[config->n_ports++] = (struct quiet_port){
			.bridge = c->topology->ports[port].bridge, .number = c->numbers[port]};
	}
}

static void
on_fresh(void *ctx, unsigned bridge, const struct fresh_result *result)
{
	controller_note_proof(ctx, bridge, result);
}

/* What is counted where no control socket helps: stragglers of the session at the source, or after
 * a fence whatever leaves at the perimeter. After a preparation traffic goes on: nothing. */
static struct quiet_config
proof_config(const struct op *op)
{
	struct controller *c = op->controller;
	struct quiet_config config = {
		.topology = c->topology,
		.bridges = c->bridges,
		.concerned = op->change.concerned,
		.control_only = op->call.verb == CONTROLLER_PREPARE,
		.still_ns = (uint64_t)c->config->quiet.still_ms * 1000000,
		.deadline_ns = (uint64_t)c->config->quiet.deadline_ms * 1000000,
		.on_fresh = on_fresh,
		.fresh_ctx = c,
	};

	if (op->call.verb == CONTROLLER_QUIET)
		config.cookie =
			rules_cookie(c->config->magic, c->topology->services[op->service].cookie,
				     RULES_REDIRECT, steering_tag(op->call.session));
	else if (!op->orphan)
		count_perimeter(op, &config);
	return config;
}

static void
start_proof(struct op *op)
{
	struct controller *c = op->controller;
	struct quiet_config config = proof_config(op);

	if (quiet_start(c->base, &config, on_quiet, op, &op->quiet) < 0) {
		change_fail(&op->change, SLIM__V1__REASON_CODE__REASON_INTERNAL, "out of memory");
		end_call(op);
		return;
	}
	TAILQ_INSERT_TAIL(&c->proofs, op, entry);
}

/* ---- end ------------------------------------------------------------------------------------ */

/* Does the call stay wanted although it did not get through everywhere? Once flipped, fenced or
 * ended there is only forward: going back could put packets out of order or let both serve. */
static bool
is_forward(const struct op *op)
{
	switch (op->call.verb) {
	case CONTROLLER_FLIP:
	case CONTROLLER_FENCE:
		return op->change.phase == CHANGE_COMMIT;
	case CONTROLLER_CLEANUP:
		return true;
	default:
		return false;
	}
}

static void
finish_failed(struct op *op)
{
	struct controller *c = op->controller;

	if (op->changed && is_forward(op))
		wanted_enter(&c->wanted, op->service, &op->next);
	else if (op->changed)
		wanted_revert(&c->wanted, op->service);
	/* What was committed in part goes forward or back. */
	if (op->change.phase == CHANGE_COMMIT || op->call.verb == CONTROLLER_CLEANUP)
		lane_want_repair(op->lane);
	lane_leave(op);
	end_call(op);
}

static void
log_change(const struct op *op)
{
	const struct topology_service *service = &op->controller->topology->services[op->service];
	int active = steering_active(&op->next);

	log_session_info(op->call.session, "steering changed service=%s active=%s stage=%s",
			 op->call.service,
			 active == STEERING_NOBODY ? "-" : service->instances[active].name,
			 steering_stage_name(op->next.session.stage));
}

static void
done(struct op *op)
{
	enum controller_verb verb = op->call.verb;

	if (op->change.reason.code != 0) {
		finish_failed(op);
		return;
	}
	if (op->changed) {
		wanted_enter(&op->controller->wanted, op->service, &op->next);
		log_change(op);
	}
	lane_leave(op);
	if (verb == CONTROLLER_PREPARE || verb == CONTROLLER_QUIET || verb == CONTROLLER_FENCE)
		start_proof(op);
	else
		end_call(op);
}

void
call_proof_fini(struct op *op)
{
	quiet_cancel(op->quiet);
	op_free(op);
}

/* ---- decision ----------------------------------------------------------------------------------- */

/* The pure part, on what is wanted with the op's next state in it. */
static int
decide_on(struct op *op, struct steering *s)
{
	const struct topology *t = op->controller->topology;
	const struct controller_call *call = &op->call;
	struct steering_request request = request_of(call);
	struct steering_reason *reason = &op->change.reason;

	switch (call->verb) {
	case CONTROLLER_PREPARE:
		return steering_prepare(t, s, &request, &op->service, reason);
	case CONTROLLER_FLIP:
		return steering_flip(t, s, &request, &op->service, reason);
	case CONTROLLER_QUIET:
		return steering_quiet(t, s, &request, &op->service, reason);
	case CONTROLLER_FENCE:
		return steering_fence(t, s, &request, &op->service, reason);
	case CONTROLLER_CLEANUP:
		return steering_cleanup(t, s, &request, call->complete, &op->service, reason);
	case CONTROLLER_SET:
		return steering_set(t, s, call->service, call->target, call->sure, &op->service,
				    reason);
	default:
		return steering_clear(t, s, call->service, call->target, &op->service, reason);
	}
}

static int
decide(struct op *op)
{
	struct steering s = *controller_view(op);
	int result = decide_on(op, &s);

	if (result > 0)
		op->next = s.services[op->service];
	return result;
}

/* The state whose ports must be there for the call. A flip needs the target's only: the source may have gone
 * with its host. */
static struct steering_service
needed_state(const struct op *op)
{
	switch (op->call.verb) {
	case CONTROLLER_PREPARE:
	case CONTROLLER_SET:
		return op->next;
	case CONTROLLER_FLIP:
		return (struct steering_service){.known = true,
						 .serving = steering_active(&op->next)};
	default:
		return (struct steering_service){.known = false};
	}
}

static bool
is_undo(const struct op *op)
{
	return op->call.verb == CONTROLLER_FENCE || op->call.verb == CONTROLLER_CLEANUP;
}

/* Those with rules of the service as it is or will be, and of the others those that are up: the host of an
 * instance that has no part in it may be down, and is repaired when it comes back. Where it is not known what is
 * there, all of them. A fence may stand on one side only: until its session ends, the target's bridges count. */
static uint32_t
bridges_to_change(const struct op *op)
{
	const struct controller *c = op->controller;
	struct steering_service now = c->wanted.now.services[op->service];
	uint32_t all = controller_bridges_of(c, op->service);

	if (!now.known || (is_undo(op) && now.session.stage == STEERING_NO_SESSION))
		return all;
	if (now.session.stage == STEERING_FENCED)
		now.session.stage = STEERING_PREPARED;
	return all & (controller_bridges_up(c) | rules_bridges(&c->context, op->service, &now) |
		      rules_bridges(&c->context, op->service, &op->next));
}

static int
check_bridges(struct op *op, uint32_t bridges)
{
	const struct controller *c = op->controller;
	uint32_t down = bridges & ~controller_bridges_up(c);

	for (unsigned b = 0; b < c->topology->n_bridges; b++) {
		if (down & (1u << b)) {
			change_fail(&op->change, UNREACHABLE, "bridge %s is not connected (%s)",
				    c->topology->bridges[b].name, bridge_state(c->bridges[b]));
			return -ENOTCONN;
		}
	}
	return 0;
}

static int
check_ports(struct op *op)
{
	struct controller *c = op->controller;
	struct steering_service state = needed_state(op);
	char missing[96];

	for (unsigned b = 0; b < c->topology->n_bridges; b++) {
		if (rules_missing_ports(&c->context, op->service, &state, (uint16_t)b, missing,
					sizeof(missing))) {
			change_fail(&op->change, SLIM__V1__REASON_CODE__REASON_PORTS,
				    "bridge %s does not have: %s", c->topology->bridges[b].name,
				    missing);
			return -ENOENT;
		}
	}
	return 0;
}

static int
write_wanted(struct op *op)
{
	if (!op->changed || wanted_write(&op->controller->wanted, op->service, &op->next) == 0)
		return 0;
	op->changed = false; /* wanted.h puts the file back */
	change_fail(&op->change, SLIM__V1__REASON_CODE__REASON_INTERNAL,
		    "the state file cannot be written");
	return -EIO;
}

/* No rule on the switches is of the session of the call. */
static bool
has_no_rules_of_session(const struct op *op)
{
	uint32_t tag = steering_tag(op->call.session);

	for (unsigned b = 0; b < op->controller->topology->n_bridges; b++) {
		const struct change_part *part = &op->change.parts[b];

		for (unsigned i = 0; i < part->n_present; i++) {
			if (rules_cookie_tag(part->present[i].cookie) == tag)
				return false;
		}
	}
	return true;
}

/* The rules have told who serves, or they have not. What has no rule is undone. */
static int
on_read(struct op *op)
{
	int result;

	if (!op->unread)
		return 0;
	repair_infer(op);
	result = decide(op);
	if (result < 0 && !(is_undo(op) && !op->next.known && has_no_rules_of_session(op))) {
		op->changed = false;
		return -EINVAL;
	}
	op->change.reason.code = 0;
	op->changed |= result > 0;
	if (check_ports(op) < 0) {
		op->changed = false;
		return -ENOENT;
	}
	return write_wanted(op);
}

/* ---- begin -------------------------------------------------------------------------------------- */

static void
refuse(struct op *op)
{
	lane_leave(op);
	end_call(op);
}

/* Calls that could not be decided: of a service of which nothing is known yet, but whose rules tell,
 * and undoing something of a service that is not there, whose rules a look at all bridges takes
 * away. 0: it has been decided, no rule changes that. */
static uint32_t
bridges_to_read(struct op *op)
{
	struct controller *c = op->controller;

	op->orphan = op->lane->scope == RULES_SHARED && is_undo(op);
	if (op->orphan)
		return (UINT32_C(1) << c->topology->n_bridges) - 1;
	op->unread = op->lane->scope != RULES_SHARED && !op->next.known;
	return op->unread ? controller_bridges_of(c, op->service) : 0;
}

static void
begin_undecided(struct op *op)
{
	uint32_t bridges = bridges_to_read(op);

	if (bridges == 0) {
		refuse(op);
		return;
	}
	op->change.reason.code = 0;
	if (check_bridges(op, bridges) < 0)
		refuse(op);
	else
		op_start(op, bridges);
}

static void
begin(struct op *op)
{
	int result = decide(op);
	uint32_t bridges;

	if (result < 0) {
		begin_undecided(op);
		return;
	}
	op->changed = result > 0;
	bridges = bridges_to_change(op);
	result = check_bridges(op, bridges) < 0 || check_ports(op) < 0 ? -1 : 0;
	if (result < 0 && !is_forward(op)) {
		op->changed = false;
		refuse(op);
	} else if (write_wanted(op) < 0) {
		refuse(op);
	} else if (result < 0) {
		/* The end of a session is wanted even if the switch hears of it later. */
		finish_failed(op);
	} else {
		op_start(op, bridges);
	}
}

const struct op_kind call_kind = {
	.begin = begin,
	.on_read = on_read,
	.done = done,
};
