/* SPDX-License-Identifier: Apache-2.0 */
#include "target.h"

#include <rte_mbuf.h>

#include "install.h"
#include "message.h"
#include "port.h"

/* ---- frames ------------------------------------------------------------------------- */

static void
take_frame(struct agent_worker *w, uint16_t p, const struct slim_frame_content *frame)
{
	struct slim_flush_rounds *rounds = &w->agent->shared->ports[p].rounds;

	slim_flush_heard(rounds, frame->worker);
	if (frame->type == SLIM_FRAME_PROBE)
		slim_message_send(w, p, SLIM_FRAME_PROBE_ACK, 0);
	if (frame->type == SLIM_FRAME_MARK)
		atomic_fetch_or_explicit(&w->agent->info->ports[p].marks, 1u << frame->worker,
					 memory_order_release);
	if (frame->type == SLIM_FRAME_FLUSH_COPY && w->mode == SLIM_GATE_SERVE) {
		atomic_store_explicit(&w->agent->shared->taken_confirmed, 1, memory_order_relaxed);
		slim_flush_copy(rounds, frame->round, frame->worker);
	}
}

static void
take_frames(struct agent_worker *w, uint16_t p, const struct slim_rx *rx)
{
	for (uint16_t i = 0; i < rx->n_frames; i++)
		take_frame(w, p, &rx->frames[i]);
}

/* ---- RECEIVE --------------------------------------------------------------------------- */

void
slim_target_receive_enter(struct agent_worker *w)
{
	struct slim_agent *agent = w->agent;

	slim_port_discard(w);
	if (agent_is_leader(w)) {
		atomic_store_explicit(&agent->shared->taken_confirmed, 0, memory_order_relaxed);
		for (uint16_t p = 0; p < agent->n_ports; p++)
			atomic_store_explicit(&agent->info->ports[p].marks, 0,
					      memory_order_relaxed);
	}
	slim_rx_purge(w);
	slim_install_begin(w);
	w->installing = true;
}

uint16_t
slim_target_receive_receive(struct agent_worker *w, uint16_t p, struct rte_mbuf **pkts,
			    uint16_t max)
{
	struct slim_rx rx;

	(void)pkts, (void)max;
	slim_rx_chunk(w, p, &rx);
	rte_pktmbuf_free_bulk(rx.pkts, rx.n);
	AGENT_COUNT(w->counters->closed_drop, rx.n);
	take_frames(w, p, &rx);
	return 0;
}

/* ---- SERVE: rounds ----------------------------------------------------------------------- */

void
slim_target_serve_enter(struct agent_worker *w)
{
	if (w->was == SLIM_GATE_SERVE)
		return;
	if (agent_is_leader(w)) {
		w->taken_sent = 0;
		w->taken_sent_ns = 0;
		for (uint16_t p = 0; p < w->agent->n_ports; p++)
			slim_flush_reset(&w->agent->shared->ports[p].rounds);
	}
	slim_port_begin_queue(w);
}

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
		slim_message_send(w, p, SLIM_FRAME_TAKEN, 0);
}

static struct slim_flush_view
view_of(const struct agent_worker *w, uint16_t p)
{
	const struct slim_shm_gate *gate = &w->agent->control->gate;
	const struct slim_shm_port *status = &w->agent->info->ports[p];

	return (struct slim_flush_view){
		.n_workers = w->agent->n_workers,
		.peer_workers = w->command.peer_workers,
		.request = atomic_load_explicit(&gate->round_request, memory_order_relaxed),
		.covered = atomic_load_explicit(&status->rounds_done, memory_order_relaxed),
		.waiting = atomic_load_explicit(&status->pending, memory_order_relaxed) != 0,
		.source_gone = atomic_load_explicit(&gate->source_gone, memory_order_relaxed) != 0,
		.give_up_ns = SLIM_FLUSH_GIVE_UP_NS,
		.now_ns = w->now_ns,
	};
}

static void
lead_round(struct agent_worker *w, uint16_t p)
{
	struct slim_flush_rounds *rounds = &w->agent->shared->ports[p].rounds;
	struct slim_flush_view view = view_of(w, p);

	switch (slim_flush_lead(rounds, &view)) {
	case SLIM_FLUSH_NOTHING:
		break;
	case SLIM_FLUSH_GAVE_UP:
		AGENT_COUNT(w->counters->round_gave_up, 1);
		break;
	case SLIM_FLUSH_NO_SOURCE:
		AGENT_COUNT(w->counters->round_without_source, 1);
		break;
	case SLIM_FLUSH_RESEND:
		AGENT_COUNT(w->counters->round_resend, 1);
		/* fall through */
	case SLIM_FLUSH_SEND:
		slim_message_send(w, p, SLIM_FRAME_FLUSH,
				  atomic_load_explicit(&rounds->round, memory_order_relaxed));
		break;
	case SLIM_FLUSH_FINISHED:
		AGENT_COUNT(w->counters->rounds, 1);
		atomic_store_explicit(&w->agent->info->ports[p].rounds_done, rounds->request,
				      memory_order_release);
		break;
	}
}

