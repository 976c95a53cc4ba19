/* SPDX-License-Identifier: Apache-2.0 */
/*
 * harness: what the DPDK tests share. A real EAL without hugepages; slimd's side of the
 * shared memory ("the mover"), written from slim_shm.h alone but for where it finds the memory.
 */
#ifndef SLIM_TESTS_DPDK_HARNESS_H
#define SLIM_TESTS_DPDK_HARNESS_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mempool.h>

#include "slim.h"

/* Starts the EAL, once a process: tests/mutations runs several test programs in one. Exits the test when
 * it does not start. */
void harness_start_eal(void);

/* TSan knows nothing of what DPDK's libraries do inside. In a build with TSan the packet pool and
 * the ring ports therefore use code that is compiled here (and rings use C11 atomics). */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HARNESS_TSAN 1
#endif
#endif
#ifndef HARNESS_TSAN
#define HARNESS_TSAN 0
#endif
struct rte_ring;
void harness_instrument_port(uint16_t port_id, struct rte_ring **rx, struct rte_ring **tx);

/* Makes a ring port receive as vector drivers do: what it is asked for is rounded down to a multiple of
 * four, and fewer than four are none. */
void harness_vector_port(uint16_t port_id, struct rte_ring **rx);

/* Packets for everything in this process. */
struct rte_mempool *harness_pool(void);

/* CLOCK_MONOTONIC as the agent sees it, too: clock_gettime() is wrapped in the tests, so that a
 * test can let time go by as it likes. 0: real time. */
uint64_t harness_now_ns(void);
void harness_set_time(uint64_t now_ns);
uint64_t harness_real_ns(void);

/* A small generator of random numbers; seeds are printed by the tests. */
struct harness_random {
	uint64_t state;
};
uint32_t harness_random(struct harness_random *r);
static inline uint32_t
harness_below(struct harness_random *r, uint32_t n)
{
	return (uint32_t)(((uint64_t)harness_random(r) * n) >> 32);
}

/* An NF's shared memory as slimd sees it. */
struct harness_shm {
	const struct slim_shm_info *info;
	struct slim_shm_control *control;
	const uint8_t *slabs[SLIM_MAX_TABLES];
};

/* By address, inside one process (so that TSan sees both sides). */
struct harness_shm harness_shm_of(struct slim_agent *agent);

/* Publishes a command as slimd does. Returns its epoch. */
uint32_t harness_command(struct harness_shm *shm, const struct slim_shm_command *command);
bool harness_all_acked(const struct harness_shm *shm, uint32_t epoch);

/* Copies a slot's payload under its sequence number. Returns the number; *ret_used,
 * *ret_bucket. Retries while it is torn. */
uint32_t harness_read_slot(const struct harness_shm *shm, uint32_t table, uint32_t slot,
			   void *payload, bool *ret_used, uint8_t *ret_bucket);

/* Takes one changed slot out of any dirty ring of the table; clears its flag and fences,
 * as P8 asks. SLIM_NO_SLOT: nothing there. */
uint32_t harness_take_dirty(struct harness_shm *shm, uint32_t table);

/* Writes a record into a worker's install ring. `row` may be NULL (DEL). False: full. */
bool harness_install(struct harness_shm *shm, uint32_t worker, enum slim_install_op op,
		     uint32_t table, uint8_t bucket, uint32_t source_slot, const void *row,
		     uint32_t row_size);
bool harness_install_done(const struct harness_shm *shm);

#endif
