/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams between the two hosts. Bytes arrive in order, in pieces of any size, after a delay; a narrow
 * link takes them slowly, and what it has not taken is queued. A link ends for both sides when it is
 * cut or a daemon dies, for each after a while of its own. While the network is partitioned nothing
 * connects; a partition in one direction lets bytes wait, as TCP does.
 */
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NARROW_BYTES_PER_MS 64u /* half a megabit a second */
#define WINDOW 65536u           /* bytes in flight */

static struct link *
link_at(struct world *w, uint32_t number, uint32_t id)
{
	struct link *link = number < SIM_MAX_LINKS ? &w->links[number] : NULL;

	return link != NULL && link->host != NULL && link->id == id ? link : NULL;
}

static struct link *
other_of(struct link *link)
{
	return link_at(link->world, link->other, link->other_id);
}

static uint32_t
number_of(const struct link *link)
{
	return (uint32_t)(link - link->world->links);
}

static struct link *
link_new(struct host *host)
{
	struct world *w = host->world;

	for (uint32_t i = 0; i < SIM_MAX_LINKS; i++) {
		struct link *link = &w->links[i];

		if (link->host != NULL)
			continue;
		link->host = host;
		link->world = w;
		link->id = ++w->link_ids;
		link->other = SIM_NONE;
		link->events = NULL;
		link->stopped = link->dead = link->opened = false;
		link->n_in = link->n_out = link->taken = 0;
		link->last_ns = 0;
		link->arrive_due = link->take_due = false;
		return link;
	}
	violation(w, "the simulator has too many links");
	return NULL;
}

static bool
is_heard(const struct link *link)
{
	return link != NULL && link->host != NULL && !link->stopped && !link->dead &&
	       link->events != NULL && link->host->alive;
}

/* ---- bytes ------------------------------------------------------------------------------------- */

static bool
grow(uint8_t **bytes, size_t *room, size_t size)
{
	uint8_t *more;

	if (size <= *room)
		return true;
	more = realloc(*bytes, 2 * size);
	if (more == NULL)
		return false;
	*bytes = more;
	*room = 2 * size;
	return true;
}

static void take_later(struct link *link);
static void on_open(void *ctx, uint32_t number, uint32_t unused, uint64_t id);

/* Some of what is in flight arrives. */
static void
on_arrival(void *ctx, uint32_t number, uint32_t size, uint64_t id)
{
	struct world *w = ctx;
	struct link *link = link_at(w, number, (uint32_t)id), *other;
	uint32_t other_number, other_id;
	struct host *host;

	if (link == NULL)
		return;
	other = other_of(link);
	other_number = link->other;
	other_id = link->other_id;
	if (w->now < w->one_way_until[1 - link->host->number]) {
		engine_at(w, w->one_way_until[1 - link->host->number], on_arrival, w, number, size,
			  id);
		return;
	}
	if (other != NULL && grow(&other->in, &other->room_in, other->n_in + size)) {
		memcpy(other->in + other->n_in, link->out, size);
		other->n_in += size;
	}
	link->n_out -= size;
	link->taken -= size;
	memmove(link->out, link->out + size, link->n_out);
	if (link->n_out > link->taken)
		take_later(link);
	note_change(w);
	/* A link is open before its first byte. */
	if (other != NULL && !other->opened)
		on_open(w, number_of(other), 0, other->id);
	other = link_at(w, other_number, other_id);
	if (!is_heard(other))
		return;
	host = other->host;
	host_enter(host);
	other->events->on_bytes(other->owner);
	host_leave(host);
	host_wake(host);
}

static void
send_off(struct link *link, size_t size)
{
	struct world *w = link->world;
	uint64_t at = w->now + rnd_delay(w, RNG_NET, w->peer_delay_ns);

	if (w->now < w->slow_until)
		at += w->slow_ns;
	if (at <= link->last_ns)
		at = link->last_ns + 1;
	link->last_ns = at;
	link->taken += size;
	engine_at(w, at, on_arrival, w, number_of(link), (uint32_t)size, link->id);
}

