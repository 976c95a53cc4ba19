/* SPDX-License-Identifier: Apache-2.0 */
/* Lines: how often they log in, and how long they wait. */
#include "line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "fixture_test.h"

#define CAPACITY 40u

static struct fixture f;
static struct pppoe_line_table t;

static const struct pppoe_line_config usual = {
	.capacity = CAPACITY,
	.seed = 77,
	.logins_per_minute = 6, /* one in 10 s */
	.burst = 3,
	.delay_ns = SECOND,
	.max_delay_ns = 60 * SECOND,
};

static void
open_table(uint16_t n_workers, bool active, const struct pppoe_line_config *config)
{
	struct pppoe_line_config mine = *config;

	mine.n_workers = n_workers;
	fixture_open(&f, n_workers, active);
	memset(&t, 0, sizeof(t));
	assert_int_equal(pppoe_line_table_init(&t, &mine), 0);
	assert_int_equal(pppoe_line_table_create(&t, f.agent), 0);
	fixture_start(&f);
}

static int
open_one(void **state)
{
	(void)state;
	open_table(1, true, &usual);
	return 0;
}

static int
open_four(void **state)
{
	(void)state;
	open_table(4, true, &usual);
	return 0;
}

static int
open_standby(void **state)
{
	(void)state;
	open_table(1, false, &usual);
	return 0;
}

static int
open_without_limit(void **state)
{
	struct pppoe_line_config config = usual;

	(void)state;
	config.logins_per_minute = 0;
	open_table(1, true, &config);
	return 0;
}

static struct pppoe_lines *
lines(uint16_t worker)
{
	return pppoe_lines_of(&t, worker);
}

static struct pppoe_line *
at(uint32_t slot)
{
	return slim_slot(t.shares.table, slot);
}

/* Rows, and each found by its key, in the wheel and of an age. */
static uint32_t
count_rows(void)
{
	uint32_t n = 0, free = 0;

	for (uint32_t slot = 0; slot < t.shares.capacity; slot++) {
		const struct pppoe_line_key key = {at(slot)->mac, at(slot)->outer, at(slot)->inner};
		const struct pppoe_lines *l =
			lines((uint16_t)(key.mac.addr_bytes[5] % f.n_workers));

		if (!fixture_head(t.shares.table, slot)->used)
			continue;
		assert_int_equal(pppoe_line_find(l, &key), slot);
		assert_true(nf_wheel_has(&l->wheel, slot - l->share.first_slot));
		assert_true(l->ages.of[slot - l->share.first_slot].in);
		n++;
	}
	for (uint16_t w = 0; w < f.n_workers; w++)
		free += lines(w)->share.n_free;
	assert_int_equal(n + free, t.shares.capacity);
	return n;
}

static int
close_table(void **state)
{
	(void)state;
	count_rows();
	pppoe_line_table_fini(&t);
	fixture_close(&f);
	return 0;
}

static struct pppoe_line_key
line(uint8_t other, uint8_t octet)
{
	return (struct pppoe_line_key){
		.mac = {{2, 0, 0, 0, other, octet}}, .outer = 100, .inner = 7};
}

static void
tick(struct pppoe_lines *l, uint64_t now_ns)
{
	for (uint32_t i = 0; i < 20; i++)
		pppoe_line_tick(l, now_ns);
}

/* ---- log-ins ------------------------------------------------------------------------------------------------ */

/* Killed by: a burst of one more or less; a bucket that is full too early; a refusal that costs. */
static void
log_ins_are_limited(void **state)
{
	struct pppoe_line_key key = line(0, 1), other = line(0, 2);

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		assert_true(pppoe_line_may_login(lines(0), &key, START));
	for (uint32_t i = 0; i < 5; i++)
		assert_false(pppoe_line_may_login(lines(0), &key, START));
	assert_true(pppoe_line_may_login(lines(0), &other, START));
	assert_false(pppoe_line_may_login(lines(0), &key, START + 10 * SECOND - 1));
	assert_true(pppoe_line_may_login(lines(0), &key, START + 10 * SECOND));
	assert_false(pppoe_line_may_login(lines(0), &key, START + 10 * SECOND));
	for (uint32_t i = 0; i < 3; i++)
		assert_true(pppoe_line_may_login(lines(0), &key, START + 1000 * SECOND));
	assert_false(pppoe_line_may_login(lines(0), &key, START + 1000 * SECOND));
}

/* Lines differ by MAC address, outer and inner tag. Killed by: leaving one out. */
static void
each_line_for_itself(void **state)
{
	struct pppoe_line_key keys[] = {line(0, 1), line(1, 1), line(0, 1), line(0, 1)};

	(void)state;
	keys[2].outer = 101;
	keys[3].inner = 8;
	for (uint32_t i = 0; i < 4; i++)
		for (uint32_t j = 0; j < 4; j++)
			assert_int_equal(pppoe_line_may_login(lines(0), &keys[i], START), j < 3);
	assert_int_equal(count_rows(), 4);
}

