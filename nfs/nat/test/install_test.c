/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that come from another instance: two NATs, and a copy of rows from one to the other by the agent's
 * install (nf_moves_test.h). Everything derived must come out of the slots alone.
 */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#include "nf_moves_test.h"

#define CAPACITY (8192 + HARNESS_WORKERS)

/* Tables as the NAT creates them. */
enum moved { SESSIONS = 0, SUBSCRIBERS, RESTS, N_MOVED };

static struct harness pair[2];
static struct harness *source, *target;
static struct harness_move mv;

static int
open_with(struct nat_config *config, uint16_t target_workers, bool active)
{
	source = &pair[0];
	target = &pair[1];
	harness_open(source, config, true);
	config->n_workers = target_workers;
	harness_open(target, config, active);
	harness_move_begin(&mv, source, target, N_MOVED);
	return 0;
}

static int
open_pair(uint16_t target_workers, bool active)
{
	struct nat_config config;

	harness_defaults(&config);
	return open_with(&config, target_workers, active);
}

/* Few and small blocks, so that they change hands often. */
static int
open_blocks(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	config.port_first = 1024;
	config.port_last = 1024 + 8 * 256 * 4 - 1;
	config.ports_per_block = 8;
	config.max_blocks_per_subscriber = 2;
	return open_with(&config, 3, true);
}

static int
open_limited(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	config.max_sessions_per_subscriber = 3;
	config.max_udp_sessions = 2;
	return open_with(&config, 1, true);
}

static int
open_static(bool active)
{
	struct nat_config config;

	harness_defaults(&config);
	config.statics[0] = (struct nat_static){
		.inside_address = rte_cpu_to_be_32(SUBSCRIBER),
		.inside_port = RTE_BE16(80),
		.outside_address = RTE_BE32(IP(198, 51, 100, 1)),
		.outside_port = RTE_BE16(0x4407),
		.protocol = IPPROTO_UDP,
	};
	config.n_statics = 1;
	config.timeouts.udp_ns = 10 * HARNESS_SECOND;
	return open_with(&config, 1, active);
}

static int
open_static_active(void **state)
{
	(void)state;
	return open_static(true);
}

static int
open_static_standby(void **state)
{
	(void)state;
	return open_static(false);
}

static int
open_equal(void **state)
{
	(void)state;
	return open_pair(1, true);
}

static int
open_wider(void **state)
{
	(void)state;
	return open_pair(3, true);
}

static int
open_standby(void **state)
{
	(void)state;
	return open_pair(1, false);
}

static int
close_pair(void **state)
{
	(void)state;
	harness_check(source);
	harness_check(target);
	harness_close(source);
	harness_close(target);
	return 0;
}

/* ---- tables that move ----------------------------------------------------------------------- */

/* The low byte of the inside address, with which the others begin; or that of the port. */
static uint8_t
bucket_of(enum moved kind, const void *row)
{
	const struct nat_rest *rest = row;

	if (kind != RESTS)
		return ((const uint8_t *)row)[3];
	return nat_port_bucket(&source->nat->sessions.ports.pool.rule,
			       rte_be_to_cpu_16(rest->outside_port));
}

static bool
put_row(enum moved kind, uint32_t source_slot, const void *row)
{
	return harness_put_row(&mv, kind, source_slot, bucket_of(kind, row), row);
}

static void
turn_round(void)
{
	harness_turn_round(&mv);
	source = mv.from;
	target = mv.to;
}

/* ---- traffic ------------------------------------------------------------------------------------ */

static struct harness_packet
flow(uint32_t i)
{
	return (struct harness_packet){
		.side = NAT_INSIDE,
		.protocol = i % 3 == 0 ? IPPROTO_TCP : IPPROTO_UDP,
		.tcp_flags = 2,
		.src = IP(100, 65, i / 250, i % 250),
		.src_port = (uint16_t)(1000 + i),
		.dst = SERVER,
		.dst_port = 80,
	};
}

static void
assert_same_translation(uint32_t i)
{
	struct harness_packet p = flow(i), a, b;

	p.tcp_flags = 0x10;
	a = harness_pass(source, &p, NAT_OUTSIDE);
	b = harness_pass(target, &p, NAT_OUTSIDE);
	assert_int_equal(a.src, b.src);
	assert_int_equal(a.src_port, b.src_port);
	p.side = NAT_OUTSIDE;
	p.dst = b.src;
	p.dst_port = b.src_port;
	p.src = SERVER;
	p.src_port = 80;
	b = harness_pass(target, &p, NAT_INSIDE);
	assert_int_equal(b.dst, flow(i).src);
	assert_int_equal(b.dst_port, flow(i).src_port);
}

/* Killed by: not putting a row into one of the indexes, or a port not marked as used. */
static void
target_translates_as_the_source(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		struct harness_packet p = flow(i);

		harness_pass(source, &p, NAT_OUTSIDE);
	}
	harness_copy_all(&mv);
	assert_int_equal(harness_n_sessions(target), 1000);
	harness_check(target);
	for (uint32_t i = 0; i < 1000; i++)
		assert_same_translation(i);
	assert_int_equal(harness_n_sessions(target), 1000);
	/* New mappings get ports that are free, and the subscriber's own address. */
	for (uint32_t i = 0; i < 1000; i++) {
		struct harness_packet p = flow(i), old = harness_pass(target, &p, NAT_OUTSIDE),
				      fresh;

		p.src_port = (uint16_t)(p.src_port + 5000);
		fresh = harness_pass(target, &p, NAT_OUTSIDE);
		assert_int_equal(fresh.src, old.src);
	}
	harness_check(target);
}

