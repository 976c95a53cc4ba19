/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a test's event loop until something holds, with a deadline. Include after cmocka. */
#ifndef OFCTL_TESTS_LOOP_H
#define OFCTL_TESTS_LOOP_H

#include <event2/event.h>
#include <time.h>

#define LOOP_SECONDS 10

static inline time_t
loop_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* A tick makes the loop look at conditions that no event announces. */
#define RUN_UNTIL(base, condition)                                                         \
	do {                                                                               \
		time_t end_ = loop_now() + LOOP_SECONDS;                                   \
		struct timeval tick_ = {0, 10000};                                         \
		while (!(condition)) {                                                     \
			if (loop_now() > end_)                                             \
				fail_msg("not within %d s: %s", LOOP_SECONDS, #condition); \
			event_base_loopexit((base), &tick_);                               \
			event_base_loop((base), EVLOOP_ONCE);                              \
		}                                                                          \
	} while (0)

#endif
