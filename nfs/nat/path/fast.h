/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short way of ordinary packets: whole, for a mapping that is there, in a state that they do not change; or the
 * first of a mapping, which is made by the general path's functions (open.h).
 *
 * It asks what the general path (pipeline.h) asks, in any order, and changes nothing before the last answer. Each answer
 * that is not the usual one leaves the packet as it came to the general path: nothing is refused, dropped or told
 * here. So it may know less than the general path, never more; fast_test.c compares the two. It exists for workers
 * where the general path would ask no more than this: without exempt destinations and with
 * endpoint-independent filtering.
 *
 *   nat_fast_look()     is the frame ordinary by its headers? Where its mapping may be, prefetched
 *   nat_fast_prefetch() the mapping
 *   nat_fast_out()      all other questions, then the whole translation; false: the general path's
 *   nat_fast_in()
 *
 * Inline, for a burst (burst.c): what one of them found out stays in registers or in one line for each packet.
 */
#ifndef NAT_FAST_H
#define NAT_FAST_H

#include <netinet/in.h>
#include <string.h>

#include <rte_tcp.h>
#include <rte_udp.h>

#include "checksum.h"
#include "frame.h"
#include "nat.h"
#include "neighbour.h"
#include "open.h"
#include "order.h"
#include "tcp_path.h"

#define NAT_FAST_INLINE __attribute__((always_inline)) static inline
#define NAT_FAST_L2 sizeof(struct rte_ether_hdr)

/* What all packets of a burst need, without the way through the structures that it is in: behind each write to a packet
 * the compiler would have to go it again. */
struct nat_view {
	uint64_t mac; /* of the side that they came in on; nat_fast_six() */
	uint16_t mtu; /* of the other one */
	uint16_t worker;
	bool inbound_refresh;
	uint64_t now_ns;
	struct nf_slot_index index;
	struct slim_table table;
	const struct nf_hops *hops;
	const uint8_t *bucket_worker;
	struct nf_neighbours *neighbours;
	struct nf_fifo *fifo; /* of the other side */
	bool is_tagged;       /* its port has a VLAN */
	uint32_t pool_first;  /* host order */
	uint32_t pool_span;
};

/* The first six octets of eight, as a number. */
NAT_FAST_INLINE uint64_t
nat_fast_six(const void *octets)
{
	uint64_t word;

	memcpy(&word, octets, sizeof(word));
	return RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN ? word << 16 : word >> 16;
}

NAT_FAST_INLINE struct nat_view
nat_fast_view(const struct nat_worker *w, uint8_t side)
{
	const struct nat *nat = w->nat;
	uint8_t mac[sizeof(uint64_t)] = {0};

	memcpy(mac, &nat->config.sides[side].mac, sizeof(nat->config.sides[side].mac));
	return (struct nat_view){
		.mac = nat_fast_six(mac),
		.mtu = nat->config.sides[!side].mtu,
		.worker = w->nf->index,
		.inbound_refresh = nat->config.inbound_refresh,
		.now_ns = w->nf->now_ns,
		.index = w->sessions->index,
		.table = *w->sessions->share.table,
		.hops = &nat->hops,
		.bucket_worker = nat->bucket_worker,
		.neighbours = w->neighbours,
		.fifo = w->nf->tx[!side],
		.is_tagged = w->nf->vlans[!side] != 0,
		.pool_first = nat->sessions.ports.pool.first,
		.pool_span = nat->sessions.ports.pool.span,
	};
}

/* What is known of an ordinary packet before its mapping is. */
struct nat_flight {
	struct rte_mbuf *m;
	struct rte_ipv4_hdr *ip;
	uint64_t key;         /* outwards */
	const uint32_t *cell; /* inwards: of the external port */
	uint32_t hash;        /* outwards */
	uint16_t ip_size;
	bool is_tcp;
	uint8_t whose; /* the burst's */
};

/* Where the last packet of the burst went: the next one mostly goes there, too. */
struct nat_exit {
	rte_be32_t address; /* 0: nowhere yet, or it has to be found anew */
	struct rte_ether_hdr header;
};

/* ---- headers ---------------------------------------------------------------------------------- */

/* Ethernet II to the NAT, IPv4 without options. */
NAT_FAST_INLINE bool
nat_fast_has_headers(const uint8_t *frame, uint64_t mac)
{
	static const uint8_t ethertype_and_ihl[] = {0x08, 0x00, 0x45};

	return nat_fast_six(frame) == mac &&
	       memcmp(frame + offsetof(struct rte_ether_hdr, ether_type), ethertype_and_ihl,
		      sizeof(ethertype_and_ihl)) == 0;
}

