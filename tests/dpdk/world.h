/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world: two NFs with agents in one process, joined by a switch that lags; packets with numbers
 * from a perimeter, and a ledger that sees every one of them come out again.
 *
 * The NF forwards port 0 <-> port 1. Per flow it keeps the next number of each
 * direction, in a table that slim moves: so it notices itself when a packet is early,
 * late or twice. Its workers hand packets over to the owner of the flow's bucket, each pair by
 * a ring of its own, and take them from these rings in a fixed order: two ways through the
 * NF have no order between them, as in a real one.
 *
 * The switch is one actor. Each way (perimeter or instance to a port, redirect per
 * transmit queue) is a line of its own with a delay of its own, counted in the
 * switch's steps. After a flip each flow and direction goes the new way at a
 * random moment within `lag_steps`. Tagged packets are spread over the receive queues in another
 * way than plain ones. Slim frames get lost with a chance of frame_loss / 256.
 *
 * Everything runs either one step at a time in random order under virtual time (repeatable to the
 * last packet), or each actor in a thread of its own under real time.
 */
#ifndef SLIM_TESTS_DPDK_WORLD_H
#define SLIM_TESTS_DPDK_WORLD_H

#include <pthread.h>

#include <rte_ring.h>

#include "harness.h"

#define WORLD_FLOWS 256u
#define WORLD_PORTS 2u
#define WORLD_CAPACITY 1024u
#define WORLD_MAX_WORKERS 4u
#define WORLD_WINDOW 6000u /* packets under way at most */
#define WORLD_KEPT 5u      /* packets that an NF keeps back, per worker and port */

enum { WORLD_SOURCE, WORLD_TARGET, WORLD_NFS };

struct world_config {
	uint64_t seed;
	uint32_t n_workers[WORLD_NFS];
	uint32_t n_rx_queues[WORLD_NFS];
	uint32_t n_packets; /* that the perimeter sends */
	uint32_t hold_capacity;
	uint32_t tx_ring_size;     /* of every transmit queue; 0: a few packets */
	uint32_t delay[WORLD_NFS]; /* steps from the perimeter to an instance's port */
	uint32_t redirect_delay;   /* steps of the redirect path, more by queue */
	uint32_t lag_steps;
	uint32_t frame_loss; /* of 256 slim frames */
	uint32_t fault;      /* enum slim_fault */
	uint64_t hold_limit_ns;
	bool tagged;       /* the NFs' ports are in a VLAN: every packet has a tag of its own */
	bool keep;         /* the NFs keep the newest packets back until newer ones come */
	uint32_t slowness; /* workers run at 1 / 1 .. 1 / (1 + slowness) of full speed */
	bool vector;       /* the target's ports receive as vector drivers do */
	bool threads;
};

struct world_entry {
	uint32_t flow;
	uint32_t next[WORLD_PORTS];
	uint32_t unused;
	uint64_t packets; /* lazy, sum */
	uint64_t home;    /* local: never travels */
};

struct world_line {
	struct rte_mbuf **pkts;
	uint64_t *due;
	uint32_t head, tail; /* of WORLD_LINE places */
	uint32_t delay;
};
#define WORLD_LINE 16384u

struct world;

struct world_nf {
	struct world *world;
	uint32_t number;
	uint32_t n_workers;
	uint32_t n_rx_queues;
	struct slim_agent *agent;
	struct slim_table *table;
	struct slim_worker *workers[WORLD_MAX_WORKERS];
	struct harness_shm shm;
	uint16_t port_ids[WORLD_PORTS];
	struct rte_ring *rx[WORLD_PORTS][WORLD_MAX_WORKERS];
	struct rte_ring *tx[WORLD_PORTS][WORLD_MAX_WORKERS];
	struct rte_ring *hand[WORLD_MAX_WORKERS][WORLD_MAX_WORKERS]; /* from, to */
	_Atomic uint32_t slot_of[WORLD_FLOWS];                       /* + 1; 0: none */
	uint32_t phase[WORLD_MAX_WORKERS];                           /* of the worker's loop */
	bool idle[WORLD_MAX_WORKERS];
	struct rte_mbuf *kept[WORLD_MAX_WORKERS][WORLD_PORTS][WORLD_KEPT]; /* oldest first */
	uint16_t n_kept[WORLD_MAX_WORKERS][WORLD_PORTS];
	_Atomic uint32_t returned;   /* kept packets that the agent took back */
	_Atomic uint32_t disordered; /* packets that did not have the number they should */
	_Atomic uint32_t overtaken;
	_Atomic uint32_t refused; /* packets that the NF had no slot for */
};

