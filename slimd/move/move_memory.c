/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions that stand in an NF's memory: what it says of them, and how a move is made of one
 * that no journal knows.
 *
 * The memory outranks the journal (docs/decisions/0040). So a gate in SERVE owns whether or not a file says
 * so, and questions of a source are answered from here. The memo says that there is a session, how far
 * it is and with whom, so a source can ask and fence; and what was lost in the last one. What only the
 * journal knew, the tables, is unknown then: lazy rows that come find no table, those of a source
 * cannot be told, and both are counted as lost.
 */
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "move.h"

/* Stages of a session that is over, as far as its NF is concerned. */
static bool
is_over(uint32_t stage)
{
	return stage == STAGE_NONE || stage == STAGE_OVER || stage >= STAGE_SETTLED;
}

bool
move_recall_memory(const struct nf *nf, uint64_t session, struct session_memory *ret)
{
	struct slim_shm_command command;
	struct memo memo;
	bool is_anothers;

	gate_commanded(nf, &command);
	is_anothers = (command.session != 0 && command.session != session) ||
		      (memo_read(nf, &memo) && memo.session != session);
	*ret = (struct session_memory){.is_there = !is_anothers,
				       .is_ours = command.session == session,
				       .hold_word = gate_hold_word(nf),
				       .mode = command.mode};
	return ret->is_there;
}

/* ---- the memo ---------------------------------------------------------------------------- */

static void
begin_memo(struct move *m, enum session_stage stage)
{
	struct memo memo = {.session = m->session.id,
			    .stage = (uint32_t)stage,
			    .is_source = m->session.is_source,
			    .lost_there = m->lost_before,
			    .failed = m->failed_before};

	move_baseline_losses(m, &memo.base);
	memcpy(memo.peer, m->peer, sizeof(memo.peer));
	memcpy(memo.other, m->other_nf, sizeof(memo.other));
	memo_begin(m->nf, &memo);
}

void
move_keep_memo(struct move *m, enum session_stage stage)
{
	struct memo memo;

	if (m->nf == NULL)
		return;
	if (!memo_read(m->nf, &memo) || memo.session != m->session.id) {
		/* What never began to touch anything leaves the memo of the session before. */
		if (is_over((uint32_t)stage))
			return;
		begin_memo(m, stage);
	}
	if (is_over((uint32_t)stage))
		memo_end(m->nf, m->session.id, (uint32_t)stage, m->stood_still_ns);
	else
		memo_set_stage(m->nf, m->session.id, (uint32_t)stage);
}

void
move_keep_totals(struct move *m, const struct memo_totals *totals)
{
	if (m->nf != NULL)
		memo_set_totals(m->nf, m->session.id, totals);
}

static void
recall_totals(struct move *m, const struct memo_totals *kept)
{
	if (m->session.is_source)
		m->end = *kept;
	else
		m->taken = *kept;
	m->result.has_proof = kept->proved;
	for (uint32_t t = 0; kept->proved && t < kept->n_tables; t++)
		m->result.digest_proof += kept->digest[t];
}

void
move_recall_memo(struct move *m, enum session_stage *stage)
{
	struct memo memo;

	if (!memo_read(m->nf, &memo) || memo.session != m->session.id)
		return;
	/* It is never behind the journal. Once it is over, the file tells what was left to do. */
	if (!is_over(memo.stage))
		*stage = (enum session_stage)memo.stage;
	recall_totals(m, &memo.totals);
	move_set_baseline_losses(m, &memo.base);
	if (memo.lost_there > m->lost_before)
		m->lost_before = memo.lost_there;
	if (memo.failed != 0)
		m->failed_before = memo.failed;
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
}

void
move_recall_command(struct move *m)
{
	struct slim_shm_command command;

	gate_commanded(m->nf, &command);
	if (command.session == m->session.id)
		fill_from_command(m, &command);
}

static bool
is_wanted(const struct driver *driver, const struct nf *nf, const struct memo *memo)
{
	return nf->session == 0 && !is_over(memo->stage) &&
	       move_find(driver, memo->session) == NULL && !move_is_left(driver, memo->session);
}

void
move_adopt_memory(struct driver *driver, struct nf *nf)
{
	struct memo memo;
	struct move *m;

	if (!memo_read(nf, &memo) || !is_wanted(driver, nf, &memo))
		return;
	m = move_create(driver, memo.session, memo.is_source, NULL);
	if (m == NULL) {
		log_error("a session without a journal cannot be taken up nf=%s", nf->name);
		return;
	}
	memcpy(m->nf_name, nf->name, sizeof(m->nf_name));
	memcpy(m->service, nf->service, sizeof(m->service));
	memcpy(m->peer, memo.peer, sizeof(m->peer));
	memcpy(m->other_nf, memo.other, sizeof(m->other_nf));
	m->nf_instance = nf->instance;
	m->no_journal = move_is_unread(driver, memo.session);
	m->restored = true;
	m->session.is_source = memo.is_source;
	m->session.state = m->session.is_source ? SOURCE_OPENING : TARGET_OFFERED;
	if (m->session.is_source)
		m->job = move_add_job(m);
	else
		move_add_target_job(m, false);
	move_complain(m, REASON_JOURNAL, "%s stands in this session, and no journal tells of it",
		      m->nf_name);
	move_take_up(m, nf);
}

/* ---- answers ------------------------------------------------------------------------------- */

/* What the NF's memory tells of a session that is over, or was never here. */
struct answer {
	Slim__Peer__V1__Standing__State state;
	Slim__Peer__V1__Closed account;
};

