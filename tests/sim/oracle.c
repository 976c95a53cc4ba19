/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The judge. It knows nothing of sessions: it sees packets enter, be handled and
 * leave, and keeps one table for the whole world. At the end the owner's table must be the
 * same. The invariants are those of the design's section on moves.
 */
#include "world.h"

void
oracle_sent(struct world *w, uint32_t p)
{
	(void)p;
	w->oracle.n_sent++;
}

static void
check_handler(struct world *w, uint32_t inst)
{
	const struct nf *other = &w->nf[1 - inst];

	/* Invariant 1, at the moment when it counts. A fenced target that has done nothing is
	 * no rival: nothing of it passes the switch. */
	if (!nf_is_active(other))
		return;
	if (inst == w->source && other->handled == 0 && switch_egress_is_shut(w, 1 - inst))
		return;
	violation(w, "invariant 1: nf%u handles a packet while nf%u may", inst, 1 - inst);
}

void
oracle_handled(struct world *w, uint32_t inst, uint32_t p)
{
	struct packet *packet = &w->packets[p];
	struct slot *slot = &w->oracle.table[packet->flow / 2];

	check_handler(w, inst);
	if (packet->handled)
		violation(w, "invariant 2: flow %u packet %u is handled twice", packet->flow,
			  packet->seq);
	packet->handled = true;
	slot->used = true;
	slot->key = packet->flow / 2;
	slot_update(slot, packet);
	if (packet->last)
		*slot = (struct slot){0};
}

void
oracle_out(struct world *w, uint32_t p)
{
	const struct packet *packet = &w->packets[p];
	uint32_t *last = &w->oracle.out[packet->flow];

	w->oracle.n_out++;
	if (!packet->handled)
		violation(w, "flow %u packet %u leaves unhandled", packet->flow, packet->seq);
	if (packet->seq <= *last)
		violation(w, "invariant 3: flow %u packet %u leaves after packet %u", packet->flow,
			  packet->seq, *last);
	*last = packet->seq;
}

void
oracle_dropped(struct world *w, uint32_t p, const char *where, bool excused)
{
	const struct packet *packet = &w->packets[p];

	if (excused || w->oracle.excuse_all)
		w->oracle.n_excused++;
	else
		violation(w, "invariant 2: flow %u packet %u is lost: %s", packet->flow,
			  packet->seq, where);
}

void
oracle_overflow(struct world *w, uint32_t p)
{
	(void)p;
	w->oracle.n_overflow++;
}

static bool
same_as_oracle(const struct world *w, const struct nf *nf)
{
	uint64_t want = 0;
	uint32_t n = 0;

	for (uint32_t i = 0; i < SIM_MAX_CONNECTIONS; i++) {
		if (!w->oracle.table[i].used)
			continue;
		want += slot_digest(&w->oracle.table[i]);
		n++;
	}
	return want == nf_digest(nf) && n == nf_used(nf);
}

void
oracle_taking_over(struct world *w, uint32_t inst)
{
	/* END may have been on its way until long after the source gave up and fenced. */
	if (nf_is_active(&w->nf[1 - inst]) && switch_egress_is_shut(w, inst))
		return;
	if (!same_as_oracle(w, &w->nf[inst]))
		violation(w, "invariant 4: nf%u takes over with a state that is not the source's",
			  inst);
}

/* After every step. */
void
oracle_step(struct world *w)
{
	for (uint32_t inst = 0; inst < 2; inst++) {
		const struct nf *nf = &w->nf[inst];
		const struct nf *other = &w->nf[1 - inst];

		if (inst != w->source || !nf_is_active(nf) || !nf_is_active(other))
			continue;
		if (other->handled != 0 || !switch_egress_is_shut(w, 1 - inst))
			violation(w, "invariant 1: both instances may handle packets");
	}
}

/* ---- the end --------------------------------------------------------------------------- */

static bool
all_in_mode(const struct nf *nf, uint32_t mode)
{
	for (uint32_t i = 0; i < nf->n_workers; i++) {
		if (nf->workers[i].mode != mode)
			return false;
	}
	return true;
}

static bool
some_nf_died(const struct world *w)
{
	return !w->nf[0].alive || !w->nf[1].alive;
}

static void
check_standby(struct world *w, uint32_t inst)
{
	const struct nf *nf = &w->nf[inst];

	if (!nf->alive)
		return;
	if (!all_in_mode(nf, SLIM_GATE_CLOSED))
		violation(w, "invariant 5: nf%u is not closed", inst);
	if (nf_used(nf) != 0)
		violation(w, "invariant 5: nf%u still holds %u rows", inst, nf_used(nf));
	if (nf->hold_word != SLIM_HOLD_IDLE)
		violation(w, "nf%u keeps hold word %u of an old session", inst, nf->hold_word);
}

static void
check_owner(struct world *w, uint32_t inst)
{
	const struct nf *nf = &w->nf[inst];

	if (!nf->alive)
		return;
	if (!all_in_mode(nf, SLIM_GATE_PASS))
		violation(w, "invariant 5: nf%u does not serve", inst);
	if (w->sw.rules.serving != inst)
		violation(w, "the switch does not steer to nf%u, which serves", inst);
	if (w->sw.rules.session)
		violation(w, "the redirect path is left behind");
	if (!w->oracle.excuse_all && !same_as_oracle(w, nf))
		violation(w, "invariant 4: nf%u's state is not what the packets made it", inst);
	if (nf->hold_word != SLIM_HOLD_IDLE)
		violation(w, "nf%u keeps hold word %u of an old session", inst, nf->hold_word);
}

/* Something was lost, but the service goes on where it can. */
static void
check_failed(struct world *w)
{
	uint32_t serving = w->sw.rules.serving;

	if (!some_nf_died(w)) {
		/* A target that ended alone has lost what the source counted late. */
		if (w->oracle.n_overflow == 0 && w->daemon[1 - w->source].stage != STAGE_SETTLED)
			violation(w, "the result is failed, but nothing was lost");
		check_owner(w, serving);
		check_standby(w, 1 - serving);
	} else if (w->nf[serving].alive) {
		check_owner(w, serving);
	}
}

static void
check_counts(struct world *w)
{
	const struct oracle *o = &w->oracle;

	if (o->n_out + o->n_excused + o->n_overflow != o->n_sent)
		violation(w, "invariant 2: %u packets sent, %u left, %u excused, %u overflowed",
			  o->n_sent, o->n_out, o->n_excused, o->n_overflow);
}

void
oracle_end(struct world *w)
{
	uint32_t source = w->source;

	check_counts(w);
	switch (w->result) {
	case RESULT_COMPLETE:
		check_owner(w, 1 - source);
		check_standby(w, source);
		break;
	case RESULT_FAILED:
		check_failed(w);
		break;
	case RESULT_NONE:
		if (!some_nf_died(w))
			violation(w, "the session has no result");
		break;
	default:
		if (w->nf[source].alive)
			check_owner(w, source);
		else if (w->result != RESULT_REFUSED && w->daemon[source].session.nf_gone)
			violation(w, "the result is %s, but the source is dead",
				  session_result_name(w->result));
		check_standby(w, 1 - source);
	}
	if (w->oracle.n_overflow != 0 && w->n_moves_done == 1 && w->result != RESULT_FAILED)
		violation(w, "%u packets overflowed, but the result is %s", w->oracle.n_overflow,
			  session_result_name(w->result));
}
