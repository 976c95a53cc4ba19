/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slimd: the session core is the real one; the driver around it keeps the
 * promises of session.h, with delays. Facts are noticed some time after they have
 * become true. It may die between any two effects.
 */
#include "world.h"

#include <string.h>

#include "slim_ctl.pb-c.h"

#define ROWS_A_POLL 4u
#define CONNECT_RETRY_NS MS(1)

static void carry_out(struct world *w, uint32_t side, const struct session_effects *effects);
static void start_query(struct world *w, uint32_t side);

/* ---- events to the core --------------------------------------------------------------- */

static void
over(struct world *w, uint32_t side)
{
	struct daemon *d = &w->daemon[side];

	d->result = d->session.result;
	d->reason = d->session.reason;
	d->lost = d->session.lost;
	d->has_session = false;
	trace(w, "slimd%u: %s, reason %u", side, session_result_name(d->result), d->reason);
}

static void
after_step(struct world *w, uint32_t side, enum session_state before,
	   const struct session_effects *effects)
{
	struct daemon *d = &w->daemon[side];
	uint32_t gen = d->gen;

	if (d->session.state != before) {
		trace(w, "slimd%u: -> %s", side, session_state_name(d->session.state));
		plan_entered(w, d->session.state);
		if (d->session.state == SOURCE_COPYING || d->session.state == SOURCE_HOLDING)
			load_hurry(w);
	}
	carry_out(w, side, effects);
	if (d->gen == gen && d->session.state == SESSION_DONE)
		over(w, side);
	daemon_notice(w, side);
}

void
daemon_event(struct world *w, uint32_t side, enum session_event_type type, uint64_t n,
	     uint32_t reason)
{
	struct daemon *d = &w->daemon[side];
	struct session_event event = {.type = type, .now_ns = w->now, .n = n, .reason = reason};
	struct session_effects effects;
	enum session_state before = type == EV_START ? SESSION_N_STATES : d->session.state;

	if (!d->alive || !d->has_session)
		return;
	if (type == EV_BACKLOG) {
		event.rows = n;
		event.hold_ns = 1;
	} else {
		trace(w, "slimd%u: event %s %llu", side, session_event_name(type),
		      (unsigned long long)n);
	}
	session_step(&d->session, &event, &effects);
	after_step(w, side, before, &effects);
}

static void
tick(struct world *w, uint32_t side, uint32_t unused, uint64_t serial)
{
	(void)unused;
	if (serial == w->daemon[side].tick_serial)
		daemon_event(w, side, EV_TICK, 0, 0);
}

/* ---- the peer stream ---------------------------------------------------------------------- */

static void message_arrives(struct world *w, uint32_t index, uint32_t to, uint64_t stream);

static void
message_send(struct world *w, uint32_t from, const struct message *message)
{
	uint32_t index = w->message_next++ % 1024;
	uint64_t at = w->now + rnd_delay(w, RNG_DAEMON, w->peer_delay_ns);

	if (!w->stream.up)
		return;
	if (w->now < w->stream.slow_until)
		at += w->stream.slow_ns;
	if (at <= w->stream.last[from])
		at = w->stream.last[from] + 1;
	w->stream.last[from] = at;
	w->messages[index] = *message;
	w->messages[index].session = w->session;
	engine_at(w, at, message_arrives, index, 1 - from, w->stream.id);
}

static void
say(struct world *w, uint32_t from, enum message_type type, uint64_t arg)
{
	message_send(w, from,
		     &(struct message){
			     .type = type, .arg = arg, .reason = w->daemon[from].session.reason});
}

static void
peer_lost(struct world *w, uint32_t side, uint32_t gen, uint64_t session)
{
	if (w->daemon[side].gen == gen && w->session == session)
		daemon_event(w, side, EV_PEER_LOST, 0, 0);
}

void
stream_cut(struct world *w, uint64_t until)
{
	if (until > w->stream.cut_until)
		w->stream.cut_until = until;
	if (!w->stream.up)
		return;
	trace(w, "the peer stream breaks");
	w->stream.up = false;
	w->stream.id++;
	for (uint32_t side = 0; side < 2; side++)
		engine_at(w, w->now + rnd_delay(w, RNG_DAEMON, US(100)), peer_lost, side,
			  w->daemon[side].gen, w->session);
}