static void
without_a_limit_nothing_is_remembered(void **state)
{
	struct pppoe_line_key key = line(0, 1);

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		assert_true(pppoe_line_may_login(lines(0), &key, START));
	assert_int_equal(count_rows(), 0);
}

/* ---- wrong passwords -------------------------------------------------------------------------------------- */

/* Killed by: a delay that does not double, or goes past the longest, or shifts out of its 64 bits. */
static void
failures_double_the_delay(void **state)
{
	struct pppoe_line_key key = line(0, 1);
	uint64_t now = START, delay = SECOND;

	(void)state;
	assert_true(pppoe_line_blocked(lines(0), &key, now) == 0);
	for (uint32_t i = 0; i < 200; i++) {
		uint64_t until = pppoe_line_failed(lines(0), &key, now);

		assert_true(until == now + delay);
		assert_true(pppoe_line_blocked(lines(0), &key, now) == until);
		assert_true(pppoe_line_blocked(lines(0), &key, until - 1) == until);
		assert_true(pppoe_line_blocked(lines(0), &key, until) == 0);
		now = until;
		delay = RTE_MIN(2 * delay, 60 * SECOND);
	}
	assert_int_equal(at(pppoe_line_find(lines(0), &key))->failures, 200);
}

/* Killed by: a count that wraps to none. */
static void
failures_do_not_wrap(void **state)
{
	struct pppoe_line_key key = line(0, 1);

	(void)state;
	for (uint32_t i = 0; i < UINT16_MAX + 10u; i++)
		pppoe_line_failed(lines(0), &key, START);
	assert_int_equal(at(pppoe_line_find(lines(0), &key))->failures, UINT16_MAX);
}

/* Killed by: a success that leaves the count, or one that makes a row. */
static void
a_right_password_forgets(void **state)
{
	struct pppoe_line_key key = line(0, 1), other = line(0, 2);

	(void)state;
	pppoe_line_failed(lines(0), &key, START);
	pppoe_line_failed(lines(0), &key, START);
	pppoe_line_succeeded(lines(0), &key);
	pppoe_line_succeeded(lines(0), &other);
	assert_int_equal(at(pppoe_line_find(lines(0), &key))->failures, 0);
	assert_true(pppoe_line_blocked(lines(0), &key, START) == 0);
	assert_true(pppoe_line_failed(lines(0), &key, START) == START + SECOND);
	assert_int_equal(count_rows(), 1);
}

/* Killed by: failures that are forgotten with the delay, so that a guesser who waits is never slowed down; or never. */
static void
failures_are_forgotten_after_a_while(void **state)
{
	struct pppoe_line_key key = line(0, 1);
	uint64_t until = pppoe_line_failed(lines(0), &key, START);

	(void)state;
	tick(lines(0), until + 59 * SECOND);
	assert_true(pppoe_line_failed(lines(0), &key, until + 59 * SECOND) == until + 61 * SECOND);
	until += 61 * SECOND;
	/* No tick has come between. */
	assert_true(pppoe_line_failed(lines(0), &key, until + 60 * SECOND) == until + 61 * SECOND);
}

/* ---- room -------------------------------------------------------------------------------------------------- */

/* Killed by: a row that stays though there is nothing to remember; one that goes while there is. */
static void
what_is_over_is_forgotten(void **state)
{
	struct pppoe_line_key key = line(0, 1), other = line(0, 2);

	(void)state;
	assert_true(pppoe_line_may_login(lines(0), &key, START)); /* full again in 10 s */
	pppoe_line_failed(lines(0), &other, START);               /* quiet in 61 s */
	tick(lines(0), START + 10 * SECOND - 1);
	assert_int_equal(count_rows(), 2);
	tick(lines(0), START + 10 * SECOND + TICK);
	assert_int_equal(pppoe_line_find(lines(0), &key), NF_NO_SLOT);
	tick(lines(0), START + 61 * SECOND - 1);
	assert_int_equal(count_rows(), 1);
	tick(lines(0), START + 61 * SECOND + TICK);
	assert_int_equal(count_rows(), 0);
}

