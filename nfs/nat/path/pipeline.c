/* SPDX-License-Identifier: Apache-2.0 */
/* The packet path; see pipeline.h. Worker's thread. */
#include "pipeline.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_icmp.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "checksum.h"
#include "counters.h"
#include "exempt_path.h"
#include "icmp.h"
#include "nat.h"
#include "open.h"
#include "packet.h"
#include "parse.h"
#include "pcp_packet.h"
#include "send.h"
#include "tcp_path.h"
#include "touched.h"

/* ---- rewriting ------------------------------------------------------------------------------- */

/* Where the checksum stands that covers the port: after an address changed, too, but for ICMP. */
static inline void
fix_l4_checksum(uint8_t protocol, uint8_t *l4, uint32_t address_sum, uint32_t port_sum)
{
	if (protocol == NAT_UDP) {
		struct rte_udp_hdr *udp = (struct rte_udp_hdr *)l4;

		udp->dgram_cksum = nf_csum_apply_udp(udp->dgram_cksum, address_sum + port_sum);
	} else if (protocol == NAT_TCP) {
		struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)l4;

		tcp->cksum = nf_csum_apply(tcp->cksum, address_sum + port_sum);
	} else {
		struct rte_icmp_hdr *icmp = (struct rte_icmp_hdr *)l4;

		icmp->icmp_cksum = nf_csum_apply(icmp->icmp_cksum, port_sum);
	}
}

static inline void
rewrite_l4(struct nat_packet *p, bool source, rte_be16_t port, uint32_t address_sum)
{
	rte_be16_t *old_port = nat_l4_port(p->protocol, p->l4, source);
	uint32_t port_sum = nf_csum_diff16(0, *old_port, port);

	*old_port = port;
	fix_l4_checksum(p->protocol, p->l4, address_sum, port_sum);
}

/* Replaces source or destination by address and port. The checksum of a datagram in fragments stands
 * in the first one alone. */
static inline void
rewrite(struct nat_packet *p, bool source, rte_be32_t address, rte_be16_t port, uint32_t ip_sum)
{
	uint32_t address_sum = nf_csum_diff32(0, nat_ip_address(p->ip, source), address);

	nat_ip_set_address(p->ip, source, address);
	p->ip->hdr_checksum = nf_csum_apply(p->ip->hdr_checksum, address_sum + ip_sum);
	if (likely(p->fragment != NAT_FRAGMENT_LATER))
		rewrite_l4(p, source, port, address_sum);
}

static struct nat_refusal
silent(uint16_t counter)
{
	return (struct nat_refusal){.drop = counter};
}

/* ---- fragments with their ports, between workers ------------------------------------------------------ */

static struct nf_meta
meta_of_fragment(enum nat_meta_kind kind, uint8_t side, struct nat_ports ports)
{
	struct nf_meta meta = {.kind = (uint8_t)kind, .port = side};

	memcpy(&meta.address, &ports, sizeof(meta.address));
	return meta;
}

static struct nat_ports
ports_of(const struct nf_meta *meta)
{
	struct nat_ports ports;

	memcpy(&ports, &meta->address, sizeof(ports));
	return ports;
}

/* ---- inwards ---------------------------------------------------------------------------------------- */

/* What becomes of a packet for a mapping, found out without a change. */
struct plan_in {
	uint32_t slot;
	uint32_t peer; /* slot of the sender among those that are permitted, or NF_NO_SLOT */
	struct nf_next next;
};

/* Nothing lets it in. Who sends a SYN is told later, if he is to be told at all. */
__attribute__((noinline)) static struct nat_refusal
unsolicited(const struct nat_worker *w, const struct nat_packet *p, uint16_t drop)
{
	const struct rte_tcp_hdr *tcp = (const struct rte_tcp_hdr *)p->l4;
	bool is_syn = p->protocol == NAT_TCP && p->fragment == NAT_WHOLE &&
		      nf_tcp_event(tcp->tcp_flags) == NF_TCP_SYN;

	if (!w->nat->config.answer_unsolicited || !is_syn || p->side != NAT_OUTSIDE)
		return silent(drop);
	return (struct nat_refusal){.drop = drop, .error = NAT_ERROR_UNSOLICITED};
}

/* A hairpinned packet was cut, and its time to live looked at, on its way out. */
static inline struct nat_refusal
plan_in(const struct nat_worker *w, const struct nat_packet *p, bool hairpin,
	struct plan_in *ret_plan)
{
	enum nf_refusal source = NF_ALLOWED;
	struct nat_refusal refusal = {0};
	const struct nat_session *session;

