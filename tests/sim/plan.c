/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong, and when: a fault waits for a state of either session, or for
 * an effect of one daemon, and then strikes after a while. */
#include "world.h"

const char *
fault_name(enum fault_kind kind)
{
	static const char *const names[N_FAULTS] = {
		"none",        "break",          "partition", "slow-peer",     "kill-source",
		"kill-target", "nf-source",      "nf-target", "ofctl-fail",    "ofctl-slow",
		"ofctl-gone",  "switch-restart", "cancel",    "cancel-target", "taken-lost",
		"frames-lost", "probes-lost",
	};

	return names[kind];
}

static void
kill_nf(struct world *w, uint32_t inst)
{
	/* Between two moves it is not slim's concern. */
	if (!w->nf[inst].alive || !w->daemon[w->source].has_session)
		return;
	nf_kill(w, inst);
	daemon_nf_died(w, inst);
}

static void
strike(struct world *w, uint32_t index, uint32_t unused, uint64_t unused2)
{
	const struct fault *f = &w->faults[index];
	uint32_t source = w->source, target = 1u - w->source;
	uint64_t until = w->now + f->duration_ns;

	(void)unused;
	(void)unused2;
	trace(w, "fault %s for %.3f us", fault_name(f->kind), (double)f->duration_ns / 1000.0);
	switch (f->kind) {
	case FAULT_BREAK:
		stream_cut(w, 0);
		break;
	case FAULT_PARTITION:
		stream_cut(w, until);
		break;
	case FAULT_SLOW_PEER:
		w->stream.slow_until = until;
		w->stream.slow_ns = f->duration_ns;
		break;
	case FAULT_KILL_SOURCE:
		daemon_kill(w, source, f->duration_ns);
		break;
	case FAULT_KILL_TARGET:
		daemon_kill(w, target, f->duration_ns);
		break;
	case FAULT_NF_SOURCE:
		kill_nf(w, source);
		break;
	case FAULT_NF_TARGET:
		kill_nf(w, target);
		break;
	case FAULT_OFCTL_FAIL:
		w->sw.fail_calls = 1 + (uint32_t)rnd(w, RNG_PLAN, 3);
		break;
	case FAULT_OFCTL_SLOW:
		w->sw.slow_ns = f->duration_ns / 4;
		break;
	case FAULT_OFCTL_GONE:
		w->sw.gone_until = until;
		break;
	case FAULT_SWITCH_RESTART:
		w->sw.down_until = until;
		w->sw.version++; /* the cache starts from the rules */
		for (uint32_t i = 0; i < CACHE_SIZE; i++)
			w->sw.cache[i].valid = false;
		break;
	case FAULT_CANCEL:
		daemon_event(w, source, EV_CANCEL, 0, 0);
		break;
	case FAULT_CANCEL_TARGET:
		daemon_event(w, target, EV_CANCEL, 0, 0);
		break;
	case FAULT_TAKEN_LOST:
		w->taken_lost_until = until;
		break;
	case FAULT_FRAMES_LOST:
		w->frames_lost_until = until;
		break;
	case FAULT_PROBES_LOST:
		w->probes_lost_until = until;
		break;
	case FAULT_NONE:
	case N_FAULTS:
		break;
	}
}

void
plan_entered(struct world *w, enum session_state state)
{
	for (uint32_t i = 0; i < SIM_MAX_FAULTS; i++) {
		struct fault *f = &w->faults[i];

		if (f->kind == FAULT_NONE || f->fired || f->at_effect || f->state != state)
			continue;
		f->fired = true;
		engine_at(w, w->now + f->delay_ns, strike, i, 0, 0);
	}
}

bool
plan_kills(struct world *w, uint32_t side, uint32_t effect)
{
	for (uint32_t i = 0; i < SIM_MAX_FAULTS; i++) {
		struct fault *f = &w->faults[i];
		bool is_source = side == w->source;

		if (f->fired || !f->at_effect || f->effect != effect ||
		    f->kind != (is_source ? FAULT_KILL_SOURCE : FAULT_KILL_TARGET))
			continue;
		f->fired = true;
		daemon_kill(w, side, f->duration_ns);
		return true;
	}
	return false;
}

static uint64_t
any_duration(struct world *w)
{
	/* From a few microseconds to a tenth of a second. */
	uint64_t ns = rnd_range(w, RNG_PLAN, US(5), MS(100));

	return ns >> rnd(w, RNG_PLAN, 14);
}

void
plan_random(struct world *w)
{
	static const uint8_t n_faults[8] = {0, 1, 1, 1, 2, 2, 2, 3};
	uint32_t n = n_faults[rnd(w, RNG_PLAN, 8)];

	for (uint32_t i = 0; i < n; i++) {
		struct fault *f = &w->faults[i];

		/* One draw a statement: the order of initializers is the compiler's. */
		f->kind = (enum fault_kind)rnd_range(w, RNG_PLAN, 1, N_FAULTS - 1);
		f->state = (enum session_state)rnd(w, RNG_PLAN, SESSION_DONE);
		f->delay_ns = any_duration(w) / 8;
		f->duration_ns = any_duration(w);
	}
	if (rnd_chance(w, RNG_PLAN, 10))
		w->options.hold_capacity = (uint32_t)rnd_range(w, RNG_PLAN, 1, 8);
	if (rnd_chance(w, RNG_PLAN, 6))
		w->options.target_slots = (uint32_t)rnd_range(w, RNG_PLAN, 4, 8);
	w->options.bad_digest = rnd_chance(w, RNG_PLAN, 6);
	w->options.steadfast = rnd_chance(w, RNG_PLAN, 128);
}
