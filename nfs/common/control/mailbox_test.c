/* SPDX-License-Identifier: Apache-2.0 */
/* A mailbox between two threads: what goes in comes out done, in order, nothing twice. */
#include "mailbox.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct nf_mailbox mailbox;

static int
empty(void **state)
{
	(void)state;
	memset(&mailbox, 0, sizeof(mailbox));
	return 0;
}

/* A job of `kind` parts. */
static bool
work(void *ctx, struct nf_job *job)
{
	uint64_t *n_parts = ctx;

	(*n_parts)++;
	job->n_affected += 2;
	return ++job->cursor >= job->kind;
}

/* Killed by: a mailbox that overwrites what is not taken. */
static void
a_full_mailbox_takes_no_more(void **state)
{
	struct nf_job job = {.kind = 1};
	uint64_t n_parts = 0;

	(void)state;
	for (uint32_t i = 0; i < NF_MAILBOX_SIZE; i++) {
		job.sender = i;
		assert_true(nf_mailbox_put(&mailbox, &job));
	}
	assert_false(nf_mailbox_put(&mailbox, &job));
	while (n_parts < NF_MAILBOX_SIZE)
		nf_mailbox_work(&mailbox, work, &n_parts);
	assert_false(nf_mailbox_put(&mailbox, &job)); /* done, but not taken */
	for (uint32_t i = 0; i < NF_MAILBOX_SIZE; i++) {
		assert_true(nf_mailbox_take(&mailbox, &job));
		assert_int_equal(job.sender, i);
	}
	assert_false(nf_mailbox_take(&mailbox, &job));
	assert_true(nf_mailbox_put(&mailbox, &job));
}

/* Killed by: a round without a limit, or a job of several parts that lets the next one pass. */
static void
a_round_does_a_bounded_part(void **state)
{
	struct nf_job job = {.kind = 3};
	uint64_t n_parts = 0;

	(void)state;
	assert_true(nf_mailbox_put(&mailbox, &job));
	job.kind = 1;
	for (uint32_t i = 0; i < 2 * NF_JOBS_A_ROUND; i++)
		assert_true(nf_mailbox_put(&mailbox, &job));
	nf_mailbox_work(&mailbox, work, &n_parts);
	assert_int_equal(n_parts, 1);
	assert_false(nf_mailbox_take(&mailbox, &job));
	nf_mailbox_work(&mailbox, work, &n_parts);
	nf_mailbox_work(&mailbox, work, &n_parts);
	assert_int_equal(n_parts, 3 + NF_JOBS_A_ROUND - 1);
	assert_true(nf_mailbox_take(&mailbox, &job));
	assert_int_equal(job.n_affected, 6);
}

#define N_JOBS 200000u

static void *
run_worker(void *arg)
{
	uint64_t *n_parts = arg;

	while (*n_parts < 2 * N_JOBS)
		nf_mailbox_work(&mailbox, work, n_parts);
	return NULL;
}

/* Killed by: B1 or B2 relaxed (thread sanitizer), or a position that is counted twice. */
static void
two_threads_agree(void **state)
{
	uint64_t n_parts = 0, n_put = 0, n_taken = 0;
	struct nf_job job;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, run_worker, &n_parts), 0);
	while (n_taken < N_JOBS) {
		job = (struct nf_job){.sender = n_put, .kind = 2};
		while (n_put < N_JOBS && nf_mailbox_put(&mailbox, &job))
			job.sender = ++n_put;
		while (nf_mailbox_take(&mailbox, &job)) {
			assert_int_equal(job.sender, n_taken++);
			assert_int_equal(job.n_affected, 4);
		}
	}
	pthread_join(thread, NULL);
	assert_int_equal(n_parts, 2 * N_JOBS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_full_mailbox_takes_no_more, empty),
		cmocka_unit_test_setup(a_round_does_a_bounded_part, empty),
		cmocka_unit_test_setup(two_threads_agree, empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
