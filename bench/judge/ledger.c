/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger; see ledger.h for the definitions.
 *
 * A direction of a flow is a counter of what was sent, the next number that would be in order,
 * and a bitmap of the last JUDGE_HISTORY_BITS numbers below it. Loss needs no memory per
 * packet: a window's loss is what was sent in it minus the different packets of it that
 * arrived, and the bitmap makes "different" exact.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ledger.h"

#define HISTORY_WORDS (JUDGE_HISTORY_BITS / 64u)

struct direction {
	uint32_t sent;
	uint32_t received;
	uint32_t next; /* one above the highest number that arrived */
	uint64_t last_arrival_ns;
	uint64_t history[HISTORY_WORDS]; /* bit (seq % JUDGE_HISTORY_BITS): arrived */
};

/* Where downlink packets come out. */
struct whereabouts {
	uint32_t present; /* 0: not judged */
	uint32_t last;    /* 0: there was none */
	uint64_t done_ns; /* of the change from last to present; 0: not yet */
	bool closed;      /* nothing comes out of the last one any more */
	bool early;       /* something came out of the present one before; it is counted */
};

struct flow {
	uint32_t life; /* 0: never opened */
	uint32_t flags;
	bool open;
	bool expected; /* it should send a packet, and has not yet */
	ledger_endpoint inside, remote, external;
	struct whereabouts cell;
	struct direction directions[LEDGER_N_DIRECTIONS];
};

struct ledger {
	uint32_t n_flows;
	uint32_t n_windows;
	uint32_t n_incidents;
	uint64_t total_incidents;
	uint64_t lossy_lives;
	uint64_t n_silent;
	struct flow *flows;
	struct ledger_window *windows;
	struct ledger_incident incidents[JUDGE_MAX_INCIDENTS + 1]; /* the last one takes the rest */
};

/* ---- set-up, windows ---------------------------------------------------------- */

static bool
name_is_good(const char *name)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_-.";
	size_t size = strlen(name);

	return size > 0 && size < JUDGE_NAME_SIZE && strspn(name, good) == size;
}

int
ledger_create(uint32_t n_flows, const char *name, uint64_t now_ns, struct ledger **ret_ledger)
{
	struct ledger *l;

	if (n_flows == 0 || n_flows > JUDGE_MAX_FLOWS || !name_is_good(name))
		return -EINVAL;
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return -ENOMEM;
	l->n_flows = n_flows;
	l->flows = calloc(n_flows, sizeof(*l->flows));
	l->windows = calloc(JUDGE_MAX_WINDOWS, sizeof(*l->windows));
	if (l->flows == NULL || l->windows == NULL) {
		ledger_destroy(l);
		return -ENOMEM;
	}
	ledger_mark(l, name, now_ns);
	*ret_ledger = l;
	return 0;
}

void
ledger_destroy(struct ledger *l)
{
	if (l == NULL)
		return;
	free(l->flows);
	free(l->windows);
	free(l);
}

int
ledger_mark(struct ledger *l, const char *name, uint64_t now_ns)
{
	struct ledger_window *w = &l->windows[l->n_windows];

	if (!name_is_good(name))
		return -EINVAL;
	if (l->n_windows == JUDGE_MAX_WINDOWS)
		return -ENOSPC;
	if (l->n_windows > 0)
		w[-1].end_ns = now_ns;
	memcpy(w->name, name, strlen(name) + 1);
	w->start_ns = now_ns;
	return (int)l->n_windows++;
}

/* ---- history of one direction --------------------------------------------------- */

static bool
history_test(const struct direction *d, uint32_t seq)
{
	uint32_t bit = seq % JUDGE_HISTORY_BITS;

	return (d->history[bit / 64u] >> (bit % 64u) & 1u) != 0;
}

static void
history_set(struct direction *d, uint32_t seq)
{
	uint32_t bit = seq % JUDGE_HISTORY_BITS;

	d->history[bit / 64u] |= UINT64_C(1) << (bit % 64u);
}

/* Moves `next` up behind seq; the numbers in between have not arrived. */
static void
history_advance(struct direction *d, uint32_t seq)
{
	if (seq - d->next >= JUDGE_HISTORY_BITS)
		memset(d->history, 0, sizeof(d->history));
	else
		for (uint32_t s = d->next; s <= seq; s++) {
			uint32_t bit = s % JUDGE_HISTORY_BITS;

			d->history[bit / 64u] &= ~(UINT64_C(1) << (bit % 64u));
		}
	d->next = seq + 1u;
}

