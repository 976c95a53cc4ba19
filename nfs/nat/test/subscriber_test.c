/* SPDX-License-Identifier: Apache-2.0 */
/* Subscribers: how fast each may make mappings, whatever makes them, and how long each is known. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#include "pcp_server.h"

#define BURST 2

static struct harness h;

/* ---- set-up ------------------------------------------------------------------------------------ */

static void
configure(struct nat_config *config)
{
	harness_defaults(config);
	config->new_sessions_per_s = 1;
	config->new_sessions_burst = BURST;
	config->pcp = (struct nat_pcp_config){.enabled = true,
					      .min_lifetime = 120,
					      .max_lifetime = 7200,
					      .mappings = 256,
					      .mappings_per_subscriber = 16};
}

static int
open_slow(void **state)
{
	struct nat_config config;

	(void)state;
	configure(&config);
	harness_open(&h, &config, true);
	return 0;
}

static int
open_static(void **state)
{
	struct nat_config config;

	(void)state;
	configure(&config);
	for (uint16_t i = 0; i < 2 * BURST; i++)
		config.statics[i] = (struct nat_static){
			.inside_address = rte_cpu_to_be_32(SUBSCRIBER),
			.inside_port = rte_cpu_to_be_16((uint16_t)(80 + i)),
			.outside_address = RTE_BE32(IP(198, 51, 100, 1)),
			.outside_port = rte_cpu_to_be_16((uint16_t)(0x4407 + 256 * i)),
			.protocol = IPPROTO_UDP,
		};
	config.n_statics = 2 * BURST;
	harness_open(&h, &config, true);
	return 0;
}

static int
open_few(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	config.subscribers = 3;
	harness_open(&h, &config, true);
	return 0;
}

static int
open_unlimited(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	harness_open(&h, &config, true);
	return 0;
}

static int
close_it(void **state)
{
	(void)state;
	harness_check(&h);
	harness_close(&h);
	return 0;
}

/* ---- ways to make a mapping ------------------------------------------------------------------------ */

enum way { BY_UDP = 0, BY_ICMP, BY_SYN, BY_PICKUP, BY_HAIRPIN, BY_PCP, N_WAYS };

/* Answers a MAP request without a wish, at once. */
static uint8_t
request_map(uint32_t from, uint16_t port, uint32_t lifetime)
{
	uint8_t bytes[64] = {2, 1}, result = 255;
	rte_be32_t address = rte_cpu_to_be_32(from), time = rte_cpu_to_be_32(lifetime);
	rte_be16_t inside_port = rte_cpu_to_be_16(port);

	memcpy(&bytes[4], &time, sizeof(time));
	memset(&bytes[18], 0xff, 2);
	memcpy(&bytes[20], &address, sizeof(address));
	bytes[36] = IPPROTO_UDP;
	memcpy(&bytes[40], &inside_port, sizeof(inside_port));
	memset(&bytes[54], 0xff, 2);
	assert_int_not_equal(
		nat_pcp_server_answer(h.workers[0].pcp, address, bytes, 60, h.now_ns, &result), 0);
	return result;
}

static struct harness_packet
packet_of(enum way way, uint32_t from, uint16_t port)
{
	return (struct harness_packet){
		.side = NAT_INSIDE,
		.protocol = way == BY_ICMP                      ? IPPROTO_ICMP
			    : way == BY_SYN || way == BY_PICKUP ? IPPROTO_TCP
								: IPPROTO_UDP,
		.tcp_flags = way == BY_SYN ? 0x02 : 0x10,
		.icmp_type = way == BY_ICMP ? 8 : 0,
		.src = from,
		.src_port = port,
		.dst = SERVER,
		.dst_port = 53,
	};
}

/* An open mapping of a neighbour, for packets from inside to come back to. */
static struct harness_packet
neighbour(void)
{
	struct harness_packet p = packet_of(BY_UDP, IP(100, 64, 200, 200), 4000);

	return harness_pass(&h, &p, NAT_OUTSIDE);
}

static void
make(enum way way, uint32_t from, uint16_t port)
{
	struct harness_packet p = packet_of(way, from, port), there = neighbour();

	if (way == BY_PCP) {
		assert_int_equal(request_map(from, port, 600), NAT_PCP_SUCCESS);
		return;
	}
	if (way == BY_HAIRPIN) {
		p.dst = there.src;
		p.dst_port = there.src_port;
	}
	harness_pass(&h, &p, way == BY_HAIRPIN ? NAT_INSIDE : NAT_OUTSIDE);
}

static void
refuse(enum way way, uint32_t from, uint16_t port)
{
	struct harness_packet p = packet_of(way, from, port), there = neighbour();

	if (way == BY_PCP) {
		assert_int_equal(request_map(from, port, 600), NAT_PCP_USER_EX_QUOTA);
		return;
	}
	if (way == BY_HAIRPIN) {
		p.dst = there.src;
		p.dst_port = there.src_port;
	}
	harness_refused(&h, &p, 1, NAT_drop_rate);
}

static void
remove_mapping(uint32_t from, uint16_t port)
{
	const struct nat_session *session = harness_session(&h, from, port, IPPROTO_UDP);

	assert_non_null(session);
	for (uint32_t slot = 0; slot < h.nat->sessions.shares.capacity; slot++)
		if (nat_session_at(h.workers[0].sessions, slot) == session)
			nat_mapping_remove(h.workers[0].sessions, slot);
}

