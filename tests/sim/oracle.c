/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The judge. It knows nothing of sessions: it sees packets enter, be handled and leave, and keeps
 * one table for each service. At the end the owner's table must be the same. The invariants are
 * those of the design's section on moves.
 */
#include "world.h"

#include <string.h>

void
row_update(struct row *row, const struct packet *packet)
{
	row->count++;
	row->hash = row->hash * 31u + (uint32_t)packet->flow * 65537u + packet->seq;
}

/* ---- packets ------------------------------------------------------------------------------ */

/* A fenced target that has done nothing is no rival: nothing of it passes the switch. */
static bool
is_harmless(const struct instance *rival)
{
	return rival->handled == 0 && switch_egress_is_shut(rival->service, rival->side);
}

static void
check_handler(const struct instance *inst)
{
	struct service *s = inst->service;
	const struct instance *other = &s->instances[1 - inst->side];

	if (s->forced || !instance_may_handle(other) || is_harmless(other))
		return;
	violation(s->world, "invariant 1: %s handles a packet while %s may", inst->name,
		  other->name);
}

void
oracle_handled(struct instance *inst, uint32_t p)
{
	struct service *s = inst->service;
	struct packet *packet = &s->world->packets[p];
	struct row *row = &s->oracle.table[packet->flow / 2];

	check_handler(inst);
	if (packet->handled)
		violation(s->world, "invariant 2: flow %u packet %u of %s is handled twice",
			  packet->flow, packet->seq, s->name);
	packet->handled = true;
	row->used = true;
	row->key = packet->flow / 2;
	row_update(row, packet);
	if (packet->last)
		*row = (struct row){0};
}

void
oracle_out(struct service *s, uint32_t p)
{
	const struct packet *packet = &s->world->packets[p];
	uint32_t *last = &s->oracle.out[packet->flow];

	s->oracle.n_out++;
	if (!packet->handled)
		violation(s->world, "flow %u packet %u of %s leaves unhandled", packet->flow,
			  packet->seq, s->name);
	if (packet->seq <= *last && !s->forced)
		violation(s->world, "invariant 3: flow %u packet %u of %s leaves after packet %u",
			  packet->flow, packet->seq, s->name, *last);
	*last = packet->seq;
}

void
oracle_dropped(struct service *s, uint32_t p, const char *where, bool excused)
{
	const struct packet *packet = &s->world->packets[p];

	if (excused || s->oracle.excuse_all || s->forced)
		s->oracle.n_excused++;
	else
		violation(s->world, "invariant 2: flow %u packet %u of %s is lost: %s",
			  packet->flow, packet->seq, s->name, where);
}

void
oracle_overflow(struct service *s)
{
	s->oracle.n_overflow++;
}

/* ---- tables ---------------------------------------------------------------------------------- */

static const char *
difference(const struct service *s, const struct instance *inst)
{
	uint32_t n = 0;

	for (uint32_t key = 0; key < SIM_MAX_CONNECTIONS; key++) {
		const struct row *want = &s->oracle.table[key];
		struct row row = {0};
		bool found = instance_row(inst, key, &row);

		n += want->used;
		if (found != want->used)
			return found ? "a row too many" : "a row is missing";
		if (found && (row.count != want->count || row.hash != want->hash))
			return "a row differs";
	}
	return instance_used(inst) == n ? NULL : "rows that nobody knows";
}

void
oracle_taking_over(struct instance *inst)
{
	struct service *s = inst->service;
	const struct instance *other = &s->instances[1 - inst->side];
	const char *why;

	if (s->forced || s->oracle.excuse_all)
		return;
	/* END may have been on its way until long after the source gave up and fenced. */
	if (instance_may_handle(other) && switch_egress_is_shut(s, inst->side))
		return;
	why = difference(s, inst);
	if (why != NULL)
		violation(s->world, "invariant 4: %s takes over, but %s", inst->name, why);
}

/* After every step. */
void
oracle_step(struct world *w)
{
	for (uint32_t i = 0; i < w->n_services; i++) {
		struct service *s = &w->services[i];
		const struct instance *source = &s->instances[s->source];
		const struct instance *target = &s->instances[1 - s->source];

		if (s->forced || !instance_may_handle(source) || !instance_may_handle(target))
			continue;
		if (!is_harmless(target))
			violation(w, "invariant 1: both instances of %s may handle packets",
				  s->name);
	}
}

/* ---- the end ------------------------------------------------------------------------------------ */

