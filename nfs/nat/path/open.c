/* SPDX-License-Identifier: Apache-2.0 */
/* Packets that open a mapping; see open.h. Worker's thread. */
#include "open.h"

#include <rte_tcp.h>

#include "counters.h"
#include "flight.h"
#include "send.h"
#include "tcp_path.h"

static const uint16_t create_drops[] = {
	[NAT_SESSION_TABLE_FULL] = NAT_drop_table_full,
	[NAT_SESSION_NO_PORT] = NAT_drop_no_port,
	[NAT_SESSION_LIMIT] = NAT_drop_limit,
	[NAT_SESSION_RATE] = NAT_drop_rate,
	[NAT_SESSION_BLOCK_LIMIT] = NAT_drop_block_limit,
	[NAT_SESSION_SUBSCRIBERS_FULL] = NAT_drop_subscribers_full,
};

static inline struct nat_refusal
silent(uint16_t counter)
{
	return (struct nat_refusal){.drop = counter};
}

/* A TCP mapping begins with SYN, or where tcp_pickup allows it in the midst of a connection. */
static struct nat_refusal
plan_tcp(const struct nat_worker *w, const struct nat_packet *p)
{
	enum nf_tcp_event event = nf_tcp_event(nat_tcp_header(p)->tcp_flags);

	if (event == NF_TCP_ACK && !w->nat->config.tcp_pickup)
		return (struct nat_refusal){.drop = NAT_drop_tcp_prohibited,
					    .error = NAT_ERROR_PROHIBITED};
	return silent(nf_tcp_may_open(event) ? 0 : NAT_drop_tcp_no_syn);
}

static inline struct nat_refusal
plan(const struct nat_worker *w, const struct nat_packet *p)
{
	enum nf_refusal source;

	if (p->fragment == NAT_FRAGMENT_LATER)
		return silent(NAT_drop_no_mapping);
	source = nat_may_come(w, p->ip->src_addr, NAT_INSIDE);
	if (source != NF_ALLOWED)
		return silent(nat_refusal_drops[source]);
	if (p->protocol == NAT_ICMP && !nat_icmp_is_request(p->l4[0]))
		return silent(NAT_drop_no_mapping);
	return p->protocol == NAT_TCP ? plan_tcp(w, p) : silent(0);
}

static inline struct nat_refusal
make(struct nat_worker *w, const struct nat_packet *p, uint32_t *ret_slot)
{
	struct nat_session_new new = {.key = p->key, .hash = p->hash, .now_ns = w->nf->now_ns};
	enum nat_session_error error;

	if (p->protocol == NAT_TCP)
		new.tcp = nat_tcp_first(p);
	error = nat_session_create(w->sessions, &new, ret_slot);
	if (likely(error == NAT_SESSION_OK))
		return silent(0);
	return (struct nat_refusal){.drop = create_drops[error], .error = NAT_ERROR_NO_RESOURCE};
}

struct nat_refusal
nat_open_plan(const struct nat_worker *w, const struct nat_packet *p)
{
	return plan(w, p);
}

struct nat_refusal
nat_open_make(struct nat_worker *w, const struct nat_packet *p, uint32_t *ret_slot)
{
	return make(w, p, ret_slot);
}

struct nat_session *
nat_open_ordinary(struct nat_worker *w, const struct nat_flight *f)
{
	const struct nat_packet p = nat_flight_packet(f, NAT_INSIDE);
	uint32_t slot;

	/* The packet before it may have made it since it was looked for. */
	if (nat_session_find(w->sessions, f->hash, f->key) != NF_NO_SLOT)
		return NULL;
	if (plan(w, &p).drop != 0 || make(w, &p, &slot).drop != 0)
		return NULL;
	return slim_slot(w->sessions->share.table, slot);
}

/* ---- look ahead -------------------------------------------------------------------------------- */

/* One after the other: each step needs what the one before it asked for. */
void
nat_open_prefetch(const struct nat_worker *w, const struct nat_flight *const *flights, uint32_t n)
{
	const struct nat_subscribers *subscribers = w->sessions->subscribers;
	uint32_t hashes[NF_BURST], numbers[NF_BURST];

	for (uint32_t i = 0; i < n; i++) {
		hashes[i] = nat_subscriber_hash(subscribers, flights[i]->ip->src_addr);
		nf_slot_index_prefetch(&subscribers->index, hashes[i]);
	}
	for (uint32_t i = 0; i < n; i++) {
		numbers[i] = nf_slot_index_peek(&subscribers->index, hashes[i]);
		if (numbers[i] == NF_NO_SLOT)
			continue;
		rte_prefetch0(&subscribers->tallies[numbers[i]]);
		rte_prefetch0(nat_subscriber_at(subscribers, numbers[i]));
	}
	for (uint32_t i = 0; i < n; i++)
		if (numbers[i] != NF_NO_SLOT)
			nat_session_prefetch_ports(w->sessions, flights[i]->ip->src_addr,
						   nat_subscriber_outside(subscribers, numbers[i]),
						   nat_fast_is_tcp(flights[i]) ? NAT_TCP : NAT_UDP);
}
