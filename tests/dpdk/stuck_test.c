/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways out of a hold, with slimd's own gate in the same process: whatever one worker, one port or one
 * daemon does, an undone hold ends at once for everybody who polls.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_ether.h>

#include "agent.h"
#include "../../slimd/shm/gate.h"
#include "harness.h"

#define N_PORTS 2u
#define N_WORKERS 2u
#define ROUND_NS 2000u
#define LIMIT_NS UINT64_C(500000000)

static unsigned int serial; /* names of rings and ports are for ever */
static uint16_t port_ids[N_PORTS];
static struct rte_ring *rx[N_PORTS][N_WORKERS], *tx[N_PORTS][N_WORKERS];
static struct slim_agent *agent;
static struct nf nf;
static struct gate gate;
static uint64_t now_ns;
static bool is_stuck[N_WORKERS], is_busy[N_WORKERS], link_is_lost[N_PORTS];
static uint32_t n_served, n_sent, n_frames;

/* ---- an NF that counts --------------------------------------------------------------- */

static struct rte_ring *
new_ring(unsigned int size)
{
	char name[32];
	struct rte_ring *ring;

	snprintf(name, sizeof(name), "stuck%u", serial++);
	ring = rte_ring_create(name, size, SOCKET_ID_ANY, 0);
	assert_non_null(ring);
	return ring;
}

static uint16_t
new_port(struct rte_ring **in, struct rte_ring **out, uint16_t n_rx, uint16_t n_tx)
{
	const struct rte_eth_conf conf = {0};
	char name[32];
	int id;

	for (uint16_t q = 0; q < n_rx; q++)
		in[q] = new_ring(1024);
	for (uint16_t q = 0; q < n_tx; q++)
		out[q] = new_ring(64);
	snprintf(name, sizeof(name), "stuck%u", serial++);
	id = rte_eth_from_rings(name, in, n_rx, out, n_tx, 0);
	assert_true(id >= 0);
	assert_int_equal(rte_eth_dev_configure((uint16_t)id, n_rx, n_tx, &conf), 0);
	for (uint16_t q = 0; q < n_rx; q++)
		assert_int_equal(
			rte_eth_rx_queue_setup((uint16_t)id, q, 1024, 0, NULL, harness_pool()), 0);
	for (uint16_t q = 0; q < n_tx; q++)
		assert_int_equal(rte_eth_tx_queue_setup((uint16_t)id, q, 64, 0, NULL), 0);
	assert_int_equal(rte_eth_dev_start((uint16_t)id), 0);
	return (uint16_t)id;
}

static struct slim_agent_config
config_of(const struct slim_port_config *ports, uint16_t n_ports)
{
	return (struct slim_agent_config){.name = "stuck",
					  .service = "test",
					  .kind = "slim-test",
					  .version = "1",
					  .identity = "",
					  .active = true,
					  .n_workers = N_WORKERS,
					  .n_ports = n_ports,
					  .ports = ports,
					  .hold_capacity = 4096,
					  .frame_pool = harness_pool()};
}

struct entry {
	uint32_t id, value;
};

