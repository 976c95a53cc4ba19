/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of moves, their events and effects. What an effect means in detail stands
 * in the move_*.c files; here is which one is called, in which order, and when.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "driver.h"
#include "log.h"
#include "move.h"

#define SECOND UINT64_C(1000000000)
#define MS UINT64_C(1000000)
#define US UINT64_C(1000)

/* While packets wait for longer than a good hold lasts. Not shorter: where it shares a core with the NF, a daemon
 * that never rests keeps the NF from the very work that it waits for. */
#define HOT_NS (20 * US)
#define WARM_NS (100 * US) /* while rows stream: what a peer sends ends the rest at once */
#define COOL_NS (500 * US) /* while others work */
#define REDIAL_NS (100 * MS)
#define TICK_AGAIN_NS MS
#define STILL_NS (250 * MS) /* receive queues hold less */
#define FLUSH_NS (2 * MS)
#define HOLD_LIMIT_MIN_NS (500 * MS)

uint64_t
move_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

uint64_t
move_unix_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

/* ---- events ------------------------------------------------------------------------ */

static bool
is_same(const struct session_event *last, enum session_event_type type, uint64_t n, uint32_t reason)
{
	return last->type == type && last->n == 0 && n == 0 && last->reason == reason;
}

void
move_event_n(struct move *m, enum session_event_type type, uint64_t n, uint32_t reason)
{
	/* Said twice in one breath is said once. */
	if (m->n_events > 0 && is_same(&m->events[m->n_events - 1], type, n, reason))
		return;
	/* Peers have MOVE_PEER_EVENTS places; own facts come only while hardly anything waits. */
	assert(m->n_events < MOVE_MAX_EVENTS);
	m->events[m->n_events++] = (struct session_event){.type = type, .n = n, .reason = reason};
}

void
move_event(struct move *m, enum session_event_type type)
{
	move_event_n(m, type, 0, 0);
}

static void
take_out(struct move *m, enum session_event_type type, uint64_t *ret_n)
{
	size_t kept = 0;

	*ret_n = 0;
	for (size_t i = 0; i < m->n_events; i++) {
		if (m->events[i].type == type)
			*ret_n += m->events[i].n;
		else
			m->events[kept++] = m->events[i];
	}
	m->n_events = kept;
}

/* An answer that still waits in the queue was given to an earlier call; it is none to the one that is
 * made now. What it counted is told with the next. */
static void
drop_answers(struct move *m, enum session_effect_type type)
{
	uint64_t n;

	if (type >= FX_STEER_CHECK && type <= FX_STEER_CLEANUP) {
		take_out(m, EV_STEERED, &n);
		take_out(m, EV_STEER_FAILED, &n);
	} else if (type >= FX_GATE_WATCH && type <= FX_GATE_SERVE) {
		take_out(m, EV_GATE_DONE, &n);
		m->lost_seen -= n;
	}
}

void
move_complain(struct move *m, uint32_t code, const char *format, ...)
{
	struct job_reason *reason = &m->reasons[m->n_reasons];
	va_list args;

	if (m->n_reasons == SLIM_MAX_REASONS)
		return;
	reason->code = (Slim__V1__ReasonCode)code;
	va_start(args, format);
	vsnprintf(reason->text, sizeof(reason->text), format, args);
	va_end(args);
	/* What is tried again fails again, and is said once. */
	for (size_t i = 0; i < m->n_reasons; i++)
		if (strcmp(m->reasons[i].text, reason->text) == 0)
			return;
	m->n_reasons++;
	log_session_warn(m->session.id, "trouble reason=\"%s\"", reason->text);
}

/* ---- the list ------------------------------------------------------------------------- */

struct move *
move_find(const struct driver *driver, uint64_t session)
{
	struct move *m;

	TAILQ_FOREACH(m, &driver->moves, link)
		if (m->session.id == session && !m->done)
			return m;
	return NULL;
}

/* A target keeps rows; a source keeps an account of what is on its way. */
static int
init_buffers(struct move *m, bool is_source)
{
	if (is_source) {
		m->sent = calloc(MOVE_MAX_SENT, sizeof(*m->sent));
		return m->sent != NULL ? 0 : -ENOMEM;
	}
	if (row_view_init(&m->view) < 0)
		return -ENOMEM;
	return 0;
}

static void
attach_nf(struct move *m, struct nf *nf)
{
	nf_hold(nf);
	nf->session = m->session.id;
	m->nf = nf;
	m->nf_instance = nf->instance;
	gate_init(&m->gate, nf);
	move_note_baseline(m);
}

static void
detach_nf(struct move *m)
{
	if (m->nf == NULL)
		return;
	m->nf->session = 0;
	nf_release(m->nf);
	m->nf = NULL;
}

static void
move_destroy(struct move *m)
{
	struct driver *driver = m->driver;

	TAILQ_REMOVE(&driver->moves, m, link);
	driver->n_moves--;
	if (driver->config.controller != NULL)
		controller_forget(driver->config.controller, m->session.id);
	move_end_install(m);
	move_drop_sums(m);
	for (uint32_t t = 0; t < SLIM_MAX_TABLES; t++)
		tracker_destroy(m->trackers[t]);
	detach_nf(m);
	row_view_fini(&m->view);
	journal_close(m->journal);
	free(m->sent);
	free(m);
}

