/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong, and when: a fault waits for a state of either session of a service, or for a
 * call of one daemon through the seam, and then strikes after a while. */
#include "world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	const char *component;
} kinds[N_FAULTS] = {[FAULT_NONE] = {"none", ""},
#define X(NAME, name, component) [NAME] = {name, component},
		     SIM_FAULTS(X)
#undef X
};

const char *
fault_name(enum fault_kind kind)
{
	return kinds[kind].name;
}

const char *
fault_component(enum fault_kind kind)
{
	return kinds[kind].component;
}

/* ---- strokes ----------------------------------------------------------------------------------- */

static struct host *
source_host(struct service *s)
{
	return &s->world->hosts[s->source];
}

static struct host *
target_host(struct service *s)
{
	return &s->world->hosts[1 - s->source];
}

static void
forget(struct service *s)
{
	s->forgotten = true;
	s->forgotten_ns = s->world->now;
}

static void
kill_nf(struct service *s, uint32_t side)
{
	/* Between two moves it is not slim's concern. */
	if (!s->moving)
		return;
	instance_kill(&s->instances[side]);
	if (side == s->source && s->in_memory_only)
		forget(s);
}

static void
stick(struct instance *inst, uint64_t until)
{
	struct nf_thread *t = &inst->threads[rnd(inst->service->world, RNG_PLAN, inst->n_workers)];

	if (until > t->stuck_until)
		t->stuck_until = until;
}

/* The journal is lost: only the memory of the NF knows of the session until slimd has taken it up. */
static void
note_forgotten(struct host *host)
{
	struct world *w = host->world;

	for (uint32_t i = 0; i < w->n_services; i++) {
		struct service *s = &w->services[i];

		if (!s->moving || s->source != host->number)
			continue;
		s->in_memory_only = true;
		if (!s->instances[s->source].alive)
			forget(s);
	}
}

/* A journal is lost with its daemon: nothing else takes a file away. */
static void
lose_journal(struct host *host, uint64_t down_ns)
{
	note_forgotten(host);
	host_kill(host, down_ns);
	disk_forget(host, false);
}

static void
strike_slimd(struct service *s, const struct fault *f)
{
	switch (f->kind) {
	case FAULT_KILL_SOURCE:
		host_kill(source_host(s), f->duration_ns);
		break;
	case FAULT_KILL_TARGET:
		host_kill(target_host(s), f->duration_ns);
		break;
	case FAULT_NF_SOURCE:
		kill_nf(s, s->source);
		break;
	case FAULT_NF_TARGET:
		kill_nf(s, 1u - s->source);
		break;
	case FAULT_STUCK_SOURCE:
		stick(&s->instances[s->source], s->world->now + f->duration_ns);
		break;
	case FAULT_STUCK_TARGET:
		stick(&s->instances[1 - s->source], s->world->now + f->duration_ns);
		break;
	case FAULT_ROW_REFUSED:
		s->instances[1 - s->source].refuse_rows = 1;
		break;
	case FAULT_ROW_SPOILT:
		s->instances[1 - s->source].spoil_rows = true;
		break;
	case FAULT_CANCEL:
	case FAULT_FORCE:
		host_cancel(s, s->source, f->kind == FAULT_FORCE);
		break;
	case FAULT_CANCEL_TARGET:
	case FAULT_FORCE_TARGET:
		host_cancel(s, 1u - s->source, f->kind == FAULT_FORCE_TARGET);
		break;
	default:
		break;
	}
}

