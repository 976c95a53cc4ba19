/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Follows one table of one NF while a session runs: which slots changed, what
 * they held when they were last read, and the digest over all of them.
 *
 * Order of use:
 *
 *   tracker_create(), then the gate command with the table's `track` bit;
 *   when all workers have acknowledged it:
 *     tracker_fill() again and again: changed slots first, then a piece of the walk
 *   with the workers stopped (HOLD), until tracker_backlog() is 0:
 *     tracker_fill(), then tracker_is_complete() tells if a change was missed
 *
 * A slot that is being written when it is read is left alone: whoever writes it
 * puts it into the ring (again) at the next commit. This needs the table to be tracked
 * before the walk begins, and a flag to be cleared before its slot is read.
 *
 * digest and entries are those of the slots as last read. `n_reads` sums
 * halved slot sequences; it equals the workers' write counters modulo 2^31 exactly
 * when the newest version of every slot was read (docs/decisions/0001).
 *
 * For the trail it remembers a hash of the lazy fields of a row as they were when it was sent. A row
 * whose lazy fields stand as they were does not travel again.
 *
 * Memory: 13 bytes a slot; at a source 8 more if the table has lazy fields. Nothing here does I/O.
 * One thread.
 */
#ifndef SLIMD_SHM_TRACKER_H
#define SLIMD_SHM_TRACKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "row.h"
#include "schema.h"
#include "slim_shm.h"

/* The memory of a table; nf.h gives it, tests make it. */
struct tracker_config {
	const struct schema_link *link; /* kept */
	uint64_t epoch_ns;              /* the session's epoch on this host's clock */
	const uint8_t *slab;
	uint32_t slot_size;
	uint32_t capacity; /* slots of the local table */
	_Atomic uint8_t *dirty;
	uint8_t *rings;
	uint64_t ring_stride;
	uint32_t ring_size;
	uint32_t n_workers;
	uint8_t table; /* index in the NF: of `writes` */
	const struct slim_shm_worker *workers;
};

struct tracker {
	struct tracker_config config;
	uint32_t heads[SLIM_MAX_WORKERS]; /* of the dirty rings */
	uint32_t next_ring;               /* where the next drain begins, to be fair */
	uint32_t walked;                  /* slots that the walk has passed */
	uint32_t verified;                /* slots that the verification has passed */
	uint32_t trailed;                 /* slots that the lazy walk has passed */
	uint32_t *seqs;                   /* as last read */
	uint64_t *hashes;                 /* of the canonical row as last read; 0 empty */
	uint8_t *flags;
	uint64_t *sent; /* hash of the lazy fields as last sent; 0 unknown. NULL: none are lazy */
	uint64_t digest;
	uint64_t entries;
	uint32_t n_reads;
	uint64_t proof_digest;
	uint64_t proof_entries;
};

/* Drops what older sessions left in the rings: heads start at the tails' present place
 * and flags are cleared. Call it before the workers track the table. */
int tracker_create(const struct tracker_config *config, struct tracker **ret_tracker);
void tracker_destroy(struct tracker *tracker);

/* Changed slots, then up to `max_walk` slots of the walk, into `stage` (NULL: only follow,
 * up to the same number of slots). The stage must be empty. A slot comes at most once. Returns the
 * number of slots looked at; 0: there is nothing to do now. -EBADMSG: the rings make no sense. */
int tracker_fill(struct tracker *tracker, struct row_stage *stage, uint32_t max_walk);

/* Slots that wait in the rings. */
uint64_t tracker_backlog(const struct tracker *tracker);

/* Slots that the walk still has to pass. */
uint32_t tracker_unwalked(const struct tracker *tracker);

/* True when every write that the workers count was read. Means something when the walk is
 * over and the rings are empty. */
bool tracker_is_complete(const struct tracker *tracker);

/* Verification: reads all slots again, max_slots at a time, and sums their digest into proof_*.
 * 1: the walk is over; 0: not yet; -EAGAIN: a slot was being written (only a table that
 * stands still can be verified). */
void tracker_verify_begin(struct tracker *tracker);
int tracker_verify(struct tracker *tracker, uint32_t max_slots);

/* Lazy walk: into the stage come the used slots whose lazy fields changed since their row was sent,
 * or of which it is not known. Returns slots passed, 0 at the end. Call tracker_trail_begin()
 * before. A second walk brings the same slots again: what the first one sent may be lost. */
void tracker_trail_begin(struct tracker *tracker);
uint32_t tracker_trail(struct tracker *tracker, struct row_stage *stage, uint32_t max_slots);

#endif
