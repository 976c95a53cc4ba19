/* SPDX-License-Identifier: Apache-2.0 */
/* Ports and the packet pool; see port.h. Main thread. */
#include "port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "packet_pool.h"
#include "port_queues.h"
#include "worker.h"

/* Ethernet header, a tag of the port's own and the agent's. */
#define FRAME_OVERHEAD (RTE_ETHER_HDR_LEN + 2 * RTE_VLAN_HLEN)

struct rte_mempool *
nf_pool_create(const char *name, uint16_t n_ports, uint16_t n_workers, uint32_t hold_capacity,
	       uint32_t n_kept, uint16_t max_mtu)
{
	uint32_t room = RTE_ALIGN(RTE_MAX(max_mtu + FRAME_OVERHEAD, NF_MBUF_ROOM), 64u);
	uint32_t each = 2 * NF_PORT_DESCRIPTORS + hold_capacity + NF_FIFO_SIZE;
	uint32_t n = n_ports * n_workers * each + n_workers * (NF_RING_SIZE + n_kept) +
		     (n_workers + 1u) * NF_POOL_CACHE * 2;
	struct rte_mempool *pool;

	pool = nf_pool_make(name, n, NF_POOL_CACHE, (uint16_t)(room + RTE_PKTMBUF_HEADROOM));
	if (pool == NULL) {
		errno = rte_errno;
		fprintf(stderr,
			"packet pool: no memory for %u packets (about %u MiB): give the EAL more "
			"with -m or --socket-mem, or lower hold_capacity\n",
			n, (unsigned int)(((uint64_t)n * (room + 512)) >> 20));
	}
	return pool;
}

static int
fail(const struct nf_port *port, const char *what, int error)
{
	fprintf(stderr, "port %s (DPDK port %u): %s: %s\n", port->name, port->port_id, what,
		rte_strerror(-error));
	return error;
}

static int
fail_mtu(const struct nf_port *port, const struct rte_eth_dev_info *info)
{
	fprintf(stderr, "port %s (DPDK port %u): MTU %u: the device takes %u to %u\n", port->name,
		port->port_id, port->mtu, info->min_mtu, info->max_mtu);
	return -EINVAL;
}

/* A device that cannot take the address still works: all frames are sent with the
 * configured one, and the port receives in promiscuous mode. */
static int
set_addresses(struct nf_port *port)
{
	int error = rte_eth_dev_default_mac_addr_set(port->port_id, &port->mac);

	if (error != 0 && error != -ENOTSUP)
		return fail(port, "set MAC address", error);
	error = rte_eth_promiscuous_enable(port->port_id);
	if (error != 0 && error != -ENOTSUP)
		return fail(port, "promiscuous mode", error);
	return 0;
}

/* Many drivers take the MTU with the configuration; those with a call of its own want that, too. A device that
 * has none carries what every Ethernet does. */
static int
set_mtu(struct nf_port *port)
{
	int error = rte_eth_dev_set_mtu(port->port_id, port->mtu);

	if (error == -ENOTSUP && port->mtu <= RTE_ETHER_MTU)
		return 0;
	return error == 0 ? 0 : fail(port, "set MTU", error);
}

static int
setup_queues(struct nf_port *port, uint16_t n_workers, struct rte_mempool *pool)
{
	uint16_t n_rxd = NF_PORT_DESCRIPTORS, n_txd = NF_PORT_DESCRIPTORS;
	int socket = rte_eth_dev_socket_id(port->port_id);
	int error;

	error = rte_eth_dev_adjust_nb_rx_tx_desc(port->port_id, &n_rxd, &n_txd);
	if (error != 0)
		return fail(port, "number of descriptors", error);
	for (uint16_t q = 0; q < port->n_rx_queues; q++) {
		error = rte_eth_rx_queue_setup(port->port_id, q, n_rxd, (unsigned int)socket, NULL,
					       pool);
		if (error != 0)
			return fail(port, "receive queue", error);
	}
	for (uint16_t q = 0; q < n_workers; q++) {
		error = rte_eth_tx_queue_setup(port->port_id, q, n_txd, (unsigned int)socket, NULL);
		if (error != 0)
			return fail(port, "transmit queue", error);
	}
	return 0;
}

/* Queues that are not one a worker cannot follow the buckets. */
static void
set_wishes(struct nf_port_queues *queues, const struct nf_port *port, uint16_t n_workers)
{
	*queues = (struct nf_port_queues){.n = n_workers, .by_hash = -1};
	for (uint32_t i = 0; i < NF_MAX_SPREADS && port->n_rx_queues == n_workers; i++)
		if (port->spreads[i].field != NF_SPREAD_NOTHING)
			queues->wish[queues->n_wish++] = port->spreads[i];
}

static void
spread(const struct nf_port *port, struct nf_port_queues *queues,
       const struct rte_eth_dev_info *info)
{
	uint32_t n_done = nf_port_queues_start(queues, port->port_id, info);

	if (port->n_rx_queues < queues->n)
		printf("port %s: %u queues for %u workers: packets cross between them\n",
		       port->name, port->n_rx_queues, queues->n);
	else if (n_done < queues->n_wish)
		printf("port %s: the device knows the buckets of %u of %u kinds of packets: others "
		       "cross between workers\n",
		       port->name, n_done, queues->n_wish);
	else if (n_done != 0)
		printf("port %s: the device gives packets to the worker of their bucket\n",
		       port->name);
}

int
nf_port_open(struct nf_port *port, uint16_t n_workers, struct rte_mempool *pool)
{
	struct rte_eth_conf conf = {0};
	struct nf_port_queues queues;
	struct rte_eth_dev_info info;
	int error;

	if (!rte_eth_dev_is_valid_port(port->port_id))
		return fail(port, "there is no such port", -ENODEV);
	error = rte_eth_dev_info_get(port->port_id, &info);
	if (error != 0)
		return fail(port, "device info", error);
	if (port->mtu < info.min_mtu || port->mtu > info.max_mtu)
		return fail_mtu(port, &info);
	if (info.max_tx_queues < n_workers)
		return fail(port, "fewer transmit queues than workers", -ENOSPC);
	port->n_rx_queues = RTE_MIN(info.max_rx_queues, n_workers);
	set_wishes(&queues, port, n_workers);
	if (port->n_rx_queues > 1)
		nf_port_queues_configure(&queues, &info, &conf);
	conf.rxmode.mtu = port->mtu;
	error = rte_eth_dev_configure(port->port_id, port->n_rx_queues, n_workers, &conf);
	if (error != 0)
		return fail(port, "configure", error);
	error = set_mtu(port);
	if (error != 0)
		return error;
	error = setup_queues(port, n_workers, pool);
	if (error != 0)
		return error;
	error = rte_eth_dev_start(port->port_id);
	if (error != 0)
		return fail(port, "start", error);
	if (n_workers > 1)
		spread(port, &queues, &info);
	return set_addresses(port);
}

void
nf_port_watch(struct nf_port *port)
{
	struct rte_eth_link link;

	if (rte_eth_link_get_nowait(port->port_id, &link) != 0)
		return;
	if (port->link_up == (link.link_status == RTE_ETH_LINK_UP))
		return;
	port->link_up = !port->link_up;
	printf("port %s: link %s\n", port->name, port->link_up ? "up" : "down");
	fflush(stdout);
}

void
nf_port_close(struct nf_port *port)
{
	if (!rte_eth_dev_is_valid_port(port->port_id))
		return;
	rte_eth_dev_stop(port->port_id);
	rte_eth_dev_close(port->port_id);
}