/* Killed by: not counting installed or removed rows by protocol, or counting a row twice. */
static void
limits_hold_at_the_target(void **state)
{
	struct harness_packet p = {
		.side = NAT_INSIDE, .protocol = IPPROTO_UDP, .src = SUBSCRIBER, .dst = SERVER};

	(void)state;
	for (p.src_port = 1; p.src_port <= 2; p.src_port++)
		harness_pass(source, &p, NAT_OUTSIDE);
	harness_copy_all(&mv);
	harness_copy_all(&mv);
	harness_refused(target, &p, 1, NAT_drop_limit);
	harness_delete_row(&mv, SESSIONS, 0);
	harness_pass(target, &p, NAT_OUTSIDE);
	p.src_port = 4;
	harness_refused(target, &p, 1, NAT_drop_limit);
	p.protocol = IPPROTO_TCP;
	p.tcp_flags = 2;
	harness_pass(target, &p, NAT_OUTSIDE);
	p.src_port = 5;
	harness_refused(target, &p, 1, NAT_drop_limit); /* that of all protocols */
}

/* Killed by: a target that makes it a second time, or does not know that it is static. */
static void
static_mappings_move_as_rows(void **state)
{
	(void)state;
	harness_wait(source, 1);
	harness_copy_all(&mv);
	harness_wait(target, 1);
	assert_int_equal(harness_n_sessions(target), 1);
	harness_wait(target, 1000 * HARNESS_SECOND);
	harness_sweep(target);
	assert_int_equal(harness_n_sessions(target), 1);
	assert_int_equal(harness_counter(target, NAT_mapping_created), 0);
}

/* Killed by: making them without owning their bucket. */
static void
standby_makes_no_static_mappings(void **state)
{
	(void)state;
	harness_wait(target, HARNESS_SECOND);
	assert_int_equal(harness_n_sessions(target), 0);
	harness_wait(source, 1);
	harness_copy_all(&mv);
	assert_int_equal(harness_n_sessions(target), 1);
}

/* ---- subscribers ---------------------------------------------------------------------------- */

static uint32_t
outside_of(struct harness *h, uint32_t from, uint16_t port)
{
	struct harness_packet p = {
		.side = NAT_INSIDE, .protocol = IPPROTO_UDP, .src = from, .dst = SERVER};

	p.src_port = port;
	return harness_pass(h, &p, NAT_OUTSIDE).src;
}

static uint32_t
slot_of(uint32_t from, uint16_t port)
{
	const struct nat_session *session = harness_session(source, from, port, IPPROTO_UDP);
	uint32_t slot = 0;

	assert_non_null(session);
	while (slim_slot(source->nat->sessions.shares.table, slot) != session)
		slot++;
	return slot;
}

static void
remove_mapping(uint32_t from, uint16_t port)
{
	uint32_t slot = slot_of(from, port), worker = 0;

	while (slot >= source->nat->sessions.shares.of[worker]->first_slot +
			       source->nat->sessions.shares.of[worker]->n_slots)
		worker++;
	nat_mapping_remove(nat_sessions_of(&source->nat->sessions, worker), slot);
}

static uint32_t
subscriber_slot_of(uint32_t from)
{
	const struct nat_subscribers *s = nf_share_at(&source->nat->sessions.subscribers.shares,
						      source->nat->bucket_worker[(uint8_t)from]);
	uint32_t number = nat_subscriber_find(s, rte_cpu_to_be_32(from));

	assert_int_not_equal(number, NAT_NO_SUBSCRIBER);
	return s->share.first_slot + number;
}

/* What is to be copied when a subscriber came back with another external address: the slots that it had, which
 * are another's now, and the ones that it has. */
#define N_CHANGES 4
struct change {
	enum moved kind;
	uint32_t slot;
};

/* Its only mapping, which the target knows, goes; then it has one at another address. */
static void
change_address(uint32_t from, struct change changes[N_CHANGES])
{
	uint32_t old = outside_of(source, from, 1000), stranger = from ^ 0x8000, next = 0;

	changes[0] = (struct change){SESSIONS, slot_of(from, 1000)};
	changes[1] = (struct change){SUBSCRIBERS, subscriber_slot_of(from)};
	harness_copy_all(&mv);
	remove_mapping(from, 1000);
	outside_of(source, stranger, 1000); /* takes both slots */
	while (outside_of(source, from, 1001) == old) {
		remove_mapping(from, 1001);
		outside_of(source, IP(100, 65, ++next, from & 0xff),
			   1000); /* that address gets fuller */
	}
	changes[2] = (struct change){SESSIONS, slot_of(from, 1001)};
	changes[3] = (struct change){SUBSCRIBERS, subscriber_slot_of(from)};
	assert_int_not_equal(changes[0].slot, changes[2].slot);
	assert_int_not_equal(changes[1].slot, changes[3].slot);
}

static void
copy_others(const struct change changes[N_CHANGES])
{
	for (enum moved kind = 0; kind < N_MOVED; kind++) {
		for (uint32_t slot = 0; slot < harness_table(source, kind)->capacity; slot++) {
			bool is_changed = false;

			for (uint32_t i = 0; i < N_CHANGES; i++)
				is_changed |= changes[i].kind == kind && changes[i].slot == slot;
			if (!is_changed)
				harness_copy_slot(&mv, kind, slot);
		}
	}
}

