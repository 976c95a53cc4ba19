/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What any network function here is built around: workers that receive through
 * the agent, hand packets of foreign buckets over to each other, and transmit.
 *
 * A worker is one lcore. It polls queue `index` of every port, and one ring for each other
 * worker, into which that one puts packets for it. The NF's own code is two
 * functions (struct nf_ops); it never calls a port, it emits, hands over or drops:
 *
 *   rx, gate (agent) -> ops->burst -> nf_emit()  -> transmit FIFO -> port
 *   rings of the worker --^       -> nf_hand()  -> ring of another worker
 *                                  -> nf_drop()  -> counted, freed
 *
 * So the NF's part runs without ports, for tests, fuzzers and benchmarks.
 *
 * Threads: a worker's members belong to its thread, but for `counters` (any thread may
 * read them) and `handed` and `done` (other workers read them).
 */
#ifndef NF_WORKER_H
#define NF_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include "clock.h"
#include "counter.h"
#include "frame.h"
#include "mailbox.h"
#include "meta.h"
#include "slim.h"

#define NF_MAX_PORTS 4u
#define NF_BURST 32u       /* packets of one receive call */
#define NF_FIFO_SIZE 2048u /* packets that wait for a port and worker; a power of two */
#define NF_RING_SIZE 4096u /* packets handed over and not dealt with; a power of two */

struct nf_worker;

struct nf_ops {
	/* Takes over up to NF_BURST packets that came in on port index `port`, or from
	 * other workers (NF_HANDED: see nf_meta). Each one is emitted, handed over,
	 * dropped or kept. */
	void (*burst)(struct nf_worker *w, uint16_t port, struct rte_mbuf **pkts, uint16_t n);
	/* Timers; once a round, bounded work. Comes between slim_worker_poll() and reception, so it
	 * is the place for slim_return(), too. */
	void (*tick)(struct nf_worker *w);
	/* A part of what the main thread asks for (mailbox.h); true: done. NULL: it asks for nothing. */
	bool (*job)(struct nf_worker *w, struct nf_job *job);
	/* `burst` calls nf_worker_untag() itself, on ports without a VLAN, for each frame that may have a tag. */
	bool untags;
};

struct nf_fifo {
	uint32_t head;
	uint32_t tail;
	struct rte_mbuf *pkts[NF_FIFO_SIZE];
};

/* What is on its way to one other worker: collected, and before it what found no room in the ring. */
struct nf_hand {
	uint16_t n;
	struct rte_mbuf *pkts[NF_BURST];
	struct rte_mbuf *late, **late_end; /* a list through the packets, of any length */
};

struct nf_worker {
	struct slim_worker *agent;
	void *self; /* the NF's own part of this worker */
	const struct nf_ops *ops;
	const struct nf_clock *clock;
	uint64_t now_ns; /* of this round, CLOCK_MONOTONIC */
	bool serves;     /* requests may change entries in this round (SLIM_POLL_SERVES) */
	bool rests;      /* no packets come here now (SLIM_POLL_REST) */
	bool more;       /* its agent has work, or expects some at once (SLIM_POLL_MORE) */
	uint16_t index;
	uint16_t n_workers;
	uint16_t n_ports;
	uint16_t port_ids[NF_MAX_PORTS];
	uint16_t vlans[NF_MAX_PORTS]; /* 802.1Q id that frames of the port bear; 0: no tag */
	struct rte_mempool *pool;
	struct nf_worker *workers; /* all of them */
	/* Packets from each other worker: one puts in, one takes out. So a worker that has lost its
	 * processor holds up no other one, and each has its own share. */
	struct rte_ring *rings[SLIM_MAX_WORKERS];
	uint16_t next_ring; /* where taking begins */
	struct nf_mailbox *mailbox;
	struct nf_fifo *tx[NF_MAX_PORTS];
	struct nf_hand hand[SLIM_MAX_WORKERS];
	uint32_t collected; /* bit w: hand[w] has packets, */
	uint32_t late;      /* bit w: late ones */
	uint32_t may_cross; /* of the packets that it receives, before it looks again (hand.c) */
	uint16_t next_port; /* where reception begins */
	bool held_back; /* it left packets in a port, or has late ones: a rest makes nothing better */
	uint64_t counters[NF_MAX_COUNTERS];

	/* Packets given to other workers, and packets from its ring that are dealt with. No packet
	 * is between workers if the sums over all workers are equal. Only this worker writes. */
	_Alignas(SLIM_CACHE_LINE) _Atomic uint64_t handed;
	_Atomic uint64_t done;
};

