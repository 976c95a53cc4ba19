/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NFs whose gate stands in RECEIVE for a session that nobody knows any more.
 *
 * An import has no journal and no memo: when slimd dies in it, the NF waits for rows for ever. An NF
 * that registers in RECEIVE without a session here is such a leftover. It owns nothing; its gate
 * goes back to CLOSED, as it was before. The rows that came so far stay, as after an import that
 * fails. (A target of a move has a memo, and is taken up.)
 *
 * One thread: that of the event loop.
 */
#ifndef SLIMD_SHM_STRAY_H
#define SLIMD_SHM_STRAY_H

#include <stdbool.h>
#include <sys/queue.h>

#include "nf.h"

struct stray;
TAILQ_HEAD(stray_list, stray);

void stray_list_init(struct stray_list *list);
void stray_list_fini(struct stray_list *list);

/* Looks at an NF that has registered and that no session has taken up. It is busy (nf->session)
 * until its gate is closed. Without memory it is left as it is, and the log says so. */
void stray_check(struct stray_list *list, struct nf *nf);

/* Call it until it returns false: no gate is on its way any more. */
bool stray_poll(struct stray_list *list);

#endif
