/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a restart needs to know of a move, and how a move is made of it again.
 *
 * The file holds who and with whom (HEAD), what the NF had counted before (BASELINE), the
 * two sides' descriptions (OPEN, REPLY, for the schema links), the tags (BEGIN) and the stages. All that
 * changes fast, and the totals of the handover, is in the NF's memory.
 *
 * Before the first durable stage nothing was touched and nothing need be known: records that
 * come earlier are only kept in the file, which begins when the first of them is written.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "move.h"

#define MAX_FILES 1024u

/* ---- writing ---------------------------------------------------------------------------- */

/* Before END this ends the move; from then on the NF's memory says what the journal cannot. */
static void
journal_failed(struct move *m, const char *what, int rc)
{
	log_session_error(m->session.id, "journal not %s error=\"%s\"", what, strerror(-rc));
	move_complain(m, REASON_JOURNAL, "the journal could not be %s: %s", what, strerror(-rc));
	move_event(m, EV_JOURNAL_BAD);
}

static int
write_record(struct move *m, enum journal_kind kind, const void *bytes, size_t size, bool durable)
{
	int rc;

	if (m->journal == NULL)
		return 0;
	rc = journal_write(m->journal, kind, bytes, size, durable);
	if (rc < 0)
		journal_failed(m, "written", rc);
	return rc;
}

static void
write_head(struct move *m)
{
	struct journal_head head = {
		.needs = JOURNAL_NEEDS,
		.version = JOURNAL_VERSION,
		.is_source = m->session.is_source,
		.session = m->session.id,
		.nonce = m->nonce,
		.epoch_ns = m->epoch_ns,
		.hold_limit_ns = m->hold_limit_ns,
		.nf_instance = m->nf_instance,
		.started_unix_ns = m->job != NULL ? m->job->started_unix_ns : 0,
		.fault = m->fault,
	};

	memcpy(head.nf, m->nf_name, sizeof(head.nf));
	memcpy(head.service, m->service, sizeof(head.service));
	memcpy(head.peer, m->peer, sizeof(head.peer));
	memcpy(head.other_nf, m->other_nf, sizeof(head.other_nf));
	if (m->job != NULL)
		memcpy(head.key, m->job->key, sizeof(head.key));
	write_record(m, JOURNAL_HEAD, &head, sizeof(head), false);
}

static void
open_journal(struct move *m)
{
	int rc;

	if (m->journal != NULL || m->no_journal || m->driver->config.state_dir == NULL)
		return;
	rc = journal_open(m->driver->config.outside, m->driver->config.state_dir, m->session.id,
			  &m->journal);
	if (rc < 0) {
		journal_failed(m, "opened", rc);
		return;
	}
	write_head(m);
	write_record(m, JOURNAL_BASELINE, &m->base, sizeof(m->base), false);
}

void
move_write_lost(struct move *m, uint64_t n)
{
	if (m->nf != NULL)
		memo_set_lost_there(m->nf, m->session.id, n);
	open_journal(m);
	write_record(m, JOURNAL_LOST, &n, sizeof(n), false);
}

void
move_write_failed(struct move *m)
{
	uint32_t why = m->session.reason != 0 ? m->session.reason : REASON_INTERNAL;

	/* Nothing is kept of what has touched nothing, or is over. */
	if (m->stage == STAGE_NONE || m->stage == STAGE_OVER)
		return;
	if (m->nf != NULL)
		memo_set_failed(m->nf, m->session.id, why);
	open_journal(m);
	write_record(m, JOURNAL_FAILED, &why, sizeof(why), false);
}

void
move_write_message(struct move *m, enum journal_kind kind, const ProtobufCMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = malloc(size > 0 ? size : 1);

	if (bytes == NULL)
		return;
	open_journal(m);
	protobuf_c_message_pack(message, bytes);
	write_record(m, kind, bytes, size, false);
	free(bytes);
}

/* ---- sessions that ended without the source -------------------------------------------------- */

static void
remove_file(struct driver *driver, uint64_t session)
{
	struct journal *journal;

	if (journal_open(driver->config.outside, driver->config.state_dir, session, &journal) == 0)
		journal_remove(journal, STAGE_OVER);
}

const struct driver_settled *
move_settled(const struct driver *driver, uint64_t session, const char *peer)
{
	for (size_t i = 0; i < driver->n_settled; i++)
		if (driver->settled[i].session == session &&
		    strcmp(driver->settled[i].peer, peer) == 0)
			return &driver->settled[i];
	return NULL;
}

