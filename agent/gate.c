/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate's modes: how a worker enters and leaves them, what it does in each
 * once a poll and at the end of a burst. What happens to packets is in rx.c.
 */
#include "gate.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "install.h"
#include "redirect.h"
#include "rx.h"
#include "track.h"

static bool
is_leader(const struct agent_worker *w)
{
	return w->pub.index == 0;
}

static bool
is_session_mode(uint32_t mode)
{
	return mode == SLIM_GATE_HOLD || mode == SLIM_GATE_REDIRECT || mode == SLIM_GATE_RECEIVE ||
	       mode == SLIM_GATE_SERVE;
}

/* Which of the inline fast paths may be taken now. */
static void
set_busy(struct agent_worker *w)
{
	bool session = is_session_mode(w->mode);

	w->pub.poll_busy = session || w->watch || w->wipe.on || w->installing;
	w->pub.commit_busy =
		w->pub.track != 0 || w->mode == SLIM_GATE_HOLD || w->mode == SLIM_GATE_SERVE;
	w->pub.serving = w->mode == SLIM_GATE_PASS;
	w->pub.poll_says = w->mode == SLIM_GATE_PASS || w->mode == SLIM_GATE_SERVE
				   ? (uint8_t)SLIM_POLL_SERVES
				   : 0;
	slim_rx_set_open(w);
}

static void
set_mode(struct agent_worker *w, uint32_t mode)
{
	w->mode = mode;
	atomic_store_explicit(&w->pub.status->mode, mode, memory_order_relaxed);
	set_busy(w);
}

static void
acknowledge(struct agent_worker *w)
{
	w->ack_due = false;
	atomic_store_explicit(&w->pub.status->ack_epoch, w->command.epoch,
			      memory_order_release); /* P2 */
}

void
slim_gate_init(struct agent_worker *w, bool active)
{
	set_mode(w, active ? SLIM_GATE_PASS : SLIM_GATE_CLOSED);
}

/* ---- entering ------------------------------------------------------------- */

/* The leader clears what the session before has left in the status. */
static void
begin_session(struct agent_worker *w)
{
	struct slim_shm_info *info = w->agent->info;

	if (!is_leader(w))
		return;
	atomic_store_explicit(&info->taken_ns, 0, memory_order_relaxed);
	for (uint16_t p = 0; p < w->agent->n_ports; p++)
		atomic_store_explicit(&info->ports[p].probed, 0, memory_order_relaxed);
	w->probed_ns = 0;
}

static void
enter_hold(struct agent_worker *w)
{
	if (w->mode != SLIM_GATE_HOLD) {
		w->stopped_ns = w->now_ns;
		atomic_store_explicit(&w->pub.status->stopped_ns, w->now_ns, memory_order_relaxed);
		slim_rx_begin_hold(w);
	}
	for (uint16_t p = 0; p < w->agent->n_ports; p++) {
		w->ports[p].mark_due = true;
		/* Calls of an earlier session are not answered. */
		w->ports[p].answer = (struct slim_flush_answer){
			.seen = atomic_load_explicit(&w->agent->shared->ports[p].calls.call,
						     memory_order_acquire)}; /* F9 */
	}
	w->ack_due = true;
	w->may_wave = false;
	set_mode(w, SLIM_GATE_HOLD);
	atomic_store_explicit(&w->agent->shared->waves[w->pub.index].word,
			      (uint64_t)w->command.epoch << 32 | 1, memory_order_release); /* G1 */
}

/* Leaves HOLD: when, and until where the queues were filled. */
static void
leave_hold(struct agent_worker *w)
{
	if (w->mode != SLIM_GATE_HOLD)
		return;
	w->ack_due = false;
	for (uint16_t p = 0; p < w->agent->n_ports; p++)
		w->ports[p].held_until = w->ports[p].hold.tail;
	atomic_store_explicit(&w->pub.status->resumed_ns, w->now_ns, memory_order_relaxed);
}

static void
enter_receive(struct agent_worker *w)
{
	struct slim_agent *agent = w->agent;

	slim_rx_discard(w);
	if (is_leader(w)) {
		atomic_store_explicit(&agent->shared->taken_confirmed, 0, memory_order_relaxed);
		for (uint16_t p = 0; p < agent->n_ports; p++)
			atomic_store_explicit(&agent->info->ports[p].marks, 0,
					      memory_order_relaxed);
	}
	slim_rx_purge(w);
	slim_install_begin(w);
	w->installing = true;
	set_mode(w, SLIM_GATE_RECEIVE);
}

