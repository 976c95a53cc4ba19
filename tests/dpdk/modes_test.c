/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One mode of the gate after the other: what becomes of packets, of frames and of what the NF gives back, and
 * what a mode does by itself. One instance, one round after the other; nothing happens by chance. Whole moves
 * are in gate_test.c. For each row of the gate's table there is a test here that misses it (tests/mutations).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agent.h"
#include "tag.h"
#include "world.h"

#define ROUND_NS 2000u
#define N_WORKERS 2u /* the second has no receive queue and never asks for packets */
#define VID(port) (uint16_t)(4001 + (port))

static struct world world __attribute__((aligned(64)));
static struct world_nf *nf;
static uint32_t epoch;
static char served[128], sent[512]; /* what the NF got; what went out: a list of words each */

static void
start(uint32_t number)
{
	const struct world_config config = {
		.seed = 1,
		.n_workers = {N_WORKERS, N_WORKERS},
		.n_rx_queues = {1, 1},
		.hold_capacity = 256,
		.hold_limit_ns = UINT64_C(60000000000),
	};

	world_start(&world, &config);
	nf = &world.nfs[number];
	served[0] = sent[0] = '\0';
}

__attribute__((format(printf, 2, 3))) static void
note(char *list, const char *format, ...)
{
	size_t at = strlen(list), size = list == served ? sizeof(served) : sizeof(sent);
	va_list args;

	if (at > 0)
		at += (size_t)snprintf(list + at, size - at, " ");
	va_start(args, format);
	vsnprintf(list + at, size - at, format, args);
	va_end(args);
}

/* Checks a list, and begins a new one. */
static void
expect(char *list, const char *what)
{
	assert_string_equal(list, what);
	list[0] = '\0';
}

/* ---- packets and frames ---------------------------------------------------------------- */

#define AT_NUMBER 20u /* byte of a packet */

static struct rte_mbuf *
new_packet(uint8_t number)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(harness_pool());
	uint8_t *bytes = (uint8_t *)rte_pktmbuf_append(m, 60);

	memset(bytes, 0, 60);
	bytes[12] = 8; /* IPv4 */
	bytes[AT_NUMBER] = number;
	return m;
}

static void
put(uint32_t port, struct rte_mbuf *m)
{
	assert_int_equal(rte_ring_enqueue(nf->rx[port][0], m), 0);
}

static void
put_frame(uint32_t port, enum slim_frame_type type, uint32_t round)
{
	const struct slim_shm_command *c = &world.command[nf->number];
	struct slim_frame_content content = {.type = (uint8_t)type,
					     .port = (uint8_t)port,
					     .n_workers = N_WORKERS,
					     .round = round,
					     .session = c->session,
					     .nonce = c->nonce};
	struct rte_mbuf *m = rte_pktmbuf_alloc(harness_pool());
	uint16_t vid = slim_frame_is_tagged((uint8_t)type) ? VID(port) : 0;
	uint8_t *bytes = rte_pktmbuf_mtod(m, uint8_t *);

	m->pkt_len = m->data_len = (uint16_t)slim_frame_build(bytes, vid, &content);
	put(port, m);
}

static bool
is_tagged(const struct rte_mbuf *m, uint32_t port)
{
	const uint8_t *bytes = rte_pktmbuf_mtod(m, const uint8_t *);

	return bytes[12] == SLIM_FRAME_TPID >> 8 && bytes[13] == 0 &&
	       (bytes[14] << 8 | bytes[15]) == VID(port);
}

static void
note_sent(uint32_t port, uint32_t worker, const struct rte_mbuf *m)
{
	static const char *const names[] = {
		[SLIM_FRAME_PROBE] = "probe", [SLIM_FRAME_PROBE_ACK] = "answer",
		[SLIM_FRAME_MARK] = "mark",   [SLIM_FRAME_TAKEN] = "taken",
		[SLIM_FRAME_FLUSH] = "flush", [SLIM_FRAME_FLUSH_COPY] = "copy"};
	const uint8_t *bytes = rte_pktmbuf_mtod(m, const uint8_t *);
	bool tagged = is_tagged(m, port);
	struct slim_frame_content frame;

	if (slim_frame_parse(bytes, m->data_len, tagged, false, &frame))
		note(sent, "%u/%u:%s", port, worker, names[frame.type]);
	else
		note(sent, "%u/%u:%s%u", port, worker, tagged ? ">" : "",
		     bytes[AT_NUMBER + (tagged ? SLIM_FRAME_TAG_SIZE : 0)]);
}