static const struct slim_field fields[] = {
	SLIM_FIELD_KEY(struct entry, id, SLIM_U32),
	SLIM_FIELD_STATE(struct entry, value, SLIM_U32),
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

/* An agent with a table that nobody uses. Returns what slim_agent_start() says. */
static int
start_agent(const struct slim_agent_config *config)
{
	static const struct slim_table_ops ops = {.acquire = acquire, .removed = removed};
	struct slim_table_config table_config = {.name = "entries",
						 .capacity = 64,
						 .entry_size = sizeof(struct entry),
						 .n_fields = RTE_DIM(fields),
						 .fields = fields,
						 .ops = &ops};
	struct slim_table *table;

	assert_int_equal(slim_agent_create(config, &agent), 0);
	assert_int_equal(slim_table_create(agent, &table_config, &table), 0);
	return slim_agent_start(agent);
}

static int
setup(void **state)
{
	struct slim_port_config ports[N_PORTS] = {{.name = "left", .n_rx_queues = N_WORKERS},
						  {.name = "right", .n_rx_queues = N_WORKERS}};
	struct slim_agent_config config = config_of(ports, N_PORTS);
	struct harness_shm shm;

	(void)state;
	for (uint32_t p = 0; p < N_PORTS; p++)
		ports[p].port_id = port_ids[p] = new_port(rx[p], tx[p], N_WORKERS, N_WORKERS);
	assert_int_equal(start_agent(&config), 0);
	shm = harness_shm_of(agent);
	memset(&nf, 0, sizeof(nf));
	nf.info = shm.info;
	nf.control = shm.control;
	nf.n_workers = N_WORKERS;
	nf.n_ports = N_PORTS;
	nf.active_at_start = true;
	gate_init(&gate, &nf);
	memset(is_stuck, 0, sizeof(is_stuck));
	memset(is_busy, 0, sizeof(is_busy));
	memset(link_is_lost, 0, sizeof(link_is_lost));
	n_served = n_sent = n_frames = 0;
	harness_set_time(now_ns = 1000000000);
	return 0;
}

static void
free_all_of(struct rte_ring *ring)
{
	void *m;

	while (rte_ring_dequeue(ring, &m) == 0)
		rte_pktmbuf_free(m);
}

static int
teardown(void **state)
{
	(void)state;
	for (uint32_t p = 0; p < N_PORTS; p++) {
		for (uint32_t q = 0; q < N_WORKERS; q++) {
			free_all_of(rx[p][q]);
			free_all_of(tx[p][q]);
		}
		rte_eth_dev_stop(port_ids[p]);
		rte_eth_dev_close(port_ids[p]);
	}
	slim_agent_destroy(agent);
	harness_set_time(0);
	assert_int_equal(rte_mempool_in_use_count(harness_pool()), 0);
	return 0;
}

static void
worker_round(uint16_t index)
{
	struct slim_worker *w = slim_agent_worker(agent, index);
	struct rte_mbuf *pkts[32];

	slim_worker_poll(w);
	for (uint16_t p = 0; p < N_PORTS; p++) {
		uint16_t n = slim_rx_burst(w, p, pkts, 32);

		n_served += n;
		rte_pktmbuf_free_bulk(pkts, n);
	}
	slim_commit(w, !is_busy[index]);
}

/* The wire behind the transmit rings: frees what comes. */
static void
wire_round(void)
{
	void *m;

	for (uint32_t p = 0; p < N_PORTS; p++) {
		for (uint32_t q = 0; q < N_WORKERS && !link_is_lost[p]; q++) {
			while (rte_ring_dequeue(tx[p][q], &m) == 0) {
				n_frames++;
				rte_pktmbuf_free(m);
			}
		}
	}
}

static void
run(uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i++) {
		harness_set_time(now_ns += ROUND_NS);
		for (uint16_t w = 0; w < N_WORKERS; w++) {
			if (!is_stuck[w])
				worker_round(w);
		}
		wire_round();
	}
}

/* slimd lives for so many rounds. */
static void
run_with_slimd(uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i++) {
		atomic_store(&nf.control->gate.slimd_heartbeat_ns, now_ns);
		run(1);
	}
}

static void
send_packet(uint32_t port, uint32_t worker)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(harness_pool());

	memset(rte_pktmbuf_append(m, 60), 0, 60);
	assert_int_equal(rte_ring_enqueue(rx[port][worker], m), 0);
	n_sent++;
}

static void
send_everywhere(void)
{
	for (uint32_t p = 0; p < N_PORTS; p++) {
		for (uint32_t w = 0; w < N_WORKERS; w++)
			send_packet(p, w);
	}
}

static void
command(enum slim_gate_mode mode, bool in_session)
{
	struct gate_command c = {.mode = mode};

	if (in_session)
		c = (struct gate_command){.mode = mode,
					  .session = 7,
					  .nonce = 9,
					  .watch = true,
					  .is_source = true,
					  .peer_workers = 1,
					  .hold_limit_ns = LIMIT_NS,
					  .vids = {4000, 4001}};
	gate_command(&gate, &c);
}

static void
begin_hold(void)
{
	gate_set_hold_word(&nf, SLIM_HOLD_HOLDING);
	command(SLIM_GATE_HOLD, true);
}

static void
end_hold(void)
{
	gate_set_hold_word(&nf, SLIM_HOLD_IDLE);
	command(SLIM_GATE_PASS, false);
}

static uint32_t
mode_of(uint32_t worker)
{
	return atomic_load(&nf.info->workers[worker].mode);
}

/* ---- undone ----------------------------------------------------------------------------- */

