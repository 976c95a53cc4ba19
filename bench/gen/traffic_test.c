/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The generator in virtual time over a wire that does one thing wrong: the result names
 * exactly that, and nothing else. And the pace, the flows' lives, the phases.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_wire.h"

#define MS UINT64_C(1000000)
#define SECOND (1000u * MS)
#define DELAY_NS (150u * 1000u)
#define STEP_NS 20000u

struct rig {
	struct traffic *traffic;
	struct fake_wire *wire;
	uint64_t now_ns;
	uint64_t sent[TRAFFIC_N_SIDES];
	uint64_t paused_until_ns; /* the generator does not run */
};

static const struct traffic_config base = {
	.sides = {{.mac = {2, 0, 0, 0, 1, 2}, .ip = 0x64400002, .hop_ip = 0x64400001},
		  {.mac = {2, 0, 0, 0, 2, 2}, .ip = 0xcb007102, .hop_ip = 0xcb007101}},
	.n_flows = 500,
	.n_probes = 2,
	.probe_rate = 500,
	.n_echoes = 2,
	.echo_rate = 250,
	.rate = {10000, 10000},
	.churn = 200,
	.ramp_rate = 5000,
	.guard_ns = 100 * MS,
	.max_late_ns = SECOND,
	.drain_ns = 2 * SECOND,
	.frame_size = 128,
	.subscriber_base = 0x64410000,
	.n_subscribers = 64,
	.remote_base = 0xc0000201,
	.n_remotes = 254,
	.series_bin_ns = 10 * MS,
	.series_n_bins = 10000,
	.seed = 1,
};

static void
rig_start(struct rig *r, const struct traffic_config *config, struct fake_wire_config wire)
{
	*r = (struct rig){.now_ns = 77 * SECOND};
	wire.delay_ns = DELAY_NS;
	for (unsigned i = 0; i < TRAFFIC_N_SIDES; i++) {
		memcpy(wire.macs[i], config->sides[i].mac, FRAME_MAC_SIZE);
		wire.macs[i][FRAME_MAC_SIZE - 1] = 1;
		wire.ips[i] = config->sides[i].hop_ip;
	}
	r->wire = fake_wire_create(&wire);
	assert_int_equal(traffic_create(config, r->now_ns, &r->traffic), 0);
}

static void
rig_round(struct rig *r)
{
	uint8_t frame[FRAME_MAX_SIZE];
	size_t size;

	r->now_ns += STEP_NS;
	if (r->now_ns < r->paused_until_ns)
		return;
	for (unsigned side = 0; side < TRAFFIC_N_SIDES; side++)
		while ((size = fake_wire_get(r->wire, side, r->now_ns, frame)) > 0)
			traffic_arrive(r->traffic, side, frame, size, false, r->now_ns);
	traffic_tick(r->traffic, r->now_ns);
	for (unsigned side = 0; side < TRAFFIC_N_SIDES; side++)
		while ((size = traffic_next(r->traffic, side, r->now_ns, frame)) > 0) {
			fake_wire_put(r->wire, side, frame, size, r->now_ns);
			r->sent[side]++;
		}
}

/* Runs until the phase is reached; it must be within 20 s. */
static void
rig_until(struct rig *r, enum traffic_phase phase)
{
	uint64_t end_ns = r->now_ns + 20 * SECOND;

	while (traffic_phase(r->traffic) < phase) {
		rig_round(r);
		if (r->now_ns > end_ns)
			fail_msg("phase is still %s",
				 traffic_phase_name(traffic_phase(r->traffic)));
	}
}

static void
rig_for(struct rig *r, uint64_t ns)
{
	uint64_t end_ns = r->now_ns + ns;

	while (r->now_ns < end_ns)
		rig_round(r);
}

static void
rig_finish(struct rig *r)
{
	traffic_stop(r->traffic, r->now_ns);
	rig_until(r, TRAFFIC_DONE);
	traffic_finish(r->traffic, r->now_ns);
}

static void
rig_end(struct rig *r)
{
	traffic_destroy(r->traffic);
	fake_wire_destroy(r->wire);
}

/* All judged windows, one direction. */
static struct ledger_counts
judged(const struct rig *r, enum ledger_direction direction)
{
	const struct ledger *l = traffic_ledger(r->traffic);
	struct ledger_counts sum = {0};

	for (uint32_t i = traffic_first_window(r->traffic); i < ledger_n_windows(l); i++)
		ledger_counts_add(&sum, &ledger_window_at(l, i)->counts[direction]);
	return sum;
}

