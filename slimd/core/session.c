/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session's state machine. Two tables say everything: `states` (what a state
 * does, waits for and leads to) and `edges` (what else can happen in it).
 * No thread, no clock, no memory of its own beyond struct session.
 */
#include "session.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reasons.h"
#include "slim_shm.h"

#define FACT(event) (UINT64_C(1) << (event))
#define IN(state) (UINT64_C(1) << (state))

/* The two tables. Only tests/mutations says something else. */
#ifndef SESSION_TABLE
#define SESSION_TABLE static const
#endif

_Static_assert(SESSION_N_EVENTS <= 64 && SESSION_N_STATES <= 64, "sets are 64-bit masks");

/* ---- names ------------------------------------------------------------------ */

const char *
session_state_name(enum session_state state)
{
	static const char *const names[] = {
#define X(NAME, name, phase) [NAME] = name,
		SESSION_STATES(X)
#undef X
	};
	return (unsigned)state < SESSION_N_STATES ? names[state] : "?";
}

const char *
session_state_phase(enum session_state state)
{
	static const char *const phases[] = {
#define X(NAME, name, phase) [NAME] = phase,
		SESSION_STATES(X)
#undef X
	};
	return (unsigned)state < SESSION_N_STATES ? phases[state] : "?";
}

const char *
session_event_name(enum session_event_type event)
{
	static const char *const names[] = {
#define X(NAME, name) [NAME] = name,
		SESSION_EVENTS(X)
#undef X
	};
	return (unsigned)event < SESSION_N_EVENTS ? names[event] : "?";
}

const char *
session_effect_name(enum session_effect_type effect)
{
	static const char *const names[] = {
#define X(NAME, name) [NAME] = name,
		SESSION_EFFECTS(X)
#undef X
	};
	return (unsigned)effect < SESSION_N_EFFECTS ? names[effect] : "?";
}

const char *
session_result_name(enum session_result result)
{
	static const char *const names[] = {
		[RESULT_NONE] = "none",           [RESULT_COMPLETE] = "complete",
		[RESULT_REFUSED] = "refused",     [RESULT_ABORTED] = "aborted",
		[RESULT_TIMED_OUT] = "timed-out", [RESULT_CANCELLED] = "cancelled",
		[RESULT_FAILED] = "failed",
	};
	return (unsigned)result <= RESULT_FAILED ? names[result] : "?";
}

/* ---- effects ------------------------------------------------------------------ */

static void
effect_add(struct session_effects *fx, enum session_effect_type type, uint64_t arg)
{
	assert(fx->n < SESSION_MAX_EFFECTS);
	fx->list[fx->n++] = (struct session_effect){.type = type, .arg = arg};
}

/* ---- states --------------------------------------------------------------------- */

/* What bounds the stay in a state. */
enum limit {
	LIMIT_NONE,
	LIMIT_PREFLIGHT,
	LIMIT_MOVE,   /* counted from the start of the session */
	LIMIT_HOLD,   /* counted from the start of the hold */
	LIMIT_ANSWER, /* the same, or how long to wait before asking again when no hold waits */
	LIMIT_QUERY,
	LIMIT_SETTLE,
	LIMIT_OFFER,
	LIMIT_SOURCE, /* counted from the loss of the source */
};

struct state_entry {
	enum session_effect_type type;
	uint64_t arg;
};

#define MAX_ENTRY 4
struct state_spec {
	uint64_t needs; /* facts; when the last has come: next */
	enum session_state next;
	enum limit limit;
	uint64_t early; /* facts that may come already now; they count in the next state */
	uint8_t n_entry;
	uint8_t n_exit;
	struct state_entry entry[MAX_ENTRY]; /* effects on entry, in order */
	struct state_entry exit[2];          /* effects when left by `next` */
};

#define EARLY(facts) .early = (facts)
#define ENTRY(...)                                                                           \
	.n_entry = sizeof((struct state_entry[]){__VA_ARGS__}) / sizeof(struct state_entry), \
	.entry = {__VA_ARGS__}
#define EXIT(...)                                                                           \
	.n_exit = sizeof((struct state_entry[]){__VA_ARGS__}) / sizeof(struct state_entry), \
	.exit = {__VA_ARGS__}
#define GO(effect)          \
	{                   \
		(effect), 0 \
	}