/* Killed by: a command that waits for the acknowledgement of the one before. */
static void
a_port_that_takes_nothing_does_not_keep_the_hold(void **state)
{
	struct rte_mbuf *m;

	(void)state;
	link_is_lost[1] = true;
	for (;;) { /* its transmit rings are full */
		m = rte_pktmbuf_alloc(harness_pool());
		rte_pktmbuf_append(m, 60);
		if (rte_eth_tx_burst(port_ids[1], 0, &m, 1) == 0 &&
		    rte_eth_tx_burst(port_ids[1], 1, &m, 1) == 0)
			break;
	}
	rte_pktmbuf_free(m);
	begin_hold();
	run_with_slimd(100);
	send_everywhere();
	run_with_slimd(100);
	assert_false(gate_poll(&gate)); /* no mark went out of that port */
	assert_int_equal(n_served, 0);
	end_hold();
	run_with_slimd(2);
	assert_true(gate_poll(&gate));
	assert_int_equal(n_served, n_sent);
}

static void
an_nf_that_is_never_idle_does_not_keep_the_hold(void **state)
{
	(void)state;
	is_busy[0] = is_busy[1] = true;
	begin_hold();
	send_everywhere();
	run_with_slimd(100);
	assert_false(gate_poll(&gate));
	end_hold();
	run_with_slimd(2);
	assert_true(gate_poll(&gate));
	assert_int_equal(n_served, n_sent);
}

/* Killed by: a PASS that is taken when all workers have taken what was before. */
static void
a_stuck_worker_stops_nobody(void **state)
{
	(void)state;
	is_stuck[1] = true;
	begin_hold();
	send_everywhere();
	run_with_slimd(100);
	end_hold();
	run_with_slimd(2);
	assert_int_equal(mode_of(0), SLIM_GATE_PASS);
	assert_int_equal(n_served, N_PORTS); /* those of worker 0 */
	assert_false(gate_poll(&gate));
	is_stuck[1] = false; /* it never saw the hold */
	run_with_slimd(2);
	assert_true(gate_poll(&gate));
	assert_int_equal(n_served, n_sent);
}

/* Killed by: a hold that only a command ends. */
static void
an_idle_hold_word_ends_a_hold_by_itself(void **state)
{
	(void)state;
	begin_hold();
	send_everywhere();
	run_with_slimd(20);
	assert_true(gate_poll(&gate));
	assert_int_equal(n_served, 0);
	gate_set_hold_word(&nf, SLIM_HOLD_IDLE);
	run(2);
	assert_int_equal(n_served, n_sent);
	assert_int_equal(mode_of(0), SLIM_GATE_PASS);
	assert_int_equal(mode_of(1), SLIM_GATE_PASS);
}

/* What a command says is what counts, not how many came before. */
static void
only_the_newest_command_is_carried_out(void **state)
{
	(void)state;
	for (int i = 0; i < 7; i++) {
		begin_hold();
		command(SLIM_GATE_REDIRECT, true);
		end_hold();
	}
	send_everywhere();
	run_with_slimd(1);
	assert_true(gate_poll(&gate));
	assert_int_equal(n_served, n_sent);
	assert_int_equal(atomic_load(&nf.info->workers[0].stopped_ns), 0);
}

/* ---- slimd dies ---------------------------------------------------------------------------- */

/* Killed by: leaving a hold without acknowledging it. */
static void
a_successor_of_a_dead_slimd_waits_for_nobody(void **state)
{
	(void)state;
	is_busy[0] = is_busy[1] = true; /* the hold is never acknowledged as one */
	begin_hold();
	atomic_store(&nf.control->gate.slimd_heartbeat_ns, now_ns);
	send_everywhere();
	run((uint32_t)(LIMIT_NS / ROUND_NS) + 10);
	assert_int_equal(gate_hold_word(&nf), SLIM_HOLD_RESUMED);
	assert_int_equal(n_served, n_sent);
	assert_true(gate_poll(&gate)); /* it is over, as far as it ever will be */
	gate_init(&gate, &nf);
	end_hold();
	run(1);
	assert_true(gate_poll(&gate));
	assert_int_equal(mode_of(0), SLIM_GATE_PASS);
}

/* It died after it had taken the hold back, and before PASS. */
static void
a_hold_that_was_half_undone_ends(void **state)
{
	(void)state;
	is_busy[0] = true;
	begin_hold();
	run_with_slimd(10);
	gate_set_hold_word(&nf, SLIM_HOLD_IDLE);
	send_everywhere();
	run(2);
	assert_int_equal(n_served, n_sent);
}

