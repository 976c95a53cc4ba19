/* SPDX-License-Identifier: Apache-2.0 */
/* The generator: connections that open and close all the time, two flows each, one
 * from either side. It sends faster while a handover is under way. */
#include "world.h"

static uint64_t
usual_gap(struct world *w)
{
	const struct session *s = &w->daemon[w->source].session;

	if (!w->daemon[w->source].has_session)
		return w->load.gap_ns * 2;
	switch (s->state) {
	case SOURCE_HOLDING:
	case SOURCE_DRAINING:
	case SOURCE_ENDED:
		return w->load.handover_gap_ns;
	case SOURCE_STEERING:
	case SOURCE_QUIETING:
		/* Most in the beginning, some all along, however long it takes. */
		return w->load.handover_gap_ns + (w->now - s->since_ns) / 4;
	default:
		return w->load.gap_ns + (w->now - s->since_ns) / 4;
	}
}

static void
send_packet(struct world *w, uint32_t flow, uint32_t unused, uint64_t serial)
{
	uint32_t connection = flow / 2;
	uint32_t p;

	(void)unused;
	if (w->load.stopped || serial != w->load.serial)
		return;
	p = packet_new(w);
	w->packets[p].flow = (uint8_t)flow;
	w->packets[p].port = flow % 2;
	w->packets[p].seq = ++w->oracle.sent[flow];
	if (--w->load.left[connection] == 0) {
		w->packets[p].last = true;
		w->load.left[connection] = (uint32_t)rnd_range(w, RNG_LOAD, 4, 60);
	}
	oracle_sent(w, p);
	switch_perimeter(w, p);
	engine_at(w, w->now + 1 + rnd(w, RNG_LOAD, 2 * usual_gap(w)), send_packet, flow, 0, serial);
}

void
load_hurry(struct world *w)
{
	w->load.serial++;
	for (uint32_t flow = 0; flow < w->load.n_flows; flow++)
		engine_at(w, w->now + rnd(w, RNG_LOAD, 2 * usual_gap(w)), send_packet, flow, 0,
			  w->load.serial);
}

void
load_init(struct world *w)
{
	w->load.n_flows = 2 * (uint32_t)rnd_range(w, RNG_LOAD, 3, SIM_MAX_CONNECTIONS);
	w->load.gap_ns = rnd_range(w, RNG_LOAD, US(200), US(1000));
	w->load.handover_gap_ns = rnd_range(w, RNG_LOAD, US(40), US(250));
	for (uint32_t i = 0; i < SIM_MAX_CONNECTIONS; i++)
		w->load.left[i] = (uint32_t)rnd_range(w, RNG_LOAD, 4, 60);
	for (uint32_t flow = 0; flow < w->load.n_flows; flow++)
		engine_at(w, rnd(w, RNG_LOAD, w->load.gap_ns), send_packet, flow, 0, 0);
}
