/* SPDX-License-Identifier: Apache-2.0 */
/* Install rings, read back by a simple reader. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "install.h"

#define N_WORKERS 2u
#define ROW 40u

struct world {
	struct slim_shm_install *rings;
	struct slim_shm_worker *workers;
	uint8_t bucket_worker[SLIM_N_BUCKETS];
	struct install install;
	uint64_t read[N_WORKERS]; /* as the workers would know it */
};

static void
begin(struct world *w)
{
	struct install_config config = {.rings = w->rings,
					.workers = w->workers,
					.n_workers = N_WORKERS,
					.bucket_worker = w->bucket_worker};

	assert_int_equal(install_begin(&w->install, &config), 0);
	assert_int_equal(install_add_table(&w->install, 5, 100, ROW), 0);
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->rings = aligned_alloc(SLIM_CACHE_LINE, N_WORKERS * sizeof(*w->rings));
	w->workers = aligned_alloc(SLIM_CACHE_LINE, N_WORKERS * sizeof(*w->workers));
	assert_non_null(w->rings);
	assert_non_null(w->workers);
	memset(w->rings, 0, N_WORKERS * sizeof(*w->rings));
	memset(w->workers, 0, N_WORKERS * sizeof(*w->workers));
	for (uint32_t b = 0; b < SLIM_N_BUCKETS; b++)
		w->bucket_worker[b] = b % N_WORKERS;
	begin(w);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	install_end(&w->install);
	free(w->rings);
	free(w->workers);
	free(w);
	return 0;
}

static uint64_t
tail(const struct world *w, uint32_t worker)
{
	return atomic_load(&w->rings[worker].tail);
}

/* Next record that is not a pad; NULL: the ring is empty. Consumes it. */
static const struct slim_install_record *
next(struct world *w, uint32_t worker)
{
	while (w->read[worker] != tail(w, worker)) {
		const struct slim_install_record *record =
			(const void *)(w->rings[worker].data +
				       (w->read[worker] & (SLIM_INSTALL_RING_SIZE - 1)));

		assert_int_equal(record->size % 8, 0);
		assert_in_range(record->size, 8, 2000);
		w->read[worker] += record->size;
		if (record->op != SLIM_INSTALL_PAD)
			return record;
	}
	return NULL;
}

static void
publish(struct world *w, uint32_t worker)
{
	atomic_store(&w->workers[worker].installed_bytes, w->read[worker]);
}

static void
a_row_goes_to_the_owner_of_its_bucket(void **state)
{
	struct world *w = *state;
	const struct slim_install_record *record;
	uint8_t row[ROW];

	memset(row, 7, sizeof(row));
	assert_int_equal(install_put(&w->install, 0, 42, 3, row), 0);
	assert_int_equal(install_is_applied(&w->install), 0);
	assert_null(next(w, 0));
	record = next(w, 1);
	assert_non_null(record);
	assert_int_equal(record->op, SLIM_INSTALL_PUT);
	assert_int_equal(record->table, 5);
	assert_int_equal(record->bucket, 3);
	assert_int_equal(record->source_slot, 42);
	assert_int_equal(record->row_size, ROW);
	assert_memory_equal(record + 1, row, ROW);
	publish(w, 1);
	assert_int_equal(install_is_applied(&w->install), 1);
}

static void
a_slot_that_never_was_needs_no_delete(void **state)
{
	struct world *w = *state;
	uint8_t row[ROW] = {0};

	assert_int_equal(install_delete(&w->install, 0, 9), 0);
	assert_int_equal(install_merge(&w->install, 0, 9, 3, row), 0);
	assert_null(next(w, 0));
	assert_null(next(w, 1));
	assert_int_equal(install_put(&w->install, 0, 9, 2, row), 0);
	assert_int_equal(install_delete(&w->install, 0, 9), 0);
	assert_int_equal(install_delete(&w->install, 0, 9), 0);
	assert_int_equal(next(w, 0)->op, SLIM_INSTALL_PUT);
	assert_int_equal(next(w, 0)->op, SLIM_INSTALL_DEL);
	assert_null(next(w, 0));
}