static void
strike_disk(struct service *s, const struct fault *f)
{
	uint64_t until = s->world->now + f->duration_ns;
	struct host *source = source_host(s), *target = target_host(s);

	switch (f->kind) {
	case FAULT_DISK_FULL_SOURCE:
		source->full_until = until;
		break;
	case FAULT_DISK_FULL_TARGET:
		target->full_until = until;
		break;
	case FAULT_DISK_BROKEN_SOURCE:
		source->broken_until = until;
		break;
	case FAULT_DISK_BROKEN_TARGET:
		target->broken_until = until;
		break;
	case FAULT_DISK_TEAR_SOURCE:
		source->tear = true;
		source->tear_down_ns = f->duration_ns;
		break;
	case FAULT_DISK_TEAR_TARGET:
		target->tear = true;
		target->tear_down_ns = f->duration_ns;
		break;
	case FAULT_JOURNAL_LOST_SOURCE:
		lose_journal(source, f->duration_ns);
		break;
	case FAULT_JOURNAL_LOST_TARGET:
		lose_journal(target, f->duration_ns);
		break;
	case FAULT_UNREADABLE_SOURCE:
		note_forgotten(source);
		source->unreadable = 1;
		host_kill(source, f->duration_ns);
		break;
	case FAULT_UNREADABLE_TARGET:
		note_forgotten(target);
		target->unreadable = 1;
		host_kill(target, f->duration_ns);
		break;
	case FAULT_MEMORY_LOST:
		host_kill(source, f->duration_ns);
		disk_forget(source, true);
		break;
	default:
		break;
	}
}

static void
strike_network(struct service *s, const struct fault *f)
{
	struct world *w = s->world;
	uint64_t until = w->now + f->duration_ns;

	switch (f->kind) {
	case FAULT_LINK_CUT:
		link_cut_all(w);
		break;
	case FAULT_PARTITION:
		w->partition_until = until;
		link_cut_all(w);
		break;
	case FAULT_ONE_WAY:
		w->one_way_until[1 - s->source] = until;
		break;
	case FAULT_ONE_WAY_BACK:
		w->one_way_until[s->source] = until;
		break;
	case FAULT_SLOW_LINK:
		w->slow_until = until;
		w->slow_ns = f->duration_ns / 2;
		break;
	case FAULT_NARROW_LINK:
		w->narrow_until = until;
		break;
	case FAULT_OFCTL_FAIL:
		w->controller.fail_calls = 1 + (uint32_t)rnd(w, RNG_PLAN, 3);
		break;
	case FAULT_OFCTL_SLOW:
		w->controller.slow_until = until;
		w->controller.slow_ns = f->duration_ns / 4;
		break;
	case FAULT_OFCTL_GONE:
		w->controller.gone_until = until;
		controller_restart(w);
		break;
	case FAULT_OFCTL_RESTART:
		controller_restart(w);
		break;
	case FAULT_SWITCH_RESTART:
		w->switch_down_until = until;
		for (uint32_t i = 0; i < w->n_services; i++)
			switch_restart(&w->services[i]);
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
	default:
		break;
	}
}

static void
strike(void *ctx, uint32_t index, uint32_t unused, uint64_t unused2)
{
	struct world *w = ctx;
	const struct fault *f = &w->faults[index];
	struct service *s = &w->services[f->service < w->n_services ? f->service : 0];

	(void)unused;
	(void)unused2;
	trace(w, "FAULT %s for %.3f us", fault_name(f->kind), (double)f->duration_ns / 1000.0);
	w->struck[f->kind][s->state[s->source]]++;
	note_change(w);
	strike_slimd(s, f);
	strike_disk(s, f);
	strike_network(s, f);
}

/* ---- triggers --------------------------------------------------------------------------------------- */

void
plan_entered(struct service *s, enum session_state state)
{
	struct world *w = s->world;

	for (uint32_t i = 0; i < SIM_MAX_FAULTS; i++) {
		struct fault *f = &w->faults[i];

		if (f->kind == FAULT_NONE || f->fired || f->at_call || f->state != state ||
		    (f->service != s->number && f->service < w->n_services))
			continue;
		f->fired = true;
		engine_at(w, w->now + f->delay_ns, strike, w, i, 0, 0);
	}
}

bool
plan_kills(struct host *host, uint64_t *ret_down_ns)
{
	struct world *w = host->world;

	for (uint32_t i = 0; i < SIM_MAX_FAULTS; i++) {
		struct fault *f = &w->faults[i];
		struct service *s = &w->services[f->service < w->n_services ? f->service : 0];
		const struct host *victim =
			f->kind == FAULT_KILL_SOURCE ? source_host(s) : target_host(s);

		if (f->fired || !f->at_call || victim != host || host->calls != f->call)
			continue;
		f->fired = true;
		w->struck[f->kind][s->state[s->source]]++;
		*ret_down_ns = f->duration_ns;
		return true;
	}
	return false;
}

/* ---- plans -------------------------------------------------------------------------------------------- */

