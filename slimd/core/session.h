/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The migration session: which step follows which, on both sides of a move.
 *
 * Pure: no clock, no I/O, no allocation. `session_step()` takes one event and
 * returns what is to be done, in order, as effects. Whoever drives it (slimd's
 * driver, the simulator) carries the effects out and reports what came of them as
 * later events. Nothing is reported from inside an effect.
 *
 * A session is a row of states. Each state has effects on entry, a set of
 * facts that it waits for, and a next state. When the last awaited fact has come, the
 * session moves on. All else that can happen in a state is an edge in one table
 * (session_edges): event, guard, next state. An event without an edge that is not a
 * fact awaited is ignored when it is late news, and a protocol error when it comes
 * from the peer out of turn. `session_print_diagram()` prints the table.
 *
 * The source decides. Until END it can always undo; from TAKEN on it only
 * goes forward; in between it asks, for as long as the budget of the hold lasts. Then it claims the
 * buckets (the hold word), tells the target, has it fenced, and resumes as soon as the fence
 * is proven or the target says that it has discarded.
 *
 * Who owns what after trouble (docs/decisions/0040): the NF's own memory outranks the journal, and a
 * peer is believed about its own memory only. The last copy is never discarded: a source
 * whose NF is gone asks before it says anything, and lifts its fence when the target owns.
 *
 * Every state is left by a deadline, or by the operator: CANCEL where it risks nothing, FORCE
 * everywhere (session_risk() says what that risks).
 *
 * A source that does not come back must not leave the target for ever between two gates. After
 * a deadline the target does what the source would have done: it has the traffic flipped,
 * waits until the old path is quiet, runs a last round (which ends by a limit when the source NF is
 * gone too) and cleans up. The controller is the arbiter: it refuses the flip of a fenced
 * session. What the source had counted after the handover is lost, so the result is FAILED.
 *
 * What a driver promises:
 *
 *   - Effects are carried out in order. A crash between two of them is survived.
 *   - GATE_DONE and STEERED answer the *last* gate command and steering call. Steering calls
 *     are made one after the other: a call that was sent is not overtaken by the next.
 *     Each has a deadline of its own, which is reported as STEER_FAILED.
 *   - PEER_QUERY keeps on connecting, at a pace of its own, until a Standing came or the
 *     session is over. PEER_LOST is said of a connection that was there, once (and of
 *     PEER_OPEN that cannot connect).
 *   - Frames to a peer that is not connected are dropped; what matters is said again.
 *   - A Query or Close for a session that is unknown or done is answered by the driver from
 *     the memory of the NF that it is about. An NF that stands in the session (RECEIVE, SERVE)
 *     has its session taken up again. One that does not: Standing CLOSED (STANDING_NONE), Closed. An
 *     NF that is not there: UNSURE for a while, then UNKNOWN (STANDING_UNKNOWN).
 *     UNSURE is no answer: the source's driver asks again.
 *   - A session whose last stage is SETTLED is remembered: its Query is answered Standing
 *     SETTLED, until the Close of the source.
 *   - A reply belongs to the last request: ROUNDED to the last ROUND, FINISHED to the last
 *     Finish. GATE_DONE's n counts from the GATE_DONE before; after a restart of the
 *     daemon again from the beginning of the session.
 *   - Every gate command but HOLD, REDIRECT and those of the target's way forward leaves
 *     the hold word IDLE, so that no word of an old session is ever read.
 *   - A stage that could not be made durable is JOURNAL_BAD. From END and TAKEN on that changes
 *     nothing (the NF's memory tells), before them it ends the move.
 *   - FENCE_CLAIM is answered with what the word is then: CLAIMED, TAKEN, or RESUMED (END was
 *     never sent).
 *
 * One owner, one thread. Times are CLOCK_MONOTONIC nanoseconds of the caller.
 */
#ifndef SLIMD_CORE_SESSION_H
#define SLIMD_CORE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(NAME, "name", "phase") */
#define SESSION_STATES(X)                                \
	/* source */                                     \
	X(SOURCE_OPENING, "opening", "preflight")        \
	X(SOURCE_CHECKING, "checking", "preflight")      \
	X(SOURCE_DISMISSING, "dismissing", "preflight")  \
	X(SOURCE_PREPARING, "preparing", "prepare")      \
	X(SOURCE_ARMING, "arming", "prepare")            \
	X(SOURCE_TRACKING, "tracking", "copy")           \
	X(SOURCE_COPYING, "copying", "copy")             \
	X(SOURCE_CATCHING_UP, "catching-up", "catch-up") \
	X(SOURCE_HOLDING, "holding", "handover")         \
	X(SOURCE_DRAINING, "draining", "handover")       \
	X(SOURCE_ENDED, "ended", "handover")             \
	X(SOURCE_QUERYING, "querying", "handover")       \
	X(SOURCE_CLAIMING, "claiming", "handover")       \
	X(SOURCE_RECLAIMING, "reclaiming", "handover")   \
	X(SOURCE_FENCING, "fencing", "handover")         \
	X(SOURCE_STEERING, "steering", "steer")          \
	X(SOURCE_QUIETING, "quieting", "steer")          \
	X(SOURCE_FINISHING, "finishing", "steer")        \
	X(SOURCE_TRAILING, "trailing", "trail")          \
	X(SOURCE_CLOSING, "closing", "trail")            \
	X(SOURCE_SETTLING, "settling", "trail")          \
	X(SOURCE_REVERTING, "reverting", "undo")         \
	X(SOURCE_UNDOING, "undoing", "undo")             \
	/* target */                                     \
	X(TARGET_OFFERED, "offered", "preflight")        \
	X(TARGET_ARMING, "arming", "prepare")            \
	X(TARGET_RECEIVING, "receiving", "copy")         \
	X(TARGET_VERIFYING, "verifying", "handover")     \
	X(TARGET_TAKING, "taking", "handover")           \
	X(TARGET_SERVING, "serving", "steer")            \
	X(TARGET_ROUNDING, "rounding", "steer")          \
	X(TARGET_MERGING, "merging", "trail")            \
	X(TARGET_ADOPTING, "adopting", "steer")          \
	X(TARGET_QUIETING, "quieting", "steer")          \
	X(TARGET_PARTING, "parting", "steer")            \
	X(TARGET_LEAVING, "leaving", "trail")            \
	X(TARGET_SETTLING, "settling", "trail")          \
	X(TARGET_DISCARDING, "discarding", "undo")       \
	X(SESSION_DONE, "done", "done")

enum session_state {
#define X(NAME, name, phase) NAME,
	SESSION_STATES(X)
#undef X
		SESSION_N_STATES
};

/* X(NAME, "name"). Which facts a state waits for is in the state table. */
#define SESSION_EVENTS(X)                                                                          \
	/* facts */                                                                                \
	X(EV_OPENED, "opened")   /* source: the peer accepts */                                    \
	X(EV_STEERED, "steered") /* the last steering call is done */                              \
	X(EV_GATE_DONE,                                                                            \
	  "gate-done")           /* all workers acknowledged the last gate command; n: packets \
					lost to limits */   \
	X(EV_READY, "ready")     /* source: peer's Ready */                                        \
	X(EV_PROBED, "probed")   /* source: a probe came back on every port */                     \
	X(EV_WALKED, "walked")   /* source: the slab walk is sent */                               \
	X(EV_DRAINED, "drained") /* source: all deltas sent, nothing missed */                     \
	X(EV_TAKEN, "taken")     /* source: target owns (peer or data path) */                     \
	X(EV_CLAIMED, "claimed") /* source: the hold word is FENCED: no TAKEN will count */        \
	X(EV_FINISHED,                                                                             \
	  "finished") /* source: last round done; n: packets redirected since it began */          \
	X(EV_TRAILED, "trailed")   /* source: peer's TrailDone; n: rows whose sums are lost */     \
	X(EV_PROVED, "proved")     /* source: walk over the frozen tables; n: 1 if it differs */   \
	X(EV_CLOSED, "closed")     /* source: peer's Closed; n: packets lost to limits */          \
	X(EV_BEGIN, "begin")       /* target: peer's Begin */                                      \
	X(EV_END, "end")           /* target: peer's End */                                        \
	X(EV_VERIFIED, "verified") /* target: all installed, digests equal */                      \
	X(EV_MARKED, "marked")     /* target: marks of all source workers on all ports */          \
	X(EV_ROUNDED, "rounded")   /* target: the requested flush round is done */                 \
	X(EV_MERGED, "merged")     /* target: all lazy rows are merged */                          \
	/* what else happens */                                                                    \
	X(EV_START, "start")                                                                       \
	X(EV_BACKLOG, "backlog") /* source, while catching up; rows, hold_ns */                    \
	X(EV_REFUSED, "refused") /* source: the peer refuses */                                    \
	X(EV_STEER_FAILED, "steer-failed")                                                         \
	X(EV_DRAIN_BAD, "drain-bad")     /* source: slot sequences and write counters disagree */  \
	X(EV_RESUMED, "resumed")         /* source: the agent resumed by itself (hold word) */     \
	X(EV_PEER_FAILED, "peer-failed") /* source: the target cannot go on and owns nothing */    \
	X(EV_PEER_LOST, "peer-lost")                                                               \
	X(EV_PEER_BACK, "peer-back")                                                               \
	X(EV_STANDING_OWNER, "standing-owner")                                                     \
	X(EV_STANDING_RECEIVING, "standing-receiving")                                             \
	X(EV_STANDING_SETTLED,                                                                     \
	  "standing-settled") /* source: the target went on alone; n as for CLOSED */              \
	X(EV_STANDING_NONE, "standing-none") /* the target's NF says: nothing of this session */   \
	X(EV_STANDING_UNKNOWN, "standing-unknown") /* the target's NF is not there, for long */    \
	X(EV_VERIFY_BAD, "verify-bad")             /* target: digests differ, a row did not fit */ \
	X(EV_FINISH, "finish")                     /* target: peer's Finish */                     \
	X(EV_TRAIL_END, "trail-end")               /* target: peer's TrailEnd */                   \
	X(EV_CLOSE_COMPLETE, "close-complete")     /* target: peer's Close */                      \
	X(EV_CLOSE_DISCARD, "close-discard")                                                       \
	X(EV_QUERY, "query")             /* target: peer's Query */                                \
	X(EV_SOURCE_GONE, "source-gone") /* target: the source's NF is dead */                     \
	X(EV_SOURCE_LEFT, "source-left") /* target: the source will not lead any more */           \
	X(EV_NF_LOST,                                                                              \
	  "nf-lost") /* the local NF is gone; n as for GATE_DONE: its memory is still mapped */    \
	X(EV_JOURNAL_BAD, "journal-bad") /* a stage could not be made durable */                   \
	X(EV_CANCEL, "cancel")                                                                     \
	X(EV_FORCE, "force")       /* the operator takes the risk */                               \
	X(EV_PROTOCOL, "protocol") /* the peer said what makes no sense */                         \
	X(EV_TICK, "tick")         /* time has passed: deadlines, retries */

enum session_event_type {
#define X(NAME, name) NAME,
	SESSION_EVENTS(X)
#undef X
		SESSION_N_EVENTS
};

/* X(NAME, "name") with what the driver does and which event answers. */
#define SESSION_EFFECTS(X)                                                                           \
	X(FX_JOURNAL, "journal")     /* make `arg` (enum session_stage) durable before going on */   \
	X(FX_PEER_OPEN, "peer-open") /* connect, send Open -> OPENED, REFUSED, PEER_LOST */          \
	X(FX_PEER_BEGIN, "peer-begin") /* send Begin -> READY */                                     \
	X(FX_PEER_END,                                                                               \
	  "peer-end") /* hold word HOLDING->END_SENT, then send End -> TAKEN; or RESUMED */          \
	X(FX_PEER_QUERY, "peer-query")   /* connect again, send Query -> STANDING_* */               \
	X(FX_PEER_FINISH, "peer-finish") /* note redirected packets, send Finish -> FINISHED */      \
	X(FX_PEER_CLOSE, "peer-close")   /* send Close, complete = `arg` -> CLOSED */                \
	X(FX_PEER_GONE, "peer-gone")     /* send SourceGone; `arg` 1: nobody leads any more */       \
	X(FX_PEER_ACCEPT, "peer-accept") /* target: send OpenReply, Ready, ... */                    \
	X(FX_PEER_READY, "peer-ready")                                                               \
	X(FX_PEER_TAKEN, "peer-taken")                                                               \
	X(FX_PEER_FINISHED, "peer-finished")                                                         \
	X(FX_PEER_TRAIL_DONE, "peer-trail-done")                                                     \
	X(FX_PEER_CLOSED, "peer-closed")                                                             \
	X(FX_PEER_FAILED, "peer-failed") /* with the reasons so far */                               \
	X(FX_PEER_STANDING,                                                                          \
	  "peer-standing") /* send Standing, state = `arg` (enum session_standing) */                \
	X(FX_STEER_CHECK,                                                                            \
	  "steer-check") /* steering: is the service known, the switch up? ->      \
					    STEERED, STEER_FAILED */                 \
	X(FX_STEER_PREPARE, "steer-prepare")                                                         \
	X(FX_STEER_FLIP,                                                                             \
	  "steer-flip") /* `arg` 1: also if it is fenced, the target has the          \
					  last copy */              \
	X(FX_STEER_QUIET, "steer-quiet")                                                             \
	X(FX_STEER_FENCE,                                                                            \
	  "steer-fence") /* `arg` 1: also if it was flipped, the target has lost     \
					    what it had */               \
	X(FX_STEER_CLEANUP, "steer-cleanup") /* complete = `arg` */                                  \
	X(FX_GATE_WATCH, "gate-watch")       /* source: PASS, watch -> GATE_DONE; then PROBED */     \
	X(FX_GATE_TRACK, "gate-track")       /* source: PASS, watch, track all -> GATE_DONE */       \
	X(FX_GATE_HOLD, "gate-hold") /* source: hold word HOLDING, HOLD -> GATE_DONE, RESUMED */     \
	X(FX_GATE_REDIRECT, "gate-redirect") /* source: hold word TAKEN, REDIRECT -> GATE_DONE */    \
	X(FX_GATE_PASS,                                                                              \
	  "gate-pass") /* PASS without session; source: hold word IDLE -> GATE_DONE */               \
	X(FX_GATE_WIPE, "gate-wipe") /* CLOSED, wipe -> GATE_DONE once empty */                      \
	X(FX_GATE_RECEIVE,                                                                           \
	  "gate-receive")              /* target: RECEIVE, track all -> GATE_DONE, later MARKED */   \
	X(FX_GATE_SERVE, "gate-serve") /* target: SERVE, track none -> GATE_DONE */                  \
	X(FX_GATE_SOURCE_GONE, "gate-source-gone") /* target: rounds need not wait for it */         \
	X(FX_WALK, "walk")                         /* source: slab walk and deltas -> WALKED */      \
	X(FX_DRAIN, "drain")                       /* source: last deltas -> DRAINED, DRAIN_BAD */   \
	X(FX_FENCE_CLAIM,                                                                            \
	  "fence-claim") /* hold word END_SENT->FENCED -> CLAIMED (also when it was FENCED         \
			    before); TAKEN if the agent was first */ \
	X(FX_TRAIL, "trail")   /* source: lazy rows, TrailEnd -> TRAILED */                          \
	X(FX_PROVE, "prove")   /* source: full walk, compare -> PROVED */                            \
	X(FX_VERIFY, "verify") /* target: wait for installs, compare -> VERIFIED, VERIFY_BAD */      \
	X(FX_ROUND, "round")   /* target: request a flush round -> ROUNDED */                        \
	X(FX_MERGE, "merge")   /* target: wait for installs -> MERGED */                             \
	X(FX_DEADLINE, "deadline") /* call with TICK at `arg` (absolute ns; 0: none) */              \
	X(FX_RESULT, "result")     /* session over: session->result, reasons */

enum session_effect_type {
#define X(NAME, name) NAME,
	SESSION_EFFECTS(X)
#undef X
		SESSION_N_EFFECTS
};

/* How far a session was, for the journal. The rest is in the NF's shared memory. */
enum session_stage {
	STAGE_NONE = 0,
	STAGE_PREPARE,  /* source: the switch and the gates may know the session */
	STAGE_HANDOVER, /* source: the hold word tells */
	STAGE_TAKEN,    /* source: forward only */
	STAGE_SETTLE,   /* source: only cleaning is left; the gate tells whether the target knows */
	STAGE_RECEIVE,  /* target: rows may be installed, nothing owned */
	STAGE_OWNER,    /* target: the gate tells: SERVE or PASS is owner, else not */
	STAGE_OVER,
	STAGE_FENCED,  /* source: the target is fenced or about to be; it must be told to discard */
	STAGE_REVERT,  /* source: the same after TAKEN: the target has lost what it had taken */
	STAGE_PARTED,  /* target: it ends the session without the source */
	STAGE_SETTLED, /* target: over; kept to tell the source, should it come back */
};

enum session_standing {
	STANDING_UNKNOWN = 0,
	STANDING_RECEIVING,
	STANDING_OWNER,
	STANDING_CLOSED,
	STANDING_SETTLED,
	STANDING_UNSURE, /* it is not known yet: ask again */
};

enum session_result {
	RESULT_NONE = 0,
	RESULT_COMPLETE,
	RESULT_REFUSED,   /* preflight said no, nothing was touched */
	RESULT_ABORTED,   /* source serves, nothing lost */
	RESULT_TIMED_OUT, /* aborted by a deadline */
	RESULT_CANCELLED, /* aborted by request */
	RESULT_FAILED,    /* something was lost; the reasons say what */
};

struct session_limits {
	uint64_t preflight_ns; /* preflight and prepare, each */
	uint64_t max_hold_ns;  /* downtime budget: first worker stopped until TAKEN or resumed */
	uint64_t query_ns;     /* between two questions where no hold waits; target: to verify */
	uint64_t move_ns;      /* from start until the handover begins */
	uint64_t retry_ns;     /* between two tries of a step that must succeed */
	uint64_t offer_ns;   /* target: how long an accepted offer is kept without Begin or rows */
	uint64_t small_rows; /* a backlog that never needs to shrink further */
	uint64_t
		catch_up_ns; /* how long the rest may not fit the budget before the move is undone */
	uint64_t settle_ns;  /* clean-up that takes longer than this may be given up */
	uint64_t source_gone_ns; /* target: owner for so long without the source, it ends the
				    session by itself; 0: never */
};

#define SESSION_LIMITS_DEFAULT                                 \
	((struct session_limits){.preflight_ns = 12000000000u, \
				 .max_hold_ns = 10000000u,     \
				 .query_ns = 500000000u,       \
				 .move_ns = 600000000000u,     \
				 .retry_ns = 200000000u,       \
				 .offer_ns = 30000000000u,     \
				 .small_rows = 64,             \
				 .catch_up_ns = 30000000000u,  \
				 .settle_ns = 10000000000u,    \
				 .source_gone_ns = 600000000000u})

struct session_event {
	enum session_event_type type;
	uint64_t now_ns;
	uint64_t n;           /* as the event says */
	uint64_t rows;        /* BACKLOG: rows left */
	uint64_t hold_ns;     /* BACKLOG: the hold, were it to begin now (forecast.h); 0 unknown */
	uint64_t distance_ns; /* BACKLOG: of that the part that never varies; 0 unknown */
	uint32_t reason;      /* slim.v1.ReasonCode for what went wrong; 0: the event's own */
};

struct session_effect {
	enum session_effect_type type;
	uint64_t arg;
};

#define SESSION_MAX_EFFECTS 32u
struct session_effects {
	size_t n;
	struct session_effect list[SESSION_MAX_EFFECTS];
};

struct session {
	uint64_t id;
	enum session_state state;
	uint64_t facts; /* bit 1 << event: facts that came in this state */
	bool is_source;
	bool dry_run;
	bool no_steering; /* no controller: steering facts hold by themselves */
	bool nf_gone;     /* the local NF is lost: gate facts hold by themselves */
	bool peer_gone;   /* the peer is not connected */
	bool peer_forgot; /* the peer does not know the session any more */
	bool parted;      /* target: ended without the source */
	bool asked_flip;  /* target: the controller was asked to flip, and has not refused */
	bool rules_left;  /* DONE: the controller did not clean up */
	bool fenced;      /* the target was fenced: it must be told to discard */
	bool started;     /* EV_START was seen */
	uint32_t reason;  /* slim.v1.ReasonCode of the first trouble; 0 none */
	uint64_t lost;    /* packets lost to configured limits, both sides */
	enum session_result
		result; /* RESULT_NONE until DONE; before that what it will be is in `verdict` */
	enum session_result verdict;
	uint64_t entered_ns; /* when the state was entered, the last time */
	uint64_t since_ns;   /* when it was entered from another state */
	uint64_t started_ns;
	uint64_t peer_lost_ns;     /* target: since when the source is not connected */
	uint64_t held_ns;          /* when HOLDING was entered */
	uint64_t deadline_ns;      /* of the state; 0 none */
	uint64_t expected_hold_ns; /* from the last BACKLOG */
	uint64_t hold_margin_ns;   /* and what it needs beside that */
	struct session_limits limits;
};

/* Begins a session. The source's first event is EV_START; the target's, after its
 * own checks have accepted an Open, too. */
void session_init_source(struct session *s, uint64_t id, bool dry_run,
			 const struct session_limits *limits);
void session_init_target(struct session *s, uint64_t id, const struct session_limits *limits);

/* What the NF's memory says after a restart of the daemon. It outranks the journal. */
struct session_memory {
	bool is_there; /* false: the NF is gone, another process stands under its name, or it works
			  for another session */
	bool is_ours;  /* its last command names this session */
	uint32_t hold_word; /* enum slim_hold_word */
	uint32_t mode;      /* enum slim_gate_mode of the last command */
	uint64_t lost;      /* from the journal: packets that the peer has named as lost */
	uint32_t
		failed; /* from the journal: why the result can only be failed; 0: it can be better */
};

/* Takes up a session after a restart of the daemon: `stage` as the journal says (STAGE_NONE: it says
 * nothing). The effects of the state that it finds are appended to `effects`. */
void session_restore(struct session *s, uint64_t id, bool is_source, enum session_stage stage,
		     const struct session_memory *memory, const struct session_limits *limits,
		     uint64_t now_ns, struct session_effects *effects);

/* What a hold needs beside its forecast. What is queued, here or on the way, may take twice as long as it did, how far the
 * peer is does not change; and an eighth of the budget is for threads that wait for their turn. */
uint64_t session_hold_margin_ns(const struct session *s, uint64_t hold_ns, uint64_t distance_ns);

/* Nothing is queued anywhere, and a round trip takes so long. False: no hold will ever begin. */
bool session_can_hold(const struct session *s, uint64_t distance_ns);

/* Would EV_BACKLOG with these rows, this forecast and this time begin the hold? */
bool session_would_hold(const struct session *s, const struct session_event *backlog);

/* One event. `effects` is overwritten. After SESSION_DONE every event is ignored. */
void session_step(struct session *s, const struct session_event *event,
		  struct session_effects *effects);

const char *session_state_name(enum session_state state);
const char *session_state_phase(enum session_state state);
const char *session_event_name(enum session_event_type event);
const char *session_effect_name(enum session_effect_type effect);
const char *session_result_name(enum session_result result);

/* Has TAKEN been seen, so that there is no way back? */
bool session_is_forward(const struct session *s);

/* Facts that the state still waits for: bits 1 << event. */
uint64_t session_missing(const struct session *s);

/* Would this event, without numbers, do anything now? */
bool session_accepts(const struct session *s, enum session_event_type event, uint64_t now_ns);

/* What FORCE does in this state and what it risks, for people; "": it risks nothing. */
const char *session_risk(const struct session *s);

/* What can be done where a CANCEL does nothing, for people. The risk of a FORCE goes behind it. */
const char *session_advice(const struct session *s);

/* Writes the state table as text, for the documentation and for its test. Returns the length
 * as snprintf does. */
size_t session_print_diagram(char *buffer, size_t size);

#endif
