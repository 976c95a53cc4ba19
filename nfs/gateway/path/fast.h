/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short way for ordinary packets (ordinary.h) of sessions that are known, in their cell and within their rate, to
 * where an answer is at hand. It changes what the general path (uplink.h, downlink.h) would change, and sends
 * what that would send, octet by octet; fast_test.c compares them.
 *
 * Both functions ask all questions first and change nothing before the last one. false: something is not ordinary,
 * nothing was changed, and the packet is the general path's, which finds out what it is and
 * gives it its name. So a check may be too strict here, never too lax. Each function is one piece, inlined into the
 * burst (pipeline.c): no table of functions, no struct that is filled to be read once. Worker's thread.
 */
#ifndef GATEWAY_FAST_H
#define GATEWAY_FAST_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "ecn.h"
#include "gateway.h"
#include "ordinary.h"
#include "passage.h"
#include "session_entry.h"
#include "touched.h"
#include "tunnel.h"

/* ---- uplink ------------------------------------------------------------------------------------------ */

/* Within its rate? Only a session that has one has its burst read, which stands in another line. */
bool gateway_fast_within_uplink(const struct gateway_session *session, uint64_t now_ns,
				uint32_t size, uint64_t *ret_due);
bool gateway_fast_within_downlink(const struct gateway_session *session, uint64_t now_ns,
				  uint32_t size, uint64_t *ret_due);

/* To the core, by a way that is known? */
static inline bool
gateway_fast_way(const struct gateway_worker *w, const struct gateway_packet *p,
		 struct nf_next *ret_next)
{
	const struct gateway_config *config = &w->gateway->config;
	rte_be32_t to = gateway_ipv4(p)->dst_addr;

	return !gateway_config_has_subscriber(config, rte_be_to_cpu_32(to)) &&
	       likely(to != config->sides[GATEWAY_CORE].address) &&
	       likely(nf_may_go(&w->gateway->hops, to, GATEWAY_CORE, ret_next) == NF_ALLOWED);
}

static inline bool
gateway_fast_way_ipv6(const struct gateway_worker *w, const struct gateway_packet *p)
{
	const struct gateway_config *config = &w->gateway->config;
	const uint8_t *to = gateway_ipv6(p)->dst_addr;

	return !gateway_config_has_subscriber_ipv6(config, to) &&
	       (config->core_ipv6.bits == 0 || memcmp(to, config->core_ipv6.address, 16) != 0) &&
	       nf_ipv6_may_go(to) && likely(w->router.is_known);
}

/* A handover is the general path's; what it needs is not in the cache. */
void gateway_fast_expect_handover(const struct gateway_worker *w, const struct gateway_packet *p);

/* The subscriber's own? */
static inline bool
gateway_fast_is_of(const struct gateway_packet *p, const struct gateway_session *session)
{
	return p->is_ipv6 ? gateway_session_has_ipv6(session, gateway_ipv6(p)->src_addr)
			  : gateway_session_has_ipv4(session, gateway_ipv4(p)->src_addr);
}

/* Comes it out of the tunnel as it is? (RFC 6040) */
static inline bool
gateway_fast_keeps_ecn(const struct gateway_packet *p)
{
	uint8_t inner;

	if (likely(p->outer_ecn == GATEWAY_NOT_ECT))
		return true;
	inner = gateway_traffic_class(p) & GATEWAY_ECN_MASK;
	return gateway_ecn_decapsulate(inner, p->outer_ecn) == inner;
}

/* An Ethernet header's room in front of the subscriber's packet, and nothing behind it. It is in one segment, and
 * there was one in front of it already. */
static inline void
gateway_fast_frame(struct gateway_packet *p, uint32_t in_front)
{
	struct rte_mbuf *m = p->m;
	uint16_t size = (uint16_t)(in_front + p->ip_size);

	m->data_off = (uint16_t)(p->ip - in_front - (uint8_t *)m->buf_addr);
	m->data_len = size;
	m->pkt_len = size;
}

