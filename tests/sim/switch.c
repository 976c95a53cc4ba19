/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The switch: rules, and a flow cache that follows them lazily. After a change each cached
 * flow goes on as before for any time up to the lag of the run; new flows
 * follow the rules at once. Each service has rules and a cache of its own.
 *
 * Links: between an instance's transmit queue and the switch each queue has delays of its
 * own; from the switch to an instance's port there is one wire, which keeps the order.
 * Links lose slim frames, never data.
 */
#include "world.h"

enum action { ACTION_DROP = 0, ACTION_TO_0, ACTION_TO_1, ACTION_OUT };

#define ACTION_TO(side) ((uint8_t)(ACTION_TO_0 + (side)))

/* ---- rules and cache ------------------------------------------------------------- */

static uint8_t
rules_action(const struct rules *r, uint32_t place)
{
	uint32_t inst;

	if (place < SIM_MAX_FLOWS)
		return ACTION_TO(r->serving);
	if (place < CACHE_TAGGED(0, 0))
		return (r->egress >> ((place - SIM_MAX_FLOWS) / SIM_MAX_FLOWS)) & 1 ? ACTION_OUT
										    : ACTION_DROP;
	if (!r->session)
		return ACTION_DROP;
	if (place < CACHE_FRAME(0, 0)) {
		inst = (place - CACHE_TAGGED(0, 0)) / SIM_PORTS;
		return inst == r->source ? ACTION_TO(r->target) : ACTION_DROP;
	}
	inst = (place - CACHE_FRAME(0, 0)) / SIM_PORTS;
	return inst == r->target ? ACTION_TO(r->source) : ACTION_DROP;
}

static void
refresh(struct service *s, uint32_t place)
{
	struct cached *c = &s->sw.cache[place];

	c->action = rules_action(&s->sw.rules, place);
	c->version = s->sw.version;
	c->valid = true;
}

static bool
is_stale(const struct service *s, const struct cached *c)
{
	return c->valid && c->version != s->sw.version && s->world->now < c->refresh_ns;
}

static uint8_t
lookup(struct service *s, uint32_t place)
{
	struct cached *c = &s->sw.cache[place];

	if (!c->valid || (c->version != s->sw.version && !is_stale(s, c)))
		refresh(s, place);
	return c->action;
}

static uint64_t
pick_lag(struct service *s)
{
	/* Anything from "at once" to the whole lag, on a logarithmic scale. */
	uint64_t lag = s->world->lag_ns >> rnd(s->world, RNG_LAG, 12);

	return rnd(s->world, RNG_LAG, lag + 1);
}

/* From here on the rules say something else; the cache follows when it likes. */
void
switch_change(struct service *s, const struct rules *rules)
{
	uint64_t thread_lag[4];
	uint32_t place;

	for (unsigned i = 0; i < 4; i++)
		thread_lag[i] = pick_lag(s);
	for (place = 0; place < CACHE_SIZE; place++) {
		struct cached *c = &s->sw.cache[place];

		if (!c->valid || is_stale(s, c))
			continue;
		refresh(s, place); /* what was due by now */
		c->refresh_ns = s->world->now +
				(s->world->lag_by_thread ? thread_lag[place % 4] : pick_lag(s));
	}
	s->sw.rules = *rules;
	s->sw.version++;
}

uint64_t
switch_fresh_ns(const struct service *s)
{
	uint64_t at = s->world->now;

	for (uint32_t place = 0; place < CACHE_SIZE; place++) {
		const struct cached *c = &s->sw.cache[place];

		if (is_stale(s, c) && c->refresh_ns > at)
			at = c->refresh_ns;
	}
	return at;
}

bool
switch_egress_is_shut(struct service *s, uint32_t side)
{
	if (s->sw.rules.egress & (1u << side))
		return false;
	for (uint32_t flow = 0; flow < SIM_MAX_FLOWS; flow++) {
		const struct cached *c = &s->sw.cache[CACHE_EGRESS(side, flow)];

		if (is_stale(s, c) && c->action == ACTION_OUT)
			return false;
	}
	return true;
}

void
switch_init(struct service *s)
{
	s->sw.rules = (struct rules){.serving = s->serving_at_start,
				     .egress = (uint8_t)(1u << s->serving_at_start)};
	s->sw.version = 1;
}

/* ---- links ---------------------------------------------------------------------------- */

static uint64_t
in_order(uint64_t *last, uint64_t at)
{
	if (at <= *last)
		at = *last + 1;
	*last = at;
	return at;
}