SESSION_TABLE struct state_spec states[SESSION_N_STATES] = {
	[SOURCE_OPENING] = {FACT(EV_OPENED), SOURCE_CHECKING, LIMIT_PREFLIGHT,
			    ENTRY(GO(FX_PEER_OPEN))},
	[SOURCE_CHECKING] = {FACT(EV_STEERED), SOURCE_PREPARING, LIMIT_PREFLIGHT,
			     ENTRY(GO(FX_STEER_CHECK))},
	[SOURCE_DISMISSING] = {FACT(EV_CLOSED), SESSION_DONE, LIMIT_PREFLIGHT,
			       ENTRY({FX_PEER_CLOSE, false})},
	[SOURCE_PREPARING] = {FACT(EV_STEERED), SOURCE_ARMING, LIMIT_PREFLIGHT,
			      ENTRY({FX_JOURNAL, STAGE_PREPARE}, GO(FX_STEER_PREPARE))},
	[SOURCE_ARMING] = {FACT(EV_GATE_DONE) | FACT(EV_READY) | FACT(EV_PROBED), SOURCE_TRACKING,
			   LIMIT_PREFLIGHT, ENTRY(GO(FX_GATE_WATCH), GO(FX_PEER_BEGIN))},
	[SOURCE_TRACKING] = {FACT(EV_GATE_DONE), SOURCE_COPYING, LIMIT_MOVE,
			     ENTRY(GO(FX_GATE_TRACK))},
	[SOURCE_COPYING] = {FACT(EV_WALKED), SOURCE_CATCHING_UP, LIMIT_MOVE, ENTRY(GO(FX_WALK))},
	/* Left by EV_BACKLOG. The journal is written before the hold begins: a disk has no place in
	 * it. While the hold word is IDLE this stage means the same as the one before. */
	[SOURCE_CATCHING_UP] = {0, SOURCE_HOLDING, LIMIT_MOVE, ENTRY({FX_JOURNAL, STAGE_HANDOVER})},
	[SOURCE_HOLDING] = {FACT(EV_GATE_DONE), SOURCE_DRAINING, LIMIT_HOLD,
			    ENTRY(GO(FX_GATE_HOLD))},
	[SOURCE_DRAINING] = {FACT(EV_DRAINED), SOURCE_ENDED, LIMIT_HOLD, ENTRY(GO(FX_DRAIN))},
	[SOURCE_ENDED] = {FACT(EV_TAKEN), SOURCE_STEERING, LIMIT_HOLD, ENTRY(GO(FX_PEER_END))},
	[SOURCE_QUERYING] = {FACT(EV_TAKEN), SOURCE_STEERING, LIMIT_ANSWER,
			     ENTRY(GO(FX_PEER_QUERY))},
	/* Nobody answers: claim the buckets, then fence. */
	[SOURCE_CLAIMING] = {FACT(EV_CLAIMED), SOURCE_FENCING, LIMIT_NONE,
			     ENTRY(GO(FX_FENCE_CLAIM))},
	/* The target says that it owns nothing. Its data path may have said TAKEN before its
	 * NF died, so the claim decides; there is nobody to fence. */
	[SOURCE_RECLAIMING] = {FACT(EV_CLAIMED), SOURCE_UNDOING, LIMIT_NONE,
			       ENTRY(GO(FX_FENCE_CLAIM))},
	/* Told and fenced at once: what is answered first ends the hold. The hold word says already
	 * what the journal will, so the disk is waited for last. */
	[SOURCE_FENCING] = {FACT(EV_STEERED), SOURCE_UNDOING, LIMIT_NONE,
			    ENTRY({FX_PEER_CLOSE, false}, GO(FX_STEER_FENCE),
				  {FX_JOURNAL, STAGE_FENCED})},
	[SOURCE_STEERING] = {FACT(EV_GATE_DONE) | FACT(EV_STEERED), SOURCE_QUIETING, LIMIT_NONE,
			     ENTRY(GO(FX_GATE_REDIRECT), {FX_JOURNAL, STAGE_TAKEN},
				   GO(FX_STEER_FLIP))},
	[SOURCE_QUIETING] = {FACT(EV_STEERED), SOURCE_FINISHING, LIMIT_NONE,
			     ENTRY(GO(FX_STEER_QUIET))},
	[SOURCE_FINISHING] = {FACT(EV_FINISHED), SOURCE_TRAILING, LIMIT_NONE,
			      ENTRY(GO(FX_PEER_FINISH))},
	[SOURCE_TRAILING] = {FACT(EV_TRAILED) | FACT(EV_PROVED), SOURCE_CLOSING, LIMIT_NONE,
			     ENTRY(GO(FX_PROVE), GO(FX_TRAIL))},
	/* The target still runs rounds: the source answers them until it hears that the target's
	 * gate is open. */
	[SOURCE_CLOSING] = {FACT(EV_CLOSED), SOURCE_SETTLING, LIMIT_NONE,
			    ENTRY({FX_JOURNAL, STAGE_SETTLE}, {FX_PEER_CLOSE, true})},
	[SOURCE_SETTLING] = {FACT(EV_GATE_DONE) | FACT(EV_STEERED), SESSION_DONE, LIMIT_SETTLE,
			     ENTRY(GO(FX_GATE_WIPE), {FX_STEER_CLEANUP, true})},
	/* The target has lost what it had taken (its NF died). Better the state as of the
	 * handover than none: the source serves again, and the result is `failed`. */
	[SOURCE_REVERTING] = {FACT(EV_STEERED), SOURCE_UNDOING, LIMIT_NONE,
			      ENTRY({FX_JOURNAL, STAGE_REVERT}, {FX_STEER_FENCE, true})},
	/* First the source serves again; then the rest is told. */
	[SOURCE_UNDOING] = {FACT(EV_GATE_DONE) | FACT(EV_STEERED) | FACT(EV_CLOSED), SESSION_DONE,
			    LIMIT_SETTLE,
			    ENTRY(GO(FX_GATE_PASS), {FX_PEER_CLOSE, false},
				  {FX_STEER_CLEANUP, false})},

	[TARGET_OFFERED] = {FACT(EV_BEGIN), TARGET_ARMING, LIMIT_OFFER, ENTRY(GO(FX_PEER_ACCEPT))},
	[TARGET_ARMING] = {FACT(EV_GATE_DONE), TARGET_RECEIVING, LIMIT_PREFLIGHT,
			   ENTRY({FX_JOURNAL, STAGE_RECEIVE}, GO(FX_GATE_RECEIVE))},
	[TARGET_RECEIVING] = {FACT(EV_END), TARGET_VERIFYING, LIMIT_NONE, EARLY(FACT(EV_MARKED)),
			      ENTRY(GO(FX_PEER_READY))},
	[TARGET_VERIFYING] = {FACT(EV_VERIFIED) | FACT(EV_MARKED), TARGET_TAKING, LIMIT_QUERY,
			      ENTRY(GO(FX_VERIFY))},
	[TARGET_TAKING] = {FACT(EV_GATE_DONE), TARGET_SERVING, LIMIT_NONE, ENTRY(GO(FX_GATE_SERVE)),
			   EXIT(GO(FX_PEER_TAKEN), {FX_JOURNAL, STAGE_OWNER})},
	[TARGET_SERVING] = {0, TARGET_SERVING, LIMIT_SOURCE},
	[TARGET_ROUNDING] = {FACT(EV_ROUNDED), TARGET_SERVING, LIMIT_SOURCE, ENTRY(GO(FX_ROUND)),
			     EXIT(GO(FX_PEER_FINISHED))},
	[TARGET_MERGING] = {FACT(EV_MERGED), TARGET_SERVING, LIMIT_SOURCE, ENTRY(GO(FX_MERGE)),
			    EXIT(GO(FX_PEER_TRAIL_DONE))},
	/* The source does not come back: its part of the way forward, from here. */
	[TARGET_ADOPTING] = {FACT(EV_STEERED), TARGET_QUIETING, LIMIT_NONE,
			     ENTRY(GO(FX_STEER_FLIP))},
	[TARGET_QUIETING] = {FACT(EV_STEERED), TARGET_PARTING, LIMIT_NONE,
			     ENTRY(GO(FX_STEER_QUIET))},
	[TARGET_PARTING] = {FACT(EV_ROUNDED), TARGET_LEAVING, LIMIT_NONE, ENTRY(GO(FX_ROUND))},
	[TARGET_LEAVING] = {FACT(EV_GATE_DONE) | FACT(EV_STEERED), SESSION_DONE, LIMIT_SETTLE,
			    ENTRY({FX_JOURNAL, STAGE_PARTED}, GO(FX_GATE_PASS),
				  {FX_STEER_CLEANUP, true})},
	[TARGET_SETTLING] = {FACT(EV_GATE_DONE), SESSION_DONE, LIMIT_NONE, ENTRY(GO(FX_GATE_PASS))},
	[TARGET_DISCARDING] = {FACT(EV_GATE_DONE), SESSION_DONE, LIMIT_NONE,
			       ENTRY(GO(FX_GATE_WIPE))},
	[SESSION_DONE] = {0, SESSION_DONE, LIMIT_NONE,
			  ENTRY({FX_JOURNAL, STAGE_OVER}, GO(FX_RESULT))},
};

/* ---- groups of states ------------------------------------------------------------- */

/* Source, nothing touched yet. */
#define S_PREFLIGHT (IN(SOURCE_OPENING) | IN(SOURCE_CHECKING))
/* Source, END not sent: it can undo at any moment. */
#define S_EARLY                                                                                \
	(IN(SOURCE_PREPARING) | IN(SOURCE_ARMING) | IN(SOURCE_TRACKING) | IN(SOURCE_COPYING) | \
	 IN(SOURCE_CATCHING_UP) | IN(SOURCE_HOLDING) | IN(SOURCE_DRAINING))
/* Source, END sent, no word of TAKEN. */
#define S_UNSURE (IN(SOURCE_ENDED) | IN(SOURCE_QUERYING))
/* Source, claiming the buckets back. */
#define S_CLAIM (IN(SOURCE_CLAIMING) | IN(SOURCE_RECLAIMING))
/* Source, waiting until the switch lets nothing of the target pass. */
#define S_FENCE (IN(SOURCE_FENCING) | IN(SOURCE_REVERTING))
/* Source, going back. */
#define S_BACK (S_CLAIM | S_FENCE | IN(SOURCE_UNDOING))
/* Source, the target owns and the source still has its frozen copy. */
#define S_FROZEN                                                                                  \
	(IN(SOURCE_STEERING) | IN(SOURCE_QUIETING) | IN(SOURCE_FINISHING) | IN(SOURCE_TRAILING) | \
	 IN(SOURCE_CLOSING))
/* Source, the target owns. */
#define S_FORWARD (S_FROZEN | IN(SOURCE_SETTLING))
/* Target, owns nothing. */
#define T_EARLY (IN(TARGET_ARMING) | IN(TARGET_RECEIVING))
/* Target, END is here: it takes over, whether the peer stream lives or not. */
#define T_LATE (IN(TARGET_VERIFYING) | IN(TARGET_TAKING))
/* Target, going back to an ordinary NF. */
#define T_LAST (IN(TARGET_SETTLING) | IN(TARGET_DISCARDING) | IN(TARGET_LEAVING))
/* Target, owner, under the lead of the source. */
#define T_LED (IN(TARGET_SERVING) | IN(TARGET_ROUNDING) | IN(TARGET_MERGING))
/* Target, owner, the source is given up; when it comes back it leads again. */
#define T_ALONE (IN(TARGET_ADOPTING) | IN(TARGET_QUIETING) | IN(TARGET_PARTING))
/* Target, owner. */
#define T_OWNER (T_LED | T_ALONE)
/* States whose entry sends to the peer: said again when it comes back. */
#define S_RESEND (IN(SOURCE_FINISHING) | IN(SOURCE_TRAILING) | IN(SOURCE_CLOSING))
/* What is left is cleaning up, here and at the controller. */
#define LAST (IN(SOURCE_SETTLING) | IN(SOURCE_UNDOING) | T_LAST)
/* Any state of a session that is under way. */
#define ANY (IN(SESSION_DONE) - 1u)

bool
session_is_forward(const struct session *s)
{
	return (IN(s->state) & S_FORWARD) != 0;
}

/* A fenced target that was not told to discard believes that it owns. */
static bool
is_told(const struct session *s)
{
	return !s->fenced || s->peer_forgot || (s->facts & FACT(EV_CLOSED)) != 0;
}

/* A fence stays where it is until the target has heard: should the source's NF die before that, the
 * target's copy is the last one, and only this session can lift the fence. */
static bool
keeps_fence(const struct session *s)
{
	return s->state == SOURCE_UNDOING && s->fenced && !s->peer_forgot;
}

