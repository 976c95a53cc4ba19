/* SPDX-License-Identifier: Apache-2.0 */
/* The ring of questions: order, full, no password that stays, two threads. */
#include "ask.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N_MANY 100000u

static struct pppoe_asks ring;

static int
clear(void **state)
{
	(void)state;
	memset(&ring, 0, sizeof(ring));
	return 0;
}

/* Its number stands at both ends of the question. */
static bool
put(uint32_t number)
{
	struct pppoe_ask *ask = pppoe_ask_begin(&ring);

	if (ask == NULL)
		return false;
	ask->kind = PPPOE_ASK_PAP;
	ask->slot = number;
	memcpy(ask->secret, &number, sizeof(number));
	memcpy(ask->remote_id, &number, sizeof(number));
	pppoe_ask_commit(&ring);
	return true;
}

static void
check(const struct pppoe_ask *ask, uint32_t number)
{
	assert_int_equal(ask->kind, PPPOE_ASK_PAP);
	assert_int_equal(ask->slot, number);
	assert_memory_equal(ask->secret, &number, sizeof(number));
	assert_memory_equal(ask->remote_id, &number, sizeof(number));
}

/* Killed by: a place that is taken twice, or left out. */
static void
questions_come_in_order(void **state)
{
	struct pppoe_ask ask;

	(void)state;
	assert_false(pppoe_ask_take(&ring, &ask));
	for (uint32_t i = 0; i < 3 * PPPOE_ASKS; i += 2) {
		assert_true(put(i));
		assert_true(put(i + 1));
		assert_true(pppoe_ask_take(&ring, &ask));
		check(&ask, i);
		assert_true(pppoe_ask_take(&ring, &ask));
		check(&ask, i + 1);
		assert_false(pppoe_ask_take(&ring, &ask));
	}
}

/* Also where positions begin again at 0. Killed by: one place more or less. */
static void
a_full_ring_takes_no_more(void **state)
{
	struct pppoe_ask ask;

	(void)state;
	atomic_store(&ring.put, UINT32_MAX - 5);
	atomic_store(&ring.taken, UINT32_MAX - 5);
	for (uint32_t i = 0; i < PPPOE_ASKS; i++)
		assert_true(put(i));
	assert_false(put(PPPOE_ASKS));
	assert_true(pppoe_ask_take(&ring, &ask));
	check(&ask, 0);
	assert_true(put(PPPOE_ASKS));
	assert_false(put(PPPOE_ASKS + 1));
	for (uint32_t i = 1; i <= PPPOE_ASKS; i++) {
		assert_true(pppoe_ask_take(&ring, &ask));
		check(&ask, i);
	}
	assert_false(pppoe_ask_take(&ring, &ask));
}

/* Killed by: no zeros over a question that was taken. */
static void
a_password_stays_nowhere(void **state)
{
	static const struct pppoe_ask zeros[PPPOE_ASKS];
	struct pppoe_ask *begun, ask;

	(void)state;
	for (uint32_t i = 0; i < PPPOE_ASKS; i++) {
		begun = pppoe_ask_begin(&ring);
		memset(begun, 0xa5, sizeof(*begun));
		pppoe_ask_commit(&ring);
	}
	for (uint32_t i = 0; i < PPPOE_ASKS; i++)
		assert_true(pppoe_ask_take(&ring, &ask));
	assert_memory_equal(ring.asks, zeros, sizeof(zeros));
}

/* Killed by: no zeros in front of a question. */
static void
what_was_begun_and_left_is_zeros_again(void **state)
{
	static const struct pppoe_ask zeros;
	struct pppoe_ask *begun = pppoe_ask_begin(&ring), ask;

	(void)state;
	memset(begun, 0xa5, sizeof(*begun));
	assert_false(pppoe_ask_take(&ring, &ask));
	assert_ptr_equal(pppoe_ask_begin(&ring), begun);
	assert_memory_equal(begun, &zeros, sizeof(zeros));
}

static void *
put_many(void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < N_MANY; i++)
		while (!put(i))
			sched_yield();
	return NULL;
}

/* Killed (by the thread sanitizer): A1 or A2 relaxed. */
static void
two_threads_share_it(void **state)
{
	struct pppoe_ask ask;
	pthread_t worker;

	(void)state;
	assert_int_equal(pthread_create(&worker, NULL, put_many, NULL), 0);
	for (uint32_t i = 0; i < N_MANY; i++) {
		while (!pppoe_ask_take(&ring, &ask))
			sched_yield();
		check(&ask, i);
	}
	pthread_join(worker, NULL);
	assert_false(pppoe_ask_take(&ring, &ask));
}

#define TEST(f) cmocka_unit_test_setup(f, clear)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(questions_come_in_order),  TEST(a_full_ring_takes_no_more),
		TEST(a_password_stays_nowhere), TEST(what_was_begun_and_left_is_zeros_again),
		TEST(two_threads_share_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
