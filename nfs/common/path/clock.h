/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CLOCK_MONOTONIC for packet loops, read from the time stamp counter.
 *
 * The main loop calls nf_clock_update() about once a second: it sets a new base and
 * corrects the rate by what CLOCK_MONOTONIC did since the last one. Workers read with
 * nf_clock_now(), some ten instructions and no system call. Between two updates the
 * error is the drift of the rate, some microseconds; at an update the time may step by
 * that much, also backwards, so a reader keeps the larger of two readings
 * where that matters.
 */
#ifndef NF_CLOCK_H
#define NF_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>

#include <rte_cycles.h>

struct nf_clock {
	_Atomic uint32_t seq; /* odd while the main loop writes */
	_Atomic uint64_t base_tsc;
	_Atomic uint64_t base_ns;
	_Atomic uint64_t rate; /* nanoseconds per tick, times 2^32 */
};

/* Main thread, after rte_eal_init(). */
void nf_clock_init(struct nf_clock *clock);
void nf_clock_update(struct nf_clock *clock);

/* CLOCK_MONOTONIC in nanoseconds; any thread. */
static inline uint64_t
nf_clock_now(const struct nf_clock *clock)
{
	uint64_t tsc, base_tsc, base_ns, rate;
	uint32_t seq;

	do {
		seq = atomic_load_explicit(&clock->seq, memory_order_acquire);
		base_tsc = atomic_load_explicit(&clock->base_tsc, memory_order_relaxed);
		base_ns = atomic_load_explicit(&clock->base_ns, memory_order_relaxed);
		rate = atomic_load_explicit(&clock->rate, memory_order_relaxed);
		atomic_thread_fence(memory_order_acquire);
	} while (atomic_load_explicit(&clock->seq, memory_order_relaxed) != seq || (seq & 1));
	tsc = rte_rdtsc();
	/* Another core's counter may be a little behind the base. */
	if (tsc < base_tsc)
		return base_ns;
	return base_ns + (uint64_t)(((unsigned __int128)(tsc - base_tsc) * rate) >> 32);
}

#endif
