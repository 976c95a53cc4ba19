/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each event does in every state of its side: the state machine told the other way round. A
 * line of the text names the states in which the same happens, then what that is: the next state,
 * the effects, and in brackets what has become of the session. Where nothing happens nothing is said.
 * Above each test stands why it is so. What is changed on purpose is printed anew by
 *
 *   session_events_test --print
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reasons.h"
#include "session.h"

#define MS(n) ((uint64_t)(n)*1000000u)
#define BEGAN MS(1000000)
#define FACT(event) (UINT64_C(1) << (event))

static const struct session_limits limits = {
	.preflight_ns = MS(5000),
	.max_hold_ns = MS(500),
	.query_ns = MS(700),
	.move_ns = MS(600000),
	.retry_ns = MS(200),
	.offer_ns = MS(30000),
	.small_rows = 64,
	.catch_up_ns = MS(40000),
	.settle_ns = MS(10000),
	.source_gone_ns = MS(60000),
};

/* In which condition the session is found. */
enum condition {
	YOUNG = 0,         /* a millisecond in its state */
	OVERDUE = 1,       /* its deadline has passed */
	OLD = 2,           /* and the patience for cleaning up */
	ANCIENT = 4,       /* and that for the whole move */
	NF_GONE = 8,       /* the local NF */
	PEER_GONE = 16,    /* not connected */
	FENCED = 32,       /* the target was, or is about to be */
	GATE_DONE = 64,    /* this fact has come */
	STEERED = 128,     /* this one too */
	NO_STEERING = 256, /* there is no controller */
	FORGOT = 512,      /* the peer does not know the session */
	ARMED = 1024,      /* the peer is ready, the probes are back */
	MARKED = 2048,     /* the marks have come */
	NEW = 4096,        /* not started */
};

static char text[65536];
static size_t length;

__attribute__((format(printf, 1, 2))) static void
tell(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	length += (size_t)vsnprintf(text + length, sizeof(text) - length, format, args);
	va_end(args);
	assert_true(length < sizeof(text));
}

static const char *
reason_name(uint32_t reason)
{
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(
		&slim__v1__reason_code__descriptor, (int)reason);

	return value != NULL ? value->name + strlen("REASON_") : "?";
}

static uint64_t
now_in(unsigned condition)
{
	if (condition & ANCIENT)
		return BEGAN + MS(700000);
	if (condition & OLD)
		return BEGAN + MS(20000);
	return BEGAN + (condition & OVERDUE ? MS(2000) : MS(1));
}

static struct session
session_in(enum session_state state, unsigned condition)
{
	struct session s;

	if (state < TARGET_OFFERED)
		session_init_source(&s, 1, false, &limits);
	else
		session_init_target(&s, 1, &limits);
	s.started = !(condition & NEW);
	s.state = state;
	s.started_ns = s.since_ns = s.entered_ns = s.held_ns = s.peer_lost_ns = BEGAN;
	s.deadline_ns = BEGAN + MS(1000);
	s.nf_gone = condition & NF_GONE;
	s.peer_gone = condition & PEER_GONE;
	s.fenced = condition & FENCED || state == SOURCE_FENCING || state == SOURCE_REVERTING;
	s.no_steering = condition & NO_STEERING;
	s.peer_forgot = condition & FORGOT;
	s.facts = (condition & GATE_DONE ? FACT(EV_GATE_DONE) : 0) |
		  (condition & STEERED ? FACT(EV_STEERED) : 0) |
		  (condition & ARMED ? FACT(EV_READY) | FACT(EV_PROBED) : 0) |
		  (condition & MARKED ? FACT(EV_MARKED) : 0);
	if (state == SOURCE_UNDOING || state == TARGET_DISCARDING)
		s.verdict = RESULT_ABORTED;
	if (s.nf_gone)
		s.verdict = RESULT_FAILED;
	return s;
}

static bool
can_be_fenced(enum session_state state)
{
	return state == SOURCE_QUERYING || state == SOURCE_FENCING || state == SOURCE_REVERTING ||
	       state == SOURCE_UNDOING || state == SOURCE_CLOSING || state == SOURCE_SETTLING;
}

/* Where all that a state waits for is there already, no session is found. */
static bool
can_stand(enum session_state state, unsigned condition)
{
	struct session s = session_in(state, condition);
	/* An event of the other side: it means nothing here. */
	const struct session_event nothing = {.type = s.is_source ? EV_BEGIN : EV_OPENED,
					      .now_ns = now_in(condition)};
	struct session_effects fx;

	if ((condition & FENCED) && !can_be_fenced(state))
		return false;
	session_step(&s, &nothing, &fx);
	return s.state == state;
}

__attribute__((format(printf, 4, 5))) static size_t
print(char *buffer, size_t size, size_t at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	at += (size_t)vsnprintf(buffer + at, size - at, format, args);
	va_end(args);
	assert_true(at < size);
	return at;
}

static bool
has_argument(enum session_effect_type type)
{
	return type == FX_JOURNAL || type == FX_PEER_CLOSE || type == FX_PEER_STANDING ||
	       type == FX_PEER_GONE || type == FX_STEER_CLEANUP || type == FX_STEER_FENCE ||
	       type == FX_STEER_FLIP;
}

static size_t
print_effect(char *buffer, size_t size, size_t at, const struct session_effect *e, uint64_t now_ns)
{
	if (e->type == FX_DEADLINE && e->arg == 0)
		return print(buffer, size, at, " no-deadline");
	if (e->type == FX_DEADLINE)
		return print(buffer, size, at, " deadline=%+lldms",
			     ((long long)e->arg - (long long)now_ns) / 1000000);
	at = print(buffer, size, at, " %s", session_effect_name(e->type));
	if (has_argument(e->type))
		at = print(buffer, size, at, "=%llu", (unsigned long long)e->arg);
	return at;
}

/* What has become of the session by one step. */
static size_t
print_changes(char *buffer, size_t size, size_t at, const struct session *before,
	      const struct session *after)
{
	const char *separator = " (";

#define CHANGE(condition, ...)                                 \
	if (condition) {                                       \
		at = print(buffer, size, at, "%s", separator); \
		at = print(buffer, size, at, __VA_ARGS__);     \
		separator = ", ";                              \
	}
	CHANGE(after->result != RESULT_NONE, "%s", session_result_name(after->result))
	CHANGE(after->result == RESULT_NONE && after->verdict != before->verdict, "will be %s",
	       session_result_name(after->verdict))
	CHANGE(after->reason != before->reason, "%s", reason_name(after->reason))
	CHANGE(after->nf_gone && !before->nf_gone, "nf gone")
	CHANGE(after->peer_forgot && !before->peer_forgot, "peer has nothing")
	CHANGE(after->fenced != before->fenced, after->fenced ? "fenced" : "not fenced")
	CHANGE(after->parted, "parted")
	CHANGE(after->lost != before->lost, "lost %llu", (unsigned long long)after->lost)
	CHANGE(!after->is_source && after->peer_lost_ns != before->peer_lost_ns, "alone from now")
	CHANGE(after->expected_hold_ns != before->expected_hold_ns, "hold of %llu ms",
	       (unsigned long long)after->expected_hold_ns / 1000000)
	CHANGE(after->state == before->state && (after->facts & ~before->facts) != 0, "noted")
#undef CHANGE
	return strcmp(separator, ", ") == 0 ? print(buffer, size, at, ")") : at;
}

static void
print_step(char *buffer, size_t size, enum session_state state, unsigned condition,
	   struct session_event event)
{
	struct session before = session_in(state, condition), after = before;
	struct session_effects fx;
	size_t at = 0;

	buffer[0] = '\0';
	event.now_ns = now_in(condition);
	session_step(&after, &event, &fx);
	if (after.state != before.state)
		at = print(buffer, size, at, " -> %s:", session_state_name(after.state));
	for (size_t i = 0; i < fx.n; i++)
		at = print_effect(buffer, size, at, &fx.list[i], event.now_ns);
	print_changes(buffer, size, at, &before, &after);
}

/* One line for all neighbours in which the same happens. */
static void
tell_states(enum session_state first, enum session_state end, unsigned condition,
	    struct session_event event)
{
	char same[1024] = "", step[1024];
	const char *separator = "";

	for (unsigned state = first; state < end; state++) {
		if (!can_stand((enum session_state)state, condition))
			continue;
		print_step(step, sizeof(step), (enum session_state)state, condition, event);
		if (strcmp(step, same) != 0 && same[0] != '\0')
			tell("%s\n", same);
		if (strcmp(step, same) != 0)
			separator = "";
		memcpy(same, step, sizeof(same));
		if (step[0] == '\0')
			continue;
		tell("%s%s", separator, session_state_name((enum session_state)state));
		separator = " ";
	}
	if (same[0] != '\0')
		tell("%s\n", same);
}

static bool printing;

/* Compares, or prints what it would compare. */
static void
expect(const char *expected)
{
	if (printing)
		printf("%s====\n", text);
	else
		assert_string_equal(text, expected);
	length = 0;
	text[0] = '\0';
}

#define EVENT(...) ((struct session_event){__VA_ARGS__})
#define AT_SOURCE(condition, ...) \
	tell_states(SOURCE_OPENING, TARGET_OFFERED, (condition), EVENT(.type = __VA_ARGS__))
#define FIRST(state, condition, ...)                                         \
	tell_states((state), (enum session_state)((state) + 1), (condition), \
		    EVENT(.type = __VA_ARGS__))
#define AT_TARGET(condition, ...) \
	tell_states(TARGET_OFFERED, SESSION_DONE, (condition), EVENT(.type = __VA_ARGS__))

/* Before END the source undoes. After END it claims the buckets, if it can fence. Once the
 * target owns there is nothing to cancel but waiting: for a target that does not say that it is
 * through, and for what is left to clean up when the gate is in order. */
