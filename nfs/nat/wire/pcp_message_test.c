/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of PCP, byte by byte (RFC 6887 sections 7, 8 and 11). Killed by: leaving out the check that a
 * case names, or another place for a field. */
#include "pcp_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define CLIENT 0x64400307u /* 100.64.3.7 */

/* MAP of UDP port 0x1388 for 0xe10 seconds, suggesting 198.51.100.1 port 0x2007. */
static const uint8_t map_request[] = {
	2,    1,    0,    0,                                   /* version, opcode */
	0,    0,    0x0e, 0x10,                                /* lifetime */
	0,    0,    0,    0,    0, 0, 0, 0, 0, 0,  0xff, 0xff, /* client */
	100,  64,   3,    7,                                   /* */
	1,    2,    3,    4,    5, 6, 7, 8, 9, 10, 11,   12,   /* nonce */
	17,   0,    0,    0,                                   /* protocol */
	0x13, 0x88, 0x20, 0x07,                                /* ports */
	0,    0,    0,    0,    0, 0, 0, 0, 0, 0,  0xff, 0xff, /* external */
	198,  51,   100,  1,
};

static uint8_t bytes[NAT_PCP_MAX_SIZE];
static struct nat_pcp_request request;

/* The good request with other bytes in one place. */
static void
prepare(size_t at, const void *other, size_t size)
{
	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, map_request, sizeof(map_request));
	memcpy(bytes + at, other, size);
}

static int
decode(size_t size)
{
	return nat_pcp_decode(bytes, size, CLIENT, &request);
}

static void
map_is_taken_apart(void **state)
{
	(void)state;
	prepare(0, "", 0);
	assert_int_equal(decode(60), NAT_PCP_SUCCESS);
	assert_int_equal(request.opcode, NAT_PCP_MAP);
	assert_int_equal(request.lifetime, 3600);
	assert_memory_equal(request.nonce, map_request + 24, 12);
	assert_int_equal(request.protocol, 17);
	assert_int_equal(request.inside_port, 5000);
	assert_int_equal(request.suggested_port, 0x2007);
	assert_int_equal(request.suggested_address, 0xc6336401);
	assert_false(request.prefer_failure);
	prepare(44, (uint8_t[16]){0}, 16); /* :: is as good as ::ffff:0.0.0.0 */
	assert_int_equal(decode(60), NAT_PCP_SUCCESS);
	assert_int_equal(request.suggested_address, 0);
	prepare(44, "\x20\x01\x0d\xb8", 4);
	assert_int_equal(decode(60), NAT_PCP_SUCCESS);
	assert_int_equal(request.suggested_address, NAT_PCP_OTHER_FAMILY);
}

static void
announce_is_taken(void **state)
{
	(void)state;
	prepare(1, "\0", 1);
	assert_int_equal(decode(24), NAT_PCP_SUCCESS);
	assert_int_equal(request.opcode, NAT_PCP_ANNOUNCE);
}

static void
what_is_no_request_meets_silence(void **state)
{
	(void)state;
	prepare(0, "", 0);
	assert_int_equal(decode(0), NAT_PCP_SILENCE);
	assert_int_equal(decode(1), NAT_PCP_SILENCE);
	prepare(1, "\x81", 1); /* a response */
	assert_int_equal(decode(60), NAT_PCP_SILENCE);
}

static void
headers_are_checked(void **state)
{
	(void)state;
	prepare(0, "\0", 1); /* NAT-PMP */
	assert_int_equal(decode(2), NAT_PCP_UNSUPP_VERSION);
	prepare(0, "\3", 1);
	assert_int_equal(decode(60), NAT_PCP_UNSUPP_VERSION);
	prepare(0, "", 0);
	assert_int_equal(decode(20), NAT_PCP_MALFORMED_REQUEST);
	assert_int_equal(decode(56), NAT_PCP_MALFORMED_REQUEST);
	assert_int_equal(decode(61), NAT_PCP_MALFORMED_REQUEST);
	assert_int_equal(decode(1104), NAT_PCP_MALFORMED_REQUEST);
	prepare(1, "\2", 1); /* PEER */
	assert_int_equal(decode(80), NAT_PCP_UNSUPP_OPCODE);
	prepare(23, "\6", 1);
	assert_int_equal(decode(60), NAT_PCP_ADDRESS_MISMATCH);
	prepare(18, "\0", 1); /* not IPv4-mapped */
	assert_int_equal(decode(60), NAT_PCP_ADDRESS_MISMATCH);
}

