/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a device gives packets to the worker that owns their bucket, so that they need not cross between workers.
 *
 * A bucket is eight neighbouring bits of one header field. There are two ways to have a device look at them:
 *
 *   receive side scaling   Its Toeplitz hash is the XOR of a window of the key for each bit that is set in addresses and
 *                          ports. With a key of one single bit all windows but few are zero in their low bits: these of
 *                          the hash are then the bucket itself, backwards, and the redirection table maps them to queues.
 *   rules (rte_flow)       a field and a mask for each worker, or for each bucket.
 *
 * What a device cannot do is done by the rings between workers (path/hand.c). Pure.
 */
#ifndef NF_SPREAD_H
#define NF_SPREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "slim_limits.h"

enum nf_spread_field {
	NF_SPREAD_NOTHING = 0, /* packets of the side do not show their bucket to a device */
	NF_SPREAD_IPV4_SOURCE,
	NF_SPREAD_IPV4_DESTINATION,
	NF_SPREAD_IPV4_PORT, /* destination port of TCP and UDP */
	NF_SPREAD_IPV6_DESTINATION,
	NF_SPREAD_TEID, /* of GTP-U in UDP in IPv4 */
};

struct nf_spread {
	uint8_t field; /* enum nf_spread_field */
	uint8_t shift; /* bits of the field below the bucket */
};

#define NF_MAX_SPREADS 2u /* of one side: it may have two families */

/* ---- receive side scaling --------------------------------------------------------------------- */

#define NF_RSS_KEY_SIZE 40u

/* Can a hash show it, and of which kinds of packets (RTE_ETH_RSS_*)? 0: no. */
uint64_t nf_spread_rss_types(struct nf_spread spread);

/* The key for a redirection table of `table_size` entries, a power of two. */
void nf_spread_rss_key(struct nf_spread spread, uint32_t table_size, uint8_t key[NF_RSS_KEY_SIZE]);

/* The queue in entry `index` of the table: that of bucket modulo n_workers. With fewer than 256 entries the high bits
 * of the bucket are not seen: right for all packets if n_workers is a power of two. */
uint16_t nf_spread_rss_queue(uint32_t table_size, uint32_t index, uint16_t n_workers);

/* ---- rules --------------------------------------------------------------------------------------- */

/* A packet with (bucket & mask) == value goes to the queue. */
struct nf_spread_rule {
	uint8_t value;
	uint8_t mask;
	uint16_t queue;
};

/* No more than one matches a packet, and one does. Returns how many there are. */
uint32_t nf_spread_rules(uint16_t n_workers, struct nf_spread_rule rules[SLIM_N_BUCKETS]);

#endif
