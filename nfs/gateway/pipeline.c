/* SPDX-License-Identifier: Apache-2.0 */
/* The packet path; see pipeline.h. Worker's thread. */
#include "pipeline.h"

#include <string.h>

#include "checksum.h"
#include "counters.h"
#include "icmp.h"
#include "mtu.h"
#include "packet.h"
#include "signalling.h"
#include "tunnel.h"

/* ---- parts ------------------------------------------------------------------------------------- */

/* False: it is over. */
static inline bool
decrement_ttl(struct gateway_packet *p)
{
	struct rte_ipv4_hdr *ip = gateway_ipv4(p);
	rte_be16_t from, to;

	if (p->is_ipv6) {
		if (gateway_ipv6(p)->hop_limits <= 1)
			return false;
		gateway_ipv6(p)->hop_limits--;
		return true;
	}
	if (ip->time_to_live <= 1)
		return false;
	memcpy(&from, &ip->time_to_live, sizeof(from));
	ip->time_to_live--;
	memcpy(&to, &ip->time_to_live, sizeof(to));
	ip->hdr_checksum = nf_csum_apply(ip->hdr_checksum, nf_csum_diff16(0, from, to));
	return true;
}

/* Leaves the subscriber's packet with room for an Ethernet header in front, and nothing behind. */
static inline void
cut(struct gateway_packet *p)
{
	uint32_t front = (uint32_t)(p->ip - rte_pktmbuf_mtod(p->m, uint8_t *)) -
			 (uint32_t)sizeof(struct rte_ether_hdr);

	rte_pktmbuf_adj(p->m, (uint16_t)front);
	rte_pktmbuf_trim(p->m, (uint16_t)(rte_pktmbuf_data_len(p->m) -
					  sizeof(struct rte_ether_hdr) - p->ip_size));
}

static inline bool
police(struct gateway_worker *w, uint64_t *due, uint64_t cost, uint64_t burst,
       struct gateway_session *session, struct gateway_packet *p)
{
	if (likely(cost == 0) || gateway_police(due, cost, burst, w->nf->now_ns, p->ip_size))
		return true;
	session->packets_policed++;
	nf_drop(w->nf, p->m, GATEWAY_drop_policed);
	return false;
}

static void route(struct gateway_worker *w, struct gateway_packet *p);

/* ---- to a subscriber --------------------------------------------------------------------------------- */

static inline uint32_t
find_subscriber(const struct gateway_worker *w, const struct gateway_packet *p)
{
	return p->is_ipv6 ? gateway_session_by_ipv6(w->sessions, gateway_ipv6(p)->dst_addr)
			  : gateway_session_by_ipv4(w->sessions, gateway_ipv4(p)->dst_addr);
}

/* Octets of a subscriber's packet that a tunnel packet of this session has room for. */
static inline uint16_t
tunnel_room(const struct gateway_worker *w, const struct gateway_session *session)
{
	return (uint16_t)(w->gateway->config.sides[GATEWAY_ACCESS].mtu -
			  (GATEWAY_OUTER_SIZE - sizeof(struct rte_ether_hdr)) -
			  gtpu_header_size(session->container));
}

/* `m` has an Ethernet header's room and an IP packet of `size` octets. */
static void
encapsulate(struct gateway_worker *w, struct rte_mbuf *m, uint16_t size,
	    const struct gateway_session *session)
{
	uint16_t header = gtpu_header_size(session->container);
	char *frame = rte_pktmbuf_prepend(
		m, (uint16_t)(GATEWAY_OUTER_SIZE - sizeof(struct rte_ether_hdr) + header));

	if (unlikely(frame == NULL)) {
		nf_drop(w->nf, m, GATEWAY_drop_segments);
		return;
	}
	gtpu_put_g_pdu((uint8_t *)frame + GATEWAY_OUTER_SIZE, session->cell_teid, size,
		       session->container, session->qfi);
	gateway_send_tunnel(w, m, session->cell_address, RTE_BE16(GTPU_PORT),
			    (uint16_t)(header + size), GATEWAY_downlink);
}