/* Tries once; true if there is a stream. */
static bool
stream_connect(struct world *w, uint32_t side)
{
	if (w->stream.up)
		return true;
	if (w->now < w->stream.cut_until || !w->daemon[1 - side].alive)
		return false;
	w->stream.up = true;
	w->stream.id++;
	trace(w, "the peer stream is up");
	return true;
}

static void
open_peer(struct world *w, uint32_t side, uint32_t gen, uint64_t unused)
{
	(void)unused;
	if (w->daemon[side].gen != gen || w->daemon[side].session.state != SOURCE_OPENING)
		return;
	if (stream_connect(w, side))
		say(w, side, MSG_OPEN, 0);
	else
		daemon_event(w, side, EV_PEER_LOST, 0, 0);
}

/* Goes on until a Standing has come or the session is over. */
static void
query_peer(struct world *w, uint32_t side, uint32_t gen, uint64_t asked_on)
{
	struct daemon *d = &w->daemon[side];

	if (d->gen != gen || !d->has_session || !d->querying)
		return;
	if (stream_connect(w, side) && asked_on != w->stream.id) {
		say(w, side, MSG_QUERY, 0);
		asked_on = w->stream.id;
	}
	engine_at(w, w->now + CONNECT_RETRY_NS, query_peer, side, gen, asked_on);
}

/* ---- what the peer says ------------------------------------------------------------------------ */

static void
target_opens(struct world *w, uint32_t side)
{
	struct daemon *d = &w->daemon[side];
	const struct nf *nf = &w->nf[side];

	if (d->has_session || !nf->alive || nf->command.mode == SLIM_GATE_PASS ||
	    nf_used(nf) != 0) {
		say(w, side, MSG_REFUSED, 0);
		return;
	}
	d->has_session = true;
	d->is_source = false;
	d->result = RESULT_NONE;
	session_init_target(&d->session, w->session, &w->limits);
	daemon_event(w, side, EV_START, 0, 0);
}

static void
row_arrives(struct world *w, uint32_t side, const struct message *message)
{
	struct daemon *d = &w->daemon[side];
	struct install record = {.slot = message->slot, .row = message->row};

	if (d->session.state == TARGET_VERIFYING || d->session.state == TARGET_TAKING)
		violation(w, "a row comes after END");
	record.op = message->row.used ? SLIM_INSTALL_PUT : SLIM_INSTALL_DEL;
	if (w->options.bad_digest)
		record.row.count ^= 1u;
	if (d->rows_tail - d->rows_head == SIM_MAX_ROWS) {
		violation(w, "the simulator has too many rows under way");
		return;
	}
	d->rows[d->rows_tail++ % SIM_MAX_ROWS] = record;
	daemon_notice(w, side);
}

static void
ask_again(struct world *w, uint32_t side, uint32_t gen, uint64_t unused)
{
	(void)unused;
	if (w->daemon[side].gen == gen && w->daemon[side].has_session)
		start_query(w, side);
}

static void
source_hears(struct world *w, uint32_t side, const struct message *m)
{
	struct daemon *d = &w->daemon[side];
	static const enum session_event_type plain[N_MESSAGES] = {
		[MSG_OPENED] = EV_OPENED,      [MSG_REFUSED] = EV_REFUSED,
		[MSG_READY] = EV_READY,        [MSG_TAKEN] = EV_TAKEN,
		[MSG_TRAIL_DONE] = EV_TRAILED, [MSG_CLOSED] = EV_CLOSED,
		[MSG_FAILED] = EV_PEER_FAILED,
	};

	if (m->type == MSG_STANDING && m->arg == STANDING_UNSURE) {
		d->querying = false;
		engine_at(w, w->now + CONNECT_RETRY_NS, ask_again, side, d->gen, 0);
	} else if (m->type == MSG_STANDING) {
		d->querying = false;
		daemon_event(w, side,
			     m->arg == STANDING_OWNER       ? EV_STANDING_OWNER
			     : m->arg == STANDING_RECEIVING ? EV_STANDING_RECEIVING
			     : m->arg == STANDING_SETTLED   ? EV_STANDING_SETTLED
			     : m->arg == STANDING_CLOSED    ? EV_STANDING_NONE
							    : EV_STANDING_UNKNOWN,
			     0, 0);
	} else if (m->type == MSG_FINISHED) {
		if (m->arg == d->finish_id)
			daemon_event(w, side, EV_FINISHED,
				     w->nf[side].redirected - d->finish_redirected, 0);
	} else {
		daemon_event(w, side, plain[m->type], m->type == MSG_CLOSED ? m->arg : 0,
			     m->reason);
	}
}