/* The n-th of the 24 orders. */
static void
copy_in_order(const struct change changes[N_CHANGES], uint32_t n)
{
	struct change left[N_CHANGES];

	memcpy(left, changes, sizeof(left));
	for (uint32_t i = N_CHANGES; i > 0; n /= i, i--) {
		uint32_t pick = n % i;

		harness_copy_slot(&mv, left[pick].kind, left[pick].slot);
		left[pick] = left[i - 1];
	}
}

/* RFC 6888 REQ-2: the external address of a subscriber is that of the source, in whatever order old and new rows
 * come, in a move and in the one back. Killed by: an address taken from the mapping that came first, or from
 * the one that came last. */
static void
pairing_holds_in_every_order(void **state)
{
	for (uint32_t n = 0; n < 24; n++) {
		struct change changes[N_CHANGES];
		uint32_t outside;

		for (int way = 0; way < 2; way++) {
			change_address(SUBSCRIBER + (uint32_t)way, changes);
			outside = outside_of(source, SUBSCRIBER + (uint32_t)way, 1001);
			copy_others(changes);
			copy_in_order(changes, n);
			harness_assert_copied(&mv);
			turn_round();
			for (uint16_t port = 2000; port < 2004; port++)
				assert_int_equal(
					outside_of(source, SUBSCRIBER + (uint32_t)way, port),
					outside);
		}
		close_pair(state);
		open_equal(state);
	}
}

/* A mapping that comes before its subscriber's row, or stays after it, has a subscriber; so no order leaves something
 * behind. Killed by: giving a subscriber back that has the one or the other. */
static void
rows_of_a_subscriber_come_and_go_in_any_order(void **state)
{
	static const enum moved orders[][4] = {
		{SESSIONS, SUBSCRIBERS, SESSIONS, SUBSCRIBERS},
		{SESSIONS, SUBSCRIBERS, SUBSCRIBERS, SESSIONS},
		{SUBSCRIBERS, SESSIONS, SESSIONS, SUBSCRIBERS},
		{SUBSCRIBERS, SESSIONS, SUBSCRIBERS, SESSIONS},
	};

	(void)state;
	outside_of(source, SUBSCRIBER, 1000);
	outside_of(source, SUBSCRIBER, 1001);
	for (uint32_t i = 0; i < RTE_DIM(orders); i++) {
		harness_copy_table(&mv, orders[i][0]);
		harness_check(target);
		harness_copy_table(&mv, orders[i][1]);
		harness_assert_copied(&mv);
		for (uint32_t step = 2; step < 4; step++) {
			for (uint32_t slot = 0; slot < 4; slot++)
				harness_delete_row(&mv, orders[i][step], slot);
			harness_check(target);
		}
		assert_int_equal(target->nat->sessions.subscribers.shares.of[0]->n_free,
				 target->nat->sessions.subscribers.shares.of[0]->n_slots);
	}
}

static int
open_slow(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	config.new_sessions_per_s = 1;
	config.new_sessions_burst = 3;
	return open_with(&config, 1, true);
}

/* Who has used up its rate has none at the target either, also without any mapping. Killed by: a rate that does not
 * travel, or that goes with the last mapping. */
static void
rates_move(void **state)
{
	struct harness_packet p = {.side = NAT_INSIDE,
				   .protocol = IPPROTO_UDP,
				   .src = SUBSCRIBER,
				   .src_port = 2000,
				   .dst = SERVER};
	uint32_t other = SUBSCRIBER + 1;

	(void)state;
	for (uint16_t port = 1000; port < 1003; port++) {
		outside_of(source, SUBSCRIBER, port);
		outside_of(source, other, port);
		remove_mapping(other, port);
	}
	harness_copy_all(&mv);
	harness_assert_copied(&mv);
	harness_refused(target, &p, 1, NAT_drop_rate);
	p.src = other;
	harness_refused(target, &p, 1, NAT_drop_rate);
	harness_wait(target, HARNESS_SECOND);
	outside_of(target, other, 1000);
	harness_refused(target, &p, 1, NAT_drop_rate);
	outside_of(target, SUBSCRIBER, 2000);
	harness_wait(source, 3 * HARNESS_SECOND + HARNESS_TICK);
	assert_int_equal(harness_n_rows(source, SUBSCRIBERS), 1);
}

static int
open_slow_standby(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	config.new_sessions_per_s = 1;
	config.new_sessions_burst = 3;
	return open_with(&config, 1, false);
}

/* Killed by: removing the row of another instance's bucket. */
static void
standby_removes_no_subscriber(void **state)
{
	(void)state;
	outside_of(source, SUBSCRIBER, 1000);
	remove_mapping(SUBSCRIBER, 1000);
	harness_copy_all(&mv);
	harness_wait(target, 100 * HARNESS_SECOND);
	assert_int_equal(harness_n_rows(target, SUBSCRIBERS), 1);
	harness_wait(source, 100 * HARNESS_SECOND);
	harness_copy_all(&mv);
	harness_assert_copied(&mv);
	assert_int_equal(harness_n_rows(target, SUBSCRIBERS), 0);
}

static int
open_few_subscribers(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	open_with(&config, 1, true);
	harness_close(target);
	config.subscribers = 2;
	harness_open(target, &config, true);
	harness_move_begin(&mv, source, target, N_MOVED);
	return 0;
}

