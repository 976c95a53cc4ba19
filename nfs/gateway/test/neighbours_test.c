/* SPDX-License-Identifier: Apache-2.0 */
/* What a gateway asks its neighbours, and for whom. Each test names what kills it. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define OTHER IP(100, 64, 3, 8)
#define OTHER_TEID 0x00010008u

static struct harness h;

static uint16_t one = 1, two = 2; /* workers */

static int
open_with(void **state)
{
	const uint16_t *n_workers = *state;
	struct gateway_config config;

	harness_defaults(&config);
	config.n_workers = *n_workers;
	config.core_ipv6.bits = 0; /* nothing that is sent by itself */
	harness_open(&h, &config, true);
	assert_int_equal(harness_ask(&h, "session add 0x10007 ipv4 100.64.3.7 cell 192.0.2.11 "
					 "cell-teid 0xa001"),
			 NF_OK);
	assert_int_equal(harness_ask(&h, "session add 0x10008 ipv4 100.64.3.8 cell 192.0.2.11 "
					 "cell-teid 0xa002"),
			 NF_OK);
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

/* An uplink packet, without answers to what is asked. */
static void
send_alone(uint32_t subscriber, uint32_t teid, uint32_t dst)
{
	struct frame inner = plain(subscriber, dst, 32, 1), f = tunnelled(&inner, CELL_1, teid);

	harness_give(&h, GATEWAY_ACCESS, &f, 0);
	harness_deliver(&h);
}

static unsigned int
clear(uint8_t side)
{
	struct frame out;
	unsigned int n = 0;

	while (harness_take(&h, side, &out))
		n++;
	return n;
}

/* A subscriber sends to each dark address of the core's net. Killed by: no quota for a source, or questions of
 * both sides in one room. */
static void
a_subscribers_scan_stops_nobody_else(void **state)
{
	unsigned int most = h.config.n_workers * NF_ASKED_A_CAUSE;
	struct frame out, down = plain(SERVER, SUBSCRIBER, 32, 1);

	(void)state;
	for (unsigned int host = 20; host < 250; host++)
		send_alone(SUBSCRIBER, TEID, IP(203, 0, 113, host));
	assert_int_equal(clear(GATEWAY_CORE), most);
	send_alone(OTHER, OTHER_TEID, SERVER);
	send_alone(OTHER, OTHER_TEID, IP(198, 18, 0, 1)); /* behind the router */
	assert_int_equal(harness_counter(&h, NF_arp_sent), most + 2);
	harness_settle(&h);
	assert_int_equal(clear(GATEWAY_CORE), 2);
	/* And he himself is handed over to a cell that nobody has asked for. */
	assert_int_equal(harness_ask(&h, "session modify 0x10007 cell 192.0.2.12 cell-teid 0xb001"),
			 NF_OK);
	clear(GATEWAY_ACCESS); /* the end marker */
	harness_send(&h, GATEWAY_CORE, &down, 0);
	assert_true(harness_take(&h, GATEWAY_ACCESS, &out));
	g_pdu(&out, CELL_2, 0xb001);
}

static void
emit_question(uint32_t target)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(h.pool);

	assert_non_null(m);
	nf_arp_put_request(rte_pktmbuf_append(m, NF_MIN_FRAME), &h.config.sides[GATEWAY_CORE],
			   h.config.sides[GATEWAY_CORE].address, rte_cpu_to_be_32(target), NULL);
	nf_emit(&h.nf[0], GATEWAY_CORE, m);
}

/* Killed by: a judge that never says no. */
static void
the_harness_answers_for_hosts_only(void **state)
{
	static const uint32_t nobody[] = {IP(203, 0, 113, 1), IP(203, 0, 113, 255),
					  IP(203, 0, 113, 0), GATEWAY, IP(198, 18, 0, 1)};

	(void)state;
	emit_question(SERVER);
	harness_settle(&h); /* nobody asked in the gateway's table, so the answer is dropped */
	assert_int_equal(harness_counter(&h, NF_drop_arp), 1);
	h.expects_wrong_questions = true;
	for (unsigned int i = 0; i < RTE_DIM(nobody); i++) {
		emit_question(nobody[i]);
		harness_settle(&h);
		assert_int_equal(h.n_wrong_questions, i + 1);
	}
	assert_int_equal(harness_counter(&h, NF_drop_arp), 1);
	assert_int_equal(clear(GATEWAY_CORE), 0);
}

/* What harness_dropped() goes by. Killed by: a digest that leaves a table out. */
static void
the_harness_sees_what_changed(void **state)
{
	uint64_t digest = harness_digest(&h);

	(void)state;
	send_alone(SUBSCRIBER, TEID, SERVER);
	assert_int_not_equal(harness_digest(&h), digest); /* the session counts */
	digest = harness_digest(&h);
	harness_settle(&h);
	assert_int_not_equal(harness_digest(&h), digest); /* the server is known */
	clear(GATEWAY_CORE);
}

int
main(void)
{
#define TEST_WITH(f, n) cmocka_unit_test_prestate_setup_teardown(f, open_with, close_it, &(n))
	const struct CMUnitTest tests[] = {
		TEST_WITH(a_subscribers_scan_stops_nobody_else, one),
		TEST_WITH(a_subscribers_scan_stops_nobody_else, two),
		TEST_WITH(the_harness_answers_for_hosts_only, one),
		TEST_WITH(the_harness_sees_what_changed, one),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
