/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session's state machine: stories whose trace is compared as text, every pair of events in
 * every state (and a third one behind it), restarts, and the printed table.
 *
 *   session_test DOCUMENT    runs the tests; DOCUMENT is docs/session.txt
 *   session_test --print     prints what the document should say
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reasons.h"
#include "session.h"
#include "slim_shm.h"

#define MS(n) ((uint64_t)(n)*1000000u)

static const char *document_path;

static const struct session_limits limits = {
	.preflight_ns = MS(5000),
	.max_hold_ns = MS(500),
	.query_ns = MS(500),
	.move_ns = MS(600000),
	.retry_ns = MS(200),
	.offer_ns = MS(30000),
	.small_rows = 64,
	.catch_up_ns = MS(30000),
	.settle_ns = MS(10000),
};

/* ---- stories ---------------------------------------------------------------------- */

struct tale {
	struct session session;
	uint64_t now_ns;
	char text[8192];
	size_t length;
};

__attribute__((format(printf, 2, 3))) static void
tell(struct tale *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	t->length +=
		(size_t)vsnprintf(t->text + t->length, sizeof(t->text) - t->length, format, args);
	va_end(args);
	assert_true(t->length < sizeof(t->text));
}

static void
tell_effects(struct tale *t, const struct session_effects *fx)
{
	for (size_t i = 0; i < fx->n; i++) {
		const struct session_effect *e = &fx->list[i];

		if (e->type == FX_DEADLINE)
			continue;
		tell(t, " %s", session_effect_name(e->type));
		if (e->type == FX_PEER_CLOSE || e->type == FX_STEER_CLEANUP ||
		    e->type == FX_JOURNAL || e->type == FX_PEER_STANDING ||
		    e->type == FX_PEER_GONE || (e->type == FX_STEER_FLIP && e->arg != 0))
			tell(t, "=%llu", (unsigned long long)e->arg);
	}
}

static void
happens(struct tale *t, struct session_event event)
{
	enum session_state before = t->session.state;
	struct session_effects fx;

	event.now_ns = t->now_ns;
	session_step(&t->session, &event, &fx);
	tell(t, "%s", session_event_name(event.type));
	if (t->session.state != before)
		tell(t, " -> %s", session_state_name(t->session.state));
	tell(t, ":");
	tell_effects(t, &fx);
	if (t->session.state == SESSION_DONE && before != SESSION_DONE)
		tell(t, " (%s, %u)", session_result_name(t->session.result), t->session.reason);
	tell(t, "\n");
}

static void
event(struct tale *t, enum session_event_type type)
{
	t->now_ns += 1000;
	happens(t, (struct session_event){.type = type, .hold_ns = type == EV_BACKLOG});
}

static void
events(struct tale *t, const enum session_event_type *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		event(t, list[i]);
}

#define EVENTS(t, ...)                                                  \
	events((t), (const enum session_event_type[]){__VA_ARGS__},     \
	       sizeof((const enum session_event_type[]){__VA_ARGS__}) / \
		       sizeof(enum session_event_type))

static void
later(struct tale *t, uint64_t ns)
{
	t->now_ns += ns;
	happens(t, (struct session_event){.type = EV_TICK});
}

static struct tale *
begin_source(void)
{
	static struct tale t;

	t = (struct tale){.now_ns = MS(1000)};
	session_init_source(&t.session, 7, false, &limits);
	return &t;
}

static struct tale *
begin_target(void)
{
	static struct tale t;

	t = (struct tale){.now_ns = MS(1000)};
	session_init_target(&t.session, 7, &limits);
	return &t;
}

/* The trace up to here is of no interest. */
static void
forget(struct tale *t)
{
	t->length = 0;
	t->text[0] = '\0';
}

/* Up to END. */
static void
hand_over(struct tale *t)
{
	EVENTS(t, EV_START, EV_OPENED, EV_STEERED, EV_STEERED, EV_GATE_DONE, EV_READY, EV_PROBED,
	       EV_GATE_DONE, EV_WALKED, EV_BACKLOG, EV_GATE_DONE, EV_DRAINED);
	assert_int_equal(t->session.state, SOURCE_ENDED);
	forget(t);
}

static void
test_source_of_a_clean_move(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	EVENTS(t, EV_START, EV_OPENED, EV_STEERED, EV_STEERED, EV_GATE_DONE, EV_READY, EV_PROBED,
	       EV_GATE_DONE, EV_WALKED, EV_BACKLOG, EV_GATE_DONE, EV_DRAINED, EV_TAKEN,
	       EV_GATE_DONE, EV_TAKEN, EV_STEERED, EV_STEERED, EV_FINISHED, EV_TRAILED, EV_PROVED,
	       EV_CLOSED, EV_GATE_DONE, EV_STEERED, EV_TAKEN);
	assert_string_equal(t->text, "start: peer-open\n"
				     "opened -> checking: steer-check\n"
				     "steered -> preparing: journal=1 steer-prepare\n"
				     "steered -> arming: gate-watch peer-begin\n"
				     "gate-done:\n"
				     "ready:\n"
				     "probed -> tracking: gate-track\n"
				     "gate-done -> copying: walk\n"
				     "walked -> catching-up: journal=2\n"
				     "backlog -> holding: gate-hold\n"
				     "gate-done -> draining: drain\n"
				     "drained -> ended: peer-end\n"
				     "taken -> steering: gate-redirect journal=3 steer-flip\n"
				     "gate-done:\n"
				     "taken:\n"
				     "steered -> quieting: steer-quiet\n"
				     "steered -> finishing: peer-finish\n"
				     "finished -> trailing: prove trail\n"
				     "trailed:\n"
				     "proved -> closing: journal=4 peer-close=1\n"
				     "closed -> settling: gate-wipe steer-cleanup=1\n"
				     "gate-done:\n"
				     "steered -> done: journal=7 result (complete, 0)\n"
				     "taken:\n");
}

static void
test_target_of_a_clean_move(void **state)
{
	struct tale *t = begin_target();

	(void)state;
	EVENTS(t, EV_START, EV_BEGIN, EV_GATE_DONE, EV_MARKED, EV_END, EV_VERIFIED, EV_GATE_DONE,
	       EV_FINISH, EV_ROUNDED, EV_TRAIL_END, EV_MERGED, EV_CLOSE_COMPLETE, EV_GATE_DONE);
	assert_string_equal(t->text,
			    "start: peer-accept\n"
			    "begin -> arming: journal=5 gate-receive\n"
			    "gate-done -> receiving: peer-ready\n"
			    "marked:\n"
			    "end -> verifying: verify\n"
			    "verified -> taking: gate-serve\n"
			    "gate-done -> serving: peer-taken journal=6\n"
			    "finish -> rounding: round\n"
			    "rounded -> serving: peer-finished\n"
			    "trail-end -> merging: merge\n"
			    "merged -> serving: peer-trail-done\n"
			    "close-complete -> settling: gate-pass\n"
			    "gate-done -> done: journal=7 result peer-closed (complete, 0)\n");
}

static void
test_a_dry_run_touches_nothing(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	t->session.dry_run = true;
	EVENTS(t, EV_START, EV_OPENED, EV_STEERED, EV_CLOSED);
	assert_string_equal(t->text, "start: peer-open\n"
				     "opened -> checking: steer-check\n"
				     "steered -> dismissing: peer-close=0\n"
				     "closed -> done: journal=7 result (complete, 0)\n");
}

/* The answer has until the end of the budget, which began with the hold. */
static void
test_nobody_answers_after_end_so_the_target_is_fenced(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	hand_over(t);
	event(t, EV_PEER_LOST);
	later(t, t->session.held_ns + limits.max_hold_ns - 1 - t->now_ns);
	later(t, 1);
	/* A TAKEN of the peer that comes now no longer counts. */
	EVENTS(t, EV_CLAIMED, EV_TAKEN, EV_STEER_FAILED);
	later(t, MS(201));
	EVENTS(t, EV_STEERED, EV_GATE_DONE, EV_STANDING_OWNER, EV_GATE_DONE, EV_CLOSED,
	       EV_GATE_DONE, EV_STEERED);
	assert_string_equal(t->text, "peer-lost -> querying: peer-query\n"
				     "tick:\n"
				     "tick -> claiming: fence-claim\n"
				     "claimed -> fencing: peer-close=0 steer-fence journal=8\n"
				     "taken:\n"
				     "steer-failed:\n"
				     "tick: peer-close=0 steer-fence journal=8\n"
				     "steered -> undoing: gate-pass peer-close=0\n"
				     "gate-done:\n"
				     "standing-owner: gate-pass peer-close=0\n"
				     "gate-done:\n"
				     "closed: gate-pass peer-close=0 steer-cleanup=0\n"
				     "gate-done:\n"
				     "steered -> done: journal=7 result (aborted, 21)\n");
}