	if (likely(!hairpin))
		source = nat_may_come(w, p->ip->src_addr, NAT_OUTSIDE);
	if (unlikely(source != NF_ALLOWED))
		return silent(nat_refusal_drops[source]);
	ret_plan->slot = nat_session_find_outside(w->sessions, p->protocol, p->pool_number,
						  rte_be_to_cpu_16(p->port));
	if (unlikely(ret_plan->slot == NF_NO_SLOT))
		return unsolicited(w, p, NAT_drop_no_mapping);
	session = nat_session_at(w->sessions, ret_plan->slot);
	if (!nat_is_permitted(w, session, p->ip->src_addr, nat_peer_port(p, false),
			      &ret_plan->peer))
		return unsolicited(w, p, NAT_drop_filtered);
	if (unlikely(p->ip->time_to_live <= 1 && !hairpin))
		return (struct nat_refusal){.drop = NAT_drop_ttl, .error = NAT_ERROR_TTL};
	if (likely(!hairpin))
		refusal = nat_plan_size(w, p, NAT_INSIDE);
	if (unlikely(refusal.drop != 0))
		return refusal;
	return nat_no_way(
		nf_may_go(&w->nat->hops, session->inside_address, NAT_INSIDE, &ret_plan->next));
}

/* Nothing refuses any more. */
static inline void
commit_in(struct nat_worker *w, struct nat_packet *p, bool hairpin, const struct plan_in *plan)
{
	struct nat_session *session = slim_slot(w->sessions->share.table, plan->slot);
	bool waits = false;

	if (p->protocol == NAT_TCP && likely(p->fragment != NAT_FRAGMENT_LATER))
		waits = nat_tcp_track_in(w, p, plan->slot);
	if (!hairpin)
		nat_fragment_accept(w->fragments, w->nf, p, session->inside_address);
	if (w->nat->config.inbound_refresh) {
		session->last_seen = w->nf->now_ns;
		waits = true;
	}
	if (waits && plan->peer != NF_NO_SLOT)
		nat_filter_refresh(w->filter, plan->peer, w->nf->now_ns);
	session->packets_in++;
	session->bytes_in += p->ip_size;
	nf_touched(&w->sessions->share, session);
	rewrite(p, false, session->inside_address, session->inside_port,
		hairpin ? 0 : nat_ip_decrement_ttl(p->ip));
	nf_count(w->nf, hairpin ? NAT_hairpinned : NAT_translated_in, 1);
	nat_send(w, p->m, &plan->next);
}

/* Counted now, and answered when its time is over. */
static void
keep_unsolicited(struct nat_worker *w, struct nat_packet *p, uint16_t drop)
{
	struct nat_unsolicited *u = &w->nat->unsolicited[w->nf->index];

	if (nat_unsolicited_keep(u, p->m, w->nf->now_ns))
		nf_count(w->nf, drop, 1);
	else
		nf_drop(w->nf, p->m, drop);
}

static void
translate_in(struct nat_worker *w, struct nat_packet *p, bool hairpin)
{
	struct plan_in plan;
	struct nat_refusal refusal = plan_in(w, p, hairpin, &plan);

	if (unlikely(refusal.error == NAT_ERROR_UNSOLICITED))
		keep_unsolicited(w, p, refusal.drop);
	else if (unlikely(refusal.drop != 0))
		nat_icmp_refuse(w, p, refusal);
	else
		commit_in(w, p, hairpin, &plan);
}

/* ---- outwards --------------------------------------------------------------------------------------- */

/* What becomes of a packet from inside, found out without a change. */
struct plan_out {
	uint32_t slot;       /* NF_NO_SLOT: its mapping is to be made */
	struct nf_next next; /* but for hairpinning */
	struct nat_filter_plan peer;
	uint8_t to; /* side that it leaves on: with hairpinning, inside */
};

/* Where it goes to, and whether it fits there. */
static inline struct nat_refusal
plan_way_out(const struct nat_worker *w, const struct nat_packet *p, struct plan_out *ret_plan)
{
	bool to_pool = p->pool_number != NAT_NOT_IN_POOL;
	enum nf_refusal way = NF_ALLOWED;

	ret_plan->to = to_pool ? NAT_INSIDE : NAT_OUTSIDE;
	if (likely(!to_pool))
		way = nf_may_go(&w->nat->hops, p->ip->dst_addr, NAT_OUTSIDE, &ret_plan->next);
	if (unlikely(way != NF_ALLOWED))
		return nat_no_way(way);
	if (unlikely(p->ip->time_to_live <= 1))
		return (struct nat_refusal){.drop = NAT_drop_ttl, .error = NAT_ERROR_TTL};
	return nat_plan_size(w, p, ret_plan->to);
}

