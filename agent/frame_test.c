/* SPDX-License-Identifier: Apache-2.0 */
/* The agents' frames: round trip, sorting, and what hostile bytes do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "frame.h"
#include "slim_shm.h"

static const struct slim_frame_content probe = {
	.type = SLIM_FRAME_PROBE,
	.port = 1,
	.worker = 3,
	.n_workers = 4,
	.round = 0x01020304,
	.session = UINT64_C(0x1122334455667788),
	.nonce = UINT64_C(0x99aabbccddeeff00),
};

static void
round_trip_with_and_without_tag(void **state)
{
	struct slim_frame_content content = probe, got;
	uint8_t bytes[SLIM_FRAME_MAX_SIZE];

	(void)state;
	for (unsigned int type = SLIM_FRAME_PROBE; type <= SLIM_FRAME_FLUSH_COPY; type++) {
		bool tagged = type == SLIM_FRAME_PROBE || type == SLIM_FRAME_MARK ||
			      type == SLIM_FRAME_FLUSH_COPY;
		size_t size;

		content.type = (uint8_t)type;
		memset(&got, 0, sizeof(got));
		size = slim_frame_build(bytes, tagged ? 4001 : 0, &content);
		assert_int_equal(size, tagged ? 68 : 64);
		assert_int_equal(slim_frame_sort(bytes, size, 4001, false),
				 tagged ? SLIM_FRAME_TAGGED_OURS : SLIM_FRAME_OURS);
		assert_true(slim_frame_parse(bytes, size, tagged, false, &got));
		assert_memory_equal(&got, &content, sizeof(got));
		assert_false(slim_frame_parse(bytes, size, !tagged, false, &got));
	}
}

/* The bytes on the wire, as docs and dissectors have them. */
static void
wire_format(void **state)
{
	static const uint8_t want[] = {
		0x02, 0x73, 0x6c, 0x69, 0x6d, 0x02, 0x02, 0x73, 0x6c, 0x69, 0x6d, 0x01,
		0x81, 0x00, 0x0f, 0xa1, 0x88, 0xb5, 0x53, 0x4c, 0x01, 0x01, 0x01, 0x03,
		0x04, 0x00, 0x01, 0x02, 0x03, 0x04, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66,
		0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x00, 0x00,
	};
	uint8_t bytes[SLIM_FRAME_MAX_SIZE];

	(void)state;
	slim_frame_build(bytes, 4001, &probe);
	assert_memory_equal(bytes, want, sizeof(want));
}

static void
sorts_packets(void **state)
{
	uint8_t bytes[64] = {0};

	(void)state;
	bytes[12] = 0x08; /* IPv4 */
	assert_int_equal(slim_frame_sort(bytes, 64, 4001, false), SLIM_FRAME_DATA);
	assert_int_equal(slim_frame_sort(bytes, 64, 4001, true), SLIM_FRAME_TAGGED_DATA);
	bytes[12] = 0x81; /* a tag of the customer's */
	bytes[15] = 7;
	assert_int_equal(slim_frame_sort(bytes, 64, 4001, false), SLIM_FRAME_DATA);
	assert_int_equal(slim_frame_sort(bytes, 64, 0, false), SLIM_FRAME_DATA);
	bytes[14] = 0xef; /* 4001 with priority bits */
	bytes[15] = 0xa1;
	assert_int_equal(slim_frame_sort(bytes, 64, 4001, false), SLIM_FRAME_TAGGED_DATA);
	assert_int_equal(slim_frame_sort(bytes, 64, 4002, false), SLIM_FRAME_DATA);
	assert_int_equal(slim_frame_sort(bytes, 17, 4001, false), SLIM_FRAME_DATA);
	for (size_t size = 0; size < 14; size++)
		assert_int_equal(slim_frame_sort(bytes, size, 4001, false), SLIM_FRAME_DATA);
}

static void
refuses_short_and_foreign_frames(void **state)
{
	uint8_t bytes[SLIM_FRAME_MAX_SIZE], broken[SLIM_FRAME_MAX_SIZE];
	struct slim_frame_content got = {.round = 77};
	static const struct {
		size_t at;
		uint8_t value;
	} cases[] = {{18, 0}, {19, 0}, {20, 2}, {21, 0}, {21, 7}, {21, 255}};

	(void)state;
	slim_frame_build(bytes, 4001, &probe);
	for (size_t size = 0; size < 18 + sizeof(struct slim_frame); size++)
		assert_false(slim_frame_parse(bytes, size, true, false, &got));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memcpy(broken, bytes, sizeof(bytes));
		broken[cases[i].at] = cases[i].value;
		assert_false(slim_frame_parse(broken, 68, true, false, &got));
	}
	assert_int_equal(got.round, 77);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip_with_and_without_tag),
		cmocka_unit_test(wire_format),
		cmocka_unit_test(sorts_packets),
		cmocka_unit_test(refuses_short_and_foreign_frames),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
