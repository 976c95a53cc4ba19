/* SPDX-License-Identifier: Apache-2.0 */
/* ICMP of the gateway's own; see icmp.h. */
#include "icmp.h"

#include "counters.h"
#include "icmp_message.h"
#include "own.h"
#include "tunnel.h"

static const struct {
	uint8_t type, code;
	uint8_t type6, code6;
} reasons[] = {
	[GATEWAY_TIME_EXCEEDED] = {11, 0, 3, 0},
	[GATEWAY_TOO_BIG] = {3, 4, 2, 0},
};

/* What every way to the sender of a packet has room for: into a tunnel, or out of the core side. */
static uint32_t
room_for(const struct gateway_worker *w, uint32_t most)
{
	const struct nf_side *sides = w->gateway->config.sides;
	uint32_t tunnel = sides[GATEWAY_ACCESS].mtu - GATEWAY_MAX_OVERHEAD;

	return RTE_MIN(most, RTE_MIN(tunnel, (uint32_t)sides[GATEWAY_CORE].mtu));
}

static struct rte_mbuf *
make_ipv4(struct gateway_worker *w, const struct gateway_packet *p, struct nf_icmp_error *error)
{
	void *ip;
	struct rte_mbuf *m;

	error->max = room_for(w, NF_ICMP_MAX);
	m = nf_own_frame(w->nf, nf_icmp_error_size(error), &ip);
	if (m != NULL)
		nf_icmp_put_error(ip, error, w->gateway->config.sides[GATEWAY_CORE].address,
				  gateway_ipv4(p)->src_addr, 0);
	return m;
}

static struct rte_mbuf *
make_ipv6(struct gateway_worker *w, const struct gateway_packet *p, struct nf_icmp_error *error)
{
	const struct gateway_core_ipv6 *core = &w->gateway->config.core_ipv6;
	void *ip;
	struct rte_mbuf *m;

	if (core->bits == 0)
		return NULL;
	error->max = room_for(w, NF_ICMPV6_MAX);
	m = nf_own_frame(w->nf, nf_icmpv6_error_size(error), &ip);
	if (m != NULL)
		nf_icmpv6_put_error(ip, error, core->address, gateway_ipv6(p)->src_addr);
	return m;
}

static bool
may_be_about(const struct gateway_packet *p, enum gateway_reason reason)
{
	return p->is_ipv6 ? nf_icmpv6_may_be_about(gateway_ipv6(p), p->ip_size,
						   reason == GATEWAY_TOO_BIG)
			  : nf_icmp_may_be_about(gateway_ipv4(p), p->ip_size);
}

void
gateway_icmp_tell(struct gateway_worker *w, const struct gateway_packet *p,
		  enum gateway_reason reason, uint16_t mtu)
{
	struct nf_icmp_error error = {
		.type = p->is_ipv6 ? reasons[reason].type6 : reasons[reason].type,
		.code = p->is_ipv6 ? reasons[reason].code6 : reasons[reason].code,
		.mtu = reason == GATEWAY_TOO_BIG ? mtu : 0,
		.about = p->ip,
		.about_size = p->ip_size,
	};
	struct rte_mbuf *m;

	if (w->n_errors == NF_BURST || !may_be_about(p, reason) ||
	    !nf_own_may_tell(&w->told, w->nf->now_ns))
		return;
	m = p->is_ipv6 ? make_ipv6(w, p, &error) : make_ipv4(w, p, &error);
	if (m == NULL)
		return;
	w->errors[w->n_errors++] = m;
	nf_count(w->nf,
		 reason == GATEWAY_TOO_BIG ? GATEWAY_too_big_sent : GATEWAY_time_exceeded_sent, 1);
}

void
gateway_icmp_turn_echo(struct gateway_worker *w, struct gateway_packet *p)
{
	const struct nf_ip ip = gateway_ip(p);

	nf_ip_turn_echo(&ip);
	nf_count(w->nf, GATEWAY_icmp_echo_answered, 1);
}

void
gateway_icmp_answer_echo(struct gateway_worker *w, struct gateway_packet *p)
{
	struct nf_next next;
	enum nf_refusal refusal =
		nf_may_answer(&w->gateway->hops, gateway_ipv4(p)->src_addr, p->side, &next);

	if (refusal != NF_ALLOWED) {
		nf_drop(w->nf, p->m, gateway_refusal_drops[refusal]);
		return;
	}
	gateway_icmp_turn_echo(w, p);
	nf_neighbour_send(w->neighbours, p->m, &next);
}
