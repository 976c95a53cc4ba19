/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets of cookies: made, replaced, and come from another instance. */
#include "secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "fixture_test.h"

#define LIFETIME (600 * SECOND)
#define COOKIE_S 60u

static struct fixture f;
static struct pppoe_secret_table t;
static struct pppoe_secrets of[2]; /* two workers; bucket 0 is the first one's */

static const struct pppoe_cookie_line client = {.mac = {2, 0, 0, 0, 0, 1}, .outer = 7};

static void
open_table(bool active)
{
	fixture_open(&f, 2, active);
	memset(&t, 0, sizeof(t));
	t.lifetime_ns = LIFETIME;
	assert_int_equal(pppoe_secret_table_create(&t, f.agent), 0);
	fixture_start(&f);
	for (uint16_t w = 0; w < 2; w++)
		pppoe_secrets_init(&of[w], &t, fixture_worker(&f, w));
}

static int
open_active(void **state)
{
	(void)state;
	open_table(true);
	return 0;
}

static int
open_standby(void **state)
{
	(void)state;
	open_table(false);
	return 0;
}

static int
close_table(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

/* The main thread, then both workers; the other one first, so that it sees what is new a round later. */
static void
round_at(uint64_t now_ns, uint8_t octet)
{
	uint8_t random[PPPOE_COOKIE_KEY];

	memset(random, octet, sizeof(random));
	if (pppoe_secret_wants(&t))
		pppoe_secret_offer(&t, random);
	pppoe_secrets_tick(&of[1], now_ns);
	pppoe_secrets_tick(&of[0], now_ns);
}

static enum pppoe_cookie_verdict
judge(uint16_t worker, uint64_t now_ns, const uint8_t cookie[PPPOE_COOKIE_SIZE])
{
	return pppoe_secrets_judge(&of[worker], now_ns, COOKIE_S, &client, cookie,
				   PPPOE_COOKIE_SIZE);
}

/* Killed by: a copy that the other worker never takes; a secret without octets, or with the same ones twice. */
static void
one_worker_makes_them_and_all_have_them(void **state)
{
	uint8_t cookie[PPPOE_COOKIE_SIZE];
	const struct pppoe_secret *row = slim_slot(t.table, 1);

	(void)state;
	assert_false(pppoe_secrets_cookie(&of[0], START, &client, cookie));
	pppoe_secrets_tick(&of[0], START);
	assert_false(
		pppoe_secrets_cookie(&of[0], START, &client, cookie)); /* no octets lie ready */
	round_at(START, 0xa5);
	assert_true(pppoe_secret_wants(&t));
	assert_int_equal(t.random[0], 0);
	assert_int_equal(row->generation, 1);
	assert_int_equal(row->key[PPPOE_COOKIE_KEY - 1], 0xa5);
	assert_int_equal(fixture_head(t.table, 1)->bucket, 0);
	assert_true(pppoe_secrets_cookie(&of[0], START, &client, cookie));
	assert_int_equal(judge(1, START, cookie), PPPOE_COOKIE_FORGED);
	round_at(START, 0xa6);
	assert_int_equal(judge(1, START, cookie), PPPOE_COOKIE_GOOD);
	assert_true(pppoe_secrets_cookie(&of[1], START, &client, cookie));
	assert_int_equal(judge(0, START + COOKIE_S * SECOND, cookie), PPPOE_COOKIE_GOOD);
	assert_int_equal(judge(0, START + (COOKIE_S + 3) * SECOND, cookie), PPPOE_COOKIE_OLD);
	assert_false(pppoe_secret_wants(&t)); /* the next one's */
	assert_int_equal(row->generation, 1);
}

/* Killed by: a new secret in each round; the old one's place taken by the new one; a cookie by the old one. */
static void
the_one_before_is_still_good(void **state)
{
	uint8_t old[PPPOE_COOKIE_SIZE], new[PPPOE_COOKIE_SIZE];

	(void)state;
	round_at(START, 1);
	round_at(START + LIFETIME - 1, 2);
	assert_true(pppoe_secrets_cookie(&of[0], START + LIFETIME - 1, &client, old));
	round_at(START + LIFETIME, 3);
	round_at(START + LIFETIME, 3);
	assert_true(pppoe_secrets_cookie(&of[0], START + LIFETIME, &client, new));
	assert_int_equal(((struct pppoe_secret *)slim_slot(t.table, 0))->generation, 2);
	assert_int_equal(((struct pppoe_secret *)slim_slot(t.table, 0))->key[0], 2);
	assert_memory_not_equal(old, new, sizeof(old));
	for (uint16_t w = 0; w < 2; w++) {
		assert_int_equal(judge(w, START + LIFETIME, old), PPPOE_COOKIE_GOOD);
		assert_int_equal(judge(w, START + LIFETIME, new), PPPOE_COOKIE_GOOD);
	}
	/* Two generations on nothing knows it. */
	round_at(START + 2 * LIFETIME, 4);
	assert_int_equal(judge(0, START + 2 * LIFETIME, old), PPPOE_COOKIE_FORGED);
}

/* Killed by: a clock that is a little behind the source's, and cookies of the last second that are forged. */
static void
clocks_differ_by_a_little(void **state)
{
	uint8_t cookie[PPPOE_COOKIE_SIZE];

	(void)state;
	round_at(START, 1);
	assert_true(pppoe_secrets_cookie(&of[0], START + 10 * SECOND, &client, cookie));
	assert_int_equal(judge(0, START + 10 * SECOND - 1000, cookie), PPPOE_COOKIE_GOOD);
	assert_int_equal(judge(0, START + 8 * SECOND, cookie), PPPOE_COOKIE_FORGED);
	assert_true(pppoe_secrets_cookie(&of[0], START - 1000, &client, cookie));
	assert_int_equal(judge(0, START - 1000, cookie), PPPOE_COOKIE_GOOD);
}

/* ---- rows of another instance --------------------------------------------------------------------------------- */

/* Killed by: a standby that makes its own; a copy that is not taken again when the row changes or goes. */
static void
they_come_from_another_instance(void **state)
{
	struct pppoe_secret row = {.place = 1, .generation = 7, .made = START, .key = {9}};
	uint8_t cookie[PPPOE_COOKIE_SIZE];
	uint32_t slot;

	(void)state;
	round_at(START, 1);
	assert_false(pppoe_secrets_cookie(&of[0], START, &client, cookie));
	slot = fixture_put(&f, t.table, SLIM_NO_SLOT, 0, &row);
	assert_int_equal(slot, 1);
	round_at(START + SECOND, 1);
	for (uint16_t w = 0; w < 2; w++)
		assert_true(pppoe_secrets_cookie(&of[w], START + SECOND, &client, cookie));
	assert_true(pppoe_cookie_make(row.key, 1, &client, cookie));
	assert_int_equal(judge(1, START + SECOND, cookie), PPPOE_COOKIE_GOOD);
	row.key[0] = 10;
	fixture_put(&f, t.table, slot, 0, &row);
	round_at(START + SECOND, 1);
	assert_int_equal(judge(1, START + SECOND, cookie), PPPOE_COOKIE_FORGED);
	round_at(START + 5 * LIFETIME, 1);
	assert_int_equal(((struct pppoe_secret *)slim_slot(t.table, 0))->generation, 0);
	fixture_delete(&f, t.table, slot);
	round_at(START + SECOND, 1);
	for (uint16_t w = 0; w < 2; w++)
		assert_false(pppoe_secrets_cookie(&of[w], START + SECOND, &client, cookie));
}

/* Killed by: a slot that is not there (address sanitizer), or one that no worker has. */
static void
rows_without_sense(void **state)
{
	struct pppoe_secret row = {.place = 2, .generation = 7};

	(void)state;
	assert_int_equal(fixture_put(&f, t.table, SLIM_NO_SLOT, 0, &row), SLIM_NO_SLOT);
	row.place = 0;
	assert_int_equal(fixture_put(&f, t.table, SLIM_NO_SLOT, 1, &row), SLIM_NO_SLOT);
	assert_int_equal(fixture_put(&f, t.table, SLIM_NO_SLOT, 0, &row), 0);
}

int
main(void)
{
#define TEST(f, open) cmocka_unit_test_setup_teardown(f, open, close_table)
	const struct CMUnitTest tests[] = {
		TEST(one_worker_makes_them_and_all_have_them, open_active),
		TEST(the_one_before_is_still_good, open_active),
		TEST(clocks_differ_by_a_little, open_active),
		TEST(they_come_from_another_instance, open_standby),
		TEST(rows_without_sense, open_standby),
	};

	return fixture_start_eal() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