/* Notes that seq arrived. */
static uint32_t
history_note(struct direction *d, uint32_t seq)
{
	uint32_t findings = 0;

	if (seq >= d->next) {
		history_advance(d, seq);
	} else if (d->next - seq > JUDGE_HISTORY_BITS) {
		return LEDGER_STALE | LEDGER_REORDERED;
	} else if (history_test(d, seq)) {
		return LEDGER_DUPLICATE;
	} else {
		findings = LEDGER_REORDERED;
	}
	history_set(d, seq);
	d->received++;
	return findings;
}

/* ---- incidents -------------------------------------------------------------------- */

static struct ledger_incident *
incident_add(struct ledger *l, uint32_t findings, uint64_t now_ns)
{
	struct ledger_incident *i = &l->incidents[l->n_incidents];

	l->total_incidents++;
	if (l->n_incidents < JUDGE_MAX_INCIDENTS)
		l->n_incidents++;
	*i = (struct ledger_incident){.findings = findings, .at_ns = now_ns, .n = 1};
	return i;
}

static uint32_t
first_missing(const struct direction *d)
{
	uint32_t s = d->next > JUDGE_HISTORY_BITS ? d->next - JUDGE_HISTORY_BITS : 0;

	while (s < d->next && history_test(d, s))
		s++;
	return s;
}

/* ---- lives -------------------------------------------------------------------------- */

void
ledger_open(struct ledger *l, uint32_t flow, const struct ledger_flow_config *config)
{
	struct flow *f = &l->flows[flow];

	assert(flow < l->n_flows && !f->open);
	memset(f->directions, 0, sizeof(f->directions));
	f->life++;
	f->open = true;
	f->expected = false;
	f->flags = config->flags;
	f->inside = config->inside;
	f->remote = config->remote;
	f->external = 0;
}

static uint32_t
settle_direction(struct ledger *l, uint32_t flow, enum ledger_direction direction, uint64_t now_ns)
{
	const struct flow *f = &l->flows[flow];
	const struct direction *d = &f->directions[direction];
	struct ledger_incident *i;

	if (d->sent == d->received)
		return 0;
	i = incident_add(l, LEDGER_LOST, now_ns);
	i->ticket = (struct ledger_ticket){
		.flow = flow, .life = f->life, .seq = first_missing(d), .direction = direction};
	i->n = d->sent - d->received;
	return i->n;
}

void
ledger_settle(struct ledger *l, uint32_t flow, uint64_t now_ns)
{
	assert(flow < l->n_flows && l->flows[flow].open);
	if (settle_direction(l, flow, LEDGER_UP, now_ns) +
		    settle_direction(l, flow, LEDGER_DOWN, now_ns) >
	    0)
		l->lossy_lives++;
	l->flows[flow].open = false;
}

void
ledger_finish(struct ledger *l, uint64_t now_ns)
{
	for (uint32_t i = 0; i < l->n_flows; i++)
		if (l->flows[i].open) {
			l->n_silent += l->flows[i].expected;
			ledger_settle(l, i, now_ns);
		}
	l->windows[l->n_windows - 1u].end_ns = now_ns;
}

void
ledger_expect_all(struct ledger *l)
{
	for (uint32_t i = 0; i < l->n_flows; i++)
		l->flows[i].expected = l->flows[i].open;
}

void
ledger_let_go(struct ledger *l, uint32_t flow)
{
	l->flows[flow].expected = false;
}

void
ledger_forget_gaps(struct ledger *l)
{
	for (uint32_t i = 0; i < l->n_flows; i++)
		for (unsigned d = 0; d < LEDGER_N_DIRECTIONS; d++)
			l->flows[i].directions[d].last_arrival_ns = 0;
}

/* ---- cells ---------------------------------------------------------------------------- */

void
ledger_cell_set(struct ledger *l, uint32_t flow, uint32_t cell)
{
	l->flows[flow].cell = (struct whereabouts){.present = cell};
}

void
ledger_cell_begin(struct ledger *l, uint32_t flow, uint32_t cell)
{
	struct whereabouts *w = &l->flows[flow].cell;

	*w = (struct whereabouts){.present = cell, .last = w->present};
}

void
ledger_cell_done(struct ledger *l, uint32_t flow, uint64_t now_ns)
{
	struct whereabouts *w = &l->flows[flow].cell;

	if (w->done_ns == 0)
		w->done_ns = now_ns;
}