static bool
is_void(const struct rig *r)
{
	struct load load = traffic_load(r->traffic);

	return load_is_void(&load);
}

static void
run_for(struct rig *r, uint64_t ns, const struct traffic_config *config,
	struct fake_wire_config wire)
{
	rig_start(r, config, wire);
	rig_until(r, TRAFFIC_RUN);
	rig_for(r, ns);
	rig_finish(r);
}

static void
run_two_seconds(struct rig *r, const struct traffic_config *config, struct fake_wire_config wire)
{
	run_for(r, 2 * SECOND, config, wire);
}

/* ---- a perfect wire ------------------------------------------------------------ */

static void
a_perfect_wire_is_clean_and_on_pace(void **state)
{
	struct ledger_counts up, down;
	struct rig r;

	(void)state;
	run_two_seconds(&r, &base, (struct fake_wire_config){0});
	up = judged(&r, LEDGER_UP);
	down = judged(&r, LEDGER_DOWN);
	assert_true(ledger_counts_clean(&up));
	assert_true(ledger_counts_clean(&down));
	assert_in_range(up.sent, 19990, 20010);
	assert_in_range(down.sent, 19990, 20010);
	/* One packet of a probe every 2 ms, and a step of the clock. */
	assert_in_range(up.max_gap_ns, 2 * MS, 2 * MS + 2 * STEP_NS);
	assert_in_range(down.max_gap_ns, 2 * MS, 2 * MS + 2 * STEP_NS);
	assert_int_equal(traffic_counts(r.traffic).unsent, 0);
	assert_int_equal(traffic_counts(r.traffic).idle_turns, 0);
	assert_in_range(traffic_counts(r.traffic).closed, 399, 401);
	assert_int_equal(traffic_counts(r.traffic).open_deferred, 0);
	assert_int_equal(traffic_n_open(r.traffic), 504);
	rig_end(&r);
}

static void
latency_is_that_of_the_wire(void **state)
{
	const struct ledger_window *w;
	struct rig r;

	(void)state;
	run_two_seconds(&r, &base, (struct fake_wire_config){0});
	w = ledger_window_at(traffic_ledger(r.traffic), 1);
	assert_string_equal(w->name, "run");
	assert_int_equal(w->round_trip.n, 1000);
	/* Each way: the delay, and up to a step of the clock at either end. */
	assert_in_range(hist_quantile(&w->round_trip, 500), 2 * DELAY_NS,
			2 * DELAY_NS + 4 * STEP_NS);
	assert_in_range(w->round_trip.max_ns, 2 * DELAY_NS, 2 * DELAY_NS + 4 * STEP_NS);
	assert_in_range(w->one_way[LEDGER_UP].max_ns, DELAY_NS, DELAY_NS + 2 * STEP_NS);
	assert_in_range(w->one_way[LEDGER_DOWN].max_ns, DELAY_NS, DELAY_NS + 2 * STEP_NS);
	rig_end(&r);
}

static void
packets_in_flight_are_not_lost(void **state)
{
	const struct ledger *l;
	struct rig r;

	(void)state;
	rig_start(&r, &base, (struct fake_wire_config){0});
	rig_until(&r, TRAFFIC_RUN);
	for (unsigned i = 0; i < 5; i++) {
		rig_for(&r, 100 * MS);
		assert_true(traffic_mark(r.traffic, "next", r.now_ns) > 0);
		assert_true(ledger_outstanding(traffic_ledger(r.traffic), 1) > 0);
	}
	rig_finish(&r);
	l = traffic_ledger(r.traffic);
	assert_int_equal(ledger_n_windows(l), 7);
	for (uint32_t i = 0; i < 7; i++)
		for (unsigned d = 0; d < LEDGER_N_DIRECTIONS; d++)
			assert_true(ledger_counts_clean(&ledger_window_at(l, i)->counts[d]));
	assert_int_equal(ledger_lossy_lives(l), 0);
	rig_end(&r);
}

/* ---- one trouble each ---------------------------------------------------------------- */

