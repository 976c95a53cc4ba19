/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "schema.h"

/* addr(4) port(2) pad(2) created(8) packets(8) seen(8) queue(4) pad(4) */
static void
make_table(struct slim_shm_table *table)
{
	static const struct slim_shm_field fields[] = {
		{"addr", SLIM_IPV4, SLIM_KEY, SLIM_STATE, SLIM_MERGE_NONE, 0, 4},
		{"port", SLIM_BE16, SLIM_KEY, SLIM_STATE, SLIM_MERGE_NONE, 4, 2},
		{"flags", SLIM_U16, SLIM_VALUE, SLIM_STATE, SLIM_MERGE_NONE, 6, 2},
		{"created", SLIM_TIME, SLIM_VALUE, SLIM_STATE, SLIM_MERGE_NONE, 8, 8},
		{"packets", SLIM_COUNTER, SLIM_VALUE, SLIM_LAZY, SLIM_MERGE_SUM, 16, 8},
		{"seen", SLIM_TIME, SLIM_VALUE, SLIM_LAZY, SLIM_MERGE_MAX, 24, 8},
		{"queue", SLIM_U32, SLIM_VALUE, SLIM_LOCAL, SLIM_MERGE_NONE, 32, 4},
	};

	memset(table, 0, sizeof(*table));
	strcpy(table->name, "sessions");
	table->capacity = 1000;
	table->slot_size = 48;
	table->key_offset = 0;
	table->key_size = 6;
	table->n_fields = 7;
	memcpy(table->fields, fields, sizeof(fields));
}

static struct schema_table
good_table(void)
{
	struct slim_shm_table shm;
	struct schema_table table;
	struct schema_reason reason;

	make_table(&shm);
	assert_int_equal(schema_from_shm(&shm, &table, &reason), 0);
	return table;
}

static void
a_good_table_is_taken(void **state)
{
	struct schema_table table = good_table();

	(void)state;
	assert_int_equal(table.payload_size, 40);
	assert_int_equal(schema_find_field(&table, "seen"), 5);
	assert_int_equal(schema_find_field(&table, "nothing"), -1);
}

/* One change each makes it refused, and the reason says something about it. */
#define BREAK(name, change, what)                                                \
	static void name(void **state)                                           \
	{                                                                        \
		struct slim_shm_table t;                                         \
		struct schema_table table;                                       \
		struct schema_reason reason;                                     \
		(void)state;                                                     \
		make_table(&t);                                                  \
		change;                                                          \
		assert_int_equal(schema_from_shm(&t, &table, &reason), -EINVAL); \
		if (strstr(reason.text, what) == NULL)                           \
			fail_msg("reason is \"%s\"", reason.text);               \
	}

BREAK(refuse_endless_name, memset(t.name, 'a', sizeof(t.name)), "name")
BREAK(refuse_no_capacity, t.capacity = 0, "capacity")
BREAK(refuse_much_capacity, t.capacity = SLIM_MAX_CAPACITY + 1, "capacity")
BREAK(refuse_odd_slot, t.slot_size = 44, "slot size")
BREAK(refuse_empty_slot, t.slot_size = 8, "slot size")
BREAK(refuse_big_slot, t.slot_size = SLIM_MAX_SLOT_SIZE + 8, "slot size")
BREAK(refuse_no_fields, t.n_fields = 0, "fields")
BREAK(refuse_many_fields, t.n_fields = SLIM_MAX_FIELDS + 1, "fields")
BREAK(refuse_field_name, t.fields[1].name[0] = '\n', "name")
BREAK(refuse_same_name, strcpy(t.fields[3].name, "port"), "two fields")
BREAK(refuse_type, t.fields[2].type = 77, "type")
BREAK(refuse_size, t.fields[2].size = 4, "size")
BREAK(refuse_zero_size, (t.fields[2].type = SLIM_BYTES, t.fields[2].size = 0), "size")
BREAK(refuse_outside, t.fields[5].offset = 33, "outside")
BREAK(refuse_far_outside, t.fields[5].offset = 65535, "outside")
BREAK(refuse_overlap, t.fields[5].offset = 16, "overlaps")
BREAK(refuse_lazy_key, t.fields[0].class_ = SLIM_LAZY, "key field")
BREAK(refuse_key_hole, t.key_size = 8, "key has bytes")
BREAK(refuse_key_elsewhere, t.key_offset = 40, "where the key is")
BREAK(refuse_small_key, t.key_size = 4, "key has bytes")
BREAK(refuse_key_behind_value, (t.fields[6].role = SLIM_KEY, t.fields[6].class_ = SLIM_STATE),
      "behind a value")
