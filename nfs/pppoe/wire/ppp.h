/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PPP as it stands in a PPPoE session frame: protocol field, then the packet of that protocol (RFC 1661 section 2; no
 * address and control field, RFC 2516 section 7). Numbers, and the head that LCP, the NCPs, PAP and CHAP share. Pure.
 */
#ifndef PPPOE_WIRE_PPP_H
#define PPPOE_WIRE_PPP_H

#include <stdbool.h>
#include <stdint.h>

#include "octets.h"

/* Protocol field, host order (IANA, PPP numbers). */
enum ppp_protocol {
	PPP_IPV4 = 0x0021,
	PPP_IPV6 = 0x0057,
	PPP_IPCP = 0x8021,
	PPP_IPV6CP = 0x8057,
	PPP_LCP = 0xc021,
	PPP_PAP = 0xc023,
	PPP_CHAP = 0xc223,
};

/* Codes of LCP and the NCPs (RFC 1661 section 5); those from PPP_PROTOCOL_REJECT on are LCP's alone. */
enum ppp_code {
	PPP_CONFIGURE_REQUEST = 1,
	PPP_CONFIGURE_ACK,
	PPP_CONFIGURE_NAK,
	PPP_CONFIGURE_REJECT,
	PPP_TERMINATE_REQUEST,
	PPP_TERMINATE_ACK,
	PPP_CODE_REJECT,
	PPP_PROTOCOL_REJECT,
	PPP_ECHO_REQUEST,
	PPP_ECHO_REPLY,
	PPP_DISCARD_REQUEST,
};

#define PPP_HEAD 4u           /* octets: code, identifier, length */
#define PPP_MRU_DEFAULT 1492u /* RFC 2516 section 7: no more without RFC 4638 */
#define PPP_CONTROL_MAX 1492u /* octets of a control packet, with its head */

/* A packet of LCP, an NCP, PAP or CHAP. */
struct ppp_control {
	const uint8_t *data; /* behind the head, in the frame */
	uint16_t size;       /* of the data, as the length field says */
	uint8_t code;
	uint8_t identifier;
};

/* From the octets behind the protocol field. What is behind the length is padding (RFC 1661 section 5). False: shorter than
 * its head, or than its length says, or a length below the head's. */
bool ppp_control_parse(const uint8_t *packet, uint32_t size, struct ppp_control *ret);

/* Writes the head of a packet whose data has `size` octets, at most PPP_CONTROL_MAX - PPP_HEAD; returns the octets of head
 * and data. */
uint16_t ppp_control_head(uint8_t *packet, uint8_t code, uint8_t identifier, uint16_t size);

#endif