static void
target_hears(struct world *w, uint32_t side, const struct message *m)
{
	struct daemon *d = &w->daemon[side];

	switch (m->type) {
	case MSG_BEGIN:
		daemon_event(w, side, EV_BEGIN, 0, 0);
		break;
	case MSG_ROW:
		row_arrives(w, side, m);
		break;
	case MSG_END:
		d->end_digest = m->arg;
		daemon_event(w, side, EV_END, 0, 0);
		break;
	case MSG_FINISH:
		d->finish_id = (uint32_t)m->arg;
		daemon_event(w, side, EV_FINISH, 0, 0);
		break;
	case MSG_TRAIL_END:
		daemon_event(w, side, EV_TRAIL_END, 0, 0);
		break;
	case MSG_CLOSE:
		daemon_event(w, side, m->arg ? EV_CLOSE_COMPLETE : EV_CLOSE_DISCARD, 0, 0);
		break;
	case MSG_QUERY:
		daemon_event(w, side, EV_QUERY, 0, 0);
		break;
	case MSG_SOURCE_GONE:
		daemon_event(w, side, m->arg ? EV_SOURCE_LEFT : EV_SOURCE_GONE, 0, 0);
		break;
	default:
		violation(w, "the target hears message %u", m->type);
	}
}

/* The session went on without its source, or is over: the NF serves. */
static bool
is_settled(const struct world *w, uint32_t side)
{
	const struct daemon *d = &w->daemon[side];

	return (d->stage == STAGE_SETTLED && d->journal_session == w->session) ||
	       (w->nf[side].alive && w->nf[side].command.mode == SLIM_GATE_PASS);
}

static void
message_arrives(struct world *w, uint32_t index, uint32_t to, uint64_t stream)
{
	const struct message *m = &w->messages[index];
	struct daemon *d = &w->daemon[to];

	if (!w->stream.up || stream != w->stream.id || !d->alive || m->session != w->session)
		return;
	if (m->type == MSG_OPEN)
		target_opens(w, to);
	else if (d->has_session && d->is_source)
		source_hears(w, to, m);
	else if (d->has_session)
		target_hears(w, to, m);
	else if (m->type == MSG_QUERY || (m->type == MSG_CLOSE && !m->arg && is_settled(w, to)))
		say(w, to, MSG_STANDING,
		    is_settled(w, to) ? STANDING_SETTLED
		    : w->nf[to].alive ? STANDING_CLOSED
				      : STANDING_UNKNOWN);
	else if (m->type == MSG_CLOSE)
		say(w, to, MSG_CLOSED, d->lost);
}

/* ---- gate commands --------------------------------------------------------------------------------- */

static void
gate_issue(struct world *w, uint32_t side)
{
	struct daemon *d = &w->daemon[side];
	struct nf *nf = &w->nf[side];

	if (!d->gate_pending || !nf_all_acked(nf))
		return;
	d->gate_pending = false;
	d->gate_waiting = true;
	if (d->gate_sets_word)
		nf->hold_word = d->gate_hold_word;
	if (d->gate_next.mode == SLIM_GATE_SERVE && nf->command.mode != SLIM_GATE_SERVE)
		oracle_taking_over(w, side);
	nf_command(w, side, &d->gate_next);
}

/* Until the last command is acknowledged the next one waits; a newer one takes its place. */
static void
gate(struct world *w, uint32_t side, struct command command, int hold_word)
{
	struct daemon *d = &w->daemon[side];

	command.is_source = d->is_source;
	command.peer_workers = w->nf[1 - side].n_workers;
	d->gate_next = command;
	d->gate_pending = true;
	d->gate_waiting = false;
	d->gate_sets_word = hold_word >= 0;
	d->gate_hold_word = (uint32_t)hold_word;
	gate_issue(w, side);
}

