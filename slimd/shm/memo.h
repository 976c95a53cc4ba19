/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memo of an NF's session, in its control zone: that there is one, with whom, how far it is, and
 * what the NF had lost before and lost in it. It lives as long as the NF, whatever becomes of slimd's
 * files. So a slimd without a journal finds every session that is under way, and can still answer for the last
 * one that is over.
 *
 * An NF could have written there: what is read is copied, names are checked; numbers are its own affair.
 * One thread: that of the event loop. A daemon that dies in the middle of memo_begin() leaves no memo; it has
 * touched nothing then.
 */
#ifndef SLIMD_SHM_MEMO_H
#define SLIMD_SHM_MEMO_H

#include <stdbool.h>
#include <stdint.h>

#include "nf.h"

/* Of the handover; a table's number is its place in the peer's Open. */
struct memo_totals {
	uint32_t n_tables; /* 0: not known */
	bool proved;       /* a source's frozen tables were found to have them, too */
	uint64_t digest[SLIM_MAX_TABLES], entries[SLIM_MAX_TABLES];
};

struct memo {
	uint64_t session; /* 0: none */
	uint32_t stage;   /* the caller's; memo.h does not know what it means */
	bool is_source;
	uint64_t lost_there;
	uint32_t failed; /* the caller's: why it can only fail; 0: it need not */
	struct slim_shm_losses base, lost;
	uint64_t stood_still_ns;
	struct memo_totals totals;
	char peer[SLIM_NAME_SIZE], other[SLIM_NAME_SIZE]; /* "": not known */
};

/* In the place of the last one. */
void memo_begin(struct nf *nf, const struct memo *memo);

/* False, *ret_memo untouched: there is none. */
bool memo_read(const struct nf *nf, struct memo *ret_memo);

/* Of the session's memo. Nothing happens when there is none, or it is another's. */
void memo_set_stage(struct nf *nf, uint64_t session, uint32_t stage);
void memo_set_lost_there(struct nf *nf, uint64_t session, uint64_t n);
void memo_set_failed(struct nf *nf, uint64_t session, uint32_t why);
/* A number of tables that is too large counts as 0. */
void memo_set_totals(struct nf *nf, uint64_t session, const struct memo_totals *totals);
void memo_set_proved(struct nf *nf, uint64_t session);
/* The last stage; from here on the losses are not counted any more. */
void memo_end(struct nf *nf, uint64_t session, uint32_t stage, uint64_t stood_still_ns);

/* What the NF has lost in all its life. */
void memo_count_losses(const struct nf *nf, struct slim_shm_losses *ret_losses);

#endif
