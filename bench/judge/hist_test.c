/* SPDX-License-Identifier: Apache-2.0 */
/* Histogram: bins join without gap or overlap, quantiles against a sorted array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "hist.h"

static void
bins_join(void **state)
{
	(void)state;
	assert_int_equal(hist_bin_floor(0), 0);
	for (uint32_t i = 0; i + 1 < HIST_BINS; i++) {
		assert_int_equal(hist_bin_ceil(i) + 1, hist_bin_floor(i + 1));
		assert_int_equal(hist_bin(hist_bin_floor(i)), i);
		assert_int_equal(hist_bin(hist_bin_ceil(i)), i);
		assert_true(hist_bin_ceil(i) - hist_bin_floor(i) <= hist_bin_floor(i) / 32);
	}
	assert_int_equal(hist_bin(UINT64_MAX), HIST_BINS - 1);
	assert_int_equal(hist_bin((UINT64_C(1) << 40) - 1), HIST_BINS - 1);
}

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void
quantiles_are_those_of_a_sorted_array(void **state)
{
	static const uint32_t permilles[] = {0, 1, 10, 500, 900, 990, 999, 1000};
	uint64_t values[1000];
	struct hist *h;

	(void)state;
	srandom(4711);
	for (unsigned round = 0; round < 50; round++) {
		size_t n = 1 + (size_t)random() % 1000;

		h = calloc(1, sizeof(*h));
		for (size_t i = 0; i < n; i++) {
			values[i] = (uint64_t)random() >> (random() % 31);
			hist_add(h, values[i]);
		}
		qsort(values, n, sizeof(values[0]), compare);
		for (size_t i = 0; i < sizeof(permilles) / sizeof(permilles[0]); i++) {
			size_t rank = (n * permilles[i] + 999) / 1000;
			uint64_t want = values[rank == 0 ? 0 : rank - 1];
			uint64_t got = hist_quantile(h, permilles[i]);

			assert_true(got >= want && got <= want + want / 32);
		}
		assert_int_equal(hist_quantile(h, 1000), values[n - 1]);
		free(h);
	}
}

static void
merging_is_adding_all(void **state)
{
	struct hist *a = calloc(3, sizeof(*a)), *b = a + 1, *both = a + 2;

	(void)state;
	for (uint64_t v = 1; v < 5000; v += 7) {
		hist_add(v % 2 ? a : b, v * v);
		hist_add(both, v * v);
	}
	hist_merge(a, b);
	assert_memory_equal(a, both, sizeof(*a));
	free(a);
}

static void
an_empty_one_says_zero(void **state)
{
	struct hist *h = calloc(1, sizeof(*h));

	(void)state;
	assert_int_equal(hist_quantile(h, 500), 0);
	free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bins_join),
		cmocka_unit_test(quantiles_are_those_of_a_sorted_array),
		cmocka_unit_test(merging_is_adding_all),
		cmocka_unit_test(an_empty_one_says_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
