/* SPDX-License-Identifier: Apache-2.0 */
/* Shares of a table, with an agent that has it. Killed by: a slot of two workers, or of none; a capacity that is not
 * equal shares; a slot that is given twice, or lost; a share that is found by another's agent, or before there is one. */
#include "share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

#define N_WORKERS 3
#define WANTED 100 /* 34 each */
#define N_SLOTS 34
#define CAPACITY (N_WORKERS * N_SLOTS)

struct row {
	uint64_t key;
	uint64_t value;
};

static const struct slim_field fields[] = {
	SLIM_FIELD_KEY(struct row, key, SLIM_U64),
	SLIM_FIELD_STATE(struct row, value, SLIM_U64),
};

/* As a table has it for a worker. */
struct part {
	struct nf_share share;
	uint64_t rest[5];
};

static struct nf_shares shares;
static struct slim_agent *agent;
static struct rte_mempool *pool;

static uint32_t
acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key)
{
	struct part *part = nf_share_of(ctx, w);

	(void)bucket;
	(void)key;
	return part == NULL ? SLIM_NO_SLOT : nf_share_take(&part->share);
}

static void
removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	struct part *part = nf_share_of(ctx, w);

	(void)entry;
	nf_share_give(&part->share, slot);
}

static const struct slim_table_ops ops = {.acquire = acquire, .removed = removed};

static struct slim_table_config
described(const char *name)
{
	return (struct slim_table_config){
		.name = name,
		.entry_size = sizeof(struct row),
		.n_fields = RTE_DIM(fields),
		.fields = fields,
		.ops = &ops,
	};
}

static int
open_them(void **state)
{
	const struct nf_share_config config = {
		.name = "test",
		.capacity = WANTED,
		.n_workers = N_WORKERS,
		.size = sizeof(struct part),
	};

	(void)state;
	assert_int_equal(slim_agent_create(&(struct slim_agent_config){.name = "shares",
								       .service = "test",
								       .kind = "test",
								       .version = "1",
								       .identity = "",
								       .active = true,
								       .n_workers = N_WORKERS,
								       .frame_pool = pool,
								       .socket_id = SOCKET_ID_ANY},
					   &agent),
			 0);
	return nf_shares_init(&shares, &config);
}

static int
close_them(void **state)
{
	(void)state;
	nf_shares_fini(&shares);
	assert_int_equal(shares.n_workers, 0);
	slim_agent_destroy(agent);
	return 0;
}

/* All slots of a worker, in the order in which they are taken. */
static void
take_all(struct nf_share *share, uint8_t n_taken[CAPACITY])
{
	for (uint32_t i = 0; i < N_SLOTS; i++) {
		uint32_t slot = nf_share_take(share);

		assert_int_equal(slot, share->first_slot + i);
		assert_true(slot < CAPACITY);
		n_taken[slot]++;
	}
	assert_int_equal(share->n_free, 0);
	assert_int_equal(nf_share_take(share), NF_NO_SLOT);
	assert_int_equal(share->n_free, 0);
}

static void
each_slot_is_one_workers(void **state)
{
	uint8_t n_taken[CAPACITY] = {0};

	(void)state;
	assert_int_equal(shares.capacity, CAPACITY);
	for (uint16_t w = 0; w < N_WORKERS; w++) {
		struct part *part = nf_share_at(&shares, w);

		assert_int_equal(part->share.n_slots, N_SLOTS);
		assert_int_equal(part->share.first_slot, w * N_SLOTS);
		for (uint32_t i = 0; i < RTE_DIM(part->rest); i++)
			assert_int_equal(part->rest[i], 0);
		take_all(&part->share, n_taken);
	}
	for (uint32_t slot = 0; slot < CAPACITY; slot++)
		assert_int_equal(n_taken[slot], 1);
}

static void
capacity_is_equal_shares(void **state)
{
	(void)state;
	assert_int_equal(nf_share_capacity(1, 1), 1);
	assert_int_equal(nf_share_capacity(1, 4), 4);
	assert_int_equal(nf_share_capacity(8, 4), 8);
	assert_int_equal(nf_share_capacity(9, 4), 12);
	assert_int_equal(nf_share_capacity(WANTED, N_WORKERS), CAPACITY);
}

