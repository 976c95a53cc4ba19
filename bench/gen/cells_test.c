/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The generator as all the cells of a mobile network, in virtual time, with a gateway that does one
 * thing wrong: the result names exactly that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "traffic.h"

#define MS UINT64_C(1000000)
#define SECOND (1000u * MS)
#define STEP_NS 50000u
#define DELAY_NS 150000u
#define N_FLOWS 300u
#define N_SUBSCRIBERS (N_FLOWS + 4u)
#define CELL_BASE 0x0a800001u
#define SUBSCRIBER_BASE 0x64410000u
#define N_QUEUE 4096u
#define NO_WRONG UINT32_MAX

enum wrong {
	NOTHING,
	NEVER_SWITCHES, /* downlink goes on to the old cell */
	SWITCHES_LATE,  /* 20 ms after the uplink packet was passed on */
	NO_END_MARKER,
	LATE_END_MARKER,  /* behind the first packet to the new cell */
	EARLY_END_MARKER, /* and then another packet to the old one */
	WRONG_TUNNEL,     /* the tunnel of another subscriber */
};

struct sent {
	uint64_t due_ns;
	enum traffic_side to;
	size_t size;
	uint8_t frame[TRAFFIC_MAX_FRAME];
};

/* A gateway: one subscriber of it meets what is wrong, at his first handover. */
struct gateway {
	enum wrong wrong;
	uint32_t victim;
	bool met;
	uint32_t cells[N_SUBSCRIBERS];
	uint32_t late_cell;
	uint64_t late_ns;
	bool marker_waits, one_more;
	uint32_t marker_cell;
	uint32_t head, n;
	struct sent queue[N_QUEUE];
};

struct rig {
	struct traffic *traffic;
	struct gateway *gateway;
	uint64_t now_ns;
};

static const struct traffic_config base = {
	.role = TRAFFIC_GATEWAY,
	.sides = {{.mac = {2, 0, 0, 0, 1, 2}, .hop_mac = {2, 0, 0, 0, 1, 1}, .hop_ip = 0x64400001},
		  {.mac = {2, 0, 0, 0, 2, 2}, .hop_mac = {2, 0, 0, 0, 2, 1}, .hop_ip = 0xcb007101}},
	.n_flows = N_FLOWS,
	.n_probes = 2,
	.probe_rate = 200,
	.n_echoes = 2,
	.echo_rate = 100,
	.rate = {8000, 8000},
	.ramp_rate = 5000,
	.guard_ns = 100 * MS,
	.max_late_ns = SECOND,
	.drain_ns = SECOND,
	.frame_size = 128,
	.subscriber_base = SUBSCRIBER_BASE,
	.n_subscribers = N_SUBSCRIBERS,
	.remote_base = 0xc0000201,
	.n_remotes = 254,
	.series_bin_ns = 10 * MS,
	.series_n_bins = 10000,
	.seed = 1,
	.n_cells = 5,
	.cell_base = CELL_BASE,
	.handovers = 400,
};

/* ---- the gateway ----------------------------------------------------------------------- */

static struct sent *
put(struct gateway *g, enum traffic_side to, uint64_t now_ns)
{
	struct sent *s = &g->queue[(g->head + g->n) % N_QUEUE];

	assert_true(g->n < N_QUEUE);
	g->n++;
	s->due_ns = now_ns + DELAY_NS;
	s->to = to;
	return s;
}

static void
put_tunnel(struct gateway *g, uint32_t cell, uint32_t teid, const uint8_t *packet, size_t size,
	   uint8_t type, uint64_t now_ns)
{
	struct tunnel_end end = {.dst_mac = {2, 0, 0, 0, 1, 2},
				 .src_ip = base.sides[0].hop_ip,
				 .dst_ip = cell,
				 .teid = teid};
	struct sent *s = put(g, TRAFFIC_INSIDE, now_ns);

	memcpy(s->frame + BYTES_ETHER + 36, packet, size);
	s->size = tunnel_write(s->frame, size + BYTES_ETHER, &end);
	s->frame[BYTES_ETHER + BYTES_IP + BYTES_UDP + 1] = type;
}

static void
put_marker(struct gateway *g, uint32_t cell, uint64_t now_ns)
{
	put_tunnel(g, cell, cells_teid(g->victim), (const uint8_t *)"", 0, 254, now_ns);
}

static bool
meets(struct gateway *g, uint32_t i)
{
	return i == g->victim && g->met && g->wrong != NOTHING;
}

static void
switch_path(struct gateway *g, uint32_t i, uint32_t cell, uint64_t now_ns)
{
	uint32_t left = g->cells[i];
	enum wrong wrong = NOTHING;

	if (i == g->victim && !g->met) {
		g->met = true;
		wrong = g->wrong;
	}
	if (wrong == NEVER_SWITCHES || wrong == SWITCHES_LATE) {
		g->late_cell = cell;
		g->late_ns = wrong == SWITCHES_LATE ? now_ns + 20 * MS : UINT64_MAX;
		return;
	}
	g->cells[i] = cell;
	g->marker_waits = wrong == LATE_END_MARKER;
	g->one_more = wrong == EARLY_END_MARKER;
	g->marker_cell = left;
	if (wrong != NO_END_MARKER && wrong != LATE_END_MARKER)
		put_tunnel(g, left, cells_teid(i), (const uint8_t *)"", 0, 254, now_ns);
}

