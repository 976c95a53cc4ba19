/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups of slots that share a key of up to 64 bits: an index from the key to the first slot of the
 * group, and a chain from there. Joining, leaving and counting take constant time; a slot is in
 * one group at most. Derived state: rebuilt where rows are installed.
 *
 * Reads the key of a group in its slots, by `equal`: a slot holds it from the moment it joins until
 * it has left. One thread. Allocates at init only.
 */
#ifndef NF_SLOT_GROUP_H
#define NF_SLOT_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "slot_index.h"

struct nf_slot_link {
	uint32_t next; /* slots; NF_NO_SLOT: none */
	uint32_t prev;
	uint32_t n; /* of the first: slots of the group */
};

struct nf_slot_groups {
	struct nf_slot_index index;
	struct nf_slot_link *links; /* by slot - first_slot */
	uint32_t first_slot;
	nf_slot_equal equal;
	const void *ctx; /* of `equal`; the caller sets it before slots join */
};

/* For slots [first_slot, first_slot + n_slots). -ENOMEM, -EINVAL. Zeroed memory can be passed to fini. */
int nf_slot_groups_init(struct nf_slot_groups *g, uint32_t n_slots, uint32_t first_slot,
			uint64_t seed, nf_slot_equal equal);
void nf_slot_groups_fini(struct nf_slot_groups *g);

/* The first slot of a group, any of its slots; NF_NO_SLOT: there is none. */
uint32_t nf_slot_group_first(const struct nf_slot_groups *g, uint64_t key);
/* The next one of its group; NF_NO_SLOT: it was the last. */
uint32_t nf_slot_group_next(const struct nf_slot_groups *g, uint32_t slot);
/* How many. */
uint32_t nf_slot_group_size(const struct nf_slot_groups *g, uint64_t key);

bool nf_slot_group_has(const struct nf_slot_groups *g, uint32_t slot);
/* Nothing happens if it is in a group already. */
void nf_slot_group_join(struct nf_slot_groups *g, uint64_t key, uint32_t slot);
/* Nothing happens if it is in none. */
void nf_slot_group_leave(struct nf_slot_groups *g, uint64_t key, uint32_t slot);

#endif
