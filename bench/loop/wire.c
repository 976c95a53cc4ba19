/* SPDX-License-Identifier: Apache-2.0 */
/* Ports in memory; see wire.h. */
#include "wire.h"

#include <rte_ethdev.h>

#define DESCRIPTORS 512 /* never used */

static uint16_t
receive(void *queue, struct rte_mbuf **pkts, uint16_t max)
{
	struct wire *wire = queue;
	uint16_t n = (uint16_t)RTE_MIN(RTE_MIN((uint32_t)max, wire->burst), wire_waiting(wire));

	for (uint16_t i = 0; i < n; i++)
		pkts[i] = wire->in[wire->at_in + i];
	wire->at_in += n;
	return n;
}

static uint16_t
transmit(void *queue, struct rte_mbuf **pkts, uint16_t max)
{
	struct wire *wire = queue;
	uint16_t n = (uint16_t)RTE_MIN((uint32_t)max, WIRE_SIZE - wire->n_out);

	for (uint16_t i = 0; i < n; i++)
		wire->out[wire->n_out + i] = pkts[i];
	wire->n_out += n;
	return n;
}

int
wire_open(struct wire *wire, uint16_t port_id, uint16_t burst, struct rte_mempool *pool)
{
	struct rte_eth_conf conf = {0};
	int error = rte_eth_dev_configure(port_id, 1, 1, &conf);

	if (error == 0)
		error = rte_eth_rx_queue_setup(port_id, 0, DESCRIPTORS, 0, NULL, pool);
	if (error == 0)
		error = rte_eth_tx_queue_setup(port_id, 0, DESCRIPTORS, 0, NULL);
	if (error == 0)
		error = rte_eth_dev_start(port_id);
	if (error != 0)
		return error;
	wire->port_id = port_id;
	wire->burst = burst;
	wire->rx_queue = wire;
	rte_eth_fp_ops[port_id].rx_pkt_burst = receive;
	rte_eth_fp_ops[port_id].tx_pkt_burst = transmit;
	rte_eth_fp_ops[port_id].rxq.data = &wire->rx_queue;
	rte_eth_fp_ops[port_id].txq.data = &wire->rx_queue;
	return 0;
}

bool
wire_offer(struct wire *wire, struct rte_mbuf *m)
{
	if (wire->n_in == WIRE_SIZE)
		return false;
	wire->in[wire->n_in++] = m;
	return true;
}

uint32_t
wire_take(struct wire *wire)
{
	uint32_t n = wire->n_out;

	wire->n_in = 0;
	wire->at_in = 0;
	wire->n_out = 0;
	return n;
}