static void
drop(struct service *s, uint32_t p, const char *where, bool excused)
{
	if (s->world->packets[p].frame == 0)
		oracle_dropped(s, p, where, excused);
	packet_free(s->world, p);
}

static void
arrive(void *ctx, uint32_t side, uint32_t p, uint64_t unused)
{
	struct service *s = ctx;

	(void)unused;
	instance_arrive(&s->instances[side], p);
}

static void
to_instance(struct service *s, uint32_t side, uint32_t p)
{
	uint64_t *last = &s->sw.wire_last[side][s->world->packets[p].port];

	engine_at(s->world,
		  in_order(last,
			   s->world->now + rnd_delay(s->world, RNG_NET, s->world->wire_delay_ns)),
		  arrive, s, side, p, 0);
}

static bool
frame_is_lost(struct service *s, const struct packet *packet, uint32_t side)
{
	if (s->world->now < s->world->frames_lost_until && rnd_chance(s->world, RNG_NET, 230))
		return true;
	/* Everything that tells the source that the target owns. */
	if (s->world->now < s->world->taken_lost_until && side != s->source &&
	    (packet->frame == SLIM_FRAME_TAKEN || packet->frame == SLIM_FRAME_FLUSH))
		return true;
	if (s->world->now < s->world->probes_lost_until && packet->frame == SLIM_FRAME_PROBE)
		return true;
	return rnd_chance(s->world, RNG_NET, s->world->frame_loss);
}

static uint32_t
place_of(const struct packet *packet, uint32_t side)
{
	if (packet->tagged)
		return CACHE_TAGGED(side, packet->port);
	if (packet->frame != 0)
		return CACHE_FRAME(side, packet->port);
	return CACHE_EGRESS(side, packet->flow);
}

static void
from_instance(void *ctx, uint32_t worker, uint32_t p, uint64_t side_of)
{
	struct service *s = ctx;
	uint32_t side = (uint32_t)side_of;
	struct packet *packet = &s->world->packets[p];
	uint8_t action;

	s->instances[side].queues[packet->port][worker].tx_inflight--;
	if (packet->frame != 0 && frame_is_lost(s, packet, side)) {
		packet_free(s->world, p);
		return;
	}
	if (s->world->now < s->world->switch_down_until) {
		drop(s, p, "the switch is down", true);
		return;
	}
	action = lookup(s, place_of(packet, side));
	if (action == ACTION_OUT) {
		oracle_out(s, p);
		packet_free(s->world, p);
	} else if (action == ACTION_DROP) {
		drop(s, p, packet->tagged ? "no redirect path" : "no egress", false);
	} else {
		to_instance(s, action - ACTION_TO_0, p);
	}
}

static bool
overtakes(const struct world *w, const struct packet *packet)
{
	return (packet->frame == SLIM_FRAME_MARK && (w->options.controls & CONTROL_FAST_MARKS)) ||
	       (packet->frame == SLIM_FRAME_FLUSH_COPY &&
		(w->options.controls & CONTROL_FAST_COPIES));
}

void
switch_send(struct instance *inst, uint32_t worker, uint32_t port, uint32_t p)
{
	struct service *s = inst->service;
	uint64_t *last = &s->sw.tx_last[inst->side][port][worker];

	if (overtakes(s->world, &s->world->packets[p])) {
		engine_at(s->world, s->world->now + 1, from_instance, s, worker, p, inst->side);
		return;
	}
	engine_at(
		s->world,
		in_order(last, s->world->now + rnd_delay(s->world, RNG_NET, s->world->tx_delay_ns)),
		from_instance, s, worker, p, inst->side);
}

static void
from_perimeter(void *ctx, uint32_t p, uint32_t unused, uint64_t unused2)
{
	struct service *s = ctx;

	(void)unused;
	(void)unused2;
	if (s->world->now < s->world->switch_down_until) {
		drop(s, p, "the switch is down", true);
		return;
	}
	to_instance(s, lookup(s, CACHE_PERIMETER(s->world->packets[p].flow)) - ACTION_TO_0, p);
}

void
switch_perimeter(struct service *s, uint32_t p)
{
	uint32_t thread = (s->world->packets[p].flow * 7u + 3u) % s->world->n_threads;

	engine_at(s->world,
		  in_order(&s->sw.thread_last[thread],
			   s->world->now +
				   rnd_delay(s->world, RNG_NET, s->world->wire_delay_ns / 2 + 1)),
		  from_perimeter, s, p, 0, 0);
}

void
switch_restart(struct service *s)
{
	s->sw.version++; /* the cache starts from the rules */
	for (uint32_t i = 0; i < CACHE_SIZE; i++)
		s->sw.cache[i].valid = false;
}
