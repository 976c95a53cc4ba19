/* SPDX-License-Identifier: Apache-2.0 */
/* The timer wheel against a list of deadlines that is read from end to end. */
#include "wheel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_memory.h>

#define N_ITEMS 300u
#define N_TICKS 16u
#define SHIFT 10
#define TICK (UINT64_C(1) << SHIFT)

struct oracle {
	bool is_in[N_ITEMS];
	uint64_t deadline_ns[N_ITEMS];
};

static struct nf_wheel wheel;
static struct oracle oracle;
static uint64_t now_ns;

static int
open_at(uint64_t start_ns)
{
	memset(&oracle, 0, sizeof(oracle));
	now_ns = start_ns;
	return nf_wheel_init(&wheel, N_ITEMS, N_TICKS, SHIFT, now_ns);
}

static int
open_early(void **state)
{
	(void)state;
	return open_at(12345);
}

/* The clock wraps during the test. */
static int
open_before_wrap(void **state)
{
	(void)state;
	return open_at(UINT64_MAX - 200 * TICK);
}

static int
close_it(void **state)
{
	(void)state;
	nf_wheel_fini(&wheel);
	return 0;
}

static void
insert(uint32_t item, uint64_t deadline_ns)
{
	nf_wheel_insert(&wheel, item, deadline_ns);
	oracle.is_in[item] = true;
	/* One in the past is due at the next tick. */
	oracle.deadline_ns[item] = (int64_t)(deadline_ns - now_ns) < 0 ? now_ns : deadline_ns;
}

/* Is it due at `ns`: has a tick begun behind its deadline? */
static bool
is_due(uint32_t item, uint64_t ns)
{
	return (int64_t)((ns >> SHIFT << SHIFT) - oracle.deadline_ns[item]) > 0;
}

static void
take(uint32_t item)
{
	assert_true(oracle.is_in[item]);
	assert_false(nf_wheel_has(&wheel, item));
	if (is_due(item, now_ns))
		oracle.is_in[item] = false;
	else
		nf_wheel_insert(&wheel, item, oracle.deadline_ns[item]);
}

/* Takes out all that is due, some at a time, as a user does: what came too early goes in again. */
static void
take_all(void)
{
	uint32_t items[5], n_taken, room, n = 0;

	do {
		room = 1 + (uint32_t)rand() % RTE_DIM(items);
		n_taken = nf_wheel_take_some(&wheel, now_ns, items, room);
		n += n_taken;
		assert_true(n_taken <= room && n <= 2 * N_ITEMS);
		for (uint32_t i = 0; i < n_taken; i++)
			take(items[i]);
	} while (n_taken == room);
	assert_int_equal(nf_wheel_take(&wheel, now_ns), NF_WHEEL_NONE);
}

static void
compare(void)
{
	for (uint32_t item = 0; item < N_ITEMS; item++) {
		assert_int_equal(nf_wheel_has(&wheel, item), oracle.is_in[item]);
		if (oracle.is_in[item])
			assert_false(is_due(item, now_ns));
	}
}

/* Killed by: a list too early or too late, a lost or doubled link, a tick skipped, comparing times instead of
 * differences, forgetting a list after a pause. */
static void
agrees_with_a_naive_list(void **state)
{
	(void)state;
	srand(3);
	for (int round = 0; round < 20000; round++) {
		uint32_t item = (uint32_t)rand() % N_ITEMS;

		switch (rand() % 8) {
		case 0:
			nf_wheel_remove(&wheel, item);
			oracle.is_in[item] = false;
			break;
		case 1: /* further than the wheel reaches */
			insert(item, now_ns + (uint64_t)rand() % (200 * TICK));
			break;
		case 2: /* in the past */
			insert(item, now_ns - (uint64_t)rand() % (3 * TICK));
			break;
		case 3:
			now_ns += (uint64_t)rand() % (rand() % 50 == 0 ? 100 * TICK : TICK);
			take_all();
			compare();
			break;
		default:
			insert(item, now_ns + (uint64_t)rand() % (N_TICKS * TICK));
		}
	}
}