const char *
session_risk(const struct session *s)
{
	if (IN(s->state) & (S_UNSURE | S_CLAIM | S_FENCE))
		return s->nf_gone
			       ? "the source's NF is gone: the session is given up, and the target "
				 "may own or not"
			       : "the source serves again without a proof that the target does "
				 "not: two may serve";
	if (s->state == SOURCE_CLOSING && !s->nf_gone)
		return "the source gives its copy away, and does not know whether the target is "
		       "through: a target that is not reached while this NF lives must be ended by "
		       "force, too";
	if (IN(s->state) & S_FROZEN)
		return s->nf_gone
			       ? "nobody leads the target: it goes on alone, what the source had "
				 "counted is lost"
			       : "the source takes back the state of the handover: what the target "
				 "has changed and counted since is lost";
	if (IN(s->state) & T_OWNER)
		return "this instance serves from now on, whatever the source does: two may serve, "
		       "what the source had counted is lost";
	if (s->state == TARGET_TAKING)
		return "this instance discards what it was about to take over: the source must be "
		       "there to serve";
	if ((IN(s->state) & LAST) && !is_told(s))
		return "the fenced target is not told: it may believe that it owns";
	if (IN(s->state) & LAST)
		return "rules of the session may be left on the switch, and its NF's gate on the "
		       "way";
	return "";
}

const char *
session_advice(const struct session *s)
{
	if (IN(s->state) & (S_UNSURE | S_CLAIM | S_FENCE))
		return "who owns is being decided; by force ";
	if (s->state == SOURCE_CLOSING)
		return "the target must say that it is through; a cancel ends this without it once "
		       "it "
		       "has been away for a while; by force ";
	if (IN(s->state) & S_FROZEN)
		return "the target owns, the move can only go forward; by force ";
	if (IN(s->state) & T_OWNER)
		return "the source leads, cancel it there; by force ";
	if (s->state == TARGET_TAKING)
		return "the target is taking over; by force ";
	return "it is ending already, and waits for the gate, the peer or the controller; by "
	       "force ";
}

/* ---- entering a state ---------------------------------------------------------------- */

static uint64_t
state_deadline(const struct session *s, enum limit limit)
{
	switch (limit) {
	case LIMIT_PREFLIGHT:
		return s->entered_ns + s->limits.preflight_ns;
	case LIMIT_MOVE:
		return s->started_ns + s->limits.move_ns;
	case LIMIT_HOLD:
		return s->held_ns + s->limits.max_hold_ns;
	case LIMIT_ANSWER:
		if (!s->nf_gone && !s->no_steering)
			return s->held_ns + s->limits.max_hold_ns;
		return s->entered_ns + s->limits.query_ns;
	case LIMIT_QUERY:
		return s->entered_ns + s->limits.query_ns;
	case LIMIT_SETTLE:
		return s->entered_ns + s->limits.settle_ns;
	case LIMIT_OFFER:
		return s->entered_ns + s->limits.offer_ns;
	case LIMIT_SOURCE:
		if (s->peer_gone && s->limits.source_gone_ns != 0)
			return s->peer_lost_ns + s->limits.source_gone_ns;
		break;
	case LIMIT_NONE:
		break;
	}
	return 0;
}

/* Facts that hold by themselves because the part that would report them is not there. */
static uint64_t
facts_granted(const struct session *s)
{
	uint64_t facts = 0;

	if (s->no_steering)
		facts |= FACT(EV_STEERED);
	if (s->nf_gone)
		facts |= FACT(EV_GATE_DONE) | FACT(EV_PROVED) | FACT(EV_CLAIMED);
	if (s->peer_forgot)
		facts |= FACT(EV_FINISHED) | FACT(EV_TRAILED) | FACT(EV_CLOSED);
	/* A target that owns nothing discards by itself when it loses the source. Only
	 * a fenced one must be told. */
	if (s->peer_gone && s->state == SOURCE_UNDOING && !s->fenced)
		facts |= FACT(EV_CLOSED);
	return facts;
}

static bool
effect_is_steering(enum session_effect_type type)
{
	return type >= FX_STEER_CHECK && type <= FX_STEER_CLEANUP;
}

static bool
effect_is_gate(enum session_effect_type type)
{
	return type >= FX_GATE_WATCH && type <= FX_GATE_SOURCE_GONE;
}

static bool
effect_is_wanted(const struct session *s, enum session_effect_type type)
{
	if (effect_is_steering(type) && (s->no_steering || keeps_fence(s)))
		return false;
	return !s->nf_gone || (!effect_is_gate(type) && type != FX_FENCE_CLAIM);
}

/* What the session comes to, if nothing more happens. */
static void
settle_verdict(struct session *s)
{
	if (s->verdict != RESULT_COMPLETE)
		return;
	if ((IN(s->state) & (IN(SOURCE_UNDOING) | IN(TARGET_DISCARDING))) == 0)
		return;
	s->verdict = RESULT_ABORTED;
	if (s->reason == REASON_DEADLINE)
		s->verdict = RESULT_TIMED_OUT;
	if (s->reason == REASON_CANCELLED)
		s->verdict = RESULT_CANCELLED;
}

/* `complete` and `aborted` promise that nothing was lost. */
static void
conclude(struct session *s)
{
	s->result = s->verdict;
	if (s->lost != 0) {
		s->result = RESULT_FAILED;
		if (s->reason == 0)
			s->reason = REASON_HOLD_OVERFLOW;
	}
	if (s->result == RESULT_COMPLETE)
		s->reason = 0;
}

/* The target ends the session without the source, and remembers it. */
static void
part(struct session *s)
{
	s->parted = true;
	s->verdict = RESULT_FAILED;
	if (s->reason == 0)
		s->reason = REASON_PEER_LOST;
}

static uint64_t
entry_arg(const struct session *s, const struct state_entry *entry)
{
	if (entry->type == FX_JOURNAL && entry->arg == STAGE_OVER && s->parted)
		return STAGE_SETTLED;
	/* The target is known to own: nobody else has a copy, whatever was fenced before. */
	if (entry->type == FX_STEER_FLIP)
		return s->is_source && s->nf_gone;
	return entry->arg;
}

/* Only the controller's clean-up is missing, and it is not waited for any more. */
static bool
leaves_rules(const struct session *s)
{
	return (IN(s->state) & LAST) != 0 && (session_missing(s) & FACT(EV_STEERED)) != 0;
}

static void
enter(struct session *s, enum session_state state, uint64_t now_ns, struct session_effects *fx)
{
	const struct state_spec *spec = &states[state];
	size_t i;

	if (state == SESSION_DONE)
		s->rules_left = leaves_rules(s);
	s->facts = s->state != state ? s->facts & states[s->state].early : 0;
	if (s->state != state)
		s->since_ns = now_ns;
	s->state = state;
	s->entered_ns = now_ns;
	if (state == SOURCE_HOLDING)
		s->held_ns = now_ns;
	s->deadline_ns = state_deadline(s, spec->limit);
	if (IN(state) & S_FENCE)
		s->fenced = true;
	if (state == SOURCE_STEERING)
		s->fenced = false;
	if (state == TARGET_LEAVING)
		part(s);
	if (state == TARGET_ADOPTING)
		s->asked_flip = true;
	settle_verdict(s);
	if (state == SESSION_DONE)
		conclude(s);
	for (i = 0; i < spec->n_entry; i++) {
		if (effect_is_wanted(s, spec->entry[i].type))
			effect_add(fx, spec->entry[i].type, entry_arg(s, &spec->entry[i]));
	}
	if (state == SOURCE_STEERING && s->nf_gone)
		effect_add(fx, FX_PEER_GONE, false);
	/* Only now: what was answered is never asked about again after a restart. */
	if (state == SESSION_DONE && !s->is_source && s->parted) /* it has discarded nothing */
		effect_add(fx, FX_PEER_STANDING, STANDING_SETTLED);
	else if (state == SESSION_DONE && !s->is_source)
		effect_add(fx, FX_PEER_CLOSED, 0);
	effect_add(fx, FX_DEADLINE, s->deadline_ns);
}

/* ---- edges ------------------------------------------------------------------------------ */

typedef bool guard_fn(const struct session *s, const struct session_event *e);
typedef void action_fn(struct session *s, const struct session_event *e,
		       struct session_effects *fx);

static bool
guard_differs(const struct session *s, const struct session_event *e)
{
	(void)s;
	return e->n != 0;
}

uint64_t
session_hold_margin_ns(const struct session *s, uint64_t hold_ns, uint64_t distance_ns)
{
	uint64_t least_ns = s->limits.max_hold_ns / 8;
	uint64_t varies_ns = hold_ns > distance_ns ? hold_ns - distance_ns : 0;

	return varies_ns > least_ns ? varies_ns : least_ns;
}

