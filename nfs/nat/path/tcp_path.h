/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments for the tracker of tcp.h: what the packet path does with them. Worker's thread.
 *
 * Only of packets that are forwarded, and before they are rewritten: a segment that was dropped
 * changes nothing. An acknowledgement that changes no state, which is nearly all of them, is dealt
 * with here; from outside it does not even touch the second line of the slot.
 */
#ifndef NAT_TCP_PATH_H
#define NAT_TCP_PATH_H

#include <rte_prefetch.h>
#include <rte_tcp.h>

#include "nat.h"
#include "packet.h"
#include "session.h"
#include "tcp.h"

/* What the first segment of a new mapping tells. */
struct nf_tcp nat_tcp_first(const struct nat_packet *p);

/* All that may change a state. True: the transitory timeout begins with this segment. */
bool nat_tcp_take(struct nat_worker *w, const struct nat_packet *p, uint32_t slot, bool out);

static inline const struct rte_tcp_hdr *
nat_tcp_header(const struct nat_packet *p)
{
	return (const struct rte_tcp_hdr *)p->l4;
}

/* Data of the segment, or of its first fragment. */
static inline uint32_t
nat_tcp_data_size(const struct nat_packet *p)
{
	uint32_t headers =
		(p->ip->version_ihl & 0x0fu) * 4u + (nat_tcp_header(p)->data_off >> 4) * 4u;

	return p->ip_size > headers ? p->ip_size - headers : 0;
}

/* The second line, too, where it is needed. */
static inline void
nat_tcp_prefetch(const struct nat_session *session, uint8_t protocol, uint8_t kind)
{
	__builtin_prefetch(session, 1);
	if (protocol == NAT_TCP && kind == NAT_KIND_OUT)
		__builtin_prefetch(&session->tcp_edges, 1);
}

/* From inside: does the segment change no more than the edges? In other states than this one it is rarely seen more
 * than once or twice. */
static inline bool
nat_tcp_only_follows(const struct nat_session *session, const struct rte_tcp_hdr *tcp,
		     rte_be32_t peer)
{
	return (tcp->tcp_flags & NF_TCP_FLAGS) == RTE_TCP_ACK_FLAG &&
	       session->tcp_state == NF_TCP_ESTABLISHED &&
	       session->tcp_peer_port == tcp->dst_port && session->tcp_peer_address == peer &&
	       session->tcp_scale <= NF_TCP_MAX_SCALE;
}

static inline uint32_t
nat_tcp_size(const struct rte_tcp_hdr *tcp)
{
	return (uint32_t)(tcp->data_off >> 4) * 4;
}

/* `size`: of its data. */
static inline void
nat_tcp_follow_data(struct nat_session *session, const struct rte_tcp_hdr *tcp, uint32_t size)
{
	nf_tcp_follow(&session->tcp_edges, session->tcp_scale,
		      rte_be_to_cpu_32(tcp->sent_seq) + size, rte_be_to_cpu_32(tcp->recv_ack),
		      rte_be_to_cpu_16(tcp->rx_win));
}

/* `l4_size`: of the segment with its header, or of its first fragment. */
static inline void
nat_tcp_follow_out(struct nat_session *session, const struct rte_tcp_hdr *tcp, uint32_t l4_size)
{
	uint32_t header = nat_tcp_size(tcp);

	nat_tcp_follow_data(session, tcp, l4_size > header ? l4_size - header : 0);
}

static inline void
nat_tcp_track_out(struct nat_worker *w, const struct nat_packet *p, uint32_t slot)
{
	struct nat_session *session = slim_slot(w->sessions->share.table, slot);
	const struct rte_tcp_hdr *tcp = nat_tcp_header(p);

	if (unlikely(!nat_tcp_only_follows(session, tcp, p->ip->dst_addr)))
		nat_tcp_take(w, p, slot, true);
	else
		nat_tcp_follow_out(session, tcp, p->ip_size - rte_ipv4_hdr_len(p->ip));
}

/* From outside: may the segment change anything? Whatever else it turns out to be, it changes less. */
static inline bool
nat_tcp_may_change(const struct nat_session *session, uint8_t flags)
{
	uint8_t state = session->tcp_state;

	return nf_tcp_cell(NF_TCP_IN, state, nf_tcp_event(flags)) != state;
}

/* As nat_tcp_take(). */
static inline bool
nat_tcp_track_in(struct nat_worker *w, const struct nat_packet *p, uint32_t slot)
{
	const struct nat_session *session = nat_session_at(w->sessions, slot);

	return unlikely(nat_tcp_may_change(session, nat_tcp_header(p)->tcp_flags)) &&
	       nat_tcp_take(w, p, slot, false);
}

#endif