/* A row that finds no room for its subscriber is refused as a whole. Killed by: a slot taken for it. */
static void
without_room_for_a_subscriber_rows_are_refused(void **state)
{
	struct nat_session row = {
		.protocol = IPPROTO_UDP,
		.outside_address = RTE_BE32(IP(198, 51, 100, 0)),
		.last_seen = target->now_ns,
	};
	struct nat_subscriber subscriber = {.outside_address = RTE_BE32(IP(198, 51, 100, 0))};

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		row.inside_address = rte_cpu_to_be_32(SUBSCRIBER + i);
		row.outside_port = rte_cpu_to_be_16((uint16_t)(0x1007 + i));
		assert_true(put_row(SESSIONS, i, &row) == (i < 2));
	}
	subscriber.address = row.inside_address;
	assert_false(put_row(SUBSCRIBERS, 0, &subscriber));
	assert_int_equal(harness_n_sessions(target), 2);
	harness_check(target);
}

/* ---- ports that rest ------------------------------------------------------------------------- */

/* Four ports for each bucket, at one address. */
static void
configure_few_ports(struct nat_config *config)
{
	harness_defaults(config);
	config->n_pool = 1;
	config->port_first = 2048;
	config->port_last = 2048 + 4 * 256 - 1;
}

static int
open_few_ports(void **state)
{
	struct nat_config config;

	(void)state;
	configure_few_ports(&config);
	return open_with(&config, 1, true);
}

static int
open_few_ports_standby(void **state)
{
	struct nat_config config;

	(void)state;
	configure_few_ports(&config);
	return open_with(&config, 1, false);
}

static uint16_t
port_of(struct harness *h, uint32_t from)
{
	struct harness_packet p = {.side = NAT_INSIDE,
				   .protocol = IPPROTO_UDP,
				   .src = from,
				   .src_port = 1000,
				   .dst = SERVER};

	return harness_pass(h, &p, NAT_OUTSIDE).src_port;
}

/* Killed by: a rest that does not travel, one that begins anew, or one that ends without its owner. */
static void
ports_rest_at_the_target_too(void **state)
{
	uint16_t rested = port_of(source, SUBSCRIBER);

	(void)state;
	harness_copy_all(&mv);
	remove_mapping(SUBSCRIBER, 1000);
	harness_wait(source, 100 * HARNESS_SECOND);
	harness_wait(target, 100 * HARNESS_SECOND);
	harness_copy_all(&mv);
	harness_assert_copied(&mv);
	turn_round();
	harness_wait(source, 20 * HARNESS_SECOND - 1);
	for (uint32_t n = 0; n < 3; n++)
		assert_int_not_equal(port_of(source, SUBSCRIBER ^ (n + 1) << 8), rested);
	assert_int_equal(harness_n_rows(source, RESTS), 1);
	harness_wait(source, HARNESS_TICK + 1);
	assert_int_equal(harness_n_rows(source, RESTS), 0);
	assert_int_equal(port_of(source, SUBSCRIBER ^ 4 << 8), rested);
	assert_int_equal(harness_counter(source, NAT_port_rest_cut), 0);
	harness_check(source);
}

/* The port goes to another mapping before its rest is over: in whatever order the rows come, it is in use and does not rest.
 * Killed by: one mark for a port in use and one that rests. */
static void
a_rest_that_is_cut_comes_in_any_order(void **state)
{
	static const enum moved orders[][N_MOVED] = {
		{SESSIONS, SUBSCRIBERS, RESTS}, {SESSIONS, RESTS, SUBSCRIBERS},
		{RESTS, SESSIONS, SUBSCRIBERS}, {RESTS, SUBSCRIBERS, SESSIONS},
		{SUBSCRIBERS, RESTS, SESSIONS}, {SUBSCRIBERS, SESSIONS, RESTS},
	};

	(void)state;
	for (uint32_t first = 0; first < RTE_DIM(orders); first++) {
		for (uint32_t then = 0; then < RTE_DIM(orders); then++) {
			for (uint32_t n = 0; n < 4; n++)
				port_of(source, SUBSCRIBER ^ n << 8);
			harness_copy_all(&mv);
			remove_mapping(SUBSCRIBER, 1000);
			for (uint32_t i = 0; i < N_MOVED; i++)
				harness_copy_table(&mv, orders[first][i]);
			harness_assert_copied(&mv);
			assert_int_equal(harness_n_rows(target, RESTS), 1);
			port_of(source, SUBSCRIBER ^ 4 << 8);
			for (uint32_t i = 0; i < N_MOVED; i++)
				harness_copy_table(&mv, orders[then][i]);
			harness_assert_copied(&mv);
			assert_int_equal(harness_n_rows(target, RESTS), 0);
			for (uint32_t n = 1; n < 5; n++)
				remove_mapping(SUBSCRIBER ^ n << 8, 1000);
			harness_wait(source, 200 * HARNESS_SECOND);
			harness_wait(target, 200 * HARNESS_SECOND);
			harness_copy_all(&mv);
			harness_assert_copied(&mv);
		}
	}
}

/* Killed by: ending the rest in another instance's bucket. */
static void
standby_ends_no_rest(void **state)
{
	(void)state;
	port_of(source, SUBSCRIBER);
	remove_mapping(SUBSCRIBER, 1000);
	harness_copy_all(&mv);
	harness_wait(target, 1000 * HARNESS_SECOND);
	assert_int_equal(harness_n_rows(target, RESTS), 1);
}