void
ledger_cell_closed(struct ledger *l, uint32_t flow)
{
	l->flows[flow].cell.closed = true;
}

static bool
cell_is_wrong(struct whereabouts *w, const struct ledger_arrival *a)
{
	if (a->cell == 0 || w->present == 0)
		return false;
	if (a->cell == w->present) {
		bool first = w->last != 0 && !w->closed && !w->early;

		w->early |= first;
		return first;
	}
	return a->cell != w->last || w->closed || (w->done_ns != 0 && a->sent_ns > w->done_ns);
}

/* ---- packets -------------------------------------------------------------------------- */

struct ledger_ticket
ledger_send(struct ledger *l, uint32_t flow, enum ledger_direction direction)
{
	struct flow *f = &l->flows[flow];
	uint32_t window = l->n_windows - 1u;

	assert(flow < l->n_flows && f->open);
	l->windows[window].counts[direction].sent++;
	f->expected = false;
	return (struct ledger_ticket){
		.flow = flow,
		.life = f->life,
		.seq = f->directions[direction].sent++,
		.window = (uint16_t)window,
		.direction = direction,
	};
}

bool
ledger_unsend(struct ledger *l, const struct ledger_ticket *ticket)
{
	struct flow *f = &l->flows[ticket->flow];
	struct direction *d = &f->directions[ticket->direction];

	if (!f->open || f->life != ticket->life || d->sent != ticket->seq + 1u)
		return false;
	d->sent--;
	l->windows[ticket->window].counts[ticket->direction].sent--;
	return true;
}

/* Was this ticket ever handed out? For an earlier life only as far as can be known. */
static bool
ticket_is_known(const struct ledger *l, const struct ledger_arrival *a)
{
	const struct ledger_ticket *t = &a->ticket;
	const struct flow *f;

	if (t->flow >= l->n_flows || t->window >= l->n_windows || t->direction != a->direction)
		return false;
	f = &l->flows[t->flow];
	if (t->life == 0 || t->life > f->life)
		return false;
	return t->life < f->life || t->seq < f->directions[t->direction].sent;
}

/* Compares the addresses on the wire with what the flow should show; an uplink's first
 * arrival teaches the external endpoint. */
static uint32_t
check_translation(struct flow *f, const struct ledger_arrival *a, struct ledger_incident *wrong)
{
	bool up = a->direction == LEDGER_UP;
	ledger_endpoint local = up ? a->src : a->dst;
	ledger_endpoint remote = up ? a->dst : a->src;
	ledger_endpoint expected;

	if (up && f->external == 0)
		f->external = a->src;
	expected = up ? f->external : f->inside;
	if (local == expected && remote == f->remote)
		return 0;
	wrong->seen = local != expected ? local : remote;
	wrong->expected = local != expected ? expected : f->remote;
	return up ? LEDGER_REMAPPED : LEDGER_MISDELIVERED;
}

static void
count_findings(struct ledger_counts *c, uint32_t findings)
{
	c->received += (findings & (LEDGER_DUPLICATE | LEDGER_STALE)) == 0;
	c->duplicated += (findings & LEDGER_DUPLICATE) != 0;
	c->reordered += (findings & LEDGER_REORDERED) != 0;
	c->stale += (findings & LEDGER_STALE) != 0;
	c->remapped += (findings & LEDGER_REMAPPED) != 0;
	c->misdelivered += (findings & LEDGER_MISDELIVERED) != 0;
	c->wrong_cell += (findings & LEDGER_WRONG_CELL) != 0;
}

static uint32_t
check_cell(struct flow *f, const struct ledger_arrival *a, struct ledger_incident *wrong)
{
	if (a->direction != LEDGER_DOWN || !cell_is_wrong(&f->cell, a))
		return 0;
	wrong->seen = LEDGER_ENDPOINT(a->cell, 0);
	wrong->expected = LEDGER_ENDPOINT(f->cell.present, 0);
	return LEDGER_WRONG_CELL;
}

