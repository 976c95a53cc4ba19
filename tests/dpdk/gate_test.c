/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate: whole moves in a world of two agents and a lagging switch, and each way
 * out of one. Repeatable: one actor at a time, in an order drawn from a seed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent.h"
#include "world.h"

static struct world world __attribute__((aligned(64)));

static const struct world_config usual = {
	.seed = 1,
	.n_workers = {2, 3},
	.n_rx_queues = {2, 3},
	.n_packets = 40000,
	.hold_capacity = 8192, /* more than WORLD_WINDOW */
	.delay = {60, 5},
	.redirect_delay = 40,
	.lag_steps = 1500,
	.frame_loss = 20,
	.hold_limit_ns = UINT64_C(60000000000),
};

static void
print_result(const char *what, const struct world *w)
{
	const struct world_nf *s = &w->nfs[WORLD_SOURCE], *t = &w->nfs[WORLD_TARGET];

	print_message("# %s, seed %llu: sent %u received %u reordered %u at-nf %u held %llu "
		      "redirected %llu queued %llu rounds %llu resent %llu overflow %llu\n",
		      what, (unsigned long long)w->config.seed, atomic_load(&w->sent),
		      atomic_load(&w->received), atomic_load(&w->reordered),
		      atomic_load(&s->disordered) + atomic_load(&t->disordered),
		      (unsigned long long)WORLD_COUNTER(s, held),
		      (unsigned long long)WORLD_COUNTER(s, redirected),
		      (unsigned long long)WORLD_COUNTER(t, queued),
		      (unsigned long long)WORLD_COUNTER(t, rounds),
		      (unsigned long long)WORLD_COUNTER(t, round_resend),
		      (unsigned long long)(WORLD_COUNTER(s, hold_overflow) +
					   WORLD_COUNTER(t, queue_overflow)));
}

/* What goes wrong in a run: packets lost, out of order at the perimeter or inside. */
static uint32_t
count_wrongs(const struct world *w)
{
	return atomic_load(&w->sent) - atomic_load(&w->received) + atomic_load(&w->reordered) +
	       atomic_load(&w->nfs[WORLD_SOURCE].disordered) +
	       atomic_load(&w->nfs[WORLD_TARGET].disordered) + atomic_load(&w->tagged_out) +
	       atomic_load(&w->switch_drops);
}

/* Packets flow all the time, and for a while after. */
static void
finish_move(const char *what)
{
	world.config.n_packets = UINT32_MAX;
	world_send_until(&world, 5000);
	world_move(&world);
	world.config.n_packets = atomic_load(&world.sent) + 5000;
	world_send_until(&world, world.config.n_packets);
	world_drain(&world);
	print_result(what, &world);
}

static void
run_move(const char *what, const struct world_config *config)
{
	world_start(&world, config);
	finish_move(what);
}

static void
check_perfect(const struct world *w)
{
	const struct world_nf *s = &w->nfs[WORLD_SOURCE], *t = &w->nfs[WORLD_TARGET];

	assert_int_equal(count_wrongs(w), 0);
	assert_int_equal(atomic_load(&w->sent), w->config.n_packets);
	assert_int_equal(atomic_load(&s->refused) + atomic_load(&t->refused), 0);
	assert_true(WORLD_COUNTER(s, held) > 0);
	assert_true(WORLD_COUNTER(s, redirected) >= WORLD_COUNTER(s, held));
	assert_int_equal(WORLD_COUNTER(s, redirected), WORLD_COUNTER(t, redirect_received));
	assert_int_equal(WORLD_COUNTER(t, queued), WORLD_COUNTER(t, released));
	assert_int_equal(WORLD_COUNTER(s, hold_overflow) + WORLD_COUNTER(t, queue_overflow), 0);
	assert_int_equal(WORLD_COUNTER(t, install_bad) + WORLD_COUNTER(t, install_full), 0);
	assert_int_equal(world_used(s), 0); /* wiped */
	for (uint32_t p = 0; p < WORLD_PORTS; p++)
		assert_int_equal(atomic_load(&t->shm.info->ports[p].pending), 0);
}

