/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who gives something up when there is no room: members of a bounded set, each of a party (a subscriber, a
 * peer) with a key of up to 64 bits, and each with a weight. The heaviest party gives up its oldest member
 * ("longest queue drop"). So a party that has less than its equal share never loses anything to the others,
 * while one that is alone may have all. Of parties of one weight the one goes first that has had it longest.
 *
 * The members themselves are the caller's: here they are numbers. Every call takes constant time, but for
 * leaving, which looks at no more weights than the member had. One thread. Allocates at init only.
 */
#ifndef NF_FAIR_H
#define NF_FAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "slot_index.h"

#define NF_FAIR_NONE UINT32_MAX

struct nf_fair_member {
	uint32_t older; /* of its party: member + 1; 0: none */
	uint32_t newer;
	uint32_t party; /* + 1; 0: not in */
	uint32_t weight;
};

struct nf_fair_party {
	uint64_t key;
	uint32_t oldest; /* member + 1 */
	uint32_t newest;
	uint32_t weight;
	uint32_t
		prev; /* of the same weight, in the order in which they came to it: party + 1; 0: none */
	uint32_t next;
};

struct nf_fair_line {
	uint32_t first; /* party + 1; 0: none */
	uint32_t last;
};

struct nf_fair {
	struct nf_slot_index index;     /* from the key to the party */
	struct nf_fair_member *members; /* [n_members] */
	struct nf_fair_party *parties;  /* [n_members] */
	struct nf_fair_line *by_weight; /* [max_weight + 1] */
	uint32_t *free;                 /* stack of parties */
	uint32_t n_free;
	uint32_t heaviest; /* weight of the heaviest party; 0: there is none */
	uint32_t weight;   /* of all */
};

/* For members [0, n_members) that together weigh at most max_weight. -ENOMEM, -EINVAL. Zeroed memory can be
 * passed to fini. */
int nf_fair_init(struct nf_fair *f, uint32_t n_members, uint32_t max_weight, uint64_t seed);
void nf_fair_fini(struct nf_fair *f);

/* A member that is not in, as the newest of its party, with weight 1. */
void nf_fair_join(struct nf_fair *f, uint32_t member, uint64_t key);
/* It weighs one more. */
void nf_fair_grow(struct nf_fair *f, uint32_t member);
/* Nothing happens if it is not in. */
void nf_fair_leave(struct nf_fair *f, uint32_t member);

static inline bool
nf_fair_has(const struct nf_fair *f, uint32_t member)
{
	return f->members[member].party != 0;
}

/* What a party weighs; `ret_oldest`, which may be NULL, its oldest member, or NF_FAIR_NONE. */
uint32_t nf_fair_weight(const struct nf_fair *f, uint64_t key, uint32_t *ret_oldest);

/* The oldest member of the heaviest party; NF_FAIR_NONE: there is no member. */
uint32_t nf_fair_victim(const struct nf_fair *f);

#endif
