/* SPDX-License-Identifier: Apache-2.0 */
/* A line: everything comes out, in order, at its time. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "line.h"

#define SECOND UINT64_C(1000000000)
#define MS UINT64_C(1000000)
#define US UINT64_C(1000)
#define START (UINT64_C(77) * SECOND)
#define OCTET_RATE UINT64_C(8000000) /* an octet each microsecond; a quantum is 200 */
#define DELAY (5 * MS)

static int owners[2];

static void
put(struct line *l, int owner, uint32_t n, uint64_t now_ns)
{
	assert_int_equal(line_put(l, &owners[owner], LINE_OCTETS, n, now_ns), 0);
}

/* Octets of an owner that are next to come out, in however many pieces. */
static uint64_t
take(struct line *l, int owner, uint64_t now_ns)
{
	struct line_item item;
	uint64_t n = 0;

	while (line_take(l, &item, now_ns) == 0) {
		assert_ptr_equal(item.owner, &owners[owner]);
		assert_int_equal(item.what, LINE_OCTETS);
		assert_true(item.due_ns <= now_ns);
		n += item.n;
	}
	return n;
}

static void
assert_nothing(struct line *l, uint64_t now_ns)
{
	struct line_item item;

	assert_int_equal(line_take(l, &item, now_ns), -EAGAIN);
}

/* Killed by: due_ns without the delay, or without the bucket's time; a line that passes a whole item at once. */
static void
octets_come_out_at_their_time(void **state)
{
	struct line l;

	(void)state;
	line_init(&l, OCTET_RATE, DELAY, 0, START);
	put(&l, 0, 1000, START);
	assert_int_equal(line_next_ns(&l), START + 200 * US);
	assert_nothing(&l, START + DELAY + 200 * US - 1);
	assert_int_equal(take(&l, 0, START + DELAY + 200 * US), 200);
	assert_int_equal(line_next_ns(&l), START + DELAY + 400 * US);
	assert_int_equal(take(&l, 0, START + DELAY + 999 * US), 600);
	assert_int_equal(take(&l, 0, START + DELAY + 1000 * US), 200);
	assert_int_equal(line_next_ns(&l), UINT64_MAX);
	assert_int_equal(l.stats.octets, 1000);
	assert_int_equal(l.stats.waiting + l.stats.on_way, 0);
	line_fini(&l);
}

/* A look that comes late loses nothing of the rate, and keeps the times. Killed by: send_piece at now_ns. */
static void
a_late_look_keeps_the_times(void **state)
{
	struct line_item item;
	struct line l;

	(void)state;
	line_init(&l, OCTET_RATE, DELAY, 0, START);
	put(&l, 0, 30000, START);
	for (uint64_t i = 1; i <= 150; i++) {
		assert_int_equal(line_take(&l, &item, START + 35 * MS), 0);
		assert_int_equal(item.due_ns, START + DELAY + i * 200 * US);
	}
	assert_nothing(&l, START + 35 * MS);
	line_fini(&l);
}

/* Killed by: advance without LINE_MAX_LATE_NS; one that takes a time before its last. */
static void
time_that_jumps(void **state)
{
	struct line l;

	(void)state;
	line_init(&l, OCTET_RATE, 0, 1 << 20, START);
	put(&l, 0, 500000, START);
	assert_nothing(&l, START - SECOND);
	/* A minute later: what a tenth of a second brings, and not all. */
	assert_int_equal(take(&l, 0, START + 60 * SECOND), LINE_MAX_LATE_NS / US);
	assert_nothing(&l, START + 59 * SECOND);
	assert_int_equal(line_next_ns(&l), START + 60 * SECOND + 200 * US);
	/* Back, with octets that are put in then: they wait until the clock is there again. */
	put(&l, 0, 10, START + SECOND);
	assert_nothing(&l, START + SECOND);
	assert_int_equal(take(&l, 0, START + 60 * SECOND + MS), 1000);
	line_skip(&l, START + 90 * SECOND);
	assert_nothing(&l, START + 90 * SECOND + 199 * US);
	assert_int_equal(take(&l, 0, START + 90 * SECOND + 200 * US), 200);
	line_fini(&l);
}

