/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random walks of two sessions, source and target, over what they share: the hold word and the gates
 * in the NFs' memories, the journals, the link, the controller. No time but deadlines, no packets:
 * who owns is all that is asked.
 *
 * In a walk anything may fail: links break, daemons are killed between two effects and start again,
 * journals are not written or vanish, NFs die, the controller is away or refuses, an operator cancels.
 * Then all faults end. After every step at most one instance serves. After the faults, within a
 * bounded number of fair steps, both sessions are over and exactly one serves, if any copy was
 * left at all. Only after what no program can mend (a session given up by the operator, a journal's folder
 * that is lost, an NF that died) the operator may have to end the rest by force.
 *
 *   walk_test [SEED]    one walk with its steps, else many
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reasons.h"
#include "session.h"
#include "slim_shm.h"

#define MS(n) ((uint64_t)(n)*1000000u)
#define N_WALKS 60000u
#define MAX_TROUBLES 10u
#define MAX_FAIR_STEPS 4000u
#define MAX_MESSAGES 64u

enum { SOURCE, TARGET };
enum stage { NO_SESSION, PREPARED, FLIPPED, FENCED };

/* What goes over the link: an event at the other side, or a question that its driver may answer. */
struct message {
	enum session_event_type event;
	uint64_t n;
};

struct nf {
	bool alive;
	bool ours; /* the last command names the session */
	uint32_t mode;
	uint32_t word;
	bool whole; /* it holds all of the state */
};

struct daemon {
	bool alive, has_session;
	struct session s;
	enum session_stage stage; /* in the journal; STAGE_NONE: there is no file */
	uint64_t facts;           /* that may come now, bits 1 << event */
	bool asks;
	bool calls; /* an answer of the controller is due */
	enum session_effect_type call;
	uint64_t call_arg;
	struct message in[MAX_MESSAGES]; /* from the peer */
	size_t n_in;
};

static struct {
	uint64_t random, now_ns;
	bool link, fair, verbose;
	bool excused; /* something happened after which an operator is needed */
	enum stage stage;
	int serving;
	bool controller_away, disk_bad;
	struct nf nf[2];
	struct daemon d[2];
	unsigned troubles;
	char what[256]; /* what is wrong */
} w;

static uint32_t
roll(uint32_t n)
{
	w.random = w.random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)((w.random >> 33) % n);
}

