/* SPDX-License-Identifier: Apache-2.0 */
/* Discovery packets, octet by octet. Each case names what is wrong with it. */
#include "discovery_packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MAX_SIZE 2048u

/* A copy that ends where it ends, so that a sanitizer sees who reads on. */
static enum pppoe_parsed
parse(const uint8_t *bytes, uint32_t size, struct pppoe_packet *ret, uint8_t **ret_copy)
{
	uint8_t *copy = malloc(size != 0 ? size : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	*ret_copy = copy;
	return pppoe_parse_discovery(copy, size, ret);
}

static void
assert_text(const struct pppoe_text *text, const char *right)
{
	if (right == NULL) {
		assert_null(text->data);
		return;
	}
	assert_non_null(text->data);
	assert_int_equal(text->size, strlen(right));
	assert_memory_equal(text->data, right, text->size);
}

/* ---- what is taken ----------------------------------------------------------------------------------------- */

struct sample {
	const char *name;
	enum pppoe_parsed parsed;
	uint16_t size;
	uint8_t bytes[64];
};

/* Killed by: each comparison of a length with what is left, without it; END that does not end; a tag of 1 to 3
 * octets that is none; padding that is read; version or type that is not looked at. */
static const struct sample samples[] = {
	{"nothing", PPPOE_PARSED_SHORT, 0, {0}},
	{"five octets", PPPOE_PARSED_SHORT, 5, {0x11, 9, 0, 0, 0}},
	{"a head alone", PPPOE_PARSED_OK, 6, {0x11, 9, 0, 0, 0, 0}},
	{"version 2", PPPOE_PARSED_VERSION, 6, {0x21, 9, 0, 0, 0, 0}},
	{"type 2", PPPOE_PARSED_VERSION, 6, {0x12, 9, 0, 0, 0, 0}},
	{"length beyond the end", PPPOE_PARSED_SHORT, 9, {0x11, 9, 0, 0, 0, 4, 1, 1, 0}},
	{"the longest length", PPPOE_PARSED_SHORT, 10, {0x11, 9, 0, 0, 0xff, 0xff, 1, 1, 0, 0}},
	{"an empty tag", PPPOE_PARSED_OK, 10, {0x11, 9, 0, 0, 0, 4, 1, 1, 0, 0}},
	{"half a tag's head", PPPOE_PARSED_TAG, 12, {0x11, 9, 0, 0, 0, 6, 1, 1, 0, 0, 1, 3}},
	{"one octet of a tag's head", PPPOE_PARSED_TAG, 11, {0x11, 9, 0, 0, 0, 5, 1, 1, 0, 0, 0}},
	{"three octets of a tag's head",
	 PPPOE_PARSED_TAG,
	 13,
	 {0x11, 9, 0, 0, 0, 7, 1, 1, 0, 0, 0, 0, 0}},
	{"padding", PPPOE_PARSED_OK, 12, {0x11, 9, 0, 0, 0, 4, 1, 1, 0, 0, 1, 3}},
	{"a tag that goes on in the padding",
	 PPPOE_PARSED_TAG,
	 14,
	 {0x11, 9, 0, 0, 0, 6, 1, 1, 0, 4, 'a', 'b', 'c', 'd'}},
	{"a tag one octet too long",
	 PPPOE_PARSED_TAG,
	 12,
	 {0x11, 9, 0, 0, 0, 6, 1, 1, 0, 3, 'a', 'b'}},
	{"the longest tag",
	 PPPOE_PARSED_TAG,
	 12,
	 {0x11, 9, 0, 0, 0, 6, 1, 1, 0xff, 0xff, 'a', 'b'}},
	{"a tag of all that is left",
	 PPPOE_PARSED_OK,
	 12,
	 {0x11, 9, 0, 0, 0, 6, 1, 1, 0, 2, 'a', 'b'}},
	{"END, and a lie behind it",
	 PPPOE_PARSED_OK,
	 18,
	 {0x11, 9, 0, 0, 0, 12, 1, 1, 0, 0, 0, 0, 0, 0, 1, 3, 0, 9}},
	{"END that lies itself",
	 PPPOE_PARSED_OK,
	 14,
	 {0x11, 9, 0, 0, 0, 8, 1, 1, 0, 0, 0, 0, 0, 9}},
	{"an unknown tag that lies",
	 PPPOE_PARSED_TAG,
	 14,
	 {0x11, 9, 0, 0, 0, 8, 1, 1, 0, 0, 0x7f, 1, 0, 9}},
	{"PPP-Max-Payload of one octet",
	 PPPOE_PARSED_TAG,
	 11,
	 {0x11, 9, 0, 0, 0, 5, 1, 0x20, 0, 1, 5}},
	{"PPP-Max-Payload of four octets",
	 PPPOE_PARSED_TAG,
	 14,
	 {0x11, 9, 0, 0, 0, 8, 1, 0x20, 0, 4, 0, 0, 5, 0xdc}},
	{"a vendor's tag without its number",
	 PPPOE_PARSED_OK,
	 13,
	 {0x11, 9, 0, 0, 0, 7, 1, 5, 0, 3, 0, 0, 0x0d}},
	{"another vendor's tag",
	 PPPOE_PARSED_OK,
	 16,
	 {0x11, 9, 0, 0, 0, 10, 1, 5, 0, 6, 0, 0, 0x0d, 0xea, 1, 9}},
	{"a line's tag with nothing in it",
	 PPPOE_PARSED_OK,
	 14,
	 {0x11, 9, 0, 0, 0, 8, 1, 5, 0, 4, 0, 0, 0x0d, 0xe9}},
	{"half a sub-option's head",
	 PPPOE_PARSED_TAG,
	 15,
	 {0x11, 9, 0, 0, 0, 9, 1, 5, 0, 5, 0, 0, 0x0d, 0xe9, 1}},
	{"a sub-option one octet too long",
	 PPPOE_PARSED_TAG,
	 17,
	 {0x11, 9, 0, 0, 0, 11, 1, 5, 0, 7, 0, 0, 0x0d, 0xe9, 1, 2, 'a'}},
	{"an unknown sub-option that lies",
	 PPPOE_PARSED_TAG,
	 17,
	 {0x11, 9, 0, 0, 0, 11, 1, 5, 0, 7, 0, 0, 0x0d, 0xe9, 0x81, 9, 'a'}},
};

#define N_SAMPLES (sizeof(samples) / sizeof(samples[0]))

static void
each_sample_is_what_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SAMPLES; i++) {
		struct pppoe_packet packet;
		uint8_t *copy;
		enum pppoe_parsed parsed = parse(samples[i].bytes, samples[i].size, &packet, &copy);

		if (parsed != samples[i].parsed)
			fail_msg("%s: %d", samples[i].name, parsed);
		free(copy);
	}
}

