/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short way of ordinary packets: whole, for a mapping that is there, or the first of one, which is made by the
 * general path's functions (open.h). Its functions follow a connection, too, where a segment may change its state
 * (tcp_path.h).
 *
 * It asks what the general path (pipeline.h) asks, in any order, and changes nothing before the last answer. Each answer
 * that is not the usual one leaves the packet as it came to the general path: nothing is refused, dropped or told
 * here. So it may know less than the general path, never more; fast_test.c compares the two. It exists for workers
 * where the general path would ask no more than this: without exempt destinations and with
 * endpoint-independent filtering.
 *
 *   nat_fast_look()   is the frame ordinary by its headers? Where its mapping may be
 *   nat_fast_cell()   what to prefetch for that
 *   nat_fast_fetch()  the mapping, prefetched
 *   nat_fast_out()    all other questions, then the whole translation; false: the general path's
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
#include "flight.h"
#include "frame.h"
#include "nat.h"
#include "neighbour.h"
#include "open.h"
#include "order.h"
#include "tcp_path.h"
#include "touched.h"

#define NAT_FAST_INLINE __attribute__((always_inline)) static inline
#define NAT_FAST_L2 sizeof(struct rte_ether_hdr)

/* What all packets of a burst need, without the way through the structures that it is in: behind each write to a packet
 * the compiler would have to go it again. */
struct nat_view {
	uint64_t mac;       /* of the side that they came in on; nat_fast_six() */
	uint64_t odd_flags; /* of an mbuf: its tag was taken off, on a port without a VLAN */
	uint64_t now_ns;
	struct nf_slot_index index;
	struct slim_table table;
	const struct nat_port_table *ports;
	const struct nf_hops *hops;
	const uint8_t *bucket_worker;
	struct nf_neighbours *neighbours;
	struct nf_fifo *fifo; /* of the other side, */
	uint32_t fifo_room;   /* which takes so many; none, if its port has a VLAN */
	uint32_t mtu;         /* likewise */
	uint8_t worker;
	bool inbound_refresh;
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
		.odd_flags = w->nf->vlans[side] == 0 ? RTE_MBUF_F_RX_VLAN_STRIPPED : 0,
		.now_ns = w->nf->now_ns,
		.index = w->sessions->index,
		.table = *w->sessions->share.table,
		.ports = &nat->sessions.ports,
		.hops = &nat->hops,
		.bucket_worker = nat->bucket_worker,
		.neighbours = w->neighbours,
		.fifo = w->nf->tx[!side],
		.fifo_room = w->nf->vlans[!side] == 0 ? NF_FIFO_SIZE : 0,
		.mtu = nat->config.sides[!side].mtu,
		.worker = (uint8_t)w->nf->index,
		.inbound_refresh = nat->config.inbound_refresh,
	};
}

/* Where the last packets of the burst went: the next ones mostly go there, too. */
struct nat_exit {
	uint8_t way; /* of all addresses that are reached by this neighbour (forward.h), or NAT_FAST_NO_WAY */
	uint8_t from;       /* of sources that may come from outside; likewise */
	rte_be32_t address; /* of the neighbour; 0: nowhere yet, or it has to be found anew */
	uint8_t header[16]; /* of the frame */
};

#define NAT_FAST_NO_WAY UINT8_MAX

NAT_FAST_INLINE struct nat_exit
nat_fast_no_exit(void)
{
	return (struct nat_exit){.way = NAT_FAST_NO_WAY, .from = NAT_FAST_NO_WAY};
}

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

/* By the number of the protocol; 0: the general path's. */
static const uint8_t nat_fast_checksum_at[UINT8_MAX + 1] = {
	[IPPROTO_UDP] = NAT_FAST_UDP,
	[IPPROTO_TCP] = NAT_FAST_TCP,
};

/* UDP, as long as the packet says; TCP, with a header as long as it says. `size`: of layer 4, at least 8. Both are
 * found out, for which of them a packet is cannot be foretold. So the frame has a header of TCP
 * in any case. */
