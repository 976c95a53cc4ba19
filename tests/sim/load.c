/* SPDX-License-Identifier: Apache-2.0 */
/* The generator: connections that open and close all the time, two flows each, one
 * from either side. It sends faster while a handover is under way. */
#include "world.h"

static uint64_t
usual_gap(const struct service *s)
{
	const struct world *w = s->world;
	uint64_t since = w->now - s->since_ns[s->source];

	switch (s->state[s->source]) {
	case SOURCE_HOLDING:
	case SOURCE_DRAINING:
	case SOURCE_ENDED:
		return s->load.handover_gap_ns + since / 16;
	case SOURCE_STEERING:
	case SOURCE_QUIETING:
		/* Most in the beginning, some all along, however long it takes. */
		return s->load.handover_gap_ns + since / 4;
	default:
		return s->load.gap_ns + (w->now - w->changed_ns) / 4 + since / 4;
	}
}

static void
send_packet(void *ctx, uint32_t flow, uint32_t unused, uint64_t serial)
{
	struct service *s = ctx;
	struct world *w = s->world;
	uint32_t connection = flow / 2, p;
	struct packet *packet;

	(void)unused;
	if (s->load.stopped || serial != s->load.serial)
		return;
	p = packet_new(w);
	packet = &w->packets[p];
	packet->service = s->number;
	packet->flow = (uint8_t)flow;
	packet->port = flow % 2;
	packet->seq = ++s->oracle.sent[flow];
	packet->m = eal_packet(p, flow, packet->seq);
	if (packet->m == NULL) {
		violation(w, "the simulator has no mbuf");
		return;
	}
	if (--s->load.left[connection] == 0) {
		packet->last = true;
		s->load.left[connection] = (uint32_t)rnd_range(w, RNG_LOAD, 4, 60);
	}
	s->oracle.n_sent++;
	switch_perimeter(s, p);
	engine_at(w, w->now + 1 + rnd(w, RNG_LOAD, 2 * usual_gap(s)), send_packet, s, flow, 0,
		  serial);
}

void
load_hurry(struct service *s)
{
	s->load.serial++;
	for (uint32_t flow = 0; flow < s->load.n_flows; flow++)
		engine_at(s->world, s->world->now + rnd(s->world, RNG_LOAD, 2 * usual_gap(s)),
			  send_packet, s, flow, 0, s->load.serial);
}

void
load_init(struct service *s)
{
	struct world *w = s->world;
	uint32_t n = (uint32_t)rnd_range(w, RNG_LOAD, 2, SIM_MAX_CONNECTIONS);

	if (w->options.n_connections != 0)
		n = w->options.n_connections;
	s->load.n_flows = 2 * n;
	s->load.gap_ns = rnd_range(w, RNG_LOAD, US(200), US(1500));
	s->load.handover_gap_ns = rnd_range(w, RNG_LOAD, US(40), US(300));
	for (uint32_t i = 0; i < SIM_MAX_CONNECTIONS; i++)
		s->load.left[i] = (uint32_t)rnd_range(w, RNG_LOAD, 4, 60);
	for (uint32_t flow = 0; flow < s->load.n_flows; flow++)
		engine_at(w, rnd(w, RNG_LOAD, s->load.gap_ns), send_packet, s, flow, 0, 0);
}
