/* SPDX-License-Identifier: Apache-2.0 */
/* How fast a queue is let go, and that it never grows for that reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hold.h"
#include "pace.h"

#define CAPACITY 16384u
#define STEP_NS 5000u /* between two receive calls */

static struct slim_hold_entry entries[CAPACITY];

static uint32_t
allow(struct slim_pace *pace, uint64_t waiting, uint64_t oldest_ns, uint64_t now_ns)
{
	return slim_pace_allow(pace, &(struct slim_pace_view){.waiting = waiting,
							      .oldest_ns = oldest_ns,
							      .now_ns = now_ns});
}

/* 1000 packets in 50 ms: at four times the rate, 12.5 us a packet would be slower than allowed. */
static void
long_queue_goes_at_a_pace(void **state)
{
	struct slim_pace pace = {0};
	const uint64_t begun = 1000000000, filled = 50000000;
	uint64_t now = begun + filled, gone = 0;

	(void)state;
	while (gone < 1000) {
		uint32_t n = allow(&pace, 1000 - gone, begun, now);

		if (n > 1000 - gone)
			n = (uint32_t)(1000 - gone);
		assert_true(n <= SLIM_RELEASE_BURST);
		slim_pace_note(&pace, n);
		gone += n;
		now += 100000;
	}
	assert_in_range(now - begun - filled, 9000000, 11000000); /* 10 us each, 64 at once */
}

static void
short_queue_goes_at_once(void **state)
{
	struct slim_pace pace = {0};

	(void)state;
	assert_int_equal(allow(&pace, SLIM_PACE_FROM, 0, 50000000), UINT32_MAX);
	assert_int_equal(allow(&pace, 0, 0, 50000000), UINT32_MAX);
	/* As fast as it came: nothing to slow down. */
	assert_int_equal(allow(&pace, 1000, 50000000 - 100, 50000000), UINT32_MAX);
}

/* One step of a receiver that asks for 64 packets. Returns the wait of the last one that went. */
static uint64_t
release(struct slim_hold *hold, struct slim_pace *pace, uint64_t now_ns)
{
	struct slim_pace_view view = {
		.waiting = slim_hold_count(hold), .arrived = hold->tail, .now_ns = now_ns};
	uint64_t wait_ns = 0;
	uint32_t n;

	if (view.waiting > 0)
		view.oldest_ns = slim_hold_at(hold, hold->head)->arrival_ns;
	n = slim_pace_allow(pace, &view);
	n = n < SLIM_RELEASE_BURST ? n : SLIM_RELEASE_BURST;
	n = n < view.waiting ? n : (uint32_t)view.waiting;
	for (uint32_t i = 0; i < n; i++)
		wait_ns = now_ns - slim_hold_pop(hold).arrival_ns;
	slim_pace_note(pace, n);
	return wait_ns;
}

/* `held` packets that came in `held_ns` are let go while others come at a rate. Returns the longest
 * wait of one of those; *ret_lost: found the queue full. */
static uint64_t
release_under_load(uint32_t held, uint64_t held_ns, uint64_t rate, uint32_t *ret_lost)
{
	struct slim_hold hold;
	struct slim_pace pace = {0};
	uint64_t now = 1000000000, longest = 0, due = 0, resumed, held_until;

	*ret_lost = 0;
	slim_hold_init(&hold, entries, CAPACITY);
	for (uint32_t i = 0; i < held; i++)
		slim_hold_push(&hold, NULL, now += held_ns / held);
	held_until = hold.tail;
	for (resumed = now; now < resumed + UINT64_C(1000000000);) {
		uint64_t head = hold.head, wait;

		now += STEP_NS;
		for (due += rate * STEP_NS; due >= UINT64_C(1000000000); due -= 1000000000)
			*ret_lost += !slim_hold_push(&hold, NULL, now);
		wait = release(&hold, &pace, now);
		if (head >= held_until && wait > longest)
			longest = wait;
	}
	assert_true(slim_hold_count(&hold) < 100);
	return longest;
}

/* A quiet night, a long hold, and then the load comes: the release keeps up with it from the first
 * moments. Killed by: a pace that is taken once, at the beginning of the release. */
static void
load_that_comes_after_the_hold_is_not_slowed_down(void **state)
{
	(void)state;
	for (uint64_t rate = 12500; rate <= 800000; rate *= 2) {
		uint32_t lost;
		uint64_t longest = release_under_load(350, 500000000, rate, &lost);

		assert_int_equal(lost, 0);
		assert_true(longest < 6000000);
	}
}

/* With its last packet, whether it is asked again or not. Killed by: a pace that only a question ends. */
static void
a_pace_ends_with_its_queue(void **state)
{
	struct slim_pace pace = {0};
	uint32_t n;

	(void)state;
	assert_int_equal(allow(&pace, 1000, 0, 10000000), SLIM_RELEASE_BURST);
	assert_int_equal(pace.gap_ns, 10000000 / 4000);
	slim_pace_note(&pace, SLIM_RELEASE_BURST);
	n = allow(&pace, 100, 0, 12000000);
	assert_in_range(n, 100, UINT32_MAX);
	slim_pace_note(&pace, 99);
	assert_int_equal(pace.gap_ns, 10000000 / 4000);
	slim_pace_note(&pace, 1);
	/* Long after: another queue, which has a rate of its own and does not go at once. */
	assert_int_equal(allow(&pace, 4000, UINT64_C(50000000000), UINT64_C(50010000000)),
			 SLIM_RELEASE_BURST);
	assert_int_equal(pace.gap_ns, 10000000 / 16000);
}

/* Killed by: a question that is asked with nothing waiting, and ends nothing. */
static void
a_pace_ends_with_nothing_to_ask_for(void **state)
{
	struct slim_pace pace = {0};

	(void)state;
	allow(&pace, 1000, 0, 10000000);
	assert_int_equal(allow(&pace, 0, 0, 10000001), UINT32_MAX);
	assert_int_equal(allow(&pace, 4000, 10000000, 20000000), SLIM_RELEASE_BURST);
}

/* A worker that was kept from its processor goes on at the pace. Killed by: a pace that makes the time good
 * at once. */
static void
time_that_was_not_used_is_not_made_good_at_once(void **state)
{
	struct slim_pace pace = {0};
	uint64_t now = 100000000;

	(void)state;
	assert_int_equal(allow(&pace, 10000, 0, now), SLIM_RELEASE_BURST);
	assert_int_equal(pace.gap_ns, 2500);
	slim_pace_note(&pace, SLIM_RELEASE_BURST);
	now += 10000000; /* 4000 packets */
	assert_int_equal(allow(&pace, 9000, 0, now), SLIM_PACE_FROM);
	slim_pace_note(&pace, SLIM_PACE_FROM);
	assert_int_equal(allow(&pace, 9000, 0, now), 0);
	assert_int_equal(allow(&pace, 9000, 0, now + 25000), 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_queue_goes_at_a_pace),
		cmocka_unit_test(short_queue_goes_at_once),
		cmocka_unit_test(load_that_comes_after_the_hold_is_not_slowed_down),
		cmocka_unit_test(a_pace_ends_with_its_queue),
		cmocka_unit_test(a_pace_ends_with_nothing_to_ask_for),
		cmocka_unit_test(time_that_was_not_used_is_not_made_good_at_once),
	};

	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
