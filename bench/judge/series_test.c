/* SPDX-License-Identifier: Apache-2.0 */
/* Time series: every sample in its bin; late ones; the ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>

#include <cmocka.h>

#include "judge_limits.h"
#include "series.h"

static struct series *
new_series(uint32_t n_bins)
{
	struct series *s;

	assert_int_equal(series_create(1000, 100, n_bins, &s), 0);
	return s;
}

static void
samples_count_where_they_were_sent(void **state)
{
	struct series *s = new_series(10);

	(void)state;
	series_sent(s, 1000);
	series_sent(s, 1099);
	series_sent(s, 1100);
	series_received(s, 1450);
	series_arrived(s, 1099, 1450);
	series_round_trip(s, 1100, 1499);
	series_finish(s);
	assert_int_equal(series_n_bins(s), 5);
	assert_int_equal(series_bin_at(s, 0)->sent, 2);
	assert_int_equal(series_bin_at(s, 0)->arrived, 1);
	assert_int_equal(series_bin_at(s, 0)->latency_max_ns, 351);
	assert_int_equal(series_bin_at(s, 0)->latency_p50_ns, 351);
	assert_int_equal(series_bin_at(s, 1)->sent, 1);
	assert_int_equal(series_bin_at(s, 1)->arrived, 0);
	assert_int_equal(series_bin_at(s, 1)->round_trip_max_ns, 399);
	assert_int_equal(series_bin_at(s, 1)->round_trip_p50_ns, 399);
	assert_int_equal(series_bin_at(s, 4)->received, 1);
	assert_false(series_truncated(s));
	series_destroy(s);
}

static void
medians_are_fixed_when_a_bin_grows_old(void **state)
{
	struct series *s = new_series(3 * JUDGE_SERIES_DEPTH);

	(void)state;
	for (uint64_t ns = 10; ns <= 30; ns += 10)
		series_arrived(s, 1000, 1000 + ns);
	series_sent(s, 1000 + 100 * JUDGE_SERIES_DEPTH); /* pushes the first bin out */
	assert_int_equal(series_bin_at(s, 0)->latency_p50_ns, 20);
	series_arrived(s, 1000, 101000);
	series_arrived(s, 1000, 101000);
	series_arrived(s, 1000 + 100 * JUDGE_SERIES_DEPTH, 1005 + 100 * JUDGE_SERIES_DEPTH);
	series_finish(s);
	assert_int_equal(series_bin_at(s, 0)->latency_p50_ns, 20);
	assert_int_equal(series_bin_at(s, 0)->latency_max_ns, 100000);
	assert_int_equal(series_bin_at(s, 0)->arrived, 5);
	assert_int_equal(series_bin_at(s, JUDGE_SERIES_DEPTH)->latency_p50_ns, 5);
	series_destroy(s);
}

static void
a_long_pause_leaves_empty_bins(void **state)
{
	struct series *s = new_series(3 * JUDGE_SERIES_DEPTH);
	uint32_t last = 3 * JUDGE_SERIES_DEPTH - 1;

	(void)state;
	series_arrived(s, 1000, 1040);
	series_arrived(s, 1000 + 100 * (uint64_t)last, 1070 + 100 * (uint64_t)last);
	series_finish(s);
	assert_int_equal(series_bin_at(s, 0)->latency_p50_ns, 40);
	assert_int_equal(series_bin_at(s, JUDGE_SERIES_DEPTH)->latency_p50_ns, 0);
	assert_int_equal(series_bin_at(s, last)->latency_p50_ns, 70);
	series_destroy(s);
}

static void
what_lies_outside_is_not_counted(void **state)
{
	struct series *s = new_series(2), *none = NULL;

	(void)state;
	series_sent(s, 1199);
	assert_false(series_truncated(s));
	series_sent(s, 1200);
	assert_true(series_truncated(s));
	series_sent(s, 999);
	series_arrived(s, 999, 1300);
	series_finish(s);
	assert_int_equal(series_n_bins(s), 2);
	assert_int_equal(series_bin_at(s, 0)->sent, 0);
	assert_int_equal(series_bin_at(s, 1)->sent, 1);
	assert_int_equal(series_create(0, 0, 1, &none), -EINVAL);
	assert_int_equal(series_create(0, 1, 0, &none), -EINVAL);
	assert_int_equal(series_create(0, 1, JUDGE_SERIES_MAX_BINS + 1, &none), -EINVAL);
	series_destroy(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_count_where_they_were_sent),
		cmocka_unit_test(medians_are_fixed_when_a_bin_grows_old),
		cmocka_unit_test(a_long_pause_leaves_empty_bins),
		cmocka_unit_test(what_lies_outside_is_not_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