/* A different world for every seed. */
static struct world_config
draw_config(uint64_t seed)
{
	struct harness_random r = {.state = seed * 977};
	struct world_config config = usual;

	config.seed = seed;
	for (uint32_t nf = 0; nf < WORLD_NFS; nf++) {
		config.n_workers[nf] = 1 + harness_below(&r, 4);
		config.n_rx_queues[nf] = 1 + harness_below(&r, config.n_workers[nf]);
		config.delay[nf] = harness_below(&r, 200);
	}
	config.redirect_delay = harness_below(&r, 150);
	config.lag_steps = harness_below(&r, 8) == 0 ? 20000 : harness_below(&r, 3000);
	config.frame_loss = harness_below(&r, 100);
	config.slowness = harness_below(&r, 2) == 0 ? 0 : harness_below(&r, 60);
	return config;
}

/* SLIM_SEEDS=N tries more of them, SLIM_SEED=N one. */
static void
moves_without_loss_in_order(void **state)
{
	const char *n = getenv("SLIM_SEEDS"), *one = getenv("SLIM_SEED");
	uint64_t first = one != NULL ? strtoull(one, NULL, 10) : 1;
	uint64_t last = one != NULL ? first : n != NULL ? strtoull(n, NULL, 10) : 20;

	(void)state;
	for (uint64_t seed = first; seed <= last; seed++) {
		struct world_config config = draw_config(seed);

		run_move("move", &config);
		check_perfect(&world);
		world_end(&world);
	}
}

/* ---- packets that the NF gives back ---------------------------------------------------- */

/* What waits inside the NF when the hold begins moves like what arrives in it, and in order. Killed by: a
 * return that drops, that does nothing, or that stands behind what was received after it. */
static void
what_the_nf_kept_moves_with_the_rest(void **state)
{
	uint32_t returned = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 8; seed++) {
		struct world_config config = draw_config(seed);

		config.keep = true;
		run_move("move, kept packets", &config);
		check_perfect(&world);
		returned += atomic_load(&world.nfs[WORLD_SOURCE].returned);
		assert_int_equal(atomic_load(&world.nfs[WORLD_TARGET].returned), 0);
		world_end(&world);
	}
	assert_true(returned > 0);
}

static void
what_the_nf_kept_comes_again_after_an_abort(void **state)
{
	struct world_nf *s = &world.nfs[WORLD_SOURCE];
	struct world_config config = usual;

	(void)state;
	config.keep = true;
	world_start(&world, &config);
	world_send_until(&world, 5000);
	world_prepare(&world);
	world_copy(&world);
	world_hold(&world);
	assert_true(atomic_load(&s->returned) > 0);
	world_set_hold_word(&world, SLIM_HOLD_IDLE);
	world_command_wait(&world, WORLD_SOURCE, SLIM_GATE_PASS, 0);
	world.command[WORLD_TARGET].wipe = 1;
	world_command_wait(&world, WORLD_TARGET, SLIM_GATE_CLOSED, 0);
	world_send_until(&world, config.n_packets);
	world_drain(&world);
	print_result("abort, kept packets", &world);
	assert_int_equal(count_wrongs(&world), 0);
	assert_int_equal(WORLD_COUNTER(s, resumed), WORLD_COUNTER(s, held));
	world_end(&world);
}

