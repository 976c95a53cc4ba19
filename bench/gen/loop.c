/* SPDX-License-Identifier: Apache-2.0 */
/* Ports of the generator; see loop.h. */
#include <errno.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "clock.h"
#include "loop.h"

#define N_DESCRIPTORS 1024u
#define MAX_BURSTS 8u /* of one direction in one round, so that neither starves the other */

int
loop_port_start(struct loop_port *port, uint16_t id, uint16_t n_rx_queues, struct rte_mempool *pool)
{
	struct rte_eth_conf conf = {0};
	uint16_t n_rx = N_DESCRIPTORS, n_tx = N_DESCRIPTORS;
	int socket = rte_eth_dev_socket_id(id);
	int error;

	*port = (struct loop_port){.id = id, .n_rx_queues = n_rx_queues};
	error = rte_eth_dev_configure(id, n_rx_queues, 1, &conf);
	if (error == 0)
		error = rte_eth_dev_adjust_nb_rx_tx_desc(id, &n_rx, &n_tx);
	for (uint16_t q = 0; error == 0 && q < n_rx_queues; q++)
		error = rte_eth_rx_queue_setup(id, q, n_rx, (unsigned)socket, NULL, pool);
	if (error == 0)
		error = rte_eth_tx_queue_setup(id, 0, n_tx, (unsigned)socket, NULL);
	if (error == 0)
		error = rte_eth_dev_start(id);
	if (error == 0)
		rte_eth_promiscuous_enable(id); /* not every port can; then its MAC must be ours */
	return error;
}

bool
loop_port_is_up(const struct loop_port *port)
{
	struct rte_eth_link link = {0};

	return rte_eth_link_get_nowait(port->id, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

/* ---- receiving ------------------------------------------------------------------ */

static void
take(struct loop *loop, enum traffic_side side, struct rte_mbuf *m, uint64_t now_ns)
{
	uint8_t copy[TRAFFIC_MAX_FRAME];
	uint32_t size = rte_pktmbuf_pkt_len(m);
	bool verified = (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_NONE;
	const uint8_t *frame;

	if (size > sizeof(copy))
		size = sizeof(copy);
	frame = rte_pktmbuf_read(m, 0, size, copy);
	traffic_arrive(loop->traffic, side, frame, size, verified, now_ns);
}

static uint16_t
receive_queue(struct loop *loop, enum traffic_side side, uint16_t queue)
{
	struct rte_mbuf *mbufs[LOOP_BURST];
	uint16_t n = rte_eth_rx_burst(loop->ports[side].id, queue, mbufs, LOOP_BURST);
	uint64_t now_ns;

	if (n == 0)
		return 0;
	now_ns = clock_now_ns();
	for (uint16_t i = 0; i < n; i++)
		take(loop, side, mbufs[i], now_ns);
	rte_pktmbuf_free_bulk(mbufs, n);
	return n;
}

static uint16_t
receive(struct loop *loop, enum traffic_side side)
{
	uint16_t n = 0;

	for (uint16_t q = 0; q < loop->ports[side].n_rx_queues; q++)
		n = (uint16_t)(n + receive_queue(loop, side, q));
	return n;
}

/* ---- sending --------------------------------------------------------------------- */

static struct rte_mbuf *
write_next(struct loop *loop, enum traffic_side side, uint64_t now_ns)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(loop->pool);
	size_t size;

	if (m == NULL) {
		loop->ports[side].no_mbuf++;
		return NULL;
	}
	size = traffic_next(loop->traffic, side, now_ns, rte_pktmbuf_mtod(m, uint8_t *));
	if (size == 0) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	m->data_len = (uint16_t)size;
	m->pkt_len = (uint32_t)size;
	return m;
}

/* Hands over what is pending; what the port does not take stays, in order. */
static bool
flush(struct loop_port *port)
{
	uint16_t n = rte_eth_tx_burst(port->id, 0, port->pending, port->n_pending);

	for (uint16_t i = n; i < port->n_pending; i++)
		port->pending[i - n] = port->pending[i];
	port->n_pending = (uint16_t)(port->n_pending - n);
	if (port->n_pending == 0)
		return true;
	port->tx_full++;
	return false;
}

/* Sends up to a burst of what is due. True: there may be more. */
static bool
send_due(struct loop *loop, enum traffic_side side)
{
	struct loop_port *port = &loop->ports[side];
	uint64_t now_ns = clock_now_ns();
	struct rte_mbuf *m;

	if (port->n_pending > 0 && !flush(port))
		return false;
	while (port->n_pending < LOOP_BURST) {
		m = write_next(loop, side, now_ns);
		if (m == NULL)
			break;
		port->pending[port->n_pending++] = m;
	}
	if (port->n_pending == 0)
		return false;
	return port->n_pending == LOOP_BURST && flush(port);
}

void
loop_round(struct loop *loop)
{
	for (unsigned side = 0; side < TRAFFIC_N_SIDES; side++)
		for (unsigned i = 0; i < MAX_BURSTS && receive(loop, side) >= LOOP_BURST; i++)
			;
	traffic_tick(loop->traffic, clock_now_ns());
	for (unsigned side = 0; side < TRAFFIC_N_SIDES; side++) {
		for (unsigned i = 0; i < MAX_BURSTS && send_due(loop, side); i++)
			;
		if (loop->ports[side].n_pending > 0)
			flush(&loop->ports[side]);
	}
}

void
loop_take_back(struct loop *loop)
{
	for (unsigned side = 0; side < TRAFFIC_N_SIDES; side++) {
		struct loop_port *port = &loop->ports[side];

		while (port->n_pending > 0) {
			struct rte_mbuf *m = port->pending[--port->n_pending];

			traffic_take_back(loop->traffic, rte_pktmbuf_mtod(m, uint8_t *),
					  rte_pktmbuf_pkt_len(m));
			rte_pktmbuf_free(m);
		}
	}
}