struct move *
move_create(struct driver *driver, uint64_t session, bool is_source, struct nf *nf)
{
	struct move *m;

	if (driver->n_moves == SLIM_MAX_SESSIONS)
		return NULL;
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return NULL;
	m->driver = driver;
	m->session.id = session;
	STAILQ_INIT(&m->rows);
	TAILQ_INSERT_TAIL(&driver->moves, m, link);
	driver->n_moves++;
	if (init_buffers(m, is_source) < 0) {
		move_destroy(m);
		return NULL;
	}
	if (nf != NULL) {
		attach_nf(m, nf);
		memcpy(m->nf_name, nf->name, sizeof(m->nf_name));
		memcpy(m->service, nf->service, sizeof(m->service));
	}
	return m;
}

/* ---- gate effects ------------------------------------------------------------------------- */

static void
command(struct move *m, enum slim_gate_mode mode, bool in_session)
{
	struct gate_command c = {.mode = mode};

	if (in_session) {
		c.session = m->session.id;
		c.nonce = m->nonce;
		c.hold_limit_ns = m->hold_limit_ns;
		c.watch = true;
		c.is_source = m->session.is_source;
		c.peer_workers = m->peer_workers;
		c.fault = m->fault;
		memcpy(c.vids, m->vids, sizeof(c.vids));
	}
	if (mode == SLIM_GATE_CLOSED)
		c.wipe = true;
	if (mode == SLIM_GATE_HOLD || mode == SLIM_GATE_RECEIVE ||
	    (mode == SLIM_GATE_PASS && in_session && m->trackers[0] != NULL))
		c.track = (1u << m->nf->n_tables) - 1u;
	gate_command(&m->gate, &c);
}

/* Without a switch any tag does: the ports are joined directly. */
static void
choose_vids(struct move *m)
{
	for (uint16_t p = 0; m->session.no_steering && p < SLIM_MAX_PORTS; p++)
		m->vids[p] = (uint16_t)(4000u + p);
}

static void
command_gate(struct move *m, enum session_effect_type type)
{
	if (m->nf == NULL)
		return;
	switch (type) {
	case FX_GATE_WATCH:
		choose_vids(m);
		gate_set_hold_word(m->nf, SLIM_HOLD_IDLE);
		command(m, SLIM_GATE_PASS, true);
		break;
	case FX_GATE_TRACK:
	case FX_GATE_RECEIVE:
		gate_set_hold_word(m->nf, SLIM_HOLD_IDLE);
		gate_set_source_gone(m->nf, false);
		gate_set_path_quiet(m->nf, false);
		if (move_make_trackers(m) < 0) {
			move_complain(m, REASON_INTERNAL, "no memory to follow the tables");
			move_event_n(m, type == FX_GATE_TRACK ? EV_DRAIN_BAD : EV_VERIFY_BAD, 0,
				     REASON_INTERNAL);
			return;
		}
		command(m, type == FX_GATE_TRACK ? SLIM_GATE_PASS : SLIM_GATE_RECEIVE, true);
		break;
	case FX_GATE_HOLD:
		m->times.hold_ns = move_now_ns();
		move_become_urgent(m, m->session.limits.max_hold_ns);
		gate_set_hold_word(m->nf, SLIM_HOLD_HOLDING);
		command(m, SLIM_GATE_HOLD, true);
		break;
	case FX_GATE_REDIRECT:
		gate_set_hold_word(m->nf, SLIM_HOLD_TAKEN);
		gate_set_awake_until(m->nf, 0);
		command(m, SLIM_GATE_REDIRECT, true);
		break;
	case FX_GATE_SERVE:
		m->times.applied_ns = move_now_ns();
		command(m, SLIM_GATE_SERVE, true);
		break;
	case FX_GATE_PASS:
		gate_set_hold_word(m->nf, SLIM_HOLD_IDLE);
		command(m, SLIM_GATE_PASS, false);
		break;
	case FX_GATE_WIPE:
		command(m, SLIM_GATE_CLOSED, false);
		break;
	case FX_GATE_SOURCE_GONE:
		gate_set_source_gone(m->nf, true);
		break;
	default:
		break;
	}
}

/* ---- steering effects ------------------------------------------------------------------------ */