static void
test_a_cancel_at_the_source(void **state)
{
	(void)state;
	AT_SOURCE(YOUNG, EV_CANCEL);
	expect("opening checking -> dismissing: peer-close=0 deadline=+5000ms (will be cancelled, "
	       "CANCELLED)\n"
	       "preparing arming tracking copying catching-up holding draining -> undoing: "
	       "gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (will be cancelled, "
	       "CANCELLED)\n"
	       "ended querying -> claiming: fence-claim no-deadline (CANCELLED)\n");
	AT_SOURCE(NF_GONE, EV_CANCEL);
	expect("opening checking -> dismissing: peer-close=0 deadline=+5000ms (will be cancelled, "
	       "CANCELLED)\n"
	       "preparing arming copying catching-up draining -> undoing: peer-close=0 "
	       "steer-cleanup=0 deadline=+10000ms (CANCELLED)\n");
	AT_SOURCE(NO_STEERING, EV_CANCEL);
	expect("opening -> dismissing: peer-close=0 deadline=+5000ms (will be cancelled, "
	       "CANCELLED)\n"
	       "arming tracking copying catching-up holding draining -> undoing: gate-pass "
	       "peer-close=0 deadline=+10000ms (will be cancelled, CANCELLED)\n");
	AT_SOURCE(OLD, EV_CANCEL);
	expect("opening checking -> dismissing: peer-close=0 deadline=+5000ms (will be cancelled, "
	       "CANCELLED)\n"
	       "preparing arming tracking copying catching-up holding draining -> undoing: "
	       "gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (will be cancelled, "
	       "CANCELLED)\n"
	       "ended querying -> claiming: fence-claim no-deadline (CANCELLED)\n");
	AT_SOURCE(OLD | GATE_DONE, EV_CANCEL);
	expect("opening checking -> dismissing: peer-close=0 deadline=+5000ms (will be cancelled, "
	       "CANCELLED)\n"
	       "preparing arming copying catching-up draining -> undoing: gate-pass peer-close=0 "
	       "steer-cleanup=0 deadline=+10000ms (will be cancelled, CANCELLED)\n"
	       "ended querying -> claiming: fence-claim no-deadline (CANCELLED)\n"
	       "settling -> done: journal=7 result no-deadline (complete)\n"
	       "undoing -> done: journal=7 result no-deadline (aborted)\n");
	AT_SOURCE(OLD | GATE_DONE | FENCED, EV_CANCEL);
	expect("querying -> claiming: fence-claim no-deadline (CANCELLED)\n"
	       "settling -> done: journal=7 result no-deadline (complete)\n"
	       "undoing gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (peer has "
	       "nothing)\n");
	AT_SOURCE(OLD | PEER_GONE, EV_CANCEL);
	expect("opening checking -> dismissing: peer-close=0 deadline=+5000ms (will be cancelled, "
	       "CANCELLED)\n"
	       "preparing arming tracking copying catching-up holding draining -> undoing: "
	       "gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (will be cancelled, "
	       "CANCELLED)\n"
	       "ended querying -> claiming: fence-claim no-deadline (CANCELLED)\n"
	       "closing -> settling: gate-wipe steer-cleanup=1 deadline=+10000ms (peer has "
	       "nothing)\n");
	AT_SOURCE(PEER_GONE, EV_CANCEL);
	expect("opening checking -> dismissing: peer-close=0 deadline=+5000ms (will be cancelled, "
	       "CANCELLED)\n"
	       "preparing arming tracking copying catching-up holding draining -> undoing: "
	       "gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (will be cancelled, "
	       "CANCELLED)\n"
	       "ended querying -> claiming: fence-claim no-deadline (CANCELLED)\n");
}

/* Until it takes over the target may refuse, and says so. As owner it does not end a session
 * that somebody leads; one that nobody leads it ends itself, over the controller. */
static void
test_a_cancel_at_the_target(void **state)
{
	(void)state;
	AT_TARGET(YOUNG, EV_CANCEL);
	expect("offered -> done: peer-failed journal=7 result peer-closed no-deadline (cancelled, "
	       "CANCELLED)\n"
	       "arming receiving verifying -> discarding: peer-failed gate-wipe no-deadline (will "
	       "be cancelled, CANCELLED)\n");
	AT_TARGET(PEER_GONE, EV_CANCEL);
	expect("offered -> done: peer-failed journal=7 result peer-closed no-deadline (cancelled, "
	       "CANCELLED)\n"
	       "arming receiving verifying -> discarding: peer-failed gate-wipe no-deadline (will "
	       "be cancelled, CANCELLED)\n"
	       "serving rounding merging -> adopting: steer-flip=0 no-deadline\n");
	AT_TARGET(OLD | GATE_DONE, EV_CANCEL);
	expect("offered -> done: peer-failed journal=7 result peer-closed no-deadline (cancelled, "
	       "CANCELLED)\n"
	       "receiving verifying -> discarding: peer-failed gate-wipe no-deadline (will be "
	       "cancelled, CANCELLED)\n"
	       "leaving -> done: journal=7 result peer-closed no-deadline (complete)\n");
}

/* Each step of force leads towards serving, and is called failed where something may be lost.
 * Without its NF the source cannot serve: then it only leaves, and says that nobody leads. */
static void
test_force_at_the_source(void **state)
{
	(void)state;
	AT_SOURCE(YOUNG, EV_FORCE);
	expect("opening checking -> dismissing: peer-close=0 deadline=+5000ms (will be refused, "
	       "FORCED)\n"
	       "dismissing -> done: journal=7 result no-deadline (complete)\n"
	       "preparing arming tracking copying catching-up holding draining -> undoing: "
	       "gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (will be aborted, "
	       "FORCED)\n"
	       "ended querying -> claiming: fence-claim no-deadline (FORCED)\n"
	       "claiming reclaiming -> undoing: gate-pass peer-close=0 steer-cleanup=0 "
	       "deadline=+10000ms (will be failed, FORCED)\n"
	       "fencing -> undoing: gate-pass peer-close=0 deadline=+10000ms (will be failed, "
	       "FORCED)\n"
	       "steering quieting finishing trailing -> reverting: journal=9 steer-fence=1 "
	       "no-deadline (will be failed, FORCED, fenced)\n"
	       "closing -> settling: gate-wipe steer-cleanup=1 deadline=+10000ms (will be failed, "
	       "FORCED, peer has nothing)\n"
	       "settling -> done: journal=7 result no-deadline (failed, FORCED)\n"
	       "reverting -> undoing: gate-pass peer-close=0 deadline=+10000ms (will be failed, "
	       "FORCED)\n"
	       "undoing -> done: journal=7 result no-deadline (failed, FORCED)\n");
	AT_SOURCE(NF_GONE, EV_FORCE);
	expect("opening checking -> dismissing: peer-close=0 deadline=+5000ms (will be refused, "
	       "FORCED)\n"
	       "dismissing -> done: journal=7 result no-deadline (failed)\n"
	       "preparing arming copying catching-up draining -> undoing: peer-close=0 "
	       "steer-cleanup=0 deadline=+10000ms (FORCED)\n"
	       "ended querying -> done: peer-gone=1 journal=7 result no-deadline (failed, FORCED)\n"
	       "fencing -> undoing: peer-close=0 deadline=+10000ms (FORCED)\n"
	       "steering quieting finishing trailing closing -> done: peer-gone=1 journal=7 result "
	       "no-deadline (failed, FORCED)\n"
	       "settling -> done: journal=7 result no-deadline (failed, FORCED)\n"
	       "reverting -> undoing: peer-close=0 deadline=+10000ms (FORCED)\n"
	       "undoing -> done: journal=7 result no-deadline (failed, FORCED)\n");
	AT_SOURCE(FENCED, EV_FORCE);
	expect("querying -> claiming: fence-claim no-deadline (FORCED)\n"
	       "fencing -> undoing: gate-pass peer-close=0 deadline=+10000ms (will be failed, "
	       "FORCED)\n"
	       "closing -> settling: gate-wipe steer-cleanup=1 deadline=+10000ms (will be failed, "
	       "FORCED, peer has nothing)\n"
	       "settling -> done: journal=7 result no-deadline (failed, FORCED)\n"
	       "reverting -> undoing: gate-pass peer-close=0 deadline=+10000ms (will be failed, "
	       "FORCED)\n"
	       "undoing gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (will be failed, "
	       "FORCED, peer has nothing)\n");
	AT_SOURCE(GATE_DONE, EV_FORCE);
	expect("opening checking -> dismissing: peer-close=0 deadline=+5000ms (will be refused, "
	       "FORCED)\n"
	       "dismissing -> done: journal=7 result no-deadline (complete)\n"
	       "preparing arming copying catching-up draining -> undoing: gate-pass peer-close=0 "
	       "steer-cleanup=0 deadline=+10000ms (will be aborted, FORCED)\n"
	       "ended querying -> claiming: fence-claim no-deadline (FORCED)\n"
	       "claiming reclaiming -> undoing: gate-pass peer-close=0 steer-cleanup=0 "
	       "deadline=+10000ms (will be failed, FORCED)\n"
	       "fencing -> undoing: gate-pass peer-close=0 deadline=+10000ms (will be failed, "
	       "FORCED)\n"
	       "steering quieting finishing trailing -> reverting: journal=9 steer-fence=1 "
	       "no-deadline (will be failed, FORCED, fenced)\n"
	       "closing -> settling: gate-wipe steer-cleanup=1 deadline=+10000ms (will be failed, "
	       "FORCED, peer has nothing)\n"
	       "settling -> done: journal=7 result no-deadline (complete)\n"
	       "reverting -> undoing: gate-pass peer-close=0 deadline=+10000ms (will be failed, "
	       "FORCED)\n"
	       "undoing -> done: journal=7 result no-deadline (aborted, FORCED)\n");
	AT_SOURCE(FENCED | GATE_DONE | FORGOT, EV_FORCE);
	expect("querying -> claiming: fence-claim no-deadline (FORCED)\n"
	       "fencing -> undoing: gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (will "
	       "be failed, FORCED)\n"
	       "settling -> done: journal=7 result no-deadline (complete)\n"
	       "reverting -> undoing: gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms "
	       "(will be failed, FORCED)\n"
	       "undoing -> done: journal=7 result no-deadline (aborted, FORCED)\n");
}

/* Before it owns the target gives up, and the source hears it. As owner it serves from then on
 * and answers a source that asks: this went on without you. */
