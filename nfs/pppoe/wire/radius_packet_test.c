/* SPDX-License-Identifier: Apache-2.0 */
/* RADIUS packets: those of RFC 2865 section 7, lengths that lie, secrets that differ. Each test names what kills it. */
#include "radius_packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECRET "xyzzy5461"

static const uint8_t rfc_request[] = {
	0x01, 0x00, 0x00, 0x38, 0x0f, 0x40, 0x3f, 0x94, 0x73, 0x97, 0x80, 0x57, 0xbd, 0x83,
	0xd5, 0xcb, 0x98, 0xf4, 0x22, 0x7a, 0x01, 0x06, 0x6e, 0x65, 0x6d, 0x6f, 0x02, 0x12,
	0x0d, 0xbe, 0x70, 0x8d, 0x93, 0xd4, 0x13, 0xce, 0x31, 0x96, 0xe4, 0x3f, 0x78, 0x2a,
	0x0a, 0xee, 0x04, 0x06, 0xc0, 0xa8, 0x01, 0x10, 0x05, 0x06, 0x00, 0x00, 0x00, 0x03,
};
static const uint8_t rfc_answer[] = {
	0x02, 0x00, 0x00, 0x26, 0x86, 0xfe, 0x22, 0x0e, 0x76, 0x24, 0xba, 0x2a, 0x10,
	0x05, 0xf6, 0xbf, 0x9b, 0x55, 0xe0, 0xb2, 0x06, 0x06, 0x00, 0x00, 0x00, 0x01,
	0x0f, 0x06, 0x00, 0x00, 0x00, 0x00, 0x0e, 0x06, 0xc0, 0xa8, 0x01, 0x03,
};

static struct radius_packet
parse(const uint8_t *bytes, size_t size)
{
	struct radius_packet p = {0};

	assert_true(radius_parse(bytes, size, &p));
	return p;
}

/* ---- read ------------------------------------------------------------------------------------------------------- */

/* Killed by: an attribute that is left out, or whose data begins elsewhere. */
static void
attributes_are_found(void **state)
{
	struct radius_packet p = parse(rfc_request, sizeof(rfc_request));
	struct radius_attribute a;
	uint32_t number;
	uint16_t at = 0;
	unsigned int n = 0;

	(void)state;
	while (radius_next(&p, &at, &a))
		n++;
	assert_int_equal(n, 4);
	assert_true(radius_find(&p, RADIUS_USER_NAME, &a));
	assert_int_equal(a.size, 4);
	assert_memory_equal(a.data, "nemo", 4);
	assert_true(radius_find_number(&p, RADIUS_NAS_PORT, &number));
	assert_int_equal(number, 3);
	assert_false(radius_find_number(&p, RADIUS_USER_PASSWORD, &number));
	assert_false(radius_find(&p, RADIUS_CLASS, &a));
}

/* Killed by: any of the checks of lengths. */
static void
lengths_that_lie_are_refused(void **state)
{
	uint8_t bytes[sizeof(rfc_request) + 1];
	struct radius_packet p;

	(void)state;
	for (size_t size = 0; size < sizeof(rfc_request); size++)
		assert_false(radius_parse(rfc_request, size, &p));
	memcpy(bytes, rfc_request, sizeof(rfc_request));
	bytes[sizeof(rfc_request)] = 0xff; /* padding */
	assert_true(radius_parse(bytes, sizeof(bytes), &p));
	assert_int_equal(p.size, sizeof(rfc_request));
	bytes[3]++; /* half an attribute */
	assert_false(radius_parse(bytes, sizeof(bytes), &p));
	bytes[3] = 19;
	assert_false(radius_parse(bytes, sizeof(bytes), &p));
	bytes[3] = sizeof(rfc_request);
	for (unsigned int size = 0; size < 2; size++) {
		bytes[21] = (uint8_t)size;
		assert_false(radius_parse(bytes, sizeof(bytes), &p));
	}
	bytes[21] = 6;
	bytes[sizeof(rfc_request) - 5] = 7;
	assert_false(radius_parse(bytes, sizeof(bytes), &p));
}

/* Killed by: no upper bound. */
static void
a_packet_has_4096_octets_at_most(void **state)
{
	static uint8_t bytes[RADIUS_MAX + 2];
	struct radius_packet p;

	(void)state;
	for (size_t at = RADIUS_HEAD; at < sizeof(bytes); at += 2)
		bytes[at + 1] = 2;
	bytes[2] = 0x10;
	assert_true(radius_parse(bytes, sizeof(bytes), &p));
	bytes[3] = 2;
	assert_false(radius_parse(bytes, sizeof(bytes), &p));
}

