/* SPDX-License-Identifier: Apache-2.0 */
/* The clock of all that is timed: CLOCK_MONOTONIC. Any thread. */
#ifndef SLIM_BASE_CLOCK_H
#define SLIM_BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_SECOND_NS UINT64_C(1000000000)

uint64_t clock_now_ns(void);

#endif
