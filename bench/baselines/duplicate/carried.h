/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets that a worker of the source receives while its tables are copied, as rows of a table: so slimd takes them to the target
 * with all other changes, over the same link, and in the same batches.
 *
 *   source  carried_put()  cuts a frame into rows, which take the next slots of the worker
 *           slimd          sends each row that has changed
 *   target  `installed`    counts each row once
 *   both    carried_tick() empties the slots once the move is over, at whoever serves
 *
 * The slots of a worker are a ring. When one comes round before slimd has read it the older row is lost, and nobody
 * waits: the source has then counted more rows than the target. Which were put and which arrived is told by their
 * serial numbers, so it is found out wherever it happens.
 *
 * A move of all buckets is counted right; one of some of them would count the rest as lost. Both instances have
 * as many workers.
 *
 * One table a process. Worker's thread unless said otherwise. The packet path never allocates, locks or makes a system call.
 */
#ifndef CARRIED_H
#define CARRIED_H

#include <stdint.h>

#include <rte_mbuf.h>

#include "slim.h"
#include "worker.h"

/* A frame of 512 octets takes two rows, one of 1,400 five, also inside a tunnel. */
#define CARRIED_OCTETS 292u

/* Slots of all workers: 1.3 seconds of 150 Mbit/s each way in frames of 1,400 octets. */
#ifndef CARRIED_SLOTS
#define CARRIED_SLOTS (1u << 17)
#endif

struct carried {
	/* The key: a slot that serves another bucket holds another entry. */
	uint32_t slot;
	uint32_t bucket;
	uint32_t serial;
	uint32_t seen; /* serial number of the last row that was counted here; local */
	uint16_t size; /* octets of the frame */
	uint8_t piece; /* which CARRIED_OCTETS of it these are */
	uint8_t port;  /* where it came in */
	uint8_t octets[CARRIED_OCTETS]; /* of the last piece as many as there are */
};

/* Counters of the NF, from the first one on. */
enum carried_counter {
	CARRIED_packets,
	CARRIED_octets,
	CARRIED_rows,
	CARRIED_arrived,
	CARRIED_N_COUNTERS,
};

/* Main thread. Declares the table to an agent that is created but not started. `first_counter`: the number of CARRIED_packets.
 * Negative errno. */
int carried_create(struct slim_agent *agent, unsigned int first_counter);

/* Main thread, for each worker, before it runs. */
void carried_worker_init(struct nf_worker *nf);

/* Is the table copied now? */
bool carried_is_wanted(const struct nf_worker *nf);

/* Puts a frame that came in on `port`, before the NF changes it; its bucket is this worker's. */
void carried_put(struct nf_worker *nf, const struct rte_mbuf *m, uint8_t bucket, uint8_t port);

/* Once a round: a part of what is left behind. */
void carried_tick(struct nf_worker *nf);

#endif
