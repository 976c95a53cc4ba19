/* SPDX-License-Identifier: Apache-2.0 */
/* The packet path; see pipeline.h. Worker's thread. */
#include "pipeline.h"

#include "counters.h"
#include "discovery.h"
#include "downlink.h"
#include "icmp.h"
#include "meta_kind.h"
#include "packet.h"
#include "passage.h"
#include "prefix.h"
#include "uplink.h"

/* ---- ahead ------------------------------------------------------------------------------------------------ */

/* The end of a session's headers, or where new ones will stand. What a port received was looked at already if it may have
 * a tag; what another worker handed over has been in its cache, all of it. */
static inline void
prefetch_frame(uint16_t port, const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);

	__builtin_prefetch(frame, 1);
	if (port != PPPOE_ACCESS)
		__builtin_prefetch(frame - RTE_CACHE_LINE_SIZE, 1);
}

/* What leads from a packet to its session. */
struct hint {
	const struct pppoe_pool *pool; /* NULL: nothing does */
	uint32_t number;
};

static inline struct hint
hint_of(const struct pppoe_worker *w, const struct pppoe_frame *f)
{
	const struct pppoe_session_table *t = &w->pppoe->sessions;

	if (f->kind == PPPOE_KIND_SESSION)
		return (struct hint){&t->ids, f->session_id};
	if (unlikely(f->kind != PPPOE_KIND_DOWNLINK))
		return (struct hint){NULL, 0};
	if (f->ip.is_ipv6)
		return (struct hint){&t->prefixes, pppoe_prefix_of(&w->pppoe->config.ipv6_pool,
								   nf_ip_v6(&f->ip)->dst_addr)};
	return (struct hint){&t->addresses,
			     pppoe_address_number(t, rte_be_to_cpu_32(nf_ip_v4(&f->ip)->dst_addr))};
}

static inline void
prefetch_cell(const struct hint *hint)
{
	if (likely(hint->pool != NULL) && likely(hint->number < hint->pool->n))
		__builtin_prefetch(&hint->pool->cells[hint->number]);
}

/* Both lines of the slot that every packet needs. */
static inline void
prefetch_slot(const struct pppoe_worker *w, const struct hint *hint)
{
	const struct pppoe_session *session;
	uint32_t slot = NF_NO_SLOT;

	if (likely(hint->pool != NULL))
		slot = pppoe_pool_find(hint->pool, hint->number);
	if (unlikely(slot == NF_NO_SLOT) || unlikely(!pppoe_is_mine(w, slot)))
		return;
	session = pppoe_session_at(&w->pppoe->sessions, slot);
	__builtin_prefetch(session, 1);
	__builtin_prefetch(&session->packets_up, 1);
}

/* ---- one packet ------------------------------------------------------------------------------------------- */

static inline void
hand(struct pppoe_worker *w, struct pppoe_frame *f, uint16_t to)
{
	nf_hand(w->nf, to, f->m, (struct nf_meta){.kind = PPPOE_META_FRESH, .port = f->side});
}

static inline void
take_session(struct pppoe_worker *w, struct pppoe_frame *f)
{
	uint32_t slot = pppoe_session_by_id(&w->pppoe->sessions, f->session_id);

	if (unlikely(slot == NF_NO_SLOT))
		nf_drop(w->nf, f->m, PPPOE_drop_no_session);
	else if (unlikely(!pppoe_is_mine(w, slot)))
		hand(w, f, pppoe_session_worker(&w->pppoe->sessions, slot));
	else
		pppoe_uplink(w, f, slot);
}

static void
take_discovery(struct pppoe_worker *w, struct pppoe_frame *f)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(f->m, const struct rte_ether_hdr *);

	nf_drop(w->nf, f->m,
		pppoe_discovery_take(w, &f->access.line, (const uint8_t *)eth + f->access.at,
				     f->access.size, rte_is_broadcast_ether_addr(&eth->dst_addr)));
}

