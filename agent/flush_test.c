/* SPDX-License-Identifier: Apache-2.0 */
/* Flush rounds, step by step: who may go on when, and what a late or wrong frame does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flush.h"

static struct slim_flush_rounds rounds;
static struct slim_flush_member members[2];
static struct slim_flush_view view;
static const struct slim_flush_queue queue = {.size = 64}, no_queue;

static int
setup(void **state)
{
	(void)state;
	memset(&rounds, 0, sizeof(rounds));
	memset(members, 0, sizeof(members));
	view = (struct slim_flush_view){.n_workers = 2,
					.peer_workers = 2,
					.give_up_ns = SLIM_FLUSH_GIVE_UP_NS,
					.now_ns = 1000000000};
	return 0;
}

static enum slim_flush_action
lead(void)
{
	return slim_flush_lead(&rounds, &view);
}

static void
poll_worker(uint32_t worker, uint64_t tail)
{
	slim_flush_poll(&rounds, &members[worker], worker, tail, &queue);
}

/* Up to the moment when the copies are asked for; marks at 10 and 20. */
static void
ask(void)
{
	view.waiting = true;
	assert_int_equal(lead(), SLIM_FLUSH_NOTHING);
	poll_worker(0, 10);
	assert_int_equal(lead(), SLIM_FLUSH_NOTHING);
	poll_worker(1, 20);
	assert_int_equal(lead(), SLIM_FLUSH_SEND);
}

static void
both_copies(void)
{
	slim_flush_copy(&rounds, 1, 0);
	slim_flush_copy(&rounds, 1, 1);
	assert_int_equal(lead(), SLIM_FLUSH_NOTHING);
}

static void
empties_queue(uint32_t worker)
{
	poll_worker(worker, 100);
	assert_true(members[worker].drain.on);
	slim_flush_drain_note(&members[worker].drain, 0, view.now_ns);
	poll_worker(worker, 100);
}

static void
nothing_to_do_nothing_done(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(lead(), SLIM_FLUSH_NOTHING);
		poll_worker(0, 5);
	}
	assert_int_equal(rounds.phase, SLIM_FLUSH_IDLE);
	view.request = 1; /* asked for, though nothing waits */
	lead();
	assert_int_equal(rounds.phase, SLIM_FLUSH_MARKING);
}

static void
whole_round(void **state)
{
	(void)state;
	view.request = 7;
	ask();
	view.request = 8; /* came too late for this round */
	both_copies();
	empties_queue(0);
	assert_int_equal(lead(), SLIM_FLUSH_NOTHING);
	empties_queue(1);
	assert_int_equal(lead(), SLIM_FLUSH_NOTHING);
	poll_worker(0, 100);
	poll_worker(1, 100);
	slim_flush_pass(&rounds, &members[0], 0);
	assert_int_equal(lead(), SLIM_FLUSH_NOTHING);
	slim_flush_pass(&rounds, &members[1], 1);
	assert_int_equal(lead(), SLIM_FLUSH_FINISHED);
	assert_int_equal(rounds.request, 7);
	assert_true(members[0].release == 0);
	poll_worker(0, 200);
	poll_worker(1, 200);
	assert_true(members[0].release == 10); /* what came after the mark waits on */
	assert_true(members[1].release == 20);
}

static void
does_not_ask_before_all_have_marked(void **state)
{
	(void)state;
	view.waiting = true;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(lead(), SLIM_FLUSH_NOTHING);
		poll_worker(1, 3);
	}
	poll_worker(0, 3);
	assert_int_equal(lead(), SLIM_FLUSH_SEND);
}

static void
asks_again_after_a_while(void **state)
{
	(void)state;
	ask();
	slim_flush_copy(&rounds, 1, 1);
	assert_int_equal(lead(), SLIM_FLUSH_NOTHING);
	view.now_ns += SLIM_FLUSH_RESEND_NS - 1;
	assert_int_equal(lead(), SLIM_FLUSH_NOTHING);
	view.now_ns += 1;
	assert_int_equal(lead(), SLIM_FLUSH_RESEND);
	assert_int_equal(lead(), SLIM_FLUSH_NOTHING);
	slim_flush_copy(&rounds, 1, 0); /* the copy of worker 1 still counts */
	lead();
	assert_int_equal(rounds.phase, SLIM_FLUSH_DRAINING);
}

