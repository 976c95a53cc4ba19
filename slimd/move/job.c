/* SPDX-License-Identifier: Apache-2.0 */
#include "job.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
job_list_init(struct job_list *list)
{
	TAILQ_INIT(&list->jobs);
	TAILQ_INIT(&list->watches);
	list->n = 0;
}

static void
drop(struct job_list *list, struct job *job)
{
	TAILQ_REMOVE(&list->jobs, job, link);
	list->n--;
	free(job);
}

void
job_list_fini(struct job_list *list)
{
	while (!TAILQ_EMPTY(&list->jobs))
		drop(list, TAILQ_FIRST(&list->jobs));
}

struct job *
job_find(struct job_list *list, const char *id)
{
	struct job *job;

	TAILQ_FOREACH(job, &list->jobs, link)
		if (strcmp(job->id, id) == 0)
			return job;
	return NULL;
}

struct job *
job_find_key(struct job_list *list, const char *key)
{
	struct job *job;

	if (key[0] == '\0')
		return NULL;
	TAILQ_FOREACH(job, &list->jobs, link)
		if (strcmp(job->key, key) == 0)
			return job;
	return NULL;
}

bool
job_asked_equal(const struct job *job, const struct job_asked *asked)
{
	const struct job_asked *a = &job->asked;

	return a->nf[0] == '\0' ||
	       (strcmp(a->nf, asked->nf) == 0 && strcmp(a->to_host, asked->to_host) == 0 &&
		strcmp(a->to_nf, asked->to_nf) == 0 && a->dry_run == asked->dry_run &&
		a->compress == asked->compress && a->max_hold_ns == asked->max_hold_ns &&
		a->max_bandwidth == asked->max_bandwidth && a->timeout_ns == asked->timeout_ns &&
		a->fault == asked->fault);
}

void
job_watch(struct job_list *list, struct job_watch *watch)
{
	TAILQ_INSERT_TAIL(&list->watches, watch, link);
}

void
job_unwatch(struct job_list *list, struct job_watch *watch)
{
	TAILQ_REMOVE(&list->watches, watch, link);
}

void
job_changed(struct job_list *list, struct job *job)
{
	struct job_watch *watch, *next;

	for (watch = TAILQ_FIRST(&list->watches); watch != NULL; watch = next) {
		next = TAILQ_NEXT(watch, link);
		watch->fn(watch->ctx, job);
	}
}

/* Makes room by dropping the oldest job that has ended. */
static bool
make_room(struct job_list *list)
{
	struct job *job;

	if (list->n < JOB_MAX)
		return true;
	TAILQ_FOREACH_REVERSE(job, &list->jobs, job_head, link)
	{
		if (job->state == SLIM__V1__JOB_STATE__JOB_RUNNING)
			continue;
		drop(list, job);
		return true;
	}
	return false;
}

struct job *
job_create(struct job_list *list, uint64_t session)
{
	struct job *job = make_room(list) ? calloc(1, sizeof(*job)) : NULL;

	if (job == NULL)
		return NULL;
	snprintf(job->id, sizeof(job->id), "%016" PRIx64, session);
	job->state = SLIM__V1__JOB_STATE__JOB_RUNNING;
	job->phase = "preflight";
	TAILQ_INSERT_HEAD(&list->jobs, job, link);
	list->n++;
	return job;
}

void
job_add_reason(struct job *job, Slim__V1__ReasonCode code, const char *format, ...)
{
	struct job_reason *reason = &job->reasons[job->n_reasons];
	va_list args;

	if (job->n_reasons == SLIM_MAX_REASONS)
		return;
	job->n_reasons++;
	reason->code = code;
	va_start(args, format);
	vsnprintf(reason->text, sizeof(reason->text), format, args);
	va_end(args);
}

void
job_set_phase(struct job *job, const char *phase, uint64_t unix_ns, uint64_t now_ns)
{
	if (job->n_phases > 0 && strcmp(job->phases[job->n_phases - 1].name, phase) == 0)
		return;
	job->phase = phase;
	if (job->n_phases < JOB_MAX_PHASES)
		job->phases[job->n_phases++] = (struct job_phase){
			.name = phase, .unix_ns = unix_ns, .monotonic_ns = now_ns};
}

void
job_add_timeline(struct job *job, const char *what, uint64_t at_ns)
{
	struct job_timeline *entry = &job->result.timeline[job->result.n_timeline];

	if (job->result.n_timeline == JOB_MAX_TIMELINE)
		return;
	job->result.n_timeline++;
	snprintf(entry->what, sizeof(entry->what), "%s", what);
	entry->at_ns = at_ns;
}

