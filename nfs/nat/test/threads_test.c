/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers in threads, saturated: each receives packets of all buckets as fast as it takes them, so most go through
 * the rings, and neighbours are written by one and read by the others. Rounds are the real ones; what a port
 * receives and sends is the test's. Nothing holds the load back but the workers themselves. Meant for the thread
 * sanitizer; without it the sums must come out, too. Killed by: a hand-over that drops, or a neighbour's slot
 * read without its sequence.
 */
#include "harness_test.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#include <rte_ethdev.h>

#define MAX_THREADS 4
#define N_BURSTS 3000 /* of all workers */
#define N_SERVERS 40  /* neighbours outside, of both workers */

static struct harness h;
static atomic_uint n_running;

/* One side of a worker: its queue of the port. */
struct wire {
	uint8_t side;
	uint32_t n_answers;
	struct rte_mbuf *answers[NF_FIFO_SIZE];
};

struct thread {
	pthread_t id;
	uint16_t worker;
	uint32_t random;
	uint32_t n_bursts; /* still to come */
	uint64_t n_sent;
	struct nf_clock clock;
	struct wire wires[NAT_N_SIDES];
};

static struct thread threads[MAX_THREADS];
static void *queues[NAT_N_SIDES][MAX_THREADS];

static uint32_t
next(struct thread *t)
{
	t->random = t->random * 1664525u + 1013904223u;
	return t->random >> 8;
}

static struct rte_mbuf *
build(struct thread *t)
{
	struct harness_packet p = {
		.side = NAT_INSIDE,
		.protocol = IPPROTO_UDP,
		.src = IP(100, 65, next(t) % 4, next(t) % 64),
		.src_port = (uint16_t)(1000 + next(t) % 8),
		.dst = IP(203, 0, 113, 10 + next(t) % N_SERVERS),
		.dst_port = 53,
	};

	return harness_build(&h, &p);
}

/* What the agent gives a worker: first the answers to its questions. */
uint16_t __wrap_slim_rx_burst_gated(struct slim_worker *agent, uint16_t side,
				    struct rte_mbuf **pkts, uint16_t max);

uint16_t
__wrap_slim_rx_burst_gated(struct slim_worker *agent, uint16_t side, struct rte_mbuf **pkts,
			   uint16_t max)
{
	struct thread *t = &threads[agent->index];
	struct wire *wire = &t->wires[side];
	uint16_t n = 0;

	while (wire->n_answers != 0 && n < max)
		pkts[n++] = wire->answers[--wire->n_answers];
	if (side != NAT_INSIDE || t->n_bursts == 0)
		return n;
	t->n_bursts--;
	for (; n < max; n++) {
		pkts[n] = build(t);
		t->n_sent++;
	}
	return n;
}

/* Turns a request of the NAT into its answer. */
static void
answer(struct wire *wire, struct rte_mbuf *m)
{
	uint8_t *f = rte_pktmbuf_mtod(m, uint8_t *);
	uint8_t asked[4];

	memcpy(asked, f + 38, 4);
	f[21] = 2;
	memcpy(f, f + 6, 6);
	memcpy(f + 32, f + 22, 10);
	f[22] = 2;
	f[23] = 0xaa;
	memcpy(f + 24, asked, 4);
	memcpy(f + 28, asked, 4);
	assert_true(wire->n_answers < RTE_DIM(wire->answers));
	wire->answers[wire->n_answers++] = m;
}

/* The port's transmit function. */
static uint16_t
send_all(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct wire *wire = queue;

	for (uint16_t i = 0; i < n; i++)
		if (wire->side == NAT_OUTSIDE && rte_pktmbuf_mtod(pkts[i], uint8_t *)[13] == 6)
			answer(wire, pkts[i]);
		else
			rte_pktmbuf_free(pkts[i]);
	return n;
}

static void
play_round(struct thread *t)
{
	uint64_t now = atomic_load_explicit(&t->clock.base_ns, memory_order_relaxed);

	atomic_store_explicit(&t->clock.base_ns, now + HARNESS_SECOND / 20, memory_order_relaxed);
	nf_worker_round(&h.nf[t->worker]);
	/* More threads than processors: the one that is waited for may need this one. */
	if (h.nf[t->worker].held_back)
		sched_yield();
}

