/* SPDX-License-Identifier: Apache-2.0 */
/* PAP and CHAP. The digests were made with Python's hashlib. */
#include "auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct ppp_control
control(const void *data, uint16_t size)
{
	return (struct ppp_control){.data = data, .size = size};
}

static void
assert_text(struct ppp_text text, const char *expected)
{
	assert_int_equal(text.size, strlen(expected));
	assert_memory_equal(text.data, expected, text.size);
}

/* ---- PAP ----------------------------------------------------------------------------------------------- */

/* Killed by: user and password changed round, a text with its length in it. */
static void
test_a_request_of_pap_is_read(void **state)
{
	static const char data[] = "\003ann\006secretx";
	struct ppp_control c = control(data, 12);
	struct pap_request request;

	(void)state;
	for (c.size = 11; c.size <= 12; c.size++) { /* with an octet behind the password, too */
		assert_true(pap_parse_request(&c, &request));
		assert_text(request.user, "ann");
		assert_text(request.password, "secret");
	}
	c = control("\0\0", 2);
	assert_true(pap_parse_request(&c, &request));
	assert_int_equal(request.user.size + request.password.size, 0);
}

/* Killed by: a bound that is off by one, at either text; writing half a request. */
static void
test_a_request_of_pap_that_is_cut_is_refused(void **state)
{
	static const char data[] = "\003ann\006secret";
	const struct pap_request before = {{NULL, 7}, {NULL, 8}};
	struct pap_request request = before;

	(void)state;
	for (uint16_t size = 0; size < 11; size++) {
		struct ppp_control c = control(data, size);

		assert_false(pap_parse_request(&c, &request));
	}
	assert_memory_equal(&request, &before, sizeof(before));
}

/* Killed by: the length of 255 read as signed; a longer text cut instead of refused. */
static void
test_texts_of_pap_have_255_octets_at_most(void **state)
{
	char text[257] = "";
	uint8_t data[600];
	struct pap_request request;
	struct ppp_control c;
	uint16_t size;

	(void)state;
	memset(text, 'x', 255);
	size = pap_put_request(data, sizeof(data), text, text);
	assert_int_equal(size, 512);
	c = control(data, size);
	assert_true(pap_parse_request(&c, &request));
	assert_text(request.user, text);
	assert_text(request.password, text);
	text[255] = 'x';
	assert_int_equal(pap_put_request(data, sizeof(data), text, "y"), 0);
	assert_int_equal(pap_put_request(data, sizeof(data), "y", text), 0);
	assert_int_equal(pap_put_answer(data, sizeof(data), text), 0);
}

/* Killed by: a bound that leaves out an octet of length. */
static void
test_pap_is_written_where_it_has_room(void **state)
{
	static const uint8_t expected[] = "\003ann\006secret";
	uint8_t data[12];

	(void)state;
	for (uint16_t room = 0; room < 12; room++) {
		memset(data, 0x55, sizeof(data));
		assert_int_equal(pap_put_request(data, room, "ann", "secret"), room < 11 ? 0 : 11);
		assert_int_equal(data[room], 0x55);
	}
	assert_memory_equal(data, expected, 11);
	assert_int_equal(pap_put_answer(data, 3, "no!"), 0);
	assert_int_equal(pap_put_answer(data, 4, "no!"), 4);
	assert_memory_equal(data, "\003no!", 4);
}

/* Killed by: refusing an answer without data; a bound that is off by one. */
static void
test_an_answer_of_pap_is_read(void **state)
{
	struct ppp_control c = control("\003no!", 4);
	struct ppp_text message;

	(void)state;
	assert_true(pap_parse_answer(&c, &message));
	assert_text(message, "no!");
	c.size = 3;
	assert_false(pap_parse_answer(&c, &message));
	c.size = 0;
	assert_true(pap_parse_answer(&c, &message));
	assert_int_equal(message.size, 0);
}

/* ---- CHAP ---------------------------------------------------------------------------------------------- */

/* Killed by: the name with the end of the value in it, a value without its last octet. */
static void
test_a_value_and_a_name_are_read(void **state)
{
	struct ppp_control c = control("\004abcdslim", 9);
	struct chap_value value;

	(void)state;
	assert_true(chap_parse_value(&c, &value));
	assert_text(value.value, "abcd");
	assert_text(value.name, "slim");
	c.size = 5;
	assert_true(chap_parse_value(&c, &value));
	assert_text(value.value, "abcd");
	assert_int_equal(value.name.size, 0);
}

