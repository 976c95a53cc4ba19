/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a subscriber's packet passes, in either direction: first all that can refuse it is asked, and nothing
 * is changed; then it passes, and what is known of its session changes with it. So a packet that is dropped
 * leaves no trace but its counter. Parts that both directions have in common. Worker's thread.
 */
#ifndef GATEWAY_PASSAGE_H
#define GATEWAY_PASSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway.h"
#include "mtu.h"
#include "packet.h"
#include "session_entry.h"

/* ---- asked --------------------------------------------------------------------------------------------- */

static inline bool
gateway_ttl_is_over(const struct gateway_packet *p)
{
	const struct nf_ip ip = gateway_ip(p);

	return nf_ip_ttl_is_over(&ip);
}

static inline bool
gateway_is_too_big(const struct gateway_packet *p, uint32_t room)
{
	const struct nf_ip ip = gateway_ip(p);

	return nf_ip_is_too_big(&ip, room);
}

/* ---- done ---------------------------------------------------------------------------------------------- */

static inline void
gateway_decrement_ttl(struct gateway_packet *p)
{
	const struct nf_ip ip = gateway_ip(p);

	nf_ip_decrement_ttl(&ip);
}

/* Leaves the subscriber's packet with room for an Ethernet header in front, and nothing behind. */
static inline void
gateway_strip(struct gateway_packet *p)
{
	uint32_t front = (uint32_t)(p->ip - rte_pktmbuf_mtod(p->m, uint8_t *)) -
			 (uint32_t)sizeof(struct rte_ether_hdr);

	rte_pktmbuf_adj(p->m, (uint16_t)front);
	rte_pktmbuf_trim(p->m, (uint16_t)(rte_pktmbuf_data_len(p->m) -
					  sizeof(struct rte_ether_hdr) - p->ip_size));
}

/* In pieces of what there is room for, if it must be; it is stripped. Returns how many; 0: it is dropped. */
uint16_t gateway_cut_up(struct gateway_worker *w, struct gateway_packet *p, uint32_t room,
			struct rte_mbuf *pieces[NF_MAX_PIECES]);

static inline uint16_t
gateway_pieces(struct gateway_worker *w, struct gateway_packet *p, uint32_t room,
	       struct rte_mbuf *pieces[NF_MAX_PIECES])
{
	if (unlikely(p->ip_size > room))
		return gateway_cut_up(w, p, room, pieces);
	pieces[0] = p->m;
	return 1;
}

/* Drops a packet for `counter`; its sender is told if it is too big for `room`, or its time to live is
 * over. What is above the session's rate is counted there. */
void gateway_refuse(struct gateway_worker *w, struct gateway_packet *p,
		    struct gateway_session *session, uint16_t counter, uint32_t room);

#endif
