/* SPDX-License-Identifier: Apache-2.0 */
/* Workers in threads; see nf_threads_test.h. */
#include "nf_threads_test.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <rte_ethdev.h>

#include "harness_test.h"

/* One side of a worker: its queue of the port. */
struct wire {
	uint8_t side;
	uint32_t n_answers;
	struct rte_mbuf *answers[NF_FIFO_SIZE];
};

struct thread {
	pthread_t id;
	uint16_t worker;
	struct harness_dice dice;
	uint32_t n_bursts; /* still to come */
	uint64_t n_sent;
	struct nf_clock clock;
	struct wire wires[NF_MAX_PORTS];
};

static const struct harness_load *load;
static struct harness h;
static struct thread threads[SLIM_MAX_WORKERS];
static void *queues[NF_MAX_PORTS][SLIM_MAX_WORKERS];
static atomic_uint n_running, n_wrong_questions;

uint32_t
harness_roll(struct harness_dice *dice, uint32_t n)
{
	dice->state = dice->state * 1664525u + 1013904223u;
	return (dice->state >> 8) % n;
}

/* ---- ports --------------------------------------------------------------------------------- */

/* What the agent gives a worker: first the answers to its questions. */
uint16_t __wrap_slim_rx_burst_gated(struct slim_worker *agent, uint16_t side,
				    struct rte_mbuf **pkts, uint16_t max);

uint16_t
__wrap_slim_rx_burst_gated(struct slim_worker *agent, uint16_t side, struct rte_mbuf **pkts,
			   uint16_t max)
{
	struct thread *t = &threads[agent->index];
	struct wire *wire = &t->wires[side];
	uint16_t n = 0, n_answers;

	while (wire->n_answers != 0 && n < max)
		pkts[n++] = wire->answers[--wire->n_answers];
	if (t->n_bursts == 0)
		return n;
	for (n_answers = n; n < max; n++) {
		pkts[n] = load->receive(&h, (uint8_t)side, &t->dice);
		if (pkts[n] == NULL)
			return n;
	}
	t->n_bursts--;
	t->n_sent += (uint64_t)(n - n_answers);
	return n;
}

/* The port's transmit function: hosts answer what they are asked. */
static uint16_t
send_all(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct wire *wire = queue;

	for (uint16_t i = 0; i < n; i++) {
		uint8_t *frame = rte_pktmbuf_mtod(pkts[i], uint8_t *);
		enum harness_question question =
			harness_question(frame, harness_nf.sides(&h), harness_nf.n_sides,
					 wire->side, harness_nf.own(&h));

		if (question == HARNESS_WRONG_QUESTION)
			atomic_fetch_add(&n_wrong_questions, 1);
		if (question != HARNESS_QUESTION) {
			rte_pktmbuf_free(pkts[i]);
			continue;
		}
		harness_answer(frame);
		assert_true(wire->n_answers < RTE_DIM(wire->answers));
		wire->answers[wire->n_answers++] = pkts[i];
	}
	return n;
}

/* ---- threads ---------------------------------------------------------------------------------- */

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
	while (atomic_load(&n_running) != 0 || nf_hand_between(h.nf, h.n_workers) != 0)
		play_round(t);
	return NULL;
}

static void
open_threads(uint16_t n)
{
	memset(threads, 0, sizeof(threads));
	for (uint16_t i = 0; i < n; i++) {
		threads[i].worker = i;
		threads[i].dice.state = i;
		threads[i].n_bursts = load->n_bursts / n;
		atomic_init(&threads[i].clock.base_ns, h.now_ns);
		h.nf[i].clock = &threads[i].clock; /* without a rate it stands where it is put */
		for (uint8_t s = 0; s < harness_nf.n_sides; s++) {
			threads[i].wires[s].side = s;
			queues[s][i] = &threads[i].wires[s];
		}
	}
	for (uint8_t s = 0; s < harness_nf.n_sides; s++) {
		rte_eth_fp_ops[s].tx_pkt_burst = send_all;
		rte_eth_fp_ops[s].txq.data = queues[s];
	}
}

/* Returns how many packets were sent. */
static uint64_t
join_threads(uint16_t n)
{
	uint64_t n_sent = 0;

	for (uint16_t i = 0; i < n; i++) {
		pthread_join(threads[i].id, NULL);
		n_sent += threads[i].n_sent;
		h.now_ns = RTE_MAX(h.now_ns, h.nf[i].now_ns);
		for (uint8_t s = 0; s < harness_nf.n_sides; s++)
			rte_pktmbuf_free_bulk(threads[i].wires[s].answers,
					      threads[i].wires[s].n_answers);
	}
	return n_sent;
}

/* Killed by: a hand-over that drops, a packet of another worker's bucket that is dealt with, a neighbour's slot read
 * without its sequence. */
static void
lose_nothing(uint16_t n)
{
	uint64_t n_sent;

	load->open(&h, n);
	open_threads(n);
	atomic_store(&n_running, n);
	for (uint16_t i = 0; i < n; i++)
		assert_int_equal(pthread_create(&threads[i].id, NULL, run, &threads[i]), 0);
	n_sent = join_threads(n);
	harness_wait(&h, 1);
	assert_int_equal(n_wrong_questions, 0);
	assert_true(n_sent != 0);
	assert_int_equal(harness_counter(&h, NF_handover_full), 0);
	assert_int_equal(harness_counter(&h, NF_transmit_full), 0);
	if (n > 1)
		assert_true(harness_counter(&h, NF_handed_over) > n_sent / 4);
	load->check(&h, n_sent);
	harness_check(&h);
	harness_close(&h);
}

#define WITH(name, n)                  \
	static void name(void **state) \
	{                              \
		(void)state;           \
		lose_nothing(n);       \
	}
WITH(one_thread_loses_nothing, 1)
WITH(two_threads_lose_nothing, 2)
WITH(three_threads_lose_nothing, 3)
WITH(four_threads_lose_nothing, 4)
WITH(eight_threads_lose_nothing, 8)
WITH(sixteen_threads_lose_nothing, 16)

int
harness_threads_main(const struct harness_load *of)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_thread_loses_nothing),
		cmocka_unit_test(two_threads_lose_nothing),
		cmocka_unit_test(three_threads_lose_nothing),
		cmocka_unit_test(four_threads_lose_nothing),
		cmocka_unit_test(eight_threads_lose_nothing),
		cmocka_unit_test(sixteen_threads_lose_nothing),
	};
	cpu_set_t processors;

	/* The EAL chooses one processor for this thread and all that it starts: there they would wait
	 * for each other in the pool's ring, a time slice each time. */
	sched_getaffinity(0, sizeof(processors), &processors);
	if (!harness_start_eal())
		return 1;
	sched_setaffinity(0, sizeof(processors), &processors);
	harness_pool_size = HARNESS_THREADS_POOL_SIZE;
	load = of;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