BREAK(refuse_odd_place, t.fields[6].offset = 34, "aligned")
BREAK(refuse_dash_in_table, strcpy(t.name, "a-b"), "name")
BREAK(refuse_dot_in_table, strcpy(t.name, "a.b"), "name")
BREAK(refuse_blank_in_table, strcpy(t.name, "a b"), "name")
BREAK(refuse_blank_in_field, strcpy(t.fields[3].name, "a b"), "name")
BREAK(refuse_no_key, (t.fields[0].role = SLIM_VALUE, t.fields[1].role = SLIM_VALUE), "no key")
BREAK(refuse_merge_of_state, t.fields[3].merge = SLIM_MERGE_MAX, "merge")
BREAK(refuse_sum_of_time, t.fields[5].merge = SLIM_MERGE_SUM, "merge")
BREAK(refuse_lazy_without_merge, t.fields[4].merge = SLIM_MERGE_NONE, "merge")

static void
a_table_goes_to_the_peer_without_local_fields(void **state)
{
	struct schema_table table = good_table(), back;
	struct schema_message message;
	struct schema_reason reason;

	(void)state;
	schema_to_peer(&table, 12, &message);
	assert_int_equal(message.table.n_fields, 6);
	assert_int_equal(message.table.used, 12);
	assert_int_equal(schema_from_peer(&message.table, &back, &reason), 0);
	assert_string_equal(back.name, "sessions");
	assert_int_equal(back.n_fields, 6);
	assert_int_equal(back.fields[5].offset, SCHEMA_NO_OFFSET);
}

