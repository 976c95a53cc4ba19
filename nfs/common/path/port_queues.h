/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which receive queue a device gives a packet to: that of the worker that owns its bucket, where the device can
 * (spread.h). Where it cannot, packets come to any worker, and cross. Main thread, for a port with several queues.
 */
#ifndef NF_PORT_QUEUES_H
#define NF_PORT_QUEUES_H

#include <stdint.h>

#include <rte_ethdev.h>

#include "spread.h"

/* What a device can do for a port, and does. */
struct nf_port_queues {
	uint16_t n;      /* queues, one a worker */
	uint32_t n_wish; /* of a side: one family of packets each */
	struct nf_spread wish[NF_MAX_SPREADS];
	int by_hash; /* index in `wish`, or -1: the hash tells flows apart, and no buckets */
	uint8_t key[NF_RSS_KEY_SIZE];
};

/* Before the device is configured: adds to `conf` what its hash is to see. */
void nf_port_queues_configure(struct nf_port_queues *q, const struct rte_eth_dev_info *info,
			      struct rte_eth_conf *conf);

/* Once it is started: table of queues, and rules for what the hash does not see. Returns how many of the wishes are
 * fulfilled; what fails leaves the port as it was. */
uint32_t nf_port_queues_start(struct nf_port_queues *q, uint16_t port_id,
			      const struct rte_eth_dev_info *info);

#endif
