/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two workers in two threads: each gets packets of all buckets from both sides, so half of them go through
 * the rings, subscribers of one worker send to those of the other, change cells by their data, and neighbours
 * are written by one and read by both. Meant for the thread sanitizer; without it the sums must come out, too.
 * Killed by: dealing with a packet of another worker's bucket.
 */
#include "harness_test.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define N_THREADS 2
#define N_ROUNDS 1000
#define N_UNDER_WAY 1024
#define N_SUBSCRIBERS 64
#define N_SERVERS 40 /* neighbours in the core, of both workers */
#define N_CELLS 8

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

static uint32_t
subscriber(uint32_t n)
{
	return IP(100, 64, 3, 1 + n);
}

/* From a subscriber to a server or another subscriber, or from a server to a subscriber. */
static struct frame
build(struct thread *t, uint8_t side)
{
	uint32_t n = next(t) % N_SUBSCRIBERS, server = IP(203, 0, 113, 10 + next(t) % N_SERVERS);
	uint32_t to = next(t) % 4 == 0 ? subscriber(next(t) % N_SUBSCRIBERS) : server;
	struct frame inner;

	if (side == GATEWAY_CORE)
		return plain(server, subscriber(n), 32, 1);
	inner = plain(subscriber(n), to, 32, 1);
	return tunnelled(&inner, IP(192, 0, 2, 11 + next(t) % N_CELLS), 1 + n);
}

static void
send_burst(struct thread *t, uint8_t side)
{
	struct rte_mbuf *pkts[NF_BURST];

	for (uint16_t i = 0; i < NF_BURST; i++) {
		struct frame frame = build(t, side);

		pkts[i] = rte_pktmbuf_alloc(h.pool);
		if (pkts[i] == NULL)
			abort();
		memcpy(rte_pktmbuf_append(pkts[i], frame.size), frame.bytes, frame.size);
	}
	gateway_ops.burst(&h.nf[t->worker], side, pkts, NF_BURST);
	t->n_sent += NF_BURST;
}

/* Turns a request of the gateway into its answer. */
static void
answer(struct thread *t, uint8_t side, struct rte_mbuf *m)
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
	gateway_ops.burst(&h.nf[t->worker], side, &m, 1);
}

static void
empty_fifos(struct thread *t)
{
	for (uint8_t s = 0; s < GATEWAY_N_SIDES; s++) {
		struct nf_fifo *fifo = h.nf[t->worker].tx[s];

		while (nf_fifo_count(fifo) != 0) {
			struct rte_mbuf *m = fifo->pkts[fifo->head++ & (NF_FIFO_SIZE - 1)];

			if (rte_pktmbuf_mtod(m, uint8_t *)[13] == 6)
				answer(t, s, m);
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
	gateway_ops.tick(w);
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
			send_burst(t, i % 2 == 0 ? GATEWAY_ACCESS : GATEWAY_CORE);
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
open_with_subscribers(void)
{
	struct gateway_config config;
	char line[120];

	harness_defaults(&config);
	config.n_workers = N_THREADS;
	config.path_switch_by_data = true;
	config.arp_ns = 3 * HARNESS_SECOND;
	harness_open(&h, &config, true);
	for (unsigned int n = 1; n <= N_SUBSCRIBERS; n++) {
		snprintf(line, sizeof(line),
			 "session add %u ipv4 100.64.3.%u cell 192.0.2.11 cell-teid %u", n, n, n);
		assert_int_equal(harness_ask(&h, line), NF_OK);
	}
}

/* What the sessions count is what the workers count. */
static void
check_usage(void)
{
	uint64_t up = 0, down = 0;

	for (uint32_t n = 1; n <= N_SUBSCRIBERS; n++) {
		up += harness_session(&h, n)->packets_up;
		down += harness_session(&h, n)->packets_down;
	}
	assert_int_equal(up,
			 harness_counter(&h, GATEWAY_uplink) + harness_counter(&h, GATEWAY_local));
	assert_int_equal(down, harness_counter(&h, GATEWAY_downlink));
}

static void
two_threads_lose_nothing(void **state)
{
	struct thread threads[N_THREADS] = {0};
	uint64_t n_sent = 0, n_ended;

	(void)state;
	open_with_subscribers();
	atomic_store(&n_running, N_THREADS);
	for (uint16_t i = 0; i < N_THREADS; i++) {
		threads[i].worker = i;
		threads[i].random = i;
		assert_int_equal(pthread_create(&threads[i].id, NULL, run, &threads[i]), 0);
	}
	for (uint16_t i = 0; i < N_THREADS; i++) {
		pthread_join(threads[i].id, NULL);
		n_sent += threads[i].n_sent;
		h.now_ns = RTE_MAX(h.now_ns, h.nf[i].now_ns);
	}
	harness_wait(&h, 1);
	n_ended = harness_counter(&h, GATEWAY_uplink) + harness_counter(&h, GATEWAY_downlink) +
		  harness_counter(&h, NF_handover_full);
	/* A packet that found the ring full was counted before if it only lacked its neighbour. */
	assert_true(n_ended >= n_sent);
	assert_true(n_ended - harness_counter(&h, NF_handover_full) <= n_sent);
	assert_true(harness_counter(&h, NF_handed_over) > n_sent / 4);
	assert_true(harness_counter(&h, GATEWAY_local) > 0);
	assert_true(harness_counter(&h, GATEWAY_path_switched_by_data) > 0);
	check_usage();
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
