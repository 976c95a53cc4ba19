/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fragments that came before the first one of their datagram, and wait for it, in the order in which they came.
 * They are as they came.
 *
 * Bounded: packets in all, of one source and for one datagram; datagrams; time. Each side has half, and more as
 * long as the other side does not need it; in a side the source with most packets gives up its oldest
 * datagram. Who asks for more than that is refused. All that is dropped here is counted by name.
 *
 * All of it belongs to one worker. Nothing here allocates after init.
 */
#ifndef NAT_EARLY_H
#define NAT_EARLY_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "ages.h"
#include "datagram.h"
#include "fair.h"
#include "worker.h"

#define NAT_FRAGMENTS_PER_DATAGRAM 64u /* that wait; 64 KiB are 45 of an Ethernet's size */
#define NAT_FRAGMENTS_PER_SOURCE 128u  /* that wait, at one worker */
#define NAT_WAITING_DATAGRAMS 256u     /* of one worker; a power of two */

/* A datagram whose first fragment has not come: the key of `wanted` is set, no more. */
struct nat_waiting {
	struct nat_fragment wanted;
	uint64_t since_ns;
	uint16_t n;
	struct rte_mbuf *pkts[NAT_FRAGMENTS_PER_DATAGRAM];
};

struct nat_early {
	struct nf_slot_index index;
	struct nf_ages ages;                /* of datagrams, by number */
	struct nf_fair shares[NAT_N_SIDES]; /* by source; weight: packets */
	struct nat_waiting *waiting;        /* NAT_WAITING_DATAGRAMS of them */
	uint32_t n_datagrams[NAT_N_SIDES];
	uint32_t n_packets; /* that wait, in all */
	uint32_t max_packets;
	uint64_t lifetime_ns;
};

/* -ENOMEM. fini frees what waits, too, and takes zeroed memory. */
int nat_early_init(struct nat_early *e, uint32_t max_packets, uint64_t lifetime_ns, uint64_t seed);
void nat_early_fini(struct nat_early *e);

/* Takes a fragment of the datagram `key`: it waits, or is dropped. */
void nat_early_keep(struct nat_early *e, struct nf_worker *nf, struct rte_mbuf *m,
		    const struct nat_fragment *key);

/* Those that waited for a datagram, in their order, the caller's now. Returns how many. */
uint16_t nat_early_take(struct nat_early *e, const struct nat_fragment *key,
			struct rte_mbuf *pkts[NAT_FRAGMENTS_PER_DATAGRAM]);

/* Timers, once a round; gives back to the agent what waits when the instance does not serve any more. */
void nat_early_tick(struct nat_early *e, struct nf_worker *nf);

#endif
