/* SPDX-License-Identifier: Apache-2.0 */
/* The NAT's workers in threads, saturated (nf_threads_test.h): subscribers of all of them, many servers. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>

#include "nf_threads_test.h"

#define N_SERVERS 40u /* neighbours outside, of all workers */

static void
open_nat(struct harness *h, uint16_t n_workers)
{
	struct nat_config config;

	harness_defaults(&config);
	config.n_workers = n_workers;
	config.timeouts.udp_ns = 2 * HARNESS_SECOND;
	config.timeouts.arp_ns = 3 * HARNESS_SECOND;
	harness_open(h, &config, true);
}

static struct rte_mbuf *
receive(struct harness *h, uint8_t side, struct harness_dice *dice)
{
	struct harness_packet p = {
		.side = NAT_INSIDE,
		.protocol = IPPROTO_UDP,
		.src = IP(100, 65, harness_roll(dice, 4), harness_roll(dice, 64)),
		.src_port = (uint16_t)(1000 + harness_roll(dice, 8)),
		.dst = IP(203, 0, 113, 10 + harness_roll(dice, N_SERVERS)),
		.dst_port = 53,
	};

	return side == NAT_INSIDE ? harness_build(h, &p) : NULL;
}

static void
check(struct harness *h, uint64_t n_sent)
{
	assert_int_equal(harness_counter(h, NAT_translated_out) +
				 harness_counter(h, NAT_drop_no_port) +
				 harness_counter(h, NAT_drop_table_full),
			 n_sent);
	assert_true(harness_counter(h, NAT_mapping_expired) > 0);
}

int
main(void)
{
	static const struct harness_load load = {
		.n_bursts = 3000, .open = open_nat, .receive = receive, .check = check};

	return harness_threads_main(&load);
}