static void
test_force_at_the_target(void **state)
{
	(void)state;
	AT_TARGET(YOUNG, EV_FORCE);
	expect("offered -> done: peer-failed journal=7 result peer-closed no-deadline (aborted, "
	       "FORCED)\n"
	       "arming receiving verifying taking -> discarding: peer-failed gate-wipe no-deadline "
	       "(will be aborted, FORCED)\n"
	       "serving rounding merging adopting quieting parting -> leaving: peer-standing=4 "
	       "journal=10 gate-pass steer-cleanup=1 deadline=+10000ms (will be failed, FORCED, "
	       "parted)\n"
	       "leaving settling discarding -> done: journal=7 result peer-closed no-deadline "
	       "(failed, FORCED)\n");
	AT_TARGET(GATE_DONE, EV_FORCE);
	expect("offered -> done: peer-failed journal=7 result peer-closed no-deadline (aborted, "
	       "FORCED)\n"
	       "receiving verifying -> discarding: peer-failed gate-wipe no-deadline (will be "
	       "aborted, FORCED)\n"
	       "serving rounding merging adopting quieting parting -> leaving: peer-standing=4 "
	       "journal=10 gate-pass steer-cleanup=1 deadline=+10000ms (will be failed, FORCED, "
	       "parted)\n"
	       "leaving -> done: journal=7 result peer-closed no-deadline (complete)\n");
	AT_TARGET(NF_GONE, EV_FORCE);
	expect("offered -> done: peer-failed journal=7 result peer-closed no-deadline (failed, "
	       "FORCED)\n"
	       "receiving verifying -> done: peer-failed no-deadline journal=7 result peer-closed "
	       "no-deadline (failed, FORCED)\n"
	       "serving rounding merging adopting quieting parting -> leaving: peer-standing=4 "
	       "journal=10 steer-cleanup=1 deadline=+10000ms (FORCED, parted)\n"
	       "leaving -> done: journal=7 result peer-closed no-deadline (failed, FORCED)\n");
}

/* Nothing happens before a deadline. After it a move that is not over is undone, whoever does
 * not answer after END is fenced, and what must succeed is tried again. Cleaning up ends when the
 * gate is done and patience is over; a fenced target that was not told is never left, and
 * its fence stays where it is. */
static void
test_time_at_the_source(void **state)
{
	(void)state;
	AT_SOURCE(YOUNG, EV_TICK);
	expect("");
	AT_SOURCE(OVERDUE, EV_TICK);
	expect("opening checking -> dismissing: peer-close=0 deadline=+5000ms (will be refused, "
	       "DEADLINE)\n"
	       "dismissing -> done: journal=7 result no-deadline (complete)\n"
	       "preparing arming tracking copying catching-up -> undoing: gate-pass peer-close=0 "
	       "steer-cleanup=0 deadline=+10000ms (will be timed-out, DEADLINE)\n"
	       "holding draining -> undoing: gate-pass peer-close=0 steer-cleanup=0 "
	       "deadline=+10000ms (will be aborted, BUDGET)\n"
	       "ended querying -> claiming: fence-claim no-deadline (DEADLINE)\n"
	       "fencing peer-close=0 steer-fence=0 journal=8 no-deadline\n"
	       "steering gate-redirect journal=3 steer-flip=0 no-deadline\n"
	       "quieting steer-quiet no-deadline\n"
	       "finishing peer-finish no-deadline\n"
	       "trailing prove trail no-deadline\n"
	       "closing journal=4 peer-close=1 no-deadline\n"
	       "settling gate-wipe steer-cleanup=1 deadline=+10000ms\n"
	       "reverting journal=9 steer-fence=1 no-deadline\n"
	       "undoing gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms\n");
	AT_SOURCE(OVERDUE | NF_GONE, EV_TICK);
	expect("opening checking -> dismissing: peer-close=0 deadline=+5000ms (will be refused, "
	       "DEADLINE)\n"
	       "dismissing -> done: journal=7 result no-deadline (failed)\n"
	       "preparing arming copying catching-up -> undoing: peer-close=0 steer-cleanup=0 "
	       "deadline=+10000ms (DEADLINE)\n"
	       "draining -> undoing: peer-close=0 steer-cleanup=0 deadline=+10000ms (BUDGET)\n"
	       "ended -> querying: peer-query deadline=+700ms (DEADLINE)\n"
	       "querying peer-query deadline=+700ms (DEADLINE)\n"
	       "fencing peer-close=0 steer-fence=0 journal=8 no-deadline\n"
	       "steering journal=3 steer-flip=1 peer-gone=0 no-deadline\n"
	       "quieting steer-quiet no-deadline\n"
	       "finishing peer-finish no-deadline\n"
	       "trailing prove trail no-deadline\n"
	       "closing journal=4 peer-close=1 no-deadline\n"
	       "settling steer-cleanup=1 deadline=+10000ms\n"
	       "reverting journal=9 steer-fence=1 no-deadline\n"
	       "undoing peer-close=0 steer-cleanup=0 deadline=+10000ms\n");
	AT_SOURCE(OVERDUE | NO_STEERING, EV_TICK);
	expect("opening -> dismissing: peer-close=0 deadline=+5000ms (will be refused, DEADLINE)\n"
	       "dismissing -> done: journal=7 result no-deadline (complete)\n"
	       "arming tracking copying catching-up -> undoing: gate-pass peer-close=0 "
	       "deadline=+10000ms (will be timed-out, DEADLINE)\n"
	       "holding draining -> undoing: gate-pass peer-close=0 deadline=+10000ms (will be "
	       "aborted, BUDGET)\n"
	       "ended -> querying: peer-query deadline=+700ms (DEADLINE)\n"
	       "querying peer-query deadline=+700ms (DEADLINE)\n"
	       "steering gate-redirect journal=3 no-deadline\n"
	       "finishing peer-finish no-deadline\n"
	       "trailing prove trail no-deadline\n"
	       "closing journal=4 peer-close=1 no-deadline\n"
	       "settling gate-wipe deadline=+10000ms\n"
	       "undoing gate-pass peer-close=0 deadline=+10000ms\n");
	AT_SOURCE(OLD | GATE_DONE, EV_TICK);
	expect("opening checking -> dismissing: peer-close=0 deadline=+5000ms (will be refused, "
	       "DEADLINE)\n"
	       "dismissing -> done: journal=7 result no-deadline (complete)\n"
	       "preparing arming copying catching-up -> undoing: gate-pass peer-close=0 "
	       "steer-cleanup=0 deadline=+10000ms (will be timed-out, DEADLINE)\n"
	       "draining -> undoing: gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms "
	       "(will be aborted, BUDGET)\n"
	       "ended querying -> claiming: fence-claim no-deadline (DEADLINE)\n"
	       "fencing peer-close=0 steer-fence=0 journal=8 no-deadline\n"
	       "steering gate-redirect journal=3 steer-flip=0 no-deadline\n"
	       "quieting steer-quiet no-deadline\n"
	       "finishing peer-finish no-deadline\n"
	       "trailing prove trail no-deadline\n"
	       "closing journal=4 peer-close=1 no-deadline\n"
	       "settling gate-wipe steer-cleanup=1 deadline=+10000ms\n"
	       "reverting journal=9 steer-fence=1 no-deadline\n"
	       "undoing gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms\n");
	AT_SOURCE(OLD | GATE_DONE | STEERED, EV_TICK);
	expect("opening -> dismissing: peer-close=0 deadline=+5000ms (will be refused, DEADLINE)\n"
	       "dismissing -> done: journal=7 result no-deadline (complete)\n"
	       "arming copying catching-up -> undoing: gate-pass peer-close=0 steer-cleanup=0 "
	       "deadline=+10000ms (will be timed-out, DEADLINE)\n"
	       "draining -> undoing: gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms "
	       "(will be aborted, BUDGET)\n"
	       "ended querying -> claiming: fence-claim no-deadline (DEADLINE)\n"
	       "finishing peer-finish no-deadline\n"
	       "trailing prove trail no-deadline\n"
	       "closing journal=4 peer-close=1 no-deadline\n"
	       "undoing -> done: journal=7 result no-deadline (aborted, DEADLINE)\n");
	AT_SOURCE(OLD | GATE_DONE | STEERED | FENCED, EV_TICK);
	expect("querying -> claiming: fence-claim no-deadline (DEADLINE)\n"
	       "closing journal=4 peer-close=1 no-deadline\n"
	       "undoing gate-pass peer-close=0 deadline=+10000ms\n");
	AT_SOURCE(ANCIENT, EV_TICK);
	expect("opening checking -> dismissing: peer-close=0 deadline=+5000ms (will be refused, "
	       "DEADLINE)\n"
	       "dismissing -> done: journal=7 result no-deadline (complete)\n"
	       "preparing arming tracking copying catching-up -> undoing: gate-pass peer-close=0 "
	       "steer-cleanup=0 deadline=+10000ms (will be timed-out, DEADLINE)\n"
	       "holding draining -> undoing: gate-pass peer-close=0 steer-cleanup=0 "
	       "deadline=+10000ms (will be aborted, BUDGET)\n"
	       "ended querying -> claiming: fence-claim no-deadline (DEADLINE)\n"
	       "fencing peer-close=0 steer-fence=0 journal=8 no-deadline\n"
	       "steering gate-redirect journal=3 steer-flip=0 no-deadline\n"
	       "quieting steer-quiet no-deadline\n"
	       "finishing peer-finish no-deadline\n"
	       "trailing prove trail no-deadline\n"
	       "closing journal=4 peer-close=1 no-deadline\n"
	       "settling gate-wipe steer-cleanup=1 deadline=+10000ms\n"
	       "reverting journal=9 steer-fence=1 no-deadline\n"
	       "undoing gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms\n");
	AT_SOURCE(ANCIENT | GATE_DONE, EV_TICK);
	expect("opening checking -> dismissing: peer-close=0 deadline=+5000ms (will be refused, "
	       "DEADLINE)\n"
	       "dismissing -> done: journal=7 result no-deadline (complete)\n"
	       "preparing arming copying catching-up -> undoing: gate-pass peer-close=0 "
	       "steer-cleanup=0 deadline=+10000ms (will be timed-out, DEADLINE)\n"
	       "draining -> undoing: gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms "
	       "(will be aborted, BUDGET)\n"
	       "ended querying -> claiming: fence-claim no-deadline (DEADLINE)\n"
	       "fencing peer-close=0 steer-fence=0 journal=8 no-deadline\n"
	       "steering gate-redirect journal=3 steer-flip=0 no-deadline\n"
	       "quieting steer-quiet no-deadline\n"
	       "finishing peer-finish no-deadline\n"
	       "trailing prove trail no-deadline\n"
	       "closing journal=4 peer-close=1 no-deadline\n"
	       "settling -> done: journal=7 result no-deadline (complete)\n"
	       "reverting journal=9 steer-fence=1 no-deadline\n"
	       "undoing -> done: journal=7 result no-deadline (aborted, DEADLINE)\n");
	AT_SOURCE(ANCIENT | NF_GONE, EV_TICK);
	expect("opening checking -> dismissing: peer-close=0 deadline=+5000ms (will be refused, "
	       "DEADLINE)\n"
	       "dismissing -> done: journal=7 result no-deadline (failed)\n"
	       "preparing arming copying catching-up -> undoing: peer-close=0 steer-cleanup=0 "
	       "deadline=+10000ms (DEADLINE)\n"
	       "draining -> undoing: peer-close=0 steer-cleanup=0 deadline=+10000ms (BUDGET)\n"
	       "ended -> querying: peer-query deadline=+700ms (DEADLINE)\n"
	       "querying -> done: peer-gone=1 journal=7 result no-deadline (failed, DEADLINE)\n"
	       "fencing peer-close=0 steer-fence=0 journal=8 no-deadline\n"
	       "steering journal=3 steer-flip=1 peer-gone=0 no-deadline\n"
	       "quieting steer-quiet no-deadline\n"
	       "finishing peer-finish no-deadline\n"
	       "trailing prove trail no-deadline\n"
	       "closing journal=4 peer-close=1 no-deadline\n"
	       "settling -> done: journal=7 result no-deadline (failed, DEADLINE)\n"
	       "reverting journal=9 steer-fence=1 no-deadline\n"
	       "undoing -> done: journal=7 result no-deadline (failed, DEADLINE)\n");
}