NAT_FAST_INLINE bool
nat_fast_l4_is_right(const struct nat_flight *f, uint32_t size)
{
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(f->ip + 1);
	const struct rte_tcp_hdr *tcp = (const struct rte_tcp_hdr *)(f->ip + 1);
	int32_t header = (tcp->data_off & 0xf0) >> 2;
	int32_t tcp_is_right = (header - (int32_t)sizeof(*tcp)) | ((int32_t)size - header);
	int32_t is_tcp = -(int32_t)nat_fast_is_tcp(f); /* all bits, or none */
	int32_t udp_is_right = -(int32_t)(nf_from_be16(udp->dgram_len) ^ size);

	/* Below zero, if any difference is. Chosen by a mask: the compiler would make a branch. */
	return (udp_is_right ^ ((udp_is_right ^ tcp_is_right) & is_tcp)) >= 0;
}

/* A frame that is looked at has room for a header of TCP, and a packet one of UDP. Whatever the port said of the checksum, it is summed. */
NAT_FAST_INLINE bool
nat_fast_parse(const struct nat_view *v, struct rte_mbuf *m, uint64_t odd_flags,
	       struct nat_flight *f)
{
	const uint32_t shortest = sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_udp_hdr);
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t room = rte_pktmbuf_data_len(m);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + NAT_FAST_L2);
	uint32_t size;

	if (unlikely(room < NAT_FAST_L2 + sizeof(*ip) + sizeof(struct rte_tcp_hdr) ||
		     m->nb_segs != 1 || (m->ol_flags & odd_flags) != 0))
		return false;
	size = nf_from_be16(ip->total_length);
	f->m = m;
	f->ip = ip;
	f->ip_size = (uint16_t)size;
	f->checksum_at = nat_fast_checksum_at[ip->next_proto_id];
	return likely(nat_fast_has_headers(frame, v->mac)) &&
	       likely(size - shortest <= room - NAT_FAST_L2 - shortest) && likely(size <= v->mtu) &&
	       likely(nat_fast_is_whole(ip)) && likely(ip->time_to_live > 1) &&
	       likely(nf_csum_is_right_20(ip)) && likely(f->checksum_at != 0) &&
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
	if (unlikely(!nat_fast_is_mine(v, ((const uint8_t *)&f->ip->src_addr)[3])))
		return false;
	f->key = nat_session_key(f->ip->src_addr, nat_fast_port(f, true), f->ip->next_proto_id);
	f->hash = nf_slot_index_hash(&v->index, f->key);
	return true;
}

NAT_FAST_INLINE bool
nat_fast_look_in(const struct nat_view *v, struct nat_flight *f)
{
	uint16_t number = nat_pool_number(&v->ports->pool, f->ip->dst_addr);
	uint16_t port = nf_from_be16(nat_fast_port(f, false));
	struct nat_place at;

	/* None of the pool's addresses is the NAT's own (config_pool.c). */
	if (unlikely(number == NAT_NOT_IN_POOL))
		return false;
	at = nat_ports_place(v->ports, number, port, nat_fast_is_tcp(f) ? NAT_TCP : NAT_UDP);
	if (unlikely(!nat_fast_is_mine(v, at.bucket)))
		return false;
	f->cell = nat_ports_cell(v->ports, &at);
	return true;
}

/* `odd_flags`: 0, or the view's. */
NAT_FAST_INLINE bool
nat_fast_look(const struct nat_view *v, struct rte_mbuf *m, uint8_t side, uint64_t odd_flags,
	      struct nat_flight *f)
{
	if (!nat_fast_parse(v, m, odd_flags, f))
		return false;
	return side == NAT_INSIDE ? nat_fast_look_out(v, f) : nat_fast_look_in(v, f);
}

/* The cell that its mapping is looked up in, of a packet that was looked at. */
NAT_FAST_INLINE const void *
nat_fast_cell(const struct nat_view *v, uint8_t side, const struct nat_flight *f)
{
	return side == NAT_INSIDE ? (const void *)nf_slot_index_at(&v->index, f->hash) : f->cell;
}

