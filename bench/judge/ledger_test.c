/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger says no to each kind of trouble, and to nothing else. Stories first; then
 * random channels judged twice: by the ledger and by an oracle that keeps every packet
 * for ever and follows the definitions word by word.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger.h"

#define INSIDE(flow) LEDGER_ENDPOINT(0x64410000u + (flow), 1024)
#define REMOTE LEDGER_ENDPOINT(0xc0000201u, 7000)
#define EXTERNAL(flow) LEDGER_ENDPOINT(0xc6336400u, 2000 + (flow))

/* ---- help for stories ---------------------------------------------------------- */

static struct ledger *
new_ledger(uint32_t n_flows)
{
	struct ledger *l;

	assert_int_equal(ledger_create(n_flows, "one", 1000, &l), 0);
	for (uint32_t i = 0; i < n_flows; i++) {
		struct ledger_flow_config config = {
			.inside = INSIDE(i), .remote = REMOTE, .flags = LEDGER_PROBE};

		ledger_open(l, i, &config);
	}
	return l;
}

static uint32_t
arrive(struct ledger *l, struct ledger_ticket t, uint64_t now_ns)
{
	struct ledger_arrival a = {
		.ticket = t, .direction = t.direction, .sent_ns = 1000, .now_ns = now_ns};

	a.src = t.direction == LEDGER_UP ? EXTERNAL(t.flow) : REMOTE;
	a.dst = t.direction == LEDGER_UP ? REMOTE : INSIDE(t.flow);
	return ledger_arrive(l, &a);
}

static const struct ledger_counts *
counts(const struct ledger *l, uint32_t window, enum ledger_direction direction)
{
	return &ledger_window_at(l, window)->counts[direction];
}

static void
send_n(struct ledger *l, struct ledger_ticket *tickets, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		tickets[i] = ledger_send(l, 0, LEDGER_UP);
}

/* ---- stories ------------------------------------------------------------------------ */

static void
a_perfect_path_is_clean(void **state)
{
	struct ledger *l = new_ledger(3);

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		for (uint32_t f = 0; f < 3; f++) {
			assert_int_equal(arrive(l, ledger_send(l, f, LEDGER_UP), 2000 + i), 0);
			assert_int_equal(arrive(l, ledger_send(l, f, LEDGER_DOWN), 2000 + i), 0);
		}
	assert_int_equal(ledger_outstanding(l, 0), 0);
	ledger_finish(l, 9000);
	for (unsigned d = 0; d < LEDGER_N_DIRECTIONS; d++) {
		assert_true(ledger_counts_clean(counts(l, 0, d)));
		assert_int_equal(counts(l, 0, d)->sent, 3000);
		assert_int_equal(counts(l, 0, d)->received, 3000);
	}
	assert_int_equal(ledger_lossy_lives(l), 0);
	ledger_destroy(l);
}

static void
a_missing_packet_is_lost(void **state)
{
	struct ledger *l = new_ledger(1);
	struct ledger_ticket t[3];
	uint64_t total;

	(void)state;
	send_n(l, t, 3);
	arrive(l, t[0], 2000);
	arrive(l, t[2], 2001);
	assert_int_equal(ledger_outstanding(l, 0), 1);
	ledger_finish(l, 9000);
	assert_int_equal(ledger_counts_lost(counts(l, 0, LEDGER_UP)), 1);
	assert_false(ledger_counts_clean(counts(l, 0, LEDGER_UP)));
	assert_int_equal(ledger_lossy_lives(l), 1);
	assert_int_equal(ledger_n_incidents(l, &total), 1);
	assert_int_equal(ledger_incident_at(l, 0)->findings, LEDGER_LOST);
	assert_int_equal(ledger_incident_at(l, 0)->ticket.seq, 1);
	ledger_destroy(l);
}

static void
the_last_packet_missing_is_lost(void **state)
{
	struct ledger *l = new_ledger(1);
	struct ledger_ticket t[2];

	(void)state;
	send_n(l, t, 2);
	arrive(l, t[0], 2000);
	ledger_finish(l, 9000);
	assert_int_equal(ledger_counts_lost(counts(l, 0, LEDGER_UP)), 1);
	assert_int_equal(ledger_incident_at(l, 0)->ticket.seq, 1);
	ledger_destroy(l);
}

