/* SPDX-License-Identifier: Apache-2.0 */
/* The pace: exact over long times, catches up, gives up what is too late. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "pace.h"

#define SECOND UINT64_C(1000000000)

static uint64_t
take_all(struct pace *p, uint64_t now_ns, uint64_t max_late_ns)
{
	uint64_t n = 0, due_ns, last_ns = 0;

	while (pace_take(p, now_ns, max_late_ns, &due_ns)) {
		assert_true(due_ns <= now_ns && due_ns >= last_ns);
		last_ns = due_ns;
		n++;
	}
	return n;
}

static void
it_does_not_drift(void **state)
{
	static const uint64_t rates[] = {1, 3, 7, 999, 29989};
	struct pace p;

	(void)state;
	for (unsigned i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		uint64_t n = 0;

		pace_start(&p, rates[i], 5);
		for (uint64_t now_ns = 5; now_ns < 5 + 100 * SECOND; now_ns += 77 * SECOND / 1000)
			n += take_all(&p, now_ns, SECOND);
		n += take_all(&p, 5 + 100 * SECOND - 1, SECOND);
		assert_int_equal(n, 100 * rates[i]);
		assert_int_equal(p.due_ns, 5 + 100 * SECOND);
		assert_int_equal(p.skipped, 0);
		take_all(&p, 5 + 101 * SECOND - SECOND / rates[i] - 2, SECOND);
		assert_int_equal(p.due_ns, 5 + 100 * SECOND + (rates[i] - 1) * SECOND / rates[i]);
	}
}

static void
events_carry_their_own_time(void **state)
{
	struct pace p;
	uint64_t due_ns;

	(void)state;
	pace_start(&p, 1000, 100);
	for (uint64_t i = 0; i < 10; i++) {
		assert_true(pace_take(&p, 100 + SECOND / 2, SECOND, &due_ns));
		assert_int_equal(due_ns, 100 + i * SECOND / 1000);
	}
}

static void
nothing_is_due_too_early(void **state)
{
	uint64_t due_ns = 42;
	struct pace p;

	(void)state;
	pace_start(&p, 10, 100);
	assert_false(pace_take(&p, 99, SECOND, &due_ns));
	assert_int_equal(due_ns, 42);
	assert_true(pace_take(&p, 100, SECOND, &due_ns));
	assert_false(pace_take(&p, 100 + SECOND / 10 - 1, SECOND, &due_ns));
	assert_true(pace_take(&p, 100 + SECOND / 10, SECOND, &due_ns));
}

static void
what_is_too_late_is_skipped(void **state)
{
	struct pace p;

	(void)state;
	pace_start(&p, 100, 0);
	assert_int_equal(take_all(&p, SECOND, SECOND / 2), 51); /* 0.50 s up to 1.00 s */
	assert_int_equal(p.skipped, 50);
}

static void
no_rate_is_never_due(void **state)
{
	uint64_t due_ns;
	struct pace p;

	(void)state;
	pace_start(&p, 0, 0);
	assert_int_equal(p.due_ns, PACE_NEVER);
	assert_false(pace_take(&p, UINT64_MAX - 1, 0, &due_ns));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_does_not_drift),
		cmocka_unit_test(events_carry_their_own_time),
		cmocka_unit_test(nothing_is_due_too_early),
		cmocka_unit_test(what_is_too_late_is_skipped),
		cmocka_unit_test(no_rate_is_never_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
