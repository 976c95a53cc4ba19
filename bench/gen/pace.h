/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An even pace: event i is due at start + i / rate, whatever happened to the events
 * before it. Who comes late catches up, and learns when the event was due. Time is a
 * parameter. A rate of 0 is never due.
 */
#ifndef SLIM_BENCH_PACE_H
#define SLIM_BENCH_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_NEVER UINT64_MAX

struct pace {
	uint64_t start_ns;
	uint64_t rate;    /* events a second */
	uint64_t n;       /* events taken or skipped */
	uint64_t due_ns;  /* of event n */
	uint64_t skipped; /* events given up */
};

void pace_start(struct pace *p, uint64_t rate, uint64_t now_ns);

/* True: an event is due; it is taken and *ret_due_ns is its time. Events that are more than
 * max_late_ns late are given up and counted in `skipped`. */
bool pace_take(struct pace *p, uint64_t now_ns, uint64_t max_late_ns, uint64_t *ret_due_ns);

/* Gives up all that was due at `until_ns`, as skipped. */
void pace_give_up(struct pace *p, uint64_t until_ns);

#endif
