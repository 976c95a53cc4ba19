/* SPDX-License-Identifier: Apache-2.0 */
/* One run: a world from a seed, one or two moves, then silence, then the verdict. */
#include "world.h"

#include <string.h>

#define HORIZON_NS MS(20000)
#define WATCH_NS US(300)

static void watch(struct world *w, uint32_t a, uint32_t b, uint64_t c);

static void
init_parameters(struct world *w)
{
	w->limits = (struct session_limits){
		.preflight_ns = MS(3000),
		.max_hold_ns = MS(8),
		.query_ns = MS(5),
		.move_ns = MS(4000),
		.retry_ns = MS(3),
		.offer_ns = MS(3000),
		.small_rows = 4,
		.settle_ns = MS(150),
		.source_gone_ns =
			w->options.source_gone_ns != 0 ? w->options.source_gone_ns : MS(4000),
	};
	w->hold_limit_ns = MS(15);
	w->n_threads = (uint32_t)rnd_range(w, RNG_NET, 1, 3);
	w->tx_delay_ns = rnd_range(w, RNG_NET, US(2), US(120));
	w->wire_delay_ns = rnd_range(w, RNG_NET, US(2), US(60));
	w->peer_delay_ns = rnd_range(w, RNG_NET, US(20), US(300));
	w->frame_loss = rnd_chance(w, RNG_NET, 128) ? 0 : (uint32_t)rnd(w, RNG_NET, 100);
	w->lag_by_thread = rnd_chance(w, RNG_LAG, 64);
	w->lag_ns = w->options.keep_lag ? w->options.lag_ns : MS(1000) >> rnd(w, RNG_LAG, 14);
}

static void
init_world(struct world *w, const struct options *options)
{
	memset(w, 0, sizeof(*w));
	w->options = *options;
	engine_init(w, options->seed);
	memcpy(w->faults, options->faults, sizeof(w->faults));
	if (options->random_faults)
		plan_random(w);
	init_parameters(w);
	w->moves_left =
		options->n_moves != 0 ? options->n_moves : 1 + (uint32_t)rnd(w, RNG_PLAN, 2);
	switch_init(w);
	w->sw.steadfast = w->options.steadfast;
	for (uint32_t side = 0; side < 2; side++) {
		nf_init(w, side, side == w->serving_at_start);
		daemon_init(w, side);
	}
	if (w->options.target_slots != 0)
		w->nf[1 - w->serving_at_start].n_slots = w->options.target_slots;
	if (w->options.taken_late)
		w->limits.max_hold_ns = w->limits.query_ns = MS(1);
	load_init(w);
}

static bool
move_is_over(const struct world *w)
{
	for (uint32_t side = 0; side < 2; side++) {
		if (!w->daemon[side].alive || w->daemon[side].has_session)
			return false;
	}
	return !w->sw.busy;
}

/* A daemon that died before it journalled anything has touched nothing. One that died after
 * its last stroke has told nobody; then the switch shows which way it went. */
static enum session_result
result_of_move(const struct world *w)
{
	const struct daemon *d = &w->daemon[w->source];

	if (d->result != RESULT_NONE || d->n_restarts == 0 || !w->nf[w->source].alive)
		return d->result;
	if (d->stage != STAGE_OVER || d->journal_session != w->session)
		return RESULT_REFUSED;
	return w->sw.rules.serving == w->source ? RESULT_ABORTED : RESULT_COMPLETE;
}

static void
note_move(struct world *w)
{
	const struct nf *nf = &w->nf[w->source];

	w->result = result_of_move(w);
	w->reason = w->daemon[w->source].reason;
	w->n_moves_done++;
	w->hold_ns = nf->taken_ns != 0 ? nf->hold_ns : 0;
	w->flush_wait_max_ns = w->nf[1 - w->source].flush_wait_max_ns;
	trace(w, "move %u is over: %s", w->session, session_result_name(w->result));
}

static void
stop_load(struct world *w, uint32_t a, uint32_t b, uint64_t c)
{
	(void)a;
	(void)b;
	(void)c;
	w->load.stopped = true;
}

static void
start_move(struct world *w, uint32_t source, uint32_t b, uint64_t c)
{
	(void)b;
	(void)c;
	if (!w->daemon[source].alive) { /* nobody there to ask */
		engine_at(w, w->now + MS(1), start_move, source, 0, 0);
		return;
	}
	daemon_start_move(w, source);
	engine_at(w, w->now + WATCH_NS, watch, 0, 0, 0);
}

static void
watch(struct world *w, uint32_t a, uint32_t b, uint64_t c)
{
	uint32_t next;

	(void)a;
	(void)b;
	(void)c;
	if (!move_is_over(w)) {
		engine_at(w, w->now + WATCH_NS, watch, 0, 0, 0);
		return;
	}
	note_move(w);
	next = w->result == RESULT_COMPLETE ? 1u - w->source : w->source;
	if (--w->moves_left > 0 && w->result != RESULT_FAILED && w->result != RESULT_NONE &&
	    w->oracle.n_overflow == 0 && w->nf[0].alive && w->nf[1].alive)
		engine_at(w, w->now + rnd_delay(w, RNG_PLAN, MS(1)), start_move, next, 0, 0);
	else
		engine_at(w, w->now + MS(1), stop_load, 0, 0, 0);
}

static void
check_horizon(struct world *w)
{
	if (w->now > HORIZON_NS || w->steps > 400000)
		violation(w, "the move does not end: source %s, target %s",
			  session_state_name(w->daemon[w->source].session.state),
			  session_state_name(w->daemon[1 - w->source].session.state));
}

bool
run(struct world *w, const struct options *options)
{
	init_world(w, options);
	engine_at(w, MS(1), start_move, w->serving_at_start, 0, 0);
	while (!w->failed && engine_step(w)) {
		oracle_step(w);
		check_horizon(w);
	}
	if (!w->failed)
		oracle_end(w);
	return !w->failed;
}
