/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The switch: rules, and a flow cache that follows them lazily. After a change each cached
 * flow goes on as before for any time up to the lag of the run; new flows
 * follow the rules at once. Calls of the controller are carried out one after the other.
 *
 * Links: between an instance's transmit queue and the switch each queue has delays of its
 * own; from the switch to an instance's port there is one wire, which keeps the order.
 * Links lose slim frames, never data.
 */
#include "world.h"

#include "slim_ctl.pb-c.h"

enum action { ACTION_DROP = 0, ACTION_TO_0, ACTION_TO_1, ACTION_OUT };

#define ACTION_TO(inst) ((uint8_t)(ACTION_TO_0 + (inst)))

/* ---- rules and cache ------------------------------------------------------------- */

static uint8_t
rules_action(const struct rules *r, uint32_t place)
{
	uint32_t inst;

	if (place < SIM_MAX_FLOWS)
		return ACTION_TO(r->serving);
	if (place < CACHE_TAGGED(0, 0))
		return (r->egress >> ((place - SIM_MAX_FLOWS) / SIM_MAX_FLOWS)) & 1 ? ACTION_OUT
										    : ACTION_DROP;
	if (!r->session)
		return ACTION_DROP;
	if (place < CACHE_FRAME(0, 0)) {
		inst = (place - CACHE_TAGGED(0, 0)) / SIM_N_PORTS;
		return inst == r->source ? ACTION_TO(r->target) : ACTION_DROP;
	}
	inst = (place - CACHE_FRAME(0, 0)) / SIM_N_PORTS;
	return inst == r->target ? ACTION_TO(r->source) : ACTION_DROP;
}

static void
refresh(struct world *w, uint32_t place)
{
	struct cached *c = &w->sw.cache[place];

	c->action = rules_action(&w->sw.rules, place);
	c->version = w->sw.version;
	c->valid = true;
}

static bool
is_stale(const struct world *w, const struct cached *c)
{
	return c->valid && c->version != w->sw.version && w->now < c->refresh_ns;
}

static uint8_t
lookup(struct world *w, uint32_t place)
{
	struct cached *c = &w->sw.cache[place];

	if (!c->valid || (c->version != w->sw.version && !is_stale(w, c)))
		refresh(w, place);
	return c->action;
}

static uint64_t
pick_lag(struct world *w)
{
	/* Anything from "at once" to the whole lag, on a logarithmic scale. */
	uint64_t lag = w->lag_ns >> rnd(w, RNG_LAG, 12);

	return rnd(w, RNG_LAG, lag + 1);
}

/* From here on the rules say something else; the cache follows when it likes. */
static void
change_rules(struct world *w, const struct rules *rules)
{
	uint64_t thread_lag[4];
	uint32_t place;

	for (unsigned i = 0; i < 4; i++)
		thread_lag[i] = pick_lag(w);
	for (place = 0; place < CACHE_SIZE; place++) {
		struct cached *c = &w->sw.cache[place];

		if (!c->valid || is_stale(w, c))
			continue;
		refresh(w, place); /* what was due by now */
		c->refresh_ns = w->now + (w->lag_by_thread ? thread_lag[place % 4] : pick_lag(w));
	}
	w->sw.rules = *rules;
	w->sw.version++;
}

static uint64_t
all_fresh_ns(const struct world *w)
{
	uint64_t at = w->now;

	for (uint32_t place = 0; place < CACHE_SIZE; place++) {
		const struct cached *c = &w->sw.cache[place];

		if (is_stale(w, c) && c->refresh_ns > at)
			at = c->refresh_ns;
	}
	return at;
}

bool
switch_egress_is_shut(struct world *w, uint32_t inst)
{
	if (w->sw.rules.egress & (1u << inst))
		return false;
	for (uint32_t flow = 0; flow < SIM_MAX_FLOWS; flow++) {
		const struct cached *c = &w->sw.cache[CACHE_EGRESS(inst, flow)];

		if (is_stale(w, c) && c->action == ACTION_OUT)
			return false;
	}
	return true;
}

void
switch_init(struct world *w)
{
	w->sw.rules = (struct rules){.serving = w->serving_at_start,
				     .egress = (uint8_t)(1u << w->serving_at_start)};
	w->sw.version = 1;
}

/* ---- links ---------------------------------------------------------------------------- */