static void
gives_up_on_a_source_that_is_gone(void **state)
{
	(void)state;
	ask();
	slim_flush_copy(&rounds, 1, 0); /* one of two */
	for (uint64_t asked = view.now_ns; view.now_ns < asked + SLIM_FLUSH_GIVE_UP_NS - 1;) {
		view.now_ns += SLIM_FLUSH_GIVE_UP_NS / 8;
		if (view.now_ns > asked + SLIM_FLUSH_GIVE_UP_NS - 1)
			view.now_ns = asked + SLIM_FLUSH_GIVE_UP_NS - 1;
		assert_int_equal(lead(), SLIM_FLUSH_RESEND);
	}
	view.now_ns += 1;
	assert_int_equal(lead(), SLIM_FLUSH_GAVE_UP);
	empties_queue(0);
	empties_queue(1);
	assert_int_equal(lead(), SLIM_FLUSH_NOTHING);
	assert_int_equal(rounds.phase, SLIM_FLUSH_PASSING);
}

/* Both workers do all that a round may ask of them now. */
static void
workers_go_on(void)
{
	for (uint32_t k = 0; k < 2; k++) {
		poll_worker(k, 100);
		slim_flush_drain_note(&members[k].drain, 0, view.now_ns);
		poll_worker(k, 100);
		slim_flush_pass(&rounds, &members[k], k);
	}
}

/* From the next question, whether or not it is sent, to what the leader does then. */
static enum slim_flush_action
next_round(void)
{
	for (int i = 0; i < 10 && rounds.phase != SLIM_FLUSH_MARKING; i++) {
		workers_go_on();
		lead();
	}
	assert_int_equal(rounds.phase, SLIM_FLUSH_MARKING);
	workers_go_on();
	lead();
	assert_int_equal(rounds.phase, SLIM_FLUSH_ASKING);
	return lead();
}

/* A dead source costs its time once. Killed by: giving up that the next round has forgotten. */
static void
giving_up_sticks_until_the_source_is_heard(void **state)
{
	(void)state;
	ask();
	view.now_ns += SLIM_FLUSH_GIVE_UP_NS;
	assert_int_equal(lead(), SLIM_FLUSH_GAVE_UP);
	for (int i = 0; i < 5; i++)
		assert_int_equal(next_round(), SLIM_FLUSH_GAVE_UP);
	/* One worker lives: its copy is waited for, the other's is not, and the order is not proven. */
	slim_flush_heard(&rounds, 1);
	assert_int_equal(next_round(), SLIM_FLUSH_NOTHING);
	assert_int_equal(rounds.phase, SLIM_FLUSH_ASKING);
	slim_flush_copy(&rounds, rounds.round, 1);
	assert_int_equal(lead(), SLIM_FLUSH_GAVE_UP);
}

/* While nobody is waited for, questions go out now and then, not with each round. */
static void
a_silent_source_is_asked_now_and_then(void **state)
{
	uint32_t asked = 0;

	(void)state;
	ask();
	view.now_ns += SLIM_FLUSH_GIVE_UP_NS;
	lead();
	for (int i = 0; i < 2000; i++) {
		asked += lead() == SLIM_FLUSH_SEND;
		workers_go_on();
		view.now_ns += SLIM_FLUSH_RESEND_NS / 100;
	}
	assert_in_range(asked, 15, 21);
}

/* What a dead source sent last has its time to arrive, once. Killed by: a word that only counts in the next round; one
 * that counts before the last packets are here; a time that is waited for in each round. */
