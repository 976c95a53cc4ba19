/* SPDX-License-Identifier: Apache-2.0 */
#include "device.h"

#include <errno.h>
#include <stdio.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#define STATS_NS UINT64_C(10000000)
#define QUEUE_SIZE_UNKNOWN 4096u /* of a transmit queue: virtio does not tell */
#define FRAMES_SPARE 64u
#define FRAME_DATA_SIZE (RTE_PKTMBUF_HEADROOM + 128)
#define OVERHEAD_SIZE (RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN) /* beside the MTU: our tag */

/* ---- set-ups that cannot work ---------------------------------------------------------- */

/* Bytes of a whole frame that the port takes; UINT32_MAX: it does not say. */
static uint32_t
largest_frame(const struct rte_eth_dev_info *info)
{
	return info->max_rx_pktlen != 0 ? info->max_rx_pktlen : UINT32_MAX;
}

static int
check_port(const struct slim_agent *agent, uint16_t p)
{
	const struct slim_port_config *config = &agent->ports[p];
	struct rte_eth_dev_info info = {0};
	uint16_t mtu = 0;

	if (rte_eth_dev_info_get(config->port_id, &info) != 0)
		return -ENODEV;
	if (info.nb_tx_queues < agent->n_workers || info.nb_rx_queues < config->n_rx_queues)
		return -ENODEV;
	if (rte_eth_dev_get_mtu(config->port_id, &mtu) == 0 &&
	    (uint32_t)mtu + OVERHEAD_SIZE > largest_frame(&info))
		return -EMSGSIZE;
	return 0;
}

int
slim_device_check(const struct slim_agent *agent)
{
	int rc = 0;

	for (uint16_t p = 0; rc == 0 && p < agent->n_ports; p++)
		rc = check_port(agent, p);
	return rc;
}

/* ---- frames of agents that are no more ---------------------------------------------------- */

struct leftover {
	struct leftover *next;
	struct rte_mempool *pool;
};

static struct leftover *leftovers; /* of this process, main thread */

/* Those that the devices have given back. */
static void
free_leftovers(void)
{
	struct leftover **at = &leftovers;

	while (*at != NULL) {
		struct leftover *leftover = *at;

		if (!rte_mempool_full(leftover->pool)) {
			at = &leftover->next;
			continue;
		}
		*at = leftover->next;
		rte_mempool_free(leftover->pool);
		rte_free(leftover);
	}
}

/* A transmit queue gives back what it has sent when it likes, at the latest when its port is closed. To ask it (with
 * rte_eth_tx_done_cleanup) would help with some drivers only, and the port may have other queues by now. */
void
slim_device_stop(struct slim_agent *agent)
{
	struct leftover *leftover = NULL;

	if (agent->frames != NULL)
		leftover = rte_malloc("slim_leftover", sizeof(*leftover), 0);
	if (leftover != NULL) { /* else, with no memory at all, it stays for good */
		*leftover = (struct leftover){.next = leftovers, .pool = agent->frames};
		leftovers = leftover;
	}
	agent->frames = NULL;
	free_leftovers();
}

/* ---- start -------------------------------------------------------------------------------- */

/* A transmit queue may keep what it has sent until it is full. */
static uint32_t
tx_queue_size(uint16_t port_id, uint16_t queue)
{
	struct rte_eth_txq_info info;

	if (rte_eth_tx_queue_info_get(port_id, queue, &info) == 0 && info.nb_desc != 0)
		return info.nb_desc;
	return QUEUE_SIZE_UNKNOWN;
}

int
slim_device_start(struct slim_agent *agent)
{
	char name[RTE_MEMPOOL_NAMESIZE];
	uint32_t n = FRAMES_SPARE;

	free_leftovers();
	if (agent->n_ports == 0)
		return 0;
	for (uint16_t p = 0; p < agent->n_ports; p++) {
		for (uint16_t q = 0; q < agent->n_workers; q++)
			n += tx_queue_size(agent->ports[p].port_id, q);
	}
	snprintf(name, sizeof(name), "slim%u_frames", agent->number);
	agent->frames = rte_pktmbuf_pool_create(name, n, 0, 0, FRAME_DATA_SIZE, agent->socket_id);
	return agent->frames != NULL ? 0 : -ENOMEM;
}

static uint16_t
rx_queue_size(uint16_t port_id, uint16_t queue)
{
	struct rte_eth_rxq_info info;

	if (rte_eth_rx_queue_info_get(port_id, queue, &info) == 0 && info.nb_desc != 0)
		return info.nb_desc;
	return AGENT_QUEUE_SIZE_UNKNOWN;
}

void
slim_device_describe(const struct slim_agent *agent, uint16_t worker, uint16_t p,
		     struct agent_port *port)
{
	const struct slim_port_config *config = &agent->ports[p];
	struct rte_eth_dev_info info = {0};

	port->port_id = config->port_id;
	port->many_queues = config->n_rx_queues > 1;
	if (worker < config->n_rx_queues)
		port->queue_size = rx_queue_size(config->port_id, worker);
	port->size_limit = UINT32_MAX;
	if (rte_eth_dev_info_get(config->port_id, &info) == 0)
		port->size_limit = largest_frame(&info);
}

/* ---- losses -------------------------------------------------------------------------------- */

void
slim_device_poll(struct slim_agent *agent, uint64_t now_ns)
{
	if (now_ns - agent->stats_ns < STATS_NS)
		return;
	agent->stats_ns = now_ns;
	for (uint16_t p = 0; p < agent->n_ports; p++) {
		struct slim_shm_port *status = &agent->info->ports[p];
		struct rte_eth_stats stats;

		if (rte_eth_stats_get(agent->ports[p].port_id, &stats) != 0)
			continue;
		atomic_store_explicit(&status->rx_missed, stats.imissed, memory_order_relaxed);
		atomic_store_explicit(&status->rx_no_memory, stats.rx_nombuf, memory_order_relaxed);
		atomic_store_explicit(&status->tx_failed, stats.oerrors, memory_order_relaxed);
	}
}
