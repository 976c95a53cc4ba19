/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a frame to what the NAT has to know of it, in one pass and checked against the frame's bounds. Pure:
 * reads the packet and the configuration, and changes nothing but where the frame ends: behind the IPv4 packet.
 */
#ifndef NAT_PARSE_H
#define NAT_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "config.h"
#include "packet.h"
#include "pool.h"

/* Fills all of *p but hash and key, from a frame that came in on `side`. `hairpin`: a packet from
 * inside whose source is translated already, taken as one from outside. */
void nat_parse(struct nat_packet *p, const struct nat_config *config, const struct nat_pool *pool,
	       struct rte_mbuf *m, uint8_t side, bool hairpin);

/* From a fragment of NAT_KIND_FRAGMENT and its ports to what a whole packet would be. */
void nat_parse_resolve(struct nat_packet *p, const struct nat_config *config,
		       const struct nat_pool *pool, struct nat_ports ports);

#endif