__attribute__((format(printf, 1, 2))) static void
say(const char *format, ...)
{
	va_list args;

	if (!w.verbose)
		return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/* ---- who serves ------------------------------------------------------------------------------ */

/* The gate lets packets through, and the switch lets them out. */
static bool
serves(int side)
{
	const struct nf *nf = &w.nf[side];
	bool open = nf->mode == SLIM_GATE_PASS || nf->mode == SLIM_GATE_SERVE ||
		    (nf->mode == SLIM_GATE_HOLD && nf->word == SLIM_HOLD_RESUMED);
	bool path = w.stage == NO_SESSION ? w.serving == side : side == SOURCE || w.stage != FENCED;

	return nf->alive && open && path;
}

static void
check(void)
{
	if (serves(SOURCE) && serves(TARGET))
		snprintf(w.what, sizeof(w.what), "two serve");
}

/* ---- effects --------------------------------------------------------------------------------- */

static void step(int side, struct session_event e);

static void
event(int side, enum session_event_type type, uint64_t n, uint32_t reason)
{
	step(side, (struct session_event){.type = type, .n = n, .reason = reason});
}

static void
send(int from, enum session_event_type type, uint64_t n)
{
	struct daemon *to = &w.d[1 - from];

	if (w.link && to->alive && to->n_in < MAX_MESSAGES)
		to->in[to->n_in++] = (struct message){type, n};
}

static void
command(int side, uint32_t mode, bool ours, int word)
{
	struct nf *nf = &w.nf[side];

	if (!nf->alive)
		return;
	if (word >= 0)
		nf->word = (uint32_t)word;
	nf->mode = mode;
	nf->ours = ours;
	w.d[side].facts |= UINT64_C(1) << EV_GATE_DONE;
	if (mode == SLIM_GATE_CLOSED)
		nf->whole = false;
}

static void
gate(int side, enum session_effect_type type)
{
	switch (type) {
	case FX_GATE_WATCH:
	case FX_GATE_TRACK:
		w.d[side].facts |= UINT64_C(1) << EV_PROBED;
		command(side, SLIM_GATE_PASS, true, SLIM_HOLD_IDLE);
		break;
	case FX_GATE_HOLD:
		command(side, SLIM_GATE_HOLD, true, SLIM_HOLD_HOLDING);
		break;
	case FX_GATE_REDIRECT:
		command(side, SLIM_GATE_REDIRECT, true, SLIM_HOLD_TAKEN);
		break;
	case FX_GATE_PASS:
		command(side, SLIM_GATE_PASS, false, SLIM_HOLD_IDLE);
		break;
	case FX_GATE_WIPE:
		command(side, SLIM_GATE_CLOSED, false, SLIM_HOLD_IDLE);
		break;
	case FX_GATE_RECEIVE:
		w.d[side].facts |= UINT64_C(1) << EV_MARKED;
		command(side, SLIM_GATE_RECEIVE, true, SLIM_HOLD_IDLE);
		break;
	case FX_GATE_SERVE:
		command(side, SLIM_GATE_SERVE, true, -1);
		break;
	default:
		break;
	}
}

static void
claim(int side)
{
	struct nf *nf = &w.nf[side];

	if (!nf->alive)
		return;
	if (nf->word == SLIM_HOLD_END_SENT)
		nf->word = SLIM_HOLD_FENCED;
	event(side,
	      nf->word == SLIM_HOLD_FENCED  ? EV_CLAIMED
	      : nf->word == SLIM_HOLD_TAKEN ? EV_TAKEN
					    : EV_RESUMED,
	      0, 0);
}

static void
peer(int side, const struct session_effect *fx)
{
	static const enum session_event_type heard[SESSION_N_EFFECTS] = {
		[FX_PEER_BEGIN] = EV_BEGIN,        [FX_PEER_FINISH] = EV_FINISH,
		[FX_PEER_ACCEPT] = EV_OPENED,      [FX_PEER_READY] = EV_READY,
		[FX_PEER_TAKEN] = EV_TAKEN,        [FX_PEER_FINISHED] = EV_FINISHED,
		[FX_PEER_TRAIL_DONE] = EV_TRAILED, [FX_PEER_CLOSED] = EV_CLOSED,
		[FX_PEER_FAILED] = EV_PEER_FAILED, [FX_TRAIL] = EV_TRAIL_END,
	};
	static const enum session_event_type standings[] = {
		[STANDING_UNKNOWN] = EV_STANDING_UNKNOWN,
		[STANDING_RECEIVING] = EV_STANDING_RECEIVING,
		[STANDING_OWNER] = EV_STANDING_OWNER,
		[STANDING_CLOSED] = EV_STANDING_NONE,
		[STANDING_SETTLED] = EV_STANDING_SETTLED,
		[STANDING_UNSURE] = SESSION_N_EVENTS,
	};

	switch (fx->type) {
	case FX_PEER_OPEN:
		if (w.link && w.d[TARGET].alive)
			send(side, EV_START, 0);
		else
			event(side, EV_PEER_LOST, 0, 0);
		break;
	case FX_PEER_END:
		if (w.nf[side].word != SLIM_HOLD_HOLDING) {
			event(side, EV_RESUMED, 0, 0);
			break;
		}
		w.nf[side].word = SLIM_HOLD_END_SENT;
		send(side, EV_END, 0);
		break;
	case FX_PEER_QUERY:
		w.d[side].asks = true;
		break;
	case FX_PEER_CLOSE:
		send(side, fx->arg ? EV_CLOSE_COMPLETE : EV_CLOSE_DISCARD, 0);
		break;
	case FX_PEER_GONE:
		send(side, fx->arg ? EV_SOURCE_LEFT : EV_SOURCE_GONE, 0);
		break;
	case FX_PEER_STANDING:
		send(side, standings[fx->arg], 0);
		break;
	default:
		send(side, heard[fx->type], 0);
	}
}

static void
journal(int side, enum session_stage stage)
{
	struct daemon *d = &w.d[side];

	if (stage == STAGE_OVER)
		d->stage = STAGE_NONE;
	else if (!w.disk_bad)
		d->stage = stage;
	else
		event(side, EV_JOURNAL_BAD, 0, 0);
}

static void
carry_out(int side, const struct session_effect *fx)
{
	static const enum session_event_type facts[SESSION_N_EFFECTS] = {
		[FX_WALK] = EV_WALKED,     [FX_DRAIN] = EV_DRAINED, [FX_PROVE] = EV_PROVED,
		[FX_VERIFY] = EV_VERIFIED, [FX_ROUND] = EV_ROUNDED, [FX_MERGE] = EV_MERGED,
	};
	struct daemon *d = &w.d[side];

	say("  %s: do %s %llu", side == SOURCE ? "source" : "target", session_effect_name(fx->type),
	    (unsigned long long)fx->arg);
	if (fx->type == FX_JOURNAL)
		journal(side, (enum session_stage)fx->arg);
	else if (fx->type == FX_FENCE_CLAIM)
		claim(side);
	else if (fx->type >= FX_STEER_CHECK && fx->type <= FX_STEER_CLEANUP) {
		d->calls = true;
		d->call = fx->type;
		d->call_arg = fx->arg;
	} else if (fx->type >= FX_GATE_WATCH && fx->type <= FX_GATE_SERVE)
		gate(side, fx->type);
	else if (facts[fx->type] != 0)
		d->facts |= UINT64_C(1) << facts[fx->type];
	else if ((fx->type >= FX_PEER_OPEN && fx->type <= FX_PEER_STANDING) || fx->type == FX_TRAIL)
		peer(side, fx);
}

static void kill_daemon(int side);

static void
carry_out_all(int side, const struct session_effects *effects)
{
	for (size_t i = 0; i < effects->n && w.d[side].alive; i++) {
		carry_out(side, &effects->list[i]);
		check();
		if (!w.fair && w.troubles > 0 && roll(200) == 0) {
			w.troubles--;
			kill_daemon(side);
		}
	}
	if (w.d[side].s.state == SESSION_DONE)
		w.d[side].has_session = false;
}

static void
step(int side, struct session_event e)
{
	struct daemon *d = &w.d[side];
	struct session_effects effects;
	enum session_state before = d->s.state;

	if (!d->alive || !d->has_session)
		return;
	e.now_ns = w.now_ns;
	session_step(&d->s, &e, &effects);
	if (e.type != EV_TICK || d->s.state != before)
		say("%s: %s -> %s", side == SOURCE ? "source" : "target",
		    session_event_name(e.type), session_state_name(d->s.state));
	if (e.type == EV_VERIFIED)
		w.nf[side].whole = true;
	carry_out_all(side, &effects);
}

/* ---- the controller --------------------------------------------------------------------------- */

static uint32_t
call_controller(enum session_effect_type call, uint64_t arg)
{
	switch (call) {
	case FX_STEER_PREPARE:
		if (w.stage > PREPARED || w.serving != SOURCE)
			return REASON_STEERING_REFUSED;
		w.stage = PREPARED;
		return 0;
	case FX_STEER_FLIP:
		if (w.stage == NO_SESSION || (w.stage == FENCED && !arg))
			return REASON_STEERING_REFUSED;
		w.stage = FLIPPED;
		return 0;
	case FX_STEER_QUIET:
		return w.stage == NO_SESSION ? REASON_STEERING_REFUSED : 0;
	case FX_STEER_FENCE:
		if (w.stage == FLIPPED && !arg)
			return REASON_STEERING_FLIPPED;
		if (w.stage == NO_SESSION)
			return REASON_STEERING_REFUSED;
		w.stage = FENCED;
		return 0;
	case FX_STEER_CLEANUP:
		if (w.stage == NO_SESSION)
			return w.serving == (arg ? TARGET : SOURCE) ? 0 : REASON_STEERING_REFUSED;
		if ((arg != 0) != (w.stage == FLIPPED))
			return REASON_STEERING_REFUSED;
		w.serving = arg ? TARGET : SOURCE;
		w.stage = NO_SESSION;
		return 0;
	default:
		return 0;
	}
}

static void
answer_call(int side)
{
	struct daemon *d = &w.d[side];
	uint32_t reason = REASON_STEERING_UNREACHABLE;

	d->calls = false;
	if (!w.controller_away)
		reason = call_controller(d->call, d->call_arg);
	/* The answer may be lost when the deed was done. */
	if (!w.fair && w.troubles > 0 && roll(20) == 0)
		reason = REASON_STEERING_UNREACHABLE;
	event(side, reason == 0 ? EV_STEERED : EV_STEER_FAILED, 0, reason);
}

/* ---- messages ---------------------------------------------------------------------------------- */

/* The driver of a target that has no session answers from the NF's memory. */
static void
answer_from_memory(enum session_event_type question)
{
	const struct nf *nf = &w.nf[TARGET];
	bool settled =
		w.d[TARGET].stage == STAGE_SETTLED || (nf->alive && nf->mode == SLIM_GATE_PASS);

	if (question == EV_CLOSE_COMPLETE || (question == EV_CLOSE_DISCARD && !settled)) {
		if (w.d[TARGET].stage == STAGE_SETTLED)
			w.d[TARGET].stage = STAGE_NONE;
		send(TARGET, EV_CLOSED, 0);
	} else if (question == EV_QUERY || question == EV_CLOSE_DISCARD) {
		send(TARGET,
		     settled     ? EV_STANDING_SETTLED
		     : nf->alive ? EV_STANDING_NONE
				 : EV_STANDING_UNKNOWN,
		     0);
	}
}

static const struct session_limits limits = {
	.preflight_ns = MS(100),
	.max_hold_ns = MS(10),
	.query_ns = MS(20),
	.move_ns = MS(2000),
	.retry_ns = MS(5),
	.offer_ns = MS(100),
	.small_rows = 64,
	.catch_up_ns = MS(1000),
	.settle_ns = MS(50),
	.source_gone_ns = MS(300),
};

static void
receive(int side)
{
	struct daemon *d = &w.d[side];
	struct message m = d->in[0];

	memmove(d->in, d->in + 1, --d->n_in * sizeof(d->in[0]));
	if (side == TARGET && m.event == EV_START) {
		if (d->has_session || !w.nf[TARGET].alive ||
		    w.nf[TARGET].mode != SLIM_GATE_CLOSED) {
			send(TARGET, EV_REFUSED, 0);
			return;
		}
		session_init_target(&d->s, 1, &limits);
		d->has_session = true;
	}
	if (side == TARGET && !d->has_session)
		answer_from_memory(m.event);
	else if (m.event == SESSION_N_EVENTS) /* UNSURE: ask again */
		d->asks = true;
	/* Claimed before: it comes too late. */
	else if (m.event != EV_TAKEN || w.nf[side].word != SLIM_HOLD_FENCED || !w.nf[side].alive) {
		if (m.event == EV_TAKEN && w.nf[side].word == SLIM_HOLD_END_SENT)
			w.nf[side].word = SLIM_HOLD_TAKEN;
		event(side, m.event, m.n, 0);
	}
}

/* ---- faults -------------------------------------------------------------------------------------- */

static void
cut_link(void)
{
	if (!w.link)
		return;
	w.link = false;
	for (int side = 0; side < 2; side++)
		w.d[side].n_in = 0;
	say("the link breaks");
	for (int side = 0; side < 2; side++)
		event(side, EV_PEER_LOST, 0, 0);
}

static void
join_link(void)
{
	if (w.link || !w.d[SOURCE].alive || !w.d[TARGET].alive)
		return;
	say("the link is up");
	w.link = true;
	event(SOURCE, EV_PEER_BACK, 0, 0);
}

static void
kill_daemon(int side)
{
	struct daemon *d = &w.d[side];
	struct daemon kept = {.stage = d->stage};

	if (!d->alive)
		return;
	say("%s: killed", side == SOURCE ? "source" : "target");
	*d = kept;
	cut_link();
}

static void
restore(int side, bool is_source, enum session_stage stage)
{
	const struct nf *nf = &w.nf[side];
	struct daemon *d = &w.d[side];
	struct session_memory memory = {.is_there = nf->alive,
					.is_ours = nf->ours,
					.hold_word = nf->word,
					.mode = nf->mode};
	struct session_effects effects;

	d->has_session = true;
	session_restore(&d->s, 1, is_source, stage, &memory, &limits, w.now_ns, &effects);
	say("%s: taken up in %s", side == SOURCE ? "source" : "target",
	    session_state_name(d->s.state));
	carry_out_all(side, &effects);
}

/* From its journal, or, when there is none, from the NF's memory. */
static void
start_daemon(int side)
{
	struct daemon *d = &w.d[side];

	if (d->alive)
		return;
	d->alive = true;
	say("%s: starts again", side == SOURCE ? "source" : "target");
	if (d->stage != STAGE_NONE && d->stage != STAGE_SETTLED)
		restore(side, side == SOURCE, d->stage);
	else if (w.nf[side].alive && w.nf[side].ours && w.nf[side].mode == SLIM_GATE_RECEIVE)
		command(side, SLIM_GATE_CLOSED, false, SLIM_HOLD_IDLE);
	else if (w.nf[side].alive && w.nf[side].ours)
		restore(side, side == SOURCE, STAGE_NONE);
}

static void
kill_nf(int side)
{
	if (!w.nf[side].alive)
		return;
	say("%s: nf dies", side == SOURCE ? "source" : "target");
	w.excused = true;
	w.nf[side] = (struct nf){.alive = false};
	w.d[side].facts = 0;
	event(side, EV_NF_LOST, 0, 0);
}

static void
trouble(void)
{
	int side = (int)roll(2);

	w.troubles--;
	switch (roll(9)) {
	case 0:
	case 1:
		cut_link();
		break;
	case 2:
	case 3:
		kill_daemon(side);
		break;
	case 4:
		if (roll(2) == 0)
			kill_nf(side);
		break;
	case 5:
		w.controller_away = !w.controller_away;
		break;
	case 6:
		w.disk_bad = !w.disk_bad;
		break;
	case 7:
		if (w.d[side].alive)
			break;
		w.d[side].stage = STAGE_NONE; /* its folder is lost */
		w.excused = true;
		break;
	default:
		w.excused = true;
		event(side, EV_CANCEL, 0, 0);
	}
}

/* ---- steps --------------------------------------------------------------------------------------- */

static void
give_fact(int side)
{
	struct daemon *d = &w.d[side];
	unsigned type = roll(SESSION_N_EVENTS);

	for (unsigned i = 0; i < SESSION_N_EVENTS; i++, type = (type + 1) % SESSION_N_EVENTS) {
		if (!(d->facts & (UINT64_C(1) << type)))
			continue;
		d->facts &= ~(UINT64_C(1) << type);
		event(side, (enum session_event_type)type, 0, 0);
		return;
	}
}

/* The data path: TAKEN goes from agent to agent, and a source without its daemon resumes. */
static void
data_path(void)
{
	struct nf *source = &w.nf[SOURCE];

	if (source->alive && source->word == SLIM_HOLD_END_SENT && w.nf[TARGET].alive &&
	    w.nf[TARGET].mode == SLIM_GATE_SERVE)
		source->word = SLIM_HOLD_TAKEN;
	if (source->alive && source->word == SLIM_HOLD_HOLDING && !w.d[SOURCE].alive)
		source->word = SLIM_HOLD_RESUMED;
}

static void
look_at_word(void)
{
	enum session_state state = w.d[SOURCE].s.state;
	uint32_t word = w.nf[SOURCE].word;

	if (!w.d[SOURCE].has_session || !w.nf[SOURCE].alive || state < SOURCE_HOLDING ||
	    state > SOURCE_QUERYING)
		return;
	if (word == SLIM_HOLD_RESUMED)
		event(SOURCE, EV_RESUMED, 0, 0);
	if (word == SLIM_HOLD_TAKEN && (state == SOURCE_ENDED || state == SOURCE_QUERYING))
		event(SOURCE, EV_TAKEN, 0, 0);
}

static void
pass_time(void)
{
	w.now_ns += MS(1) + roll(MS(9));
	for (int side = 0; side < 2; side++)
		if (w.d[side].has_session && w.d[side].s.deadline_ns != 0 &&
		    w.now_ns >= w.d[side].s.deadline_ns)
			event(side, EV_TICK, 0, 0);
}

static void
ask(void)
{
	if (!w.d[SOURCE].asks || !w.link || !w.d[SOURCE].has_session)
		return;
	w.d[SOURCE].asks = false;
	send(SOURCE, EV_QUERY, 0);
}

static void
act(void)
{
	int side = (int)roll(2);
	struct daemon *d = &w.d[side];

	switch (roll(8)) {
	case 0:
	case 1:
		if (d->alive && d->n_in > 0 && w.link)
			receive(side);
		break;
	case 2:
	case 3:
		if (d->has_session && d->facts != 0)
			give_fact(side);
		if (d->has_session && d->s.state == SOURCE_CATCHING_UP)
			step(side, (struct session_event){.type = EV_BACKLOG, .hold_ns = 1});
		break;
	case 4:
		if (d->has_session && d->calls)
			answer_call(side);
		break;
	case 5:
		ask();
		look_at_word();
		if (roll(4) == 0)
			data_path();
		break;
	case 6:
		pass_time();
		break;
	default:
		if (roll(4) == 0)
			start_daemon(side);
		if (roll(4) == 0)
			join_link();
	}
	check();
}

static void
begin(uint64_t seed, bool verbose)
{
	memset(&w, 0, sizeof(w));
	w.verbose = verbose;
	w.random = seed * 77777u + 1u;
	w.now_ns = MS(1000);
	w.link = true;
	w.serving = SOURCE;
	w.nf[SOURCE] = (struct nf){.alive = true, .mode = SLIM_GATE_PASS, .whole = true};
	w.nf[TARGET] = (struct nf){.alive = true, .mode = SLIM_GATE_CLOSED};
	w.d[SOURCE].alive = w.d[TARGET].alive = true;
	w.d[SOURCE].has_session = true;
	session_init_source(&w.d[SOURCE].s, 1, false, &limits);
	w.troubles = roll(MAX_TROUBLES);
	event(SOURCE, EV_START, 0, 0);
}

static bool
is_over(void)
{
	return !w.d[SOURCE].has_session && !w.d[TARGET].has_session && w.d[SOURCE].alive &&
	       w.d[TARGET].alive;
}

/* All faults end. */
static void
heal(void)
{
	w.fair = true;
	w.controller_away = w.disk_bad = false;
	say("the faults end");
	for (unsigned i = 0; i < MAX_FAIR_STEPS && w.what[0] == '\0' && !is_over(); i++) {
		for (int side = 0; side < 2; side++)
			start_daemon(side);
		join_link();
		for (int n = 0; n < 8; n++)
			act();
		data_path();
		if (w.excused && i > MAX_FAIR_STEPS / 2)
			event((int)roll(2), EV_FORCE, 0, 0);
	}
	if (w.what[0] == '\0' && !is_over())
		snprintf(w.what, sizeof(w.what), "waits for ever: source %s, target %s",
			 w.d[SOURCE].has_session ? session_state_name(w.d[SOURCE].s.state) : "over",
			 w.d[TARGET].has_session ? session_state_name(w.d[TARGET].s.state)
						 : "over");
}

/* A copy that was left serves. What the switch does about an NF that died unseen is not the session's. */
static void
check_end(void)
{
	bool whole[2] = {w.nf[SOURCE].alive && w.nf[SOURCE].whole,
			 w.nf[TARGET].alive && w.nf[TARGET].whole};

	if (w.what[0] != '\0')
		return;
	if (w.nf[SOURCE].alive && w.nf[TARGET].alive && !serves(SOURCE) && !serves(TARGET))
		snprintf(w.what, sizeof(w.what), "nobody serves");
	for (int side = 0; side < 2; side++)
		if (serves(side) && !whole[side])
			snprintf(w.what, sizeof(w.what), "%s serves without the state",
				 side == SOURCE ? "source" : "target");
	if (w.nf[SOURCE].alive && w.nf[TARGET].alive && !whole[SOURCE] && !whole[TARGET])
		snprintf(w.what, sizeof(w.what), "the last copy is gone");
}

/* Without trouble up to some state of the source, so that every one has its share. */
static void
go_to_trouble(void)
{
	enum session_state state = roll(SOURCE_CLOSING + 1);
	unsigned troubles = w.troubles;

	w.troubles = 0;
	for (unsigned i = 0; i < 800 && w.d[SOURCE].has_session && w.d[SOURCE].s.state < state; i++)
		act();
	w.troubles = troubles;
}

static bool
walk(uint64_t seed, bool verbose)
{
	unsigned pace;

	begin(seed, verbose);
	go_to_trouble();
	pace = 2 + roll(10);
	for (unsigned i = 0; i < 300 && w.what[0] == '\0'; i++) {
		if (w.troubles > 0 && roll(pace) == 0)
			trouble();
		act();
	}
	if (w.what[0] == '\0')
		heal();
	check_end();
	if (w.what[0] != '\0')
		printf("# seed %llu: %s\n", (unsigned long long)seed, w.what);
	return w.what[0] == '\0';
}

static void
test_nobody_is_left_with_two_owners_or_none(void **state)
{
	unsigned bad = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= N_WALKS && bad < 5; seed++)
		bad += !walk(seed, false);
	assert_int_equal(bad, 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_is_left_with_two_owners_or_none),
	};

	if (argc == 2)
		return walk(strtoull(argv[1], NULL, 0), true) ? 0 : 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
