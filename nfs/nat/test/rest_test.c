/* SPDX-License-Identifier: Apache-2.0 */
/* Ports that rest after their mapping (RFC 6888 REQ-8): who gets which port meanwhile, and what happens when no other is
 * left. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#define N_PORTS 4 /* of each bucket */
#define DELAY (120 * HARNESS_SECOND)

static struct harness h;

/* ---- set-up ------------------------------------------------------------------------------------- */

/* One external address with a few ports for each bucket. */
static void
configure(struct nat_config *config, uint32_t n_ports)
{
	harness_defaults(config);
	config->n_pool = 1;
	config->port_first = 2048;
	config->port_last = (uint16_t)(2048 + n_ports * 256 - 1);
	config->timeouts.udp_ns = 10 * HARNESS_SECOND;
}

static int
open_with(uint32_t ports_per_block, uint64_t delay_ns, uint32_t max_resting)
{
	struct nat_config config;

	configure(&config, ports_per_block == 1 ? N_PORTS : 2 * N_PORTS);
	config.ports_per_block = ports_per_block;
	config.max_blocks_per_subscriber = 1;
	config.reuse_delay_ns = delay_ns;
	config.max_resting = max_resting;
	harness_open(&h, &config, true);
	return 0;
}

static int
open_ports(void **state)
{
	(void)state;
	return open_with(1, DELAY, 64);
}

static int
open_blocks(void **state)
{
	(void)state;
	return open_with(N_PORTS, DELAY, 64);
}

static int
open_without(void **state)
{
	(void)state;
	return open_with(1, 0, 64);
}

static int
open_few(void **state)
{
	(void)state;
	return open_with(1, DELAY, 1);
}

static int
close_it(void **state)
{
	(void)state;
	harness_check(&h);
	harness_close(&h);
	return 0;
}

/* ---- mappings -------------------------------------------------------------------------------------- */

/* The n-th subscriber of one bucket. */
static uint32_t
subscriber(uint32_t n)
{
	return IP(100, 64, 1 + n, 7);
}

static uint16_t
make(uint8_t protocol, uint32_t from, uint16_t port)
{
	struct harness_packet p = {
		.side = NAT_INSIDE,
		.protocol = protocol,
		.tcp_flags = 2,
		.icmp_type = protocol == IPPROTO_ICMP ? 8 : 0,
		.src = from,
		.src_port = port,
		.dst = SERVER,
		.dst_port = 53,
	};

	return harness_pass(&h, &p, NAT_OUTSIDE).src_port;
}

static uint16_t
make_udp(uint32_t n)
{
	return make(IPPROTO_UDP, subscriber(n), 1000);
}

static void
end(uint8_t protocol, uint32_t from, uint16_t port)
{
	const struct nat_session *session = harness_session(&h, from, port, protocol);

	assert_non_null(session);
	for (uint32_t slot = 0; slot < h.nat->sessions.shares.capacity; slot++)
		if (nat_session_at(h.workers[0].sessions, slot) == session)
			nat_mapping_remove(h.workers[0].sessions, slot);
}

static uint32_t
n_resting(void)
{
	const struct nat_rests *s = h.workers[0].sessions->rests;

	return s->share.n_slots - s->share.n_free;
}

static uint64_t
n_cut(void)
{
	harness_wait(&h, 0);
	return harness_counter(&h, NAT_port_rest_cut);
}

/* ---- ports one by one -------------------------------------------------------------------------------- */

/* Killed by: a port that is free at once, one that rests for ever, or a rest that is not marked. */
static void
a_port_rests_after_its_mapping(void **state)
{
	uint16_t rested;

	(void)state;
	for (uint32_t round = 0; round < 20; round++) {
		rested = make_udp(0);
		end(IPPROTO_UDP, subscriber(0), 1000);
		for (uint32_t n = 1; n < N_PORTS; n++)
			assert_int_not_equal(make_udp(n), rested);
		assert_int_equal(n_resting(), 1);
		assert_int_equal(n_cut(), 0);
		for (uint32_t n = 1; n < N_PORTS; n++)
			end(IPPROTO_UDP, subscriber(n), 1000);
		assert_int_equal(n_resting(), N_PORTS);
		harness_wait(&h, DELAY - 1);
		assert_int_equal(n_resting(), N_PORTS);
		harness_wait(&h, HARNESS_TICK + 1);
		assert_int_equal(n_resting(), 0);
	}
	for (uint32_t n = 0; n < N_PORTS; n++)
		make_udp(n);
	assert_int_equal(n_cut(), 0);
}

/* No mapping is refused because of it: when nothing else is left, a port that rests is given, and that is counted. Also to
 * who had it before. Killed by: a refusal, a rest that stays when its port is given, one that is not counted. */
