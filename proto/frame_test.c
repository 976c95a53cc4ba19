/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frame.h"

static void
peek_finds_the_body_or_refuses(void **state)
{
	static const struct {
		uint8_t head[4];
		size_t size;
		ssize_t body;
	} cases[] = {
		{{0, 0, 0, 1}, 3, 0},
		{{0, 0, 0, 1}, 4, 1},
		{{0, 0, 1, 2}, 4, 258},
		{{0, 0, 0, 0}, 4, -EMSGSIZE},
		{{0, 0x10, 0, 0}, 4, 1 << 20},
		{{0, 0x10, 0, 1}, 4, -EMSGSIZE},
		{{0xff, 0, 0, 0}, 4, -EMSGSIZE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(frame_peek(cases[i].head, cases[i].size), cases[i].body);
}

static void
a_frame_survives_the_wire(void **state)
{
	Slim__Peer__V1__Frame out = SLIM__PEER__V1__FRAME__INIT;
	Slim__Peer__V1__Close close = SLIM__PEER__V1__CLOSE__INIT;
	const Slim__Peer__V1__Frame *in;
	struct frame_decoder decoder;
	char text[] = "why";
	uint8_t bytes[128];
	size_t size;

	(void)state;
	close.complete = true;
	close.text = text;
	out.session = 77;
	out.seq = 5;
	out.body_case = SLIM__PEER__V1__FRAME__BODY_CLOSE;
	out.close = &close;
	size = frame_size(&out);
	assert_in_range(size, 5, sizeof(bytes));
	frame_encode(&out, bytes);
	assert_int_equal(frame_peek(bytes, size), size - FRAME_HEAD_SIZE);

	assert_int_equal(frame_decoder_init(&decoder), 0);
	in = frame_decode(&decoder, bytes + FRAME_HEAD_SIZE, size - FRAME_HEAD_SIZE);
	assert_non_null(in);
	assert_int_equal(in->session, 77);
	assert_int_equal(in->seq, 5);
	assert_int_equal(in->body_case, SLIM__PEER__V1__FRAME__BODY_CLOSE);
	assert_true(in->close->complete);
	assert_string_equal(in->close->text, "why");
	frame_decoder_fini(&decoder);
}

static void
a_frame_above_the_limit_is_not_sent(void **state)
{
	Slim__Peer__V1__Frame frame = SLIM__PEER__V1__FRAME__INIT;
	Slim__Peer__V1__Rows rows = SLIM__PEER__V1__ROWS__INIT;
	uint8_t *bytes = calloc(1, SLIM_PEER_FRAME_MAX);

	(void)state;
	assert_non_null(bytes);
	rows.columns.data = bytes;
	rows.columns.len = SLIM_PEER_FRAME_MAX;
	frame.body_case = SLIM__PEER__V1__FRAME__BODY_ROWS;
	frame.rows = &rows;
	assert_int_equal(frame_size(&frame), 0);
	rows.columns.len = SLIM_PEER_FRAME_MAX - 64;
	assert_int_not_equal(frame_size(&frame), 0);
	free(bytes);
}

/* Each empty Reason is two bytes on the wire and a structure in memory. */
static void
many_tiny_parts_cannot_eat_memory(void **state)
{
	static uint8_t body[SLIM_PEER_FRAME_MAX];
	const uint8_t failed_tag[] = {0xc2, 0x01}; /* field 24, length-delimited */
	struct frame_decoder decoder;
	size_t inside = SLIM_PEER_FRAME_MAX - 8, at = 0;

	(void)state;
	memcpy(body, failed_tag, 2);
	at = 2;
	body[at++] = (uint8_t)(0x80 | (inside & 0x7f));
	body[at++] = (uint8_t)(0x80 | ((inside >> 7) & 0x7f));
	body[at++] = (uint8_t)(inside >> 14);
	for (size_t i = 0; i + 1 < inside; i += 2) {
		body[at + i] = 0x0a; /* reasons, field 1 */
		body[at + i + 1] = 0;
	}
	assert_int_equal(frame_decoder_init(&decoder), 0);
	assert_null(frame_decode(&decoder, body, at + inside));
	assert_in_range(decoder.used, 0, FRAME_ARENA_SIZE);

	/* The decoder is as good as new afterwards. */
	assert_non_null(frame_decode(&decoder, (const uint8_t *)"\x08\x01", 2));
	frame_decoder_fini(&decoder);
}

static void
what_is_cut_short_is_refused(void **state)
{
	struct frame_decoder decoder;

	(void)state;
	assert_int_equal(frame_decoder_init(&decoder), 0);
	assert_null(frame_decode(&decoder, (const uint8_t *)"\xc2\x01\x05\x0a", 4));
	assert_null(frame_decode(&decoder, (const uint8_t *)"\x08", 1));
	frame_decoder_fini(&decoder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peek_finds_the_body_or_refuses),
		cmocka_unit_test(a_frame_survives_the_wire),
		cmocka_unit_test(a_frame_above_the_limit_is_not_sent),
		cmocka_unit_test(many_tiny_parts_cannot_eat_memory),
		cmocka_unit_test(what_is_cut_short_is_refused),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
