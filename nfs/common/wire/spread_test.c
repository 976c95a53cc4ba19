/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue that a hash or a rule gives is the one of the bucket, whatever else stands in the packet. The hash is
 * DPDK's own Toeplitz hash in software.
 *
 * Killed by: a key that begins a bit earlier or later, the bits not turned round, a shift that is forgotten, a table larger
 * or smaller than the bucket taken wrongly, rules with a hole or an overlap.
 */
#include "spread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_common.h>
#include <rte_thash.h>

#define N_TUPLES 2000

/* Words of what is hashed, and in which one the bucket stands, `low` bits above its end. */
static const struct shape {
	struct nf_spread spread;
	uint32_t n_words;
	uint32_t word;
	uint32_t low;
} shapes[] = {
	{{NF_SPREAD_IPV4_SOURCE, 0}, 2, 0, 0},       {{NF_SPREAD_IPV4_SOURCE, 0}, 3, 0, 0},
	{{NF_SPREAD_IPV4_SOURCE, 8}, 3, 0, 8},       {{NF_SPREAD_IPV4_DESTINATION, 0}, 2, 1, 0},
	{{NF_SPREAD_IPV4_DESTINATION, 0}, 3, 1, 0},  {{NF_SPREAD_IPV4_PORT, 0}, 3, 2, 0},
	{{NF_SPREAD_IPV4_PORT, 4}, 3, 2, 4},         {{NF_SPREAD_IPV4_PORT, 8}, 3, 2, 8},
	{{NF_SPREAD_IPV6_DESTINATION, 64}, 8, 5, 0}, {{NF_SPREAD_IPV6_DESTINATION, 64}, 9, 5, 0},
	{{NF_SPREAD_IPV6_DESTINATION, 0}, 9, 7, 0},
};

static uint32_t
random_word(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1;
	return (uint32_t)(*state >> 32);
}

/* Of a table of so many entries. */
static void
check_hash(const struct shape *shape, uint32_t table_size, uint16_t n_workers)
{
	uint64_t random = table_size + n_workers;
	uint8_t key[NF_RSS_KEY_SIZE];

	nf_spread_rss_key(shape->spread, table_size, key);
	for (uint32_t t = 0; t < N_TUPLES; t++) {
		uint32_t tuple[9], hash, bucket;

		for (uint32_t i = 0; i < RTE_DIM(tuple); i++)
			tuple[i] = random_word(&random);
		bucket = tuple[shape->word] >> shape->low & 0xff;
		hash = rte_softrss(tuple, shape->n_words, key);
		assert_int_equal(
			nf_spread_rss_queue(table_size, hash & (table_size - 1), n_workers),
			(table_size < 256 ? bucket % table_size : bucket) % n_workers);
	}
}

static void
test_the_hash_is_the_bucket(void **state)
{
	static const uint32_t tables[] = {16, 64, 128, 256, 512};
	static const uint16_t workers[] = {2, 3, 4, 8, 16};

	(void)state;
	for (uint32_t s = 0; s < RTE_DIM(shapes); s++)
		for (uint32_t t = 0; t < RTE_DIM(tables); t++)
			for (uint32_t w = 0; w < RTE_DIM(workers); w++)
				check_hash(&shapes[s], tables[t], workers[w]);
}

static void
test_one_rule_for_each_bucket(void **state)
{
	struct nf_spread_rule rules[SLIM_N_BUCKETS];

	(void)state;
	for (uint16_t n_workers = 1; n_workers <= SLIM_MAX_WORKERS; n_workers++) {
		uint32_t n = nf_spread_rules(n_workers, rules);

		for (uint32_t bucket = 0; bucket < SLIM_N_BUCKETS; bucket++) {
			uint32_t n_hits = 0;

			for (uint32_t i = 0; i < n; i++) {
				if ((bucket & rules[i].mask) != rules[i].value)
					continue;
				n_hits++;
				assert_int_equal(rules[i].queue, bucket % n_workers);
			}
			assert_int_equal(n_hits, 1);
		}
	}
}

static void
test_a_tunnel_shows_nothing_to_a_hash(void **state)
{
	(void)state;
	assert_int_equal(nf_spread_rss_types((struct nf_spread){.field = NF_SPREAD_TEID}), 0);
	assert_int_equal(nf_spread_rss_types((struct nf_spread){0}), 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_hash_is_the_bucket),
		cmocka_unit_test(test_one_rule_for_each_bucket),
		cmocka_unit_test(test_a_tunnel_shows_nothing_to_a_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
