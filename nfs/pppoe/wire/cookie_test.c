/* SPDX-License-Identifier: Apache-2.0 */
/* Cookies: whose they are, how long they are good, and that nobody else makes one. */
#include "cookie.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const uint8_t key[PPPOE_COOKIE_KEY] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
static const struct pppoe_cookie_line line = {
	.mac = {2, 0, 0, 0, 0, 7}, .outer = 100, .inner = 200};

#define LIFETIME 30u

static enum pppoe_cookie_verdict
judge(uint32_t age_s, const uint8_t *cookie)
{
	return pppoe_cookie_judge(key, age_s, LIFETIME, &line, cookie, PPPOE_COOKIE_SIZE);
}

/* Made by another implementation of HMAC-SHA256: stamp 0x01020304, MAC address, 100, 200. Killed by: another order of
 * what is signed, another byte order, another digest, another cut. */
static void
it_is_the_digest_that_it_says(void **state)
{
	static const uint8_t right[PPPOE_COOKIE_SIZE] = {0x01, 0x02, 0x03, 0x04, 0x79, 0x18, 0x67,
							 0x1a, 0x50, 0xbe, 0xf3, 0x48, 0x51, 0x15,
							 0x0c, 0x81, 0xf8, 0xe0, 0xe8, 0x3a};
	uint8_t cookie[PPPOE_COOKIE_SIZE];

	(void)state;
	assert_true(pppoe_cookie_make(key, 0x01020304, &line, cookie));
	assert_memory_equal(cookie, right, sizeof(right));
}

/* Killed by: a lifetime that is a second too short or too long. */
static void
it_is_good_for_its_time(void **state)
{
	uint8_t cookie[PPPOE_COOKIE_SIZE];

	(void)state;
	assert_true(pppoe_cookie_make(key, 1000, &line, cookie));
	assert_int_equal(judge(1000, cookie), PPPOE_COOKIE_GOOD);
	assert_int_equal(judge(1000 + LIFETIME, cookie), PPPOE_COOKIE_GOOD);
	assert_int_equal(judge(1001 + LIFETIME, cookie), PPPOE_COOKIE_OLD);
	assert_int_equal(judge(UINT32_MAX, cookie), PPPOE_COOKIE_OLD);
}

/* Killed by: the stamp not compared with now: an age that wraps is small, or is "old". */
static void
one_from_the_future_is_forged(void **state)
{
	uint8_t cookie[PPPOE_COOKIE_SIZE];

	(void)state;
	assert_true(pppoe_cookie_make(key, 1000, &line, cookie));
	assert_int_equal(judge(999, cookie), PPPOE_COOKIE_FORGED);
	assert_int_equal(judge(0, cookie), PPPOE_COOKIE_FORGED);
	assert_true(pppoe_cookie_make(key, UINT32_MAX, &line, cookie));
	assert_int_equal(judge(0, cookie),
			 PPPOE_COOKIE_FORGED); /* one second later, if it wrapped */
	assert_int_equal(judge(UINT32_MAX - 1, cookie), PPPOE_COOKIE_FORGED);
	assert_int_equal(judge(UINT32_MAX, cookie), PPPOE_COOKIE_GOOD);
}

/* Nothing wraps at the ends of time. Killed by: stamp and lifetime added. */
static void
the_ends_of_time(void **state)
{
	uint8_t cookie[PPPOE_COOKIE_SIZE];

	(void)state;
	assert_true(pppoe_cookie_make(key, 0, &line, cookie));
	assert_int_equal(judge(0, cookie), PPPOE_COOKIE_GOOD);
	assert_int_equal(judge(LIFETIME + 1, cookie), PPPOE_COOKIE_OLD);
	assert_true(pppoe_cookie_make(key, UINT32_MAX - 1, &line, cookie));
	assert_int_equal(judge(UINT32_MAX, cookie), PPPOE_COOKIE_GOOD);
	assert_int_equal(
		pppoe_cookie_judge(key, UINT32_MAX, UINT32_MAX, &line, cookie, PPPOE_COOKIE_SIZE),
		PPPOE_COOKIE_GOOD);
}