/* Killed by: reading the words without looking at the number around them. */
static void
a_command_that_was_not_finished_is_no_command(void **state)
{
	struct slim_shm_gate *words = &nf.control->gate;
	struct slim_shm_command copy;

	(void)state;
	command(SLIM_GATE_PASS, true);
	run_with_slimd(2);
	assert_true(gate_poll(&gate));
	/* The writer stops in the middle of the next one: the last stays in force. */
	atomic_store(&words->blocks[(gate.epoch + 1) % 2].epoch, 0);
	atomic_store(&words->blocks[(gate.epoch + 1) % 2].words[0], SLIM_GATE_CLOSED);
	send_everywhere();
	run_with_slimd(5);
	assert_int_equal(n_served, n_sent);
	gate_commanded(&nf, &copy);
	assert_int_equal(copy.mode, SLIM_GATE_PASS);
	/* And one that is overwritten while it is read is read again at the next poll. */
	atomic_store(&words->epoch, gate.epoch + 1);
	send_everywhere();
	run_with_slimd(5);
	assert_int_equal(n_served, n_sent);
	assert_int_equal(atomic_load(&nf.info->workers[0].ack_epoch), gate.epoch);
}

/* ---- memory, ports -------------------------------------------------------------------------- */

/* The hold has eaten the NF's last packet buffer. Killed by: frames out of the NF's pool. */
static void
marks_go_out_when_no_packet_buffer_is_left(void **state)
{
	static struct rte_mbuf *all[65536];
	unsigned int n = 0;

	(void)state;
	begin_hold();
	while ((all[n] = rte_pktmbuf_alloc(harness_pool())) != NULL)
		n++;
	run_with_slimd(20);
	assert_true(gate_poll(&gate));
	assert_true(n_frames >= N_PORTS * N_WORKERS);
	rte_pktmbuf_free_bulk(all, n);
	end_hold();
	run_with_slimd(2);
}

/* Swapped ports are found by the probe. Killed by: a frame's port that nobody looks at. */
static void
an_answer_on_the_wrong_port_is_none(void **state)
{
	struct slim_frame_content content = {
		.type = SLIM_FRAME_PROBE_ACK, .port = 1, .n_workers = 1, .session = 7, .nonce = 9};
	uint64_t wrong = 0;

	(void)state;
	command(SLIM_GATE_PASS, true);
	run_with_slimd(2);
	for (uint32_t p = 0; p < N_PORTS; p++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(harness_pool());
		uint8_t *bytes = (uint8_t *)rte_pktmbuf_append(m, SLIM_FRAME_MAX_SIZE);

		slim_frame_build(bytes, 0, &content);
		assert_int_equal(rte_ring_enqueue(rx[p][0], m), 0);
	}
	run_with_slimd(2);
	assert_int_equal(atomic_load(&nf.info->ports[0].probed), 0);
	assert_int_equal(atomic_load(&nf.info->ports[1].probed), 1);
	for (uint32_t w = 0; w < N_WORKERS; w++)
		wrong += atomic_load(&nf.info->workers[w].counters.wrong_port);
	assert_int_equal(wrong, 1);
	assert_int_equal(n_served, 0);
}

/* Killed by: a start that believes the configuration. */
static void
ports_with_too_few_queues_are_refused(void **state)
{
	static const struct {
		uint16_t n_rx, n_tx, wanted_rx;
		int result;
	} cases[] = {{2, 1, 2, -ENODEV}, {1, 2, 2, -ENODEV}, {1, 2, 1, 0}};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct rte_ring *in[N_WORKERS], *out[N_WORKERS];
		struct slim_port_config port = {
			.name = "port",
			.port_id = new_port(in, out, cases[i].n_rx, cases[i].n_tx),
			.n_rx_queues = cases[i].wanted_rx};
		struct slim_agent_config config = config_of(&port, 1);

		config.name = "queues";
		assert_int_equal(start_agent(&config), cases[i].result);
		slim_agent_destroy(agent);
		rte_eth_dev_stop(port.port_id);
		rte_eth_dev_close(port.port_id);
	}
	agent = NULL;
}

/* ---- drains --------------------------------------------------------------------------------- */

#define REDIRECTED 300u

static void
put_packet(uint32_t worker, uint16_t vid)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(harness_pool());
	uint8_t *bytes = (uint8_t *)rte_pktmbuf_append(m, 64);

	memset(bytes, 0, 64);
	if (vid != 0) {
		bytes[12] = SLIM_FRAME_TPID >> 8;
		bytes[14] = (uint8_t)(vid >> 8);
		bytes[15] = (uint8_t)vid;
	}
	bytes[vid != 0 ? 16 : 12] = 8; /* IPv4 */
	assert_int_equal(rte_ring_enqueue(rx[0][worker], m), 0);
}