/* ---- write ------------------------------------------------------------------------------------------------------- */

/* Killed by: a password that is hidden with another secret or authenticator, or not padded. */
static void
the_rfcs_request_is_written(void **state)
{
	uint8_t bytes[64];
	struct radius_writer w;

	(void)state;
	radius_begin(&w, bytes, sizeof(bytes), RADIUS_ACCESS_REQUEST, 0, rfc_request + 4);
	radius_put_text(&w, RADIUS_USER_NAME, "nemo");
	radius_put_password(&w, (const uint8_t *)"arctangent", 10, SECRET);
	radius_put_number(&w, RADIUS_NAS_IP_ADDRESS, 0xc0a80110);
	radius_put_number(&w, RADIUS_NAS_PORT, 3);
	radius_put_text(&w, RADIUS_NAS_IDENTIFIER, "");
	assert_int_equal(radius_end_access(&w, SECRET), sizeof(rfc_request));
	assert_memory_equal(bytes, rfc_request, sizeof(rfc_request));
}

/* The second block depends on the first. Killed by: `before` that stays. */
static void
a_long_password_is_hidden_block_by_block(void **state)
{
	static const uint8_t password[RADIUS_PASSWORD_MAX + 1];
	uint8_t bytes[256];
	struct radius_writer w;

	(void)state;
	radius_begin(&w, bytes, sizeof(bytes), RADIUS_ACCESS_REQUEST, 0, rfc_request + 4);
	radius_put_password(&w, password, RADIUS_PASSWORD_MAX, SECRET);
	assert_int_equal(radius_end_access(&w, SECRET), RADIUS_HEAD + 2 + RADIUS_PASSWORD_MAX);
	for (unsigned int i = 1; i < RADIUS_PASSWORD_MAX / 16; i++)
		assert_memory_not_equal(bytes + RADIUS_HEAD + 2, bytes + RADIUS_HEAD + 2 + i * 16u,
					16);
	radius_begin(&w, bytes, sizeof(bytes), RADIUS_ACCESS_REQUEST, 0, rfc_request + 4);
	radius_put_password(&w, password, 0, SECRET);
	assert_int_equal(radius_end_access(&w, SECRET), RADIUS_HEAD + 2 + 16);
	radius_begin(&w, bytes, sizeof(bytes), RADIUS_ACCESS_REQUEST, 0, rfc_request + 4);
	radius_put_password(&w, password, sizeof(password), SECRET);
	assert_int_equal(radius_end_access(&w, SECRET), 0);
}

/* Killed by: a write behind the room, or a packet in spite of it. */
static void
what_has_no_room_makes_no_packet(void **state)
{
	uint8_t bytes[RADIUS_HEAD + 6 + 1];
	struct radius_writer w;

	(void)state;
	for (uint16_t room = 0; room < RADIUS_HEAD + 6; room++) {
		memset(bytes, 0xa5, sizeof(bytes));
		radius_begin(&w, bytes, room, RADIUS_DISCONNECT_NAK, 1, NULL);
		radius_put_number(&w, RADIUS_ERROR_CAUSE, 503);
		assert_int_equal(radius_end_digest(&w, SECRET), 0);
		assert_int_equal(bytes[room], 0xa5);
	}
	radius_begin(&w, bytes, RADIUS_HEAD + 6, RADIUS_DISCONNECT_NAK, 1, NULL);
	radius_put_number(&w, RADIUS_ERROR_CAUSE, 503);
	assert_int_equal(radius_end_digest(&w, SECRET), RADIUS_HEAD + 6);
}

static void
a_vendors_text_has_a_head_of_its_own(void **state)
{
	static const uint8_t wanted[] = {26, 12, 0, 0, 0x0d, 0xe9, 1, 6, 'p', 'o', 'r', 't'};
	uint8_t bytes[64];
	struct radius_writer w;

	(void)state;
	radius_begin(&w, bytes, sizeof(bytes), RADIUS_ACCESS_REQUEST, 0, NULL);
	radius_put_vendor_text(&w, RADIUS_VENDOR_ADSL, RADIUS_AGENT_CIRCUIT_ID, "port");
	radius_put_vendor_text(&w, RADIUS_VENDOR_ADSL, RADIUS_AGENT_REMOTE_ID, "");
	assert_int_equal(radius_end_access(&w, SECRET), RADIUS_HEAD + sizeof(wanted));
	assert_memory_equal(bytes + RADIUS_HEAD, wanted, sizeof(wanted));
}

