/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two workers in two threads: each gets packets of all buckets, so half of them go through the rings, and
 * neighbours are written by one and read by the other. Meant for the thread sanitizer; without
 * it the sums must come out, too. Killed by: counting `done` before a packet is dealt with,
 * or a neighbour's slot read without its sequence.
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

#define N_THREADS 2
#define N_ROUNDS 1500
#define N_UNDER_WAY 1024
#define N_SERVERS 40 /* neighbours outside, of both workers */

static struct harness h;
static atomic_uint n_running;

struct thread {
	pthread_t id;
	uint16_t worker;
	uint32_t random;
	uint64_t n_sent;
};

static uint32_t
next(struct thread *t)
{
	t->random = t->random * 1664525u + 1013904223u;
	return t->random >> 8;
}

static void
send_burst(struct thread *t)
{
	struct rte_mbuf *pkts[NF_BURST];

	for (uint16_t i = 0; i < NF_BURST; i++) {
		struct harness_packet p = {
			.side = NAT_INSIDE,
			.protocol = IPPROTO_UDP,
			.src = IP(100, 65, next(t) % 4, next(t) % 64),
			.src_port = (uint16_t)(1000 + next(t) % 8),
			.dst = IP(203, 0, 113, 10 + next(t) % N_SERVERS),
			.dst_port = 53,
		};

		pkts[i] = harness_build(&h, &p);
	}
	nat_ops.burst(&h.nf[t->worker], NAT_INSIDE, pkts, NF_BURST);
	t->n_sent += NF_BURST;
}

/* Turns a request of the NAT into its answer. */
static void
answer(struct thread *t, struct rte_mbuf *m)
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
	nat_ops.burst(&h.nf[t->worker], NAT_OUTSIDE, &m, 1);
}

static void
empty_fifos(struct thread *t)
{
	for (uint8_t s = 0; s < NAT_N_SIDES; s++) {
		struct nf_fifo *fifo = h.nf[t->worker].tx[s];

		while (nf_fifo_count(fifo) != 0) {
			struct rte_mbuf *m = fifo->pkts[fifo->head++ & (NF_FIFO_SIZE - 1)];

			if (s == NAT_OUTSIDE && rte_pktmbuf_mtod(m, uint8_t *)[13] == 6)
				answer(t, m);
			else
				rte_pktmbuf_free(m);
		}
	}
}

static void
play_round(struct thread *t)
{
	struct nf_worker *w = &h.nf[t->worker];

	slim_worker_poll(w->agent);
	nf_worker_take_handed(w);
	nf_worker_flush_hands(w);
	w->now_ns += HARNESS_SECOND / 20;
	nat_ops.tick(w);
	empty_fifos(t);
	nf_worker_flush_hands(w);
	slim_commit(w->agent, false);
}

static uint64_t
sum_handed(void)
{
	uint64_t handed = 0, done = 0;

	for (int i = 0; i < N_THREADS; i++)
		done += atomic_load(&h.nf[i].done);
	for (int i = 0; i < N_THREADS; i++)
		handed += atomic_load(&h.nf[i].handed);
	return handed - done;
}

static void *
run(void *arg)
{
	struct thread *t = arg;

	for (int i = 0; i < N_ROUNDS;) {
		/* The pool is for all that is under way. */
		if (sum_handed() < N_UNDER_WAY) {
			send_burst(t);
			i++;
		}
		play_round(t);
	}
	atomic_fetch_sub(&n_running, 1);
	/* Until nothing is under way between the two. */
	while (atomic_load(&n_running) != 0 || sum_handed() != 0)
		play_round(t);
	return NULL;
}

static void
two_threads_lose_nothing(void **state)
{
	struct thread threads[N_THREADS] = {0};
	struct nat_config config;
	uint64_t n_sent = 0, n_ended = 0;

	(void)state;
	harness_defaults(&config);
	config.n_workers = N_THREADS;
	config.timeouts.udp_ns = 2 * HARNESS_SECOND;
	config.timeouts.arp_ns = 3 * HARNESS_SECOND;
	harness_open(&h, &config, true);
	atomic_store(&n_running, N_THREADS);
	for (uint16_t i = 0; i < N_THREADS; i++) {
		threads[i].worker = i;
		threads[i].random = i;
		assert_int_equal(pthread_create(&threads[i].id, NULL, run, &threads[i]), 0);
	}
	for (uint16_t i = 0; i < N_THREADS; i++) {
		pthread_join(threads[i].id, NULL);
		n_sent += threads[i].n_sent;
	}
	harness_settle(&h);
	n_ended = harness_counter(&h, NAT_translated_out) + harness_counter(&h, NAT_drop_no_port) +
		  harness_counter(&h, NAT_drop_table_full) + harness_counter(&h, NF_handover_full);
	assert_true(harness_counter(&h, NAT_mapping_expired) > 0);
	assert_true(harness_counter(&h, NF_handed_over) > n_sent / 4);
	/* A packet that found the ring full was translated before if it only lacked its neighbour. */
	assert_true(n_ended >= n_sent);
	assert_true(n_ended - harness_counter(&h, NF_handover_full) <= n_sent);
	harness_check(&h);
	harness_close(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(two_threads_lose_nothing)};
	cpu_set_t processors;

	/* The EAL chooses one processor for this thread and all that it starts: there they would wait
	 * for each other in the pool's ring, a time slice each time. */
	sched_getaffinity(0, sizeof(processors), &processors);
	if (!harness_start_eal())
		return 1;
	sched_setaffinity(0, sizeof(processors), &processors);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