/* By mode: who serves keeps its packets, who has handed over sends them on, a standby drops them. */
static void
packets_are_given_back_by_mode(void **state)
{
	struct world_nf *s = &world.nfs[WORLD_SOURCE], *t = &world.nfs[WORLD_TARGET];
	struct rte_mbuf *m = rte_pktmbuf_alloc(harness_pool());

	(void)state;
	world_start(&world, &usual);
	world_send_until(&world, 1000);
	assert_int_equal(slim_return(s->workers[0], 0, &m, 1), 0);
	assert_int_equal(slim_return(s->workers[0], WORLD_PORTS, &m, 1), 0);
	assert_int_equal(slim_return(t->workers[0], 0, &m, 1), 1);
	assert_int_equal(WORLD_COUNTER(t, closed_drop), 1);
	world_prepare(&world);
	world_copy(&world);
	world_hold(&world);
	world_hand_over(&world);
	m = rte_pktmbuf_alloc(harness_pool());
	memset(rte_pktmbuf_append(m, 60), 0, 60);
	assert_int_equal(slim_return(t->workers[0], 0, &m, 1), 0);
	/* Not one of the perimeter's: the target's NF says so when it comes there. */
	assert_int_equal(slim_return(s->workers[0], 0, &m, 1), 1);
	WORLD_WAIT(&world, atomic_load(&t->refused) == 1);
	world_end(&world);
}

/* Ports in a VLAN: the redirect tag stands outside of theirs, and every packet has its own one again at the
 * target, also what the source gave back. Killed by: taking the wrong tag off. */
static void
tagged_ports_move(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct world_config config = draw_config(seed);

		config.tagged = true;
		config.keep = seed % 2 == 0;
		run_move("move, tagged ports", &config);
		check_perfect(&world);
		world_end(&world);
	}
}

/* Takes away the time that packets written back late are given, which would hide what is tested. */
static void
shows_packets_at_once(struct world_nf *nf)
{
	for (uint32_t i = 0; i < nf->n_workers; i++) {
		for (uint32_t p = 0; p < WORLD_PORTS; p++)
			nf->agent->workers[i]->ports[p].many_queues = false;
	}
}

/* The target's receive calls round down what they are asked for, and its workers are slow, so that they find more
 * than fits into one burst of the NF. Killed by: a drain that asks for what the NF has room for. */
static void
vector_receive_keeps_the_order(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct harness_random r = {.state = seed * 31};
		struct world_config config = usual;

		config.seed = seed;
		config.delay[WORLD_SOURCE] = harness_below(&r, 100);
		config.delay[WORLD_TARGET] = harness_below(&r, 30);
		config.redirect_delay = harness_below(&r, 100);
		config.lag_steps = 500 + harness_below(&r, 3000);
		config.frame_loss = 0;
		config.hold_capacity = 16384;
		config.vector = true;
		world_start(&world, &config);
		for (uint32_t i = 0; i < 3; i++)
			world.slowness[2 + i] = 1 + harness_below(&r, i == 0 ? 3 : 10);
		shows_packets_at_once(&world.nfs[WORLD_TARGET]);
		finish_move("move, vector receive");
		check_perfect(&world);
		world_end(&world);
	}
}

/* ---- a source that dies after the hand-over ---------------------------------------------- */

/* Until it redirects nothing any more, and has nothing in its hands. */
static void
steer_away(const struct world_config *config)
{
	world_start(&world, config);
	world_send_until(&world, 5000);
	world_prepare(&world);
	world_copy(&world);
	world_hold(&world);
	world_hand_over(&world);
	world_steer(&world);
	world.slowness[0] = world.slowness[1] =
		UINT32_MAX; /* the source's workers never run again */
}

/* Time goes by faster than the workers run. */
static void
run_for(uint64_t ns, uint32_t step_ns)
{
	for (uint64_t end = world.now_ns + ns; world.now_ns < end; world.now_ns += step_ns)
		world_pump(&world);
}

static uint32_t
n_pending(const struct world_nf *nf)
{
	return atomic_load(&nf->shm.info->ports[0].pending) +
	       atomic_load(&nf->shm.info->ports[1].pending);
}

static uint64_t
longest_wait(const struct world_nf *nf)
{
	uint64_t longest = 0;

	for (uint32_t i = 0; i < nf->n_workers; i++) {
		uint64_t ns = nf->shm.info->workers[i].flush_wait.max_ns;

		longest = ns > longest ? ns : longest;
	}
	return longest;
}

/* The time after which a source counts as gone is spent once. Killed by: a round that forgets what the one
 * before found out. */
