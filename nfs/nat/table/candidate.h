/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What first fragments told whose datagram nobody has found to be forwardable: those that are on their way to
 * the worker of their mapping, and those that were refused. No state: it neither moves nor
 * takes room from what is known, and the oldest one is forgotten for a new one, whosever it is. From each side
 * there are enough for all that can be on their way between two rounds of a worker.
 */
#ifndef NAT_CANDIDATE_H
#define NAT_CANDIDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "datagram.h"

/* As many as a ring between workers holds (NF_RING_SIZE): none is forgotten while it is in there. */
#define NAT_CANDIDATES 4096u

struct nat_candidates {
	struct nat_fragment *of; /* [NAT_CANDIDATES]; `seen` 0: nothing */
	struct nf_slot_index index;
	uint32_t next; /* the oldest, and where the next one stands */
};

/* -ENOMEM. Zeroed memory can be passed to fini. */
int nat_candidates_init(struct nat_candidates *c, uint64_t seed);
void nat_candidates_fini(struct nat_candidates *c);

/* Key, ports and `seen`, not 0. A later first fragment replaces what an earlier one told. */
void nat_candidate_note(struct nat_candidates *c, const struct nat_fragment *told);
/* NULL: none. */
const struct nat_fragment *nat_candidate_find(const struct nat_candidates *c,
					      const struct nat_fragment *key);
/* Nothing happens if there is none. */
void nat_candidate_remove(struct nat_candidates *c, const struct nat_fragment *key);

#endif