static void
enter_serve(struct agent_worker *w)
{
	if (w->mode != SLIM_GATE_SERVE && is_leader(w)) {
		w->taken_sent = 0;
		w->taken_sent_ns = 0;
		for (uint16_t p = 0; p < w->agent->n_ports; p++)
			slim_flush_reset(&w->agent->shared->ports[p].rounds);
	}
	if (w->mode != SLIM_GATE_SERVE)
		slim_rx_begin_queue(w);
	set_mode(w, SLIM_GATE_SERVE);
}

static void
enter_closed(struct agent_worker *w)
{
	slim_rx_discard(w);
	w->installing = false;
	w->wipe = (struct agent_wipe){.on = w->command.wipe};
	w->ack_due = w->command.wipe;
	set_mode(w, SLIM_GATE_CLOSED);
}

static void
enter_pass(struct agent_worker *w)
{
	leave_hold(w);
	slim_rx_release_all(w);
	set_mode(w, SLIM_GATE_PASS);
}

static void
enter_redirect(struct agent_worker *w)
{
	uint64_t never = 0;

	atomic_compare_exchange_strong_explicit(&w->agent->info->taken_ns, &never, w->now_ns,
						memory_order_relaxed, memory_order_relaxed);
	leave_hold(w);
	w->installing = false;
	set_mode(w, SLIM_GATE_REDIRECT);
}

void
slim_gate_enter(struct agent_worker *w)
{
	if (w->command.session != 0 && w->command.session != w->session) {
		w->session = w->command.session;
		begin_session(w);
	}
	slim_track_publish(w); /* what was noted under the old mask */
	w->pub.track = w->command.track;
	w->watch = w->command.watch;
	w->calm_ns = 0;
	w->wipe.on = false;
	for (uint16_t p = 0; p < w->agent->n_ports; p++)
		w->ports[p].vid = w->command.vids[p];
	switch (w->command.mode) {
	case SLIM_GATE_PASS:
		enter_pass(w);
		break;
	case SLIM_GATE_CLOSED:
		enter_closed(w);
		break;
	case SLIM_GATE_HOLD:
		enter_hold(w);
		break;
	case SLIM_GATE_REDIRECT:
		enter_redirect(w);
		break;
	case SLIM_GATE_RECEIVE:
		enter_receive(w);
		break;
	case SLIM_GATE_SERVE:
		enter_serve(w);
		break;
	}
	if (!w->ack_due)
		acknowledge(w);
}

/* ---- source: PASS with watch -------------------------------------------------- */

static void
send_probes(struct agent_worker *w)
{
	struct slim_shm_info *info = w->agent->info;

	if (!is_leader(w) || w->now_ns - w->probed_ns < AGENT_PROBE_NS)
		return;
	w->probed_ns = w->now_ns;
	for (uint16_t p = 0; p < w->agent->n_ports; p++) {
		if (atomic_load_explicit(&info->ports[p].probed, memory_order_relaxed) == 0)
			slim_redirect_frame(w, p, SLIM_FRAME_PROBE, 0);
	}
}

static bool
all_probed(const struct agent_worker *w)
{
	for (uint16_t p = 0; p < w->agent->n_ports; p++) {
		if (atomic_load_explicit(&w->agent->info->ports[p].probed, memory_order_relaxed) ==
		    0)
			return false;
	}
	return true;
}

/* A source has nothing to look for once the answers to its probes are in: until HOLD, no frame
 * of the session is sent to it. So tables are copied with the gate open. */
static void
end_watch(struct agent_worker *w)
{
	if (!all_probed(w))
		return;
	if (w->calm_ns == 0)
		w->calm_ns = w->now_ns;
	if (w->now_ns - w->calm_ns < AGENT_CALM_NS)
		return;
	w->watch = false;
	set_busy(w);
}

/* ---- source: HOLD ----------------------------------------------------------------- */

/* slimd has been silent for the hold limit, and END was not sent: nobody else can own
 * the buckets. Of all workers one wins the exchange; the others follow. */
static void
resume_if_abandoned(struct agent_worker *w)
{
	struct slim_shm_gate *shm = &w->agent->control->gate;
	uint64_t limit = w->command.hold_limit_ns;
	uint64_t beat = atomic_load_explicit(&shm->slimd_heartbeat_ns, memory_order_relaxed);
	uint32_t expected = SLIM_HOLD_HOLDING;

	if (limit == 0 || (int64_t)(w->now_ns - beat) <= (int64_t)limit ||
	    w->now_ns - w->stopped_ns <= limit)
		return;
	if (atomic_compare_exchange_strong_explicit(&shm->hold_word, &expected, SLIM_HOLD_RESUMED,
						    memory_order_acq_rel,
						    memory_order_acquire)) { /* P9 */
		AGENT_COUNT(w->counters->self_resume, 1);
		enter_pass(w);
	}
}

