/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The generator on two real DPDK ports (rings, without hugepages), end to end: behind the
 * ports stands a translator that does a few things wrong, and the ledger names exactly those.
 * Generator and translator take turns in one thread. Time goes on by a step with every look at the clock, so that a machine
 * that is busy changes nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_ring.h>

#include "clock.h"
#include "fake_wire.h"
#include "loop.h"

#define MS UINT64_C(1000000)
#define RING_SIZE 1024u
#define N_PACKETS 4000u /* of both directions, in RUN */
#define DEADLINE_NS (30000u * MS)
#define STEP_NS 2000u

#define N_QUEUES 2u /* into the generator */
/* Low byte of the remote host's address: source of what goes inside, destination of what goes outside. So a flow
 * keeps its queue, also a packet of it whose other end was translated wrongly. */
static const unsigned remote_byte[] = {[TRAFFIC_INSIDE] = 29, [TRAFFIC_OUTSIDE] = 33};

/* The far ends of the ports' rings. */
struct wire_end {
	struct rte_ring *from_generator;
	struct rte_ring *to_generator[N_QUEUES];
};

/* In the place of the real one (-Wl,--wrap). */
uint64_t __wrap_clock_now_ns(void);

uint64_t
__wrap_clock_now_ns(void)
{
	static uint64_t now_ns = 1000 * MS;

	return now_ns += STEP_NS;
}

static struct rte_mempool *pool;
static struct wire_end ends[TRAFFIC_N_SIDES];
static uint16_t port_ids[TRAFFIC_N_SIDES];

static const struct traffic_config config = {
	.sides = {{.mac = {2, 0, 0, 0, 1, 2}, .ip = 0x64400002, .hop_ip = 0x64400001},
		  {.mac = {2, 0, 0, 0, 2, 2}, .ip = 0xcb007102, .hop_ip = 0xcb007101}},
	.n_flows = 300,
	.n_probes = 2,
	.probe_rate = 500,
	.n_echoes = 2,
	.echo_rate = 500,
	.rate = {10000, 10000},
	.churn = 100,
	.ramp_rate = 5000,
	.guard_ns = 1000 * MS,
	.max_late_ns = 10000 * MS,
	.drain_ns = 2000 * MS,
	.frame_size = 200,
	.subscriber_base = 0x64410000,
	.n_subscribers = 64,
	.remote_base = 0xc0000201,
	.n_remotes = 254,
	.series_bin_ns = 10 * MS,
	.series_n_bins = 10000,
	.seed = 1,
};

static int
make_port(enum traffic_side side)
{
	const char *const names[] = {"inside", "outside"};
	struct wire_end *end = &ends[side];
	char name[32];
	int id;

	snprintf(name, sizeof(name), "from_%s", names[side]);
	end->from_generator = rte_ring_create(name, RING_SIZE, SOCKET_ID_ANY, 0);
	for (unsigned q = 0; q < N_QUEUES; q++) {
		snprintf(name, sizeof(name), "to_%s_%u", names[side], q);
		end->to_generator[q] = rte_ring_create(name, RING_SIZE, SOCKET_ID_ANY, 0);
		if (end->to_generator[q] == NULL)
			return -1;
	}
	if (end->from_generator == NULL)
		return -1;
	id = rte_eth_from_rings(names[side], end->to_generator, N_QUEUES, &end->from_generator, 1,
				0);
	port_ids[side] = (uint16_t)id;
	return id < 0 ? -1 : 0;
}

static int
set_up(void **state)
{
	static char words[][16] = {
		"loop_test", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry", "-m",
		"128",       "-l",        "0"};
	char *argv[sizeof(words) / sizeof(words[0]) + 1] = {0};
	int argc = 0;

	for (; argc < (int)(sizeof(words) / sizeof(words[0])); argc++)
		argv[argc] = words[argc];
	(void)state;
	if (rte_eal_init(argc, argv) < 0)
		return -1;
	pool = rte_pktmbuf_pool_create("test", 8191, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
				       SOCKET_ID_ANY);
	if (pool == NULL)
		return -1;
	return make_port(TRAFFIC_INSIDE) + make_port(TRAFFIC_OUTSIDE);
}

static int
tear_down(void **state)
{
	(void)state;
	return rte_eal_cleanup();
}

/* ---- a run ------------------------------------------------------------------------ */