void
move_call_controller(struct move *m, enum session_effect_type type, uint64_t arg)
{
	static const enum controller_verb verbs[] = {
		[FX_STEER_CHECK - FX_STEER_CHECK] = CONTROLLER_CHECK,
		[FX_STEER_PREPARE - FX_STEER_CHECK] = CONTROLLER_PREPARE,
		[FX_STEER_FLIP - FX_STEER_CHECK] = CONTROLLER_FLIP,
		[FX_STEER_QUIET - FX_STEER_CHECK] = CONTROLLER_QUIET,
		[FX_STEER_FENCE - FX_STEER_CHECK] = CONTROLLER_FENCE,
		[FX_STEER_CLEANUP - FX_STEER_CHECK] = CONTROLLER_CLEANUP,
	};
	struct controller_request request = {
		.verb = verbs[type - FX_STEER_CHECK],
		.session = m->session.id,
		.complete = type == FX_STEER_CLEANUP && arg != 0,
		.last_copy = type != FX_STEER_CLEANUP && arg != 0,
	};

	if (m->driver->config.controller == NULL) {
		move_event_n(m, EV_STEER_FAILED, 0, REASON_STEERING_UNREACHABLE);
		return;
	}
	memcpy(request.service, m->service, sizeof(request.service));
	memcpy(request.source, m->session.is_source ? m->nf_name : m->other_nf,
	       sizeof(request.source));
	memcpy(request.target, m->session.is_source ? m->other_nf : m->nf_name,
	       sizeof(request.target));
	for (uint32_t p = 0; m->nf != NULL && p < m->nf->n_ports; p++)
		memcpy(request.ports[request.n_ports++], m->nf->ports[p].name, SLIM_NAME_SIZE);
	controller_call(m->driver->config.controller, &request);
}

static bool
take_vids(struct move *m, const Slim__V1__PrepareReply *reply)
{
	const char *ports[SLIM_MAX_PORTS];
	uint32_t vids[SLIM_MAX_PORTS];
	size_t n = reply->n_ports < SLIM_MAX_PORTS ? reply->n_ports : SLIM_MAX_PORTS;

	for (size_t i = 0; i < n; i++) {
		ports[i] = reply->ports[i]->port;
		vids[i] = reply->ports[i]->redirect_vid;
	}
	return move_set_vids(m, n, ports, vids);
}

void
driver_steered(struct driver *driver, uint64_t session, enum controller_verb verb,
	       const struct controller_answer *answer)
{
	struct move *m = move_find(driver, session);

	if (m == NULL)
		return;
	for (size_t i = 0; i < answer->n_reasons; i++)
		move_complain(m, answer->reasons[i].code, "%s", answer->reasons[i].text);
	if (verb == CONTROLLER_CHECK && move_is_refused(m)) {
		move_deliver_refusal(m);
		return;
	}
	if (!answer->done) {
		move_event_n(m, EV_STEER_FAILED, 0, answer->reasons[0].code);
		return;
	}
	if (verb == CONTROLLER_PREPARE && !take_vids(m, answer->prepared)) {
		move_event_n(m, EV_STEER_FAILED, 0, REASON_PORTS);
		return;
	}
	if (verb == CONTROLLER_FLIP)
		m->times.flipped_ns = move_now_ns();
	if (verb == CONTROLLER_QUIET)
		m->times.quiet_ns = move_now_ns();
	move_event(m, EV_STEERED);
}

/* ---- effects ---------------------------------------------------------------------------------- */

static void
claim(struct move *m)
{
	uint32_t word;

	if (m->nf == NULL)
		return;
	gate_swap_hold_word(m->nf, SLIM_HOLD_END_SENT, SLIM_HOLD_FENCED);
	word = gate_hold_word(m->nf);
	if (word == SLIM_HOLD_FENCED)
		move_event(m, EV_CLAIMED);
	else if (word == SLIM_HOLD_TAKEN)
		move_event(m, EV_TAKEN);
	else /* END was never sent, or the gate passes: nobody else owns */
		move_event(m, EV_RESUMED);
}

static void
send_end(struct move *m)
{
	if (m->nf != NULL && !gate_swap_hold_word(m->nf, SLIM_HOLD_HOLDING, SLIM_HOLD_END_SENT)) {
		move_event(m, EV_RESUMED);
		return;
	}
	move_fill_totals(m, &m->end);
	move_keep_totals(m, &m->end);
	move_send_end(m);
	m->times.end_ns = move_now_ns();
}

static void
ask_peer(struct move *m, uint32_t want)
{
	m->wants |= want;
	m->conn = peer_dialled(m->driver->config.peers, m->peer);
	m->query_ns = 0;
	if (m->conn == NULL)
		return;
	m->wants &= ~want;
	if (want == WANT_OPEN)
		move_send_open(m);
	else
		move_send_query(m);
}

static void
finish(struct move *m)
{
	log_session_info(m->session.id, "session over nf=%s role=%s result=%s", m->nf_name,
			 m->session.is_source ? "source" : "target",
			 session_result_name(m->session.result));
	move_finish_job(m);
	m->done = true;
}