/* The destination is to be able to answer. */
static struct nat_refusal
plan_peer(const struct nat_worker *w, const struct nat_packet *p, struct plan_out *plan)
{
	static const uint16_t drops[] = {
		[NAT_FILTER_TABLE_FULL] = NAT_drop_peers_full,
		[NAT_FILTER_LIMIT] = NAT_drop_peer_limit,
	};
	struct nat_session session = {0}; /* the mapping, as far as it is known */
	enum nat_filter_error error;

	memcpy(&session, &p->key, sizeof(p->key));
	error = nat_filter_plan(w->filter, &session, p->ip->dst_addr, nat_peer_port(p, true),
				w->nf->now_ns, &plan->peer);
	if (likely(error == NAT_FILTER_OK))
		return silent(0);
	return (struct nat_refusal){.drop = drops[error], .error = NAT_ERROR_NO_RESOURCE};
}

static inline struct nat_refusal
plan_out(const struct nat_worker *w, const struct nat_packet *p, struct plan_out *ret_plan)
{
	struct nat_refusal refusal = plan_way_out(w, p, ret_plan);

	if (unlikely(refusal.drop != 0))
		return refusal;
	ret_plan->slot = nat_session_find(w->sessions, p->hash, p->key);
	if (unlikely(ret_plan->slot == NF_NO_SLOT)) {
		refusal = nat_open_plan(w, p);
		if (refusal.drop != 0)
			return refusal;
	}
	return w->filter != NULL ? plan_peer(w, p, ret_plan) : refusal;
}

/* The source is translated and the destination is an external address of this NAT: what comes now
 * is what would come from outside (RFC 4787 REQ-9), maybe at another worker. */
static void
hairpin(struct nat_worker *w, struct nat_packet *p)
{
	uint8_t owner;

	p->kind = NAT_KIND_IN;
	p->address = p->ip->dst_addr;
	p->port = p->knows_ports ? p->ports.dst : *nat_l4_port(p->protocol, p->l4, false);
	p->bucket = nat_port_bucket(&w->nat->sessions.ports.pool.rule, rte_be_to_cpu_16(p->port));
	owner = w->nat->bucket_worker[p->bucket];
	if (owner == w->nf->index)
		translate_in(w, p, true);
	else if (p->knows_ports)
		nf_hand(w->nf, owner, p->m,
			meta_of_fragment(NAT_META_HAIRPIN_FRAGMENT, NAT_INSIDE, p->ports));
	else
		nf_hand(w->nf, owner, p->m,
			(struct nf_meta){.kind = NAT_META_HAIRPIN, .port = NAT_INSIDE});
}

static inline rte_be16_t
new_id(struct nat_worker *w, const struct nat_packet *p, rte_be32_t source)
{
	return nat_id_take(&w->ids, source, p->ip->dst_addr, p->ip->next_proto_id);
}

/* All fragments of a datagram leave with one, and only they may share it. */
__attribute__((noinline)) static rte_be16_t
id_of_fragment(struct nat_worker *w, struct nat_packet *p, rte_be32_t source)
{
	if (p->fragment == NAT_FRAGMENT_FIRST && p->sent_id == 0)
		p->sent_id = new_id(w, p, source);
	nat_fragment_accept(w->fragments, w->nf, p, p->ip->src_addr);
	return p->sent_id;
}

/* Returns what that does to the sum of the header. */
static inline uint32_t
replace_id(struct nat_worker *w, struct nat_packet *p, rte_be32_t source)
{
	rte_be16_t from = p->ip->packet_id;

	if (likely(p->fragment == NAT_WHOLE))
		p->ip->packet_id = new_id(w, p, source);
	else
		p->ip->packet_id = id_of_fragment(w, p, source);
	return nf_csum_diff16(0, from, p->ip->packet_id);
}

/* Nothing refuses any more. */
static inline void
commit_out(struct nat_worker *w, struct nat_packet *p, const struct plan_out *plan)
{
	struct nat_session *session = slim_slot(w->sessions->share.table, plan->slot);
	uint32_t ip_sum;

	if (w->filter != NULL)
		nat_filter_permit(w->filter, session, p->ip->dst_addr, nat_peer_port(p, true),
				  w->nf->now_ns, plan->peer);
	session->last_seen = w->nf->now_ns;
	session->packets_out++;
	session->bytes_out += p->ip_size;
	nf_touched(&w->sessions->share, session);
	ip_sum = nat_ip_decrement_ttl(p->ip);
	if (nat_id_is_needed(p->ip))
		ip_sum += replace_id(w, p, session->outside_address);
	rewrite(p, true, session->outside_address, session->outside_port, ip_sum);
	if (unlikely(plan->to == NAT_INSIDE)) {
		p->ports.src = session->outside_port;
		hairpin(w, p);
		return;
	}
	nf_count(w->nf, NAT_translated_out, 1);
	nat_send(w, p->m, &plan->next);
}