/* Killed by: line_put that does not say where the bucket rested until: a minute of rest passes all at once. */
static void
a_rest_is_worth_a_burst(void **state)
{
	struct line l;

	(void)state;
	line_init(&l, OCTET_RATE, 0, 0, START);
	put(&l, 0, 5000, START + 60 * SECOND);
	assert_int_equal(take(&l, 0, START + 60 * SECOND), 1000);
	assert_int_equal(take(&l, 0, START + 60 * SECOND + 4 * MS), 4000);
	line_fini(&l);
}

/* Killed by: a due_ns that is smaller than the last; a line_set that changes what waits at the old rate before it. */
static void
rate_and_delay_change_in_the_middle(void **state)
{
	struct line_item item;
	struct line l;

	(void)state;
	line_init(&l, OCTET_RATE, DELAY, 0, START);
	put(&l, 0, 2000, START);
	assert_int_equal(line_set(&l, OCTET_RATE * 10, 0, START + MS), 0);
	/* 1000 were on their way, the last of them until 6 ms; what comes behind, though quicker, is not earlier. */
	assert_int_equal(l.stats.on_way, 1000);
	put(&l, 1, 100, START + MS);
	assert_int_equal(take(&l, 0, START + DELAY + MS - 1), 800);
	for (int n = 200 + 1000; n > 0; n -= (int)item.n) {
		assert_int_equal(line_take(&l, &item, START + DELAY + MS), 0);
		assert_int_equal(item.due_ns, START + DELAY + MS);
		assert_ptr_equal(item.owner, &owners[0]);
	}
	assert_int_equal(take(&l, 1, START + DELAY + MS), 100);
	assert_int_equal(line_set(&l, 0, 2 * DELAY, START + SECOND), 0);
	put(&l, 0, 1 << 20, START + SECOND);
	assert_nothing(&l, START + SECOND + 2 * DELAY - 1);
	assert_int_equal(take(&l, 0, START + SECOND + 2 * DELAY), 1 << 20);
	line_fini(&l);
}

/* Killed by: line_room that counts what is on its way at a rate, or does not without one; a default that is not the rate's. */
static void
what_waits_is_bounded(void **state)
{
	struct line l;

	(void)state;
	line_init(&l, OCTET_RATE, SECOND, 1500, START);
	assert_int_equal(line_room(&l), 1500);
	put(&l, 0, 1500, START);
	assert_int_equal(line_room(&l), 0);
	put(&l, 0, 0 + 1, START + 200 * US); /* 200 have made room, and are on their way */
	assert_int_equal(line_room(&l), 199);
	assert_int_equal(l.stats.on_way, 200);
	assert_int_equal(l.stats.most_waited, 1500);
	line_set(&l, 0, SECOND, START + MS);
	put(&l, 0, 1, START + MS);
	assert_int_equal(l.stats.waiting, 0);
	assert_int_equal(line_room(&l), 0); /* 1502 are on their way */
	assert_int_equal(take(&l, 0, START + 3 * SECOND), 1502);
	assert_int_equal(line_room(&l), 1500);
	line_fini(&l);
	line_init(&l, UINT64_C(1000000000), 0, 0, START);
	assert_int_equal(line_room(&l), 25000000);
	line_set(&l, 1000, 0, START);
	assert_int_equal(line_room(&l), LINE_MIN_QUEUE);
	line_set(&l, 0, 0, START);
	assert_int_equal(line_room(&l), LINE_FREE_QUEUE);
	line_fini(&l);
}

/* Marks take no time of the line, and overtake nothing. Killed by: marks that go to on_way at once; octets of two owners, or on two sides of a
 * mark, that are joined. */