/* An offer that nobody takes up and a move that stands still before END end by themselves. An
 * owner waits for its source as long as that is connected, and takes the lead when it stays away. */
static void
test_time_at_the_target(void **state)
{
	(void)state;
	AT_TARGET(YOUNG, EV_TICK);
	expect("");
	AT_TARGET(OVERDUE, EV_TICK);
	expect("offered -> done: peer-failed journal=7 result peer-closed no-deadline (timed-out, "
	       "DEADLINE)\n"
	       "arming receiving verifying -> discarding: peer-failed gate-wipe no-deadline (will "
	       "be timed-out, DEADLINE)\n"
	       "adopting steer-flip=0 no-deadline\n"
	       "quieting steer-quiet no-deadline\n"
	       "parting round no-deadline\n"
	       "leaving journal=10 gate-pass steer-cleanup=1 deadline=+10000ms (will be failed, "
	       "PEER_LOST, parted)\n"
	       "settling gate-pass no-deadline\n"
	       "discarding gate-wipe no-deadline\n");
	AT_TARGET(OVERDUE | PEER_GONE, EV_TICK);
	expect("offered -> done: peer-failed journal=7 result peer-closed no-deadline (timed-out, "
	       "DEADLINE)\n"
	       "arming receiving verifying -> discarding: peer-failed gate-wipe no-deadline (will "
	       "be timed-out, DEADLINE)\n"
	       "serving rounding merging -> adopting: steer-flip=0 no-deadline\n"
	       "adopting steer-flip=0 no-deadline\n"
	       "quieting steer-quiet no-deadline\n"
	       "parting round no-deadline\n"
	       "leaving journal=10 gate-pass steer-cleanup=1 deadline=+10000ms (will be failed, "
	       "PEER_LOST, parted)\n"
	       "settling gate-pass no-deadline\n"
	       "discarding gate-wipe no-deadline\n");
	AT_TARGET(OLD | GATE_DONE, EV_TICK);
	expect("offered -> done: peer-failed journal=7 result peer-closed no-deadline (timed-out, "
	       "DEADLINE)\n"
	       "receiving verifying -> discarding: peer-failed gate-wipe no-deadline (will be "
	       "timed-out, DEADLINE)\n"
	       "adopting steer-flip=0 no-deadline\n"
	       "quieting steer-quiet no-deadline\n"
	       "parting round no-deadline\n"
	       "leaving journal=10 gate-pass steer-cleanup=1 deadline=+10000ms (will be failed, "
	       "PEER_LOST, parted)\n");
	AT_TARGET(OLD | GATE_DONE | STEERED, EV_TICK);
	expect("offered -> done: peer-failed journal=7 result peer-closed no-deadline (timed-out, "
	       "DEADLINE)\n"
	       "receiving verifying -> discarding: peer-failed gate-wipe no-deadline (will be "
	       "timed-out, DEADLINE)\n"
	       "parting round no-deadline\n");
	AT_TARGET(ANCIENT | GATE_DONE, EV_TICK);
	expect("offered -> done: peer-failed journal=7 result peer-closed no-deadline (timed-out, "
	       "DEADLINE)\n"
	       "receiving verifying -> discarding: peer-failed gate-wipe no-deadline (will be "
	       "timed-out, DEADLINE)\n"
	       "adopting steer-flip=0 no-deadline\n"
	       "quieting steer-quiet no-deadline\n"
	       "parting round no-deadline\n"
	       "leaving -> done: journal=7 result peer-closed no-deadline (complete)\n");
}

/* Before END nothing is owed to anybody: undo. After it the source asks until it is answered;
 * once it undoes, only a fenced target must still be told. */
static void
test_the_source_loses_its_peer(void **state)
{
	(void)state;
	AT_SOURCE(YOUNG, EV_PEER_LOST);
	expect("opening checking -> done: journal=7 result no-deadline (refused, PEER_LOST)\n"
	       "dismissing -> done: journal=7 result no-deadline (complete)\n"
	       "preparing arming tracking copying catching-up holding draining -> undoing: "
	       "gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (will be aborted, "
	       "PEER_LOST)\n"
	       "ended -> querying: peer-query deadline=+499ms (PEER_LOST)\n"
	       "querying claiming reclaiming fencing steering quieting finishing trailing closing "
	       "peer-query\n"
	       "reverting peer-query\n");
	AT_SOURCE(FENCED, EV_PEER_LOST);
	expect("querying fencing closing peer-query\n"
	       "reverting undoing peer-query\n");
	AT_SOURCE(NF_GONE, EV_PEER_LOST);
	expect("opening checking -> done: journal=7 result no-deadline (refused, PEER_LOST)\n"
	       "dismissing -> done: journal=7 result no-deadline (failed)\n"
	       "preparing arming copying catching-up draining -> undoing: peer-close=0 "
	       "steer-cleanup=0 deadline=+10000ms (PEER_LOST)\n"
	       "ended -> querying: peer-query deadline=+700ms (PEER_LOST)\n"
	       "querying fencing steering quieting finishing trailing closing peer-query\n"
	       "reverting peer-query\n");
}

/* Before END it owns nothing and discards. From END on it takes over whether somebody listens
 * or not, and counts from when it was alone. */
static void
test_the_target_loses_its_peer(void **state)
{
	(void)state;
	AT_TARGET(YOUNG, EV_PEER_LOST);
	expect("offered -> done: journal=7 result peer-closed no-deadline (aborted, PEER_LOST, "
	       "alone from now)\n"
	       "arming receiving -> discarding: gate-wipe no-deadline (will be aborted, PEER_LOST, "
	       "alone from now)\n"
	       "verifying taking (alone from now)\n"
	       "serving rounding merging deadline=+60000ms (alone from now)\n"
	       "adopting quieting parting leaving settling discarding (alone from now)\n");
	/* A source that comes and goes without a word leads nothing. */
	AT_TARGET(PEER_GONE, EV_PEER_LOST);
	expect("offered -> done: journal=7 result peer-closed no-deadline (aborted, PEER_LOST)\n"
	       "arming receiving -> discarding: gate-wipe no-deadline (will be aborted, "
	       "PEER_LOST)\n"
	       "serving rounding merging deadline=+59999ms\n");
}

/* A target that is being fenced hears again that it must discard: it may have missed it. One
 * whose source NF is dead hears that its rounds wait for nobody. A target that owns says so, in case that
 * its source is through; until it is asked it counts as alone. */
static void
test_the_peer_is_back(void **state)
{
	(void)state;
	AT_SOURCE(PEER_GONE, EV_PEER_BACK);
	expect("fencing peer-close=0\n");
	AT_SOURCE(PEER_GONE | NF_GONE, EV_PEER_BACK);
	expect("fencing peer-close=0\n"
	       "steering quieting finishing trailing closing peer-gone=0\n");
	AT_TARGET(PEER_GONE, EV_PEER_BACK);
	expect("verifying taking peer-standing=1\n"
	       "serving rounding merging adopting quieting parting peer-standing=2\n");
}

/* Before END: undo. After END nobody owns, so the source claims and serves. As owner it has lost
 * what it had: the source reverts, once, if it still has its NF. */
