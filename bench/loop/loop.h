/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet loop of an NF in one process without a network, in phases:
 *
 *   make     packets of the load are written into mbufs and offered to the wires
 *   measure  nf_worker_round() until all were received
 *   take     what was transmitted is read by the load, added to a digest, and freed
 *
 * Only the middle one is measured. The NF and its loop are those of the real program. Time is
 * the load's: it goes on by a fixed step for each round, so that all runs of one load do
 * exactly the same, whatever the machine.
 *
 * A program is one NF (struct loop_nf) in some variants (struct loop_variant):
 *
 *   program       agent    variants
 *   loop-X        the real one   idle, tracking
 *   loop-X-bare   bare/slim.h    bare, duplicate
 *
 * One thread, but for the reader of the variant `tracking`.
 */
#ifndef BENCH_LOOP_LOOP_H
#define BENCH_LOOP_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "worker.h"
#include "wire.h"

#define LOOP_PORTS 2u    /* of the NF */
#define LOOP_PHASE 2048u /* packets made at once: they stay in the cache, as on a NIC's ring */

/* What the load is. */
struct loop_load {
	uint32_t
		sessions; /* alive and in use; what has ended and waits for its timeout comes on top */
	uint32_t change;  /* one of so many packets changes state; 0: none does */
	uint32_t inbound; /* percent of packets that come in on port 1 */
	uint16_t burst;   /* packets that a port has ready at each round */
	bool only_new;    /* every packet opens a session, and as many expire */
};

/* What an NF is to the loop, with one worker: what its packets and its sessions are. One a program: `loop_nf`. */
struct loop_nf {
	const char *name;                       /* also of the service; the program is slim-NAME */
	const char *ports[LOOP_PORTS];          /* their names */
	const struct nf_counter_name *counters; /* its own, behind those of all NFs */
	unsigned int n_counters;
	/* Bytes of memory that it needs. */
	uint64_t (*memory)(const struct loop_load *load);
	/* Time of the load between two packets. */
	uint64_t (*step_ns)(const struct loop_load *load);
	/* Makes the NF, and says what its agent has: bucket_worker, hold_capacity. False after a message on stderr. */
	bool (*create)(const struct loop_load *load, struct slim_agent_config *agent);
	int (*create_tables)(struct slim_agent *agent);
	/* The worker has its agent and clock: joins it with its part of the NF. False: no memory. */
	bool (*join)(struct nf_worker *nf);
	void (*destroy)(void);
	/* Are all sessions open? Until then next() opens them. NULL: from the start. */
	bool (*filled)(void);
	/* Writes the load's next packet; returns the index of the port where it comes in. */
	uint8_t (*next)(struct rte_mbuf *m);
	/* Reads a packet of the load that was transmitted on a port. NULL: it need not know. */
	void (*sent)(uint8_t port, const struct rte_mbuf *m);
	/* Has what was transmitted numbers drawn by chance in it? Then it is no part of the digest. NULL: nothing has. */
	bool (*is_random)(uint8_t port, const struct rte_mbuf *m);
	/* Packets that did not do what they were made for, and that no counter of drops has. NULL: none. */
	uint64_t (*failed)(void);
	/* Sessions that packets of the load have opened, ever. NULL: not counted. */
	uint64_t (*opened)(void);
};

extern const struct loop_nf loop_nf;

struct loop {
	struct loop_load load;
	bool count; /* instructions are counted: nothing may depend on time or threads */
	struct rte_mempool *pool;
	struct wire wires[LOOP_PORTS + 1]; /* the last one: where duplicates go */
	struct nf_clock clock;
	struct slim_agent *agent;
	struct nf_worker *worker;
	const struct loop_variant *variant;
	uint64_t ticks;  /* of the measured rounds */
	uint64_t digest; /* over all that the NF transmitted */
};

struct loop_variant {
	const char *name;
	/* The NF is set up and has opened all sessions. Negative errno. */
	int (*start)(struct loop *loop);
	void (*stop)(struct loop *loop);
	/* Each may be NULL. Begin and end of a measured run. */
	void (*resume)(struct loop *loop);
	void (*pause)(struct loop *loop);
	/* Counting: after each round, not counted. */
	void (*after_round)(struct loop *loop);
	/* A frame that is not the NF's was transmitted. True: it is the answer now. */
	bool (*frame)(struct loop *loop, uint8_t port, struct rte_mbuf *m);
};

/* The variants of this program, ended by a NULL name. */
extern const struct loop_variant loop_variants[];

/* ---- what the NFs have in common (parts.c) ---------------------------------------------------- */

/* Sets up NF, agent and worker. Negative errno after a message on stderr. */
int loop_open(struct loop *loop);
void loop_close(struct loop *loop);

/* Of all neighbours on a port. */
#define LOOP_NEIGHBOUR_MAC(port) ((struct rte_ether_addr){{2, 0xaa, 0, 0, 0, (port)}})

/* A frame of zeros from a neighbour to a side of the NF, with an IPv4 packet of `size` octets. Returns where that
 * begins. */
void *loop_put_ethernet(struct rte_mbuf *m, uint8_t port, const struct rte_ether_addr *to,
			uint16_t size);
/* An IPv4 header with its checksum, of a packet of `size` octets. Returns where its payload begins. */
void *loop_put_ipv4(void *at, uint8_t protocol, rte_be32_t src, rte_be32_t dst, uint16_t size);

/* True: `m` was a question of the NF (ARP), and is the answer now, to come in on the same port. */
bool loop_answer_arp(uint8_t port, struct rte_mbuf *m);

/* Packets of the load that the NF dropped by name, or for want of room, or that failed; ever. */
uint64_t loop_dropped(const struct loop *loop);

/* The same numbers in each run. */
static inline uint32_t
loop_random_below(uint64_t *state, uint32_t n)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(((*state >> 32) * n) >> 32);
}

/* A round without packets of the load, not measured; answers questions. Returns frames transmitted. */
uint32_t loop_idle_round(struct loop *loop);

#endif
