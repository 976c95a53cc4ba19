/* SPDX-License-Identifier: Apache-2.0 */
/* From clients; see uplink.h. Worker's thread. */
#include "uplink.h"

#include "advertise.h"
#include "control.h"
#include "downlink.h"
#include "passage.h"
#include "ppp.h"
#include "prefix.h"
#include "refusal.h"

enum way { WAY_CORE, WAY_ROUTER, WAY_CLIENT, WAY_OWN };

/* How a packet will pass. */
struct plan {
	struct nf_next next; /* of WAY_CORE */
	uint32_t room;
	enum way way;
};

/* ---- where to -------------------------------------------------------------------------------------------- */

static inline bool
is_to_client(const struct pppoe_worker *w, const struct nf_ip *ip)
{
	const struct pppoe *pppoe = w->pppoe;

	if (ip->is_ipv6)
		return pppoe_prefix_of(&pppoe->config.ipv6_pool, nf_ip_v6(ip)->dst_addr) !=
		       PPPOE_NOT_IN_POOL;
	return pppoe_address_number(&pppoe->sessions, rte_be_to_cpu_32(nf_ip_v4(ip)->dst_addr)) !=
	       PPPOE_NO_NUMBER;
}

static inline uint16_t
find_way_ipv6(const struct pppoe_worker *w, const struct nf_ip *ip, struct plan *plan)
{
	plan->way = WAY_ROUTER;
	if (unlikely(!nf_ipv6_may_go(nf_ip_v6(ip)->dst_addr)))
		return PPPOE_drop_bad_address;
	return unlikely(!w->router.is_known) ? PPPOE_drop_no_router : 0;
}

/* 0, or the counter of what refuses it. */
static inline uint16_t
find_way(const struct pppoe_worker *w, const struct nf_ip *ip, struct plan *plan)
{
	plan->room = UINT16_MAX;
	plan->way = WAY_OWN;
	if (unlikely(pppoe_is_own(&w->pppoe->config, ip)))
		return nf_ip_is_echo_request(ip) ? 0 : PPPOE_drop_own_address;
	plan->way = WAY_CLIENT;
	if (unlikely(is_to_client(w, ip)))
		return pppoe_client_of(w, ip) != NF_NO_SLOT ? 0 : PPPOE_drop_no_client;
	plan->room = w->pppoe->config.sides[PPPOE_CORE].mtu;
	if (ip->is_ipv6)
		return find_way_ipv6(w, ip, plan);
	plan->way = WAY_CORE;
	return pppoe_refusal(
		nf_may_go(&w->pppoe->hops, nf_ip_v4(ip)->dst_addr, PPPOE_CORE, &plan->next));
}

/* ---- on the way -------------------------------------------------------------------------------------------- */

/* The packet, or its pieces, stand behind room for an Ethernet header. */
static inline void
go(struct pppoe_worker *w, struct pppoe_frame *f, const struct plan *plan, struct rte_mbuf **pieces,
   uint16_t n)
{
	switch (plan->way) {
	case WAY_CORE:
		for (uint16_t i = 0; i < n; i++)
			nf_neighbour_send(w->neighbours, pieces[i], &plan->next);
		break;
	case WAY_ROUTER:
		nf_router_send(&w->router, f->m);
		break;
	default:
		pppoe_downlink(w, f);
		break;
	}
}

void
pppoe_send_ip(struct pppoe_worker *w, struct rte_mbuf *m)
{
	struct pppoe_frame f = {.m = m, .side = PPPOE_ACCESS};
	uint8_t *at = rte_pktmbuf_mtod_offset(m, uint8_t *, sizeof(struct rte_ether_hdr));
	struct plan plan;
	uint16_t refused;

	nf_ip_read(at, rte_pktmbuf_data_len(m) - (uint32_t)sizeof(struct rte_ether_hdr), &f.ip);
	refused = find_way(w, &f.ip, &plan);
	if (refused == 0 && plan.way == WAY_OWN)
		refused = PPPOE_drop_own_address;
	if (refused == 0 && f.ip.size > plan.room)
		refused = PPPOE_drop_too_big;
	if (refused != 0)
		nf_drop(w->nf, m, refused);
	else
		go(w, &f, &plan, &m, 1);
}

/* ---- from a client ------------------------------------------------------------------------------------------- */