static void
a_dead_source_costs_its_time_once(void **state)
{
	struct world_nf *t = &world.nfs[WORLD_TARGET];
	struct world_config config = usual;
	uint64_t rounds;

	(void)state;
	config.n_packets = UINT32_MAX;
	config.frame_loss = 0;
	steer_away(&config);
	WORLD_WAIT(&world, n_pending(t) != 0);
	atomic_store(&world.quiet, 1);
	run_for(SLIM_FLUSH_GIVE_UP_NS + 100000000, 20000);
	assert_true(WORLD_COUNTER(t, round_gave_up) > 0);
	rounds = WORLD_COUNTER(t, rounds);
	atomic_store(&world.quiet, 0);
	world.config.n_packets = atomic_load(&world.sent) + 20000;
	world_send_until(&world, world.config.n_packets);
	world_drain(&world);
	print_result("source dead, given up", &world);
	assert_int_equal(count_wrongs(&world), 0);
	/* Many rounds, and none of them waited. */
	assert_true(WORLD_COUNTER(t, rounds) > rounds + 10);
	assert_true(longest_wait(t) < SLIM_FLUSH_GIVE_UP_NS + SLIM_FLUSH_GIVE_UP_NS / 2);
	world_end(&world);
}

/* The old path is proven empty: what waits goes in order, what comes then does not wait, and nobody asks the source.
 * Killed by: a word that nobody reads; what comes directly before what waits. */
static void
a_quiet_path_needs_no_rounds(void **state)
{
	struct world_nf *t = &world.nfs[WORLD_TARGET];
	struct world_config config = usual;
	uint64_t rounds, queued;

	(void)state;
	config.n_packets = UINT32_MAX;
	config.frame_loss = 0;
	steer_away(&config);
	WORLD_WAIT(&world, n_pending(t) != 0);
	atomic_store(&t->shm.control->gate.path_quiet, 1);
	WORLD_WAIT(&world, n_pending(t) == 0);
	run_for(SLIM_FLUSH_GIVE_UP_NS / 100, 20000);
	rounds = WORLD_COUNTER(t, rounds);
	queued = WORLD_COUNTER(t, queued);
	world.config.n_packets = atomic_load(&world.sent) + 20000;
	world_send_until(&world, world.config.n_packets);
	world_drain(&world);
	print_result("the path is quiet", &world);
	assert_int_equal(count_wrongs(&world), 0);
	assert_int_equal(WORLD_COUNTER(t, queued), queued);
	assert_in_range(WORLD_COUNTER(t, rounds), rounds, rounds + 4); /* of what waited before */
	world_end(&world);
}

/* slimd has seen the death: the order is kept, and nobody waits longer than that takes. Killed by: a word that nobody reads. */
static void
a_source_that_slimd_knows_dead_costs_little(void **state)
{
	struct world_nf *t = &world.nfs[WORLD_TARGET];
	struct world_config config = usual;

	(void)state;
	config.n_packets = UINT32_MAX;
	config.frame_loss = 0;
	steer_away(&config);
	atomic_store(&t->shm.control->gate.source_gone, 1);
	run_for(SLIM_FLUSH_IN_FLIGHT_NS + 1000000, 20000);
	world.config.n_packets = atomic_load(&world.sent) + 20000;
	world_send_until(&world, world.config.n_packets);
	world_drain(&world);
	print_result("source dead, and slimd knows", &world);
	assert_int_equal(count_wrongs(&world), 0);
	assert_true(WORLD_COUNTER(t, round_without_source) > 10);
	assert_int_equal(WORLD_COUNTER(t, round_gave_up), 0);
	assert_true(longest_wait(t) < SLIM_FLUSH_IN_FLIGHT_NS + 20000000);
	world_end(&world);
}

/* ---- negative controls: one mechanism off, and the ledger must say so --------------- */

static void
run_control(const char *what, uint32_t fault)
{
	struct world_config config = usual;

	config.fault = fault;
	config.frame_loss = 0;
	run_move(what, &config);
	assert_int_equal(atomic_load(&world.tagged_out) + atomic_load(&world.switch_drops), 0);
}