static void
carry(struct fake_wire *wire, uint64_t now_ns)
{
	struct rte_mbuf *m;
	unsigned queue;
	size_t size;

	for (unsigned side = 0; side < TRAFFIC_N_SIDES; side++)
		while (rte_ring_dequeue(ends[side].from_generator, (void **)&m) == 0) {
			fake_wire_put(wire, side, rte_pktmbuf_mtod(m, uint8_t *),
				      rte_pktmbuf_pkt_len(m), now_ns);
			rte_pktmbuf_free(m);
		}
	for (unsigned side = 0; side < TRAFFIC_N_SIDES; side++)
		while (rte_ring_free_count(ends[side].to_generator[0]) > 0 &&
		       rte_ring_free_count(ends[side].to_generator[1]) > 0) {
			m = rte_pktmbuf_alloc(pool);
			assert_non_null(m);
			size = fake_wire_get(wire, side, now_ns, rte_pktmbuf_mtod(m, uint8_t *));
			if (size == 0) {
				rte_pktmbuf_free(m);
				break;
			}
			m->data_len = (uint16_t)size;
			m->pkt_len = (uint32_t)size;
			queue = rte_pktmbuf_mtod(m, uint8_t *)[remote_byte[side]] % N_QUEUES;
			assert_int_equal(rte_ring_enqueue(ends[side].to_generator[queue], m), 0);
		}
}

static struct ledger_counts
judged(const struct traffic *t, enum ledger_direction direction)
{
	struct ledger_counts sum = {0};

	for (uint32_t i = traffic_first_window(t); i < ledger_n_windows(traffic_ledger(t)); i++)
		ledger_counts_add(&sum, &ledger_window_at(traffic_ledger(t), i)->counts[direction]);
	return sum;
}

static uint64_t
sent(const struct traffic *t)
{
	return judged(t, LEDGER_UP).sent + judged(t, LEDGER_DOWN).sent;
}

static struct fake_wire *
make_wire(struct fake_wire_config wire)
{
	for (unsigned i = 0; i < TRAFFIC_N_SIDES; i++) {
		memcpy(wire.macs[i], config.sides[i].mac, FRAME_MAC_SIZE);
		wire.macs[i][FRAME_MAC_SIZE - 1] = 1;
		wire.ips[i] = config.sides[i].hop_ip;
	}
	wire.delay_ns = 100000;
	return fake_wire_create(&wire);
}

/* From the first ARP request until all is drained. */
static void
run(struct traffic *t, struct fake_wire_config wire_config)
{
	struct fake_wire *wire = make_wire(wire_config);
	struct loop loop = {.pool = pool, .traffic = t};
	uint64_t end_ns = clock_now_ns() + DEADLINE_NS;

	for (unsigned side = 0; side < TRAFFIC_N_SIDES; side++) {
		assert_int_equal(loop_port_start(&loop.ports[side], port_ids[side], N_QUEUES, pool),
				 0);
		assert_true(loop_port_is_up(&loop.ports[side]));
	}
	while (traffic_phase(t) != TRAFFIC_DONE) {
		loop_round(&loop);
		carry(wire, clock_now_ns());
		if (sent(t) >= N_PACKETS)
			traffic_stop(t, clock_now_ns());
		assert_true(clock_now_ns() < end_ns);
	}
	loop_take_back(&loop);
	traffic_finish(t, clock_now_ns());
	for (unsigned side = 0; side < TRAFFIC_N_SIDES; side++)
		rte_eth_dev_stop(port_ids[side]);
	fake_wire_destroy(wire);
}

static void
a_perfect_translator_is_clean(void **state)
{
	struct ledger_counts up, down;
	struct load load;
	struct traffic *t;

	(void)state;
	assert_int_equal(traffic_create(&config, clock_now_ns(), &t), 0);
	run(t, (struct fake_wire_config){0});
	up = judged(t, LEDGER_UP);
	down = judged(t, LEDGER_DOWN);
	assert_true(up.sent + down.sent >= N_PACKETS);
	load = traffic_load(t);
	assert_false(load_is_void(&load));
	assert_true(ledger_counts_clean(&up));
	assert_true(ledger_counts_clean(&down));
	assert_true(ledger_window_at(traffic_ledger(t), 1)->round_trip.n > 0);
	traffic_destroy(t);
}

