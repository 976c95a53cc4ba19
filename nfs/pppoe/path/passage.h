/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a client's packet passes, in either direction: first all that can refuse it is asked, and nothing is changed; then
 * it passes, and what is known of its session changes with it. So a packet that is dropped leaves no trace but its
 * counter. Parts that both directions have in common. Worker's thread.
 */
#ifndef PPPOE_PATH_PASSAGE_H
#define PPPOE_PATH_PASSAGE_H

#include "counters.h"
#include "mss.h"
#include "mtu.h"
#include "packet.h"
#include "pppoe.h"

/* Is the slot this worker's? */
static inline bool
pppoe_is_mine(const struct pppoe_worker *w, uint32_t slot)
{
	return slot - w->sessions->share.first_slot < w->sessions->share.n_slots;
}

/* The slot of the client to whom the packet is; NF_NO_SLOT: to none. */
uint32_t pppoe_client_of(const struct pppoe_worker *w, const struct nf_ip *ip);

/* To the concentrator itself, by an address of either side? */
bool pppoe_is_own(const struct pppoe_config *config, const struct nf_ip *ip);

/* Leaves the IP packet with `front` octets in front, which are there, and nothing behind. */
static inline void
pppoe_strip(struct pppoe_frame *f, uint16_t front)
{
	struct rte_mbuf *m = f->m;

	m->data_off = (uint16_t)(f->ip.at - front - (uint8_t *)m->buf_addr);
	m->data_len = (uint16_t)(front + f->ip.size);
	m->pkt_len = m->data_len;
}

/* What a SYN announces is no more than a session takes. */
static inline void
pppoe_clamp(struct pppoe_worker *w, const struct nf_ip *ip, const struct pppoe_session *session)
{
	if (w->pppoe->config.clamp_mss && nf_mss_clamp(ip, session->peer_mru))
		nf_count(w->nf, PPPOE_mss_clamped, 1);
}

/* In pieces of what there is room for, if it must be; it is stripped to `front`. Returns how many; 0: it is dropped. */
uint16_t pppoe_cut_up(struct pppoe_worker *w, struct rte_mbuf *m, uint16_t front, uint32_t room,
		      struct rte_mbuf *pieces[NF_MAX_PIECES]);

static inline uint16_t
pppoe_pieces(struct pppoe_worker *w, struct pppoe_frame *f, uint16_t front, uint32_t room,
	     struct rte_mbuf *pieces[NF_MAX_PIECES])
{
	if (unlikely(f->ip.size > room))
		return pppoe_cut_up(w, f->m, front, room, pieces);
	pieces[0] = f->m;
	return 1;
}

/* Drops a packet for `counter`; its sender is told if it is too big for `room`, or its time to live is over. */
void pppoe_refuse(struct pppoe_worker *w, struct pppoe_frame *f, uint16_t counter, uint32_t room);

#endif