NAT_FAST_INLINE bool
nat_fast_is_whole(const struct rte_ipv4_hdr *ip)
{
	return (ip->fragment_offset & ~RTE_BE16(RTE_IPV4_HDR_DF_FLAG)) == 0;
}

/* UDP, as long as the packet says; TCP, with a header as long as it says. `size`: of layer 4, at least 8. */
NAT_FAST_INLINE bool
nat_fast_l4_is_right(const struct nat_flight *f, uint32_t size)
{
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(f->ip + 1);
	const struct rte_tcp_hdr *tcp = (const struct rte_tcp_hdr *)(f->ip + 1);
	uint32_t header;

	if (!f->is_tcp)
		return f->ip->next_proto_id == IPPROTO_UDP && nf_from_be16(udp->dgram_len) == size;
	header = (uint32_t)(tcp->data_off & 0xf0) >> 2;
	return header >= sizeof(*tcp) && header <= size;
}

/* The shortest packet that is looked at has a header of UDP. Whatever the port said of the checksum, it is summed. */
NAT_FAST_INLINE bool
nat_fast_parse(const struct nat_view *v, struct rte_mbuf *m, struct nat_flight *f)
{
	const uint32_t shortest = sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_udp_hdr);
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t room = rte_pktmbuf_data_len(m);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + NAT_FAST_L2);
	uint32_t size;

	if (unlikely(room < NAT_FAST_L2 + shortest || m->nb_segs != 1))
		return false;
	size = nf_from_be16(ip->total_length);
	f->m = m;
	f->ip = ip;
	f->ip_size = (uint16_t)size;
	f->is_tcp = ip->next_proto_id == IPPROTO_TCP;
	return likely(nat_fast_has_headers(frame, v->mac)) &&
	       likely(size - shortest <= room - NAT_FAST_L2 - shortest) && likely(size <= v->mtu) &&
	       likely(nat_fast_is_whole(ip)) && likely(ip->time_to_live > 1) &&
	       likely(nf_csum_is_right_20(ip)) &&
	       likely(nat_fast_l4_is_right(f, size - (uint32_t)sizeof(*ip)));
}

/* ---- where its mapping may be ------------------------------------------------------------------ */

NAT_FAST_INLINE rte_be16_t
nat_fast_port(const struct nat_flight *f, bool source)
{
	return *nat_l4_port(NAT_UDP, (uint8_t *)(f->ip + 1), source);
}

NAT_FAST_INLINE bool
nat_fast_is_mine(const struct nat_view *v, uint8_t bucket)
{
	return v->bucket_worker[bucket] == v->worker;
}

NAT_FAST_INLINE bool
nat_fast_look_out(const struct nat_view *v, struct nat_flight *f)
{
	if (unlikely(!nat_fast_is_mine(v, (uint8_t)nf_from_be32(f->ip->src_addr))))
		return false;
	f->key = nat_session_key(f->ip->src_addr, nat_fast_port(f, true),
				 f->is_tcp ? IPPROTO_TCP : IPPROTO_UDP);
	f->hash = nf_slot_index_hash(&v->index, f->key);
	nf_slot_index_prefetch(&v->index, f->hash);
	return true;
}

NAT_FAST_INLINE bool
nat_fast_look_in(const struct nat_worker *w, const struct nat_view *v, struct nat_flight *f)
{
	const struct nat_config *config = &w->nat->config;
	const struct nat_pool *pool = &w->nat->sessions.ports.pool;
	uint16_t number = nat_pool_number(pool, f->ip->dst_addr);
	uint16_t port = nf_from_be16(nat_fast_port(f, false));

	if (unlikely(number == NAT_NOT_IN_POOL ||
		     f->ip->dst_addr == config->sides[NAT_OUTSIDE].address ||
		     f->ip->dst_addr == config->sides[NAT_INSIDE].address ||
		     !nat_fast_is_mine(v, nat_port_bucket(&pool->rule, port))))
		return false;
	f->cell =
		nat_session_outside_cell(w->sessions, f->is_tcp ? NAT_TCP : NAT_UDP, number, port);
	rte_prefetch0(f->cell);
	return true;
}