static bool
hold_fits(const struct session *s, uint64_t hold_ns, uint64_t distance_ns)
{
	return hold_ns <= s->limits.max_hold_ns &&
	       session_hold_margin_ns(s, hold_ns, distance_ns) <= s->limits.max_hold_ns - hold_ns;
}

bool
session_can_hold(const struct session *s, uint64_t distance_ns)
{
	return hold_fits(s, distance_ns, distance_ns);
}

/* The budget is a promise: a hold that cannot be expected to end well within it does not begin.
 * Waits long enough for all rows to be sent, and does not wait for ever when the NF changes slots
 * as fast as the link takes them: then the budget alone decides. */
static bool
guard_fits(const struct session *s, const struct session_event *e)
{
	uint64_t patience_ns = s->limits.max_hold_ns * 4;

	if (e->hold_ns == 0 || !hold_fits(s, e->hold_ns, e->distance_ns))
		return false;
	return e->rows <= s->limits.small_rows || e->now_ns - s->entered_ns > patience_ns;
}

bool
session_would_hold(const struct session *s, const struct session_event *backlog)
{
	return s->state == SOURCE_CATCHING_UP && guard_fits(s, backlog);
}

/* It did not fit for so long that it will not. */
static bool
guard_hopeless(const struct session *s, const struct session_event *e)
{
	return e->now_ns - s->entered_ns >= s->limits.catch_up_ns;
}

static bool
guard_overdue(const struct session *s, const struct session_event *e)
{
	return s->deadline_ns != 0 && e->now_ns >= s->deadline_ns;
}

static uint64_t
age_ns(const struct session *s, const struct session_event *e)
{
	return e->now_ns - s->since_ns;
}

static bool
gate_is_done(const struct session *s)
{
	return s->nf_gone || (s->facts & FACT(EV_GATE_DONE)) != 0;
}

/* Only clean-up is left, and the operator says that the peer or the controller that it needs
 * will not come back. The gate comes first: a session is never over before its NF is
 * in order. */
static bool
guard_given_up(const struct session *s, const struct session_event *e)
{
	return gate_is_done(s) && age_ns(s, e) >= s->limits.settle_ns;
}

static bool
is_late(const struct session *s, const struct session_event *e)
{
	return is_told(s) && guard_given_up(s, e);
}

/* The controller does not clean up, and says so: it will not do so tomorrow. */
static bool
guard_left_refused(const struct session *s, const struct session_event *e)
{
	return is_late(s, e) && e->reason != REASON_STEERING_UNREACHABLE &&
	       e->reason != REASON_STEERING_SLOW && e->reason != REASON_DEADLINE;
}

/* A controller that is not there is waited for as long as the move may last. */
static bool
guard_left_over(const struct session *s, const struct session_event *e)
{
	bool steered = s->no_steering || (s->facts & FACT(EV_STEERED)) != 0;

	return guard_overdue(s, e) && is_late(s, e) &&
	       (steered || e->now_ns - s->started_ns >= s->limits.move_ns);
}

/* The target does not answer, and the source is asked to end all the same. */
static bool
guard_alone(const struct session *s, const struct session_event *e)
{
	return s->peer_gone && age_ns(s, e) >= s->limits.settle_ns;
}

static bool
guard_peer_gone(const struct session *s, const struct session_event *e)
{
	(void)e;
	return s->peer_gone;
}

static bool
guard_nf_gone(const struct session *s, const struct session_event *e)
{
	(void)e;
	return s->nf_gone;
}

static bool
guard_nf_here(const struct session *s, const struct session_event *e)
{
	(void)e;
	return !s->nf_gone;
}

/* The source NF is gone and the target does not say whether it owns. By then a target that owns has
 * gone on alone. */
static bool
guard_abandoned(const struct session *s, const struct session_event *e)
{
	uint64_t patience_ns = s->limits.source_gone_ns;

	return guard_overdue(s, e) && s->nf_gone && patience_ns != 0 &&
	       age_ns(s, e) >= patience_ns + s->limits.settle_ns;
}

/* A fence helps only who can serve, and needs somebody who lays it. */
static bool
guard_fence_is_no_use(const struct session *s, const struct session_event *e)
{
	return guard_overdue(s, e) && (s->nf_gone || s->no_steering);
}

static bool
guard_fence_helps(const struct session *s, const struct session_event *e)
{
	(void)e;
	return !s->nf_gone && !s->no_steering;
}

/* The switch was flipped by the target, which went on alone: it owns. */
static bool
guard_flipped(const struct session *s, const struct session_event *e)
{
	(void)s;
	return e->reason == REASON_STEERING_FLIPPED;
}

static bool
guard_keeps_fence(const struct session *s, const struct session_event *e)
{
	(void)e;
	return keeps_fence(s);
}

/* Nobody will tell the target any more: the rules may go. */
static bool
guard_fence_given_up(const struct session *s, const struct session_event *e)
{
	return keeps_fence(s) && guard_given_up(s, e);
}

/* The target may own, and was not heard to discard. */
static bool
guard_last_copy(const struct session *s, const struct session_event *e)
{
	(void)e;
	return s->fenced && !s->peer_forgot;
}

/* The source still has its NF, and has not tried before. */
static bool
guard_can_revert(const struct session *s, const struct session_event *e)
{
	(void)e;
	return !s->nf_gone && !s->peer_forgot;
}

static bool
guard_refused(const struct session *s, const struct session_event *e)
{
	(void)s;
	return e->reason == 0 || e->reason == REASON_STEERING_REFUSED;
}

/* It has asked for the switch and was not refused: the switch may lead to it, whatever its state says now. */
static bool
guard_may_lead(const struct session *s, const struct session_event *e)
{
	(void)e;
	return s->asked_flip && !s->no_steering;
}

/* Going back is fenced, so it is safe also where the target may have been through. */
static bool
guard_can_fence_back(const struct session *s, const struct session_event *e)
{
	return guard_can_revert(s, e) && !s->no_steering;
}

static bool
guard_source_gone(const struct session *s, const struct session_event *e)
{
	return guard_overdue(s, e) && s->peer_gone;
}

static bool
guard_fenced(const struct session *s, const struct session_event *e)
{
	(void)e;
	return s->fenced;
}

static void
act_complain(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	static const uint32_t own[SESSION_N_EVENTS] = {
		[EV_REFUSED] = REASON_TARGET_BUSY,
		[EV_STEER_FAILED] = REASON_STEERING_REFUSED,
		[EV_DRAIN_BAD] = REASON_INTERNAL,
		[EV_RESUMED] = REASON_DEADLINE,
		[EV_PEER_FAILED] = REASON_DIGEST,
		[EV_PEER_LOST] = REASON_PEER_LOST,
		[EV_STANDING_NONE] = REASON_PEER_LOST,
		[EV_VERIFY_BAD] = REASON_DIGEST,
		[EV_CLOSE_DISCARD] = REASON_CANCELLED,
		[EV_NF_LOST] = REASON_NF_LOST,
		[EV_CANCEL] = REASON_CANCELLED,
		[EV_PROTOCOL] = REASON_PROTOCOL,
		[EV_TICK] = REASON_DEADLINE,
		[EV_PROVED] = REASON_PROOF,
		[EV_TAKEN] = REASON_NF_LOST,
		[EV_STANDING_SETTLED] = REASON_PEER_LOST,
		[EV_FORCE] = REASON_FORCED,
		[EV_STANDING_UNKNOWN] = REASON_PEER_LOST,
		[EV_JOURNAL_BAD] = REASON_JOURNAL,
		[EV_CLOSED] = REASON_PEER_LOST,
		[EV_SOURCE_GONE] = REASON_NF_LOST,
		[EV_SOURCE_LEFT] = REASON_PEER_LOST,
	};
	(void)fx;
	if (s->reason == 0)
		s->reason = e->reason != 0 ? e->reason : own[e->type];
}

static void
act_refuse(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	act_complain(s, e, fx);
	s->verdict = e->type == EV_CANCEL ? RESULT_CANCELLED : RESULT_REFUSED;
}

static void
act_abort(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	act_complain(s, e, fx);
	if (s->verdict == RESULT_FAILED)
		return;
	s->verdict = RESULT_ABORTED;
	if (e->type == EV_CANCEL)
		s->verdict = RESULT_CANCELLED;
	if (e->type == EV_TICK)
		s->verdict = RESULT_TIMED_OUT;
}

static void
note_forecast(struct session *s, const struct session_event *e)
{
	if (e->hold_ns == 0)
		return;
	s->expected_hold_ns = e->hold_ns;
	s->hold_margin_ns = session_hold_margin_ns(s, e->hold_ns, e->distance_ns);
}

