/* SPDX-License-Identifier: Apache-2.0 */
/* The head of PPP's control packets. */
#include "ppp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const uint8_t echo[] = {9, 0x2a, 0, 8, 1, 2, 3, 4, 0, 0, 0};
#define ECHO_LENGTH 8u

/* Killed by: code and identifier changed round, a size with the head in it, padding taken for data. */
static void
test_a_packet_is_read(void **state)
{
	struct ppp_control c;

	(void)state;
	for (uint32_t size = ECHO_LENGTH; size <= sizeof(echo); size++) {
		assert_true(ppp_control_parse(echo, size, &c));
		assert_int_equal(c.code, PPP_ECHO_REQUEST);
		assert_int_equal(c.identifier, 0x2a);
		assert_int_equal(c.size, 4);
		assert_ptr_equal(c.data, echo + 4);
	}
}

/* Killed by: "length < size" for "length > size"; with AddressSanitizer: a bound of the head that is off by one. */
static void
test_what_is_cut_is_refused(void **state)
{
	const struct ppp_control before = {.code = 77};
	struct ppp_control c = before;

	(void)state;
	for (uint32_t size = 1; size < ECHO_LENGTH; size++) {
		uint8_t *packet = malloc(size);

		assert_non_null(packet);
		memcpy(packet, echo, size);
		assert_false(ppp_control_parse(packet, size, &c));
		free(packet);
	}
	assert_memory_equal(&c, &before, sizeof(c));
}

/* Killed by: taking a length below the head's, which makes a size of 65,535. */
static void
test_a_length_below_the_head_is_refused(void **state)
{
	uint8_t packet[] = {5, 1, 0, 0, 9, 9};
	struct ppp_control c;

	(void)state;
	for (uint8_t length = 0; length < PPP_HEAD; length++) {
		packet[3] = length;
		assert_false(ppp_control_parse(packet, sizeof(packet), &c));
	}
	packet[3] = PPP_HEAD;
	assert_true(ppp_control_parse(packet, sizeof(packet), &c));
	assert_int_equal(c.size, 0);
}

/* Killed by: reading one octet of the length only. */
static void
test_a_length_has_two_octets(void **state)
{
	static uint8_t packet[PPP_CONTROL_MAX] = {9, 1, PPP_CONTROL_MAX >> 8,
						  PPP_CONTROL_MAX & 0xff};
	struct ppp_control c;

	(void)state;
	assert_true(ppp_control_parse(packet, sizeof(packet), &c));
	assert_int_equal(c.size, PPP_CONTROL_MAX - PPP_HEAD);
	assert_false(ppp_control_parse(packet, sizeof(packet) - 1, &c));
}

/* Killed by: a length without the head. */
static void
test_a_head_is_written(void **state)
{
	uint8_t packet[5] = {0, 0, 0, 0, 0x55};

	(void)state;
	assert_int_equal(ppp_control_head(packet, PPP_TERMINATE_ACK, 200, 0x204), 0x208);
	assert_memory_equal(packet, "\x06\xc8\x02\x08\x55", sizeof(packet));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_packet_is_read),
		cmocka_unit_test(test_what_is_cut_is_refused),
		cmocka_unit_test(test_a_length_below_the_head_is_refused),
		cmocka_unit_test(test_a_length_has_two_octets),
		cmocka_unit_test(test_a_head_is_written),
	};

	return cmocka_run_group_tests_name("pppoe ppp", tests, NULL, NULL);
}
