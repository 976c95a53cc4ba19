/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas that are refused, and what is prepared from a good one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "table.h"

struct entry {
	uint32_t address;
	uint16_t port;
	uint16_t flags;
	uint64_t seen;
	uint64_t local;
	uint64_t packets;
};

static const struct slim_field good[] = {
	SLIM_FIELD_KEY(struct entry, address, SLIM_IPV4),
	SLIM_FIELD_KEY(struct entry, port, SLIM_BE16),
	SLIM_FIELD_STATE(struct entry, flags, SLIM_U16),
	SLIM_FIELD_LAZY(struct entry, seen, SLIM_TIME, SLIM_MERGE_MAX),
	SLIM_FIELD_LOCAL(struct entry, local, SLIM_U64),
	SLIM_FIELD_LAZY(struct entry, packets, SLIM_COUNTER, SLIM_MERGE_SUM),
};
#define N_FIELDS (sizeof(good) / sizeof(good[0]))

static uint32_t
some_acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key)
{
	(void)ctx, (void)w, (void)bucket, (void)key;
	return SLIM_NO_SLOT;
}

static void
some_removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	(void)ctx, (void)w, (void)slot, (void)entry;
}

static const struct slim_table_ops ops = {.acquire = some_acquire, .removed = some_removed};

static struct slim_field fields[SLIM_MAX_FIELDS + 1];
static struct slim_table_config config;
static struct agent_table table;

static int
setup(void **state)
{
	(void)state;
	memcpy(fields, good, sizeof(good));
	memset(&table, 0, sizeof(table));
	config = (struct slim_table_config){
		.name = "sessions",
		.capacity = 100,
		.entry_size = sizeof(struct entry),
		.n_fields = N_FIELDS,
		.fields = fields,
		.ops = &ops,
	};
	return 0;
}

static void
prepares_a_good_schema(void **state)
{
	struct slim_shm_table shm = {0};

	(void)state;
	assert_int_equal(slim_table_check(&config, &table), 0);
	assert_int_equal(table.key_offset, 0);
	assert_int_equal(table.key_size, 6);
	/* address to seen in one piece, then packets; local stays. */
	assert_int_equal(table.n_runs, 2);
	assert_int_equal(table.runs[0].size, 16);
	assert_int_equal(table.runs[1].offset, offsetof(struct entry, packets));
	assert_int_equal(table.n_lazy, 2);
	assert_int_equal(table.lazy[1].merge, SLIM_MERGE_SUM);
	slim_table_describe(&table, &shm);
	assert_string_equal(shm.fields[3].name, "seen");
	assert_int_equal(shm.fields[3].class_, SLIM_LAZY);
	assert_int_equal(shm.n_fields, N_FIELDS);
}

static void
expect_refused(const char *what)
{
	if (slim_table_check(&config, &table) != -EINVAL)
		fail_msg("not refused: %s", what);
	setup(NULL);
}

static void
refuses_bad_tables(void **state)
{
	struct slim_table_ops incomplete = {.acquire = some_acquire};
	struct slim_field many[SLIM_MAX_FIELDS + 1];

	(void)state;
	config.name = "";
	expect_refused("no name");
	config.name = "a name that is longer than 31 characters";
	expect_refused("long name");
	config.capacity = 0;
	expect_refused("no slots");
	config.capacity = SLIM_MAX_CAPACITY + 1;
	expect_refused("too many slots");
	config.entry_size = sizeof(struct entry) + 4;
	expect_refused("odd size");
	config.entry_size = SLIM_MAX_SLOT_SIZE;
	expect_refused("too large");
	config.n_fields = 0;
	expect_refused("no fields");
	config.fields = NULL;
	expect_refused("fields not given");
	config.ops = NULL;
	expect_refused("no callbacks");
	config.ops = &incomplete;
	expect_refused("callback missing");
	for (size_t i = 0; i < SLIM_MAX_FIELDS + 1; i++)
		many[i] = good[0];
	config.fields = many;
	config.n_fields = SLIM_MAX_FIELDS + 1;
	expect_refused("too many fields");
}

static void
refuses_bad_fields(void **state)
{
	(void)state;
	fields[2].name = NULL;
	expect_refused("field without name");
	fields[2].name = "port";
	expect_refused("two of a name");
	fields[2].size = 4;
	expect_refused("size does not fit the type");
	fields[2].offset = 6000;
	expect_refused("outside the entry");
	fields[2].offset = 4;
	expect_refused("overlap");
	fields[3].offset = 12;
	expect_refused("not aligned");
	fields[2].type = (enum slim_type)99;
	expect_refused("unknown type");
	fields[3].class_ = SLIM_STATE;
	fields[3].merge = SLIM_MERGE_NONE;
	fields[3].role = SLIM_KEY;
	expect_refused("key after a value");
	fields[0].offset = 32;
	fields[0].name = "elsewhere";
	fields[5].offset = 0;
	expect_refused("key in two pieces");
}

static void
refuses_bad_keys_and_rules(void **state)
{
	(void)state;
	fields[0].role = SLIM_VALUE;
	fields[1].role = SLIM_VALUE;
	expect_refused("no key");
	fields[0].role = SLIM_VALUE;
	expect_refused("key not first");
	fields[1].class_ = SLIM_LAZY;
	fields[1].merge = SLIM_MERGE_LAST;
	expect_refused("lazy key");
	fields[3].merge = SLIM_MERGE_NONE;
	expect_refused("lazy without rule");
	fields[2].merge = SLIM_MERGE_MAX;
	expect_refused("rule without lazy");
	fields[2].class_ = SLIM_LAZY;
	fields[2].type = SLIM_BE16;
	fields[2].merge = SLIM_MERGE_SUM;
	expect_refused("sum of what is no number");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		TEST(prepares_a_good_schema),
		TEST(refuses_bad_tables),
		TEST(refuses_bad_fields),
		TEST(refuses_bad_keys_and_rules),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
