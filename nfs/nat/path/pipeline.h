/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The general packet path of the NAT: it knows all packets, and what becomes of each. A burst of them (burst.h) takes
 * these steps together:
 *
 *   parse      every packet; those of foreign buckets go to their worker
 *   prefetch   the cell of the index, then the slot
 *   plan       find the mapping, ask all that can refuse the packet; changes nothing
 *   commit     make or touch the mapping, rewrite, emit; refuses nothing
 *
 * Between them stands what both refuses and changes: making a mapping, all or nothing. What is lost after the
 * commit is lost on the way out, as on a wire: full queues, a silent neighbour.
 *
 * A hairpinned packet is two: one that leaves, and one that comes to a mapping, maybe at another worker, which
 * cannot be asked. Each half changes nothing if it is refused. What refuses the second leaves the first as it
 * is, at one worker and at two: for peers behind one NAT that filters, each side's first packet is filtered at
 * the other side, and opens its own (hole punching, RFC 5128).
 */
#ifndef NAT_PIPELINE_H
#define NAT_PIPELINE_H

#include "nat.h"
#include "packet.h"
#include "worker.h"

/* Parses a packet; true: it is this worker's and goes on. Else it was dropped or handed over. */
bool nat_accept(struct nat_worker *w, struct nat_packet *p, struct rte_mbuf *m,
		struct nf_meta meta);
/* The same for one that another worker handed over, and whether it is hairpinned. */
bool nat_accept_handed(struct nat_worker *w, struct nat_packet *p, struct rte_mbuf *m,
		       bool *ret_hairpin);
/* Its mapping, if there is one. */
void nat_prefetch(struct nat_worker *w, const struct nat_packet *p);
/* All the rest: emits, hands over, drops or keeps it. */
void nat_act(struct nat_worker *w, struct nat_packet *p, bool hairpinned);

/* A translated packet goes no further on a side, for its neighbour is silent: tells its sender, as a router on
 * that side would, by an ICMP error that comes in there and is translated like others (RFC 1812 section
 * 5.2.7.1, RFC 5508 REQ-10). The packet stays the caller's. */
void nat_tell_silent(struct nf_worker *nf, struct rte_mbuf *m, uint8_t side);

/* Each round: those whose SYN nothing has let in for NAT_UNSOLICITED_NS are told (unsolicited.h). */
void nat_answer_unsolicited(struct nat_worker *w);

#endif
