/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token bucket of a line: it earns at the line's rate, and octets pass when they can be paid.
 *
 * Time is counted from when the last octets could pass, not from when somebody looked: who looks late finds
 * that more has passed, and the line loses nothing of its rate. While nobody wants to pass, the bucket earns
 * no more than BUCKET_BURST_NS of the rate, or one octet.
 *
 * Pure. Exact: no rounding adds up.
 */
#ifndef SLIM_BENCH_LINK_BUCKET_H
#define SLIM_BENCH_LINK_BUCKET_H

#include <stdint.h>

#define BUCKET_MIN_RATE UINT64_C(1000)         /* bits a second */
#define BUCKET_MAX_RATE UINT64_C(100000000000) /* what its numbers have room for */
#define BUCKET_BURST_NS UINT64_C(1000000)
#define BUCKET_QUANTUM_NS UINT64_C(200000)

struct bucket {
	uint64_t rate;     /* bits a second; 0: no limit */
	uint64_t credit;   /* 10^-9 bits: a nanosecond earns `rate` of them */
	uint64_t stamp_ns; /* up to here it has earned */
};

/* Empty. `rate`: 0, or from BUCKET_MIN_RATE to BUCKET_MAX_RATE. */
void bucket_start(struct bucket *bucket, uint64_t rate, uint64_t now_ns);

/* Nobody wanted to pass until now. A clock that goes back earns nothing until it is there again. */
void bucket_rest(struct bucket *bucket, uint64_t now_ns);

/* Earns as before until now, and at the new rate from then on. */
void bucket_set_rate(struct bucket *bucket, uint64_t rate, uint64_t now_ns);

/* The time until now is left out: it earns nothing. */
void bucket_skip(struct bucket *bucket, uint64_t now_ns);

/* How many octets pass in one piece, so that they are BUCKET_QUANTUM_NS apart; at least 1. */
uint32_t bucket_quantum(const struct bucket *bucket);

/* When so many octets can pass, at most a quantum; never before the stamp. */
uint64_t bucket_ready_ns(const struct bucket *bucket, uint32_t octets);

/* They pass, at that time. */
void bucket_pass(struct bucket *bucket, uint32_t octets);

#endif
