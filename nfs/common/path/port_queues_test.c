/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a port asks of its device: the table of queues, of a null device; and rules, which no device without hardware takes, so
 * rte_flow is the test's: it keeps each rule, and gives packets to queues as the rules say.
 *
 * Killed by: a table that is not filled to its end, a rule for a part of the buckets, octets of a field in the wrong order,
 * rules that are left behind when one is refused.
 */
#include "port_queues.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <rte_eal.h>
#include <rte_flow.h>

#include "port.h"

#define N_WORKERS 4
#define NULL_PORT 0

/* ---- rte_flow --------------------------------------------------------------------------------------- */

struct rte_flow {
	bool is_used;
	uint8_t spec[16], mask[16];
	uint16_t queue;
};

static struct rte_flow flows[SLIM_N_BUCKETS];
static uint32_t n_flows, refuse_at;

struct rte_flow *__wrap_rte_flow_create(uint16_t port_id, const struct rte_flow_attr *attr,
					const struct rte_flow_item pattern[],
					const struct rte_flow_action actions[],
					struct rte_flow_error *error);
int __wrap_rte_flow_destroy(uint16_t port_id, struct rte_flow *flow, struct rte_flow_error *error);

/* The last header's field: destination of IPv6, or TEID. */
static void
keep_field(struct rte_flow *flow, const struct rte_flow_item *item)
{
	if (item->type == RTE_FLOW_ITEM_TYPE_IPV6) {
		const struct rte_flow_item_ipv6 *spec = item->spec, *mask = item->mask;

		memcpy(flow->spec, spec->hdr.dst_addr, 16);
		memcpy(flow->mask, mask->hdr.dst_addr, 16);
	} else {
		const struct rte_flow_item_gtp *spec = item->spec, *mask = item->mask;

		assert_int_equal(item->type, RTE_FLOW_ITEM_TYPE_GTPU);
		memcpy(flow->spec, &spec->teid, sizeof(spec->teid));
		memcpy(flow->mask, &mask->teid, sizeof(mask->teid));
	}
}

struct rte_flow *
__wrap_rte_flow_create(uint16_t port_id, const struct rte_flow_attr *attr,
		       const struct rte_flow_item pattern[], const struct rte_flow_action actions[],
		       struct rte_flow_error *error)
{
	struct rte_flow *flow = &flows[n_flows];
	uint32_t last = 0;

	(void)error;
	assert_int_equal(port_id, NULL_PORT);
	assert_true(attr->ingress && !attr->egress && !attr->transfer);
	assert_int_equal(pattern[0].type, RTE_FLOW_ITEM_TYPE_ETH);
	assert_int_equal(actions[0].type, RTE_FLOW_ACTION_TYPE_QUEUE);
	assert_int_equal(actions[1].type, RTE_FLOW_ACTION_TYPE_END);
	if (n_flows == refuse_at)
		return NULL;
	while (pattern[last + 1].type != RTE_FLOW_ITEM_TYPE_END)
		last++;
	memset(flow, 0, sizeof(*flow));
	keep_field(flow, &pattern[last]);
	flow->queue = ((const struct rte_flow_action_queue *)actions[0].conf)->index;
	flow->is_used = true;
	n_flows++;
	return flow;
}

int
__wrap_rte_flow_destroy(uint16_t port_id, struct rte_flow *flow, struct rte_flow_error *error)
{
	(void)port_id;
	(void)error;
	assert_true(flow->is_used);
	flow->is_used = false;
	return 0;
}

/* The queue of a packet whose field holds `bucket` at octet `at`, and noise elsewhere. */
static int
queue_of(uint32_t at, uint8_t bucket)
{
	uint8_t field[16];
	int queue = -1;

	memset(field, 0xa5, sizeof(field));
	field[at] = bucket;
	for (uint32_t i = 0; i < n_flows; i++) {
		bool hits = flows[i].is_used;

		for (uint32_t o = 0; o < sizeof(field); o++)
			hits &= (field[o] & flows[i].mask[o]) == flows[i].spec[o];
		if (!hits)
			continue;
		assert_int_equal(queue, -1);
		queue = flows[i].queue;
	}
	return queue;
}

/* ---- tests --------------------------------------------------------------------------------------------- */

static int
forget_rules(void **state)
{
	(void)state;
	memset(flows, 0, sizeof(flows));
	n_flows = 0;
	refuse_at = UINT32_MAX;
	return 0;
}

/* What it says on stdout is no line of TAP. */
static int
open_aloud(struct nf_port *port, struct rte_mempool *pool)
{
	int tap = dup(STDOUT_FILENO), result;

	fflush(stdout);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	result = nf_port_open(port, N_WORKERS, pool);
	fflush(stdout);
	dup2(tap, STDOUT_FILENO);
	close(tap);
	return result;
}

static void
test_the_table_follows_the_buckets(void **state)
{
	struct rte_eth_rss_reta_entry64 table[RTE_ETH_RSS_RETA_SIZE_512 / RTE_ETH_RETA_GROUP_SIZE];
	struct nf_port port = {.name = "inside",
			       .port_id = NULL_PORT,
			       .mtu = 1500,
			       .mac = {{0x02, 0, 0, 0, 0, 1}},
			       .spreads = {{.field = NF_SPREAD_IPV4_SOURCE}}};
	struct rte_mempool *pool = rte_pktmbuf_pool_create("packets", 8191, 0, 0, 2048, 0);
	struct rte_eth_dev_info info;

	(void)state;
	assert_int_equal(open_aloud(&port, pool), 0);
	assert_int_equal(port.n_rx_queues, N_WORKERS);
	rte_eth_dev_info_get(NULL_PORT, &info);
	assert_true(info.reta_size >= 64);
	memset(table, 0xff, sizeof(table));
	assert_int_equal(rte_eth_dev_rss_reta_query(NULL_PORT, table, info.reta_size), 0);
	for (uint32_t i = 0; i < info.reta_size; i++)
		assert_int_equal(
			table[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE],
			nf_spread_rss_queue(info.reta_size, i, N_WORKERS));
	rte_eth_dev_stop(NULL_PORT);
	rte_mempool_free(pool);
}