static void *
run(void *arg)
{
	struct thread *t = arg;

	while (t->n_bursts != 0)
		play_round(t);
	atomic_fetch_sub(&n_running, 1);
	/* Until nothing is under way between them. */
	while (atomic_load(&n_running) != 0 ||
	       nf_hand_between(h.nf, (uint16_t)h.config.n_workers) != 0)
		play_round(t);
	return NULL;
}

static void
open_wires(uint16_t n)
{
	memset(threads, 0, sizeof(threads));
	for (uint16_t i = 0; i < n; i++) {
		threads[i].worker = i;
		threads[i].random = i;
		threads[i].n_bursts = N_BURSTS / n;
		atomic_init(&threads[i].clock.base_ns, h.now_ns);
		h.nf[i].clock = &threads[i].clock; /* without a rate it stands where it is put */
		for (uint8_t s = 0; s < NAT_N_SIDES; s++) {
			threads[i].wires[s].side = s;
			queues[s][i] = &threads[i].wires[s];
		}
	}
	for (uint8_t s = 0; s < NAT_N_SIDES; s++) {
		rte_eth_fp_ops[s].tx_pkt_burst = send_all;
		rte_eth_fp_ops[s].txq.data = queues[s];
	}
}

static void
threads_lose_nothing(uint16_t n)
{
	struct nat_config config;
	uint64_t n_sent = 0, n_ended = 0;

	harness_defaults(&config);
	config.n_workers = n;
	config.timeouts.udp_ns = 2 * HARNESS_SECOND;
	config.timeouts.arp_ns = 3 * HARNESS_SECOND;
	harness_open(&h, &config, true);
	open_wires(n);
	atomic_store(&n_running, n);
	for (uint16_t i = 0; i < n; i++)
		assert_int_equal(pthread_create(&threads[i].id, NULL, run, &threads[i]), 0);
	for (uint16_t i = 0; i < n; i++) {
		pthread_join(threads[i].id, NULL);
		n_sent += threads[i].n_sent;
		h.now_ns = RTE_MAX(h.now_ns, h.nf[i].now_ns);
		for (uint8_t s = 0; s < NAT_N_SIDES; s++)
			rte_pktmbuf_free_bulk(threads[i].wires[s].answers,
					      threads[i].wires[s].n_answers);
	}
	harness_settle(&h);
	n_ended = harness_counter(&h, NAT_translated_out) + harness_counter(&h, NAT_drop_no_port) +
		  harness_counter(&h, NAT_drop_table_full);
	assert_int_equal(n_ended, n_sent);
	assert_int_equal(harness_counter(&h, NF_handover_full), 0);
	assert_int_equal(harness_counter(&h, NF_transmit_full), 0);
	assert_true(harness_counter(&h, NAT_mapping_expired) > 0);
	assert_true(harness_counter(&h, NF_handed_over) > n_sent / 4);
	harness_check(&h);
	harness_close(&h);
}

static void
two_threads_lose_nothing(void **state)
{
	(void)state;
	threads_lose_nothing(2);
}

static void
three_threads_lose_nothing(void **state)
{
	(void)state;
	threads_lose_nothing(3);
}

static void
four_threads_lose_nothing(void **state)
{
	(void)state;
	threads_lose_nothing(4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_threads_lose_nothing),
		cmocka_unit_test(three_threads_lose_nothing),
		cmocka_unit_test(four_threads_lose_nothing),
	};
	cpu_set_t processors;

	/* The EAL chooses one processor for this thread and all that it starts: there they would wait
	 * for each other in the pool's ring, a time slice each time. */
	sched_getaffinity(0, sizeof(processors), &processors);
	if (!harness_start_eal())
		return 1;
	sched_setaffinity(0, sizeof(processors), &processors);
	harness_pool_size = HARNESS_THREADS_POOL_SIZE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
