/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves in the simulator: seeded random walks, every fault in every phase, death of a daemon
 * within each of its calls, stories with a known end, negative controls, and the lag of the
 * flow cache. A run that fails prints what `sim` needs to tell it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "slim_ctl.pb-c.h"
#include "world.h"

static struct world world;

#define REASON(name) SLIM__V1__REASON_CODE__REASON_##name

static void
run_or_fail(const struct options *options)
{
	char text[160];

	if (run(&world, options))
		return;
	print_message("# seed %llu: %s\n", (unsigned long long)options->seed, world.what);
	for (unsigned i = 0; i < SIM_MAX_FAULTS; i++) {
		if (options->faults[i].kind == FAULT_NONE)
			continue;
		fault_print(&options->faults[i], text, sizeof(text));
		print_message("# --fault %s\n", text);
	}
	fail();
}

/* What the first service saw. */
static const struct service *
outcome(void)
{
	return &world.services[0];
}

/* ---- random walks ------------------------------------------------------------------ */

static void
test_moves_without_trouble_complete(void **state)
{
	struct options options = {.n_moves = 2, .n_services = 1};

	(void)state;
	for (options.seed = 1; options.seed <= 30; options.seed++) {
		run_or_fail(&options);
		assert_int_equal(outcome()->result, RESULT_COMPLETE);
		assert_int_equal(outcome()->n_moves_done, 2);
		assert_int_equal(outcome()->oracle.n_out, outcome()->oracle.n_sent);
	}
}

static void
test_random_trouble_keeps_every_promise(void **state)
{
	struct options options = {.random_faults = true};
	uint32_t results[RESULT_FAILED + 1] = {0};

	(void)state;
	for (options.seed = 1; options.seed <= 150; options.seed++) {
		run_or_fail(&options);
		results[outcome()->result]++;
	}
	for (unsigned i = 0; i <= RESULT_FAILED; i++)
		print_message("# %s %u\n", session_result_name((enum session_result)i), results[i]);
	/* The walks go everywhere but into the rare timeouts. */
	for (unsigned i = RESULT_COMPLETE; i <= RESULT_FAILED; i++)
		assert_true(results[i] > 0 || i == RESULT_TIMED_OUT);
}

/* ---- every fault in every phase -------------------------------------------------------- */

/* Small worlds, where the switch is not slow: the fault is the story. */
static const struct options small = {.n_moves = 1,
				     .n_services = 1,
				     .n_connections = 3,
				     .keep_lag = true,
				     .lag_ns = MS(2),
				     .seed = 1};

static void
test_every_fault_in_every_state(void **state)
{
	static const uint64_t durations[] = {US(200), MS(30)};
	struct options options = small;
	unsigned kind, at;
	uint64_t seen;

	(void)state;
	run_or_fail(&options);
	seen = outcome()->seen;
	for (kind = FAULT_NONE + 1; kind < N_FAULTS; kind++) {
		for (at = 0; at < SESSION_DONE; at++) {
			options.seed++;
			options.faults[0] = (struct fault){
				.kind = (enum fault_kind)kind,
				.state = (enum session_state)at,
				.delay_ns = (options.seed % 5) * US(17),
				.duration_ns = durations[(kind + at) % 2],
			};
			/* In a state that only another trouble leads to it would not strike. */
			if ((seen >> at & 1u) != 0)
				run_or_fail(&options);
		}
	}
}

/* A daemon dies within each of its calls in turn, and comes back soon or late. */
static void
kill_at_every_call(enum fault_kind kind, uint64_t down_ns)
{
	struct options options = small;
	uint32_t call, n_hit = 0, last = 0;

	/* A small world's move makes some 70 calls: the loop goes on until well behind its last. */
	for (call = 1; call <= last + 10; call++) {
		options.seed = call;
		options.faults[0] = (struct fault){
			.kind = kind, .at_call = true, .call = call, .duration_ns = down_ns};
		run_or_fail(&options);
		if (world.faults[0].fired) {
			n_hit++;
			last = call;
		}
	}
	assert_in_range(n_hit, 40, 120);
}