/* Source, before END: the budget does not hold. */
static void
act_over_budget(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	note_forecast(s, e);
	if (s->reason == 0)
		s->reason = REASON_BUDGET;
	act_abort(s, e, fx);
	if (s->verdict == RESULT_TIMED_OUT)
		s->verdict = RESULT_ABORTED;
}

static void
act_fail(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	act_complain(s, e, fx);
	s->verdict = RESULT_FAILED;
}

static void
act_nf_lost(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	s->nf_gone = true;
	act_fail(s, e, fx);
}

/* The target, where rounds wait for the source, hears of it at once. */
static void
act_nf_lost_told(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	act_nf_lost(s, e, fx);
	effect_add(fx, FX_PEER_GONE, false);
}

static void
act_tell_gone(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	(void)s;
	(void)e;
	effect_add(fx, FX_PEER_GONE, false);
}

/* Who may own hears that nobody leads any more. */
static void
act_leave(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	act_fail(s, e, fx);
	effect_add(fx, FX_PEER_GONE, true);
}

/* What may go wrong is in the operator's hands; it is never called anything but failed. */
static void
act_force(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	act_complain(s, e, fx);
	s->verdict = RESULT_FAILED;
	s->reason = REASON_FORCED;
}

/* Only rules that nobody uses any more, or a word to somebody who is not there. */
static void
act_force_end(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	act_complain(s, e, fx);
	if (!gate_is_done(s) || !is_told(s))
		act_force(s, e, fx);
}

static void
act_backlog(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	(void)fx;
	note_forecast(s, e);
}

/* Target: it cannot go on and says so; it owns nothing. */
static void
act_give_up(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	act_abort(s, e, fx);
	effect_add(fx, FX_PEER_FAILED, 0);
}

static void
act_give_up_nf(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	act_nf_lost(s, e, fx);
	effect_add(fx, FX_PEER_FAILED, 0);
}

static void
act_tell_discard(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	(void)s;
	(void)e;
	effect_add(fx, FX_PEER_CLOSE, false);
}

/* Source: nothing is left here that the target could need. */
static void
act_tell_complete(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	(void)s;
	(void)e;
	effect_add(fx, FX_PEER_CLOSE, true);
}

static void
act_reconnect(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	(void)s;
	(void)e;
	effect_add(fx, FX_PEER_QUERY, 0);
}

static void
act_forgot(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	act_fail(s, e, fx);
	s->peer_forgot = true;
}

/* Source: the target holds nothing of this session any more. */
static void
act_none_left(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	(void)e;
	(void)fx;
	s->peer_forgot = true;
}

static void
act_force_alone(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	act_force(s, e, fx);
	s->peer_forgot = true;
}

static void
act_retry_later(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	s->deadline_ns = e->now_ns + s->limits.retry_ns;
	effect_add(fx, FX_DEADLINE, s->deadline_ns);
}

static void
act_standing(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	enum session_standing standing = STANDING_RECEIVING;

	(void)e;
	if (IN(s->state) & (T_OWNER | IN(TARGET_SETTLING)))
		standing = STANDING_OWNER;
	/* Its gate is on the way; Closed follows. */
	if (s->state == TARGET_DISCARDING)
		standing = s->nf_gone ? STANDING_CLOSED : STANDING_UNSURE;
	if (s->state == TARGET_LEAVING)
		standing = STANDING_SETTLED;
	if (IN(s->state) & T_OWNER) {
		s->deadline_ns = 0;
		effect_add(fx, FX_DEADLINE, 0);
	}
	effect_add(fx, FX_PEER_STANDING, standing);
}

/* Target: it tells by itself how far it is. A source that has ended meanwhile asks nothing, and would leave it
 * waiting. It is no sign of a source that leads, so patience goes on. */
static void
act_call(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	bool owns = (IN(s->state) & T_OWNER) != 0;

	(void)e;
	effect_add(fx, FX_PEER_STANDING, owns ? STANDING_OWNER : STANDING_RECEIVING);
}

/* Target: the source is not connected; how long may that last? */
static void
act_alone(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	(void)e;
	s->deadline_ns = state_deadline(s, LIMIT_SOURCE);
	effect_add(fx, FX_DEADLINE, s->deadline_ns);
}

static void
act_source_gone(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	act_complain(s, e, fx);
	effect_add(fx, FX_GATE_SOURCE_GONE, 0);
}

/* Target: nobody leads it, so it need not wait to see whether somebody comes back. */
static void
act_source_left(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	act_complain(s, e, fx);
	s->peer_gone = true;
	s->peer_lost_ns = 0;
}

/* Target: the operator says that it serves, whatever the source does. */
static void
act_part(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	act_force(s, e, fx);
	effect_add(fx, FX_PEER_STANDING, STANDING_SETTLED);
}

/* Target: the controller does not follow it. Later, perhaps. A source that wanted it to discard says so once
 * more. */
static void
act_wait_again(struct session *s, const struct session_event *e, struct session_effects *fx)
{
	s->peer_lost_ns = e->now_ns;
	s->asked_flip = false;
	effect_add(fx, FX_PEER_STANDING, STANDING_OWNER);
}

#define SAME SESSION_N_STATES        /* no change of state */
#define AGAIN (SESSION_N_STATES + 1) /* enter the same state again */

struct edge {
	uint64_t from;
	enum session_event_type event;
	guard_fn *guard; /* NULL: always */
	action_fn *action;
	unsigned to; /* enum session_state, SAME or AGAIN */
};

