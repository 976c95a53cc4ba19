/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that come from another instance: two NATs, and a copy of rows from one to the other by the calls
 * that the agent makes. Everything derived must come out of the slots alone.
 */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#define CAPACITY (8192 + HARNESS_WORKERS)

static struct harness pair[2];
static struct harness *source, *target;
/* What the agent keeps at the target: local slot by source slot. */
static uint32_t local_of[CAPACITY];

static int
open_with(struct nat_config *config, uint16_t target_workers, bool active)
{
	source = &pair[0];
	target = &pair[1];
	harness_open(source, config, true);
	config->n_workers = target_workers;
	harness_open(target, config, active);
	for (uint32_t i = 0; i < CAPACITY; i++)
		local_of[i] = SLIM_NO_SLOT;
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

static struct slim_worker *
worker_of(const struct harness *h, uint8_t bucket)
{
	return h->nf[h->nat->bucket_worker[bucket]].agent;
}

static bool
is_used(const struct slim_table *table, uint32_t slot)
{
	return ((const struct slim_slot_head *)slim_slot(table, slot) - 1)->used;
}

static void
delete_row(uint32_t source_slot)
{
	struct slim_table *table = target->nat->sessions.table;
	uint32_t slot = local_of[source_slot];
	const struct nat_session *entry;
	struct slim_worker *w;

	if (slot == SLIM_NO_SLOT)
		return;
	entry = slim_slot(table, slot);
	w = worker_of(target, (uint8_t)rte_be_to_cpu_32(entry->inside_address));
	nat_session_ops.removed(&target->nat->sessions, w, slot, entry);
	slim_slot_free(w, table, slot);
	local_of[source_slot] = SLIM_NO_SLOT;
}

static void
copy_fields(void *to, const struct nat_session *from)
{
	for (uint16_t i = 0; i < nat_session_n_fields; i++) {
		const struct slim_field *f = &nat_session_fields[i];

		memcpy((uint8_t *)to + f->offset, (const uint8_t *)from + f->offset, f->size);
	}
}

/* As the agent does it: a slot whose key changed is delete and put; a row goes to where its key is. */
static bool
put_row(uint32_t source_slot, const struct nat_session *row)
{
	struct slim_table *table = target->nat->sessions.table;
	uint8_t bucket = (uint8_t)rte_be_to_cpu_32(row->inside_address);
	struct slim_worker *w = worker_of(target, bucket);
	uint32_t slot;

	if (local_of[source_slot] != SLIM_NO_SLOT &&
	    memcmp(slim_slot(table, local_of[source_slot]), row, 7) != 0)
		delete_row(source_slot);
	slot = nat_session_ops.acquire(&target->nat->sessions, w, bucket, row);
	if (slot == SLIM_NO_SLOT)
		return false;
	for (uint32_t i = 0; i < CAPACITY; i++)
		if (local_of[i] == slot)
			local_of[i] = SLIM_NO_SLOT;
	local_of[source_slot] = slot;
	copy_fields(slim_slot_begin(w, table, slot), row);
	slim_slot_end(w, table, slot, bucket);
	nat_session_ops.installed(&target->nat->sessions, w, slot, row);
	return true;
}

static void
copy_slot(uint32_t slot)
{
	struct slim_table *table = source->nat->sessions.table;

	if (is_used(table, slot))
		assert_true(put_row(slot, slim_slot(table, slot)));
	else
		delete_row(slot);
}

static void
copy_all(void)
{
	for (uint32_t slot = 0; slot < nat_session_capacity(&source->config); slot++)
		copy_slot(slot);
}

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
	copy_all();
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
	copy_all();
	copy_all();
	harness_refused(target, &p, 1, NAT_drop_limit);
	delete_row(0);
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
	copy_all();
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
	copy_all();
	assert_int_equal(harness_n_sessions(target), 1);
}