/* The packet that a client behind an access node sends, with a relay between. */
static uint16_t
padr(uint8_t *bytes, struct pppoe_writer *w)
{
	static const uint8_t payload[2] = {0x05, 0xdc}, other[5] = {0, 0, 0x01, 0x37, 0xff};

	pppoe_begin(w, bytes, MAX_SIZE, PPPOE_PADR, 0);
	pppoe_put_tag(w, PPPOE_TAG_SERVICE_NAME, "internet", 8);
	pppoe_put_tag(w, 0x7f01, "unknown", 7);
	pppoe_put_tag(w, PPPOE_TAG_VENDOR, other, sizeof(other));
	pppoe_put_tag(w, PPPOE_TAG_HOST_UNIQ, "\0unique", 7);
	pppoe_put_tag(w, PPPOE_TAG_AC_COOKIE, "cookie", 6);
	pppoe_put_tag(w, PPPOE_TAG_AC_NAME, "ac", 2);
	pppoe_put_tag(w, PPPOE_TAG_RELAY_SESSION_ID, "relay", 5);
	pppoe_put_tag(w, PPPOE_TAG_MAX_PAYLOAD, payload, 2);
	pppoe_put_line(w, "node eth 1/2:3", "subscriber");
	return pppoe_end(w);
}

/* Killed by: any two types exchanged; a vendor's tag of another vendor taken. */
static void
each_tag_goes_to_its_place(void **state)
{
	uint8_t bytes[MAX_SIZE];
	struct pppoe_writer w;
	struct pppoe_packet packet;

	(void)state;
	assert_int_equal(pppoe_parse_discovery(bytes, padr(bytes, &w), &packet), PPPOE_PARSED_OK);
	assert_int_equal(packet.code, PPPOE_PADR);
	assert_int_equal(packet.session_id, 0);
	assert_true(packet.has_service);
	assert_text(&packet.service, "internet");
	assert_text(&packet.ac_name, "ac");
	assert_text(&packet.cookie, "cookie");
	assert_text(&packet.relay_session_id, "relay");
	assert_text(&packet.circuit_id, "node eth 1/2:3");
	assert_text(&packet.remote_id, "subscriber");
	assert_int_equal(packet.host_uniq.size, 7);
	assert_memory_equal(packet.host_uniq.data, "\0unique", 7);
	assert_int_equal(packet.max_payload, 1500);
	assert_false(packet.has_error);
}