/* A first arrival: how long it took, and how long the flow had been silent. */
static void
note_times(struct ledger *l, const struct ledger_arrival *a)
{
	const struct ledger_ticket *t = &a->ticket;
	struct flow *f = &l->flows[t->flow];
	struct direction *d = &f->directions[t->direction];
	struct ledger_window *w = &l->windows[t->window];
	struct ledger_counts *c = &w->counts[t->direction];

	hist_add(&w->one_way[t->direction], a->now_ns > a->sent_ns ? a->now_ns - a->sent_ns : 0);
	if ((f->flags & LEDGER_PROBE) == 0)
		return;
	if (d->last_arrival_ns != 0 && a->now_ns - d->last_arrival_ns > c->max_gap_ns)
		c->max_gap_ns = a->now_ns - d->last_arrival_ns;
	d->last_arrival_ns = a->now_ns;
}

static uint32_t
arrive_unknown(struct ledger *l, const struct ledger_arrival *a)
{
	l->windows[l->n_windows - 1u].counts[a->direction].unknown++;
	incident_add(l, LEDGER_UNKNOWN, a->now_ns)->ticket = a->ticket;
	return LEDGER_UNKNOWN;
}

uint32_t
ledger_arrive(struct ledger *l, const struct ledger_arrival *a)
{
	const struct ledger_ticket *t = &a->ticket;
	struct ledger_incident wrong = {0};
	struct ledger_incident *i;
	struct flow *f;
	uint32_t findings;

	if (!ticket_is_known(l, a))
		return arrive_unknown(l, a);
	f = &l->flows[t->flow];
	if (t->life < f->life || !f->open)
		findings = LEDGER_STALE | LEDGER_REORDERED;
	else
		findings = history_note(&f->directions[t->direction], t->seq) |
			   check_translation(f, a, &wrong) | check_cell(f, a, &wrong);
	count_findings(&l->windows[t->window].counts[t->direction], findings);
	if ((findings & (LEDGER_DUPLICATE | LEDGER_STALE)) == 0)
		note_times(l, a);
	if (findings != 0) {
		i = incident_add(l, findings, a->now_ns);
		i->ticket = *t;
		i->seen = wrong.seen;
		i->expected = wrong.expected;
	}
	return findings;
}

void
ledger_corrupt(struct ledger *l, enum ledger_direction direction, uint64_t now_ns)
{
	l->windows[l->n_windows - 1u].counts[direction].corrupt++;
	incident_add(l, LEDGER_CORRUPT, now_ns)->ticket.direction = direction;
}

void
ledger_round_trip(struct ledger *l, const struct ledger_ticket *ticket, uint64_t ns)
{
	hist_add(&l->windows[ticket->window].round_trip, ns);
}

/* ---- readers ---------------------------------------------------------------------------- */

ledger_endpoint
ledger_external(const struct ledger *l, uint32_t flow)
{
	return l->flows[flow].open ? l->flows[flow].external : 0;
}

bool
ledger_is_open(const struct ledger *l, uint32_t flow)
{
	return l->flows[flow].open;
}

uint32_t
ledger_n_windows(const struct ledger *l)
{
	return l->n_windows;
}

const struct ledger_window *
ledger_window_at(const struct ledger *l, uint32_t window)
{
	return &l->windows[window];
}

uint64_t
ledger_outstanding(const struct ledger *l, uint32_t first)
{
	uint64_t n = 0;

	for (uint32_t i = first; i < l->n_windows; i++)
		for (uint32_t d = 0; d < LEDGER_N_DIRECTIONS; d++)
			n += ledger_counts_lost(&l->windows[i].counts[d]);
	return n;
}

void
ledger_counts_add(struct ledger_counts *into, const struct ledger_counts *from)
{
#define X(name) into->name += from->name;
	LEDGER_COUNTS(X)
#undef X
	if (from->max_gap_ns > into->max_gap_ns)
		into->max_gap_ns = from->max_gap_ns;
}

bool
ledger_counts_clean(const struct ledger_counts *c)
{
	return ledger_counts_lost(c) == 0 && c->duplicated == 0 && c->reordered == 0 &&
	       ledger_counts_mistranslated(c) == 0 && c->wrong_cell == 0;
}

uint32_t
ledger_n_incidents(const struct ledger *l, uint64_t *ret_total)
{
	*ret_total = l->total_incidents;
	return l->n_incidents;
}

const struct ledger_incident *
ledger_incident_at(const struct ledger *l, uint32_t i)
{
	return &l->incidents[i];
}

uint64_t
ledger_n_silent(const struct ledger *l)
{
	return l->n_silent;
}

uint64_t
ledger_lossy_lives(const struct ledger *l)
{
	return l->lossy_lives;
}