static void
test_the_claim_comes_too_late(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	hand_over(t);
	event(t, EV_PEER_LOST);
	later(t, MS(501));
	EVENTS(t, EV_TAKEN);
	assert_string_equal(t->text, "peer-lost -> querying: peer-query\n"
				     "tick -> claiming: fence-claim\n"
				     "taken -> steering: gate-redirect journal=3 steer-flip\n");
}

static void
test_a_target_that_gives_up_lets_the_source_resume_without_a_fence(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	hand_over(t);
	EVENTS(t, EV_PEER_FAILED, EV_CLAIMED, EV_CLOSED, EV_GATE_DONE, EV_STEERED);
	assert_string_equal(t->text, "peer-failed -> reclaiming: fence-claim\n"
				     "claimed -> undoing: gate-pass peer-close=0 steer-cleanup=0\n"
				     "closed:\n"
				     "gate-done:\n"
				     "steered -> done: journal=7 result (aborted, 23)\n");
}

static void
test_a_target_that_dies_as_owner_is_fenced_and_the_source_takes_back(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	hand_over(t);
	EVENTS(t, EV_TAKEN, EV_GATE_DONE, EV_PEER_FAILED, EV_STEERED, EV_GATE_DONE, EV_STEERED);
	assert_string_equal(t->text, "taken -> steering: gate-redirect journal=3 steer-flip\n"
				     "gate-done:\n"
				     "peer-failed -> reverting: journal=9 steer-fence\n"
				     "steered -> undoing: gate-pass peer-close=0 steer-cleanup=0\n"
				     "gate-done:\n"
				     "steered -> done: journal=7 result (failed, 23)\n");
}

static void
test_a_controller_that_does_not_go_back_leads_forward(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	hand_over(t);
	EVENTS(t, EV_TAKEN, EV_GATE_DONE, EV_STEERED, EV_PEER_FAILED);
	forget(t);
	happens(t, (struct session_event){.type = EV_STEER_FAILED,
					  .reason = REASON_STEERING_UNREACHABLE});
	later(t, MS(201));
	happens(t,
		(struct session_event){.type = EV_STEER_FAILED, .reason = REASON_STEERING_REFUSED});
	EVENTS(t, EV_STANDING_NONE, EV_STEERED, EV_GATE_DONE, EV_STEERED, EV_PROVED, EV_GATE_DONE,
	       EV_STEERED);
	assert_string_equal(t->text,
			    "steer-failed:\n"
			    "tick: journal=9 steer-fence\n"
			    "steer-failed -> steering: gate-redirect journal=3 steer-flip\n"
			    "standing-none:\n"
			    "steered:\n"
			    "gate-done -> quieting: steer-quiet\n"
			    "steered -> trailing: peer-finish prove trail\n"
			    "proved -> settling: journal=4 peer-close=1 gate-wipe steer-cleanup=1\n"
			    "gate-done:\n"
			    "steered -> done: journal=7 result (failed, 23)\n");
}

static void
steering_fails(struct tale *t, uint32_t reason)
{
	t->now_ns += 1000;
	happens(t, (struct session_event){.type = EV_STEER_FAILED, .reason = reason});
}

/* One try to clean up, and the pause after it. */
static void
try_to_clean(struct tale *t, uint32_t reason)
{
	steering_fails(t, reason);
	forget(t);
	later(t, MS(201));
	event(t, EV_GATE_DONE);
}

static struct tale *
begin_undo(void)
{
	struct tale *t = begin_source();

	EVENTS(t, EV_START, EV_OPENED, EV_STEERED, EV_STEERED, EV_CANCEL, EV_GATE_DONE, EV_CLOSED);
	return t;
}

static void
test_clean_up_waits_for_the_controller_until_it_is_given_up(void **state)
{
	struct tale *t = begin_undo();

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		try_to_clean(t, REASON_STEERING_UNREACHABLE);
		assert_int_equal(t->session.state, SOURCE_UNDOING);
	}
	event(t, EV_CANCEL);
	assert_int_equal(t->session.state, SESSION_DONE);
	assert_int_equal(t->session.result, RESULT_CANCELLED);
}

/* But not longer than the move might have lasted. */
static void
test_clean_up_does_not_wait_for_ever(void **state)
{
	struct tale *t = begin_undo();
	uint64_t began_ns = t->session.started_ns;

	(void)state;
	while (t->session.state == SOURCE_UNDOING && t->now_ns < 2 * limits.move_ns)
		try_to_clean(t, REASON_STEERING_UNREACHABLE);
	assert_in_range(t->now_ns - began_ns, limits.move_ns, limits.move_ns + MS(1000));
	assert_int_equal(t->session.result, RESULT_CANCELLED);
}

/* A controller that says no says no tomorrow, too. */
static void
test_clean_up_that_is_refused_ends(void **state)
{
	struct tale *t = begin_undo();
	uint64_t since_ns = t->session.since_ns;

	(void)state;
	while (t->session.state == SOURCE_UNDOING && t->now_ns < 2 * limits.move_ns)
		try_to_clean(t, REASON_STEERING_REFUSED);
	assert_in_range(t->now_ns - since_ns, limits.settle_ns, limits.settle_ns + MS(1000));
	assert_int_equal(t->session.result, RESULT_CANCELLED);
	assert_true(t->session.rules_left);
}

/* A controller that only takes its time has not said no; and rules that stay are no secret of a complete move. */
static void
test_clean_up_that_is_slow_is_waited_for(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	hand_over(t);
	EVENTS(t, EV_TAKEN, EV_GATE_DONE, EV_STEERED, EV_STEERED, EV_FINISHED, EV_TRAILED,
	       EV_PROVED, EV_CLOSED, EV_GATE_DONE);
	assert_int_equal(t->session.state, SOURCE_SETTLING);
	later(t, limits.settle_ns + MS(1000));
	event(t, EV_GATE_DONE);
	try_to_clean(t, REASON_STEERING_SLOW);
	assert_int_equal(t->session.state, SOURCE_SETTLING);
	try_to_clean(t, REASON_STEERING_REFUSED);
	assert_int_equal(t->session.state, SESSION_DONE);
	assert_int_equal(t->session.result, RESULT_COMPLETE);
	assert_true(t->session.rules_left);
}

static void
test_a_lost_source_nf_never_fences_the_target(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	hand_over(t);
	EVENTS(t, EV_NF_LOST, EV_PEER_LOST);
	later(t, MS(501));
	later(t, MS(501));
	event(t, EV_STANDING_OWNER);
	assert_string_equal(t->text,
			    "nf-lost -> querying: peer-gone=0 peer-query\n"
			    "peer-lost: peer-query\n"
			    "tick: peer-query\n"
			    "tick: peer-query\n"
			    "standing-owner -> steering: journal=3 steer-flip=1 peer-gone=0\n");
	assert_int_equal(t->session.verdict, RESULT_FAILED);
}

static void
test_a_cancel_before_end_undoes(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	EVENTS(t, EV_START, EV_OPENED, EV_STEERED, EV_STEERED);
	forget(t);
	/* The second one must not end the session before the source serves. */
	EVENTS(t, EV_CANCEL, EV_CANCEL, EV_GATE_DONE, EV_CANCEL, EV_STEERED, EV_CLOSED);
	assert_string_equal(t->text, "cancel -> undoing: gate-pass peer-close=0 steer-cleanup=0\n"
				     "cancel:\n"
				     "gate-done:\n"
				     "cancel:\n"
				     "steered:\n"
				     "closed -> done: journal=7 result (cancelled, 25)\n");
}

