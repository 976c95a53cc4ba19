/* SPDX-License-Identifier: Apache-2.0 */
/* Groups against a plain array of keys. Killed by: a chain with a slot lost or twice, a count that
 * does not follow, a group that is lost when its first slot leaves. */
#include "slot_group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_eal.h>

#define N_SLOTS 64
#define FIRST_SLOT 1000
#define N_KEYS 12

static uint64_t keys[N_SLOTS]; /* by slot: key + 1; 0: in no group */

static bool
equal(const void *ctx, uint32_t slot, uint64_t key)
{
	return ((const uint64_t *)ctx)[slot - FIRST_SLOT] == key + 1;
}

static void
check_group(const struct nf_slot_groups *g, uint64_t key)
{
	uint32_t naive = 0, n = 0;

	for (uint32_t s = 0; s < N_SLOTS; s++)
		naive += keys[s] == key + 1;
	for (uint32_t s = nf_slot_group_first(g, key); s != NF_NO_SLOT && n <= N_SLOTS;
	     s = nf_slot_group_next(g, s)) {
		assert_int_equal(keys[s - FIRST_SLOT], key + 1);
		n++;
	}
	assert_int_equal(n, naive);
	assert_int_equal(nf_slot_group_size(g, key), naive);
}

static void
random_walk_agrees_with_an_array(void **state)
{
	(void)state;
	for (unsigned int seed = 1; seed <= 20; seed++) {
		struct nf_slot_groups g = {.ctx = keys};

		srand(seed);
		memset(keys, 0, sizeof(keys));
		assert_int_equal(nf_slot_groups_init(&g, N_SLOTS, FIRST_SLOT, seed, equal), 0);
		for (int step = 0; step < 2000; step++) {
			uint32_t i = (uint32_t)rand() % N_SLOTS;

			if (keys[i] != 0) {
				nf_slot_group_leave(&g, keys[i] - 1, FIRST_SLOT + i);
				keys[i] = 0;
			} else {
				keys[i] = (uint64_t)rand() % N_KEYS + 1;
				nf_slot_group_join(&g, keys[i] - 1, FIRST_SLOT + i);
			}
			assert_true(nf_slot_group_has(&g, FIRST_SLOT + i) == (keys[i] != 0));
			for (uint64_t key = 0; key < N_KEYS; key++)
				check_group(&g, key);
		}
		nf_slot_groups_fini(&g);
	}
}

/* Killed by: linking a slot to itself, or taking one out of nothing. */
static void
joining_or_leaving_twice_does_nothing(void **state)
{
	struct nf_slot_groups g = {.ctx = keys};

	(void)state;
	memset(keys, 0, sizeof(keys));
	assert_int_equal(nf_slot_groups_init(&g, N_SLOTS, FIRST_SLOT, 1, equal), 0);
	keys[0] = keys[1] = 1;
	nf_slot_group_join(&g, 0, FIRST_SLOT);
	nf_slot_group_join(&g, 0, FIRST_SLOT);
	nf_slot_group_join(&g, 0, FIRST_SLOT + 1);
	nf_slot_group_join(&g, 0, FIRST_SLOT + 1);
	check_group(&g, 0);
	nf_slot_group_leave(&g, 0, FIRST_SLOT);
	keys[0] = 0;
	nf_slot_group_leave(&g, 0, FIRST_SLOT);
	check_group(&g, 0);
	nf_slot_groups_fini(&g);
}

int
main(void)
{
	static char words[][20] = {"test",        "--no-huge",      "--no-pci",
				   "--no-shconf", "--no-telemetry", "--log-level=error"};
	char *argv[RTE_DIM(words)];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_walk_agrees_with_an_array),
		cmocka_unit_test(joining_or_leaving_twice_does_nothing),
	};

	for (size_t i = 0; i < RTE_DIM(words); i++)
		argv[i] = words[i];
	if (rte_eal_init(RTE_DIM(words), argv) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