/* The first edge that matches is taken. Edges come before facts. */
SESSION_TABLE struct edge edges[] = {
	/* source, preflight */
	{S_PREFLIGHT, EV_REFUSED, NULL, act_refuse, SESSION_DONE},
	{S_PREFLIGHT, EV_PEER_FAILED, NULL, act_refuse, SESSION_DONE},
	{IN(SOURCE_OPENING), EV_PEER_LOST, NULL, act_refuse, SESSION_DONE},
	{IN(SOURCE_CHECKING), EV_PEER_LOST, NULL, act_refuse, SESSION_DONE},
	{IN(SOURCE_CHECKING), EV_STEER_FAILED, NULL, act_refuse, SOURCE_DISMISSING},
	{S_PREFLIGHT, EV_NF_LOST, NULL, act_refuse, SOURCE_DISMISSING},
	{S_PREFLIGHT, EV_JOURNAL_BAD, NULL, act_refuse, SOURCE_DISMISSING},
	{S_PREFLIGHT, EV_CANCEL, NULL, act_refuse, SOURCE_DISMISSING},
	{S_PREFLIGHT, EV_FORCE, NULL, act_refuse, SOURCE_DISMISSING},
	{S_PREFLIGHT, EV_TICK, guard_overdue, act_refuse, SOURCE_DISMISSING},
	{S_PREFLIGHT, EV_PROTOCOL, NULL, act_refuse, SOURCE_DISMISSING},
	{IN(SOURCE_DISMISSING), EV_PEER_LOST, NULL, NULL, SESSION_DONE},
	{IN(SOURCE_DISMISSING), EV_TICK, guard_overdue, NULL, SESSION_DONE},
	{IN(SOURCE_DISMISSING), EV_FORCE, NULL, NULL, SESSION_DONE},

	/* source, before END: any trouble is undone */
	{IN(SOURCE_CATCHING_UP), EV_BACKLOG, guard_fits, act_backlog, SOURCE_HOLDING},
	{IN(SOURCE_CATCHING_UP), EV_BACKLOG, guard_hopeless, act_over_budget, SOURCE_UNDOING},
	{IN(SOURCE_COPYING) | IN(SOURCE_CATCHING_UP), EV_BACKLOG, NULL, act_backlog, SAME},
	{S_EARLY, EV_NF_LOST, NULL, act_nf_lost, SOURCE_UNDOING},
	{S_EARLY, EV_PEER_LOST, NULL, act_abort, SOURCE_UNDOING},
	{S_EARLY, EV_PEER_FAILED, NULL, act_abort, SOURCE_UNDOING},
	{S_EARLY, EV_STEER_FAILED, NULL, act_abort, SOURCE_UNDOING},
	{S_EARLY, EV_JOURNAL_BAD, NULL, act_abort, SOURCE_UNDOING},
	{S_EARLY, EV_CANCEL, NULL, act_abort, SOURCE_UNDOING},
	{S_EARLY, EV_FORCE, NULL, act_abort, SOURCE_UNDOING},
	{S_EARLY, EV_DRAIN_BAD, NULL, act_abort, SOURCE_UNDOING},
	{S_EARLY, EV_RESUMED, NULL, act_abort, SOURCE_UNDOING},
	{S_EARLY, EV_PROTOCOL, NULL, act_abort, SOURCE_UNDOING},
	{IN(SOURCE_HOLDING) | IN(SOURCE_DRAINING), EV_TICK, guard_overdue, act_over_budget,
	 SOURCE_UNDOING},
	{S_EARLY, EV_TICK, guard_overdue, act_abort, SOURCE_UNDOING},

	/* source, END sent: who owns? Only an answer or a fence tells. The answer has until the end
	 * of the budget. */
	{S_UNSURE | S_CLAIM, EV_RESUMED, NULL, act_abort, SOURCE_UNDOING},
	{S_UNSURE, EV_PEER_FAILED, NULL, act_complain, SOURCE_RECLAIMING},
	{S_UNSURE, EV_CLOSED, NULL, act_complain, SOURCE_RECLAIMING},
	{S_UNSURE, EV_STANDING_NONE, NULL, act_complain, SOURCE_RECLAIMING},
	{S_UNSURE, EV_STANDING_OWNER, NULL, NULL, SOURCE_STEERING},
	{S_UNSURE, EV_CANCEL, guard_fence_helps, act_complain, SOURCE_CLAIMING},
	{S_UNSURE, EV_FORCE, guard_nf_here, act_complain, SOURCE_CLAIMING},
	{S_UNSURE, EV_FORCE, NULL, act_leave, SESSION_DONE},
	{IN(SOURCE_ENDED), EV_PEER_LOST, NULL, act_complain, SOURCE_QUERYING},
	{IN(SOURCE_ENDED), EV_PROTOCOL, NULL, act_complain, SOURCE_QUERYING},
	{IN(SOURCE_ENDED), EV_TICK, guard_fence_is_no_use, act_complain, SOURCE_QUERYING},
	{IN(SOURCE_QUERYING), EV_PEER_LOST, NULL, act_reconnect, SAME},
	{IN(SOURCE_QUERYING), EV_TICK, guard_abandoned, act_leave, SESSION_DONE},
	{IN(SOURCE_QUERYING), EV_TICK, guard_fence_is_no_use, act_complain, AGAIN},
	{S_UNSURE, EV_TICK, guard_overdue, act_complain, SOURCE_CLAIMING},
	{S_UNSURE, EV_NF_LOST, NULL, act_nf_lost_told, SOURCE_QUERYING},

	/* source, claiming and fencing */
	/* The claim came too late: the agent had seen TAKEN. */
	{IN(SOURCE_CLAIMING), EV_TAKEN, NULL, NULL, SOURCE_STEERING},
	{IN(SOURCE_RECLAIMING), EV_TAKEN, NULL, act_fail, SOURCE_REVERTING},
	/* The target owns nothing, so there is nobody to fence. */
	{IN(SOURCE_CLAIMING), EV_PEER_FAILED, NULL, act_complain, SOURCE_RECLAIMING},
	{IN(SOURCE_CLAIMING), EV_STANDING_NONE, NULL, act_none_left, SOURCE_RECLAIMING},
	{IN(SOURCE_FENCING), EV_PEER_FAILED, NULL, act_complain, SOURCE_UNDOING},
	{IN(SOURCE_FENCING), EV_STANDING_NONE, NULL, act_none_left, SOURCE_UNDOING},
	{IN(SOURCE_FENCING), EV_CLOSED, NULL, act_none_left, SOURCE_UNDOING},
	/* It was told before the connection broke, or not. */
	{IN(SOURCE_FENCING), EV_PEER_BACK, NULL, act_tell_discard, SAME},
	/* The target went on alone, long ago: its copy is the newer one. */
	{IN(SOURCE_FENCING), EV_STEER_FAILED, guard_flipped, act_fail, SOURCE_STEERING},
	/* The only copy may be the target's now. It must not be fenced, nor told to discard. */
	{S_CLAIM | S_FENCE, EV_NF_LOST, NULL, act_nf_lost_told, SOURCE_QUERYING},
	{IN(SOURCE_UNDOING), EV_NF_LOST, guard_last_copy, act_nf_lost_told, SOURCE_QUERYING},
	{S_CLAIM | S_FENCE, EV_PEER_LOST, NULL, act_reconnect, SAME},
	{S_CLAIM | S_FENCE, EV_STANDING_NONE, NULL, act_none_left, SAME},
	{S_CLAIM | S_FENCE, EV_FORCE, NULL, act_force, SOURCE_UNDOING},

	/* source, the target owns: forward, unless the target has lost what it had */
	/* A controller that has flipped may not go back: then neither does the source. */
	{IN(SOURCE_REVERTING), EV_STEER_FAILED, guard_refused, NULL, SOURCE_STEERING},
	/* Another one serves, and not in this session: the copy here is an old one. */
	{IN(SOURCE_REVERTING), EV_STEER_FAILED, guard_flipped, act_fail, SOURCE_CLOSING},
	{IN(SOURCE_FINISHING), EV_FINISHED, guard_differs, NULL, AGAIN},
	{IN(SOURCE_TRAILING), EV_PROVED, guard_differs, act_fail, SAME},
	{IN(SOURCE_TRAILING), EV_TRAILED, guard_differs, act_fail, SAME},
	{S_FROZEN, EV_PEER_LOST, NULL, act_reconnect, SAME},
	{S_FROZEN, EV_PEER_BACK, guard_nf_gone, act_tell_gone, SAME},
	/* A target that was still taking over when it was asked says TAKEN later. */
	{S_RESEND, EV_STANDING_OWNER, NULL, NULL, AGAIN},
	{S_RESEND, EV_TAKEN, NULL, NULL, AGAIN},
	/* The target went on alone: only cleaning is left, and late counts are lost. */
	{IN(SOURCE_CLOSING), EV_STANDING_SETTLED, NULL, act_none_left, SOURCE_SETTLING},
	{S_UNSURE | S_CLAIM | S_FENCE | S_FROZEN, EV_STANDING_SETTLED, NULL, act_forgot,
	 SOURCE_CLOSING},
	/* The last Closed was lost, or the target's NF died before it heard Close: then the copy here is the last
	 * one. A target that lives says SETTLED. */
	{IN(SOURCE_CLOSING), EV_STANDING_UNKNOWN, guard_can_fence_back, act_forgot,
	 SOURCE_REVERTING},
	{IN(SOURCE_CLOSING), EV_STANDING_UNKNOWN, NULL, NULL, AGAIN},
	{S_FROZEN, EV_STANDING_NONE, guard_can_revert, act_forgot, SOURCE_REVERTING},
	{S_FROZEN, EV_STANDING_UNKNOWN, guard_can_revert, act_forgot, SOURCE_REVERTING},
	{S_FROZEN, EV_PEER_FAILED, guard_can_revert, act_forgot, SOURCE_REVERTING},
	{S_FROZEN, EV_STANDING_NONE, NULL, act_forgot, SAME},
	{S_FROZEN, EV_STANDING_UNKNOWN, NULL, act_forgot, SAME},
	{S_FROZEN, EV_PEER_FAILED, NULL, act_forgot, SAME},
	{S_FROZEN, EV_NF_LOST, NULL, act_nf_lost_told, SAME},
	{IN(SOURCE_SETTLING), EV_NF_LOST, NULL, act_nf_lost, SAME},
	/* It was ended before the target had heard that it is through. */
	{IN(SOURCE_SETTLING), EV_STANDING_OWNER, NULL, act_tell_complete, SAME},
	{IN(SOURCE_CLOSING), EV_CANCEL, guard_alone, act_none_left, SOURCE_SETTLING},
	/* The target may have heard that it is through, and passes then: going back would leave two. */
	{IN(SOURCE_CLOSING), EV_FORCE, guard_nf_here, act_force_alone, SAME},
	/* Never forward by force: the frozen copy may be the last one. */
	{S_FROZEN & ~IN(SOURCE_CLOSING), EV_FORCE, guard_nf_here, act_force, SOURCE_REVERTING},
	{S_FROZEN, EV_FORCE, NULL, act_leave, SESSION_DONE},

	/* source, going back */
	/* A fenced target must be told before it is forgotten. */
	{IN(SOURCE_UNDOING), EV_PEER_LOST, guard_fenced, act_reconnect, SAME},
	{IN(SOURCE_UNDOING), EV_STANDING_OWNER, guard_nf_gone, act_fail, SOURCE_STEERING},
	{IN(SOURCE_UNDOING), EV_STANDING_OWNER, NULL, NULL, AGAIN},
	{IN(SOURCE_UNDOING), EV_STANDING_RECEIVING, NULL, NULL, AGAIN},
	/* It is told now: what the switch has of the session is not needed any more. */
	{IN(SOURCE_UNDOING), EV_CLOSED, guard_keeps_fence, act_none_left, AGAIN},
	{IN(SOURCE_UNDOING), EV_STANDING_NONE, guard_keeps_fence, act_none_left, AGAIN},
	{IN(SOURCE_UNDOING), EV_STANDING_UNKNOWN, guard_keeps_fence, act_none_left, AGAIN},
	{IN(SOURCE_UNDOING), EV_STANDING_SETTLED, guard_keeps_fence, act_none_left, AGAIN},
	{IN(SOURCE_UNDOING), EV_CANCEL, guard_fence_given_up, act_none_left, AGAIN},
	{IN(SOURCE_UNDOING), EV_FORCE, guard_keeps_fence, act_force_alone, AGAIN},
	{IN(SOURCE_UNDOING), EV_STANDING_NONE, NULL, act_none_left, SAME},
	{IN(SOURCE_UNDOING), EV_STANDING_UNKNOWN, NULL, act_none_left, SAME},
	{IN(SOURCE_UNDOING), EV_STANDING_SETTLED, NULL, act_none_left, SAME},
	{IN(SOURCE_UNDOING), EV_CLOSED, NULL, act_none_left, SAME},
	{IN(SOURCE_UNDOING), EV_NF_LOST, NULL, act_nf_lost, SAME},

	/* target */
	/* An offer has touched nothing, so it must not wipe anything either. */
	{IN(TARGET_OFFERED), EV_CLOSE_DISCARD, NULL, act_abort, SESSION_DONE},
	{IN(TARGET_OFFERED), EV_PEER_LOST, NULL, act_abort, SESSION_DONE},
	{IN(TARGET_OFFERED), EV_PROTOCOL, NULL, act_give_up, SESSION_DONE},
	{IN(TARGET_OFFERED), EV_JOURNAL_BAD, NULL, act_give_up, SESSION_DONE},
	{IN(TARGET_OFFERED), EV_CANCEL, NULL, act_give_up, SESSION_DONE},
	{IN(TARGET_OFFERED), EV_FORCE, NULL, act_give_up, SESSION_DONE},
	{IN(TARGET_OFFERED), EV_TICK, guard_overdue, act_give_up, SESSION_DONE},
	{IN(TARGET_OFFERED), EV_NF_LOST, NULL, act_give_up_nf, SESSION_DONE},
	{T_EARLY, EV_CLOSE_DISCARD, NULL, act_abort, TARGET_DISCARDING},
	{T_EARLY, EV_PEER_LOST, NULL, act_abort, TARGET_DISCARDING},
	{T_EARLY, EV_PROTOCOL, NULL, act_give_up, TARGET_DISCARDING},
	{T_EARLY, EV_JOURNAL_BAD, NULL, act_give_up, TARGET_DISCARDING},
	{T_EARLY | IN(TARGET_VERIFYING), EV_CANCEL, NULL, act_give_up, TARGET_DISCARDING},
	{T_EARLY | T_LATE, EV_FORCE, NULL, act_give_up, TARGET_DISCARDING},
	{T_EARLY, EV_TICK, guard_overdue, act_give_up, TARGET_DISCARDING},
	{T_EARLY | IN(TARGET_VERIFYING), EV_VERIFY_BAD, NULL, act_give_up, TARGET_DISCARDING},
	{T_EARLY | T_LATE, EV_NF_LOST, NULL, act_give_up_nf, TARGET_DISCARDING},
	{IN(TARGET_VERIFYING), EV_TICK, guard_overdue, act_give_up, TARGET_DISCARDING},
	/* What the source decided before the switch led here does not count; the controller knows. */
	{T_LED, EV_CLOSE_DISCARD, guard_may_lead, NULL, TARGET_ADOPTING},
	{T_LATE | T_LED, EV_CLOSE_DISCARD, NULL, act_abort, TARGET_DISCARDING},
	{T_OWNER, EV_NF_LOST, NULL, act_give_up_nf, SESSION_DONE},
	{T_OWNER, EV_FINISH, NULL, NULL, TARGET_ROUNDING},
	{T_OWNER, EV_TRAIL_END, NULL, NULL, TARGET_MERGING},
	{T_OWNER, EV_CLOSE_COMPLETE, NULL, NULL, TARGET_SETTLING},
	{T_LATE | T_OWNER, EV_SOURCE_GONE, NULL, act_source_gone, SAME},
	{T_LED, EV_SOURCE_LEFT, NULL, act_source_left, TARGET_ADOPTING},
	{T_LATE | T_ALONE, EV_SOURCE_LEFT, NULL, act_source_left, SAME},
	{T_LED, EV_PEER_LOST, NULL, act_alone, SAME},
	{T_LATE | T_OWNER, EV_PEER_BACK, NULL, act_call, SAME},
	{T_LED, EV_TICK, guard_source_gone, NULL, TARGET_ADOPTING},
	/* Nobody leads: it need not wait for the deadline. The controller decides who owns. */
	{T_LED, EV_CANCEL, guard_peer_gone, NULL, TARGET_ADOPTING},
	{IN(TARGET_ADOPTING) | IN(TARGET_QUIETING), EV_STEER_FAILED, guard_refused, act_wait_again,
	 TARGET_SERVING},
	{T_ALONE, EV_STEER_FAILED, NULL, act_retry_later, SAME},
	{T_ALONE, EV_TICK, guard_overdue, NULL, AGAIN},
	{T_ALONE, EV_QUERY, NULL, act_standing, TARGET_SERVING},
	/* What a source decided before does not count. While the controller is asked there is no answer: its own
	 * one follows. */
	{IN(TARGET_LEAVING), EV_CLOSE_DISCARD, NULL, act_standing, SAME},
	{T_OWNER, EV_FORCE, NULL, act_part, TARGET_LEAVING},
	{IN(TARGET_OFFERED) | T_EARLY | T_LATE | T_LED | T_LAST, EV_QUERY, NULL, act_standing,
	 SAME},
	{T_LAST, EV_NF_LOST, NULL, act_nf_lost, SAME},

	/* either side, what must succeed: what fails is tried again, until the end of patience */
	{LAST, EV_STEER_FAILED, guard_left_refused, act_complain, SESSION_DONE},
	{S_FROZEN | S_FENCE | LAST, EV_STEER_FAILED, NULL, act_retry_later, SAME},
	{LAST, EV_CANCEL, guard_given_up, NULL, SESSION_DONE},
	{LAST, EV_FORCE, NULL, act_force_end, SESSION_DONE},
	{LAST, EV_TICK, guard_left_over, act_complain, SESSION_DONE},
	{S_FROZEN | S_FENCE | LAST, EV_TICK, guard_overdue, NULL, AGAIN},
};