static void
take_what_was_sent(void)
{
	void *m;

	for (uint32_t p = 0; p < WORLD_PORTS; p++) {
		for (uint32_t w = 0; w < N_WORKERS; w++) {
			while (rte_ring_dequeue(nf->tx[p][w], &m) == 0) {
				note_sent(p, w, m);
				rte_pktmbuf_free(m);
			}
		}
	}
}

/* ---- rounds of the NF's loop -------------------------------------------------------------- */

static void
receive(uint16_t port)
{
	struct rte_mbuf *pkts[32];
	uint16_t n = slim_rx_burst(nf->workers[0], port, pkts, 32);

	for (uint16_t i = 0; i < n; i++)
		note(served, "%u", rte_pktmbuf_mtod(pkts[i], const uint8_t *)[AT_NUMBER]);
	rte_pktmbuf_free_bulk(pkts, n);
}

static void
run(uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i++) {
		harness_set_time(world.now_ns += ROUND_NS);
		world_beat(&world);
		for (uint32_t w = 0; w < N_WORKERS; w++) {
			slim_worker_poll(nf->workers[w]);
			for (uint16_t p = 0; w == 0 && p < WORLD_PORTS; p++)
				receive(p);
			slim_commit(nf->workers[w], true);
		}
		take_what_was_sent();
	}
}

/* Between two rounds: what worker `w` has kept. */
static void
give_back(uint32_t w, uint8_t number)
{
	struct rte_mbuf *m = new_packet(number);

	assert_int_equal(slim_return(nf->workers[w], 0, &m, 1), 1);
}

static void
command(enum slim_gate_mode mode)
{
	epoch = world_command(&world, nf->number, mode, 1);
}

static bool
is_acknowledged(void)
{
	return harness_all_acked(&nf->shm, epoch);
}

static void
expect_mode(enum slim_gate_mode mode)
{
	for (uint32_t w = 0; w < N_WORKERS; w++)
		assert_int_equal(atomic_load(&nf->shm.info->workers[w].mode), mode);
}

static uint32_t
ports_marked(uint32_t port)
{
	return atomic_load(&nf->shm.info->ports[port].marks);
}

/* ---- PASS, CLOSED --------------------------------------------------------------------------- */

/* What slim_worker_poll() says of one mode after the other. Killed by: a hold, in which what a request
 * changes is in no delta any more, or a target that serves but refuses requests; a worker that is told
 * to rest while a session uses it. */
static void
says_what_its_mode_allows(void **state)
{
	static const uint32_t bits = SLIM_POLL_SERVES | SLIM_POLL_REST;
	static const struct {
		uint32_t mode, says;
	} source[] = {{SLIM_GATE_PASS, SLIM_POLL_SERVES},
		      {SLIM_GATE_HOLD, 0},
		      {SLIM_GATE_REDIRECT, 0}},
	  target[] = {{SLIM_GATE_CLOSED, 0},
		      {SLIM_GATE_RECEIVE, SLIM_POLL_REST},
		      {SLIM_GATE_SERVE, SLIM_POLL_SERVES},
		      {SLIM_GATE_PASS, SLIM_POLL_SERVES}};

	(void)state;
	start(WORLD_SOURCE);
	for (size_t i = 0; i < RTE_DIM(source); i++) {
		world_set_hold_word(&world, source[i].mode == SLIM_GATE_HOLD ? SLIM_HOLD_HOLDING
									     : SLIM_HOLD_IDLE);
		command(source[i].mode);
		assert_int_equal(slim_worker_poll(nf->workers[0]) & bits, source[i].says);
	}
	nf = &world.nfs[WORLD_TARGET];
	assert_int_equal(slim_worker_poll(nf->workers[0]) & bits,
			 SLIM_POLL_REST); /* nobody has commanded it yet */
	for (size_t i = 0; i < RTE_DIM(target); i++) {
		command(target[i].mode);
		assert_int_equal(slim_worker_poll(nf->workers[0]) & bits, target[i].says);
	}
	world_end(&world);
}

/* A source that sees none of its traffic any more may rest; what comes after all ends that. Killed by: a source that
 * rests with packets on their way, or never. */
