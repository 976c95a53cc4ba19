/* SPDX-License-Identifier: Apache-2.0 */
/* To clients; see downlink.h. Worker's thread. */
#include "downlink.h"

#include "discovery_packet.h"
#include "meta_kind.h"
#include "passage.h"
#include "ppp.h"
#include "prefix.h"
#include "refusal.h"
#include "send.h"

/* From no host, or from one whose way is not by the core: never an answer to it, and no client's business. */
static inline uint16_t
judge_source(const struct pppoe_worker *w, const struct nf_ip *ip)
{
	const struct pppoe *pppoe = w->pppoe;
	const uint8_t *source_6;

	if (unlikely(ip->is_ipv6)) {
		source_6 = nf_ip_v6(ip)->src_addr;
		if (!nf_ipv6_may_go(source_6) || memcmp(source_6, pppoe->config.core_ipv6, 16) == 0)
			return PPPOE_drop_bad_address;
		return pppoe_prefix_of(&pppoe->config.ipv6_pool, source_6) != PPPOE_NOT_IN_POOL
			       ? PPPOE_drop_spoofed
			       : 0;
	}
	return pppoe_refusal(nf_may_come(&pppoe->hops, nf_ip_v4(ip)->src_addr, PPPOE_CORE));
}

/* Octets of an IP packet that the client, and the port on the way to it, take. */
static inline uint16_t
room_of(const struct pppoe_worker *w, const struct pppoe_session *session)
{
	uint16_t port = (uint16_t)(w->pppoe->config.sides[PPPOE_ACCESS].mtu - PPPOE_HEAD - 2);

	return RTE_MIN(session->peer_mru, port);
}

/* Room in front of a packet that is not cut, once all in front of it is gone? */
static inline bool
has_headroom(const struct pppoe_frame *f, const struct pppoe_session *session)
{
	return f->ip.at - (uint8_t *)f->m->buf_addr >= pppoe_front(session->outer, session->inner);
}

/* 0, or the counter of what refuses it. */
static inline uint16_t
judge(const struct pppoe_worker *w, const struct pppoe_frame *f,
      const struct pppoe_session *session, uint16_t room)
{
	bool is_from_core = f->side == PPPOE_CORE;
	uint16_t refused = is_from_core ? judge_source(w, &f->ip) : 0;

	if (unlikely(refused != 0))
		return refused;
	if (unlikely((session->open & (f->ip.is_ipv6 ? PPPOE_OPEN_IPV6 : PPPOE_OPEN_IPV4)) == 0))
		return PPPOE_drop_not_open;
	if (unlikely(is_from_core && nf_ip_ttl_is_over(&f->ip)))
		return PPPOE_drop_ttl;
	if (unlikely(nf_ip_is_too_big(&f->ip, room)))
		return PPPOE_drop_too_big;
	return unlikely(f->ip.size <= room && !has_headroom(f, session)) ? PPPOE_drop_segments : 0;
}

static inline void
pass(struct pppoe_worker *w, struct pppoe_frame *f, struct pppoe_session *session, uint16_t room)
{
	uint16_t protocol = f->ip.is_ipv6 ? PPP_IPV6 : PPP_IPV4, n;
	struct rte_mbuf *pieces[NF_MAX_PIECES];

	if (f->side == PPPOE_CORE)
		nf_ip_decrement_ttl(&f->ip);
	pppoe_clamp(w, &f->ip, session);
	pppoe_strip(f, 0);
	n = pppoe_pieces(w, f, 0, room, pieces);
	if (unlikely(n == 0))
		return;
	session->last_seen = w->nf->now_ns;
	session->packets_down++;
	session->bytes_down += f->ip.size;
	nf_count(w->nf, PPPOE_downlink, 1);
	for (uint16_t i = 0; i < n; i++)
		pppoe_emit_data(w, session, protocol, pieces[i]);
}

void
pppoe_downlink(struct pppoe_worker *w, struct pppoe_frame *f)
{
	uint32_t slot = pppoe_client_of(w, &f->ip);
	struct pppoe_session *session;
	uint16_t refused, room;

	if (unlikely(slot == NF_NO_SLOT)) {
		nf_drop(w->nf, f->m, PPPOE_drop_no_client);
		return;
	}
	if (unlikely(!pppoe_is_mine(w, slot))) {
		nf_hand(w->nf, pppoe_session_worker(&w->pppoe->sessions, slot), f->m,
			(struct nf_meta){.kind = f->side == PPPOE_CORE ? PPPOE_META_FRESH
								       : PPPOE_META_LOCAL,
					 .port = f->side});
		return;
	}
	session = slim_slot(w->sessions->share.table, slot);
	room = room_of(w, session);
	refused = judge(w, f, session, room);
	if (unlikely(refused != 0))
		pppoe_refuse(w, f, refused, room);
	else
		pass(w, f, session, room);
}
