/* SPDX-License-Identifier: Apache-2.0 */
/* To subscribers; see downlink.h. Worker's thread. */
#include "downlink.h"

#include "counters.h"
#include "events.h"
#include "passage.h"
#include "signalling.h"
#include "touched.h"
#include "tunnel.h"

/* How a packet will pass. */
struct plan {
	struct gateway_outer outer;
	uint64_t due;
	uint16_t room; /* octets of a subscriber's packet that the tunnel takes */
};

static inline uint32_t
find_subscriber(const struct gateway_worker *w, const struct gateway_packet *p)
{
	return p->is_ipv6 ? gateway_session_by_ipv6(w->sessions, gateway_ipv6(p)->dst_addr)
			  : gateway_session_by_ipv4(w->sessions, gateway_ipv4(p)->dst_addr);
}

static inline uint16_t
tunnel_room(const struct gateway_worker *w, const struct gateway_session *session)
{
	return (uint16_t)(w->gateway->config.sides[GATEWAY_ACCESS].mtu -
			  (GATEWAY_OUTER_SIZE - sizeof(struct rte_ether_hdr)) -
			  gtpu_header_size(session->container));
}

/* Room in front of a packet that is not cut: for the tunnel, and for the tag of the port. */
static inline bool
has_headroom(const struct gateway_worker *w, const struct gateway_packet *p,
	     const struct gateway_session *session)
{
	uint32_t needed = GATEWAY_OUTER_SIZE - (uint32_t)sizeof(struct rte_ether_hdr) +
			  gtpu_header_size(session->container) +
			  (w->nf->vlans[GATEWAY_ACCESS] != 0 ? RTE_VLAN_HLEN : 0);

	return rte_pktmbuf_headroom(p->m) >= needed;
}

/* From no host: never an answer to it, and no subscriber's business. */
static inline bool
is_from_nobody(const struct gateway_worker *w, const struct gateway_packet *p)
{
	rte_be32_t source = gateway_ipv4(p)->src_addr;

	return p->is_ipv6 ? !nf_ipv6_may_go(gateway_ipv6(p)->src_addr)
			  : nf_is_unroutable(source) ||
				    source == w->gateway->config.sides[GATEWAY_CORE].address;
}

/* Of a packet from a subscriber of this gateway source and time to live were looked at already. Returns 0, or
 * the counter of what refuses it. */
static inline uint16_t
make_plan(struct gateway_worker *w, struct gateway_packet *p, const struct gateway_session *session,
	  struct plan *plan)
{
	enum nf_refusal refusal = gateway_outer_to(w, session->cell_address, &plan->outer);

	plan->room = tunnel_room(w, session);
	if (unlikely(refusal != NF_ALLOWED))
		return gateway_refusal_drops[refusal];
	gateway_outer_of(w, p, &plan->outer);
	if (unlikely(p->ip_size <= plan->room && !has_headroom(w, p, session)))
		return GATEWAY_drop_segments;
	if (unlikely(p->side == GATEWAY_CORE && gateway_ttl_is_over(p)))
		return GATEWAY_drop_ttl;
	if (unlikely(gateway_is_too_big(p, plan->room)))
		return GATEWAY_drop_too_big;
	if (unlikely(!gateway_police(session->downlink_due, session->downlink_cost,
				     session->downlink_burst, w->nf->now_ns, p->ip_size,
				     &plan->due)))
		return GATEWAY_drop_policed;
	return 0;
}

/* `m` has an Ethernet header's room and an IP packet. */
static void
encapsulate(struct gateway_worker *w, struct rte_mbuf *m, const struct gateway_session *session,
	    const struct gateway_outer *outer)
{
	uint16_t size = (uint16_t)(rte_pktmbuf_data_len(m) - sizeof(struct rte_ether_hdr));
	uint16_t header = gtpu_header_size(session->container);
	char *frame = rte_pktmbuf_prepend(
		m, (uint16_t)(GATEWAY_OUTER_SIZE - sizeof(struct rte_ether_hdr) + header));

	gtpu_put_g_pdu((uint8_t *)frame + GATEWAY_OUTER_SIZE, session->cell_teid, size,
		       session->container, session->qfi);
	gateway_send_tunnel(w, m, outer, (uint16_t)(header + size), GATEWAY_downlink);
}

static void
pass(struct gateway_worker *w, struct gateway_packet *p, struct gateway_session *session,
     const struct plan *plan)
{
	struct rte_mbuf *pieces[NF_MAX_PIECES];
	uint16_t n;

	if (p->side == GATEWAY_CORE)
		gateway_decrement_ttl(p);
	gateway_strip(p);
	n = gateway_pieces(w, p, plan->room, pieces);
	if (unlikely(n == 0))
		return;
	session->last_seen = w->nf->now_ns;
	session->downlink_due = plan->due;
	session->packets_down++;
	session->bytes_down += p->ip_size;
	nf_touched(&w->sessions->share, session);
	for (uint16_t i = 0; i < n; i++)
		encapsulate(w, pieces[i], session, &plan->outer);
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
	if (gateway_buffer_put(&w->buffer, slot, p->m) == 1)
		gateway_tell_event(w, GATEWAY_EVENT_DOWNLINK_WAITING,
				   gateway_session_at(w->sessions, slot));
}

static void
to_session(struct gateway_worker *w, struct gateway_packet *p, uint32_t slot)
{
	struct gateway_session *session = slim_slot(w->sessions->share.table, slot);
	struct plan plan;
	uint16_t refused;

	if (unlikely(session->cell_address == 0)) {
		keep(w, p, slot);
		return;
	}
	refused = make_plan(w, p, session, &plan);
	if (unlikely(refused != 0))
		gateway_refuse(w, p, session, refused, plan.room);
	else
		pass(w, p, session, &plan);
}

void
gateway_downlink(struct gateway_worker *w, struct gateway_packet *p)
{
	uint32_t slot = find_subscriber(w, p);

	if (unlikely(slot == NF_NO_SLOT))
		nf_drop(w->nf, p->m, GATEWAY_drop_no_subscriber);
	else if (unlikely(p->side == GATEWAY_CORE && is_from_nobody(w, p)))
		nf_drop(w->nf, p->m, GATEWAY_drop_bad_address);
	else
		to_session(w, p, slot);
}

/* ---- where the subscriber is ----------------------------------------------------------------------------- */

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
		to_session(w, &p, slot);
	}
}

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

void
gateway_release_cell(struct gateway_worker *w, uint32_t slot)
{
	gateway_session_set_cell(w->sessions, slot, (struct gateway_cell){0}, w->nf->now_ns);
	nf_count(w->nf, GATEWAY_cell_released, 1);
}
