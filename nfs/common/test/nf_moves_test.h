/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that come from another instance, for tests: from one harness to another, in any order. What slimd would write
 * into the install rings of the target is written there, one record at a time, and the agent's own code takes it out:
 * which slot stands for which, when a row is put and when removed, which callbacks run. What slimd sees to is seen to
 * here: a source slot whose row goes to another worker is deleted at the old one first.
 *
 * A table goes by the number that the agent gave it: that of its creation, from 0 on (slim_table.index).
 */
#ifndef NF_MOVES_TEST_H
#define NF_MOVES_TEST_H

#include <stdbool.h>
#include <stdint.h>

#include "slim.h"

struct harness;

struct harness_move {
	struct harness *from, *to;
	uint32_t n_tables; /* the first ones of the NF are copied; those behind them are left out */
};

/* A new session: nothing of `to` stands for a row of `from` yet. */
void harness_move_begin(struct harness_move *mv, struct harness *from, struct harness *to,
			uint32_t n_tables);

/* The row of a source slot, new or changed. False: the target has refused it. */
bool harness_put_row(struct harness_move *mv, uint32_t table, uint32_t source_slot, uint8_t bucket,
		     const void *row);
/* After the hand-over: lazy fields by their rules; those that are sums hold what is to be added. Nothing, if the
 * target's row is not the one that came. */
void harness_merge_row(struct harness_move *mv, uint32_t table, uint32_t source_slot,
		       const void *row);
/* The source slot is empty. */
void harness_delete_row(struct harness_move *mv, uint32_t table, uint32_t source_slot);
/* The slot that stands for it at the target; SLIM_NO_SLOT: none. */
uint32_t harness_local_slot(const struct harness_move *mv, uint32_t table, uint32_t source_slot);

/* What a source slot is now: a row, or none. Fails the test if the target refuses it. */
void harness_copy_slot(struct harness_move *mv, uint32_t table, uint32_t source_slot);
void harness_copy_table(struct harness_move *mv, uint32_t table);
void harness_copy_all(struct harness_move *mv);
/* Fails the test unless the target has the rows of the source, but for local fields, and no others. */
void harness_assert_copied(const struct harness_move *mv);

/* All rows that came are taken back. */
void harness_delete_all(struct harness_move *mv);
/* The agent takes all rows out of all tables. */
void harness_wipe(struct harness *h);
/* As after a move: the copy that is left at the source is wiped, and the next move goes the other way. */
void harness_turn_round(struct harness_move *mv);

/* ---- tables of one instance ----------------------------------------------------------------- */

struct slim_table *harness_table(const struct harness *h, uint32_t table);
struct slim_worker *harness_worker_of(const struct harness *h, uint8_t bucket);
bool harness_is_used(const struct slim_table *table, uint32_t slot);
uint32_t harness_n_rows(const struct harness *h, uint32_t table);

#endif
