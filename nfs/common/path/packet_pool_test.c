/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers in small pages, where no device knows physical addresses. */
#include "packet_pool.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>

#define N 1023u
#define ROOM (2048u + RTE_PKTMBUF_HEADROOM)
#define LINE 64u
#define SETS 64u /* of a first cache of 32 KiB, and of the lines of a page */

static struct rte_mempool *pool;
static struct rte_mbuf *all[N];

static int
setup(void **state)
{
	(void)state;
	pool = nf_pool_make("pool", N, 0, ROOM);
	return pool == NULL || rte_pktmbuf_alloc_bulk(pool, all, N) != 0;
}

static int
teardown(void **state)
{
	(void)state;
	rte_pktmbuf_free_bulk(all, N);
	rte_mempool_free(pool);
	return 0;
}

/* Killed by: one buffer in each page: then all headers are in two sets, or in as many as there are steps in a page. */
static void
headers_are_in_all_sets(void **state)
{
	uint32_t in_set[SETS] = {0};

	(void)state;
	for (uint32_t i = 0; i < N; i++)
		in_set[(uintptr_t)all[i] / LINE % SETS]++;
	for (uint32_t set = 0; set < SETS; set++) {
		assert_true(in_set[set] >= N / SETS / 2);
		assert_true(in_set[set] <= N / SETS * 2);
	}
}

/* Killed by: an address for devices that is none; one that is lost when a buffer has borrowed another one's octets. */
static void
devices_know_the_octets(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < N; i++)
		assert_true(rte_pktmbuf_iova(all[i]) ==
			    (uintptr_t)rte_pktmbuf_mtod(all[i], char *));
	rte_pktmbuf_attach(all[0], all[1]);
	assert_true(rte_pktmbuf_iova(all[0]) == (uintptr_t)rte_pktmbuf_mtod(all[1], char *));
	rte_pktmbuf_detach(all[0]);
	assert_true(rte_pktmbuf_iova(all[0]) == (uintptr_t)rte_pktmbuf_mtod(all[0], char *));
}

/* Killed by: octets of one that are another one's. */
static void
each_has_its_own_octets(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		assert_int_equal(all[i]->buf_len, ROOM);
		memset(all[i]->buf_addr, (int)(i & 0xff), ROOM);
	}
	for (uint32_t i = 0; i < N; i++) {
		const uint8_t *octets = all[i]->buf_addr;

		assert_ptr_equal(all[i]->pool, pool);
		assert_ptr_equal(rte_mempool_from_obj(all[i]), pool); /* in the octets before it */
		assert_int_equal(octets[0], i & 0xff);
		assert_memory_equal(octets, octets + 1, ROOM - 1);
	}
}

/* Killed by: a ring, which takes what was given back last as the last one. */
static void
what_came_back_last_is_taken_first(void **state)
{
	struct rte_mbuf *few[4], *again[4];

	(void)state;
	rte_pktmbuf_free_bulk(all, N);
	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, few, RTE_DIM(few)), 0);
	for (uint32_t turn = 0; turn < 8; turn++) {
		rte_pktmbuf_free_bulk(few, RTE_DIM(few));
		assert_int_equal(rte_pktmbuf_alloc_bulk(pool, again, RTE_DIM(again)), 0);
		for (size_t i = 0; i < RTE_DIM(again); i++)
			assert_true(again[i] == few[0] || again[i] == few[1] ||
				    again[i] == few[2] || again[i] == few[3]);
	}
	rte_pktmbuf_free_bulk(few, RTE_DIM(few));
	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, all, N), 0); /* none was lost */
}

static void
what_does_not_fit_is_refused(void **state)
{
	(void)state;
	rte_errno = 0;
	assert_null(nf_pool_make("large", 1u << 20, 0, ROOM));
	assert_int_equal(rte_errno, ENOMEM);
	assert_null(rte_mempool_lookup("large"));
}

int
main(void)
{
	static char words[][24] = {
		"pool_test",      "--no-huge",         "-m",        "64", "--no-pci", "--no-shconf",
		"--no-telemetry", "--log-level=error", "--lcores=0"};
	char *argv[RTE_DIM(words)];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(headers_are_in_all_sets, setup, teardown),
		cmocka_unit_test_setup_teardown(devices_know_the_octets, setup, teardown),
		cmocka_unit_test_setup_teardown(each_has_its_own_octets, setup, teardown),
		cmocka_unit_test_setup_teardown(what_came_back_last_is_taken_first, setup,
						teardown),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};

	for (size_t i = 0; i < RTE_DIM(words); i++)
		argv[i] = words[i];
	if (rte_eal_init(RTE_DIM(argv), argv) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
