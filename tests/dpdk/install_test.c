/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Installs: what each record does to the table and to the NF's index, in which order, and what
 * records without sense do (nothing, and they are counted).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"

#define CAPACITY 64u
#define N_WORKERS 2u

struct entry {
	uint32_t id;
	uint8_t mac[6];
	uint16_t small; /* lazy, max */
	uint64_t last;  /* lazy, last */
	uint64_t sum;   /* lazy, sum */
	uint64_t local;
	uint32_t state;
	uint32_t hole; /* no field */
};

static const struct slim_field fields[] = {
	SLIM_FIELD_KEY(struct entry, id, SLIM_U32),
	SLIM_FIELD_STATE(struct entry, mac, SLIM_MAC),
	SLIM_FIELD_LAZY(struct entry, small, SLIM_U16, SLIM_MERGE_MAX),
	SLIM_FIELD_LAZY(struct entry, last, SLIM_TIME, SLIM_MERGE_LAST),
	SLIM_FIELD_LAZY(struct entry, sum, SLIM_COUNTER, SLIM_MERGE_SUM),
	SLIM_FIELD_LOCAL(struct entry, local, SLIM_U64),
	SLIM_FIELD_STATE(struct entry, state, SLIM_U32),
};

/* The NF's index: a list of ids, searched from the top. And a diary of its callbacks. */
static uint32_t index_of[CAPACITY]; /* id + 1; 0: free */
static char diary[256];
static uint32_t answer; /* != 0: acquire says this */
static uint32_t n_ahead, ahead_at_acquire;

static void
note(const char *what, uint32_t id, uint32_t slot)
{
	size_t at = strlen(diary);

	snprintf(diary + at, sizeof(diary) - at, "%s%s %u@%u", at > 0 ? ", " : "", what, id, slot);
}

static uint32_t
entry_acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key)
{
	uint32_t id, slot = SLIM_NO_SLOT;

	(void)ctx, (void)w, (void)bucket;
	memcpy(&id, key, sizeof(id));
	ahead_at_acquire = n_ahead;
	if (answer != 0)
		return answer;
	for (uint32_t s = CAPACITY; s-- > 0;) {
		if (index_of[s] == id + 1)
			return s;
		if (index_of[s] == 0 && slot == SLIM_NO_SLOT)
			slot = s;
	}
	if (slot != SLIM_NO_SLOT)
		index_of[slot] = id + 1;
	return slot;
}

static void
entry_installed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	(void)ctx, (void)w;
	note("in", ((const struct entry *)entry)->id, slot);
}

static void
entry_removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	(void)ctx, (void)w;
	index_of[slot] = 0;
	note("out", ((const struct entry *)entry)->id, slot);
}

static void
entry_ahead(void *ctx, struct slim_worker *w, const void *row)
{
	(void)ctx, (void)w, (void)row;
	n_ahead++;
}

static const struct slim_table_ops ops = {.acquire = entry_acquire,
					  .installed = entry_installed,
					  .removed = entry_removed,
					  .ahead = entry_ahead};

static struct slim_agent *agent;
static struct slim_table *table;
static struct slim_worker *w0, *w1;
static struct harness_shm shm;

static void
command(uint32_t mode, uint32_t wipe)
{
	uint32_t epoch = harness_command(
		&shm,
		&(struct slim_shm_command){.mode = mode, .track = 1, .session = 1, .wipe = wipe});

	for (int i = 0; i < 4; i++) {
		slim_worker_poll(w0);
		slim_worker_poll(w1);
	}
	assert_true(harness_all_acked(&shm, epoch));
}

