/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect.h"

#include <string.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#define ADDRESSES_SIZE 12 /* both MAC addresses */

/* Can the packet's first bytes be moved where they are? */
static bool
is_ours_alone(const struct rte_mbuf *m)
{
	return RTE_MBUF_DIRECT(m) && rte_mbuf_refcnt_read(m) == 1 &&
	       rte_pktmbuf_headroom(m) >= 2 * SLIM_FRAME_TAG_SIZE &&
	       rte_pktmbuf_data_len(m) >= ADDRESSES_SIZE + 2;
}

static void
push_tag(struct rte_mbuf *m, uint16_t tci)
{
	uint8_t *from = rte_pktmbuf_mtod(m, uint8_t *);
	uint8_t *to = (uint8_t *)rte_pktmbuf_prepend(m, SLIM_FRAME_TAG_SIZE);

	memmove(to, from, ADDRESSES_SIZE);
	to[12] = SLIM_FRAME_TPID >> 8;
	to[13] = SLIM_FRAME_TPID & 0xff;
	to[14] = (uint8_t)(tci >> 8);
	to[15] = (uint8_t)tci;
}

static void
pop_tag(struct rte_mbuf *m)
{
	uint8_t *from = rte_pktmbuf_mtod(m, uint8_t *);

	memmove(from + SLIM_FRAME_TAG_SIZE, from, ADDRESSES_SIZE);
	rte_pktmbuf_adj(m, SLIM_FRAME_TAG_SIZE);
}

bool
slim_redirect_push(struct agent_worker *w, struct rte_mbuf **pkt, uint16_t vid)
{
	struct rte_mbuf *m = *pkt;

	if (!is_ours_alone(m)) {
		m = rte_pktmbuf_copy(*pkt, w->agent->frame_pool, 0, UINT32_MAX);
		if (m == NULL)
			return false;
		if (!is_ours_alone(m)) { /* a pool without headroom, or a packet of a few bytes */
			rte_pktmbuf_free(m);
			return false;
		}
		rte_pktmbuf_free(*pkt);
		*pkt = m;
	}
	/* A tag that the NIC took off goes back inside ours. */
	if (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
		push_tag(m, m->vlan_tci);
	push_tag(m, vid);
	m->ol_flags = 0;
	return true;
}

void
slim_redirect_pop(struct rte_mbuf *pkt, bool stripped)
{
	if (!stripped) {
		pop_tag(pkt);
		return;
	}
	/* The NIC strips for this NF: so the packet's own tag, now first, goes too. */
	pkt->ol_flags &= ~(RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_VLAN);
	if (rte_pktmbuf_data_len(pkt) >= sizeof(struct rte_ether_hdr) + sizeof(struct rte_vlan_hdr))
		rte_vlan_strip(pkt);
}

/* Fills `pkts` with the oldest packets, tagged. */
static uint16_t
prepare(struct agent_worker *w, struct agent_port *port, struct rte_mbuf **pkts, uint32_t max)
{
	uint16_t n = 0;

	if (port->tagged < port->hold.head)
		port->tagged = port->hold.head;
	while (n < max && port->hold.head + n < port->hold.tail) {
		uint64_t position = port->hold.head + n;
		struct slim_hold_entry *entry = slim_hold_at(&port->hold, position);

		if (position >= port->tagged) {
			if (!slim_redirect_push(w, &entry->pkt, port->vid))
				break;
			port->tagged = position + 1;
		}
		pkts[n++] = entry->pkt;
	}
	return n;
}

static void
note_sent(struct agent_worker *w, struct agent_port *port, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		bool held = port->hold.head < port->held_until;
		struct slim_hold_entry entry = slim_hold_pop(&port->hold);

		if (held)
			agent_note_wait(&w->pub.status->hold_wait, w->now_ns - entry.arrival_ns);
	}
	AGENT_COUNT(w->counters->redirected, n);
}

/* How many held packets may go now. */
static uint32_t
pace(const struct agent_worker *w, struct agent_port *port)
{
	uint32_t waiting = slim_hold_count(&port->hold);
	uint64_t oldest_ns =
		waiting > 0 ? slim_hold_at(&port->hold, port->hold.head)->arrival_ns : 0;

	return slim_pace_allow(&port->pace, waiting, oldest_ns, w->now_ns);
}

void
slim_redirect_pump(struct agent_worker *w, uint16_t p)
{
	struct agent_port *port = &w->ports[p];
	struct rte_mbuf *pkts[AGENT_TX_CHUNK];
	uint32_t allowed = pace(w, port);
	uint16_t n, sent;

	while (slim_hold_count(&port->hold) > 0 && port->vid != 0 && allowed > 0) {
		n = prepare(w, port, pkts, allowed < AGENT_TX_CHUNK ? allowed : AGENT_TX_CHUNK);
		sent = n > 0 ? rte_eth_tx_burst(port->port_id, w->pub.index, pkts, n) : 0;
		note_sent(w, port, sent);
		slim_pace_note(&port->pace, sent);
		allowed -= sent;
		if (sent == 0 || sent < n) {
			AGENT_COUNT(w->counters->redirect_retry, 1);
			return;
		}
	}
}

static bool
type_is_tagged(enum slim_frame_type type)
{
	return type == SLIM_FRAME_PROBE || type == SLIM_FRAME_MARK || type == SLIM_FRAME_FLUSH_COPY;
}

bool
slim_redirect_frame(struct agent_worker *w, uint16_t p, enum slim_frame_type type, uint32_t round)
{
	struct agent_port *port = &w->ports[p];
	uint16_t vid = type_is_tagged(type) ? port->vid : 0;
	struct slim_frame_content content = {
		.type = (uint8_t)type,
		.port = (uint8_t)p,
		.worker = (uint8_t)w->pub.index,
		.n_workers = (uint8_t)w->agent->n_workers,
		.round = round,
		.session = w->command.session,
		.nonce = w->command.nonce,
	};
	struct rte_mbuf *m;
	size_t size;

	if (type_is_tagged(type) && vid == 0)
		return false;
	m = rte_pktmbuf_alloc(w->agent->frame_pool);
	if (m == NULL)
		return false;
	if (rte_pktmbuf_tailroom(m) < SLIM_FRAME_MAX_SIZE) {
		rte_pktmbuf_free(m);
		return false;
	}
	size = slim_frame_build(rte_pktmbuf_mtod(m, uint8_t *), vid, &content);
	m->data_len = (uint16_t)size;
	m->pkt_len = (uint32_t)size;
	if (rte_eth_tx_burst(port->port_id, w->pub.index, &m, 1) == 0) {
		rte_pktmbuf_free(m);
		return false;
	}
	AGENT_COUNT(w->counters->frames_sent, 1);
	return true;
}