void
move_forget_settled(struct driver *driver, uint64_t session)
{
	for (size_t i = 0; i < driver->n_settled; i++) {
		if (driver->settled[i].session != session)
			continue;
		driver->n_settled--;
		memmove(&driver->settled[i], &driver->settled[i + 1],
			(driver->n_settled - i) * sizeof(driver->settled[0]));
		remove_file(driver, session);
		return;
	}
}

static void
remember_settled(struct driver *driver, uint64_t session, const char *peer)
{
	struct driver_settled *settled;

	if (driver->n_settled == DRIVER_MAX_SETTLED)
		move_forget_settled(driver, driver->settled[0].session);
	settled = &driver->settled[driver->n_settled++];
	settled->session = session;
	memcpy(settled->peer, peer, sizeof(settled->peer));
}

/* ---- stages ------------------------------------------------------------------------------------ */

void
move_write_stage(struct move *m, enum session_stage stage)
{
	uint32_t number = (uint32_t)stage;

	move_keep_memo(m, stage);
	if (m->stage == stage)
		return;
	if (stage == STAGE_OVER) {
		m->stage = stage;
		journal_remove(m->journal, STAGE_OVER);
		m->journal = NULL;
		return;
	}
	open_journal(m);
	/* Names may have become known since the file began; the last head counts. */
	write_head(m);
	if (write_record(m, JOURNAL_STAGE, &number, sizeof(number), true) == 0)
		m->stage = stage;
	if (stage == STAGE_SETTLED)
		remember_settled(m->driver, m->session.id, m->peer);
}

/* ---- reading -------------------------------------------------------------------------------- */

struct replay {
	struct journal_head head;
	bool has_head;
	size_t n_records;
	enum session_stage stage;
	Slim__Peer__V1__Open *open;
	Slim__Peer__V1__OpenReply *reply;
	Slim__Peer__V1__Begin *begin;
	struct move_baseline base;
	bool has_base;
	uint64_t lost;
	uint32_t failed;
};

static bool
head_is_valid(const struct journal_head *head)
{
	return slim_rule_name(head->nf) && slim_rule_name(head->service) &&
	       slim_rule_name(head->peer) &&
	       memchr(head->other_nf, 0, sizeof(head->other_nf)) != NULL &&
	       memchr(head->key, 0, sizeof(head->key)) != NULL;
}

static void
take_record(void *ctx, enum journal_kind kind, const void *bytes, size_t size)
{
	struct replay *r = ctx;
	uint32_t stage;

	r->n_records++;
	switch (kind) {
	case JOURNAL_HEAD:
		/* A newer one may be longer. */
		if (size < sizeof(r->head))
			break;
		memcpy(&r->head, bytes, sizeof(r->head));
		r->has_head = true;
		break;
	case JOURNAL_STAGE:
		if (size != sizeof(stage))
			break;
		memcpy(&stage, bytes, size);
		r->stage = (enum session_stage)stage;
		break;
	case JOURNAL_BASELINE:
		if (size != sizeof(r->base) || r->has_base)
			break;
		memcpy(&r->base, bytes, size);
		r->has_base = true;
		break;
	case JOURNAL_LOST:
		if (size == sizeof(r->lost))
			memcpy(&r->lost, bytes, size);
		break;
	case JOURNAL_FAILED:
		if (size == sizeof(r->failed))
			memcpy(&r->failed, bytes, size);
		break;
	case JOURNAL_OPEN:
		if (r->open == NULL)
			r->open = slim__peer__v1__open__unpack(NULL, size, bytes);
		break;
	case JOURNAL_REPLY:
		if (r->reply == NULL)
			r->reply = slim__peer__v1__open_reply__unpack(NULL, size, bytes);
		break;
	case JOURNAL_BEGIN:
		if (r->begin == NULL)
			r->begin = slim__peer__v1__begin__unpack(NULL, size, bytes);
		break;
	}
}

static void
replay_fini(struct replay *r)
{
	if (r->open != NULL)
		slim__peer__v1__open__free_unpacked(r->open, NULL);
	if (r->reply != NULL)
		slim__peer__v1__open_reply__free_unpacked(r->reply, NULL);
	if (r->begin != NULL)
		slim__peer__v1__begin__free_unpacked(r->begin, NULL);
}

