/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway's workers in threads, saturated (nf_threads_test.h): packets of all subscribers from both sides. Those of
 * one worker send to those of another, and change cells by their data.
 */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "nf_threads_test.h"

#define N_SUBSCRIBERS 64u
#define N_SERVERS 40u /* neighbours in the core, of all workers */
#define N_CELLS 8u

static uint32_t
subscriber(uint32_t n)
{
	return IP(100, 64, 3, 1 + n);
}

static void
open_with_subscribers(struct harness *h, uint16_t n_workers)
{
	struct gateway_config config;
	char line[120];

	harness_defaults(&config);
	config.n_workers = n_workers;
	config.path_switch_by_data = true;
	config.arp_ns = 3 * HARNESS_SECOND;
	harness_open(h, &config, true);
	for (unsigned int n = 1; n <= N_SUBSCRIBERS; n++) {
		snprintf(line, sizeof(line),
			 "session add %u ipv4 100.64.3.%u cell 192.0.2.11 cell-teid %u", n, n, n);
		assert_int_equal(harness_ask(h, line), NF_OK);
	}
}

/* From a subscriber to a server or another subscriber, or from a server to a subscriber. */
static struct rte_mbuf *
receive(struct harness *h, uint8_t side, struct harness_dice *dice)
{
	uint32_t n = harness_roll(dice, N_SUBSCRIBERS),
		 to = subscriber(harness_roll(dice, N_SUBSCRIBERS));
	uint32_t server = IP(203, 0, 113, 10 + harness_roll(dice, N_SERVERS));
	struct frame frame = plain(server, subscriber(n), 32, 1);

	if (side == GATEWAY_ACCESS) {
		frame = plain(subscriber(n), harness_roll(dice, 4) == 0 ? to : server, 32, 1);
		frame = tunnelled(&frame, IP(192, 0, 2, 11 + harness_roll(dice, N_CELLS)), 1 + n);
	}
	return harness_packet(h, &frame);
}

/* What the sessions count is what the workers count, and all packets that came. */
static void
check(struct harness *h, uint64_t n_sent)
{
	uint64_t up = 0, down = 0;

	for (uint32_t n = 1; n <= N_SUBSCRIBERS; n++) {
		up += harness_session(h, n)->packets_up;
		down += harness_session(h, n)->packets_down;
	}
	assert_int_equal(up,
			 harness_counter(h, GATEWAY_uplink) + harness_counter(h, GATEWAY_local));
	assert_int_equal(down, harness_counter(h, GATEWAY_downlink));
	assert_int_equal(harness_counter(h, GATEWAY_uplink) + harness_counter(h, GATEWAY_downlink),
			 n_sent);
	assert_true(harness_counter(h, GATEWAY_local) > 0);
	assert_true(harness_counter(h, GATEWAY_path_switched_by_data) > 0);
}

int
main(void)
{
	static const struct harness_load load = {.n_bursts = 2000,
						 .open = open_with_subscribers,
						 .receive = receive,
						 .check = check};

	return harness_threads_main(&load);
}