static void
a_packet_twice_is_duplicated(void **state)
{
	struct ledger *l = new_ledger(1);
	struct ledger_ticket t[2];

	(void)state;
	send_n(l, t, 2);
	arrive(l, t[0], 2000);
	arrive(l, t[1], 2001);
	assert_int_equal(arrive(l, t[0], 2002), LEDGER_DUPLICATE);
	assert_int_equal(arrive(l, t[1], 2003), LEDGER_DUPLICATE);
	assert_int_equal(counts(l, 0, LEDGER_UP)->duplicated, 2);
	assert_int_equal(counts(l, 0, LEDGER_UP)->received, 2);
	assert_int_equal(counts(l, 0, LEDGER_UP)->reordered, 0);
	assert_false(ledger_counts_clean(counts(l, 0, LEDGER_UP)));
	ledger_destroy(l);
}

static void
overtaken_packets_are_reordered(void **state)
{
	struct ledger *l = new_ledger(1);
	struct ledger_ticket t[4];

	(void)state;
	send_n(l, t, 4);
	assert_int_equal(arrive(l, t[0], 2000), 0);
	assert_int_equal(arrive(l, t[3], 2001), 0);
	assert_int_equal(arrive(l, t[1], 2002), LEDGER_REORDERED);
	assert_int_equal(arrive(l, t[2], 2003), LEDGER_REORDERED);
	assert_int_equal(counts(l, 0, LEDGER_UP)->reordered, 2);
	assert_int_equal(ledger_counts_lost(counts(l, 0, LEDGER_UP)), 0);
	assert_false(ledger_counts_clean(counts(l, 0, LEDGER_UP)));
	ledger_destroy(l);
}

static void
the_edge_of_the_history(void **state)
{
	struct ledger *l = new_ledger(1);
	struct ledger_ticket t[JUDGE_HISTORY_BITS + 2];

	(void)state;
	send_n(l, t, JUDGE_HISTORY_BITS + 2);
	arrive(l, t[JUDGE_HISTORY_BITS + 1], 2000);
	assert_int_equal(arrive(l, t[2], 2001), LEDGER_REORDERED);
	assert_int_equal(arrive(l, t[2], 2002), LEDGER_DUPLICATE);
	assert_int_equal(arrive(l, t[1], 2003), LEDGER_STALE | LEDGER_REORDERED);
	assert_int_equal(counts(l, 0, LEDGER_UP)->stale, 1);
	assert_int_equal(counts(l, 0, LEDGER_UP)->received, 2);
	ledger_destroy(l);
}

static struct ledger_arrival
arrival_of(struct ledger_ticket t)
{
	return (struct ledger_arrival){.ticket = t,
				       .direction = t.direction,
				       .src = t.direction == LEDGER_UP ? EXTERNAL(t.flow) : REMOTE,
				       .dst = t.direction == LEDGER_UP ? REMOTE : INSIDE(t.flow),
				       .sent_ns = 1000,
				       .now_ns = 2000};
}

static void
another_external_port_is_remapped(void **state)
{
	struct ledger *l = new_ledger(1);
	struct ledger_arrival a;
	struct ledger_ticket t[4];

	(void)state;
	send_n(l, t, 4);
	arrive(l, t[0], 2000);
	assert_int_equal(ledger_external(l, 0), EXTERNAL(0));
	a = arrival_of(t[1]);
	a.src = EXTERNAL(1);
	assert_int_equal(ledger_arrive(l, &a), LEDGER_REMAPPED);
	a = arrival_of(t[2]);
	a.src += UINT64_C(1) << 16; /* the address alone */
	assert_int_equal(ledger_arrive(l, &a), LEDGER_REMAPPED);
	a = arrival_of(t[3]);
	a.dst += 1; /* the remote */
	assert_int_equal(ledger_arrive(l, &a), LEDGER_REMAPPED);
	assert_int_equal(ledger_external(l, 0), EXTERNAL(0));
	assert_int_equal(ledger_counts_mistranslated(counts(l, 0, LEDGER_UP)), 3);
	assert_int_equal(ledger_counts_lost(counts(l, 0, LEDGER_UP)), 0);
	assert_false(ledger_counts_clean(counts(l, 0, LEDGER_UP)));
	ledger_destroy(l);
}