static void
gate_effect(struct world *w, uint32_t side, enum session_effect_type type)
{
	uint8_t session = w->session;

	switch (type) {
	case FX_GATE_WATCH:
		w->daemon[side].watching_probes = true;
		gate(w, side,
		     (struct command){.mode = SLIM_GATE_PASS, .session = session, .watch = true},
		     SLIM_HOLD_IDLE);
		break;
	case FX_GATE_TRACK:
		gate(w, side,
		     (struct command){.mode = SLIM_GATE_PASS,
				      .session = session,
				      .watch = true,
				      .track = true},
		     SLIM_HOLD_IDLE);
		break;
	case FX_GATE_HOLD:
		gate(w, side,
		     (struct command){.mode = SLIM_GATE_HOLD, .session = session, .track = true},
		     SLIM_HOLD_HOLDING);
		break;
	case FX_GATE_REDIRECT:
		gate(w, side, (struct command){.mode = SLIM_GATE_REDIRECT, .session = session},
		     SLIM_HOLD_TAKEN);
		break;
	case FX_GATE_PASS:
		gate(w, side, (struct command){.mode = SLIM_GATE_PASS}, SLIM_HOLD_IDLE);
		break;
	case FX_GATE_WIPE:
		w->daemon[side].rows_head = w->daemon[side].rows_tail;
		gate(w, side, (struct command){.mode = SLIM_GATE_CLOSED, .wipe = true},
		     SLIM_HOLD_IDLE);
		break;
	case FX_GATE_RECEIVE:
		w->daemon[side].watching_marks = true;
		gate(w, side, (struct command){.mode = SLIM_GATE_RECEIVE, .session = session},
		     SLIM_HOLD_IDLE);
		break;
	case FX_GATE_SERVE:
		gate(w, side, (struct command){.mode = SLIM_GATE_SERVE, .session = session}, -1);
		break;
	case FX_GATE_SOURCE_GONE: /* only saves time */
		break;
	default:
		violation(w, "effect %s has no deed", session_effect_name(type));
	}
}

/* ---- steering -------------------------------------------------------------------------------------------- */

static void
steer_effect(struct world *w, uint32_t side, enum session_effect_type type, uint64_t arg)
{
	struct daemon *d = &w->daemon[side];
	struct steer_call call = {
		.op = (enum steer_op)(type - FX_STEER_CHECK),
		.complete = type == FX_STEER_CLEANUP && arg != 0,
		.last_copy = type != FX_STEER_CLEANUP && arg != 0,
		.daemon = (uint8_t)side,
		.gen = d->gen,
		.call = ++d->call,
		.source = (uint8_t)(d->is_source ? side : 1 - side),
		.target = (uint8_t)(d->is_source ? 1 - side : side),
	};

	_Static_assert(FX_STEER_CLEANUP - FX_STEER_CHECK == OP_CLEANUP, "one op an effect");
	d->call_waiting = true;
	if (type != FX_STEER_FENCE || !(w->options.controls & CONTROL_NO_FENCE))
		steer_request(w, &call);
}

void
daemon_steered(struct world *w, const struct steer_call *call, bool ok, uint32_t reason)
{
	struct daemon *d = &w->daemon[call->daemon];

	if (!d->alive || d->gen != call->gen || d->call != call->call || !d->call_waiting)
		return;
	d->call_waiting = false;
	daemon_event(w, call->daemon, ok ? EV_STEERED : EV_STEER_FAILED, 0, reason);
}

/* ---- other deeds ------------------------------------------------------------------------------------------- */

static void
send_end(struct world *w, uint32_t side)
{
	struct daemon *d = &w->daemon[side];
	struct nf *nf = &w->nf[side];

	if (nf->hold_word != SLIM_HOLD_HOLDING)
		return;
	nf->hold_word = SLIM_HOLD_END_SENT;
	d->end_digest = nf_digest(nf);
	say(w, side, MSG_END, d->end_digest);
}

static void
claim(struct world *w, uint32_t side)
{
	struct nf *nf = &w->nf[side];

	if (w->options.controls & CONTROL_NO_FENCE)
		return;
	if (nf->hold_word == SLIM_HOLD_END_SENT)
		nf->hold_word = SLIM_HOLD_FENCED;
}

static void
set_deadline(struct world *w, uint32_t side, uint64_t at)
{
	struct daemon *d = &w->daemon[side];

	d->tick_serial++;
	if (at != 0)
		engine_at(w, at + rnd(w, RNG_DAEMON, US(200)), tick, side, 0, d->tick_serial);
}

static void
journal(struct daemon *d, enum session_stage stage)
{
	d->stage = stage;
	d->journal_session = (uint8_t)d->session.id;
	d->journal_source = d->is_source;
}

