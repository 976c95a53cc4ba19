/* SPDX-License-Identifier: Apache-2.0 */
/* Ports in memory; see wire.h. */
#include "wire.h"

#include <stdlib.h>
#include <string.h>

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

/* ---- as a null device in copy mode ------------------------------------------------------------ */

static uint16_t
receive_copies(void *queue, struct rte_mbuf **pkts, uint16_t max)
{
	struct wire *wire = queue;
	uint16_t n = (uint16_t)RTE_MIN(RTE_MIN((uint32_t)max, wire->burst), wire_waiting(wire));

	if (n == 0 || rte_pktmbuf_alloc_bulk(wire->pool, pkts, n) != 0)
		return 0;
	for (uint16_t i = 0; i < n; i++) {
		const struct rte_mbuf *from = wire->in[wire->at_in + i];

		memcpy(rte_pktmbuf_mtod(pkts[i], void *), rte_pktmbuf_mtod(from, const void *),
		       from->data_len);
		pkts[i]->data_len = from->data_len;
		pkts[i]->pkt_len = from->data_len;
		pkts[i]->port = wire->port_id;
	}
	wire->at_in += n;
	return n;
}

static void
copy_out(struct wire *wire, const struct rte_mbuf *m)
{
	uint16_t size = 0;

	for (const struct rte_mbuf *part = m; part != NULL; part = part->next) {
		memcpy(wire->bytes + wire->n_bytes + size, rte_pktmbuf_mtod(part, const void *),
		       part->data_len);
		size = (uint16_t)(size + part->data_len);
	}
	wire->size[wire->n_out++] = size;
	wire->n_bytes += size;
}

static uint16_t
transmit_copies(void *queue, struct rte_mbuf **pkts, uint16_t max)
{
	struct wire *wire = queue;
	uint16_t n = 0;

	while (n < max && wire->n_out < WIRE_SIZE &&
	       wire->n_bytes + rte_pktmbuf_pkt_len(pkts[n]) <= WIRE_BYTES) {
		copy_out(wire, pkts[n]);
		rte_pktmbuf_free(pkts[n++]);
	}
	return n;
}

/* The copies become packets again, for who reads them. Nothing of this is measured. */
static void
take_copies(struct wire *wire)
{
	const uint8_t *at = wire->bytes;

	rte_pktmbuf_free_bulk(wire->in, wire->n_in);
	if (rte_pktmbuf_alloc_bulk(wire->pool, wire->out, wire->n_out) != 0)
		wire->n_out = 0;
	for (uint32_t i = 0; i < wire->n_out; at += wire->size[i++])
		memcpy(rte_pktmbuf_append(wire->out[i], wire->size[i]), at, wire->size[i]);
	wire->n_bytes = 0;
}

/* ---- all ports -------------------------------------------------------------------------------- */

int
wire_open(struct wire *wire, uint16_t port_id, uint16_t burst, bool driver,
	  struct rte_mempool *pool)
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
	wire->driver = driver;
	wire->pool = pool;
	wire->bytes = driver ? malloc(WIRE_BYTES) : NULL;
	if (driver && wire->bytes == NULL)
		return -ENOMEM;
	rte_eth_fp_ops[port_id].rx_pkt_burst = driver ? receive_copies : receive;
	rte_eth_fp_ops[port_id].tx_pkt_burst = driver ? transmit_copies : transmit;
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
	uint32_t n;

	if (wire->driver)
		take_copies(wire);
	n = wire->n_out;
	wire->n_in = 0;
	wire->at_in = 0;
	wire->n_out = 0;
	return n;
}