static void
a_peer_cannot_send_nonsense(void **state)
{
	struct schema_table table = good_table(), back;
	struct schema_message message;
	struct schema_reason reason;
	char endless[200];

	(void)state;
	schema_to_peer(&table, 0, &message);
	message.fields[0].size = 70000;
	assert_int_equal(schema_from_peer(&message.table, &back, &reason), -EINVAL);

	schema_to_peer(&table, 0, &message);
	message.fields[2].class_ = SLIM_LOCAL;
	assert_int_equal(schema_from_peer(&message.table, &back, &reason), -EINVAL);

	schema_to_peer(&table, 0, &message);
	memset(endless, 'x', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	message.fields[2].name = endless;
	assert_int_equal(schema_from_peer(&message.table, &back, &reason), -EINVAL);

	schema_to_peer(&table, 0, &message);
	for (int i = 2; i < 4; i++) {
		message.fields[i].type = SLIM_BYTES;
		message.fields[i].size = 1000;
	}
	assert_int_equal(schema_from_peer(&message.table, &back, &reason), -EINVAL);
}

static void
equal_sides_link_with_merged_runs(void **state)
{
	struct schema_table table = good_table();
	struct schema_link link;
	struct schema_reason reason;

	(void)state;
	assert_int_equal(schema_link(&table, 3, &table, &table, &link, &reason), 0);
	assert_int_equal(link.index, 3);
	assert_int_equal(link.n_columns, 6);
	assert_int_equal(link.row_size, 32);
	assert_int_equal(link.n_runs, 2); /* addr+port+flags, created */
	assert_int_equal(link.runs[0].size, 8);
	assert_true(link.runs[1].is_time);
	assert_int_equal(link.canonical_size, 16);
	assert_int_equal(link.n_sums, 1);
	assert_true(link.has_lazy);
}

static void
fields_may_come_and_go(void **state)
{
	struct schema_table source = good_table(), target = good_table();
	struct schema_link at_source, at_target;
	struct schema_reason reason;

	(void)state;
	strcpy(target.fields[2].name, "new");
	assert_int_equal(schema_link(&source, 0, &source, &target, &at_source, &reason), 0);
	assert_int_equal(schema_link(&source, 0, &target, &source, &at_target, &reason), 0);
	assert_int_equal(at_target.columns[2].offset, SCHEMA_NO_OFFSET);
	assert_int_equal(at_source.columns[2].offset, 6);
	/* Both hash the same fields. */
	assert_int_equal(at_source.canonical_size, 14);
	assert_int_equal(at_target.canonical_size, 14);
}

static void
changed_fields_are_refused(void **state)
{
	struct schema_table source = good_table(), target;
	struct schema_link link;
	struct schema_reason reason;

	(void)state;
	target = good_table();
	target.fields[2].type = SLIM_BE16;
	assert_int_equal(schema_link(&source, 0, &source, &target, &link, &reason), -EINVAL);
	assert_non_null(strstr(reason.text, "type"));

	target = good_table();
	target.fields[4].merge = SLIM_MERGE_LAST;
	assert_int_equal(schema_link(&source, 0, &target, &source, &link, &reason), -EINVAL);
	assert_non_null(strstr(reason.text, "merge"));

	target = good_table();
	target.fields[3].class_ = SLIM_LAZY;
	assert_int_equal(schema_link(&source, 0, &source, &target, &link, &reason), -EINVAL);
	assert_non_null(strstr(reason.text, "class"));

	target = good_table();
	strcpy(target.fields[1].name, "door");
	assert_int_equal(schema_link(&source, 0, &source, &target, &link, &reason), -EINVAL);
	assert_non_null(strstr(reason.text, "key field"));

	/* Numbers of slots are not its business: what must fit is what is there. */
	target = good_table();
	target.capacity = 1;
	assert_int_equal(schema_link(&source, 0, &target, &source, &link, &reason), 0);
	assert_int_equal(link.capacity, 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_table_is_taken),
		cmocka_unit_test(refuse_endless_name),
		cmocka_unit_test(refuse_no_capacity),
		cmocka_unit_test(refuse_much_capacity),
		cmocka_unit_test(refuse_odd_slot),
		cmocka_unit_test(refuse_empty_slot),
		cmocka_unit_test(refuse_big_slot),
		cmocka_unit_test(refuse_no_fields),
		cmocka_unit_test(refuse_many_fields),
		cmocka_unit_test(refuse_field_name),
		cmocka_unit_test(refuse_same_name),
		cmocka_unit_test(refuse_type),
		cmocka_unit_test(refuse_size),
		cmocka_unit_test(refuse_zero_size),
		cmocka_unit_test(refuse_outside),
		cmocka_unit_test(refuse_far_outside),
		cmocka_unit_test(refuse_overlap),
		cmocka_unit_test(refuse_lazy_key),
		cmocka_unit_test(refuse_key_hole),
		cmocka_unit_test(refuse_key_elsewhere),
		cmocka_unit_test(refuse_small_key),
		cmocka_unit_test(refuse_key_behind_value),
		cmocka_unit_test(refuse_odd_place),
		cmocka_unit_test(refuse_dash_in_table),
		cmocka_unit_test(refuse_dot_in_table),
		cmocka_unit_test(refuse_blank_in_table),
		cmocka_unit_test(refuse_blank_in_field),
		cmocka_unit_test(refuse_no_key),
		cmocka_unit_test(refuse_merge_of_state),
		cmocka_unit_test(refuse_sum_of_time),
		cmocka_unit_test(refuse_lazy_without_merge),
		cmocka_unit_test(a_table_goes_to_the_peer_without_local_fields),
		cmocka_unit_test(a_peer_cannot_send_nonsense),
		cmocka_unit_test(equal_sides_link_with_merged_runs),
		cmocka_unit_test(fields_may_come_and_go),
		cmocka_unit_test(changed_fields_are_refused),
	};

	return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
