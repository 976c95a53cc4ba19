/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration options of LCP (RFC 1661 section 6), IPCP (RFC 1332, RFC 1877) and IPV6CP (RFC 5072): type, length, data.
 * A reader that never leaves its octets, a writer that never leaves its room, and what is known of each protocol's
 * options. Pure.
 */
#ifndef PPPOE_WIRE_OPTION_H
#define PPPOE_WIRE_OPTION_H

#include <stdbool.h>
#include <stdint.h>

enum lcp_option {
	LCP_MRU = 1,
	LCP_AUTHENTICATION = 3,
	LCP_QUALITY = 4,
	LCP_MAGIC = 5,
	LCP_PROTOCOL_COMPRESSION = 7, /* RFC 2516 section 7: not here, rejected */
	LCP_ADDRESS_COMPRESSION = 8,  /* likewise */
};

enum ipcp_option {
	IPCP_ADDRESSES = 1,   /* deprecated: rejected */
	IPCP_COMPRESSION = 2, /* rejected */
	IPCP_ADDRESS = 3,
	IPCP_DNS_FIRST = 129, /* RFC 1877 */
	IPCP_NBNS_FIRST = 130,
	IPCP_DNS_SECOND = 131,
	IPCP_NBNS_SECOND = 132,
};

enum ipv6cp_option { IPV6CP_INTERFACE_ID = 1 };

#define PPP_OPTION_MAX 253u /* octets of data */

struct ppp_option {
	const uint8_t *data;
	uint8_t type;
	uint8_t size; /* of the data: length field less 2 */
};

/* Position in a list of options. */
struct ppp_options {
	const uint8_t *at;
	uint16_t left;
};

enum ppp_next { PPP_NEXT_OPTION, PPP_NEXT_END, PPP_NEXT_BAD };

/* The next option. PPP_NEXT_BAD: a length below 2, or past the end; the whole packet is to be dropped then: a part of it
 * says nothing about what its sender meant. It stays bad when asked again. */
enum ppp_next ppp_option_next(struct ppp_options *options, struct ppp_option *ret);

/* Are all lengths right? Asked before anything is done with one of them. */
bool ppp_options_are_whole(const uint8_t *data, uint16_t size);

/* Room for options that are written. What finds no room is not written, and nothing behind it. */
struct ppp_writer {
	uint8_t *at;
	uint16_t left;
	bool full; /* one found no room: the packet is not to be sent */
};

void ppp_put_option(struct ppp_writer *w, uint8_t type, const void *data, uint8_t size);
void ppp_put_u16(struct ppp_writer *w, uint8_t type, uint16_t value); /* host order */
void ppp_put_u32(struct ppp_writer *w, uint8_t type, uint32_t value); /* host order */

/* Values of an option whose size the caller has looked at; host order. */
uint16_t ppp_option_u16(const struct ppp_option *o);
uint32_t ppp_option_u32(const struct ppp_option *o);

#endif
