/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers below n in the order of their age: what waits for something, or is remembered for some time, and of which the
 * oldest goes first. The things themselves are the caller's: here they are numbers.
 *
 * Who has the numbers from elsewhere (slots of a share) says which are in: nf_ages_append(), nf_ages_remove().
 * Who has not gets them here: nf_ages_begin(), nf_ages_end(). One of the two ways, not both.
 *
 * Every call takes constant time. One thread. Allocates at init only.
 */
#ifndef NF_AGES_H
#define NF_AGES_H

#include <stdbool.h>
#include <stdint.h>

#define NF_AGES_NONE UINT32_MAX

struct nf_age {
	uint32_t older; /* number + 1; 0: none */
	uint32_t newer; /* likewise; links the free ones, too */
	bool in;
};

struct nf_ages {
	struct nf_age *of; /* [n + 1] */
	uint32_t oldest;   /* number + 1; 0: empty */
	uint32_t newest;
	uint32_t free; /* number + 1; 0: nf_ages_begin() has given all */
};

/* Nothing is in; n may be 0, then nothing ever is. -ENOMEM. fini takes zeroed memory, too. */
int nf_ages_init(struct nf_ages *ages, uint32_t n);
void nf_ages_fini(struct nf_ages *ages);

/* As the newest; from wherever it was. */
void nf_ages_append(struct nf_ages *ages, uint32_t number);
/* Nothing happens if it is not in. */
void nf_ages_remove(struct nf_ages *ages, uint32_t number);

/* A number that is not in, as the newest from now on; NF_AGES_NONE: all are. */
uint32_t nf_ages_begin(struct nf_ages *ages);
/* One that is in. */
void nf_ages_end(struct nf_ages *ages, uint32_t number);

/* The oldest; NF_AGES_NONE: nothing is in. */
static inline uint32_t
nf_ages_oldest(const struct nf_ages *ages)
{
	return ages->oldest - 1;
}

/* The next newer one; NF_AGES_NONE: it is the newest. */
static inline uint32_t
nf_ages_next(const struct nf_ages *ages, uint32_t number)
{
	return ages->of[number].newer - 1;
}

#endif