static int
setup(void **state)
{
	struct slim_agent_config config = {.name = "install",
					   .service = "test",
					   .kind = "slim-test",
					   .version = "1",
					   .identity = "",
					   .n_workers = N_WORKERS};
	struct slim_table_config table_config = {.name = "entries",
						 .capacity = CAPACITY,
						 .entry_size = sizeof(struct entry),
						 .n_fields = RTE_DIM(fields),
						 .fields = fields,
						 .ops = &ops};

	(void)state;
	memset(index_of, 0, sizeof(index_of));
	diary[0] = '\0';
	answer = n_ahead = 0;
	if (slim_agent_create(&config, &agent) || slim_table_create(agent, &table_config, &table) ||
	    slim_agent_start(agent))
		return -1;
	w0 = slim_agent_worker(agent, 0);
	w1 = slim_agent_worker(agent, 1);
	shm = harness_shm_of(agent);
	command(SLIM_GATE_RECEIVE, 0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	slim_agent_destroy(agent);
	return 0;
}

/* Bucket 0, so worker 0; polled at once. */
static void
send_record(enum slim_install_op op, uint32_t slot, const struct entry *row)
{
	assert_true(harness_install(&shm, 0, op, 0, 0, slot, row, row != NULL ? sizeof(*row) : 0));
	slim_worker_poll(w0);
	assert_true(harness_install_done(&shm));
}

static void
put(uint32_t slot, uint32_t id, uint32_t value)
{
	send_record(SLIM_INSTALL_PUT, slot,
		    &(struct entry){.id = id, .state = value, .local = 99, .hole = 98});
}

#define COUNTER(name) atomic_load(&shm.info->workers[0].counters.name)

static struct entry *
entry_at(uint32_t slot)
{
	return slim_slot(table, slot);
}

/* ---- rows --------------------------------------------------------------------- */

static void
puts_changes_and_deletes(void **state)
{
	(void)state;
	put(5, 1, 10);
	assert_int_equal(entry_at(63)->state, 10);
	assert_int_equal(entry_at(63)->local, 0); /* never travels */
	assert_int_equal(entry_at(63)->hole, 0);
	entry_at(63)->local = 7;
	put(5, 1, 11);
	assert_int_equal(entry_at(63)->state, 11);
	assert_int_equal(entry_at(63)->local, 7); /* not touched */
	send_record(SLIM_INSTALL_DEL, 5, NULL);
	send_record(SLIM_INSTALL_DEL, 5, NULL); /* again: nothing */
	assert_string_equal(diary, "in 1@63, in 1@63, out 1@63");
	assert_int_equal(COUNTER(installed), 2);
	assert_int_equal(COUNTER(removed), 1);
	assert_int_equal(atomic_load(&shm.info->workers[0].used[0]), 0);
	assert_int_equal(atomic_load(&shm.info->workers[0].writes[0]), 3);
}

static void
removes_the_old_row_when_the_key_of_a_slot_changed(void **state)
{
	(void)state;
	put(5, 1, 10);
	entry_at(63)->local = 7;
	put(5, 2, 20);
	assert_string_equal(diary, "in 1@63, out 1@63, in 2@63");
	assert_int_equal(entry_at(63)->local, 0); /* another's was there */
	assert_int_equal(atomic_load(&shm.info->workers[0].used[0]), 1);
}

/* The source freed slot 5 and gave key 1 to slot 6; the rows come the other way round. */
static void
late_delete_spares_an_entry_that_moved(void **state)
{
	(void)state;
	put(5, 1, 10);
	put(6, 1, 11);
	send_record(SLIM_INSTALL_DEL, 5, NULL);
	assert_string_equal(diary, "in 1@63, in 1@63");
	assert_int_equal(entry_at(63)->state, 11);
	send_record(SLIM_INSTALL_DEL, 6, NULL);
	assert_string_equal(diary, "in 1@63, in 1@63, out 1@63");
}

static void
late_put_of_another_key_spares_an_entry_that_moved(void **state)
{
	(void)state;
	put(5, 1, 10);
	put(6, 1, 11);
	put(5, 3, 30);
	assert_string_equal(diary, "in 1@63, in 1@63, in 3@62");
	put(6, 4, 40);
	assert_string_equal(diary, "in 1@63, in 1@63, in 3@62, out 1@63, in 4@63");
}

static void
dirty_before_position(void **state)
{
	(void)state;
	while (harness_take_dirty(&shm, 0) != SLIM_NO_SLOT)
		;
	put(5, 1, 10);
	/* No slim_commit: whoever sees the position sees the change too. */
	assert_int_equal(harness_take_dirty(&shm, 0), 63);
}

static void
full_table_is_an_error_with_a_number(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < CAPACITY; i++)
		put(i, 100 + i, i);
	assert_int_equal(atomic_load(&shm.info->workers[0].install_error), 0);
	put(0, 500, 1); /* its slot's old key goes first: fits */
	assert_int_equal(atomic_load(&shm.info->workers[0].install_error), 0);
	answer = SLIM_NO_SLOT;
	put(1, 501, 1);
	assert_int_equal(COUNTER(install_full), 1);
	assert_int_equal(atomic_load(&shm.info->workers[0].install_error), ENOSPC);
	command(SLIM_GATE_CLOSED, 0);
	command(SLIM_GATE_RECEIVE, 0);
	assert_int_equal(atomic_load(&shm.info->workers[0].install_error), 0);
}