static void
test_the_target_gives_up(void **state)
{
	(void)state;
	AT_SOURCE(YOUNG, EV_PEER_FAILED);
	expect("opening checking -> done: journal=7 result no-deadline (refused, DIGEST)\n"
	       "preparing arming tracking copying catching-up holding draining -> undoing: "
	       "gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (will be aborted, "
	       "DIGEST)\n"
	       "ended querying claiming -> reclaiming: fence-claim no-deadline (DIGEST)\n"
	       "fencing -> undoing: gate-pass peer-close=0 deadline=+10000ms (will be aborted, "
	       "DIGEST)\n"
	       "steering quieting finishing trailing closing -> reverting: journal=9 steer-fence=1 "
	       "no-deadline (will be failed, DIGEST, peer has nothing, fenced)\n");
	AT_SOURCE(NF_GONE, EV_PEER_FAILED);
	expect("opening checking -> done: journal=7 result no-deadline (refused, DIGEST)\n"
	       "preparing arming copying catching-up draining -> undoing: peer-close=0 "
	       "steer-cleanup=0 deadline=+10000ms (DIGEST)\n"
	       "ended querying -> undoing: no-deadline peer-close=0 steer-cleanup=0 "
	       "deadline=+10000ms (DIGEST)\n"
	       "fencing -> undoing: peer-close=0 deadline=+10000ms (DIGEST)\n"
	       "steering quieting (DIGEST, peer has nothing)\n"
	       "finishing -> settling: prove trail no-deadline journal=4 peer-close=1 no-deadline "
	       "steer-cleanup=1 deadline=+10000ms (DIGEST, peer has nothing)\n"
	       "trailing -> settling: journal=4 peer-close=1 no-deadline steer-cleanup=1 "
	       "deadline=+10000ms (DIGEST, peer has nothing)\n"
	       "closing -> settling: steer-cleanup=1 deadline=+10000ms (DIGEST, peer has "
	       "nothing)\n");
	AT_SOURCE(FORGOT, EV_PEER_FAILED);
	expect("opening checking -> done: journal=7 result no-deadline (refused, DIGEST)\n"
	       "preparing arming tracking copying catching-up holding draining -> undoing: "
	       "gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (will be aborted, "
	       "DIGEST)\n"
	       "ended querying claiming -> reclaiming: fence-claim no-deadline (DIGEST)\n"
	       "fencing -> undoing: gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (will "
	       "be aborted, DIGEST)\n"
	       "steering quieting trailing (will be failed, DIGEST)\n");
}

/* After END this is TAKEN. Later it is the answer of a target that has not heard the last
 * request: it is said again, also by one that has ended by force. One that undoes has fenced it, and tells it to discard; without an NF
 * of its own it lets the target have it. */
static void
test_the_target_says_that_it_owns(void **state)
{
	(void)state;
	AT_SOURCE(YOUNG, EV_STANDING_OWNER);
	expect("ended querying -> steering: gate-redirect journal=3 steer-flip=0 no-deadline\n"
	       "finishing peer-finish no-deadline\n"
	       "trailing prove trail no-deadline\n"
	       "closing journal=4 peer-close=1 no-deadline\n"
	       "settling peer-close=1\n"
	       "undoing gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms\n");
	AT_SOURCE(NF_GONE, EV_STANDING_OWNER);
	expect("ended querying -> steering: journal=3 steer-flip=1 peer-gone=0 no-deadline\n"
	       "finishing peer-finish no-deadline\n"
	       "trailing prove trail no-deadline\n"
	       "closing journal=4 peer-close=1 no-deadline\n"
	       "settling peer-close=1\n"
	       "undoing -> steering: journal=3 steer-flip=1 peer-gone=0 no-deadline\n");
}

/* It has not taken over: after END it may still do so, and is waited for. One that undoes says
 * again what the target has missed. */
static void
test_the_target_says_that_it_receives(void **state)
{
	(void)state;
	AT_SOURCE(YOUNG, EV_STANDING_RECEIVING);
	expect("undoing gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms\n");
}

/* It owns and is through. What the source had counted is lost, so that is no complete move,
 * except where all was told before. */
static void
test_the_target_says_that_it_went_on_alone(void **state)
{
	(void)state;
	AT_SOURCE(YOUNG, EV_STANDING_SETTLED);
	expect("ended querying claiming reclaiming fencing steering quieting finishing trailing -> "
	       "settling: journal=4 peer-close=1 no-deadline gate-wipe steer-cleanup=1 "
	       "deadline=+10000ms (will be failed, PEER_LOST, peer has nothing)\n"
	       "closing -> settling: gate-wipe steer-cleanup=1 deadline=+10000ms (peer has "
	       "nothing)\n"
	       "reverting -> settling: journal=4 peer-close=1 no-deadline gate-wipe "
	       "steer-cleanup=1 deadline=+10000ms (will be failed, PEER_LOST, peer has nothing)\n"
	       "undoing (peer has nothing)\n");
	AT_SOURCE(NF_GONE, EV_STANDING_SETTLED);
	expect("ended querying fencing steering quieting finishing trailing -> settling: journal=4 "
	       "peer-close=1 no-deadline steer-cleanup=1 deadline=+10000ms (PEER_LOST, peer has "
	       "nothing)\n"
	       "closing -> settling: steer-cleanup=1 deadline=+10000ms (peer has nothing)\n"
	       "reverting -> settling: journal=4 peer-close=1 no-deadline steer-cleanup=1 "
	       "deadline=+10000ms (PEER_LOST, peer has nothing)\n"
	       "undoing (peer has nothing)\n");
	AT_SOURCE(FENCED, EV_STANDING_SETTLED);
	expect("querying fencing -> settling: journal=4 peer-close=1 no-deadline gate-wipe "
	       "steer-cleanup=1 deadline=+10000ms (will be failed, PEER_LOST, peer has nothing)\n"
	       "closing -> settling: gate-wipe steer-cleanup=1 deadline=+10000ms (peer has "
	       "nothing)\n"
	       "reverting -> settling: journal=4 peer-close=1 no-deadline gate-wipe "
	       "steer-cleanup=1 deadline=+10000ms (will be failed, PEER_LOST, peer has nothing)\n"
	       "undoing gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (peer has "
	       "nothing)\n");
}

/* Its NF says so: there is nobody to fence, and the source may serve. As owner it has lost all:
 * the source reverts, once, if it still has its NF. */
static void
test_the_target_says_that_it_has_nothing(void **state)
{
	(void)state;
	AT_SOURCE(YOUNG, EV_STANDING_NONE);
	expect("ended querying -> reclaiming: fence-claim no-deadline (PEER_LOST)\n"
	       "claiming -> reclaiming: fence-claim no-deadline (peer has nothing)\n"
	       "reclaiming (peer has nothing)\n"
	       "fencing -> undoing: gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (will "
	       "be aborted, peer has nothing)\n"
	       "steering quieting finishing trailing closing -> reverting: journal=9 steer-fence=1 "
	       "no-deadline (will be failed, PEER_LOST, peer has nothing, fenced)\n"
	       "reverting undoing (peer has nothing)\n");
	AT_SOURCE(NF_GONE, EV_STANDING_NONE);
	expect("ended querying -> undoing: no-deadline peer-close=0 steer-cleanup=0 "
	       "deadline=+10000ms (PEER_LOST)\n"
	       "fencing -> undoing: peer-close=0 steer-cleanup=0 deadline=+10000ms (peer has "
	       "nothing)\n"
	       "steering quieting (PEER_LOST, peer has nothing)\n"
	       "finishing -> settling: prove trail no-deadline journal=4 peer-close=1 no-deadline "
	       "steer-cleanup=1 deadline=+10000ms (PEER_LOST, peer has nothing)\n"
	       "trailing -> settling: journal=4 peer-close=1 no-deadline steer-cleanup=1 "
	       "deadline=+10000ms (PEER_LOST, peer has nothing)\n"
	       "closing -> settling: steer-cleanup=1 deadline=+10000ms (PEER_LOST, peer has "
	       "nothing)\n"
	       "reverting undoing (peer has nothing)\n");
	AT_SOURCE(FORGOT, EV_STANDING_NONE);
	expect("ended querying -> reclaiming: fence-claim no-deadline (PEER_LOST)\n"
	       "claiming -> reclaiming: fence-claim no-deadline\n"
	       "fencing -> undoing: gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (will "
	       "be aborted)\n"
	       "steering quieting trailing (will be failed, PEER_LOST)\n");
	AT_SOURCE(FENCED, EV_STANDING_NONE);
	expect("querying -> reclaiming: fence-claim no-deadline (PEER_LOST)\n"
	       "fencing -> undoing: gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (will "
	       "be aborted, peer has nothing)\n"
	       "closing -> reverting: journal=9 steer-fence=1 no-deadline (will be failed, "
	       "PEER_LOST, peer has nothing)\n"
	       "reverting (peer has nothing)\n"
	       "undoing gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (peer has "
	       "nothing)\n");
}

/* Its NF is not there, so it cannot say that it owns nothing: no fence is saved by that. */
static void
test_the_target_does_not_know(void **state)
{
	(void)state;
	AT_SOURCE(YOUNG, EV_STANDING_UNKNOWN);
	expect("steering quieting finishing trailing closing -> reverting: journal=9 "
	       "steer-fence=1 no-deadline (will be failed, PEER_LOST, peer has nothing, fenced)\n"
	       "undoing (peer has nothing)\n");
	AT_SOURCE(NF_GONE, EV_STANDING_UNKNOWN);
	expect("steering quieting (PEER_LOST, peer has nothing)\n"
	       "finishing -> settling: prove trail no-deadline journal=4 peer-close=1 no-deadline "
	       "steer-cleanup=1 deadline=+10000ms (PEER_LOST, peer has nothing)\n"
	       "trailing -> settling: journal=4 peer-close=1 no-deadline steer-cleanup=1 "
	       "deadline=+10000ms (PEER_LOST, peer has nothing)\n"
	       "closing journal=4 peer-close=1 no-deadline\n"
	       "undoing (peer has nothing)\n");
	AT_SOURCE(FORGOT, EV_STANDING_UNKNOWN);
	expect("steering quieting trailing (will be failed, PEER_LOST)\n");
	AT_SOURCE(FENCED, EV_STANDING_UNKNOWN);
	expect("closing -> reverting: journal=9 steer-fence=1 no-deadline (will be failed, "
	       "PEER_LOST, peer has nothing)\n"
	       "undoing gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (peer has "
	       "nothing)\n");
}

/* Nothing can be served here any more. While it is not known who owns, the target is asked and
 * never fenced: it may have the last copy. Where it owns it hears that nobody answers its rounds. */
