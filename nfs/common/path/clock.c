/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's half of the clock; belongs to the main thread. */
#include "clock.h"

#include <time.h>

#define SECOND_NS UINT64_C(1000000000)
/* A rate is only taken from a span that is long against the time a reading takes. */
#define MIN_SPAN_NS (SECOND_NS / 10)

static uint64_t
monotonic_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SECOND_NS + (uint64_t)ts.tv_nsec;
}

/* Reads both clocks as one. Of some tries the one with the shortest window counts: the
 * thread may be preempted between the readings. */
static void
read_both(uint64_t *ret_tsc, uint64_t *ret_ns)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 5; i++) {
		uint64_t before = rte_rdtsc();
		uint64_t ns = monotonic_ns();
		uint64_t after = rte_rdtsc();

		if (after - before < best) {
			best = after - before;
			*ret_tsc = before + (after - before) / 2;
			*ret_ns = ns;
		}
	}
}

static void
publish(struct nf_clock *clock, uint64_t tsc, uint64_t ns, uint64_t rate)
{
	uint32_t seq = atomic_load_explicit(&clock->seq, memory_order_relaxed);

	atomic_store_explicit(&clock->seq, seq + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&clock->base_tsc, tsc, memory_order_relaxed);
	atomic_store_explicit(&clock->base_ns, ns, memory_order_relaxed);
	atomic_store_explicit(&clock->rate, rate, memory_order_relaxed);
	atomic_store_explicit(&clock->seq, seq + 2, memory_order_release);
}

static uint64_t
rate_of(uint64_t ns, uint64_t ticks)
{
	return (uint64_t)(((unsigned __int128)ns << 32) / ticks);
}

void
nf_clock_init(struct nf_clock *clock)
{
	uint64_t tsc = 0, ns = 0;

	atomic_init(&clock->seq, 0);
	read_both(&tsc, &ns);
	publish(clock, tsc, ns, rate_of(SECOND_NS, rte_get_tsc_hz()));
}

void
nf_clock_update(struct nf_clock *clock)
{
	uint64_t tsc = 0, ns = 0;
	uint64_t old_tsc = atomic_load_explicit(&clock->base_tsc, memory_order_relaxed);
	uint64_t old_ns = atomic_load_explicit(&clock->base_ns, memory_order_relaxed);

	read_both(&tsc, &ns);
	if (tsc <= old_tsc || ns < old_ns + MIN_SPAN_NS)
		return;
	publish(clock, tsc, ns, rate_of(ns - old_ns, tsc - old_tsc));
}
