/* SPDX-License-Identifier: Apache-2.0 */
/* The end of an agent whose frames are still in the hands of devices: a transmit queue gives back what it has sent
 * when it likes, at the latest when its port is closed. And a begin that is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "agent.h"
#include "world.h"

static struct world world __attribute__((aligned(64)));

static const struct world_config config = {
	.seed = 1,
	.n_workers = {1, 1},
	.n_rx_queues = {1, 1},
	.hold_capacity = 256,
	.hold_limit_ns = UINT64_C(60000000000),
};

/* What the transmit queues of the source keep: a probe on each port. */
struct kept {
	struct rte_mbuf *frames[WORLD_PORTS];
	struct rte_mempool *pool;
	char name[RTE_MEMPOOL_NAMESIZE];
};

static void
destroy(struct world_nf *nf)
{
	slim_agent_destroy(nf->agent);
	nf->agent = NULL;
}

/* The agent has sent, and is no more; the frames are kept. */
static void
keep_frames(struct kept *kept)
{
	struct world_nf *s = &world.nfs[WORLD_SOURCE];

	world_command(&world, WORLD_SOURCE, SLIM_GATE_PASS, 0);
	slim_worker_poll(s->workers[0]);
	for (uint32_t p = 0; p < WORLD_PORTS; p++)
		assert_int_equal(rte_ring_dequeue(s->tx[p][0], (void **)&kept->frames[p]), 0);
	kept->pool = kept->frames[0]->pool;
	assert_ptr_not_equal(kept->pool, harness_pool());
	strcpy(kept->name, kept->pool->name);
	destroy(s);
}

static void
give_back(struct kept *kept)
{
	/* Its memory is that of the frames. */
	assert_ptr_equal(rte_mempool_lookup(kept->name), kept->pool);
	rte_pktmbuf_free_bulk(kept->frames, WORLD_PORTS);
	assert_true(rte_mempool_full(kept->pool));
}

/* Killed by: a pool that is freed whatever is out of it; one that is never freed. */
static void
frames_that_a_device_has_outlive_the_agent(void **state)
{
	struct kept kept;

	(void)state;
	world_start(&world, &config);
	keep_frames(&kept);
	give_back(&kept);
	destroy(&world.nfs[WORLD_TARGET]); /* the next end of an agent takes the pool along */
	assert_null(rte_mempool_lookup(kept.name));
	world_end(&world);
}

/* Killed by: a start that does not look for what is left. */
static void
the_next_start_takes_away_what_is_left(void **state)
{
	struct kept first, second;

	(void)state;
	world_start(&world, &config);
	keep_frames(&first);
	world_end(&world);
	world_start(&world, &config);
	keep_frames(&second);
	world_end(&world);
	give_back(&second); /* in another order than they were left */
	world_start(&world, &config);
	assert_null(rte_mempool_lookup(second.name));
	give_back(&first);
	world_end(&world);
	assert_null(rte_mempool_lookup(first.name));
}

/* What the inline functions know of structures is another thing there. Killed by: the number not compared. */
static void
an_nf_of_another_header_is_refused(void **state)
{
	static const struct slim_agent_config nf = {.name = "other",
						    .service = "test",
						    .kind = "slim-test",
						    .version = "1",
						    .identity = "",
						    .n_workers = 1,
						    .socket_id = SOCKET_ID_ANY};
	struct slim_agent *agent = NULL;

	(void)state;
	assert_int_equal(slim_agent_create_abi(slim_abi_inline() + 1, &nf, &agent),
			 -EPROTONOSUPPORT);
	assert_null(agent);
	assert_int_equal(slim_agent_create_abi(slim_abi_inline(), &nf, &agent), 0);
	slim_agent_destroy(agent);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_that_a_device_has_outlive_the_agent),
		cmocka_unit_test(the_next_start_takes_away_what_is_left),
		cmocka_unit_test(an_nf_of_another_header_is_refused),
	};

	harness_start_eal();
	return cmocka_run_group_tests_name("life", tests, NULL, NULL);
}
