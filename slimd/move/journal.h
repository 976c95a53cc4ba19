/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of one session: a small file that only grows, so that a daemon that
 * was killed at any moment finds out what was under way.
 *
 * Each record has a kind, a size and a checksum. A record that was cut short by a crash
 * ends the file; everything before it counts. Reading checks all sizes.
 */
#ifndef SLIMD_MOVE_JOURNAL_H
#define SLIMD_MOVE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "outside.h"
#include "slim_limits.h"

#define JOURNAL_MAX_RECORD (64u << 10)
#define JOURNAL_MAX_FILE (512u << 10)

enum journal_kind {
	JOURNAL_HEAD = 1, /* struct journal_head */
	JOURNAL_OPEN,     /* packed Open */
	JOURNAL_REPLY,    /* packed OpenReply */
	JOURNAL_BEGIN,    /* packed Begin */
	JOURNAL_END,      /* packed End */
	JOURNAL_STAGE,    /* uint32_t, enum session_stage */
	JOURNAL_BASELINE, /* struct move_baseline: the NF's counters when the session began */
};

/* Host-local: same host, same build of the daemon or a newer one with the same version. */
struct journal_head {
	uint32_t version; /* JOURNAL_VERSION */
	uint32_t is_source;
	uint64_t session;
	uint64_t nonce;
	uint64_t epoch_ns;
	uint64_t hold_limit_ns;
	uint64_t nf_instance;
	uint64_t started_unix_ns;
	uint32_t fault;
	uint32_t reserved;
	char nf[SLIM_NAME_SIZE];
	char service[SLIM_NAME_SIZE];
	char peer[SLIM_NAME_SIZE];
	char other_nf[SLIM_NAME_SIZE];
	char key[SLIM_JOB_KEY_SIZE]; /* idempotency key of the job; "" none */
};
#define JOURNAL_VERSION 2u

struct journal;

/* Begins a file for the session, or goes on with the one that is there. `dir` is kept. */
int journal_open(struct outside *outside, const char *dir, uint64_t session,
		 struct journal **ret_journal);

/* Closes; the file stays. NULL is allowed. */
void journal_close(struct journal *journal);

/* Closes and removes the file. NULL is allowed. */
void journal_remove(struct journal *journal);

/* Appends a record. `durable`: it is on the disk when this returns. */
int journal_write(struct journal *journal, enum journal_kind kind, const void *bytes, size_t size,
		  bool durable);

/* Calls `fn` for each record that is whole. 0, or a negative errno when the file cannot be read. */
typedef void journal_record_fn(void *ctx, enum journal_kind kind, const void *bytes, size_t size);
int journal_read(struct outside *outside, const char *dir, uint64_t session, journal_record_fn *fn,
		 void *ctx);

/* The same over the bytes of a file. */
void journal_parse(const void *bytes, size_t size, journal_record_fn *fn, void *ctx);

/* Sessions that have a journal; returns their number, or a negative errno. */
int journal_list(struct outside *outside, const char *dir, uint64_t *ret_sessions, size_t max);

#endif
