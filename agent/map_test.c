/* SPDX-License-Identifier: Apache-2.0 */
/* The map of one session, and that the next one finds it empty. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "map.h"

#define CAPACITY 8u
#define NONE UINT32_MAX

static uint64_t memory[3 * CAPACITY];
static struct slim_map map;

static int
setup(void **state)
{
	(void)state;
	memset(memory, 0, sizeof(memory));
	assert_int_equal(slim_map_size(CAPACITY), sizeof(memory));
	slim_map_init(&map, memory, CAPACITY);
	return 0;
}

static void
finds_what_was_set(void **state)
{
	(void)state;
	assert_int_equal(slim_map_find(&map, 1, 0), NONE);
	slim_map_set(&map, 1, 0, 7);
	slim_map_set(&map, 1, 7, 0);
	assert_int_equal(slim_map_find(&map, 1, 0), 7);
	assert_int_equal(slim_map_find(&map, 1, 7), 0);
	slim_map_clear(&map, 1, 0);
	assert_int_equal(slim_map_find(&map, 1, 0), NONE);
	assert_int_equal(slim_map_find(&map, 1, 7), 0);
}

/* Killed by: as many numbers as the table has slots. */
static void
a_source_may_have_twice_the_slots(void **state)
{
	(void)state;
	assert_int_equal(slim_map_sources(CAPACITY), 2 * CAPACITY);
	for (uint32_t slot = 0; slot < 2 * CAPACITY; slot++)
		slim_map_set(&map, 1, slot, slot / 2);
	for (uint32_t slot = 0; slot < 2 * CAPACITY; slot++)
		assert_int_equal(slim_map_find(&map, 1, slot), slot % 2 != 0 ? slot / 2 : NONE);
	assert_int_equal(slim_map_sources(SLIM_MAX_CAPACITY), SLIM_MAX_CAPACITY);
}

/* The entry serves another source slot now; clearing the first one leaves it alone. */
static void
an_entry_stands_for_one_source_slot(void **state)
{
	(void)state;
	slim_map_set(&map, 1, 2, 5);
	slim_map_set(&map, 1, 3, 5);
	assert_int_equal(slim_map_find(&map, 1, 2), NONE);
	slim_map_clear(&map, 1, 2);
	assert_int_equal(slim_map_find(&map, 1, 3), 5);
}

/* Killed by: an entry that counts in every generation. */
static void
a_new_generation_begins_empty(void **state)
{
	(void)state;
	for (uint32_t slot = 0; slot < CAPACITY; slot++)
		slim_map_set(&map, 4, slot, slot ^ 1);
	for (uint32_t slot = 0; slot < CAPACITY; slot++)
		assert_int_equal(slim_map_find(&map, 5, slot), NONE);
	slim_map_set(&map, 5, 0, 1);
	assert_int_equal(slim_map_find(&map, 5, 0), 1);
	assert_int_equal(slim_map_find(&map, 4, 0), NONE);
	assert_int_equal(slim_map_find(&map, 4, 2), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(finds_what_was_set, setup),
		cmocka_unit_test_setup(an_entry_stands_for_one_source_slot, setup),
		cmocka_unit_test_setup(a_source_may_have_twice_the_slots, setup),
		cmocka_unit_test_setup(a_new_generation_begins_empty, setup),
	};

	return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