static uint32_t
count_overtaken(void)
{
	return atomic_load(&world.overtaken) + atomic_load(&world.nfs[WORLD_SOURCE].overtaken) +
	       atomic_load(&world.nfs[WORLD_TARGET].overtaken);
}

/* It loses, by what the gate of the source dropped and by nothing else; what comes through is in order. */
static void
run_control_that_loses(const char *what, uint32_t fault)
{
	uint32_t lost;

	run_control(what, fault);
	lost = atomic_load(&world.sent) - atomic_load(&world.received);
	assert_true(lost > 0);
	assert_int_equal(lost, WORLD_COUNTER(&world.nfs[WORLD_SOURCE], closed_drop));
	assert_int_equal(count_overtaken(), 0);
	world_end(&world);
}

/* It reorders, and loses nothing. */
static void
run_control_that_reorders(const char *what, uint32_t fault)
{
	run_control(what, fault);
	assert_int_equal(atomic_load(&world.sent), atomic_load(&world.received));
	assert_true(count_overtaken() > 0);
	world_end(&world);
}

static void
control_no_hold_loses(void **state)
{
	(void)state;
	run_control_that_loses("negative control, no hold", SLIM_FAULT_NO_HOLD);
}

static void
control_no_flush_round_reorders(void **state)
{
	(void)state;
	run_control_that_reorders("negative control, no flush round", SLIM_FAULT_NO_FLUSH_ROUND);
}

static void
control_no_redirect_loses(void **state)
{
	(void)state;
	run_control_that_loses("negative control, no redirect", SLIM_FAULT_NO_REDIRECT);
}

/* ---- ways out ------------------------------------------------------------------------- */

static void
resumes_in_order_after_an_abort(void **state)
{
	struct world_nf *s = &world.nfs[WORLD_SOURCE], *t = &world.nfs[WORLD_TARGET];

	(void)state;
	world_start(&world, &usual);
	world_send_until(&world, 5000);
	world_prepare(&world);
	world_copy(&world);
	world_hold(&world);
	for (int i = 0; i < 2000; i++)
		world_pump(&world);
	assert_true(WORLD_COUNTER(s, held) > 0);
	world_set_hold_word(&world, SLIM_HOLD_IDLE);
	world_command_wait(&world, WORLD_SOURCE, SLIM_GATE_PASS, 0);
	world.command[WORLD_TARGET].wipe = 1;
	world_command_wait(&world, WORLD_TARGET, SLIM_GATE_CLOSED, 0);
	world_send_until(&world, usual.n_packets);
	world_drain(&world);
	print_result("abort in the hold", &world);
	assert_int_equal(count_wrongs(&world), 0);
	assert_int_equal(WORLD_COUNTER(s, resumed), WORLD_COUNTER(s, held));
	assert_int_equal(WORLD_COUNTER(s, redirected), 0);
	assert_int_equal(world_used(t), 0);
	assert_true(WORLD_COUNTER(t, removed) > 0);
	world_end(&world);
}

static void
resumes_by_itself_when_slimd_is_silent(void **state)
{
	struct world_config config = usual;
	struct world_nf *s = &world.nfs[WORLD_SOURCE];

	(void)state;
	config.hold_limit_ns = 5000000;
	world_start(&world, &config);
	world_send_until(&world, 5000);
	world_prepare(&world);
	world_copy(&world);
	world_hold(&world);
	/* While slimd lives the hold goes on, however long. */
	for (uint64_t end = harness_now_ns() + 4 * config.hold_limit_ns; harness_now_ns() < end;) {
		world_pump(&world);
	}
	assert_int_equal(world_hold_word(&world), SLIM_HOLD_HOLDING);
	world.slimd_silent = true;
	WORLD_WAIT(&world, world_hold_word(&world) == SLIM_HOLD_RESUMED);
	world_send_until(&world, config.n_packets);
	world_drain(&world);
	print_result("slimd silent in the hold", &world);
	assert_int_equal(count_wrongs(&world), 0);
	assert_int_equal(WORLD_COUNTER(s, self_resume), 1);
	assert_int_equal(WORLD_COUNTER(s, resumed), WORLD_COUNTER(s, held));
	world_end(&world);
}

