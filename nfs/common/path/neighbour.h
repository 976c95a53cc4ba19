/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Neighbours: who has which MAC address (table `neighbour`), and the packets that wait for
 * an answer (RFC 826, RFC 1122 section 2.3.2).
 *
 * A neighbour is a slot, so a target that takes over need not resolve again. Its
 * bucket is the low byte of the address; the worker that owns it writes the slot, asks, and
 * keeps the packets that wait. Only resolved neighbours are in the table; questions
 * under way are not moved: packets that still wait after a move are dropped by name.
 *
 * Other workers read the slot under its sequence and keep a copy; the copy is
 * good as long as the slot's sequence stands. What they do not find they hand over to the owner.
 *
 * What is learnt from whom stands in neighbour_rule.h, who may cause how many questions in
 * neighbour_ask.h.
 */
#ifndef NF_NEIGHBOUR_H
#define NF_NEIGHBOUR_H

#include "forward.h"
#include "neighbour_table.h"

extern const struct slim_field nf_neighbour_fields[];
extern const uint16_t nf_neighbour_n_fields;
extern const struct slim_table_ops nf_neighbour_ops; /* ctx: its shares */

/* Adds the table to an agent that is created but not started. Negative errno. */
int nf_neighbour_table_create(struct nf_neighbour_table *t, struct slim_agent *agent);
/* After slim_agent_start(): joins a worker of the loop with its share. */
struct nf_neighbours *nf_neighbour_worker_init(struct nf_neighbour_table *t,
					       struct nf_worker *worker);

/* ---- worker ---------------------------------------------------------------------------------- */

/* The rest of nf_neighbour_send(): no copy, or one that is too old. */
void nf_neighbour_send_anyway(struct nf_neighbours *n, struct rte_mbuf *m,
			      const struct nf_next *next);

/* Sends a packet, complete but for its Ethernet addresses, to where nf_may_go() or nf_may_answer() says.
 * Emits it, keeps it while the neighbour is asked, hands it to the neighbour's owner, or drops it. */
__attribute__((always_inline)) static inline void
nf_neighbour_send(struct nf_neighbours *n, struct rte_mbuf *m, const struct nf_next *next)
{
	const struct nf_neighbour_ready *ready = nf_neighbour_place(n, next->address, next->side);

	if (unlikely(!nf_neighbour_is_fresh(ready, next->address, next->side) ||
		     nf_neighbour_is_old(n, ready))) {
		nf_neighbour_send_anyway(n, m, next);
		return;
	}
	*rte_pktmbuf_mtod(m, struct rte_ether_hdr *) = ready->header;
	nf_emit(n->worker, next->side, m);
}

/* Goes on with a packet that another worker handed over as NF_META_RESOLVE. */
void nf_neighbour_resume(struct nf_neighbours *n, struct rte_mbuf *m);

/* Takes over a valid ARP packet: learns, answers for the addresses of the NF, or drops. */
void nf_arp_take(struct nf_neighbours *n, struct rte_mbuf *m, uint8_t side);

/* `address` on `side` is at `mac`, it has just answered. Only by the owner. False: it is neither known nor asked
 * for. */
bool nf_neighbour_learn(struct nf_neighbours *n, uint8_t side, rte_be32_t address,
			const struct rte_ether_addr *mac);

/* Timers: asks again, refreshes what is used, forgets what is silent or unused, and
 * asks for the next hops of static routes before the first packet needs them. */
void nf_neighbour_tick(struct nf_neighbours *n);

/* Packets that wait; for tests. */
uint32_t nf_neighbour_waiting(const struct nf_neighbours *n);

#endif
