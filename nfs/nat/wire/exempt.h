/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Destinations that are not translated (RFC 6888 REQ-6): packets from inside to them, and from
 * them to inside, are routed as they are (exempt_path.h). Nothing is remembered of them: no mapping, no port, no
 * slot. Both directions belong to the bucket of the inside address.
 *
 * The NAT's own addresses and those of the pool are never exempt.
 */
#ifndef NAT_EXEMPT_H
#define NAT_EXEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "packet.h"

struct nat_pool;

/* A packet whose IPv4 header is parsed: if it belongs to an exempt destination (or is an ICMP error
 * about a packet that does), makes it one of NAT_KIND_ROUTED, with its bucket. Rules with ports
 * need the first 4 bytes behind the header, or for a fragment its ports. Pure. */
bool nat_exempt_parse(struct nat_packet *p, const struct nat_config *config,
		      const struct nat_pool *pool, bool inwards);

#endif