static void
test_a_round_with_stragglers_is_run_again(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	hand_over(t);
	EVENTS(t, EV_TAKEN, EV_GATE_DONE, EV_STEERED, EV_STEERED);
	forget(t);
	happens(t, (struct session_event){.type = EV_FINISHED, .n = 3});
	event(t, EV_FINISHED);
	assert_string_equal(t->text, "finished: peer-finish\n"
				     "finished -> trailing: prove trail\n");
}

static void
test_packets_lost_to_a_limit_are_never_complete(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	hand_over(t);
	event(t, EV_TAKEN);
	happens(t, (struct session_event){.type = EV_GATE_DONE, .n = 5});
	EVENTS(t, EV_STEERED, EV_STEERED, EV_FINISHED, EV_TRAILED, EV_PROVED, EV_CLOSED,
	       EV_GATE_DONE, EV_STEERED);
	assert_int_equal(t->session.state, SESSION_DONE);
	assert_int_equal(t->session.result, RESULT_FAILED);
	assert_int_equal(t->session.reason, REASON_HOLD_OVERFLOW);
	assert_int_equal(t->session.lost, 5);
}

static void
test_a_proof_that_differs_fails_the_move(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	hand_over(t);
	EVENTS(t, EV_TAKEN, EV_GATE_DONE, EV_STEERED, EV_STEERED, EV_FINISHED, EV_TRAILED);
	happens(t, (struct session_event){.type = EV_PROVED, .n = 1});
	EVENTS(t, EV_CLOSED, EV_GATE_DONE, EV_STEERED);
	assert_int_equal(t->session.result, RESULT_FAILED);
	assert_int_equal(t->session.reason, REASON_PROOF);
}

static struct tale *
catch_up(void)
{
	struct tale *t = begin_source();

	EVENTS(t, EV_START, EV_OPENED, EV_STEERED, EV_STEERED, EV_GATE_DONE, EV_READY, EV_PROBED,
	       EV_GATE_DONE, EV_WALKED);
	assert_int_equal(t->session.state, SOURCE_CATCHING_UP);
	return t;
}

static void
backlog(struct tale *t, uint64_t rows, uint64_t hold_ns)
{
	happens(t, (struct session_event){.type = EV_BACKLOG, .rows = rows, .hold_ns = hold_ns});
}

/* An NF that changes slots as fast as the link takes them. */
static void
test_a_backlog_that_does_not_shrink_meets_the_budget(void **state)
{
	struct tale *t = catch_up();

	(void)state;
	backlog(t, 5000, MS(50));
	assert_int_equal(t->session.state, SOURCE_CATCHING_UP);
	assert_int_equal(t->session.expected_hold_ns, MS(50));
	t->now_ns += MS(2001);
	backlog(t, 5000, MS(50));
	assert_int_equal(t->session.state, SOURCE_HOLDING);
}

/* However few rows are left: what is queued below them, or a path that is far, counts as well. */
static void
test_a_hold_beyond_the_budget_does_not_begin(void **state)
{
	struct tale *t = catch_up();

	(void)state;
	backlog(t, 0, 0);
	assert_int_equal(t->session.state, SOURCE_CATCHING_UP);
	backlog(t, 0, MS(251));
	assert_int_equal(t->session.state, SOURCE_CATCHING_UP);
	t->now_ns += MS(3000);
	backlog(t, 64, MS(251));
	assert_int_equal(t->session.state, SOURCE_CATCHING_UP);
	backlog(t, 64, MS(250));
	assert_int_equal(t->session.state, SOURCE_HOLDING);
}

/* How far the peer is does not vary, so no margin is asked for it: a budget of twice a long way is not needed. An eighth of it is
 * always kept.
 * Killed by: half of the budget for every forecast; no margin at all; one for the distance. */
static void
test_a_long_way_needs_no_second_one(void **state)
{
	struct tale *t = catch_up();
	struct session_event far = {.type = EV_BACKLOG, .distance_ns = MS(400)};

	(void)state;
	far.hold_ns = MS(451);
	happens(t, far);
	assert_int_equal(t->session.state, SOURCE_CATCHING_UP);
	assert_int_equal(t->session.hold_margin_ns, limits.max_hold_ns / 8);
	far.distance_ns = MS(350);
	far.hold_ns = MS(426);
	happens(t, far);
	assert_int_equal(t->session.state, SOURCE_CATCHING_UP);
	assert_int_equal(t->session.hold_margin_ns, MS(76));
	far.hold_ns = MS(425);
	happens(t, far);
	assert_int_equal(t->session.state, SOURCE_HOLDING);
}

/* Killed by: the margin left out; a distance that is not known taken for endless. */
static void
test_a_distance_above_the_budget_is_known_beforehand(void **state)
{
	struct tale *t = catch_up();
	uint64_t most_ns = limits.max_hold_ns - limits.max_hold_ns / 8;

	(void)state;
	assert_true(session_can_hold(&t->session, 0));
	assert_true(session_can_hold(&t->session, most_ns));
	assert_false(session_can_hold(&t->session, most_ns + 1));
	assert_false(session_can_hold(&t->session, UINT64_MAX));
}

static void
test_a_hold_that_never_fits_is_given_up(void **state)
{
	struct tale *t = catch_up();

	(void)state;
	t->now_ns += MS(29999);
	backlog(t, 500000, MS(5000));
	assert_int_equal(t->session.state, SOURCE_CATCHING_UP);
	t->now_ns += MS(1);
	backlog(t, 500000, MS(5000));
	assert_int_equal(t->session.state, SOURCE_UNDOING);
	assert_int_equal(t->session.expected_hold_ns, MS(5000));
	EVENTS(t, EV_GATE_DONE, EV_STEERED, EV_CLOSED);
	assert_int_equal(t->session.result, RESULT_ABORTED);
	assert_int_equal(t->session.reason, REASON_BUDGET);
}

/* Before END the hold is undone when the budget is used up. */
static void
test_a_hold_over_the_budget_is_undone(void **state)
{
	struct tale *t = catch_up();

	(void)state;
	EVENTS(t, EV_BACKLOG, EV_GATE_DONE);
	assert_int_equal(t->session.state, SOURCE_DRAINING);
	later(t, MS(501));
	assert_int_equal(t->session.state, SOURCE_UNDOING);
	EVENTS(t, EV_GATE_DONE, EV_STEERED, EV_CLOSED);
	assert_int_equal(t->session.result, RESULT_ABORTED);
	assert_int_equal(t->session.reason, REASON_BUDGET);
}

static void
test_a_state_tells_what_it_waits_for(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	EVENTS(t, EV_START, EV_OPENED, EV_STEERED, EV_STEERED, EV_READY);
	assert_int_equal(t->session.state, SOURCE_ARMING);
	assert_int_equal(session_missing(&t->session),
			 (UINT64_C(1) << EV_GATE_DONE) | (UINT64_C(1) << EV_PROBED));
}

static void
test_without_a_controller_there_is_no_fence(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	t->session.no_steering = true;
	EVENTS(t, EV_START, EV_OPENED, EV_GATE_DONE, EV_READY, EV_PROBED, EV_GATE_DONE, EV_WALKED,
	       EV_BACKLOG, EV_GATE_DONE, EV_DRAINED);
	assert_int_equal(t->session.state, SOURCE_ENDED);
	later(t, MS(501));
	later(t, MS(501));
	later(t, MS(501));
	assert_int_equal(t->session.state, SOURCE_QUERYING);
}

static void
test_an_offer_that_is_withdrawn_wipes_nothing(void **state)
{
	struct tale *t = begin_target();

	(void)state;
	EVENTS(t, EV_START, EV_CLOSE_DISCARD);
	assert_string_equal(t->text,
			    "start: peer-accept\n"
			    "close-discard -> done: journal=7 result peer-closed (aborted, 25)\n");
}

static void
test_a_target_finishes_taking_over_without_its_peer(void **state)
{
	struct tale *t = begin_target();

	(void)state;
	EVENTS(t, EV_START, EV_BEGIN, EV_GATE_DONE, EV_MARKED, EV_END);
	forget(t);
	EVENTS(t, EV_PEER_LOST, EV_VERIFIED, EV_QUERY, EV_GATE_DONE, EV_QUERY, EV_CLOSE_DISCARD,
	       EV_QUERY, EV_GATE_DONE);
	assert_string_equal(t->text,
			    "peer-lost:\n"
			    "verified -> taking: gate-serve\n"
			    "query: peer-standing=1\n"
			    "gate-done -> serving: peer-taken journal=6\n"
			    "query: peer-standing=2\n"
			    "close-discard -> discarding: gate-wipe\n"
			    "query: peer-standing=5\n"
			    "gate-done -> done: journal=7 result peer-closed (aborted, 25)\n");
}