/* Cut to what there is room for; the packet is in no tunnel. Returns how many pieces there are, none after
 * dropping it. */
__attribute__((noinline)) static uint16_t
cut_up(struct gateway_worker *w, struct gateway_packet *p, uint16_t room,
       struct rte_mbuf *pieces[NF_MAX_PIECES])
{
	uint16_t n = nf_mtu_fragment(p->m, sizeof(struct rte_ether_hdr), room, w->nf->pool, pieces);

	if (n == 0) {
		nf_drop(w->nf, p->m, NF_no_mbuf);
		return 0;
	}
	rte_pktmbuf_free(p->m);
	nf_count(w->nf, GATEWAY_fragmented, 1);
	return n;
}

/* Tells the sender of a subscriber's packet why it goes no further. */
__attribute__((noinline)) static void
tell(struct gateway_worker *w, const struct gateway_packet *p, enum gateway_reason reason,
     uint16_t mtu)
{
	struct gateway_packet error;

	if (gateway_icmp_make(w, p, reason, mtu, &error))
		route(w, &error);
}

/* More than there is room for, and it may not be cut: its sender is told, and it is dropped. */
static inline bool
is_refused(struct gateway_worker *w, struct gateway_packet *p, uint16_t room)
{
	if (likely(p->ip_size <= room) || (!p->is_ipv6 && !nf_mtu_forbids(gateway_ipv4(p))))
		return false;
	tell(w, p, GATEWAY_TOO_BIG, room);
	nf_drop(w->nf, p->m, GATEWAY_drop_too_big);
	return true;
}

/* Decrements the time to live. At its end the sender is told, and the packet is dropped. */
static inline bool
is_over(struct gateway_worker *w, struct gateway_packet *p)
{
	if (likely(decrement_ttl(p)))
		return false;
	tell(w, p, GATEWAY_TIME_EXCEEDED, 0);
	nf_drop(w->nf, p->m, GATEWAY_drop_ttl);
	return true;
}

/* Until the subscriber is in a cell. Kept as it came from the core; a packet of another subscriber is made
 * to look so. */
__attribute__((noinline)) static void
keep(struct gateway_worker *w, struct gateway_packet *p, uint32_t slot)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(p->m, struct rte_ether_hdr *);

	if (p->side == GATEWAY_ACCESS) {
		eth->dst_addr = w->gateway->config.sides[GATEWAY_CORE].mac;
		eth->src_addr = eth->dst_addr;
		eth->ether_type =
			p->is_ipv6 ? RTE_BE16(RTE_ETHER_TYPE_IPV6) : RTE_BE16(RTE_ETHER_TYPE_IPV4);
	}
	gateway_buffer_put(&w->buffer, slot, p->m);
}

static void
to_subscriber(struct gateway_worker *w, struct gateway_packet *p)
{
	uint32_t slot = find_subscriber(w, p);
	struct rte_mbuf *pieces[NF_MAX_PIECES];
	struct gateway_session *session;
	uint16_t room;

	if (unlikely(slot == NF_NO_SLOT)) {
		nf_drop(w->nf, p->m, GATEWAY_drop_no_subscriber);
		return;
	}
	session = slim_slot(w->sessions->table, slot);
	if (unlikely(session->cell_address == 0)) {
		keep(w, p, slot);
		return;
	}
	room = tunnel_room(w, session);
	if (unlikely(is_refused(w, p, room)))
		return;
	/* Of a packet from a subscriber of this gateway it was decremented already. */
	if (unlikely(p->side == GATEWAY_CORE && is_over(w, p)))
		return;
	if (unlikely(!police(w, &session->downlink_due, session->downlink_cost,
			     session->downlink_burst, session, p)))
		return;
	session->last_seen = w->nf->now_ns;
	session->packets_down++;
	session->bytes_down += p->ip_size;
	cut(p);
	if (likely(p->ip_size <= room)) {
		encapsulate(w, p->m, p->ip_size, session);
		return;
	}
	for (uint16_t i = 0, n = cut_up(w, p, room, pieces); i < n; i++)
		encapsulate(
			w, pieces[i],
			(uint16_t)(rte_pktmbuf_data_len(pieces[i]) - sizeof(struct rte_ether_hdr)),
			session);
}

