/* SPDX-License-Identifier: Apache-2.0 */
/* One run: a world from a seed, one or two moves of each service, then silence, then the verdict. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HORIZON_NS SEC(200)
#define MAX_STEPS 3000000u
#define WATCH_NS US(300)

static void watch(void *ctx, uint32_t a, uint32_t b, uint64_t c);

static void
init_parameters(struct world *w)
{
	w->limits = SESSION_LIMITS_DEFAULT;
	w->limits.preflight_ns = MS(3000);
	w->limits.max_hold_ns = MS(8);
	w->limits.query_ns = MS(5);
	w->limits.move_ns = MS(4000);
	w->limits.retry_ns = MS(3);
	w->limits.offer_ns = MS(3000);
	w->limits.small_rows = 4;
	w->limits.settle_ns = MS(150);
	w->limits.source_gone_ns =
		w->options.source_gone_ns != 0 ? w->options.source_gone_ns : MS(4000);
	if (w->options.taken_late)
		w->limits.max_hold_ns = w->limits.query_ns = MS(1);
	w->n_threads = (uint32_t)rnd_range(w, RNG_NET, 1, 3);
	w->tx_delay_ns = rnd_range(w, RNG_NET, US(2), US(120));
	w->wire_delay_ns = rnd_range(w, RNG_NET, US(2), US(60));
	w->peer_delay_ns = rnd_range(w, RNG_NET, US(20), US(300));
	w->frame_loss = rnd_chance(w, RNG_NET, 128) ? 0 : (uint32_t)rnd(w, RNG_NET, 100);
	w->lag_by_thread = rnd_chance(w, RNG_LAG, 64);
	w->lag_ns = w->options.keep_lag ? w->options.lag_ns : MS(1000) >> rnd(w, RNG_LAG, 14);
}

static void
init_service(struct world *w, uint32_t number)
{
	struct service *s = &w->services[number];

	s->world = w;
	s->number = (uint8_t)number;
	snprintf(s->name, sizeof(s->name), "s%u", number);
	s->serving_at_start = number == 0 ? 0 : (uint8_t)rnd(w, RNG_PLAN, 2);
	s->state[0] = s->state[1] = SESSION_DONE;
	s->source = s->serving_at_start;
	s->moves_left =
		w->options.n_moves != 0 ? w->options.n_moves : 1 + (uint32_t)rnd(w, RNG_PLAN, 2);
	switch_init(s);
	for (uint32_t side = 0; side < 2; side++)
		instance_start(s, side, side == s->serving_at_start);
	load_init(s);
}

static void
init_world(struct world *w, const struct options *options)
{
	memset(w, 0, offsetof(struct world, events)); /* the rest is written before it is read */
	w->options = *options;
	engine_init(w, options->seed);
	if (options->random_faults)
		plan_random(w);
	if (!options->random_faults || options->keep_faults)
		memcpy(w->faults, options->faults, sizeof(w->faults));
	init_parameters(w);
	w->n_services =
		options->n_services != 0 ? options->n_services : 1u + rnd_chance(w, RNG_PLAN, 48);
	w->controller.steadfast = w->options.steadfast;
	eal_enter(w, NULL);
	for (uint32_t i = 0; i < SIM_HOSTS; i++)
		host_init(w, i);
	for (uint32_t i = 0; i < w->n_services; i++)
		init_service(w, i);
	for (uint32_t i = 0; i < SIM_HOSTS && !w->failed; i++)
		host_begin(&w->hosts[i]);
}

static void
end_world(struct world *w)
{
	w->over = true;
	for (uint32_t i = 0; i < SIM_HOSTS; i++)
		host_end(&w->hosts[i]);
	link_end(w);
	for (uint32_t i = 0; i < w->n_services; i++)
		for (uint32_t side = 0; side < 2; side++)
			instance_end(&w->services[i].instances[side]);
	/* Packets on their way, and those in a worker's hands. */
	for (uint32_t p = 0; p < w->n_packets; p++)
		if (w->packets[p].m != NULL)
			packet_free(w, p);
	eal_enter(NULL, NULL);
}

/* The source's side of it was forgotten, and a fenced target is left. It is not the owner, and waits for
 * its operator. */
static bool
is_abandoned(const struct service *s)
{
	enum session_state left = s->state[1 - s->source];

	return s->forgotten && s->world->now > s->forgotten_ns + SEC(20) &&
	       s->state[s->source] == SESSION_DONE && left >= TARGET_SERVING &&
	       left <= TARGET_ADOPTING;
}

static bool
move_is_over(struct service *s)
{
	s->abandoned = is_abandoned(s);
	return (s->abandoned || host_is_quiet(s)) && !controller_is_busy(s);
}

/* A daemon that died before it journalled anything has touched nothing. One that died after
 * its last stroke has told nobody; then the switch shows which way it went. */
static enum session_result
result_of_move(const struct service *s)
{
	const struct host *host = &s->world->hosts[s->source];

	if (s->job_over || host->n_lives == 0 || !s->instances[s->source].alive)
		return s->job_result;
	return s->sw.rules.serving == s->source ? RESULT_ABORTED : RESULT_COMPLETE;
}