static void
test_a_target_with_another_digest_says_no(void **state)
{
	struct tale *t = begin_target();

	(void)state;
	EVENTS(t, EV_START, EV_BEGIN, EV_GATE_DONE, EV_MARKED, EV_END);
	forget(t);
	EVENTS(t, EV_VERIFY_BAD, EV_GATE_DONE);
	assert_string_equal(t->text,
			    "verify-bad -> discarding: peer-failed gate-wipe\n"
			    "gate-done -> done: journal=7 result peer-closed (aborted, 23)\n");
}

static void
test_a_fenced_target_is_never_forgotten(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	hand_over(t);
	event(t, EV_PEER_LOST);
	later(t, MS(501));
	EVENTS(t, EV_CLAIMED, EV_STEERED, EV_GATE_DONE, EV_STEER_FAILED);
	later(t, MS(20000));
	assert_int_equal(t->session.state, SOURCE_UNDOING);
	EVENTS(t, EV_GATE_DONE, EV_STEERED);
	later(t, MS(20000));
	assert_int_equal(t->session.state, SOURCE_UNDOING);
	forget(t);
	event(t, EV_PEER_LOST);
	assert_string_equal(t->text, "peer-lost: peer-query\n");
	/* But an operator may say that it will not come back. */
	EVENTS(t, EV_GATE_DONE, EV_CANCEL, EV_GATE_DONE, EV_STEERED);
	assert_int_equal(t->session.state, SESSION_DONE);
	assert_int_equal(t->session.result, RESULT_ABORTED);
}

/* At the limit nobody is asked any more: claim, tell, fence. What is answered first ends the hold. */
static void
test_the_budget_bounds_the_hold_after_end(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	hand_over(t);
	later(t, t->session.held_ns + limits.max_hold_ns - t->now_ns);
	EVENTS(t, EV_CLAIMED, EV_CLOSED, EV_GATE_DONE, EV_STEERED);
	assert_string_equal(t->text, "tick -> claiming: fence-claim\n"
				     "claimed -> fencing: peer-close=0 steer-fence journal=8\n"
				     "closed -> undoing: gate-pass peer-close=0 steer-cleanup=0\n"
				     "gate-done:\n"
				     "steered -> done: journal=7 result (timed-out, 24)\n");
	/* The question that follows the loss of the peer does not begin it anew. */
	t = begin_source();
	hand_over(t);
	later(t, limits.max_hold_ns / 2);
	event(t, EV_PEER_LOST);
	assert_int_equal(t->session.state, SOURCE_QUERYING);
	assert_int_equal(t->session.deadline_ns, t->session.held_ns + limits.max_hold_ns);
}

/* A cancel after END claims and fences. But it comes too late when the target has taken over. */
static void
test_a_cancel_after_end_claims(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	hand_over(t);
	EVENTS(t, EV_CANCEL, EV_CLAIMED, EV_CLOSED, EV_GATE_DONE, EV_STEERED);
	assert_int_equal(t->session.result, RESULT_CANCELLED);
	t = begin_source();
	hand_over(t);
	EVENTS(t, EV_CANCEL, EV_TAKEN, EV_GATE_DONE, EV_STEERED, EV_STEERED, EV_FINISHED,
	       EV_TRAILED, EV_PROVED, EV_CLOSED, EV_GATE_DONE, EV_STEERED);
	assert_int_equal(t->session.result, RESULT_COMPLETE);
}

/* A target host that cannot tell has not said that it owns nothing. */
static void
test_a_host_that_does_not_know_is_fenced(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	hand_over(t);
	EVENTS(t, EV_PEER_LOST, EV_PEER_BACK, EV_STANDING_UNKNOWN);
	assert_int_equal(t->session.state, SOURCE_QUERYING);
	forget(t);
	later(t, limits.max_hold_ns);
	EVENTS(t, EV_CLAIMED, EV_STANDING_UNKNOWN, EV_STEERED);
	assert_string_equal(t->text, "tick -> claiming: fence-claim\n"
				     "claimed -> fencing: peer-close=0 steer-fence journal=8\n"
				     "standing-unknown:\n"
				     "steered -> undoing: gate-pass peer-close=0\n");
}

static struct tale *
begin_fence(void)
{
	struct tale *t = begin_source();

	hand_over(t);
	event(t, EV_PEER_LOST);
	later(t, limits.max_hold_ns);
	event(t, EV_CLAIMED);
	assert_int_equal(t->session.state, SOURCE_FENCING);
	forget(t);
	return t;
}

/* The target has what the source has lost: it is not discarded, and the fence is lifted. */
static void
test_the_last_copy_is_never_discarded(void **state)
{
	struct tale *t = begin_fence();

	(void)state;
	EVENTS(t, EV_NF_LOST, EV_STEERED, EV_PEER_BACK, EV_STANDING_OWNER);
	assert_string_equal(t->text,
			    "nf-lost -> querying: peer-gone=0 peer-query\n"
			    "steered:\n"
			    "peer-back:\n"
			    "standing-owner -> steering: journal=3 steer-flip=1 peer-gone=0\n");
	/* The same when the fence was proven already and the target was not told yet. */
	t = begin_fence();
	EVENTS(t, EV_STEERED, EV_GATE_DONE, EV_STEERED);
	forget(t);
	EVENTS(t, EV_NF_LOST, EV_STANDING_OWNER);
	assert_string_equal(t->text,
			    "nf-lost -> querying: peer-gone=0 peer-query\n"
			    "standing-owner -> steering: journal=3 steer-flip=1 peer-gone=0\n");
}

/* The controller is the arbiter: what a target did alone while the source was away counts. */
static void
test_a_fence_after_the_flip_of_a_lonely_target_leads_forward(void **state)
{
	struct tale *t = begin_fence();

	(void)state;
	steering_fails(t, REASON_STEERING_FLIPPED);
	EVENTS(t, EV_STANDING_SETTLED, EV_GATE_DONE);
	assert_string_equal(t->text,
			    "steer-failed -> steering: gate-redirect journal=3 steer-flip\n"
			    "standing-settled -> settling: journal=4 peer-close=1 gate-wipe "
			    "steer-cleanup=1\n"
			    "gate-done:\n");
	/* And such a target does not obey a discard. */
	t = begin_target();
	EVENTS(t, EV_START, EV_BEGIN, EV_GATE_DONE, EV_MARKED, EV_END, EV_VERIFIED, EV_GATE_DONE,
	       EV_PEER_LOST, EV_CANCEL);
	forget(t);
	EVENTS(t, EV_CLOSE_DISCARD, EV_STEERED, EV_STEERED, EV_ROUNDED, EV_CLOSE_DISCARD);
	assert_string_equal(t->text, "close-discard:\n"
				     "steered -> quieting: steer-quiet\n"
				     "steered -> parting: round\n"
				     "rounded -> leaving: journal=10 gate-pass steer-cleanup=1\n"
				     "close-discard: peer-standing=4\n");
}

/* Also where the source has asked in between, and the state says nothing of the flip any more. */
static void
test_a_target_that_asked_for_the_switch_asks_again_before_it_discards(void **state)
{
	struct tale *t = begin_target();

	(void)state;
	EVENTS(t, EV_START, EV_BEGIN, EV_GATE_DONE, EV_MARKED, EV_END, EV_VERIFIED, EV_GATE_DONE,
	       EV_PEER_LOST, EV_CANCEL, EV_STEERED, EV_PEER_BACK, EV_QUERY);
	assert_int_equal(t->session.state, TARGET_SERVING);
	forget(t);
	EVENTS(t, EV_CLOSE_DISCARD, EV_QUERY, EV_CLOSE_DISCARD);
	happens(t,
		(struct session_event){.type = EV_STEER_FAILED, .reason = REASON_STEERING_REFUSED});
	EVENTS(t, EV_CLOSE_DISCARD);
	assert_string_equal(t->text, "close-discard -> adopting: steer-flip\n"
				     "query -> serving: peer-standing=2\n"
				     "close-discard -> adopting: steer-flip\n"
				     "steer-failed -> serving: peer-standing=2\n"
				     "close-discard -> discarding: gate-wipe\n");
}