static void
a_packet_to_another_flow_is_misdelivered(void **state)
{
	struct ledger *l = new_ledger(2);
	struct ledger_arrival a = arrival_of(ledger_send(l, 0, LEDGER_DOWN));

	(void)state;
	a.dst = INSIDE(1);
	assert_int_equal(ledger_arrive(l, &a), LEDGER_MISDELIVERED);
	a = arrival_of(ledger_send(l, 0, LEDGER_DOWN));
	a.src += 1;
	assert_int_equal(ledger_arrive(l, &a), LEDGER_MISDELIVERED);
	assert_int_equal(ledger_counts_mistranslated(counts(l, 0, LEDGER_DOWN)), 2);
	assert_false(ledger_counts_clean(counts(l, 0, LEDGER_DOWN)));
	ledger_destroy(l);
}

static void
an_unreadable_packet_is_corrupt_and_lost(void **state)
{
	struct ledger *l = new_ledger(1);

	(void)state;
	ledger_send(l, 0, LEDGER_DOWN);
	ledger_corrupt(l, LEDGER_DOWN, 2000);
	ledger_finish(l, 9000);
	assert_int_equal(ledger_counts_mistranslated(counts(l, 0, LEDGER_DOWN)), 1);
	assert_int_equal(ledger_counts_lost(counts(l, 0, LEDGER_DOWN)), 1);
	ledger_destroy(l);
}

static void
expect_unknown(struct ledger *l, struct ledger_ticket t, enum ledger_direction direction)
{
	struct ledger_arrival a = arrival_of(t);
	uint64_t before = counts(l, 0, direction)->unknown;

	a.direction = direction;
	assert_int_equal(ledger_arrive(l, &a), LEDGER_UNKNOWN);
	assert_int_equal(counts(l, 0, direction)->unknown, before + 1);
}

static void
a_ticket_never_handed_out_is_unknown(void **state)
{
	struct ledger *l = new_ledger(2);
	struct ledger_ticket good = ledger_send(l, 0, LEDGER_UP), t;

	(void)state;
	t = good, t.seq++;
	expect_unknown(l, t, LEDGER_UP);
	t = good, t.life++;
	expect_unknown(l, t, LEDGER_UP);
	t = good, t.life = 0;
	expect_unknown(l, t, LEDGER_UP);
	t = good, t.flow = 2;
	expect_unknown(l, t, LEDGER_UP);
	t = good, t.flow = 1;
	expect_unknown(l, t, LEDGER_UP);
	t = good, t.window = 1;
	expect_unknown(l, t, LEDGER_UP);
	t = good, t.direction = 7;
	expect_unknown(l, t, LEDGER_UP);
	expect_unknown(l, good, LEDGER_DOWN); /* it came back to where it was sent */
	assert_false(ledger_counts_clean(counts(l, 0, LEDGER_UP)));
	assert_int_equal(arrive(l, good, 2000), 0);
	ledger_destroy(l);
}

static void
a_loss_belongs_to_the_window_of_sending(void **state)
{
	struct ledger *l = new_ledger(1);
	struct ledger_ticket t[4];

	(void)state;
	send_n(l, t, 2);
	assert_int_equal(ledger_mark(l, "two", 1500), 1);
	send_n(l, t + 2, 2);
	assert_int_equal(ledger_mark(l, "three", 1600), 2);
	arrive(l, t[0], 2000);
	arrive(l, t[2], 2000);
	arrive(l, t[3], 2000);
	arrive(l, t[3], 2000);
	ledger_finish(l, 9000);
	assert_int_equal(ledger_counts_lost(counts(l, 0, LEDGER_UP)), 1);
	assert_int_equal(ledger_counts_lost(counts(l, 1, LEDGER_UP)), 0);
	assert_int_equal(counts(l, 1, LEDGER_UP)->duplicated, 1);
	assert_true(ledger_counts_clean(counts(l, 2, LEDGER_UP)));
	assert_string_equal(ledger_window_at(l, 1)->name, "two");
	assert_int_equal(ledger_window_at(l, 1)->start_ns, 1500);
	assert_int_equal(ledger_window_at(l, 1)->end_ns, 1600);
	assert_int_equal(ledger_window_at(l, 2)->end_ns, 9000);
	ledger_destroy(l);
}

