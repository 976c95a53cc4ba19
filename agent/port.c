/* SPDX-License-Identifier: Apache-2.0 */
#include "port.h"

#include <rte_mbuf.h>

#include "tag.h"

static void
pending_add(struct agent_worker *w, uint16_t p, int32_t n)
{
	if (n != 0)
		atomic_fetch_add_explicit(&w->agent->info->ports[p].pending, (uint32_t)n,
					  memory_order_relaxed);
}

/* What waits at port p waits for another reason from here on, as held packets, and not at the pace of before. */
static void
begin_anew(struct agent_worker *w, uint16_t p)
{
	struct agent_port *port = &w->ports[p];

	if (port->kind == AGENT_HOLD_QUEUED)
		pending_add(w, p, -(int32_t)slim_hold_count(&port->hold));
	port->kind = AGENT_HOLD_HELD;
	port->pace = (struct slim_pace){0};
}

void
slim_port_note_pending(struct agent_worker *w, uint16_t p, uint32_t before)
{
	if (w->ports[p].kind == AGENT_HOLD_QUEUED)
		pending_add(w, p, (int32_t)(slim_hold_count(&w->ports[p].hold) - before));
}

void
slim_port_set_open(struct agent_worker *w)
{
	uint32_t open = 0;

	for (uint16_t p = 0; p < w->agent->n_ports; p++) {
		const struct agent_port *port = &w->ports[p];

		if (w->mode == SLIM_GATE_PASS && !w->watch && port->queue_size != 0 &&
		    slim_hold_count(&port->hold) + slim_hold_count(&port->park) == 0)
			open |= 1u << p;
	}
	w->pub.open_ports = open;
}

void
slim_port_keep(struct agent_worker *w, uint16_t p, struct rte_mbuf *m, _Atomic uint64_t *kept,
	       _Atomic uint64_t *overflow)
{
	if (!slim_hold_push(&w->ports[p].hold, m, w->now_ns)) {
		AGENT_COUNT(*overflow, 1);
		rte_pktmbuf_free(m);
		return;
	}
	if (kept != NULL)
		AGENT_COUNT(*kept, 1);
}

uint16_t
slim_port_unpark(struct agent_worker *w, uint16_t p, struct rte_mbuf **pkts, uint16_t max)
{
	struct slim_hold *park = &w->ports[p].park;
	uint16_t n = 0;

	while (n < max && slim_hold_count(park) > 0)
		pkts[n++] = slim_hold_pop(park).pkt;
	return n;
}

uint32_t
slim_port_pace(const struct agent_worker *w, struct agent_port *port, uint64_t until)
{
	struct slim_hold *hold = &port->hold;
	uint64_t end = until < hold->tail ? until : hold->tail;
	struct slim_pace_view view = {.arrived = hold->tail, .now_ns = w->now_ns};

	if (hold->head < end) {
		view.waiting = end - hold->head;
		view.oldest_ns = slim_hold_at(hold, hold->head)->arrival_ns;
	}
	return slim_pace_allow(&port->pace, &view);
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

uint16_t
slim_port_release(struct agent_worker *w, uint16_t p, struct rte_mbuf **pkts, uint16_t max)
{
	struct agent_port *port = &w->ports[p];
	uint32_t allowed = slim_port_pace(w, port, port->member.release);
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
			slim_tag_pop(entry.pkt, false);
		note_released(w, port, entry.arrival_ns);
		pkts[n++] = entry.pkt;
	}
	slim_pace_note(&port->pace, n);
	return n;
}

/* What is parked is older than what waits: in front of it, newest first. */
static void
park_to_hold(struct agent_worker *w, struct agent_port *port)
{
	while (slim_hold_count(&port->park) > 0) {
		struct slim_hold_entry entry = slim_hold_pop_newest(&port->park);

		if (slim_hold_push_front(&port->hold, entry))
			continue;
		AGENT_COUNT(w->counters->hold_overflow, 1);
		rte_pktmbuf_free(entry.pkt);
	}
}

void
slim_port_begin_hold(struct agent_worker *w)
{
	for (uint16_t p = 0; p < w->agent->n_ports; p++) {
		begin_anew(w, p);
		park_to_hold(w, &w->ports[p]);
	}
}

void
slim_port_begin_queue(struct agent_worker *w)
{
	for (uint16_t p = 0; p < w->agent->n_ports; p++) {
		struct agent_port *port = &w->ports[p];

		begin_anew(w, p);
		port->kind = AGENT_HOLD_QUEUED;
		slim_port_note_pending(w, p, 0);
		port->member.release = port->hold.head;
		port->member.drain = (struct slim_flush_drain){0};
		port->member.may_pass = false;
	}
}

void
slim_port_release_all(struct agent_worker *w)
{
	for (uint16_t p = 0; p < w->agent->n_ports; p++)
		w->ports[p].member.release = UINT64_MAX;
}

static void
discard(struct agent_worker *w, struct slim_hold *queue)
{
	AGENT_COUNT(w->counters->closed_drop, slim_hold_count(queue));
	while (slim_hold_count(queue) > 0)
		rte_pktmbuf_free(slim_hold_pop(queue).pkt);
}

void
slim_port_discard(struct agent_worker *w)
{
	for (uint16_t p = 0; p < w->agent->n_ports; p++) {
		begin_anew(w, p);
		discard(w, &w->ports[p].hold);
		discard(w, &w->ports[p].park);
	}
}