static void
test_the_source_loses_its_nf(void **state)
{
	(void)state;
	AT_SOURCE(YOUNG, EV_NF_LOST, .n = 3);
	expect("opening checking -> dismissing: peer-close=0 deadline=+5000ms (will be refused, "
	       "NF_LOST, lost 3)\n"
	       "dismissing (lost 3)\n"
	       "preparing arming tracking copying catching-up holding draining -> undoing: "
	       "peer-close=0 steer-cleanup=0 deadline=+10000ms (will be failed, NF_LOST, nf gone, "
	       "lost 3)\n"
	       "ended -> querying: peer-gone=0 peer-query deadline=+700ms (will be failed, "
	       "NF_LOST, nf gone, lost 3)\n"
	       "querying peer-gone=0 peer-query deadline=+700ms (will be failed, NF_LOST, nf gone, "
	       "lost 3)\n"
	       "claiming reclaiming fencing -> querying: peer-gone=0 peer-query deadline=+700ms "
	       "(will be failed, NF_LOST, nf gone, lost 3)\n"
	       "steering quieting finishing trailing closing peer-gone=0 (will be failed, NF_LOST, "
	       "nf gone, lost 3)\n"
	       "settling (will be failed, NF_LOST, nf gone, lost 3)\n"
	       "reverting -> querying: peer-gone=0 peer-query deadline=+700ms (will be failed, "
	       "NF_LOST, nf gone, lost 3)\n"
	       "undoing (will be failed, NF_LOST, nf gone, lost 3)\n");
	AT_SOURCE(FENCED, EV_NF_LOST);
	expect("querying peer-gone=0 peer-query deadline=+700ms (will be failed, NF_LOST, nf "
	       "gone)\n"
	       "fencing -> querying: peer-gone=0 peer-query deadline=+700ms (will be failed, "
	       "NF_LOST, nf gone)\n"
	       "closing peer-gone=0 (will be failed, NF_LOST, nf gone)\n"
	       "settling (will be failed, NF_LOST, nf gone)\n"
	       "reverting undoing -> querying: peer-gone=0 peer-query deadline=+700ms (will be "
	       "failed, NF_LOST, nf gone)\n");
	AT_SOURCE(FENCED | FORGOT, EV_NF_LOST);
	expect("querying peer-gone=0 peer-query deadline=+700ms (will be failed, NF_LOST, nf "
	       "gone)\n"
	       "fencing -> querying: peer-gone=0 peer-query deadline=+700ms (will be failed, "
	       "NF_LOST, nf gone)\n"
	       "settling (will be failed, NF_LOST, nf gone)\n"
	       "reverting -> querying: peer-gone=0 peer-query deadline=+700ms (will be failed, "
	       "NF_LOST, nf gone)\n"
	       "undoing (will be failed, NF_LOST, nf gone)\n");
}

/* Whatever it was about to own is gone, and the source must hear it. */
static void
test_the_target_loses_its_nf(void **state)
{
	(void)state;
	AT_TARGET(YOUNG, EV_NF_LOST, .n = 3);
	expect("offered -> done: peer-failed journal=7 result peer-closed no-deadline (failed, "
	       "NF_LOST, nf gone, lost 3)\n"
	       "arming receiving verifying taking -> done: peer-failed no-deadline journal=7 "
	       "result peer-closed no-deadline (failed, NF_LOST, nf gone, lost 3)\n"
	       "serving rounding merging adopting quieting parting -> done: peer-failed journal=7 "
	       "result peer-closed no-deadline (failed, NF_LOST, nf gone, lost 3)\n"
	       "leaving (will be failed, NF_LOST, nf gone, lost 3)\n"
	       "settling discarding -> done: journal=7 result peer-closed no-deadline (failed, "
	       "NF_LOST, nf gone, lost 3)\n");
}

/* Before END: undo. What must succeed is tried again. One that has flipped and does not go back
 * leads forward. What it will not clean up is left, but not before the gate is in order. */
static void
test_the_controller_refuses_the_source(void **state)
{
	(void)state;
	AT_SOURCE(YOUNG, EV_STEER_FAILED);
	expect("checking -> dismissing: peer-close=0 deadline=+5000ms (will be refused, "
	       "STEERING_REFUSED)\n"
	       "preparing arming tracking copying catching-up holding draining -> undoing: "
	       "gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (will be aborted, "
	       "STEERING_REFUSED)\n"
	       "fencing steering quieting finishing trailing closing settling deadline=+200ms\n"
	       "reverting -> steering: gate-redirect journal=3 steer-flip=0 no-deadline (not "
	       "fenced)\n"
	       "undoing deadline=+200ms\n");
	AT_SOURCE(OLD | GATE_DONE, EV_STEER_FAILED);
	expect("checking -> dismissing: peer-close=0 deadline=+5000ms (will be refused, "
	       "STEERING_REFUSED)\n"
	       "preparing arming copying catching-up draining -> undoing: gate-pass peer-close=0 "
	       "steer-cleanup=0 deadline=+10000ms (will be aborted, STEERING_REFUSED)\n"
	       "fencing steering quieting finishing trailing closing deadline=+200ms\n"
	       "settling -> done: journal=7 result no-deadline (complete)\n"
	       "reverting -> steering: gate-redirect journal=3 steer-flip=0 no-deadline (not "
	       "fenced)\n"
	       "undoing -> done: journal=7 result no-deadline (aborted, STEERING_REFUSED)\n");
	AT_SOURCE(OLD, EV_STEER_FAILED);
	expect("checking -> dismissing: peer-close=0 deadline=+5000ms (will be refused, "
	       "STEERING_REFUSED)\n"
	       "preparing arming tracking copying catching-up holding draining -> undoing: "
	       "gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (will be aborted, "
	       "STEERING_REFUSED)\n"
	       "fencing steering quieting finishing trailing closing settling deadline=+200ms\n"
	       "reverting -> steering: gate-redirect journal=3 steer-flip=0 no-deadline (not "
	       "fenced)\n"
	       "undoing deadline=+200ms\n");
	AT_SOURCE(OLD | GATE_DONE | FENCED, EV_STEER_FAILED);
	expect("fencing closing settling deadline=+200ms\n"
	       "reverting -> steering: gate-redirect journal=3 steer-flip=0 no-deadline (not "
	       "fenced)\n"
	       "undoing deadline=+200ms\n");
}

/* It may come back: nothing is given up because of that. */
static void
test_the_controller_is_away(void **state)
{
	(void)state;
	AT_SOURCE(YOUNG, EV_STEER_FAILED, .reason = REASON_STEERING_UNREACHABLE);
	expect("checking -> dismissing: peer-close=0 deadline=+5000ms (will be refused, "
	       "STEERING_UNREACHABLE)\n"
	       "preparing arming tracking copying catching-up holding draining -> undoing: "
	       "gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (will be aborted, "
	       "STEERING_UNREACHABLE)\n"
	       "fencing steering quieting finishing trailing closing settling reverting undoing "
	       "deadline=+200ms\n");
	AT_SOURCE(OLD | GATE_DONE, EV_STEER_FAILED, .reason = REASON_STEERING_UNREACHABLE);
	expect("checking -> dismissing: peer-close=0 deadline=+5000ms (will be refused, "
	       "STEERING_UNREACHABLE)\n"
	       "preparing arming copying catching-up draining -> undoing: gate-pass peer-close=0 "
	       "steer-cleanup=0 deadline=+10000ms (will be aborted, STEERING_UNREACHABLE)\n"
	       "fencing steering quieting finishing trailing closing settling reverting undoing "
	       "deadline=+200ms\n");
	AT_SOURCE(OLD | GATE_DONE, EV_STEER_FAILED, .reason = REASON_DEADLINE);
	expect("checking -> dismissing: peer-close=0 deadline=+5000ms (will be refused, DEADLINE)\n"
	       "preparing arming copying catching-up draining -> undoing: gate-pass peer-close=0 "
	       "steer-cleanup=0 deadline=+10000ms (will be aborted, DEADLINE)\n"
	       "fencing steering quieting finishing trailing closing settling reverting undoing "
	       "deadline=+200ms\n");
	AT_TARGET(YOUNG, EV_STEER_FAILED, .reason = REASON_STEERING_UNREACHABLE);
	expect("adopting quieting parting leaving settling discarding deadline=+200ms\n");
	AT_TARGET(OLD | GATE_DONE, EV_STEER_FAILED, .reason = REASON_STEERING_UNREACHABLE);
	expect("adopting quieting parting leaving deadline=+200ms\n");
}

/* The target went on alone: its copy is the newer one, and must not be fenced. */
static void
test_the_controller_has_flipped_for_the_target(void **state)
{
	(void)state;
	AT_SOURCE(YOUNG, EV_STEER_FAILED, .reason = REASON_STEERING_FLIPPED);
	expect("checking -> dismissing: peer-close=0 deadline=+5000ms (will be refused, "
	       "STEERING_FLIPPED)\n"
	       "preparing arming tracking copying catching-up holding draining -> undoing: "
	       "gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (will be aborted, "
	       "STEERING_FLIPPED)\n"
	       "fencing -> steering: gate-redirect journal=3 steer-flip=0 no-deadline (will be "
	       "failed, STEERING_FLIPPED, not fenced)\n"
	       "steering quieting finishing trailing closing settling deadline=+200ms\n"
	       "reverting -> closing: journal=4 peer-close=1 no-deadline (will be failed, "
	       "STEERING_FLIPPED)\n"
	       "undoing deadline=+200ms\n");
}

/* It does not follow a target that wants to lead: that serves on, and asks again later. */
static void
test_the_controller_refuses_the_target(void **state)
{
	(void)state;
	AT_TARGET(YOUNG, EV_STEER_FAILED);
	expect("adopting quieting -> serving: peer-standing=2 no-deadline (alone from now)\n"
	       "parting leaving settling discarding deadline=+200ms\n");
	AT_TARGET(OLD | GATE_DONE, EV_STEER_FAILED);
	expect("adopting quieting -> serving: peer-standing=2 no-deadline (alone from now)\n"
	       "parting deadline=+200ms\n"
	       "leaving -> done: journal=7 result peer-closed no-deadline (complete)\n");
}

/* What is not durable must not be acted upon: a move ends before END, an offer before it is
 * taken up. Later the NF's memory says what the journal would. */
