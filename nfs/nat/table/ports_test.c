/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of external ports at the ends of what may be configured: no two ports of the largest pool are one. */
#include "ports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

static struct nat_port_table ports;

static void
set_up(uint32_t n_addresses, uint32_t ports_per_block)
{
	ports.pool.n_addresses = n_addresses;
	ports.pool.rule = nat_port_rule_of(ports_per_block);
}

/* A place is what its port was, in 32 bits and back. */
static void
assert_port(uint16_t number, uint16_t port, uint32_t protocol)
{
	struct nat_place at = nat_ports_place(&ports, number, port, protocol);
	uint32_t packed = nat_place_pack(&at);
	struct nat_place back = nat_place_unpack(&ports, packed, at.bucket);
	uint32_t n_sets = SLIM_N_BUCKETS * ports.pool.n_addresses * NAT_N_PROTOCOLS;

	assert_true(at.set < n_sets);
	assert_int_not_equal(packed, 0);
	assert_int_equal(back.set, at.set);
	assert_int_equal(back.place, at.place);
	assert_int_equal(back.number, number);
	assert_int_equal(nat_port_at(&ports.pool.rule, back.bucket, back.place), port);
}

static void
assert_block(uint16_t number, uint16_t port)
{
	struct nat_place at = nat_ports_place(&ports, number, port, NAT_UDP);
	uint32_t block = nat_ports_block(&ports, &at), n = ports.pool.rule.block_mask + 1u;

	assert_true(block < SLIM_N_BUCKETS * ports.pool.n_addresses * (NAT_PLACES / n));
	assert_int_equal(nat_block_first_port(&ports, block), port - port % n);
}

/* Killed by: a number of an address, or of a set, in too few bits. */
static void
every_port_of_the_largest_pool_has_its_number(void **state)
{
	static const uint32_t pools[] = {1, 2, 255, 256, 257, NAT_MAX_POOL - 1, NAT_MAX_POOL};
	static const uint16_t ends[] = {1, 1023, 1024, 1025, 32767, 32768, 65534, 65535};

	(void)state;
	for (uint32_t p = 0; p < RTE_DIM(pools); p++) {
		for (uint32_t n = 1; n <= 256; n *= 2) {
			set_up(pools[p], n);
			for (uint32_t i = 0; i < RTE_DIM(ends); i++) {
				for (uint32_t protocol = 0; protocol < NAT_N_PROTOCOLS;
				     protocol++) {
					assert_port(0, ends[i], protocol);
					assert_port((uint16_t)(pools[p] - 1), ends[i], protocol);
				}
				if (n > 1)
					assert_block((uint16_t)(pools[p] - 1), ends[i]);
			}
		}
	}
}

/* No two places have one number: they count through. Killed by: sets that overlap. */
static void
numbers_count_through(void **state)
{
	uint32_t expected = 1;

	(void)state;
	set_up(3, 4);
	for (uint32_t bucket = 0; bucket < SLIM_N_BUCKETS; bucket++) {
		for (uint32_t set = 0; set < 3 * NAT_N_PROTOCOLS; set++) {
			for (uint32_t place = 0; place < NAT_PLACES; place++) {
				uint16_t port = nat_port_at(&ports.pool.rule, (uint8_t)bucket,
							    (uint8_t)place);
				struct nat_place at =
					nat_ports_place(&ports, (uint16_t)(set / NAT_N_PROTOCOLS),
							port, set % NAT_N_PROTOCOLS);

				assert_int_equal(nat_place_pack(&at), expected++);
			}
		}
	}
}

/* What 10 million mappings of one protocol need can be configured; the pool does not end before the table. */
static void
ten_million_mappings_have_ports(void **state)
{
	const uint32_t per_address = 65536 - 1024, wanted = 10000000;

	(void)state;
	assert_true(wanted / per_address + 1 <= NAT_MAX_POOL);
	assert_true(wanted < SLIM_MAX_CAPACITY);
	assert_in_range(NAT_MAX_POOL * per_address, SLIM_MAX_CAPACITY / 100 * 98,
			SLIM_MAX_CAPACITY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_port_of_the_largest_pool_has_its_number),
		cmocka_unit_test(numbers_count_through),
		cmocka_unit_test(ten_million_mappings_have_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