static void
test_source_daemon_dies_within_any_call(void **state)
{
	(void)state;
	kill_at_every_call(FAULT_KILL_SOURCE, US(300));
	kill_at_every_call(FAULT_KILL_SOURCE, MS(40));
}

static void
test_target_daemon_dies_within_any_call(void **state)
{
	(void)state;
	kill_at_every_call(FAULT_KILL_TARGET, US(300));
	kill_at_every_call(FAULT_KILL_TARGET, MS(40));
}

/* ---- stories: what happens, and how it must end ------------------------------------------- */

struct story {
	const char *name;
	struct fault faults[SIM_MAX_FAULTS];
	enum session_result result;
	uint32_t reason; /* 0: none, or any */
	uint32_t hold_capacity;
	bool steadfast;
	bool source_serves; /* at the end, whatever the result says */
	bool target_serves;
	uint64_t source_gone_ns;
};

#define AT(state_, kind_, delay, duration)                                                         \
	{                                                                                          \
		.kind = (kind_), .state = (state_), .delay_ns = (delay), .duration_ns = (duration) \
	}

#define AT_CALL(n_, kind_, service_)                                                  \
	{                                                                             \
		.kind = (kind_), .at_call = true, .call = (n_), .service = (service_) \
	}

static const struct story stories[] = {
	{.name = "peer breaks in copy",
	 .faults = {AT(SOURCE_COPYING, FAULT_LINK_CUT, 0, 0)},
	 .result = RESULT_ABORTED,
	 .reason = REASON(PEER_LOST)},
	{.name = "peer breaks right after END",
	 .faults = {AT(SOURCE_ENDED, FAULT_PARTITION, 1, MS(3))},
	 .result = RESULT_ABORTED,
	 .reason = REASON(PEER_LOST)},
	{.name = "peer is away while the target takes over",
	 .faults = {AT(TARGET_VERIFYING, FAULT_PARTITION, 1, MS(60))},
	 .result = RESULT_COMPLETE},
	{.name = "TAKEN is lost on the data path",
	 .faults = {AT(TARGET_VERIFYING, FAULT_TAKEN_LOST, 0, MS(500))},
	 .result = RESULT_COMPLETE},
	{.name = "TAKEN is lost on both paths: fence",
	 .faults = {AT(TARGET_VERIFYING, FAULT_TAKEN_LOST, 0, MS(500)),
		    AT(TARGET_VERIFYING, FAULT_PARTITION, 0, MS(100))},
	 .result = RESULT_ABORTED,
	 .reason = REASON(PEER_LOST)},
	{.name = "TAKEN is lost on both paths, the controller is gone: hold until it is back",
	 .faults = {AT(TARGET_VERIFYING, FAULT_TAKEN_LOST, 0, MS(500)),
		    AT(TARGET_VERIFYING, FAULT_PARTITION, 0, MS(100)),
		    AT(SOURCE_FENCING, FAULT_OFCTL_GONE, 0, MS(20))},
	 .result = RESULT_ABORTED,
	 .reason = REASON(PEER_LOST)},
	{.name = "source slimd dies before END and stays away: the agent resumes by itself",
	 .faults = {AT(SOURCE_HOLDING, FAULT_KILL_SOURCE, 0, MS(80))},
	 .result = RESULT_ABORTED,
	 .reason = REASON(RESTART)},
	{.name = "source slimd dies before END and is back at once",
	 .faults = {AT(SOURCE_HOLDING, FAULT_KILL_SOURCE, 0, US(500))},
	 .result = RESULT_ABORTED,
	 .reason = REASON(RESTART)},
	{.name = "source slimd dies after END: the data path goes on",
	 .faults = {AT(TARGET_VERIFYING, FAULT_KILL_SOURCE, 0, MS(80))},
	 .result = RESULT_COMPLETE},
	{.name = "target slimd dies in copy",
	 .faults = {AT(SOURCE_COPYING, FAULT_KILL_TARGET, 0, MS(20))},
	 .result = RESULT_ABORTED,
	 .reason = REASON(PEER_LOST)},
	{.name = "target slimd dies while it serves",
	 .faults = {AT(TARGET_SERVING, FAULT_KILL_TARGET, 0, MS(20))},
	 .result = RESULT_COMPLETE},
	{.name = "source NF dies in copy",
	 .faults = {AT(SOURCE_COPYING, FAULT_NF_SOURCE, 0, 0)},
	 .result = RESULT_FAILED,
	 .reason = REASON(NF_LOST)},
	{.name = "target NF dies in copy",
	 .faults = {AT(SOURCE_COPYING, FAULT_NF_TARGET, 0, 0)},
	 .result = RESULT_ABORTED,
	 .reason = REASON(NF_LOST)},
	{.name = "target NF dies after TAKEN: the source takes back what it has",
	 .faults = {AT(SOURCE_STEERING, FAULT_NF_TARGET, US(50), 0)},
	 .result = RESULT_FAILED,
	 .reason = REASON(NF_LOST),
	 .source_serves = true},
	{.name = "target NF dies after TAKEN, the controller does not go back: failed, and over",
	 .faults = {AT(SOURCE_STEERING, FAULT_NF_TARGET, US(50), 0)},
	 .result = RESULT_FAILED,
	 .reason = REASON(NF_LOST),
	 .steadfast = true},
	{.name = "the fence is laid, the peer still away: a restart does not forget to tell it",
	 .faults = {AT(TARGET_VERIFYING, FAULT_TAKEN_LOST, 0, MS(500)),
		    AT(TARGET_VERIFYING, FAULT_PARTITION, 0, MS(100)),
		    AT(SOURCE_UNDOING, FAULT_KILL_SOURCE, US(150), MS(10))},
	 .result = RESULT_ABORTED,
	 .reason = REASON(RESTART),
	 .source_serves = true},
	{.name = "the fence is laid, the peer stays away for long: the target is not forgotten",
	 .faults = {AT(TARGET_VERIFYING, FAULT_TAKEN_LOST, 0, MS(500)),
		    AT(TARGET_VERIFYING, FAULT_PARTITION, 0, MS(600)),
		    AT(SOURCE_UNDOING, FAULT_OFCTL_GONE, MS(450), MS(100))},
	 .result = RESULT_ABORTED,
	 .reason = REASON(PEER_LOST),
	 .source_serves = true},
	{.name = "source slimd does not come back: the target takes the lead",
	 .faults = {AT(SOURCE_STEERING, FAULT_KILL_SOURCE, 0, MS(500))},
	 .source_gone_ns = MS(200),
	 .result = RESULT_FAILED,
	 .reason = REASON(RESTART),
	 .target_serves = true},
	{.name = "source slimd does not come back, and all traffic still comes by the redirect",
	 .faults = {AT(SOURCE_STEERING, FAULT_OFCTL_GONE, 0, MS(60)),
		    AT(SOURCE_STEERING, FAULT_KILL_SOURCE, 0, MS(500))},
	 .source_gone_ns = MS(200),
	 .result = RESULT_FAILED,
	 .reason = REASON(RESTART),
	 .target_serves = true},
	{.name = "source slimd does not come back, the old path is quiet already",
	 .faults = {AT(SOURCE_FINISHING, FAULT_KILL_SOURCE, 0, MS(500))},
	 .source_gone_ns = MS(200),
	 .result = RESULT_FAILED,
	 .reason = REASON(RESTART),
	 .target_serves = true},
	{.name = "the source's host does not come back",
	 .faults = {AT(SOURCE_STEERING, FAULT_NF_SOURCE, US(50), 0),
		    AT(SOURCE_STEERING, FAULT_KILL_SOURCE, US(50), MS(500))},
	 .source_gone_ns = MS(200),
	 .result = RESULT_FAILED,
	 .target_serves = true},
	{.name = "the hosts do not see each other for long",
	 .faults = {AT(SOURCE_FINISHING, FAULT_PARTITION, 0, MS(500))},
	 .source_gone_ns = MS(200),
	 .result = RESULT_FAILED,
	 .reason = REASON(PEER_LOST),
	 .target_serves = true},
	{.name = "the target takes the lead, dies and comes back",
	 .faults = {AT(SOURCE_STEERING, FAULT_KILL_SOURCE, 0, MS(500)),
		    AT(TARGET_LEAVING, FAULT_KILL_TARGET, US(10), MS(30))},
	 .source_gone_ns = MS(200),
	 .result = RESULT_FAILED,
	 .reason = REASON(RESTART),
	 .target_serves = true},
	{.name = "the source comes back when the target has just taken the lead",
	 .faults = {AT(SOURCE_STEERING, FAULT_PARTITION, 0, MS(201)),
		    AT(TARGET_ADOPTING, FAULT_OFCTL_GONE, 0, MS(1500))},
	 .source_gone_ns = MS(200),
	 .result = RESULT_COMPLETE,
	 .target_serves = true},
	{.name = "a fenced target does not get the lead",
	 .faults = {AT(TARGET_VERIFYING, FAULT_TAKEN_LOST, 0, MS(500)),
		    AT(TARGET_VERIFYING, FAULT_PARTITION, 0, MS(500))},
	 .source_gone_ns = MS(200),
	 .result = RESULT_ABORTED,
	 .reason = REASON(PEER_LOST),
	 .source_serves = true},
	{.name = "the controller is gone from the start",
	 .faults = {AT(SOURCE_OPENING, FAULT_OFCTL_GONE, 0, MS(90))},
	 .result = RESULT_REFUSED,
	 .reason = REASON(STEERING_UNREACHABLE)},
	{.name = "the controller fails in prepare",
	 .faults = {AT(SOURCE_PREPARING, FAULT_OFCTL_GONE, 0, MS(10))},
	 .result = RESULT_ABORTED,
	 .reason = REASON(STEERING_UNREACHABLE)},
	{.name = "the controller is gone when it should flip",
	 .faults = {AT(SOURCE_STEERING, FAULT_OFCTL_GONE, 0, MS(60))},
	 .result = RESULT_COMPLETE},
	{.name = "the switch restarts while traffic is steered",
	 .faults = {AT(SOURCE_QUIETING, FAULT_SWITCH_RESTART, 0, US(300))},
	 .result = RESULT_COMPLETE},
	{.name = "cancel in preflight",
	 .faults = {AT(SOURCE_CHECKING, FAULT_CANCEL, 0, 0)},
	 .result = RESULT_CANCELLED,
	 .reason = REASON(CANCELLED)},
	{.name = "cancel in copy",
	 .faults = {AT(SOURCE_CATCHING_UP, FAULT_CANCEL, 0, 0)},
	 .result = RESULT_CANCELLED,
	 .reason = REASON(CANCELLED)},
	{.name = "cancel in the hold",
	 .faults = {AT(SOURCE_HOLDING, FAULT_CANCEL, 0, 0)},
	 .result = RESULT_CANCELLED,
	 .reason = REASON(CANCELLED)},
	{.name = "cancel after TAKEN comes too late",
	 .faults = {AT(SOURCE_STEERING, FAULT_CANCEL, 0, 0)},
	 .result = RESULT_COMPLETE},
	{.name = "the source's journal is lost after TAKEN: so are its late counts, and it says so",
	 .faults = {AT(SOURCE_STEERING, FAULT_JOURNAL_LOST_SOURCE, US(50), MS(3))},
	 .result = RESULT_FAILED,
	 .reason = REASON(RESTART),
	 .target_serves = true},
	{.name = "force after TAKEN: the source takes back what it has",
	 .faults = {AT(SOURCE_STEERING, FAULT_FORCE, 0, 0)},
	 .result = RESULT_FAILED,
	 .reason = REASON(FORCED),
	 .source_serves = true},
	{.name = "force when only the target's last word is missing: forward",
	 .faults = {AT(SOURCE_CLOSING, FAULT_FORCE, 0, 0)},
	 .result = RESULT_FAILED,
	 .reason = REASON(FORCED),
	 .target_serves = true},
	{.name = "force at a target that owns: it serves",
	 .faults = {AT(TARGET_SERVING, FAULT_FORCE_TARGET, 0, 0)},
	 .result = RESULT_FAILED,
	 .target_serves = true},
	{.name = "the target's operator cancels",
	 .faults = {AT(TARGET_RECEIVING, FAULT_CANCEL_TARGET, 0, 0)},
	 .result = RESULT_ABORTED,
	 .reason = REASON(CANCELLED)},
	{.name = "the stream stalls in the hold: the deadline undoes it",
	 .faults = {AT(SOURCE_HOLDING, FAULT_SLOW_LINK, 0, MS(300))},
	 .result = RESULT_TIMED_OUT,
	 .reason = REASON(DEADLINE)},
	{.name = "no probe ever comes back",
	 .faults = {AT(SOURCE_PREPARING, FAULT_TAKEN_LOST, 0, 0),
		    AT(SOURCE_ARMING, FAULT_PROBES_LOST, 0, MS(15000))},
	 .result = RESULT_TIMED_OUT,
	 .reason = REASON(PROBE)},
	{.name = "the hold overflows",
	 .faults = {AT(SOURCE_HOLDING, FAULT_SLOW_LINK, 0, MS(3))},
	 .result = RESULT_FAILED,
	 .reason = REASON(HOLD_OVERFLOW),
	 .hold_capacity = 1},
	{.name = "a row changes on its way",
	 .faults = {AT(SOURCE_COPYING, FAULT_ROW_SPOILT, 0, 0)},
	 .result = RESULT_ABORTED,
	 .reason = REASON(DIGEST)},
	{.name = "the target's table is full",
	 .faults = {AT(SOURCE_COPYING, FAULT_ROW_REFUSED, 0, 0)},
	 .result = RESULT_ABORTED,
	 .reason = REASON(TABLE_FULL)},
};