static void
waits_for_taken_once_end_was_sent(void **state)
{
	struct world_config config = usual;
	struct world_nf *s = &world.nfs[WORLD_SOURCE];

	(void)state;
	config.hold_limit_ns = 2000000;
	world_start(&world, &config);
	world_send_until(&world, 5000);
	world_prepare(&world);
	world_copy(&world);
	world_hold(&world);
	world_send_end(&world);
	world.slimd_silent = true;
	for (uint64_t end = harness_now_ns() + 5 * config.hold_limit_ns; harness_now_ns() < end;)
		world_pump(&world);
	assert_int_equal(world_hold_word(&world), SLIM_HOLD_END_SENT);
	assert_int_equal(WORLD_COUNTER(s, self_resume), 0);
	/* And a fenced hold does not take TAKEN any more. */
	world_set_hold_word(&world, SLIM_HOLD_FENCED);
	WORLD_WAIT(&world, harness_install_done(&world.nfs[WORLD_TARGET].shm));
	world_command_wait(&world, WORLD_TARGET, SLIM_GATE_SERVE, 0);
	for (int i = 0; i < 20000; i++)
		world_pump(&world);
	assert_int_equal(world_hold_word(&world), SLIM_HOLD_FENCED);
	assert_int_equal(WORLD_COUNTER(s, redirected), 0);
	world.command[WORLD_TARGET].wipe = 1;
	world_command_wait(&world, WORLD_TARGET, SLIM_GATE_CLOSED, 0);
	world_command_wait(&world, WORLD_SOURCE, SLIM_GATE_PASS, 0);
	world_send_until(&world, config.n_packets);
	world_drain(&world);
	print_result("fenced", &world);
	assert_int_equal(count_wrongs(&world), 0);
	world_end(&world);
}

static void
counts_what_a_full_hold_drops(void **state)
{
	struct world_config config = usual;
	struct world_nf *s = &world.nfs[WORLD_SOURCE];

	(void)state;
	config.hold_capacity = 64;
	config.n_packets = UINT32_MAX;
	world_start(&world, &config);
	world_send_until(&world, 1000);
	world_prepare(&world);
	world_copy(&world);
	world_hold(&world);
	world.config.n_packets = atomic_load(&world.sent) + 3000;
	world_send_until(&world, world.config.n_packets);
	for (int i = 0; i < 20000; i++)
		world_pump(&world);
	world_set_hold_word(&world, SLIM_HOLD_IDLE);
	world_command_wait(&world, WORLD_SOURCE, SLIM_GATE_PASS, 0);
	world_drain(&world);
	print_result("hold too small", &world);
	assert_true(WORLD_COUNTER(s, hold_overflow) > 0);
	/* Lost, and counted: not one more, not one less. */
	assert_int_equal(atomic_load(&world.sent) - atomic_load(&world.received),
			 WORLD_COUNTER(s, hold_overflow));
	world_end(&world);
}

/* ---- the pace of what was held --------------------------------------------------------- */

/* Until the perimeter waits for what is held: far more than goes at once, in every queue. */
static void
hold_much(void)
{
	world_prepare(&world);
	world_copy(&world);
	world_hold(&world);
	WORLD_WAIT(&world, atomic_load(&world.sent) - atomic_load(&world.received) >= WORLD_WINDOW);
	for (int i = 0; i < 5000; i++)
		world_pump(&world);
	for (uint32_t i = 0; i < 2; i++) {
		for (uint32_t p = 0; p < WORLD_PORTS; p++)
			assert_true(
				slim_hold_count(
					&world.nfs[WORLD_SOURCE].agent->workers[i]->ports[p].hold) >
				4 * SLIM_PACE_FROM);
	}
}