static void
a_source_rests_when_nothing_comes(void **state)
{
	struct slim_worker *w;
	struct rte_mbuf *m;

	(void)state;
	start(WORLD_SOURCE);
	w = nf->workers[0];
	world_set_hold_word(&world, SLIM_HOLD_TAKEN);
	command(SLIM_GATE_REDIRECT);
	assert_int_equal(slim_worker_poll(w) & SLIM_POLL_REST, 0);
	harness_set_time(world.now_ns += AGENT_LULL_NS + 1);
	slim_worker_poll(w);
	assert_int_equal(slim_worker_poll(w) & SLIM_POLL_REST, SLIM_POLL_REST);
	put(0, new_packet(1));
	slim_rx_burst(w, 0, &m, 1);
	slim_worker_poll(w);
	assert_int_equal(slim_worker_poll(w) & SLIM_POLL_REST, 0);
	world_end(&world);
}

/* Killed by: an agent that takes what the NF must still serve. */
static void
who_serves_keeps_its_packets(void **state)
{
	static const enum slim_gate_mode modes[] = {SLIM_GATE_PASS, SLIM_GATE_SERVE};
	struct rte_mbuf *m = new_packet(1);

	(void)state;
	start(WORLD_TARGET);
	for (size_t i = 0; i < RTE_DIM(modes); i++) {
		command(modes[i]);
		run(2);
		assert_int_equal(slim_return(nf->workers[0], 0, &m, 1), 0);
	}
	rte_pktmbuf_free(m);
	world_end(&world);
}

/* Killed by: a source that asks nobody whether the redirect path is there: its move waits for the answer for ever. */
static void
a_source_probes_each_port(void **state)
{
	(void)state;
	start(WORLD_SOURCE);
	command(SLIM_GATE_PASS);
	put(0, new_packet(1));
	put(1, new_packet(2));
	run(2);
	assert_true(is_acknowledged());
	expect(sent, "0/0:probe 1/0:probe");
	expect(served, "1 2");
	put_frame(1, SLIM_FRAME_PROBE_ACK, 0);
	run(AGENT_PROBE_NS / ROUND_NS + 1);
	expect(sent, "0/0:probe"); /* the other one is known */
	world_end(&world);
}

/* Killed by: a standby that answers frames: a source would believe that somebody is there; one that keeps what
 * comes, and serves it late. */
static void
a_standby_drops_what_comes_and_says_nothing(void **state)
{
	(void)state;
	start(WORLD_TARGET);
	command(SLIM_GATE_CLOSED);
	run(1);
	assert_true(is_acknowledged());
	give_back(0, 1);
	put(0, new_packet(2));
	put_frame(0, SLIM_FRAME_PROBE, 0);
	put_frame(0, SLIM_FRAME_MARK, 0);
	run(3);
	assert_int_equal(rte_ring_count(nf->rx[0][0]), 0);
	assert_int_equal(ports_marked(0), 0);
	command(SLIM_GATE_PASS);
	run(3);
	expect(served, "");
	expect(sent, "");
	assert_int_equal(WORLD_COUNTER(nf, held) + WORLD_COUNTER(nf, queued), 0);
	assert_true(WORLD_COUNTER(nf, closed_drop) >= 2);
	world_end(&world);
}

/* Killed by: a hold that outlives its session, or comes out when the instance serves the next time. */
static void
closing_drops_what_was_kept(void **state)
{
	(void)state;
	start(WORLD_SOURCE);
	world_set_hold_word(&world, SLIM_HOLD_HOLDING);
	command(SLIM_GATE_HOLD);
	put(0, new_packet(1));
	run(10);
	assert_int_equal(WORLD_COUNTER(nf, held), 1);
	world_set_hold_word(&world, SLIM_HOLD_IDLE);
	command(SLIM_GATE_CLOSED);
	run(2);
	assert_true(is_acknowledged());
	assert_int_equal(WORLD_COUNTER(nf, closed_drop), 1);
	command(SLIM_GATE_PASS);
	run(2);
	expect(served, "");
	world_end(&world);
}

/* ---- HOLD, REDIRECT ------------------------------------------------------------------------- */

static void
hold(void)
{
	start(WORLD_SOURCE);
	world_set_hold_word(&world, SLIM_HOLD_HOLDING);
	command(SLIM_GATE_HOLD);
	run(1);
	give_back(0, 1);
	put(0, new_packet(2));
	put(0, new_packet(3));
	run(10);
	assert_true(is_acknowledged());
	expect_mode(SLIM_GATE_HOLD);
	expect(sent, "0/0:mark 0/1:mark 1/0:mark 1/1:mark");
	assert_int_equal(rte_ring_count(nf->rx[0][0]), 0);
	assert_int_equal(WORLD_COUNTER(nf, held), 3);
}