static void
start_query(struct world *w, uint32_t side)
{
	struct daemon *d = &w->daemon[side];

	if (d->querying)
		return;
	d->querying = true;
	engine_at(w, w->now + rnd_delay(w, RNG_DAEMON, US(100)), query_peer, side, d->gen, 0);
}

static void
peer_effect(struct world *w, uint32_t side, const struct session_effect *fx)
{
	static const enum message_type plain[SESSION_N_EFFECTS] = {
		[FX_PEER_BEGIN] = MSG_BEGIN,      [FX_PEER_CLOSE] = MSG_CLOSE,
		[FX_PEER_ACCEPT] = MSG_OPENED,    [FX_PEER_READY] = MSG_READY,
		[FX_PEER_TAKEN] = MSG_TAKEN,      [FX_PEER_TRAIL_DONE] = MSG_TRAIL_DONE,
		[FX_PEER_FAILED] = MSG_FAILED,    [FX_PEER_STANDING] = MSG_STANDING,
		[FX_PEER_GONE] = MSG_SOURCE_GONE,
	};
	struct daemon *d = &w->daemon[side];

	switch (fx->type) {
	case FX_PEER_OPEN:
		engine_at(w, w->now + rnd_delay(w, RNG_DAEMON, US(100)), open_peer, side, d->gen,
			  0);
		break;
	case FX_PEER_END:
		send_end(w, side);
		break;
	case FX_PEER_QUERY:
		start_query(w, side);
		break;
	case FX_PEER_FINISH:
		d->finish_redirected = w->nf[side].redirected;
		say(w, side, MSG_FINISH, ++d->finish_id);
		break;
	case FX_PEER_FINISHED:
		say(w, side, MSG_FINISHED, d->finish_id);
		break;
	case FX_PEER_CLOSED:
		say(w, side, MSG_CLOSED, d->session.lost);
		break;
	default:
		say(w, side, plain[fx->type], fx->arg);
	}
}

static void
deed(struct world *w, uint32_t side, const struct session_effect *fx)
{
	struct daemon *d = &w->daemon[side];

	switch (fx->type) {
	case FX_JOURNAL:
		journal(d, (enum session_stage)fx->arg);
		break;
	case FX_WALK:
		d->walking = d->tracking = true;
		d->walk = 0;
		d->walked_told = false;
		break;
	case FX_DRAIN:
		d->draining = true;
		break;
	case FX_FENCE_CLAIM:
		claim(w, side);
		break;
	case FX_TRAIL:
		d->tracking = false;
		say(w, side, MSG_TRAIL_END, 0);
		break;
	case FX_PROVE:
		d->closing = true;
		break;
	case FX_VERIFY:
		d->verifying = true;
		break;
	case FX_ROUND:
		d->round_want = ++w->nf[side].round_request;
		d->rounding = true;
		nf_wake_all(w, side);
		break;
	case FX_MERGE:
		d->merging = true;
		break;
	case FX_DEADLINE:
		set_deadline(w, side, fx->arg);
		break;
	case FX_RESULT:
		break;
	default:
		if (fx->type >= FX_STEER_CHECK && fx->type <= FX_STEER_CLEANUP)
			steer_effect(w, side, fx->type, fx->arg);
		else if (fx->type >= FX_GATE_WATCH && fx->type <= FX_GATE_SOURCE_GONE)
			gate_effect(w, side, fx->type);
		else
			peer_effect(w, side, fx);
	}
}

static void
carry_out(struct world *w, uint32_t side, const struct session_effects *effects)
{
	struct daemon *d = &w->daemon[side];

	for (size_t i = 0; i < effects->n; i++) {
		if (plan_kills(w, side, d->effects_done++))
			return;
		if (effects->list[i].type != FX_DEADLINE)
			trace(w, "slimd%u:   do %s %llu", side,
			      session_effect_name(effects->list[i].type),
			      (unsigned long long)effects->list[i].arg);
		deed(w, side, &effects->list[i]);
	}
}

/* ---- rows, at the source ------------------------------------------------------------------------------------- */

static void
send_row(struct world *w, uint32_t side, uint32_t slot)
{
	struct nf *nf = &w->nf[side];

	w->daemon[side].sent_seq[slot] = nf->slots[slot].seq;
	message_send(
		w, side,
		&(struct message){.type = MSG_ROW, .slot = (uint8_t)slot, .row = nf->slots[slot]});
}

