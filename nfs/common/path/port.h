/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports and the packet pool. Main thread, before workers run. Errors go to
 * stderr with the port's name, and come back as negative errno.
 */
#ifndef NF_PORT_H
#define NF_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_mempool.h>

#include "spread.h"

#define NF_PORT_DESCRIPTORS 1024u /* of each queue, if the device has that many */
#define NF_POOL_CACHE 256u
#define NF_MBUF_ROOM 2048u /* bytes of a frame in one mbuf, at least */

struct nf_port {
	const char *name; /* as the topology calls it; for messages */
	uint16_t port_id; /* DPDK's */
	struct rte_ether_addr mac;
	uint16_t mtu; /* bytes of IPv4 packets */
	uint16_t
		n_rx_queues; /* set by nf_port_open(): as many as the device has, at most one a worker */
	/* Where its packets show their bucket; all zero: nowhere. */
	struct nf_spread spreads[NF_MAX_SPREADS];
	bool link_up;
};

/* A pool in which the agent's hold FIFOs, all queues, rings and caches can be full at the
 * same time and reception still finds an mbuf. A packet of max_mtu bytes is in one segment. NULL:
 * errno says why. */
struct rte_mempool *nf_pool_create(const char *name, uint16_t n_ports, uint16_t n_workers,
				   uint32_t hold_capacity, uint32_t n_kept, uint16_t max_mtu);

/* Sets up and starts a port with one transmit queue a worker. With several workers it says on stdout whether the
 * device gives packets to the worker that owns their bucket. */
int nf_port_open(struct nf_port *port, uint16_t n_workers, struct rte_mempool *pool);

/* Looks at the link and says on stdout when it changed. A virtio-user port in server mode
 * accepts its peer in here, so this must be called now and then. */
void nf_port_watch(struct nf_port *port);

void nf_port_close(struct nf_port *port);

#endif