/* The transport takes what it may. */
static void
on_take(void *ctx, uint32_t number, uint32_t unused, uint64_t id)
{
	struct world *w = ctx;
	struct link *link = link_at(w, number, (uint32_t)id);
	bool narrow = w->now < w->narrow_until;
	size_t size;

	(void)unused;
	if (link == NULL)
		return;
	link->take_due = false;
	size = link->n_out - link->taken;
	if (size > WINDOW - link->taken)
		size = WINDOW - link->taken;
	if (narrow && size > NARROW_BYTES_PER_MS)
		size = NARROW_BYTES_PER_MS;
	/* Pieces as they like: a frame may come in two. */
	if (size > 1 && rnd_chance(w, RNG_NET, 24))
		size = 1 + rnd(w, RNG_NET, size);
	if (size > 0)
		send_off(link, size);
	if (link->n_out > link->taken && link->taken < WINDOW)
		take_later(link);
}

static void
take_later(struct link *link)
{
	struct world *w = link->world;
	uint64_t pause = w->now < w->narrow_until ? MS(1) : 1 + rnd(w, RNG_NET, US(3));

	if (link->take_due)
		return;
	link->take_due = true;
	engine_at(w, w->now + pause, on_take, w, number_of(link), 0, link->id);
}

static uint8_t *
link_reserve(struct link *link, size_t size)
{
	if (!grow(&link->out, &link->room_out, link->n_out + size))
		return NULL;
	return link->out + link->n_out;
}

static void
link_send(struct link *link, size_t size)
{
	if (!host_calls(link->host) || link->stopped || link->other == SIM_NONE)
		return;
	link->n_out += size;
	take_later(link);
}

static size_t
link_queued(const struct link *link)
{
	return link->n_out - link->taken;
}

/* In flight: what a socket has not seen acknowledged. */
static size_t
link_below(const struct link *link)
{
	return link->taken;
}

static size_t
link_arrived(const struct link *link)
{
	return link->n_in;
}

static const uint8_t *
link_peek(struct link *link, size_t size)
{
	(void)size;
	return link->in;
}

static void
link_drop(struct link *link, size_t size)
{
	link->n_in -= size;
	memmove(link->in, link->in + size, link->n_in);
}

/* ---- the end ------------------------------------------------------------------------------------- */

static void
on_end(void *ctx, uint32_t number, uint32_t refused, uint64_t id)
{
	struct world *w = ctx;
	struct link *link = link_at(w, number, (uint32_t)id);
	struct host *host;

	if (!is_heard(link))
		return;
	note_change(w);
	host = link->host;
	host_enter(host);
	link->events->on_closed(link->owner, false,
				refused ? "cannot connect" : "the other side has gone");
	host_leave(host);
	host_wake(host);
}

/* This end will hear that the other is gone: soon, or, when the last packets get lost, after the other host has
 * dialled again. */
static void
end_later(struct link *link, bool refused)
{
	struct world *w = link->world;
	bool is_late = !refused && !w->options.prompt_ends && rnd_chance(w, RNG_NET, 32);

	link->other = SIM_NONE;
	engine_at(w,
		  w->now + (is_late ? rnd_delay(w, RNG_NET, MS(800))
				    : rnd_delay(w, RNG_NET, US(100))),
		  on_end, w, number_of(link), refused, link->id);
}

static void
link_free(struct link *link)
{
	struct link *other = other_of(link);

	if (other != NULL)
		end_later(other, false);
	link->host = NULL;
}

static void
link_stop(struct link *link)
{
	link->stopped = true;
}

static void
link_close(struct link *link)
{
	link_free(link);
}

void
link_cut_all(struct world *w)
{
	for (uint32_t i = 0; i < SIM_MAX_LINKS; i++) {
		struct link *link = &w->links[i];

		if (link->host != NULL && link->other != SIM_NONE)
			end_later(link, false);
	}
}

