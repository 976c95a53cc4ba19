/* SPDX-License-Identifier: Apache-2.0 */
/* Events: order, loss that is counted, and no torn one. */
#include "event.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N_MANY 200000u

static struct nf_events rings[2];
static struct nf_events *const both[] = {&rings[0], &rings[1]};

static int
clear(void **state)
{
	(void)state;
	memset(rings, 0, sizeof(rings));
	return 0;
}

static void
put(struct nf_events *events, uint64_t first, uint64_t n)
{
	for (uint64_t i = first; i < first + n; i++)
		nf_event_put(events, (const uint64_t[NF_EVENT_WORDS]){i, i, i, i});
}

/* Killed by: a place off by one. */
static void
events_come_in_order(void **state)
{
	uint64_t seen = 0, lost = 0;
	struct nf_event event;

	(void)state;
	assert_false(nf_event_take(&rings[0], &seen, &lost, &event));
	put(&rings[0], 1, NF_EVENTS);
	for (uint64_t i = 1; i <= NF_EVENTS; i++) {
		assert_true(nf_event_take(&rings[0], &seen, &lost, &event));
		assert_int_equal(event.number, i);
		assert_int_equal(event.words[0], i);
		assert_int_equal(event.words[NF_EVENT_WORDS - 1], i);
	}
	assert_false(nf_event_take(&rings[0], &seen, &lost, &event));
	assert_int_equal(lost, 0);
}

/* Killed by: a loss that is not counted, or an old event given for a new one. */
static void
who_is_slow_is_told_how_many_he_lost(void **state)
{
	uint64_t seen = 0, lost = 0;
	struct nf_event event;

	(void)state;
	put(&rings[0], 1, NF_EVENTS + 7);
	assert_true(nf_event_take(&rings[0], &seen, &lost, &event));
	assert_int_equal(lost, 7);
	assert_int_equal(event.number, 8);
	put(&rings[0], NF_EVENTS + 8, 5 * NF_EVENTS);
	assert_true(nf_event_take(&rings[0], &seen, &lost, &event));
	assert_int_equal(event.number, 5 * NF_EVENTS + 8);
	assert_int_equal(lost + 2, event.number);
}

static void
a_watch_begins_now_or_with_what_is_remembered(void **state)
{
	struct nf_watch watch;
	struct nf_event event;
	uint16_t worker;

	(void)state;
	put(&rings[0], 1, 3);
	put(&rings[1], 1, NF_EVENTS + 9);
	nf_watch_begin(&watch, both, 2, false);
	assert_false(nf_watch_next(&watch, both, 2, &event, &worker));
	put(&rings[1], 77, 1);
	assert_true(nf_watch_next(&watch, both, 2, &event, &worker));
	assert_int_equal(worker, 1);
	assert_int_equal(event.words[0], 77);
	nf_watch_begin(&watch, both, 2, true);
	assert_true(nf_watch_next(&watch, both, 2, &event, &worker));
	assert_int_equal(worker, 0);
	assert_int_equal(event.number, 1);
	assert_true(nf_watch_next(&watch, both, 2, &event, &worker));
	assert_int_equal(worker, 1);
	assert_int_equal(event.number, 11);
	assert_int_equal(watch.lost, 0);
}

static void *
put_many(void *arg)
{
	put(arg, 1, N_MANY);
	return NULL;
}

/* Each event is taken whole, or counted as lost. Killed by: no number behind the words. */
static void
no_event_is_torn(void **state)
{
	uint64_t seen = 0, lost = 0, n = 0;
	struct nf_event event;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, put_many, &rings[0]), 0);
	while (seen != N_MANY) {
		if (!nf_event_take(&rings[0], &seen, &lost, &event))
			continue;
		n++;
		for (uint32_t i = 0; i < NF_EVENT_WORDS; i++)
			assert_int_equal(event.words[i], event.number);
	}
	pthread_join(thread, NULL);
	assert_int_equal(n + lost, N_MANY);
}

#define TEST(f) cmocka_unit_test_setup(f, clear)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(events_come_in_order),
		TEST(who_is_slow_is_told_how_many_he_lost),
		TEST(a_watch_begins_now_or_with_what_is_remembered),
		TEST(no_event_is_torn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