static void
carry_out_peer(struct move *m, enum session_effect_type type, uint64_t arg)
{
	switch (type) {
	case FX_PEER_OPEN:
		ask_peer(m, WANT_OPEN);
		break;
	case FX_PEER_BEGIN:
		move_send_begin(m);
		break;
	case FX_PEER_END:
		send_end(m);
		break;
	case FX_PEER_QUERY:
		ask_peer(m, WANT_QUERY);
		break;
	case FX_PEER_FINISH:
		m->redirected_before = move_counter(m, "redirected");
		move_send_finish(m);
		break;
	case FX_PEER_CLOSE:
		move_send_close(m, arg != 0);
		break;
	case FX_PEER_GONE:
		move_send_source_gone(m, arg != 0);
		break;
	case FX_PEER_ACCEPT:
		move_send_reply(m);
		break;
	case FX_PEER_READY:
		if (move_finish_install(m) == 0)
			move_send_empty(m, SLIM__PEER__V1__FRAME__BODY_READY);
		break;
	case FX_PEER_TAKEN:
		if (m->nf != NULL)
			gate_set_awake_until(m->nf, 0);
		move_send_taken(m);
		break;
	case FX_PEER_FINISHED:
		move_send_finished(m);
		break;
	case FX_PEER_TRAIL_DONE:
		move_send_trail_done(m);
		break;
	case FX_PEER_CLOSED:
		move_send_closed(m);
		break;
	case FX_PEER_FAILED:
		move_send_failed(m);
		break;
	case FX_PEER_STANDING:
		move_send_standing(m, (enum session_standing)arg);
		break;
	default:
		break;
	}
}

static void
complain_of_reverting(struct move *m)
{
	move_complain(
		m, REASON_NF_LOST,
		"the source takes back the state of the handover: what the target has changed "
		"and counted since (lazy fields, too) is lost");
}

static void
carry_out(struct move *m, enum session_effect_type type, uint64_t arg)
{
	log_session_debug(m->session.id, "effect name=%s arg=%" PRIu64, session_effect_name(type),
			  arg);
	/* The stage is not on the disk, and nothing else knows of the session yet: were slimd to die
	 * now, nobody would take the rules away. EV_JOURNAL_BAD follows. */
	if (type == FX_STEER_PREPARE && m->stage != STAGE_PREPARE)
		return;
	drop_answers(m, type);
	switch (type) {
	case FX_JOURNAL:
		if (arg == STAGE_REVERT)
			complain_of_reverting(m);
		/* The job is kept before the journal, which knows of it, goes away. */
		if (m->session.state == SESSION_DONE)
			move_finish_job(m);
		move_write_stage(m, (enum session_stage)arg);
		break;
	case FX_WALK:
		move_begin_copy(m);
		break;
	case FX_DRAIN:
		m->wants = (m->wants & ~(uint32_t)WANT_WALK) | WANT_DRAIN;
		break;
	case FX_FENCE_CLAIM:
		claim(m);
		break;
	case FX_TRAIL:
		move_begin_trail(m);
		break;
	case FX_PROVE:
		move_begin_proof(m);
		break;
	case FX_VERIFY:
		m->verify_ns = m->driver->now_ns;
		m->wants |= WANT_VERIFY;
		break;
	case FX_ROUND:
		move_request_round(m);
		break;
	case FX_MERGE:
		m->wants |= WANT_MERGE;
		break;
	case FX_DEADLINE:
		m->tick_ns = arg;
		break;
	case FX_RESULT:
		finish(m);
		break;
	default:
		if (type >= FX_STEER_CHECK && type <= FX_STEER_CLEANUP)
			move_call_controller(m, type, arg);
		else if (type >= FX_GATE_WATCH && type <= FX_GATE_SOURCE_GONE)
			command_gate(m, type);
		else
			carry_out_peer(m, type, arg);
	}
}

/* A disk takes milliseconds. The word to the peer that stands before the write leaves first. */
static bool
must_wait(struct move *m, const struct session_effect *effect)
{
	if (effect->type != FX_JOURNAL ||
	    (effect->arg != STAGE_OWNER && effect->arg != STAGE_FENCED) || m->conn == NULL ||
	    peer_conn_queued(m->conn) == 0)
		return false;
	if (m->flush_until_ns == 0)
		m->flush_until_ns = m->driver->now_ns + FLUSH_NS;
	return m->driver->now_ns < m->flush_until_ns;
}

static bool
work_off(struct move *m)
{
	size_t done = 0;

	while (done < m->n_todo && !must_wait(m, &m->todo[done])) {
		struct session_effect effect = m->todo[done++];

		if (effect.type == FX_JOURNAL)
			m->flush_until_ns = 0;
		carry_out(m, effect.type, effect.arg);
	}
	m->n_todo -= done;
	memmove(m->todo, m->todo + done, m->n_todo * sizeof(m->todo[0]));
	return m->n_todo == 0;
}

static void
add_effects(struct move *m, const struct session_effects *effects)
{
	/* A queue holds the effects of several events; while it is not empty none is delivered. */
	assert(m->n_todo + effects->n <= MOVE_MAX_TODO);
	for (size_t i = 0; i < effects->n; i++)
		m->todo[m->n_todo++] = effects->list[i];
}