static void
the_longest_silence_of_a_probe_is_the_gap(void **state)
{
	struct ledger *l = new_ledger(2);

	(void)state;
	arrive(l, ledger_send(l, 0, LEDGER_UP), 2000);
	arrive(l, ledger_send(l, 1, LEDGER_UP), 7000);   /* another flow is not a gap */
	arrive(l, ledger_send(l, 0, LEDGER_DOWN), 9900); /* nor another direction */
	arrive(l, ledger_send(l, 0, LEDGER_UP), 2700);
	assert_int_equal(counts(l, 0, LEDGER_UP)->max_gap_ns, 700);
	arrive(l, ledger_send(l, 0, LEDGER_UP), 3200);
	assert_int_equal(counts(l, 0, LEDGER_UP)->max_gap_ns, 700);
	ledger_mark(l, "two", 3300);
	arrive(l, ledger_send(l, 0, LEDGER_UP), 5200);
	assert_int_equal(counts(l, 0, LEDGER_UP)->max_gap_ns, 700);
	assert_int_equal(counts(l, 1, LEDGER_UP)->max_gap_ns, 2000);
	ledger_forget_gaps(l);
	arrive(l, ledger_send(l, 0, LEDGER_UP), 95200);
	assert_int_equal(counts(l, 1, LEDGER_UP)->max_gap_ns, 2000);
	ledger_destroy(l);
}

static void
a_second_life_is_another_flow(void **state)
{
	struct ledger_flow_config config = {.inside = INSIDE(5), .remote = REMOTE};
	struct ledger *l = new_ledger(1);
	struct ledger_ticket t[2], u;

	(void)state;
	send_n(l, t, 2);
	arrive(l, t[0], 2000);
	ledger_settle(l, 0, 3000);
	assert_int_equal(ledger_lossy_lives(l), 1);
	assert_int_equal(arrive(l, t[1], 3001), LEDGER_STALE | LEDGER_REORDERED);
	ledger_open(l, 0, &config);
	assert_int_equal(ledger_external(l, 0), 0);
	u = ledger_send(l, 0, LEDGER_UP);
	assert_int_equal(u.seq, 0);
	assert_int_equal(arrive(l, t[1], 3002), LEDGER_STALE | LEDGER_REORDERED);
	assert_int_equal(ledger_external(l, 0), 0); /* an old packet teaches nothing */
	assert_int_equal(arrive(l, u, 3003), 0);
	ledger_finish(l, 9000);
	assert_int_equal(ledger_lossy_lives(l), 1);
	assert_int_equal(ledger_counts_lost(counts(l, 0, LEDGER_UP)), 1);
	ledger_destroy(l);
}

static void
taken_back_is_not_sent(void **state)
{
	struct ledger *l = new_ledger(1);
	struct ledger_ticket t[2];

	(void)state;
	send_n(l, t, 2);
	assert_false(ledger_unsend(l, &t[0]));
	assert_true(ledger_unsend(l, &t[1]));
	assert_true(ledger_unsend(l, &t[0]));
	ledger_finish(l, 9000);
	assert_int_equal(counts(l, 0, LEDGER_UP)->sent, 0);
	assert_true(ledger_counts_clean(counts(l, 0, LEDGER_UP)));
	ledger_destroy(l);
}