static void
marks_keep_their_place(void **state)
{
	static const struct line_item wanted[] = {
		{&owners[0], START + DELAY, 0, LINE_OPEN},
		{&owners[0], START + DELAY + 150 * US, 150, LINE_OCTETS},
		{&owners[1], START + DELAY + 160 * US, 10, LINE_OCTETS},
		{&owners[0], START + DELAY + 160 * US, 0, LINE_END},
		{&owners[1], START + DELAY + 170 * US, 10, LINE_OCTETS},
		{&owners[1], START + DELAY + 170 * US, 0, LINE_RESET},
	};
	const size_t n = sizeof(wanted) / sizeof(wanted[0]);
	struct line_item item;
	struct line l;

	(void)state;
	line_init(&l, OCTET_RATE, DELAY, 0, START);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(line_put(&l, wanted[i].owner, wanted[i].what, wanted[i].n, START),
				 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(line_take(&l, &item, START + 50 * MS), 0);
		assert_ptr_equal(item.owner, wanted[i].owner);
		assert_int_equal(item.what, wanted[i].what);
		assert_int_equal(item.n, wanted[i].n);
		assert_int_equal(item.due_ns, wanted[i].due_ns);
	}
	assert_nothing(&l, START + SECOND);
	line_fini(&l);
}

/* Killed by: indices that are compared instead of subtracted; a queue that grows and copies from place 0. */
static void
queues_wrap_and_grow(void **state)
{
	uint64_t in = 0, out = 0;
	struct line l;

	(void)state;
	line_init(&l, 0, MS, 0, START);
	put(&l, 0, 1, START);
	assert_int_equal(take(&l, 0, START + MS), 1);
	l.on_way.head = l.on_way.tail = l.waits.head = l.waits.tail = UINT32_MAX - 20;
	/* Each has its own size, and a time that no other has: 300 wait at most, more than the first queue takes. */
	for (uint64_t round = 0; round < 1000; round++) {
		uint64_t now_ns = START + SECOND + round * US;
		struct line_item item;

		if (in - out < 300)
			assert_int_equal(
				line_put(&l, &owners[0], LINE_OCTETS, (uint32_t)++in, now_ns), 0);
		while (round > 400 && in - out > 100 && line_take(&l, &item, now_ns + MS) == 0)
			assert_int_equal(item.n, ++out);
	}
	assert_true(out > 500);
	for (struct line_item item; line_take(&l, &item, START + 2 * SECOND) == 0;)
		assert_int_equal(item.n, ++out);
	assert_int_equal(in, out);
	line_fini(&l);
}

/* Killed by: a quantum of 0; a sum of 32 bits. */
static void
slowest_and_fastest(void **state)
{
	struct line l;

	(void)state;
	line_init(&l, BUCKET_MIN_RATE, 0, 0, START);
	put(&l, 0, 100, START);
	for (uint64_t i = 1; i <= 100; i++) {
		assert_int_equal(line_next_ns(&l), START + i * 8 * MS);
		assert_int_equal(take(&l, 0, START + i * 8 * MS), 1);
	}
	line_fini(&l);
	line_init(&l, BUCKET_MAX_RATE, DELAY, 0, START);
	assert_int_equal(line_room(&l), UINT64_C(2500000000));
	put(&l, 0, UINT32_C(1250000000), START);
	put(&l, 0, UINT32_C(1250000000), START);
	assert_int_equal(line_room(&l), 0);
	for (uint64_t i = 1; i <= 4; i++) /* 50 ms, as late as may be */
		assert_int_equal(take(&l, 0, START + DELAY + i * 50 * MS), 625000000);
	assert_int_equal(l.stats.octets, UINT64_C(2500000000));
	line_fini(&l);
	line_init(&l, 0, DELAY, UINT64_C(6000000000), START);
	put(&l, 0, UINT32_C(3000000000), START);
	put(&l, 0, UINT32_C(3000000000), START);
	assert_int_equal(take(&l, 0, START + DELAY), UINT64_C(6000000000));
	line_fini(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(octets_come_out_at_their_time),
		cmocka_unit_test(a_late_look_keeps_the_times),
		cmocka_unit_test(time_that_jumps),
		cmocka_unit_test(a_rest_is_worth_a_burst),
		cmocka_unit_test(rate_and_delay_change_in_the_middle),
		cmocka_unit_test(what_waits_is_bounded),
		cmocka_unit_test(marks_keep_their_place),
		cmocka_unit_test(queues_wrap_and_grow),
		cmocka_unit_test(slowest_and_fastest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
