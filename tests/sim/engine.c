/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rte_mbuf.h>

/* ---- random numbers ------------------------------------------------------------ */

static uint64_t
next_number(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t
rnd(struct world *w, enum stream_of_numbers from, uint64_t below)
{
	return below > 1 ? next_number(&w->rng[from]) % below : 0;
}

uint64_t
rnd_range(struct world *w, enum stream_of_numbers from, uint64_t low, uint64_t high)
{
	return low + rnd(w, from, high - low + 1);
}

uint64_t
rnd_delay(struct world *w, enum stream_of_numbers from, uint64_t usual)
{
	uint64_t ns = usual / 4 + rnd(w, from, usual);

	return rnd_chance(w, from, 8) ? ns * 12 : ns;
}

bool
rnd_chance(struct world *w, enum stream_of_numbers from, uint32_t of_256)
{
	return rnd(w, from, 256) < of_256;
}

/* ---- events: a binary heap, equal times in the order of their making ------------- */

static bool
is_before(const struct event *a, const struct event *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void
engine_at(struct world *w, uint64_t at, event_fn *fn, void *ctx, uint32_t a, uint32_t b, uint64_t c)
{
	struct event e = {.at = at < w->now ? w->now : at,
			  .order = w->order++,
			  .fn = fn,
			  .ctx = ctx,
			  .a = a,
			  .b = b,
			  .c = c};
	uint32_t i = w->n_events;

	if (i == SIM_MAX_EVENTS) {
		violation(w, "the simulator has too many events");
		return;
	}
	w->n_events++;
	while (i > 0) {
		uint32_t parent = (i - 1) / 2;

		if (!is_before(&e, &w->events[parent]))
			break;
		w->events[i] = w->events[parent];
		i = parent;
	}
	w->events[i] = e;
}

static struct event
take_first(struct world *w)
{
	struct event first = w->events[0];
	struct event e = w->events[--w->n_events];
	uint32_t i = 0, child;

	while ((child = 2 * i + 1) < w->n_events) {
		if (child + 1 < w->n_events && is_before(&w->events[child + 1], &w->events[child]))
			child++;
		if (!is_before(&w->events[child], &e))
			break;
		w->events[i] = w->events[child];
		i = child;
	}
	w->events[i] = e;
	return first;
}

bool
engine_step(struct world *w)
{
	struct event e;

	if (w->n_events == 0)
		return false;
	e = take_first(w);
	w->now = e.at;
	w->steps++;
	e.fn(e.ctx, e.a, e.b, e.c);
	return true;
}

void
engine_init(struct world *w, uint64_t seed)
{
	uint64_t state = seed * 2 + 1;

	for (unsigned i = 0; i < N_RNG; i++)
		w->rng[i] = next_number(&state);
	w->packet_free = SIM_NONE;
}

/* ---- what is said ------------------------------------------------------------------ */

void
trace(struct world *w, const char *format, ...)
{
	va_list args;

	if (!w->options.verbose)
		return;
	printf("%12.3f us  ", (double)w->now / 1000.0);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

void
violation(struct world *w, const char *format, ...)
{
	va_list args;
	size_t n;

	if (w->failed)
		return;
	w->failed = true;
	n = (size_t)snprintf(w->what, sizeof(w->what), "at %.3f us: ", (double)w->now / 1000.0);
	va_start(args, format);
	vsnprintf(w->what + n, sizeof(w->what) - n, format, args);
	va_end(args);
	trace(w, "VIOLATION %s", w->what);
}

/* ---- packets -------------------------------------------------------------------------- */

uint32_t
packet_new(struct world *w)
{
	uint32_t p = w->packet_free;

	if (p != SIM_NONE) {
		w->packet_free = w->packets[p].next;
	} else if (w->n_packets < SIM_MAX_PACKETS) {
		p = w->n_packets++;
	} else {
		violation(w, "the simulator has too many packets under way");
		p = 0;
	}
	w->packets[p] = (struct packet){.next = SIM_NONE};
	return p;
}

void
packet_free(struct world *w, uint32_t p)
{
	struct rte_mbuf *m = w->packets[p].m;

	if (m != NULL) {
		eal_set_number(m, SIM_NONE);
		rte_pktmbuf_free(m);
	}
	w->packets[p].m = NULL;
	w->packets[p].next = w->packet_free;
	w->packet_free = p;
}

void
fifo_push(struct world *w, struct fifo *f, uint32_t p)
{
	w->packets[p].next = SIM_NONE;
	if (f->n == 0)
		f->first = p;
	else
		w->packets[f->last].next = p;
	f->last = p;
	f->n++;
}

uint32_t
fifo_pop(struct world *w, struct fifo *f)
{
	uint32_t p = f->first;

	if (f->n == 0)
		return SIM_NONE;
	f->first = w->packets[p].next;
	f->n--;
	return p;
}