/* Wherever it stands when it is told. */
static void
test_a_target_that_asked_for_the_switch_does_so_in_every_state(void **state)
{
	static const enum session_event_type ways[][2] = {
		{EV_START, EV_START}, {EV_FINISH, EV_START}, {EV_FINISH, EV_TRAIL_END}};
	static const enum session_state states[] = {TARGET_SERVING, TARGET_ROUNDING,
						    TARGET_MERGING};

	(void)state;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct tale *t = begin_target();

		EVENTS(t, EV_START, EV_BEGIN, EV_GATE_DONE, EV_MARKED, EV_END, EV_VERIFIED,
		       EV_GATE_DONE, EV_PEER_LOST, EV_CANCEL, EV_PEER_BACK, EV_QUERY);
		event(t, ways[i][0]);
		event(t, ways[i][1]);
		assert_int_equal(t->session.state, states[i]);
		event(t, EV_CLOSE_DISCARD);
		assert_int_equal(t->session.state, TARGET_ADOPTING);
	}
}

/* The target's NF died before it heard that it is through. Nobody else has a copy; the fence decides, and one
 * that serves elsewhere is not taken back from. */
static void
test_the_last_copy_goes_back_also_while_closing(void **state)
{
	(void)state;
	for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
		struct tale *t = begin_source();

		hand_over(t);
		EVENTS(t, EV_TAKEN, EV_GATE_DONE, EV_STEERED, EV_STEERED, EV_FINISHED, EV_TRAILED,
		       EV_PROVED, EV_PEER_LOST, EV_PEER_BACK);
		forget(t);
		event(t, EV_STANDING_UNKNOWN);
		if (elsewhere) {
			steering_fails(t, REASON_STEERING_FLIPPED);
			EVENTS(t, EV_GATE_DONE, EV_STEERED);
		} else {
			EVENTS(t, EV_STEERED, EV_GATE_DONE, EV_STEERED);
		}
		assert_string_equal(
			t->text,
			elsewhere ? "standing-unknown -> reverting: journal=9 steer-fence\n"
				    "steer-failed -> settling: journal=4 peer-close=1 gate-wipe "
				    "steer-cleanup=1\n"
				    "gate-done:\n"
				    "steered -> done: journal=7 result (failed, 21)\n"
				  : "standing-unknown -> reverting: journal=9 steer-fence\n"
				    "steered -> undoing: gate-pass peer-close=0 steer-cleanup=0\n"
				    "gate-done:\n"
				    "steered -> done: journal=7 result (failed, 21)\n");
	}
	/* Without a controller there is no fence. */
	struct tale *t = begin_source();

	t->session.no_steering = true;
	hand_over(t);
	EVENTS(t, EV_TAKEN, EV_GATE_DONE, EV_FINISHED, EV_TRAILED, EV_PROVED);
	assert_int_equal(t->session.state, SOURCE_CLOSING);
	event(t, EV_STANDING_UNKNOWN);
	assert_int_equal(t->session.state, SOURCE_CLOSING);
}

/* The source was away so long that the target went on alone; its own packets still wait in the hold.
 * They are too old for anybody: the gate is closed, and the move has failed. */
static void
test_settled_while_the_gate_holds(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	hand_over(t);
	EVENTS(t, EV_PEER_LOST, EV_PEER_BACK, EV_STANDING_SETTLED);
	happens(t, (struct session_event){.type = EV_GATE_DONE, .n = 350});
	event(t, EV_STEERED);
	assert_string_equal(t->text, "peer-lost -> querying: peer-query\n"
				     "peer-back:\n"
				     "standing-settled -> settling: journal=4 peer-close=1 "
				     "gate-wipe steer-cleanup=1\n"
				     "gate-done:\n"
				     "steered -> done: journal=7 result (failed, 21)\n");
	assert_int_equal(t->session.lost, 350);
}

/* The target is through and was not heard; what it lost it says later. */
static void
test_an_account_comes_with_settled(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	hand_over(t);
	EVENTS(t, EV_TAKEN, EV_GATE_DONE, EV_STEERED, EV_STEERED, EV_FINISHED, EV_TRAILED,
	       EV_PROVED);
	assert_int_equal(t->session.state, SOURCE_CLOSING);
	happens(t, (struct session_event){.type = EV_STANDING_SETTLED, .n = 3});
	EVENTS(t, EV_GATE_DONE, EV_STEERED);
	assert_int_equal(t->session.result, RESULT_FAILED);
	assert_int_equal(t->session.lost, 3);
}

/* Rounds of the target need the source's answer until the target's gate is open. */
static void
test_a_partition_while_closing_leaves_the_source_redirecting(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	hand_over(t);
	EVENTS(t, EV_TAKEN, EV_GATE_DONE, EV_STEERED, EV_STEERED, EV_FINISHED, EV_TRAILED,
	       EV_PROVED);
	assert_int_equal(t->session.state, SOURCE_CLOSING);
	forget(t);
	event(t, EV_PEER_LOST);
	later(t, MS(60000));
	EVENTS(t, EV_PEER_BACK, EV_STANDING_OWNER, EV_CLOSED);
	assert_string_equal(t->text, "peer-lost: peer-query\n"
				     "tick:\n"
				     "peer-back:\n"
				     "standing-owner: journal=4 peer-close=1\n"
				     "closed -> settling: gate-wipe steer-cleanup=1\n");
}

/* A host that dies there does not keep the NF for ever: an operator ends it, forward. */
static void
test_closing_without_the_target_can_be_cancelled(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	hand_over(t);
	EVENTS(t, EV_TAKEN, EV_GATE_DONE, EV_STEERED, EV_STEERED, EV_FINISHED, EV_TRAILED,
	       EV_PROVED, EV_PEER_LOST, EV_CANCEL);
	assert_int_equal(t->session.state, SOURCE_CLOSING);
	assert_false(session_accepts(&t->session, EV_CANCEL, t->now_ns));
	t->now_ns += limits.settle_ns;
	assert_true(session_accepts(&t->session, EV_CANCEL, t->now_ns));
	EVENTS(t, EV_CANCEL, EV_GATE_DONE, EV_STEERED);
	assert_int_equal(t->session.state, SESSION_DONE);
	assert_int_equal(t->session.result, RESULT_COMPLETE);
}

/* A stage that is not on the disk ends the move before END; after it the NF's memory tells. */
static void
test_a_journal_that_cannot_be_written_ends_the_move_before_end(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	EVENTS(t, EV_START, EV_OPENED, EV_STEERED, EV_STEERED, EV_GATE_DONE, EV_READY, EV_PROBED,
	       EV_GATE_DONE, EV_WALKED);
	forget(t);
	EVENTS(t, EV_JOURNAL_BAD, EV_GATE_DONE, EV_CLOSED, EV_STEERED);
	assert_string_equal(t->text,
			    "journal-bad -> undoing: gate-pass peer-close=0 steer-cleanup=0\n"
			    "gate-done:\n"
			    "closed:\n"
			    "steered -> done: journal=7 result (aborted, 47)\n");
	t = begin_source();
	hand_over(t);
	EVENTS(t, EV_JOURNAL_BAD, EV_TAKEN, EV_JOURNAL_BAD);
	assert_int_equal(t->session.state, SOURCE_STEERING);
	assert_int_equal(t->session.verdict, RESULT_COMPLETE);
	t = begin_target();
	EVENTS(t, EV_START, EV_BEGIN, EV_JOURNAL_BAD);
	assert_int_equal(t->session.state, TARGET_DISCARDING);
}

