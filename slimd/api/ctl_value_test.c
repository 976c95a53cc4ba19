/* SPDX-License-Identifier: Apache-2.0 */
/* Values of every type to text and back; filters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "ctl_value.h"

/* CLOCK_REALTIME minus CLOCK_MONOTONIC of these tests: 2024-03-01T10:00:00Z. */
#define OFFSET INT64_C(1709287200000000000)

static struct schema_field
field_of(enum slim_type type, uint16_t size)
{
	struct schema_field field = {.type = (uint8_t)type, .size = size};

	return field;
}

/* Text to bytes to text. */
static void
check(enum slim_type type, uint16_t size, const char *text, const void *bytes)
{
	struct schema_field field = field_of(type, size);
	uint8_t value[64];
	char back[CTL_VALUE_SIZE];

	memset(value, 0xee, sizeof(value));
	assert_int_equal(ctl_value_parse(&field, text, OFFSET, value), 0);
	assert_memory_equal(value, bytes, size);
	assert_int_equal(value[size], 0xee);
	assert_string_equal(ctl_value_format(&field, value, OFFSET, back), text);
}

static void
refuse(enum slim_type type, uint16_t size, const char *text)
{
	struct schema_field field = field_of(type, size);
	uint8_t value[64];

	assert_int_equal(ctl_value_parse(&field, text, OFFSET, value), -EINVAL);
}

static void
numbers(void **state)
{
	(void)state;
	check(SLIM_U8, 1, "255", "\xff");
	check(SLIM_U16, 2, "4660", "\x34\x12");
	check(SLIM_U32, 4, "4294967295", "\xff\xff\xff\xff");
	check(SLIM_U64, 8, "18446744073709551615", "\xff\xff\xff\xff\xff\xff\xff\xff");
	check(SLIM_COUNTER, 8, "0", "\0\0\0\0\0\0\0\0");
	check(SLIM_BE16, 2, "1024", "\x04\x00");
	refuse(SLIM_U8, 1, "256");
	refuse(SLIM_U16, 2, "65536");
	refuse(SLIM_U64, 8, "18446744073709551616");
	refuse(SLIM_BE16, 2, "65536");
	refuse(SLIM_U32, 4, "-1");
	refuse(SLIM_U32, 4, " 1");
	refuse(SLIM_U32, 4, "1 ");
	refuse(SLIM_U32, 4, "0x10");
	refuse(SLIM_U32, 4, "");
}

static void
addresses(void **state)
{
	static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};

	(void)state;
	check(SLIM_IPV4, 4, "192.0.2.1", "\xc0\x00\x02\x01");
	check(SLIM_IPV6, 16, "2001:db8::1", v6);
	check(SLIM_MAC, 6, "02:00:00:00:01:0a", "\x02\x00\x00\x00\x01\x0a");
	refuse(SLIM_IPV4, 4, "192.0.2");
	refuse(SLIM_IPV4, 4, "192.0.2.256");
	refuse(SLIM_IPV6, 16, "192.0.2.1");
	refuse(SLIM_MAC, 6, "02:00:00:00:01");
	refuse(SLIM_MAC, 6, "02:00:00:00:01:0a:0b");
	refuse(SLIM_MAC, 6, "02-00-00-00-01-0a");
}

static void
bytes(void **state)
{
	(void)state;
	check(SLIM_BYTES, 3, "00ff10", "\x00\xff\x10");
	refuse(SLIM_BYTES, 3, "00ff1");
	refuse(SLIM_BYTES, 3, "00ff1000");
	refuse(SLIM_BYTES, 3, "00ff1g");
}

static void
times(void **state)
{
	/* 1.5 s after the start of the host. */
	static const uint8_t after[8] = {0x00, 0x2f, 0x68, 0x59};
	/* 1 s before it, modulo 2^64: a state time that came from a host that has run for longer. */
	static const uint8_t before[8] = {0x00, 0x36, 0x65, 0xc4, 0xff, 0xff, 0xff, 0xff};

	(void)state;
	check(SLIM_TIME, 8, "never", "\0\0\0\0\0\0\0\0");
	check(SLIM_TIME, 8, "2024-03-01T10:00:01.500000000Z", after);
	check(SLIM_TIME, 8, "2024-03-01T09:59:59.000000000Z", before);
	refuse(SLIM_TIME, 8, "2024-03-01T10:00:01Z");
	refuse(SLIM_TIME, 8, "2024-03-01T10:00:01.500000000Zx");
	refuse(SLIM_TIME, 8, "2024-03-01T10:00:01.5Z");
	refuse(SLIM_TIME, 8, "2024-03-01T10:00:01.5Zxxxxxxxx");
	refuse(SLIM_TIME, 8, "yesterday");
	refuse(SLIM_TIME, 8, "");
}

/* ---- filters -------------------------------------------------------------------- */

static const struct schema_table table = {
	.name = "sessions",
	.payload_size = 8,
	.n_fields = 2,
	.fields = {{.name = "ip", .type = SLIM_IPV4, .offset = 0, .size = 4},
		   {.name = "port", .type = SLIM_BE16, .offset = 4, .size = 2}},
};
static const uint8_t payload[8] = {100, 65, 3, 4, 0x04, 0x00, 9, 9};

static bool
matches(const char *text)
{
	struct schema_reason reason = {0};
	struct ctl_filter filter;

	assert_int_equal(ctl_filter_parse(&table, text, OFFSET, &filter, &reason), 0);
	return ctl_filter_match(&filter, payload);
}

static void
filters_match(void **state)
{
	(void)state;
	assert_true(matches("ip=100.65.3.4"));
	assert_false(matches("ip=100.65.3.5"));
	assert_true(matches("port=1024"));
	assert_false(matches("port=1025"));
	assert_true(matches("ip=100.65.0.0/16"));
	assert_true(matches("ip=100.64.0.0/15"));
	assert_false(matches("ip=100.66.0.0/15"));
	assert_false(matches("ip=100.64.0.0/16"));
	assert_true(matches("ip=0.0.0.0/0"));
	assert_true(matches("ip=100.65.3.4/32"));
}

static void
filters_are_checked(void **state)
{
	static const char *const wrong[] = {
		"ip", "=1", "nothing=1", "port=x", "ip=100.65.0.0/33", "port=1/2", "ip=100.65.0.0/",
		"ip="};
	struct schema_reason reason = {0};
	struct ctl_filter filter;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(ctl_filter_parse(&table, wrong[i], OFFSET, &filter, &reason),
				 -EINVAL);
	assert_int_equal(ctl_filter_parse(&table, "nothing=1", OFFSET, &filter, &reason), -EINVAL);
	assert_string_equal(reason.text, "table \"sessions\" has no field \"nothing\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),       cmocka_unit_test(addresses),
		cmocka_unit_test(bytes),         cmocka_unit_test(times),
		cmocka_unit_test(filters_match), cmocka_unit_test(filters_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
