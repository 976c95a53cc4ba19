/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mappings counted by subscriber, in memory of a fixed size however many subscribers there are.
 *
 * One pass over the table counts the subscribers with the lowest addresses from `lower` on: when there
 * are more than fit, the upper half is forgotten, and everything from there on (`upper`) is left to the next
 * pass. So each subscriber is counted in one pass only, and they come out in order.
 * What changes between two passes may be missed. No I/O.
 */
#ifndef NAT_CENSUS_H
#define NAT_CENSUS_H

#include <stdbool.h>
#include <stdint.h>

#include "session.h"

#define NAT_CENSUS_SIZE 4096u                 /* subscribers of one pass */
#define NAT_CENSUS_NO_END (UINT64_C(1) << 32) /* above all addresses */
#define NAT_CENSUS_CELLS 8192u                /* a power of two, at most half full */

struct nat_resident {
	uint32_t address;   /* inside, host order */
	rte_be32_t outside; /* external address of the first mapping seen */
	bool several;       /* other mappings have other external addresses */
	uint32_t n_sessions[NAT_N_PROTOCOLS];
};

struct nat_census {
	uint64_t lower; /* the pass counts addresses in [lower, upper) */
	uint64_t upper;
	uint32_t n;
	struct nat_resident residents[NAT_CENSUS_SIZE];
	uint16_t cells[NAT_CENSUS_CELLS]; /* place in residents + 1; 0: free */
};

/* Begins the pass that counts from `lower` on; 0: the first one. */
void nat_census_begin(struct nat_census *census, uint64_t lower);
void nat_census_add(struct nat_census *census, const struct nat_session *session);
/* Ends the pass: residents[0..n) by address. */
void nat_census_end(struct nat_census *census);

/* After a pass: is there something to count from `upper` on? */
static inline bool
nat_census_has_more(const struct nat_census *census)
{
	return census->upper != NAT_CENSUS_NO_END;
}

#endif
