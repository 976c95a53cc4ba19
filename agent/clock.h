/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock: CLOCK_MONOTONIC on the packet path, without a system call.
 *
 * Where the kernel answers clock_gettime() inside the process (a vDSO is there, and it can read the clock
 * source: tsc, kvm-clock, arch_sys_counter and the like), that is what is asked. Where it would have to
 * be called (clock source hpet, acpi_pm, xen, jiffies), workers take the time that the main thread
 * wrote at its last slim_agent_poll(), and add what the processor's counter says has passed since. The
 * counter is what the kernel did not want to trust there, so it is trusted for SLIM_CLOCK_REACH_NS
 * only: after a longer pause of slim_agent_poll() the kernel is called. Within a thread it never goes back.
 *
 * agent_now_ns() is the one place where the agent asks for the time.
 */
#ifndef SLIM_AGENT_CLOCK_H
#define SLIM_AGENT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define SLIM_CLOCK_REACH_NS UINT64_C(200000000)

extern bool slim_clock_counts; /* set before workers run; else never */

/* Main thread: looks how the time is to be had, once in a process. */
void slim_clock_start(void);

/* Main thread: chooses; for tests. */
void slim_clock_choose(bool counts);

/* Main thread, at each slim_agent_poll(): writes the time for workers, where they need it. */
void slim_clock_tick(void);

/* Any thread. CLOCK_MONOTONIC by the counter, at least as large as this thread's last answer. */
uint64_t slim_clock_counted_ns(void);

/* Time that `ticks` of a counter with `rate` ticks a second are: 0 if it is behind (another core's), at most
 * SLIM_CLOCK_REACH_NS. */
uint64_t slim_clock_ns_of(uint64_t ticks, uint64_t rate);

/* Would a clock source of that name be read without a system call? The name may end with a line feed. */
bool slim_clock_source_is_quick(const char *name);

static inline uint64_t
slim_clock_kernel_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

static inline uint64_t
agent_now_ns(void)
{
	return __builtin_expect(slim_clock_counts, 0) ? slim_clock_counted_ns()
						      : slim_clock_kernel_ns();
}

#endif
