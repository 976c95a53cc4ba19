/* SPDX-License-Identifier: Apache-2.0 */
#include "rx.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "gate.h"
#include "redirect.h"

#define SMALLEST_PACKET 14u /* an Ethernet header */

/* ---- queues ------------------------------------------------------------------ */

static void
pending_add(struct agent_worker *w, uint16_t p, int32_t n)
{
	if (n != 0)
		atomic_fetch_add_explicit(&w->agent->info->ports[p].pending, (uint32_t)n,
					  memory_order_relaxed);
}

/* The queue of port p is no longer one of direct packets. */
static void
forget_pending(struct agent_worker *w, uint16_t p)
{
	struct agent_port *port = &w->ports[p];

	if (port->kind == AGENT_HOLD_QUEUED)
		pending_add(w, p, -(int32_t)slim_hold_count(&port->hold));
	port->kind = AGENT_HOLD_HELD;
}

void
slim_rx_set_open(struct agent_worker *w)
{
	uint32_t open = 0;

	for (uint16_t p = 0; p < w->agent->n_ports; p++) {
		if (w->mode == SLIM_GATE_PASS && !w->watch && w->ports[p].queue_size != 0 &&
		    slim_hold_count(&w->ports[p].hold) == 0)
			open |= 1u << p;
	}
	w->pub.open_ports = open;
}

void
slim_rx_begin_hold(struct agent_worker *w)
{
	for (uint16_t p = 0; p < w->agent->n_ports; p++)
		forget_pending(w, p);
}

void
slim_rx_begin_queue(struct agent_worker *w)
{
	for (uint16_t p = 0; p < w->agent->n_ports; p++) {
		struct agent_port *port = &w->ports[p];

		port->kind = AGENT_HOLD_QUEUED;
		port->member.release = port->hold.head;
		port->member.drain = (struct slim_flush_drain){0};
		port->member.may_pass = false;
	}
}

void
slim_rx_release_all(struct agent_worker *w)
{
	for (uint16_t p = 0; p < w->agent->n_ports; p++)
		w->ports[p].member.release = UINT64_MAX;
}

void
slim_rx_discard(struct agent_worker *w)
{
	for (uint16_t p = 0; p < w->agent->n_ports; p++) {
		struct agent_port *port = &w->ports[p];

		forget_pending(w, p);
		AGENT_COUNT(w->counters->closed_drop, slim_hold_count(&port->hold));
		while (slim_hold_count(&port->hold) > 0)
			rte_pktmbuf_free(slim_hold_pop(&port->hold).pkt);
	}
}

void
slim_rx_purge(struct agent_worker *w)
{
	struct rte_mbuf *pkts[AGENT_RX_CHUNK];

	for (uint16_t p = 0; p < w->agent->n_ports; p++) {
		struct agent_port *port = &w->ports[p];
		uint32_t left = port->queue_size;
		uint16_t n;

		while (left > 0) {
			n = rte_eth_rx_burst(port->port_id, w->pub.index, pkts, AGENT_RX_CHUNK);
			if (n == 0)
				break;
			rte_pktmbuf_free_bulk(pkts, n);
			AGENT_COUNT(w->counters->closed_drop, n);
			left = n < left ? left - n : 0;
		}
	}
}

/* ---- our own frames --------------------------------------------------------------- */

/* The target's word that it owns the buckets now. Anything that only an owner sends will do. */
static void
receive_taken(struct agent_worker *w)
{
	struct slim_shm_gate *shm = &w->agent->control->gate;
	uint32_t word = SLIM_HOLD_END_SENT;

	if (w->mode != SLIM_GATE_HOLD)
		return;
	if (atomic_compare_exchange_strong_explicit(&shm->hold_word, &word, SLIM_HOLD_TAKEN,
						    memory_order_acq_rel,
						    memory_order_acquire) || /* P9 */
	    word == SLIM_HOLD_TAKEN)
		slim_gate_taken(w);
}

