/* SPDX-License-Identifier: Apache-2.0 */
#include "memo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_nf.h"

struct fixture {
	struct fake_nf *fake;
	struct nf *nf;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct schema_reason reason;
	struct slim_reg_hello hello;

	assert_non_null(f);
	f->fake = fake_nf_create("nf-a", true, 2, 2, 64);
	fake_nf_fill_hello(f->fake, &hello);
	assert_int_equal(nf_create(&hello, f->fake->passed, &f->nf, &reason), 0);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	nf_discard(f->nf);
	fake_nf_destroy(f->fake);
	free(f);
	return 0;
}

static const struct memo example = {
	.session = 7,
	.stage = 3,
	.is_source = true,
	.lost_there = 4,
	.failed = 12,
	.base = {.hold_overflow = 1, .queue_overflow = 2, .round_gave_up = 3, .device_drops = 4},
	.totals = {.n_tables = 2, .digest = {5, 6}, .entries = {7, 8}},
	.peer = "host-b",
	.other = "nf-b",
};

static void
there_is_none_at_first(void **state)
{
	struct fixture *f = *state;
	struct memo memo = example;

	assert_false(memo_read(f->nf, &memo));
	assert_memory_equal(&memo, &example, sizeof(memo));
	memo_set_stage(f->nf, 7, 5);
	memo_end(f->nf, 7, 5, 0);
	assert_false(memo_read(f->nf, &memo));
}

static void
what_is_kept_is_read(void **state)
{
	static const struct memo_totals totals = {.n_tables = 1, .digest = {15}, .entries = {17}};
	struct fixture *f = *state;
	struct memo memo;

	memo_begin(f->nf, &example);
	assert_true(memo_read(f->nf, &memo));
	assert_memory_equal(&memo, &example, sizeof(memo));
	memo_set_stage(f->nf, 7, 9);
	memo_set_lost_there(f->nf, 7, 11);
	memo_set_failed(f->nf, 7, 13);
	memo_set_totals(f->nf, 7, &totals);
	assert_true(memo_read(f->nf, &memo));
	assert_memory_equal(&memo.totals, &totals, sizeof(totals));
	memo_set_proved(f->nf, 7);
	assert_true(memo_read(f->nf, &memo));
	assert_true(memo.totals.proved);
	assert_int_equal(memo.stage, 9);
	assert_int_equal(memo.lost_there, 11);
	assert_int_equal(memo.failed, 13);
	assert_string_equal(memo.peer, "host-b");
}

/* A late word of an old session says nothing about the new one. */
static void
another_sessions_memo_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct memo memo;

	memo_begin(f->nf, &example);
	memo_set_stage(f->nf, 8, 9);
	memo_set_lost_there(f->nf, 8, 11);
	memo_set_failed(f->nf, 8, 13);
	memo_set_totals(f->nf, 8, &(struct memo_totals){.n_tables = 1});
	memo_set_proved(f->nf, 8);
	memo_end(f->nf, 8, 9, 11);
	assert_true(memo_read(f->nf, &memo));
	assert_memory_equal(&memo, &example, sizeof(memo));
}

static void
losses_are_those_of_the_session(void **state)
{
	struct fixture *f = *state;
	struct slim_shm_counters *first = &f->fake->info->workers[0].counters;
	struct slim_shm_counters *second = &f->fake->info->workers[1].counters;
	struct memo memo = example;

	atomic_store(&first->queue_overflow, 10);
	atomic_store(&f->fake->info->ports[1].rx_missed, 100);
	memo_count_losses(f->nf, &memo.base);
	memo_begin(f->nf, &memo);
	atomic_store(&first->hold_overflow, 1);
	atomic_store(&second->queue_overflow, 2);
	atomic_store(&second->round_gave_up, 3);
	atomic_store(&f->fake->info->ports[1].rx_missed, 104);
	atomic_store(&f->fake->info->ports[0].rx_no_memory, 5);
	memo_end(f->nf, 7, 9, 6);
	atomic_store(&second->queue_overflow, 50); /* not in the session any more */
	assert_true(memo_read(f->nf, &memo));
	assert_int_equal(memo.stage, 9);
	assert_int_equal(memo.lost.hold_overflow, 1);
	assert_int_equal(memo.lost.queue_overflow, 2);
	assert_int_equal(memo.lost.round_gave_up, 3);
	assert_int_equal(memo.lost.device_drops, 9);
	assert_int_equal(memo.stood_still_ns, 6);
}

/* The zone is the NF's, too. */
static void
what_makes_no_sense_is_none(void **state)
{
	struct fixture *f = *state;
	struct memo memo;

	memo_begin(f->nf, &example);
	memset(f->fake->control->memo.peer, 'x', sizeof(f->fake->control->memo.peer));
	strcpy(f->fake->control->memo.other, "../b");
	atomic_store(&f->fake->control->memo.totals.n_tables, SLIM_MAX_TABLES + 1);
	assert_true(memo_read(f->nf, &memo));
	assert_string_equal(memo.peer, "");
	assert_string_equal(memo.other, "");
	assert_int_equal(memo.totals.n_tables, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(there_is_none_at_first),
		TEST(what_is_kept_is_read),
		TEST(another_sessions_memo_is_left_alone),
		TEST(losses_are_those_of_the_session),
		TEST(what_makes_no_sense_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