static void
tell(const struct story *story)
{
	struct options options = {.n_moves = 1,
				  .hold_capacity = story->hold_capacity,
				  .n_services = 1,
				  .steadfast = story->steadfast,
				  .prompt_ends = true,
				  .source_gone_ns = story->source_gone_ns,
				  /* Long stories: let the proofs of the cache be short. */
				  .keep_lag = story->source_gone_ns != 0,
				  .lag_ns = MS(10)};

	memcpy(options.faults, story->faults, sizeof(options.faults));
	for (options.seed = 100; options.seed < 103; options.seed++) {
		run_or_fail(&options);
		if (outcome()->result == story->result &&
		    (story->reason == 0 || outcome()->reason == story->reason) &&
		    (!story->source_serves || outcome()->sw.rules.serving == outcome()->source) &&
		    (!story->target_serves || outcome()->sw.rules.serving != outcome()->source))
			continue;
		print_message("# %s, seed %llu: %s with reason %u\n", story->name,
			      (unsigned long long)options.seed,
			      session_result_name(outcome()->result), outcome()->reason);
		fail();
	}
}

static void
test_stories(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++)
		tell(&stories[i]);
	print_message("# %zu stories\n", sizeof(stories) / sizeof(stories[0]));
}

/* ---- found before --------------------------------------------------------------------- */

