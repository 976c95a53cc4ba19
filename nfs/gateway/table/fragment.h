/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fragments of tunnel packets (RFC 791 section 3.2) are put together: cells behind a path of a small MTU cut what
 * they send. All fragments of one datagram meet at one worker, for only the first tells its TEID; the whole
 * packet goes on from there like any other.
 *
 * They wait as they came and are copied once, when the last one is there: so a worker that has stopped to serve
 * gives them back to the agent (slim_return()), and the target of a move puts them together. That is why DPDK's
 * rte_ip_frag, which changes what it keeps, is not used.
 *
 * Bounded: datagrams, fragments of one and of all, time, and the size of one buffer. When there are too many, the
 * oldest datagram makes room. Fragments that overlap others, or lie beyond the last one, end their datagram
 * (RFC 1858, RFC 3128, RFC 5722 for IPv6); one that comes twice is dropped alone. Worker's thread, but for
 * init and fini.
 */
#ifndef GATEWAY_FRAGMENT_H
#define GATEWAY_FRAGMENT_H

#include <stdint.h>

#include "ages.h"
#include "config.h"
#include "worker.h"
#include "packet.h"
#include "slot_index.h"

#define GATEWAY_DATAGRAMS 256u             /* of one worker, under way at one time */
#define GATEWAY_FRAGMENTS_PER_DATAGRAM 16u /* a buffer of 2 KiB holds less in pieces of 576 */

/* One datagram under way. */
struct gateway_datagram {
	rte_be32_t source;
	rte_be16_t id;
	uint16_t n;
	uint16_t total;    /* octets behind the IP header; 0: the last fragment has not come */
	uint16_t received; /* of these */
	uint8_t ecn_seen;  /* bit c: a fragment with codepoint c */
	uint64_t since_ns;
	struct rte_mbuf *pkts[GATEWAY_FRAGMENTS_PER_DATAGRAM]; /* in the order in which they came */
};

struct gateway_fragments {
	struct nf_worker *worker;
	struct gateway_fragment_limits limits;
	uint32_t room; /* octets behind the IP header that a whole packet may have */
	struct nf_slot_index index;
	struct gateway_datagram *datagrams; /* [GATEWAY_DATAGRAMS] */
	struct nf_ages ages;                /* of datagrams, by number */
	uint32_t n_packets;
};

/* Main thread. -ENOMEM. */
int gateway_fragments_init(struct gateway_fragments *f, struct nf_worker *worker,
			   const struct gateway_fragment_limits *limits, uint64_t seed);
/* Frees what waits, too. */
void gateway_fragments_fini(struct gateway_fragments *f);

/* Takes over a fragment. Returns the whole packet, the caller's, if it was the last that was missing; else
 * NULL. */
struct rte_mbuf *gateway_fragments_take(struct gateway_fragments *f, struct gateway_packet *p);

/* Once a round, between slim_worker_poll() and reception: drops what is too old, and gives everything back
 * to the agent once this instance has stopped to serve. */
void gateway_fragments_tick(struct gateway_fragments *f);

#endif
