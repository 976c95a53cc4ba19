/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker's loop. Runs on the worker's lcore; allocates at init only; its one
 * system call is the sleep after rounds without a packet.
 */
#include "worker.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <sys/prctl.h>

#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

/* So many bursts from a ring, and all that was in it is dealt with. */
#define HANDED_BURSTS (NF_RING_SIZE / NF_BURST)

static int
make_rings(struct nf_worker *w)
{
	static unsigned int serial;
	char name[RTE_RING_NAMESIZE];

	for (uint16_t from = 0; from < w->n_workers; from++) {
		if (from == w->index)
			continue;
		snprintf(name, sizeof(name), "nf_hand_%u", serial++);
		w->rings[from] = rte_ring_create(name, NF_RING_SIZE, SOCKET_ID_ANY,
						 RING_F_SP_ENQ | RING_F_SC_DEQ);
		if (w->rings[from] == NULL)
			return -ENOMEM;
	}
	return 0;
}

static void
free_rings(struct nf_worker *w)
{
	struct rte_mbuf *m;

	for (uint16_t from = 0; from < w->n_workers; from++) {
		struct rte_ring *ring = w->rings[from];

		while (ring != NULL && rte_ring_dequeue(ring, (void **)&m) == 0)
			rte_pktmbuf_free(m);
		rte_ring_free(ring);
		w->rings[from] = NULL;
	}
}

int
nf_worker_init(struct nf_worker *workers, uint16_t index, uint16_t n_workers,
	       const uint16_t *port_ids, uint16_t n_ports, struct rte_mempool *pool)
{
	struct nf_worker *w = &workers[index];

	w->index = index;
	w->n_workers = n_workers;
	w->n_ports = n_ports;
	w->pool = pool;
	w->workers = workers;
	/* Alone it hands nothing over. */
	w->may_cross = n_workers == 1 ? UINT32_MAX : 0;
	atomic_init(&w->handed, 0);
	atomic_init(&w->done, 0);
	w->mailbox = rte_zmalloc("nf_mailbox", sizeof(*w->mailbox), SLIM_CACHE_LINE);
	if (make_rings(w) != 0 || w->mailbox == NULL)
		return -ENOMEM;
	for (uint16_t p = 0; p < n_ports; p++) {
		w->port_ids[p] = port_ids[p];
		w->tx[p] = rte_zmalloc("nf_fifo", sizeof(struct nf_fifo), SLIM_CACHE_LINE);
		if (w->tx[p] == NULL)
			return -ENOMEM;
	}
	return 0;
}

void
nf_worker_fini(struct nf_worker *w)
{
	free_rings(w);
	rte_free(w->mailbox);
	w->mailbox = NULL;
	nf_hand_fini(w);
	for (uint16_t p = 0; p < w->n_ports; p++) {
		struct nf_fifo *fifo = w->tx[p];

		while (fifo != NULL && nf_fifo_count(fifo) != 0)
			rte_pktmbuf_free(fifo->pkts[fifo->head++ & (NF_FIFO_SIZE - 1)]);
		rte_free(fifo);
		w->tx[p] = NULL;
	}
}

static bool
work_on_job(void *ctx, struct nf_job *job)
{
	struct nf_worker *w = ctx;

	return w->ops->job(w, job);
}

void
nf_worker_do_jobs(struct nf_worker *w)
{
	nf_mailbox_work(w->mailbox, work_on_job, w);
}

/* Up to half a FIFO waits for a port before a worker stops to receive: then the
 * ports' own queues hold the packets, and what is received still finds room. */
static bool
has_room(const struct nf_worker *w)
{
	for (uint16_t p = 0; p < w->n_ports; p++)
		if (nf_fifo_count(w->tx[p]) > NF_FIFO_SIZE / 2)
			return false;
	return true;
}

void
nf_worker_transmit(struct nf_worker *w)
{
	for (uint16_t p = 0; p < w->n_ports; p++) {
		struct nf_fifo *fifo = w->tx[p];

		while (nf_fifo_count(fifo) != 0) {
			uint32_t at = fifo->head & (NF_FIFO_SIZE - 1);
			uint32_t n = RTE_MIN(nf_fifo_count(fifo), NF_FIFO_SIZE - at);
			uint16_t sent = rte_eth_tx_burst(w->port_ids[p], w->index, &fifo->pkts[at],
							 (uint16_t)n);

			fifo->head += sent;
			nf_count(w, NF_transmitted, sent);
			if (sent < n)
				break;
		}
		/* An empty one begins anew, where it is in the cache. */
		if (nf_fifo_count(fifo) == 0)
			fifo->head = fifo->tail = 0;
	}
}

static bool
all_transmitted(const struct nf_worker *w)
{
	for (uint16_t p = 0; p < w->n_ports; p++)
		if (nf_fifo_count(w->tx[p]) != 0)
			return false;
	return true;
}

/* ---- packets from other workers ------------------------------------------------------------ */

static uint32_t
take_burst(struct nf_worker *w, uint16_t from)
{
	struct rte_mbuf *pkts[NF_BURST];
	uint32_t n;

	if (from == w->index)
		return 0;
	n = rte_ring_dequeue_burst(w->rings[from], (void **)pkts, NF_BURST, NULL); /* H1 */
	if (n == 0)
		return 0;
	w->ops->burst(w, NF_HANDED, pkts, (uint16_t)n);
	nf_worker_flush_hands(w);
	/* After what became of them was counted as handed. */
	atomic_store_explicit(&w->done, atomic_load_explicit(&w->done, memory_order_relaxed) + n,
			      memory_order_release); /* H2 */
	return n;
}

