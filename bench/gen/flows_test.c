/* SPDX-License-Identifier: Apache-2.0 */
/* Flows: no two open ones share an address and port; closed ones rest; low bytes are even. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdlib.h>

#include <cmocka.h>

#include "flows.h"

#define SUBSCRIBERS 0x64410000u

static const struct flows_config base = {
	.n_slots = 1000,
	.n_fixed = 4,
	.guard_ns = 100,
	.subscriber_base = SUBSCRIBERS,
	.n_subscribers = 64,
	.remote_base = 0xc0000201,
	.n_remotes = 254,
	.seed = 1,
};

static int
compare(const void *a, const void *b)
{
	ledger_endpoint x = *(const ledger_endpoint *)a, y = *(const ledger_endpoint *)b;

	return (x > y) - (x < y);
}

static void
expect_all_different(const struct flows *f)
{
	ledger_endpoint inside[1000];
	uint32_t n = flows_n_open(f);

	for (uint32_t i = 0; i < n; i++)
		inside[i] = flows_inside(f, flows_open_at(f, i));
	qsort(inside, n, sizeof(inside[0]), compare);
	for (uint32_t i = 1; i < n; i++)
		assert_true(inside[i - 1] != inside[i]);
}

static void
open_flows_never_share_an_endpoint(void **state)
{
	uint64_t now_ns = 0;
	struct flows *f;
	uint32_t slot;

	(void)state;
	assert_int_equal(flows_create(&base, &f), 0);
	for (unsigned i = 0; i < 1000; i++)
		assert_true(flows_open(f, now_ns, &slot));
	assert_false(flows_open(f, now_ns, &slot));
	assert_int_equal(flows_n_open(f), 996); /* the fixed ones are not in turn */
	for (unsigned round = 0; round < 300; round++) {
		for (unsigned i = 0; i < 200; i++)
			assert_true(flows_close(f, now_ns, &slot));
		now_ns += 100;
		for (unsigned i = 0; i < 200; i++)
			assert_true(flows_open(f, now_ns, &slot));
		expect_all_different(f);
	}
	flows_destroy(f);
}

static void
a_closed_slot_rests_and_comes_back_with_another_port(void **state)
{
	ledger_endpoint before;
	struct flows *f;
	uint32_t slot, again;

	(void)state;
	assert_int_equal(flows_create(&base, &f), 0);
	for (unsigned i = 0; i < 1000; i++)
		flows_open(f, 0, &slot);
	assert_true(flows_close(f, 50, &slot));
	before = flows_inside(f, slot);
	assert_false(flows_is_open(f, slot));
	assert_true(slot >= base.n_fixed);
	assert_false(flows_open(f, 149, &again));
	assert_true(flows_open(f, 150, &again));
	assert_int_equal(again, slot);
	assert_true(flows_is_open(f, slot));
	assert_true(flows_inside(f, slot) != before);
	assert_int_equal(flows_inside(f, slot) >> 16, before >> 16);
	flows_destroy(f);
}

static void
a_pair_comes_back_only_after_all_ports(void **state)
{
	struct flows_config config = base;
	ledger_endpoint first;
	struct flows *f;
	uint32_t slot;
	unsigned lives = 1;

	(void)state;
	config.n_slots = 1;
	config.n_fixed = 0;
	config.guard_ns = 0;
	assert_int_equal(flows_create(&config, &f), 0);
	flows_open(f, 0, &slot);
	first = flows_inside(f, 0);
	assert_int_equal(first & 0xffff, 1024);
	do {
		flows_close(f, 0, &slot);
		flows_open(f, 0, &slot);
		lives++;
	} while (flows_inside(f, 0) != first);
	assert_int_equal(lives, 65536 - 1024 + 1);
	flows_destroy(f);
}

static void
low_address_bytes_are_even(void **state)
{
	struct flows_config config = base;
	unsigned n[256] = {0};
	struct flows *f;
	uint32_t slot;

	(void)state;
	config.n_slots = 256 * 100;
	config.n_subscribers = 4096;
	assert_int_equal(flows_create(&config, &f), 0);
	while (flows_open(f, 0, &slot))
		n[flows_inside(f, slot) >> 16 & 255]++;
	for (unsigned i = 0; i < 256; i++)
		assert_in_range(n[i], 99, 101);
	flows_destroy(f);
}

static void
bad_configurations_are_refused(void **state)
{
	struct flows_config c;
	struct flows *f = NULL;

	(void)state;
	c = base, c.n_slots = 0;
	assert_int_equal(flows_create(&c, &f), -EINVAL);
	c = base, c.n_fixed = 1001;
	assert_int_equal(flows_create(&c, &f), -EINVAL);
	c = base, c.n_remotes = 0;
	assert_int_equal(flows_create(&c, &f), -EINVAL);
	c = base, c.n_subscribers = 1, c.n_slots = 64513;
	assert_int_equal(flows_create(&c, &f), -EINVAL);
	assert_null(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_flows_never_share_an_endpoint),
		cmocka_unit_test(a_closed_slot_rests_and_comes_back_with_another_port),
		cmocka_unit_test(a_pair_comes_back_only_after_all_ports),
		cmocka_unit_test(low_address_bytes_are_even),
		cmocka_unit_test(bad_configurations_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
