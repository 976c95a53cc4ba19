/* SPDX-License-Identifier: Apache-2.0 */
/* ICMP; see icmp.h. */
#include "icmp.h"

#include <netinet/in.h>

#include <rte_icmp.h>

#include "checksum.h"
#include "counters.h"
#include "icmp_message.h"
#include "ipv4.h"
#include "own.h"
#include "parse.h"
#include "send.h"

/* ---- errors through the NAT ------------------------------------------------------------------ */

/* The place of the checksum in the embedded header, or NULL if it was cut off. */
static uint16_t *
embedded_checksum(const struct nat_packet *p, const struct nat_embedded *embedded)
{
	static const uint8_t offsets[NAT_N_PROTOCOLS] = {6, 16, 2};
	uint32_t offset = offsets[p->protocol];

	return offset + sizeof(uint16_t) <= embedded->l4_size ? (uint16_t *)(embedded->l4 + offset)
							      : NULL;
}

/* Puts address and port of the mapping's other side into the embedded packet. */
static void
rewrite_embedded(const struct nat_packet *p, bool source, rte_be32_t address, rte_be16_t port)
{
	struct nat_embedded embedded = nat_packet_embedded(p);
	rte_be32_t old_address = nat_ip_address(embedded.ip, source);
	rte_be16_t *old_port = nat_l4_port(p->protocol, embedded.l4, source);
	uint16_t *checksum = embedded_checksum(p, &embedded);
	uint32_t address_sum = nf_csum_diff32(0, old_address, address);
	uint32_t port_sum = nf_csum_diff16(0, *old_port, port);

	embedded.ip->hdr_checksum = nf_csum_apply(embedded.ip->hdr_checksum, address_sum);
	if (checksum != NULL && p->protocol == NAT_UDP)
		*checksum = nf_csum_apply_udp(*checksum, address_sum + port_sum);
	else if (checksum != NULL)
		*checksum = nf_csum_apply(*checksum, p->protocol == NAT_TCP ? address_sum + port_sum
									    : port_sum);
	nat_ip_set_address(embedded.ip, source, address);
	*old_port = port;
}

static void
finish_checksums(struct nat_packet *p)
{
	struct rte_icmp_hdr *icmp = (struct rte_icmp_hdr *)p->l4;
	uint32_t l4_size = p->ip_size - rte_ipv4_hdr_len(p->ip);

	icmp->icmp_cksum = 0;
	icmp->icmp_cksum = (uint16_t)~rte_raw_cksum(icmp, l4_size);
	nf_ipv4_seal(p->ip);
}

/* What becomes of an error, found out without a change. */
struct plan {
	const struct nat_session *session;
	struct nf_next next; /* but for an error that is hairpinned */
};

/* May who is at the far end of the packet that the error is about send to the mapping? */
static bool
is_about_permitted(const struct nat_worker *w, const struct nat_packet *p,
		   const struct nat_session *session, bool far_source)
{
	struct nat_embedded embedded = nat_packet_embedded(p);
	uint32_t peer;

	return nat_is_permitted(w, session, nat_ip_address(embedded.ip, far_source),
				nat_l4_peer_port(p->protocol, embedded.l4, !far_source), &peer);
}

/* From outside: any router on the way may have sent it, and who the packet was sent to decides (RFC 5508
 * section 4.2). */
static uint16_t
plan_in(const struct nat_worker *w, const struct nat_packet *p, bool hairpin, struct plan *ret_plan)
{
	enum nf_refusal source = NF_ALLOWED;
	uint32_t slot;

	if (!hairpin && !p->is_own)
		source = nat_may_come(w, p->ip->src_addr, NAT_OUTSIDE);
	if (source != NF_ALLOWED)
		return nat_refusal_drops[source];
	slot = nat_session_find_outside(w->sessions, p->protocol, p->pool_number,
					rte_be_to_cpu_16(p->port));
	if (slot == NF_NO_SLOT)
		return NAT_drop_no_mapping;
	if (p->ip->time_to_live <= 1 && !hairpin)
		return NAT_drop_ttl;
	ret_plan->session = nat_session_at(w->sessions, slot);
	if (!is_about_permitted(w, p, ret_plan->session, false))
		return NAT_drop_filtered;
	return nat_refusal_drops[nf_may_go(&w->nat->hops, ret_plan->session->inside_address,
					   NAT_INSIDE, &ret_plan->next)];
}