/* Anew, if mappings may have come or gone since. False: there seems to be none. */
NAT_FAST_INLINE bool
nat_fast_fetch(const struct nat_view *v, uint8_t side, struct nat_flight *f)
{
	uint32_t slot = side == NAT_INSIDE ? nf_slot_index_peek(&v->index, f->hash) : *f->cell - 1;

	if (unlikely(slot == NF_NO_SLOT)) {
		f->session = NULL;
		return false;
	}
	f->session = slim_slot(&v->table, slot);
	__builtin_prefetch(f->session, 1);
	/* The second line of TCP; of UDP the first one again, as which of them it is cannot be foretold. */
	if (side == NAT_INSIDE)
		__builtin_prefetch((uint8_t *)f->session + (f->checksum_at & NAT_FAST_TCP) * 4, 1);
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
	return nf_from_be32(address) - v->ports->pool.first >= v->ports->pool.span;
}

/* The checksum of layer 4 after address and port changed. It is 0 only if a datagram has none, or by chance. */
NAT_FAST_INLINE void
nat_fast_fix_l4(const struct nat_flight *f, uint32_t address_sum, uint32_t port_sum)
{
	rte_be16_t *at = (rte_be16_t *)((uint8_t *)(f->ip + 1) + f->checksum_at);
	uint16_t checksum = *at;

	if (unlikely(checksum == 0) && !nat_fast_is_tcp(f))
		return;
	checksum = (uint16_t)~nf_csum_fold32(
		nf_csum_add32(address_sum, port_sum + (uint16_t)~checksum));
	if (unlikely(checksum == 0) && !nat_fast_is_tcp(f))
		checksum = UINT16_MAX;
	*at = checksum;
}

_Static_assert(offsetof(struct nat_session, inside_port) ==
			       offsetof(struct nat_session, inside_address) + sizeof(rte_be32_t) &&
		       offsetof(struct nat_session, outside_port) ==
			       offsetof(struct nat_session, outside_address) + sizeof(rte_be32_t),
	       "a port stands behind its address");

/* Address and port of a mapping, as they stand in its entry one behind the other, and what stands behind them, in one
 * number. */
NAT_FAST_INLINE uint64_t
nat_fast_endpoint(const rte_be32_t *address)
{
	uint64_t word;

	memcpy(&word, address, sizeof(word));
	return word;
}

NAT_FAST_INLINE rte_be32_t
nat_fast_address(uint64_t endpoint)
{
	return (rte_be32_t)(RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN ? endpoint : endpoint >> 32);
}

NAT_FAST_INLINE rte_be16_t
nat_fast_port_of(uint64_t endpoint)
{
	return (rte_be16_t)(RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN ? endpoint >> 32 : endpoint >> 16);
}

/* Source or destination `from` becomes `to`; `ip_sum`: what else changed in the header. */
NAT_FAST_INLINE void
nat_fast_rewrite(const struct nat_flight *f, bool source, uint64_t from, uint64_t to,
		 uint32_t ip_sum)
{
	const uint32_t ttl_sum = RTE_BE16(0xfeff); /* of a word whose upper octet is one less */
	rte_be32_t address = nat_fast_address(to);
	rte_be16_t port = nat_fast_port_of(to);
	uint32_t address_sum = nf_csum_replace32(nat_fast_address(from), address);

	ip_sum += ttl_sum + (uint16_t)~f->ip->hdr_checksum;
	nat_ip_set_address(f->ip, source, address);
	*nat_l4_port(NAT_UDP, (uint8_t *)(f->ip + 1), source) = port;
	f->ip->time_to_live--;
	f->ip->hdr_checksum = (uint16_t)~nf_csum_fold32(nf_csum_add32(address_sum, ip_sum));
	nat_fast_fix_l4(f, address_sum, nf_csum_diff16(0, nat_fast_port_of(from), port));
}

/* As nf_emit(). */
NAT_FAST_INLINE void
nat_fast_emit(const struct nat_view *v, const struct nat_flight *f, uint8_t side)
{
	struct nf_fifo *fifo = v->fifo;
	struct rte_mbuf *m = f->m;

	if (unlikely(f->ip_size < NF_MIN_FRAME - NAT_FAST_L2))
		nf_frame_fill(m);
	if (unlikely(nf_fifo_count(fifo) >= v->fifo_room)) {
		nf_emit(v->neighbours->worker, side, m);
		return;
	}
	fifo->pkts[fifo->tail++ & (NF_FIFO_SIZE - 1)] = m;
}

