/* SPDX-License-Identifier: Apache-2.0 */
/* Equal shares against plain arrays. Killed by: a member lost or twice, a weight or the heaviest party that
 * does not follow, the newest member given up for the oldest, a party that is not given back. */
#include "fair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_eal.h>

#define N_MEMBERS 48
#define MAX_WEIGHT 200
#define N_KEYS 9

static struct {
	uint32_t weight; /* 0: not in */
	uint32_t joined;
	uint64_t key;
} naive[N_MEMBERS];

static uint32_t
naive_weight(uint64_t key, uint32_t *ret_oldest)
{
	uint32_t weight = 0, oldest = NF_FAIR_NONE;

	for (uint32_t i = 0; i < N_MEMBERS; i++) {
		if (naive[i].weight == 0 || naive[i].key != key)
			continue;
		weight += naive[i].weight;
		if (oldest == NF_FAIR_NONE || naive[i].joined < naive[oldest].joined)
			oldest = i;
	}
	*ret_oldest = oldest;
	return weight;
}

static void
check(const struct nf_fair *f)
{
	uint32_t victim = nf_fair_victim(f), total = 0, most = 0, n_parties = 0;

	for (uint64_t key = 0; key < N_KEYS; key++) {
		uint32_t oldest, expected, weight = naive_weight(key, &expected);

		assert_int_equal(nf_fair_weight(f, key, &oldest), weight);
		assert_int_equal(oldest, expected);
		total += weight;
		most = weight > most ? weight : most;
		n_parties += weight != 0;
	}
	assert_int_equal(f->weight, total);
	assert_int_equal(f->heaviest, most);
	assert_int_equal(f->n_free, N_MEMBERS - n_parties);
	if (most == 0) {
		assert_int_equal(victim, NF_FAIR_NONE);
	} else {
		uint32_t oldest;

		assert_int_equal(naive_weight(naive[victim].key, &oldest), most);
		assert_int_equal(oldest, victim);
	}
}

static void
step(struct nf_fair *f, uint32_t n)
{
	uint32_t i = (uint32_t)rand() % N_MEMBERS;

	assert_int_equal(nf_fair_has(f, i), naive[i].weight != 0);
	if (naive[i].weight == 0) {
		naive[i].key = (uint64_t)(rand() % N_KEYS);
		naive[i].weight = 1;
		naive[i].joined = n;
		nf_fair_join(f, i, naive[i].key);
	} else if (rand() % 2 == 0 && f->weight < MAX_WEIGHT) {
		naive[i].weight++;
		nf_fair_grow(f, i);
	} else {
		naive[i].weight = 0;
		nf_fair_leave(f, i);
		nf_fair_leave(f, i);
	}
}

static void
random_walk_agrees_with_arrays(void **state)
{
	(void)state;
	for (unsigned int seed = 1; seed <= 20; seed++) {
		struct nf_fair f = {0};

		srand(seed);
		memset(naive, 0, sizeof(naive));
		assert_int_equal(nf_fair_init(&f, N_MEMBERS, MAX_WEIGHT, seed), 0);
		for (uint32_t n = 0; n < 2000; n++) {
			step(&f, n);
			check(&f);
		}
		nf_fair_fini(&f);
	}
}

/* Of equals the one that has had its weight longest: who came first goes first. */
static void
equals_go_in_their_order(void **state)
{
	struct nf_fair f = {0};

	(void)state;
	assert_int_equal(nf_fair_init(&f, 3, 3, 1), 0);
	for (uint32_t i = 0; i < 3; i++)
		nf_fair_join(&f, i, 100 - i);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(nf_fair_victim(&f), i);
		nf_fair_leave(&f, i);
	}
	nf_fair_fini(&f);
}

int
main(void)
{
	static char words[][20] = {"test",        "--no-huge",      "--no-pci",
				   "--no-shconf", "--no-telemetry", "--log-level=error"};
	char *argv[RTE_DIM(words)];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_walk_agrees_with_arrays),
		cmocka_unit_test(equals_go_in_their_order),
	};

	for (size_t i = 0; i < RTE_DIM(words); i++)
		argv[i] = words[i];
	if (rte_eal_init(RTE_DIM(words), argv) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
