/* SPDX-License-Identifier: Apache-2.0 */
/* The bucket: exact at the slowest and at the fastest rate, whoever looks late. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bucket.h"

#define SECOND UINT64_C(1000000000)
#define MS UINT64_C(1000000)
#define START (UINT64_C(77) * SECOND)

/* Octets that pass until a time, in pieces of a quantum, looked at that often. */
static uint64_t
pass_until(struct bucket *b, uint64_t end_ns, uint64_t look_ns)
{
	uint64_t octets = 0, now_ns = b->stamp_ns;

	while (now_ns < end_ns) {
		uint32_t n = bucket_quantum(b);

		now_ns = now_ns + look_ns < end_ns ? now_ns + look_ns : end_ns;
		for (; bucket_ready_ns(b, n) <= now_ns; octets += n)
			bucket_pass(b, n);
	}
	return octets;
}

static uint64_t
apart(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* Killed by: bucket_ready_ns that rounds down; a bucket_pass that forgets what is left over; a price of 7 bits. */
static void
it_does_not_drift(void **state)
{
	static const uint64_t rates[] = {1000, 1001, 20000000, 999999937, BUCKET_MAX_RATE};
	static const uint64_t looks[] = {1, 7 * MS, 333333333};

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		for (size_t k = rates[i] > 2000; k < sizeof(looks) / sizeof(looks[0]); k++) {
			uint64_t seconds = looks[k] == 1 ? 0 : 100, octets, due;
			struct bucket b;

			bucket_start(&b, rates[i], START);
			octets = pass_until(&b, START + seconds * SECOND + 20 * MS, looks[k]);
			due = rates[i] / 8 * seconds + rates[i] % 8 * seconds / 8 + rates[i] / 400;
			/* The last piece is not there yet, and no octet of it. */
			assert_true(apart(octets, due) <= bucket_quantum(&b) + 1);
			assert_true(octets <= due + 1);
		}
}

/* Killed by: a quantum of 0 octets at the slowest rate. */
static void
a_kilobit_passes_octet_by_octet(void **state)
{
	struct bucket b;

	(void)state;
	bucket_start(&b, BUCKET_MIN_RATE, START);
	assert_int_equal(bucket_quantum(&b), 1);
	for (uint64_t i = 1; i <= 1000; i++) {
		assert_int_equal(bucket_ready_ns(&b, 1), START + i * 8 * MS);
		bucket_pass(&b, 1);
	}
}

/* Killed by: a price of 32 bits; a rest that multiplies before it divides. */
static void
a_hundred_gigabits_fit(void **state)
{
	struct bucket b;

	(void)state;
	bucket_start(&b, BUCKET_MAX_RATE, START);
	assert_int_equal(bucket_quantum(&b), 2500000);
	for (uint64_t i = 1; i <= 1000; i++) {
		assert_int_equal(bucket_ready_ns(&b, 2500000), START + i * BUCKET_QUANTUM_NS);
		bucket_pass(&b, 2500000);
	}
	bucket_rest(&b, START + 3600 * 24 * 365 * SECOND);
	assert_int_equal(b.credit, BUCKET_MAX_RATE * BUCKET_BURST_NS);
	assert_int_equal(bucket_ready_ns(&b, 2500000), b.stamp_ns);
	/* Times the rate a little more than 64 bits. */
	bucket_start(&b, BUCKET_MAX_RATE, START);
	bucket_rest(&b, START + 184467441);
	assert_int_equal(b.credit, BUCKET_MAX_RATE * BUCKET_BURST_NS);
}

/* Killed by: bucket_rest without its limit. */
static void
a_rest_earns_a_burst_and_no_more(void **state)
{
	struct bucket b;
	uint64_t now_ns;

	(void)state;
	bucket_start(&b, 8000000, START); /* an octet each microsecond */
	bucket_rest(&b, START + 300000);
	assert_int_equal(bucket_ready_ns(&b, 200), b.stamp_ns);
	bucket_pass(&b, 200);
	assert_int_equal(bucket_ready_ns(&b, 200), b.stamp_ns + 100000);
	now_ns = START + 3600 * SECOND;
	bucket_rest(&b, now_ns);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(bucket_ready_ns(&b, 200), now_ns);
		bucket_pass(&b, 200);
	}
	assert_int_equal(bucket_ready_ns(&b, 200), now_ns + 200000);
}

/* Killed by: bucket_rest that takes a time before its stamp; bucket_skip that earns, or goes back. */
static void
time_that_jumps_earns_nothing(void **state)
{
	struct bucket b;

	(void)state;
	bucket_start(&b, 8000000, START);
	bucket_rest(&b, START - SECOND);
	bucket_skip(&b, START - SECOND);
	assert_int_equal(bucket_ready_ns(&b, 100), START + 100000);
	bucket_skip(&b, START + 60 * SECOND);
	assert_int_equal(bucket_ready_ns(&b, 100), START + 60 * SECOND + 100000);
}

/* What was earned stays, in octets. Killed by: a bucket_set_rate that earns nothing until then, or keeps a burst of the old rate. */
static void
the_rate_changes_in_the_middle(void **state)
{
	struct bucket b;

	(void)state;
	bucket_start(&b, 8000000, START);
	bucket_set_rate(&b, 800000, START + 50000); /* 50 octets are there */
	assert_int_equal(bucket_ready_ns(&b, 100), START + 50000 + 500000);
	bucket_set_rate(&b, 8000000, START + 50000);
	bucket_rest(&b, START + SECOND);
	bucket_set_rate(&b, 800000, START + SECOND);
	assert_int_equal(bucket_ready_ns(&b, 100), START + SECOND);
	bucket_pass(&b, 100); /* 1 ms of the new rate */
	assert_int_equal(bucket_ready_ns(&b, 1), START + SECOND + 10000);
	/* An octet that is nearly there at the slowest rate. */
	bucket_start(&b, 1000, START);
	bucket_set_rate(&b, 2000, START + 7 * MS);
	assert_int_equal(bucket_ready_ns(&b, 1), START + 7 * MS + MS / 2);
}

/* Killed by: a quantum of 0 without a rate; a division by it. */
static void
without_a_rate_nothing_waits(void **state)
{
	struct bucket b;

	(void)state;
	bucket_start(&b, 0, START);
	bucket_rest(&b, START + SECOND);
	assert_int_equal(bucket_quantum(&b), UINT32_MAX);
	bucket_pass(&b, UINT32_MAX);
	assert_int_equal(bucket_ready_ns(&b, UINT32_MAX), START + SECOND);
	bucket_set_rate(&b, 8000, START + SECOND); /* an octet each millisecond */
	assert_int_equal(bucket_ready_ns(&b, 1), START + SECOND + MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_does_not_drift),
		cmocka_unit_test(a_kilobit_passes_octet_by_octet),
		cmocka_unit_test(a_hundred_gigabits_fit),
		cmocka_unit_test(a_rest_earns_a_burst_and_no_more),
		cmocka_unit_test(time_that_jumps_earns_nothing),
		cmocka_unit_test(the_rate_changes_in_the_middle),
		cmocka_unit_test(without_a_rate_nothing_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
