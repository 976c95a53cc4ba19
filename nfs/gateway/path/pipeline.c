/* SPDX-License-Identifier: Apache-2.0 */
/* The packet path; see pipeline.h. Worker's thread. */
#include "pipeline.h"

#include <string.h>

#include "counters.h"
#include "downlink.h"
#include "fast.h"
#include "icmp.h"
#include "indication.h"
#include "meta_kind.h"
#include "packet.h"
#include "signalling.h"
#include "uplink.h"

/* ---- what is a worker's --------------------------------------------------------------------------------- */

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
		nf_router_take(&w->router, p->m);
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

/* ---- the general path -------------------------------------------------------------------------------- */

__attribute__((noinline)) static void
take_general(struct gateway_worker *w, uint16_t port, struct rte_mbuf *m)
{
	struct gateway_packet p;
	bool mine = port == NF_HANDED ? accept_handed(w, &p, m)
				      : accept_packet(w, &p, m, (uint8_t)port, GATEWAY_META_FRESH);

	if (mine)
		act(w, &p);
}

void
gateway_burst_general(struct nf_worker *nf, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		take_general(nf->self, port, pkts[i]);
	gateway_send_errors(nf->self);
}

/* ---- the burst ------------------------------------------------------------------------------------------- */

/* The end of a tunnel's headers, or where new ones will stand. What a port received was looked at already (worker.h); what
 * another worker handed over has been in its cache, all of it. */
static inline void
prefetch_frame(uint16_t port, const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);

	if (port != GATEWAY_CORE)
		__builtin_prefetch(frame + RTE_CACHE_LINE_SIZE, 1);
	if (port != GATEWAY_ACCESS)
		__builtin_prefetch(frame - RTE_CACHE_LINE_SIZE, 1);
	if (unlikely(port == NF_HANDED))
		__builtin_prefetch(frame, 1);
}

/* Is it for the short way? */
static inline bool
is_ordinary(struct gateway_worker *w, struct gateway_packet *p, uint16_t port, struct rte_mbuf *m)
{
	if (unlikely(port == NF_HANDED)) {
		if (nf_meta(m)->kind != GATEWAY_META_FRESH)
			return false;
		port = nf_meta(m)->port;
	}
	return likely(gateway_ordinary(p, &w->gateway->config, m, (uint8_t)port)) &&
	       likely(w->gateway->bucket_worker[p->bucket] == w->nf->index);
}

/* In what order they came: what one of them changes, the next one finds. */
static inline void
pass_all(struct gateway_worker *w, uint16_t port, struct gateway_packet *packets,
	 struct rte_mbuf **pkts, uint16_t n)
{
	uint64_t n_up = 0, n_down = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct gateway_packet *p = &packets[i];

		if (p->kind == GATEWAY_KIND_UPLINK && likely(gateway_fast_uplink(w, p)))
			n_up++;
		else if (p->kind == GATEWAY_KIND_DOWNLINK && likely(gateway_fast_downlink(w, p)))
			n_down++;
		else
			take_general(w, port, pkts[i]);
	}
	nf_count(w->nf, GATEWAY_uplink, n_up);
	nf_count(w->nf, GATEWAY_downlink, n_down);
}

/* Flat: what it calls for each packet is a part of it. */
__attribute__((flatten)) void
gateway_burst(struct nf_worker *nf, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	struct gateway_worker *w = nf->self;
	struct gateway_packet packets[NF_BURST];

	for (uint16_t i = 0; i < n; i++)
		prefetch_frame(port, pkts[i]);
	for (uint16_t i = 0; i < n; i++) {
		if (likely(is_ordinary(w, &packets[i], port, pkts[i])))
			gateway_fast_prefetch_index(w->sessions, &packets[i]);
		else
			packets[i].kind = GATEWAY_KIND_DROP;
	}
	for (uint16_t i = 0; i < n; i++)
		if (unlikely(packets[i].kind == GATEWAY_KIND_DROP) ||
		    unlikely(!gateway_fast_prefetch_slot(w->sessions, &packets[i])))
			packets[i].kind = GATEWAY_KIND_DROP;
	pass_all(w, port, packets, pkts, n);
	gateway_send_errors(w);
}