static void
send_waiting(struct gateway_worker *w, uint32_t slot)
{
	struct rte_mbuf *m;

	while ((m = gateway_buffer_take(&w->buffer, slot)) != NULL) {
		struct gateway_packet p = {.m = m, .side = GATEWAY_CORE};

		gateway_packet_take_ip(
			&p, rte_pktmbuf_mtod_offset(m, uint8_t *, sizeof(struct rte_ether_hdr)),
			rte_pktmbuf_data_len(m) - (uint32_t)sizeof(struct rte_ether_hdr),
			GATEWAY_drop_ip_header);
		to_subscriber(w, &p);
	}
}

/* ---- from a subscriber --------------------------------------------------------------------------------- */

void
gateway_switch_path(struct gateway_worker *w, uint32_t slot, struct gateway_cell cell)
{
	const struct gateway_session *session = gateway_session_at(w->sessions, slot);
	struct gateway_cell left = {session->cell_address, session->cell_teid};

	if (left.address == cell.address && left.teid == cell.teid)
		return;
	if (left.address != 0)
		gateway_signalling_end_marker(w, left);
	gateway_session_set_cell(w->sessions, slot, cell, w->nf->now_ns);
	nf_count(w->nf, GATEWAY_path_switched, 1);
	if (cell.address != 0)
		send_waiting(w, slot);
}

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
}

static inline bool
is_spoofed(const struct gateway_packet *p, const struct gateway_session *session)
{
	return p->is_ipv6 ? !gateway_session_has_ipv6(session, gateway_ipv6(p)->src_addr)
			  : !gateway_session_has_ipv4(session, gateway_ipv4(p)->src_addr);
}

/* To another subscriber of this gateway: what comes now is what would come from the core, maybe at
 * another worker. The packet is out of its tunnel. */
static void
to_neighbour_subscriber(struct gateway_worker *w, struct gateway_packet *p)
{
	uint8_t bucket = p->is_ipv6 ? gateway_ipv6_bucket(gateway_ipv6(p)->dst_addr)
				    : gateway_ipv4_bucket(gateway_ipv4(p)->dst_addr);
	uint8_t owner = w->gateway->bucket_worker[bucket];

	nf_count(w->nf, GATEWAY_local, 1);
	if (owner == w->nf->index)
		to_subscriber(w, p);
	else
		nf_hand(w->nf, owner, p->m,
			(struct nf_meta){.kind = GATEWAY_META_LOCAL, .port = GATEWAY_ACCESS});
}

static void
to_core_ipv6(struct gateway_worker *w, struct gateway_packet *p)
{
	struct rte_ether_hdr *eth;

	if (unlikely(!w->router.is_known)) {
		nf_drop(w->nf, p->m, GATEWAY_drop_no_router);
		return;
	}
	eth = rte_pktmbuf_mtod(p->m, struct rte_ether_hdr *);
	eth->dst_addr = w->router.mac;
	eth->src_addr = w->gateway->config.sides[GATEWAY_CORE].mac;
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6);
	nf_count(w->nf, GATEWAY_uplink, 1);
	nf_emit(w->nf, GATEWAY_CORE, p->m);
}

static void
to_core_ipv4(struct gateway_worker *w, struct gateway_packet *p)
{
	struct nf_next next;
	enum nf_refusal refusal =
		nf_may_go(&w->gateway->hops, gateway_ipv4(p)->dst_addr, GATEWAY_CORE, &next);
	uint16_t mtu = w->gateway->config.sides[GATEWAY_CORE].mtu;
	struct rte_mbuf *pieces[NF_MAX_PIECES] = {p->m};
	uint16_t n = 1;

	if (unlikely(refusal != NF_ALLOWED)) {
		nf_drop(w->nf, p->m, gateway_refusal_drops[refusal]);
		return;
	}
	if (unlikely(p->ip_size > mtu))
		n = cut_up(w, p, mtu, pieces);
	nf_count(w->nf, GATEWAY_uplink, n != 0);
	for (uint16_t i = 0; i < n; i++)
		nf_neighbour_send(w->neighbours, pieces[i], &next);
}

