/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "narrow.h"

#define MOST 64u

static const struct narrow_origin plain = {0};

/* Writes numbers, compares the octets with `text` (hexadecimal, blanks are skipped), reads them again. */
static void
expect(const uint64_t *numbers, uint32_t n, struct narrow_origin origin, const char *text)
{
	uint8_t octets[NARROW_HEAD_MAX + 8 * MOST], wanted[sizeof(octets)];
	uint64_t copy[MOST], got[MOST], none = origin.has_none ? 0 - origin.epoch : 0;
	size_t size, n_wanted = 0;
	struct narrow column;
	const char *why = NULL;
	int used;

	for (unsigned octet; sscanf(text, " %2x%n", &octet, &used) == 1; text += used)
		wanted[n_wanted++] = (uint8_t)octet;
	memcpy(copy, numbers, n * sizeof(*numbers));
	size = narrow_write(copy, n, origin, octets);
	assert_int_equal(size, n_wanted);
	assert_memory_equal(octets, wanted, size);
	assert_ptr_equal(narrow_open(octets, octets + size, n, 8, &column, &why), octets + size);
	assert_null(why);
	narrow_read(&column, 0, n, none, got);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(got[i] + origin.epoch, numbers[i]);
}

/* What a column looks like is the protocol: a change of it needs another feature bit.
 * Killed by: another order of the bits, a base of all octets, codes that count from 0. */
static void
columns_have_the_documented_form(void **state)
{
	(void)state;
	expect((uint64_t[]){7, 5, 6}, 3, plain, "09 05 02 00 01");
	expect((uint64_t[]){0x10203, 0x10203}, 2, plain, "18 03 02 01");
	expect((uint64_t[]){0x1000, 0x1100}, 2, plain, "12 00 10 0000 0001");
	expect((uint64_t[]){1000, 1000 + 0x10000}, 2, plain, "13 e8 03 000000 000001");
	expect((uint64_t[]){1, 1 + (UINT64_C(1) << 24)}, 2, plain, "0c 01 00000000 00000001");
	expect((uint64_t[]){1, 1 + (UINT64_C(1) << 32)}, 2, plain,
	       "0d 01 000000000000 000000000100");
	expect((uint64_t[]){1, 1 + (UINT64_C(1) << 48)}, 2, plain,
	       "0e 01 0000000000000000 0000000000000100");
	/* Some that are none, far from the others; all of them; so few that 0 is a base like any other. */
	expect((uint64_t[]){0, 0x123456, 0x123458}, 3, plain, "59 56 34 12 00 01 03");
	expect((uint64_t[]){0, 0, 0}, 3, plain, "40");
	expect((uint64_t[]){0, 255}, 2, plain, "01 00 ff");
	/* Times count from an epoch, and 0 is none whatever the others are. */
	expect((uint64_t[]){1004, 1005}, 2, (struct narrow_origin){true, 1000}, "09 04 00 01");
	expect((uint64_t[]){0, 1004}, 2, (struct narrow_origin){true, 1000}, "49 04 00 01");
	expect((uint64_t[]){0, 1}, 2, (struct narrow_origin){true, 0}, "49 01 00 01");
	expect((uint64_t[]){999}, 1, (struct narrow_origin){true, 1000}, "30 ffffffffffffffff");
}

/* Killed by: a span that is one too small (255 and 256 in one octet), or one too large. */
static void
as_wide_as_the_span(void **state)
{
	static const uint8_t octets[] = {1, 2, 3, 4, 6, 8};

	(void)state;
	for (size_t w = 0; w + 1 < sizeof(octets); w++) {
		uint64_t span = (UINT64_C(1) << (8 * octets[w])) - 1;
		uint64_t fits[2] = {1, 1 + span}, above[2] = {1, 2 + span};
		uint64_t with_zero[3] = {0, 1000000, 1000000 + span - 1};
		uint64_t with_zero_above[3] = {0, UINT64_C(1) << 62, (UINT64_C(1) << 62) + span};
		uint8_t to[NARROW_HEAD_MAX + 3 * 8];

		assert_int_equal(narrow_write(fits, 2, plain, to), 2u + 2u * octets[w]);
		assert_int_equal(narrow_write(above, 2, plain, to), 2u + 2u * octets[w + 1]);
		narrow_write(with_zero, 3, (struct narrow_origin){true, 0}, to);
		assert_int_equal(to[0] & 7u, w + 1);
		narrow_write(with_zero_above, 3, (struct narrow_origin){true, 0}, to);
		assert_int_equal(to[0] & 7u, w + 2);
	}
}