static void
deliver(struct move *m, struct session_event *event)
{
	struct session_effects effects;
	enum session_state before = m->session.state;
	uint64_t missing = session_missing(&m->session);
	uint32_t reason = m->session.reason;
	bool had_failed = m->session.verdict == RESULT_FAILED;

	event->now_ns = move_now_ns();
	session_step(&m->session, event, &effects);
	if (!had_failed && m->session.verdict == RESULT_FAILED)
		move_write_failed(m);
	if (m->session.reason != reason)
		move_explain(m, before, missing);
	if (event->type != EV_BACKLOG || m->session.state != before)
		log_session_debug(m->session.id, "event name=%s state=%s",
				  session_event_name(event->type),
				  session_state_name(m->session.state));
	if (m->session.state != before)
		move_note_phase(m);
	if (m->session.state > SOURCE_ENDED && before <= SOURCE_ENDED)
		move_leave_path(m);
	add_effects(m, &effects);
}

/* Delivers what is queued until nothing is left (or a write has to wait for the network). */
static void
move_run(struct move *m)
{
	while (work_off(m) && m->n_events > 0) {
		struct session_event event = m->events[0];

		m->n_events--;
		memmove(m->events, m->events + 1, m->n_events * sizeof(m->events[0]));
		deliver(m, &event);
	}
}

/* The source dials, and asks when it has something to ask. A target that owns does not wait for that. */
static void
call_source(struct move *m, struct peer_conn *conn)
{
	if (conn == NULL || !session_accepts(&m->session, EV_PEER_BACK, move_now_ns()))
		return;
	/* A newer connection takes the place of one whose end was not heard yet. What was said over that is lost. */
	if (m->conn != NULL && m->conn != conn)
		move_event(m, EV_PEER_LOST);
	m->conn = conn;
	move_event(m, EV_PEER_BACK);
}

void
move_take_up(struct move *m, struct nf *nf)
{
	struct session_memory memory = {.is_there = false};
	enum session_stage stage = m->stage;
	struct session_effects effects;
	uint64_t id = m->session.id;
	bool is_source = m->session.is_source;

	m->orphan_ns = 0;
	if (nf != NULL && move_recall_memory(nf, id, &memory)) {
		attach_nf(m, nf);
		move_recall(m);
		move_recall_command(m);
		move_recall_memo(m, &stage);
	} else {
		nf = NULL;
	}
	memory.lost = m->lost_before;
	memory.failed = m->failed_before;
	if (memory.failed != 0)
		move_complain(m, memory.failed, "the move had failed before slimd was restarted");
	session_restore(&m->session, id, is_source, stage, &memory, &m->driver->config.limits,
			move_now_ns(), &effects);
	m->session.no_steering = m->driver->config.steering_none;
	log_session_info(id, "session taken up nf=%s role=%s state=%s", m->nf_name,
			 is_source ? "source" : "target", session_state_name(m->session.state));
	if (nf == NULL)
		move_event(m, EV_NF_LOST);
	if (!is_source)
		call_source(m, peer_accepted(m->driver->config.peers, m->peer));
	/* Lazy rows may still come to a target that serves. */
	if (nf != NULL && !is_source && move_begin_install(m) == 0)
		m->wants |= WANT_INSTALL;
	add_effects(m, &effects);
	move_note_phase(m);
}

/* ---- polling ------------------------------------------------------------------------------------- */

static void
poll_gate(struct move *m)
{
	uint64_t lost;

	if (m->nf == NULL || !gate_poll(&m->gate))
		return;
	lost = move_count_lost(m);
	move_event_n(m, EV_GATE_DONE, lost - m->lost_seen, REASON_HOLD_OVERFLOW);
	m->lost_seen = lost;
	if (m->session.state == SOURCE_HOLDING)
		m->times.held_ns = move_now_ns();
	if (m->session.state == SOURCE_ARMING)
		m->wants |= WANT_PROBED;
	if (m->session.state == TARGET_ARMING)
		m->wants |= WANT_INSTALL | WANT_MARKS;
	if (m->session.state == SOURCE_STEERING)
		m->times.redirected_ns = move_now_ns();
}

static void
poll_probes(struct move *m)
{
	if ((m->wants & WANT_PROBED) == 0 || m->nf == NULL)
		return;
	for (uint32_t p = 0; p < m->nf->n_ports; p++)
		if (atomic_load_explicit(&m->nf->info->ports[p].probed, memory_order_relaxed) == 0)
			return;
	m->wants &= ~(uint32_t)WANT_PROBED;
	move_event(m, EV_PROBED);
}

static void
poll_hold_word(struct move *m)
{
	enum session_state state = m->session.state;
	uint32_t word;

	if (m->nf == NULL || state < SOURCE_HOLDING || state > SOURCE_QUERYING)
		return;
	word = gate_hold_word(m->nf);
	if (word == SLIM_HOLD_RESUMED)
		move_event(m, EV_RESUMED);
	if (word == SLIM_HOLD_TAKEN && (state == SOURCE_ENDED || state == SOURCE_QUERYING)) {
		m->times.taken_frame_ns =
			atomic_load_explicit(&m->nf->info->taken_ns, memory_order_relaxed);
		move_event(m, EV_TAKEN);
	}
}

static bool
carries_packets(const struct move *m)
{
	enum session_state state = m->session.state;

	return (state >= SOURCE_HOLDING && state <= SOURCE_FINISHING) ||
	       (state >= TARGET_SERVING && state <= TARGET_SETTLING);
}

