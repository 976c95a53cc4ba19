/* SPDX-License-Identifier: Apache-2.0 */
/* Disconnect-Requests: whom they name, and their answers. Each test names what kills it. */
#include "radius_disconnect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECRET "weiter"

static uint8_t bytes[RADIUS_MAX];
static struct radius_writer w;
static struct radius_packet request;

static int
begin(void **state)
{
	(void)state;
	radius_begin(&w, bytes, sizeof(bytes), RADIUS_DISCONNECT_REQUEST, 9, NULL);
	radius_put_signature(&w);
	return 0;
}

static uint16_t
read_it(struct radius_disconnect *ret)
{
	assert_true(radius_parse(bytes, radius_end_digest(&w, SECRET), &request));
	assert_int_equal(radius_judge_request(&request, SECRET), RADIUS_GOOD);
	return radius_disconnect_read(&request, ret);
}

/* Killed by: an attribute that is not looked at, or another one's place. */
static void
all_that_names_a_session_is_read(void **state)
{
	struct radius_disconnect d;

	(void)state;
	radius_put_text(&w, RADIUS_USER_NAME, "alice@isp");
	radius_put_text(&w, RADIUS_ACCT_SESSION_ID, "0123456789abCDEF");
	radius_put_number(&w, RADIUS_FRAMED_IP_ADDRESS, 0xc0000205);
	radius_put_text(&w, RADIUS_CALLING_STATION_ID, "02-00-00-AA-bb-0C");
	radius_put_number(&w, RADIUS_NAS_PORT, 77);
	radius_put_text(&w, RADIUS_NAS_IDENTIFIER, "ac1");
	radius_put_number(&w, RADIUS_NAS_IP_ADDRESS, 1);
	radius_put_number(&w, RADIUS_EVENT_TIMESTAMP, 1234567);
	radius_put_number(&w, RADIUS_ACCT_TERMINATE_CAUSE, 6);
	assert_int_equal(read_it(&d), 0);
	assert_int_equal(d.named, RADIUS_NAMES_USER | RADIUS_NAMES_ACCOUNTING | RADIUS_NAMES_IPV4 |
					  RADIUS_NAMES_MAC | RADIUS_NAMES_SESSION_ID);
	assert_string_equal(d.user, "alice@isp");
	assert_true(d.accounting_id == UINT64_C(0x0123456789abcdef));
	assert_int_equal(d.ipv4, rte_cpu_to_be_32(0xc0000205));
	assert_memory_equal(d.mac.addr_bytes, "\x02\x00\x00\xaa\xbb\x0c", 6);
	assert_int_equal(d.session_id, 77);
	assert_string_equal(d.nas_identifier, "ac1");
	assert_int_equal(d.timestamp, 1234567);
}

/* Killed by: a request for all sessions. */
static void
who_names_nobody_is_refused(void **state)
{
	struct radius_disconnect d;

	(void)state;
	radius_put_text(&w, RADIUS_NAS_IDENTIFIER, "ac1");
	assert_int_equal(read_it(&d), RADIUS_MISSING_ATTRIBUTE);
}

/* Killed by: an attribute that is passed over, as if it had not restricted the request. */
static void
what_is_not_known_is_refused(void **state)
{
	struct radius_disconnect d;

	(void)state;
	radius_put_text(&w, RADIUS_USER_NAME, "alice");
	radius_put_number(&w, 51, 1);
	assert_int_equal(read_it(&d), RADIUS_UNSUPPORTED_ATTRIBUTE);
	begin(NULL);
	radius_put_text(&w, RADIUS_USER_NAME, "alice");
	radius_put_number(&w, RADIUS_SERVICE_TYPE, 17);
	assert_int_equal(read_it(&d), RADIUS_UNSUPPORTED_SERVICE);
}

