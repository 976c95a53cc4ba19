/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hand-over between workers, saturated: real rounds, real rings between the workers, and ports that are rings,
 * too, and never empty. Every packet says which workers it goes through; the last one looks at the order of its flow.
 * First in steps, one worker after the other, where it is sure what is full; then each worker in a thread, where
 * nothing may be lost however they are scheduled. Each test names what kills it.
 */
#include "worker.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_ether.h>
#include <rte_malloc.h>

#include "locked_pool_test.h"

#define N_PORTS 2u
#define PORT_RING 256u /* packets that wait in a port for one worker */
#define FLOWS 64u      /* of each worker that receives them */
#define MAX_STOPS 4u
#define POOL_SIZE 28000u
#define IN_PORTS (SLIM_MAX_WORKERS * N_PORTS * PORT_RING)

struct packet {
	struct rte_ether_hdr eth;
	uint32_t flow; /* number, of all */
	uint32_t seq;
	uint8_t n_stops, at;
	uint8_t stops[MAX_STOPS]; /* workers, in order; the last one sends it */
};

struct port {
	uint16_t id;
	struct rte_ring *rx[SLIM_MAX_WORKERS];
	struct rte_ring *tx[SLIM_MAX_WORKERS];
};

static struct rte_mempool *pool;
static struct slim_agent *agent;
static struct nf_worker *workers;
static struct nf_clock clock_;
static struct port ports[N_PORTS];
static uint16_t n_workers;
static uint32_t sent_seq[SLIM_MAX_WORKERS * FLOWS];
static uint32_t last_seq[SLIM_MAX_WORKERS * FLOWS]; /* written by the flow's last worker */
static _Atomic uint64_t n_ended;
static _Atomic uint64_t n_disordered;
static uint64_t n_refused; /* the pool was empty: a device would have dropped it */
static uint32_t extra;     /* packets that the next tick of worker 1 makes, for worker 0 */
static bool is_idle[SLIM_MAX_WORKERS];

/* ---- the agent's word ---------------------------------------------------------------------------- */

void __wrap_slim_commit_slow(struct slim_worker *w, bool idle);

void
__wrap_slim_commit_slow(struct slim_worker *w, bool idle)
{
	is_idle[w->index] = idle;
}

/* ---- a network function ---------------------------------------------------------------------------- */

static struct packet *
packet_of(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod(m, struct packet *);
}

static void
end(struct nf_worker *w, struct rte_mbuf *m)
{
	struct packet *p = packet_of(m);

	if (p->seq != last_seq[p->flow] + 1)
		atomic_fetch_add_explicit(&n_disordered, 1, memory_order_relaxed);
	last_seq[p->flow] = p->seq;
	nf_emit(w, p->flow % N_PORTS, m);
}

static void
go_on(struct nf_worker *w, struct rte_mbuf *m)
{
	struct packet *p = packet_of(m);

	while (p->at < p->n_stops) {
		uint16_t to = p->stops[p->at++];

		if (to == w->index)
			continue;
		nf_hand(w, to, m, (struct nf_meta){.kind = 1});
		return;
	}
	end(w, m);
}

static void
burst(struct nf_worker *w, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	(void)port;
	for (uint16_t i = 0; i < n; i++)
		go_on(w, pkts[i]);
}

static struct rte_mbuf *
make(uint32_t flow, const uint8_t *stops, uint8_t n_stops)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct packet *p;

	if (m == NULL)
		return NULL;
	p = (struct packet *)rte_pktmbuf_append(m, 60);
	memset(p, 0, 60);
	p->flow = flow;
	p->seq = ++sent_seq[flow];
	p->n_stops = n_stops;
	memcpy(p->stops, stops, n_stops);
	return m;
}

static void
tick(struct nf_worker *w)
{
	static const uint8_t to[] = {0};

	if (w->index != 1)
		return;
	for (; extra != 0; extra--)
		nf_hand(w, 0, make(FLOWS, to, 1), (struct nf_meta){.kind = 1});
}

