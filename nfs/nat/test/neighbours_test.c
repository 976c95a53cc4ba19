/* SPDX-License-Identifier: Apache-2.0 */
/* What a NAT asks its neighbours, and for whom. Each test names what kills it. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#define OTHER IP(100, 64, 3, 9) /* a subscriber of the same worker and external address */

static struct harness h;

static int
open_with(uint16_t n_workers)
{
	struct nat_config config;

	harness_defaults(&config);
	config.n_workers = n_workers;
	config.n_pool = 1;
	harness_open(&h, &config, true);
	return 0;
}

static int
open_one(void **state)
{
	(void)state;
	return open_with(1);
}

static int
open_two(void **state)
{
	(void)state;
	return open_with(2);
}

static int
close_it(void **state)
{
	(void)state;
	harness_check(&h);
	harness_close(&h);
	return 0;
}

/* One packet, without answers to what is asked. */
static void
send_alone(uint32_t src, uint16_t src_port, uint32_t dst)
{
	const struct harness_packet p = {.side = NAT_INSIDE,
					 .protocol = IPPROTO_UDP,
					 .src = src,
					 .src_port = src_port,
					 .dst = dst,
					 .dst_port = 53};
	struct rte_mbuf *m = harness_build(&h, &p);

	nat_ops.burst(&h.nf[0], NAT_INSIDE, &m, 1);
	harness_deliver(&h);
}

/* Frees what left outside; returns how many. */
static unsigned int
clear(void)
{
	struct rte_mbuf *m;
	unsigned int n = 0;

	while ((m = harness_take(&h, NAT_OUTSIDE)) != NULL) {
		rte_pktmbuf_free(m);
		n++;
	}
	return n;
}

/* Killed by: blaming the external address, which both subscribers share; no quota at all. */
static void
a_subscribers_scan_stops_nobody_else(void **state)
{
	unsigned int most = h.config.n_workers * NF_ASKED_A_CAUSE;

	(void)state;
	for (unsigned int host = 20; host < 250; host++)
		send_alone(SUBSCRIBER, (uint16_t)(1000 + host % 100), IP(203, 0, 113, host));
	assert_int_equal(clear(), most);
	assert_true(harness_counter(&h, NF_drop_arp_queue) >= 230 - most);
	/* A server, and what lies behind the router. */
	send_alone(OTHER, 5000, SERVER);
	send_alone(OTHER, 5000, IP(192, 0, 2, 99));
	assert_int_equal(harness_counter(&h, NF_arp_sent), most + 2);
	harness_settle(&h);
	assert_int_equal(clear(), 2);
	assert_int_equal(harness_counter(&h, NAT_translated_out), 232);
}

static void
emit_question(uint32_t target)
{
	uint8_t frame[60];
	const uint8_t *t = (const uint8_t *)&(rte_be32_t){rte_cpu_to_be_32(target)};

	nf_arp_put_request(frame, &h.config.sides[NAT_OUTSIDE], h.config.sides[NAT_OUTSIDE].address,
			   rte_cpu_to_be_32(target), NULL);
	assert_memory_equal(frame + 38, t, 4);
	nf_emit(&h.nf[0], NAT_OUTSIDE, harness_raw(&h, frame, sizeof(frame)));
}

/* A harness that answers anything hides an NF that asks for itself. Killed by: a judge that never says no. */
static void
the_harness_answers_for_hosts_only(void **state)
{
	static const uint32_t nobody[] = {IP(203, 0, 113, 1),  IP(203, 0, 113, 255),
					  IP(203, 0, 113, 0),  IP(100, 64, 0, 1),
					  IP(198, 51, 100, 0), IP(192, 0, 2, 1)};

	(void)state;
	emit_question(SERVER);
	harness_settle(&h); /* nobody asked in the NAT's table, so the answer is dropped */
	assert_int_equal(harness_counter(&h, NF_drop_arp), 1);
	assert_int_equal(h.n_wrong_questions, 0);
	h.expects_wrong_questions = true;
	for (unsigned int i = 0; i < RTE_DIM(nobody); i++) {
		emit_question(nobody[i]);
		harness_settle(&h);
		assert_int_equal(h.n_wrong_questions, i + 1);
	}
	assert_int_equal(harness_counter(&h, NF_drop_arp), 1);
	assert_int_equal(clear(), 0);
}

/* What harness_dropped() and harness_refused() go by. Killed by: a digest that leaves a table or the heads out. */
static void
the_harness_sees_what_changed(void **state)
{
	uint64_t digest = harness_digest(&h, true), without = harness_digest(&h, false);
	struct slim_table *table = h.nat->fragments.shares.table;

	(void)state;
	send_alone(SUBSCRIBER, 5000, SERVER);
	assert_int_not_equal(harness_digest(&h, false), without);
	digest = harness_digest(&h, true);
	without = harness_digest(&h, false);
	harness_settle(&h);
	assert_int_equal(harness_digest(&h, false), without);
	assert_int_not_equal(harness_digest(&h, true), digest);
	slim_slot_free(h.nf[0].agent, table, 1);
	assert_int_not_equal(harness_digest(&h, false), without);
	clear();
}

int
main(void)
{
#define TEST_WITH(f, open) cmocka_unit_test_setup_teardown(f, open, close_it)
	const struct CMUnitTest tests[] = {
		TEST_WITH(a_subscribers_scan_stops_nobody_else, open_one),
		TEST_WITH(a_subscribers_scan_stops_nobody_else, open_two),
		TEST_WITH(the_harness_answers_for_hosts_only, open_one),
		TEST_WITH(the_harness_sees_what_changed, open_one),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