void
nat_icmp_error_in(struct nat_worker *w, struct nat_packet *p, bool hairpin)
{
	struct plan plan;
	uint16_t drop = plan_in(w, p, hairpin, &plan);

	if (drop != 0) {
		nf_drop(w->nf, p->m, drop);
		return;
	}
	rewrite_embedded(p, true, plan.session->inside_address, plan.session->inside_port);
	p->ip->dst_addr = plan.session->inside_address;
	p->ip->time_to_live -= !hairpin;
	finish_checksums(p);
	nf_count(w->nf, NAT_icmp_error_in, 1);
	nat_send(w, p->m, &plan.next);
}

/* Who inside may send an error about what a mapping let in: its host, or a router on the way to it, and behind that
 * router nobody tells a router from a host. Never who is reached another way, or a neighbour of a host
 * without a router. */
static enum nf_refusal
may_tell(const struct nat_worker *w, rte_be32_t sender, rte_be32_t host)
{
	struct nf_next to_sender, to_host;
	enum nf_refusal refusal = nat_may_answer(w, sender, NAT_INSIDE, &to_sender);

	if (refusal != NF_ALLOWED || sender == host)
		return refusal;
	if (nf_may_go(&w->nat->hops, host, NAT_INSIDE, &to_host) != NF_ALLOWED ||
	    to_host.address == host || to_host.address != to_sender.address)
		return NF_SPOOFED;
	return NF_ALLOWED;
}

static uint16_t
plan_out(const struct nat_worker *w, const struct nat_packet *p, bool to_pool,
	 struct plan *ret_plan)
{
	uint64_t key = nat_session_key(p->address, p->port, nat_ip_protocols[p->protocol]);
	uint32_t hash = nf_slot_index_hash(&w->sessions->index, key);
	uint32_t slot = nat_session_find(w->sessions, hash, key);
	enum nf_refusal refusal = NF_ALLOWED;

	if (slot == NF_NO_SLOT)
		return NAT_drop_no_mapping;
	ret_plan->session = nat_session_at(w->sessions, slot);
	if (!p->is_own)
		refusal = may_tell(w, p->ip->src_addr, ret_plan->session->inside_address);
	if (refusal != NF_ALLOWED)
		return nat_refusal_drops[refusal];
	if (p->ip->time_to_live <= 1)
		return NAT_drop_ttl;
	if (!is_about_permitted(w, p, ret_plan->session, true))
		return NAT_drop_filtered;
	if (to_pool)
		return 0;
	return nat_refusal_drops[nf_may_go(&w->nat->hops, p->ip->dst_addr, NAT_OUTSIDE,
					   &ret_plan->next)];
}

/* To a mapping of this NAT: taken as if it came from outside. */
static void
hairpin_error(struct nat_worker *w, struct nat_packet *p)
{
	uint8_t owner;

	nat_parse(p, &w->nat->config, &w->nat->sessions.ports.pool, p->m, NAT_INSIDE, true);
	if (p->kind != NAT_KIND_ERROR_IN) {
		nf_drop(w->nf, p->m, NAT_drop_icmp_error);
		return;
	}
	owner = w->nat->bucket_worker[p->bucket];
	if (owner == w->nf->index)
		nat_icmp_error_in(w, p, true);
	else
		nf_hand(w->nf, owner, p->m,
			(struct nf_meta){.kind = NAT_META_HAIRPIN, .port = NAT_INSIDE});
}

void
nat_icmp_error_out(struct nat_worker *w, struct nat_packet *p)
{
	const struct nat_pool *pool = &w->nat->sessions.ports.pool;
	bool to_pool = nat_pool_number(pool, p->ip->dst_addr) != NAT_NOT_IN_POOL;
	struct plan plan;
	uint16_t drop = plan_out(w, p, to_pool, &plan);

	if (drop != 0) {
		nf_drop(w->nf, p->m, drop);
		return;
	}
	rewrite_embedded(p, false, plan.session->outside_address, plan.session->outside_port);
	/* The sender may be a router on the way: it shows as the mapping's address, too. */
	p->ip->src_addr = plan.session->outside_address;
	nat_id_give(&w->ids, p->ip);
	p->ip->time_to_live--;
	finish_checksums(p);
	if (to_pool) {
		hairpin_error(w, p);
		return;
	}
	nf_count(w->nf, NAT_icmp_error_out, 1);
	nat_send(w, p->m, &plan.next);
}

void
nat_icmp_answer_echo(struct nat_worker *w, struct nat_packet *p)
{
	struct nf_next next;
	enum nf_refusal refusal = nat_may_answer(w, p->ip->src_addr, p->side, &next);

	if (refusal != NF_ALLOWED) {
		nf_drop(w->nf, p->m, nat_refusal_drops[refusal]);
		return;
	}
	nf_icmp_turn_echo(p->ip);
	nat_id_give(&w->ids, p->ip);
	nf_ipv4_seal(p->ip);
	nf_count(w->nf, NAT_echo_answered, 1);
	nat_send(w, p->m, &next);
}

