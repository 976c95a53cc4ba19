/* SPDX-License-Identifier: Apache-2.0 */
/* See icmp.h. Worker's thread. */
#include "icmp.h"

#include "counters.h"
#include "icmp_message.h"
#include "refusal.h"

static const struct {
	uint8_t type[2], code[2]; /* of IPv4, of IPv6 */
	uint16_t counter;
} reasons[] = {
	[PPPOE_TIME_EXCEEDED] = {{11, 3}, {0, 0}, PPPOE_time_exceeded_sent},
	[PPPOE_TOO_BIG] = {{3, 2}, {4, 0}, PPPOE_too_big_sent},
};

/* To clients it speaks as what they know as their peer. */
static rte_be32_t
own_ipv4(const struct pppoe_config *config, uint8_t side)
{
	return side == PPPOE_ACCESS && config->gateway != 0 ? config->gateway
							    : config->sides[PPPOE_CORE].address;
}

/* NULL: there is no room, or no address to send from. */
static struct rte_mbuf *
make(struct pppoe_worker *w, const struct pppoe_frame *f, struct nf_icmp_error *error)
{
	const struct pppoe_config *config = &w->pppoe->config;
	uint32_t room = config->sides[PPPOE_CORE].mtu;
	struct rte_mbuf *m;
	void *ip;

	if (!f->ip.is_ipv6) {
		error->max = RTE_MIN(NF_ICMP_MAX, room);
		m = nf_own_frame(w->nf, nf_icmp_error_size(error), &ip);
		if (m != NULL)
			nf_icmp_put_error(ip, error, own_ipv4(config, f->side),
					  nf_ip_v4(&f->ip)->src_addr, 0);
		return m;
	}
	if (config->core_ipv6_bits == 0)
		return NULL;
	error->max = RTE_MIN(NF_ICMPV6_MAX, room);
	m = nf_own_frame(w->nf, nf_icmpv6_error_size(error), &ip);
	if (m != NULL)
		nf_icmpv6_put_error(ip, error, config->core_ipv6, nf_ip_v6(&f->ip)->src_addr);
	return m;
}

static bool
may_be_about(const struct nf_ip *ip, enum pppoe_reason reason)
{
	return ip->is_ipv6 ? nf_icmpv6_may_be_about(nf_ip_v6(ip), ip->size, reason == PPPOE_TOO_BIG)
			   : nf_icmp_may_be_about(nf_ip_v4(ip), ip->size);
}

void
pppoe_icmp_tell(struct pppoe_worker *w, const struct pppoe_frame *f, enum pppoe_reason reason,
		uint16_t mtu)
{
	struct nf_icmp_error error = {
		.type = reasons[reason].type[f->ip.is_ipv6],
		.code = reasons[reason].code[f->ip.is_ipv6],
		.mtu = mtu,
		.about = f->ip.at,
		.about_size = f->ip.size,
	};
	struct rte_mbuf *m;

	if (w->n_errors == NF_BURST || !may_be_about(&f->ip, reason) ||
	    !nf_own_may_tell(&w->told, w->nf->now_ns))
		return;
	m = make(w, f, &error);
	if (m == NULL)
		return;
	w->errors[w->n_errors++] = m;
	nf_count(w->nf, reasons[reason].counter, 1);
}

void
pppoe_icmp_answer(struct pppoe_worker *w, struct pppoe_frame *f)
{
	enum nf_refusal refusal = NF_ALLOWED;
	struct nf_next next;

	if (!f->ip.is_ipv6)
		refusal = nf_may_answer(&w->pppoe->hops, nf_ip_v4(&f->ip)->src_addr, PPPOE_CORE,
					&next);
	else if (!nf_ipv6_may_go(nf_ip_v6(&f->ip)->src_addr))
		refusal = NF_BAD_ADDRESS;
	if (refusal != NF_ALLOWED) {
		nf_drop(w->nf, f->m, pppoe_refusal(refusal));
		return;
	}
	if (f->ip.is_ipv6 && !w->router.is_known) {
		nf_drop(w->nf, f->m, PPPOE_drop_no_router);
		return;
	}
	nf_ip_turn_echo(&f->ip);
	nf_count(w->nf, PPPOE_icmp_echo_answered, 1);
	if (f->ip.is_ipv6)
		nf_router_send(&w->router, f->m);
	else
		nf_neighbour_send(w->neighbours, f->m, &next);
}
