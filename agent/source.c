/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "message.h"
#include "port.h"
#include "tag.h"

/* ---- frames ------------------------------------------------------------------------- */

/* The target's word that it owns the buckets now. Anything that only an owner sends will do. */
static bool
take_over(struct agent_worker *w)
{
	_Atomic uint32_t *word = &w->agent->control->gate.hold_word;
	uint32_t was = SLIM_HOLD_END_SENT;

	return atomic_compare_exchange_strong_explicit(word, &was, SLIM_HOLD_TAKEN,
						       memory_order_acq_rel,
						       memory_order_acquire) || /* P9 */
	       was == SLIM_HOLD_TAKEN;
}

static void
take_frame(struct agent_worker *w, uint16_t p, const struct slim_frame_content *frame)
{
	bool taken = w->mode == SLIM_GATE_REDIRECT;

	if (frame->type == SLIM_FRAME_PROBE_ACK)
		atomic_store_explicit(&w->agent->info->ports[p].probed, 1, memory_order_release);
	if (frame->type != SLIM_FRAME_TAKEN && frame->type != SLIM_FRAME_FLUSH)
		return;
	if (w->mode == SLIM_GATE_HOLD && take_over(w)) {
		agent_note(w, GATE_FACT_TAKEN);
		taken = true;
	}
	if (taken && frame->type == SLIM_FRAME_FLUSH)
		slim_flush_call(&w->agent->shared->ports[p].calls, frame->round);
}

void
slim_source_frames(struct agent_worker *w, uint16_t p, const struct slim_rx *rx)
{
	for (uint16_t i = 0; i < rx->n_frames; i++)
		take_frame(w, p, &rx->frames[i]);
}

/* ---- PASS with watch ------------------------------------------------------------------ */

static bool
is_probed(const struct agent_worker *w, uint16_t p)
{
	return atomic_load_explicit(&w->agent->info->ports[p].probed, memory_order_relaxed) != 0;
}

static void
send_probes(struct agent_worker *w)
{
	if (!agent_is_leader(w) || w->now_ns - w->probed_ns < AGENT_PROBE_NS)
		return;
	w->probed_ns = w->now_ns;
	for (uint16_t p = 0; p < w->agent->n_ports; p++) {
		if (!is_probed(w, p))
			slim_message_send(w, p, SLIM_FRAME_PROBE, 0);
	}
}

