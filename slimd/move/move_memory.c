/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions that stand in an NF's memory: what it says of them, and how a move is made of one
 * that no journal knows.
 *
 * The memory outranks the journal (docs/decisions/0040). So a gate in SERVE owns whether or not a file says
 * so, and questions of a source are answered from here. The command names the other end, so a
 * source can ask and fence. What only the journal knew, the tables, is unknown then: lazy rows that
 * come find no table, those of a source cannot be told, and both are counted as lost.
 */
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "move.h"
#include "rule.h"

bool
move_recall_memory(const struct nf *nf, uint64_t session, struct session_memory *ret)
{
	struct slim_shm_command command;

	gate_commanded(nf, &command);
	*ret = (struct session_memory){.is_there =
					       command.session == 0 || command.session == session,
				       .is_ours = command.session == session,
				       .hold_word = gate_hold_word(nf),
				       .mode = command.mode};
	return ret->is_there;
}

/* ---- sessions without a journal -------------------------------------------------------- */

static void
fill_from_command(struct move *m, const struct slim_shm_command *command)
{
	m->nonce = command->nonce;
	m->hold_limit_ns = command->hold_limit_ns;
	m->fault = command->fault;
	if (command->peer_workers <= SLIM_MAX_WORKERS)
		m->peer_workers = command->peer_workers;
	for (uint32_t p = 0; p < SLIM_MAX_PORTS; p++)
		m->vids[p] = command->ports[p].redirect_vid;
	/* The NF could have written there. */
	if (slim_rule_name(command->peer))
		memcpy(m->peer, command->peer, sizeof(m->peer));
	if (slim_rule_name(command->other))
		memcpy(m->other_nf, command->other, sizeof(m->other_nf));
}

void
move_recall_command(struct move *m)
{
	struct slim_shm_command command;

	gate_commanded(m->nf, &command);
	if (command.session == m->session.id)
		fill_from_command(m, &command);
}

/* RECEIVE owns nothing: an import or a move that was given up; stray.h closes the gate. */
static bool
is_wanted(const struct driver *driver, const struct nf *nf, const struct slim_shm_command *command)
{
	return command->session != 0 && nf->session == 0 && command->mode != SLIM_GATE_RECEIVE &&
	       move_find(driver, command->session) == NULL &&
	       !move_is_left(driver, command->session);
}

void
move_adopt_memory(struct driver *driver, struct nf *nf)
{
	struct slim_shm_command command;
	struct move *m;

	gate_commanded(nf, &command);
	if (!is_wanted(driver, nf, &command))
		return;
	m = move_create(driver, command.session, command.is_source != 0, NULL);
	if (m == NULL) {
		log_error("a session without a journal cannot be taken up nf=%s", nf->name);
		return;
	}
	memcpy(m->nf_name, nf->name, sizeof(m->nf_name));
	memcpy(m->service, nf->service, sizeof(m->service));
	m->nf_instance = nf->instance;
	m->no_journal = move_is_unread(driver, command.session);
	m->restored = true;
	m->session.is_source = command.is_source != 0;
	m->session.state = m->session.is_source ? SOURCE_OPENING : TARGET_OFFERED;
	fill_from_command(m, &command);
	if (m->session.is_source)
		m->job = move_add_job(m);
	else
		move_add_target_job(m, false);
	move_complain(m, REASON_JOURNAL, "%s stands in this session, and no journal tells of it",
		      m->nf_name);
	move_take_up(m, nf);
}

/* ---- answers ------------------------------------------------------------------------------- */

/* The NF that a question names has no session; what does its memory say of the one asked about? */
static Slim__Peer__V1__Standing__State
standing_of(const struct driver *driver, const char *name)
{
	const struct nf *nf = nf_find(driver->config.nfs, name);
	struct slim_shm_command command;

	if (nf == NULL)
		return driver->now_ns - driver->began_ns < ORPHAN_NS
			       ? SLIM__PEER__V1__STANDING__STATE__UNSURE
			       : SLIM__PEER__V1__STANDING__STATE__UNKNOWN;
	gate_commanded(nf, &command);
	/* It was told to pass, so what it took over it has kept. */
	if (command.mode == SLIM_GATE_PASS && command.session == 0 &&
	    atomic_load_explicit(&nf->control->gate.epoch, memory_order_relaxed) != 0)
		return SLIM__PEER__V1__STANDING__STATE__SETTLED;
	return SLIM__PEER__V1__STANDING__STATE__CLOSED;
}

/* Who does not say which NF he means is told what is known: nothing. */
static Slim__Peer__V1__Standing__State
find_standing(const struct driver *driver, const Slim__Peer__V1__Frame *question, const char *host)
{
	const char *name = question->body_case == SLIM__PEER__V1__FRAME__BODY_QUERY
				   ? question->query->target_nf
				   : question->close->target_nf;

	if (move_settled(driver, question->session, host) != NULL)
		return SLIM__PEER__V1__STANDING__STATE__SETTLED;
	if (move_is_left(driver, question->session) || move_find(driver, question->session) != NULL)
		return SLIM__PEER__V1__STANDING__STATE__UNSURE;
	return name[0] != '\0' ? standing_of(driver, name)
			       : SLIM__PEER__V1__STANDING__STATE__UNKNOWN;
}

/* A Close is done when there is nothing to close. A source that wants all discarded does not get Closed
 * from an NF that may own. */
static bool
is_closed(const Slim__Peer__V1__Close *close, Slim__Peer__V1__Standing__State state)
{
	if (state == SLIM__PEER__V1__STANDING__STATE__UNSURE)
		return false;
	return close->complete || state != SLIM__PEER__V1__STANDING__STATE__SETTLED;
}

void
move_answer_unknown(struct driver *driver, struct peer_conn *conn,
		    const Slim__Peer__V1__Frame *question)
{
	Slim__Peer__V1__Standing standing = SLIM__PEER__V1__STANDING__INIT;
	Slim__Peer__V1__Closed closed = SLIM__PEER__V1__CLOSED__INIT;
	Slim__Peer__V1__Frame frame = SLIM__PEER__V1__FRAME__INIT;
	bool is_close = question->body_case == SLIM__PEER__V1__FRAME__BODY_CLOSE;

	if (!is_close && question->body_case != SLIM__PEER__V1__FRAME__BODY_QUERY)
		return; /* late news */
	standing.state = find_standing(driver, question, peer_conn_host(conn));
	frame.session = question->session;
	frame.body_case = SLIM__PEER__V1__FRAME__BODY_STANDING;
	frame.standing = &standing;
	if (is_close && is_closed(question->close, standing.state)) {
		frame.body_case = SLIM__PEER__V1__FRAME__BODY_CLOSED;
		frame.closed = &closed;
		move_forget_settled(driver, question->session);
	}
	peer_send(conn, &frame);
}