static void
translate_out(struct nat_worker *w, struct nat_packet *p)
{
	struct plan_out plan;
	struct nat_refusal refusal = plan_out(w, p, &plan);

	if (likely(refusal.drop == 0)) {
		/* The last one that may refuse, and the first that changes anything: all or nothing. */
		if (unlikely(plan.slot == NF_NO_SLOT))
			refusal = nat_open_make(w, p, &plan.slot);
		else if (p->protocol == NAT_TCP && likely(p->fragment != NAT_FRAGMENT_LATER))
			nat_tcp_track_out(w, p, plan.slot);
	}
	if (unlikely(refusal.drop != 0))
		nat_icmp_refuse(w, p, refusal);
	else
		commit_out(w, p, &plan);
}

/* ---- the burst -------------------------------------------------------------------------------------------- */

static inline bool
is_hairpin(uint8_t kind)
{
	return kind == NAT_META_HAIRPIN || kind == NAT_META_HAIRPIN_FRAGMENT;
}

static inline bool
has_ports(uint8_t kind)
{
	return kind == NAT_META_FRAGMENT || kind == NAT_META_HAIRPIN_FRAGMENT;
}

/* Parses one packet; true: it is this worker's and goes on. */
static inline bool
accept_packet(struct nat_worker *w, struct nat_packet *p, struct rte_mbuf *m, struct nf_meta meta)
{
	const struct nat_config *config = &w->nat->config;
	const struct nat_pool *pool = &w->nat->sessions.ports.pool;
	uint8_t owner;

	nat_parse(p, config, pool, m, meta.port, is_hairpin(meta.kind));
	p->is_own = meta.kind == NAT_META_OWN;
	if (unlikely(p->kind == NAT_KIND_FRAGMENT) && has_ports(meta.kind))
		nat_parse_resolve(p, config, pool, ports_of(&meta));
	if (unlikely(p->kind == NAT_KIND_DROP)) {
		nf_drop(w->nf, m, p->drop);
		return false;
	}
	owner = w->nat->bucket_worker[p->bucket];
	if (unlikely(owner != w->nf->index)) {
		nf_hand(w->nf, owner, m, meta);
		return false;
	}
	return true;
}

static inline void
prefetch_index(struct nat_worker *w, struct nat_packet *p)
{
	if (p->kind == NAT_KIND_OUT) {
		uint8_t ip_protocol = nat_ip_protocols[p->protocol];

		p->key = nat_session_key(p->address, p->port, ip_protocol);
		p->hash = nf_slot_index_hash(&w->sessions->index, p->key);
		nf_slot_index_prefetch(&w->sessions->index, p->hash);
	} else if (p->kind == NAT_KIND_IN) {
		rte_prefetch0(nat_session_outside_cell(w->sessions, p->protocol, p->pool_number,
						       rte_be_to_cpu_16(p->port)));
	}
}

static inline void
prefetch_slot(struct nat_worker *w, const struct nat_packet *p)
{
	uint32_t slot = NF_NO_SLOT;

	if (p->kind == NAT_KIND_OUT)
		slot = nf_slot_index_peek(&w->sessions->index, p->hash);
	else if (p->kind == NAT_KIND_IN)
		slot = nat_session_find_outside(w->sessions, p->protocol, p->pool_number,
						rte_be_to_cpu_16(p->port));
	if (slot != NF_NO_SLOT)
		nat_tcp_prefetch(nat_session_at(w->sessions, slot), p->protocol, p->kind);
}

static void take_fragment(struct nat_worker *w, struct nat_packet *p);

static inline void
act(struct nat_worker *w, struct nat_packet *p, bool hairpinned)
{
	switch (p->kind) {
	case NAT_KIND_OUT:
		translate_out(w, p);
		break;
	case NAT_KIND_IN:
		translate_in(w, p, hairpinned);
		break;
	case NAT_KIND_ERROR_OUT:
		nat_icmp_error_out(w, p);
		break;
	case NAT_KIND_ERROR_IN:
		nat_icmp_error_in(w, p, hairpinned);
		break;
	case NAT_KIND_ECHO:
		nat_icmp_answer_echo(w, p);
		break;
	case NAT_KIND_FRAGMENT:
		take_fragment(w, p);
		break;
	case NAT_KIND_PCP:
		nat_pcp_take(w, p);
		break;
	case NAT_KIND_ROUTED:
		nat_exempt_route(w, p);
		break;
	default:
		nf_arp_take(w->neighbours, p->m, p->side);
		break;
	}
}