static bool
next_dirty(struct nf *nf, uint32_t *ret_slot)
{
	for (uint32_t i = 0; i < nf->n_workers; i++) {
		struct worker *k = &nf->workers[i];

		if (k->dirty_head == k->dirty_tail)
			continue;
		*ret_slot = k->dirty_ring[k->dirty_head++ % 64];
		nf->dirty[*ret_slot] = false;
		return true;
	}
	return false;
}

static uint32_t
backlog(const struct nf *nf, const struct daemon *d)
{
	uint32_t n = d->walking ? nf->n_slots - d->walk : 0;

	for (uint32_t i = 0; i < nf->n_workers; i++)
		n += nf->workers[i].dirty_tail - nf->workers[i].dirty_head;
	return n;
}

static void
walk_on(struct world *w, uint32_t side)
{
	struct daemon *d = &w->daemon[side];
	struct nf *nf = &w->nf[side];

	for (uint32_t n = 0; n < ROWS_A_POLL && d->walking; d->walk++) {
		if (d->walk == nf->n_slots) {
			d->walking = false;
			break;
		}
		d->sent_seq[d->walk] = nf->slots[d->walk].seq;
		if (nf->slots[d->walk].used) {
			send_row(w, side, d->walk);
			n++;
		}
	}
}

static bool
all_sent(const struct nf *nf, const struct daemon *d)
{
	for (uint32_t i = 0; i < nf->n_slots; i++) {
		if (d->sent_seq[i] != nf->slots[i].seq)
			return false;
	}
	return true;
}

static void
poll_rows(struct world *w, uint32_t side)
{
	struct daemon *d = &w->daemon[side];
	struct nf *nf = &w->nf[side];
	uint32_t slot, left;

	if (!d->tracking)
		return;
	walk_on(w, side);
	for (uint32_t n = 0; n < ROWS_A_POLL && next_dirty(nf, &slot); n++)
		send_row(w, side, slot);
	left = backlog(nf, d);
	if (!d->walking && !d->walked_told) {
		d->walked_told = true;
		daemon_event(w, side, EV_WALKED, 0, 0);
	} else if (d->draining && left == 0) {
		d->draining = false;
		daemon_event(w, side, all_sent(nf, d) ? EV_DRAINED : EV_DRAIN_BAD, 0, 0);
	} else if (d->session.state == SOURCE_COPYING || d->session.state == SOURCE_CATCHING_UP) {
		daemon_event(w, side, EV_BACKLOG, left, 0);
	}
	if (left > 0)
		daemon_notice(w, side);
}

/* ---- rows, at the target ------------------------------------------------------------------------------------- */

/* False: the row must wait until another worker has let go of the slot. */
static bool
put_row(struct world *w, uint32_t side, const struct install *record)
{
	struct daemon *d = &w->daemon[side];
	const struct nf *nf = &w->nf[side];
	uint32_t owner = record->row.key % nf->n_workers;
	uint32_t had = d->slot_worker[record->slot];
	struct install removal = {.op = SLIM_INSTALL_DEL, .slot = record->slot};

	if (record->op == SLIM_INSTALL_DEL && had == 0)
		return true;
	if (had != 0 && (record->op == SLIM_INSTALL_DEL || had - 1 != owner)) {
		d->slot_worker[record->slot] = 0;
		nf_install(w, side, had - 1, &removal);
		return record->op == SLIM_INSTALL_DEL;
	}
	if (had == 0 && !nf_installs_done(nf))
		return false;
	d->slot_worker[record->slot] = (uint8_t)(owner + 1);
	nf_install(w, side, owner, record);
	return true;
}

static void
poll_installs(struct world *w, uint32_t side)
{
	struct daemon *d = &w->daemon[side];
	const struct nf *nf = &w->nf[side];

	while (d->rows_head != d->rows_tail &&
	       put_row(w, side, &d->rows[d->rows_head % SIM_MAX_ROWS]))
		d->rows_head++;
	for (uint32_t i = 0; i < nf->n_workers; i++) {
		if (nf->workers[i].install_full) {
			daemon_event(w, side, EV_VERIFY_BAD, 0,
				     SLIM__V1__REASON_CODE__REASON_TABLE_FULL);
			return;
		}
	}
}

static bool
all_installed(const struct world *w, uint32_t side)
{
	const struct daemon *d = &w->daemon[side];

	return d->rows_head == d->rows_tail && nf_installs_done(&w->nf[side]);
}