/* What comes to a worker that stands still fills its receive queue and is dropped in front of it, where
 * nobody on this side counts: a switch's end of a virtual port, a NIC without a counter. */
static void
poll_silence(struct move *m)
{
	uint64_t silence;

	if (m->nf == NULL || !carries_packets(m))
		return;
	silence = nf_silence_ns(m->nf, m->driver->now_ns);
	if (silence > STILL_NS && silence > m->stood_still_ns)
		m->stood_still_ns = silence;
}

static void
poll_time(struct move *m)
{
	uint64_t now = m->driver->now_ns;

	if (m->tick_ns == 0 || now < m->tick_ns)
		return;
	m->tick_ns = now + TICK_AGAIN_NS;
	/* A probe that does not come back says more than "deadline". */
	if (m->session.state == SOURCE_ARMING && (m->wants & WANT_PROBED) != 0) {
		move_complain(m, REASON_PROBE, "no probe came back over the redirect path");
		move_event_n(m, EV_TICK, 0, REASON_PROBE);
	} else if (m->nf != NULL && m->gate.pending && !nf_is_alive(m->nf, now)) {
		move_event_n(m, EV_TICK, 0, REASON_NF_SILENT);
	} else {
		move_event(m, EV_TICK);
	}
}

static void
poll_connection(struct move *m)
{
	if ((m->wants & (WANT_OPEN | WANT_QUERY)) == 0 || m->driver->now_ns < m->query_ns)
		return;
	m->query_ns = m->driver->now_ns + REDIAL_NS;
	peer_redial(m->driver->config.peers, m->peer);
}

static void
poll_question(struct move *m)
{
	if (m->ask_ns == 0 || m->driver->now_ns < m->ask_ns)
		return;
	m->ask_ns = 0;
	move_send_query(m);
}

static void
poll_orphan(struct move *m)
{
	if (m->orphan_ns != 0 && m->driver->now_ns >= m->orphan_ns) {
		log_session_warn(m->session.id, "nf did not come back name=%s", m->nf_name);
		move_take_up(m, NULL);
	}
}

static uint64_t
pace(const struct move *m, bool busy)
{
	enum session_state state = m->session.state;

	if (busy)
		return 0;
	if (move_is_urgent(m))
		return DRIVER_YIELD;
	if ((state >= SOURCE_HOLDING && state <= SOURCE_QUERYING) || state == TARGET_VERIFYING ||
	    state == TARGET_TAKING)
		return HOT_NS;
	/* A copy, and a trail, go on when the other side has said something, and that ends the rest. */
	if (state == SOURCE_COPYING)
		return COOL_NS;
	if ((state >= SOURCE_ARMING && state <= SOURCE_CATCHING_UP) || m->n_todo > 0)
		return WARM_NS;
	return COOL_NS;
}

static uint64_t
move_poll(struct move *m)
{
	bool busy;

	if (m->nf != NULL)
		atomic_store_explicit(&m->nf->control->gate.slimd_heartbeat_ns, m->driver->now_ns,
				      memory_order_relaxed);
	poll_orphan(m);
	if (m->orphan_ns != 0)
		return COOL_NS;
	move_run(m);
	if (m->n_events > 0) /* a write waits: no more facts before these */
		return WARM_NS;
	poll_gate(m);
	poll_probes(m);
	poll_hold_word(m);
	poll_silence(m);
	poll_time(m);
	poll_connection(m);
	poll_question(m);
	move_run(m);
	busy = m->session.is_source ? move_source_poll(m) : move_target_poll(m);
	move_run(m);
	move_note_progress(m);
	return pace(m, busy || m->n_events > 0);
}

/* A session that has to wait shows its NF that somebody is here. */
static uint64_t
take_turn(struct move *m)
{
	if (!move_must_wait(m))
		return move_poll(m);
	if (m->nf != NULL)
		atomic_store_explicit(&m->nf->control->gate.slimd_heartbeat_ns, m->driver->now_ns,
				      memory_order_relaxed);
	return COOL_NS;
}

/* An NF that was taken for dead and came back while its session ended without it stands in that session still. */
static void
adopt_what_is_left(struct driver *driver)
{
	struct nf *nf;

	TAILQ_FOREACH(nf, nf_registry_list(driver->config.nfs), link)
		move_adopt_memory(driver, nf);
}

uint64_t
driver_poll(struct driver *driver)
{
	uint64_t sleep_ns = DRIVER_IDLE;
	bool any_ended = false;
	struct move *m, *next;

	driver->now_ns = move_now_ns();
	for (m = TAILQ_FIRST(&driver->moves); m != NULL; m = next) {
		uint64_t ns = take_turn(m);

		next = TAILQ_NEXT(m, link);
		if (m->done) {
			move_destroy(m);
			any_ended = true;
		} else if (ns < sleep_ns) {
			sleep_ns = ns;
		}
	}
	if (any_ended)
		adopt_what_is_left(driver);
	if (stray_poll(&driver->strays) && COOL_NS < sleep_ns)
		sleep_ns = COOL_NS;
	return sleep_ns;
}

