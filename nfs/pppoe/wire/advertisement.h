/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IPv6 on the link to a client (RFC 5072: point to point, without link-layer addresses): what it asks, and Router
 * Advertisements with its /64 (RFC 4861 section 4.2, RFC 4862 section 5.5, RFC 8106 section 5.1). Pure.
 */
#ifndef PPPOE_WIRE_ADVERTISEMENT_H
#define PPPOE_WIRE_ADVERTISEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "ip_packet.h"

/* ---- heard ------------------------------------------------------------------------------------------------ */

/* Of the link alone: from or to an address of its scope, from none, or to a group? */
bool pppoe_is_of_link(const struct nf_ip *ip);

static inline bool
pppoe_is_link_local(const uint8_t address[16])
{
	return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

bool pppoe_is_unspecified(const uint8_t address[16]);

enum pppoe_link_saying {
	PPPOE_LINK_OTHER = 0, /* nothing of these */
	PPPOE_LINK_WRONG,     /* one of these, but not valid (RFC 4861 sections 6.1 and 7.1) */
	PPPOE_ROUTER_SOLICITATION,
	PPPOE_NEIGHBOR_SOLICITATION, /* for an address: pppoe_solicited() */
	PPPOE_NEIGHBOR_ADVERTISEMENT,
	PPPOE_LISTENER_REPORT, /* or done (RFC 2710, RFC 3810) */
};
enum pppoe_link_saying pppoe_link_saying(const struct nf_ip *ip);

/* The address that a neighbor solicitation asks for. */
const uint8_t *pppoe_solicited(const struct nf_ip *ip);

/* ---- said ------------------------------------------------------------------------------------------------- */

#define PPPOE_RA_ROUTER_S 1800u /* a client has a router for so long, and name servers */
#define PPPOE_RA_EVERY_S 600u   /* so it is told so often (RFC 4861 section 6.2.1) */
#define PPPOE_RA_VALID_S 5400u  /* its prefix (RFC 9096 section 3.3) */
#define PPPOE_RA_PREFERRED_S 2700u
#define PPPOE_ADVERTISEMENT_MAX 144u /* octets of an advertisement with its IPv6 header */

struct pppoe_router_advertisement {
	const uint8_t *from;   /* of the link */
	const uint8_t *prefix; /* its first 64 bits */
	const uint8_t (*dns)[16];
	uint8_t n_dns; /* at most two */
};

/* To all nodes of the link. Returns the octets. */
uint16_t pppoe_put_router_advertisement(uint8_t *packet,
					const struct pppoe_router_advertisement *a);

/* That `from` has its own address; `to` NULL: to all nodes, as who asked has none. Returns the octets. */
uint16_t pppoe_put_neighbor_advertisement(uint8_t *packet, const uint8_t from[16],
					  const uint8_t *to);

#endif
