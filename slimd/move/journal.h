/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of one session: a small file that only grows, so that a daemon that
 * was killed at any moment finds out what was under way.
 *
 * Each record has a kind, a size and a checksum. What is behind the last whole record was cut short, by a
 * crash or by a full disk: it is cut off before anything is written behind it, so that what is durable
 * later can be read. Damage between whole records is skipped. Reading checks all sizes.
 *
 * Versions: `needs` is the oldest version of a reader that understands the file, `version` the one of
 * its writer. Kinds are never given another meaning, structures only grow at their end; what a reader does
 * not know it skips. So a daemon reads the files of the version before and of the one after,
 * unless the newer one says that it must not: then the file is left as it is.
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
	/* 5 was End; the NF's memory keeps those totals now */
	JOURNAL_STAGE = 6, /* uint32_t, enum session_stage */
	JOURNAL_BASELINE,  /* struct move_baseline: the NF's counters when the session began */
	JOURNAL_LOST, /* uint64_t: packets that the peer named as lost; it forgets the session then */
	JOURNAL_FAILED, /* uint32_t, slim.v1.ReasonCode: why the result can only be "failed" */
};

/* Host-local. A newer version's may be longer. */
struct journal_head {
	uint32_t needs; /* JOURNAL_NEEDS */
	uint32_t is_source;
	uint64_t session;
	uint64_t nonce;
	uint64_t epoch_ns;
	uint64_t hold_limit_ns;
	uint64_t nf_instance;
	uint64_t started_unix_ns;
	uint32_t fault;
	uint32_t version; /* JOURNAL_VERSION; 0: it is the one of `needs` */
	char nf[SLIM_NAME_SIZE];
	char service[SLIM_NAME_SIZE];
	char peer[SLIM_NAME_SIZE];
	char other_nf[SLIM_NAME_SIZE];
	char key[SLIM_JOB_KEY_SIZE]; /* idempotency key of the job; "" none */
};
#define JOURNAL_VERSION 3u
#define JOURNAL_NEEDS 2u /* a daemon of version 2 understands all that this one needs */

struct journal;

/* Begins a file for the session, or goes on with the one that is there, behind its last whole record.
 * A file that cannot be read is left alone: a negative errno. `dir` is kept. */
int journal_open(struct outside *outside, const char *dir, uint64_t session,
		 struct journal **ret_journal);

/* Closes; the file stays. NULL is allowed. */
void journal_close(struct journal *journal);

/* Closes and removes the file; where that fails, `over` is appended as the last stage. NULL is
 * allowed. */
void journal_remove(struct journal *journal, uint32_t over);

/* Appends a record. `durable`: it is on the disk when this returns. A negative errno: the file is as it
 * was before, or will be before the next record. */
int journal_write(struct journal *journal, enum journal_kind kind, const void *bytes, size_t size,
		  bool durable);

/* Calls `fn` for each record that is whole. 0; -EBADMSG: the file is no journal; another negative errno
 * when it cannot be read. */
typedef void journal_record_fn(void *ctx, enum journal_kind kind, const void *bytes, size_t size);
int journal_read(struct outside *outside, const char *dir, uint64_t session, journal_record_fn *fn,
		 void *ctx);

/* The same over the bytes of a file. Returns where its last whole record ends. */
size_t journal_parse(const void *bytes, size_t size, journal_record_fn *fn, void *ctx);

/* Sessions that have a journal; returns their number, or a negative errno. */
int journal_list(struct outside *outside, const char *dir, uint64_t *ret_sessions, size_t max);

#endif