/* ---- judge ------------------------------------------------------------------------------------------------------- */

/* Killed by: a digest without the request's authenticator, or without the secret. */
static void
the_rfcs_answer_is_right(void **state)
{
	struct radius_packet p = parse(rfc_answer, sizeof(rfc_answer));
	uint8_t other[RADIUS_AUTHENTICATOR] = {0};

	(void)state;
	assert_int_equal(radius_judge_answer(&p, rfc_request + 4, SECRET), RADIUS_UNSIGNED);
	assert_int_equal(radius_judge_answer(&p, rfc_request + 4, "xyzzy5462"), RADIUS_FORGED);
	assert_int_equal(radius_judge_answer(&p, rfc_request + 4, ""), RADIUS_FORGED);
	assert_int_equal(radius_judge_answer(&p, other, SECRET), RADIUS_FORGED);
}

static uint16_t
write_signed(uint8_t *bytes, uint16_t room, const uint8_t *authenticator, unsigned int n_signatures)
{
	struct radius_writer w;

	radius_begin(&w, bytes, room,
		     authenticator != NULL ? RADIUS_DISCONNECT_ACK : RADIUS_DISCONNECT_REQUEST, 7,
		     authenticator);
	radius_put_text(&w, RADIUS_USER_NAME, "nemo");
	for (unsigned int i = 0; i < n_signatures; i++)
		radius_put_signature(&w);
	return radius_end_digest(&w, SECRET);
}

/* Killed by: any octet that a digest or signature leaves out. */
static void
every_octet_is_judged(void **state)
{
	uint8_t bytes[128];

	(void)state;
	for (unsigned int answer = 0; answer < 2; answer++) {
		uint16_t size = write_signed(bytes, sizeof(bytes), answer ? rfc_request : NULL, 1);
		struct radius_packet p = parse(bytes, size);

		for (uint16_t i = 0; i < size; i++) {
			/* Lengths were judged before. */
			bool length = i == 2 || i == 3 || i == 21 || i == 27;

			bytes[i] ^= length ? 0 : 1;
			assert_int_equal(answer ? radius_judge_answer(&p, rfc_request, SECRET)
						: radius_judge_request(&p, SECRET),
					 length ? RADIUS_GOOD : RADIUS_FORGED);
			bytes[i] ^= length ? 0 : 1;
		}
	}
}

/* The digest is right: only the signature is another secret's. Killed by: a signature that nobody looks at. */
static void
a_wrong_signature_is_forged(void **state)
{
	uint8_t bytes[128];
	struct radius_writer w;
	struct radius_packet p;

	(void)state;
	radius_begin(&w, bytes, sizeof(bytes), RADIUS_DISCONNECT_REQUEST, 7, NULL);
	radius_put(&w, RADIUS_MESSAGE_AUTHENTICATOR, rfc_request, 16);
	p = parse(bytes, radius_end_digest(&w, SECRET));
	assert_int_equal(radius_judge_request(&p, SECRET), RADIUS_FORGED);
	p = parse(bytes, write_signed(bytes, sizeof(bytes), NULL, 2));
	assert_int_equal(radius_judge_request(&p, SECRET), RADIUS_FORGED);
	p = parse(bytes, write_signed(bytes, sizeof(bytes), NULL, 0));
	assert_int_equal(radius_judge_request(&p, SECRET), RADIUS_UNSIGNED);
	radius_begin(&w, bytes, sizeof(bytes), RADIUS_DISCONNECT_REQUEST, 7, NULL);
	radius_put(&w, RADIUS_MESSAGE_AUTHENTICATOR, rfc_request, 15);
	p = parse(bytes, radius_end_digest(&w, SECRET));
	assert_int_equal(radius_judge_request(&p, SECRET), RADIUS_FORGED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attributes_are_found),
		cmocka_unit_test(lengths_that_lie_are_refused),
		cmocka_unit_test(a_packet_has_4096_octets_at_most),
		cmocka_unit_test(the_rfcs_request_is_written),
		cmocka_unit_test(a_long_password_is_hidden_block_by_block),
		cmocka_unit_test(what_has_no_room_makes_no_packet),
		cmocka_unit_test(a_vendors_text_has_a_head_of_its_own),
		cmocka_unit_test(the_rfcs_answer_is_right),
		cmocka_unit_test(every_octet_is_judged),
		cmocka_unit_test(a_wrong_signature_is_forged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