static bool
is_bad_destination(const struct gateway_packet *p)
{
	return p->is_ipv6 ? !nf_ipv6_may_go(gateway_ipv6(p)->dst_addr)
			  : nf_is_unroutable(gateway_ipv4(p)->dst_addr);
}

static inline bool
is_to_subscriber(const struct gateway_worker *w, const struct gateway_packet *p)
{
	const struct gateway_config *config = &w->gateway->config;

	return p->is_ipv6 ? gateway_config_has_subscriber_ipv6(config, gateway_ipv6(p)->dst_addr)
			  : gateway_config_has_subscriber(
				    config, rte_be_to_cpu_32(gateway_ipv4(p)->dst_addr));
}

/* Sends an IP packet that is in no tunnel, with room for an Ethernet header in front, to a
 * subscriber or to the core. */
static void
route(struct gateway_worker *w, struct gateway_packet *p)
{
	if (unlikely(is_bad_destination(p)))
		nf_drop(w->nf, p->m, GATEWAY_drop_bad_address);
	else if (unlikely(is_to_subscriber(w, p)))
		to_neighbour_subscriber(w, p);
	else if (p->is_ipv6)
		to_core_ipv6(w, p);
	else
		to_core_ipv4(w, p);
}

static void
from_subscriber(struct gateway_worker *w, struct gateway_packet *p)
{
	uint32_t slot = gateway_session_by_teid(w->sessions, p->gtpu.teid);
	struct gateway_session *session;

	if (unlikely(slot == NF_NO_SLOT)) {
		gateway_signalling_no_tunnel(w, p);
		return;
	}
	session = slim_slot(w->sessions->table, slot);
	if (unlikely(is_spoofed(p, session))) {
		nf_drop(w->nf, p->m, GATEWAY_drop_spoofed);
		return;
	}
	if (unlikely(p->peer != session->cell_address))
		follow(w, p, slot);
	if (unlikely(is_refused(w, p, w->gateway->config.sides[GATEWAY_CORE].mtu) || is_over(w, p)))
		return;
	if (unlikely(!police(w, &session->uplink_due, session->uplink_cost, session->uplink_burst,
			     session, p)))
		return;
	session->last_seen = w->nf->now_ns;
	session->packets_up++;
	session->bytes_up += p->ip_size;
	cut(p);
	route(w, p);
}

/* ---- the burst ------------------------------------------------------------------------------------------- */

static bool
answers_for(const void *ctx, uint8_t side, rte_be32_t address)
{
	const struct gateway_worker *w = ctx;

	return address == w->gateway->config.sides[side].address;
}

/* Parses one packet; true: it is this worker's and goes on. */
static inline bool
accept_packet(struct gateway_worker *w, struct gateway_packet *p, struct rte_mbuf *m, uint8_t side,
	      uint8_t meta_kind)
{
	uint8_t owner;

	gateway_packet_parse(p, &w->gateway->config, m, side);
	if (unlikely(p->kind == GATEWAY_KIND_DROP)) {
		nf_drop(w->nf, m, p->drop);
		return false;
	}
	owner = w->gateway->bucket_worker[p->bucket];
	if (unlikely(owner != w->nf->index)) {
		nf_hand(w->nf, owner, m, (struct nf_meta){.kind = meta_kind, .port = side});
		return false;
	}
	return true;
}

