/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>

/* Transmit queues may keep all of our own buffers until they are full: then the NF's serve. */
static struct rte_mbuf *
alloc(const struct slim_agent *agent)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(agent->frames);

	return m != NULL ? m : rte_pktmbuf_alloc(agent->frame_pool);
}

static struct rte_mbuf *
build(struct agent_worker *w, uint16_t p, enum slim_frame_type type, uint32_t round)
{
	struct slim_frame_content content = {
		.type = (uint8_t)type,
		.port = (uint8_t)p,
		.worker = (uint8_t)w->pub.index,
		.n_workers = (uint8_t)w->agent->n_workers,
		.round = round,
		.session = w->command.session,
		.nonce = w->command.nonce,
	};
	uint16_t vid = slim_frame_is_tagged((uint8_t)type) ? w->ports[p].vid : 0;
	struct rte_mbuf *m = alloc(w->agent);
	size_t size;

	if (m == NULL)
		return NULL;
	size = slim_frame_build(rte_pktmbuf_mtod(m, uint8_t *), vid, &content);
	m->data_len = (uint16_t)size;
	m->pkt_len = (uint32_t)size;
	return m;
}

bool
slim_message_send(struct agent_worker *w, uint16_t p, enum slim_frame_type type, uint32_t round)
{
	const struct agent_port *port = &w->ports[p];
	struct rte_mbuf *m;

	if (slim_frame_is_tagged((uint8_t)type) && port->vid == 0)
		return false;
	m = build(w, p, type, round);
	if (m == NULL || rte_eth_tx_burst(port->port_id, w->pub.index, &m, 1) == 0) {
		rte_pktmbuf_free(m);
		AGENT_COUNT(w->counters->frame_refused, 1);
		return false;
	}
	AGENT_COUNT(w->counters->frames_sent, 1);
	return true;
}
