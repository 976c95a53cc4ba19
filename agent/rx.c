/* SPDX-License-Identifier: Apache-2.0 */
#include "rx.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "tag.h"

#define SMALLEST_PACKET 14u /* an Ethernet header */

/* Is it a frame of this session, made for this port? */
static bool
frame_is_good(struct agent_worker *w, uint16_t p, const struct slim_frame_content *frame)
{
	if (w->command.session == 0 || frame->session != w->command.session ||
	    frame->nonce != w->command.nonce || frame->worker >= SLIM_MAX_WORKERS) {
		AGENT_COUNT(w->counters->foreign_frame, 1);
		return false;
	}
	if (frame->port != p) {
		AGENT_COUNT(w->counters->wrong_port, 1);
		return false;
	}
	AGENT_COUNT(w->counters->frames_received, 1);
	return true;
}

static void
take_frame(struct agent_worker *w, uint16_t p, struct rte_mbuf *m, bool tagged, bool stripped,
	   struct slim_rx *rx)
{
	struct slim_frame_content *frame = &rx->frames[rx->n_frames];

	if (!slim_frame_parse(rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m), tagged,
			      stripped, frame))
		AGENT_COUNT(w->counters->foreign_frame, 1);
	else if (frame_is_good(w, p, frame))
		rx->n_frames++;
	rte_pktmbuf_free(m);
}

/* A packet behind the redirect tag. Only a target expects these: elsewhere they are packets
 * like others. */
static void
take_tagged(struct agent_worker *w, struct rte_mbuf *m, bool stripped, struct slim_rx *rx)
{
	if (!w->command.is_source) {
		slim_tag_pop(m, stripped);
		rx->redirected |= UINT64_C(1) << rx->n;
	}
	rx->pkts[rx->n++] = m;
}

static void
sort(struct agent_worker *w, uint16_t p, struct rte_mbuf *m, struct slim_rx *rx)
{
	uint16_t vid = w->ports[p].vid;
	bool stripped = vid != 0 && (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) &&
			(m->vlan_tci & 0xfff) == vid;

	switch (slim_frame_sort(rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m), vid,
				stripped)) {
	case SLIM_FRAME_OURS:
		take_frame(w, p, m, false, stripped, rx);
		return;
	case SLIM_FRAME_TAGGED_OURS:
		take_frame(w, p, m, true, stripped, rx);
		return;
	case SLIM_FRAME_TAGGED_DATA:
		take_tagged(w, m, stripped, rx);
		return;
	case SLIM_FRAME_DATA:
		break;
	}
	if (rte_pktmbuf_pkt_len(m) < SMALLEST_PACKET) {
		AGENT_COUNT(w->counters->foreign_frame, 1);
		rte_pktmbuf_free(m);
		return;
	}
	rx->pkts[rx->n++] = m;
}

void
slim_rx_some(struct agent_worker *w, uint16_t p, struct slim_rx *rx, uint16_t max)
{
	const struct agent_port *port = &w->ports[p];
	struct rte_mbuf *raw[AGENT_RX_CHUNK];

	rx->n_received = rx->n = rx->n_frames = 0;
	rx->redirected = 0;
	if (port->queue_size == 0)
		return;
	rx->n_received = rte_eth_rx_burst(port->port_id, w->pub.index, raw,
					  max < AGENT_RX_CHUNK ? max : AGENT_RX_CHUNK);
	if (rx->n_received > 0)
		w->came_ns = w->now_ns;
	for (uint16_t i = 0; i < rx->n_received; i++)
		sort(w, p, raw[i], rx);
}

void
slim_rx_chunk(struct agent_worker *w, uint16_t p, struct slim_rx *rx)
{
	slim_rx_some(w, p, rx, AGENT_RX_CHUNK);
}

void
slim_rx_purge(struct agent_worker *w)
{
	struct rte_mbuf *pkts[AGENT_RX_CHUNK];

	for (uint16_t p = 0; p < w->agent->n_ports; p++) {
		struct agent_port *port = &w->ports[p];
		uint32_t left = port->queue_size;
		uint16_t n;

		while (left > 0) {
			n = rte_eth_rx_burst(port->port_id, w->pub.index, pkts, AGENT_RX_CHUNK);
			if (n == 0)
				break;
			rte_pktmbuf_free_bulk(pkts, n);
			AGENT_COUNT(w->counters->closed_drop, n);
			left = n < left ? left - n : 0;
		}
	}
}
