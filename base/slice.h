/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slice: short turns on a processor that is shared.
 *
 * Linux gives a thread of the normal policy a slice of some milliseconds, and lets who runs finish it before
 * who wakes gets a turn. A thread may ask for shorter slices (sched_setattr, since 6.12): it is then given the processor
 * sooner when it wakes, and gives it back sooner. Its share stays the same. No privilege is needed.
 */
#ifndef SLIM_BASE_SLICE_H
#define SLIM_BASE_SLICE_H

#include <stdint.h>

/* The shortest that the kernel grants: 100 us. */
#define SLICE_MIN_NS UINT64_C(100000)

/* For the calling thread, and those that it makes from now on. Policy and nice value stay; a thread of another
 * policy than the normal one has no slice and stays as it is. An older kernel takes the call and does nothing.
 * Returns 0, or a negative errno. */
int slice_request(uint64_t ns);

#endif