NAT_FAST_INLINE bool
nat_fast_look(const struct nat_worker *w, const struct nat_view *v, struct rte_mbuf *m,
	      uint8_t side, struct nat_flight *f)
{
	if (!nat_fast_parse(v, m, f))
		return false;
	return side == NAT_INSIDE ? nat_fast_look_out(v, f) : nat_fast_look_in(w, v, f);
}

/* False: there seems to be none. */
NAT_FAST_INLINE bool
nat_fast_prefetch(const struct nat_view *v, uint8_t side, const struct nat_flight *f)
{
	uint32_t slot = side == NAT_INSIDE ? nf_slot_index_peek(&v->index, f->hash) : *f->cell - 1;

	if (unlikely(slot == NF_NO_SLOT))
		return false;
	nat_tcp_prefetch(slim_slot(&v->table, slot), f->is_tcp ? NAT_TCP : NAT_UDP,
			 side == NAT_INSIDE ? NAT_KIND_OUT : NAT_KIND_IN);
	return true;
}

/* ---- the translation --------------------------------------------------------------------------- */

NAT_FAST_INLINE const struct rte_tcp_hdr *
nat_fast_tcp(const struct nat_flight *f)
{
	return (const struct rte_tcp_hdr *)(f->ip + 1);
}

/* Surely none of the pool's addresses? */
NAT_FAST_INLINE bool
nat_fast_is_plain(const struct nat_view *v, rte_be32_t address)
{
	return nf_from_be32(address) - v->pool_first >= v->pool_span;
}

/* The checksum of layer 4 after the change. */
NAT_FAST_INLINE void
nat_fast_fix_l4(const struct nat_flight *f, uint64_t sum)
{
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(f->ip + 1);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(f->ip + 1);
	uint16_t checksum;

	if (f->is_tcp) {
		tcp->cksum = (uint16_t)~nf_csum_fold64(sum + (uint16_t)~tcp->cksum);
		return;
	}
	if (unlikely(udp->dgram_cksum == 0))
		return;
	checksum = (uint16_t)~nf_csum_fold64(sum + (uint16_t)~udp->dgram_cksum);
	udp->dgram_cksum = checksum == 0 ? UINT16_MAX : checksum;
}

/* Source or destination becomes address and port; `ip_sum`: what else changed in the header. */
NAT_FAST_INLINE void
nat_fast_rewrite(const struct nat_flight *f, bool source, rte_be32_t address, rte_be16_t port,
		 uint64_t ip_sum)
{
	const uint64_t ttl_sum = RTE_BE16(0xfeff); /* of a word whose upper octet is one less */
	rte_be16_t *old_port = nat_l4_port(NAT_UDP, (uint8_t *)(f->ip + 1), source);
	uint64_t sum = nf_csum_replace32(nat_ip_address(f->ip, source), address);

	nat_ip_set_address(f->ip, source, address);
	f->ip->time_to_live--;
	f->ip->hdr_checksum =
		(uint16_t)~nf_csum_fold64(sum + ttl_sum + ip_sum + (uint16_t)~f->ip->hdr_checksum);
	sum += (uint16_t) ~*old_port + (uint64_t)port;
	*old_port = port;
	nat_fast_fix_l4(f, sum);
}

/* As nf_emit(). */
NAT_FAST_INLINE void
nat_fast_emit(const struct nat_view *v, struct rte_mbuf *m, uint8_t side)
{
	struct nf_fifo *fifo = v->fifo;

	if (unlikely(v->is_tagged || nf_fifo_count(fifo) == NF_FIFO_SIZE)) {
		nf_emit(v->neighbours->worker, side, m);
		return;
	}
	nf_frame_pad(m);
	fifo->pkts[fifo->tail++ & (NF_FIFO_SIZE - 1)] = m;
}

/* As nf_neighbour_send(); who it went to is asked once for packets that follow each other. */
NAT_FAST_INLINE void
nat_fast_send(const struct nat_view *v, struct nat_exit *exit, const struct nat_flight *f,
	      const struct nf_next *next)
{
	struct rte_mbuf *m = f->m;

	m->data_len = (uint16_t)(f->ip_size + NAT_FAST_L2);
	m->pkt_len = f->ip_size + (uint32_t)NAT_FAST_L2;
	if (unlikely(exit->address != next->address)) {
		const struct nf_neighbour_ready *ready =
			nf_neighbour_place(v->neighbours, next->address, next->side);

		if (unlikely(!nf_neighbour_is_fresh(ready, next->address, next->side) ||
			     nf_neighbour_is_old(v->neighbours, ready))) {
			nf_neighbour_send_anyway(v->neighbours, m, next);
			return;
		}
		exit->address = next->address;
		exit->header = ready->header;
	}
	*(struct rte_ether_hdr *)((uint8_t *)f->ip - NAT_FAST_L2) = exit->header;
	nat_fast_emit(v, m, next->side);
}

