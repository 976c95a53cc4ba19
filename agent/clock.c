/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <rte_cycles.h>

#define SOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define NS_OF_SECOND UINT64_C(1000000000)

bool slim_clock_counts;

/* The main thread's looks at both clocks: the newest is number `n`, at looks[n % 2]. C1: fence(release), the
 * other look, n with release -> workers: n with acquire, the look, fence(acquire), the same n? A main
 * thread that stands in the middle keeps nobody from the look before. */
static struct {
	_Atomic uint32_t n;
	struct {
		_Atomic uint64_t time_ns;
		_Atomic uint64_t ticks;
	} looks[2];
} last;
static uint64_t ticks_per_s; /* set before workers run */

/* ---- how ---------------------------------------------------------------------------- */

bool
slim_clock_source_is_quick(const char *name)
{
	static const char *const quick[] = {"tsc", "kvm-clock", "hyperv_clocksource_tsc_page",
					    "arch_sys_counter"};
	size_t size = strcspn(name, "\n");

	for (size_t i = 0; i < sizeof(quick) / sizeof(quick[0]); i++)
		if (strlen(quick[i]) == size && memcmp(quick[i], name, size) == 0)
			return true;
	return false;
}

/* A kernel that does not show its clock source is believed to have a quick one. */
static bool
kernel_is_quick(void)
{
	int fd = open(SOURCE, O_RDONLY | O_CLOEXEC);
	char name[64] = {0};
	ssize_t n;

	if (getauxval(AT_SYSINFO_EHDR) == 0)
		return false;
	if (fd < 0)
		return true;
	n = read(fd, name, sizeof(name) - 1);
	close(fd);
	return n <= 0 || slim_clock_source_is_quick(name);
}

void
slim_clock_choose(bool counts)
{
	ticks_per_s = rte_get_tsc_hz();
	slim_clock_counts = counts && ticks_per_s != 0;
	slim_clock_tick();
}

void
slim_clock_start(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	slim_clock_choose(!kernel_is_quick());
}

/* ---- counting ------------------------------------------------------------------------- */

void
slim_clock_tick(void)
{
	uint32_t n = atomic_load_explicit(&last.n, memory_order_relaxed) + 1;

	if (!slim_clock_counts)
		return;
	atomic_thread_fence(memory_order_release); /* C1 */
	atomic_store_explicit(&last.looks[n % 2].time_ns, slim_clock_kernel_ns(),
			      memory_order_relaxed);
	atomic_store_explicit(&last.looks[n % 2].ticks, rte_rdtsc(), memory_order_relaxed);
	atomic_store_explicit(&last.n, n, memory_order_release); /* C1 */
}

/* False: the main thread looked meanwhile. */
static bool
read_last(uint64_t *ret_time_ns, uint64_t *ret_ticks)
{
	uint32_t n = atomic_load_explicit(&last.n, memory_order_acquire); /* C1 */

	*ret_time_ns = atomic_load_explicit(&last.looks[n % 2].time_ns, memory_order_relaxed);
	*ret_ticks = atomic_load_explicit(&last.looks[n % 2].ticks, memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire); /* C1 */
	return n == atomic_load_explicit(&last.n, memory_order_relaxed);
}

uint64_t
slim_clock_ns_of(uint64_t ticks, uint64_t rate)
{
	if ((int64_t)ticks <= 0)
		return 0;
	if (ticks >= rate / (NS_OF_SECOND / SLIM_CLOCK_REACH_NS))
		return SLIM_CLOCK_REACH_NS;
	return ticks * NS_OF_SECOND / rate;
}

uint64_t
slim_clock_counted_ns(void)
{
	static _Thread_local uint64_t before_ns;
	uint64_t time_ns, ticks, passed_ns;

	/* It looks once a millisecond; twice within these few instructions is its own fault. */
	if (!read_last(&time_ns, &ticks) && !read_last(&time_ns, &ticks))
		return before_ns;
	passed_ns = slim_clock_ns_of(rte_rdtsc() - ticks, ticks_per_s);
	/* A main thread that stays away stops no clock: time that is right goes before a call saved. */
	time_ns = passed_ns < SLIM_CLOCK_REACH_NS ? time_ns + passed_ns : slim_clock_kernel_ns();
	if (time_ns > before_ns)
		before_ns = time_ns;
	return before_ns;
}
