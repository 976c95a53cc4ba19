/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that come from another instance: two gateways, and a copy of rows from one to the other by the
 * agent's install (nf_moves_test.h). Everything derived must come out of the slots alone.
 */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "nf_moves_test.h"

#define IDLE_NS (60 * HARNESS_SECOND)

/* Tables as the gateway creates them. */
enum moved { SESSIONS, N_MOVED };

static struct harness source, target;
static struct harness_move mv;

/* The instance that takes over. */
struct target_kind {
	uint16_t n_workers;
	bool active; /* or a standby */
};

static struct target_kind equal = {1, true}, wider = {3, true}, standby = {1, false};

static int
open_pair(void **state)
{
	const struct target_kind *kind = *state;
	struct gateway_config config;

	harness_defaults(&config);
	config.session_idle_ns = IDLE_NS;
	harness_open(&source, &config, true);
	config.n_workers = kind->n_workers;
	harness_open(&target, &config, kind->active);
	harness_move_begin(&mv, &source, &target, N_MOVED);
	return 0;
}

static int
close_pair(void **state)
{
	(void)state;
	harness_check(&source);
	harness_check(&target);
	harness_close(&source);
	harness_close(&target);
	return 0;
}

static bool
put_row(uint32_t source_slot, const struct gateway_session *row)
{
	return harness_put_row(&mv, SESSIONS, source_slot, (uint8_t)row->teid, row);
}

static void
ask(const char *format, unsigned int a, unsigned int b)
{
	char line[200];

	snprintf(line, sizeof(line), format, a, b);
	assert_int_equal(harness_ask(&source, line), NF_OK);
}

static void
add_sessions(unsigned int n)
{
	for (unsigned int i = 1; i <= n; i++) {
		ask("session add %u ipv4 100.64.0.%u cell 192.0.2.11 cell-teid 4", i, i);
		ask("session modify %u ipv6 2001:db8:0:%x::/64 uplink-rate 1000000", i, i);
	}
}

/* Killed by: an index that is not filled in `installed`, or a cost that is not derived there. */
static void
target_serves_what_was_installed(void **state)
{
	struct frame inner = plain(IP(100, 64, 0, 9), SERVER, 32, 1), in, out;

	(void)state;
	add_sessions(200);
	harness_copy_all(&mv);
	harness_check(&target);
	in = tunnelled(&inner, CELL_1, 9);
	harness_send(&target, GATEWAY_ACCESS, &in, 0);
	assert_true(harness_take(&target, GATEWAY_CORE, &out));
	in = plain(SERVER, IP(100, 64, 0, 200), 32, 1);
	harness_send(&target, GATEWAY_CORE, &in, 0);
	assert_true(harness_take(&target, GATEWAY_ACCESS, &out));
	g_pdu(&out, CELL_1, 4);
	assert_int_equal(harness_session(&target, 9)->uplink_cost,
			 harness_session(&source, 9)->uplink_cost);
	assert_int_not_equal(harness_session(&target, 9)->uplink_cost, 0);
	assert_int_equal(harness_counter(&target, GATEWAY_install_conflict), 0);
}

/* Killed by: an address that stays in the index when the row says another. */
static void
rows_change_while_the_copy_runs(void **state)
{
	struct frame in = plain(SERVER, IP(100, 64, 7, 5), 32, 1), out;

	(void)state;
	add_sessions(20);
	harness_copy_all(&mv);
	ask("session modify %u ipv4 100.64.7.%u", 5, 5);
	ask("path-switch %u cell 192.0.2.12 cell-teid %u", 5, 77);
	ask("session remove %u", 6, 0);
	harness_copy_all(&mv);
	harness_check(&target);
	harness_send(&target, GATEWAY_CORE, &in, 0);
	assert_true(harness_take(&target, GATEWAY_ACCESS, &out));
	g_pdu(&out, CELL_2, 77);
	in = plain(SERVER, IP(100, 64, 0, 5), 32, 1);
	harness_dropped(&target, GATEWAY_CORE, &in, GATEWAY_drop_no_subscriber);
	in = plain(SERVER, IP(100, 64, 0, 6), 32, 1);
	harness_dropped(&target, GATEWAY_CORE, &in, GATEWAY_drop_no_subscriber);
}

/* An address goes from one session to another, and the new row comes before the old one's removal.
 * Killed by: a removal that takes the other's entry out of the index. */