/* Killed by: due at the deadline's own tick (early), or one later (late). */
static void
is_at_most_one_tick_late(void **state)
{
	(void)state;
	now_ns = now_ns >> SHIFT << SHIFT;
	insert(1, now_ns + 5 * TICK + 1);
	insert(2, now_ns + 5 * TICK + TICK - 1);
	insert(3, now_ns + 6 * TICK);
	assert_int_equal(nf_wheel_take(&wheel, now_ns + 6 * TICK - 1), NF_WHEEL_NONE);
	assert_int_equal(nf_wheel_take(&wheel, now_ns + 6 * TICK), 1);
	assert_int_equal(nf_wheel_take(&wheel, now_ns + 6 * TICK), 2);
	assert_int_equal(nf_wheel_take(&wheel, now_ns + 6 * TICK), NF_WHEEL_NONE);
	assert_int_equal(nf_wheel_take(&wheel, now_ns + 7 * TICK), 3);
}

/* 2^50 ticks at once. Killed by: a step for each tick (it never ends). */
static void
a_long_pause_takes_one_turn(void **state)
{
	(void)state;
	insert(1, now_ns + 3 * TICK);
	insert(2, now_ns + 1000 * TICK);
	now_ns += UINT64_C(1) << 60;
	take_all();
	compare();
	assert_false(oracle.is_in[1] || oracle.is_in[2]);
}

/* All items due in one tick, taken in portions, each one inserted again at once: every item comes once a
 * tick. Killed by: inserting into the list that is being emptied. */
static void
a_list_that_is_emptied_does_not_grow(void **state)
{
	static uint32_t n_taken[N_ITEMS];

	(void)state;
	memset(n_taken, 0, sizeof(n_taken));
	for (uint32_t item = 0; item < N_ITEMS; item++)
		insert(item, now_ns);
	for (uint32_t tick = 1; tick <= 50; tick++) {
		now_ns += TICK;
		for (uint32_t i = 0; i < N_ITEMS; i++) {
			uint32_t next = nf_wheel_peek(&wheel);
			uint32_t item = nf_wheel_take(&wheel, now_ns);

			if (i != 0)
				assert_int_equal(item, next);
			assert_int_equal(++n_taken[item], tick);
			nf_wheel_insert(&wheel, item, now_ns - 5 * TICK);
		}
		assert_int_equal(nf_wheel_take(&wheel, now_ns), NF_WHEEL_NONE);
	}
}

static void
wrong_sizes_are_refused(void **state)
{
	struct nf_wheel w = {0};

	(void)state;
	assert_int_equal(nf_wheel_init(&w, 1, 1, 0, 0), -22);
	assert_int_equal(nf_wheel_init(&w, 1, 12, 0, 0), -22);
	assert_int_equal(nf_wheel_init(&w, 1, 1u << 17, 0, 0), -22);
	assert_int_equal(nf_wheel_init(&w, 1, 16, 41, 0), -22);
	assert_int_equal(nf_wheel_init(&w, UINT32_MAX - 1, 16, 1, 0), -22);
	nf_wheel_fini(&w);
}

int
main(void)
{
	static char words[][20] = {"wheel-test",     "--no-huge",         "--no-pci", "--no-shconf",
				   "--no-telemetry", "--log-level=error", "-m",       "16",
				   "--lcores=0@0"};
	static char *argv[RTE_DIM(words)];
#define TEST(f, open) cmocka_unit_test_setup_teardown(f, open, close_it)
	const struct CMUnitTest tests[] = {
		TEST(agrees_with_a_naive_list, open_early),
		TEST(agrees_with_a_naive_list, open_before_wrap),
		TEST(is_at_most_one_tick_late, open_early),
		TEST(a_long_pause_takes_one_turn, open_before_wrap),
		TEST(a_list_that_is_emptied_does_not_grow, open_early),
		TEST(a_list_that_is_emptied_does_not_grow, open_before_wrap),
		cmocka_unit_test(wrong_sizes_are_refused),
	};

	for (size_t i = 0; i < RTE_DIM(words); i++)
		argv[i] = words[i];
	if (rte_eal_init(RTE_DIM(words), argv) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
