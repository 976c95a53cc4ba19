/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often a packet changes workers inside the gateway: as often as the agent reckons with (wave.h), and never more.
 * The longest way is a tunnel packet's in fragments, to another subscriber: to the worker that puts it together, to its
 * sender's, to its receiver's, and to the one that asks for the cell's neighbour. Killed by: a smaller SLIM_WAVE_HOPS.
 */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "wave.h"

#define N_SUBSCRIBERS 16u
#define N_DATAGRAMS 8u

static struct harness h;

static uint32_t
subscriber(uint32_t n)
{
	return IP(100, 64, 3, 1 + n);
}

/* The half of a tunnel packet as a fragment. */
static struct frame
half(const struct frame *of, uint16_t id, bool second)
{
	uint16_t all = (uint16_t)(of->size - 34), cut = (uint16_t)(all / 2 / 8 * 8);
	uint16_t from = second ? cut : 0, size = second ? (uint16_t)(all - cut) : cut;
	struct frame f = *of;
	uint8_t *ip = f.bytes + 14;

	memmove(ip + 20, of->bytes + 34 + from, size);
	f.size = (uint16_t)(34 + size);
	put16(ip + 2, (uint16_t)(20 + size));
	put16(ip + 4, id);
	put16(ip + 6, (uint16_t)(from / 8 | (second ? 0 : 0x2000u)));
	put16(ip + 10, 0);
	put16(ip + 10, (uint16_t)~ipv4_sum(ip));
	return f;
}

/* From one subscriber to another: of the half that comes last. */
static uint64_t
hops_of(uint32_t from, uint32_t to, uint16_t id)
{
	struct frame inner = plain(subscriber(from), subscriber(to), 60, 1), part;
	struct frame in = tunnelled(&inner, IP(192, 0, 2, 11), 1 + from);
	uint16_t worker = (uint16_t)(id % h.n_workers);

	part = half(&in, id, false);
	harness_hops(&h, GATEWAY_ACCESS, harness_packet(&h, &part), worker);
	part = half(&in, id, true);
	return harness_hops(&h, GATEWAY_ACCESS, harness_packet(&h, &part), worker);
}

static void
as_often_as_the_agent_reckons_with(void **state)
{
	struct gateway_config config;
	uint64_t most = 0;
	uint16_t id = 1;
	char line[120];

	(void)state;
	harness_defaults(&config);
	config.n_workers = HARNESS_WORKERS;
	harness_open(&h, &config, true);
	for (uint32_t n = 0; n < N_SUBSCRIBERS; n++) {
		snprintf(line, sizeof(line),
			 "session add %u ipv4 100.64.3.%u cell 192.0.2.11 cell-teid %u", 1 + n,
			 1 + n, 1 + n);
		assert_int_equal(harness_ask(&h, line), NF_OK);
	}
	for (uint32_t from = 0; from < N_SUBSCRIBERS; from++)
		for (uint32_t i = 0; i < N_DATAGRAMS; i++) {
			uint64_t hops = hops_of(from, (from + 1 + i) % N_SUBSCRIBERS, id++);

			most = RTE_MAX(most, hops);
		}
	assert_int_equal(most, SLIM_WAVE_HOPS);
	harness_wait(&h, 20 * HARNESS_SECOND);
	harness_close(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(as_often_as_the_agent_reckons_with)};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