/* Wherever it is cut, it is no packet. Killed by: the length not compared with the octets that are there. */
static void
each_cut_is_seen(void **state)
{
	uint8_t bytes[MAX_SIZE];
	struct pppoe_writer w;
	uint16_t size = padr(bytes, &w);

	(void)state;
	for (uint16_t cut = 0; cut < size; cut++) {
		struct pppoe_packet packet;
		uint8_t *copy;

		assert_int_equal(parse(bytes, cut, &packet, &copy), PPPOE_PARSED_SHORT);
		free(copy);
	}
}

/* And wherever its length field ends inside a tag, the tag lies. Killed by: tags compared with the frame's end. */
static void
each_length_that_cuts_a_tag_is_seen(void **state)
{
	uint8_t bytes[MAX_SIZE];
	struct pppoe_writer w;
	uint16_t size = padr(bytes, &w), end = PPPOE_HEAD;

	(void)state;
	for (uint16_t length = 0; length < size - PPPOE_HEAD; length++) {
		struct pppoe_packet packet;
		bool is_between = PPPOE_HEAD + length == end;

		bytes[4] = (uint8_t)(length >> 8);
		bytes[5] = (uint8_t)length;
		assert_int_equal(pppoe_parse_discovery(bytes, size, &packet),
				 is_between ? PPPOE_PARSED_OK : PPPOE_PARSED_TAG);
		if (is_between)
			end = (uint16_t)(end + 4 + (bytes[end + 2] << 8 | bytes[end + 3]));
	}
}

/* Killed by: the last of a type that counts. */
static void
the_first_of_a_type_counts(void **state)
{
	static const uint8_t payload[2][2] = {{0x05, 0xdc}, {0x05, 0xdb}};
	uint8_t bytes[MAX_SIZE];
	struct pppoe_writer w;
	struct pppoe_packet packet;

	(void)state;
	pppoe_begin(&w, bytes, sizeof(bytes), PPPOE_PADI, 0);
	for (int i = 0; i < 2; i++) {
		pppoe_put_tag(&w, PPPOE_TAG_SERVICE_NAME, &"ab"[i],
			      (uint16_t)i); /* the first one is empty */
		pppoe_put_tag(&w, PPPOE_TAG_AC_NAME, &"cd"[i], 1);
		pppoe_put_tag(&w, PPPOE_TAG_HOST_UNIQ, &"ef"[i], 1);
		pppoe_put_tag(&w, PPPOE_TAG_AC_COOKIE, &"gh"[i], 1);
		pppoe_put_tag(&w, PPPOE_TAG_RELAY_SESSION_ID, &"ij"[i], 1);
		pppoe_put_tag(&w, PPPOE_TAG_MAX_PAYLOAD, payload[i], 2);
		pppoe_put_line(&w, i == 0 ? "k" : "l", i == 0 ? "m" : "n");
	}
	assert_int_equal(pppoe_parse_discovery(bytes, pppoe_end(&w), &packet), PPPOE_PARSED_OK);
	assert_true(packet.has_service);
	assert_text(&packet.service, "");
	assert_text(&packet.ac_name, "c");
	assert_text(&packet.host_uniq, "e");
	assert_text(&packet.cookie, "g");
	assert_text(&packet.relay_session_id, "i");
	assert_text(&packet.circuit_id, "k");
	assert_text(&packet.remote_id, "m");
	assert_int_equal(packet.max_payload, 1500);
}

/* Killed by: an empty name taken for none. */
static void
an_empty_service_name_is_one(void **state)
{
	static const uint8_t bytes[] = {0x11, 9, 0, 0, 0, 4, 1, 1, 0, 0},
			     none[] = {0x11, 9, 0, 0, 0, 0};
	struct pppoe_packet packet;

	(void)state;
	assert_int_equal(pppoe_parse_discovery(bytes, sizeof(bytes), &packet), PPPOE_PARSED_OK);
	assert_true(packet.has_service);
	assert_text(&packet.service, "");
	assert_int_equal(pppoe_parse_discovery(none, sizeof(none), &packet), PPPOE_PARSED_OK);
	assert_false(packet.has_service);
	assert_text(&packet.service, NULL);
}

