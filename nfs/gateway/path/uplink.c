/* SPDX-License-Identifier: Apache-2.0 */
/* From subscribers; see uplink.h. Worker's thread. */
#include "uplink.h"

#include "counters.h"
#include "downlink.h"
#include "ecn.h"
#include "events.h"
#include "icmp.h"
#include "meta_kind.h"
#include "passage.h"
#include "signalling.h"
#include "touched.h"
#include "tunnel.h"

enum way { WAY_CORE_IPV4, WAY_CORE_IPV6, WAY_SUBSCRIBER, WAY_OWN };

/* How a packet will pass. */
struct plan {
	struct nf_next next; /* of WAY_CORE_IPV4 */
	uint64_t due;
	uint32_t room;
	enum way way;
	uint8_t ecn;
};

/* ---- where to -------------------------------------------------------------------------------------------- */

static inline bool
is_to_subscriber(const struct gateway_worker *w, const struct gateway_packet *p)
{
	const struct gateway_config *config = &w->gateway->config;

	return p->is_ipv6 ? gateway_config_has_subscriber_ipv6(config, gateway_ipv6(p)->dst_addr)
			  : gateway_config_has_subscriber(
				    config, rte_be_to_cpu_32(gateway_ipv4(p)->dst_addr));
}

static inline bool
is_to_gateway(const struct gateway_worker *w, const struct gateway_packet *p)
{
	const struct gateway_config *config = &w->gateway->config;

	return p->is_ipv6
		       ? config->core_ipv6.bits != 0 && memcmp(gateway_ipv6(p)->dst_addr,
							       config->core_ipv6.address, 16) == 0
		       : gateway_ipv4(p)->dst_addr == config->sides[GATEWAY_CORE].address;
}

static inline uint16_t
find_way_ipv6(const struct gateway_worker *w, const struct gateway_packet *p, struct plan *plan)
{
	if (unlikely(!nf_ipv6_may_go(gateway_ipv6(p)->dst_addr)))
		return GATEWAY_drop_bad_address;
	plan->way = WAY_CORE_IPV6;
	return unlikely(!w->router.is_known) ? GATEWAY_drop_no_router : 0;
}

static inline uint16_t
find_way_ipv4(const struct gateway_worker *w, const struct gateway_packet *p, struct plan *plan)
{
	enum nf_refusal refusal =
		nf_may_go(&w->gateway->hops, gateway_ipv4(p)->dst_addr, GATEWAY_CORE, &plan->next);

	plan->way = WAY_CORE_IPV4;
	return unlikely(refusal != NF_ALLOWED) ? gateway_refusal_drops[refusal] : 0;
}

/* 0, or the counter of what refuses it. */
static inline uint16_t
find_way(const struct gateway_worker *w, const struct gateway_packet *p, struct plan *plan)
{
	plan->room = UINT16_MAX;
	plan->way = WAY_SUBSCRIBER;
	if (unlikely(is_to_subscriber(w, p)))
		return 0;
	plan->way = WAY_OWN;
	if (unlikely(is_to_gateway(w, p)))
		return gateway_is_echo_request(p) ? 0 : GATEWAY_drop_own_address;
	plan->room = w->gateway->config.sides[GATEWAY_CORE].mtu;
	return p->is_ipv6 ? find_way_ipv6(w, p, plan) : find_way_ipv4(w, p, plan);
}

/* ---- on the way -------------------------------------------------------------------------------------------- */

/* To another subscriber of this gateway: what comes now is what would come from the core, maybe at
 * another worker. */
static void
to_subscriber(struct gateway_worker *w, struct gateway_packet *p)
{
	uint8_t bucket = p->is_ipv6 ? gateway_ipv6_bucket(gateway_ipv6(p)->dst_addr)
				    : gateway_ipv4_bucket(gateway_ipv4(p)->dst_addr);
	uint8_t owner = w->gateway->bucket_worker[bucket];

	nf_count(w->nf, GATEWAY_local, 1);
	if (owner == w->nf->index)
		gateway_downlink(w, p);
	else
		nf_hand(w->nf, owner, p->m,
			(struct nf_meta){.kind = GATEWAY_META_LOCAL, .port = GATEWAY_ACCESS});
}

static inline void
go(struct gateway_worker *w, struct gateway_packet *p, const struct plan *plan,
   struct rte_mbuf **pieces, uint16_t n)
{
	switch (plan->way) {
	case WAY_CORE_IPV4:
		nf_count(w->nf, GATEWAY_uplink, 1);
		for (uint16_t i = 0; i < n; i++)
			nf_neighbour_send(w->neighbours, pieces[i], &plan->next);
		break;
	case WAY_CORE_IPV6:
		nf_count(w->nf, GATEWAY_uplink, 1);
		nf_router_send(&w->router, p->m);
		break;
	case WAY_SUBSCRIBER:
		to_subscriber(w, p);
		break;
	case WAY_OWN:
		gateway_icmp_turn_echo(w, p);
		gateway_route(w, p);
		break;
	}
}