/* Killed by: a least number that wraps, a greatest one that starts above 0, no room for the code of the last. */
static void
extremes_come_back(void **state)
{
	static const uint64_t edges[] = {0,
					 1,
					 2,
					 UINT64_MAX,
					 UINT64_MAX - 1,
					 UINT64_C(1) << 63,
					 (UINT64_C(1) << 63) - 1,
					 (UINT64_C(1) << 63) + 1,
					 UINT32_MAX,
					 (uint64_t)UINT32_MAX + 1};
	static const uint64_t epochs[] = {0, 1, UINT64_C(1) << 63, UINT64_MAX};
	const size_t n = sizeof(edges) / sizeof(edges[0]);

	(void)state;
	for (size_t i = 0; i < n * n * n * 8; i++) {
		uint64_t numbers[3] = {edges[i % n], edges[i / n % n], edges[i / n / n % n]};
		struct narrow_origin origin = {i / n / n / n % 2 != 0, 0};
		uint8_t to[NARROW_HEAD_MAX + 3 * 8];
		uint64_t copy[3], got[3];
		struct narrow column;
		const char *why;
		size_t size;

		if (origin.has_none)
			origin.epoch = epochs[i / n / n / n / 2];
		memcpy(copy, numbers, sizeof(copy));
		size = narrow_write(copy, 3, origin, to);
		assert_ptr_equal(narrow_open(to, to + size, 3, 8, &column, &why), to + size);
		/* A time that is none is no number: here the one that comes back as 0. */
		narrow_read(&column, 0, 3, 0 - origin.epoch, got);
		for (int k = 0; k < 3; k++)
			assert_int_equal(got[k] + origin.epoch, numbers[k]);
		/* And that it was none is not forgotten. */
		narrow_read(&column, 0, 3, 77, got);
		for (int k = 0; origin.has_none && k < 3; k++)
			assert_true(numbers[k] != 0 || got[k] == 77);
	}
}

/* Killed by: a piece that begins at the first number. */
static void
a_piece_is_read_alone(void **state)
{
	uint8_t to[NARROW_HEAD_MAX + 8 * MOST];
	uint64_t numbers[MOST], got[MOST];
	struct narrow column;
	const char *why;
	size_t size;

	(void)state;
	for (uint32_t i = 0; i < MOST; i++)
		numbers[i] = 5000 + i * 7;
	size = narrow_write(numbers, MOST, plain, to);
	assert_non_null(narrow_open(to, to + size, MOST, 8, &column, &why));
	narrow_read(&column, 11, 3, 0, got);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(got[i], 5000 + (11 + i) * 7);
}

static void
refused(const char *wanted, const uint8_t *octets, size_t size, uint32_t n, uint16_t of_size)
{
	/* On the heap, so that a sanitizer sees a step beyond the end. */
	uint8_t *copy = malloc(size + 1);
	struct narrow column;
	const char *why = "nothing";

	assert_non_null(copy);
	memcpy(copy + 1, octets, size);
	assert_null(narrow_open(copy + 1, copy + 1 + size, n, of_size, &column, &why));
	assert_string_equal(why, wanted);
	free(copy);
}

#define REFUSED(why, n, size, ...)                          \
	refused(why, (const uint8_t[]){0, __VA_ARGS__} + 1, \
		sizeof((uint8_t[]){0, __VA_ARGS__}) - 1, n, size)

/* Killed by: each of the checks left out. */
static void
what_is_no_column_is_refused(void **state)
{
	(void)state;
	REFUSED("a column is missing", 1, 8);
	REFUSED("a column's head is of no known form", 1, 8, 0x80);
	REFUSED("a column's head is of no known form", 1, 8, 0x07, 0, 0, 0, 0, 0, 0, 0, 0);
	REFUSED("a column's head is of no known form", 1, 8, 0x38, 0, 0, 0, 0, 0, 0, 0, 0);
	REFUSED("a column is wider than its field", 1, 1, 0x02, 0, 0);
	REFUSED("a column is wider than its field", 1, 1, 0x10, 0, 0);
	REFUSED("a column ends behind the frame", 1, 8, 0x08);
	REFUSED("a column ends behind the frame", 2, 8, 0x02, 0, 0, 0);
	REFUSED("a column ends behind the frame", 1, 8, 0x0a, 0, 0);
	REFUSED("a column ends behind the frame", UINT32_MAX, 8, 0x06, 0, 0, 0, 0, 0, 0, 0, 0);
}

/* Killed by: another order of sizes, a piece that is larger than the rest. */
static void
long_fields_are_pieces(void **state)
{
	static const uint16_t pieces[] = {0, 1, 2, 3, 4, 4, 6, 6, 8, 8};

	(void)state;
	for (uint16_t size = 1; size < 10; size++)
		assert_int_equal(narrow_piece(size), pieces[size]);
	assert_int_equal(narrow_piece(1000), 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_have_the_documented_form),
		cmocka_unit_test(as_wide_as_the_span),
		cmocka_unit_test(extremes_come_back),
		cmocka_unit_test(a_piece_is_read_alone),
		cmocka_unit_test(what_is_no_column_is_refused),
		cmocka_unit_test(long_fields_are_pieces),
	};

	return cmocka_run_group_tests_name("narrow", tests, NULL, NULL);
}