/* Of each: a value that no session of ours has. Killed by: a value that is cut, or taken for a good one. */
static void
who_cannot_be_here_is_not_found(void **state)
{
	static const struct {
		uint8_t type;
		uint8_t size;
		const char *value;
		uint16_t cause;
	} wrong[] = {
		{RADIUS_USER_NAME, 0, "", RADIUS_SESSION_NOT_FOUND},
		{RADIUS_USER_NAME, 64,
		 "0123456789012345678901234567890123456789012345678901234567890123",
		 RADIUS_SESSION_NOT_FOUND},
		{RADIUS_USER_NAME, 7, "alice\0b", RADIUS_SESSION_NOT_FOUND},
		{RADIUS_ACCT_SESSION_ID, 15, "0123456789abcde", RADIUS_SESSION_NOT_FOUND},
		{RADIUS_ACCT_SESSION_ID, 16, "0123456789abcdeg", RADIUS_SESSION_NOT_FOUND},
		{RADIUS_ACCT_SESSION_ID, 17, "0123456789abcdef0", RADIUS_SESSION_NOT_FOUND},
		{RADIUS_FRAMED_IP_ADDRESS, 3, "\1\2\3", RADIUS_INVALID_REQUEST},
		{RADIUS_FRAMED_IP_ADDRESS, 4, "\0\0\0\0", RADIUS_SESSION_NOT_FOUND},
		{RADIUS_NAS_PORT, 4, "\0\1\0\1", RADIUS_SESSION_NOT_FOUND},
		{RADIUS_NAS_PORT, 4, "\0\0\0\0", RADIUS_SESSION_NOT_FOUND},
		{RADIUS_NAS_PORT, 2, "\0\1", RADIUS_INVALID_REQUEST},
		{RADIUS_CALLING_STATION_ID, 12, "020000aabbcc", RADIUS_SESSION_NOT_FOUND},
		{RADIUS_CALLING_STATION_ID, 17, "02-00-00-aa-bb-0x", RADIUS_SESSION_NOT_FOUND},
		{RADIUS_CALLING_STATION_ID, 17, "02-00-00+aa-bb-cc", RADIUS_SESSION_NOT_FOUND},
		{RADIUS_NAS_IDENTIFIER, 0, "", RADIUS_NAS_MISMATCH},
		{RADIUS_EVENT_TIMESTAMP, 3, "\1\2\3", RADIUS_INVALID_REQUEST},
	};
	struct radius_disconnect d;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		begin(NULL);
		radius_put(&w, wrong[i].type, wrong[i].value, wrong[i].size);
		assert_int_equal(read_it(&d), wrong[i].cause);
	}
}

/* Killed by: an answer without the cause, the signature or the Proxy-States, or under another identifier. */
static void
answers_are_signed_and_keep_the_proxys_state(void **state)
{
	uint8_t answer[RADIUS_MAX];
	struct radius_disconnect d;
	struct radius_attribute a;
	struct radius_packet p;
	uint32_t cause;

	(void)state;
	radius_put_text(&w, RADIUS_USER_NAME, "alice");
	radius_put_text(&w, RADIUS_PROXY_STATE, "abc");
	assert_int_equal(read_it(&d), 0);
	assert_true(radius_parse(
		answer, radius_disconnect_answer(&request, 0, SECRET, answer, sizeof(answer)), &p));
	assert_int_equal(radius_code(&p), RADIUS_DISCONNECT_ACK);
	assert_int_equal(radius_identifier(&p), 9);
	assert_int_equal(radius_judge_answer(&p, radius_authenticator(&request), SECRET),
			 RADIUS_GOOD);
	assert_true(radius_find(&p, RADIUS_PROXY_STATE, &a));
	assert_memory_equal(a.data, "abc", 3);
	assert_false(radius_find_number(&p, RADIUS_ERROR_CAUSE, &cause));
	assert_true(radius_parse(answer,
				 radius_disconnect_answer(&request, RADIUS_SESSION_NOT_FOUND,
							  SECRET, answer, sizeof(answer)),
				 &p));
	assert_int_equal(radius_code(&p), RADIUS_DISCONNECT_NAK);
	assert_true(radius_find_number(&p, RADIUS_ERROR_CAUSE, &cause));
	assert_int_equal(cause, 503);
	assert_int_equal(radius_disconnect_answer(&request, 0, SECRET, answer, 30), 0);
}

/* What we write of a session leads back to it. */
static void
names_are_read_as_they_are_written(void **state)
{
	const struct rte_ether_addr mac = {{2, 0, 0xfe, 0x10, 0x99, 0xab}};
	char session[RADIUS_SESSION_ID_SIZE], station[RADIUS_STATION_SIZE];
	struct radius_disconnect d;

	(void)state;
	radius_put_session_id(UINT64_C(0xfedcba9876543210), session);
	radius_put_station(&mac, station);
	radius_put_text(&w, RADIUS_ACCT_SESSION_ID, session);
	radius_put_text(&w, RADIUS_CALLING_STATION_ID, station);
	assert_int_equal(read_it(&d), 0);
	assert_true(d.accounting_id == UINT64_C(0xfedcba9876543210));
	assert_memory_equal(&d.mac, &mac, sizeof(mac));
}

#define TEST(f) cmocka_unit_test_setup(f, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_that_names_a_session_is_read),
		TEST(who_names_nobody_is_refused),
		TEST(what_is_not_known_is_refused),
		TEST(who_cannot_be_here_is_not_found),
		TEST(answers_are_signed_and_keep_the_proxys_state),
		TEST(names_are_read_as_they_are_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