/* A packet of a probe (flow 1) or an echo flow (flow 2) meets the trouble, in the middle of the run. */
static struct ledger_counts
meet(enum fake_trouble trouble, enum ledger_direction direction, uint32_t flow)
{
	struct fake_wire_config wire = {.n_meetings = 1,
					.meetings = {{trouble, direction, flow, 100}},
					.extra_ns = 40 * MS};
	struct traffic_config config = base;
	struct ledger_counts it, other;
	struct rig r;

	config.drain_ns = 300 * MS; /* what is lost is waited for */
	run_for(&r, 800 * MS, &config, wire);
	it = judged(&r, direction);
	other = judged(&r, direction == LEDGER_UP ? LEDGER_DOWN : LEDGER_UP);
	assert_true(ledger_counts_clean(&other));
	rig_end(&r);
	return it;
}

static void
expect(const struct ledger_counts *c, const char *what, uint64_t n)
{
	const struct {
		const char *name;
		uint64_t value;
	} all[] = {
		{"lost", ledger_counts_lost(c)},   {"duplicated", c->duplicated},
		{"reordered", c->reordered},       {"remapped", c->remapped},
		{"misdelivered", c->misdelivered}, {"corrupt", c->corrupt},
		{"unknown", c->unknown},           {"stale", c->stale},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		uint64_t want = strcmp(all[i].name, what) == 0 ? n : 0;

		if (strcmp(what, "corrupt") == 0 && strcmp(all[i].name, "lost") == 0)
			want = n;
		if (all[i].value != want)
			fail_msg("%s is %lu, wants %lu", all[i].name, (unsigned long)all[i].value,
				 (unsigned long)want);
	}
}

static void
expect_each_way(enum fake_trouble trouble, const char *up, const char *down)
{
	for (uint32_t flow = 1; flow <= 2; flow++) {
		struct ledger_counts c = meet(trouble, LEDGER_UP, flow);

		/* An echo that is lost has no answer; that is not another loss. */
		expect(&c, up, 1);
		c = meet(trouble, LEDGER_DOWN, flow);
		expect(&c, down, 1);
	}
}

static void
a_drop_is_named(void **state)
{
	(void)state;
	expect_each_way(FAKE_DROP, "lost", "lost");
}

static void
a_copy_is_named(void **state)
{
	(void)state;
	expect_each_way(FAKE_TWICE, "duplicated", "duplicated");
}

static void
a_swap_is_named(void **state)
{
	(void)state;
	expect_each_way(FAKE_SWAP, "reordered", "reordered");
}

static void
a_changed_port_is_named(void **state)
{
	(void)state;
	expect_each_way(FAKE_REMAP, "remapped", "misdelivered");
}

static void
damage_is_named(void **state)
{
	(void)state;
	expect_each_way(FAKE_DAMAGE, "corrupt", "corrupt");
	expect_each_way(FAKE_CHECKSUM, "corrupt", "corrupt");
	expect_each_way(FAKE_NO_CHECKSUM, "corrupt", "corrupt");
}

static void
a_hold_is_a_gap_and_no_trouble(void **state)
{
	struct ledger_counts c;

	(void)state;
	c = meet(FAKE_DELAY, LEDGER_UP, 1);
	expect(&c, "nothing", 0);
	assert_in_range(c.max_gap_ns, 40 * MS, 43 * MS);
	c = meet(FAKE_DELAY, LEDGER_DOWN, 1);
	expect(&c, "nothing", 0);
	assert_in_range(c.max_gap_ns, 40 * MS, 43 * MS);
}

/* ---- open loop -------------------------------------------------------------------------- */

static void
a_generator_that_pauses_catches_up_and_owns_up(void **state)
{
	struct ledger_counts up;
	struct rig r;

	(void)state;
	rig_start(&r, &base, (struct fake_wire_config){0});
	rig_until(&r, TRAFFIC_RUN);
	rig_for(&r, SECOND / 2);
	r.paused_until_ns = r.now_ns + 50 * MS;
	rig_for(&r, SECOND / 2);
	rig_finish(&r);
	up = judged(&r, LEDGER_UP);
	assert_true(ledger_counts_clean(&up));
	assert_in_range(up.sent, 9990, 10010);
	assert_in_range(traffic_lateness(r.traffic)->max_ns, 49 * MS, 51 * MS);
	/* The packets of the pause are late in the latency too: no coordinated omission. */
	assert_in_range(ledger_window_at(traffic_ledger(r.traffic), 1)->one_way[LEDGER_UP].max_ns,
			49 * MS, 51 * MS);
	rig_end(&r);
}

