/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IPv4 fragments (RFC 791; RFC 4787 REQ-13, REQ-14). Only the first fragment of a datagram has
 * ports. All fragments of one datagram come together at one worker (datagram.h), the first one teaches it the
 * ports, and each goes on with them to the worker that owns the mapping. Nothing is put together: a fragment
 * is translated like a packet, the later ones in their IPv4 header alone.
 *
 * Three places, and one way between them:
 *
 *   first fragment --> candidate (candidate.h) -- found forwardable --> known (table `fragment`)
 *   later fragment --> goes on if its datagram is known, or a candidate from outside; else it waits (early.h)
 *
 * Whether a datagram is forwardable only the owner of its mapping can say. nat_fragment_accept() is how he says
 * it, at once or by a message to the datagram's worker; it is called when nothing can refuse the packet any
 * more. So what is refused is never known, and never moves.
 *
 * What is known is shared out (fair.h): each side has half, and more while the other side does not need it; in a
 * side the subscriber with most datagrams gives up the oldest of his own, whoever sent them. A pair of peer
 * and subscriber has NAT_FRAGMENTS_OF_PEER at most. A full table never refuses: who is new gets in,
 * and what is in order needs its place only until its last fragment.
 *
 * A first fragment with other ports than the one before is dropped while that is known: it could only be
 * meant to lead others astray (RFC 1858; RFC 5722 for IPv6).
 *
 * From inside, the fragments of a datagram leave with one identification of the NAT's own (identification.h).
 *
 * All calls that take a struct nat_fragments belong to its worker. Nothing here allocates after init.
 */
#ifndef NAT_FRAGMENT_H
#define NAT_FRAGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_ring.h>

#include "ages.h"
#include "candidate.h"
#include "config.h"
#include "datagram.h"
#include "early.h"
#include "fair.h"
#include "worker.h"
#include "packet.h"
#include "share.h"
#include "slim.h"
#include "slot_index.h"

#define NAT_FRAGMENT_TICK 64u     /* datagrams forgotten in one round */
#define NAT_FRAGMENTS_OF_PEER 64u /* datagrams known of one peer outside to one subscriber */
#define NAT_FRAGMENT_MESSAGES 4096u

extern const struct slim_field nat_fragment_fields[];
extern const uint16_t nat_fragment_n_fields;
extern const struct slim_table_ops nat_fragment_ops; /* ctx: its shares */

struct nat_fragment_table;

struct nat_fragments {
	struct nf_share share;
	struct nat_fragment_table *shared;
	struct nf_slot_index index;
	struct nf_ages ages;               /* of slots - first_slot, as all below */
	struct nf_fair sides[NAT_N_SIDES]; /* by subscriber */
	struct nf_fair peers;              /* by peer outside and subscriber */
	struct nat_candidates candidates[NAT_N_SIDES];
	struct nat_early early;
	struct rte_ring *messages; /* struct nat_fragment: what other workers found forwardable */
};

struct nat_fragment_table {
	struct nf_shares shares;
	uint64_t lifetime_ns; /* of what the first fragment taught, and of waiting for it */
	const uint8_t *bucket_worker;
};

static inline struct nat_fragments *
nat_fragments_of(const struct nat_fragment_table *t, uint16_t worker)
{
	return nf_share_at(&t->shares, worker);
}

/* Main thread. -ENOMEM. */
int nat_fragment_table_init(struct nat_fragment_table *t, const struct nat_config *config,
			    const uint8_t bucket_worker[SLIM_N_BUCKETS], uint64_t seed);
/* Declares the table to an agent that is created but not started. Negative errno. */
int nat_fragment_table_create(struct nat_fragment_table *t, struct slim_agent *agent);
/* Frees what waits, too. */
void nat_fragment_table_fini(struct nat_fragment_table *t);

/* ---- worker ------------------------------------------------------------------------------------ */

/* Takes a packet of NAT_KIND_FRAGMENT at the worker of its bucket. True: it goes on with the ports of its
 * datagram; false: it waits, or was dropped. */
bool nat_fragment_take(struct nat_fragments *f, struct nf_worker *nf, struct nat_packet *p,
		       struct nat_ports *ret_ports);

/* Behind the first fragment of a datagram: those that waited for it, in their order, the caller's now, to be
 * taken. Returns how many. */
uint16_t nat_fragment_take_waiting(struct nat_fragments *f, const struct nat_fragment *key,
				   struct rte_mbuf *pkts[NAT_FRAGMENTS_PER_DATAGRAM]);

/* The part of nat_fragment_accept() for first fragments. */
void nat_fragment_accept_first(struct nat_fragments *f, struct nf_worker *nf,
			       const struct nat_packet *p, rte_be32_t subscriber);

/* A first fragment goes on, and nothing can refuse it any more: its datagram is known from now on. Its header
 * is as it came. Any worker; other packets are passed over. */
static inline void
nat_fragment_accept(struct nat_fragments *f, struct nf_worker *nf, const struct nat_packet *p,
		    rte_be32_t subscriber)
{
	if (unlikely(p->fragment == NAT_FRAGMENT_FIRST))
		nat_fragment_accept_first(f, nf, p, subscriber);
}

/* Timers and messages, once a round; gives back what waits when the instance does not serve any more. */
void nat_fragment_tick(struct nat_fragments *f, struct nf_worker *nf);

#endif