/* protobuf-c has no const strings; nobody writes through them. */
static char *
text(const char *from)
{
	return (char *)(uintptr_t)from;
}

static char *
print_digest(char *to, bool known, uint64_t digest)
{
	to[0] = '\0';
	if (known)
		snprintf(to, 20, "%016" PRIx64, digest);
	return to;
}

static void
fill_result(const struct job *job, struct job_message *m)
{
	const struct job_result *from = &job->result;
	Slim__V1__MoveResult *to = &m->result;

	slim__v1__move_result__init(to);
	to->entries = from->entries;
	to->snapshot_bytes = from->snapshot_bytes;
	to->delta_bytes = from->delta_bytes;
	to->duration_ns = from->duration_ns;
	to->handover_ns = from->handover_ns;
	to->hold_p50_ns = from->hold_p50_ns;
	to->hold_max_ns = from->hold_max_ns;
	to->held_packets = from->held_packets;
	to->hold_overflow = from->hold_overflow;
	to->flush_wait_p50_ns = from->flush_wait_p50_ns;
	to->flush_wait_max_ns = from->flush_wait_max_ns;
	to->flush_rounds = from->flush_rounds;
	to->queued_packets = from->queued_packets;
	to->queue_overflow = from->queue_overflow;
	to->redirected_packets = from->redirected_packets;
	to->steer_ns = from->steer_ns;
	to->digest_source = print_digest(m->digests[0], from->has_source, from->digest_source);
	to->digest_target = print_digest(m->digests[1], from->has_target, from->digest_target);
	to->digest_proof = print_digest(m->digests[2], from->has_proof, from->digest_proof);
	for (size_t i = 0; i < from->n_timeline; i++) {
		slim__v1__timeline_entry__init(&m->timeline[i]);
		m->timeline[i].what = text(from->timeline[i].what);
		m->timeline[i].at_ns = from->timeline[i].at_ns;
		m->timeline_ptrs[i] = &m->timeline[i];
	}
	to->n_timeline = from->n_timeline;
	to->timeline = m->timeline_ptrs;
}

static void
fill_lists(const struct job *job, struct job_message *m)
{
	for (size_t i = 0; i < job->n_reasons; i++) {
		slim__v1__reason__init(&m->reasons[i]);
		m->reasons[i].code = job->reasons[i].code;
		m->reasons[i].text = text(job->reasons[i].text);
		m->reason_ptrs[i] = &m->reasons[i];
	}
	m->job.n_reasons = job->n_reasons;
	m->job.reasons = m->reason_ptrs;
	for (size_t i = 0; i < job->n_phases; i++) {
		slim__v1__phase_time__init(&m->phases[i]);
		m->phases[i].phase = text(job->phases[i].name);
		m->phases[i].unix_ns = job->phases[i].unix_ns;
		m->phases[i].monotonic_ns = job->phases[i].monotonic_ns;
		m->phase_ptrs[i] = &m->phases[i];
	}
	m->job.n_phases = job->n_phases;
	m->job.phases = m->phase_ptrs;
}

static void
fill_request(const struct job *job, struct job_message *m)
{
	const struct job_asked *from = &job->asked;
	Slim__V1__MigrateRequest *to = &m->request;

	slim__v1__migrate_request__init(to);
	to->nf = text(from->nf);
	to->to_host = text(from->to_host);
	to->to_nf = text(from->to_nf);
	to->dry_run = from->dry_run;
	to->compress = from->compress;
	to->max_hold_ns = from->max_hold_ns;
	to->max_bandwidth = from->max_bandwidth;
	to->timeout_ns = from->timeout_ns;
	to->fault = from->fault;
	to->idempotency_key = text(job->key);
	m->job.request = to;
}

void
job_to_message(const struct job *job, uint64_t now_ns, struct job_message *m)
{
	Slim__V1__Job *to = &m->job;

	slim__v1__job__init(to);
	to->id = text(job->id);
	to->nf = text(job->nf);
	to->to_host = text(job->to_host);
	to->from_host = text(job->from_host);
	to->to_nf = text(job->to_nf);
	to->state = job->state;
	to->phase = text(job->phase);
	to->rows_total = job->rows_total;
	to->rows_left = job->rows_left;
	to->rows_per_second = job->rows_per_second;
	to->expected_hold_ns = job->expected_hold_ns;
	to->started_unix_ns = job->started_unix_ns;
	to->elapsed_ns = (job->ended_ns != 0 ? job->ended_ns : now_ns) - job->started_ns;
	to->dry_run = job->dry_run;
	fill_lists(job, m);
	if (job->asked.nf[0] != '\0')
		fill_request(job, m);
	if (job->ended_ns == 0)
		return;
	fill_result(job, m);
	to->result = &m->result;
}