/* A hash for the first family that it can see, with a key that is one bit. */
static void
test_the_hash_sees_one_family(void **state)
{
	const struct rte_eth_dev_info info = {.flow_type_rss_offloads = UINT64_MAX,
					      .reta_size = 128,
					      .hash_key_size = NF_RSS_KEY_SIZE};
	struct nf_port_queues q = {
		.n = N_WORKERS,
		.n_wish = 2,
		.wish = {{.field = NF_SPREAD_TEID}, {.field = NF_SPREAD_IPV4_DESTINATION}}};
	struct rte_eth_conf conf = {0};
	uint32_t n_bits = 0;

	(void)state;
	nf_port_queues_configure(&q, &info, &conf);
	assert_int_equal(q.by_hash, 1);
	assert_int_equal(conf.rxmode.mq_mode, RTE_ETH_MQ_RX_RSS);
	assert_int_equal(conf.rx_adv_conf.rss_conf.rss_hf, nf_spread_rss_types(q.wish[1]));
	assert_int_equal(conf.rx_adv_conf.rss_conf.rss_key_len, NF_RSS_KEY_SIZE);
	for (uint32_t i = 0; i < NF_RSS_KEY_SIZE; i++)
		n_bits += (uint32_t)__builtin_popcount(conf.rx_adv_conf.rss_conf.rss_key[i]);
	assert_int_equal(n_bits, 1);
}

/* A device without a table of queues, or with a key of another length, hashes as it likes. */
static void
test_other_devices_hash_as_they_like(void **state)
{
	static const struct rte_eth_dev_info infos[] = {
		{.flow_type_rss_offloads = UINT64_MAX, .reta_size = 0},
		{.flow_type_rss_offloads = UINT64_MAX, .reta_size = 48},
		{.flow_type_rss_offloads = UINT64_MAX, .reta_size = 1024},
		{.flow_type_rss_offloads = UINT64_MAX, .reta_size = 128, .hash_key_size = 52},
		{.flow_type_rss_offloads = RTE_ETH_RSS_IPV6, .reta_size = 128},
	};

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(infos); i++) {
		struct nf_port_queues q = {
			.n = N_WORKERS, .n_wish = 1, .wish = {{.field = NF_SPREAD_IPV4_SOURCE}}};
		struct rte_eth_conf conf = {0};

		nf_port_queues_configure(&q, &infos[i], &conf);
		assert_int_equal(q.by_hash, -1);
		assert_null(conf.rx_adv_conf.rss_conf.rss_key);
		assert_true(conf.rx_adv_conf.rss_conf.rss_hf != 0);
		assert_int_equal(nf_port_queues_start(&q, NULL_PORT, &infos[i]), 0);
	}
}

static void
check_rules(struct nf_spread spread, uint32_t at, uint16_t n_workers)
{
	static const struct rte_eth_dev_info none;
	struct nf_port_queues q = {.n = n_workers, .n_wish = 1, .by_hash = -1, .wish = {spread}};

	forget_rules(NULL);
	assert_int_equal(nf_port_queues_start(&q, NULL_PORT, &none), 1);
	for (uint32_t bucket = 0; bucket < SLIM_N_BUCKETS; bucket++)
		assert_int_equal(queue_of(at, (uint8_t)bucket), bucket % n_workers);
}

static void
test_rules_follow_the_buckets(void **state)
{
	static const uint16_t workers[] = {2, 3, 4, 16};

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(workers); i++) {
		check_rules((struct nf_spread){.field = NF_SPREAD_TEID}, 3, workers[i]);
		check_rules((struct nf_spread){.field = NF_SPREAD_TEID, .shift = 8}, 2, workers[i]);
		check_rules((struct nf_spread){.field = NF_SPREAD_IPV6_DESTINATION, .shift = 64}, 7,
			    workers[i]);
	}
}

/* A device that takes a part of the rules has none in the end. */
static void
test_rules_are_all_or_none(void **state)
{
	static const struct rte_eth_dev_info none;
	struct nf_port_queues q = {
		.n = 3, .n_wish = 1, .by_hash = -1, .wish = {{.field = NF_SPREAD_TEID}}};

	(void)state;
	refuse_at = 100;
	assert_int_equal(nf_port_queues_start(&q, NULL_PORT, &none), 0);
	assert_int_equal(n_flows, 100);
	for (uint32_t i = 0; i < n_flows; i++)
		assert_false(flows[i].is_used);
}

static bool
start_eal(void)
{
	static char words[][24] = {"port-queues-test",
				   "--no-huge",
				   "-m",
				   "256",
				   "--no-pci",
				   "--no-shconf",
				   "--no-telemetry",
				   "--log-level=error",
				   "--vdev=net_null0",
				   "--lcores=0@0"};
	static char *argv[RTE_DIM(words)];

	for (size_t i = 0; i < RTE_DIM(words); i++)
		argv[i] = words[i];
	return rte_eal_init(RTE_DIM(words), argv) >= 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_the_table_follows_the_buckets, forget_rules),
		cmocka_unit_test_setup(test_the_hash_sees_one_family, forget_rules),
		cmocka_unit_test_setup(test_other_devices_hash_as_they_like, forget_rules),
		cmocka_unit_test_setup(test_rules_follow_the_buckets, forget_rules),
		cmocka_unit_test_setup(test_rules_are_all_or_none, forget_rules),
	};

	return start_eal() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