static void
follow_round(struct agent_worker *w, uint16_t p)
{
	struct agent_port *port = &w->ports[p];
	struct slim_flush_queue queue = slim_port_queue(w, port);

	if (slim_hold_count(&port->park) > 0)
		return; /* found by a drain, and not handed to the NF yet */
	slim_flush_poll(&w->agent->shared->ports[p].rounds, &port->member, w->pub.index,
			port->hold.tail, &queue);
}

void
slim_target_serve_poll(struct agent_worker *w)
{
	for (uint16_t p = 0; p < w->agent->n_ports; p++) {
		/* Twice each, so that a round does not cost one poll for every step. */
		for (int i = 0; i < 2; i++) {
			if (agent_is_leader(w))
				lead_round(w, p);
			follow_round(w, p);
		}
		if (agent_is_leader(w))
			lead_round(w, p);
	}
	if (agent_is_leader(w))
		send_taken(w);
}

void
slim_target_serve_idle(struct agent_worker *w)
{
	for (uint16_t p = 0; p < w->agent->n_ports; p++)
		slim_flush_pass(&w->agent->shared->ports[p].rounds, &w->ports[p].member,
				w->pub.index);
}

/* ---- SERVE: packets ------------------------------------------------------------------------ */

/* The word orders nothing: what came over the path was drained by a last round before it is said. */
static bool
path_is_quiet(const struct agent_worker *w)
{
	return atomic_load_explicit(&w->agent->control->gate.path_quiet, memory_order_relaxed) != 0;
}

/* What comes directly needs no round: rounds are switched off, or nothing can be older. A flow comes to one
 * worker, so with a quiet path only this worker's own queue can hold something older. */
static bool
is_in_order(const struct agent_worker *w, uint16_t p)
{
	return (w->command.fault & SLIM_FAULT_NO_FLUSH_ROUND) != 0 ||
	       (path_is_quiet(w) && slim_hold_count(&w->ports[p].hold) == 0);
}

/* To the NF now: redirected packets, and direct ones that are in order. */
static bool
goes_at_once(struct agent_worker *w, uint16_t p, const struct slim_rx *rx, uint16_t i)
{
	if (!slim_rx_is_redirected(rx, i))
		return is_in_order(w, p);
	AGENT_COUNT(w->counters->redirect_received, 1);
	atomic_store_explicit(&w->agent->shared->taken_confirmed, 1, memory_order_relaxed);
	return true;
}

/* Returns how many go to the NF in this call; more than `max` are parked. */
static uint16_t
serve_chunk(struct agent_worker *w, uint16_t p, const struct slim_rx *rx, struct rte_mbuf **pkts,
	    uint16_t max)
{
	uint16_t out = 0;

	for (uint16_t i = 0; i < rx->n; i++) {
		if (!goes_at_once(w, p, rx, i))
			slim_port_keep(w, p, rx->pkts[i], &w->counters->queued,
				       &w->counters->queue_overflow);
		else if (out < max)
			pkts[out++] = rx->pkts[i];
		else
			slim_hold_push(&w->ports[p].park, rx->pkts[i], w->now_ns);
	}
	return out;
}

uint16_t
slim_target_serve_receive(struct agent_worker *w, uint16_t p, struct rte_mbuf **pkts, uint16_t max)
{
	struct agent_port *port = &w->ports[p];
	uint32_t before = slim_hold_count(&port->hold);
	uint16_t out = slim_port_unpark(w, p, pkts, max);
	struct slim_rx rx = {.n_received = 1};
	bool first = true;

	/* What is parked is one chunk at most: no other is asked for before it has gone. */
	while (slim_hold_count(&port->park) == 0 && out < max &&
	       (first || (port->member.drain.on && rx.n_received > 0))) {
		first = false;
		slim_rx_chunk(w, p, &rx);
		out = (uint16_t)(out + serve_chunk(w, p, &rx, pkts + out, (uint16_t)(max - out)));
		take_frames(w, p, &rx);
		slim_flush_drain_note(&port->member.drain, rx.n_received, w->now_ns);
	}
	if (path_is_quiet(w))
		port->member.release = port->hold.tail;
	if (slim_hold_count(&port->park) == 0)
		out = (uint16_t)(out + slim_port_release(w, p, pkts + out, (uint16_t)(max - out)));
	slim_port_note_pending(w, p, before);
	return out;
}
