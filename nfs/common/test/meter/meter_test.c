/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The harness itself, by the shortest NF: what it runs, what it sees, and that it sees what is wrong. Each test names
 * what kills it.
 */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "nf_moves_test.h"

#define SIZE 60u
#define SOURCES 0u /* its only table */

static struct harness h, target;

static struct meter_config
config_of(uint16_t n_workers)
{
	struct meter_config config;

	harness_defaults(&config);
	config.n_workers = n_workers;
	return config;
}

static void
pass(struct harness *at, uint32_t from)
{
	harness_receive(at, 0, meter_packet(at, from, SIZE), 0);
	harness_settle(at);
}

/* Killed by: a side mixed up, a packet that does not come from where it was handed over. */
static void
a_packet_comes_out_on_the_other_side(void **state)
{
	struct meter_config config = config_of(4);
	struct rte_mbuf *m;

	(void)state;
	harness_open(&h, &config, true);
	for (uint16_t side = 0; side < METER_N_SIDES; side++)
		for (uint32_t n = 0; n < 8; n++) {
			harness_receive(&h, (uint8_t)side, meter_packet(&h, n, SIZE), 2);
			harness_settle(&h);
			m = harness_take_mbuf(&h, (uint8_t)(side ^ 1));
			assert_non_null(m);
			rte_pktmbuf_free(m);
			harness_nothing_left(&h);
		}
	assert_int_equal(harness_counter(&h, METER_forwarded), 16);
	assert_int_equal(meter_entry(&h, 7)->packets, 2);
	assert_int_equal(meter_entry(&h, 7)->first_side, 0);
	assert_int_equal(harness_n_rows(&h, SOURCES), 8);
	harness_check(&h);
	harness_close(&h);
}

/* Killed by: counting the packets of a burst, or those that stay. */
static void
hops_are_counted(void **state)
{
	struct meter_config config = config_of(16);

	(void)state;
	harness_open(&h, &config, true);
	for (uint32_t n = 0; n < 32; n++)
		assert_int_equal(harness_hops(&h, 0, meter_packet(&h, n, SIZE), 5), n % 16 != 5);
	harness_close(&h);
}

/* Killed by: tags that are not asked for. */
static void
a_side_has_its_tag(void **state)
{
	struct meter_config config = config_of(1);
	struct rte_mbuf *m;

	(void)state;
	config.sides[0].vlan = config.sides[1].vlan = 7;
	harness_open(&h, &config, true);
	m = meter_packet(&h, 1, SIZE);
	harness_receive(&h, 0, m, 0); /* without */
	assert_int_equal(harness_counter(&h, NF_drop_vlan), 1);
	m = meter_packet(&h, 1, SIZE);
	harness_tag(m, 7);
	harness_receive(&h, 0, m, 0);
	m = harness_take_mbuf(&h, 1);
	assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[12], 8);
	rte_pktmbuf_free(m);
	harness_close(&h);
}

/* Killed by: a digest of one table, or of rows in use alone. */
static void
what_is_refused_changes_nothing(void **state)
{
	struct meter_config config = config_of(1);
	struct harness_before before;
	uint64_t without;

	(void)state;
	for (int wrong = 0; wrong < 2; wrong++) {
		config.capacity = 4;
		config.writes_first = wrong;
		harness_open(&h, &config, true);
		for (uint32_t n = 0; n < 4; n++)
			pass(&h, n);
		harness_drain(&h, 1);
		without = harness_digest_without(&h, "source");
		before = harness_before(&h, METER_drop_short);
		harness_receive(&h, 0, meter_packet(&h, 1, 20), 0);
		harness_was_refused(&h, &before);
		before = harness_before(&h, METER_drop_full);
		pass(&h, 99);
		if (!wrong)
			harness_was_refused(&h, &before);
		else
			assert_true(harness_digest_without(&h, NULL) != before.digest);
		assert_true(harness_digest_without(&h, "source") == without);
		harness_close(&h);
	}
}