static void
latency_counts_first_arrivals(void **state)
{
	struct ledger *l = new_ledger(1);
	struct ledger_ticket t = ledger_send(l, 0, LEDGER_UP);

	(void)state;
	arrive(l, t, 1700); /* sent at 1000 */
	arrive(l, t, 8000);
	ledger_round_trip(l, &t, 5000);
	assert_int_equal(ledger_window_at(l, 0)->one_way[LEDGER_UP].n, 1);
	assert_int_equal(ledger_window_at(l, 0)->one_way[LEDGER_UP].max_ns, 700);
	assert_int_equal(ledger_window_at(l, 0)->round_trip.max_ns, 5000);
	ledger_destroy(l);
}

static uint32_t
arrive_in_cell(struct ledger *l, uint32_t cell, uint64_t sent_ns)
{
	struct ledger_ticket t = ledger_send(l, 0, LEDGER_DOWN);
	struct ledger_arrival a = {.ticket = t,
				   .direction = LEDGER_DOWN,
				   .src = REMOTE,
				   .dst = INSIDE(0),
				   .cell = cell,
				   .sent_ns = sent_ns,
				   .now_ns = sent_ns + 10};

	return ledger_arrive(l, &a);
}

/* Old cell, end, new cell; what is sent after the change is known comes to the new one. */
static void
a_subscriber_is_in_one_cell(void **state)
{
	struct ledger *l = new_ledger(1);

	(void)state;
	ledger_cell_set(l, 0, 5);
	assert_int_equal(arrive_in_cell(l, 5, 1000), 0);
	assert_int_equal(arrive_in_cell(l, 6, 1010), LEDGER_WRONG_CELL);
	ledger_cell_begin(l, 0, 6);
	assert_int_equal(arrive_in_cell(l, 5, 1020), 0);
	assert_int_equal(arrive_in_cell(l, 7, 1030), LEDGER_WRONG_CELL);
	ledger_cell_done(l, 0, 1040);
	ledger_cell_done(l, 0, 1060); /* known since the first time */
	assert_int_equal(arrive_in_cell(l, 5, 1040), 0);
	assert_int_equal(arrive_in_cell(l, 5, 1041), LEDGER_WRONG_CELL);
	assert_int_equal(arrive_in_cell(l, 6, 1050), LEDGER_WRONG_CELL); /* before the end of 5 */
	assert_int_equal(arrive_in_cell(l, 6, 1051), 0);                 /* that is counted once */
	ledger_cell_closed(l, 0);
	assert_int_equal(arrive_in_cell(l, 6, 1060), 0);
	assert_int_equal(arrive_in_cell(l, 5, 1040), LEDGER_WRONG_CELL); /* behind its end */
	assert_int_equal(counts(l, 0, LEDGER_DOWN)->wrong_cell, 5);
	assert_int_equal(counts(l, 0, LEDGER_DOWN)->received, 10);
	assert_false(ledger_counts_clean(counts(l, 0, LEDGER_DOWN)));
	ledger_destroy(l);
}

static void
bad_requests_are_refused(void **state)
{
	struct ledger *l = new_ledger(1), *none = NULL;
	char name[JUDGE_NAME_SIZE + 1];

	(void)state;
	assert_int_equal(ledger_create(0, "x", 0, &none), -EINVAL);
	assert_int_equal(ledger_create(JUDGE_MAX_FLOWS + 1, "x", 0, &none), -EINVAL);
	assert_int_equal(ledger_create(1, "", 0, &none), -EINVAL);
	assert_null(none);
	memset(name, 'a', JUDGE_NAME_SIZE);
	name[JUDGE_NAME_SIZE] = '\0';
	assert_int_equal(ledger_mark(l, name, 0), -EINVAL);
	assert_int_equal(ledger_mark(l, "a b", 0), -EINVAL);
	assert_int_equal(ledger_mark(l, "a\"", 0), -EINVAL);
	for (unsigned i = 1; i < JUDGE_MAX_WINDOWS; i++)
		assert_int_equal(ledger_mark(l, "w", i), i);
	assert_int_equal(ledger_mark(l, "w", 1), -ENOSPC);
	ledger_destroy(l);
}

/* ---- the oracle ------------------------------------------------------------------------ */

#define ORACLE_FLOWS 2u
#define ORACLE_PACKETS 1200u
#define ORACLE_ARRIVALS (2u * ORACLE_PACKETS)