/* Worlds in which a promise was broken once. */
#define SMALL_WORLD .n_moves = 1, .n_services = 1, .n_connections = 3, .keep_lag = true
#define DRAWN .random_faults = true, .keep_faults = true
#define DRAWN_SMALL DRAWN, .n_services = 1, .n_moves = 1, .keep_lag = true
static const struct options found[] = {
	/* The target named packets that it had dropped; the source's slimd died, and forgot them. */
	{.seed = 6945,
	 .random_faults = true,
	 .keep_faults = true,
	 .keep_lag = true,
	 .n_services = 1,
	 .n_moves = 1,
	 .faults = {AT(SOURCE_SETTLING, FAULT_MEMORY_LOST, 0, 0)}},
	/* A source without a journal did not know its peer, and asked nobody: busy for ever. */
	{.seed = 1,
	 SMALL_WORLD,
	 .lag_ns = MS(2),
	 .faults = {AT(SOURCE_STEERING, FAULT_JOURNAL_LOST_SOURCE, US(50), MS(3))}},
	/* The disk did not take the stage, and the controller was asked to prepare all the same. */
	{.seed = 1,
	 SMALL_WORLD,
	 .lag_ns = MS(100),
	 .faults = {AT(SOURCE_CHECKING, FAULT_DISK_BROKEN_SOURCE, 0, MS(3)),
		    AT(SOURCE_UNDOING, FAULT_KILL_SOURCE, 0, 0)}},
	/* The answer to prepare stood in the queue behind the loss of the peer, and was taken for that of the
	 * clean-up. */
	{.seed = 65690,
	 DRAWN,
	 .faults = {AT(SOURCE_UNDOING, FAULT_OFCTL_GONE, US(94), 0),
		    AT_CALL(99, FAULT_KILL_TARGET, 1)}},
	/* The first restart found the session in the memory and began a journal; the second read the tags
	 * from there, where they are not, and the source redirected into nowhere. */
	{.seed = 6167,
	 DRAWN,
	 .faults = {AT_CALL(137, FAULT_KILL_SOURCE, 1),
		    AT(TARGET_VERIFYING, FAULT_JOURNAL_LOST_SOURCE, 0, 0)}},
	/* The daemon began anew to count what its NF lost: of a target whose answer was lost with it, ... */
	{.seed = 17439,
	 DRAWN_SMALL,
	 .n_connections = 2,
	 .faults = {AT_CALL(41, FAULT_KILL_TARGET, 0)}},
	/* ... of a source, and of a target, that lost its journal. */
	{.seed = 22382,
	 DRAWN_SMALL,
	 .n_connections = 1,
	 .faults = {AT(SOURCE_DRAINING, FAULT_JOURNAL_LOST_SOURCE, 0, MS(1))}},
	{.seed = 89989,
	 DRAWN,
	 .keep_lag = true,
	 .hold_capacity = 6,
	 .faults = {AT(SOURCE_STEERING, FAULT_JOURNAL_LOST_TARGET, 0, 0)}},
	/* Found in the memory by its gate's command; killed again when that named no session any more. */
	{.seed = 17402,
	 DRAWN_SMALL,
	 .n_connections = 4,
	 .faults = {AT(SOURCE_ENDED, FAULT_JOURNAL_LOST_SOURCE, 0, 0),
		    AT_CALL(53, FAULT_KILL_SOURCE, 0)}},
	/* On its way back when the journal became unreadable: after the gate, and before it. */
	{.seed = 41301,
	 DRAWN_SMALL,
	 .n_connections = 1,
	 .faults = {AT(TARGET_MERGING, FAULT_FORCE, 0, 0),
		    AT(TARGET_DISCARDING, FAULT_UNREADABLE_SOURCE, 0, 0)}},
	{.seed = 70280,
	 DRAWN,
	 .n_services = 1,
	 .n_moves = 1,
	 .n_connections = 1,
	 .faults = {AT(SOURCE_STEERING, FAULT_FORCE, 0, 0),
		    AT(TARGET_RECEIVING, FAULT_UNREADABLE_SOURCE, US(5081), 0)}},
	/* The source was ended by force, and all is as the target wants it; it asked for ever. */
	{.seed = 96531,
	 DRAWN,
	 .faults = {AT_CALL(65, FAULT_KILL_TARGET, 1), AT(TARGET_SETTLING, FAULT_FORCE, 0, 0)}},
	/* Ended by force and killed with Close on the wire; the target waited for a source that had nothing to ask. */
	{.seed = 18646, .random_faults = true},
	/* Failed by force, killed, and complete. */
	{.seed = 1567, .random_faults = true},
	/* Settled without a journal: complete, and its proof was forgotten. */
	{.seed = 1, SMALL_WORLD, .faults = {AT(SOURCE_SETTLING, FAULT_JOURNAL_LOST_SOURCE, 0, 0)}},
};

