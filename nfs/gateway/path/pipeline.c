/* SPDX-License-Identifier: Apache-2.0 */
/* The packet path; see pipeline.h. Worker's thread. */
#include "pipeline.h"

#include <string.h>

#include "counters.h"
#include "downlink.h"
#include "icmp.h"
#include "indication.h"
#include "meta_kind.h"
#include "packet.h"
#include "signalling.h"
#include "uplink.h"

/* ---- the burst ------------------------------------------------------------------------------------------- */

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

/* Parsed by another worker, who found that it is good. */
static bool
accept_error_indication(struct gateway_worker *w, struct gateway_packet *p, struct rte_mbuf *m,
			uint8_t side)
{
	gateway_packet_parse(p, &w->gateway->config, m, side);
	p->kind = GATEWAY_KIND_OWN_ERROR;
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
	if (unlikely(meta.kind == GATEWAY_META_ERROR))
		return accept_error_indication(w, p, m, meta.port);
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
	__builtin_prefetch(&gateway_session_at(s, slot)->uplink_due, 1);
}

static void take_fragment(struct gateway_worker *w, struct gateway_packet *p);

static inline void
act(struct gateway_worker *w, struct gateway_packet *p)
{
	switch (p->kind) {
	case GATEWAY_KIND_UPLINK:
		gateway_uplink(w, p);
		break;
	case GATEWAY_KIND_DOWNLINK:
		gateway_downlink(w, p);
		break;
	case GATEWAY_KIND_ECHO:
		gateway_icmp_answer_echo(w, p);
		break;
	case GATEWAY_KIND_FRAGMENT:
		take_fragment(w, p);
		break;
	case GATEWAY_KIND_ERROR_INDICATION:
	case GATEWAY_KIND_OWN_ERROR:
		gateway_indication_take(w, p);
		break;
	case GATEWAY_KIND_NEIGHBOR_DISCOVERY:
		gateway_router_take(&w->router, p);
		break;
	case GATEWAY_KIND_ARP:
		nf_arp_take(w->neighbours, p->m, p->side);
		break;
	default:
		gateway_signalling_take(w, p);
		break;
	}
}

/* A whole packet begins anew: its TEID says whose it is. It is no fragment. */
__attribute__((noinline)) static void
take_fragment(struct gateway_worker *w, struct gateway_packet *p)
{
	struct gateway_packet q;
	struct rte_mbuf *whole;

	if (!gateway_may_be_cell(w->gateway, p->peer)) {
		nf_drop(w->nf, p->m, GATEWAY_drop_bad_address);
		return;
	}
	whole = gateway_fragments_take(&w->fragments, p);
	if (whole != NULL && accept_packet(w, &q, whole, p->side, GATEWAY_META_FRESH))
		act(w, &q);
}

void
gateway_send_errors(struct gateway_worker *w)
{
	/* To send one may make another one necessary; not without end, for none is about an error. */
	while (unlikely(w->n_errors != 0)) {
		struct gateway_packet p;

		accept_local(&p, w->errors[--w->n_errors]);
		gateway_route(w, &p);
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
	gateway_send_errors(w);
}