/* One packet, for ever. */
struct packet {
	struct ledger_ticket ticket;
	unsigned n_arrivals;
};

struct oracle {
	struct packet packets[ORACLE_PACKETS];
	unsigned n_packets;
	struct ledger_arrival arrivals[ORACLE_ARRIVALS]; /* in order */
	unsigned n_arrivals;
	struct ledger_counts counts[3][LEDGER_N_DIRECTIONS];
};

static bool
same_line(const struct ledger_ticket *a, const struct ledger_ticket *b)
{
	return a->flow == b->flow && a->life == b->life && a->direction == b->direction;
}

static bool
same_packet(const struct ledger_ticket *a, const struct ledger_ticket *b)
{
	return same_line(a, b) && a->seq == b->seq;
}

static struct packet *
oracle_find(struct oracle *o, const struct ledger_ticket *t)
{
	for (unsigned i = 0; i < o->n_packets; i++)
		if (same_packet(&o->packets[i].ticket, t))
			return &o->packets[i];
	return NULL;
}

static bool
is_first(const struct oracle *o, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (same_packet(&o->arrivals[i].ticket, &o->arrivals[n].ticket))
			return false;
	return true;
}

/* First arrivals of the same flow, life and direction before arrival n: did one have a
 * higher number? Which external endpoint did the first show? When was the last? */
static void
oracle_look_back(const struct oracle *o, unsigned n, bool *overtaken, ledger_endpoint *external,
		 uint64_t *last_ns)
{
	const struct ledger_arrival *a = &o->arrivals[n];

	*overtaken = false;
	*external = a->src;
	*last_ns = 0;
	for (unsigned i = n; i-- > 0;) {
		const struct ledger_arrival *b = &o->arrivals[i];

		if (!same_line(&a->ticket, &b->ticket))
			continue;
		if (b->ticket.seq > a->ticket.seq)
			*overtaken = true;
		*external = b->src;
	}
	for (unsigned i = n; i-- > 0 && *last_ns == 0;)
		if (same_line(&a->ticket, &o->arrivals[i].ticket) && is_first(o, i))
			*last_ns = o->arrivals[i].now_ns;
}

static void
oracle_judge_arrival(struct oracle *o, unsigned n)
{
	const struct ledger_arrival *a = &o->arrivals[n];
	struct ledger_counts *c = &o->counts[a->ticket.window][a->ticket.direction];
	struct packet *p = oracle_find(o, &a->ticket);
	bool up = a->direction == LEDGER_UP, overtaken;
	ledger_endpoint external;
	uint64_t last_ns;

	oracle_look_back(o, n, &overtaken, &external, &last_ns);
	if (up && (a->src != external || a->dst != REMOTE))
		c->remapped++;
	if (!up && (a->dst != INSIDE(a->ticket.flow) || a->src != REMOTE))
		c->misdelivered++;
	if (p->n_arrivals++ > 0) {
		c->duplicated++;
		return;
	}
	c->received++;
	c->reordered += overtaken;
	if (last_ns != 0 && a->now_ns - last_ns > c->max_gap_ns)
		c->max_gap_ns = a->now_ns - last_ns;
}

/* ---- a random channel --------------------------------------------------------------------- */

static unsigned
chance(unsigned percent)
{
	return (unsigned)random() % 100u < percent;
}

/* Packets wait in a bag and come out in any order, some never, some more than once, some
 * with another address. The bag is small enough for the history. */
struct channel {
	struct ledger_ticket bag[100];
	unsigned n;
	unsigned loss, copies, changes, disorder; /* percent */
};

static void
channel_out(struct channel *ch, struct ledger *l, struct oracle *o, uint64_t now_ns)
{
	unsigned i = chance(ch->disorder) ? (unsigned)random() % ch->n : 0;
	struct ledger_arrival a = arrival_of(ch->bag[i]);

	a.now_ns = now_ns;
	if (chance(ch->changes))
		*(chance(50) ? &a.src : &a.dst) += 1;
	if (!chance(ch->copies) || o->n_arrivals + 200 > ORACLE_ARRIVALS) {
		ch->n--;
		memmove(&ch->bag[i], &ch->bag[i + 1], (ch->n - i) * sizeof(ch->bag[0]));
	}
	o->arrivals[o->n_arrivals] = a;
	oracle_judge_arrival(o, o->n_arrivals++);
	ledger_arrive(l, &a);
}