static void
what_is_too_late_is_given_up_and_counted(void **state)
{
	struct traffic_config config = base;
	struct ledger_counts up, down;
	struct rig r;

	(void)state;
	config.max_late_ns = 10 * MS;
	rig_start(&r, &config, (struct fake_wire_config){0});
	rig_until(&r, TRAFFIC_RUN);
	r.paused_until_ns = r.now_ns + 60 * MS;
	rig_for(&r, SECOND);
	rig_finish(&r);
	up = judged(&r, LEDGER_UP);
	down = judged(&r, LEDGER_DOWN);
	assert_true(ledger_counts_clean(&up));
	assert_true(is_void(&r));
	/* Echo answers are not on a pace: 500 of them less 50 ms. */
	assert_in_range(up.sent, 9480, 9520);
	assert_in_range(traffic_counts(r.traffic).unsent + up.sent + down.sent, 19960, 20010);
	rig_end(&r);
}

static void
a_frame_taken_back_was_not_sent(void **state)
{
	uint8_t frames[2][FRAME_MAX_SIZE];
	struct ledger_counts up;
	struct rig r;
	unsigned n = 0;

	(void)state;
	rig_start(&r, &base, (struct fake_wire_config){0});
	rig_until(&r, TRAFFIC_RUN);
	rig_for(&r, SECOND);
	while (n < 2) {
		r.now_ns += STEP_NS;
		n += traffic_next(r.traffic, TRAFFIC_INSIDE, r.now_ns, frames[n]) > 0;
	}
	traffic_stop(r.traffic, r.now_ns);
	assert_true(traffic_take_back(r.traffic, frames[1], 128));
	assert_true(traffic_take_back(r.traffic, frames[0], 128));
	rig_finish(&r);
	up = judged(&r, LEDGER_UP);
	assert_true(ledger_counts_clean(&up));
	assert_int_equal(traffic_counts(r.traffic).unsent, 2);
	rig_end(&r);
}

/* The only reason why the run is void; NULL: it is not. */
static void
expect_void(const struct rig *r, const char *wanted)
{
	struct load load = traffic_load(r->traffic);
	char text[LOAD_TEXT_SIZE];
	unsigned cursor = 0;

	if (wanted != NULL) {
		assert_true(load_void(&load, &cursor, text));
		assert_string_equal(text, wanted);
	}
	assert_false(load_void(&load, &cursor, text));
}

/* 20,000 packets a second of which 500 are answers to echoes, which are on no pace. */
static void
load_that_a_port_refuses_is_unsent(void **state)
{
	struct rig r;
	char text[64];

	(void)state;
	rig_start(&r, &base, (struct fake_wire_config){0});
	rig_until(&r, TRAFFIC_RUN);
	rig_for(&r, SECOND);
	for (unsigned i = 0; i < 4 * SECOND / STEP_NS; i++) { /* nobody asks for a frame any more */
		r.now_ns += STEP_NS;
		traffic_tick(r.traffic, r.now_ns);
	}
	traffic_stop(r.traffic, r.now_ns);
	while (traffic_phase(r.traffic) != TRAFFIC_DONE) {
		r.now_ns += STEP_NS;
		traffic_tick(r.traffic, r.now_ns);
	}
	traffic_finish(r.traffic, r.now_ns);
	assert_in_range(traffic_counts(r.traffic).unsent, 4 * 19500 - 10, 4 * 19500 + 10);
	snprintf(text, sizeof(text), "%u packets of the load were not sent",
		 (unsigned)traffic_counts(r.traffic).unsent);
	expect_void(&r, text);
	rig_end(&r);
}

/* What was due before the stop is sent after it, and nothing else is. */
static void
a_stop_leaves_nothing_unsent(void **state)
{
	struct rig r;

	(void)state;
	rig_start(&r, &base, (struct fake_wire_config){0});
	rig_until(&r, TRAFFIC_RUN);
	r.paused_until_ns = r.now_ns + 100 * MS;
	rig_for(&r, 100 * MS - STEP_NS);
	traffic_stop(r.traffic, r.now_ns);
	rig_until(&r, TRAFFIC_DONE);
	traffic_finish(r.traffic, r.now_ns);
	assert_in_range(judged(&r, LEDGER_UP).sent, 990, 1010);
	expect_void(&r, NULL);
	rig_end(&r);
}

