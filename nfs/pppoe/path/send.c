/* SPDX-License-Identifier: Apache-2.0 */
/* See send.h. Worker's thread. */
#include "send.h"

#include <string.h>

#include "access.h"
#include "discovery_packet.h"
#include "octets.h"

/* ---- in front of what is sent -------------------------------------------------------------------------- */

static inline uint8_t *
put_tag(uint8_t *at, uint16_t type, uint16_t id)
{
	nf_put16(at, type);
	nf_put16(at + 2, id);
	return at + RTE_VLAN_HLEN;
}

/* Ethernet header and tags; returns where they end. */
static inline uint8_t *
put_ether(const struct pppoe_worker *w, uint8_t *at, const struct pppoe_line_key *line,
	  uint16_t type)
{
	const struct pppoe_config *config = &w->pppoe->config;

	memcpy(at, &line->mac, RTE_ETHER_ADDR_LEN);
	memcpy(at + RTE_ETHER_ADDR_LEN, &config->sides[PPPOE_ACCESS].mac, RTE_ETHER_ADDR_LEN);
	at += 2 * RTE_ETHER_ADDR_LEN;
	if (line->outer != 0)
		at = put_tag(
			at, line->inner != 0 ? config->access_tags.outer_type : RTE_ETHER_TYPE_VLAN,
			line->outer);
	if (line->inner != 0)
		at = put_tag(at, RTE_ETHER_TYPE_VLAN, line->inner);
	nf_put16(at, type);
	return at + 2;
}

/* All of pppoe_front(), before `size` octets of a PPP packet; returns where they begin. */
static inline uint8_t *
put_front(const struct pppoe_worker *w, uint8_t *at, const struct pppoe_session *session,
	  uint16_t protocol, uint16_t size)
{
	const struct pppoe_line_key line = {session->mac, session->outer, session->inner};

	at = put_ether(w, at, &line, PPPOE_ETHERTYPE_SESSION);
	at[0] = PPPOE_VERSION;
	at[1] = PPPOE_SESSION_DATA;
	nf_put16(at + 2, session->session_id);
	nf_put16(at + 4, (uint16_t)(size + 2));
	nf_put16(at + PPPOE_HEAD, protocol);
	return at + PPPOE_HEAD + 2;
}

/* ---- frames -------------------------------------------------------------------------------------------- */

/* Room for `front` octets and `size` behind them; *ret_at is where it begins. NULL: counted. */
static struct rte_mbuf *
new_frame(struct pppoe_worker *w, uint16_t front, uint16_t size, uint8_t **ret_at)
{
	void *behind;
	struct rte_mbuf *m = nf_own_frame(
		w->nf, (uint16_t)(front - sizeof(struct rte_ether_hdr) + size), &behind);

	if (m != NULL)
		*ret_at = rte_pktmbuf_mtod(m, uint8_t *);
	return m;
}

void
pppoe_send_ppp(struct pppoe_worker *w, const struct pppoe_session *session, uint16_t protocol,
	       const void *data, uint16_t size)
{
	uint16_t front = pppoe_front(session->outer, session->inner);
	uint8_t *at;
	struct rte_mbuf *m = new_frame(w, front, size, &at);

	if (m == NULL)
		return;
	memcpy(put_front(w, at, session, protocol, size), data, size);
	nf_emit(w->nf, PPPOE_ACCESS, m);
}

void
pppoe_send_discovery(struct pppoe_worker *w, const struct pppoe_line_key *line, const void *packet,
		     uint16_t size)
{
	uint16_t front = (uint16_t)(pppoe_front(line->outer, line->inner) - PPPOE_HEAD - 2);
	uint8_t *at;
	struct rte_mbuf *m = new_frame(w, front, size, &at);

	if (m == NULL)
		return;
	memcpy(put_ether(w, at, line, PPPOE_ETHERTYPE_DISCOVERY), packet, size);
	nf_emit(w->nf, PPPOE_ACCESS, m);
}

void
pppoe_emit_data(struct pppoe_worker *w, const struct pppoe_session *session, uint16_t protocol,
		struct rte_mbuf *m)
{
	uint16_t size = (uint16_t)rte_pktmbuf_pkt_len(m);
	char *at = rte_pktmbuf_prepend(m, pppoe_front(session->outer, session->inner));

	put_front(w, (uint8_t *)at, session, protocol, size);
	nf_emit(w->nf, PPPOE_ACCESS, m);
}