static void
note_move(struct service *s)
{
	s->result = result_of_move(s);
	s->reason = s->session_reason;
	s->n_moves_done++;
	s->moving = false;
	trace(s->world, "move %u of %s is over: %s", s->n_moves_done, s->name,
	      session_result_name(s->result));
}

static void
stop_load(void *ctx, uint32_t a, uint32_t b, uint64_t c)
{
	struct service *s = ctx;

	(void)a;
	(void)b;
	(void)c;
	s->load.stopped = true;
}

static void
start_move(void *ctx, uint32_t source, uint32_t b, uint64_t c)
{
	struct service *s = ctx;
	struct world *w = s->world;

	(void)b;
	(void)c;
	if (!w->hosts[source].alive || w->hosts[source].dying) { /* nobody there to ask */
		engine_at(w, w->now + MS(1), start_move, s, source, 0, 0);
		return;
	}
	s->source = (uint8_t)source;
	s->moving = true;
	s->in_memory_only = s->rules_left = s->was_failed = false;
	s->verdict = RESULT_NONE;
	s->job_over = false;
	s->job_result = RESULT_NONE;
	s->n_reasons = 0;
	s->first_reason = s->session_reason = 0;
	s->taken_ns = s->hold_ns = 0;
	for (uint32_t side = 0; side < 2; side++) {
		s->instances[side].refuse_rows = 0;
		s->instances[side].spoil_rows = false;
	}
	note_change(w);
	host_migrate(s);
	engine_at(w, w->now + WATCH_NS, watch, s, 0, 0, 0);
}

static bool
goes_on(struct service *s)
{
	return --s->moves_left > 0 && s->result != RESULT_FAILED && s->result != RESULT_NONE &&
	       s->oracle.n_overflow == 0 && s->instances[0].alive && s->instances[1].alive &&
	       !s->forced && !s->forgotten;
}

static void
watch(void *ctx, uint32_t a, uint32_t b, uint64_t c)
{
	struct service *s = ctx;
	struct world *w = s->world;
	uint32_t next;

	(void)a;
	(void)b;
	(void)c;
	if (!move_is_over(s)) {
		engine_at(w, w->now + WATCH_NS + lull_ns(w, MS(50)), watch, s, 0, 0, 0);
		return;
	}
	note_move(s);
	next = s->result == RESULT_COMPLETE ? 1u - s->source : s->source;
	if (goes_on(s))
		engine_at(w, w->now + rnd_delay(w, RNG_PLAN, MS(1)), start_move, s, next, 0, 0);
	else
		engine_at(w, w->now + MS(1), stop_load, s, 0, 0, 0);
}

static void
check_horizon(struct world *w)
{
	if (w->now <= HORIZON_NS && w->steps <= MAX_STEPS)
		return;
	for (uint32_t i = 0; i < w->n_services; i++) {
		const struct service *s = &w->services[i];

		if (s->moving)
			violation(w, "the move of %s does not end: source %s, target %s", s->name,
				  session_state_name(s->state[s->source]),
				  session_state_name(s->state[1 - s->source]));
	}
	violation(w, "the run does not end");
}

/* All load stopped, and time enough for what was under way. */
static bool
is_silent(const struct world *w)
{
	uint32_t sent = 0, ended = 0;

	for (uint32_t i = 0; i < w->n_services; i++) {
		const struct service *s = &w->services[i];

		if (!s->load.stopped)
			return false;
		if (s->oracle.excuse_all || s->forced)
			continue;
		sent += s->oracle.n_sent;
		ended += s->oracle.n_out + s->oracle.n_excused + s->oracle.n_overflow;
	}
	return sent == ended || w->now > w->changed_ns + MS(500);
}

/* A worker that stands still obeys when it comes back; an operator may have ended the session before. */
static uint64_t
last_stuck_ns(const struct world *w)
{
	uint64_t last = 0;

	for (uint32_t i = 0; i < w->n_services * 2; i++) {
		const struct instance *inst = &w->services[i / 2].instances[i % 2];

		for (uint32_t t = 0; inst->alive && t < inst->n_workers; t++)
			if (inst->threads[t].stuck_until > last)
				last = inst->threads[t].stuck_until;
	}
	return last;
}

static void
settle(struct world *w)
{
	uint64_t stuck = last_stuck_ns(w);
	uint64_t until = (stuck > w->now ? stuck : w->now) + MS(20);

	/* Another look at the modes when all is done. */
	while (!w->failed && w->now < until && engine_step(w))
		oracle_step(w);
}

bool
run(struct world *w, const struct options *options)
{
	init_world(w, options);
	for (uint32_t i = 0; i < w->n_services; i++)
		engine_at(w, MS(5) + rnd(w, RNG_PLAN, MS(3)), start_move, &w->services[i],
			  w->services[i].serving_at_start, 0, 0);
	while (!w->failed && !is_silent(w) && engine_step(w)) {
		oracle_step(w);
		check_horizon(w);
	}
	settle(w);
	for (uint32_t i = 0; i < w->n_services && !w->failed; i++)
		oracle_end(&w->services[i]);
	end_world(w);
	return !w->failed;
}