static void
receive_at_source(struct agent_worker *w, uint16_t p, const struct slim_frame_content *frame)
{
	if (frame->type == SLIM_FRAME_PROBE_ACK)
		atomic_store_explicit(&w->agent->info->ports[p].probed, 1, memory_order_release);
	if (frame->type == SLIM_FRAME_TAKEN || frame->type == SLIM_FRAME_FLUSH)
		receive_taken(w);
	if (frame->type == SLIM_FRAME_FLUSH && w->mode == SLIM_GATE_REDIRECT)
		slim_flush_call(&w->agent->shared->ports[p].calls, frame->round);
}

static void
receive_at_target(struct agent_worker *w, uint16_t p, const struct slim_frame_content *frame)
{
	bool ready = w->mode == SLIM_GATE_RECEIVE || w->mode == SLIM_GATE_SERVE;

	if (frame->type == SLIM_FRAME_PROBE && ready)
		slim_redirect_frame(w, p, SLIM_FRAME_PROBE_ACK, 0);
	if (frame->type == SLIM_FRAME_MARK && ready && frame->worker < SLIM_MAX_WORKERS)
		atomic_fetch_or_explicit(&w->agent->info->ports[p].marks, 1u << frame->worker,
					 memory_order_release);
	if (frame->type == SLIM_FRAME_FLUSH_COPY && w->mode == SLIM_GATE_SERVE) {
		atomic_store_explicit(&w->agent->shared->taken_confirmed, 1, memory_order_relaxed);
		slim_flush_copy(&w->agent->shared->ports[p].rounds, frame->round, frame->worker);
	}
}

static void
receive_frame(struct agent_worker *w, uint16_t p, const uint8_t *bytes, size_t size, bool tagged,
	      bool stripped)
{
	struct slim_frame_content frame;

	if (!slim_frame_parse(bytes, size, tagged, stripped, &frame) || w->command.session == 0 ||
	    frame.session != w->command.session || frame.nonce != w->command.nonce) {
		AGENT_COUNT(w->counters->foreign_frame, 1);
		return;
	}
	AGENT_COUNT(w->counters->frames_received, 1);
	if (w->command.is_source)
		receive_at_source(w, p, &frame);
	else
		receive_at_target(w, p, &frame);
}

enum verdict {
	RX_DATA,       /* a packet, still here */
	RX_REDIRECTED, /* a packet that came by the source, tag taken off */
	RX_GONE,       /* it was ours, or nonsense */
};

/* Sorts one packet; takes our own frames out and acts on them. */
static enum verdict
sort(struct agent_worker *w, uint16_t p, struct rte_mbuf *m)
{
	uint16_t vid = w->ports[p].vid;
	const uint8_t *bytes = rte_pktmbuf_mtod(m, const uint8_t *);
	size_t size = rte_pktmbuf_data_len(m);
	bool stripped = vid != 0 && (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) &&
			(m->vlan_tci & 0xfff) == vid;
	enum slim_frame_kind kind = slim_frame_sort(bytes, size, vid, stripped);

	switch (kind) {
	case SLIM_FRAME_OURS:
	case SLIM_FRAME_TAGGED_OURS:
		receive_frame(w, p, bytes, size, kind == SLIM_FRAME_TAGGED_OURS, stripped);
		rte_pktmbuf_free(m);
		return RX_GONE;
	case SLIM_FRAME_TAGGED_DATA:
		/* Only a target expects these. Elsewhere they are packets like others. */
		if (w->command.is_source)
			return RX_DATA;
		slim_redirect_pop(m, stripped);
		return RX_REDIRECTED;
	case SLIM_FRAME_DATA:
		break;
	}
	if (rte_pktmbuf_pkt_len(m) < SMALLEST_PACKET) {
		AGENT_COUNT(w->counters->foreign_frame, 1);
		rte_pktmbuf_free(m);
		return RX_GONE;
	}
	return RX_DATA;
}

