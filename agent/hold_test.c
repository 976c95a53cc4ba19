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

/* 1000 packets in 50 ms: at four times the rate, 12.5 us a packet would be slower than allowed. */
static void
long_queue_goes_at_a_pace(void **state)
{
	struct slim_pace pace = {0};
	const uint64_t begun = 1000000000, filled = 50000000;
	uint64_t now = begun + filled, gone = 0;

	(void)state;
	while (gone < 1000) {
		uint32_t n = slim_pace_allow(&pace, 1000 - gone, begun, now);

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
	assert_int_equal(slim_pace_allow(&pace, SLIM_PACE_FROM, 0, 50000000), UINT32_MAX);
	assert_int_equal(slim_pace_allow(&pace, 0, 0, 50000000), UINT32_MAX);
	/* As fast as it came: nothing to slow down. */
	assert_int_equal(slim_pace_allow(&pace, 1000, 50000000 - 100, 50000000), UINT32_MAX);
}

static void
growing_queue_is_let_go_faster(void **state)
{
	struct slim_pace pace = {0};
	uint64_t gap;

	(void)state;
	slim_pace_allow(&pace, 1000, 0, 10000000);
	gap = pace.gap_ns;
	assert_int_equal(gap, 10000000 / 4000);
	/* Its time is over and there is more than before. */
	slim_pace_allow(&pace, 4000, 10000000, 20000000);
	assert_int_equal(pace.gap_ns, 10000000 / 16000);
	/* Empty: the next queue begins anew. */
	slim_pace_allow(&pace, 0, 0, 20000001);
	assert_int_equal(pace.until_ns, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_order_and_times),
		cmocka_unit_test(is_full_at_its_capacity),
		cmocka_unit_test(capacity_of_one),
		cmocka_unit_test(long_queue_goes_at_a_pace),
		cmocka_unit_test(short_queue_goes_at_once),
		cmocka_unit_test(growing_queue_is_let_go_faster),
	};

	return cmocka_run_group_tests_name("hold", tests, NULL, NULL);
}