static void
uplink(struct gateway *g, const uint8_t *frame, size_t size, uint64_t now_ns)
{
	struct tunnel_view v = tunnel_parse(frame, size);
	uint32_t i = bytes_get_be32(v.packet + 12) - SUBSCRIBER_BASE;
	struct sent *s;

	assert_int_equal(v.kind, TUNNEL_G_PDU);
	assert_int_equal(v.teid, cells_gateway_teid(SUBSCRIBER_BASE + i));
	if (g->cells[i] == 0)
		g->cells[i] = v.src_ip;
	if (g->cells[i] != v.src_ip && !(i == g->victim && g->late_ns != 0))
		switch_path(g, i, v.src_ip, now_ns);
	s = put(g, TRAFFIC_OUTSIDE, now_ns);
	memcpy(s->frame, base.sides[1].mac, FRAME_MAC_SIZE);
	bytes_put_be16(s->frame + 12, 0x0800);
	memcpy(s->frame + BYTES_ETHER, v.packet, v.packet_size);
	s->size = v.packet_size + BYTES_ETHER;
}

static void
downlink(struct gateway *g, const uint8_t *frame, size_t size, uint64_t now_ns)
{
	uint32_t i = bytes_get_be32(frame + BYTES_ETHER + 16) - SUBSCRIBER_BASE, cell;
	uint32_t teid = cells_teid(i);

	if (i == g->victim && g->late_ns != 0 && now_ns >= g->late_ns) {
		put_marker(g, g->cells[i], now_ns);
		g->cells[i] = g->late_cell;
		g->late_ns = 0;
	}
	cell = g->cells[i];
	if (meets(g, i) && g->one_more) {
		cell = g->marker_cell;
		g->one_more = false;
	}
	if (meets(g, i) && g->wrong == WRONG_TUNNEL) {
		teid++;
		g->wrong = NOTHING;
	}
	put_tunnel(g, cell, teid, frame + BYTES_ETHER, size - BYTES_ETHER, 255, now_ns);
	if (i == g->victim && g->marker_waits) {
		put_marker(g, g->marker_cell, now_ns);
		g->marker_waits = false;
	}
}

/* ---- a run --------------------------------------------------------------------------------- */

static void
round_once(struct rig *r)
{
	struct gateway *g = r->gateway;
	uint8_t frame[TRAFFIC_MAX_FRAME];
	size_t size;

	r->now_ns += STEP_NS;
	while (g->n > 0 && g->queue[g->head].due_ns <= r->now_ns) {
		const struct sent *s = &g->queue[g->head];

		traffic_arrive(r->traffic, s->to, s->frame, s->size, false, r->now_ns);
		g->head = (g->head + 1u) % N_QUEUE;
		g->n--;
	}
	traffic_tick(r->traffic, r->now_ns);
	while ((size = traffic_next(r->traffic, TRAFFIC_INSIDE, r->now_ns, frame)) > 0)
		uplink(g, frame, size, r->now_ns);
	while ((size = traffic_next(r->traffic, TRAFFIC_OUTSIDE, r->now_ns, frame)) > 0)
		downlink(g, frame, size, r->now_ns);
}

static void
until(struct rig *r, enum traffic_phase phase)
{
	uint64_t end_ns = r->now_ns + 20 * SECOND;

	while (traffic_phase(r->traffic) < phase) {
		assert_true(r->now_ns < end_ns);
		round_once(r);
	}
}

static struct ledger_counts
run(struct rig *r, enum wrong wrong, const struct traffic_config *config)
{
	struct ledger_counts sum = {0};
	uint64_t end_ns;

	*r = (struct rig){.now_ns = 77 * SECOND, .gateway = calloc(1, sizeof(struct gateway))};
	assert_non_null(r->gateway);
	r->gateway->wrong = wrong;
	r->gateway->victim = 1; /* a probe: packets all the time */
	assert_int_equal(traffic_create(config, r->now_ns, &r->traffic), 0);
	until(r, TRAFFIC_RUN);
	end_ns = r->now_ns + 4 * SECOND;
	while (r->now_ns < end_ns)
		round_once(r);
	traffic_stop(r->traffic, r->now_ns);
	until(r, TRAFFIC_DONE);
	traffic_finish(r->traffic, r->now_ns);
	for (uint32_t i = 0; i < ledger_n_windows(traffic_ledger(r->traffic)); i++)
		for (unsigned d = 0; d < LEDGER_N_DIRECTIONS; d++)
			ledger_counts_add(
				&sum, &ledger_window_at(traffic_ledger(r->traffic), i)->counts[d]);
	return sum;
}

static void
end(struct rig *r)
{
	traffic_destroy(r->traffic);
	free(r->gateway);
}