/* Killed by: packets that stay in the receive queue, where they are lost when it is full; what waited that is not counted
 * as such. */
static void
a_hold_that_is_undone_serves_all_in_order(void **state)
{
	uint64_t before;

	(void)state;
	hold();
	expect(served, "");
	before = world.now_ns;
	world_set_hold_word(&world, SLIM_HOLD_IDLE);
	put(0, new_packet(4));
	run(3);
	expect_mode(SLIM_GATE_PASS);
	expect(served, "1 2 3 4");
	assert_int_equal(WORLD_COUNTER(nf, redirected), 0);
	assert_int_equal(WORLD_COUNTER(nf, resumed), 3);
	for (uint32_t w = 0; w < N_WORKERS; w++)
		assert_int_equal(atomic_load(&nf->shm.info->workers[w].resumed_ns),
				 before + ROUND_NS);
	world_end(&world);
}

/* The frame reaches one worker; the others see the word. Killed by: a second owner, or none; a time that is told wrong. */
static void
who_hears_taken_sends_on_what_waited(void **state)
{
	uint64_t heard;

	(void)state;
	hold();
	world_send_end(&world);
	put_frame(1, SLIM_FRAME_TAKEN, 0);
	run(1);
	heard = world.now_ns;
	run(1);
	expect_mode(SLIM_GATE_REDIRECT);
	assert_int_equal(world_hold_word(&world), SLIM_HOLD_TAKEN);
	assert_int_equal(atomic_load(&nf->shm.info->taken_ns), heard);
	assert_int_equal(slim_worker_poll(nf->workers[0]) & SLIM_POLL_SERVES, 0);
	expect(sent, "0/0:>1 0/0:>2 0/0:>3");
	expect(served, "");
	world_end(&world);
}

static void
redirect(void)
{
	hold();
	world_set_hold_word(&world, SLIM_HOLD_TAKEN);
	command(SLIM_GATE_REDIRECT);
	run(2);
	assert_true(is_acknowledged());
	expect(sent, "0/0:>1 0/0:>2 0/0:>3");
}

/* Killed by: what comes later that is dropped, served, or left in the queue; what is given back that is, or that counts
 * as held. */
static void
what_comes_later_is_sent_on_too(void **state)
{
	(void)state;
	redirect();
	give_back(0, 4);
	put(0, new_packet(5));
	run(2);
	expect(sent, "0/0:>4 0/0:>5");
	expect(served, "");
	assert_int_equal(WORLD_COUNTER(nf, held), 3);
	assert_int_equal(WORLD_COUNTER(nf, redirected), 5);
	assert_int_equal(WORLD_COUNTER(nf, closed_drop), 0);
	world_end(&world);
}

/* A round ends when all have answered, also who has no receive queue of that port, and so never asks for its packets.
 * Killed by: sending only when something was received. */
static void
every_worker_answers_a_flush_call(void **state)
{
	(void)state;
	redirect();
	give_back(1, 4);
	put_frame(0, SLIM_FRAME_FLUSH, 1);
	run(3);
	expect(sent, "0/0:copy 0/1:>4 0/1:copy");
	world_end(&world);
}

/* ---- RECEIVE --------------------------------------------------------------------------------- */

static void
put_row(uint32_t flow)
{
	struct world_entry row = {.flow = flow};

	assert_true(harness_install(&nf->shm, flow % N_WORKERS, SLIM_INSTALL_PUT, 0, (uint8_t)flow,
				    flow, &row, sizeof(row)));
}

static void
prepare_target(void)
{
	start(WORLD_TARGET);
	command(SLIM_GATE_RECEIVE);
	run(1);
	assert_true(is_acknowledged());
	put_row(1);
	put_row(2);
	run(1);
	assert_int_equal(world_used(nf), 2);
	assert_int_equal(WORLD_COUNTER(nf, installed), 2);
}

/* Killed by: a target that serves before it owns; one that says nothing, so that no move begins; one that keeps for
 * later what comes. */