/* ---- facts ----------------------------------------------------------------------------------------------------- */

static void
poll_gate(struct world *w, uint32_t side)
{
	struct daemon *d = &w->daemon[side];
	struct nf *nf = &w->nf[side];
	uint64_t lost;

	gate_issue(w, side);
	if (!d->gate_waiting || !nf_all_acked(nf) || !nf->alive)
		return;
	d->gate_waiting = false;
	lost = nf->overflow - d->overflow_told;
	d->overflow_told = nf->overflow;
	daemon_event(w, side, EV_GATE_DONE, lost, 0);
}

static void
poll_hold_word(struct world *w, uint32_t side)
{
	const struct daemon *d = &w->daemon[side];
	uint32_t word = w->nf[side].hold_word;

	switch (d->session.state) {
	case SOURCE_HOLDING:
	case SOURCE_DRAINING:
	case SOURCE_ENDED:
	case SOURCE_QUERYING:
		if (d->gate_pending) /* the word is not yet this session's */
			break;
		if (word == SLIM_HOLD_RESUMED)
			daemon_event(w, side, EV_RESUMED, 0, 0);
		else if (word == SLIM_HOLD_TAKEN)
			daemon_event(w, side, EV_TAKEN, 0, 0);
		break;
	case SOURCE_CLAIMING:
	case SOURCE_RECLAIMING:
		if (word == SLIM_HOLD_FENCED || (w->options.controls & CONTROL_NO_FENCE))
			daemon_event(w, side, EV_CLAIMED, 0, 0);
		else if (word == SLIM_HOLD_TAKEN)
			daemon_event(w, side, EV_TAKEN, 0, 0);
		else
			daemon_event(w, side, EV_RESUMED, 0, 0);
		break;
	case SOURCE_FENCING:
		if (w->options.controls & CONTROL_NO_FENCE)
			daemon_event(w, side, EV_STEERED, 0, 0);
		break;
	default:
		break;
	}
}

static void
poll_source(struct world *w, uint32_t side)
{
	struct daemon *d = &w->daemon[side];
	const struct nf *nf = &w->nf[side];

	if (d->watching_probes && !d->gate_pending && nf->probed[0] && nf->probed[1]) {
		d->watching_probes = false;
		daemon_event(w, side, EV_PROBED, 0, 0);
	}
	poll_rows(w, side);
	poll_hold_word(w, side);
	if (d->closing) {
		d->closing = false;
		daemon_event(w, side, EV_PROVED,
			     d->end_digest != 0 && d->end_digest != nf_digest(nf), 0);
	}
}

static bool
all_marked(const struct world *w, uint32_t side)
{
	uint32_t want = (1u << w->nf[1 - side].n_workers) - 1;

	if (w->options.controls & CONTROL_NO_MARKS)
		return true;
	for (uint32_t p = 0; p < SIM_N_PORTS; p++) {
		if (w->nf[side].marks[p] != want)
			return false;
	}
	return true;
}

static bool
round_is_done(const struct nf *nf, uint32_t want)
{
	for (uint32_t p = 0; p < SIM_N_PORTS; p++) {
		if (nf->rounds_done[p] < want)
			return false;
	}
	return true;
}

static void
poll_target(struct world *w, uint32_t side)
{
	struct daemon *d = &w->daemon[side];
	const struct nf *nf = &w->nf[side];

	poll_installs(w, side);
	if (d->watching_marks && !d->gate_pending && nf_all_acked(nf) && all_marked(w, side)) {
		d->watching_marks = false;
		daemon_event(w, side, EV_MARKED, 0, 0);
	}
	if (d->verifying && all_installed(w, side)) {
		d->verifying = false;
		daemon_event(w, side, nf_digest(nf) == d->end_digest ? EV_VERIFIED : EV_VERIFY_BAD,
			     0, 0);
	}
	if (d->rounding && round_is_done(nf, d->round_want)) {
		d->rounding = false;
		daemon_event(w, side, EV_ROUNDED, 0, 0);
	}
	if (d->merging && all_installed(w, side)) {
		d->merging = false;
		daemon_event(w, side, EV_MERGED, 0, 0);
	}
}

static void
poll(struct world *w, uint32_t side, uint32_t gen, uint64_t unused)
{
	struct daemon *d = &w->daemon[side];

	(void)unused;
	if (d->gen != gen)
		return;
	d->noticed = false;
	if (!d->has_session)
		return;
	poll_gate(w, side);
	if (d->gen == gen && d->has_session && d->is_source)
		poll_source(w, side);
	else if (d->gen == gen && d->has_session)
		poll_target(w, side);
}

