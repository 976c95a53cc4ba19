/* SPDX-License-Identifier: Apache-2.0 */
/* How many PADIs are answered, over seconds that the test makes. */
#include "flood.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define SECOND UINT64_C(1000000000)
#define NOW (1000 * SECOND)

static struct pppoe_flood flood;

static struct rte_ether_addr
client(uint32_t number)
{
	return (struct rte_ether_addr){{2, 0, (uint8_t)(number >> 24), (uint8_t)(number >> 16),
					(uint8_t)(number >> 8), (uint8_t)number}};
}

/* How many of `n` at one moment are answered. */
static uint32_t
answered(uint32_t number, uint32_t n, uint64_t now_ns)
{
	struct rte_ether_addr mac = client(number);
	uint32_t yes = 0;

	for (uint32_t i = 0; i < n; i++)
		yes += pppoe_flood_may(&flood, &mac, now_ns);
	return yes;
}

/* Killed by: one too many or too few at once; tokens that come back too fast, too slowly, or beyond a second's. */
static void
one_address_has_its_rate(void **state)
{
	static const uint32_t rates[] = {1, 3, 10, 1000};

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		uint32_t per_s = rates[i];

		pppoe_flood_init(&flood, per_s, 0, 7);
		assert_int_equal(answered(1, 2 * per_s, NOW), per_s);
		assert_int_equal(answered(1, 5, NOW + SECOND / per_s - 2), 0);
		assert_int_equal(answered(1, 5, NOW + SECOND / per_s), 1);
		assert_int_equal(answered(1, 2 * per_s, NOW + 100 * SECOND), per_s);
	}
}

/* A flood that goes on gets its rate, no less. Killed by: refused ones that take a token, too. */
static void
a_long_flood_has_its_rate(void **state)
{
	uint32_t yes = 0;

	(void)state;
	pppoe_flood_init(&flood, 10, 0, 7);
	for (uint64_t ms = 0; ms < 10000; ms++)
		yes += answered(1, 1, NOW + ms * (SECOND / 1000));
	assert_in_range(yes, 10 + 99, 10 + 100);
}

/* Killed by: one bucket for all; a refused one that takes a token of all. */
static void
a_flood_of_one_leaves_the_others(void **state)
{
	(void)state;
	pppoe_flood_init(&flood, 5, 100, 7);
	assert_int_equal(answered(1, 100000, NOW), 5);
	assert_int_equal(answered(2, 5, NOW), 5);
	assert_int_equal(answered(3, 5, NOW), 5);
}

/* Killed by: no bucket for all, or one that is not filled. */
static void
thousands_share_the_rate_of_all(void **state)
{
	uint32_t yes = 0;

	(void)state;
	pppoe_flood_init(&flood, 5, 1000, 7);
	for (uint32_t number = 0; number < 50000; number++)
		yes += answered(number, 1, NOW);
	assert_int_equal(yes, 1000);
	for (uint32_t number = 50000; number < 100000; number++)
		yes += answered(number, 1, NOW + SECOND / 2);
	assert_int_equal(yes, 1500);
}

/* Killed by: a refusal by the rate of all that takes a token of the address. */
static void
a_flood_of_others_costs_nothing(void **state)
{
	(void)state;
	pppoe_flood_init(&flood, 5, 100, 7);
	for (uint32_t number = 10; number < 110; number++)
		answered(number, 1, NOW);
	assert_int_equal(answered(1, 100, NOW), 0);
	assert_int_equal(answered(1, 100, NOW + SECOND / 10), 5);
}

/* Killed by: a limit of 0 that lets nobody in. */
static void
no_limit_is_none(void **state)
{
	(void)state;
	pppoe_flood_init(&flood, 0, 0, 7);
	assert_int_equal(answered(1, 10000, NOW), 10000);
}

/* With a limit of 1 each address that is answered has a place of its own. Of n in n places some 63 % have. */
static uint32_t
places_of(uint32_t step)
{
	uint32_t yes = 0;

	for (uint32_t i = 0; i < PPPOE_FLOOD_PLACES; i++)
		yes += answered(i * step, 1, NOW);
	return yes;
}

/* Addresses of one maker, or one bucket, are spread as if they were drawn by lot. Killed by: an octet of the address, or
 * one of the multiplications, left out. */
static void
addresses_are_spread(void **state)
{
	static const uint32_t steps[] = {1, 256, 65536, 4096, 0x01010101};

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		pppoe_flood_init(&flood, 1, 0, 0x1234567890abcdef);
		assert_in_range(places_of(steps[i]), PPPOE_FLOOD_PLACES * 60 / 100,
				PPPOE_FLOOD_PLACES * 66 / 100);
	}
}

/* Who shares a place is another one with another seed. Killed by: the seed not used. */
static void
nobody_knows_who_shares_a_place(void **state)
{
	uint32_t other = 1, n = 0;

	(void)state;
	do {
		pppoe_flood_init(&flood, 1, 0, 7);
		answered(1, 1, NOW);
		assert_true(other < 100 * PPPOE_FLOOD_PLACES);
	} while (answered(++other, 1, NOW) == 1);
	for (uint64_t seed = 0; seed < 64; seed++) {
		pppoe_flood_init(&flood, 1, 0, seed * UINT64_C(0x9e3779b97f4a7c15) + 1);
		answered(1, 1, NOW);
		n += answered(other, 1, NOW);
	}
	assert_in_range(n, 60, 64);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_address_has_its_rate),
		cmocka_unit_test(a_long_flood_has_its_rate),
		cmocka_unit_test(a_flood_of_one_leaves_the_others),
		cmocka_unit_test(thousands_share_the_rate_of_all),
		cmocka_unit_test(a_flood_of_others_costs_nothing),
		cmocka_unit_test(no_limit_is_none),
		cmocka_unit_test(addresses_are_spread),
		cmocka_unit_test(nobody_knows_who_shares_a_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
