/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hold.h"

static struct rte_mbuf *
packet(uintptr_t n)
{
	return (struct rte_mbuf *)n;
}

static void
keeps_order_and_times(void **state)
{
	struct slim_hold_entry entries[8];
	struct slim_hold hold;
	uintptr_t in = 0, out = 0;

	(void)state;
	assert_int_equal(slim_hold_entries(5), 8);
	slim_hold_init(&hold, entries, 5);
	for (int i = 0; i < 100; i++) {
		for (int k = 0; k < 1 + i % 5 && slim_hold_room(&hold) > 0; k++, in++)
			assert_true(slim_hold_push(&hold, packet(in + 1), in * 10));
		while (slim_hold_count(&hold) > (uint32_t)i % 3) {
			struct slim_hold_entry e = slim_hold_pop(&hold);

			assert_ptr_equal(e.pkt, packet(out + 1));
			assert_true(e.arrival_ns == out * 10);
			out++;
		}
	}
}

static void
is_full_at_its_capacity(void **state)
{
	struct slim_hold_entry entries[8];
	struct slim_hold hold;

	(void)state;
	slim_hold_init(&hold, entries, 5);
	for (uintptr_t i = 0; i < 5; i++)
		assert_true(slim_hold_push(&hold, packet(i + 1), i));
	assert_false(slim_hold_push(&hold, packet(6), 6));
	assert_int_equal(slim_hold_count(&hold), 5);
	slim_hold_pop(&hold);
	assert_true(slim_hold_push(&hold, packet(6), 6));
}

static void
capacity_of_one(void **state)
{
	struct slim_hold_entry entries[1];
	struct slim_hold hold;

	(void)state;
	assert_int_equal(slim_hold_entries(1), 1);
	slim_hold_init(&hold, entries, 1);
	assert_true(slim_hold_push(&hold, packet(1), 1));
	assert_false(slim_hold_push(&hold, packet(2), 2));
	assert_ptr_equal(slim_hold_pop(&hold).pkt, packet(1));
}

/* What is put in front goes first, and what came last can be taken back. */
static void
both_ends(void **state)
{
	struct slim_hold_entry entries[4];
	struct slim_hold hold;

	(void)state;
	slim_hold_init(&hold, entries, 3);
	assert_true(slim_hold_push(&hold, packet(2), 2));
	assert_true(slim_hold_push_front(&hold, (struct slim_hold_entry){packet(1), 1}));
	assert_true(slim_hold_push(&hold, packet(3), 3));
	assert_false(slim_hold_push_front(&hold, (struct slim_hold_entry){packet(0), 0}));
	assert_ptr_equal(slim_hold_pop_newest(&hold).pkt, packet(3));
	assert_ptr_equal(slim_hold_pop(&hold).pkt, packet(1));
	assert_ptr_equal(slim_hold_pop(&hold).pkt, packet(2));
	assert_int_equal(slim_hold_count(&hold), 0);
}

/* Positions are compared: also in front of a queue that was never used they count up. Killed by: a queue that
 * begins at 0. */
static void
there_is_room_in_front_of_the_first(void **state)
{
	struct slim_hold_entry entries[4];
	struct slim_hold hold;

	(void)state;
	slim_hold_init(&hold, entries, 4);
	for (uintptr_t i = 4; i > 0; i--) {
		assert_true(slim_hold_push_front(&hold, (struct slim_hold_entry){packet(i), i}));
		assert_true(hold.head < hold.tail);
	}
	for (uintptr_t i = 1; i <= 4; i++)
		assert_ptr_equal(slim_hold_pop(&hold).pkt, packet(i));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_order_and_times),
		cmocka_unit_test(is_full_at_its_capacity),
		cmocka_unit_test(capacity_of_one),
		cmocka_unit_test(both_ends),
		cmocka_unit_test(there_is_room_in_front_of_the_first),
	};

	return cmocka_run_group_tests_name("hold", tests, NULL, NULL);
}