static void
send_marks(struct agent_worker *w)
{
	for (uint16_t p = 0; p < w->agent->n_ports; p++) {
		struct agent_port *port = &w->ports[p];

		/* Without a redirect path there is nothing that a mark could tell. */
		if (port->mark_due &&
		    (port->vid == 0 || slim_redirect_frame(w, p, SLIM_FRAME_MARK, 0)))
			port->mark_due = false;
	}
}

static bool
marks_are_sent(const struct agent_worker *w)
{
	for (uint16_t p = 0; p < w->agent->n_ports; p++) {
		if (w->ports[p].mark_due)
			return false;
	}
	return true;
}

/* Marks get lost like any frame. */
static void
repeat_marks(struct agent_worker *w)
{
	if (w->now_ns - w->marked_ns < AGENT_MARK_NS)
		return;
	w->marked_ns = w->now_ns;
	for (uint16_t p = 0; p < w->agent->n_ports; p++)
		w->ports[p].mark_due = true;
	send_marks(w);
}

static uint32_t
own_wave(const struct agent_worker *w)
{
	return (uint32_t)atomic_load_explicit(&w->agent->shared->waves[w->pub.index].word,
					      memory_order_relaxed);
}

static bool
all_reached_wave(const struct agent_worker *w, uint32_t wave)
{
	for (uint16_t i = 0; i < w->agent->n_workers; i++) {
		uint64_t word = atomic_load_explicit(&w->agent->shared->waves[i].word,
						     memory_order_acquire); /* G1 */

		if ((uint32_t)(word >> 32) != w->command.epoch || (uint32_t)word < wave)
			return false;
	}
	return true;
}

static void
poll_hold(struct agent_worker *w)
{
	struct slim_shm_gate *shm = &w->agent->control->gate;
	uint32_t word = atomic_load_explicit(&shm->hold_word, memory_order_acquire); /* P9 */

	if (word == SLIM_HOLD_TAKEN) {
		slim_gate_taken(w);
		return;
	}
	if (word == SLIM_HOLD_RESUMED) {
		enter_pass(w);
		return;
	}
	if (word == SLIM_HOLD_HOLDING)
		resume_if_abandoned(w);
	if (w->mode != SLIM_GATE_HOLD)
		return;
	if (w->ack_due)
		w->may_wave = all_reached_wave(w, own_wave(w));
	else
		repeat_marks(w);
}

/* Wave 1 says that this worker receives no more. What it received before, it has
 * handed on by then; after each further wave in which every worker found
 * nothing waiting for it, packets are one hop further. */
static void
commit_hold(struct agent_worker *w, bool idle)
{
	uint32_t last = w->agent->n_workers == 1 ? 2 : 1 + AGENT_MAX_HOPS;
	uint32_t wave = own_wave(w);

	if (!w->ack_due || !idle)
		return;
	if (wave < last) {
		if (!w->may_wave)
			return;
		w->may_wave = false;
		atomic_store_explicit(&w->agent->shared->waves[w->pub.index].word,
				      (uint64_t)w->command.epoch << 32 | ++wave,
				      memory_order_release); /* G1 */
		if (wave < last)
			return;
	}
	send_marks(w);
	if (!marks_are_sent(w))
		return;
	w->marked_ns = w->now_ns;
	acknowledge(w);
}

void
slim_gate_taken(struct agent_worker *w)
{
	if (w->mode == SLIM_GATE_HOLD)
		enter_redirect(w);
}

/* ---- source: REDIRECT ----------------------------------------------------------------- */

static void
poll_redirect(struct agent_worker *w)
{
	for (uint16_t p = 0; p < w->agent->n_ports; p++) {
		struct agent_port *port = &w->ports[p];

		slim_flush_answer_poll(&w->agent->shared->ports[p].calls, &port->answer,
				       port->queue_size);
		slim_rx_send_on(w, p);
	}
}

/* ---- target: SERVE --------------------------------------------------------------------- */

static bool
all_serve(const struct agent_worker *w)
{
	for (uint16_t i = 0; i < w->agent->n_workers; i++) {
		if (atomic_load_explicit(&w->agent->info->workers[i].ack_epoch,
					 memory_order_acquire) != w->command.epoch)
			return false;
	}
	return true;
}