/* Killed by: END that does not end. */
static void
what_is_behind_the_end_does_not_count(void **state)
{
	uint8_t bytes[MAX_SIZE];
	struct pppoe_writer w;
	struct pppoe_packet packet;

	(void)state;
	pppoe_begin(&w, bytes, sizeof(bytes), PPPOE_PADI, 0);
	pppoe_put_tag(&w, PPPOE_TAG_SERVICE_NAME, "a", 1);
	pppoe_put_tag(&w, PPPOE_TAG_END, NULL, 0);
	pppoe_put_tag(&w, PPPOE_TAG_HOST_UNIQ, "b", 1);
	assert_int_equal(pppoe_parse_discovery(bytes, pppoe_end(&w), &packet), PPPOE_PARSED_OK);
	assert_text(&packet.service, "a");
	assert_text(&packet.host_uniq, NULL);
}

/* Killed by: one of the three forgotten. */
static void
each_error_tag_is_seen(void **state)
{
	static const uint16_t types[] = {PPPOE_TAG_SERVICE_NAME_ERROR, PPPOE_TAG_AC_SYSTEM_ERROR,
					 PPPOE_TAG_GENERIC_ERROR};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		uint8_t bytes[MAX_SIZE];
		struct pppoe_writer w;
		struct pppoe_packet packet;

		pppoe_begin(&w, bytes, sizeof(bytes), PPPOE_PADT, 0x1234);
		pppoe_put_tag(&w, types[i], "no", 2);
		assert_int_equal(pppoe_parse_discovery(bytes, pppoe_end(&w), &packet),
				 PPPOE_PARSED_OK);
		assert_true(packet.has_error);
		assert_false(packet.has_service);
		assert_int_equal(packet.session_id, 0x1234);
	}
}

/* ---- session packets ---------------------------------------------------------------------------------------- */

/* Killed by: padding taken for payload; octets of the id exchanged. */
static void
a_session_packet_is_its_payload(void **state)
{
	uint8_t bytes[PPPOE_HEAD + 46] = {0};
	static const uint8_t right[PPPOE_HEAD] = {0x11, 0x00, 0xab, 0xcd, 0x01, 0x02};
	struct pppoe_packet packet;

	(void)state;
	pppoe_put_session_head(bytes, 0xabcd, 0x0102);
	assert_memory_equal(bytes, right, sizeof(right));
	assert_int_equal(pppoe_parse_head(bytes, sizeof(bytes), &packet), PPPOE_PARSED_SHORT);
	pppoe_put_session_head(bytes, 0xabcd, 4);
	assert_int_equal(pppoe_parse_head(bytes, sizeof(bytes), &packet), PPPOE_PARSED_OK);
	assert_int_equal(packet.code, PPPOE_SESSION_DATA);
	assert_int_equal(packet.session_id, 0xabcd);
	assert_ptr_equal(packet.payload, bytes + PPPOE_HEAD);
	assert_int_equal(packet.size, 4);
}

/* ---- what is built ------------------------------------------------------------------------------------------- */

/* Killed by: any octet written elsewhere; a length without, or with, a head. */
static void
each_octet_is_right(void **state)
{
	static const uint8_t right[] = {
		0x11, 0xa7, 0x12, 0x34, 0x00, 0x1b,      /* head */
		0x01, 0x01, 0x00, 0x00,                  /* an empty tag */
		0x01, 0x04, 0x00, 0x03, 'a',  'b',  'c', /* one that is not */
		0x01, 0x05, 0x00, 0x0c, 0x00, 0x00, 0x0d, 0xe9, 1, 3, 'c', 'i', 'r', 2, 1, 'r'};
	uint8_t bytes[64];
	struct pppoe_writer w;

	(void)state;
	memset(bytes, 0xee, sizeof(bytes));
	pppoe_begin(&w, bytes, sizeof(bytes), PPPOE_PADT, 0x1234);
	pppoe_put_tag(&w, PPPOE_TAG_SERVICE_NAME, NULL, 0);
	pppoe_put_tag(&w, PPPOE_TAG_AC_COOKIE, "abc", 3);
	pppoe_put_line(&w, "cir", "r");
	bytes[5] = 0xee; /* it is the end that writes it */
	assert_int_equal(pppoe_end(&w), sizeof(right));
	assert_memory_equal(bytes, right, sizeof(right));
	assert_int_equal(bytes[sizeof(right)], 0xee);
}