/* Killed by: a table that is full for ever; one that lets go who came last, or was heard of again. */
static void
the_oldest_gives_way(void **state)
{
	struct pppoe_line_key first = line(0, 1), second = line(1, 1);

	(void)state;
	for (uint8_t i = 0; i < CAPACITY; i++) {
		struct pppoe_line_key key = line(i, 1);

		pppoe_line_failed(lines(0), &key, START);
	}
	pppoe_line_failed(lines(0), &first, START);
	assert_true(lines(0)->n_evicted == 0);
	for (uint8_t i = CAPACITY; i < CAPACITY + 5; i++) {
		struct pppoe_line_key key = line(i, 1);

		pppoe_line_failed(lines(0), &key, START);
		assert_int_not_equal(pppoe_line_find(lines(0), &key), NF_NO_SLOT);
	}
	assert_int_equal(count_rows(), CAPACITY);
	assert_true(lines(0)->n_evicted == 5);
	assert_int_not_equal(pppoe_line_find(lines(0), &first), NF_NO_SLOT);
	assert_int_equal(pppoe_line_find(lines(0), &second), NF_NO_SLOT);
}

/* ---- rows of another instance ------------------------------------------------------------------------------- */

static uint32_t
put(uint32_t slot, const struct pppoe_line *row)
{
	return fixture_put(&f, t.shares.table, slot, row->mac.addr_bytes[5], row);
}

static struct pppoe_line
row_of(uint8_t other, uint8_t octet)
{
	struct pppoe_line_key key = line(other, octet);

	return (struct pppoe_line){.mac = key.mac,
				   .outer = key.outer,
				   .inner = key.inner,
				   .failures = 3,
				   .full = START + 20 * SECOND,
				   .blocked = START + 4 * SECOND};
}

/* Killed by: an index, a wheel or an age that is not filled in `installed`, or not emptied in `removed`. */
static void
a_row_comes_changes_and_goes(void **state)
{
	struct pppoe_line row = row_of(0, 1);
	struct pppoe_line_key key = line(0, 1);
	uint32_t slot = put(SLIM_NO_SLOT, &row);

	(void)state;
	assert_int_equal(count_rows(), 1);
	assert_true(pppoe_line_blocked(lines(0), &key, START) == START + 4 * SECOND);
	row.blocked = START + 8 * SECOND;
	assert_int_equal(put(slot, &row), slot);
	assert_int_equal(put(SLIM_NO_SLOT, &row), slot);
	assert_int_equal(count_rows(), 1);
	assert_true(pppoe_line_failed(lines(0), &key, START + 8 * SECOND) == START + 16 * SECOND);
	fixture_delete(&f, t.shares.table, slot);
	assert_int_equal(count_rows(), 0);
	assert_int_equal(pppoe_line_find(lines(0), &key), NF_NO_SLOT);
}

/* All that another instance remembers comes to one worker. Killed by: room for this worker's part alone. */
static void
a_full_table_finds_room(void **state)
{
	struct pppoe_line_key mine = line(200, 4);

	(void)state;
	for (uint8_t i = 0; i < CAPACITY; i++) {
		struct pppoe_line row = row_of(i, 4);

		assert_int_not_equal(put(SLIM_NO_SLOT, &row), SLIM_NO_SLOT);
	}
	assert_int_equal(count_rows(), CAPACITY);
	pppoe_line_failed(lines(0), &mine, START);
	assert_int_equal(count_rows(), CAPACITY);
	assert_int_not_equal(pppoe_line_find(lines(0), &mine), NF_NO_SLOT);
}

/* Killed by: a row that goes where no packet of the line comes. */
static void
a_row_of_another_bucket_is_refused(void **state)
{
	struct pppoe_line row = row_of(0, 1);

	(void)state;
	assert_int_equal(fixture_put(&f, t.shares.table, SLIM_NO_SLOT, 2, &row), SLIM_NO_SLOT);
}

/* Killed by: a standby that forgets rows which its source still has. */
static void
a_standby_forgets_nothing(void **state)
{
	struct pppoe_line row = row_of(0, 1);

	(void)state;
	put(SLIM_NO_SLOT, &row);
	tick(lines(0), START + 1000 * SECOND);
	tick(lines(0), START + 2000 * SECOND);
	assert_int_equal(count_rows(), 1);
}

int
main(void)
{
#define TEST(f, open) cmocka_unit_test_setup_teardown(f, open, close_table)
	const struct CMUnitTest tests[] = {
		TEST(log_ins_are_limited, open_one),
		TEST(each_line_for_itself, open_one),
		TEST(without_a_limit_nothing_is_remembered, open_without_limit),
		TEST(failures_double_the_delay, open_one),
		TEST(failures_do_not_wrap, open_one),
		TEST(a_right_password_forgets, open_one),
		TEST(failures_are_forgotten_after_a_while, open_one),
		TEST(what_is_over_is_forgotten, open_one),
		TEST(the_oldest_gives_way, open_one),
		TEST(a_row_comes_changes_and_goes, open_one),
		TEST(a_full_table_finds_room, open_four),
		TEST(a_row_of_another_bucket_is_refused, open_one),
		TEST(a_standby_forgets_nothing, open_standby),
	};

	return fixture_start_eal() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