static void
options_are_checked(void **state)
{
	(void)state;
	prepare(60, "\2\0\0\0", 4);
	assert_int_equal(decode(64), NAT_PCP_SUCCESS);
	assert_true(request.prefer_failure);
	prepare(60, "\2\0\0\0\2\0\0\0", 8);
	assert_int_equal(decode(68), NAT_PCP_MALFORMED_OPTION);
	prepare(60, "\2\0\0\4", 4);
	assert_int_equal(decode(68), NAT_PCP_MALFORMED_OPTION);
	prepare(60, "\1\0\0\x10", 4); /* THIRD_PARTY */
	assert_int_equal(decode(80), NAT_PCP_UNSUPP_OPTION);
	prepare(60, "\1\0\0\4", 4);
	assert_int_equal(decode(68), NAT_PCP_MALFORMED_OPTION);
	prepare(60, "\3\0\0\x14", 4); /* FILTER */
	assert_int_equal(decode(84), NAT_PCP_UNSUPP_OPTION);
	prepare(60, "\3\0\0\4", 4);
	assert_int_equal(decode(68), NAT_PCP_MALFORMED_OPTION);
	prepare(60, "\x7f\0\0\0", 4);
	assert_int_equal(decode(64), NAT_PCP_UNSUPP_OPTION);
	/* One that nobody must understand, with 3 bytes and one to fill up, before one of ours. */
	prepare(60, "\x80\0\0\3abc\0\2\0\0\0", 12);
	assert_int_equal(decode(72), NAT_PCP_SUCCESS);
	assert_true(request.prefer_failure);
	/* Longer than the message, also by what fills it up. */
	prepare(60, "\x80\0\0\5", 4);
	assert_int_equal(decode(68), NAT_PCP_MALFORMED_OPTION);
	prepare(60, "\x80\0\xff\xff", 4);
	assert_int_equal(decode(64), NAT_PCP_MALFORMED_OPTION);
	/* Not with ANNOUNCE. */
	prepare(1, "\0", 1);
	memcpy(bytes + 24, "\2\0\0\0", 4);
	assert_int_equal(decode(28), NAT_PCP_MALFORMED_OPTION);
}

static void
success_tells_what_was_assigned(void **state)
{
	const struct nat_pcp_response response = {
		.lifetime = 0x01020304, .epoch = 0x05060708, .port = 0x3007, .address = 0xc6336400};

	(void)state;
	prepare(60, "\x80\0\0\0", 4);
	memset(bytes + 2, 0xee, 2);
	memset(bytes + 12, 0xee, 12);
	memset(bytes + 37, 0xee, 3);
	assert_int_equal(nat_pcp_respond(bytes, 64, &response), 60);
	assert_memory_equal(bytes,
			    "\2\x81\0\0\1\2\3\4\5\6\7\x8\0\0\0\0\0\0\0\0\0\0\0\0"
			    "\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\x11\0\0\0\x13\x88\x30\x07"
			    "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc6\x33\x64\0",
			    60);
}

static void
obeyed_option_is_repeated(void **state)
{
	const struct nat_pcp_response response = {.prefer_failure = true};

	(void)state;
	prepare(60, "\x80\0\0\0\2\0\0\0", 8);
	assert_int_equal(nat_pcp_respond(bytes, 68, &response), 64);
	assert_memory_equal(bytes + 60, "\2\0\0\0", 4);
}

static void
announce_is_answered_by_a_header(void **state)
{
	const struct nat_pcp_response response = {.epoch = 9};

	(void)state;
	prepare(1, "\0", 1);
	assert_int_equal(nat_pcp_respond(bytes, 28, &response), 24);
	assert_memory_equal(bytes, "\2\x80\0\0\0\0\0\0\0\0\0\x9\0\0\0\0\0\0\0\0\0\0\0\0", 24);
}

static void
errors_repeat_the_request(void **state)
{
	struct nat_pcp_response response = {.result = NAT_PCP_UNSUPP_VERSION, .lifetime = 1800};

	(void)state;
	/* NAT-PMP: two bytes, the rest of the buffer is not ours. */
	memset(bytes, 0xee, sizeof(bytes));
	memcpy(bytes, "\0\0", 2);
	assert_int_equal(nat_pcp_respond(bytes, 2, &response), 24);
	assert_memory_equal(bytes, "\2\x80\0\1\0\0\x07\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24);
	response.result = NAT_PCP_MALFORMED_REQUEST;
	prepare(0, "", 0);
	bytes[61] = 0xee;
	assert_int_equal(nat_pcp_respond(bytes, 61, &response), 64);
	assert_memory_equal(bytes + 24, map_request + 24, 36);
	assert_memory_equal(bytes + 60, "\0\0\0\0", 4);
	assert_int_equal(nat_pcp_respond(bytes, 1400, &response), NAT_PCP_MAX_SIZE);
}

static void
errors_last_by_their_kind(void **state)
{
	(void)state;
	assert_int_equal(nat_pcp_error_lifetime(NAT_PCP_NO_RESOURCES), 30);
	assert_int_equal(nat_pcp_error_lifetime(NAT_PCP_USER_EX_QUOTA), 30);
	assert_int_equal(nat_pcp_error_lifetime(NAT_PCP_CANNOT_PROVIDE_EXTERNAL), 30);
	assert_int_equal(nat_pcp_error_lifetime(NAT_PCP_UNSUPP_OPCODE), 1800);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(map_is_taken_apart),
		cmocka_unit_test(announce_is_taken),
		cmocka_unit_test(what_is_no_request_meets_silence),
		cmocka_unit_test(headers_are_checked),
		cmocka_unit_test(options_are_checked),
		cmocka_unit_test(success_tells_what_was_assigned),
		cmocka_unit_test(obeyed_option_is_repeated),
		cmocka_unit_test(announce_is_answered_by_a_header),
		cmocka_unit_test(errors_repeat_the_request),
		cmocka_unit_test(errors_last_by_their_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
