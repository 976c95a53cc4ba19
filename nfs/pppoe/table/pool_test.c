/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and whose they are. */
#include "pool.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <rte_common.h>
#include <rte_eal.h>

#define N 1000u

static struct pppoe_pool pool;

static int
open_pool(void **state)
{
	(void)state;
	return pppoe_pool_init(&pool, N, "test");
}

static int
close_pool(void **state)
{
	(void)state;
	pppoe_pool_fini(&pool);
	return 0;
}

static const struct pppoe_numbers all = {.step = 1, .n = N};

/* Killed by: a cell that is written without a look at its owner; a number that its own slot may not have twice. */
static void
a_number_has_one_owner(void **state)
{
	(void)state;
	assert_int_equal(pppoe_pool_find(&pool, 7), NF_NO_SLOT);
	assert_true(pppoe_pool_take(&pool, 7, 0));
	assert_int_equal(pppoe_pool_find(&pool, 7), 0);
	assert_true(pppoe_pool_take(&pool, 7, 0));
	assert_false(pppoe_pool_take(&pool, 7, 1));
	assert_int_equal(pppoe_pool_find(&pool, 7), 0);
	assert_int_equal(pppoe_pool_find(&pool, 6), NF_NO_SLOT);
	assert_int_equal(pppoe_pool_find(&pool, 8), NF_NO_SLOT);
}

/* Killed by: who gives what is another's. */
static void
only_the_owner_gives(void **state)
{
	(void)state;
	assert_true(pppoe_pool_take(&pool, 7, 3));
	pppoe_pool_give(&pool, 7, 4);
	assert_int_equal(pppoe_pool_find(&pool, 7), 3);
	pppoe_pool_give(&pool, 7, 3);
	assert_int_equal(pppoe_pool_find(&pool, 7), NF_NO_SLOT);
	pppoe_pool_give(&pool, 7, 3);
	assert_true(pppoe_pool_take(&pool, 7, 4));
	/* The last owner's word comes late. */
	pppoe_pool_give(&pool, 7, 3);
	assert_int_equal(pppoe_pool_find(&pool, 7), 4);
}

/* Killed by: a cell behind the last one that is read or written (address sanitizer). */
static void
there_is_no_such_number(void **state)
{
	static const uint32_t none[] = {N, N + 1, PPPOE_NO_NUMBER};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(none); i++) {
		assert_false(pppoe_pool_take(&pool, none[i], 1));
		assert_int_equal(pppoe_pool_find(&pool, none[i]), NF_NO_SLOT);
		pppoe_pool_give(&pool, none[i], 1);
	}
	assert_true(pppoe_pool_take(&pool, N - 1, 1));
}

/* Killed by: a step that is left out; a search that ends at the last one instead of going round. */
static void
some_numbers_are_searched_round(void **state)
{
	const struct pppoe_numbers of = {.first = 5, .step = 256, .n = 4}; /* 5, 261, 517, 773 */

	(void)state;
	assert_int_equal(pppoe_pool_take_of(&pool, &of, 2, 1), 517);
	assert_int_equal(pppoe_pool_take_of(&pool, &of, 2, 2), 773);
	assert_int_equal(pppoe_pool_take_of(&pool, &of, 2, 3), 5);
	assert_int_equal(pppoe_pool_take_of(&pool, &of, 4 * 1000 + 2, 4), 261);
	assert_int_equal(pppoe_pool_take_of(&pool, &of, 2, 5), PPPOE_NO_NUMBER);
	pppoe_pool_give(&pool, 5, 3);
	assert_int_equal(pppoe_pool_take_of(&pool, &of, 1, 5), 5);
	for (uint32_t n = 0; n < N; n++)
		assert_int_equal(pppoe_pool_find(&pool, n) != NF_NO_SLOT, n % 256 == 5);
}

