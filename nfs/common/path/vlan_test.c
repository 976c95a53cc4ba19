/* SPDX-License-Identifier: Apache-2.0 */
/* VLAN tags of received frames. Each test names what kills it. */
#include "worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <rte_eal.h>
#include <rte_ether.h>

#define POOL_SIZE 15u
#define ROOM 256u
#define VLAN 100u

enum { UNTAGGED, TAGGED }; /* ports */

static struct rte_mempool *pool;
static struct nf_worker worker;

static int
open_it(void **state)
{
	static const uint16_t port_ids[] = {0, 1};

	(void)state;
	memset(&worker, 0, sizeof(worker));
	assert_int_equal(nf_worker_init(&worker, 0, 1, port_ids, 2, pool), 0);
	worker.vlans[TAGGED] = VLAN;
	return 0;
}

static int
close_it(void **state)
{
	(void)state;
	nf_worker_fini(&worker);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	return 0;
}

/* Bytes 1, 2, 3 and so on. */
static struct rte_mbuf *
make(uint16_t size)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);

	rte_pktmbuf_append(m, size);
	for (uint16_t i = 0; i < size; i++)
		frame[i] = (uint8_t)(i + 1);
	return m;
}

/* ---- tags ------------------------------------------------------------------------------------------- */

/* With a tag in the frame, or one that the device took off. */
static struct rte_mbuf *
make_tagged(uint16_t tci, bool stripped)
{
	struct rte_mbuf *m = make(60);
	uint8_t *frame;

	if (stripped) {
		m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
		m->vlan_tci = tci;
		return m;
	}
	rte_pktmbuf_prepend(m, RTE_VLAN_HLEN);
	frame = rte_pktmbuf_mtod(m, uint8_t *);
	memmove(frame, frame + RTE_VLAN_HLEN, 12);
	frame[12] = 0x81;
	frame[13] = 0;
	frame[14] = (uint8_t)(tci >> 8);
	frame[15] = (uint8_t)tci;
	return m;
}

static bool
is_taken(uint16_t port, struct rte_mbuf *m)
{
	uint64_t dropped = worker.counters[NF_drop_vlan];
	uint16_t n = nf_worker_untag(&worker, port, &m, 1);

	assert_int_equal(worker.counters[NF_drop_vlan] - dropped, 1 - n);
	if (n == 0)
		return false;
	assert_int_equal(rte_pktmbuf_pkt_len(m), 60);
	for (uint16_t i = 0; i < 60; i++)
		assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[i], i + 1);
	rte_pktmbuf_free(m);
	return true;
}

/* IEEE 802.1Q: a tag whose id is 0 has a priority only; the frame is of the port's untagged VLAN.
 * Killed by: id 0 taken on the port with a tag, or dropped on the one without; another id let in on either; what
 * the device took off not looked at. */
static void
a_port_takes_the_frames_of_its_vlan(void **state)
{
	(void)state;
	assert_true(is_taken(UNTAGGED, make(60)));
	assert_false(is_taken(TAGGED, make(60)));
	for (int stripped = 0; stripped <= 1; stripped++)
		for (uint16_t priority = 0; priority < 8; priority++) {
			uint16_t high = (uint16_t)(priority << 13);

			assert_true(is_taken(UNTAGGED, make_tagged(high, stripped)));
			assert_false(is_taken(UNTAGGED, make_tagged(high | VLAN, stripped)));
			assert_false(is_taken(TAGGED, make_tagged(high, stripped)));
			assert_true(is_taken(TAGGED, make_tagged(high | VLAN, stripped)));
			assert_false(is_taken(TAGGED, make_tagged(high | (VLAN + 1), stripped)));
		}
}

/* Of a burst the others stay, in order. Killed by: a hole in the burst. */
static void
the_rest_of_a_burst_stays_in_order(void **state)
{
	struct rte_mbuf *pkts[3] = {make_tagged(0, false), make_tagged(VLAN, false), make(60)};
	struct rte_mbuf *last = pkts[2];

	(void)state;
	assert_int_equal(nf_worker_untag(&worker, UNTAGGED, pkts, 3), 2);
	assert_ptr_equal(pkts[1], last);
	rte_pktmbuf_free_bulk(pkts, 2);
}

static bool
start_eal(void)
{
	static char words[][24] = {"vlan-test",      "--no-huge",         "--no-pci", "--no-shconf",
				   "--no-telemetry", "--log-level=error", "-m",       "64",
				   "--lcores=0@0"};
	static char *argv[RTE_DIM(words)];

	for (size_t i = 0; i < RTE_DIM(words); i++)
		argv[i] = words[i];
	if (rte_eal_init(RTE_DIM(words), argv) < 0 || nf_meta_register() != 0)
		return false;
	pool = rte_pktmbuf_pool_create("pool", POOL_SIZE, 0, 0, ROOM + RTE_PKTMBUF_HEADROOM,
				       SOCKET_ID_ANY);
	return pool != NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_it, close_it)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_port_takes_the_frames_of_its_vlan),
		TEST(the_rest_of_a_burst_stays_in_order),
	};

	if (!start_eal())
		return 1;
	return cmocka_run_group_tests_name("vlan", tests, NULL, NULL);
}
