/* SPDX-License-Identifier: Apache-2.0 */
/* Subscribers are counted in passes, against a naive count. */
#include "census.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#define MAX_ADDRESSES 60000u
#define N_SESSIONS 200000u

static const uint8_t protocols[] = {IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP};
static uint32_t sessions[N_SESSIONS]; /* number of the address */
static uint32_t naive[MAX_ADDRESSES][NAT_N_PROTOCOLS];
static struct nat_census census;

static uint32_t
address_of(uint32_t number)
{
	return UINT32_C(0x64400000) + number * 77;
}

static void
make_sessions(uint32_t n_addresses)
{
	memset(naive, 0, sizeof(naive));
	srand(n_addresses);
	for (uint32_t i = 0; i < N_SESSIONS; i++) {
		sessions[i] = (uint32_t)rand() % n_addresses;
		naive[sessions[i]][i % NAT_N_PROTOCOLS]++;
	}
}

static void
pass(uint64_t lower)
{
	nat_census_begin(&census, lower);
	for (uint32_t i = 0; i < N_SESSIONS; i++) {
		struct nat_session session = {
			.inside_address = rte_cpu_to_be_32(address_of(sessions[i])),
			.protocol = protocols[i % NAT_N_PROTOCOLS],
			.outside_address = sessions[i] % 5 == 0 ? i % 2 : 7,
		};

		nat_census_add(&census, &session);
	}
	nat_census_end(&census);
}

static void
check_resident(const struct nat_resident *resident, uint32_t *number)
{
	while (naive[*number][0] + naive[*number][1] + naive[*number][2] == 0)
		(*number)++;
	assert_int_equal(resident->address, address_of(*number));
	assert_memory_equal(resident->n_sessions, naive[*number], sizeof(naive[0]));
	if (*number % 5 != 0)
		assert_false(resident->several);
	(*number)++;
}

/* How many passes were needed. */
static uint32_t
count(uint32_t n_addresses)
{
	uint32_t number = 0, n_passes = 0;
	uint64_t lower = 0;

	make_sessions(n_addresses);
	do {
		assert_true(n_passes++ < n_addresses);
		pass(lower);
		for (uint32_t i = 0; i < census.n; i++)
			check_resident(&census.residents[i], &number);
		lower = census.upper;
	} while (nat_census_has_more(&census));
	while (number < n_addresses) {
		assert_int_equal(naive[number][0] + naive[number][1] + naive[number][2], 0);
		number++;
	}
	return n_passes;
}

/* Killed by: a half that is forgotten and counted again in the same pass, a limit that is off by one, an index
 * that is not made anew. */
static void
all_are_counted_once_and_in_order(void **state)
{
	(void)state;
	assert_int_equal(count(1), 1);
	assert_int_equal(count(NAT_CENSUS_SIZE), 1);
	assert_true(count(NAT_CENSUS_SIZE + 1) > 1);
	assert_in_range(count(MAX_ADDRESSES), MAX_ADDRESSES / NAT_CENSUS_SIZE,
			2 * MAX_ADDRESSES / NAT_CENSUS_SIZE + 1);
}

static void
other_external_addresses_are_told(void **state)
{
	struct nat_session session = {.protocol = IPPROTO_TCP, .outside_address = 1};

	(void)state;
	nat_census_begin(&census, 0);
	nat_census_add(&census, &session);
	nat_census_add(&census, &session);
	assert_false(census.residents[0].several);
	session.outside_address = 2;
	nat_census_add(&census, &session);
	assert_true(census.residents[0].several);
	assert_int_equal(census.residents[0].n_sessions[NAT_TCP], 3);
	session.protocol = 99;
	nat_census_add(&census, &session);
	assert_int_equal(census.n, 1);
	assert_int_equal(census.residents[0].n_sessions[NAT_TCP], 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_counted_once_and_in_order),
		cmocka_unit_test(other_external_addresses_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
