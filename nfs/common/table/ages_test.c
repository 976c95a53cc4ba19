/* SPDX-License-Identifier: Apache-2.0 */
/* Ages against a plain array. Killed by: a number lost, or in twice; one that comes again and keeps its old place; a free
 * one that is in already. */
#include "ages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_common.h>
#include <rte_eal.h>

#define N 24

static uint32_t naive[N]; /* numbers, the oldest first */
static uint32_t n_naive;

static bool
naive_remove(uint32_t number)
{
	for (uint32_t i = 0; i < n_naive; i++) {
		if (naive[i] != number)
			continue;
		n_naive--;
		memmove(&naive[i], &naive[i + 1], (n_naive - i) * sizeof(naive[0]));
		return true;
	}
	return false;
}

static void
check(const struct nf_ages *ages)
{
	uint32_t number = nf_ages_oldest(ages);

	for (uint32_t i = 0; i < n_naive; i++) {
		assert_int_equal(number, naive[i]);
		assert_true(ages->of[number].in);
		number = nf_ages_next(ages, number);
	}
	assert_int_equal(number, NF_AGES_NONE);
	assert_int_equal(ages->newest, n_naive == 0 ? 0 : naive[n_naive - 1] + 1);
}

static void
numbers_of_others_stand_in_their_order(void **state)
{
	struct nf_ages ages;

	(void)state;
	for (unsigned int seed = 1; seed <= 20; seed++) {
		assert_int_equal(nf_ages_init(&ages, N), 0);
		n_naive = 0;
		srand(seed);
		for (uint32_t i = 0; i < 2000; i++) {
			uint32_t number = (uint32_t)rand() % N;

			naive_remove(number);
			if (rand() % 5 < 3) {
				nf_ages_append(&ages, number);
				naive[n_naive++] = number;
			} else {
				nf_ages_remove(&ages, number);
			}
			check(&ages);
		}
		nf_ages_fini(&ages);
	}
}

static void
begin(struct nf_ages *ages)
{
	uint32_t number = nf_ages_begin(ages);

	if (n_naive == N) {
		assert_int_equal(number, NF_AGES_NONE);
		return;
	}
	assert_true(number < N);
	assert_false(naive_remove(number));
	naive[n_naive++] = number;
}

static void
numbers_that_are_given_are_nobodys(void **state)
{
	struct nf_ages ages;

	(void)state;
	assert_int_equal(nf_ages_init(&ages, N), 0);
	n_naive = 0;
	srand(1);
	for (uint32_t i = 0; i < N; i++) {
		begin(&ages);
		assert_int_equal(naive[i], i);
	}
	begin(&ages);
	for (uint32_t i = 0; i < 20000; i++) {
		/* Often all, often none. */
		if ((uint32_t)rand() % 100 < (i / 500 % 2 == 0 ? 70 : 30)) {
			begin(&ages);
		} else if (n_naive != 0) {
			uint32_t number = naive[(uint32_t)rand() % n_naive];

			naive_remove(number);
			nf_ages_end(&ages, number);
		}
		check(&ages);
	}
	nf_ages_fini(&ages);
	nf_ages_fini(&ages);
	assert_null(ages.of);
}

static void
of_no_numbers_none_is_given(void **state)
{
	struct nf_ages ages;

	(void)state;
	assert_int_equal(nf_ages_init(&ages, 0), 0);
	assert_int_equal(nf_ages_begin(&ages), NF_AGES_NONE);
	assert_int_equal(nf_ages_oldest(&ages), NF_AGES_NONE);
	nf_ages_fini(&ages);
}

int
main(void)
{
	static char words[][20] = {"test",        "--no-huge",      "--no-pci",
				   "--no-shconf", "--no-telemetry", "--log-level=error"};
	char *argv[RTE_DIM(words)];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_others_stand_in_their_order),
		cmocka_unit_test(numbers_that_are_given_are_nobodys),
		cmocka_unit_test(of_no_numbers_none_is_given),
	};

	for (size_t i = 0; i < RTE_DIM(words); i++)
		argv[i] = words[i];
	if (rte_eal_init(RTE_DIM(words), argv) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
