/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions under way: who is asked for, how often, and the packets that wait for the answer.
 *
 * Room is limited so that nobody takes another's: each side has its own, of which one source of packets gets
 * a small part, and next hops of routes have places that nothing else takes. Who scans dark addresses stops
 * at its own part; what it then sends to more of them is dropped.
 *
 * Worker's thread.
 */
#ifndef NF_NEIGHBOUR_ASK_H
#define NF_NEIGHBOUR_ASK_H

#include "neighbour_table.h"

enum {
	NF_CAUSE_ROUTE = 0,   /* the NF itself, for a next hop */
	NF_CAUSE_DISPUTE = 1, /* whoever says that a neighbour has moved */
};

/* Who is to blame for a question that the packet makes: its sender. What the NF itself sends is an answer, and its
 * destination's. */
uint16_t nf_neighbour_cause(const struct nf_neighbours *n, const struct rte_mbuf *m);

/* NULL: no question is under way. */
struct nf_asked *nf_asked_find(struct nf_neighbours *n, uint8_t side, rte_be32_t address);

/* Begins to ask for what no question is under way for. NULL: there is no room for it. */
struct nf_asked *nf_asked_begin(struct nf_neighbours *n, uint8_t side, rte_be32_t address,
				enum nf_question_stage stage, uint16_t cause);

/* Keeps the packet until the answer comes. False: no room, it is still the caller's. */
bool nf_asked_keep(struct nf_neighbours *n, struct nf_asked *asked, struct rte_mbuf *m);

/* The answer: sends what waits. */
void nf_asked_answered(struct nf_neighbours *n, struct nf_asked *asked,
		       const struct rte_ether_addr *mac);

/* Asks `to` or (NULL) everybody, once. */
void nf_asked_send(struct nf_neighbours *n, uint8_t side, rte_be32_t address,
		   const struct rte_ether_addr *to);
/* Tells everybody that the NF has the address. */
void nf_asked_announce(struct nf_neighbours *n, uint8_t side, rte_be32_t address);

/* Asks again, and gives up. */
void nf_asked_tick(struct nf_neighbours *n);

#endif