static void
drop(struct rte_mbuf *m, _Atomic uint64_t *counter)
{
	AGENT_COUNT(*counter, 1);
	rte_pktmbuf_free(m);
}

/* ---- one function per mode ------------------------------------------------------------ */

static uint16_t
receive(struct agent_worker *w, uint16_t p, struct rte_mbuf **pkts, uint16_t max)
{
	struct agent_port *port = &w->ports[p];

	if (port->queue_size == 0)
		return 0;
	return rte_eth_rx_burst(port->port_id, w->pub.index, pkts,
				max < AGENT_RX_CHUNK ? max : AGENT_RX_CHUNK);
}

static void
note_released(struct agent_worker *w, struct agent_port *port, uint64_t arrival_ns)
{
	if (port->kind == AGENT_HOLD_QUEUED) {
		AGENT_COUNT(w->counters->released, 1);
		agent_note_wait(&w->pub.status->flush_wait, w->now_ns - arrival_ns);
	} else if (port->hold.head <= port->held_until) {
		AGENT_COUNT(w->counters->resumed, 1);
		agent_note_wait(&w->pub.status->hold_wait, w->now_ns - arrival_ns);
	}
}

/* What a long queue may let go of now. */
static uint32_t
allowed_by_pace(struct agent_worker *w, struct agent_port *port, uint64_t until)
{
	struct slim_hold *hold = &port->hold;
	uint64_t end = until < hold->tail ? until : hold->tail;

	if (hold->head >= end)
		return slim_pace_allow(&port->pace, 0, 0, w->now_ns);
	return slim_pace_allow(&port->pace, end - hold->head,
			       slim_hold_at(hold, hold->head)->arrival_ns, w->now_ns);
}

/* Moves packets that may go from the queue to the NF. */
static uint16_t
release(struct agent_worker *w, uint16_t p, struct rte_mbuf **pkts, uint16_t max)
{
	struct agent_port *port = &w->ports[p];
	uint32_t allowed = allowed_by_pace(w, port, port->member.release);
	uint16_t n = 0;

	if (max > SLIM_RELEASE_BURST)
		max = SLIM_RELEASE_BURST;
	if (max > allowed)
		max = (uint16_t)allowed;
	while (n < max && port->hold.head < port->hold.tail &&
	       port->hold.head < port->member.release) {
		bool tagged = port->hold.head < port->tagged;
		struct slim_hold_entry entry = slim_hold_pop(&port->hold);

		if (tagged) /* made ready for the redirect path, but the session was undone */
			slim_redirect_pop(entry.pkt, false);
		note_released(w, port, entry.arrival_ns);
		pkts[n++] = entry.pkt;
	}
	slim_pace_note(&port->pace, n);
	return n;
}

static void
keep(struct agent_worker *w, struct agent_port *port, struct rte_mbuf *m, _Atomic uint64_t *kept,
     _Atomic uint64_t *overflow)
{
	if (!slim_hold_push(&port->hold, m, w->now_ns)) {
		drop(m, overflow);
		return;
	}
	if (kept != NULL)
		AGENT_COUNT(*kept, 1);
}

/* PASS after a hold or a flush queue: in order, what waits first. */
static uint16_t
rx_pass_queue(struct agent_worker *w, uint16_t p, struct rte_mbuf **pkts, uint16_t max)
{
	struct agent_port *port = &w->ports[p];
	bool queued = port->kind == AGENT_HOLD_QUEUED;
	struct rte_mbuf *raw[AGENT_RX_CHUNK];
	uint32_t room = slim_hold_room(&port->hold);
	uint32_t before = slim_hold_count(&port->hold);
	uint16_t n, out = 0;

	n = receive(w, p, raw, (uint16_t)(room < max ? room : max));
	for (uint16_t i = 0; i < n; i++) {
		enum verdict verdict = sort(w, p, raw[i]);

		/* Redirected packets are older than what waits. */
		if (verdict == RX_REDIRECTED) {
			AGENT_COUNT(w->counters->redirect_received, 1);
			pkts[out++] = raw[i];
		} else if (verdict == RX_DATA) {
			keep(w, port, raw[i], queued ? &w->counters->queued : NULL,
			     &w->counters->queue_overflow);
		}
	}
	out = (uint16_t)(out + release(w, p, pkts + out, (uint16_t)(max - out)));
	if (queued)
		pending_add(w, p, (int32_t)(slim_hold_count(&port->hold) - before));
	slim_rx_set_open(w);
	return out;
}