/* A different number of each trouble, so that none can be taken for another. */
static const struct fake_wire_config faulty = {
	.extra_ns = 30 * MS,
	.n_meetings = 13,
	.meetings = {{FAKE_DROP, LEDGER_UP, 1, 20},
		     {FAKE_DROP, LEDGER_UP, 1, 21},
		     {FAKE_TWICE, LEDGER_UP, 1, 30},
		     {FAKE_SWAP, LEDGER_UP, 1, 40},
		     {FAKE_SWAP, LEDGER_UP, 1, 43},
		     {FAKE_SWAP, LEDGER_UP, 1, 46},
		     {FAKE_REMAP, LEDGER_UP, 1, 50},
		     {FAKE_DROP, LEDGER_DOWN, 1, 20},
		     {FAKE_TWICE, LEDGER_DOWN, 1, 30},
		     {FAKE_TWICE, LEDGER_DOWN, 1, 31},
		     {FAKE_REMAP, LEDGER_DOWN, 1, 40},
		     {FAKE_CHECKSUM, LEDGER_DOWN, 1, 50},
		     {FAKE_DELAY, LEDGER_DOWN, 1, 60}},
};

static void
a_faulty_one_is_found_out(void **state)
{
	struct ledger_counts up, down;
	struct traffic *t;

	(void)state;
	assert_int_equal(traffic_create(&config, clock_now_ns(), &t), 0);
	run(t, faulty);
	up = judged(t, LEDGER_UP);
	assert_int_equal(ledger_counts_lost(&up), 2);
	assert_int_equal(up.duplicated, 1);
	assert_int_equal(up.reordered, 3);
	assert_int_equal(up.remapped, 1);
	assert_int_equal(ledger_counts_mistranslated(&up), 1);
	down = judged(t, LEDGER_DOWN);
	assert_int_equal(ledger_counts_lost(&down), 1 + 1); /* the damaged one as well */
	assert_int_equal(down.duplicated, 2);
	assert_int_equal(down.reordered, 0);
	assert_int_equal(down.misdelivered, 1);
	assert_int_equal(down.corrupt, 1);
	assert_int_equal(ledger_counts_mistranslated(&down), 2);
	assert_in_range(down.max_gap_ns, 30 * MS, 40 * MS);
	traffic_destroy(t);
}

/* A port whose far end takes nothing any more: the load that never left is told, and nothing is lost. */
static void
a_port_that_refuses_makes_the_run_void(void **state)
{
	struct fake_wire *wire = make_wire((struct fake_wire_config){0});
	struct loop loop = {.pool = pool};
	struct ledger_counts up, down;
	struct traffic_config short_of_time = config;
	struct load load;
	uint64_t end_ns = clock_now_ns() + DEADLINE_NS;
	void *waste;

	(void)state;
	short_of_time.drain_ns = 200 * MS;
	assert_int_equal(traffic_create(&short_of_time, clock_now_ns(), &loop.traffic), 0);
	for (unsigned side = 0; side < TRAFFIC_N_SIDES; side++)
		assert_int_equal(loop_port_start(&loop.ports[side], port_ids[side], N_QUEUES, pool),
				 0);
	while (traffic_phase(loop.traffic) != TRAFFIC_DONE) {
		loop_round(&loop);
		if (sent(loop.traffic) < N_PACKETS)
			carry(wire, clock_now_ns());
		else if (loop.ports[0].tx_full > 0 && loop.ports[1].tx_full > 0)
			traffic_stop(loop.traffic, clock_now_ns());
		assert_true(clock_now_ns() < end_ns);
	}
	loop_take_back(&loop);
	for (unsigned side = 0; side < TRAFFIC_N_SIDES; side++) {
		rte_eth_dev_stop(port_ids[side]);
		while (rte_ring_dequeue(ends[side].from_generator, &waste) == 0)
			rte_pktmbuf_free(waste);
	}
	traffic_finish(loop.traffic, clock_now_ns());
	load = traffic_load(loop.traffic);
	assert_true(load.unsent > 0);
	assert_true(load_is_void(&load));
	up = judged(loop.traffic, LEDGER_UP);
	down = judged(loop.traffic, LEDGER_DOWN);
	assert_true(ledger_counts_lost(&up) <= RING_SIZE && ledger_counts_lost(&down) <= RING_SIZE);
	traffic_destroy(loop.traffic);
	fake_wire_destroy(wire);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_perfect_translator_is_clean),
		cmocka_unit_test(a_faulty_one_is_found_out),
		cmocka_unit_test(a_port_that_refuses_makes_the_run_void),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