static bool
all_probed(const struct agent_worker *w)
{
	for (uint16_t p = 0; p < w->agent->n_ports; p++) {
		if (!is_probed(w, p))
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
	if (w->now_ns - w->calm_ns >= AGENT_CALM_NS)
		w->watch = false;
}

void
slim_source_watch(struct agent_worker *w)
{
	if (!w->watch || !w->command.is_source)
		return;
	send_probes(w);
	end_watch(w);
}

/* ---- HOLD ------------------------------------------------------------------------------ */

void
slim_source_hold_enter(struct agent_worker *w)
{
	if (w->was != SLIM_GATE_HOLD) {
		w->stopped_ns = w->now_ns;
		atomic_store_explicit(&w->pub.status->stopped_ns, w->now_ns, memory_order_relaxed);
		slim_port_begin_hold(w);
	}
	for (uint16_t p = 0; p < w->agent->n_ports; p++) {
		struct slim_flush_calls *calls = &w->agent->shared->ports[p].calls;

		w->ports[p].mark_due = true;
		if (agent_is_leader(w))
			slim_flush_forget_calls(calls);
		slim_flush_answer_begin(calls, &w->ports[p].answer);
	}
	w->ack_due = true;
	slim_wave_begin(&w->agent->shared->waves, &w->wave, w->pub.index, w->command.epoch);
}

/* When, and until where the queues were filled. */
void
slim_source_hold_leave(struct agent_worker *w)
{
	for (uint16_t p = 0; p < w->agent->n_ports; p++)
		w->ports[p].held_until = w->ports[p].hold.tail;
	atomic_store_explicit(&w->pub.status->resumed_ns, w->now_ns, memory_order_relaxed);
}

/* slimd has been silent for the hold limit. */
static bool
is_abandoned(const struct agent_worker *w)
{
	uint64_t limit = w->command.hold_limit_ns;
	uint64_t beat = atomic_load_explicit(&w->agent->control->gate.slimd_heartbeat_ns,
					     memory_order_relaxed);

	return limit != 0 && (int64_t)(w->now_ns - beat) > (int64_t)limit &&
	       w->now_ns - w->stopped_ns > limit;
}

/* END was not sent: nobody else can own the buckets. Of all workers one wins the exchange; the
 * others follow. */
static void
resume_by_itself(struct agent_worker *w)
{
	uint32_t expected = SLIM_HOLD_HOLDING;

	if (!atomic_compare_exchange_strong_explicit(&w->agent->control->gate.hold_word, &expected,
						     SLIM_HOLD_RESUMED, memory_order_acq_rel,
						     memory_order_acquire)) /* P9 */
		return;
	AGENT_COUNT(w->counters->self_resume, 1);
	agent_note(w, GATE_FACT_RESUMED);
}

static void
send_marks(struct agent_worker *w)
{
	for (uint16_t p = 0; p < w->agent->n_ports; p++) {
		struct agent_port *port = &w->ports[p];

		/* Without a redirect path there is nothing that a mark could tell. */
		if (port->mark_due &&
		    (port->vid == 0 || slim_message_send(w, p, SLIM_FRAME_MARK, 0)))
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

void
slim_source_hold_poll(struct agent_worker *w)
{
	uint32_t word = atomic_load_explicit(&w->agent->control->gate.hold_word,
					     memory_order_acquire); /* P9 */

	if (word == SLIM_HOLD_TAKEN)
		agent_note(w, GATE_FACT_TAKEN);
	else if (word == SLIM_HOLD_IDLE)
		agent_note(w, GATE_FACT_UNDONE);
	else if (word == SLIM_HOLD_RESUMED)
		agent_note(w, GATE_FACT_RESUMED);
	else if (word == SLIM_HOLD_HOLDING && is_abandoned(w))
		resume_by_itself(w);
	if (w->ack_due)
		slim_wave_poll(&w->agent->shared->waves, &w->wave, w->agent->n_workers);
	else if (w->facts == 0)
		repeat_marks(w);
}

void
slim_source_hold_idle(struct agent_worker *w)
{
	if (!w->ack_due ||
	    !slim_wave_idle(&w->agent->shared->waves, &w->wave, w->pub.index, w->agent->n_workers))
		return;
	send_marks(w);
	if (!marks_are_sent(w))
		return;
	w->marked_ns = w->now_ns;
	agent_note(w, GATE_FACT_STOPPED);
}

static void
hold(struct agent_worker *w, uint16_t p, struct rte_mbuf *m)
{
	if (w->command.fault & SLIM_FAULT_NO_HOLD) {
		AGENT_COUNT(w->counters->closed_drop, 1);
		rte_pktmbuf_free(m);
		return;
	}
	slim_port_keep(w, p, m, &w->counters->held, &w->counters->hold_overflow);
}

uint16_t
slim_source_hold_receive(struct agent_worker *w, uint16_t p, struct rte_mbuf **pkts, uint16_t max)
{
	struct slim_rx rx;

	(void)pkts, (void)max;
	slim_rx_chunk(w, p, &rx);
	for (uint16_t i = 0; i < rx.n; i++)
		hold(w, p, rx.pkts[i]);
	slim_source_frames(w, p, &rx);
	return 0;
}

void
slim_source_hold_return(struct agent_worker *w, uint16_t p, struct rte_mbuf *m)
{
	hold(w, p, m);
}

/* ---- REDIRECT: sending on ----------------------------------------------------------------- */

/* Fills `pkts` with the oldest packets, tagged. */
static uint16_t
prepare(struct agent_worker *w, struct agent_port *port, struct rte_mbuf **pkts, uint32_t max)
{
	uint16_t n = 0;

	if (port->tagged < port->hold.head)
		port->tagged = port->hold.head;
	while (n < max && port->hold.head + n < port->hold.tail) {
		uint64_t position = port->hold.head + n;
		struct slim_hold_entry *entry = slim_hold_at(&port->hold, position);

		if (position >= port->tagged) {
			if (!slim_tag_push(w->agent->frame_pool, &entry->pkt, port->vid))
				break;
			port->tagged = position + 1;
			/* The device may drop it, and tells nobody: so it is named here. */
			if (rte_pktmbuf_pkt_len(entry->pkt) > port->size_limit)
				AGENT_COUNT(w->counters->redirect_too_long, 1);
		}
		pkts[n++] = entry->pkt;
	}
	return n;
}

static void
note_sent(struct agent_worker *w, struct agent_port *port, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		bool held = port->hold.head < port->held_until;
		struct slim_hold_entry entry = slim_hold_pop(&port->hold);

		if (held)
			agent_note_wait(&w->pub.status->hold_wait, w->now_ns - entry.arrival_ns);
	}
	AGENT_COUNT(w->counters->redirected, n);
}

/* Sends what is prepared. Returns how many the transmit queue took. */
static uint16_t
transmit(struct agent_worker *w, struct agent_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t sent = n > 0 ? rte_eth_tx_burst(port->port_id, w->pub.index, pkts, n) : 0;

	note_sent(w, port, sent);
	slim_pace_note(&port->pace, sent);
	return sent;
}

static void
pump(struct agent_worker *w, uint16_t p)
{
	struct agent_port *port = &w->ports[p];
	struct rte_mbuf *pkts[AGENT_TX_CHUNK];
	uint32_t allowed = slim_port_pace(w, port, UINT64_MAX);

	while (slim_hold_count(&port->hold) > 0 && port->vid != 0 && allowed > 0) {
		uint16_t n =
			prepare(w, port, pkts, allowed < AGENT_TX_CHUNK ? allowed : AGENT_TX_CHUNK);
		uint16_t sent = transmit(w, port, pkts, n);

		allowed -= sent;
		if (sent == 0 || sent < n) {
			AGENT_COUNT(w->counters->redirect_retry, 1);
			return;
		}
	}
}

/* Sends on what waits at port p, then the answer to a flush call that is due. */
static void
send_on(struct agent_worker *w, uint16_t p)
{
	struct agent_port *port = &w->ports[p];
	struct slim_flush_answer *answer = &port->answer;

	if (w->command.fault & SLIM_FAULT_NO_REDIRECT) {
		AGENT_COUNT(w->counters->closed_drop, slim_hold_count(&port->hold));
		while (slim_hold_count(&port->hold) > 0)
			rte_pktmbuf_free(slim_hold_pop(&port->hold).pkt);
	} else {
		pump(w, p);
	}
	if (slim_flush_answer_due(answer, port->hold.head, port->hold.tail) &&
	    slim_message_send(w, p, SLIM_FRAME_FLUSH_COPY, answer->round))
		slim_flush_answer_sent(answer);
}

/* ---- REDIRECT ------------------------------------------------------------------------------- */

void
slim_source_redirect_enter(struct agent_worker *w)
{
	uint64_t never = 0;

	atomic_compare_exchange_strong_explicit(&w->agent->info->taken_ns, &never, w->now_ns,
						memory_order_relaxed, memory_order_relaxed);
	w->installing = false;
	w->came_ns = w->now_ns;
}

bool
slim_source_is_through(const struct agent_worker *w)
{
	for (uint16_t p = 0; p < w->agent->n_ports; p++)
		if (w->ports[p].hold.head != w->ports[p].hold.tail || w->ports[p].answer.owed)
			return false;
	return w->now_ns - w->came_ns > AGENT_LULL_NS;
}

static void
take_call(struct agent_worker *w, uint16_t p)
{
	struct agent_port *port = &w->ports[p];
	struct slim_flush_queue queue = slim_port_queue(w, port);

	slim_flush_answer_poll(&w->agent->shared->ports[p].calls, &port->answer, &queue);
	if (port->answer.owed)
		w->came_ns = w->now_ns;
}

void
slim_source_redirect_poll(struct agent_worker *w)
{
	for (uint16_t p = 0; p < w->agent->n_ports; p++) {
		take_call(w, p);
		send_on(w, p);
	}
}

void
slim_source_redirect_return(struct agent_worker *w, uint16_t p, struct rte_mbuf *m)
{
	slim_port_keep(w, p, m, NULL, &w->counters->hold_overflow);
}

uint16_t
slim_source_redirect_receive(struct agent_worker *w, uint16_t p, struct rte_mbuf **pkts,
			     uint16_t max)
{
	struct slim_flush_drain *drain = &w->ports[p].answer.drain;
	struct slim_rx rx;

	(void)pkts, (void)max;
	do {
		slim_rx_chunk(w, p, &rx);
		for (uint16_t i = 0; i < rx.n; i++)
			slim_source_redirect_return(w, p, rx.pkts[i]);
		slim_source_frames(w, p, &rx);
		slim_flush_drain_note(drain, rx.n_received, w->now_ns);
		take_call(w, p); /* one that came in this burst is answered in this burst */
		send_on(w, p);
	} while (drain->on && rx.n_received > 0);
	return 0;
}
