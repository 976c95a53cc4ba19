/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that come from another instance: two concentrators, and a copy of rows from one to the other by the agent's
 * install (nf_moves_test.h), in any order. Everything derived must come out of the slots alone: harness_check() works it
 * out anew.
 */
#include "whole_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "nf_moves_test.h"

static struct harness source, target;
static struct harness_move mv;
static uint32_t slots[256]; /* of the sessions of add_sessions(), at the source */

static void
open_pair(uint16_t source_workers, uint16_t target_workers, bool active, uint32_t capacity)
{
	struct pppoe_config config;

	whole_defaults(&config);
	config.limits.sessions_per_mac = 0;
	config.n_workers = source_workers;
	config.capacity = 256;
	harness_open(&source, &config, true);
	config.n_workers = target_workers;
	config.capacity = capacity;
	harness_open(&target, &config, active);
	harness_move_begin(&mv, &source, &target, N_MOVED);
}

static int
open_equal(void **state)
{
	(void)state;
	open_pair(1, 1, true, 256);
	return 0;
}

static int
open_wider(void **state)
{
	(void)state;
	open_pair(1, 4, true, 256);
	return 0;
}

static int
open_narrower(void **state)
{
	(void)state;
	open_pair(4, 2, true, 256);
	return 0;
}

static int
open_standby(void **state)
{
	(void)state;
	open_pair(2, 2, false, 256);
	return 0;
}

static int
open_smaller(void **state)
{
	(void)state;
	open_pair(1, 1, true, 16);
	return 0;
}

static int
close_pair(void **state)
{
	(void)state;
	harness_check(&source);
	harness_check(&target);
	harness_close(&source);
	harness_close(&target);
	return 0;
}

static uint32_t
add_open(uint8_t a, uint8_t b)
{
	uint32_t slot = harness_add(&source, a, b);

	assert_int_not_equal(slot, NF_NO_SLOT);
	harness_open_session(&source, slot);
	return slot;
}

static void
add_sessions(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		slots[i] = add_open(1, (uint8_t)i);
}

/* ---- traffic ----------------------------------------------------------------------------------------------- */

static void
assert_serves(struct harness *h, const struct pppoe_session *session, bool serves)
{
	struct frame in = up(session, SERVER), out;

	harness_drain_all(h);
	harness_send(h, PPPOE_ACCESS, &in, 0);
	assert_int_equal(harness_take(h, PPPOE_CORE, &out), serves);
	if (serves) {
		assert_int_equal(out.bytes[14], 0x45);
		assert_memory_equal(out.bytes + 26, &session->ipv4, 4);
	}
	in = down(SERVER, session);
	harness_send(h, PPPOE_CORE, &in, 0);
	assert_int_equal(harness_take(h, PPPOE_ACCESS, &out), serves);
	if (serves) {
		assert_memory_equal(out.bytes, &session->mac, 6);
		assert_int_equal(out.bytes[16] << 8 | out.bytes[17], session->session_id);
	}
}

/* Killed by: a pool that is not filled in `installed`, or what is open not derived there. */
static void
target_serves_what_was_installed(void **state)
{
	(void)state;
	add_sessions(200);
	harness_copy_all(&mv);
	harness_assert_copied(&mv);
	for (uint32_t i = 0; i < 200; i += 7)
		assert_serves(&target, harness_session(&source, slots[i]), true);
	assert_int_equal(harness_counter(&target, PPPOE_install_conflict), 0);
}

/* Killed by: an address that stays taken when the row says another; a session that is found though it is gone. */
static void
rows_change_while_the_copy_runs(void **state)
{
	struct pppoe_session gone, moved;
	struct pppoe_session *session;

	(void)state;
	add_sessions(20);
	harness_copy_all(&mv);
	gone = *harness_session(&source, slots[6]);
	harness_remove(&source, slots[6]);
	moved = *harness_session(&source, slots[5]);
	session = pppoe_session_begin(harness_owner(&source, slots[5]), slots[5]);
	session->assigned = RTE_BE32(IP(198, 51, 100, 9));
	assert_true(
		pppoe_session_give_address(harness_owner(&source, slots[5]), slots[5], session));
	pppoe_session_end(harness_owner(&source, slots[5]), slots[5]);
	harness_copy_all(&mv);
	harness_assert_copied(&mv);
	assert_serves(&target, session, true);
	assert_serves(&target, &gone, false);
	assert_serves(&target, &moved, false);
}