static void
a_dead_source_ends_rounds_at_once(void **state)
{
	(void)state;
	ask();
	view.source_gone = true;
	assert_int_equal(lead(), SLIM_FLUSH_NOTHING);
	view.now_ns += SLIM_FLUSH_IN_FLIGHT_NS - 1;
	assert_int_equal(lead(), SLIM_FLUSH_NOTHING);
	view.now_ns += 1;
	assert_int_equal(lead(), SLIM_FLUSH_NO_SOURCE);
	/* In order all the same: after what came over the redirect path. */
	assert_int_equal(rounds.phase, SLIM_FLUSH_DRAINING);
	assert_int_equal(lead(), SLIM_FLUSH_NOTHING);
	assert_true(members[0].release == 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(next_round(), SLIM_FLUSH_NO_SOURCE);
	view.source_gone = false;
	assert_int_equal(next_round(), SLIM_FLUSH_NOTHING);
	assert_int_equal(rounds.phase, SLIM_FLUSH_ASKING);
}

/* Where several queues are, an empty one proves nothing before packets that are written back late had
 * their time. Killed by: a drain that ends with the first empty receive call. */
static void
late_packets_have_their_time(void **state)
{
	const struct slim_flush_queue late = {
		.size = 64, .write_back_ns = SLIM_FLUSH_WRITE_BACK_NS, .now_ns = view.now_ns};
	struct slim_flush_drain drain;

	(void)state;
	slim_flush_drain_start(&drain, &late);
	slim_flush_drain_note(&drain, 0, view.now_ns + SLIM_FLUSH_WRITE_BACK_NS - 1);
	assert_true(drain.on);
	slim_flush_drain_note(&drain, 3, view.now_ns + SLIM_FLUSH_WRITE_BACK_NS);
	assert_true(drain.on);
	slim_flush_drain_note(&drain, 0, view.now_ns + SLIM_FLUSH_WRITE_BACK_NS);
	assert_true(drain.ended);
	slim_flush_drain_start(&drain, &late);
	slim_flush_drain_note(&drain, 64, view.now_ns); /* all that it can hold */
	assert_true(drain.ended);
}

static void
wrong_copies_do_not_count(void **state)
{
	(void)state;
	slim_flush_copy(&rounds, 1, 0); /* before the round */
	ask();
	slim_flush_copy(&rounds, 2, 0);
	slim_flush_copy(&rounds, 0, 0);
	slim_flush_copy(&rounds, 1, SLIM_MAX_WORKERS);
	slim_flush_copy(&rounds, 1, 200);
	slim_flush_copy(&rounds, 1, 1);
	slim_flush_copy(&rounds, 1, 1); /* twice the same */
	slim_flush_copy(&rounds, 1, 2); /* a worker that the source does not have */
	lead();
	assert_int_equal(rounds.phase, SLIM_FLUSH_ASKING);
	slim_flush_copy(&rounds, 1, 0);
	lead();
	assert_int_equal(rounds.phase, SLIM_FLUSH_DRAINING);
}

static void
waits_for_the_receive_queue(void **state)
{
	(void)state;
	ask();
	both_copies();
	empties_queue(1);
	poll_worker(0, 100);
	slim_flush_drain_note(&members[0].drain, 32, view.now_ns); /* found something: not empty */
	poll_worker(0, 100);
	assert_int_equal(lead(), SLIM_FLUSH_NOTHING);
	assert_int_equal(rounds.phase, SLIM_FLUSH_DRAINING);
	slim_flush_drain_note(&members[0].drain, 32, view.now_ns); /* as many as the queue holds */
	assert_int_equal(lead(), SLIM_FLUSH_NOTHING);
	assert_int_equal(rounds.phase, SLIM_FLUSH_DRAINING); /* not handed on yet */
	poll_worker(0, 100);
	lead();
	assert_int_equal(rounds.phase, SLIM_FLUSH_PASSING);
}

static void
only_an_idle_burst_after_the_sweep_counts(void **state)
{
	(void)state;
	ask();
	both_copies();
	empties_queue(0);
	empties_queue(1);
	lead();
	/* The burst began before the sweep was over: its end says nothing. */
	slim_flush_pass(&rounds, &members[0], 0);
	slim_flush_pass(&rounds, &members[1], 1);
	assert_int_equal(lead(), SLIM_FLUSH_NOTHING);
	poll_worker(0, 0);
	poll_worker(1, 0);
	slim_flush_pass(&rounds, &members[0], 0);
	slim_flush_pass(&rounds, &members[1], 1);
	assert_int_equal(lead(), SLIM_FLUSH_FINISHED);
}

static void
one_worker_needs_no_sweep(void **state)
{
	(void)state;
	view.n_workers = 1;
	view.peer_workers = 1;
	view.waiting = true;
	lead();
	poll_worker(0, 10);
	assert_int_equal(lead(), SLIM_FLUSH_SEND);
	slim_flush_copy(&rounds, 1, 0);
	lead();
	empties_queue(0);
	assert_int_equal(lead(), SLIM_FLUSH_FINISHED);
	poll_worker(0, 50);
	assert_true(members[0].release == 10);
}

/* The next round may begin before a slow worker has seen the end of the last. */
static void
slow_worker_uses_the_right_mark(void **state)
{
	(void)state;
	whole_round(state);
	poll_worker(0, 300);
	view.waiting = true;
	lead(); /* round 2 */
	poll_worker(0, 300);
	assert_true(members[0].mark == 300);
	assert_true(members[0].release == 10);
	/* Worker 1 marked round 2 and, in the same call, used its mark of round 1. */
	poll_worker(1, 400);
	assert_true(members[1].release == 20);
	assert_true(members[1].mark == 400);
}

static void
abandoned_round_does_not_release(void **state)
{
	(void)state;
	ask();
	slim_flush_reset(&rounds); /* the session ended; a new one begins to serve */
	slim_flush_copy(&rounds, 1, 0);
	slim_flush_copy(&rounds, 1, 1);
	lead();
	poll_worker(0, 11);
	poll_worker(1, 21);
	assert_int_equal(lead(), SLIM_FLUSH_SEND);
	assert_true(members[0].mark == 11);
	slim_flush_copy(&rounds, 1, 0); /* late copies of the old round */
	slim_flush_copy(&rounds, 1, 1);
	lead();
	assert_int_equal(rounds.phase, SLIM_FLUSH_ASKING);
}

/* ---- source ------------------------------------------------------------------------ */

static void
answers_behind_what_was_there(void **state)
{
	struct slim_flush_calls calls = {0};
	struct slim_flush_answer answer = {0};

	(void)state;
	slim_flush_answer_poll(&calls, &answer, &queue);
	assert_false(slim_flush_answer_due(&answer, 0, 0));
	slim_flush_call(&calls, 5);
	slim_flush_answer_poll(&calls, &answer, &queue);
	slim_flush_drain_note(&answer.drain, 10, view.now_ns);
	assert_false(slim_flush_answer_due(&answer, 0, 10)); /* not drained */
	slim_flush_drain_note(&answer.drain, 0, view.now_ns);
	assert_false(slim_flush_answer_due(&answer, 0, 10)); /* not sent on */
	assert_false(slim_flush_answer_due(&answer, 9, 30));
	assert_true(slim_flush_answer_due(&answer, 10, 30)); /* what came later does not matter */
	assert_int_equal(answer.round, 5);
	slim_flush_answer_sent(&answer);
	assert_false(slim_flush_answer_due(&answer, 30, 30));
}

static void
answers_a_repeated_call_again(void **state)
{
	struct slim_flush_calls calls = {0};
	struct slim_flush_answer answer = {0};

	(void)state;
	slim_flush_call(&calls, 5);
	slim_flush_answer_poll(&calls, &answer, &queue);
	slim_flush_drain_note(&answer.drain, 0, view.now_ns);
	slim_flush_call(&calls, 5); /* again before the answer: the drain goes on */
	slim_flush_answer_poll(&calls, &answer, &queue);
	assert_true(slim_flush_answer_due(&answer, 0, 0));
	slim_flush_answer_sent(&answer);
	slim_flush_call(&calls, 5); /* again after it: the copy was lost */
	slim_flush_answer_poll(&calls, &answer, &queue);
	assert_false(slim_flush_answer_due(&answer, 0, 0));
	slim_flush_drain_note(&answer.drain, 0, view.now_ns);
	assert_true(slim_flush_answer_due(&answer, 0, 0));
}

static void
newer_call_starts_anew(void **state)
{
	struct slim_flush_calls calls = {0};
	struct slim_flush_answer answer = {0};

	(void)state;
	slim_flush_call(&calls, 5);
	slim_flush_answer_poll(&calls, &answer, &queue);
	slim_flush_drain_note(&answer.drain, 0, view.now_ns);
	slim_flush_call(&calls, 6);
	slim_flush_answer_poll(&calls, &answer, &queue);
	assert_false(slim_flush_answer_due(&answer, 0, 0));
	slim_flush_drain_note(&answer.drain, 0, view.now_ns);
	assert_true(slim_flush_answer_due(&answer, 0, 0));
	assert_int_equal(answer.round, 6);
}

/* A question that came late, by another receive queue, does not replace a newer one. */
static void
late_call_changes_nothing(void **state)
{
	struct slim_flush_calls calls = {0};
	struct slim_flush_answer answer = {0};

	(void)state;
	slim_flush_call(&calls, 6);
	slim_flush_call(&calls, 5);
	slim_flush_answer_poll(&calls, &answer, &queue);
	assert_int_equal(answer.round, 6);
	/* The next session's target counts on its own. */
	slim_flush_forget_calls(&calls);
	slim_flush_answer_begin(&calls, &answer);
	slim_flush_call(&calls, 1);
	slim_flush_answer_poll(&calls, &answer, &queue);
	assert_int_equal(answer.round, 1);
}

/* A worker that noted the calls before its leader forgot them owes nothing. */
static void
forgotten_calls_are_not_answered(void **state)
{
	struct slim_flush_calls calls = {0};
	struct slim_flush_answer answer = {0};

	(void)state;
	slim_flush_call(&calls, 6);
	slim_flush_answer_begin(&calls, &answer);
	slim_flush_forget_calls(&calls);
	slim_flush_answer_poll(&calls, &answer, &queue);
	assert_false(answer.owed);
}

static void
worker_without_a_queue_answers_at_once(void **state)
{
	struct slim_flush_calls calls = {0};
	struct slim_flush_answer answer = {0};

	(void)state;
	slim_flush_call(&calls, 1);
	slim_flush_answer_poll(&calls, &answer, &no_queue);
	assert_true(slim_flush_answer_due(&answer, 0, 0));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		TEST(nothing_to_do_nothing_done),
		TEST(whole_round),
		TEST(does_not_ask_before_all_have_marked),
		TEST(asks_again_after_a_while),
		TEST(gives_up_on_a_source_that_is_gone),
		TEST(giving_up_sticks_until_the_source_is_heard),
		TEST(a_silent_source_is_asked_now_and_then),
		TEST(a_dead_source_ends_rounds_at_once),
		TEST(late_packets_have_their_time),
		TEST(wrong_copies_do_not_count),
		TEST(waits_for_the_receive_queue),
		TEST(only_an_idle_burst_after_the_sweep_counts),
		TEST(one_worker_needs_no_sweep),
		TEST(slow_worker_uses_the_right_mark),
		TEST(abandoned_round_does_not_release),
		TEST(answers_behind_what_was_there),
		TEST(answers_a_repeated_call_again),
		TEST(newer_call_starts_anew),
		TEST(late_call_changes_nothing),
		TEST(forgotten_calls_are_not_answered),
		TEST(worker_without_a_queue_answers_at_once),
	};

	return cmocka_run_group_tests_name("flush", tests, NULL, NULL);
}