/* All that the ring held when it began: so nothing older than the round is left in it at the end, though
 * the other one may fill it all the time, and a move goes on. But what a port does not take stays in the
 * ring, as it stays in the ports: false. */
static bool
take_ring(struct nf_worker *w, uint16_t from, uint32_t *total)
{
	uint32_t n = NF_BURST;

	for (uint32_t i = 0; i < HANDED_BURSTS && n == NF_BURST; i++) {
		if (unlikely(!has_room(w))) {
			nf_worker_transmit(w);
			if (!has_room(w))
				return false;
		}
		*total += n = take_burst(w, from);
	}
	return true;
}

/* The ring that could not be emptied comes first in the next round. */
static uint32_t
take_handed(struct nf_worker *w, bool *ret_all)
{
	uint32_t total = 0;

	*ret_all = true;
	for (uint16_t i = 0; i < w->n_workers && *ret_all; i++) {
		*ret_all = take_ring(w, w->next_ring, &total);
		if (*ret_all)
			w->next_ring = w->next_ring + 1 < w->n_workers ? w->next_ring + 1 : 0;
	}
	return total;
}

uint32_t
nf_worker_take_handed(struct nf_worker *w)
{
	uint32_t total = 0;

	for (uint16_t from = 0; from < w->n_workers; from++)
		total += take_burst(w, from);
	return total;
}

/* ---- the round ------------------------------------------------------------------------------ */

static uint16_t
receive_from(struct nf_worker *w, uint16_t p)
{
	struct rte_mbuf *pkts[NF_BURST];
	uint64_t handed = atomic_load_explicit(&w->handed, memory_order_relaxed);
	uint16_t received = slim_rx_burst(w->agent, p, pkts, NF_BURST), n = received;

	if (n == 0)
		return 0;
	if (w->vlans[p] != 0 || !w->ops->untags)
		n = nf_worker_untag(w, p, pkts, n);
	w->ops->burst(w, p, pkts, n);
	nf_worker_flush_hands(w);
	nf_hand_spend(w, atomic_load_explicit(&w->handed, memory_order_relaxed) - handed);
	return received;
}

/* The port that could not be received from comes first in the next round: none is forgotten. */
static uint32_t
receive(struct nf_worker *w)
{
	uint32_t total = 0;

	for (uint16_t i = 0; i < w->n_ports; i++) {
		if (unlikely(!has_room(w)))
			break;
		if (unlikely(!nf_hand_may_receive(w))) {
			nf_count(w, NF_receive_held, 1);
			w->held_back = true;
			break;
		}
		total += receive_from(w, w->next_port);
		w->next_port = w->next_port + 1 < w->n_ports ? w->next_port + 1 : 0;
	}
	if (total != 0)
		nf_count(w, NF_received, total);
	return total;
}

uint32_t
nf_worker_round(struct nf_worker *w)
{
	uint64_t now = nf_clock_now(w->clock);
	uint32_t says, n;
	bool took_all;

	if (now > w->now_ns) /* a clock update may step back a little */
		w->now_ns = now;
	says = slim_worker_poll(w->agent);
	w->serves = (says & SLIM_POLL_SERVES) != 0;
	w->rests = (says & SLIM_POLL_REST) != 0;
	w->more = (says & SLIM_POLL_MORE) != 0;
	n = take_handed(w, &took_all);
	w->held_back = !took_all;
	/* Before reception: what the NF gives back to the agent is older. */
	w->ops->tick(w);
	nf_worker_do_jobs(w);
	nf_worker_flush_hands(w);
	n += receive(w);
	nf_worker_transmit(w);
	w->held_back |= w->late != 0;
	/* However much this round received, and others hand over now: it is out of this worker's hands. */
	slim_commit(w->agent, took_all && w->late == 0 && all_transmitted(w));
	return n + (w->more || w->held_back);
}

/* A standby, and one end of a copy, cost their neighbours little. */
static void
rest(const struct nf_loop *loop)
{
	bool longer = loop->worker->rests && loop->sleep_ns < NF_REST_NS;
	const struct timespec pause = {.tv_nsec = longer ? (long)NF_REST_NS : (long)loop->sleep_ns};

	nanosleep(&pause, NULL);
}

int
nf_worker_loop(void *arg)
{
	const struct nf_loop *loop = arg;
	uint32_t empty = 0;

	/* Without this a sleep of 20 us takes 70. */
	prctl(PR_SET_TIMERSLACK, 1000UL);
	while (!atomic_load_explicit(loop->stop, memory_order_relaxed)) {
		uint32_t n = nf_worker_round(loop->worker);

		if (n != 0)
			empty = 0;
		/* Awake without packets: whoever shares the core may be the one that is waited for. */
		if (n == 1 && (loop->worker->more || loop->worker->held_back))
			sched_yield();
		else if (n == 0 && (loop->worker->rests || ++empty > loop->spin) &&
			 loop->sleep_ns != 0)
			rest(loop);
	}
	return 0;
}