static void
put_copy(uint32_t worker, uint32_t round)
{
	struct slim_frame_content content = {.type = SLIM_FRAME_FLUSH_COPY,
					     .n_workers = 1,
					     .round = round,
					     .session = 7,
					     .nonce = 9};
	struct rte_mbuf *m = rte_pktmbuf_alloc(harness_pool());

	slim_frame_build((uint8_t *)rte_pktmbuf_append(m, SLIM_FRAME_MAX_SIZE), 4000, &content);
	assert_int_equal(rte_ring_enqueue(rx[0][worker], m), 0);
}

static void
serve(void)
{
	struct gate_command c = {
		.session = 7, .nonce = 9, .watch = true, .peer_workers = 1, .vids = {4000, 4001}};

	c.mode = SLIM_GATE_RECEIVE;
	gate_command(&gate, &c);
	run(2);
	c.mode = SLIM_GATE_SERVE;
	gate_command(&gate, &c);
	run(2);
	assert_true(gate_poll(&gate));
	for (uint32_t w = 0; w < N_WORKERS; w++) {
		harness_vector_port(port_ids[w], rx[w]);
		/* Packets show at once here: else their time would hide what is tested. */
		for (uint32_t p = 0; p < N_PORTS; p++)
			agent->workers[w]->ports[p].many_queues = false;
	}
}

/* A direct packet at worker 1 may be younger than what came over the redirect path to worker 0. The receive calls
 * round down what they are asked for, and a direct packet among 32 leaves room for less than four.
 * Killed by: a drain that asks for as many as the NF has room for. */
static void
nothing_is_released_before_the_queues_are_drained(void **state)
{
	uint32_t before;

	(void)state;
	serve();
	put_packet(1, 0);
	run(2);
	put_copy(0, 1);
	for (uint32_t i = 0; i < REDIRECTED; i++)
		put_packet(0, i % 32 == 10 ? 0 : 4000);
	for (int i = 0; i < 100 && rte_ring_count(rx[0][0]) >= 4; i++) {
		before = n_served;
		run(1);
		/* One burst of redirected packets at most, and not the direct one. */
		assert_true(n_served - before <= 32);
		assert_int_equal(atomic_load(&nf.info->workers[1].counters.released), 0);
	}
	for (uint32_t i = 0; i < 4; i++)
		put_packet(0, 4000); /* lets go of what the driver kept back */
	run(20);
	assert_int_equal(atomic_load(&nf.info->workers[1].counters.released), 1);
	assert_true(n_served >= REDIRECTED / 32 * 31);
}

/* ---- live words ----------------------------------------------------------------------------- */

/* Killed by: a word that is looked at only when a command comes. */
static void
workers_stay_awake_until_the_time_that_slimd_says(void **state)
{
	struct slim_worker *w = slim_agent_worker(agent, 0);

	(void)state;
	run_with_slimd(40);
	assert_int_equal(slim_worker_poll(w), SLIM_POLL_SERVES);
	gate_set_awake_until(&nf, now_ns + 1000000);
	run_with_slimd(AGENT_BEAT_POLLS);
	assert_int_equal(slim_worker_poll(w), SLIM_POLL_SERVES | SLIM_POLL_MORE);
	begin_hold();
	run_with_slimd(1);
	assert_int_equal(slim_worker_poll(w), SLIM_POLL_MORE);
	end_hold();
	run_with_slimd(1000000 / ROUND_NS + AGENT_BEAT_POLLS);
	assert_int_equal(slim_worker_poll(w), SLIM_POLL_SERVES);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_port_that_takes_nothing_does_not_keep_the_hold),
		TEST(an_nf_that_is_never_idle_does_not_keep_the_hold),
		TEST(a_stuck_worker_stops_nobody),
		TEST(an_idle_hold_word_ends_a_hold_by_itself),
		TEST(only_the_newest_command_is_carried_out),
		TEST(a_successor_of_a_dead_slimd_waits_for_nobody),
		TEST(a_hold_that_was_half_undone_ends),
		TEST(a_command_that_was_not_finished_is_no_command),
		TEST(marks_go_out_when_no_packet_buffer_is_left),
		TEST(an_answer_on_the_wrong_port_is_none),
		cmocka_unit_test(ports_with_too_few_queues_are_refused),
		TEST(nothing_is_released_before_the_queues_are_drained),
		TEST(workers_stay_awake_until_the_time_that_slimd_says),
	};

	harness_start_eal();
	return cmocka_run_group_tests_name("stuck", tests, NULL, NULL);
}