static void
take_hold_back(void)
{
	world_set_hold_word(&world, SLIM_HOLD_IDLE);
	world_command_wait(&world, WORLD_SOURCE, SLIM_GATE_PASS, 0);
	world.command[WORLD_TARGET].wipe = 1;
	world_command_wait(&world, WORLD_TARGET, SLIM_GATE_CLOSED, 0);
	world.command[WORLD_TARGET].wipe = 0;
}

/* The target owns the buckets: what the source sends on in its first step. */
static void
check_first_step_of_redirect(void)
{
	const struct world_nf *s = &world.nfs[WORLD_SOURCE];

	world_send_end(&world);
	WORLD_WAIT(&world, harness_install_done(&world.nfs[WORLD_TARGET].shm));
	world_command(&world, WORLD_TARGET, SLIM_GATE_SERVE, 0);
	WORLD_WAIT(&world, WORLD_COUNTER(s, redirected) != 0);
	assert_true(WORLD_COUNTER(s, redirected) <= WORLD_PORTS * SLIM_RELEASE_BURST);
}

/* A hold that was taken back has gone, and time goes by: the next one does not go at once. Killed by: a pace
 * that outlives its queue. */
static void
a_later_hold_has_a_pace_of_its_own(void **state)
{
	struct world_config config = usual;

	(void)state;
	config.n_packets = UINT32_MAX;
	config.tx_ring_size = 2048; /* nothing but the pace holds back */
	world_start(&world, &config);
	world_send_until(&world, 5000);
	hold_much();
	take_hold_back();
	world.config.n_packets = atomic_load(&world.sent);
	world_drain(&world);
	assert_int_equal(count_wrongs(&world), 0);
	run_for(UINT64_C(1000000000), 20000);
	world.config.n_packets = UINT32_MAX;
	hold_much();
	check_first_step_of_redirect();
	world_end(&world);
}

static uint32_t
n_waiting(void)
{
	const struct slim_agent *agent = world.nfs[WORLD_SOURCE].agent;
	uint32_t n = 0;

	for (uint32_t i = 0; i < 2; i++) {
		for (uint32_t p = 0; p < WORLD_PORTS; p++)
			n += slim_hold_count(&agent->workers[i]->ports[p].hold);
	}
	return n;
}

/* The first hold is still being let go when the second begins, which is long: it does not go at once either.
 * Killed by: a pace that only an empty queue ends. */
static void
a_hold_that_follows_another_has_a_pace_of_its_own(void **state)
{
	struct world_config config = usual;

	(void)state;
	config.n_packets = UINT32_MAX;
	config.tx_ring_size = 2048;
	world_start(&world, &config);
	world_send_until(&world, 5000);
	hold_much();
	world_set_hold_word(&world, SLIM_HOLD_IDLE);
	world_command_wait(&world, WORLD_SOURCE, SLIM_GATE_PASS, 1);
	WORLD_WAIT(&world, n_waiting() < WORLD_WINDOW - 300);
	world_hold(&world);
	assert_true(n_waiting() > WORLD_WINDOW / 2);
	run_for(UINT64_C(1000000000), 20000);
	check_first_step_of_redirect();
	world_end(&world);
}

/* ---- small things ------------------------------------------------------------------------ */

static void
standby_drops_and_does_not_own(void **state)
{
	struct world_nf *t = &world.nfs[WORLD_TARGET];

	(void)state;
	world_start(&world, &usual);
	for (uint32_t b = 0; b < 256; b++) {
		for (uint32_t i = 0; i < 2; i++)
			assert_int_equal(slim_owns(world.nfs[WORLD_SOURCE].workers[i], (uint8_t)b),
					 b % 2 == i);
		assert_false(slim_owns(t->workers[0], (uint8_t)b));
	}
	atomic_store(&world.flip, 1); /* steered to an instance that is not active */
	world_send_until(&world, 5000);
	for (int i = 0; i < 30000; i++)
		world_pump(&world);
	assert_true(WORLD_COUNTER(t, closed_drop) > 0);
	assert_int_equal(atomic_load(&t->disordered) + world_used(t), 0);
	world_end(&world);
}