/* Killed by: a row that is taken by a worker that does not own the port, or is no port. */
static void
rests_that_make_no_sense_do_no_harm(void **state)
{
	struct nat_rest row = {.outside_address = RTE_BE32(IP(198, 51, 100, 0)),
			       .outside_port = RTE_BE16(2048 + 7),
			       .protocol = 99,
			       .until = target->now_ns};
	struct slim_worker *w = harness_worker_of(target, 7);

	(void)state;
	assert_false(put_row(RESTS, 0, &row));
	row.protocol = IPPROTO_UDP;
	assert_int_equal(nat_rest_ops.acquire(&target->nat->sessions.rests.shares, w, 8, &row),
			 SLIM_NO_SLOT);
	row.outside_address = RTE_BE32(IP(203, 0, 113, 9)); /* not of the pool */
	assert_true(put_row(RESTS, 0, &row));
	harness_delete_row(&mv, RESTS, 0);
	row.outside_address = RTE_BE32(IP(198, 51, 100, 0));
	assert_true(put_row(RESTS, 0, &row));
	assert_true(put_row(RESTS, 0, &row));
	harness_check(target);
}

/* Some mappings of the source go, and all of one subscriber. */
static void
remove_some(uint32_t n_slots)
{
	rte_be32_t gone = rte_cpu_to_be_32(IP(100, 65, rand() % 6, 7));

	for (uint32_t slot = 0; slot < n_slots; slot++) {
		const struct nat_session *e = slim_slot(source->nat->sessions.shares.table, slot);

		if (harness_is_used(source->nat->sessions.shares.table, slot) &&
		    (rand() % 4 == 0 || e->inside_address == gone))
			nat_mapping_remove(nat_sessions_of(&source->nat->sessions, 0), slot);
	}
}

/* Mappings come and go at the source while rows are copied in any order: also a port goes from one mapping to
 * another before the first one's removal is told. Killed by: freeing a port by its old owner's removal,
 * or leaving the port of a row that changed. */
static void
changes_in_any_order_end_equal(void **state)
{
	(void)state;
	srand(99);
	for (int round = 0; round < 300; round++) {
		for (int i = 0; i < 20; i++) {
			/* Few ports and keys, so that both come back soon. */
			struct harness_packet p = flow((uint32_t)rand() % 300);

			p.src = IP(100, 65, rand() % 6, 7);
			harness_send(source, NAT_INSIDE, harness_build(source, &p), 0);
			harness_drain(source, NAT_OUTSIDE);
		}
		remove_some(600);
		for (int i = 0; i < 200; i++)
			harness_copy_slot(&mv, (enum moved)(rand() % N_MOVED),
					  (uint32_t)rand() % 600);
		if (round % 50 == 49) {
			for (enum moved kind = N_MOVED; kind-- > 0;)
				for (uint32_t slot = harness_table(source, kind)->capacity;
				     slot-- > 0;)
					harness_copy_slot(&mv, kind, slot);
			harness_assert_copied(&mv);
		}
	}
}

/* A naive list of who has which port, or block. */
static void
assert_one_owner(uint32_t *owners)
{
	uint32_t n = source->config.ports_per_block;

	memset(owners, 0, 2 * 65536 * sizeof(*owners));
	for (uint32_t slot = 0; slot < source->nat->sessions.shares.capacity; slot++) {
		const struct nat_session *e = slim_slot(source->nat->sessions.shares.table, slot);
		uint32_t number = rte_be_to_cpu_32(e->outside_address) & 1;
		uint32_t *owner = &owners[number * 65536 + rte_be_to_cpu_16(e->outside_port) / n];

		if (!harness_is_used(source->nat->sessions.shares.table, slot))
			continue;
		assert_true(*owner == 0 || *owner == e->inside_address);
		*owner = e->inside_address;
	}
}

/* Mappings come and go, and the instance moves to and fro, rows in any order. No port, and no block, belongs
 * to two subscribers at any time, and a mapping that is there stays what it was. Killed by: ports or blocks of
 * installed rows that are not in use, blocks that stay with who had them before. */
static void
moves_to_and_fro_mix_up_nothing(void **state)
{
	static uint32_t owners[2 * 65536], order[N_MOVED * CAPACITY];

	(void)state;
	srand(7);
	for (int round = 0; round < 40; round++) {
		uint32_t n = 0;

		for (int i = 0; i < 60; i++) {
			struct harness_packet p = flow((uint32_t)rand() % 300);

			p.src = IP(100, 65, rand() % 6, 7);
			harness_send(source, NAT_INSIDE, harness_build(source, &p), 0);
			harness_drain(source, NAT_OUTSIDE);
		}
		assert_one_owner(owners);
		for (enum moved kind = 0; kind < N_MOVED; kind++)
			for (uint32_t i = 0; i < harness_table(source, kind)->capacity; i++)
				order[n++] = i * N_MOVED + kind;
		for (uint32_t i = 0; i < n; i++) {
			uint32_t other = i + (uint32_t)rand() % (n - i), was = order[i];

			order[i] = order[other];
			order[other] = was;
			harness_copy_slot(&mv, (enum moved)(order[i] % N_MOVED),
					  order[i] / N_MOVED);
		}
		harness_assert_copied(&mv);
		turn_round();
		assert_one_owner(owners);
		for (uint32_t slot = 0; slot < source->nat->sessions.shares.capacity; slot++)
			if (rand() % 3 == 0 &&
			    harness_is_used(source->nat->sessions.shares.table, slot))
				nat_mapping_remove(
					nat_sessions_of(
						&source->nat->sessions,
						(uint16_t)(slot /
							   source->nat->sessions.shares.of[0]
								   ->n_slots)),
					slot);
	}
}