/* Out of its tunnel, checked already. */
static inline bool
accept_local(struct gateway_packet *p, struct rte_mbuf *m)
{
	p->m = m;
	p->side = GATEWAY_ACCESS;
	p->kind = GATEWAY_KIND_DOWNLINK;
	gateway_packet_take_ip(p,
			       rte_pktmbuf_mtod_offset(m, uint8_t *, sizeof(struct rte_ether_hdr)),
			       rte_pktmbuf_data_len(m) - (uint32_t)sizeof(struct rte_ether_hdr),
			       GATEWAY_drop_inner);
	return true;
}

static inline bool
accept_handed(struct gateway_worker *w, struct gateway_packet *p, struct rte_mbuf *m)
{
	struct nf_meta meta = *nf_meta(m);

	if (unlikely(meta.kind == NF_META_RESOLVE)) {
		nf_neighbour_resume(w->neighbours, m);
		return false;
	}
	if (unlikely(meta.kind == GATEWAY_META_LOCAL))
		return accept_local(p, m);
	return accept_packet(w, p, m, meta.port, GATEWAY_META_FRESH);
}

static inline void
prefetch_index(struct gateway_worker *w, struct gateway_packet *p)
{
	const struct gateway_sessions *s = w->sessions;
	const struct nf_slot_index *index = &s->by_teid;

	p->key = p->gtpu.teid;
	if (p->kind == GATEWAY_KIND_DOWNLINK) {
		index = p->is_ipv6 ? &s->by_ipv6 : &s->by_ipv4;
		p->key = p->is_ipv6 ? gateway_ipv6_key(gateway_ipv6(p)->dst_addr)
				    : gateway_ipv4(p)->dst_addr;
	}
	p->hash = nf_slot_index_hash(index, p->key);
	nf_slot_index_prefetch(index, p->hash);
}

static inline void
prefetch_slot(struct gateway_worker *w, const struct gateway_packet *p)
{
	const struct gateway_sessions *s = w->sessions;
	const struct nf_slot_index *index = &s->by_teid;
	uint32_t slot;

	if (p->kind == GATEWAY_KIND_DOWNLINK)
		index = p->is_ipv6 ? &s->by_ipv6 : &s->by_ipv4;
	slot = nf_slot_index_peek(index, p->hash);
	if (slot == NF_NO_SLOT)
		return;
	__builtin_prefetch(gateway_session_at(s, slot), 1);
	__builtin_prefetch(&gateway_session_at(s, slot)->last_seen, 1);
}

static inline void
act(struct gateway_worker *w, struct gateway_packet *p)
{
	switch (p->kind) {
	case GATEWAY_KIND_UPLINK:
		from_subscriber(w, p);
		break;
	case GATEWAY_KIND_DOWNLINK:
		to_subscriber(w, p);
		break;
	case GATEWAY_KIND_ECHO:
		gateway_icmp_answer_echo(w, p);
		break;
	case GATEWAY_KIND_NEIGHBOR_DISCOVERY:
		gateway_router_take(&w->router, p);
		break;
	case GATEWAY_KIND_ARP:
		nf_arp_take(w->neighbours, p->m, p->side, answers_for, w);
		break;
	default:
		gateway_signalling_take(w, p);
		break;
	}
}

void
gateway_burst(struct nf_worker *nf, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	struct gateway_worker *w = nf->self;
	struct gateway_packet packets[NF_BURST];
	uint16_t n_mine = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct gateway_packet *p = &packets[n_mine];
		bool mine;

		if (i + 3 < n)
			rte_prefetch0(rte_pktmbuf_mtod(pkts[i + 3], void *));
		mine = port == NF_HANDED
			       ? accept_handed(w, p, pkts[i])
			       : accept_packet(w, p, pkts[i], (uint8_t)port, GATEWAY_META_FRESH);
		if (likely(mine)) {
			if (p->kind <= GATEWAY_KIND_DOWNLINK)
				prefetch_index(w, p);
			n_mine++;
		}
	}
	for (uint16_t i = 0; i < n_mine; i++)
		if (packets[i].kind <= GATEWAY_KIND_DOWNLINK)
			prefetch_slot(w, &packets[i]);
	for (uint16_t i = 0; i < n_mine; i++)
		act(w, &packets[i]);
}