/* Killed by: a host that answers for the NF, or nobody who counts. */
static void
a_question_for_itself_is_wrong(void **state)
{
	struct meter_config config = config_of(2);

	(void)state;
	config.asks_itself = true;
	harness_open(&h, &config, true);
	h.expects_wrong_questions = true;
	harness_wait(&h, 1);
	assert_int_equal(h.n_wrong_questions, 1);
	harness_nothing_left(&h);
	harness_close(&h);
}

/* ---- moves ---------------------------------------------------------------------------------------------- */

static void
open_pair(struct harness_move *mv, uint32_t target_capacity)
{
	struct meter_config config = config_of(4);

	config.capacity = 96;
	harness_open(&h, &config, true);
	config = config_of(3);
	config.capacity = target_capacity;
	harness_open(&target, &config, false);
	harness_move_begin(mv, &h, &target, 1);
}

static void
close_pair(void)
{
	harness_check(&h);
	harness_check(&target);
	harness_close(&h);
	harness_close(&target);
}

/* To another number of workers, in random order while rows come and go, and back. Killed by: a row that is deleted at
 * the wrong worker, a slot whose key changed, a map that outlives its session. */
static void
rows_in_any_order_end_equal(void **state)
{
	struct harness_move mv;
	uint32_t capacity;

	(void)state;
	open_pair(&mv, 96);
	srand(3);
	capacity = harness_table(&h, SOURCES)->capacity;
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < 10; i++)
			pass(&h, (uint32_t)rand() % 200);
		harness_drain(&h, 1);
		if (round % 4 == 0)
			harness_wipe(&h);
		for (int i = 0; i < 40; i++)
			harness_copy_slot(&mv, SOURCES, (uint32_t)rand() % capacity);
		harness_check(&target);
		if (round % 10 == 9) {
			harness_copy_all(&mv);
			harness_assert_copied(&mv);
		}
	}
	harness_turn_round(&mv);
	assert_ptr_equal(mv.from, &target);
	assert_int_equal(harness_n_rows(&h, SOURCES), 0);
	for (uint32_t slot = capacity; slot-- > 0;)
		harness_copy_slot(&mv, SOURCES, slot);
	harness_assert_copied(&mv);
	harness_delete_all(&mv);
	assert_int_equal(harness_n_rows(&h, SOURCES), 0);
	close_pair();
}

/* Killed by: a refusal that is not told, a sum that is put instead of added, one that goes to another's row. */
static void
refusals_and_sums(void **state)
{
	struct meter_entry row = {.address = RTE_BE32(3), .packets = 5};
	struct harness_move mv;

	(void)state;
	open_pair(&mv, 3); /* one slot a worker */
	assert_true(harness_put_row(&mv, SOURCES, 0, 3, &row));
	row.address = RTE_BE32(6);
	assert_false(harness_put_row(&mv, SOURCES, 1, 6, &row)); /* no room */
	assert_false(harness_put_row(&mv, SOURCES, 2, 7, &row)); /* not its bucket */
	row.address = RTE_BE32(3);
	row.packets = 2;
	harness_merge_row(&mv, SOURCES, 0, &row);
	assert_int_equal(meter_entry(&target, 3)->packets, 7);
	row.address = RTE_BE32(9);
	harness_merge_row(&mv, SOURCES, 0, &row); /* another row's */
	harness_merge_row(&mv, SOURCES, 1, &row); /* nobody's */
	assert_int_equal(meter_entry(&target, 3)->packets, 7);
	harness_delete_row(&mv, SOURCES, 0);
	assert_int_equal(harness_local_slot(&mv, SOURCES, 0), SLIM_NO_SLOT);
	assert_true(harness_put_row(&mv, SOURCES, 1, 9, &row));
	close_pair();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_comes_out_on_the_other_side),
		cmocka_unit_test(hops_are_counted),
		cmocka_unit_test(a_side_has_its_tag),
		cmocka_unit_test(what_is_refused_changes_nothing),
		cmocka_unit_test(a_question_for_itself_is_wrong),
		cmocka_unit_test(rows_in_any_order_end_equal),
		cmocka_unit_test(refusals_and_sums),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