static uint64_t
in_order(uint64_t *last, uint64_t at)
{
	if (at <= *last)
		at = *last + 1;
	*last = at;
	return at;
}

static void
drop(struct world *w, uint32_t p, const char *where, bool excused)
{
	if (w->packets[p].frame == 0)
		oracle_dropped(w, p, where, excused);
	packet_free(w, p);
}

static void
to_instance(struct world *w, uint32_t inst, uint32_t p)
{
	uint64_t *last = &w->sw.wire_last[inst][w->packets[p].port];

	engine_at(w, in_order(last, w->now + rnd_delay(w, RNG_NET, w->wire_delay_ns)), nf_arrive,
		  inst, p, 0);
}

static bool
frame_is_lost(struct world *w, const struct packet *packet, uint32_t inst)
{
	if (w->now < w->frames_lost_until && rnd_chance(w, RNG_NET, 230))
		return true;
	/* Everything that tells the source that the target owns. */
	if (w->now < w->taken_lost_until && inst != w->source &&
	    (packet->frame == SLIM_FRAME_TAKEN || packet->frame == SLIM_FRAME_FLUSH))
		return true;
	if (w->now < w->probes_lost_until && packet->frame == SLIM_FRAME_PROBE)
		return true;
	return rnd_chance(w, RNG_NET, w->frame_loss);
}

static uint32_t
place_of(const struct packet *packet, uint32_t inst)
{
	if (packet->tagged)
		return CACHE_TAGGED(inst, packet->port);
	if (packet->frame != 0)
		return CACHE_FRAME(inst, packet->port);
	return CACHE_EGRESS(inst, packet->flow);
}

static void
from_instance(struct world *w, uint32_t inst, uint32_t p, uint64_t unused)
{
	struct packet *packet = &w->packets[p];
	uint8_t action;

	(void)unused;
	if (packet->frame != 0 && frame_is_lost(w, packet, inst)) {
		packet_free(w, p);
		return;
	}
	if (w->now < w->sw.down_until) {
		drop(w, p, "the switch is down", true);
		return;
	}
	action = lookup(w, place_of(packet, inst));
	if (action == ACTION_OUT) {
		oracle_out(w, p);
		packet_free(w, p);
	} else if (action == ACTION_DROP) {
		drop(w, p, packet->tagged ? "no redirect path" : "no egress", false);
	} else {
		to_instance(w, action - ACTION_TO_0, p);
	}
}

void
switch_send(struct world *w, uint32_t inst, uint32_t worker, uint32_t port, uint32_t p)
{
	uint64_t *last = &w->sw.tx_last[inst][port][worker];

	engine_at(w, in_order(last, w->now + rnd_delay(w, RNG_NET, w->tx_delay_ns)), from_instance,
		  inst, p, 0);
}

static void
from_perimeter(struct world *w, uint32_t p, uint32_t unused, uint64_t unused2)
{
	(void)unused;
	(void)unused2;
	if (w->now < w->sw.down_until) {
		drop(w, p, "the switch is down", true);
		return;
	}
	to_instance(w, lookup(w, CACHE_PERIMETER(w->packets[p].flow)) - ACTION_TO_0, p);
}

void
switch_perimeter(struct world *w, uint32_t p)
{
	uint32_t thread = (w->packets[p].flow * 7u + 3u) % w->n_threads;

	engine_at(w,
		  in_order(&w->sw.thread_last[thread],
			   w->now + rnd_delay(w, RNG_NET, w->wire_delay_ns / 2 + 1)),
		  from_perimeter, p, 0, 0);
}

/* ---- the controller --------------------------------------------------------------------- */

static void calls_next(struct world *w);

static const char *const op_names[] = {"check", "prepare", "flip", "quiet", "fence", "cleanup"};

static void
carry_out(struct world *w, const struct steer_call *call)
{
	struct rules r = w->sw.rules;

	switch (call->op) {
	case OP_CHECK:
	case OP_QUIET:
		return;
	case OP_PREPARE:
		r.session = true;
		r.source = call->source;
		r.target = call->target;
		r.egress |= (uint8_t)(1u << call->target);
		break;
	case OP_FLIP:
		r.serving = call->target;
		r.egress |= (uint8_t)(1u << call->target);
		break;
	case OP_FENCE:
		r.egress &= (uint8_t) ~(1u << call->target);
		break;
	case OP_CLEANUP:
		r.session = false;
		r.serving = call->complete ? call->target : call->source;
		r.egress = (uint8_t)(1u << r.serving);
		break;
	}
	change_rules(w, &r);
}