/* Killed by: taking a value of no octets, a bound that is off by one. */
static void
test_a_value_that_lies_is_refused(void **state)
{
	struct chap_value value;

	(void)state;
	for (uint16_t size = 0; size < 5; size++) {
		struct ppp_control c = control("\004abcd", size);

		assert_false(chap_parse_value(&c, &value));
	}
	assert_false(chap_parse_value(
		&(struct ppp_control){.data = (const uint8_t *)"\0slim", .size = 5}, &value));
}

/* Killed by: a bound that leaves out the octet of size, or the name; a final zero in the packet. */
static void
test_a_value_is_written_where_it_has_room(void **state)
{
	uint8_t data[10];

	(void)state;
	for (uint16_t room = 0; room < 10; room++) {
		memset(data, 0x55, sizeof(data));
		assert_int_equal(chap_put_value(data, room, (const uint8_t *)"abcd", 4, "slim"),
				 room < 9 ? 0 : 9);
		assert_int_equal(data[room], 0x55);
	}
	assert_memory_equal(data, "\004abcdslim", 9);
	assert_int_equal(chap_put_value(data, sizeof(data), data, 0, "slim"), 0);
}

/* Killed by: another order of the three, one that is left out. */
static void
test_the_digest_is_that_of_rfc_1994(void **state)
{
	static const uint8_t challenge[CHAP_CHALLENGE_SIZE] = {0x10, 0x11, 0x12, 0x13, 0x14, 0x15,
							       0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b,
							       0x1c, 0x1d, 0x1e, 0x1f};
	static const uint8_t expected[CHAP_MD5_SIZE] = {0xcf, 0xc8, 0x39, 0xc8, 0xad, 0xe5,
							0xe0, 0x6f, 0x8a, 0x82, 0xea, 0x3b,
							0xc5, 0x16, 0x25, 0x30};
	static const uint8_t without_secret[CHAP_MD5_SIZE] = {0xd0, 0x7d, 0x34, 0xef, 0xac, 0x63,
							      0x28, 0x00, 0x7a, 0xd6, 0x7c, 0x7e,
							      0x0a, 0x98, 0x5e, 0x00};
	uint8_t digest[CHAP_MD5_SIZE];

	(void)state;
	assert_true(chap_md5(0x17, "correct horse", 13, challenge, sizeof(challenge), digest));
	assert_memory_equal(digest, expected, sizeof(digest));
	assert_true(chap_md5(0, NULL, 0, (const uint8_t *)"\xff", 1, digest));
	assert_memory_equal(digest, without_secret, sizeof(digest));
}

/* Killed by: comparing the shorter one's octets only, or all but the last. */
static void
test_secrets_are_the_same_in_full(void **state)
{
	(void)state;
	assert_true(ppp_same_secret("secret", 6, "secret", 6));
	assert_false(ppp_same_secret("secret", 6, "secreT", 6));
	assert_false(ppp_same_secret("Secret", 6, "secret", 6));
	assert_false(ppp_same_secret("secret", 6, "secrets", 7));
	assert_false(ppp_same_secret("secret", 6, "", 0));
	assert_true(ppp_same_secret("", 0, "", 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_request_of_pap_is_read),
		cmocka_unit_test(test_a_request_of_pap_that_is_cut_is_refused),
		cmocka_unit_test(test_texts_of_pap_have_255_octets_at_most),
		cmocka_unit_test(test_pap_is_written_where_it_has_room),
		cmocka_unit_test(test_an_answer_of_pap_is_read),
		cmocka_unit_test(test_a_value_and_a_name_are_read),
		cmocka_unit_test(test_a_value_that_lies_is_refused),
		cmocka_unit_test(test_a_value_is_written_where_it_has_room),
		cmocka_unit_test(test_the_digest_is_that_of_rfc_1994),
		cmocka_unit_test(test_secrets_are_the_same_in_full),
	};

	return cmocka_run_group_tests_name("pppoe auth", tests, NULL, NULL);
}