/* ---- facts from outside ---------------------------------------------------------------------------- */

void
driver_nf_up(struct driver *driver, struct nf *nf)
{
	struct slim_shm_command command;
	struct move *m;

	TAILQ_FOREACH(m, &driver->moves, link) {
		if (m->orphan_ns == 0 || strcmp(m->nf_name, nf->name) != 0)
			continue;
		/* A new process of that name knows nothing of the session. The same one does, also
		 * when the session is not in its control zone yet, or not any more. */
		move_take_up(m, nf->instance == m->nf_instance ? nf : NULL);
	}
	move_adopt_memory(driver, nf);
	gate_commanded(nf, &command);
	if (!move_is_left(driver, command.session)) /* its own version will take it up */
		stray_check(&driver->strays, nf);
}

void
driver_nf_down(struct driver *driver, struct nf *nf)
{
	struct move *m;

	TAILQ_FOREACH(m, &driver->moves, link) {
		if (m->nf != nf)
			continue;
		move_complain(m, REASON_NF_LOST, "%s is gone%s", nf->name,
			      session_is_forward(&m->session)
				      ? ": packets that it held and what it had counted after the "
					"handover (lazy fields) are lost"
				      : "");
		move_event(m, EV_NF_LOST);
	}
}

static void
call_target(struct move *m, struct peer_conn *conn)
{
	if (m->conn != NULL)
		return;
	m->conn = conn;
	if (m->wants & WANT_OPEN)
		move_send_open(m);
	else
		move_event(m, EV_PEER_BACK);
	if (m->wants & WANT_QUERY)
		move_send_query(m);
	m->wants &= ~(uint32_t)(WANT_OPEN | WANT_QUERY);
}

void
driver_peer_up(struct driver *driver, struct peer_conn *conn)
{
	struct move *m;

	TAILQ_FOREACH(m, &driver->moves, link) {
		if (m->session.is_source != peer_conn_is_dialled(conn) || m->orphan_ns != 0 ||
		    strcmp(m->peer, peer_conn_host(conn)) != 0)
			continue;
		if (m->session.is_source)
			call_target(m, conn);
		else
			call_source(m, conn);
	}
}

void
driver_peer_down(struct driver *driver, struct peer_conn *conn, uint32_t reason)
{
	struct move *m;

	TAILQ_FOREACH(m, &driver->moves, link) {
		if (m->conn != conn)
			continue;
		m->conn = NULL;
		m->n_lost_conns++;
		move_event_n(m, EV_PEER_LOST, 0, reason);
	}
}

void
driver_peer_unreachable(struct driver *driver, const char *host, uint32_t reason)
{
	struct move *m;

	TAILQ_FOREACH(m, &driver->moves, link) {
		if ((m->wants & WANT_OPEN) == 0 || strcmp(m->peer, host) != 0)
			continue;
		m->wants &= ~(uint32_t)WANT_OPEN;
		move_complain(m, reason, "%s cannot be reached", host);
		move_refuse(m, EV_PEER_LOST, reason);
	}
}

static void
take_open(struct driver *driver, struct peer_conn *conn, const Slim__Peer__V1__Frame *frame)
{
	const Slim__Peer__V1__Open *open = frame->open;
	struct schema_link links[SLIM_MAX_TABLES];
	uint8_t local_tables[SLIM_MAX_TABLES];
	struct move_reasons reasons = {.n = 0};
	struct nf *nf = move_check_open(driver, open, links, local_tables, &reasons);
	struct move *m = nf != NULL ? move_create(driver, frame->session, false, nf) : NULL;

	if (nf != NULL && m == NULL)
		reasons.list[reasons.n++] = (struct job_reason){
			.code = REASON_TARGET_BUSY, .text = "too many sessions are running"};
	if (m == NULL) {
		log_session_info(frame->session, "offer refused from=%s nf=%s reason=\"%s\"",
				 peer_conn_host(conn), open->source_nf, reasons.list[0].text);
		move_send_refusal(conn, frame->session, reasons.list, reasons.n);
		return;
	}
	session_init_target(&m->session, frame->session, &driver->config.limits);
	m->session.no_steering = driver->config.steering_none;
	m->conn = conn;
	snprintf(m->peer, sizeof(m->peer), "%s", peer_conn_host(conn));
	snprintf(m->other_nf, sizeof(m->other_nf), "%s", open->source_nf);
	m->nonce = open->nonce;
	m->epoch_ns = move_now_ns();
	m->peer_workers = open->n_workers;
	m->n_tables = (uint32_t)open->n_tables;
	memcpy(m->links, links, sizeof(m->links));
	memcpy(m->local_tables, local_tables, sizeof(m->local_tables));
	move_add_target_job(m, open->dry_run);
	log_session_info(frame->session, "offer accepted from=%s source=%s nf=%s", m->peer,
			 m->other_nf, m->nf_name);
	if (!open->dry_run) {
		move_write_message(m, JOURNAL_OPEN, &open->base);
		m->wants |= WANT_ROOM;
	}
	move_event(m, EV_START);
}