static const struct edge *
edge_find(const struct session *s, const struct session_event *e)
{
	size_t i;

	for (i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		if (edges[i].event != e->type || !(edges[i].from & IN(s->state)))
			continue;
		if (edges[i].guard == NULL || edges[i].guard(s, e))
			return &edges[i];
	}
	return NULL;
}

bool
session_accepts(const struct session *s, enum session_event_type event, uint64_t now_ns)
{
	struct session_event e = {.type = event, .now_ns = now_ns};

	return s->state != SESSION_DONE && edge_find(s, &e) != NULL;
}

/* ---- steps --------------------------------------------------------------------------- */

static bool
facts_complete(const struct session *s)
{
	uint64_t needs = states[s->state].needs;

	return needs != 0 && (needs & ~(s->facts | facts_granted(s))) == 0;
}

uint64_t
session_missing(const struct session *s)
{
	return states[s->state].needs & ~(s->facts | facts_granted(s));
}

static void
advance(struct session *s, uint64_t now_ns, struct session_effects *fx)
{
	while (facts_complete(s)) {
		const struct state_spec *spec = &states[s->state];
		enum session_state next = spec->next;
		size_t i;

		for (i = 0; i < spec->n_exit; i++)
			effect_add(fx, spec->exit[i].type, spec->exit[i].arg);
		if (s->state == SOURCE_CHECKING && s->dry_run)
			next = SOURCE_DISMISSING;
		enter(s, next, now_ns, fx);
	}
}