/* The counters and times that are merged after the hand-over. Killed by: a class that loses them, or counts them twice. */
static void
lazy_fields_are_merged(void **state)
{
	struct pppoe_session late, *there;
	uint32_t slot = add_open(1, 9);

	(void)state;
	harness_session(&source, slot)->packets_up = 10;
	harness_copy_all(&mv);
	late = *harness_session(&source, slot);
	there = harness_session(&target, harness_local_slot(&mv, SESSIONS, slot));
	there->packets_up += 5;
	late.packets_up = 3; /* what is to be added */
	late.bytes_down = 70;
	late.last_seen += HARNESS_SECOND;
	late.heard = 1;
	harness_merge_row(&mv, SESSIONS, slot, &late);
	assert_true(there->packets_up == 18 && there->bytes_down == 70);
	assert_true(there->last_seen == source.now_ns + HARNESS_SECOND);
	assert_true(there->heard == source.now_ns);
}

/* ---- an exchange that is under way -------------------------------------------------------------------------- */

/* Tag type and length; the first of a type in a discovery frame, or NULL. */
static const uint8_t *
find_tag(const struct frame *f, uint8_t low)
{
	uint16_t size = (uint16_t)(f->bytes[18] << 8 | f->bytes[19]);

	for (uint16_t at = 20; at + 4 <= 20 + size; at += (uint16_t)(4 + f->bytes[at + 3]))
		if (f->bytes[at] == 1 && f->bytes[at + 1] == low)
			return f->bytes + at;
	return NULL;
}

/* A PADO of the source, a PADR to the target. Killed by: secrets that do not move, or copies that workers do not take. */
static void
a_cookie_is_good_at_the_other_instance(void **state)
{
	static const uint8_t any_service[] = {1, 1, 0, 0};
	struct rte_ether_addr client = harness_client(3, 7);
	uint8_t tags[64] = {1, 1, 0, 0};
	struct frame f = discovery(&client, 0x09, any_service, 4), out;
	const uint8_t *cookie;

	(void)state;
	harness_wait(&source, 1);
	harness_wait(&source, 1);
	harness_drain_all(&source);
	harness_send(&source, PPPOE_ACCESS, &f, 0);
	assert_true(harness_take(&source, PPPOE_ACCESS, &out));
	assert_int_equal(out.bytes[15], 0x07);
	cookie = find_tag(&out, 4);
	assert_non_null(cookie);
	memcpy(tags + 4, cookie, 4u + cookie[3]);
	harness_copy_all(&mv);
	harness_wait(&target, 1);
	harness_drain_all(&target);
	f = discovery(&client, 0x19, tags, (uint16_t)(8 + cookie[3]));
	harness_send(&target, PPPOE_ACCESS, &f, 0);
	assert_true(harness_take(&target, PPPOE_ACCESS, &out));
	assert_int_equal(out.bytes[15], 0x65);
	assert_int_not_equal(out.bytes[16] << 8 | out.bytes[17], 0);
	assert_int_equal(harness_n_rows(&target, SESSIONS), 1);
}

/* A guesser is slowed down by the other instance as well. Killed by: lines that do not move. */
static void
failures_move(void **state)
{
	const struct pppoe_line_key line = {.mac = harness_client(3, 7)};
	struct pppoe_lines *here = pppoe_lines_of(&source.pppoe->lines, 7 % source.n_workers);
	struct pppoe_lines *there = pppoe_lines_of(&target.pppoe->lines, 7 % target.n_workers);
	uint64_t blocked = pppoe_line_failed(here, &line, source.now_ns);

	(void)state;
	harness_copy_all(&mv);
	harness_assert_copied(&mv);
	assert_true(pppoe_line_blocked(there, &line, target.now_ns) == blocked);
	harness_delete_all(&mv);
	assert_true(pppoe_line_blocked(there, &line, target.now_ns) == 0);
}

/* ---- any order ------------------------------------------------------------------------------------------------ */

static uint32_t
roll(uint32_t *state, uint32_t n)
{
	*state = *state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(*state >> 8) * n >> 24);
}

/* Of few clients, ids and addresses, so that what is given back is soon taken by another. */
static void
change_something(uint32_t *random)
{
	uint32_t slot = roll(random, source.pppoe->sessions.shares.capacity);
	bool used = harness_is_used(source.pppoe->sessions.shares.table, slot);

	for (uint16_t w = 0; w < source.n_workers; w++) {
		pppoe_sessions_of(&source.pppoe->sessions, w)->next_id = 0;
		pppoe_sessions_of(&source.pppoe->sessions, w)->next_number = 0;
	}
	if (!used) {
		slot = harness_add(&source, (uint8_t)roll(random, 3), (uint8_t)roll(random, 12));
		if (slot != NF_NO_SLOT && roll(random, 4) != 0)
			harness_open_session(&source, slot);
	} else if (roll(random, 2) == 0) {
		harness_remove(&source, slot);
	} else {
		struct pppoe_sessions *s = harness_owner(&source, slot);
		struct pppoe_session *session = pppoe_session_begin(s, slot);

		pppoe_session_take_addresses(s, slot, session);
		if (roll(random, 2) == 0)
			pppoe_session_give_address(s, slot, session);
		session->ipcp.state = (uint8_t)roll(random, PPP_N_STATES);
		pppoe_session_end(s, slot);
	}
}

