/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles that a switch has and that are neither committed nor discarded. No I/O. */
#ifndef OFCTL_IO_BUNDLES_H
#define OFCTL_IO_BUNDLES_H

#include <stdbool.h>
#include <stdint.h>

#include "request.h"

#define BUNDLES_MAX 64u /* staged at a time */

struct bundle {
	uint32_t number;
	struct request_ids ids; /* of all of its messages */
};

struct bundles {
	struct bundle list[BUNDLES_MAX];
	unsigned n;
	uint32_t last; /* number; they are never used again */
};

static inline bool
bundles_are_full(const struct bundles *bundles)
{
	return bundles->n == BUNDLES_MAX;
}

/* A new one, with its number; there must be room. Valid until the next call. */
struct bundle *bundles_add(struct bundles *bundles);

/* Takes one out. False: there is none of this number. */
bool bundles_take(struct bundles *bundles, uint32_t number, struct bundle *ret);

/* Puts back what was just taken. */
void bundles_put_back(struct bundles *bundles, const struct bundle *bundle);

/* The switch has none any more. */
void bundles_forget(struct bundles *bundles);

#endif
