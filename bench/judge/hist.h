/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Histogram of durations: log-linear, 32 bins an octave, so that a value read
 * back is at most 1/32 (3.2 %) above the true one. Values are nanoseconds;
 * below 64 ns every value has its own bin; from 2^40 ns (18 minutes) on all
 * fall into the last one. The largest value is kept exactly.
 *
 * Plain data: zeroed memory is an empty histogram. No thread safety.
 */
#ifndef SLIM_BENCH_HIST_H
#define SLIM_BENCH_HIST_H

#include <stdint.h>

#define HIST_SUB_BITS 5u
#define HIST_MAX_OCTAVE 39u
#define HIST_BINS ((HIST_MAX_OCTAVE - HIST_SUB_BITS + 2u) << HIST_SUB_BITS)

struct hist {
	uint64_t n;      /* values */
	uint64_t max_ns; /* exact */
	uint64_t bins[HIST_BINS];
};

/* Bin of a value, and the smallest and largest value of a bin. */
uint32_t hist_bin(uint64_t ns);
uint64_t hist_bin_floor(uint32_t bin);
uint64_t hist_bin_ceil(uint32_t bin);

void hist_add(struct hist *h, uint64_t ns);
void hist_merge(struct hist *into, const struct hist *from);

/* Smallest value v of which it is known that at least `permille` of a thousand
 * values are <= v (never more than the maximum). 0 for an empty histogram. */
uint64_t hist_quantile(const struct hist *h, uint32_t permille);

#endif