/* What went wrong is counted as packets in a wrong cell, and as nothing else. */
static uint64_t
count_wrong_cells(enum wrong wrong)
{
	struct ledger_counts sum;
	struct rig r;

	sum = run(&r, wrong, &base);
	end(&r);
	assert_int_equal(ledger_counts_lost(&sum), 0);
	assert_int_equal(sum.duplicated + sum.reordered, 0);
	assert_int_equal(ledger_counts_mistranslated(&sum), 0);
	assert_int_equal(ledger_counts_clean(&sum), sum.wrong_cell == 0);
	return sum.wrong_cell;
}

/* ---- stories ---------------------------------------------------------------------------------- */

static void
a_right_gateway_is_clean(void **state)
{
	struct cells_counts counts;
	struct ledger_counts sum;
	struct rig r;

	(void)state;
	sum = run(&r, NOTHING, &base);
	counts = cells_counts(traffic_cells(r.traffic));
	assert_true(ledger_counts_clean(&sum));
	assert_in_range(counts.begun + counts.still_moving, 1590, 1610);
	assert_true(counts.begun > 1400);
	/* The last ones may still be on their way at the end. */
	assert_in_range(counts.begun - counts.done, 0, 8);
	assert_int_equal(counts.closed, counts.done);
	assert_int_equal(counts.stray, 0);
	end(&r);
}

static void
usage_is_what_came_through(void **state)
{
	uint64_t up = 0, down = 0;
	struct ledger_counts sum;
	struct rig r;

	(void)state;
	sum = run(&r, NOTHING, &base);
	for (uint32_t i = 0; i < N_SUBSCRIBERS; i++) {
		up += cells_usage(traffic_cells(r.traffic), i, LEDGER_UP);
		down += cells_usage(traffic_cells(r.traffic), i, LEDGER_DOWN);
	}
	assert_int_equal(up + down, sum.received * (base.frame_size - BYTES_ETHER));
	assert_true(up > 0 && down > 0);
	end(&r);
}

static void
a_container_is_asked_for(void **state)
{
	struct traffic_config config = base;
	struct ledger_counts sum;
	struct rig r;

	(void)state;
	config.qfi = 9;
	config.drain_ns = 300 * MS;
	*(&r) = (struct rig){.now_ns = SECOND, .gateway = calloc(1, sizeof(struct gateway))};
	assert_int_equal(traffic_create(&config, r.now_ns, &r.traffic), 0);
	/* This gateway puts none into downlink packets, so nothing gets through. */
	for (unsigned i = 0; i < 4000; i++)
		round_once(&r);
	sum = ledger_window_at(traffic_ledger(r.traffic), 0)->counts[LEDGER_DOWN];
	assert_int_equal(traffic_phase(r.traffic), TRAFFIC_WARM);
	assert_true(sum.corrupt > 0);
	assert_int_equal(sum.received, 0);
	end(&r);
}

static void
who_never_switches_is_seen(void **state)
{
	(void)state;
	assert_true(count_wrong_cells(NEVER_SWITCHES) > 100);
}

static void
who_switches_late_is_seen(void **state)
{
	(void)state;
	/* 200 packets a second for 20 ms. */
	assert_in_range(count_wrong_cells(SWITCHES_LATE), 2, 8);
}

static void
a_missing_end_marker_is_seen(void **state)
{
	(void)state;
	assert_int_equal(count_wrong_cells(NO_END_MARKER), 1);
}

static void
an_end_marker_behind_the_new_cell_is_seen(void **state)
{
	(void)state;
	assert_int_equal(count_wrong_cells(LATE_END_MARKER), 1);
}

static void
a_packet_behind_the_end_marker_is_seen(void **state)
{
	(void)state;
	assert_int_equal(count_wrong_cells(EARLY_END_MARKER), 1);
}

static void
another_tunnel_is_seen(void **state)
{
	(void)state;
	assert_int_equal(count_wrong_cells(WRONG_TUNNEL), 1);
}

static void
bad_requests_are_refused(void **state)
{
	struct traffic_config config = base;

	(void)state;
	assert_null(traffic_check(&config));
	config.n_cells = 2;
	assert_non_null(traffic_check(&config));
	config = base;
	config.churn = 1;
	assert_non_null(traffic_check(&config));
	config = base;
	config.n_subscribers = N_SUBSCRIBERS - 1u;
	assert_non_null(traffic_check(&config));
	config = base;
	config.frame_size = FRAME_MAX_SIZE - 35u;
	assert_non_null(traffic_check(&config));
	config = base;
	config.qfi = 64;
	assert_non_null(traffic_check(&config));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_right_gateway_is_clean),
		cmocka_unit_test(usage_is_what_came_through),
		cmocka_unit_test(a_container_is_asked_for),
		cmocka_unit_test(who_never_switches_is_seen),
		cmocka_unit_test(who_switches_late_is_seen),
		cmocka_unit_test(a_missing_end_marker_is_seen),
		cmocka_unit_test(an_end_marker_behind_the_new_cell_is_seen),
		cmocka_unit_test(a_packet_behind_the_end_marker_is_seen),
		cmocka_unit_test(another_tunnel_is_seen),
		cmocka_unit_test(bad_requests_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