/* Some mappings of the source go, and all of one subscriber. */
static void
remove_some(uint32_t n_slots)
{
	rte_be32_t gone = rte_cpu_to_be_32(IP(100, 65, rand() % 6, 7));

	for (uint32_t slot = 0; slot < n_slots; slot++) {
		const struct nat_session *e = slim_slot(source->nat->sessions.table, slot);

		if (is_used(source->nat->sessions.table, slot) &&
		    (rand() % 4 == 0 || e->inside_address == gone))
			nat_mapping_remove(source->nat->sessions.workers[0], slot);
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
		uint32_t capacity = nat_session_capacity(&source->config);

		for (int i = 0; i < 20; i++) {
			/* Few ports and keys, so that both come back soon. */
			struct harness_packet p = flow((uint32_t)rand() % 300);
			struct rte_mbuf *m;

			p.src = IP(100, 65, rand() % 6, 7);
			harness_send(source, NAT_INSIDE, harness_build(source, &p), 0);
			while ((m = harness_take(source, NAT_OUTSIDE)) != NULL)
				rte_pktmbuf_free(m);
		}
		remove_some(600);
		for (int i = 0; i < 200; i++)
			copy_slot((uint32_t)rand() % 600);
		if (round % 50 == 49) {
			for (uint32_t slot = capacity; slot-- > 0;)
				copy_slot(slot);
			assert_int_equal(harness_n_sessions(target), harness_n_sessions(source));
			harness_check(target);
		}
	}
}

/* As after a move: the copy that is left at the source goes, and the next move is the other way. */
static void
turn_round(void)
{
	struct slim_table *table = source->nat->sessions.table;
	struct harness *was_source = source;

	for (uint32_t slot = 0; slot < nat_session_capacity(&source->config); slot++) {
		const struct nat_session *entry = slim_slot(table, slot);
		struct slim_worker *w =
			worker_of(source, (uint8_t)rte_be_to_cpu_32(entry->inside_address));

		if (!is_used(table, slot))
			continue;
		nat_session_ops.removed(&source->nat->sessions, w, slot, entry);
		slim_slot_free(w, table, slot);
	}
	assert_int_equal(harness_n_sessions(source), 0);
	harness_check(source);
	source = target;
	target = was_source;
	for (uint32_t i = 0; i < CAPACITY; i++)
		local_of[i] = SLIM_NO_SLOT;
}