/* What belongs to a bucket, and whose it is. */
static uint16_t
owner_of(const struct pppoe_worker *w, const struct pppoe_frame *f)
{
	const struct pppoe *pppoe = w->pppoe;

	switch (f->kind) {
	case PPPOE_KIND_DISCOVERY:
		return pppoe->bucket_worker[pppoe_mac_bucket(&f->access.line.mac)];
	case PPPOE_KIND_ARP:
		return pppoe->bucket_worker[nf_arp_bucket(f->m)];
	default:
		return pppoe->bucket_worker[nf_router_bucket(&pppoe->router.config)];
	}
}

__attribute__((noinline)) static void
take_rare(struct pppoe_worker *w, struct pppoe_frame *f)
{
	uint16_t owner;

	if (f->kind == PPPOE_KIND_ECHO) {
		pppoe_icmp_answer(w, f);
		return;
	}
	owner = owner_of(w, f);
	if (owner != w->nf->index)
		hand(w, f, owner);
	else if (f->kind == PPPOE_KIND_DISCOVERY)
		take_discovery(w, f);
	else if (f->kind == PPPOE_KIND_ARP)
		nf_arp_take(w->neighbours, f->m, f->side);
	else
		nf_router_take(&w->router, f->m);
}

static inline void
pass(struct pppoe_worker *w, struct pppoe_frame *f)
{
	switch (f->kind) {
	case PPPOE_KIND_SESSION:
		take_session(w, f);
		break;
	case PPPOE_KIND_DOWNLINK:
		pppoe_downlink(w, f);
		break;
	case PPPOE_KIND_DROP:
		nf_drop(w->nf, f->m, f->drop);
		break;
	default:
		take_rare(w, f);
		break;
	}
}

/* ---- the burst -------------------------------------------------------------------------------------------- */

/* An IP packet that another worker looked at. */
static void
look_at_local(struct pppoe_frame *f, struct rte_mbuf *m)
{
	f->m = m;
	f->side = PPPOE_ACCESS;
	f->kind = PPPOE_KIND_DOWNLINK;
	nf_ip_read(rte_pktmbuf_mtod_offset(m, uint8_t *, sizeof(struct rte_ether_hdr)),
		   rte_pktmbuf_data_len(m) - (uint32_t)sizeof(struct rte_ether_hdr), &f->ip);
}

/* False: it went on already. */
static inline bool
look(struct pppoe_worker *w, struct pppoe_frame *f, uint16_t port, struct rte_mbuf *m)
{
	struct nf_meta meta;

	if (likely(port != NF_HANDED)) {
		pppoe_frame_parse(f, &w->pppoe->config, m, (uint8_t)port);
		return true;
	}
	meta = *nf_meta(m);
	if (unlikely(meta.kind == NF_META_RESOLVE)) {
		nf_neighbour_resume(w->neighbours, m);
		return false;
	}
	if (meta.kind == PPPOE_META_LOCAL)
		look_at_local(f, m);
	else
		pppoe_frame_parse(f, &w->pppoe->config, m, meta.port);
	return true;
}

static inline uint16_t
look_at_all(struct pppoe_worker *w, struct pppoe_frame *frames, struct hint *hints, uint16_t port,
	    struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t left = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (unlikely(!look(w, &frames[left], port, pkts[i])))
			continue;
		hints[left] = hint_of(w, &frames[left]);
		prefetch_cell(&hints[left]);
		left++;
	}
	return left;
}

void
pppoe_send_errors(struct pppoe_worker *w)
{
	/* To send one may make another one necessary; not without end, for none is about an error. */
	while (unlikely(w->n_errors != 0))
		pppoe_send_ip(w, w->errors[--w->n_errors]);
}

/* Flat: what it calls for each packet is a part of it. */
__attribute__((flatten)) void
pppoe_burst(struct nf_worker *nf, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	struct pppoe_worker *w = nf->self;
	struct pppoe_frame frames[NF_BURST];
	struct hint hints[NF_BURST];

	if (port == PPPOE_CORE && nf->vlans[port] == 0)
		n = nf_worker_untag(nf, port, pkts, n);
	for (uint16_t i = 0; i < n; i++)
		prefetch_frame(port, pkts[i]);
	n = look_at_all(w, frames, hints, port, pkts, n);
	for (uint16_t i = 0; i < n; i++)
		prefetch_slot(w, &hints[i]);
	for (uint16_t i = 0; i < n; i++)
		pass(w, &frames[i]);
	pppoe_send_errors(w);
}