/* Each time the operator forces, the session is one step nearer to its end. */
static void
test_force_takes_back_step_by_step(void **state)
{
	struct tale *t = begin_source();

	(void)state;
	hand_over(t);
	EVENTS(t, EV_TAKEN, EV_PEER_LOST);
	forget(t);
	assert_string_not_equal(session_risk(&t->session), "");
	EVENTS(t, EV_FORCE, EV_FORCE, EV_FORCE, EV_FORCE);
	assert_string_equal(t->text, "force -> reverting: journal=9 steer-fence\n"
				     "force -> undoing: gate-pass peer-close=0\n"
				     "force: gate-pass peer-close=0 steer-cleanup=0\n"
				     "force -> done: journal=7 result (failed, 45)\n");
	t = begin_fence();
	EVENTS(t, EV_FORCE);
	assert_string_equal(t->text, "force -> undoing: gate-pass peer-close=0\n");
}

static void
test_force_at_the_target_lets_it_serve(void **state)
{
	struct tale *t = begin_target();

	(void)state;
	EVENTS(t, EV_START, EV_BEGIN, EV_GATE_DONE, EV_MARKED, EV_END, EV_VERIFIED, EV_GATE_DONE);
	forget(t);
	assert_false(session_accepts(&t->session, EV_CANCEL, t->now_ns));
	EVENTS(t, EV_FORCE, EV_GATE_DONE, EV_STEERED);
	assert_string_equal(
		t->text, "force -> leaving: peer-standing=4 journal=10 gate-pass steer-cleanup=1\n"
			 "gate-done:\n"
			 "steered -> done: journal=11 result peer-standing=4 (failed, 45)\n");
}

/* Nobody leads any more: the target does not wait to see whether somebody comes back. */
static void
test_a_target_hears_that_the_source_is_gone(void **state)
{
	struct tale *t = begin_target();

	(void)state;
	EVENTS(t, EV_START, EV_BEGIN, EV_GATE_DONE, EV_MARKED, EV_END, EV_SOURCE_GONE, EV_VERIFIED,
	       EV_GATE_DONE);
	forget(t);
	EVENTS(t, EV_SOURCE_GONE, EV_SOURCE_LEFT);
	assert_string_equal(t->text, "source-gone: gate-source-gone\n"
				     "source-left -> adopting: steer-flip\n");
}

