/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two DPDK ports and the traffic between them. One thread: whoever calls loop_round().
 */
#ifndef SLIM_BENCH_LOOP_H
#define SLIM_BENCH_LOOP_H

#include <rte_ethdev.h>

#include "traffic.h"

#define LOOP_BURST 32u

struct loop_port {
	uint16_t id;
	uint16_t n_rx_queues;
	uint16_t n_pending; /* written, the port has not taken them yet */
	struct rte_mbuf *pending[LOOP_BURST];
	uint64_t tx_full; /* rounds in which the port did not take all */
	uint64_t no_mbuf; /* packets that had to wait for a buffer */
};

struct loop {
	struct loop_port ports[TRAFFIC_N_SIDES];
	struct rte_mempool *pool;
	struct traffic *traffic; /* borrowed */
};

/* Configures the port (one queue out, n_rx_queues in) and starts it. 0 or negative errno. */
int loop_port_start(struct loop_port *port, uint16_t id, uint16_t n_rx_queues,
		    struct rte_mempool *pool);
bool loop_port_is_up(const struct loop_port *port);

/* Receives, ticks, sends, once. */
void loop_round(struct loop *loop);

/* What the ports never took goes back to the ledger as not sent. */
void loop_take_back(struct loop *loop);

#endif
