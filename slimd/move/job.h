/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs: what became of each move that was asked for here, for the control API.
 *
 * The list keeps the newest JOB_MAX jobs; a running one is never dropped. Jobs are
 * made and changed by the driver; everybody else reads and watches.
 */
#ifndef SLIMD_MOVE_JOB_H
#define SLIMD_MOVE_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "slim_ctl.pb-c.h"
#include "slim_limits.h"

#define JOB_MAX 256u
#define JOB_KEEP 64u /* that have ended, over a restart of the daemon */
#define JOB_MAX_PHASES 12u
#define JOB_MAX_TIMELINE 32u
#define JOB_WHAT_SIZE 48u

struct job_reason {
	Slim__V1__ReasonCode code;
	char text[SLIM_REASON_SIZE];
};

struct job_phase {
	const char *name; /* static */
	uint64_t unix_ns;
	uint64_t monotonic_ns;
};

struct job_timeline {
	char what[JOB_WHAT_SIZE];
	uint64_t at_ns; /* since the HOLD command */
};

/* Numbers of slim.v1.MoveResult, same names. */
struct job_result {
	uint64_t entries, snapshot_bytes, delta_bytes, duration_ns, handover_ns;
	uint64_t hold_p50_ns, hold_max_ns, held_packets, hold_overflow;
	uint64_t flush_wait_p50_ns, flush_wait_max_ns, flush_rounds, queued_packets, queue_overflow;
	uint64_t redirected_packets, steer_ns;
	uint64_t digest_source, digest_target, digest_proof;
	bool has_source, has_target, has_proof;
	size_t n_timeline;
	struct job_timeline timeline[JOB_MAX_TIMELINE];
};

/* What was asked for. The same idempotency key goes with the same of these. */
struct job_asked {
	char nf[SLIM_NAME_SIZE];
	char to_host[SLIM_NAME_SIZE];
	char to_nf[SLIM_NAME_SIZE]; /* "": any */
	bool dry_run, compress;
	uint64_t max_hold_ns, max_bandwidth, timeout_ns;
	uint32_t fault;
};

struct job {
	TAILQ_ENTRY(job) link;
	char id[20]; /* session id, 16 hex digits */
	char nf[SLIM_NAME_SIZE];
	char to_host[SLIM_NAME_SIZE];
	char to_nf[SLIM_NAME_SIZE];
	char from_host[SLIM_NAME_SIZE]; /* the target is here, `nf` is it; "": the source is */
	char key[SLIM_JOB_KEY_SIZE];    /* idempotency key; "" none */
	struct job_asked
		asked; /* nf "": not known (a target's, or after a restart in the middle) */
	Slim__V1__JobState state;
	bool dry_run;
	const char *phase; /* static */
	size_t n_reasons;
	struct job_reason reasons[SLIM_MAX_REASONS];
	uint64_t rows_total, rows_left, rows_per_second, expected_hold_ns;
	uint64_t started_unix_ns, started_ns, ended_ns; /* ended_ns 0: running */
	size_t n_phases;
	struct job_phase phases[JOB_MAX_PHASES];
	struct job_result result;
};

TAILQ_HEAD(job_head, job);

/* Called on the loop after a job has changed (state, phase, reasons or progress). */
typedef void job_watch_fn(void *ctx, const struct job *job);

struct job_watch {
	TAILQ_ENTRY(job_watch) link;
	job_watch_fn *fn;
	void *ctx;
};
TAILQ_HEAD(job_watch_head, job_watch);

struct job_list {
	struct job_head jobs; /* newest first */
	struct job_watch_head watches;
	size_t n;
};

void job_list_init(struct job_list *list);
void job_list_fini(struct job_list *list);

struct job *job_find(struct job_list *list, const char *id);
struct job *job_find_key(struct job_list *list, const char *key); /* NULL for "" */
bool job_asked_equal(const struct job *job, const struct job_asked *asked);

/* The watch is the caller's memory and stays linked until job_unwatch(). */
void job_watch(struct job_list *list, struct job_watch *watch);
void job_unwatch(struct job_list *list, struct job_watch *watch);

/* A message that points into itself and into the job; valid until the job changes. */
struct job_message {
	Slim__V1__Job job;
	Slim__V1__MoveResult result;
	Slim__V1__MigrateRequest request;
	Slim__V1__Reason reasons[SLIM_MAX_REASONS];
	Slim__V1__Reason *reason_ptrs[SLIM_MAX_REASONS];
	Slim__V1__PhaseTime phases[JOB_MAX_PHASES];
	Slim__V1__PhaseTime *phase_ptrs[JOB_MAX_PHASES];
	Slim__V1__TimelineEntry timeline[JOB_MAX_TIMELINE];
	Slim__V1__TimelineEntry *timeline_ptrs[JOB_MAX_TIMELINE];
	char digests[3][20];
};
void job_to_message(const struct job *job, uint64_t now_ns, struct job_message *ret);

/* A job that has ended, of a message that job_to_message() made. -EBADMSG, -ENOMEM. */
int job_from_message(struct job_list *list, const Slim__V1__Job *message);

/* ---- job_store.c: over a restart -------------------------------------------------------------- */

struct outside;

/* A job has ended: its file is written; of more than JOB_KEEP files the oldest are removed. A failure is
 * logged: the job is known until the daemon ends. `dir` NULL: nothing is kept. */
void job_keep(struct outside *outside, const char *dir, const struct job *job);

/* All of them, but those that are in the list already. */
void job_recall(struct outside *outside, const char *dir, struct job_list *list);

/* ---- for the driver ---------------------------------------------------------------- */

/* NULL: all JOB_MAX jobs are running. */
struct job *job_create(struct job_list *list, uint64_t session);
void job_add_reason(struct job *job, Slim__V1__ReasonCode code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void job_set_phase(struct job *job, const char *phase, uint64_t unix_ns, uint64_t now_ns);
void job_add_timeline(struct job *job, const char *what, uint64_t at_ns);
void job_changed(struct job_list *list, struct job *job); /* tells the watchers */

#endif
