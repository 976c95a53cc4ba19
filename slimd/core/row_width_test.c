/* SPDX-License-Identifier: Apache-2.0 */
/* Widths of rows out of frames that are made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "row_width.h"

#define WIDEST 117u

static struct row_width
a_table(void)
{
	struct row_width w;

	row_width_init(&w, WIDEST);
	return w;
}

static void
note_times(struct row_width *w, uint32_t octets, uint32_t rows, unsigned n)
{
	while (n-- > 0)
		row_width_note(w, octets, rows);
}

/* Killed by: nothing foreseen as long as nothing was sent; a table of no width. */
static void
nothing_was_sent_so_rows_are_wide(void **state)
{
	struct row_width w = a_table(), none;

	(void)state;
	assert_int_equal(row_width_octets(&w), WIDEST);
	assert_int_equal(row_width_foresee(&w, 100), 100 * WIDEST);
	row_width_init(&none, 0);
	assert_int_equal(row_width_octets(&none), 1);
}

/* Killed by: the widest, whatever was sent. */
static void
rows_are_as_wide_as_they_were(void **state)
{
	struct row_width w = a_table();

	(void)state;
	row_width_note(&w, 2048 * 11, 2048);
	assert_int_equal(row_width_octets(&w), 12);
	assert_int_equal(row_width_foresee(&w, 1000), 12000);
	assert_int_equal(row_width_foresee(&w, 0), 0);
}

/* Killed by: the mean, or the last frame alone; what was long ago. */
static void
the_worst_of_the_last_frames_counts(void **state)
{
	struct row_width w = a_table();

	(void)state;
	row_width_note(&w, 100 * 49, 100);
	note_times(&w, 100 * 10, 100, ROW_WIDTHS - 1);
	assert_int_equal(row_width_octets(&w), 50);
	row_width_note(&w, 100 * 10, 100);
	assert_int_equal(row_width_octets(&w), 11);
}

/* Killed by: the heads of the columns of a single row taken for its width; a single row that hides wide ones, or that is foreseen
 * without heads. */
static void
a_frame_of_few_rows_is_mostly_heads(void **state)
{
	struct row_width w = a_table();

	(void)state;
	row_width_note(&w, 300, 1);
	assert_int_equal(row_width_octets(&w), WIDEST);
	row_width_note(&w, 100 * 30, 100);
	note_times(&w, 200, 1, 2 * ROW_WIDTHS);
	assert_int_equal(row_width_octets(&w), 31);
	row_width_note(&w, 15 * 60, 15);
	assert_int_equal(row_width_octets(&w), 57);
	assert_int_equal(row_width_foresee(&w, 1), ROW_WIDTH_FEW * 57);
}

/* Killed by: more than what is known beforehand to be enough. */
static void
no_row_is_wider_than_the_widest(void **state)
{
	struct row_width w = a_table();

	(void)state;
	row_width_note(&w, 100 * 200, 100);
	assert_int_equal(row_width_octets(&w), WIDEST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_was_sent_so_rows_are_wide),
		cmocka_unit_test(rows_are_as_wide_as_they_were),
		cmocka_unit_test(the_worst_of_the_last_frames_counts),
		cmocka_unit_test(a_frame_of_few_rows_is_mostly_heads),
		cmocka_unit_test(no_row_is_wider_than_the_widest),
	};

	return cmocka_run_group_tests_name("row width", tests, NULL, NULL);
}