/* Each fact of a state is waited for, whichever comes last. */
static void
test_no_fact_is_skipped(void **state)
{
	static const struct {
		enum session_state state, next;
		enum session_event_type facts[3];
		unsigned n;
	} waits[] = {
		{SOURCE_ARMING, SOURCE_TRACKING, {EV_GATE_DONE, EV_READY, EV_PROBED}, 3},
		{SOURCE_STEERING, SOURCE_QUIETING, {EV_GATE_DONE, EV_STEERED}, 2},
		{SOURCE_TRAILING, SOURCE_CLOSING, {EV_TRAILED, EV_PROVED}, 2},
		{SOURCE_CLOSING, SOURCE_SETTLING, {EV_CLOSED}, 1},
		{SOURCE_SETTLING, SESSION_DONE, {EV_GATE_DONE, EV_STEERED}, 2},
		{SOURCE_UNDOING, SESSION_DONE, {EV_GATE_DONE, EV_STEERED, EV_CLOSED}, 3},
		{TARGET_VERIFYING, TARGET_TAKING, {EV_VERIFIED, EV_MARKED}, 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		for (unsigned last = 0; last < waits[i].n; last++) {
			struct tale *t =
				waits[i].state < TARGET_OFFERED ? begin_source() : begin_target();

			t->session.started = true;
			t->session.state = waits[i].state;
			for (unsigned f = 0; f < waits[i].n; f++) {
				if (f != last)
					event(t, waits[i].facts[f]);
			}
			assert_int_equal(t->session.state, waits[i].state);
			event(t, waits[i].facts[last]);
			assert_int_equal(t->session.state, waits[i].next);
		}
	}
}

/* ---- after a restart of the daemon ----------------------------------------------------- */

/* Where the session stands in the NF's memory: its last command names it; there is no session in
 * it (before the first command and after the last); the NF is gone. */
enum where { OURS, NOBODYS, GONE };

struct restart {
	bool is_source;
	enum session_stage stage;
	enum where where;
	uint32_t hold_word;
	uint32_t mode;
	enum session_state state;
};

#define SOURCE true
#define TARGET false

static const struct restart restarts[] = {
	/* The journal adds what the memory cannot know ... */
	{SOURCE, STAGE_PREPARE, OURS, SLIM_HOLD_IDLE, SLIM_GATE_PASS, SOURCE_UNDOING},
	{SOURCE, STAGE_HANDOVER, OURS, SLIM_HOLD_IDLE, SLIM_GATE_PASS, SOURCE_UNDOING},
	{SOURCE, STAGE_HANDOVER, OURS, SLIM_HOLD_HOLDING, SLIM_GATE_HOLD, SOURCE_UNDOING},
	{SOURCE, STAGE_HANDOVER, OURS, SLIM_HOLD_RESUMED, SLIM_GATE_HOLD, SOURCE_UNDOING},
	{SOURCE, STAGE_HANDOVER, OURS, SLIM_HOLD_END_SENT, SLIM_GATE_HOLD, SOURCE_QUERYING},
	{SOURCE, STAGE_HANDOVER, OURS, SLIM_HOLD_TAKEN, SLIM_GATE_HOLD, SOURCE_STEERING},
	{SOURCE, STAGE_HANDOVER, OURS, SLIM_HOLD_FENCED, SLIM_GATE_HOLD, SOURCE_CLAIMING},
	{SOURCE, STAGE_FENCED, OURS, SLIM_HOLD_FENCED, SLIM_GATE_HOLD, SOURCE_FENCING},
	{SOURCE, STAGE_FENCED, NOBODYS, SLIM_HOLD_IDLE, SLIM_GATE_PASS, SOURCE_UNDOING},
	{SOURCE, STAGE_TAKEN, OURS, SLIM_HOLD_TAKEN, SLIM_GATE_REDIRECT, SOURCE_STEERING},
	{SOURCE, STAGE_REVERT, OURS, SLIM_HOLD_TAKEN, SLIM_GATE_REDIRECT, SOURCE_REVERTING},
	{SOURCE, STAGE_REVERT, NOBODYS, SLIM_HOLD_IDLE, SLIM_GATE_PASS, SOURCE_UNDOING},
	{SOURCE, STAGE_SETTLE, OURS, SLIM_HOLD_TAKEN, SLIM_GATE_REDIRECT, SOURCE_CLOSING},
	{SOURCE, STAGE_SETTLE, NOBODYS, SLIM_HOLD_IDLE, SLIM_GATE_CLOSED, SOURCE_SETTLING},
	/* ... and never the other way round: stages that the disk has lost. */
	{SOURCE, STAGE_PREPARE, OURS, SLIM_HOLD_END_SENT, SLIM_GATE_HOLD, SOURCE_QUERYING},
	{SOURCE, STAGE_PREPARE, OURS, SLIM_HOLD_TAKEN, SLIM_GATE_HOLD, SOURCE_STEERING},
	{SOURCE, STAGE_PREPARE, OURS, SLIM_HOLD_TAKEN, SLIM_GATE_REDIRECT, SOURCE_STEERING},
	{SOURCE, STAGE_PREPARE, OURS, SLIM_HOLD_FENCED, SLIM_GATE_HOLD, SOURCE_CLAIMING},
	{SOURCE, STAGE_TAKEN, OURS, SLIM_HOLD_END_SENT, SLIM_GATE_HOLD, SOURCE_QUERYING},
	{SOURCE, STAGE_NONE, OURS, SLIM_HOLD_TAKEN, SLIM_GATE_REDIRECT, SOURCE_STEERING},
	{SOURCE, STAGE_TAKEN, NOBODYS, SLIM_HOLD_IDLE, SLIM_GATE_CLOSED, SOURCE_SETTLING},
	/* A file that came back, of a session that is long over: what serves is left alone. */
	{SOURCE, STAGE_SETTLE, NOBODYS, SLIM_HOLD_IDLE, SLIM_GATE_PASS, SOURCE_UNDOING},
	{SOURCE, STAGE_TAKEN, NOBODYS, SLIM_HOLD_IDLE, SLIM_GATE_PASS, SOURCE_UNDOING},
	/* What an old session left in the hold word means nothing before the handover. */
	{SOURCE, STAGE_PREPARE, NOBODYS, SLIM_HOLD_TAKEN, SLIM_GATE_PASS, SOURCE_UNDOING},
	/* Without the NF: the target is asked, and its copy may be the last one. */
	{SOURCE, STAGE_PREPARE, GONE, 0, 0, SOURCE_UNDOING},
	{SOURCE, STAGE_HANDOVER, GONE, 0, 0, SOURCE_QUERYING},
	{SOURCE, STAGE_FENCED, GONE, 0, 0, SOURCE_QUERYING},
	{SOURCE, STAGE_REVERT, GONE, 0, 0, SOURCE_QUERYING},
	{SOURCE, STAGE_TAKEN, GONE, 0, 0, SOURCE_STEERING},
	{SOURCE, STAGE_SETTLE, GONE, 0, 0, SOURCE_CLOSING},

	{TARGET, STAGE_RECEIVE, NOBODYS, SLIM_HOLD_IDLE, SLIM_GATE_CLOSED, TARGET_DISCARDING},
	{TARGET, STAGE_RECEIVE, OURS, SLIM_HOLD_IDLE, SLIM_GATE_RECEIVE, TARGET_DISCARDING},
	{TARGET, STAGE_RECEIVE, OURS, SLIM_HOLD_IDLE, SLIM_GATE_SERVE, TARGET_TAKING},
	{TARGET, STAGE_NONE, OURS, SLIM_HOLD_IDLE, SLIM_GATE_SERVE, TARGET_TAKING},
	{TARGET, STAGE_OWNER, OURS, SLIM_HOLD_IDLE, SLIM_GATE_SERVE, TARGET_TAKING},
	{TARGET, STAGE_OWNER, NOBODYS, SLIM_HOLD_IDLE, SLIM_GATE_PASS, TARGET_SETTLING},
	{TARGET, STAGE_RECEIVE, NOBODYS, SLIM_HOLD_IDLE, SLIM_GATE_PASS, TARGET_SETTLING},
	{TARGET, STAGE_PARTED, NOBODYS, SLIM_HOLD_IDLE, SLIM_GATE_PASS, TARGET_LEAVING},
	{TARGET, STAGE_PARTED, OURS, SLIM_HOLD_IDLE, SLIM_GATE_SERVE, TARGET_LEAVING},
	{TARGET, STAGE_OWNER, GONE, 0, 0, SESSION_DONE},
};

static bool
has_effect(const struct session_effects *fx, enum session_effect_type type)
{
	for (size_t i = 0; i < fx->n; i++) {
		if (fx->list[i].type == type)
			return true;
	}
	return false;
}

static struct session_memory
memory_of(const struct restart *r)
{
	return (struct session_memory){.is_there = r->where != GONE,
				       .is_ours = r->where == OURS,
				       .hold_word = r->hold_word,
				       .mode = r->mode};
}

static void
test_restart_takes_up_where_the_data_path_is(void **state)
{
	struct session_effects fx;
	struct session s;

	(void)state;
	for (size_t i = 0; i < sizeof(restarts) / sizeof(restarts[0]); i++) {
		const struct restart *r = &restarts[i];
		struct session_memory memory = memory_of(r);

		session_restore(&s, 7, r->is_source, r->stage, &memory, &limits, MS(1), &fx);
		if (s.state != r->state)
			print_message("# restart %zu: %s\n", i, session_state_name(s.state));
		assert_int_equal(s.state, r->state);
		assert_int_equal(s.id, 7);
		if ((r->stage == STAGE_FENCED || r->stage == STAGE_REVERT) && r->where != GONE)
			assert_true(s.fenced);
		/* A peer that may own, or must be told, is sought. */
		if (r->is_source && (session_is_forward(&s) || s.fenced))
			assert_true(has_effect(&fx, FX_PEER_QUERY));
	}
}

/* What made it fail before is not mended by a restart: forward, back and at the target. */
static void
test_restart_does_not_mend_a_verdict(void **state)
{
	struct session_effects fx;
	struct session s;

	(void)state;
	for (size_t i = 0; i < sizeof(restarts) / sizeof(restarts[0]); i++) {
		const struct restart *r = &restarts[i];
		struct session_memory memory = memory_of(r);

		memory.failed = REASON_FORCED;
		session_restore(&s, 7, r->is_source, r->stage, &memory, &limits, MS(1), &fx);
		assert_int_equal(s.verdict, RESULT_FAILED);
		assert_int_equal(s.reason, REASON_FORCED);
		if (s.state == SESSION_DONE)
			assert_int_equal(s.result, RESULT_FAILED);
	}
}

/* ---- every event in every state ------------------------------------------------------------ */

static bool
is_target_state(enum session_state state)
{
	return state >= TARGET_OFFERED && state < SESSION_DONE;
}

static bool
is_unsure(enum session_state state)
{
	return state == SOURCE_ENDED || state == SOURCE_QUERYING;
}

static bool
is_entered(const struct session_effects *fx, enum session_effect_type type, uint64_t arg)
{
	for (size_t i = 0; i < fx->n; i++) {
		if (fx->list[i].type == type && fx->list[i].arg == arg)
			return true;
	}
	return false;
}

/* What must hold for any step whatever. */
static void
check_step(const struct session *before, const struct session *after, enum session_event_type event,
	   const struct session_effects *fx)
{
	bool over = after->state == SESSION_DONE;

	assert_in_range(after->state, 0, SESSION_DONE);
	assert_in_range(fx->n, 0, SESSION_MAX_EFFECTS);
	if (!over)
		assert_int_equal(is_target_state(after->state), !after->is_source);
	assert_int_equal(over, after->result != RESULT_NONE);
	if (before->state == SESSION_DONE)
		assert_int_equal(fx->n, 0);
	if (over && before->state != SESSION_DONE)
		assert_true(
			is_entered(fx, FX_JOURNAL, after->parted ? STAGE_SETTLED : STAGE_OVER) &&
			has_effect(fx, FX_RESULT));

	/* Only an answer, a claim or the agent itself leads back from END. */
	if (is_unsure(before->state) && after->state == SOURCE_UNDOING)
		assert_true(event == EV_RESUMED || after->nf_gone);
	/* A fence that is proven, a target that owns nothing, or the operator. */
	if (before->state == SOURCE_FENCING && after->state == SOURCE_UNDOING)
		assert_true(event == EV_STEERED || event == EV_CLOSED || event == EV_PEER_FAILED ||
			    event == EV_STANDING_NONE || event == EV_FORCE || after->no_steering);
	if (before->state == SOURCE_CLAIMING && after->state == SOURCE_UNDOING)
		assert_true(event == EV_RESUMED || event == EV_FORCE || after->no_steering);
	/* No way back from TAKEN but through a fence. */
	if (session_is_forward(before) && !session_is_forward(after))
		assert_true(over || after->state == SOURCE_REVERTING || after->no_steering);
	if (before->state == SOURCE_SETTLING)
		assert_true(over || after->state == SOURCE_SETTLING);
	/* The last copy is never discarded, nor fenced. */
	if (after->nf_gone && is_entered(fx, FX_PEER_CLOSE, false))
		assert_true(over || after->state == SOURCE_UNDOING ||
			    after->state == SOURCE_DISMISSING);
	if (after->nf_gone && after->is_source)
		assert_false(has_effect(fx, FX_STEER_FENCE));
	/* The operator's word always leads on. */
	if (event == EV_FORCE && before->state != SESSION_DONE)
		assert_true(after->state != before->state ||
			    (after->peer_forgot && !before->peer_forgot));

	if (has_effect(fx, FX_GATE_PASS) && after->is_source)
		assert_true(after->state == SOURCE_UNDOING || over);
	if (has_effect(fx, FX_GATE_WIPE) && after->is_source)
		assert_true(after->state == SOURCE_SETTLING || over);
	if (has_effect(fx, FX_PEER_TAKEN))
		assert_true(before->state == TARGET_TAKING && event == EV_GATE_DONE);
	if (is_entered(fx, FX_PEER_CLOSE, true))
		assert_true(before->state == SOURCE_TRAILING || before->state == SOURCE_CLOSING ||
			    before->state == SOURCE_SETTLING || event == EV_STANDING_SETTLED ||
			    after->nf_gone || after->peer_forgot || after->no_steering);
	if (after->lost != 0)
		assert_int_not_equal(after->result, RESULT_COMPLETE);
	for (unsigned type = FX_STEER_CHECK; after->no_steering && type <= FX_STEER_CLEANUP; type++)
		assert_false(has_effect(fx, (enum session_effect_type)type));
	for (unsigned type = FX_GATE_WATCH; after->nf_gone && type <= FX_GATE_SERVE; type++)
		assert_false(has_effect(fx, (enum session_effect_type)type) && before->nf_gone);
}

/* cmocka's assertions are slow in a loop of millions; they are only called when it matters. */
static void
step_and_check(struct session *s, unsigned type, uint64_t now_ns, uint64_t n)
{
	struct session_event e = {.type = (enum session_event_type)type,
				  .now_ns = now_ns,
				  .n = n,
				  .rows = n * 1000,
				  .hold_ns = n * MS(10)};
	struct session before = *s;
	struct session_effects fx;

	session_step(s, &e, &fx);
	check_step(&before, s, e.type, &fx);
}

static struct session
session_in(enum session_state state, unsigned flags)
{
	struct session s;

	if (is_target_state(state))
		session_init_target(&s, 1, &limits);
	else
		session_init_source(&s, 1, false, &limits);
	s.started = true;
	s.state = state;
	s.started_ns = s.since_ns = s.entered_ns = s.held_ns = MS(1);
	s.deadline_ns = MS(2);
	s.no_steering = flags & 1u;
	/* A target without its NF is only in the states in which it gives up. A source without it
	 * neither claims nor fences. */
	s.nf_gone = (flags & 2u) && (!is_target_state(state) || state >= TARGET_SETTLING) &&
		    (state < SOURCE_CLAIMING || state > SOURCE_FENCING) &&
		    state != SOURCE_REVERTING;
	s.peer_gone = flags & 4u;
	s.fenced = state == SOURCE_FENCING || state == SOURCE_REVERTING || (flags & 8u);
	s.verdict = s.nf_gone ? RESULT_FAILED : RESULT_COMPLETE;
	if (state == SESSION_DONE)
		s.result = RESULT_ABORTED;
	return s;
}

static void
test_every_pair_of_events_in_every_state(void **state)
{
	static const uint64_t nows[] = {MS(1), MS(3), MS(700000)};
	unsigned at, flags, first, second, third;

	(void)state;
	for (at = 0; at <= SESSION_DONE; at++) {
		for (flags = 0; flags < 16; flags += 1 + at % 3) {
			for (first = 0; first < SESSION_N_EVENTS; first++) {
				struct session one = session_in((enum session_state)at, flags);

				step_and_check(&one, first, nows[first % 3], first % 2);
				for (second = 0; second < SESSION_N_EVENTS; second++) {
					struct session two = one;

					step_and_check(&two, second, nows[2], 0);
					third = (at + first * 7 + second * 3) % SESSION_N_EVENTS;
					step_and_check(&two, third, nows[2] + MS(20000), 1);
				}
			}
		}
	}
}

/* ---- the document ------------------------------------------------------------------------------ */

static char diagram[65536];
static char document[65536];

static void
test_the_document_says_what_the_table_says(void **state)
{
	FILE *f = fopen(document_path, "r");
	size_t n;

	(void)state;
	assert_non_null(f);
	n = fread(document, 1, sizeof(document) - 1, f);
	fclose(f);
	document[n] = '\0';
	assert_in_range(session_print_diagram(diagram, sizeof(diagram)), 1, sizeof(diagram) - 1);
	assert_string_equal(document, diagram);
}

static void
test_the_diagram_is_cut_like_snprintf(void **state)
{
	size_t length = session_print_diagram(diagram, sizeof(diagram));
	char small[100];

	(void)state;
	assert_int_equal(session_print_diagram(small, sizeof(small)), length);
	assert_memory_equal(small, diagram, sizeof(small) - 1);
	assert_int_equal(small[sizeof(small) - 1], '\0');
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_source_of_a_clean_move),
		cmocka_unit_test(test_target_of_a_clean_move),
		cmocka_unit_test(test_a_dry_run_touches_nothing),
		cmocka_unit_test(test_nobody_answers_after_end_so_the_target_is_fenced),
		cmocka_unit_test(test_the_claim_comes_too_late),
		cmocka_unit_test(
			test_a_target_that_gives_up_lets_the_source_resume_without_a_fence),
		cmocka_unit_test(
			test_a_target_that_dies_as_owner_is_fenced_and_the_source_takes_back),
		cmocka_unit_test(test_a_controller_that_does_not_go_back_leads_forward),
		cmocka_unit_test(test_clean_up_waits_for_the_controller_until_it_is_given_up),
		cmocka_unit_test(test_clean_up_does_not_wait_for_ever),
		cmocka_unit_test(test_clean_up_that_is_refused_ends),
		cmocka_unit_test(test_clean_up_that_is_slow_is_waited_for),
		cmocka_unit_test(test_a_lost_source_nf_never_fences_the_target),
		cmocka_unit_test(test_a_cancel_before_end_undoes),
		cmocka_unit_test(test_a_round_with_stragglers_is_run_again),
		cmocka_unit_test(test_packets_lost_to_a_limit_are_never_complete),
		cmocka_unit_test(test_a_proof_that_differs_fails_the_move),
		cmocka_unit_test(test_a_backlog_that_does_not_shrink_meets_the_budget),
		cmocka_unit_test(test_a_hold_beyond_the_budget_does_not_begin),
		cmocka_unit_test(test_a_long_way_needs_no_second_one),
		cmocka_unit_test(test_a_distance_above_the_budget_is_known_beforehand),
		cmocka_unit_test(test_a_hold_that_never_fits_is_given_up),
		cmocka_unit_test(test_a_hold_over_the_budget_is_undone),
		cmocka_unit_test(test_a_state_tells_what_it_waits_for),
		cmocka_unit_test(test_without_a_controller_there_is_no_fence),
		cmocka_unit_test(test_an_offer_that_is_withdrawn_wipes_nothing),
		cmocka_unit_test(test_a_target_finishes_taking_over_without_its_peer),
		cmocka_unit_test(test_a_target_with_another_digest_says_no),
		cmocka_unit_test(test_the_budget_bounds_the_hold_after_end),
		cmocka_unit_test(test_a_cancel_after_end_claims),
		cmocka_unit_test(test_a_host_that_does_not_know_is_fenced),
		cmocka_unit_test(test_the_last_copy_is_never_discarded),
		cmocka_unit_test(test_a_fence_after_the_flip_of_a_lonely_target_leads_forward),
		cmocka_unit_test(
			test_a_target_that_asked_for_the_switch_asks_again_before_it_discards),
		cmocka_unit_test(test_a_target_that_asked_for_the_switch_does_so_in_every_state),
		cmocka_unit_test(test_the_last_copy_goes_back_also_while_closing),
		cmocka_unit_test(test_settled_while_the_gate_holds),
		cmocka_unit_test(test_an_account_comes_with_settled),
		cmocka_unit_test(test_a_partition_while_closing_leaves_the_source_redirecting),
		cmocka_unit_test(test_closing_without_the_target_can_be_cancelled),
		cmocka_unit_test(test_a_journal_that_cannot_be_written_ends_the_move_before_end),
		cmocka_unit_test(test_force_takes_back_step_by_step),
		cmocka_unit_test(test_force_at_the_target_lets_it_serve),
		cmocka_unit_test(test_a_target_hears_that_the_source_is_gone),
		cmocka_unit_test(test_no_fact_is_skipped),
		cmocka_unit_test(test_a_fenced_target_is_never_forgotten),
		cmocka_unit_test(test_restart_takes_up_where_the_data_path_is),
		cmocka_unit_test(test_restart_does_not_mend_a_verdict),
		cmocka_unit_test(test_every_pair_of_events_in_every_state),
		cmocka_unit_test(test_the_document_says_what_the_table_says),
		cmocka_unit_test(test_the_diagram_is_cut_like_snprintf),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: session_test DOCUMENT | --print\n");
		return 2;
	}
	if (strcmp(argv[1], "--print") == 0) {
		session_print_diagram(diagram, sizeof(diagram));
		fputs(diagram, stdout);
		return 0;
	}
	document_path = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