/* To the exit. */
NAT_FAST_INLINE void
nat_fast_send(const struct nat_view *v, const struct nat_exit *exit, const struct nat_flight *f,
	      uint8_t side)
{
	uint8_t *frame = (uint8_t *)f->ip - NAT_FAST_L2;

	f->m->data_len = (uint16_t)(f->ip_size + NAT_FAST_L2);
	f->m->pkt_len = f->ip_size + (uint32_t)NAT_FAST_L2;
	memcpy(frame, exit->header, NAT_FAST_L2);
	nat_fast_emit(v, f, side);
}

/* ---- ways ---------------------------------------------------------------------------------------- */

/* As nf_neighbour_send(), for the next packets, too; false: the neighbour has to be looked for. */
static inline bool
nat_fast_find_exit(const struct nat_view *v, struct nat_exit *exit, const struct nf_next *next)
{
	const struct nf_neighbour_ready *ready;

	if (exit->address == next->address)
		return true;
	ready = nf_neighbour_place(v->neighbours, next->address, next->side);
	if (unlikely(!nf_neighbour_is_fresh(ready, next->address, next->side)))
		return false;
	if (unlikely(nf_neighbour_is_old(v->neighbours, ready)))
		nf_neighbour_mark_wanted(v->neighbours, ready->slot);
	exit->address = next->address;
	memcpy(exit->header, &ready->header, sizeof(ready->header));
	return true;
}

/* Another way than the last one's. */
__attribute__((noinline)) static bool
nat_fast_turn(const struct nat_view *v, struct nat_exit *exit, rte_be32_t destination, uint8_t side)
{
	uint8_t way = v->hops->ways[nf_way_of(destination)];
	struct nf_next next;

	exit->way = NAT_FAST_NO_WAY;
	if (unlikely(!nat_fast_is_plain(v, destination)) ||
	    unlikely(nf_may_go(v->hops, destination, side, &next) != NF_ALLOWED) ||
	    unlikely(!nat_fast_find_exit(v, exit, &next)))
		return false;
	if (nf_way_is_plain(way) && v->hops->hops[way - 1].via != 0)
		exit->way = way;
	return true;
}

/* May a packet go to this host on the other side? Then the exit is where it goes: the last question, as its neighbour is
 * used by being asked for. */
NAT_FAST_INLINE bool
nat_fast_may_go(const struct nat_view *v, struct nat_exit *exit, rte_be32_t destination,
		uint8_t side)
{
	return likely(v->hops->ways[nf_way_of(destination)] == exit->way) ||
	       nat_fast_turn(v, exit, destination, side);
}

__attribute__((noinline)) static bool
nat_fast_welcome(const struct nat_view *v, struct nat_exit *exit, rte_be32_t source)
{
	uint8_t way = v->hops->ways[nf_way_of(source)];

	if (unlikely(!nat_fast_is_plain(v, source)) ||
	    unlikely(nf_may_come(v->hops, source, NAT_OUTSIDE) != NF_ALLOWED))
		return false;
	if (nf_way_is_plain(way))
		exit->from = way;
	return true;
}

/* May it come from outside? */
NAT_FAST_INLINE bool
nat_fast_may_come(const struct nat_view *v, struct nat_exit *exit, rte_be32_t source)
{
	return likely(v->hops->ways[nf_way_of(source)] == exit->from) ||
	       nat_fast_welcome(v, exit, source);
}

/* ---- both directions ------------------------------------------------------------------------------- */

/* A datagram that may be cut gets an identification of its own; what that does to the sum. */
NAT_FAST_INLINE uint32_t
nat_fast_replace_id(struct nat_worker *w, const struct nat_flight *f, rte_be32_t source)
{
	rte_be16_t from = f->ip->packet_id, to;

	if (!nat_id_is_needed(f->ip))
		return 0;
	to = nat_id_take(&w->ids, source, f->ip->dst_addr, f->ip->next_proto_id);
	f->ip->packet_id = to;
	return nf_csum_diff16(0, from, to);
}