static void
a_flow_without_a_packet_is_no_proof(void **state)
{
	struct traffic_config config = base;
	struct rig r;

	(void)state;
	config.rate[LEDGER_UP] = config.rate[LEDGER_DOWN] = 1600; /* 100 a second for 500 flows */
	config.churn = 0;
	run_for(&r, SECOND, &config, (struct fake_wire_config){0});
	expect_void(&r, "299 flows had no packet");
	rig_end(&r);
	config = base;
	config.churn = 2000; /* who is closed before its turn is none of them */
	run_for(&r, 2 * SECOND / 25, &config, (struct fake_wire_config){0});
	expect_void(&r, NULL);
	rig_end(&r);
}

static void
a_run_without_a_run_is_void(void **state)
{
	struct rig r;

	(void)state;
	rig_start(&r, &base, (struct fake_wire_config){0});
	rig_for(&r, 10 * MS);
	rig_finish(&r);
	expect_void(&r, "the load never began");
	rig_end(&r);
}

/* ---- phases, neighbours ------------------------------------------------------------------- */

static void
lost_opening_packets_are_sent_again(void **state)
{
	struct fake_wire_config wire = {.n_meetings = 3,
					.meetings = {{FAKE_DROP, LEDGER_UP, 77, 0},
						     {FAKE_DROP, LEDGER_UP, 77, 1},
						     {FAKE_DROP, LEDGER_UP, 77, 2}}};
	const struct ledger_window *ramp;
	struct ledger_counts up;
	struct rig r;

	(void)state;
	run_two_seconds(&r, &base, wire);
	ramp = ledger_window_at(traffic_ledger(r.traffic), 0);
	assert_int_equal(ledger_counts_lost(&ramp->counts[LEDGER_UP]), 3);
	up = judged(&r, LEDGER_UP);
	assert_true(ledger_counts_clean(&up));
	assert_int_equal(traffic_counts(r.traffic).idle_turns, 0);
	rig_end(&r);
}

static void
it_waits_for_its_neighbours(void **state)
{
	uint8_t frame[FRAME_MAX_SIZE];
	struct frame_view v;
	struct traffic *t;

	(void)state;
	assert_int_equal(traffic_create(&base, 0, &t), 0);
	traffic_tick(t, 0);
	assert_int_equal(traffic_next(t, TRAFFIC_OUTSIDE, 0, frame), FRAME_ARP_SIZE);
	v = frame_parse(frame, FRAME_ARP_SIZE, false);
	assert_int_equal(v.kind, FRAME_ARP_REQUEST);
	assert_int_equal(v.src_ip, base.sides[1].ip);
	assert_int_equal(v.dst_ip, base.sides[1].hop_ip);
	assert_int_equal(traffic_next(t, TRAFFIC_OUTSIDE, 0, frame), 0);
	assert_int_equal(traffic_next_due(t), 0); /* the inside's */
	assert_int_equal(traffic_next(t, TRAFFIC_INSIDE, 0, frame), FRAME_ARP_SIZE);
	assert_int_equal(traffic_next_due(t), 100 * MS);
	assert_int_equal(traffic_next(t, TRAFFIC_OUTSIDE, 100 * MS, frame), FRAME_ARP_SIZE);
	traffic_tick(t, 100 * MS);
	assert_int_equal(traffic_phase(t), TRAFFIC_RESOLVE);
	assert_int_equal(traffic_mark(t, "x", 100 * MS), -EAGAIN);
	traffic_destroy(t);
}

static void
it_answers_arp_for_its_address_only(void **state)
{
	struct frame_addresses asker = {.src_mac = {2, 0, 0, 0, 1, 1},
					.src_ip = base.sides[0].hop_ip,
					.dst_ip = base.sides[0].ip + 1};
	struct traffic_config config = base;
	uint8_t frame[FRAME_MAX_SIZE];
	struct frame_view v;
	struct traffic *t;

	(void)state;
	memset(config.sides[0].hop_mac, 2, FRAME_MAC_SIZE);
	assert_int_equal(traffic_create(&config, 0, &t), 0);
	frame_write_arp(frame, FRAME_ARP_REQUEST, &asker);
	traffic_arrive(t, TRAFFIC_INSIDE, frame, FRAME_ARP_SIZE, false, 0);
	assert_int_equal(traffic_next(t, TRAFFIC_INSIDE, 0, frame), 0);
	asker.dst_ip--;
	frame_write_arp(frame, FRAME_ARP_REQUEST, &asker);
	traffic_arrive(t, TRAFFIC_INSIDE, frame, FRAME_ARP_SIZE, false, 0);
	assert_int_equal(traffic_next(t, TRAFFIC_INSIDE, 0, frame), FRAME_ARP_SIZE);
	v = frame_parse(frame, FRAME_ARP_SIZE, false);
	assert_int_equal(v.kind, FRAME_ARP_REPLY);
	assert_int_equal(v.src_ip, base.sides[0].ip);
	assert_int_equal(v.dst_ip, base.sides[0].hop_ip);
	assert_memory_equal(v.src_mac, base.sides[0].mac, FRAME_MAC_SIZE);
	assert_memory_equal(v.dst_mac, asker.src_mac, FRAME_MAC_SIZE);
	traffic_destroy(t);
}