/* true: it is sent, and the caller counts it. */
static inline bool
gateway_fast_uplink(struct gateway_worker *w, struct gateway_packet *p)
{
	struct gateway_session *session = p->session;
	struct nf_next next;
	uint64_t due;

	if (unlikely(session->teid != p->gtpu.teid))
		return false;
	if (unlikely(p->peer != session->cell_address)) {
		gateway_fast_expect_handover(w, p);
		return false;
	}
	due = session->uplink_due;
	if (unlikely(p->peer == 0) || unlikely(!gateway_fast_is_of(p, session)) ||
	    unlikely(gateway_ttl_is_over(p)) || unlikely(!gateway_fast_keeps_ecn(p)) ||
	    unlikely(p->ip_size > w->gateway->config.sides[GATEWAY_CORE].mtu) ||
	    unlikely(p->is_ipv6 ? !gateway_fast_way_ipv6(w, p) : !gateway_fast_way(w, p, &next)) ||
	    unlikely(session->uplink_cost != 0 &&
		     !gateway_fast_within_uplink(session, w->nf->now_ns, p->ip_size, &due)))
		return false;
	gateway_decrement_ttl(p);
	gateway_fast_frame(p, sizeof(struct rte_ether_hdr));
	session->last_seen = w->nf->now_ns;
	session->uplink_due = due;
	session->packets_up++;
	session->bytes_up += p->ip_size;
	nf_touched(&w->sessions->share, session);
	if (likely(!p->is_ipv6))
		nf_neighbour_send(w->neighbours, p->m, &next);
	else
		nf_router_send(&w->router, p->m);
	return true;
}

/* ---- downlink ----------------------------------------------------------------------------------------- */

/* Is it his session? */
static inline bool
gateway_fast_is_to(const struct gateway_packet *p, const struct gateway_session *session)
{
	return p->is_ipv6 ? session->indexed_ipv6 == gateway_ipv6_key(gateway_ipv6(p)->dst_addr)
			  : session->indexed_ipv4 == gateway_ipv4(p)->dst_addr;
}

/* From a host? */
static inline bool
gateway_fast_is_from_host(const struct gateway_worker *w, const struct gateway_packet *p)
{
	rte_be32_t from;

	if (unlikely(p->is_ipv6))
		return nf_ipv6_may_go(gateway_ipv6(p)->src_addr);
	from = gateway_ipv4(p)->src_addr;
	return likely(!nf_is_unroutable(from)) &&
	       likely(from != w->gateway->config.sides[GATEWAY_CORE].address);
}

/* gateway_session.cell_way */
#define GATEWAY_ON_LINK 1u
#define GATEWAY_FIRST_WAY 2u /* and above: by a router, of this hop */

_Static_assert(GATEWAY_FIRST_WAY + NF_MAX_ROUTES + NF_MAX_SIDES <= UINT8_MAX,
	       "each way has a number");

/* Looks for the way to a session's cell, and writes it down if a packet may go there. Routes do not change, and with the
 * cell it is forgotten. */
bool gateway_fast_find_way(const struct gateway *gateway, struct gateway_session *session);

/* The neighbour on the way to the cell. */
static inline rte_be32_t
gateway_fast_next(const struct gateway *gateway, const struct gateway_session *session)
{
	return session->cell_way == GATEWAY_ON_LINK
		       ? session->cell_address
		       : gateway->hops.hops[session->cell_way - GATEWAY_FIRST_WAY].via;
}

/* All headers in front of the subscriber's packet. */
static inline uint32_t
gateway_fast_headers(const struct gateway_session *session)
{
	return GATEWAY_OUTER_SIZE - (uint32_t)sizeof(struct rte_ether_hdr) +
	       gtpu_header_size(session->container);
}

/* Room in front of it for them and for the tag of the port, and on the access side for all of it? */
static inline bool
gateway_fast_fits(const struct gateway_worker *w, const struct gateway_packet *p, uint32_t headers)
{
	uint32_t tag = w->nf->vlans[GATEWAY_ACCESS] != 0 ? RTE_VLAN_HLEN : 0;

	return likely(p->ip_size + headers <= w->gateway->config.sides[GATEWAY_ACCESS].mtu) &&
	       likely(rte_pktmbuf_headroom(p->m) >= headers + tag);
}

