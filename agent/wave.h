/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wave: when has an NF with several workers nothing in flight?
 *
 * Each worker has closed its gate: it receives no more. What it still has in its hands, or in the queues
 * through which others hand it packets, goes on from worker to worker a bounded number of times.
 *
 *   wave 0  the gate is closed
 *   wave 1  and the worker was idle since: what it had received itself has left its hands
 *   wave n  all had reached wave n - 1 before its burst began, and it was idle at the burst's end:
 *           what could be on its (n - 1)th hop then has been handled
 *
 * "Idle" is what slim_commit() is told. Nothing is in flight when the last wave is reached. Pure functions
 * over atomics that the workers share. W1: a worker's release -> the others' acquire (what was
 * handed to them before is in their queues).
 */
#ifndef SLIM_AGENT_WAVE_H
#define SLIM_AGENT_WAVE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "slim_limits.h"

/* How often a packet may change workers inside an NF, counted from the worker
 * that received it: to the one that puts its fragments together, to the owner of its bucket, to
 * another one (hairpin), and to the owner of what is missing to send it (a neighbour). */
#define SLIM_WAVE_HOPS 4u

struct slim_waves {
	struct {
		_Alignas(64) _Atomic uint64_t word; /* epoch << 32 | wave */
	} of[SLIM_MAX_WORKERS];
};

/* One worker's part. */
struct slim_wave {
	uint32_t epoch;
	uint32_t reached;
	bool may_rise; /* all had reached our wave at the last poll */
};

/* The gate is closed under this epoch: wave 0. */
void slim_wave_begin(struct slim_waves *waves, struct slim_wave *wave, uint32_t worker,
		     uint32_t epoch);

/* Once a poll, before the burst. */
void slim_wave_poll(const struct slim_waves *waves, struct slim_wave *wave, uint32_t n_workers);

/* End of a burst at which the worker was idle. True when the last wave is reached. */
bool slim_wave_idle(struct slim_waves *waves, struct slim_wave *wave, uint32_t worker,
		    uint32_t n_workers);

#endif