static void
a_target_in_preparation_answers_and_drops(void **state)
{
	(void)state;
	prepare_target();
	give_back(0, 1);
	put(0, new_packet(2));
	put_frame(0, SLIM_FRAME_PROBE, 0);
	put_frame(1, SLIM_FRAME_MARK, 0);
	run(2);
	expect(sent, "0/0:answer");
	assert_int_equal(ports_marked(1), 1);
	assert_int_equal(rte_ring_count(nf->rx[0][0]), 0);
	assert_int_equal(WORLD_COUNTER(nf, closed_drop), 2);
	assert_int_equal(WORLD_COUNTER(nf, held) + WORLD_COUNTER(nf, queued), 0);
	command(SLIM_GATE_PASS);
	run(2);
	expect(served, "");
	world_end(&world);
}

/* Killed by: marks that count for the next session; installs before the queues are empty. */
static void
a_preparation_begins_with_nothing(void **state)
{
	(void)state;
	prepare_target();
	put_frame(1, SLIM_FRAME_MARK, 0);
	run(1);
	assert_int_equal(ports_marked(1), 1);
	put(0, new_packet(1));
	command(SLIM_GATE_RECEIVE);
	slim_worker_poll(nf->workers[0]);
	assert_int_equal(ports_marked(1), 0);
	assert_int_equal(rte_ring_count(nf->rx[0][0]), 0);
	world_end(&world);
}

/* Killed by: an end that is acknowledged while entries, or packets, of the session are still there. */
static void
a_target_that_is_closed_keeps_nothing(void **state)
{
	(void)state;
	prepare_target();
	command(SLIM_GATE_SERVE);
	put(0, new_packet(1)); /* waits for a round */
	run(2);
	assert_int_equal(atomic_load(&nf->shm.info->ports[0].pending), 1);
	world.command[WORLD_TARGET].wipe = 1;
	command(SLIM_GATE_CLOSED);
	run(5);
	assert_true(is_acknowledged());
	assert_int_equal(world_used(nf), 0);
	assert_int_equal(WORLD_COUNTER(nf, removed), 2);
	assert_int_equal(atomic_load(&nf->shm.info->ports[0].pending), 0);
	command(SLIM_GATE_PASS);
	run(2);
	expect(served, "");
	world_end(&world);
}

/* Redirected packets that the NF had no room for, in a queue that was never used: the hold has them, in front of
 * what comes in it. Killed by: positions that begin at 0, where nothing has room in front. */
static void
a_hold_takes_over_what_the_nf_had_no_room_for(void **state)
{
	(void)state;
	start(WORLD_TARGET);
	command(SLIM_GATE_SERVE);
	for (uint8_t i = 1; i <= 34; i++) {
		struct rte_mbuf *m = new_packet(i);

		assert_true(slim_tag_push(harness_pool(), &m, VID(0)));
		put(0, m);
	}
	run(1);
	assert_int_equal(WORLD_COUNTER(nf, redirect_received), 34);
	served[0] = '\0'; /* as many as an NF asks for in a burst */
	atomic_store(&nf->shm.control->gate.hold_word, SLIM_HOLD_HOLDING);
	command(SLIM_GATE_HOLD);
	put(0, new_packet(35));
	run(1);
	expect(served, "");
	atomic_store(&nf->shm.control->gate.hold_word, SLIM_HOLD_IDLE);
	run(2);
	expect(served, "33 34 35");
	assert_int_equal(WORLD_COUNTER(nf, hold_overflow), 0);
	world_end(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_its_mode_allows),
		cmocka_unit_test(a_source_rests_when_nothing_comes),
		cmocka_unit_test(who_serves_keeps_its_packets),
		cmocka_unit_test(a_source_probes_each_port),
		cmocka_unit_test(a_standby_drops_what_comes_and_says_nothing),
		cmocka_unit_test(closing_drops_what_was_kept),
		cmocka_unit_test(a_hold_that_is_undone_serves_all_in_order),
		cmocka_unit_test(who_hears_taken_sends_on_what_waited),
		cmocka_unit_test(what_comes_later_is_sent_on_too),
		cmocka_unit_test(every_worker_answers_a_flush_call),
		cmocka_unit_test(a_target_in_preparation_answers_and_drops),
		cmocka_unit_test(a_preparation_begins_with_nothing),
		cmocka_unit_test(a_target_that_is_closed_keeps_nothing),
		cmocka_unit_test(a_hold_takes_over_what_the_nf_had_no_room_for),
	};

	harness_start_eal();
	return cmocka_run_group_tests_name("modes", tests, NULL, NULL);
}
