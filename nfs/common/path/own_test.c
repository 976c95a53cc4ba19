/* SPDX-License-Identifier: Apache-2.0 */
/* How many errors an NF sends. Killed by: another number, or a second that never ends. */
#include "own.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

/* Of `asked` errors at a time. */
static uint32_t
told(struct nf_own_rate *rate, uint64_t now_ns, uint32_t asked)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < asked; i++)
		n += nf_own_may_tell(rate, now_ns);
	return n;
}

static void
a_second_has_so_many(void **state)
{
	struct nf_own_rate rate = {0};

	(void)state;
	assert_int_equal(told(&rate, 5 * SECOND, NF_ERRORS_PER_S - 1), NF_ERRORS_PER_S - 1);
	assert_int_equal(told(&rate, 5 * SECOND, 5), 1);
	assert_int_equal(told(&rate, 6 * SECOND - 1, 5), 0);
	assert_int_equal(told(&rate, 6 * SECOND, 2 * NF_ERRORS_PER_S), NF_ERRORS_PER_S);
}

/* It begins with the first error, not with the clock's. */
static void
a_second_begins_when_somebody_is_told(void **state)
{
	struct nf_own_rate rate = {0};

	(void)state;
	assert_int_equal(told(&rate, 5 * SECOND + SECOND / 2, NF_ERRORS_PER_S), NF_ERRORS_PER_S);
	assert_int_equal(told(&rate, 6 * SECOND, 1), 0);
	assert_int_equal(told(&rate, 6 * SECOND + SECOND / 2, 1), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_has_so_many),
		cmocka_unit_test(a_second_begins_when_somebody_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