static void
send_taken(struct agent_worker *w)
{
	if (w->taken_sent == AGENT_TAKEN_MAX || w->now_ns - w->taken_sent_ns < AGENT_TAKEN_NS ||
	    atomic_load_explicit(&w->agent->shared->taken_confirmed, memory_order_relaxed) != 0 ||
	    !all_serve(w))
		return;
	w->taken_sent++;
	w->taken_sent_ns = w->now_ns;
	for (uint16_t p = 0; p < w->agent->n_ports; p++)
		slim_redirect_frame(w, p, SLIM_FRAME_TAKEN, 0);
}

static void
lead_round(struct agent_worker *w, uint16_t p)
{
	struct slim_flush_rounds *rounds = &w->agent->shared->ports[p].rounds;
	struct slim_shm_port *status = &w->agent->info->ports[p];
	struct slim_flush_view view = {
		.n_workers = w->agent->n_workers,
		.peer_workers = w->command.peer_workers,
		.request = atomic_load_explicit(&w->agent->control->gate.round_request,
						memory_order_relaxed),
		.covered = atomic_load_explicit(&status->rounds_done, memory_order_relaxed),
		.waiting = atomic_load_explicit(&status->pending, memory_order_relaxed) != 0,
		.give_up_ns = SLIM_FLUSH_GIVE_UP_NS,
		.now_ns = w->now_ns,
	};

	switch (slim_flush_lead(rounds, &view)) {
	case SLIM_FLUSH_NOTHING:
		break;
	case SLIM_FLUSH_GAVE_UP:
		AGENT_COUNT(w->counters->round_gave_up, 1);
		break;
	case SLIM_FLUSH_RESEND:
		AGENT_COUNT(w->counters->round_resend, 1);
		/* fall through */
	case SLIM_FLUSH_SEND:
		slim_redirect_frame(w, p, SLIM_FRAME_FLUSH,
				    atomic_load_explicit(&rounds->round, memory_order_relaxed));
		break;
	case SLIM_FLUSH_FINISHED:
		AGENT_COUNT(w->counters->rounds, 1);
		atomic_store_explicit(&status->rounds_done, rounds->request, memory_order_release);
		break;
	}
}

static void
follow_round(struct agent_worker *w, uint16_t p)
{
	struct agent_port *port = &w->ports[p];

	slim_flush_poll(&w->agent->shared->ports[p].rounds, &port->member, w->pub.index,
			port->hold.tail, port->queue_size);
}

static void
poll_serve(struct agent_worker *w)
{
	for (uint16_t p = 0; p < w->agent->n_ports; p++) {
		/* Twice each, so that a round does not cost one poll for every step. */
		for (int i = 0; i < 2; i++) {
			if (is_leader(w))
				lead_round(w, p);
			follow_round(w, p);
		}
		if (is_leader(w))
			lead_round(w, p);
	}
	if (is_leader(w))
		send_taken(w);
}

static void
commit_serve(struct agent_worker *w, bool idle)
{
	if (!idle)
		return;
	for (uint16_t p = 0; p < w->agent->n_ports; p++)
		slim_flush_pass(&w->agent->shared->ports[p].rounds, &w->ports[p].member,
				w->pub.index);
}

/* ---- every poll --------------------------------------------------------------------------- */

static bool
poll_wipe(struct agent_worker *w)
{
	if (!w->wipe.on)
		return false;
	if (slim_install_wipe(w))
		return true;
	w->wipe.on = false;
	set_busy(w);
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
	if (more || w->mode == SLIM_GATE_RECEIVE || w->mode == SLIM_GATE_SERVE)
		return more;
	w->installing = false;
	set_busy(w);
	return false;
}

bool
slim_gate_poll(struct agent_worker *w)
{
	bool more = poll_wipe(w);

	more |= poll_install(w);
	switch (w->mode) {
	case SLIM_GATE_PASS:
		if (w->watch && w->command.is_source) {
			send_probes(w);
			end_watch(w);
		}
		break;
	case SLIM_GATE_HOLD:
		poll_hold(w);
		break;
	case SLIM_GATE_REDIRECT:
		poll_redirect(w);
		break;
	case SLIM_GATE_SERVE:
		poll_serve(w);
		break;
	}
	return more;
}

void
slim_gate_commit(struct agent_worker *w, bool idle)
{
	if (w->mode == SLIM_GATE_HOLD)
		commit_hold(w, idle);
	else if (w->mode == SLIM_GATE_SERVE)
		commit_serve(w, idle);
}