static const struct nf_ops ops = {.burst = burst, .tick = tick};

/* ---- set-up ------------------------------------------------------------------------------------------ */

struct row {
	uint64_t key;
};

static uint32_t
acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key)
{
	(void)ctx, (void)w, (void)bucket, (void)key;
	return SLIM_NO_SLOT;
}

static void
removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	(void)ctx, (void)w, (void)slot, (void)entry;
}

static struct rte_ring *
make_ring(uint32_t size)
{
	static unsigned int serial;
	char name[RTE_RING_NAMESIZE];
	struct rte_ring *ring;

	snprintf(name, sizeof(name), "port_%u", serial++);
	ring = rte_ring_create(name, size, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	assert_non_null(ring);
	return ring;
}

static void
open_port(struct port *port)
{
	static unsigned int serial;
	const struct rte_eth_conf conf = {0};
	char name[32];
	int id;

	snprintf(name, sizeof(name), "wire%u", serial++);
	for (uint16_t q = 0; q < n_workers; q++) {
		port->rx[q] = make_ring(PORT_RING);
		port->tx[q] = make_ring(NF_RING_SIZE); /* takes what a round sends */
	}
	id = rte_eth_from_rings(name, port->rx, n_workers, port->tx, n_workers, 0);
	assert_true(id >= 0);
	port->id = (uint16_t)id;
	assert_int_equal(rte_eth_dev_configure(port->id, n_workers, n_workers, &conf), 0);
	for (uint16_t q = 0; q < n_workers; q++) {
		assert_int_equal(rte_eth_rx_queue_setup(port->id, q, PORT_RING, 0, NULL, pool), 0);
		assert_int_equal(rte_eth_tx_queue_setup(port->id, q, PORT_RING, 0, NULL), 0);
	}
	assert_int_equal(rte_eth_dev_start(port->id), 0);
}

static void
open_agent(void)
{
	static const struct slim_field fields[] = {SLIM_FIELD_KEY(struct row, key, SLIM_U64)};
	static const struct slim_table_ops table_ops = {.acquire = acquire, .removed = removed};
	static unsigned int serial;
	char name[SLIM_NAME_SIZE];
	struct slim_port_config port_config[N_PORTS];
	struct slim_table *table;

	snprintf(name, sizeof(name), "worker-test-%u", serial++);
	for (uint16_t p = 0; p < N_PORTS; p++)
		port_config[p] = (struct slim_port_config){
			.name = p == 0 ? "left" : "right",
			.port_id = ports[p].id,
			.n_rx_queues = n_workers,
		};
	assert_int_equal(slim_agent_create(
				 &(struct slim_agent_config){
					 .name = name,
					 .service = "test",
					 .kind = "test",
					 .version = "test",
					 .identity = "",
					 .active = true,
					 .n_workers = n_workers,
					 .n_ports = N_PORTS,
					 .ports = port_config,
					 .hold_capacity = 64,
					 .frame_pool = pool,
					 .socket_id = SOCKET_ID_ANY,
				 },
				 &agent),
			 0);
	assert_int_equal(slim_table_create(agent,
					   &(struct slim_table_config){
						   .name = "rows",
						   .capacity = 16,
						   .entry_size = sizeof(struct row),
						   .n_fields = RTE_DIM(fields),
						   .fields = fields,
						   .ops = &table_ops,
					   },
					   &table),
			 0);
	assert_int_equal(slim_agent_start(agent), 0);
}

static void
set_up(uint16_t n)
{
	uint16_t port_ids[N_PORTS];

	n_workers = n;
	n_refused = 0;
	atomic_store(&n_ended, 0);
	atomic_store(&n_disordered, 0);
	memset(sent_seq, 0, sizeof(sent_seq));
	memset(last_seq, 0, sizeof(last_seq));
	for (uint16_t p = 0; p < N_PORTS; p++) {
		open_port(&ports[p]);
		port_ids[p] = ports[p].id;
	}
	open_agent();
	workers = rte_zmalloc("workers", n * sizeof(*workers), RTE_CACHE_LINE_SIZE);
	assert_non_null(workers);
	for (uint16_t w = 0; w < n; w++) {
		assert_int_equal(nf_worker_init(workers, w, n, port_ids, N_PORTS, pool), 0);
		workers[w].agent = slim_agent_worker(agent, w);
		workers[w].clock = &clock_;
		workers[w].ops = &ops;
		slim_worker_poll(workers[w].agent);
		/* As in a move: each round tells the agent whether it is idle. */
		workers[w].agent->commit_busy = 1;
	}
}

static uint64_t
sum(unsigned int counter)
{
	uint64_t total = 0;

	for (uint16_t w = 0; w < n_workers; w++)
		total += workers[w].counters[counter];
	return total;
}

static void
tear_down(void)
{
	for (uint16_t w = 0; w < n_workers; w++)
		nf_worker_fini(&workers[w]);
	for (uint16_t p = 0; p < N_PORTS; p++) {
		struct rte_mbuf *m;

		for (uint16_t q = 0; q < n_workers; q++)
			while (rte_ring_dequeue(ports[p].rx[q], (void **)&m) == 0)
				rte_pktmbuf_free(m);
		rte_eth_dev_stop(ports[p].id);
		rte_eth_dev_close(ports[p].id);
		for (uint16_t q = 0; q < n_workers; q++) {
			rte_ring_free(ports[p].rx[q]);
			rte_ring_free(ports[p].tx[q]);
		}
	}
	slim_agent_destroy(agent);
	rte_free(workers);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

/* ---- packets in, packets out -------------------------------------------------------------------------- */

/* Where packets go that worker `w` receives. */
struct route {
	uint8_t stops[MAX_STOPS];
	uint8_t n;
};

typedef struct route (*route_fn)(uint16_t w, uint32_t flow);

/* Fills the port's ring for this worker. Returns how many it put there, at most `max`. */
static uint32_t
fill(uint16_t w, uint16_t p, route_fn route, uint32_t max)
{
	struct rte_ring *ring = ports[p].rx[w];
	uint32_t n = 0, flow = sent_seq[w * FLOWS] % FLOWS;

	for (; n < max && rte_ring_free_count(ring) != 0; n++) {
		struct route r = route(w, flow);
		struct rte_mbuf *m = make(w * FLOWS + flow, r.stops, r.n);

		if (m == NULL) {
			n_refused++;
			break;
		}
		assert_int_equal(rte_ring_enqueue(ring, m), 0);
		flow = (flow + 1) % FLOWS;
	}
	return n;
}

/* Takes what the worker sent. */
static void
drain(uint16_t w)
{
	struct rte_mbuf *m;
	uint64_t n = 0;

	for (uint16_t p = 0; p < N_PORTS; p++)
		for (; rte_ring_dequeue(ports[p].tx[w], (void **)&m) == 0; n++)
			rte_pktmbuf_free(m);
	atomic_fetch_add_explicit(&n_ended, n, memory_order_relaxed);
}

/* A flow's packets come from one port, so that they have an order. */
static uint32_t
play(uint16_t w, route_fn route, uint32_t max)
{
	uint32_t n = max != 0 ? fill(w, 0, route, max) : 0;

	nf_worker_round(&workers[w]);
	drain(w);
	return n;
}

static uint64_t
between(void)
{
	return nf_hand_between(workers, n_workers);
}

static void
play_until_all_is_out(uint64_t n_sent)
{
	for (int i = 0; i < 2000 && atomic_load(&n_ended) < n_sent; i++)
		for (uint16_t w = 0; w < n_workers; w++)
			play(w, NULL, 0);
	assert_int_equal(atomic_load(&n_ended), n_sent);
	assert_int_equal(atomic_load(&n_disordered), 0);
	assert_int_equal(between(), 0);
}

/* ---- in steps --------------------------------------------------------------------------------------------- */

static struct route
all_to_the_first(uint16_t w, uint32_t flow)
{
	(void)w, (void)flow;
	return (struct route){{0}, 1};
}

#define N_STEPS 2000

/* Workers 1 and 2 get packets for worker 0, which stands still. Returns how many they were offered. */
static uint64_t
press_on_one_that_stands(bool limited)
{
	uint64_t n_sent = 0;

	for (int i = 0; i < N_STEPS; i++)
		for (uint16_t w = 1; w < n_workers; w++) {
			if (!limited)
				workers[w].may_cross = UINT32_MAX;
			n_sent += play(w, all_to_the_first, PORT_RING);
		}
	return n_sent;
}

/* Killed by: no look at `between`, one at `handed` alone, an allowance that is not spent. */
static void
what_finds_no_receiver_stays_in_the_port(void **state)
{
	uint64_t n_sent;

	(void)state;
	set_up(3);
	n_sent = press_on_one_that_stands(true);
	assert_in_range(between(), NF_RING_SIZE / 2 - n_workers * NF_BURST, NF_RING_SIZE - 1);
	for (uint16_t w = 1; w < n_workers; w++) {
		assert_int_equal(rte_ring_free_count(ports[0].rx[w]), 0);
		assert_true(workers[w].counters[NF_receive_held] > N_STEPS / 2);
	}
	assert_int_equal(n_refused, 0);
	assert_int_equal(sum(NF_handover_full), 0);
	assert_int_equal(rte_mempool_in_use_count(pool), between() + 2 * (PORT_RING - 1));
	play_until_all_is_out(n_sent);
	tear_down();
}

/* The control: without the limit the same load fills the ring, and then takes every packet of the pool. */
static void
without_the_limit_packets_are_lost(void **state)
{
	(void)state;
	set_up(3);
	press_on_one_that_stands(false);
	assert_true(n_refused > 0);
	assert_true(sum(NF_handover_full) > 0);
	assert_true(between() > NF_RING_SIZE);
	tear_down();
}

/* What becomes more inside the NF finds no room in the ring, and comes through, in order.
 * Killed by: a `late` bit that is cleared too early, a rest that is freed. */
static void
more_than_a_ring_takes_waits_in_order(void **state)
{
	(void)state;
	set_up(2);
	extra = 3 * NF_RING_SIZE;
	play(1, NULL, 0);
	assert_int_equal(between(), 3 * NF_RING_SIZE);
	assert_true(sum(NF_handover_full) > NF_RING_SIZE);
	assert_false(is_idle[1]);
	assert_true(workers[1].held_back);
	extra = 100;
	play(1, NULL, 0);
	play_until_all_is_out(3 * NF_RING_SIZE + 100);
	assert_true(is_idle[1]);
	tear_down();
}

/* Killed by: no flush after timers and jobs. */
static void
what_a_timer_hands_over_leaves_in_the_same_round(void **state)
{
	(void)state;
	set_up(2);
	extra = 1;
	play(1, NULL, 0);
	play(0, NULL, 0);
	assert_int_equal(atomic_load(&n_ended), 1);
	tear_down();
}

/* On a port without a VLAN. Killed by: tags that are looked at on ports with one only. */
static void
a_priority_tag_is_taken_off(void **state)
{
	static const uint8_t stops[] = {0}, tag[] = {0x81, 0, 0xa0, 0};
	struct rte_mbuf *m;
	uint8_t *frame;

	(void)state;
	set_up(1);
	m = make(0, stops, 1);
	rte_pktmbuf_prepend(m, sizeof(tag));
	frame = rte_pktmbuf_mtod(m, uint8_t *);
	memmove(frame, frame + sizeof(tag), 2u * RTE_ETHER_ADDR_LEN);
	memcpy(frame + 2u * RTE_ETHER_ADDR_LEN, tag, sizeof(tag));
	assert_int_equal(rte_ring_enqueue(ports[0].rx[0], m), 0);
	play(0, NULL, 0);
	assert_int_equal(atomic_load(&n_ended), 1);
	assert_int_equal(atomic_load(&n_disordered), 0);
	tear_down();
}

/* To and fro between workers 0 and 1. */
static struct route
to_and_fro(uint16_t w, uint32_t flow)
{
	(void)flow;
	return w % 2 == 0 ? (struct route){{1, 0, 1, 0}, 4} : (struct route){{0, 1, 0, 1}, 4};
}

/* Two whose rings are as full as they can be, each with packets for the other.
 * Killed by: an allowance that is asked for when a ring is emptied. */
static void
two_that_wait_for_each_other_go_on(void **state)
{
	uint64_t n_sent = 0;

	(void)state;
	set_up(4);
	for (int i = 0; i < 500; i++)
		for (uint16_t w = 2; w < 4; w++)
			n_sent += play(w, to_and_fro, PORT_RING);
	assert_true(between() >= NF_RING_SIZE / 2 - 4 * NF_BURST);
	for (uint16_t w = 0; w < 2; w++)
		n_sent += fill(w, 0, to_and_fro, PORT_RING);
	play_until_all_is_out(n_sent);
	assert_int_equal(sum(NF_handover_full), 0);
	tear_down();
}

/* A move waits for each worker's idle round: also while the worker's ring never runs empty.
 * Killed by: fewer bursts of a round than the ring holds, or `idle` only after an empty ring. */
static void
a_worker_under_pressure_is_idle_at_the_end_of_its_round(void **state)
{
	(void)state;
	set_up(3);
	for (int i = 0; i < 50; i++) {
		for (int k = 0; k < 20; k++)
			for (uint16_t w = 1; w < n_workers; w++)
				play(w, all_to_the_first, PORT_RING);
		is_idle[0] = false;
		play(0, NULL, 0);
		assert_true(is_idle[0]);
		assert_int_equal(between(), 0);
	}
	tear_down();
}

static uint32_t
received_of(uint16_t w, uint16_t p, uint32_t before)
{
	return rte_ring_free_count(ports[p].rx[w]) - before;
}

/* Worker 1 may always receive one burst only. Killed by: a round that always begins with the first port. */
static void
no_port_waits_for_the_other(void **state)
{
	uint32_t n[N_PORTS] = {0};

	(void)state;
	set_up(2);
	for (int i = 0; i < 100; i++) {
		uint32_t before[N_PORTS];

		for (uint16_t p = 0; p < N_PORTS; p++) {
			fill(1, p, all_to_the_first, PORT_RING);
			before[p] = rte_ring_free_count(ports[p].rx[1]);
		}
		/* As if others had handed over all that may be, but for one burst. */
		workers[1].may_cross = NF_BURST;
		atomic_store(&workers[0].handed, NF_RING_SIZE);
		play(1, NULL, 0);
		assert_true(workers[1].held_back);
		atomic_store(&workers[0].handed, 0);
		for (uint16_t p = 0; p < N_PORTS; p++)
			n[p] += received_of(1, p, before[p]);
		play(0, NULL, 0);
	}
	assert_int_equal(n[0] + n[1], 100 * NF_BURST);
	assert_int_equal(n[0], n[1]);
	tear_down();
}

/* ---- in threads --------------------------------------------------------------------------------------------- */

#define N_PACKETS 48000u /* of all workers */

struct thread {
	pthread_t id;
	uint16_t worker;
	uint32_t n;
};

/* Every packet crosses; each fourth flow as often as one can. */
static struct route
crossing(uint16_t w, uint32_t flow)
{
	struct route r = {.n = flow % 4 == 0 ? MAX_STOPS : 1};
	uint8_t at = (uint8_t)w;

	if (n_workers == 1)
		return (struct route){{0}, 1};
	for (uint8_t i = 0; i < r.n; i++)
		r.stops[i] = at = (uint8_t)((at + 1 + flow / 4 % (n_workers - 1u)) % n_workers);
	return r;
}

static void *
run(void *arg)
{
	struct thread *t = arg;
	uint32_t n = 0;

	while (atomic_load_explicit(&n_ended, memory_order_relaxed) < (uint64_t)t->n * n_workers) {
		n += play(t->worker, crossing, t->n - n);
		/* More threads than processors: the one that is waited for may need this one. */
		if (workers[t->worker].held_back)
			sched_yield();
	}
	return NULL;
}

/* Killed by: a hand-over that drops, `done` before the packets are dealt with, a list out of order. */
static void
saturated(uint16_t n)
{
	struct thread threads[SLIM_MAX_WORKERS] = {0};

	set_up(n);
	for (uint16_t w = 0; w < n; w++) {
		threads[w] = (struct thread){.worker = w, .n = N_PACKETS / n};
		assert_int_equal(pthread_create(&threads[w].id, NULL, run, &threads[w]), 0);
	}
	for (uint16_t w = 0; w < n; w++)
		pthread_join(threads[w].id, NULL);
	assert_int_equal(atomic_load(&n_ended), (uint64_t)n * (N_PACKETS / n));
	assert_int_equal(atomic_load(&n_disordered), 0);
	assert_int_equal(sum(NF_handover_full), 0);
	assert_int_equal(sum(NF_transmit_full), 0);
	assert_int_equal(n_refused, 0);
	assert_int_equal(between(), 0);
	if (n > 1)
		assert_true(sum(NF_handed_over) >= sum(NF_received));
	tear_down();
}

#define SATURATED(n)                                 \
	static void saturated_with_##n(void **state) \
	{                                            \
		(void)state;                         \
		saturated(n);                        \
	}
SATURATED(1)
SATURATED(2)
SATURATED(3)
SATURATED(4)
SATURATED(8)
SATURATED(16)

static bool
start_eal(void)
{
	static char words[][24] = {"worker-test",    "--no-huge",         "--no-pci", "--no-shconf",
				   "--no-telemetry", "--log-level=error", "-m",       "256",
				   "--lcores=0@0"};
	static char *argv[RTE_DIM(words)];

	for (size_t i = 0; i < RTE_DIM(words); i++)
		argv[i] = words[i];
	if (rte_eal_init(RTE_DIM(words), argv) < 0 || nf_meta_register() != 0)
		return false;
	/* More threads than processors: no thread waits for one that stands still in the pool. That one keeps
	 * up to an eighth of the places of its ring, so there are more places than packets. */
	pool = rte_pktmbuf_pool_create_by_ops("pool", POOL_SIZE, 0, 0, 256 + RTE_PKTMBUF_HEADROOM,
					      SOCKET_ID_ANY, locked_pool());
	nf_clock_init(&clock_);
	return pool != NULL;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_finds_no_receiver_stays_in_the_port),
		cmocka_unit_test(without_the_limit_packets_are_lost),
		cmocka_unit_test(more_than_a_ring_takes_waits_in_order),
		cmocka_unit_test(what_a_timer_hands_over_leaves_in_the_same_round),
		cmocka_unit_test(two_that_wait_for_each_other_go_on),
		cmocka_unit_test(a_worker_under_pressure_is_idle_at_the_end_of_its_round),
		cmocka_unit_test(no_port_waits_for_the_other),
		cmocka_unit_test(a_priority_tag_is_taken_off),
		cmocka_unit_test(saturated_with_1),
		cmocka_unit_test(saturated_with_2),
		cmocka_unit_test(saturated_with_3),
		cmocka_unit_test(saturated_with_4),
		cmocka_unit_test(saturated_with_8),
		cmocka_unit_test(saturated_with_16),
	};
	cpu_set_t processors;

	_Static_assert(POOL_SIZE > IN_PORTS + 3 * NF_RING_SIZE,
		       "only what is between takes it all");
	/* The EAL chooses one processor for this thread and all that it starts. */
	sched_getaffinity(0, sizeof(processors), &processors);
	if (!start_eal())
		return 1;
	sched_setaffinity(0, sizeof(processors), &processors);
	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
