/* SPDX-License-Identifier: Apache-2.0 */
/* Incremental checksums against the sum over all words. Killed by: dropping a carry fold in
 * nf_csum_apply(), or sending a computed UDP checksum of 0. */
#include "checksum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define N_WORDS 16

static uint16_t
naive(const uint16_t *words, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += words[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void
changes_agree_with_the_whole_sum(void **state)
{
	uint16_t words[N_WORDS];
	uint32_t address;

	(void)state;
	srand(1);
	for (int round = 0; round < 100000; round++) {
		uint16_t old, port = (uint16_t)rand();
		uint32_t new_address = (uint32_t)rand() * 3u, sum;

		for (int i = 0; i < N_WORDS; i++)
			words[i] = round % 7 == 0 ? (uint16_t)(rand() % 2 ? 0xffff : 0)
						  : (uint16_t)rand();
		words[0] = 1; /* all zero is no packet: the sum of a header never is */
		old = naive(words, N_WORDS);
		memcpy(&address, &words[2], 4);
		sum = nf_csum_diff32(0, address, new_address);
		sum = nf_csum_diff16(sum, words[6], port);
		memcpy(&words[2], &new_address, 4);
		words[6] = port;
		assert_int_equal(nf_csum_apply(old, sum), naive(words, N_WORDS));
	}
}

/* Bit by bit the same as the sum of 16-bit words, where both zeros of one's complement occur. */
static void
wide_sums_are_the_same(void **state)
{
	uint16_t words[10];

	(void)state;
	srand(2);
	for (int round = 0; round < 100000; round++) {
		uint32_t from, to, more, sum;
		uint16_t checksum = (uint16_t)rand();

		for (int i = 0; i < 10; i++)
			words[i] = round % 3 == 0 ? (uint16_t)(rand() % 2 ? 0xffff : 0)
						  : (uint16_t)rand();
		if (round % 2 == 0)
			words[5] = 0;
		words[0] |= 1; /* all zero is no header */
		words[3] &= (uint16_t)~UINT16_C(
			0x0101); /* nor has one all flags and the largest offset */
		if (round % 4 == 0)
			words[5] = naive(words, 10);
		assert_int_equal(nf_csum_is_right_20(words), naive(words, 10) == 0);
		memcpy(&from, words, 4);
		memcpy(&to, words + 2, 4);
		sum = nf_csum_diff32(nf_csum_diff16(0, words[4], words[5]), from, to);
		more = nf_csum_diff16((uint16_t)~checksum, words[4], words[5]);
		assert_int_equal(
			(uint16_t)~nf_csum_fold32(nf_csum_add32(nf_csum_replace32(from, to), more)),
			nf_csum_apply(checksum, sum));
	}
}

static void
udp_without_checksum_stays_so(void **state)
{
	(void)state;
	assert_int_equal(nf_csum_apply_udp(0, nf_csum_diff16(0, 1, 2)), 0);
}

static void
udp_never_gets_a_zero_checksum(void **state)
{
	(void)state;
	/* 0xfffe + 1 = 0xffff, of which the complement is 0. */
	assert_int_equal(nf_csum_apply(1, nf_csum_diff16(0, 0, 1)), 0);
	assert_int_equal(nf_csum_apply_udp(1, nf_csum_diff16(0, 0, 1)), 0xffff);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_agree_with_the_whole_sum),
		cmocka_unit_test(wide_sums_are_the_same),
		cmocka_unit_test(udp_without_checksum_stays_so),
		cmocka_unit_test(udp_never_gets_a_zero_checksum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