/* ---- from a message ------------------------------------------------------------------------- */

/* The text of a phase that stays. */
static const char *
find_phase(const char *name)
{
	static const char *const phases[] = {"preflight", "prepare", "copy", "catch-up", "handover",
					     "steer",     "trail",   "undo", "done"};

	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++)
		if (strcmp(phases[i], name) == 0)
			return phases[i];
	return "?";
}

static void
read_request(struct job *job, const Slim__V1__MigrateRequest *from)
{
	struct job_asked *to = &job->asked;

	if (from == NULL)
		return;
	snprintf(to->nf, sizeof(to->nf), "%s", from->nf);
	snprintf(to->to_host, sizeof(to->to_host), "%s", from->to_host);
	snprintf(to->to_nf, sizeof(to->to_nf), "%s", from->to_nf);
	snprintf(job->key, sizeof(job->key), "%s", from->idempotency_key);
	to->dry_run = from->dry_run;
	to->compress = from->compress;
	to->max_hold_ns = from->max_hold_ns;
	to->max_bandwidth = from->max_bandwidth;
	to->timeout_ns = from->timeout_ns;
	to->fault = from->fault;
}

static bool
read_digest(const char *text_of, uint64_t *ret_digest)
{
	return sscanf(text_of, "%16" SCNx64, ret_digest) == 1;
}

static void
read_result(struct job *job, const Slim__V1__MoveResult *from)
{
	struct job_result *to = &job->result;

	to->entries = from->entries;
	to->snapshot_bytes = from->snapshot_bytes;
	to->delta_bytes = from->delta_bytes;
	to->duration_ns = from->duration_ns;
	to->handover_ns = from->handover_ns;
	to->hold_p50_ns = from->hold_p50_ns;
	to->hold_max_ns = from->hold_max_ns;
	to->held_packets = from->held_packets;
	to->hold_overflow = from->hold_overflow;
	to->flush_wait_p50_ns = from->flush_wait_p50_ns;
	to->flush_wait_max_ns = from->flush_wait_max_ns;
	to->flush_rounds = from->flush_rounds;
	to->queued_packets = from->queued_packets;
	to->queue_overflow = from->queue_overflow;
	to->redirected_packets = from->redirected_packets;
	to->steer_ns = from->steer_ns;
	to->has_source = read_digest(from->digest_source, &to->digest_source);
	to->has_target = read_digest(from->digest_target, &to->digest_target);
	to->has_proof = read_digest(from->digest_proof, &to->digest_proof);
	for (size_t i = 0; i < from->n_timeline; i++)
		job_add_timeline(job, from->timeline[i]->what, from->timeline[i]->at_ns);
}

int
job_from_message(struct job_list *list, const Slim__V1__Job *from)
{
	struct job *job;
	uint64_t id;

	if (sscanf(from->id, "%16" SCNx64, &id) != 1 ||
	    from->state == SLIM__V1__JOB_STATE__JOB_RUNNING || from->result == NULL)
		return -EBADMSG;
	job = job_create(list, id);
	if (job == NULL)
		return -ENOMEM;
	snprintf(job->nf, sizeof(job->nf), "%s", from->nf);
	snprintf(job->to_host, sizeof(job->to_host), "%s", from->to_host);
	snprintf(job->to_nf, sizeof(job->to_nf), "%s", from->to_nf);
	snprintf(job->from_host, sizeof(job->from_host), "%s", from->from_host);
	read_request(job, from->request);
	job->state = from->state;
	job->dry_run = from->dry_run;
	job->rows_total = from->rows_total;
	job->rows_per_second = from->rows_per_second;
	job->expected_hold_ns = from->expected_hold_ns;
	job->started_unix_ns = from->started_unix_ns;
	/* Only the difference means anything: the clock of then is not that of now. */
	job->started_ns = 1;
	job->ended_ns = 1 + from->elapsed_ns;
	for (size_t i = 0; i < from->n_reasons; i++)
		job_add_reason(job, from->reasons[i]->code, "%s", from->reasons[i]->text);
	for (size_t i = 0; i < from->n_phases; i++)
		job_set_phase(job, find_phase(from->phases[i]->phase), from->phases[i]->unix_ns,
			      from->phases[i]->monotonic_ns);
	job->phase = find_phase(from->phase);
	read_result(job, from->result);
	return 0;
}