/* A larger source, whose entries fit. Killed by: numbers up to the own slots only. */
static void
follows_a_source_of_twice_its_slots(void **state)
{
	(void)state;
	assert_int_equal(shm.info->tables[0].source_slots, 2 * CAPACITY);
	for (uint32_t i = 0; i < CAPACITY; i++)
		put(2 * i + 1, 100 + i, i);
	assert_int_equal(COUNTER(installed), CAPACITY);
	send_record(SLIM_INSTALL_DEL, 2 * CAPACITY - 1, NULL);
	put(0, 500, 1);
	assert_int_equal(COUNTER(install_bad), 0);
	assert_int_equal(atomic_load(&shm.info->workers[0].install_error), 0);
}

/* ---- merge -------------------------------------------------------------------- */

static void
merges_by_rule_if_the_key_is_the_same(void **state)
{
	struct entry row = {.id = 1, .small = 300, .last = 5, .sum = 10, .state = 77, .local = 6};

	(void)state;
	send_record(SLIM_INSTALL_PUT, 5, &row);
	assert_int_equal(entry_at(63)->sum, 10); /* lazy fields come along with a row */
	entry_at(63)->local = 1;
	row = (struct entry){.id = 1, .small = 200, .last = 4, .sum = 3, .state = 1};
	send_record(SLIM_INSTALL_MERGE, 5, &row);
	assert_int_equal(entry_at(63)->small, 300);
	assert_int_equal(entry_at(63)->last, 4);
	assert_int_equal(entry_at(63)->sum, 13);
	assert_int_equal(entry_at(63)->state, 77);
	assert_int_equal(entry_at(63)->local, 1);
	row.small = 0x1ff;
	send_record(SLIM_INSTALL_MERGE, 5, &row);
	assert_int_equal(entry_at(63)->small, 0x1ff);
	row.id = 2;
	send_record(SLIM_INSTALL_MERGE, 5, &row);
	send_record(SLIM_INSTALL_MERGE, 6, &row);
	assert_int_equal(entry_at(63)->sum, 16);
	assert_int_equal(COUNTER(merged), 2);
	assert_int_equal(COUNTER(install_bad), 0);
	assert_int_equal(atomic_load(&shm.info->workers[0].writes[0]), 1);
}

/* The target ends a flow, and another one with the same key gets its slot: what the source counted is not
 * its own. Killed by: merging by slot and key alone. */
static void
merges_nothing_into_a_later_entry_with_the_same_key(void **state)
{
	struct entry row = {.id = 1, .sum = 10};

	(void)state;
	send_record(SLIM_INSTALL_PUT, 5, &row);
	command(SLIM_GATE_SERVE, 0);
	slim_slot_free(w0, table, 63);
	slim_slot_begin(w0, table, 63);
	*entry_at(63) = (struct entry){.id = 1, .sum = 2};
	slim_slot_end(w0, table, 63, 0);
	send_record(SLIM_INSTALL_MERGE, 5, &row);
	assert_int_equal(entry_at(63)->sum, 2);
	assert_int_equal(COUNTER(merged), 0);
	assert_int_equal(COUNTER(install_bad), 0);
}