void
gateway_route(struct gateway_worker *w, struct gateway_packet *p)
{
	struct plan plan;
	uint16_t refused = find_way(w, p, &plan);

	if (refused == 0 && plan.way == WAY_OWN)
		refused = GATEWAY_drop_own_address;
	if (refused == 0 && p->ip_size > plan.room)
		refused = GATEWAY_drop_too_big;
	if (refused != 0)
		nf_drop(w->nf, p->m, refused);
	else
		go(w, p, &plan, &p->m, 1);
}

/* ---- from a cell -------------------------------------------------------------------------------------------- */

/* The packet came from another cell than the one where the subscriber is thought to be. */
__attribute__((noinline)) static void
follow(struct gateway_worker *w, const struct gateway_packet *p, uint32_t slot)
{
	const struct gateway_session *session = gateway_session_at(w->sessions, slot);

	if (!w->gateway->config.path_switch_by_data || session->cell_teid == 0)
		return;
	if (p->peer == session->left_address &&
	    w->nf->now_ns - session->switched < GATEWAY_SWITCH_GUARD_NS) {
		nf_count(w->nf, GATEWAY_path_switch_ignored, 1);
		return;
	}
	nf_count(w->nf, GATEWAY_path_switched_by_data, 1);
	gateway_switch_path(w, slot, (struct gateway_cell){p->peer, session->cell_teid});
	gateway_tell_event(w, GATEWAY_EVENT_PATH_SWITCHED, session);
}

static inline bool
is_spoofed(const struct gateway_packet *p, const struct gateway_session *session)
{
	return p->is_ipv6 ? !gateway_session_has_ipv6(session, gateway_ipv6(p)->src_addr)
			  : !gateway_session_has_ipv4(session, gateway_ipv4(p)->src_addr);
}

/* Where it is thought to be, a cell may be; and nobody is at the address of no cell. */
static inline bool
is_from_known_cell(const struct gateway_packet *p, const struct gateway_session *session)
{
	return likely(p->peer == session->cell_address) && likely(p->peer != 0);
}

static inline uint16_t
make_plan(struct gateway_worker *w, struct gateway_packet *p, const struct gateway_session *session,
	  struct plan *plan)
{
	uint16_t refused;

	if (unlikely(is_spoofed(p, session)))
		return GATEWAY_drop_spoofed;
	if (!is_from_known_cell(p, session) && !gateway_may_be_cell(w->gateway, p->peer))
		return GATEWAY_drop_bad_address;
	refused = find_way(w, p, plan);
	if (unlikely(refused != 0))
		return refused;
	if (unlikely(plan->way != WAY_OWN && gateway_ttl_is_over(p)))
		return GATEWAY_drop_ttl;
	plan->ecn =
		gateway_ecn_decapsulate(gateway_traffic_class(p) & GATEWAY_ECN_MASK, p->outer_ecn);
	if (unlikely(plan->ecn == GATEWAY_ECN_DROP))
		return GATEWAY_drop_ecn;
	if (unlikely(gateway_is_too_big(p, plan->room)))
		return GATEWAY_drop_too_big;
	if (unlikely(!gateway_police(session->uplink_due, session->uplink_cost,
				     session->uplink_burst, w->nf->now_ns, p->ip_size, &plan->due)))
		return GATEWAY_drop_policed;
	return 0;
}

static inline void
pass(struct gateway_worker *w, struct gateway_packet *p, uint32_t slot,
     struct gateway_session *session, const struct plan *plan)
{
	struct rte_mbuf *pieces[NF_MAX_PIECES];
	uint16_t n;

	if (likely(plan->way != WAY_OWN))
		gateway_decrement_ttl(p);
	if (unlikely(p->outer_ecn != GATEWAY_NOT_ECT))
		gateway_set_ecn(p, plan->ecn);
	gateway_strip(p);
	n = gateway_pieces(w, p, plan->room, pieces);
	if (unlikely(n == 0))
		return;
	if (unlikely(p->peer != session->cell_address))
		follow(w, p, slot);
	session->last_seen = w->nf->now_ns;
	session->uplink_due = plan->due;
	session->packets_up++;
	session->bytes_up += p->ip_size;
	nf_touched(&w->sessions->share, session);
	go(w, p, plan, pieces, n);
}

void
gateway_uplink(struct gateway_worker *w, struct gateway_packet *p)
{
	uint32_t slot = gateway_session_by_teid(w->sessions, p->gtpu.teid);
	struct gateway_session *session;
	struct plan plan = {.room = UINT16_MAX};
	uint16_t refused;

	if (unlikely(slot == NF_NO_SLOT)) {
		gateway_signalling_no_tunnel(w, p);
		return;
	}
	session = slim_slot(w->sessions->share.table, slot);
	refused = make_plan(w, p, session, &plan);
	if (unlikely(refused != 0))
		gateway_refuse(w, p, session, refused, plan.room);
	else
		pass(w, p, slot, session, &plan);
}