static uint16_t
rx_pass(struct agent_worker *w, uint16_t p, struct rte_mbuf **pkts, uint16_t max)
{
	uint16_t n, out = 0;

	if (slim_hold_count(&w->ports[p].hold) > 0)
		return rx_pass_queue(w, p, pkts, max);
	n = receive(w, p, pkts, max);
	for (uint16_t i = 0; i < n; i++) {
		enum verdict verdict = sort(w, p, pkts[i]);

		if (verdict == RX_GONE)
			continue;
		if (verdict == RX_REDIRECTED)
			AGENT_COUNT(w->counters->redirect_received, 1);
		pkts[out++] = pkts[i];
	}
	return out;
}

/* CLOSED and RECEIVE: frames count, packets do not. */
static uint16_t
rx_closed(struct agent_worker *w, uint16_t p)
{
	struct rte_mbuf *raw[AGENT_RX_CHUNK];
	uint16_t n = receive(w, p, raw, AGENT_RX_CHUNK);

	for (uint16_t i = 0; i < n; i++) {
		if (sort(w, p, raw[i]) != RX_GONE)
			drop(raw[i], &w->counters->closed_drop);
	}
	return 0;
}

static void
hold(struct agent_worker *w, uint16_t p, struct rte_mbuf *m)
{
	struct slim_shm_counters *c = w->counters;

	if (w->command.fault & SLIM_FAULT_NO_HOLD)
		drop(m, &c->closed_drop);
	else
		keep(w, &w->ports[p], m, w->mode == SLIM_GATE_HOLD ? &c->held : NULL,
		     &c->hold_overflow);
}

static uint16_t
rx_hold(struct agent_worker *w, uint16_t p)
{
	struct rte_mbuf *raw[AGENT_RX_CHUNK];
	uint16_t n = receive(w, p, raw, AGENT_RX_CHUNK);

	for (uint16_t i = 0; i < n; i++) {
		if (sort(w, p, raw[i]) != RX_GONE)
			hold(w, p, raw[i]);
	}
	return 0;
}

void
slim_rx_send_on(struct agent_worker *w, uint16_t p)
{
	struct agent_port *port = &w->ports[p];
	struct slim_flush_answer *answer = &port->answer;

	if (w->command.fault & SLIM_FAULT_NO_REDIRECT) {
		AGENT_COUNT(w->counters->closed_drop, slim_hold_count(&port->hold));
		while (slim_hold_count(&port->hold) > 0)
			rte_pktmbuf_free(slim_hold_pop(&port->hold).pkt);
	} else {
		slim_redirect_pump(w, p);
	}
	if (slim_flush_answer_due(answer, port->hold.head, port->hold.tail) &&
	    slim_redirect_frame(w, p, SLIM_FRAME_FLUSH_COPY, answer->round))
		slim_flush_answer_sent(answer);
}

static uint16_t
rx_redirect(struct agent_worker *w, uint16_t p)
{
	struct slim_flush_calls *calls = &w->agent->shared->ports[p].calls;
	struct agent_port *port = &w->ports[p];
	struct rte_mbuf *raw[AGENT_RX_CHUNK];
	uint16_t n;

	do {
		n = receive(w, p, raw, AGENT_RX_CHUNK);
		for (uint16_t i = 0; i < n; i++) {
			if (sort(w, p, raw[i]) != RX_GONE)
				keep(w, port, raw[i], NULL, &w->counters->hold_overflow);
		}
		slim_flush_drain_note(&port->answer.drain, n);
		/* A call that came in this burst is answered in this burst. */
		slim_flush_answer_poll(calls, &port->answer, port->queue_size);
		slim_rx_send_on(w, p);
	} while (port->answer.drain.on);
	return 0;
}