enum { CALL_FAILED, CALL_DONE, CALL_REFUSED, CALL_FLIPPED };

static void
call_over(struct world *w, uint32_t index, uint32_t how, uint64_t unused)
{
	const struct steer_call *call = &w->sw.calls[index];

	(void)unused;
	trace(w, "steering %s %s", op_names[call->op],
	      how == CALL_DONE     ? "done"
	      : how == CALL_FAILED ? "failed"
				   : "refused");
	w->sw.busy = false;
	w->sw.calls_head++;
	daemon_steered(w, call, how == CALL_DONE,
		       how == CALL_FAILED    ? SLIM__V1__REASON_CODE__REASON_STEERING_UNREACHABLE
		       : how == CALL_FLIPPED ? SLIM__V1__REASON_CODE__REASON_STEERING_FLIPPED
					     : 0);
	calls_next(w);
}

/* Prepare, quiet and fence answer when the cache says the same as the rules. */
static uint64_t
proven_ns(const struct world *w, const struct steer_call *call)
{
	if (call->op == OP_QUIET && (w->options.controls & CONTROL_TRUST_BARRIER))
		return w->now;
	if (call->op == OP_PREPARE && (w->options.controls & CONTROL_PREPARE_EARLY))
		return w->now;
	if (call->op == OP_QUIET || call->op == OP_FENCE || call->op == OP_PREPARE)
		return all_fresh_ns(w);
	return w->now;
}

/* Some controllers do not go back once they have flipped. */
static bool
is_refused(const struct world *w, const struct steer_call *call)
{
	bool back = call->op == OP_FENCE || (call->op == OP_CLEANUP && !call->complete);

	/* A fenced session is not flipped, but for the last copy, nor one that is over. */
	if (call->op == OP_FLIP &&
	    (!w->sw.rules.session ||
	     (!call->last_copy && (w->sw.rules.egress & (1u << call->target)) == 0)))
		return true;
	return w->sw.steadfast && back && w->sw.rules.session &&
	       w->sw.rules.serving == call->target;
}

/* The first of flip and fence decides, but for the last copy. */
static bool
is_flipped(const struct world *w, const struct steer_call *call)
{
	return call->op == OP_FENCE && !call->last_copy && w->sw.rules.session &&
	       w->sw.rules.serving == call->target;
}

static void
call_run(struct world *w, uint32_t index, uint32_t unused, uint64_t unused2)
{
	const struct steer_call *call = &w->sw.calls[index];
	bool ok = true, done = true;

	(void)unused;
	(void)unused2;
	if (w->now < w->sw.gone_until)
		ok = done = false;
	if (w->sw.fail_calls > 0) {
		w->sw.fail_calls--;
		ok = false;
		done = rnd_chance(w, RNG_NET, 128); /* it may have been carried out all the same */
	}
	if (is_flipped(w, call)) {
		call_over(w, index, CALL_FLIPPED, 0);
		return;
	}
	if (done && !is_refused(w, call))
		carry_out(w, call);
	if (is_refused(w, call)) {
		call_over(w, index, CALL_REFUSED, 0);
		return;
	}
	engine_at(w, (ok ? proven_ns(w, call) : w->now) + rnd_delay(w, RNG_NET, US(100)), call_over,
		  index, ok ? CALL_DONE : CALL_FAILED, 0);
}

static void
calls_next(struct world *w)
{
	uint32_t index = w->sw.calls_head % 16;

	if (w->sw.busy || w->sw.calls_head == w->sw.calls_tail)
		return;
	w->sw.busy = true;
	engine_at(w, w->now + rnd_delay(w, RNG_NET, US(300)) + w->sw.slow_ns, call_run, index, 0,
		  0);
}

void
steer_request(struct world *w, const struct steer_call *call)
{
	if (w->sw.calls_tail - w->sw.calls_head == 16) {
		violation(w, "too many steering calls wait");
		return;
	}
	w->sw.calls[w->sw.calls_tail++ % 16] = *call;
	calls_next(w);
}