/* It serves, and was told to by some session: what it took over it has kept. */
static bool
has_kept(const struct nf *nf)
{
	struct slim_shm_command command;

	gate_commanded(nf, &command);
	return command.mode == SLIM_GATE_PASS && command.session == 0 &&
	       atomic_load_explicit(&nf->control->gate.epoch, memory_order_relaxed) != 0;
}

static void
ask_nf(const struct nf *nf, uint64_t session, struct answer *ret)
{
	struct memo memo;

	ret->state = has_kept(nf) ? SLIM__PEER__V1__STANDING__STATE__SETTLED
				  : SLIM__PEER__V1__STANDING__STATE__CLOSED;
	if (!memo_read(nf, &memo) || memo.session != session || memo.is_source)
		return;
	ret->account.uncounted = false;
	ret->account.queue_overflow = memo.lost.queue_overflow;
	ret->account.rounds_unproven = memo.lost.round_gave_up;
	ret->account.device_drops = memo.lost.device_drops;
	ret->account.stood_still_ns = memo.stood_still_ns;
	if (!is_over(memo.stage)) /* it is being taken up */
		ret->state = SLIM__PEER__V1__STANDING__STATE__UNSURE;
}

/* Who does not say which NF he means is told what is known: nothing. */
static void
find_answer(const struct driver *driver, const Slim__Peer__V1__Frame *question, const char *host,
	    struct answer *ret)
{
	const char *name = question->body_case == SLIM__PEER__V1__FRAME__BODY_QUERY
				   ? question->query->target_nf
				   : question->close->target_nf;
	const struct nf *nf = name[0] != '\0' ? nf_find(driver->config.nfs, name) : NULL;
	bool is_young = driver->now_ns - driver->began_ns < ORPHAN_NS;

	slim__peer__v1__closed__init(&ret->account);
	ret->account.uncounted = true;
	ret->state = name[0] != '\0' && is_young ? SLIM__PEER__V1__STANDING__STATE__UNSURE
						 : SLIM__PEER__V1__STANDING__STATE__UNKNOWN;
	if (nf != NULL)
		ask_nf(nf, question->session, ret);
	if (move_settled(driver, question->session, host) != NULL)
		ret->state = SLIM__PEER__V1__STANDING__STATE__SETTLED;
	else if (move_is_left(driver, question->session) ||
		 move_find(driver, question->session) != NULL)
		ret->state = SLIM__PEER__V1__STANDING__STATE__UNSURE;
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

/* The source's NF gave its copy away, and its session is over. */
static bool
has_given_away(const struct driver *driver, uint64_t session)
{
	struct slim_shm_command command;
	const struct nf *nf;
	struct memo memo;

	TAILQ_FOREACH(nf, nf_registry_list(driver->config.nfs), link) {
		if (!memo_read(nf, &memo) || memo.session != session || !memo.is_source)
			continue;
		gate_commanded(nf, &command);
		return memo.stage == STAGE_OVER && command.mode == SLIM_GATE_CLOSED;
	}
	return false;
}

/* A target says that it owns, and its source has ended: by force, or killed before it could tell. Where the
 * copy was given away the target is through, and hears it. Otherwise nothing is said: who owns was
 * decided by force, at both ends. */
static void
answer_owner(const struct driver *driver, struct peer_conn *conn, uint64_t session)
{
	Slim__Peer__V1__Close close = SLIM__PEER__V1__CLOSE__INIT;
	Slim__Peer__V1__Frame frame = SLIM__PEER__V1__FRAME__INIT;

	if (move_find(driver, session) != NULL || move_is_left(driver, session) ||
	    !has_given_away(driver, session))
		return;
	log_session_info(session, "the target waits for a session that is over: told peer=%s",
			 peer_conn_host(conn));
	close.complete = true;
	frame.session = session;
	frame.body_case = SLIM__PEER__V1__FRAME__BODY_CLOSE;
	frame.close = &close;
	peer_send(conn, &frame);
}

static bool
says_that_it_owns(const Slim__Peer__V1__Frame *frame)
{
	return frame->body_case == SLIM__PEER__V1__FRAME__BODY_TAKEN ||
	       (frame->body_case == SLIM__PEER__V1__FRAME__BODY_STANDING &&
		frame->standing->state == SLIM__PEER__V1__STANDING__STATE__OWNER);
}

void
move_answer_unknown(struct driver *driver, struct peer_conn *conn,
		    const Slim__Peer__V1__Frame *question)
{
	Slim__Peer__V1__Standing standing = SLIM__PEER__V1__STANDING__INIT;
	struct answer answer;
	Slim__Peer__V1__Frame frame = SLIM__PEER__V1__FRAME__INIT;
	bool is_close = question->body_case == SLIM__PEER__V1__FRAME__BODY_CLOSE;

	if (says_that_it_owns(question) && peer_conn_is_dialled(conn))
		answer_owner(driver, conn, question->session);
	if (!is_close && question->body_case != SLIM__PEER__V1__FRAME__BODY_QUERY)
		return; /* late news */
	find_answer(driver, question, peer_conn_host(conn), &answer);
	standing.state = answer.state;
	standing.account = &answer.account;
	frame.session = question->session;
	frame.body_case = SLIM__PEER__V1__FRAME__BODY_STANDING;
	frame.standing = &standing;
	if (is_close && is_closed(question->close, standing.state)) {
		frame.body_case = SLIM__PEER__V1__FRAME__BODY_CLOSED;
		frame.closed = &answer.account;
		move_forget_settled(driver, question->session);
	}
	peer_send(conn, &frame);
}