/* Killed by: leaving something behind in `removed`. */
static void
wipe_leaves_nothing(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 500; i++) {
			struct harness_packet p = flow(i);

			harness_pass(source, &p, NAT_OUTSIDE);
		}
		harness_copy_all(&mv);
		harness_delete_all(&mv);
		assert_int_equal(harness_n_sessions(target), 0);
		harness_check(target);
		for (uint16_t w = 0; w < target->config.n_workers; w++)
			assert_int_equal(target->nat->sessions.subscribers.shares.of[w]->n_free,
					 target->nat->sessions.subscribers.shares.of[w]->n_slots);
	}
}

/* Remaining life moves: the clock in `last_seen` decides, not the time of installing. Killed by: a deadline
 * of installed rows that is never looked at, or counts anew. */
static void
installed_rows_expire_at_their_own_time(void **state)
{
	struct harness_packet early = flow(1), late = flow(4);

	(void)state;
	harness_pass(source, &early, NAT_OUTSIDE);
	harness_wait(source, 200 * HARNESS_SECOND);
	harness_pass(source, &late, NAT_OUTSIDE);
	harness_wait(target, 200 * HARNESS_SECOND);
	harness_copy_all(&mv);
	harness_sweep(target);
	assert_int_equal(harness_n_sessions(target), 2);
	harness_wait(target, 100 * HARNESS_SECOND); /* UDP: 300 s since it was seen */
	harness_sweep(target);
	assert_int_equal(harness_n_sessions(target), 1);
	assert_non_null(harness_session(target, late.src, late.src_port, IPPROTO_UDP));
	harness_wait(target, 200 * HARNESS_SECOND);
	harness_sweep(target);
	assert_int_equal(harness_n_sessions(target), 0);
}

/* A mapping that expires, and one that is cleared, while rows are copied. Killed by: a removal that is
 * not told, or that leaves the port. */
static void
what_ended_meanwhile_is_gone_at_the_target(void **state)
{
	struct harness_packet expired = flow(1), cleared = flow(4), kept = flow(7), in;

	(void)state;
	harness_pass(source, &expired, NAT_OUTSIDE);
	harness_wait(source, 200 * HARNESS_SECOND);
	harness_wait(target, 200 * HARNESS_SECOND);
	in = harness_pass(source, &cleared, NAT_OUTSIDE);
	harness_pass(source, &kept, NAT_OUTSIDE);
	harness_copy_all(&mv);
	assert_int_equal(harness_n_sessions(target), 3);
	harness_wait(source, 150 * HARNESS_SECOND);
	harness_sweep(source);
	assert_null(harness_session(source, expired.src, expired.src_port, IPPROTO_UDP));
	for (uint32_t slot = 0; slot < 8; slot++) {
		const struct nat_session *e = slim_slot(source->nat->sessions.shares.table, slot);

		if (e->inside_address == rte_cpu_to_be_32(cleared.src) &&
		    harness_is_used(source->nat->sessions.shares.table, slot))
			nat_mapping_remove(nat_sessions_of(&source->nat->sessions, 0), slot);
	}
	harness_copy_all(&mv);
	assert_int_equal(harness_n_sessions(target), 1);
	assert_non_null(harness_session(target, kept.src, kept.src_port, IPPROTO_UDP));
	in = (struct harness_packet){.side = NAT_OUTSIDE,
				     .protocol = IPPROTO_UDP,
				     .src = SERVER,
				     .src_port = 80,
				     .dst = in.src,
				     .dst_port = in.src_port};
	harness_dropped(target, &in, NAT_drop_no_mapping);
}

/* Who has only said SYN lives for the transitory time at the target, too; an established connection for
 * its own. Killed by: a state that does not travel, or a deadline by protocol alone. */
static void
half_open_tcp_stays_half_open(void **state)
{
	struct harness_packet half = flow(3), whole = flow(6), out, answer;

	(void)state;
	harness_pass(source, &half, NAT_OUTSIDE);
	out = harness_pass(source, &whole, NAT_OUTSIDE);
	answer = (struct harness_packet){.side = NAT_OUTSIDE,
					 .protocol = IPPROTO_TCP,
					 .tcp_flags = 0x12,
					 .src = SERVER,
					 .src_port = 80,
					 .dst = out.src,
					 .dst_port = out.src_port};
	harness_pass(source, &answer, NAT_INSIDE);
	whole.tcp_flags = 0x10;
	harness_pass(source, &whole, NAT_OUTSIDE);
	harness_copy_all(&mv);
	assert_int_equal(harness_session(target, half.src, half.src_port, IPPROTO_TCP)->tcp_state,
			 NF_TCP_OPENING);
	assert_int_equal(harness_session(target, whole.src, whole.src_port, IPPROTO_TCP)->tcp_state,
			 NF_TCP_ESTABLISHED);
	harness_wait(target, 239 * HARNESS_SECOND);
	harness_sweep(target);
	assert_int_equal(harness_n_sessions(target), 2);
	harness_wait(target, 2 * HARNESS_SECOND);
	harness_sweep(target);
	assert_null(harness_session(target, half.src, half.src_port, IPPROTO_TCP));
	assert_non_null(harness_session(target, whole.src, whole.src_port, IPPROTO_TCP));
	harness_wait(target, 7440 * HARNESS_SECOND);
	harness_sweep(target);
	assert_int_equal(harness_n_sessions(target), 0);
}

