/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_switch.h"
#include "log.h"
#include "loop.h"

static struct event_base *base;
static struct fake_switch fake;
static struct bridge *bridge;
static char folder[] = "/tmp/ofctl-bridge-test-XXXXXX";
static char path[64];
static unsigned n_up, n_down, n_ports, n_changes;
static uint64_t changed_cookie;
static uint32_t bundle;
static unsigned n_done, n_flows;
static char error_text[256];
static uint64_t probe_ns = UINT64_C(60000000000), request_ns = UINT64_C(60000000000);

static void
on_up(void *ctx)
{
	(void)ctx;
	n_up++;
}

static void
on_down(void *ctx)
{
	(void)ctx;
	n_down++;
}

static void
on_ports(void *ctx)
{
	(void)ctx;
	n_ports++;
}

static void
on_done(void *ctx, const char *error)
{
	(void)ctx;
	n_done++;
	snprintf(error_text, sizeof(error_text), "%s", error ? error : "");
}

static unsigned n_flow_done;

/* Of a request whose end is to be told apart; it must not fail. */
static void
on_flow_done(void *ctx, const char *error)
{
	(void)ctx;
	assert_null(error);
	n_flow_done++;
}

static void
on_flow(void *ctx, const struct of_flow *flow)
{
	(void)ctx;
	(void)flow;
	n_flows++;
}

static void
on_rule(void *ctx, const struct of_update *update)
{
	(void)ctx;
	n_changes++;
	changed_cookie = update ? update->cookie : 0;
}

static const struct bridge_ops ops = {on_up, on_down, on_ports, on_rule};

static int
start(void **state)
{
	(void)state;
	base = event_base_new();
	fake = (struct fake_switch){.datapath_id = 0x1234};
	n_up = n_down = n_ports = n_done = n_flows = n_changes = 0;
	n_flow_done = 0;
	error_text[0] = '\0';
	for (unsigned i = 0; i < 5; i++) {
		char name[16];

		snprintf(name, sizeof(name), "port%u", i + 1);
		fake_switch_add_port(&fake, i + 1, name);
	}
	fake_switch_start(&fake, base, path);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	bridge_destroy(bridge);
	bridge = NULL;
	fake_switch_stop(&fake);
	event_base_free(base);
	probe_ns = request_ns = UINT64_C(60000000000);
	return 0;
}

static void
open_bridge(void)
{
	char address[80];
	struct bridge_config config = {.name = "br",
				       .address = address,
				       .probe_ns = probe_ns,
				       .request_ns = request_ns,
				       .nudge_cookie = 0x77};

	snprintf(address, sizeof(address), "unix:%s", path);
	assert_int_equal(bridge_create(base, &config, &ops, NULL, &bridge), 0);
}

static void
bring_up(void)
{
	open_bridge();
	RUN_UNTIL(base, n_up == 1);
}

static struct of_flow_mod
some_mod(uint16_t priority)
{
	struct of_flow_mod mod = {.command = OF_FLOW_ADD, .priority = priority};

	of_match_in_port(&mod.match, 1);
	of_action_add(&mod.actions, OF_ACTION_OUTPUT, 2);
	return mod;
}

static void
stage(unsigned n)
{
	struct of_flow_mod mods[64];

	for (unsigned i = 0; i < n; i++)
		mods[i] = some_mod((uint16_t)i);
	assert_int_equal(bridge_stage(bridge, mods, n, on_done, NULL, &bundle), 0);
}

static void
comes_up_and_knows_ports(void **state)
{
	(void)state;
	bring_up();
	assert_int_equal(bridge_datapath_id(bridge), 0x1234);
	assert_int_equal(bridge_port_number(bridge, "port5"), 5);
	assert_int_equal(bridge_port_number(bridge, "port6"), 0);
}

static void
halves_of_messages_are_put_together(void **state)
{
	(void)state;
	fake.split = true;
	bring_up();
	stage(20);
	RUN_UNTIL(base, n_done == 1);
	assert_string_equal(error_text, "");
	assert_int_equal(bridge_port_number(bridge, "port3"), 3);
}

