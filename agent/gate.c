/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carries out the gate's table: events to steps, facts to modes. slim_rx_burst() and slim_return()
 * of a gate that is not simply open end here.
 */
#include "gate.h"

#include "gate_table.h"
#include "install.h"
#include "plain.h"
#include "port.h"
#include "source.h"
#include "target.h"
#include "track.h"
#include "wipe.h"

/* ---- the table --------------------------------------------------------------------- */

/* Only tests/mutations says something else. */
#ifndef GATE_TABLE
#define GATE_TABLE static const
#endif

#define N_MODES (SLIM_GATE_SERVE + 1)

enum gate_event { EVENT_ENTER, EVENT_LEAVE, EVENT_POLL, EVENT_IDLE, N_EVENTS };

typedef void (*step_fn)(struct agent_worker *w);
typedef uint16_t (*receive_fn)(struct agent_worker *w, uint16_t p, struct rte_mbuf **pkts,
			       uint16_t max);
typedef void (*return_fn)(struct agent_worker *w, uint16_t p, struct rte_mbuf *m);

GATE_TABLE bool serves[N_MODES] = {
#define X(mode, name, does) [SLIM_GATE_##mode] = (does),
	SLIM_GATE_MODES(X)
#undef X
};

GATE_TABLE step_fn steps[N_MODES][N_EVENTS] = {
#define X(mode, event, function) [SLIM_GATE_##mode][EVENT_##event] = (function),
	SLIM_GATE_STEPS(X)
#undef X
};

GATE_TABLE receive_fn receives[N_MODES] = {
#define X(mode, function) [SLIM_GATE_##mode] = (function),
	SLIM_GATE_RECEIVES(X)
#undef X
};

GATE_TABLE return_fn returns[N_MODES] = {
#define X(mode, function) [SLIM_GATE_##mode] = (function),
	SLIM_GATE_RETURNS(X)
#undef X
};

GATE_TABLE uint8_t moves[N_MODES][GATE_N_FACTS] = {
#define X(mode, fact, next) [SLIM_GATE_##mode][GATE_FACT_##fact] = SLIM_GATE_##next,
	SLIM_GATE_MOVES(X)
#undef X
};

/* ---- modes --------------------------------------------------------------------------- */

static void
step(struct agent_worker *w, enum gate_event event)
{
	if (steps[w->mode][event] != NULL)
		steps[w->mode][event](w);
}

/* Nobody waits for what this worker does next. In the last part of a hold the target's slimd says otherwise. */
static bool
may_rest(const struct agent_worker *w)
{
	switch (w->mode) {
	case SLIM_GATE_CLOSED:
		return !w->pub.poll_busy;
	case SLIM_GATE_RECEIVE:
		return true;
	case SLIM_GATE_REDIRECT:
		return slim_source_is_through(w);
	default:
		return false;
	}
}

/* Which of the inline fast paths may be taken now. */
static void
set_busy(struct agent_worker *w)
{
	bool plain = w->mode == SLIM_GATE_PASS || w->mode == SLIM_GATE_CLOSED;

	w->pub.poll_busy = !plain || w->watch || w->wipe.on || w->installing;
	w->pub.commit_busy = w->pub.track != 0 || steps[w->mode][EVENT_IDLE] != NULL;
	w->pub.serving = w->mode == SLIM_GATE_PASS;
	w->pub.poll_says = serves[w->mode] ? SLIM_POLL_SERVES : 0;
	if (may_rest(w))
		w->pub.poll_says |= SLIM_POLL_REST;
	slim_port_set_open(w);
}

static void
set_mode(struct agent_worker *w, uint32_t mode)
{
	w->mode = mode;
	atomic_store_explicit(&w->pub.status->mode, mode, memory_order_relaxed);
}

static void
change(struct agent_worker *w, uint32_t mode)
{
	w->was = w->mode;
	if (mode != w->mode)
		step(w, EVENT_LEAVE);
	w->ack_due = false;
	set_mode(w, mode);
	step(w, EVENT_ENTER);
	set_busy(w);
}