static void
channel_in(struct channel *ch, struct ledger *l, struct oracle *o)
{
	struct ledger_ticket t = ledger_send(l, (uint32_t)random() % ORACLE_FLOWS,
					     chance(50) ? LEDGER_UP : LEDGER_DOWN);

	o->packets[o->n_packets++].ticket = t;
	o->counts[t.window][t.direction].sent++;
	if (!chance(ch->loss))
		ch->bag[ch->n++] = t;
}

static void
run_channel(struct channel *ch, struct ledger *l, struct oracle *o)
{
	uint64_t now_ns = 5000;

	while (o->n_packets < ORACLE_PACKETS) {
		now_ns += (uint64_t)random() % 1000 + 1;
		if (o->n_packets == ORACLE_PACKETS / 3 && ledger_n_windows(l) == 1)
			ledger_mark(l, "two", now_ns);
		if (o->n_packets == ORACLE_PACKETS / 2 && ledger_n_windows(l) == 2)
			ledger_mark(l, "three", now_ns);
		if (ch->n > 0 && (chance(50) || ch->n == 100))
			channel_out(ch, l, o, now_ns);
		else
			channel_in(ch, l, o);
	}
	ch->copies = 0;
	while (ch->n > 0)
		channel_out(ch, l, o, ++now_ns);
	ledger_finish(l, now_ns);
}

static void
random_channels_agree_with_the_oracle(void **state)
{
	struct oracle *o = calloc(1, sizeof(*o));

	(void)state;
	for (unsigned seed = 1; seed <= 12; seed++) {
		struct ledger *l = new_ledger(ORACLE_FLOWS);
		struct channel ch = {.loss = seed % 2 ? 0 : 3,
				     .copies = seed % 3 ? 0 : 5,
				     .changes = seed % 4 ? 0 : 2,
				     .disorder = seed % 5 ? 0 : 30};

		srandom(seed);
		memset(o, 0, sizeof(*o));
		run_channel(&ch, l, o);
		for (uint32_t w = 0; w < 3; w++)
			for (unsigned d = 0; d < LEDGER_N_DIRECTIONS; d++) {
				if (memcmp(&o->counts[w][d], counts(l, w, d),
					   sizeof(o->counts[w][d])) != 0)
					fail_msg("seed %u, window %u, direction %u differ", seed, w,
						 d);
				if (seed % 2 && seed % 3 && seed % 4 && seed % 5)
					assert_true(ledger_counts_clean(counts(l, w, d)));
			}
		ledger_destroy(l);
	}
	free(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_perfect_path_is_clean),
		cmocka_unit_test(a_missing_packet_is_lost),
		cmocka_unit_test(the_last_packet_missing_is_lost),
		cmocka_unit_test(a_packet_twice_is_duplicated),
		cmocka_unit_test(overtaken_packets_are_reordered),
		cmocka_unit_test(the_edge_of_the_history),
		cmocka_unit_test(another_external_port_is_remapped),
		cmocka_unit_test(a_packet_to_another_flow_is_misdelivered),
		cmocka_unit_test(an_unreadable_packet_is_corrupt_and_lost),
		cmocka_unit_test(a_ticket_never_handed_out_is_unknown),
		cmocka_unit_test(a_loss_belongs_to_the_window_of_sending),
		cmocka_unit_test(the_longest_silence_of_a_probe_is_the_gap),
		cmocka_unit_test(a_second_life_is_another_flow),
		cmocka_unit_test(taken_back_is_not_sent),
		cmocka_unit_test(latency_counts_first_arrivals),
		cmocka_unit_test(a_subscriber_is_in_one_cell),
		cmocka_unit_test(bad_requests_are_refused),
		cmocka_unit_test(random_channels_agree_with_the_oracle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