void
driver_peer_frame(struct driver *driver, struct peer_conn *conn, const Slim__Peer__V1__Frame *frame)
{
	struct move *m = move_find(driver, frame->session);
	bool is_open = frame->body_case == SLIM__PEER__V1__FRAME__BODY_OPEN;

	driver->now_ns = move_now_ns();
	if (m == NULL && is_open && !peer_conn_is_dialled(conn)) {
		take_open(driver, conn, frame);
		return;
	}
	if (m == NULL || m->orphan_ns != 0) {
		move_answer_unknown(driver, conn, frame);
		return;
	}
	if (m->session.is_source != peer_conn_is_dialled(conn))
		return; /* about another session of that number: nobody's */
	/* Found in the NF's memory: who asks about it knows its number, and was authenticated. */
	if (m->peer[0] == '\0')
		snprintf(m->peer, sizeof(m->peer), "%s", peer_conn_host(conn));
	if (strcmp(m->peer, peer_conn_host(conn)) != 0)
		return;
	/* A target's session follows the source to its newest connection. */
	m->conn = conn;
	if (m->n_events >= MOVE_PEER_EVENTS)
		move_run(m);
	/* A write to the disk waits; who sends so much meanwhile is not what he seems. */
	if (m->n_events >= MOVE_PEER_EVENTS) {
		driver->protocol_errors[DRIVER_ERROR_FLOOD]++;
		peer_conn_close(conn, REASON_PROTOCOL, "more frames at once than makes sense");
		return;
	}
	move_take_frame(m, frame);
}

/* ---- the control API ----------------------------------------------------------------------------------- */

static struct move *
find_move_of(const struct driver *driver, const struct job *job)
{
	struct move *m;

	TAILQ_FOREACH(m, &driver->moves, link)
		if (m->job == job && !m->done)
			return m;
	return NULL;
}

int
driver_cancel(struct driver *driver, const char *job_id, bool force, char *ret_text)
{
	struct job *job = job_find(&driver->jobs, job_id);
	enum session_event_type event = force ? EV_FORCE : EV_CANCEL;
	const char *risk;
	struct move *m;

	ret_text[0] = '\0';
	if (job == NULL)
		return -ENOENT;
	m = find_move_of(driver, job);
	if (m == NULL)
		return -EALREADY;
	risk = session_risk(&m->session);
	if (m->orphan_ns != 0 || !session_accepts(&m->session, event, move_now_ns())) {
		snprintf(ret_text, SLIM_REASON_SIZE, "%s: %s%s",
			 session_state_name(m->session.state), session_advice(&m->session), risk);
		return -EBUSY;
	}
	if (force && risk[0] != '\0') {
		snprintf(ret_text, SLIM_REASON_SIZE, "%s", risk);
		move_complain(m, REASON_FORCED, "ended by force: %s", risk);
	}
	move_event(m, event);
	return 0;
}

struct job_list *
driver_jobs(struct driver *driver)
{
	return &driver->jobs;
}

uint64_t
driver_protocol_errors(const struct driver *driver, enum driver_protocol_error error)
{
	return driver->protocol_errors[error];
}

size_t
driver_n_left(const struct driver *driver)
{
	return driver->n_left;
}

bool
driver_is_busy(const struct driver *driver, const struct nf *nf)
{
	(void)driver;
	return nf->session != 0;
}

bool
driver_holds(const struct driver *driver)
{
	const struct move *m;

	if (driver == NULL)
		return false;
	TAILQ_FOREACH(m, &driver->moves, link)
		if (move_is_urgent(m))
			return true;
	return false;
}

/* ---- life ---------------------------------------------------------------------------------------------- */

int
driver_create(const struct driver_config *config, struct driver **ret_driver)
{
	struct driver *driver = calloc(1, sizeof(*driver));

	if (driver == NULL)
		return -ENOMEM;
	driver->config = *config;
	driver->began_ns = move_now_ns();
	/* Who cannot ask for a flip cannot take the lead. */
	if (config->controller == NULL && !config->steering_none)
		driver->config.limits.source_gone_ns = 0;
	TAILQ_INIT(&driver->moves);
	job_list_init(&driver->jobs);
	stray_list_init(&driver->strays);
	if (row_stage_init(&driver->stage) < 0) {
		driver_destroy(driver);
		return -ENOMEM;
	}
	*ret_driver = driver;
	return 0;
}

/* Sessions are left as they are: the journal and the NFs' memory take them up again. */
void
driver_destroy(struct driver *driver)
{
	if (driver == NULL)
		return;
	while (!TAILQ_EMPTY(&driver->moves))
		move_destroy(TAILQ_FIRST(&driver->moves));
	job_list_fini(&driver->jobs);
	stray_list_fini(&driver->strays);
	row_stage_fini(&driver->stage);
	free(driver);
}

int
driver_replay(struct driver *driver)
{
	int rc = move_replay(driver);

	job_recall(driver->config.outside, driver->config.state_dir, &driver->jobs);
	return rc;
}
