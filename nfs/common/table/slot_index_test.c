/* SPDX-License-Identifier: Apache-2.0 */
/* The index against a plain array. Killed by: leaving out the test for the home cell in
 * close_gap(), or clearing a cell instead of closing the gap. */
#include "slot_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_eal.h>

#define N_SLOTS 64
#define N_KEYS 200

static uint64_t keys[N_SLOTS]; /* by slot: key + 1; 0: free */

static bool
equal(const void *ctx, uint32_t slot, uint64_t key)
{
	(void)ctx;
	return keys[slot] == key + 1;
}

static uint32_t
naive_find(uint64_t key)
{
	for (uint32_t s = 0; s < N_SLOTS; s++)
		if (keys[s] == key + 1)
			return s;
	return NF_NO_SLOT;
}

static void
check_all(const struct nf_slot_index *index)
{
	for (uint64_t key = 0; key < N_KEYS; key++)
		assert_int_equal(
			nf_slot_index_find(index, nf_slot_index_hash(index, key), key, equal, NULL),
			naive_find(key));
}

static void
random_walk_agrees_with_an_array(void **state)
{
	struct nf_slot_index index;

	(void)state;
	for (uint32_t seed = 1; seed <= 20; seed++) {
		srand(seed);
		memset(keys, 0, sizeof(keys));
		assert_int_equal(nf_slot_index_init(&index, N_SLOTS, seed), 0);
		for (int step = 0; step < 2000; step++) {
			uint64_t key = (uint64_t)rand() % N_KEYS;
			uint32_t slot = naive_find(key), free = (uint32_t)rand() % N_SLOTS;

			if (slot != NF_NO_SLOT) {
				nf_slot_index_remove(&index, nf_slot_index_hash(&index, key), slot);
				keys[slot] = 0;
			} else if (keys[free] == 0) {
				nf_slot_index_insert(&index, nf_slot_index_hash(&index, key), free);
				keys[free] = key + 1;
			}
			check_all(&index);
		}
		nf_slot_index_fini(&index);
	}
}

static void
full_index_still_works(void **state)
{
	struct nf_slot_index index;

	(void)state;
	assert_int_equal(nf_slot_index_init(&index, N_SLOTS, 7), 0);
	for (uint32_t s = 0; s < N_SLOTS; s++) {
		keys[s] = s + 1;
		nf_slot_index_insert(&index, nf_slot_index_hash(&index, s), s);
	}
	check_all(&index);
	for (uint32_t s = 0; s < N_SLOTS; s++) {
		nf_slot_index_remove(&index, nf_slot_index_hash(&index, s), s);
		keys[s] = 0;
		check_all(&index);
	}
	nf_slot_index_fini(&index);
}

static void
equal_hashes_are_told_apart(void **state)
{
	struct nf_slot_index index;
	const uint32_t hash = 0xfffffffe; /* the probe wraps round the end */

	(void)state;
	memset(keys, 0, sizeof(keys));
	assert_int_equal(nf_slot_index_init(&index, N_SLOTS, 7), 0);
	for (uint32_t s = 0; s < 5; s++) {
		keys[s] = s + 1;
		nf_slot_index_insert(&index, hash, s);
	}
	nf_slot_index_remove(&index, hash, 1);
	keys[1] = 0;
	assert_int_equal(nf_slot_index_find(&index, hash, 1, equal, NULL), NF_NO_SLOT);
	for (uint32_t s = 2; s < 5; s++)
		assert_int_equal(nf_slot_index_find(&index, hash, s, equal, NULL), s);
	nf_slot_index_fini(&index);
}

static void
sizes_are_checked(void **state)
{
	struct nf_slot_index index = {0};

	(void)state;
	assert_int_equal(nf_slot_index_init(&index, 0, 1), -22);
	assert_int_equal(nf_slot_index_init(&index, UINT32_MAX, 1), -22);
	nf_slot_index_fini(&index);
}

/* Two hashes whose places are the same one: each is told apart without a look at the slots. */
static void
a_peek_passes_over_other_hashes(void **state)
{
	struct nf_slot_index index;
	uint32_t a = 5, b, c;

	(void)state;
	assert_int_equal(nf_slot_index_init(&index, N_SLOTS, 7), 0);
	b = a + index.mask + 1;
	c = b + index.mask + 1;
	nf_slot_index_insert(&index, a, 1);
	nf_slot_index_insert(&index, b, 2);
	assert_int_equal(nf_slot_index_peek(&index, a), 1);
	assert_int_equal(nf_slot_index_peek(&index, b), 2);
	assert_int_equal(nf_slot_index_peek(&index, c), NF_NO_SLOT);
	nf_slot_index_fini(&index);
}

int
main(int argc, char **argv)
{
	char *eal[] = {argv[0],
		       (char[]){"--no-huge"},
		       (char[]){"--no-pci"},
		       (char[]){"--no-shconf"},
		       (char[]){"--no-telemetry"},
		       (char[]){"--log-level=error"}};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_walk_agrees_with_an_array),
		cmocka_unit_test(full_index_still_works),
		cmocka_unit_test(equal_hashes_are_told_apart),
		cmocka_unit_test(a_peek_passes_over_other_hashes),
		cmocka_unit_test(sizes_are_checked),
	};

	(void)argc;
	if (rte_eal_init(sizeof(eal) / sizeof(eal[0]), eal) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