/* What the kernel does when a process dies; the object stays until it is closed. */
void
link_host_died(struct host *host)
{
	struct world *w = host->world;

	for (uint32_t i = 0; i < SIM_MAX_LINKS; i++) {
		struct link *link = &w->links[i], *other;

		if (link->host != host)
			continue;
		link->dead = true;
		other = other_of(link);
		link->other = SIM_NONE;
		if (other != NULL)
			end_later(other, false);
	}
}

void
link_end(struct world *w)
{
	for (uint32_t i = 0; i < SIM_MAX_LINKS; i++) {
		free(w->links[i].in);
		free(w->links[i].out);
		w->links[i] = (struct link){.host = NULL};
	}
}

/* ---- the beginning --------------------------------------------------------------------------------- */

static void
on_open(void *ctx, uint32_t number, uint32_t unused, uint64_t id)
{
	struct world *w = ctx;
	struct link *link = link_at(w, number, (uint32_t)id);
	struct host *host;

	(void)unused;
	if (!is_heard(link) || link->other == SIM_NONE || link->opened)
		return;
	link->opened = true;
	host = link->host;
	host_enter(host);
	link->events->on_open(link->owner);
	host_leave(host);
	host_wake(host);
}

static void
open_later(struct link *link)
{
	struct world *w = link->world;

	engine_at(w, w->now + rnd_delay(w, RNG_NET, w->peer_delay_ns), on_open, w, number_of(link),
		  0, link->id);
}

static void
on_dial(void *ctx, uint32_t number, uint32_t unused, uint64_t id)
{
	struct world *w = ctx;
	struct link *link = link_at(w, number, (uint32_t)id), *other;
	struct host *there;

	(void)unused;
	if (link == NULL || link->dead)
		return;
	there = &w->hosts[1 - link->host->number];
	if (!there->alive || there->dying || there->accept == NULL || w->now < w->partition_until ||
	    w->now < w->one_way_until[0] || w->now < w->one_way_until[1]) {
		end_later(link, true);
		return;
	}
	other = link_new(there);
	if (other == NULL)
		return;
	link->other = number_of(other);
	link->other_id = other->id;
	other->other = number;
	other->other_id = link->id;
	host_enter(there);
	there->accept(there->accept_ctx, other);
	host_leave(there);
	open_later(link);
	open_later(other);
}

static int
link_dial(struct outside *outside, const char *address, const struct link_events *events,
	  void *owner, struct link **ret_link)
{
	struct host *host = (struct host *)outside;
	struct world *w = host->world;
	struct link *link;

	(void)address;
	host_calls(host);
	link = link_new(host);
	if (link == NULL)
		return -ENOMEM;
	link->events = events;
	link->owner = owner;
	link->dead = host->dying;
	engine_at(w, w->now + rnd_delay(w, RNG_NET, w->peer_delay_ns), on_dial, w, number_of(link),
		  0, link->id);
	*ret_link = link;
	return 0;
}

static int
link_listen(struct outside *outside, const char *address,
	    void (*accept)(void *ctx, struct link *link), void *ctx)
{
	struct host *host = (struct host *)outside;

	(void)address;
	host->accept = accept;
	host->accept_ctx = ctx;
	return 0;
}

static void
link_unlisten(struct outside *outside)
{
	((struct host *)outside)->accept = NULL;
}

static void
link_adopt(struct link *link, const struct link_events *events, void *owner)
{
	link->events = events;
	link->owner = owner;
}

static bool
link_names(const struct link *link, const char *name)
{
	return strcmp(link->world->hosts[1 - link->host->number].name, name) == 0;
}

static int
link_socket(const struct link *link)
{
	(void)link;
	return -1;
}

const struct link_ops sim_link = {
	.dial = link_dial,
	.listen = link_listen,
	.unlisten = link_unlisten,
	.adopt = link_adopt,
	.stop = link_stop,
	.close = link_close,
	.reserve = link_reserve,
	.send = link_send,
	.queued = link_queued,
	.below = link_below,
	.arrived = link_arrived,
	.peek = link_peek,
	.drop = link_drop,
	.names = link_names,
	.socket = link_socket,
};
