/* SPDX-License-Identifier: Apache-2.0 */
/* The tutorial NF, whole file and all, on ring ports: it forwards, it counts, and a row of
 * its table goes out and comes in. */
int counter_main(int argc, char **argv);
#define main counter_main
#include "../../nfs/counter/counter.c"
#undef main

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <rte_eth_ring.h>
#include <rte_ring.h>

#include "harness.h"

static struct rte_ring *rx[2], *tx[2];
static struct harness_shm shm;

static int
setup(void **state)
{
	(void)state;
	for (unsigned int p = 0; p < 2; p++) {
		rx[p] = rte_ring_create(p == 0 ? "rx0" : "rx1", 1024, SOCKET_ID_ANY, 0);
		tx[p] = rte_ring_create(p == 0 ? "tx0" : "tx1", 1024, SOCKET_ID_ANY, 0);
		if (rte_eth_from_rings(p == 0 ? "left" : "right", &rx[p], 1, &tx[p], 1, 0) !=
		    (int)p)
			return -1;
	}
	if (counter_start("counter-a", "/nonexistent/slim.sock", true, harness_pool()) != 0)
		return -1;
	shm = harness_shm_of(agent);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	slim_agent_destroy(agent);
	rte_hash_free(sources);
	return 0;
}

static void
send_packet(unsigned int port, uint32_t source, uint16_t type, uint16_t size)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(harness_pool());
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)rte_pktmbuf_append(m, 60);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(eth + 1);

	memset(eth, 0, 60);
	eth->ether_type = rte_cpu_to_be_16(type);
	ip->src_addr = rte_cpu_to_be_32(source);
	rte_pktmbuf_trim(m, 60 - size);
	assert_int_equal(rte_ring_enqueue(rx[port], m), 0);
}

static unsigned int
take_packets(unsigned int port)
{
	unsigned int n = 0;
	void *m;

	for (; rte_ring_dequeue(tx[port], &m) == 0; n++)
		rte_pktmbuf_free(m);
	return n;
}

static const struct entry *
find(uint32_t source)
{
	rte_be32_t key = rte_cpu_to_be_32(source);
	int32_t slot = rte_hash_lookup(sources, &key);

	return slot < 0 ? NULL : slim_slot(table, (uint32_t)slot);
}

static void
forwards_and_counts(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		send_packet(0, 0x0a000001, RTE_ETHER_TYPE_IPV4, 60);
	send_packet(1, 0x0a000002, RTE_ETHER_TYPE_IPV4, 60);
	send_packet(0, 0x0a000003, RTE_ETHER_TYPE_ARP, 60);
	send_packet(0, 0x0a000004, RTE_ETHER_TYPE_IPV4, 20); /* cut short */
	for (int i = 0; i < 1000; i++)
		counter_round();
	assert_int_equal(take_packets(1), 7);
	assert_int_equal(take_packets(0), 1);
	assert_int_equal(find(0x0a000001)->packets, 5);
	assert_int_equal(find(0x0a000002)->first_port, 1);
	assert_null(find(0x0a000003));
	assert_null(find(0x0a000004));
	assert_int_equal(atomic_load(&shm.info->workers[0].used[0]), 2);
}

static void
its_rows_move(void **state)
{
	struct entry row = {
		.address = rte_cpu_to_be_32(0x0a000105), .first_port = 1, .packets = 70};
	uint32_t epoch;

	(void)state;
	epoch = harness_command(&shm, &(struct slim_shm_command){
					      .mode = SLIM_GATE_RECEIVE, .session = 1, .track = 1});
	assert_true(harness_install(&shm, 0, SLIM_INSTALL_PUT, 0, 5, 9, &row, sizeof(row)));
	counter_round();
	assert_true(harness_all_acked(&shm, epoch));
	assert_null(find(0x0a000105)); /* what was in the ring before the session does not count */
	assert_true(harness_install(&shm, 0, SLIM_INSTALL_PUT, 0, 5, 9, &row, sizeof(row)));
	counter_round();
	assert_int_equal(find(0x0a000105)->packets, 70);
	assert_true(harness_install(&shm, 0, SLIM_INSTALL_MERGE, 0, 5, 9, &row, sizeof(row)));
	counter_round();
	assert_int_equal(find(0x0a000105)->packets, 140);
	send_packet(0, 0x0a000105, RTE_ETHER_TYPE_IPV4, 60); /* not the owner: dropped */
	counter_round();
	assert_int_equal(find(0x0a000105)->packets, 140);
	harness_command(&shm, &(struct slim_shm_command){.mode = SLIM_GATE_CLOSED, .wipe = 1});
	for (int i = 0; i < 100; i++)
		counter_round();
	assert_null(find(0x0a000105));
	assert_null(find(0x0a000001));
	assert_int_equal(rte_hash_count(sources), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forwards_and_counts),
		cmocka_unit_test(its_rows_move),
	};

	harness_start_eal();
	return cmocka_run_group_tests_name("counter", tests, setup, teardown);
}