/* One side of a connection, with its numbers, at one of the two NATs. */
static void
pass_tcp(struct harness *h, struct harness_packet *p, struct harness_packet *other, uint8_t flags,
	 uint16_t payload)
{
	struct harness_packet got;

	p->tcp_flags = flags;
	p->payload = payload;
	got = harness_pass(h, p, p->side == NAT_INSIDE ? NAT_OUTSIDE : NAT_INSIDE);
	if (p->side == NAT_INSIDE) {
		other->dst = got.src;
		other->dst_port = got.src_port;
	}
	if (flags & 0x04)
		return;
	p->tcp_seq += payload + (flags & 0x02 ? 1 : 0) + (flags & 0x01);
	other->tcp_ack = p->tcp_seq;
}

/* As in tcp_test.c: ">S <B", and the state at its end. "|" is where the connection moves. */
static void
play_across_a_move(const char *story, uint8_t state, uint16_t port)
{
	struct harness_packet in = flow(0), out = {.side = NAT_OUTSIDE,
						   .protocol = IPPROTO_TCP,
						   .src = SERVER,
						   .src_port = 80,
						   .tcp_seq = 0xfffffffa,
						   .tcp_window = 500};
	struct harness *at = source;

	in.src_port = port;
	in.tcp_seq = 0xfffffff0;
	in.tcp_window = 500;
	in.tcp_ack = out.tcp_seq;
	for (const char *s = story; *s != '\0'; s += s[1] == '\0' || s[2] == '\0' ? strlen(s) : 3) {
		uint8_t flags = s[1] == 'S'   ? 0x02
				: s[1] == 'B' ? 0x12
				: s[1] == 'F' ? 0x11
				: s[1] == 'R' ? 0x04
					      : 0x10;

		if (s[0] == '|') {
			harness_copy_all(&mv);
			assert_memory_equal(harness_session(source, in.src, port, IPPROTO_TCP),
					    harness_session(target, in.src, port, IPPROTO_TCP),
					    sizeof(struct nat_session));
			at = target;
		} else if (s[1] == 'X') { /* a RST that is off by one */
			out.tcp_seq--;
			pass_tcp(at, &out, &in, 0x04, 0);
			out.tcp_seq++;
		} else {
			pass_tcp(at, s[0] == '>' ? &in : &out, s[0] == '>' ? &out : &in, flags,
				 flags == 0x10 ? 20 : 0);
		}
	}
	assert_int_equal(harness_session(at, in.src, port, IPPROTO_TCP)->tcp_state, state);
}

/* In the middle of opening, of closing and of a RST: the target goes on in the same cell with the same numbers. Killed
 * by: a field of the connection that is not in the row. */
static void
tcp_goes_on_in_its_cell(void **state)
{
	static const struct {
		const char *story;
		uint8_t state;
	} stories[] = {
		{">S |. <B >A", NF_TCP_ESTABLISHED},
		{">S <B |. >A", NF_TCP_ESTABLISHED},
		{">S <B >A >A <A >A |. <X", NF_TCP_ESTABLISHED},
		{">S <B >A >A <A >A |. <R", NF_TCP_RESET},
		{">S <B >A <A >A <R |. >A", NF_TCP_ESTABLISHED},
		{">S <B >A >F |. <F", NF_TCP_CLOSED},
		{">S <B >A >F <R |. <F", NF_TCP_CLOSED},
		{">S <B <F |. >A", NF_TCP_FIN_IN},
		{">A >F |. <F", NF_TCP_CLOSED},
		{">S <B >A >F <F |. >S", NF_TCP_OPENING},
	};

	(void)state;
	for (uint16_t i = 0; i < RTE_DIM(stories); i++)
		play_across_a_move(stories[i].story, stories[i].state, 5000 + i);
}

/* The transitory time begins with the RST at the target, too, though nothing left for long. Killed by: a
 * beginning that is only in the timer. */
static void
reset_before_a_move_waits_its_time(void **state)
{
	struct harness_packet in = flow(0), out = {.side = NAT_OUTSIDE,
						   .protocol = IPPROTO_TCP,
						   .src = SERVER,
						   .src_port = 80};

	(void)state;
	source->nat->config.inbound_refresh = false;
	source->nat->sessions.timeouts.tcp_transitory_ns = 240 * HARNESS_SECOND;
	target->nat->sessions.timeouts.tcp_transitory_ns = 240 * HARNESS_SECOND;
	pass_tcp(source, &in, &out, 0x02, 0);
	pass_tcp(source, &out, &in, 0x12, 0);
	pass_tcp(source, &in, &out, 0x10, 0);
	harness_wait(source, 1000 * HARNESS_SECOND);
	harness_wait(target, 1000 * HARNESS_SECOND);
	pass_tcp(source, &out, &in, 0x04, 0);
	harness_copy_all(&mv);
	harness_wait(target, 239 * HARNESS_SECOND);
	harness_sweep(target);
	assert_int_equal(harness_n_sessions(target), 1);
	harness_wait(target, HARNESS_SECOND);
	harness_sweep(target);
	assert_int_equal(harness_n_sessions(target), 0);
}