static inline bool
is_of(const struct pppoe_worker *w, const struct nf_ip *ip, const struct pppoe_session *session)
{
	uint32_t prefix;

	if (likely(!ip->is_ipv6))
		return likely(nf_ip_v4(ip)->src_addr == session->ipv4);
	prefix = pppoe_prefix_of(&w->pppoe->config.ipv6_pool, nf_ip_v6(ip)->src_addr);
	return likely(prefix != PPPOE_NOT_IN_POOL) && likely(prefix == session->prefix);
}

static inline uint16_t
make_plan(const struct pppoe_worker *w, const struct pppoe_frame *f,
	  const struct pppoe_session *session, struct plan *plan)
{
	uint16_t refused;

	if (unlikely(!is_of(w, &f->ip, session)))
		return PPPOE_drop_spoofed;
	refused = find_way(w, &f->ip, plan);
	if (unlikely(refused != 0))
		return refused;
	if (unlikely(plan->way != WAY_OWN && nf_ip_ttl_is_over(&f->ip)))
		return PPPOE_drop_ttl;
	return unlikely(nf_ip_is_too_big(&f->ip, plan->room)) ? PPPOE_drop_too_big : 0;
}

static inline void
count(struct pppoe_worker *w, const struct plan *plan)
{
	static const uint16_t counters[] = {
		[WAY_CORE] = PPPOE_uplink,
		[WAY_ROUTER] = PPPOE_uplink,
		[WAY_CLIENT] = PPPOE_local,
		[WAY_OWN] = PPPOE_icmp_echo_answered,
	};

	nf_count(w->nf, counters[plan->way], 1);
}

static inline void
pass(struct pppoe_worker *w, struct pppoe_frame *f, struct pppoe_session *session,
     const struct plan *plan)
{
	struct rte_mbuf *pieces[NF_MAX_PIECES];
	uint16_t n;

	if (likely(plan->way != WAY_OWN))
		nf_ip_decrement_ttl(&f->ip);
	else
		nf_ip_turn_echo(&f->ip);
	pppoe_clamp(w, &f->ip, session);
	pppoe_strip(f, sizeof(struct rte_ether_hdr));
	n = pppoe_pieces(w, f, sizeof(struct rte_ether_hdr), plan->room, pieces);
	if (unlikely(n == 0))
		return;
	session->last_seen = w->nf->now_ns;
	session->heard = w->nf->now_ns;
	session->packets_up++;
	session->bytes_up += f->ip.size;
	count(w, plan);
	go(w, f, plan, pieces, n);
}

static inline void
take_ip(struct pppoe_worker *w, struct pppoe_frame *f, uint32_t slot, struct pppoe_session *session)
{
	bool is_ipv6 = f->protocol == PPP_IPV6;
	struct plan plan = {.room = UINT16_MAX};
	uint16_t refused;

	if (unlikely((session->open & (is_ipv6 ? PPPOE_OPEN_IPV6 : PPPOE_OPEN_IPV4)) == 0)) {
		nf_drop(w->nf, f->m, PPPOE_drop_not_open);
		return;
	}
	refused = pppoe_frame_take_ip(f, f->ppp, f->ppp_size, is_ipv6);
	if (unlikely(refused != 0)) {
		nf_drop(w->nf, f->m, refused);
		return;
	}
	if (unlikely(is_ipv6 && pppoe_is_of_link(&f->ip))) {
		pppoe_link_take(w, f, slot);
		return;
	}
	refused = make_plan(w, f, session, &plan);
	if (unlikely(refused != 0))
		pppoe_refuse(w, f, refused, plan.room);
	else
		pass(w, f, session, &plan);
}

/* A client whose IPv6 has just opened is told its prefix. */
__attribute__((noinline)) static void
take_control(struct pppoe_worker *w, struct pppoe_frame *f, uint32_t slot,
	     const struct pppoe_session *session)
{
	uint8_t open = session->open;

	pppoe_control_take(w, slot, f->protocol, f->ppp, f->ppp_size);
	if ((session->open & ~open & PPPOE_OPEN_IPV6) != 0)
		pppoe_advertise(w, session);
	rte_pktmbuf_free(f->m);
}

void
pppoe_uplink(struct pppoe_worker *w, struct pppoe_frame *f, uint32_t slot)
{
	struct pppoe_session *session = slim_slot(w->sessions->share.table, slot);

	if (unlikely(
		    !pppoe_line_is(&f->access.line, &session->mac, session->outer, session->inner)))
		nf_drop(w->nf, f->m, PPPOE_drop_other_client);
	else if (likely(f->protocol == PPP_IPV4 || f->protocol == PPP_IPV6))
		take_ip(w, f, slot, session);
	else
		take_control(w, f, slot, session);
}
