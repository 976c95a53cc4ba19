/* SPDX-License-Identifier: Apache-2.0 */
/* Reader and writer of configuration options. */
#include "option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* MRU 1492, CHAP with MD5, a magic number, and a flag without data. */
static const uint8_t list[] = {1, 4, 0x05, 0xd4, 3,    5,    0xc2, 0x23, 5,
			       5, 6, 0xde, 0xad, 0xbe, 0xef, 7,    2};

/* Killed by: a size with the head of the option in it, a step that is too short or too long, numbers in host order. */
static void
test_options_are_read_in_order(void **state)
{
	static const struct {
		uint8_t type, size;
	} expected[] = {{LCP_MRU, 2},
			{LCP_AUTHENTICATION, 3},
			{LCP_MAGIC, 4},
			{LCP_PROTOCOL_COMPRESSION, 0}};
	struct ppp_options options = {list, sizeof(list)};
	struct ppp_option o;

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_int_equal(ppp_option_next(&options, &o), PPP_NEXT_OPTION);
		assert_int_equal(o.type, expected[i].type);
		assert_int_equal(o.size, expected[i].size);
		if (o.type == LCP_MRU)
			assert_int_equal(ppp_option_u16(&o), 1492);
		if (o.type == LCP_MAGIC)
			assert_true(ppp_option_u32(&o) == 0xdeadbeef);
	}
	assert_int_equal(ppp_option_next(&options, &o), PPP_NEXT_END);
	assert_int_equal(ppp_option_next(&options, &o), PPP_NEXT_END);
	assert_true(ppp_options_are_whole(list, sizeof(list)));
}

/* Only where an option ends does a list end. Killed by: a bound of the data that is off by one; with AddressSanitizer:
 * one of the head. */
static void
test_a_list_that_is_cut_is_bad(void **state)
{
	(void)state;
	assert_true(ppp_options_are_whole(list, 0));
	for (uint16_t size = 1; size <= sizeof(list); size++) {
		bool whole = size == 4 || size == 9 || size == 15 || size == 17;
		uint8_t *octets = malloc(size);

		assert_non_null(octets);
		memcpy(octets, list, size);
		assert_int_equal(ppp_options_are_whole(octets, size), whole);
		free(octets);
	}
}

/* Killed by: taking a length of 0 or 1, with which a reader stands still or goes back. */
static void
test_a_length_below_two_is_bad(void **state)
{
	uint8_t option[] = {1, 0, 0, 0};
	struct ppp_options options = {option, sizeof(option)};
	struct ppp_option o;

	(void)state;
	for (uint8_t length = 0; length < 2; length++) {
		option[1] = length;
		assert_int_equal(ppp_option_next(&options, &o), PPP_NEXT_BAD);
		assert_int_equal(ppp_option_next(&options, &o), PPP_NEXT_BAD);
		assert_false(ppp_options_are_whole(option, sizeof(option)));
	}
}

/* Killed by: a length with its head left out, numbers in host order. */
static void
test_options_are_written(void **state)
{
	uint8_t octets[sizeof(list)];
	struct ppp_writer w = {.at = octets, .left = sizeof(octets)};

	(void)state;
	ppp_put_u16(&w, LCP_MRU, 1492);
	ppp_put_option(&w, LCP_AUTHENTICATION, "\xc2\x23\x05", 3);
	ppp_put_u32(&w, LCP_MAGIC, 0xdeadbeef);
	ppp_put_option(&w, LCP_PROTOCOL_COMPRESSION, NULL, 0);
	assert_false(w.full);
	assert_int_equal(w.left, 0);
	assert_memory_equal(octets, list, sizeof(list));
}

/* Killed by: a bound that leaves out the head of the option; writing behind what found no room. */
static void
test_what_finds_no_room_is_not_written(void **state)
{
	uint8_t octets[8] = {0};
	static const uint8_t zeros[4];

	(void)state;
	for (uint16_t room = 0; room <= 4; room++) {
		struct ppp_writer w = {.at = octets, .left = room};

		ppp_put_u16(&w, LCP_MRU, 1492);
		assert_int_equal(w.full, room < 4);
		assert_memory_equal(octets + room, zeros, 4);
		ppp_put_option(&w, LCP_PROTOCOL_COMPRESSION, NULL, 0);
		assert_true(w.full);
		memset(octets, 0, sizeof(octets));
	}
}

/* Killed by: a length that goes round at 256. */
static void
test_an_option_has_253_octets_at_most(void **state)
{
	static const uint8_t data[PPP_OPTION_MAX + 1];
	uint8_t octets[600];
	struct ppp_writer w = {.at = octets, .left = sizeof(octets)};

	(void)state;
	ppp_put_option(&w, 9, data, PPP_OPTION_MAX);
	assert_false(w.full);
	assert_int_equal(octets[1], 255);
	ppp_put_option(&w, 9, data, PPP_OPTION_MAX + 1);
	assert_true(w.full);
	assert_int_equal(w.left, sizeof(octets) - 255);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options_are_read_in_order),
		cmocka_unit_test(test_a_list_that_is_cut_is_bad),
		cmocka_unit_test(test_a_length_below_two_is_bad),
		cmocka_unit_test(test_options_are_written),
		cmocka_unit_test(test_what_finds_no_room_is_not_written),
		cmocka_unit_test(test_an_option_has_253_octets_at_most),
	};

	return cmocka_run_group_tests_name("pppoe option", tests, NULL, NULL);
}