static bool
all_in_mode(const struct instance *inst, uint32_t mode)
{
	for (uint32_t i = 0; i < inst->n_workers; i++)
		if (atomic_load_explicit(&inst->info->workers[i].mode, memory_order_relaxed) !=
		    mode)
			return false;
	return true;
}

static uint32_t
hold_word(const struct instance *inst)
{
	return atomic_load_explicit(&inst->control->gate.hold_word, memory_order_relaxed);
}

static bool
some_nf_died(const struct service *s)
{
	return !s->instances[0].alive || !s->instances[1].alive;
}

static void
check_standby(const struct instance *inst)
{
	struct world *w = inst->service->world;

	if (!inst->alive)
		return;
	if (!all_in_mode(inst, SLIM_GATE_CLOSED))
		violation(w, "invariant 5: %s is not closed", inst->name);
	/* An owner that was made to discard may have had packets in its hands. */
	if (instance_used(inst) != 0 && !(inst->service->forced && inst->handled > 0))
		violation(w, "invariant 5: %s still holds %u rows", inst->name,
			  instance_used(inst));
	/* It is set back when all workers have closed, and the next session does so in any case. */
	if (hold_word(inst) != SLIM_HOLD_IDLE && !inst->service->forced)
		violation(w, "%s keeps hold word %u of an old session", inst->name,
			  hold_word(inst));
}

static void
check_owner(const struct instance *inst)
{
	struct service *s = inst->service;
	const char *why;

	if (!inst->alive)
		return;
	if (!all_in_mode(inst, SLIM_GATE_PASS))
		violation(s->world, "invariant 5: %s does not serve", inst->name);
	if (s->sw.rules.serving != inst->side && !s->forgotten && !s->rules_left)
		violation(s->world, "the switch does not steer to %s, which serves", inst->name);
	if (s->sw.rules.session && !s->forgotten && !s->rules_left)
		violation(s->world, "the redirect path of %s is left behind", s->name);
	if (hold_word(inst) != SLIM_HOLD_IDLE)
		violation(s->world, "%s keeps hold word %u of an old session", inst->name,
			  hold_word(inst));
	if (s->oracle.excuse_all || s->forced)
		return;
	why = difference(s, inst);
	if (why != NULL)
		violation(s->world, "invariant 4: at %s %s", inst->name, why);
}

/* Something was lost, but the service goes on where it can. */
static void
check_failed(struct service *s)
{
	uint32_t serving = s->sw.rules.serving;

	if (s->n_reasons == 0 && s->job_over)
		violation(s->world, "the result is failed, and no reason says what was lost");
	/* The risk was that the source must be there to serve, and the controller does not let it. */
	if (s->discarded && s->world->options.steadfast)
		return;
	if (!some_nf_died(s)) {
		check_owner(&s->instances[serving]);
		check_standby(&s->instances[1 - serving]);
	} else if (s->instances[serving].alive) {
		check_owner(&s->instances[serving]);
	}
}

static void
check_counts(struct service *s)
{
	const struct oracle *o = &s->oracle;

	if (o->n_out + o->n_excused + o->n_overflow != o->n_sent && !o->excuse_all && !s->forced)
		violation(s->world,
			  "invariant 2: %u packets sent to %s, %u left, %u excused, %u overflowed",
			  o->n_sent, s->name, o->n_out, o->n_excused, o->n_overflow);
}

static void
check_result(struct service *s)
{
	struct instance *source = &s->instances[s->source];
	struct instance *target = &s->instances[1 - s->source];

	if (s->was_failed && s->job_over && s->job_result != RESULT_FAILED)
		violation(s->world, "the result was failed before slimd was killed, and is %s",
			  session_result_name(s->job_result));
	switch (s->result) {
	case RESULT_COMPLETE:
		check_owner(target);
		check_standby(source);
		break;
	case RESULT_FAILED:
		check_failed(s);
		break;
	case RESULT_NONE:
		if (!some_nf_died(s) && !s->forced)
			violation(s->world, "the session of %s has no result", s->name);
		break;
	default:
		if (source->alive)
			check_owner(source);
		check_standby(target);
	}
}

void
oracle_end(struct service *s)
{
	check_counts(s);
	if (s->abandoned)
		check_owner(&s->instances[s->source]);
	else if (s->forced && s->result != RESULT_COMPLETE)
		check_failed(s);
	else
		check_result(s);
	if (s->oracle.n_overflow != 0 && s->n_moves_done == 1 && s->job_over &&
	    s->result != RESULT_FAILED)
		violation(s->world, "%u packets of %s overflowed, but the result is %s",
			  s->oracle.n_overflow, s->name, session_result_name(s->result));
}