/* Each slot's last state comes, at some time. Killed by: two claims of which neither is there in the end; a removal that
 * takes what is another's; who waits and is forgotten. */
static void
rows_come_in_any_order(void **state)
{
	uint32_t capacity = source.pppoe->sessions.shares.capacity;

	(void)state;
	for (uint32_t seed = 1; seed <= 30; seed++) {
		uint32_t random = seed * 2654435761u;

		for (uint32_t i = 0; i < 300; i++) {
			for (uint32_t n = roll(&random, 4); n > 0; n--)
				change_something(&random);
			harness_copy_slot(&mv, SESSIONS, roll(&random, capacity));
		}
		for (uint32_t i = 0, at = roll(&random, capacity); i < capacity; i++) {
			harness_copy_slot(&mv, SESSIONS, at);
			at = (at + 97) % capacity; /* 97 and 256 have no common factor */
		}
		for (uint16_t w = 0; w < target.n_workers; w++)
			pppoe_session_settle(pppoe_sessions_of(&target.pppoe->sessions, w));
		harness_check(&source);
		harness_assert_copied(&mv);
	}
}

/* There and back again. Killed by: what stays derived of rows that the agent wipes. */
static void
there_and_back(void **state)
{
	uint32_t at;

	(void)state;
	add_sessions(60);
	harness_copy_all(&mv);
	at = harness_local_slot(&mv, SESSIONS, slots[30]);
	harness_turn_round(&mv);
	assert_int_equal(harness_n_rows(&source, SESSIONS), 0);
	harness_copy_all(&mv);
	harness_assert_copied(&mv);
	harness_check(&source);
	assert_serves(&source, harness_session(&source, harness_local_slot(&mv, SESSIONS, at)),
		      true);
}

/* ---- what cannot be ---------------------------------------------------------------------------------------- */

/* Killed by: a full table that overwrites, or loses a slot. */
static void
a_full_table_refuses_the_rest(void **state)
{
	(void)state;
	add_sessions(20);
	for (uint32_t slot = 0; slot < 20; slot++)
		assert_int_equal(harness_put_row(&mv, SESSIONS, slot, (uint8_t)slot,
						 harness_session(&source, slot)),
				 slot < 16);
	assert_int_equal(harness_n_rows(&target, SESSIONS), 16);
	harness_check(&target);
	harness_remove(&source, 3);
	harness_copy_slot(&mv, SESSIONS, 3);
	harness_copy_slot(&mv, SESSIONS, 17);
	harness_check(&target);
}

/* Killed by: a row that takes what no session may have, or serves packets of another bucket. */
static void
rows_without_sense_serve_nobody(void **state)
{
	uint32_t slot = add_open(1, 9);
	struct pppoe_session row = *harness_session(&source, slot);

	(void)state;
	row.ipv4 = RTE_BE32(SERVER);
	assert_true(harness_put_row(&mv, SESSIONS, slot, 9, &row));
	harness_wait(&target, 1);
	assert_int_equal(harness_counter(&target, PPPOE_install_conflict), 1);
	harness_delete_row(&mv, SESSIONS, slot);
	row = *harness_session(&source, slot);
	assert_true(harness_put_row(&mv, SESSIONS, slot, 10, &row));
	harness_wait(&target, 1);
	assert_int_equal(harness_counter(&target, PPPOE_install_conflict), 2);
	assert_serves(&target, &row, false);
	harness_delete_row(&mv, SESSIONS, slot);
	row.session_id = 0;
	assert_false(harness_put_row(&mv, SESSIONS, slot, 9, &row));
	harness_check(&target);
}

/* Killed by: a standby that sends keepalives, ends sessions, or makes secrets. */
static void
a_standby_keeps_still(void **state)
{
	uint64_t digest;

	(void)state;
	add_sessions(10);
	harness_copy_all(&mv);
	digest = harness_digest_without(&target, NULL);
	for (int i = 0; i < 100; i++)
		harness_wait(&target, 10 * HARNESS_SECOND);
	harness_nothing_left(&target);
	assert_true(harness_digest_without(&target, NULL) == digest);
}

#define TEST_WITH(f, open) cmocka_unit_test_setup_teardown(f, open, close_pair)
#define TEST(f) TEST_WITH(f, open_equal), TEST_WITH(f, open_wider), TEST_WITH(f, open_narrower)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(target_serves_what_was_installed),
		TEST(rows_change_while_the_copy_runs),
		TEST(lazy_fields_are_merged),
		TEST(a_cookie_is_good_at_the_other_instance),
		TEST(failures_move),
		TEST(rows_come_in_any_order),
		TEST(there_and_back),
		TEST_WITH(a_full_table_refuses_the_rest, open_smaller),
		TEST_WITH(rows_without_sense_serve_nobody, open_equal),
		TEST_WITH(a_standby_keeps_still, open_standby),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