static void
purges_stale_receive_queues(void **state)
{
	struct world_nf *t = &world.nfs[WORLD_TARGET];
	uint64_t dropped;

	(void)state;
	world_start(&world, &usual);
	for (int i = 0; i < 100; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(harness_pool());

		memset(rte_pktmbuf_append(m, 60), 0, 60);
		assert_int_equal(rte_ring_enqueue(t->rx[0][i % 3], m), 0);
	}
	world_command(&world, WORLD_TARGET, SLIM_GATE_RECEIVE, 1);
	for (uint32_t i = 0; i < 3; i++)
		slim_worker_poll(t->workers[i]);
	dropped = WORLD_COUNTER(t, closed_drop);
	assert_int_equal(dropped, 100);
	world_end(&world);
}

static void
ignores_commands_without_sense(void **state)
{
	struct world_nf *s = &world.nfs[WORLD_SOURCE];
	uint32_t epoch;

	(void)state;
	world_start(&world, &usual);
	epoch = world_command(&world, WORLD_SOURCE, (enum slim_gate_mode)77, 0);
	world_send_until(&world, 5000);
	assert_false(harness_all_acked(&s->shm, epoch));
	world_command_wait(&world, WORLD_SOURCE, SLIM_GATE_PASS, 0);
	world_drain(&world);
	world_end(&world);
}

static bool
is_open(const struct world_nf *nf)
{
	for (uint32_t i = 0; i < nf->n_workers; i++)
		if (nf->workers[i]->open_ports != (1u << WORLD_PORTS) - 1u)
			return false;
	return true;
}

/* Killed by: a source that watches for ever, or not at all once it is probed. */
static void
a_source_watches_until_its_probes_are_answered(void **state)
{
	struct world_nf *s = &world.nfs[WORLD_SOURCE];

	(void)state;
	world_start(&world, &usual);
	assert_true(is_open(s));
	world_prepare(&world);
	assert_false(is_open(s));
	world_command_wait(&world, WORLD_SOURCE, SLIM_GATE_PASS, 1);
	assert_false(is_open(s));
	WORLD_WAIT(&world, is_open(s));
	world_copy(&world);
	world_hold(&world);
	assert_false(is_open(s));
	world_hand_over(&world);
	world_drain(&world);
	world_end(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves_without_loss_in_order),
		cmocka_unit_test(what_the_nf_kept_moves_with_the_rest),
		cmocka_unit_test(what_the_nf_kept_comes_again_after_an_abort),
		cmocka_unit_test(packets_are_given_back_by_mode),
		cmocka_unit_test(tagged_ports_move),
		cmocka_unit_test(vector_receive_keeps_the_order),
		cmocka_unit_test(a_dead_source_costs_its_time_once),
		cmocka_unit_test(a_quiet_path_needs_no_rounds),
		cmocka_unit_test(a_source_that_slimd_knows_dead_costs_little),
		cmocka_unit_test(control_no_hold_loses),
		cmocka_unit_test(control_no_flush_round_reorders),
		cmocka_unit_test(control_no_redirect_loses),
		cmocka_unit_test(resumes_in_order_after_an_abort),
		cmocka_unit_test(resumes_by_itself_when_slimd_is_silent),
		cmocka_unit_test(waits_for_taken_once_end_was_sent),
		cmocka_unit_test(counts_what_a_full_hold_drops),
		cmocka_unit_test(a_later_hold_has_a_pace_of_its_own),
		cmocka_unit_test(a_hold_that_follows_another_has_a_pace_of_its_own),
		cmocka_unit_test(standby_drops_and_does_not_own),
		cmocka_unit_test(purges_stale_receive_queues),
		cmocka_unit_test(ignores_commands_without_sense),
		cmocka_unit_test(a_source_watches_until_its_probes_are_answered),
	};

	harness_start_eal();
	return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