/* Own tables by their place in the NF; the NF is the same process, so the places are too. */
static bool
link_tables(struct move *m, const struct replay *r)
{
	struct schema_table source;
	struct schema_reason why;

	m->n_tables = 0;
	for (size_t t = 0; r->open != NULL && t < r->open->n_tables && t < SLIM_MAX_TABLES; t++) {
		const struct schema_table *local;
		int i;

		if (schema_from_peer(r->open->tables[t], &source, &why) < 0)
			return false;
		i = nf_find_table(m->nf, source.name);
		if (i < 0)
			return false;
		local = &m->nf->tables[i].schema;
		m->local_tables[t] = (uint8_t)i;
		if (schema_link(&source, (uint8_t)t, local, &source, &m->links[t], &why) < 0)
			return false;
	}
	m->n_tables = r->open != NULL ? (uint32_t)r->open->n_tables : 0;
	return true;
}

static void
take_vids(struct move *m, const Slim__Peer__V1__Begin *begin)
{
	const char *ports[SLIM_MAX_PORTS];
	uint32_t vids[SLIM_MAX_PORTS];
	size_t n;

	if (begin == NULL)
		return;
	n = begin->n_vids < SLIM_MAX_PORTS ? begin->n_vids : SLIM_MAX_PORTS;
	for (size_t i = 0; i < n; i++) {
		ports[i] = begin->vids[i]->port;
		vids[i] = begin->vids[i]->vid;
	}
	move_set_vids(m, n, ports, vids);
}

/* With the NF here, the rest of the journal makes sense. At the source the link must leave out
 * state fields that the target lacks; its reply tells. */
void
move_recall(struct move *m)
{
	struct replay r = {.stage = STAGE_NONE};

	if (journal_read(m->driver->config.outside, m->driver->config.state_dir, m->session.id,
			 take_record, &r) < 0)
		return;
	if (m->session.is_source && r.reply != NULL)
		move_check_reply(m, r.reply);
	else if (!link_tables(m, &r))
		m->n_tables = 0;
	if (r.open != NULL && !m->session.is_source)
		m->peer_workers = r.open->n_workers;
	take_vids(m, r.begin);
	if (r.has_base)
		m->base = r.base;
	replay_fini(&r);
}

/* Whoever asked for the move finds it again, under the same id. */
static void
recall_job(struct move *m, const struct journal_head *head)
{
	struct job *job = job_create(&m->driver->jobs, m->session.id);
	uint64_t now_unix_ns = move_unix_ns();

	if (job == NULL)
		return;
	memcpy(job->nf, m->nf_name, sizeof(job->nf));
	memcpy(job->to_host, m->peer, sizeof(job->to_host));
	memcpy(job->to_nf, m->other_nf, sizeof(job->to_nf));
	memcpy(job->key, head->key, sizeof(job->key));
	job->started_unix_ns = head->started_unix_ns;
	job->started_ns = move_now_ns();
	if (now_unix_ns > head->started_unix_ns)
		job->started_ns -= now_unix_ns - head->started_unix_ns;
	m->job = job;
}

/* Takes the session up. What it writes from now on may fail as any write. */
static bool
adopt(struct driver *driver, uint64_t session, const struct replay *r)
{
	struct move *m = move_create(driver, session, r->head.is_source != 0, NULL);
	int rc;

	if (m == NULL)
		return false;
	rc = journal_open(driver->config.outside, driver->config.state_dir, session, &m->journal);
	if (rc < 0)
		log_session_error(session, "journal not opened error=\"%s\"", strerror(-rc));
	m->restored = true;
	m->session.is_source = r->head.is_source != 0;
	m->session.state = m->session.is_source ? SOURCE_OPENING : TARGET_OFFERED;
	m->stage = r->stage;
	m->lost_before = r->lost;
	m->failed_before = r->failed;
	m->nonce = r->head.nonce;
	m->epoch_ns = r->head.epoch_ns;
	m->hold_limit_ns = r->head.hold_limit_ns;
	m->nf_instance = r->head.nf_instance;
	m->fault = r->head.fault;
	memcpy(m->nf_name, r->head.nf, sizeof(m->nf_name));
	memcpy(m->service, r->head.service, sizeof(m->service));
	memcpy(m->peer, r->head.peer, sizeof(m->peer));
	memcpy(m->other_nf, r->head.other_nf, sizeof(m->other_nf));
	if (m->session.is_source)
		recall_job(m, &r->head);
	else
		move_add_target_job(m, false);
	m->orphan_ns = move_now_ns() + ORPHAN_NS;
	log_session_info(session, "journal found nf=%s role=%s stage=%d", m->nf_name,
			 m->session.is_source ? "source" : "target", (int)r->stage);
	return true;
}