/* A packet that was full at any tag is never whole again, and nothing was written behind its room. Killed by: room
 * compared without the tag's head, or not with the packet's. */
static void
a_full_packet_is_none(void **state)
{
	(void)state;
	for (uint16_t room = 0; room < PPPOE_HEAD + 4 + 5 + 4; room++) {
		uint8_t bytes[64];
		struct pppoe_writer w;

		memset(bytes, 0xee, sizeof(bytes));
		pppoe_begin(&w, bytes, room, PPPOE_PADO, 0);
		pppoe_put_tag(&w, PPPOE_TAG_AC_NAME, "abcde", 5);
		pppoe_put_tag(&w, PPPOE_TAG_SERVICE_NAME, NULL, 0);
		assert_true(w.full);
		assert_int_equal(pppoe_end(&w), 0);
		for (size_t i = room; i < sizeof(bytes); i++)
			assert_int_equal(bytes[i], 0xee);
	}
}

/* Killed by: the writer's flag not set; sizes added in 16 bits. */
static void
a_small_tag_does_not_make_it_whole(void **state)
{
	static const uint8_t large[65535];
	uint8_t bytes[64];
	struct pppoe_writer w;

	(void)state;
	pppoe_begin(&w, bytes, sizeof(bytes), PPPOE_PADO, 0);
	pppoe_put_tag(&w, PPPOE_TAG_AC_NAME, large, sizeof(large));
	pppoe_put_tag(&w, PPPOE_TAG_SERVICE_NAME, NULL, 0);
	assert_int_equal(pppoe_end(&w), 0);
}

/* RFC 2516 appendix A. Killed by: one of the two forgotten; a tag made of what was not there. */
static void
what_the_host_and_relays_need_is_copied(void **state)
{
	for (unsigned int has = 0; has < 4; has++) {
		struct pppoe_packet from = {0}, to;
		uint8_t bytes[64];
		struct pppoe_writer w;

		(void)state;
		if (has & 1u)
			from.host_uniq = (struct pppoe_text){(const uint8_t *)"host", 4};
		if (has & 2u)
			from.relay_session_id = (struct pppoe_text){(const uint8_t *)"", 0};
		pppoe_begin(&w, bytes, sizeof(bytes), PPPOE_PADS, 7);
		pppoe_copy_tags(&w, &from);
		assert_int_equal(pppoe_parse_discovery(bytes, pppoe_end(&w), &to), PPPOE_PARSED_OK);
		assert_text(&to.host_uniq, has & 1u ? "host" : NULL);
		assert_text(&to.relay_session_id, has & 2u ? "" : NULL);
	}
}

/* TR-101: 63 octets at most. Killed by: the bound left away (a length octet that wraps). */
static void
a_long_line_id_is_cut(void **state)
{
	char id[300];
	uint8_t bytes[MAX_SIZE];
	struct pppoe_writer w;
	struct pppoe_packet packet;

	(void)state;
	memset(id, 'x', sizeof(id) - 1);
	id[sizeof(id) - 1] = 0;
	pppoe_begin(&w, bytes, sizeof(bytes), PPPOE_PADI, 0);
	pppoe_put_line(&w, id, "");
	assert_int_equal(pppoe_parse_discovery(bytes, pppoe_end(&w), &packet), PPPOE_PARSED_OK);
	assert_int_equal(packet.circuit_id.size, 63);
	assert_text(&packet.remote_id, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_sample_is_what_it_says),
		cmocka_unit_test(each_tag_goes_to_its_place),
		cmocka_unit_test(each_cut_is_seen),
		cmocka_unit_test(each_length_that_cuts_a_tag_is_seen),
		cmocka_unit_test(the_first_of_a_type_counts),
		cmocka_unit_test(an_empty_service_name_is_one),
		cmocka_unit_test(what_is_behind_the_end_does_not_count),
		cmocka_unit_test(each_error_tag_is_seen),
		cmocka_unit_test(a_session_packet_is_its_payload),
		cmocka_unit_test(each_octet_is_right),
		cmocka_unit_test(a_full_packet_is_none),
		cmocka_unit_test(a_small_tag_does_not_make_it_whole),
		cmocka_unit_test(what_the_host_and_relays_need_is_copied),
		cmocka_unit_test(a_long_line_id_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