/* Something may have changed: look soon. */
void
daemon_notice(struct world *w, uint32_t side)
{
	struct daemon *d = &w->daemon[side];

	if (!d->alive || !d->has_session || d->noticed)
		return;
	d->noticed = true;
	engine_at(w, w->now + rnd_delay(w, RNG_DAEMON, US(60)), poll, side, d->gen, 0);
}

/* ---- life and death ------------------------------------------------------------------------------------------------ */

void
daemon_start_move(struct world *w, uint32_t source)
{
	struct daemon *d = &w->daemon[source];

	w->source = (uint8_t)source;
	w->session++;
	for (uint32_t side = 0; side < 2; side++) {
		w->daemon[side].result = RESULT_NONE;
		w->daemon[side].lost = 0;
		w->daemon[side].overflow_base = w->daemon[side].overflow_told =
			w->nf[side].overflow;
		w->nf[side].redirected = 0;
		memset(w->daemon[side].slot_worker, 0, sizeof(w->daemon[side].slot_worker));
	}
	d->has_session = d->is_source = true;
	session_init_source(&d->session, w->session, false, &w->limits);
	trace(w, "slimd%u: starts move %u", source, w->session);
	daemon_event(w, source, EV_START, 0, 0);
}

static void
nf_is_lost(struct world *w, uint32_t side, uint32_t gen, uint64_t unused)
{
	struct daemon *d = &w->daemon[side];
	uint64_t lost = w->nf[side].overflow - d->overflow_told;

	(void)unused;
	if (d->gen != gen)
		return;
	d->overflow_told += lost;
	daemon_event(w, side, EV_NF_LOST, lost, 0);
}

static void
restart(struct world *w, uint32_t side, uint32_t gen, uint64_t unused)
{
	struct daemon *d = &w->daemon[side];
	struct nf *nf = &w->nf[side];
	struct session_memory memory;
	struct session_effects effects;

	(void)unused;
	if (d->gen != gen)
		return;
	trace(w, "slimd%u: starts again", side);
	d->alive = true;
	d->n_restarts++;
	nf->heartbeat_ns = 0;
	if (d->stage == STAGE_NONE || d->stage == STAGE_OVER || d->stage == STAGE_SETTLED)
		return;
	d->has_session = true;
	d->is_source = d->journal_source;
	memory = (struct session_memory){
		.is_there = nf->alive &&
			    (nf->command.session == 0 || nf->command.session == d->journal_session),
		.is_ours = nf->command.session == d->journal_session,
		.hold_word = nf->hold_word,
		.mode = nf->command.mode,
	};
	session_restore(&d->session, d->journal_session, d->is_source, d->stage, &memory,
			&w->limits, w->now, &effects);
	trace(w, "slimd%u: takes up the session", side);
	after_step(w, side, SESSION_N_STATES, &effects);
}

void
daemon_kill(struct world *w, uint32_t side, uint64_t down_ns)
{
	struct daemon *d = &w->daemon[side];
	struct daemon kept = {
		.gen = d->gen + 1,
		.tick_serial = d->tick_serial + 1,
		.stage = d->stage,
		.journal_session = d->journal_session,
		.journal_source = d->journal_source,
		.result = d->result,
		.reason = d->reason,
		.lost = d->lost,
		.overflow_base = d->overflow_base,
		.overflow_told = d->overflow_base,
		.n_restarts = d->n_restarts,
		.effects_done = d->effects_done,
		.call = d->call,
		.finish_id = d->finish_id,
	};

	if (!d->alive)
		return;
	trace(w, "slimd%u: killed", side);
	stream_cut(w, 0);
	*d = kept;
	w->nf[side].heartbeat_ns = w->now;
	engine_at(w, w->now + down_ns, restart, side, d->gen, 0);
}

void
daemon_init(struct world *w, uint32_t side)
{
	w->daemon[side].alive = true;
	w->nf[side].heartbeat_ns = 0;
}

void
daemon_nf_died(struct world *w, uint32_t side)
{
	engine_at(w, w->now + rnd_delay(w, RNG_DAEMON, US(200)), nf_is_lost, side,
		  w->daemon[side].gen, 0);
}