/* Why a file that was read is not understood; NULL: it is. */
static bool
is_understood(const struct replay *r, uint64_t session, char why[SLIM_REASON_SIZE])
{
	const struct journal_head *head = &r->head;

	why[0] = '\0';
	if (r->n_records == 0)
		return true;
	if (!r->has_head)
		snprintf(why, SLIM_REASON_SIZE, "it has no head");
	else if (head->needs < JOURNAL_NEEDS || head->needs > JOURNAL_VERSION)
		snprintf(why, SLIM_REASON_SIZE,
			 "its version is %u and needs a reader of %u or newer; this one is %u",
			 head->version != 0 ? head->version : head->needs, head->needs,
			 JOURNAL_VERSION);
	else if (!head_is_valid(head) || head->session != session)
		snprintf(why, SLIM_REASON_SIZE, "its head makes no sense");
	else if (r->stage > STAGE_SETTLED)
		snprintf(why, SLIM_REASON_SIZE, "its stage %d is unknown here", (int)r->stage);
	return why[0] == '\0';
}

static bool
is_left(const struct driver *driver, uint64_t session, bool unread)
{
	for (size_t i = 0; i < driver->n_left && i < DRIVER_MAX_LEFT; i++)
		if (driver->left[i].session == session)
			return driver->left[i].unread == unread;
	return false;
}

bool
move_is_left(const struct driver *driver, uint64_t session)
{
	return is_left(driver, session, false);
}

bool
move_is_unread(const struct driver *driver, uint64_t session)
{
	return is_left(driver, session, true);
}

/* The file stays, traffic and gates are left alone, no NF is busy with it; people are told. If it
 * could not even be read, an NF whose memory names the session is in it all the same. */
static void
leave_alone(struct driver *driver, uint64_t session, const struct replay *r, const char *why,
	    bool unread)
{
	struct job *job = job_create(&driver->jobs, session);

	log_session_error(session, "journal left alone reason=\"%s\"", why);
	if (driver->n_left < DRIVER_MAX_LEFT)
		driver->left[driver->n_left] =
			(struct driver_left){.session = session, .unread = unread};
	driver->n_left++;
	if (job == NULL)
		return;
	if (r->has_head && head_is_valid(&r->head))
		memcpy(job->nf, r->head.nf, sizeof(job->nf));
	job_add_reason(job, REASON_JOURNAL, "the journal of this session is left alone: %s", why);
	job->state = SLIM__V1__JOB_STATE__JOB_FAILED;
	job->phase = "done";
	job->started_ns = job->ended_ns = move_now_ns();
	job_changed(&driver->jobs, job);
}

/* Nothing is deleted that was not read and understood. */
static void
replay_session(struct driver *driver, uint64_t session)
{
	struct replay r = {.stage = STAGE_NONE};
	char why[SLIM_REASON_SIZE];
	int rc = journal_read(driver->config.outside, driver->config.state_dir, session,
			      take_record, &r);

	if (rc < 0)
		snprintf(why, sizeof(why), "%s",
			 rc == -EBADMSG ? "it is no journal" : strerror(-rc));
	if (rc < 0 || !is_understood(&r, session, why))
		leave_alone(driver, session, &r, why, rc < 0);
	else if (r.stage == STAGE_NONE || r.stage == STAGE_OVER) /* nothing is touched */
		remove_file(driver, session);
	else if (r.stage == STAGE_SETTLED)
		remember_settled(driver, session, r.head.peer);
	else if (!adopt(driver, session, &r))
		leave_alone(driver, session, &r, "no memory, or too many sessions", false);
	replay_fini(&r);
}

int
move_replay(struct driver *driver)
{
	static uint64_t sessions[MAX_FILES];
	int n = journal_list(driver->config.outside, driver->config.state_dir, sessions, MAX_FILES);

	if (n == MAX_FILES)
		log_error("more journals than %u: the others are left alone", MAX_FILES);
	if (n >= 0) /* else nobody knows whose they are */
		sums_clean(driver->config.outside, driver->config.runtime_dir, sessions, (size_t)n);
	for (int i = 0; i < n; i++)
		replay_session(driver, sessions[i]);
	return n < 0 ? n : 0;
}
