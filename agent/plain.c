/* SPDX-License-Identifier: Apache-2.0 */
#include "plain.h"

#include <string.h>

#include <rte_mbuf.h>

#include "port.h"
#include "source.h"

/* ---- PASS ------------------------------------------------------------------------------ */

void
slim_plain_pass_enter(struct agent_worker *w)
{
	slim_port_release_all(w);
}

void
slim_plain_pass_poll(struct agent_worker *w)
{
	slim_source_watch(w);
}

static void
take_frames(struct agent_worker *w, uint16_t p, const struct slim_rx *rx)
{
	if (w->command.is_source)
		slim_source_frames(w, p, rx);
}

/* Redirected packets are older than what waits. */
static uint16_t
sort_chunk(struct agent_worker *w, uint16_t p, const struct slim_rx *rx, struct rte_mbuf **pkts,
	   uint16_t max)
{
	struct agent_port *port = &w->ports[p];
	bool queued = port->kind == AGENT_HOLD_QUEUED;
	uint16_t out = 0;

	for (uint16_t i = 0; i < rx->n; i++) {
		if (!slim_rx_is_redirected(rx, i)) {
			slim_port_keep(w, p, rx->pkts[i], queued ? &w->counters->queued : NULL,
				       &w->counters->queue_overflow);
			continue;
		}
		AGENT_COUNT(w->counters->redirect_received, 1);
		if (out < max)
			pkts[out++] = rx->pkts[i];
		else
			slim_hold_push(&port->park, rx->pkts[i], w->now_ns);
	}
	return out;
}

/* After a hold or a flush queue: in order, what waits first. */
static uint16_t
pass_queue(struct agent_worker *w, uint16_t p, struct rte_mbuf **pkts, uint16_t max)
{
	struct agent_port *port = &w->ports[p];
	uint32_t before = slim_hold_count(&port->hold);
	uint16_t out = slim_port_unpark(w, p, pkts, max);
	struct slim_rx rx;

	if (out < max && slim_hold_room(&port->hold) >= AGENT_RX_CHUNK) {
		slim_rx_chunk(w, p, &rx);
		out = (uint16_t)(out + sort_chunk(w, p, &rx, pkts + out, (uint16_t)(max - out)));
		take_frames(w, p, &rx);
	}
	if (slim_hold_count(&port->park) == 0)
		out = (uint16_t)(out + slim_port_release(w, p, pkts + out, (uint16_t)(max - out)));
	slim_port_note_pending(w, p, before);
	slim_port_set_open(w);
	return out;
}

uint16_t
slim_plain_pass_receive(struct agent_worker *w, uint16_t p, struct rte_mbuf **pkts, uint16_t max)
{
	const struct agent_port *port = &w->ports[p];
	struct slim_rx rx;

	if (slim_hold_count(&port->hold) + slim_hold_count(&port->park) > 0)
		return pass_queue(w, p, pkts, max);
	slim_rx_some(w, p, &rx, max);
	memcpy(pkts, rx.pkts, rx.n * sizeof(*pkts));
	AGENT_COUNT(w->counters->redirect_received, (uint32_t)__builtin_popcountll(rx.redirected));
	take_frames(w, p, &rx);
	return rx.n;
}

/* ---- CLOSED ---------------------------------------------------------------------------- */

void
slim_plain_closed_enter(struct agent_worker *w)
{
	slim_port_discard(w);
	w->installing = false;
	w->wipe = (struct agent_wipe){.on = w->command.wipe};
	w->ack_due = w->command.wipe;
}

uint16_t
slim_plain_closed_receive(struct agent_worker *w, uint16_t p, struct rte_mbuf **pkts, uint16_t max)
{
	struct slim_rx rx;

	(void)pkts, (void)max;
	slim_rx_chunk(w, p, &rx);
	rte_pktmbuf_free_bulk(rx.pkts, rx.n);
	AGENT_COUNT(w->counters->closed_drop, rx.n);
	return 0;
}

void
slim_plain_closed_return(struct agent_worker *w, uint16_t p, struct rte_mbuf *m)
{
	(void)p;
	AGENT_COUNT(w->counters->closed_drop, 1);
	rte_pktmbuf_free(m);
}
