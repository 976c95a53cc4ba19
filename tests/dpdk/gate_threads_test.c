/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same moves as in gate_test, but with every worker and the switch in a thread of its
 * own: for the order in memory between workers, and for TSan.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "world.h"

static struct world world __attribute__((aligned(64)));

static void
moves_with_workers_in_threads(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		const struct world_config config = {
			.seed = seed,
			.n_workers = {2, 3},
			.n_rx_queues = {2, 2},
			.n_packets = 20000,
			.hold_capacity = 8192,
			.delay = {60, 5},
			.redirect_delay = 40,
			.lag_steps = 500,
			.frame_loss = 20,
			.hold_limit_ns = UINT64_C(60000000000),
			.threads = true,
		};
		struct world_nf *s = &world.nfs[WORLD_SOURCE], *t = &world.nfs[WORLD_TARGET];

		world_start(&world, &config);
		world_send_until(&world, config.n_packets / 4);
		world_move(&world);
		world_send_until(&world, config.n_packets);
		world_drain(&world);
		print_message("# seed %llu: sent %u received %u reordered %u at-nf %u held %llu "
			      "redirected %llu queued %llu rounds %llu\n",
			      (unsigned long long)seed, atomic_load(&world.sent),
			      atomic_load(&world.received), atomic_load(&world.reordered),
			      atomic_load(&s->disordered) + atomic_load(&t->disordered),
			      (unsigned long long)WORLD_COUNTER(s, held),
			      (unsigned long long)WORLD_COUNTER(s, redirected),
			      (unsigned long long)WORLD_COUNTER(t, queued),
			      (unsigned long long)WORLD_COUNTER(t, rounds));
		assert_int_equal(atomic_load(&world.sent), atomic_load(&world.received));
		assert_int_equal(atomic_load(&world.reordered), 0);
		assert_int_equal(atomic_load(&s->disordered) + atomic_load(&t->disordered), 0);
		assert_int_equal(atomic_load(&world.tagged_out), 0);
		assert_int_equal(WORLD_COUNTER(t, queued), WORLD_COUNTER(t, released));
		assert_int_equal(world_used(s), 0);
		world_end(&world);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(moves_with_workers_in_threads)};

	harness_start_eal();
	return cmocka_run_group_tests_name("gate with threads", tests, NULL, NULL);
}