/* Sorts what one receive call found. Returns how many go to the NF now. */
static uint16_t
serve_some(struct agent_worker *w, uint16_t p, struct rte_mbuf **pkts, uint16_t max)
{
	bool direct_at_once = w->command.fault & SLIM_FAULT_NO_FLUSH_ROUND;
	struct agent_port *port = &w->ports[p];
	struct rte_mbuf *raw[AGENT_RX_CHUNK];
	uint16_t n = receive(w, p, raw, max);
	uint16_t out = 0;

	for (uint16_t i = 0; i < n; i++) {
		enum verdict verdict = sort(w, p, raw[i]);

		if (verdict == RX_REDIRECTED) {
			AGENT_COUNT(w->counters->redirect_received, 1);
			atomic_store_explicit(&w->agent->shared->taken_confirmed, 1,
					      memory_order_relaxed);
			pkts[out++] = raw[i];
		} else if (verdict == RX_DATA && direct_at_once) {
			pkts[out++] = raw[i];
		} else if (verdict == RX_DATA) {
			keep(w, port, raw[i], &w->counters->queued, &w->counters->queue_overflow);
		}
	}
	slim_flush_drain_note(&port->member.drain, n);
	return out;
}

static uint16_t
rx_serve(struct agent_worker *w, uint16_t p, struct rte_mbuf **pkts, uint16_t max)
{
	struct agent_port *port = &w->ports[p];
	uint32_t before = slim_hold_count(&port->hold);
	uint16_t out = 0;

	do {
		out = (uint16_t)(out + serve_some(w, p, pkts + out, (uint16_t)(max - out)));
	} while (port->member.drain.on && out < max);
	out = (uint16_t)(out + release(w, p, pkts + out, (uint16_t)(max - out)));
	pending_add(w, p, (int32_t)(slim_hold_count(&port->hold) - before));
	return out;
}

uint16_t
slim_rx_burst_gated(struct slim_worker *pub, uint16_t p, struct rte_mbuf **pkts, uint16_t max)
{
	struct agent_worker *w = agent_worker_of(pub);

	if (p >= w->agent->n_ports || max == 0)
		return 0;
	w->now_ns = agent_now_ns();
	switch (w->mode) {
	case SLIM_GATE_PASS:
		return rx_pass(w, p, pkts, max);
	case SLIM_GATE_CLOSED:
	case SLIM_GATE_RECEIVE:
		return rx_closed(w, p);
	case SLIM_GATE_HOLD:
		return rx_hold(w, p);
	case SLIM_GATE_REDIRECT:
		return rx_redirect(w, p);
	case SLIM_GATE_SERVE:
		return rx_serve(w, p, pkts, max);
	}
	return 0;
}

uint16_t
slim_return(struct slim_worker *pub, uint16_t p, struct rte_mbuf **pkts, uint16_t n)
{
	struct agent_worker *w = agent_worker_of(pub);

	if (p >= w->agent->n_ports || w->mode == SLIM_GATE_PASS || w->mode == SLIM_GATE_SERVE)
		return 0;
	w->now_ns = agent_now_ns();
	for (uint16_t i = 0; i < n; i++) {
		if (w->mode == SLIM_GATE_HOLD)
			hold(w, p, pkts[i]);
		else if (w->mode == SLIM_GATE_REDIRECT)
			keep(w, &w->ports[p], pkts[i], NULL, &w->counters->hold_overflow);
		else
			drop(pkts[i], &w->counters->closed_drop);
	}
	return n;
}