static void
a_rest_refuses_nothing(void **state)
{
	struct harness_packet p = {.side = NAT_INSIDE,
				   .protocol = IPPROTO_UDP,
				   .src = subscriber(N_PORTS),
				   .src_port = 1000,
				   .dst = SERVER};

	(void)state;
	for (uint32_t n = 0; n < N_PORTS; n++)
		make_udp(n);
	end(IPPROTO_UDP, subscriber(0), 1000);
	assert_int_equal(n_resting(), 1);
	make_udp(N_PORTS);
	assert_int_equal(n_resting(), 0);
	assert_int_equal(n_cut(), 1);
	p.src = subscriber(N_PORTS + 1);
	harness_refused(&h, &p, 1, NAT_drop_no_port);
	end(IPPROTO_UDP, subscriber(1), 1000);
	make_udp(1);
	assert_int_equal(n_cut(), 2);
}

/* Ports rest by protocol, and those of TCP do not. Killed by: one mark for all protocols, a rest for TCP. */
static void
tcp_does_not_rest(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < N_PORTS; i++) {
		make(IPPROTO_UDP, subscriber(i), 1000);
		make(IPPROTO_TCP, subscriber(i), 1000);
		make(IPPROTO_ICMP, subscriber(i), 1000);
	}
	for (uint16_t i = 0; i < N_PORTS; i++) {
		end(IPPROTO_TCP, subscriber(i), 1000);
		make(IPPROTO_TCP, subscriber(i), 1001);
		assert_int_equal(n_resting(), 0);
	}
	for (uint16_t i = 0; i < N_PORTS; i++)
		end(IPPROTO_ICMP, subscriber(i), 1000);
	assert_int_equal(n_resting(), N_PORTS);
	end(IPPROTO_UDP, subscriber(0), 1000);
	assert_int_equal(n_resting(), N_PORTS + 1);
	assert_int_equal(n_cut(), 0);
}

/* Killed by: a mapping whose time is over and whose port is free at once. */
static void
expired_mappings_leave_resting_ports(void **state)
{
	(void)state;
	make_udp(0);
	harness_wait(&h, 11 * HARNESS_SECOND);
	assert_int_equal(harness_n_sessions(&h), 0);
	assert_int_equal(n_resting(), 1);
}

/* Killed by: no bound, or a place that is not counted. */
static void
too_many_do_not_rest(void **state)
{
	(void)state;
	make_udp(0);
	make_udp(1);
	end(IPPROTO_UDP, subscriber(0), 1000);
	end(IPPROTO_UDP, subscriber(1), 1000);
	assert_int_equal(n_resting(), 1);
	assert_int_equal(n_cut(), 1);
	harness_wait(&h, DELAY + HARNESS_TICK);
	make_udp(2);
	end(IPPROTO_UDP, subscriber(2), 1000);
	assert_int_equal(n_resting(), 1);
	assert_int_equal(n_cut(), 1);
}

static void
without_a_delay_none_rests(void **state)
{
	(void)state;
	make_udp(0);
	end(IPPROTO_UDP, subscriber(0), 1000);
	assert_int_equal(n_resting(), 0);
	assert_int_equal(n_cut(), 0);
}

/* ---- blocks ---------------------------------------------------------------------------------------------- */

/* There are two blocks. A new subscriber gets the one that did not rest; the next one the other, and ports there that do not
 * rest; at last one that does. Killed by: taking any free block, passing over blocks with some ports that
 * rest, or taking a port that rests before one that does not. */
static void
blocks_without_resting_ports_go_first(void **state)
{
	uint16_t rested, first;

	(void)state;
	for (uint32_t round = 0; round < 10; round++) {
		uint64_t before = n_cut();

		rested = make_udp(0);
		end(IPPROTO_UDP, subscriber(0), 1000);
		first = make_udp(1);
		assert_int_not_equal(first / N_PORTS, rested / N_PORTS);
		for (uint16_t i = 0; i < N_PORTS - 1; i++) {
			uint16_t port = make(IPPROTO_UDP, subscriber(2), (uint16_t)(2000 + i));

			assert_int_equal(port / N_PORTS, rested / N_PORTS);
			assert_int_not_equal(port, rested);
		}
		assert_int_equal(n_cut(), before);
		assert_int_equal(make(IPPROTO_UDP, subscriber(2), 3000), rested);
		assert_int_equal(n_cut(), before + 1);
		harness_wait(&h, 20 * HARNESS_SECOND);
		assert_int_equal(harness_n_sessions(&h), 0);
		harness_wait(&h, DELAY + HARNESS_TICK);
		assert_int_equal(n_resting(), 0);
	}
}

int
main(void)
{
#define TEST_WITH(f, open) cmocka_unit_test_setup_teardown(f, open, close_it)
	const struct CMUnitTest tests[] = {
		TEST_WITH(a_port_rests_after_its_mapping, open_ports),
		TEST_WITH(a_rest_refuses_nothing, open_ports),
		TEST_WITH(tcp_does_not_rest, open_ports),
		TEST_WITH(expired_mappings_leave_resting_ports, open_ports),
		TEST_WITH(too_many_do_not_rest, open_few),
		TEST_WITH(without_a_delay_none_rests, open_without),
		TEST_WITH(blocks_without_resting_ports_go_first, open_blocks),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