/* A naive list of who has which port, or block. */
static void
assert_one_owner(uint32_t *owners)
{
	uint32_t n = source->config.ports_per_block;

	memset(owners, 0, 2 * 65536 * sizeof(*owners));
	for (uint32_t slot = 0; slot < nat_session_capacity(&source->config); slot++) {
		const struct nat_session *e = slim_slot(source->nat->sessions.table, slot);
		uint32_t number = rte_be_to_cpu_32(e->outside_address) & 1;
		uint32_t *owner = &owners[number * 65536 + rte_be_to_cpu_16(e->outside_port) / n];

		if (!is_used(source->nat->sessions.table, slot))
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
	static uint32_t owners[2 * 65536], order[CAPACITY];

	(void)state;
	srand(7);
	for (int round = 0; round < 40; round++) {
		uint32_t capacity = nat_session_capacity(&source->config);

		for (int i = 0; i < 60; i++) {
			struct harness_packet p = flow((uint32_t)rand() % 300);
			struct rte_mbuf *m;

			p.src = IP(100, 65, rand() % 6, 7);
			harness_send(source, NAT_INSIDE, harness_build(source, &p), 0);
			while ((m = harness_take(source, NAT_OUTSIDE)) != NULL)
				rte_pktmbuf_free(m);
		}
		assert_one_owner(owners);
		for (uint32_t i = 0; i < capacity; i++)
			order[i] = i;
		for (uint32_t i = 0; i < capacity; i++) {
			uint32_t other = i + (uint32_t)rand() % (capacity - i), was = order[i];

			order[i] = order[other];
			order[other] = was;
			copy_slot(order[i]);
		}
		assert_int_equal(harness_n_sessions(source), harness_n_sessions(target));
		harness_check(target);
		turn_round();
		assert_one_owner(owners);
		for (uint32_t slot = 0; slot < nat_session_capacity(&source->config); slot++)
			if (rand() % 3 == 0 && is_used(source->nat->sessions.table, slot))
				nat_mapping_remove(
					source->nat->sessions
						.workers[slot /
							 source->nat->sessions.workers[0]->n_slots],
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
		copy_all();
		for (uint32_t slot = 0; slot < CAPACITY; slot++)
			delete_row(slot);
		assert_int_equal(harness_n_sessions(target), 0);
		harness_check(target);
		for (uint16_t w = 0; w < target->config.n_workers; w++)
			assert_int_equal(target->nat->sessions.workers[w]->n_free_subscribers,
					 target->nat->sessions.workers[w]->n_slots);
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
	copy_all();
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
	copy_all();
	assert_int_equal(harness_n_sessions(target), 3);
	harness_wait(source, 150 * HARNESS_SECOND);
	harness_sweep(source);
	assert_null(harness_session(source, expired.src, expired.src_port, IPPROTO_UDP));
	for (uint32_t slot = 0; slot < 8; slot++) {
		const struct nat_session *e = slim_slot(source->nat->sessions.table, slot);

		if (e->inside_address == rte_cpu_to_be_32(cleared.src) &&
		    is_used(source->nat->sessions.table, slot))
			nat_mapping_remove(source->nat->sessions.workers[0], slot);
	}
	copy_all();
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
	copy_all();
	assert_int_equal(harness_session(target, half.src, half.src_port, IPPROTO_TCP)->tcp_state,
			 NAT_TCP_OPENING);
	assert_int_equal(harness_session(target, whole.src, whole.src_port, IPPROTO_TCP)->tcp_state,
			 NAT_TCP_ESTABLISHED);
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
			copy_all();
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
		{">S |. <B >A", NAT_TCP_ESTABLISHED},
		{">S <B |. >A", NAT_TCP_ESTABLISHED},
		{">S <B >A >A <A >A |. <X", NAT_TCP_ESTABLISHED},
		{">S <B >A >A <A >A |. <R", NAT_TCP_RESET},
		{">S <B >A <A >A <R |. >A", NAT_TCP_ESTABLISHED},
		{">S <B >A >F |. <F", NAT_TCP_CLOSED},
		{">S <B >A >F <R |. <F", NAT_TCP_CLOSED},
		{">S <B <F |. >A", NAT_TCP_FIN_IN},
		{">A >F |. <F", NAT_TCP_CLOSED},
		{">S <B >A >F <F |. >S", NAT_TCP_OPENING},
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
	copy_all();
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
	struct slim_table *table = target->nat->sessions.table;
	struct nat_session row = {
		.inside_address = RTE_BE32(IP(100, 65, 0, 7)),
		.inside_port = RTE_BE16(1),
		.protocol = 99,
		.outside_address = RTE_BE32(IP(198, 51, 100, 0)),
		.outside_port = RTE_BE16(0x1007),
		.last_seen = target->now_ns,
	};

	(void)state;
	assert_false(put_row(0, &row)); /* no such protocol */
	row.protocol = IPPROTO_UDP;
	assert_int_equal(
		nat_session_ops.acquire(&target->nat->sessions, worker_of(target, 8), 8, &row),
		SLIM_NO_SLOT); /* not its bucket */
	row.outside_address = RTE_BE32(IP(203, 0, 113, 9));
	assert_true(put_row(0, &row)); /* not of the pool: nothing gets in by it */
	harness_sweep(target);
	assert_int_equal(harness_counter(target, NAT_install_conflict), 1);
	delete_row(0);
	row.outside_address = RTE_BE32(IP(198, 51, 100, 0));
	row.outside_port = RTE_BE16(0x1008); /* not of its bucket */
	row.tcp_state = 200;
	assert_true(put_row(0, &row));
	harness_sweep(target);
	assert_int_equal(harness_counter(target, NAT_install_conflict), 2);
	assert_true(is_used(table, local_of[0]));
	delete_row(0);
}

/* Neighbours are known at once, and packets that wait for one go when its row comes. */
static void
neighbours_need_no_new_question(void **state)
{
	const struct nf_neighbours *from = source->nat->neighbours.workers[0];
	struct harness_packet p = flow(1);
	struct rte_mbuf *m;

	(void)state;
	harness_pass(source, &p, NAT_OUTSIDE);
	m = harness_build(target, &p);
	nat_ops.burst(&target->nf[0], NAT_INSIDE, &m, 1);
	harness_deliver(target);
	for (uint32_t slot = 0; slot < from->n_slots; slot++) {
		const struct nf_neighbour *row = slim_slot(from->table, slot);
		uint8_t bucket = nf_neighbour_bucket(row->address);
		struct slim_worker *w = worker_of(target, bucket);
		uint32_t local;

		if (!is_used(from->table, slot))
			continue;
		local = nf_neighbour_ops.acquire(&target->nat->neighbours, w, bucket, row);
		assert_int_not_equal(local, SLIM_NO_SLOT);
		memcpy(slim_slot_begin(w, target->nat->neighbours.table, local), row, sizeof(*row));
		slim_slot_end(w, target->nat->neighbours.table, local, bucket);
		nf_neighbour_ops.installed(&target->nat->neighbours, w, local, row);
	}
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
	copy_all();
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