void
session_step(struct session *s, const struct session_event *event, struct session_effects *effects)
{
	const struct edge *edge;

	effects->n = 0;
	if (s->state == SESSION_DONE)
		return;
	if (event->type == EV_START && s->started)
		return;
	if (event->type == EV_START) {
		s->started = true;
		s->started_ns = event->now_ns;
		enter(s, s->is_source ? SOURCE_OPENING : TARGET_OFFERED, event->now_ns, effects);
		return;
	}
	/* A source that comes and goes, and leads nothing, does not make the target wait longer. */
	if (event->type == EV_PEER_LOST && !s->peer_gone)
		s->peer_lost_ns = event->now_ns;
	if (event->type == EV_PEER_LOST)
		s->peer_gone = true;
	/* Who undoes and has lost its peer has nothing to tell it any more: an unfenced target
	 * has discarded by itself, and Closed would never come. */
	if ((event->type == EV_PEER_BACK && s->is_source &&
	     (s->state != SOURCE_UNDOING || s->fenced)) ||
	    event->type == EV_QUERY ||
	    (event->type >= EV_STANDING_OWNER && event->type <= EV_STANDING_UNKNOWN))
		s->peer_gone = false;
	if (event->type == EV_GATE_DONE || event->type == EV_CLOSED || event->type == EV_NF_LOST ||
	    event->type == EV_STANDING_SETTLED)
		s->lost += event->n;

	edge = edge_find(s, event);
	if (edge != NULL) {
		if (edge->action != NULL)
			edge->action(s, event, effects);
		if (edge->to == AGAIN)
			enter(s, s->state, event->now_ns, effects);
		else if (edge->to != SAME)
			enter(s, (enum session_state)edge->to, event->now_ns, effects);
	}
	if (edge == NULL || edge->to == SAME)
		s->facts |= FACT(event->type) & (states[s->state].needs | states[s->state].early);
	advance(s, event->now_ns, effects);
}

/* ---- beginnings ------------------------------------------------------------------------- */

static void
init(struct session *s, uint64_t id, bool is_source, const struct session_limits *limits)
{
	memset(s, 0, sizeof(*s));
	s->id = id;
	s->is_source = is_source;
	s->limits = *limits;
	s->verdict = RESULT_COMPLETE;
	s->state = is_source ? SOURCE_OPENING : TARGET_OFFERED;
}

void
session_init_source(struct session *s, uint64_t id, bool dry_run,
		    const struct session_limits *limits)
{
	init(s, id, true, limits);
	s->dry_run = dry_run;
}

void
session_init_target(struct session *s, uint64_t id, const struct session_limits *limits)
{
	init(s, id, false, limits);
}

/* The gate serves, whatever the journal says. A target that was fenced, or that had taken over
 * before, must hear that it owns nothing. */
static bool
must_be_told(enum session_stage stage)
{
	return stage == STAGE_FENCED || stage == STAGE_REVERT || stage == STAGE_TAKEN ||
	       stage == STAGE_SETTLE;
}

/* The NF is there and its last command names the session. */
static enum session_state
restored_by_word(enum session_stage stage, const struct session_memory *memory)
{
	switch (memory->hold_word) {
	case SLIM_HOLD_TAKEN:
		break;
	case SLIM_HOLD_FENCED:
		return stage == STAGE_FENCED ? SOURCE_FENCING : SOURCE_CLAIMING;
	case SLIM_HOLD_END_SENT:
		return SOURCE_QUERYING;
	default:
		if (memory->mode != SLIM_GATE_REDIRECT)
			return SOURCE_UNDOING;
	}
	if (stage == STAGE_REVERT)
		return SOURCE_REVERTING;
	return stage == STAGE_SETTLE ? SOURCE_CLOSING : SOURCE_STEERING;
}

/* Nobody but the target knows whether END was sent, and what became of it. */
static enum session_state
restored_without_nf(enum session_stage stage)
{
	switch (stage) {
	case STAGE_NONE:
	case STAGE_PREPARE:
		return SOURCE_UNDOING;
	case STAGE_TAKEN:
		return SOURCE_STEERING;
	case STAGE_SETTLE:
		return SOURCE_CLOSING;
	default:
		return SOURCE_QUERYING;
	}
}

static enum session_state
restored_source(enum session_stage stage, const struct session_memory *memory)
{
	if (!memory->is_there)
		return restored_without_nf(stage);
	if (memory->mode == SLIM_GATE_CLOSED)
		return SOURCE_SETTLING;
	/* Before its first command and after its last one the session is in no word. */
	return memory->is_ours ? restored_by_word(stage, memory) : SOURCE_UNDOING;
}

/* SERVE may not be in force at every worker yet, so it is said once more. */
static enum session_state
restored_target(enum session_stage stage, const struct session_memory *memory)
{
	if (stage == STAGE_PARTED)
		return TARGET_LEAVING;
	if (!memory->is_there)
		return TARGET_DISCARDING;
	if (memory->is_ours && memory->mode == SLIM_GATE_SERVE)
		return TARGET_TAKING;
	return memory->mode == SLIM_GATE_PASS ? TARGET_SETTLING : TARGET_DISCARDING;
}

void
session_restore(struct session *s, uint64_t id, bool is_source, enum session_stage stage,
		const struct session_memory *memory, const struct session_limits *limits,
		uint64_t now_ns, struct session_effects *effects)
{
	enum session_state state;

	effects->n = 0;
	init(s, id, is_source, limits);
	s->started = true;
	s->started_ns = s->held_ns = s->since_ns = s->peer_lost_ns = now_ns;
	s->peer_gone = true;
	s->reason = REASON_RESTART;
	s->nf_gone = !memory->is_there;
	s->lost = memory->lost;
	state = is_source ? restored_source(stage, memory) : restored_target(stage, memory);
	s->fenced = is_source && must_be_told(stage) && state == SOURCE_UNDOING;
	s->asked_flip = state == TARGET_TAKING; /* before the restart, perhaps */
	if (memory->failed != 0)
		s->reason = memory->failed;
	if (memory->failed != 0 || stage == STAGE_REVERT || s->nf_gone)
		s->verdict = RESULT_FAILED;
	enter(s, state, now_ns, effects);
	/* Where the peer still has to be told or asked; QUERYING asks by itself. */
	if (is_source && state != SOURCE_QUERYING && (state != SOURCE_UNDOING || s->fenced))
		effect_add(effects, FX_PEER_QUERY, 0);
	advance(s, now_ns, effects);
}

/* ---- the diagram ---------------------------------------------------------------------------- */

struct text {
	char *buffer;
	size_t size;
	size_t length;
};

__attribute__((format(printf, 2, 3))) static void
text_add(struct text *t, const char *format, ...)
{
	size_t room = t->length < t->size ? t->size - t->length : 0;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(room ? t->buffer + t->length : NULL, room, format, args);
	va_end(args);
	if (n > 0)
		t->length += (size_t)n;
}

static void
print_facts(struct text *t, uint64_t needs)
{
	const char *separator = "";
	unsigned event;

	for (event = 0; event < SESSION_N_EVENTS; event++) {
		if (!(needs & FACT(event)))
			continue;
		text_add(t, "%s%s", separator, session_event_name((enum session_event_type)event));
		separator = "+";
	}
}

static void
print_edge(struct text *t, const struct edge *edge)
{
	text_add(t, "    %s%s", session_event_name(edge->event), edge->guard != NULL ? "?" : "");
	if (edge->to == AGAIN)
		text_add(t, " -> again\n");
	else if (edge->to == SAME)
		text_add(t, " noted\n");
	else
		text_add(t, " -> %s\n", session_state_name((enum session_state)edge->to));
}

size_t
session_print_diagram(char *buffer, size_t size)
{
	struct text t = {.buffer = buffer, .size = size};
	unsigned state;
	size_t i;

	text_add(&t, "The states of a session, printed from the table in slimd/core/session.c.\n"
		     "\n"
		     "    do EFFECT          done on entry, in order\n"
		     "    FACTS -> STATE     when the last of these facts has come\n"
		     "    EVENT -> STATE     at once; EVENT? has a condition; the first that fits "
		     "counts\n"
		     "    EVENT -> again     the state is entered once more\n"
		     "    EVENT noted        no change of state\n");
	for (state = 0; state < SESSION_DONE; state++) {
		const struct state_spec *spec = &states[state];

		text_add(&t, "\n%s %s (%s)\n", state < TARGET_OFFERED ? "source" : "target",
			 session_state_name((enum session_state)state),
			 session_state_phase((enum session_state)state));
		for (i = 0; i < spec->n_entry; i++)
			text_add(&t, "    do %s\n", session_effect_name(spec->entry[i].type));
		if (spec->needs != 0) {
			text_add(&t, "    ");
			print_facts(&t, spec->needs);
			text_add(&t, " -> %s\n", session_state_name(spec->next));
			for (i = 0; i < spec->n_exit; i++)
				text_add(&t, "        do %s\n",
					 session_effect_name(spec->exit[i].type));
		}
		for (i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
			if (edges[i].from & IN(state))
				print_edge(&t, &edges[i]);
		}
	}
	return t.length;
}
