/* SPDX-License-Identifier: Apache-2.0 */
/* slim-counter: forwards between port 0 and port 1 and counts the packets of each IPv4 source
 * address. The smallest useful network function that can move; docs/agent.md explains it. */
#include <stdlib.h>

#include <rte_ethdev.h>
#include <rte_hash.h>
#include <rte_ip.h>

#include <slim.h>

enum { CAPACITY = 65536, BURST = 32 };

struct entry {
	rte_be32_t address;
	uint16_t first_port; /* where it was first seen */
	uint64_t packets;
};

static const struct slim_field fields[] = {
	SLIM_FIELD_KEY(struct entry, address, SLIM_IPV4),
	SLIM_FIELD_STATE(struct entry, first_port, SLIM_U16),
	SLIM_FIELD_LAZY(struct entry, packets, SLIM_COUNTER, SLIM_MERGE_SUM),
};

static struct rte_hash *sources; /* address -> slot: the position of a key is its slot */
static struct slim_agent *agent;
static struct slim_worker *worker;
static struct slim_table *table;

static uint32_t
counter_acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key)
{
	int32_t slot = rte_hash_add_key(sources, key);

	(void)ctx, (void)w, (void)bucket;
	return slot < 0 ? SLIM_NO_SLOT : (uint32_t)slot;
}

static void
counter_removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	(void)ctx, (void)w, (void)slot;
	rte_hash_del_key(sources, &((const struct entry *)entry)->address);
}

static const struct slim_table_ops ops = {.acquire = counter_acquire, .removed = counter_removed};

static void
counter_count(const struct rte_mbuf *m, uint16_t port)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(eth + 1);
	struct entry *e;
	int32_t slot;

	if (rte_pktmbuf_data_len(m) < sizeof(*eth) + sizeof(*ip) ||
	    eth->ether_type != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4))
		return;
	slot = rte_hash_lookup(sources, &ip->src_addr);
	if (slot < 0) {
		slot = rte_hash_add_key(sources, &ip->src_addr);
		if (slot < 0)
			return; /* full */
		e = slim_slot_begin(worker, table, (uint32_t)slot);
		*e = (struct entry){.address = ip->src_addr, .first_port = port};
		slim_slot_end(worker, table, (uint32_t)slot, rte_be_to_cpu_32(e->address) & 255);
	}
	e = slim_slot(table, (uint32_t)slot);
	e->packets++; /* lazy: written at any time, without begin and end */
}

static void
counter_round(void)
{
	struct rte_mbuf *pkts[BURST];

	slim_agent_poll(agent);
	slim_worker_poll(worker);
	for (uint16_t port = 0; port < 2; port++) {
		uint16_t n = slim_rx_burst(worker, port, pkts, BURST), sent;

		for (uint16_t i = 0; i < n; i++)
			counter_count(pkts[i], port);
		sent = rte_eth_tx_burst(port ^ 1, 0, pkts, n);
		rte_pktmbuf_free_bulk(pkts + sent, n - sent);
	}
	slim_commit(worker, true); /* a single worker hands nothing on: it is idle here */
}

static int
counter_start(const char *name, const char *socket, bool active, struct rte_mempool *pool)
{
	const struct slim_port_config ports[] = {{"left", 0, 1}, {"right", 1, 1}};
	const struct slim_agent_config agent_config = {.name = name,
						       .service = "counter",
						       .kind = "slim-counter",
						       .version = SLIM_VERSION,
						       .identity = "",
						       .socket = socket,
						       .active = active,
						       .n_workers = 1,
						       .n_ports = 2,
						       .ports = ports,
						       .frame_pool = pool};
	const struct slim_table_config table_config = {.name = "sources",
						       .capacity = CAPACITY,
						       .entry_size = sizeof(struct entry),
						       .n_fields = RTE_DIM(fields),
						       .fields = fields,
						       .ops = &ops};
	int rc = 0;

	for (uint16_t p = 0; p < 2 && rc == 0; p++) {
		rc = rte_eth_dev_configure(p, 1, 1, &(struct rte_eth_conf){0});
		rc = rc ? rc : rte_eth_rx_queue_setup(p, 0, 1024, 0, NULL, pool);
		rc = rc ? rc : rte_eth_tx_queue_setup(p, 0, 1024, 0, NULL);
		rc = rc ? rc : rte_eth_dev_start(p);
	}
	sources = rte_hash_create(
		&(struct rte_hash_parameters){.name = name, .entries = CAPACITY, .key_len = 4});
	rc = rc || sources ? rc : -ENOMEM;
	rc = rc ? rc : slim_agent_create(&agent_config, &agent);
	rc = rc ? rc : slim_table_create(agent, &table_config, &table);
	rc = rc ? rc : slim_agent_start(agent);
	worker = rc ? NULL : slim_agent_worker(agent, 0);
	return rc;
}

int
main(int argc, char **argv)
{
	int rc, used = rte_eal_init(argc, argv);
	char **arg = argv + used + 1;
	struct rte_mempool *pool;

	if (used < 0 || argc - used < 4)
		rte_exit(EXIT_FAILURE, "usage: slim-counter EAL -- NAME SOCKET MODE [ROUNDS]\n");
	pool = rte_pktmbuf_pool_create("packets", 40000, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	rc = pool ? counter_start(arg[0], arg[1], arg[2][0] == 'a', pool) : -ENOMEM;
	if (rc != 0)
		rte_exit(EXIT_FAILURE, "cannot start: %s\n", rte_strerror(-rc));
	for (uint64_t n = argc - used > 4 ? strtoull(arg[3], NULL, 10) : UINT64_MAX; n > 0; n--)
		counter_round();
	for (uint16_t p = 0; p < 2; p++) /* first: a port may still have frames of the agent */
		rc |= rte_eth_dev_stop(p) != 0 || rte_eth_dev_close(p) != 0;
	slim_agent_destroy(agent);
	return rte_eal_cleanup() != 0 || rc != 0;
}