static void
acknowledge(struct agent_worker *w)
{
	w->ack_due = false;
	atomic_store_explicit(&w->pub.status->ack_epoch, w->command.epoch,
			      memory_order_release); /* P2 */
}

/* A mode that is left by a fact has had its command carried out, as far as it ever will be. */
static void
carry_out(struct agent_worker *w)
{
	uint32_t facts = w->facts;

	w->facts = 0;
	for (; facts != 0; facts &= facts - 1) {
		uint32_t next = moves[w->mode][__builtin_ctz(facts)];

		if (next == 0)
			continue;
		if (next != w->mode)
			change(w, next);
		acknowledge(w);
	}
}

void
slim_gate_init(struct agent_worker *w, bool active)
{
	set_mode(w, active ? SLIM_GATE_PASS : SLIM_GATE_CLOSED);
	set_busy(w);
}

/* ---- commands --------------------------------------------------------------------------- */

/* The leader clears what the session before has left in the status. */
static void
begin_session(struct agent_worker *w)
{
	struct slim_shm_info *info = w->agent->info;

	w->session = w->command.session;
	if (!agent_is_leader(w))
		return;
	atomic_store_explicit(&info->taken_ns, 0, memory_order_relaxed);
	for (uint16_t p = 0; p < w->agent->n_ports; p++)
		atomic_store_explicit(&info->ports[p].probed, 0, memory_order_relaxed);
	w->probed_ns = 0;
}

void
slim_gate_enter(struct agent_worker *w)
{
	if (w->command.session != 0 && w->command.session != w->session)
		begin_session(w);
	slim_track_publish(w); /* what was noted under the old mask */
	w->pub.track = w->command.track;
	w->watch = w->command.watch;
	w->calm_ns = 0;
	w->wipe.on = false;
	w->facts = 0;
	for (uint16_t p = 0; p < w->agent->n_ports; p++)
		w->ports[p].vid = w->command.vids[p];
	change(w, w->command.mode);
	if (!w->ack_due)
		acknowledge(w);
}

/* ---- every poll --------------------------------------------------------------------------- */

static bool
poll_wipe(struct agent_worker *w)
{
	if (!w->wipe.on)
		return false;
	if (slim_wipe_poll(w))
		return true;
	w->wipe.on = false;
	acknowledge(w);
	return false;
}

/* Lazy fields may still be on their way when the instance already passes. */
static bool
poll_install(struct agent_worker *w)
{
	bool more;

	if (!w->installing)
		return false;
	more = slim_install_poll(w, w->mode == SLIM_GATE_RECEIVE);
	if (!more && w->mode != SLIM_GATE_RECEIVE && w->mode != SLIM_GATE_SERVE)
		w->installing = false;
	return more;
}

bool
slim_gate_poll(struct agent_worker *w)
{
	bool more = poll_wipe(w);

	more |= poll_install(w);
	step(w, EVENT_POLL);
	carry_out(w);
	set_busy(w);
	return more;
}

void
slim_gate_commit(struct agent_worker *w, bool idle)
{
	if (!idle)
		return;
	step(w, EVENT_IDLE);
	carry_out(w);
}

/* ---- packets ----------------------------------------------------------------------------- */

uint16_t
slim_rx_burst_gated(struct slim_worker *pub, uint16_t p, struct rte_mbuf **pkts, uint16_t max)
{
	struct agent_worker *w = agent_worker_of(pub);
	uint16_t n;

	if (p >= w->agent->n_ports || max == 0 || receives[w->mode] == NULL)
		return 0;
	w->now_ns = agent_now_ns();
	n = receives[w->mode](w, p, pkts, max);
	carry_out(w);
	return n;
}

uint16_t
slim_return(struct slim_worker *pub, uint16_t p, struct rte_mbuf **pkts, uint16_t n)
{
	struct agent_worker *w = agent_worker_of(pub);

	if (p >= w->agent->n_ports || returns[w->mode] == NULL)
		return 0;
	w->now_ns = agent_now_ns();
	for (uint16_t i = 0; i < n; i++)
		returns[w->mode](w, p, pkts[i]);
	return n;
}
