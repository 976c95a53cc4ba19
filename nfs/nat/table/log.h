/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: who had which external ports, and when (RFC 6888 REQ-12 and section 4, RFC 6302). Never a destination.
 *
 *   worker       puts a record of fixed size into its ring; one that finds it full is lost, and counted
 *   main thread  makes lines of the records and appends them to the file
 *
 * What is logged is what this instance decides. Rows that come from another one, or go with it, are the other
 * one's to log (session.c).
 *
 * A line, fields separated by one space:
 *
 *   2026-11-26T13:00:00.123Z nat-a block-allocated 100.64.3.7 198.51.100.0 8216-8223
 *   2026-11-26T13:00:00.123Z nat-a mapping-created udp 100.64.3.7:4000 198.51.100.0:8218
 *
 * Lines of one worker are in order; those of several ones may be some milliseconds out of it.
 */
#ifndef NAT_LOG_H
#define NAT_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_ring.h>

#include "config.h"

#define NAT_LOG_RING 32768u /* records of a worker that wait; a power of two */
#define NAT_LOG_ROUND 2048u /* records of a worker that are written in one round; 64 at a time */

enum nat_log_event {
	NAT_LOG_BLOCK_ALLOCATED = 0,
	NAT_LOG_BLOCK_RELEASED,
	NAT_LOG_MAPPING_CREATED,
	NAT_LOG_MAPPING_REMOVED,
	NAT_LOG_N_EVENTS
};

/* Ports in host order. */
struct nat_log_record {
	uint64_t ns; /* CLOCK_MONOTONIC */
	rte_be32_t inside_address;
	rte_be32_t outside_address;
	uint16_t inside_port; /* of a mapping */
	uint16_t first;       /* external port */
	uint16_t last;        /* of a block */
	uint8_t event;        /* enum nat_log_event */
	uint8_t protocol;     /* IPPROTO of a mapping */
};

/* A worker's end. Its thread's, but for the atomic. */
struct nat_log_ring {
	struct rte_ring *records;
	const uint64_t *now_ns;
	bool is_logged[NAT_LOG_N_EVENTS];
	uint64_t n_lost;              /* the ring was full; the worker adds it to its counters */
	uint64_t n_told;              /* of n_unwritten, that are in its counters */
	_Atomic uint64_t n_unwritten; /* the file did not take them; main thread */
};

/* The main thread's end. */
struct nat_log {
	char path[NAT_LOG_PATH_SIZE];
	char instance[SLIM_NAME_SIZE];
	uint16_t n_workers; /* 0: no log */
	int fd;             /* -1: not open */
	bool has_failed;    /* and that was said */
	bool is_torn;       /* the last line in the file has no end */
	int64_t second;     /* that `date` is about */
	char date[32];
	size_t used; /* bytes of the buffer */
	char buffer[32768];
	struct nat_log_ring rings[SLIM_MAX_WORKERS];
};

/* ---- main thread --------------------------------------------------------------------- */

/* Takes memory, if the configuration has a log; *log is zeroed before. -ENOMEM; fini takes what init left. */
int nat_log_init(struct nat_log *log, const struct nat_config *config);
/* Closes the file. */
void nat_log_fini(struct nat_log *log);

/* Opens the file, or opens it again under its name after it was moved away. On failure says why on standard error,
 * leaves what was open, and returns negative errno. Nothing to do without a log. */
int nat_log_open(struct nat_log *log);

/* Writes some of what waits, a bounded number of records. `now_ns` and `utc_ns` are the same moment by
 * CLOCK_MONOTONIC and CLOCK_REALTIME. Returns how many records it took. What the file does not take is counted, and said
 * once until the file is opened again. May wait for the disk, never for the reader of a pipe. */
uint32_t nat_log_write(struct nat_log *log, uint64_t now_ns, uint64_t utc_ns);

/* The end of a worker, whose time is *now_ns; NULL: no log. */
struct nat_log_ring *nat_log_ring(struct nat_log *log, uint16_t worker, const uint64_t *now_ns);

/* ---- worker -------------------------------------------------------------------------- */

/* Puts a record, whose time is now. `ring` may be NULL: nothing is logged. */
void nat_log_put(struct nat_log_ring *ring, const struct nat_log_record *record);

/* How many more records the file did not take. */
static inline uint64_t
nat_log_take_unwritten(struct nat_log_ring *ring)
{
	uint64_t n = atomic_load_explicit(&ring->n_unwritten, memory_order_relaxed) - ring->n_told;

	ring->n_told += n;
	return n;
}

#endif