/* Is it the mapping of the key? The index has been asked by the hash alone. */
NAT_FAST_INLINE bool
nat_fast_has_key(const struct nat_session *session, uint64_t key)
{
	uint64_t head;

	memcpy(&head, session, sizeof(head));
	return (head & nat_session_key(UINT32_MAX, UINT16_MAX, UINT8_MAX)) == key;
}

/* A segment that may change more than the edges. Nothing refuses the packet any more, and nothing in it has been changed. */
__attribute__((noinline)) static void
nat_fast_track(struct nat_worker *w, const struct nat_flight *f, uint8_t side)
{
	const struct nat_packet p = nat_flight_packet(f, side);
	uint32_t slot =
		side == NAT_INSIDE ? nat_session_find(w->sessions, f->hash, f->key) : *f->cell - 1;

	nat_tcp_take(w, &p, slot, side == NAT_INSIDE);
}

/* A copy of what is known of the packet: behind each octet that is written, the compiler would have to read it again. */
NAT_FAST_INLINE bool
nat_fast_out(struct nat_worker *w, const struct nat_view *v, struct nat_exit *exit,
	     const struct nat_flight *flight)
{
	const struct nat_flight f = *flight;
	struct nat_session *session = f.session;
	uint64_t outside;
	uint32_t ip_sum;

	if (unlikely(session == NULL)) {
		if (f.whose != NAT_FAST_WAY ||
		    !nat_fast_may_go(v, exit, f.ip->dst_addr, NAT_OUTSIDE))
			return false;
		session = nat_open_ordinary(w, flight);
		if (session == NULL)
			return false;
	} else if (unlikely(!nat_fast_has_key(session, f.key))) {
		return false;
	} else if (unlikely(!nat_fast_may_go(v, exit, f.ip->dst_addr, NAT_OUTSIDE))) {
		return false;
	} else if (nat_fast_is_tcp(&f)) {
		const struct rte_tcp_hdr *tcp = nat_fast_tcp(&f);

		if (unlikely(!nat_tcp_only_follows(session, tcp, f.ip->dst_addr)))
			nat_fast_track(w, flight, NAT_INSIDE);
		else
			nat_tcp_follow_data(session, tcp,
					    f.ip_size - (uint32_t)sizeof(*f.ip) -
						    nat_tcp_size(tcp));
	}
	session->last_seen = v->now_ns;
	session->packets_out++;
	session->bytes_out += f.ip_size;
	nf_touched(&w->sessions->share, session);
	outside = nat_fast_endpoint(&session->outside_address);
	ip_sum = nat_fast_replace_id(w, &f, nat_fast_address(outside));
	nat_fast_rewrite(&f, true, nat_fast_endpoint(&session->inside_address), outside, ip_sum);
	nat_fast_send(v, exit, &f, NAT_OUTSIDE);
	return true;
}

/* Flags of TCP are looked up for a datagram, too: its state is one that nothing changes. */
NAT_FAST_INLINE bool
nat_fast_in(struct nat_worker *w, const struct nat_view *v, struct nat_exit *exit,
	    const struct nat_flight *flight)
{
	const struct nat_flight f = *flight;
	struct nat_session *session = f.session;
	uint64_t inside;

	if (unlikely(session == NULL || !nat_fast_may_come(v, exit, f.ip->src_addr)))
		return false;
	inside = nat_fast_endpoint(&session->inside_address);
	if (unlikely(!nat_fast_may_go(v, exit, nat_fast_address(inside), NAT_INSIDE)))
		return false;
	if (unlikely(nat_tcp_may_change(session, nat_fast_tcp(&f)->tcp_flags)))
		nat_fast_track(w, flight, NAT_OUTSIDE);
	if (v->inbound_refresh)
		session->last_seen = v->now_ns;
	session->packets_in++;
	session->bytes_in += f.ip_size;
	nf_touched(&w->sessions->share, session);
	nat_fast_rewrite(&f, false, nat_fast_endpoint(&session->outside_address), inside, 0);
	nat_fast_send(v, exit, &f, NAT_INSIDE);
	return true;
}

#endif