static void
an_address_changes_hands(void **state)
{
	struct frame in = plain(SERVER, IP(100, 64, 0, 5), 32, 1), out;
	const struct slim_table *table;
	uint32_t old_slot = SLIM_NO_SLOT, new_slot = SLIM_NO_SLOT;

	(void)state;
	add_sessions(20);
	harness_copy_all(&mv);
	table = source.gateway->sessions.shares.table;
	for (uint32_t slot = 0; slot < table->capacity; slot++)
		if (harness_is_used(table, slot) &&
		    ((const struct gateway_session *)slim_slot(table, slot))->teid == 5)
			old_slot = slot;
	/* Into another slot than the one that becomes free. */
	ask("session add %u ipv4 100.64.99.%u", 0x105, 5);
	ask("session remove %u", 5, 0);
	ask("session modify %u ipv4 100.64.0.%u cell 192.0.2.12 cell-teid 8", 0x105, 5);
	for (uint32_t slot = 0; slot < table->capacity; slot++)
		if (harness_is_used(table, slot) &&
		    ((const struct gateway_session *)slim_slot(table, slot))->teid == 0x105)
			new_slot = slot;
	assert_int_not_equal(old_slot, new_slot);
	assert_true(put_row(new_slot, slim_slot(table, new_slot)));
	harness_wait(&target, 1);
	assert_int_equal(harness_counter(&target, GATEWAY_install_conflict), 1);
	harness_delete_row(&mv, SESSIONS, old_slot);
	harness_check(&target);
	harness_send(&target, GATEWAY_CORE, &in, 0);
	assert_true(harness_take(&target, GATEWAY_ACCESS, &out));
	g_pdu(&out, CELL_2, 8);
}

/* Killed by: letting a row in that packets would not be steered to, into the index of addresses. */
static void
a_row_without_sense_is_not_indexed(void **state)
{
	struct gateway_session row = {.teid = 5, .ipv4 = RTE_BE32(IP(100, 64, 0, 6))};
	struct frame in = plain(SERVER, IP(100, 64, 0, 6), 32, 1);

	(void)state;
	assert_true(put_row(0, &row));
	harness_dropped(&target, GATEWAY_CORE, &in, GATEWAY_drop_no_subscriber);
	harness_wait(&target, 1);
	assert_int_equal(harness_counter(&target, GATEWAY_install_conflict), 1);
	harness_delete_row(&mv, SESSIONS, 0);
	harness_check(&target);
	/* The wrong worker, and no bucket of the key. */
	assert_int_equal(gateway_session_ops.acquire(&target.gateway->sessions.shares,
						     harness_worker_of(&target, 5), 6, &row.teid),
			 SLIM_NO_SLOT);
}

/* Killed by: a standby that takes orders. */
static void
a_standby_takes_no_orders(void **state)
{
	(void)state;
	add_sessions(3);
	harness_copy_all(&mv);
	assert_int_equal(harness_ask(&target, "session add 7 ipv4 100.64.0.7"), NF_NOT_OWNER);
	assert_int_equal(harness_ask(&target, "path-switch 1 idle"), NF_NOT_OWNER);
	assert_int_equal(harness_ask(&target, "session remove 1"), NF_NOT_OWNER);
	assert_int_equal(harness_session(&target, 1)->cell_teid, 4);
}

/* Killed by: an instance that does not serve, and ends sessions whose packets go to another one. */
static void
sessions_expire_where_they_are_served(void **state)
{
	(void)state;
	add_sessions(3);
	harness_copy_all(&mv);
	for (uint64_t ns = 0; ns < IDLE_NS + 5 * HARNESS_SECOND; ns += HARNESS_SECOND) {
		harness_wait(&source, HARNESS_SECOND);
		harness_wait(&target, HARNESS_SECOND);
	}
	assert_int_equal(harness_counter(&source, GATEWAY_session_expired), 3);
	assert_null(harness_session(&source, 1));
	assert_int_equal(harness_counter(&target, GATEWAY_session_expired), 0);
	assert_non_null(harness_session(&target, 1));
}

#define TEST_WITH(f, kind) \
	cmocka_unit_test_prestate_setup_teardown(f, open_pair, close_pair, &(kind))
#define TEST(f) TEST_WITH(f, equal)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(target_serves_what_was_installed),
		TEST_WITH(target_serves_what_was_installed, wider),
		TEST(rows_change_while_the_copy_runs),
		TEST_WITH(rows_change_while_the_copy_runs, wider),
		TEST(an_address_changes_hands),
		TEST(a_row_without_sense_is_not_indexed),
		TEST_WITH(a_standby_takes_no_orders, standby),
		TEST_WITH(sessions_expire_where_they_are_served, standby),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