static uint64_t
any_duration(struct world *w)
{
	/* From a few microseconds to a tenth of a second. */
	uint64_t ns = rnd_range(w, RNG_PLAN, US(5), MS(100));

	return ns >> rnd(w, RNG_PLAN, 14);
}

static enum fault_kind
draw_kind(struct world *w)
{
	return (enum fault_kind)rnd_range(w, RNG_PLAN, 1, N_FAULTS - 1);
}

static void
draw_fault(struct world *w, struct fault *f)
{
	/* One draw a statement: the order of initializers is the compiler's. */
	f->kind = draw_kind(w);
	f->service = (uint8_t)rnd(w, RNG_PLAN, 2);
	f->state = (enum session_state)rnd(w, RNG_PLAN, SESSION_DONE);
	f->delay_ns = any_duration(w) / 8;
	f->duration_ns = any_duration(w);
	if (!rnd_chance(w, RNG_PLAN, 64))
		return;
	/* A death within a call, wherever that is. */
	f->kind = rnd_chance(w, RNG_PLAN, 128) ? FAULT_KILL_SOURCE : FAULT_KILL_TARGET;
	f->at_call = true;
	f->call = 20 + (uint32_t)rnd(w, RNG_PLAN, 160);
}

void
plan_random(struct world *w)
{
	static const uint8_t n_faults[8] = {0, 1, 1, 1, 2, 2, 3, 4};
	uint32_t n = n_faults[rnd(w, RNG_PLAN, 8)];

	for (uint32_t i = 0; i < n; i++)
		draw_fault(w, &w->faults[i]);
	if (rnd_chance(w, RNG_PLAN, 10) && w->options.hold_capacity == 0)
		w->options.hold_capacity = (uint32_t)rnd_range(w, RNG_PLAN, 1, 8);
	w->options.steadfast |= rnd_chance(w, RNG_PLAN, 64);
}

/* ---- as text: KIND@STATE+DELAY_US:DURATION_US[/SERVICE], or KIND@#CALL:DURATION_US --------------------------- */

static bool
find_state(const char *name, enum session_state *ret)
{
	static const char *const sides[2] = {"source-", "target-"};

	for (unsigned i = 0; i < SESSION_DONE; i++) {
		const char *side = sides[i >= TARGET_OFFERED];
		size_t n = strlen(side);

		if (strncmp(name, side, n) == 0 &&
		    strcmp(name + n, session_state_name((enum session_state)i)) == 0) {
			*ret = (enum session_state)i;
			return true;
		}
	}
	return false;
}

bool
fault_parse(const char *text, struct fault *ret)
{
	char kind[48], state[48];
	double delay_us = 0, duration_us = 0;
	unsigned service = 0, call;

	*ret = (struct fault){.kind = FAULT_NONE};
	if (sscanf(text, "%47[^@]@#%u:%lf/%u", kind, &call, &duration_us, &service) >= 3) {
		ret->at_call = true;
		ret->call = call;
	} else if (sscanf(text, "%47[^@]@%47[^+]+%lf:%lf/%u", kind, state, &delay_us, &duration_us,
			  &service) < 4 ||
		   !find_state(state, &ret->state)) {
		return false;
	}
	for (unsigned i = 1; i < N_FAULTS; i++)
		if (strcmp(kind, kinds[i].name) == 0)
			ret->kind = (enum fault_kind)i;
	ret->service = (uint8_t)service;
	ret->delay_ns = (uint64_t)(delay_us * 1e3 + 0.5);
	ret->duration_ns = (uint64_t)(duration_us * 1e3 + 0.5);
	return ret->kind != FAULT_NONE;
}

void
fault_print(const struct fault *f, char *buffer, size_t size)
{
	if (f->at_call)
		snprintf(buffer, size, "%s@#%u:%.3f/%u", fault_name(f->kind), f->call,
			 (double)f->duration_ns / 1e3, f->service);
	else
		snprintf(buffer, size, "%s@%s-%s+%.3f:%.3f/%u", fault_name(f->kind),
			 f->state >= TARGET_OFFERED ? "target" : "source",
			 session_state_name(f->state), (double)f->delay_ns / 1e3,
			 (double)f->duration_ns / 1e3, f->service);
}