struct world {
	struct world_config config;
	struct harness_random random;
	struct world_nf nfs[WORLD_NFS];
	struct world_line way[WORLD_NFS][WORLD_PORTS];
	struct world_line redirect[WORLD_PORTS][WORLD_MAX_WORKERS];
	uint64_t step;
	/* Steering: 0: all to the source. */
	_Atomic uint32_t flip;
	uint64_t flip_at[WORLD_FLOWS][WORLD_PORTS];
	uint64_t flipped_by;
	bool flip_drawn;
	_Atomic uint32_t fresh; /* every flow goes the new way now */
	_Atomic uint32_t stop;
	_Atomic uint32_t quiet; /* the perimeter sends nothing while this is set */
	/* Ledger. */
	uint32_t sent_next[WORLD_FLOWS][WORLD_PORTS];
	uint32_t seen_next[WORLD_FLOWS][WORLD_PORTS];
	_Atomic uint32_t sent;
	_Atomic uint32_t received;
	_Atomic uint32_t reordered;  /* not the next of its flow: behind a lost one, too */
	_Atomic uint32_t overtaken;  /* of them those that a later one had overtaken */
	_Atomic uint32_t tagged_out; /* a redirect tag at the perimeter: never */
	_Atomic uint32_t switch_drops;
	/* Threads. */
	pthread_t threads[WORLD_NFS * WORLD_MAX_WORKERS + 1];
	uint32_t n_threads;
	/* slimd's side of the move. */
	struct slim_shm_command command[WORLD_NFS];
	uint32_t slowness[WORLD_NFS * WORLD_MAX_WORKERS];
	uint64_t now_ns;      /* virtual time */
	uint64_t deadline_ns; /* real time, with threads */
	uint64_t n_pumps;     /* without */
	bool slimd_silent;    /* no heartbeats */
	uint32_t rows_sent;
	uint32_t n_rows[WORLD_CAPACITY]; /* source slot: sent times */
	uint8_t row_bucket[WORLD_CAPACITY];
	bool row_known[WORLD_CAPACITY];
};

void world_start(struct world *w, const struct world_config *config);
void world_end(struct world *w);

/* Lets everything go on a little: one random actor, or yields to the threads. Fails
 * the test when the world has been at it for too long. */
void world_pump(struct world *w);
#define WORLD_WAIT(w, condition)       \
	do {                           \
		while (!(condition))   \
			world_pump(w); \
	} while (0)

/* Until the perimeter has sent `n` packets in all. */
void world_send_until(struct world *w, uint32_t n);
/* Until everything that was sent has come out or is known to be lost: nothing moves any more. */
void world_drain(struct world *w);

/* ---- the mover: slimd's part of a move, step by step ---------------------------- */

uint32_t world_command(struct world *w, uint32_t nf, enum slim_gate_mode mode, uint32_t track);
void world_command_wait(struct world *w, uint32_t nf, enum slim_gate_mode mode, uint32_t track);
/* Takes what changed at the source and puts it into the target's install rings. */
void world_sync(struct world *w);
void world_prepare(struct world *w);
void world_copy(struct world *w);
void world_hold(struct world *w);
void world_send_end(struct world *w);
void world_hand_over(struct world *w); /* END until TAKEN */
void world_steer(struct world *w);     /* flip until the last round was empty */
void world_finish(struct world *w);
void world_move(struct world *w); /* all of them */

void world_set_hold_word(struct world *w, enum slim_hold_word word);
uint32_t world_hold_word(const struct world *w);
void world_beat(struct world *w); /* slimd's heartbeat; world_pump() does it, too */

/* Sum of one of the gate's counters over an NF's workers. */
#define WORLD_COUNTER(nf, name) world_sum(nf, offsetof(struct slim_shm_counters, name))
uint64_t world_sum(const struct world_nf *nf, size_t offset);
uint32_t world_used(const struct world_nf *nf);
/* Reads the entry of a flow; false: none. */
bool world_entry(const struct world_nf *nf, uint32_t flow, struct world_entry *ret);

#endif