static const struct error {
	uint8_t type;
	uint8_t code;
	uint16_t counter;
} errors[] = {
	[NAT_ERROR_TTL] = {11, 0, NAT_time_exceeded_sent},
	[NAT_ERROR_TOO_BIG] = {3, 4, NAT_too_big_sent},
	[NAT_ERROR_NO_ROUTE] = {3, 0, NAT_unreachable_sent},
	[NAT_ERROR_SILENT] = {3, 1, NAT_unreachable_sent},
	[NAT_ERROR_NO_RESOURCE] = {3, 1, NAT_unreachable_sent},
	[NAT_ERROR_PROHIBITED] = {3, 13, NAT_unreachable_sent},
	[NAT_ERROR_UNSOLICITED] = {3, 3, NAT_unreachable_sent},
};

/* To who sent the packet; NULL: there is no room. */
static struct rte_mbuf *
make_error(struct nat_worker *w, const struct nat_packet *p, struct nat_refusal refusal)
{
	const struct error *error = &errors[refusal.error];
	rte_be32_t from = w->nat->config.sides[p->side].address, to = p->ip->src_addr;
	const struct nf_icmp_error icmp = {
		.type = error->type,
		.code = error->code,
		.mtu = refusal.mtu,
		.about = p->ip,
		.about_size = nat_packet_size_behind(p, (const uint8_t *)p->ip),
		.max = NF_ICMP_MAX,
	};
	void *ip;
	struct rte_mbuf *m = nf_own_frame(w->nf, nf_icmp_error_size(&icmp), &ip);

	if (m == NULL)
		return NULL;
	nf_icmp_put_error(ip, &icmp, from, to, nat_id_take(&w->ids, from, to, IPPROTO_ICMP));
	nf_count(w->nf, error->counter, 1);
	return m;
}

static bool
may_be_answered(const struct nat_packet *p)
{
	return nf_icmp_may_be_about(p->ip, nat_packet_size_behind(p, (const uint8_t *)p->ip));
}

/* The error that answers a packet; NULL: it is not to be answered, or there is no room. */
static struct rte_mbuf *
answer_refused(struct nat_worker *w, const struct nat_packet *p, struct nat_refusal refusal,
	       struct nf_next *ret_next)
{
	if (refusal.error == NAT_ERROR_NONE || !may_be_answered(p) ||
	    nat_may_answer(w, p->ip->src_addr, p->side, ret_next) != NF_ALLOWED ||
	    !nf_own_may_tell(&w->errors, w->nf->now_ns))
		return NULL;
	return make_error(w, p, refusal);
}

__attribute__((noinline)) void
nat_icmp_refuse(struct nat_worker *w, struct nat_packet *p, struct nat_refusal refusal)
{
	struct nf_next next;
	struct rte_mbuf *m = answer_refused(w, p, refusal, &next);

	nf_drop(w->nf, p->m, refusal.drop);
	if (m != NULL)
		nf_neighbour_send(w->neighbours, m, &next);
}

void
nat_icmp_tell(struct nat_worker *w, const struct nat_packet *p, struct nat_refusal refusal)
{
	struct nf_next next;
	struct rte_mbuf *m = answer_refused(w, p, refusal, &next);

	if (m != NULL)
		nf_neighbour_send(w->neighbours, m, &next);
}

static bool
is_of_nat(const struct nat_worker *w, rte_be32_t address)
{
	return address == w->nat->config.sides[NAT_INSIDE].address ||
	       address == w->nat->config.sides[NAT_OUTSIDE].address;
}

struct rte_mbuf *
nat_icmp_unreachable(struct nat_worker *w, struct rte_mbuf *m, uint8_t side)
{
	struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr));
	const struct nat_packet p = {
		.m = m,
		.ip = ip,
		.ip_size = rte_be_to_cpu_16(ip->total_length),
		.side = side,
	};
	struct rte_ether_hdr *eth;
	struct rte_mbuf *told;

	if (is_of_nat(w, ip->src_addr) || !may_be_answered(&p) ||
	    !nf_own_may_tell(&w->errors, w->nf->now_ns))
		return NULL;
	told = make_error(w, &p, (struct nat_refusal){.error = NAT_ERROR_SILENT});
	if (told == NULL)
		return NULL;
	eth = rte_pktmbuf_mtod(told, struct rte_ether_hdr *);
	rte_ether_addr_copy(&w->nat->config.sides[side].mac, &eth->dst_addr);
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	return told;
}
