/* SPDX-License-Identifier: Apache-2.0 */
/* Identifications, all of one source, destination and protocol written down. Each test names what kills it. */
#include "identification.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define N_WORKERS 4
#define SECOND UINT64_C(1000000000)

static struct nat_id_counters counters;
static struct nat_ids workers[N_WORKERS];
static uint64_t now_ns;
static uint64_t seen[65536]; /* number of the datagram that had it last; 0: none */
static uint64_t n_given;

static void
tick(bool serves)
{
	for (int w = 0; w < N_WORKERS; w++)
		nat_ids_tick(&workers[w], serves, now_ns);
}

/* Serves, for as long as it takes. */
static void
settle(void)
{
	tick(true);
	now_ns += NAT_ID_SETTLED_NS;
	tick(true);
}

static void
begin(uint64_t seed)
{
	now_ns = 1000 * SECOND;
	n_given = 0;
	memset(seen, 0, sizeof(seen));
	nat_id_counters_init(&counters, seed);
	for (int w = 0; w < N_WORKERS; w++)
		nat_ids_init(&workers[w], &counters);
}

static uint16_t
take(int worker, uint32_t dst)
{
	return rte_be_to_cpu_16(nat_id_take(&workers[worker], RTE_BE32(0xc6336400), dst, 17));
}

/* How many datagrams ago it was given the last time; UINT64_MAX: never. */
static uint64_t
note(uint16_t id)
{
	uint64_t before = seen[id];

	seen[id] = ++n_given;
	return before == 0 ? UINT64_MAX : n_given - before;
}

/* Killed by: a lease that does not begin where the one before ended, a range that overlaps another, 0. */
static void
one_worker_gives_each_once_a_turn(void **state)
{
	(void)state;
	for (int settled = 0; settled < 2; settled++) {
		uint32_t first = settled ? NAT_ID_MAIN_FIRST : NAT_ID_NEW_FIRST;
		uint32_t size = settled ? NAT_ID_MAIN_SIZE : NAT_ID_NEW_SIZE;

		begin(7);
		if (settled)
			settle();
		for (uint32_t i = 0; i < 3 * size; i++) {
			uint16_t id = take(0, 1);

			assert_in_range(id, first, first + size - 1);
			assert_int_equal(note(id), i < size ? UINT64_MAX : size);
		}
	}
}

/* Killed by: counters of each worker's own, leases that overlap. */
static void
workers_give_no_two_the_same(void **state)
{
	(void)state;
	begin(8);
	settle();
	srand(1);
	for (uint32_t i = 0; i < 4 * NAT_ID_MAIN_SIZE; i++)
		/* Each may have left a lease and be in the midst of one. */
		assert_true(note(take(rand() % N_WORKERS, 1)) >
			    NAT_ID_MAIN_SIZE - 2 * N_WORKERS * NAT_ID_LEASE);
}

/* A worker comes back to a lease after the others went round. Killed by: leases without an era. */
static void
what_is_left_for_long_is_not_used(void **state)
{
	(void)state;
	begin(9);
	settle();
	for (int turn = 0; turn < 20; turn++) {
		for (int i = 0; i < 5; i++)
			assert_true(note(take(1, 1)) > NAT_ID_MAIN_SIZE / 2);
		for (uint32_t i = 0; i < NAT_ID_MAIN_SIZE - 3 * NAT_ID_LEASE; i++)
			assert_true(note(take(0, 1)) > NAT_ID_MAIN_SIZE / 2);
		now_ns += NAT_ID_ERA_NS;
		tick(true);
	}
}

/* What the source gave and what the target gives, whatever their keys. Killed by: one range, a range that is
 * kept by who does not serve, a main range too soon. */
static void
who_takes_over_repeats_nothing(void **state)
{
	(void)state;
	begin(10);
	settle();
	for (uint32_t i = 0; i < NAT_ID_MAIN_SIZE; i++)
		note(take(0, 1));
	tick(false); /* moved away, and back */
	assert_int_equal(note(take(0, 1)), UINT64_MAX);
	nat_id_counters_init(&counters, 11);
	for (int w = 0; w < N_WORKERS; w++)
		nat_ids_init(&workers[w], &counters);
	now_ns += SECOND;
	tick(true);
	now_ns += NAT_ID_SETTLED_NS - 1;
	tick(true);
	for (uint32_t i = 0; i < NAT_ID_NEW_SIZE - 1; i++)
		assert_in_range(take(0, 1), NAT_ID_NEW_FIRST, 65535);
	now_ns++;
	tick(true);
	assert_in_range(take(0, 1), NAT_ID_MAIN_FIRST, NAT_ID_NEW_FIRST - 1);
}

/* What others send shows in nobody's numbers, but in those of one counter of 2048; and there they are others'.
 * Killed by: one counter for all, a counter without the constant part, no key. */
static void
numbers_tell_nothing_of_others(void **state)
{
	uint16_t ids[2];
	int n_disturbed = 0, n_alike = 0;

	(void)state;
	begin(12);
	settle();
	for (uint32_t dst = 1; dst <= 100; dst++) {
		uint16_t before = take(0, dst), after;

		for (uint32_t other = 1000; other < 1100; other++)
			take(0, other);
		after = take(0, dst);
		n_disturbed += (uint16_t)(after - before) != 1;
	}
	assert_in_range(n_disturbed, 0, 20); /* a lease ends once in 32 */
	for (uint32_t dst = 1; dst <= 1000; dst++) {
		for (uint64_t i = 0; i < 2; i++) {
			begin(13 + i);
			settle();
			ids[i] = take(0, dst);
		}
		n_alike += ids[0] == ids[1];
	}
	assert_in_range(n_alike, 0, 3);
}

/* Two that share a counter; with whom is a secret. */
static void
the_constant_part_is_each_ones_own(void **state)
{
	uint32_t n_shared = 0, n_near = 0, first = 0, first_by_another_key = 0;

	(void)state;
	begin(15);
	settle();
	for (uint32_t dst = 2; first_by_another_key == 0; dst++) {
		uint16_t before = take(0, 1);

		take(0, dst);
		if ((uint16_t)(take(0, 1) - before) == 2)
			first_by_another_key = dst;
	}
	begin(14);
	settle();
	for (uint32_t dst = 2; dst <= 20000; dst++) {
		uint16_t before = take(0, 1), other = take(0, dst), after = take(0, 1);

		if ((uint16_t)(after - before) != 2)
			continue; /* another counter */
		first = first == 0 ? dst : first;
		n_shared++;
		n_near += (uint16_t)(other - before) < 100;
	}
	assert_in_range(n_shared, 3, 30);
	assert_in_range(n_near, 0, 1);
	assert_int_not_equal(first, first_by_another_key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_worker_gives_each_once_a_turn),
		cmocka_unit_test(workers_give_no_two_the_same),
		cmocka_unit_test(what_is_left_for_long_is_not_used),
		cmocka_unit_test(who_takes_over_repeats_nothing),
		cmocka_unit_test(numbers_tell_nothing_of_others),
		cmocka_unit_test(the_constant_part_is_each_ones_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