/* A fragment goes on with the ports of its datagram: here, or at the worker that owns its mapping. */
static void
pass_fragment(struct nat_worker *w, struct nat_packet *p, struct nat_ports ports)
{
	uint8_t owner;

	nat_parse_resolve(p, &w->nat->config, &w->nat->sessions.ports.pool, ports);
	if (p->kind == NAT_KIND_DROP) {
		nf_drop(w->nf, p->m, p->drop);
		return;
	}
	owner = w->nat->bucket_worker[p->bucket];
	if (owner != w->nf->index) {
		nf_hand(w->nf, owner, p->m, meta_of_fragment(NAT_META_FRAGMENT, p->side, ports));
		return;
	}
	prefetch_index(w, p);
	act(w, p, false);
}

static void
take_fragment(struct nat_worker *w, struct nat_packet *p)
{
	const struct nat_fragment datagram = nat_datagram_of(p);
	struct rte_mbuf *waiting[NAT_FRAGMENTS_PER_DATAGRAM];
	struct nat_packet later;
	struct nat_ports ports;
	uint16_t n;

	if (!nat_fragment_take(w->fragments, w->nf, p, &ports))
		return;
	pass_fragment(w, p, ports);
	if (p->fragment != NAT_FRAGMENT_FIRST)
		return;
	n = nat_fragment_take_waiting(w->fragments, &datagram, waiting);
	for (uint16_t i = 0; i < n; i++) {
		nat_parse(&later, &w->nat->config, &w->nat->sessions.ports.pool, waiting[i],
			  datagram.side, false);
		if (nat_fragment_take(w->fragments, w->nf, &later, &ports))
			pass_fragment(w, &later, ports);
	}
}

bool
nat_accept(struct nat_worker *w, struct nat_packet *p, struct rte_mbuf *m, struct nf_meta meta)
{
	if (!accept_packet(w, p, m, meta))
		return false;
	prefetch_index(w, p);
	return true;
}

bool
nat_accept_handed(struct nat_worker *w, struct nat_packet *p, struct rte_mbuf *m, bool *ret_hairpin)
{
	struct nf_meta meta = *nf_meta(m);

	if (unlikely(meta.kind == NF_META_RESOLVE)) {
		nf_neighbour_resume(w->neighbours, m);
		return false;
	}
	*ret_hairpin = is_hairpin(meta.kind);
	return nat_accept(w, p, m, meta);
}

void
nat_prefetch(struct nat_worker *w, const struct nat_packet *p)
{
	prefetch_slot(w, p);
}

void
nat_act(struct nat_worker *w, struct nat_packet *p, bool hairpinned)
{
	act(w, p, hairpinned);
}

void
nat_tell_silent(struct nf_worker *nf, struct rte_mbuf *m, uint8_t side)
{
	struct nat_worker *w = nf->self;
	struct rte_mbuf *error = nat_icmp_unreachable(w, m, side);
	struct nat_packet p;

	if (error == NULL ||
	    !nat_accept(w, &p, error, (struct nf_meta){.kind = NAT_META_OWN, .port = side}))
		return;
	act(w, &p, false);
}

/* It was counted when it came. */
static void
answer_unsolicited(struct nat_worker *w, struct rte_mbuf *m)
{
	const struct nat_config *config = &w->nat->config;
	struct nat_refusal refusal;
	struct nat_packet p;
	struct plan_in plan;

	nat_parse(&p, config, &w->nat->sessions.ports.pool, m, NAT_OUTSIDE, false);
	refusal = plan_in(w, &p, false, &plan);
	if (refusal.error == NAT_ERROR_UNSOLICITED && slim_owns(w->nf->agent, p.bucket))
		nat_icmp_tell(w, &p, refusal);
	rte_pktmbuf_free(m);
}

void
nat_answer_unsolicited(struct nat_worker *w)
{
	struct nat_unsolicited *u = &w->nat->unsolicited[w->nf->index];
	struct rte_mbuf *m;

	while (unlikely((m = nat_unsolicited_take(u, w->nf->now_ns)) != NULL))
		answer_unsolicited(w, m);
}