static bool
is_known(uint32_t address)
{
	return nat_subscriber_find(h.workers[0].sessions->subscribers, rte_cpu_to_be_32(address)) !=
	       NAT_NO_SUBSCRIBER;
}

/* ---- the rate ------------------------------------------------------------------------------------- */

/* Each way takes of the same rate, and each is refused when it is used up. Killed by: a check in the packet path
 * only, a way that takes nothing. */
static void
every_way_takes_of_one_rate(void **state)
{
	(void)state;
	for (enum way by = 0; by < N_WAYS; by++) {
		for (enum way next = 0; next < N_WAYS; next++) {
			uint32_t from = IP(100, 64, 10 + by, 10 + next);

			for (uint16_t i = 0; i < BURST; i++)
				make(by, from, (uint16_t)(1000 + i));
			refuse(next, from, 2000);
		}
		harness_wait(&h, 3 * HARNESS_SECOND); /* the limit of errors */
	}
}

/* What a mapping took is not given back with it. Killed by: forgetting a subscriber with its last mapping. */
static void
an_end_gives_nothing_back(void **state)
{
	uint32_t by_pcp = IP(100, 64, 3, 8);

	(void)state;
	for (uint16_t i = 0; i < BURST; i++) {
		make(BY_UDP, SUBSCRIBER, (uint16_t)(1000 + i));
		remove_mapping(SUBSCRIBER, (uint16_t)(1000 + i));
		make(BY_PCP, by_pcp, (uint16_t)(1000 + i));
		assert_int_equal(request_map(by_pcp, (uint16_t)(1000 + i), 0), NAT_PCP_SUCCESS);
		assert_null(harness_session(&h, SUBSCRIBER, (uint16_t)(1000 + i), IPPROTO_UDP));
		if (harness_session(&h, by_pcp, (uint16_t)(1000 + i), IPPROTO_UDP) != NULL)
			remove_mapping(by_pcp, (uint16_t)(1000 + i));
	}
	for (enum way way = 0; way < N_WAYS; way++) {
		refuse(way, SUBSCRIBER, 2000);
		refuse(way, by_pcp, 2000);
	}
}

/* Killed by: static mappings that are refused, or take of the rate. */
static void
static_mappings_take_nothing(void **state)
{
	(void)state;
	harness_wait(&h, 1);
	assert_int_equal(harness_n_sessions(&h), 2 * BURST);
	for (uint16_t i = 0; i < BURST; i++)
		make(BY_UDP, SUBSCRIBER, (uint16_t)(1000 + i));
	refuse(BY_UDP, SUBSCRIBER, 2000);
}

/* ---- how long each is known ------------------------------------------------------------------------ */

/* Killed by: a row that never goes, one that goes before its time, or stays without a limit. */
static void
a_row_goes_when_its_rate_is_free(void **state)
{
	(void)state;
	make(BY_UDP, SUBSCRIBER, 1000);
	make(BY_UDP, SUBSCRIBER, 1001);
	remove_mapping(SUBSCRIBER, 1000);
	remove_mapping(SUBSCRIBER, 1001);
	harness_wait(&h, 2 * HARNESS_SECOND - 1);
	assert_true(is_known(SUBSCRIBER));
	harness_wait(&h, HARNESS_TICK + 1);
	assert_false(is_known(SUBSCRIBER));
	make(BY_UDP, SUBSCRIBER, 1000);
	remove_mapping(SUBSCRIBER, 1000);
	harness_wait(&h, HARNESS_SECOND / 2);
	make(BY_UDP, SUBSCRIBER, 1000);
	harness_wait(&h, 100 * HARNESS_SECOND);
	assert_true(is_known(SUBSCRIBER));
}

static void
without_a_rate_it_goes_with_its_last_mapping(void **state)
{
	struct harness_packet p = packet_of(BY_UDP, SUBSCRIBER, 1000);

	(void)state;
	harness_pass(&h, &p, NAT_OUTSIDE);
	assert_true(is_known(SUBSCRIBER));
	remove_mapping(SUBSCRIBER, 1000);
	assert_false(is_known(SUBSCRIBER));
}

/* Killed by: a refusal that leaves something behind, or that hits who has a slot. */
static void
a_full_table_is_counted(void **state)
{
	struct harness_packet p;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		p = packet_of(BY_UDP, SUBSCRIBER + i, 1000);
		harness_pass(&h, &p, NAT_OUTSIDE);
	}
	p = packet_of(BY_UDP, SUBSCRIBER + 3, 1000);
	harness_refused(&h, &p, 1, NAT_drop_subscribers_full);
	assert_int_equal(harness_n_sessions(&h), 3);
	p = packet_of(BY_UDP, SUBSCRIBER + 2, 1001);
	harness_pass(&h, &p, NAT_OUTSIDE);
	remove_mapping(SUBSCRIBER, 1000);
	p = packet_of(BY_UDP, SUBSCRIBER + 3, 1000);
	harness_pass(&h, &p, NAT_OUTSIDE);
}

int
main(void)
{
#define TEST_WITH(f, open) cmocka_unit_test_setup_teardown(f, open, close_it)
	const struct CMUnitTest tests[] = {
		TEST_WITH(every_way_takes_of_one_rate, open_slow),
		TEST_WITH(an_end_gives_nothing_back, open_slow),
		TEST_WITH(static_mappings_take_nothing, open_static),
		TEST_WITH(a_row_goes_when_its_rate_is_free, open_slow),
		TEST_WITH(without_a_rate_it_goes_with_its_last_mapping, open_unlimited),
		TEST_WITH(a_full_table_is_counted, open_few),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