static void
takes_only_merges_after_the_handover(void **state)
{
	struct entry row = {.id = 1, .sum = 3};

	(void)state;
	put(5, 1, 10);
	command(SLIM_GATE_SERVE, 0);
	send_record(SLIM_INSTALL_MERGE, 5, &row);
	assert_int_equal(entry_at(63)->sum, 3);
	send_record(SLIM_INSTALL_PUT, 6, &row);
	send_record(SLIM_INSTALL_DEL, 5, NULL);
	assert_int_equal(COUNTER(install_bad), 2);
	assert_int_equal(atomic_load(&shm.info->workers[0].used[0]), 1);
	/* What waits when the last command comes is still merged. */
	assert_true(harness_install(&shm, 0, SLIM_INSTALL_MERGE, 0, 0, 5, &row, sizeof(row)));
	command(SLIM_GATE_PASS, 0);
	assert_int_equal(entry_at(63)->sum, 6);
}

/* ---- nonsense ------------------------------------------------------------------- */

static void
refuses_records_without_sense(void **state)
{
	struct entry row = {.id = 1};

	(void)state;
	/* Table, slot, row size, operation, and a bucket of another worker. */
	assert_true(harness_install(&shm, 0, SLIM_INSTALL_PUT, 1, 0, 0, &row, sizeof(row)));
	assert_true(
		harness_install(&shm, 0, SLIM_INSTALL_PUT, 0, 0, 2 * CAPACITY, &row, sizeof(row)));
	assert_true(harness_install(&shm, 0, SLIM_INSTALL_PUT, 0, 0, 0, &row, 8));
	assert_true(harness_install(&shm, 0, (enum slim_install_op)9, 0, 0, 0, &row, sizeof(row)));
	assert_true(harness_install(&shm, 0, SLIM_INSTALL_PUT, 0, 1, 0, &row, sizeof(row)));
	slim_worker_poll(w0);
	assert_true(harness_install_done(&shm));
	assert_int_equal(COUNTER(install_bad), 5);
	assert_int_equal(COUNTER(installed), 0);
	assert_int_equal(atomic_load(&shm.info->workers[0].install_error), EPROTO);
	put(5, 1, 10); /* and goes on */
	assert_int_equal(COUNTER(installed), 1);
}

static void
survives_a_broken_ring(void **state)
{
	struct slim_shm_install *ring = (void *)((uint8_t *)shm.control + shm.info->install_offset);
	const uint32_t sizes[] = {0, 4, 8, 20, 4096, UINT32_MAX, 1u << 20};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(sizes); i++) {
		uint64_t tail = atomic_load(&ring->tail);
		struct slim_install_record record = {.size = sizes[i], .op = SLIM_INSTALL_PUT};

		memcpy(ring->data + (tail & (SLIM_INSTALL_RING_SIZE - 1)), &record, sizeof(record));
		atomic_store(&ring->tail, tail + 64);
		slim_worker_poll(w0);
		assert_int_equal(COUNTER(install_bad), i + 1);
		assert_true(harness_install_done(&shm));
	}
	/* A position that is not possible. */
	atomic_store(&ring->tail, atomic_load(&ring->tail) + (UINT64_C(1) << 40));
	slim_worker_poll(w0);
	assert_true(harness_install_done(&shm));
	assert_int_equal(COUNTER(installed), 0);
}

static void
refuses_slots_that_the_nf_makes_up(void **state)
{
	(void)state;
	put(5, 1, 10); /* at 63 */
	answer = CAPACITY;
	put(6, 2, 20);
	answer = 63; /* in use by another key */
	put(7, 3, 30);
	assert_int_equal(COUNTER(install_bad), 2);
	assert_int_equal(entry_at(63)->id, 1);
}

/* Records of an earlier session in the ring are not this one's. */
static void
begins_at_the_end_of_the_ring(void **state)
{
	struct entry row = {.id = 1};

	(void)state;
	command(SLIM_GATE_CLOSED, 0);
	assert_true(harness_install(&shm, 0, SLIM_INSTALL_PUT, 0, 0, 0, &row, sizeof(row)));
	slim_worker_poll(w0);
	assert_int_equal(COUNTER(installed), 0);
	command(SLIM_GATE_RECEIVE, 0);
	assert_true(harness_install_done(&shm));
	assert_int_equal(COUNTER(installed), 0);
}