static inline void
gateway_fast_encapsulate(struct gateway_worker *w, struct gateway_packet *p,
			 const struct gateway_session *session, uint32_t headers)
{
	struct gateway_outer outer = {
		.source_port = RTE_BE16(GTPU_PORT),
		.traffic_class = (uint8_t)(w->gateway->config.tunnel.dscp << 2),
	};

	gateway_outer_of(w, p, &outer);
	gateway_outer_put(&w->outer, p->ip,
			  &(struct gateway_outer_part){.to = session->cell_address,
						       .teid = session->cell_teid,
						       .source_port = outer.source_port,
						       .size = p->ip_size,
						       .traffic_class = outer.traffic_class,
						       .container = session->container != 0,
						       .qfi = session->qfi});
	gateway_fast_frame(p, (uint32_t)sizeof(struct rte_ether_hdr) + headers);
}

/* true: it is sent, and the caller counts it. */
static inline bool
gateway_fast_downlink(struct gateway_worker *w, struct gateway_packet *p)
{
	struct gateway_session *session = p->session;
	uint32_t headers = gateway_fast_headers(session);
	struct nf_next next = {.side = GATEWAY_ACCESS};
	uint64_t due;

	due = session->downlink_due;
	if (unlikely(!gateway_fast_is_to(p, session)) || unlikely(session->cell_address == 0) ||
	    unlikely(!gateway_fast_is_from_host(w, p)) || unlikely(gateway_ttl_is_over(p)) ||
	    unlikely(!gateway_fast_fits(w, p, headers)) ||
	    unlikely(session->downlink_cost != 0 &&
		     !gateway_fast_within_downlink(session, w->nf->now_ns, p->ip_size, &due)) ||
	    unlikely(session->cell_way == 0 && !gateway_fast_find_way(w->gateway, session)))
		return false;
	gateway_decrement_ttl(p);
	gateway_fast_encapsulate(w, p, session, headers);
	session->last_seen = w->nf->now_ns;
	session->downlink_due = due;
	session->packets_down++;
	session->bytes_down += p->ip_size;
	nf_touched(&w->sessions->share, session);
	next.address = gateway_fast_next(w->gateway, session);
	nf_neighbour_send(w->neighbours, p->m, &next);
	return true;
}

/* ---- ahead of them -------------------------------------------------------------------------------------- */

static inline const struct nf_slot_index *
gateway_fast_index(const struct gateway_sessions *s, const struct gateway_packet *p)
{
	if (p->kind == GATEWAY_KIND_UPLINK)
		return &s->by_teid;
	return p->is_ipv6 ? &s->by_ipv6 : &s->by_ipv4;
}

static inline uint64_t
gateway_fast_key(const struct gateway_packet *p)
{
	if (p->kind == GATEWAY_KIND_UPLINK)
		return p->gtpu.teid;
	return p->is_ipv6 ? gateway_ipv6_key(gateway_ipv6(p)->dst_addr) : gateway_ipv4(p)->dst_addr;
}

static inline void
gateway_fast_prefetch_index(const struct gateway_sessions *s, struct gateway_packet *p)
{
	const struct nf_slot_index *index = gateway_fast_index(s, p);

	p->hash = nf_slot_index_hash(index, gateway_fast_key(p));
	nf_slot_index_prefetch(index, p->hash);
}

/* Both lines of the slot that is the session's, if it holds the key. Nothing leaves an index before the burst has passed.
 * False: there is no session. */
static inline bool
gateway_fast_prefetch_slot(const struct gateway_sessions *s, struct gateway_packet *p)
{
	uint32_t slot = nf_slot_index_peek(gateway_fast_index(s, p), p->hash);

	if (unlikely(slot == NF_NO_SLOT))
		return false;
	p->session = slim_slot(s->share.table, slot);
	__builtin_prefetch(p->session, 1);
	__builtin_prefetch(&p->session->uplink_due, 1);
	return true;
}

#endif