/* Killed by: an octet that is not compared, the stamp's among them. */
static void
each_bit_of_it_counts(void **state)
{
	(void)state;
	for (unsigned int bit = 0; bit < 8 * PPPOE_COOKIE_SIZE; bit++) {
		uint8_t cookie[PPPOE_COOKIE_SIZE];

		assert_true(pppoe_cookie_make(key, 1000, &line, cookie));
		cookie[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(judge(1000, cookie), PPPOE_COOKIE_FORGED);
		assert_int_equal(judge(UINT32_MAX, cookie),
				 PPPOE_COOKIE_FORGED); /* not "old" either */
	}
}

/* Killed by: an octet of the MAC address, or a VLAN, that is not signed. */
static void
it_is_of_one_line(void **state)
{
	uint8_t cookie[PPPOE_COOKIE_SIZE];

	(void)state;
	assert_true(pppoe_cookie_make(key, 1000, &line, cookie));
	for (unsigned int bit = 0; bit < 8 * (6 + 2 + 2); bit++) {
		struct pppoe_cookie_line other = line;

		if (bit < 48)
			other.mac[bit / 8] ^= (uint8_t)(1u << bit % 8);
		else if (bit < 64)
			other.outer ^= (uint16_t)(1u << bit % 8 << (bit >= 56 ? 8 : 0));
		else
			other.inner ^= (uint16_t)(1u << bit % 8 << (bit >= 72 ? 8 : 0));
		assert_int_equal(
			pppoe_cookie_judge(key, 1000, LIFETIME, &other, cookie, PPPOE_COOKIE_SIZE),
			PPPOE_COOKIE_FORGED);
	}
}

/* Killed by: the two exchanged in what is signed, or added. */
static void
outer_and_inner_are_not_the_same(void **state)
{
	struct pppoe_cookie_line other = {.mac = {2, 0, 0, 0, 0, 7}, .outer = 200, .inner = 100};
	uint8_t cookie[PPPOE_COOKIE_SIZE];

	(void)state;
	assert_true(pppoe_cookie_make(key, 1000, &line, cookie));
	assert_int_equal(pppoe_cookie_judge(key, 1000, LIFETIME, &other, cookie, PPPOE_COOKIE_SIZE),
			 PPPOE_COOKIE_FORGED);
}

/* Killed by: a key that is not used to its end. */
static void
each_octet_of_the_key_counts(void **state)
{
	uint8_t cookie[PPPOE_COOKIE_SIZE];

	(void)state;
	assert_true(pppoe_cookie_make(key, 1000, &line, cookie));
	for (unsigned int i = 0; i < PPPOE_COOKIE_KEY; i++) {
		uint8_t other[PPPOE_COOKIE_KEY];

		memcpy(other, key, sizeof(other));
		other[i] ^= 0x80;
		assert_int_equal(
			pppoe_cookie_judge(other, 1000, LIFETIME, &line, cookie, PPPOE_COOKIE_SIZE),
			PPPOE_COOKIE_FORGED);
	}
}

/* Killed by: the size not looked at: a prefix would do, none at all, or octets behind it. */
static void
another_size_is_forged(void **state)
{
	uint8_t cookie[PPPOE_COOKIE_SIZE + 1] = {0};

	(void)state;
	assert_true(pppoe_cookie_make(key, 1000, &line, cookie));
	for (uint16_t size = 0; size <= sizeof(cookie); size++)
		assert_int_equal(pppoe_cookie_judge(key, 1000, LIFETIME, &line, cookie, size),
				 size == PPPOE_COOKIE_SIZE ? PPPOE_COOKIE_GOOD
							   : PPPOE_COOKIE_FORGED);
	assert_int_equal(pppoe_cookie_judge(key, 1000, LIFETIME, &line, NULL, 0),
			 PPPOE_COOKIE_FORGED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_the_digest_that_it_says),
		cmocka_unit_test(it_is_good_for_its_time),
		cmocka_unit_test(one_from_the_future_is_forged),
		cmocka_unit_test(the_ends_of_time),
		cmocka_unit_test(each_bit_of_it_counts),
		cmocka_unit_test(it_is_of_one_line),
		cmocka_unit_test(outer_and_inner_are_not_the_same),
		cmocka_unit_test(each_octet_of_the_key_counts),
		cmocka_unit_test(another_size_is_forged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