static void
test_the_journal_cannot_be_written(void **state)
{
	(void)state;
	AT_SOURCE(YOUNG, EV_JOURNAL_BAD);
	expect("opening checking -> dismissing: peer-close=0 deadline=+5000ms (will be refused, "
	       "JOURNAL)\n"
	       "preparing arming tracking copying catching-up holding draining -> undoing: "
	       "gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (will be aborted, "
	       "JOURNAL)\n");
	AT_TARGET(YOUNG, EV_JOURNAL_BAD);
	expect("offered -> done: peer-failed journal=7 result peer-closed no-deadline (aborted, "
	       "JOURNAL)\n"
	       "arming receiving -> discarding: peer-failed gate-wipe no-deadline (will be "
	       "aborted, JOURNAL)\n");
}

/* It ends what can be ended without harm; after END it only means that somebody has to be
 * asked. */
static void
test_the_peer_talks_nonsense(void **state)
{
	(void)state;
	AT_SOURCE(YOUNG, EV_PROTOCOL);
	expect("opening checking -> dismissing: peer-close=0 deadline=+5000ms (will be refused, "
	       "PROTOCOL)\n"
	       "preparing arming tracking copying catching-up holding draining -> undoing: "
	       "gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (will be aborted, "
	       "PROTOCOL)\n"
	       "ended -> querying: peer-query deadline=+499ms (PROTOCOL)\n");
	AT_TARGET(YOUNG, EV_PROTOCOL);
	expect("offered -> done: peer-failed journal=7 result peer-closed no-deadline (aborted, "
	       "PROTOCOL)\n"
	       "arming receiving -> discarding: peer-failed gate-wipe no-deadline (will be "
	       "aborted, PROTOCOL)\n");
}

/* Only while nothing was touched. */
static void
test_the_source_is_refused(void **state)
{
	(void)state;
	AT_SOURCE(YOUNG, EV_REFUSED, .reason = REASON_CAPACITY);
	expect("opening checking -> done: journal=7 result no-deadline (refused, CAPACITY)\n");
}

/* Slots changed that nobody has marked: the target's copy would be wrong. */
static void
test_the_tables_disagree_before_end(void **state)
{
	(void)state;
	AT_SOURCE(YOUNG, EV_DRAIN_BAD);
	expect("preparing arming tracking copying catching-up holding draining -> undoing: "
	       "gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (will be aborted, "
	       "INTERNAL)\n");
}

/* It serves again by itself, so the source does: whatever was said before, END does not count. */
static void
test_the_agent_has_resumed(void **state)
{
	(void)state;
	AT_SOURCE(YOUNG, EV_RESUMED);
	expect("preparing arming tracking copying catching-up holding draining ended querying "
	       "claiming reclaiming -> undoing: gate-pass peer-close=0 steer-cleanup=0 "
	       "deadline=+10000ms (will be aborted, DEADLINE)\n");
}

/* What the source waits for leads on; what comes late is noted at most, and what must be said
 * again is. */
static void
test_the_peer_answers_the_source(void **state)
{
	(void)state;
	AT_SOURCE(YOUNG, EV_OPENED);
	expect("opening -> checking: steer-check deadline=+5000ms\n");
	AT_SOURCE(YOUNG, EV_READY);
	expect("arming (noted)\n");
	AT_SOURCE(YOUNG, EV_PROBED);
	expect("arming (noted)\n");
	AT_SOURCE(YOUNG, EV_TAKEN);
	expect("ended querying claiming -> steering: gate-redirect journal=3 steer-flip=0 "
	       "no-deadline\n"
	       "reclaiming -> reverting: journal=9 steer-fence=1 no-deadline (will be failed, "
	       "NF_LOST, fenced)\n"
	       "finishing peer-finish no-deadline\n"
	       "trailing prove trail no-deadline\n"
	       "closing journal=4 peer-close=1 no-deadline\n");
	AT_SOURCE(YOUNG, EV_FINISHED);
	expect("finishing -> trailing: prove trail no-deadline\n");
	AT_SOURCE(YOUNG, EV_TRAILED);
	expect("trailing (noted)\n");
	AT_SOURCE(YOUNG, EV_CLOSED, .n = 2);
	expect("opening checking (lost 2)\n"
	       "dismissing -> done: journal=7 result no-deadline (failed, HOLD_OVERFLOW, lost 2)\n"
	       "preparing arming tracking copying catching-up holding draining (lost 2)\n"
	       "ended querying -> reclaiming: fence-claim no-deadline (PEER_LOST, lost 2)\n"
	       "claiming reclaiming (lost 2)\n"
	       "fencing -> undoing: gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (will "
	       "be aborted, peer has nothing, lost 2)\n"
	       "steering quieting finishing trailing (lost 2)\n"
	       "closing -> settling: gate-wipe steer-cleanup=1 deadline=+10000ms (lost 2)\n"
	       "settling reverting (lost 2)\n"
	       "undoing (peer has nothing, lost 2, noted)\n");
	AT_SOURCE(FENCED | GATE_DONE | STEERED, EV_CLOSED);
	expect("querying -> reclaiming: fence-claim no-deadline (PEER_LOST)\n"
	       "closing -> settling: gate-wipe steer-cleanup=1 deadline=+10000ms\n"
	       "undoing gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms (peer has "
	       "nothing)\n");
}

/* The offer of a target does not outlive its deadline. */
static void
test_a_session_begins(void **state)
{
	(void)state;
	FIRST(SOURCE_OPENING, NEW, EV_START);
	expect("opening peer-open deadline=+5000ms\n");
	FIRST(TARGET_OFFERED, NEW, EV_START);
	expect("offered peer-accept deadline=+30000ms\n");
}

/* Each in its state, and once. */
static void
test_the_source_does_its_part(void **state)
{
	(void)state;
	AT_SOURCE(YOUNG, EV_STEERED);
	expect("checking -> preparing: journal=1 steer-prepare deadline=+5000ms\n"
	       "preparing -> arming: gate-watch peer-begin deadline=+5000ms\n"
	       "fencing -> undoing: gate-pass peer-close=0 deadline=+10000ms (will be aborted)\n"
	       "steering (noted)\n"
	       "quieting -> finishing: peer-finish no-deadline\n"
	       "settling (noted)\n"
	       "reverting -> undoing: gate-pass peer-close=0 deadline=+10000ms (will be aborted)\n"
	       "undoing (noted)\n");
	AT_SOURCE(YOUNG, EV_GATE_DONE, .n = 2);
	expect("opening checking dismissing preparing (lost 2)\n"
	       "arming (lost 2, noted)\n"
	       "tracking -> copying: walk deadline=+599999ms (lost 2)\n"
	       "copying catching-up (lost 2)\n"
	       "holding -> draining: drain deadline=+499ms (lost 2)\n"
	       "draining ended querying claiming reclaiming fencing (lost 2)\n"
	       "steering (lost 2, noted)\n"
	       "quieting finishing trailing closing (lost 2)\n"
	       "settling (lost 2, noted)\n"
	       "reverting (lost 2)\n"
	       "undoing (lost 2, noted)\n");
	AT_SOURCE(YOUNG, EV_WALKED);
	expect("copying -> catching-up: journal=2 deadline=+599999ms\n");
	AT_SOURCE(YOUNG, EV_DRAINED);
	expect("draining -> ended: peer-end deadline=+499ms\n");
	AT_SOURCE(YOUNG, EV_CLAIMED);
	expect("claiming -> fencing: peer-close=0 steer-fence=0 journal=8 no-deadline (fenced)\n"
	       "reclaiming -> undoing: gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms "
	       "(will be aborted)\n");
	AT_SOURCE(YOUNG, EV_PROVED);
	expect("trailing (noted)\n");
	AT_SOURCE(STEERED, EV_GATE_DONE);
	expect("arming (noted)\n"
	       "tracking -> copying: walk deadline=+599999ms\n"
	       "holding -> draining: drain deadline=+499ms\n"
	       "steering -> quieting: steer-quiet no-deadline\n"
	       "settling -> done: journal=7 result no-deadline (complete)\n"
	       "undoing (noted)\n");
	AT_SOURCE(ARMED, EV_GATE_DONE);
	expect("arming -> tracking: gate-track deadline=+599999ms\n"
	       "tracking -> copying: walk deadline=+599999ms\n"
	       "holding -> draining: drain deadline=+499ms\n"
	       "steering (noted)\n"
	       "settling (noted)\n"
	       "undoing (noted)\n");
}

/* Packets that came by the redirect since the last round: one more round. Tables that differ or
 * sums that are lost: the move goes on, and has failed. */
static void
test_something_differs_after_the_handover(void **state)
{
	(void)state;
	AT_SOURCE(YOUNG, EV_FINISHED, .n = 1);
	expect("finishing peer-finish no-deadline\n");
	AT_SOURCE(YOUNG, EV_TRAILED, .n = 1);
	expect("trailing (will be failed, noted)\n");
	AT_SOURCE(YOUNG, EV_PROVED, .n = 1);
	expect("trailing (will be failed, PROOF, noted)\n");
}

/* The hold begins when it will fit the budget, however late, and is given up when it never
 * will. */
static void
test_the_source_catches_up(void **state)
{
	(void)state;
	AT_SOURCE(YOUNG, EV_BACKLOG, .rows = 10, .hold_ns = MS(20));
	expect("copying (hold of 20 ms)\n"
	       "catching-up -> holding: gate-hold deadline=+500ms (hold of 20 ms)\n");
	AT_SOURCE(YOUNG, EV_BACKLOG, .rows = 1000, .hold_ns = MS(20));
	expect("copying catching-up (hold of 20 ms)\n");
	AT_SOURCE(OLD, EV_BACKLOG, .rows = 1000, .hold_ns = MS(20));
	expect("copying (hold of 20 ms)\n"
	       "catching-up -> holding: gate-hold deadline=+500ms (hold of 20 ms)\n");
	AT_SOURCE(OLD, EV_BACKLOG, .rows = 1000, .hold_ns = MS(2000));
	expect("copying catching-up (hold of 2000 ms)\n");
	AT_SOURCE(ANCIENT, EV_BACKLOG, .rows = 1000, .hold_ns = MS(2000));
	expect("copying (hold of 2000 ms)\n"
	       "catching-up -> undoing: gate-pass peer-close=0 steer-cleanup=0 deadline=+10000ms "
	       "(will be aborted, BUDGET, hold of 2000 ms)\n");
	AT_SOURCE(ANCIENT, EV_BACKLOG, .rows = 10, .hold_ns = MS(20));
	expect("copying (hold of 20 ms)\n"
	       "catching-up -> holding: gate-hold deadline=+500ms (hold of 20 ms)\n");
}