/* Main thread. Makes ring and FIFOs of workers[index]; agent, ops, clock and self are set by
 * the caller. -ENOMEM. */
int nf_worker_init(struct nf_worker *workers, uint16_t index, uint16_t n_workers,
		   const uint16_t *port_ids, uint16_t n_ports, struct rte_mempool *pool);
/* Frees what waits, too. */
void nf_worker_fini(struct nf_worker *w);

/* One round of the loop: commands, packets from other workers, timers, packets from all ports,
 * transmit, commit. Returns how many packets it handled, one more while rows for the tables or packets
 * for other workers wait: 0 if the worker may rest. */
uint32_t nf_worker_round(struct nf_worker *w);

/* Takes the tags off `n` received frames; the NF never sees them. A port with a VLAN takes its frames only; one
 * without takes those without a tag, or with one that has a priority and names no VLAN (id 0, IEEE 802.1Q). The
 * others are dropped. The packet keeps the tag as if the device had taken it off, so that slim_return() gives
 * back what came. Returns how many are left, in order. A part of the round, alone for tests. */
uint16_t nf_worker_untag(struct nf_worker *w, uint16_t port, struct rte_mbuf **pkts, uint16_t n);

/* Deals with one burst of the packets in each of the worker's rings. A part of the round, alone for tests. */
uint32_t nf_worker_take_handed(struct nf_worker *w);

/* Jobs from the main thread. A part of the round, alone for tests. */
void nf_worker_do_jobs(struct nf_worker *w);

/* Gives to the ports what waits in the FIFOs, as much as they take. */
void nf_worker_transmit(struct nf_worker *w);

/* Puts what nf_hand() collected into the rings. What finds no room keeps its place, and waits at this worker. */
void nf_worker_flush_hands(struct nf_worker *w);

/* May the worker receive a burst of which all could go to other workers? Asked before each one. */
bool nf_hand_may_receive(struct nf_worker *w);

/* So many of the packets that it received were handed over. */
void nf_hand_spend(struct nf_worker *w, uint64_t n);

/* Packets between workers. Any thread; never less than there were at some moment of the call. */
uint64_t nf_hand_between(const struct nf_worker *workers, uint16_t n_workers);

/* Frees what waits for other workers. */
void nf_hand_fini(struct nf_worker *w);

#define NF_REST_NS 200000u

struct nf_loop {
	struct nf_worker *worker;
	const _Atomic bool *stop;
	uint32_t spin;     /* empty rounds before the first sleep */
	uint32_t sleep_ns; /* 0: never sleep; who rests sleeps NF_REST_NS at least, at once */
};

/* rte_eal_remote_launch function; `arg` is a struct nf_loop. Runs until *stop. */
int nf_worker_loop(void *arg);

static inline void
nf_count(struct nf_worker *w, unsigned int counter, uint64_t n)
{
	__atomic_store_n(&w->counters[counter], w->counters[counter] + n, __ATOMIC_RELAXED);
}

/* Frees a packet for the reason that is counted. */
void nf_drop(struct nf_worker *w, struct rte_mbuf *m, unsigned int counter);

static inline uint32_t
nf_fifo_count(const struct nf_fifo *fifo)
{
	return fifo->tail - fifo->head;
}

/* Pushes the port's tag. False: no room in front, and the packet is dropped. */
bool nf_worker_tag(struct nf_worker *w, uint16_t port, struct rte_mbuf *m);

/* Sends a finished frame, without a VLAN tag and padding, out of a port (index). */
static inline void
nf_emit(struct nf_worker *w, uint16_t port, struct rte_mbuf *m)
{
	struct nf_fifo *fifo = w->tx[port];

	nf_frame_pad(m);
	if (unlikely(w->vlans[port] != 0) && !nf_worker_tag(w, port, m))
		return;
	if (unlikely(nf_fifo_count(fifo) == NF_FIFO_SIZE)) {
		nf_drop(w, m, NF_transmit_full);
		return;
	}
	fifo->pkts[fifo->tail++ & (NF_FIFO_SIZE - 1)] = m;
}

/* Gives a packet to worker `to`, with what it must know of it. */
static inline void
nf_hand(struct nf_worker *w, uint16_t to, struct rte_mbuf *m, struct nf_meta meta)
{
	struct nf_hand *hand = &w->hand[to];

	*nf_meta(m) = meta;
	if (unlikely(hand->n == NF_BURST))
		nf_worker_flush_hands(w);
	w->collected |= 1u << to;
	hand->pkts[hand->n++] = m;
}

#endif