static void
goes_round_the_ring(void **state)
{
	struct entry row = {.id = 1};

	(void)state;
	for (uint32_t i = 0; i < 5 * SLIM_INSTALL_RING_SIZE / (uint32_t)sizeof(row); i++) {
		row.state = i;
		while (!harness_install(&shm, 0, SLIM_INSTALL_PUT, 0, 0, 5, &row, sizeof(row)))
			slim_worker_poll(w0);
	}
	while (!harness_install_done(&shm))
		slim_worker_poll(w0);
	assert_int_equal(entry_at(63)->state, row.state);
	assert_int_equal(COUNTER(install_bad), 0);
}

/* The NF hears of several rows before the first of them comes, and not of those that it knows. */
static void
looks_ahead(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		assert_true(harness_install(&shm, 0, SLIM_INSTALL_PUT, 0, 0, i,
					    &(struct entry){.id = i}, sizeof(struct entry)));
	slim_worker_poll(w0);
	assert_int_equal(n_ahead, 3);
	assert_int_equal(ahead_at_acquire, 3);
	assert_string_equal(diary, "in 0@63, in 1@62, in 2@61");
	put(1, 1, 5);
	assert_int_equal(n_ahead, 3);
}

/* A worker that may sleep while records wait makes the copy as slow as its sleep. */
static void
says_that_more_waits(void **state)
{
	const uint32_t n = SLIM_INSTALL_BUDGET + 1;

	(void)state;
	assert_int_equal(slim_worker_poll(w0) & SLIM_POLL_MORE, 0);
	for (uint32_t i = 0; i < n; i++)
		assert_true(harness_install(&shm, 0, SLIM_INSTALL_PUT, 0, 0, i % 8,
					    &(struct entry){.id = i % 8}, sizeof(struct entry)));
	assert_int_not_equal(slim_worker_poll(w0) & SLIM_POLL_MORE, 0);
	assert_int_equal(COUNTER(installed), SLIM_INSTALL_BUDGET);
	assert_int_equal(slim_worker_poll(w0) & SLIM_POLL_MORE, 0);
	assert_int_equal(COUNTER(installed), n);
}

/* ---- wipe ---------------------------------------------------------------------------- */

static void
wipes_what_is_there(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		put(i, 100 + i, i);
	assert_true(harness_install(&shm, 1, SLIM_INSTALL_PUT, 0, 1, 10, &(struct entry){.id = 7},
				    sizeof(struct entry)));
	slim_worker_poll(w1);
	diary[0] = '\0';
	command(SLIM_GATE_CLOSED, 1);
	assert_int_equal(COUNTER(removed), 10);
	assert_int_equal(atomic_load(&shm.info->workers[1].counters.removed), 1);
	for (uint32_t i = 0; i < CAPACITY; i++)
		assert_int_equal(index_of[i], 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(puts_changes_and_deletes),
		TEST(removes_the_old_row_when_the_key_of_a_slot_changed),
		TEST(late_delete_spares_an_entry_that_moved),
		TEST(late_put_of_another_key_spares_an_entry_that_moved),
		TEST(dirty_before_position),
		TEST(full_table_is_an_error_with_a_number),
		TEST(merges_by_rule_if_the_key_is_the_same),
		TEST(merges_nothing_into_a_later_entry_with_the_same_key),
		TEST(takes_only_merges_after_the_handover),
		TEST(follows_a_source_of_twice_its_slots),
		TEST(refuses_records_without_sense),
		TEST(survives_a_broken_ring),
		TEST(refuses_slots_that_the_nf_makes_up),
		TEST(begins_at_the_end_of_the_ring),
		TEST(goes_round_the_ring),
		TEST(looks_ahead),
		TEST(says_that_more_waits),
		TEST(wipes_what_is_there),
	};

	harness_start_eal();
	return cmocka_run_group_tests_name("install", tests, NULL, NULL);
}