static void
test_found_before(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++)
		run_or_fail(&found[i]);
}

/* ---- negative controls ------------------------------------------------------------------------ */

struct control_run {
	const char *name;
	enum control control;
	const char *expect; /* in what the oracle says */
	uint32_t n_seeds;   /* at most */
	uint32_t n_moves;
	bool late;        /* TAKEN arrives about when the source gives up */
	const char * or ; /* or that */
};

static const struct control_run controls[] = {
	{"no hold", CONTROL_NO_HOLD, "is lost: the gate holds", 40, 1, false},
	{"no flush rounds", CONTROL_NO_FLUSH, "invariant 3", 40, 1, false},
	{"one reply for all workers", CONTROL_ONE_REPLY, "invariant 3", 150, 1, false},
	{"replies overtake what was drained", CONTROL_FAST_COPIES, "invariant 3", 100, 1, false},
	{"no redirect", CONTROL_NO_REDIRECT, "is lost: the gate redirects", 40, 1, false},
	{"no fence", CONTROL_NO_FENCE, "invariant", 60, 1, true},
	{"the barrier is believed", CONTROL_TRUST_BARRIER, "is lost: the gate is closed", 60, 1,
	 false, "gets a packet of the redirect path"},
	{"marks overtake packets", CONTROL_FAST_MARKS, "invariant 3", 150, 1, false},
	{"prepare does not wait for the cache", CONTROL_PREPARE_EARLY, "is lost: no egress", 40, 2,
	 false},
};

