/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of the control socket and the run's plan (windows by time, duration, deadlines).
 *
 *   status       one JSON line: state, flows and counts of all that is judged
 *   wait-ready   answers "ready NS" once RUN began
 *   mark NAME    begins a window; answers "ok INDEX NS" (CLOCK_MONOTONIC)
 *   stop         answers "done" once the result was written
 * Everything else, and what cannot be done, is answered by "error ...".
 */
#ifndef SLIM_BENCH_COMMAND_H
#define SLIM_BENCH_COMMAND_H

#include "control.h"
#include "options.h"
#include "traffic.h"

struct command {
	const struct options *options;
	struct traffic *traffic;
	struct control *control; /* NULL: none */
	uint64_t start_ns;
	unsigned n_windows_begun;
	uint64_t window_end_ns;
	bool waits_ready[CONTROL_MAX_CLIENTS];
	bool waits_done[CONTROL_MAX_CLIENTS];
};

/* Looks at the socket and the clock. 0, or -ETIMEDOUT: the flows were not open in time. */
int command_poll(struct command *c, uint64_t now_ns);

/* Answers those who wait for the end. */
void command_finish(struct command *c, const char *text);

#endif