/* A datagram that may be cut gets an identification of its own; what that does to the sum. */
NAT_FAST_INLINE uint64_t
nat_fast_replace_id(struct nat_worker *w, const struct nat_flight *f, rte_be32_t source)
{
	rte_be16_t from = f->ip->packet_id;

	if (!nat_id_is_needed(f->ip))
		return 0;
	f->ip->packet_id = nat_id_take(&w->ids, source, f->ip->dst_addr,
				       f->is_tcp ? IPPROTO_TCP : IPPROTO_UDP);
	return (uint64_t)(uint16_t)~from + f->ip->packet_id;
}

/* As nat_session_find(). */
NAT_FAST_INLINE struct nat_session *
nat_fast_find(const struct nat_view *v, const struct nat_flight *f)
{
	const uint64_t mask = nat_session_key(UINT32_MAX, UINT16_MAX, UINT8_MAX);

	for (uint32_t i = f->hash;; i++) {
		uint64_t cell = nf_slot_index_cell(&v->index, i), head;
		struct nat_session *session;

		if (unlikely(cell == 0))
			return NULL;
		if (unlikely((uint32_t)(cell >> 32) != f->hash))
			continue;
		session = slim_slot(&v->table, (uint32_t)cell - 1);
		memcpy(&head, session, sizeof(head));
		if (likely((head & mask) == f->key))
			return session;
	}
}

NAT_FAST_INLINE bool
nat_fast_out(struct nat_worker *w, const struct nat_view *v, struct nat_exit *exit,
	     const struct nat_flight *f)
{
	struct nat_session *session = nat_fast_find(v, f);
	struct nf_next next;
	uint64_t ip_sum;

	if (unlikely(!nat_fast_is_plain(v, f->ip->dst_addr)) ||
	    unlikely(nf_may_go(v->hops, f->ip->dst_addr, NAT_OUTSIDE, &next) != NF_ALLOWED))
		return false;
	if (unlikely(session == NULL)) {
		session = nat_open_ordinary(w, f);
		if (session == NULL)
			return false;
	} else if (f->is_tcp) {
		const struct rte_tcp_hdr *tcp = nat_fast_tcp(f);

		if (unlikely(!nat_tcp_only_follows(session, tcp, f->ip->dst_addr)))
			return false;
		nat_tcp_follow_out(session, tcp, f->ip_size - (uint32_t)sizeof(*f->ip));
	}
	session->last_seen = v->now_ns;
	session->packets_out++;
	session->bytes_out += f->ip_size;
	ip_sum = nat_fast_replace_id(w, f, session->outside_address);
	nat_fast_rewrite(f, true, session->outside_address, session->outside_port, ip_sum);
	nat_fast_send(v, exit, f, &next);
	return true;
}

NAT_FAST_INLINE bool
nat_fast_in(const struct nat_view *v, struct nat_exit *exit, const struct nat_flight *f)
{
	uint32_t slot = *f->cell - 1;
	struct nat_session *session;
	struct nf_next next;

	if (unlikely(slot == NF_NO_SLOT || !nat_fast_is_plain(v, f->ip->src_addr)) ||
	    unlikely(nf_may_come(v->hops, f->ip->src_addr, NAT_OUTSIDE) != NF_ALLOWED))
		return false;
	session = slim_slot(&v->table, slot);
	if (unlikely(nf_may_go(v->hops, session->inside_address, NAT_INSIDE, &next) !=
		     NF_ALLOWED) ||
	    unlikely(f->is_tcp && nat_tcp_may_change(session, nat_fast_tcp(f)->tcp_flags)))
		return false;
	if (v->inbound_refresh)
		session->last_seen = v->now_ns;
	session->packets_in++;
	session->bytes_in += f->ip_size;
	nat_fast_rewrite(f, false, session->inside_address, session->inside_port, 0);
	nat_fast_send(v, exit, f, &next);
	return true;
}

#endif