static void
a_slot_that_changes_its_worker_waits_for_the_old_one(void **state)
{
	struct world *w = *state;
	uint8_t row[ROW] = {0};

	assert_int_equal(install_put(&w->install, 0, 1, 2, row), 0);
	assert_int_equal(install_put(&w->install, 0, 1, 3, row), -EAGAIN);
	/* The stream is parked, not only this slot: rows keep their order. */
	assert_int_equal(install_put(&w->install, 0, 2, 3, row), -EAGAIN);
	assert_int_equal(install_delete(&w->install, 0, 2), -EAGAIN);
	assert_null(next(w, 1));
	assert_int_equal(next(w, 0)->op, SLIM_INSTALL_PUT);
	publish(w, 0);
	assert_int_equal(install_put(&w->install, 0, 1, 3, row), -EAGAIN);
	assert_int_equal(next(w, 0)->op, SLIM_INSTALL_DEL);
	publish(w, 0);
	assert_int_equal(install_put(&w->install, 0, 1, 3, row), 0);
	assert_int_equal(next(w, 1)->op, SLIM_INSTALL_PUT);
	assert_null(next(w, 0));
}

static void
another_bucket_of_the_same_worker_does_not_wait(void **state)
{
	struct world *w = *state;
	uint8_t row[ROW] = {0};

	assert_int_equal(install_put(&w->install, 0, 1, 2, row), 0);
	assert_int_equal(install_put(&w->install, 0, 1, 4, row), 0);
	assert_int_equal(next(w, 0)->bucket, 2);
	assert_int_equal(next(w, 0)->bucket, 4);
	/* And merges follow the row. */
	assert_int_equal(install_merge(&w->install, 0, 1, 2, row), 0);
	assert_null(next(w, 0));
	assert_int_equal(install_merge(&w->install, 0, 1, 4, row), 0);
	assert_int_equal(next(w, 0)->op, SLIM_INSTALL_MERGE);
}

static void
a_full_ring_holds_back_and_wraps(void **state)
{
	struct world *w = *state;
	uint8_t row[ROW];
	uint32_t sent = 0, got = 0;

	/* 56 bytes do not divide the ring: it ends with a pad. */
	for (uint32_t turn = 0; turn < 5; turn++) {
		const struct slim_install_record *record;

		for (;;) {
			memset(row, (int)sent, sizeof(row));
			if (install_put(&w->install, 0, sent % 100, 0, row) != 0)
				break;
			sent++;
		}
		assert_in_range(tail(w, 0) - w->read[0], SLIM_INSTALL_RING_SIZE - 128,
				SLIM_INSTALL_RING_SIZE);
		while ((record = next(w, 0)) != NULL) {
			assert_int_equal(record->source_slot, got % 100);
			assert_int_equal(((const uint8_t *)(record + 1))[ROW - 1], (uint8_t)got);
			got++;
		}
		publish(w, 0);
	}
	assert_int_equal(got, sent);
	assert_in_range(sent, 90000, 100000);
	assert_int_equal(install_is_applied(&w->install), 1);
}

static void
impossible_positions_are_refused(void **state)
{
	struct world *w = *state;
	struct install_config config = w->install.config;
	struct install other;
	uint8_t row[ROW] = {0};

	/* A worker that claims to have read what was never written. */
	atomic_store(&w->workers[0].installed_bytes, 8);
	assert_int_equal(install_put(&w->install, 0, 1, 0, row), -EBADMSG);
	assert_int_equal(install_is_applied(&w->install), -EBADMSG);
	assert_int_equal(install_begin(&other, &config), -EBADMSG);
	atomic_store(&w->workers[0].installed_bytes, 0);
	atomic_store(&w->rings[1].tail, 12);
	assert_int_equal(install_begin(&other, &config), -EBADMSG);
}

static void
the_first_error_of_a_worker_is_told(void **state)
{
	struct world *w = *state;

	assert_int_equal(install_error(&w->install), 0);
	atomic_store(&w->workers[1].install_error, ENOSPC);
	assert_int_equal(install_error(&w->install), ENOSPC);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_row_goes_to_the_owner_of_its_bucket),
		TEST(a_slot_that_never_was_needs_no_delete),
		TEST(a_slot_that_changes_its_worker_waits_for_the_old_one),
		TEST(another_bucket_of_the_same_worker_does_not_wait),
		TEST(a_full_ring_holds_back_and_wraps),
		TEST(impossible_positions_are_refused),
		TEST(the_first_error_of_a_worker_is_told),
	};

	return cmocka_run_group_tests_name("install", tests, NULL, NULL);
}