/* An owner does what the source asks for, also one that has begun to lead itself. What was asked
 * for before the connection broke does not stop the clock of one that is alone. */
static void
test_the_source_leads_the_target(void **state)
{
	(void)state;
	AT_TARGET(YOUNG, EV_BEGIN);
	expect("offered -> arming: journal=5 gate-receive deadline=+5000ms\n");
	AT_TARGET(YOUNG, EV_END);
	expect("receiving -> verifying: verify deadline=+700ms\n");
	AT_TARGET(YOUNG, EV_FINISH);
	expect("serving -> rounding: round no-deadline\n"
	       "rounding round no-deadline\n"
	       "merging adopting quieting parting -> rounding: round no-deadline\n");
	AT_TARGET(YOUNG, EV_TRAIL_END);
	expect("serving rounding -> merging: merge no-deadline\n"
	       "merging merge no-deadline\n"
	       "adopting quieting parting -> merging: merge no-deadline\n");
	AT_TARGET(YOUNG, EV_CLOSE_COMPLETE);
	expect("serving rounding merging adopting quieting parting -> settling: gate-pass "
	       "no-deadline\n");
	AT_TARGET(PEER_GONE, EV_FINISH);
	expect("serving -> rounding: round deadline=+59999ms\n"
	       "rounding round deadline=+59999ms\n"
	       "merging adopting quieting parting -> rounding: round deadline=+59999ms\n");
	AT_TARGET(PEER_GONE, EV_TRAIL_END);
	expect("serving rounding -> merging: merge deadline=+59999ms\n"
	       "merging merge deadline=+59999ms\n"
	       "adopting quieting parting -> merging: merge deadline=+59999ms\n");
}

/* It has resumed, or has fenced the target. A target that leads itself has asked the controller
 * who owns, and does not listen. */
static void
test_the_source_tells_the_target_to_discard(void **state)
{
	(void)state;
	AT_TARGET(YOUNG, EV_CLOSE_DISCARD);
	expect("offered -> done: journal=7 result peer-closed no-deadline (aborted, CANCELLED)\n"
	       "arming receiving verifying taking serving rounding merging -> discarding: "
	       "gate-wipe no-deadline (will be aborted, CANCELLED)\n"
	       "leaving peer-standing=4\n");
}

/* Each in its state, and once. */
static void
test_the_target_does_its_part(void **state)
{
	(void)state;
	AT_TARGET(YOUNG, EV_GATE_DONE, .n = 2);
	expect("offered (lost 2)\n"
	       "arming -> receiving: peer-ready no-deadline (lost 2)\n"
	       "receiving verifying (lost 2)\n"
	       "taking -> serving: peer-taken journal=6 no-deadline (lost 2)\n"
	       "serving rounding merging adopting quieting parting (lost 2)\n"
	       "leaving (lost 2, noted)\n"
	       "settling discarding -> done: journal=7 result peer-closed no-deadline (failed, "
	       "HOLD_OVERFLOW, lost 2)\n");
	AT_TARGET(YOUNG, EV_STEERED);
	expect("adopting -> quieting: steer-quiet no-deadline\n"
	       "quieting -> parting: round no-deadline\n"
	       "leaving (noted)\n");
	AT_TARGET(YOUNG, EV_VERIFIED);
	expect("verifying (noted)\n");
	AT_TARGET(YOUNG, EV_MARKED);
	expect("receiving verifying (noted)\n");
	AT_TARGET(YOUNG, EV_ROUNDED);
	expect("rounding -> serving: peer-finished no-deadline\n"
	       "parting -> leaving: journal=10 gate-pass steer-cleanup=1 deadline=+10000ms (will "
	       "be failed, PEER_LOST, parted)\n");
	AT_TARGET(YOUNG, EV_MERGED);
	expect("merging -> serving: peer-trail-done no-deadline\n");
	AT_TARGET(PEER_GONE, EV_ROUNDED);
	expect("rounding -> serving: peer-finished deadline=+59999ms\n"
	       "parting -> leaving: journal=10 gate-pass steer-cleanup=1 deadline=+10000ms (will "
	       "be failed, PEER_LOST, parted)\n");
	AT_TARGET(PEER_GONE, EV_MERGED);
	expect("merging -> serving: peer-trail-done deadline=+59999ms\n");
	AT_TARGET(PEER_GONE, EV_GATE_DONE);
	expect("arming -> receiving: peer-ready no-deadline\n"
	       "taking -> serving: peer-taken journal=6 deadline=+59999ms\n"
	       "leaving (noted)\n"
	       "settling -> done: journal=7 result peer-closed no-deadline (complete)\n"
	       "discarding -> done: journal=7 result peer-closed no-deadline (aborted)\n");
	AT_TARGET(STEERED, EV_GATE_DONE);
	expect("arming -> receiving: peer-ready no-deadline\n"
	       "taking -> serving: peer-taken journal=6 no-deadline\n"
	       "leaving settling -> done: journal=7 result peer-closed no-deadline (complete)\n"
	       "discarding -> done: journal=7 result peer-closed no-deadline (aborted)\n");
	AT_TARGET(MARKED, EV_VERIFIED);
	expect("verifying -> taking: gate-serve no-deadline\n");
}

/* It owns nothing, says so, and wipes what it has. */
static void
test_the_target_cannot_verify(void **state)
{
	(void)state;
	AT_TARGET(YOUNG, EV_VERIFY_BAD);
	expect("arming receiving verifying -> discarding: peer-failed gate-wipe no-deadline (will "
	       "be aborted, DIGEST)\n");
}

/* The answer decides who serves: 1 is receiving, 2 owner, 3 nothing left, 4 went on alone, 5 not
 * sure yet. A target that leads itself follows again. */
static void
test_the_source_asks_who_owns(void **state)
{
	(void)state;
	AT_TARGET(PEER_GONE, EV_QUERY);
	expect("offered arming receiving verifying taking peer-standing=1\n"
	       "serving rounding merging no-deadline peer-standing=2\n"
	       "adopting quieting parting -> serving: no-deadline peer-standing=2 no-deadline\n"
	       "leaving peer-standing=4\n"
	       "settling peer-standing=2\n"
	       "discarding peer-standing=5\n");
	AT_TARGET(NF_GONE, EV_QUERY);
	expect("offered receiving verifying peer-standing=1\n"
	       "serving rounding merging no-deadline peer-standing=2\n"
	       "adopting quieting parting -> serving: no-deadline peer-standing=2 no-deadline\n"
	       "leaving peer-standing=4\n");
}

/* Rounds that wait for its NF must not wait for a limit each. A source that says that it will
 * not lead any more is not waited for either. */
static void
test_the_source_is_dead(void **state)
{
	(void)state;
	AT_TARGET(YOUNG, EV_SOURCE_GONE);
	expect("verifying taking serving rounding merging adopting quieting parting "
	       "gate-source-gone (NF_LOST)\n");
	AT_TARGET(YOUNG, EV_SOURCE_LEFT);
	expect("verifying taking (PEER_LOST, alone from now)\n"
	       "serving rounding merging -> adopting: steer-flip=0 no-deadline (PEER_LOST, alone "
	       "from now)\n"
	       "adopting quieting parting (PEER_LOST, alone from now)\n");
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_cancel_at_the_source),
		cmocka_unit_test(test_a_cancel_at_the_target),
		cmocka_unit_test(test_force_at_the_source),
		cmocka_unit_test(test_force_at_the_target),
		cmocka_unit_test(test_time_at_the_source),
		cmocka_unit_test(test_time_at_the_target),
		cmocka_unit_test(test_the_source_loses_its_peer),
		cmocka_unit_test(test_the_target_loses_its_peer),
		cmocka_unit_test(test_the_peer_is_back),
		cmocka_unit_test(test_the_target_gives_up),
		cmocka_unit_test(test_the_target_says_that_it_owns),
		cmocka_unit_test(test_the_target_says_that_it_receives),
		cmocka_unit_test(test_the_target_says_that_it_went_on_alone),
		cmocka_unit_test(test_the_target_says_that_it_has_nothing),
		cmocka_unit_test(test_the_target_does_not_know),
		cmocka_unit_test(test_the_source_loses_its_nf),
		cmocka_unit_test(test_the_target_loses_its_nf),
		cmocka_unit_test(test_the_controller_refuses_the_source),
		cmocka_unit_test(test_the_controller_is_away),
		cmocka_unit_test(test_the_controller_has_flipped_for_the_target),
		cmocka_unit_test(test_the_controller_refuses_the_target),
		cmocka_unit_test(test_the_journal_cannot_be_written),
		cmocka_unit_test(test_the_peer_talks_nonsense),
		cmocka_unit_test(test_the_source_is_refused),
		cmocka_unit_test(test_the_tables_disagree_before_end),
		cmocka_unit_test(test_the_agent_has_resumed),
		cmocka_unit_test(test_the_peer_answers_the_source),
		cmocka_unit_test(test_a_session_begins),
		cmocka_unit_test(test_the_source_does_its_part),
		cmocka_unit_test(test_something_differs_after_the_handover),
		cmocka_unit_test(test_the_source_catches_up),
		cmocka_unit_test(test_the_source_leads_the_target),
		cmocka_unit_test(test_the_source_tells_the_target_to_discard),
		cmocka_unit_test(test_the_target_does_its_part),
		cmocka_unit_test(test_the_target_cannot_verify),
		cmocka_unit_test(test_the_source_asks_who_owns),
		cmocka_unit_test(test_the_source_is_dead),
	};

	printing = argc == 2 && strcmp(argv[1], "--print") == 0;
	for (size_t i = 0; printing && i < sizeof(tests) / sizeof(tests[0]); i++)
		tests[i].test_func(NULL);
	return printing ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
