/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers in threads, saturated, for any NF: each receives packets of all buckets as fast as it takes them, so most go
 * through the rings, and neighbours are written by one and read by the others. Rounds are the real ones; what a port
 * receives and sends is the test's. Nothing holds the load back but the workers themselves. Meant for the thread
 * sanitizer; without it the sums must come out, too. Nothing is decided by time: a thread ends when all of its
 * packets have come to rest.
 */
#ifndef NF_THREADS_TEST_H
#define NF_THREADS_TEST_H

#include <stdint.h>

#include <rte_mbuf.h>

struct harness;

/* A worker's numbers, the same in each run. */
struct harness_dice {
	uint32_t state;
};
uint32_t harness_roll(struct harness_dice *dice, uint32_t n);

/* What the load of an NF is, and what must come of it. */
struct harness_load {
	uint32_t n_bursts; /* of all workers */
	/* An NF with so many workers, and what it needs before there is traffic. Main thread. */
	void (*open)(struct harness *h, uint16_t n_workers);
	/* A packet that a worker receives on a side; NULL: this side has none. Worker's thread. */
	struct rte_mbuf *(*receive)(struct harness *h, uint8_t side, struct harness_dice *dice);
	/* Everything is at rest: every packet sent must be in a counter, and it was about something. */
	void (*check)(struct harness *h, uint64_t n_sent);
};

/* A program: 1, 2, 3, 4, 8 and 16 workers lose nothing. Returns its exit status. */
int harness_threads_main(const struct harness_load *load);

#endif
