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

/* The first segment of a new mapping. */
void nat_tcp_begin(struct nat_worker *w, const struct nat_packet *p, uint32_t slot);

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

static inline void
nat_tcp_track_out(struct nat_worker *w, const struct nat_packet *p, uint32_t slot)
{
	struct nat_session *session = slim_slot(w->sessions->share.table, slot);
	const struct rte_tcp_hdr *tcp = nat_tcp_header(p);

	/* In other states it is rarely seen more than once or twice. */
	if (unlikely((tcp->tcp_flags & NF_TCP_FLAGS) != RTE_TCP_ACK_FLAG ||
		     session->tcp_state != NF_TCP_ESTABLISHED ||
		     session->tcp_peer_port != tcp->dst_port ||
		     session->tcp_peer_address != p->ip->dst_addr ||
		     session->tcp_scale > NF_TCP_MAX_SCALE)) {
		nat_tcp_take(w, p, slot, true);
		return;
	}
	nf_tcp_follow(&session->tcp_edges, session->tcp_scale,
		      rte_be_to_cpu_32(tcp->sent_seq) + nat_tcp_data_size(p),
		      rte_be_to_cpu_32(tcp->recv_ack), rte_be_to_cpu_16(tcp->rx_win));
}

/* As nat_tcp_take(). */
static inline bool
nat_tcp_track_in(struct nat_worker *w, const struct nat_packet *p, uint32_t slot)
{
	uint8_t state = nat_session_at(w->sessions, slot)->tcp_state;
	enum nf_tcp_event event = nf_tcp_event(nat_tcp_header(p)->tcp_flags);

	/* Whatever else it turns out to be, it changes less. */
	return unlikely(nf_tcp_cell(NF_TCP_IN, state, event) != state) &&
	       nat_tcp_take(w, p, slot, false);
}

#endif