static void
set_late(struct options *options)
{
	options->taken_late = true;
	options->faults[0] = (struct fault)AT(TARGET_VERIFYING, FAULT_PARTITION, 0, MS(60));
	options->faults[1] = (struct fault)AT(TARGET_VERIFYING, FAULT_TAKEN_LOST, 0, MS(60));
}

#define ENOUGH 3u

/* With everything on: as many seeds as a control has needed, or these. */
static struct control_run twins[] = {
	{"all on", 0, "nothing", 0, 1, false},
	{"all on, there and back", 0, "nothing", 20, 2, false},
	{"all on, late", 0, "nothing", 60, 1, true},
};

static void
note_seeds(const struct control_run *control, uint32_t n)
{
	struct control_run *twin = &twins[control->late ? 2 : control->n_moves - 1];

	if (n > twin->n_seeds)
		twin->n_seeds = n;
}

/* Runs all seeds, or until there are `enough`. */
static uint32_t
count_violations(const struct control_run *control, uint32_t bits, uint32_t enough)
{
	struct options options = {.n_moves = control->n_moves,
				  .n_services = 1,
				  .controls = bits,
				  .keep_lag = true,
				  /* A way back needs a lag that outlasts the copy. */
				  .lag_ns = control->n_moves == 2 ? MS(300) : MS(10)};
	uint32_t n = 0;

	for (options.seed = 1; options.seed <= control->n_seeds && n < enough; options.seed++) {
		if (control->late)
			set_late(&options);
		if (run(&world, &options))
			continue;
		n++;
		if (strstr(world.what, control->expect) == NULL &&
		    (control->or == NULL || strstr(world.what, control->or) == NULL)) {
			print_message("# control %s, seed %llu: %s\n", control->name,
				      (unsigned long long)options.seed, world.what);
			fail();
		}
	}
	print_message("# control %s: %u of %llu runs violate\n", control->name, n,
		      (unsigned long long)options.seed - 1);
	if (bits != 0)
		note_seeds(control, (uint32_t)options.seed - 1);
	return n;
}