/* A row that cannot be: refused, or kept without effect. Nothing breaks. */
static void
rows_that_make_no_sense_do_no_harm(void **state)
{
	struct slim_table *table = target->nat->sessions.shares.table;
	struct nat_session row = {
		.inside_address = RTE_BE32(IP(100, 65, 0, 7)),
		.inside_port = RTE_BE16(1),
		.protocol = 99,
		.outside_address = RTE_BE32(IP(198, 51, 100, 0)),
		.outside_port = RTE_BE16(0x1007),
		.last_seen = target->now_ns,
	};

	(void)state;
	assert_false(put_row(SESSIONS, 0, &row)); /* no such protocol */
	row.protocol = IPPROTO_UDP;
	assert_int_equal(nat_session_ops.acquire(&target->nat->sessions.shares,
						 harness_worker_of(target, 8), 8, &row),
			 SLIM_NO_SLOT); /* not its bucket */
	row.outside_address = RTE_BE32(IP(203, 0, 113, 9));
	assert_true(put_row(SESSIONS, 0, &row)); /* not of the pool: nothing gets in by it */
	harness_sweep(target);
	assert_int_equal(harness_counter(target, NAT_install_conflict), 1);
	harness_delete_row(&mv, SESSIONS, 0);
	row.outside_address = RTE_BE32(IP(198, 51, 100, 0));
	row.outside_port = RTE_BE16(0x1008); /* not of its bucket */
	row.tcp_state = 200;
	assert_true(put_row(SESSIONS, 0, &row));
	harness_sweep(target);
	assert_int_equal(harness_counter(target, NAT_install_conflict), 2);
	assert_true(harness_is_used(table, harness_local_slot(&mv, SESSIONS, 0)));
	harness_delete_row(&mv, SESSIONS, 0);
}

/* Neighbours are known at once, and packets that wait for one go when its row comes. */
static void
neighbours_need_no_new_question(void **state)
{
	struct harness_packet p = flow(1);
	struct rte_mbuf *m;

	(void)state;
	harness_pass(source, &p, NAT_OUTSIDE);
	m = harness_build(target, &p);
	nat_ops.burst(&target->nf[0], NAT_INSIDE, &m, 1);
	harness_deliver(target);
	harness_copy_table(&mv, source->nat->neighbours.shares.table->index);
	assert_int_equal(harness_counter(target, NF_arp_sent), 1);
	m = harness_take(target, NAT_OUTSIDE); /* the question */
	rte_pktmbuf_free(m);
	m = harness_take(target, NAT_OUTSIDE);
	assert_non_null(m);
	rte_pktmbuf_free(m);
	harness_pass(target, &p, NAT_OUTSIDE);
	assert_int_equal(harness_counter(target, NF_arp_sent), 1);
}

/* A standby owns nothing: it expires nothing and asks nobody. */
static void
standby_does_nothing_by_itself(void **state)
{
	struct harness_packet p = flow(1);

	(void)state;
	harness_pass(source, &p, NAT_OUTSIDE);
	harness_copy_all(&mv);
	harness_wait(target, 1000 * HARNESS_SECOND);
	harness_sweep(target);
	assert_int_equal(harness_n_sessions(target), 1);
	assert_int_equal(harness_counter(target, NF_arp_sent), 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_equal, close_pair)
#define TEST_WITH(f, open) cmocka_unit_test_setup_teardown(f, open, close_pair)
#define TEST_WIDER(f) cmocka_unit_test_setup_teardown(f, open_wider, close_pair)
	const struct CMUnitTest tests[] = {
		TEST(target_translates_as_the_source),
		TEST_WIDER(target_translates_as_the_source),
		TEST_WITH(limits_hold_at_the_target, open_limited),
		TEST(pairing_holds_in_every_order),
		TEST(rows_of_a_subscriber_come_and_go_in_any_order),
		TEST_WITH(rates_move, open_slow),
		TEST_WITH(standby_removes_no_subscriber, open_slow_standby),
		TEST_WITH(ports_rest_at_the_target_too, open_few_ports),
		TEST_WITH(a_rest_that_is_cut_comes_in_any_order, open_few_ports),
		TEST_WITH(standby_ends_no_rest, open_few_ports_standby),
		TEST_WITH(rests_that_make_no_sense_do_no_harm, open_few_ports),
		TEST_WITH(without_room_for_a_subscriber_rows_are_refused, open_few_subscribers),
		TEST_WITH(static_mappings_move_as_rows, open_static_active),
		TEST_WITH(standby_makes_no_static_mappings, open_static_standby),
		TEST(changes_in_any_order_end_equal),
		TEST_WIDER(changes_in_any_order_end_equal),
		TEST_WITH(changes_in_any_order_end_equal, open_blocks),
		TEST_WITH(moves_to_and_fro_mix_up_nothing, open_blocks),
		TEST_WITH(wipe_leaves_nothing, open_blocks),
		TEST(wipe_leaves_nothing),
		TEST_WIDER(wipe_leaves_nothing),
		TEST(installed_rows_expire_at_their_own_time),
		TEST(what_ended_meanwhile_is_gone_at_the_target),
		TEST_WIDER(what_ended_meanwhile_is_gone_at_the_target),
		TEST(half_open_tcp_stays_half_open),
		TEST(tcp_goes_on_in_its_cell),
		TEST(reset_before_a_move_waits_its_time),
		TEST(rows_that_make_no_sense_do_no_harm),
		TEST(neighbours_need_no_new_question),
		cmocka_unit_test_setup_teardown(standby_does_nothing_by_itself, open_standby,
						close_pair),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
