/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variants of an NF without the agent.
 *
 *   bare       nothing but the NF
 *   duplicate  every packet is copied and transmitted to a standby, as schemes do that keep two
 *              instances alike by giving both all packets. The copy is made where the packet
 *              comes in. What the standby does with it is not counted.
 */
#include "loop.h"

#include <rte_ethdev.h>

static const struct rte_eth_rxtx_callback *callbacks[LOOP_PORTS];

static int
start_bare(struct loop *loop)
{
	(void)loop;
	return 0;
}

static void
stop_bare(struct loop *loop)
{
	(void)loop;
}

static uint16_t
duplicate(uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, uint16_t max,
	  void *ctx)
{
	struct loop *loop = ctx;
	struct rte_mbuf *copies[NF_BURST];
	uint16_t n_copies = 0, sent;

	(void)port, (void)queue, (void)max;
	for (uint16_t i = 0; i < n && i < NF_BURST; i++) {
		struct rte_mbuf *copy = rte_pktmbuf_copy(pkts[i], loop->pool, 0, UINT32_MAX);

		if (copy != NULL)
			copies[n_copies++] = copy;
	}
	sent = rte_eth_tx_burst(loop->wires[LOOP_PORTS].port_id, 0, copies, n_copies);
	rte_pktmbuf_free_bulk(&copies[sent], n_copies - sent);
	return n;
}

static int
start_duplicate(struct loop *loop)
{
	for (uint32_t p = 0; p < LOOP_PORTS; p++) {
		callbacks[p] = rte_eth_add_rx_callback(loop->wires[p].port_id, 0, duplicate, loop);
		if (callbacks[p] == NULL)
			return -rte_errno;
	}
	return 0;
}

static void
stop_duplicate(struct loop *loop)
{
	for (uint32_t p = 0; p < LOOP_PORTS; p++)
		rte_eth_remove_rx_callback(loop->wires[p].port_id, 0, callbacks[p]);
}

const struct loop_variant loop_variants[] = {
	{.name = "bare", .start = start_bare, .stop = stop_bare},
	{.name = "duplicate", .start = start_duplicate, .stop = stop_duplicate},
	{0},
};