static void
bundle_is_staged_then_committed(void **state)
{
	(void)state;
	bring_up();
	stage(20);
	RUN_UNTIL(base, n_done == 1);
	assert_string_equal(error_text, "");
	assert_int_equal(fake.n_flows, 0);
	assert_int_equal(bridge_commit(bridge, bundle, on_done, NULL), 0);
	RUN_UNTIL(base, n_done == 2);
	assert_string_equal(error_text, "");
	assert_int_equal(fake.n_flows, 20);
	assert_int_equal(bridge_read_flows(bridge, 0, 0, on_flow, on_done, NULL), 0);
	RUN_UNTIL(base, n_done == 3);
	assert_int_equal(n_flows, 20);
}

static void
error_in_the_middle_of_a_bundle(void **state)
{
	(void)state;
	fake.fail_add = 3;
	bring_up();
	stage(5);
	RUN_UNTIL(base, n_done == 1);
	assert_string_equal(error_text, "bad action, code 4");
	bridge_discard(bridge, bundle);
	RUN_UNTIL(base, fake.n_discards == 1);
	assert_int_equal(fake.n_flows, 0);
	fake.fail_add = 0;
	stage(2);
	RUN_UNTIL(base, n_done == 2);
	assert_string_equal(error_text, "");
}

static void
refused_commit(void **state)
{
	(void)state;
	fake.fail_commit = true;
	bring_up();
	stage(5);
	RUN_UNTIL(base, n_done == 1);
	bridge_commit(bridge, bundle, on_done, NULL);
	RUN_UNTIL(base, n_done == 2);
	assert_string_equal(error_text, "flow mod failed, code 1");
	assert_int_equal(fake.n_flows, 0);
}

static void
switch_gone_in_the_middle(void **state)
{
	(void)state;
	fake.hang_up_at_commit = true;
	bring_up();
	stage(5);
	RUN_UNTIL(base, n_done == 1);
	bridge_commit(bridge, bundle, on_done, NULL);
	RUN_UNTIL(base, n_done == 2);
	assert_string_equal(error_text, "the connection to the switch is gone");
	assert_int_equal(n_down, 1);
	assert_int_equal(bridge_read_flows(bridge, 0, 0, on_flow, on_done, NULL), -ENOTCONN);
	RUN_UNTIL(base, n_up == 2);
	assert_int_equal(fake.n_connections, 2);
}

static void
comes_back_when_the_switch_does(void **state)
{
	(void)state;
	bring_up();
	fake_switch_stop(&fake);
	RUN_UNTIL(base, n_down == 1);
	/* Some attempts fail in between. */
	RUN_UNTIL(base, strcmp(bridge_state(bridge), "connecting") != 0);
	fake_switch_start(&fake, base, path);
	RUN_UNTIL(base, n_up == 2);
}

static void
ports_come_and_go(void **state)
{
	(void)state;
	bring_up();
	fake_switch_add_port(&fake, 9, "late");
	RUN_UNTIL(base, n_ports == 1);
	assert_int_equal(bridge_port_number(bridge, "late"), 9);
	fake_switch_renumber(&fake, "late", 12);
	RUN_UNTIL(base, n_ports == 3);
	assert_int_equal(bridge_port_number(bridge, "late"), 12);
	fake_switch_remove_port(&fake, "late");
	RUN_UNTIL(base, n_ports == 4);
	assert_int_equal(bridge_port_number(bridge, "late"), 0);
}

static void
silence_is_probed(void **state)
{
	(void)state;
	probe_ns = 20000000;
	bring_up();
	RUN_UNTIL(base, fake.n_echoes >= 3);
	assert_int_equal(n_down, 0);
	fake.mute = true;
	RUN_UNTIL(base, n_down == 1);
}

static void
old_switch_is_left_alone(void **state)
{
	(void)state;
	fake.old = true;
	open_bridge();
	RUN_UNTIL(base, fake.n_connections == 2);
	assert_int_equal(n_up, 0);
}

static void
garbage_ends_the_connection(void **state)
{
	(void)state;
	fake.garbage = true;
	open_bridge();
	RUN_UNTIL(base, fake.n_connections == 2);
	assert_int_equal(n_up, 0);
	fake.garbage = false;
	RUN_UNTIL(base, n_up == 1);
}