static void
test_each_mechanism_is_missed_when_it_is_off(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		const struct control_run *c = &controls[i];

		assert_int_not_equal(count_violations(c, c->control, ENOUGH), 0);
	}
}

static void
test_nothing_is_violated_when_all_is_on(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(twins) / sizeof(twins[0]); i++) {
		assert_int_not_equal(twins[i].n_seeds, 0);
		assert_int_equal(count_violations(&twins[i], 0, 1), 0);
	}
}

/* ---- the lag of the flow cache --------------------------------------------------------------------- */

#define N_LAG_RUNS 40

static int
compare_ns(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

struct spread {
	uint64_t p50, p90, max;
};

static struct spread
hold_spread(uint64_t lag_ns)
{
	struct options options = {
		.n_moves = 1, .n_services = 1, .keep_lag = true, .lag_ns = lag_ns};
	uint64_t holds[N_LAG_RUNS];

	for (unsigned i = 0; i < N_LAG_RUNS; i++) {
		options.seed = i + 1;
		run_or_fail(&options);
		assert_int_equal(outcome()->result, RESULT_COMPLETE);
		holds[i] = (outcome()->taken_ns - outcome()->hold_ns);
	}
	qsort(holds, N_LAG_RUNS, sizeof(holds[0]), compare_ns);
	return (struct spread){.p50 = holds[N_LAG_RUNS / 2],
			       .p90 = holds[N_LAG_RUNS * 9 / 10],
			       .max = holds[N_LAG_RUNS - 1]};
}

static void
test_a_lagging_flow_cache_costs_no_hold_time(void **state)
{
	static const uint64_t lags[] = {0, MS(30), MS(3000)};
	struct spread without = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(lags) / sizeof(lags[0]); i++) {
		struct spread s = hold_spread(lags[i]);

		if (i == 0)
			without = s;
		print_message("# lag %llu us: hold p50 %llu us, p90 %llu us, max %llu us\n",
			      (unsigned long long)lags[i] / 1000, (unsigned long long)s.p50 / 1000,
			      (unsigned long long)s.p90 / 1000, (unsigned long long)s.max / 1000);
		/* Blocks of 60 seeds without any lag differ by 1.9 in p50 and by 2.3 in max. A hold that
		 * waited for the switch would last as long as the lag. */
		assert_true(s.p50 <= without.p50 * 2);
		assert_true(s.max < MS(10));
	}
}