/* Killed by: a division by no numbers. */
static void
of_no_numbers_none_is_free(void **state)
{
	const struct pppoe_numbers none = {.step = 256};
	struct pppoe_pool empty = {0};

	(void)state;
	assert_int_equal(pppoe_pool_take_of(&pool, &none, 3, 1), PPPOE_NO_NUMBER);
	assert_int_equal(pppoe_pool_init(&empty, 0, "empty"), 0);
	assert_false(pppoe_pool_take(&empty, 0, 1));
	assert_int_equal(pppoe_pool_find(&empty, 0), NF_NO_SLOT);
	pppoe_pool_fini(&empty);
	pppoe_pool_fini(&empty);
}

static void
the_last_one_is_found(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < N - 1; i++)
		assert_int_equal(pppoe_pool_take_of(&pool, &all, 600, i), (600 + i) % N);
	assert_int_equal(pppoe_pool_take_of(&pool, &all, 600, N), 599);
	assert_int_equal(pppoe_pool_take_of(&pool, &all, 600, N + 1), PPPOE_NO_NUMBER);
}

/* ---- several workers ------------------------------------------------------------------------------ */

#define N_THREADS 4u
#define N_TURNS 6000000u

static pthread_barrier_t start;

/* Each takes and gives by itself, and sees that what it has is its own as long as it has it. */
static void *
worker(void *arg)
{
	uint32_t slot = (uint32_t)(uintptr_t)arg, n_lost = 0;
	cpu_set_t any;
	static const struct pppoe_numbers few = {.step = 1, .n = 1};

	/* The EAL keeps who starts it, and whom that starts, on one processor. */
	memset(&any, 0xff, sizeof(any));
	n_lost += sched_setaffinity(0, sizeof(any), &any) != 0;
	pthread_barrier_wait(&start);
	for (uint32_t i = 0; i < N_TURNS; i++) {
		/* All want the same one. */
		uint32_t number = pppoe_pool_take_of(&pool, &few, i, slot);

		while (number == PPPOE_NO_NUMBER) {
			sched_yield();
			number = pppoe_pool_take_of(&pool, &few, i, slot);
		}
		n_lost += pppoe_pool_find(&pool, number) != slot;
		pppoe_pool_give(&pool, number + 1, slot);
		n_lost += pppoe_pool_find(&pool, number) != slot;
		pppoe_pool_give(&pool, number, slot);
	}
	return (void *)(uintptr_t)n_lost;
}

/* Killed by: a load and a store in place of compare and exchange. */
static void
workers_never_share_a_number(void **state)
{
	pthread_t threads[N_THREADS];
	uintptr_t n_all = 0;

	(void)state;
	assert_int_equal(pthread_barrier_init(&start, NULL, N_THREADS), 0);
	for (uintptr_t i = 0; i < N_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, worker, (void *)(i + 1)), 0);
	for (uint32_t i = 0; i < N_THREADS; i++) {
		void *n_lost;

		assert_int_equal(pthread_join(threads[i], &n_lost), 0);
		n_all += (uintptr_t)n_lost;
	}
	pthread_barrier_destroy(&start);
	assert_int_equal(n_all, 0);
	for (uint32_t n = 0; n < N_THREADS; n++)
		assert_int_equal(pppoe_pool_find(&pool, n), NF_NO_SLOT);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_pool, close_pool)
	const struct CMUnitTest tests[] = {
		TEST(a_number_has_one_owner),       TEST(only_the_owner_gives),
		TEST(there_is_no_such_number),      TEST(some_numbers_are_searched_round),
		TEST(of_no_numbers_none_is_free),   TEST(the_last_one_is_found),
		TEST(workers_never_share_a_number),
	};
	static char words[][24] = {"pool-test",      "--no-huge",         "--no-pci", "--no-shconf",
				   "--no-telemetry", "--log-level=error", "-m",       "64",
				   "--lcores=0@0"};
	static char *argv[RTE_DIM(words)];

	for (size_t i = 0; i < RTE_DIM(words); i++)
		argv[i] = words[i];
	if (rte_eal_init(RTE_DIM(words), argv) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
