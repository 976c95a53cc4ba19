/* SPDX-License-Identifier: Apache-2.0 */
/* The shortest NF's workers in threads, saturated (nf_threads_test.h). */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "nf_threads_test.h"

#define N_SOURCES 200u

static void
open_meter(struct harness *h, uint16_t n_workers)
{
	struct meter_config config;

	harness_defaults(&config);
	config.n_workers = n_workers;
	config.capacity = 16 * N_SOURCES;
	harness_open(h, &config, true);
}

static struct rte_mbuf *
receive(struct harness *h, uint8_t side, struct harness_dice *dice)
{
	(void)side;
	return meter_packet(h, harness_roll(dice, N_SOURCES), 60);
}

static void
check(struct harness *h, uint64_t n_sent)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < N_SOURCES; i++)
		n += meter_entry(h, i)->packets;
	assert_int_equal(n, n_sent);
	assert_int_equal(harness_counter(h, METER_forwarded), n_sent);
}

int
main(void)
{
	static const struct harness_load load = {
		.n_bursts = 2000, .open = open_meter, .receive = receive, .check = check};

	return harness_threads_main(&load);
}