/* What comes back is taken again, and is all that is. */
static void
what_is_given_back_is_taken_again(void **state)
{
	struct part *part = nf_share_at(&shares, 1), *other = nf_share_at(&shares, 2);
	uint8_t n_taken[CAPACITY] = {0};

	(void)state;
	take_all(&part->share, n_taken);
	for (uint32_t slot = N_SLOTS; slot < 2 * N_SLOTS; slot += 3) {
		nf_share_give(&part->share, slot);
		n_taken[slot]--;
	}
	while (part->share.n_free > 0)
		n_taken[nf_share_take(&part->share)]++;
	for (uint32_t slot = 0; slot < CAPACITY; slot++)
		assert_int_equal(n_taken[slot], slot / N_SLOTS == 1);
	assert_int_equal(other->share.n_free, N_SLOTS);
}

static void
the_agents_worker_finds_its_own(void **state)
{
	const struct slim_table_config config = described("row");

	(void)state;
	for (uint16_t w = 0; w < N_WORKERS; w++)
		assert_null(nf_share_of(&shares, slim_agent_worker(agent, w)));
	assert_null(nf_share_of(&shares, NULL));
	assert_int_equal(nf_shares_create(&shares, agent, &config), 0);
	for (uint16_t w = 0; w < N_WORKERS; w++) {
		struct part *part = nf_share_at(&shares, w);

		assert_ptr_equal(nf_share_of(&shares, slim_agent_worker(agent, w)), part);
		assert_ptr_equal(part->share.table, shares.table);
		assert_ptr_equal(part->share.agent, slim_agent_worker(agent, w));
	}
	assert_int_equal(shares.table->capacity, CAPACITY);
	assert_null(nf_share_of(&shares, NULL));
}

/* The agent says no, and nobody is found. */
static void
a_table_that_is_refused_is_nobodys(void **state)
{
	const struct slim_table_config config = described("no name");

	(void)state;
	assert_true(nf_shares_create(&shares, agent, &config) < 0);
	assert_null(nf_share_of(&shares, slim_agent_worker(agent, 0)));
	assert_null(((struct part *)nf_share_at(&shares, 0))->share.table);
}

/* More than there is memory for: what was made is freed by fini, as often as it is called. */
static void
without_memory_nothing_is_left(void **state)
{
	const struct nf_share_config config = {
		.name = "test",
		.capacity = UINT32_C(1) << 30,
		.n_workers = 2,
		.size = sizeof(struct part),
	};
	struct nf_shares some = {0};

	(void)state;
	assert_true(nf_shares_init(&some, &config) < 0);
	assert_null(nf_share_at(&some, 1));
	nf_shares_fini(&some);
	nf_shares_fini(&some);
	assert_null(nf_share_at(&some, 0));
}

int
main(void)
{
	static char words[][20] = {"test",           "--no-huge",         "--no-pci", "--no-shconf",
				   "--no-telemetry", "--log-level=error", "-m",       "128"};
	char *argv[RTE_DIM(words)];
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_them, close_them)
	const struct CMUnitTest tests[] = {
		TEST(each_slot_is_one_workers),
		cmocka_unit_test(capacity_is_equal_shares),
		TEST(what_is_given_back_is_taken_again),
		TEST(the_agents_worker_finds_its_own),
		TEST(a_table_that_is_refused_is_nobodys),
		cmocka_unit_test(without_memory_nothing_is_left),
	};

	for (size_t i = 0; i < RTE_DIM(words); i++)
		argv[i] = words[i];
	if (rte_eal_init(RTE_DIM(words), argv) < 0)
		return 1;
	pool = rte_pktmbuf_pool_create("shares", 1023, 0, 0, 256 + RTE_PKTMBUF_HEADROOM,
				       SOCKET_ID_ANY);
	return pool == NULL ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