static void
strange_frames_are_ignored(void **state)
{
	struct ledger_counts up, down;
	uint8_t frame[FRAME_MAX_SIZE];
	struct rig r;

	(void)state;
	rig_start(&r, &base, (struct fake_wire_config){0});
	rig_until(&r, TRAFFIC_RUN);
	srandom(5);
	for (unsigned i = 0; i < 20000; i++) {
		size_t size = (size_t)random() % 120;

		for (size_t b = 0; b < size; b++)
			frame[b] = (uint8_t)random();
		if (i % 2 == 0)
			memcpy(frame, base.sides[i / 2 % 2].mac, FRAME_MAC_SIZE);
		traffic_arrive(r.traffic, i / 2 % 2, frame, size, false, r.now_ns);
	}
	rig_finish(&r);
	up = judged(&r, LEDGER_UP);
	down = judged(&r, LEDGER_DOWN);
	assert_true(ledger_counts_clean(&up));
	assert_true(ledger_counts_clean(&down));
	assert_int_equal(traffic_counts(r.traffic).ignored + traffic_counts(r.traffic).foreign_mac,
			 20000);
	rig_end(&r);
}

static void
configurations_without_sense_are_refused(void **state)
{
	struct traffic_config c;
	struct traffic *t = NULL;

	(void)state;
	assert_null(traffic_check(&base));
	c = base, c.n_probes = 0;
	assert_non_null(traffic_check(&c));
	assert_int_equal(traffic_create(&c, 0, &t), -EINVAL);
	c = base, c.rate[LEDGER_DOWN] = 1000;
	assert_non_null(traffic_check(&c));
	c = base, c.churn = 9000;
	assert_non_null(traffic_check(&c));
	c = base, c.frame_size = FRAME_MIN_SIZE - 1;
	assert_non_null(traffic_check(&c));
	c = base, c.frame_size = FRAME_MAX_SIZE + 1;
	assert_non_null(traffic_check(&c));
	c = base, c.n_flows = UINT32_MAX;
	assert_non_null(traffic_check(&c));
	c = base, c.n_subscribers = 0;
	assert_int_equal(traffic_create(&c, 0, &t), -EINVAL);
	assert_null(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_perfect_wire_is_clean_and_on_pace),
		cmocka_unit_test(latency_is_that_of_the_wire),
		cmocka_unit_test(packets_in_flight_are_not_lost),
		cmocka_unit_test(a_drop_is_named),
		cmocka_unit_test(a_copy_is_named),
		cmocka_unit_test(a_swap_is_named),
		cmocka_unit_test(a_changed_port_is_named),
		cmocka_unit_test(damage_is_named),
		cmocka_unit_test(a_hold_is_a_gap_and_no_trouble),
		cmocka_unit_test(a_generator_that_pauses_catches_up_and_owns_up),
		cmocka_unit_test(what_is_too_late_is_given_up_and_counted),
		cmocka_unit_test(a_frame_taken_back_was_not_sent),
		cmocka_unit_test(load_that_a_port_refuses_is_unsent),
		cmocka_unit_test(a_stop_leaves_nothing_unsent),
		cmocka_unit_test(a_flow_without_a_packet_is_no_proof),
		cmocka_unit_test(a_run_without_a_run_is_void),
		cmocka_unit_test(lost_opening_packets_are_sent_again),
		cmocka_unit_test(it_waits_for_its_neighbours),
		cmocka_unit_test(it_answers_arp_for_its_address_only),
		cmocka_unit_test(strange_frames_are_ignored),
		cmocka_unit_test(configurations_without_sense_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