/* Without a word all of them; "walks" or "controls": those, so that two processors have something to do. */
int
main(int argc, char **argv)
{
	const char *part = argc > 1 ? argv[1] : "";
	const struct CMUnitTest walks[] = {
		cmocka_unit_test(test_moves_without_trouble_complete),
		cmocka_unit_test(test_random_trouble_keeps_every_promise),
		cmocka_unit_test(test_every_fault_in_every_state),
		cmocka_unit_test(test_source_daemon_dies_within_any_call),
		cmocka_unit_test(test_target_daemon_dies_within_any_call),
		cmocka_unit_test(test_stories),
		cmocka_unit_test(test_found_before),
	};
	const struct CMUnitTest control_runs[] = {
		cmocka_unit_test(test_each_mechanism_is_missed_when_it_is_off),
		cmocka_unit_test(test_nothing_is_violated_when_all_is_on),
		cmocka_unit_test(test_a_lagging_flow_cache_costs_no_hold_time),
	};
	int n_failed = 0;

	eal_start();
	if (strcmp(part, "controls") != 0)
		n_failed += cmocka_run_group_tests(walks, NULL, NULL);
	if (strcmp(part, "walks") != 0)
		n_failed += cmocka_run_group_tests(control_runs, NULL, NULL);
	return n_failed;
}