/* Two bundles at a time, committed in the other order; an error in one is not the other's. */
static void
bundles_go_side_by_side(void **state)
{
	struct of_flow_mod mods[3] = {some_mod(1), some_mod(2), some_mod(3)};
	uint32_t first, second;

	(void)state;
	fake.fail_add = 3;
	bring_up();
	assert_int_equal(bridge_stage(bridge, mods, 3, on_done, NULL, &first), 0);
	assert_int_equal(bridge_stage(bridge, mods, 2, on_flow_done, NULL, &second), 0);
	RUN_UNTIL(base, n_done == 1 && n_flow_done == 1);
	assert_string_equal(error_text, "bad action, code 4");
	assert_int_equal(bridge_commit(bridge, second, on_flow_done, NULL), 0);
	RUN_UNTIL(base, n_flow_done == 2);
	assert_int_equal(fake.n_flows, 2);
	bridge_discard(bridge, first);
	assert_int_equal(bridge_commit(bridge, first, on_done, NULL), -ENOENT);
	RUN_UNTIL(base, fake.n_discards == 1);
}

/* Echos are answered, statistics are not: the caller gets an end, and a new connection. */
static void
unanswered_request_ends(void **state)
{
	unsigned downs, ups;

	(void)state;
	request_ns = 20000000;
	probe_ns = 5000000;
	bring_up();
	RUN_UNTIL(base, fake.n_echoes > 0 && bridge_is_up(bridge));
	downs = n_down;
	ups = n_up;
	fake.deaf = true;
	assert_int_equal(bridge_read_port_stats(bridge, NULL, on_done, NULL), 0);
	RUN_UNTIL(base, n_done == 1);
	assert_string_equal(error_text, "the connection to the switch is gone");
	RUN_UNTIL(base, n_down == downs + 1);
	fake.deaf = false;
	RUN_UNTIL(base, n_up > ups);
}

static void
cancelled_request_is_not_heard_of(void **state)
{
	(void)state;
	bring_up();
	assert_int_equal(bridge_barrier(bridge, on_done, &n_done), 0);
	bridge_cancel(bridge, &n_done);
	assert_int_equal(bridge_barrier(bridge, on_flow_done, NULL), 0);
	RUN_UNTIL(base, n_flow_done == 1);
	assert_int_equal(n_done, 0);
}

static void
changes_by_others_are_told(void **state)
{
	(void)state;
	bring_up();
	assert_true(bridge_tells_changes(bridge));
	RUN_UNTIL(base, fake.monitored);
	fake.flows[fake.n_flows++] = (struct fake_flow){.priority = 7, .cookie = 0x1234};
	fake_switch_steal(&fake, 0x1234, UINT64_MAX);
	RUN_UNTIL(base, n_changes == 1);
	assert_int_equal(changed_cookie, 0x1234);
	fake_switch_resume(&fake);
	RUN_UNTIL(base, n_changes == 3);
	assert_int_equal(changed_cookie, 0);
}

static void
switch_that_tells_no_changes(void **state)
{
	(void)state;
	fake.no_monitor = true;
	bring_up();
	RUN_UNTIL(base, !bridge_tells_changes(bridge));
	assert_int_equal(n_down, 0);
}

static void
nudge_leaves_nothing(void **state)
{
	(void)state;
	bring_up();
	bridge_nudge(bridge);
	RUN_UNTIL(base, fake.n_nudges == 1);
	assert_int_equal(fake.n_flows, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(comes_up_and_knows_ports),
		TEST(halves_of_messages_are_put_together),
		TEST(bundle_is_staged_then_committed),
		TEST(error_in_the_middle_of_a_bundle),
		TEST(refused_commit),
		TEST(bundles_go_side_by_side),
		TEST(unanswered_request_ends),
		TEST(cancelled_request_is_not_heard_of),
		TEST(changes_by_others_are_told),
		TEST(switch_that_tells_no_changes),
		TEST(nudge_leaves_nothing),
		TEST(switch_gone_in_the_middle),
		TEST(comes_back_when_the_switch_does),
		TEST(ports_come_and_go),
		TEST(silence_is_probed),
		TEST(old_switch_is_left_alone),
		TEST(garbage_ends_the_connection),
	};
	int result;

	signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	log_set_level(LOG_LEVEL_ERROR);
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/switch", folder);
	result = cmocka_run_group_tests_name("bridge", tests, NULL, NULL);
	rmdir(folder);
	return result;
}
