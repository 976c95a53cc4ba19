/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Disconnect-Request and its answer (RFC 5176 section 2.1): who shall end. Pure. The packet was parsed and judged before
 * (radius_packet.h).
 */
#ifndef PPPOE_WIRE_RADIUS_DISCONNECT_H
#define PPPOE_WIRE_RADIUS_DISCONNECT_H

#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_ether.h>

#include "radius_packet.h"

#define RADIUS_TEXT_SIZE 64u /* octets of a text that can be one of ours, with its final NUL */

enum radius_named {
	RADIUS_NAMES_USER = 1 << 0,
	RADIUS_NAMES_ACCOUNTING = 1 << 1,
	RADIUS_NAMES_IPV4 = 1 << 2,
	RADIUS_NAMES_MAC = 1 << 3,
	RADIUS_NAMES_SESSION_ID = 1 << 4,
};

struct radius_disconnect {
	uint16_t named;      /* enum radius_named; all of it must be the session's */
	uint16_t session_id; /* NAS-Port */
	uint32_t timestamp;  /* Event-Timestamp, seconds of the epoch; 0: none */
	uint64_t accounting_id;
	rte_be32_t ipv4;
	struct rte_ether_addr mac;
	char user[RADIUS_TEXT_SIZE];
	char nas_identifier[RADIUS_TEXT_SIZE]; /* "": none */
};

/* 0, or the enum radius_error_cause of a NAK: it names nobody, somebody who cannot be here, or has an attribute that we do
 * not know (section 3 wants it refused). */
uint16_t radius_disconnect_read(const struct radius_packet *p, struct radius_disconnect *ret);

/* ACK, or with a cause NAK, of a Disconnect- or CoA-Request, with its Proxy-States. Returns its size; 0: no room. */
uint16_t radius_disconnect_answer(const struct radius_packet *request, uint16_t cause,
				  const char *secret, uint8_t *bytes, uint16_t room);

/* An Acct-Session-Id: sixteen digits. */
#define RADIUS_SESSION_ID_SIZE 17u
void radius_put_session_id(uint64_t accounting_id, char ret[RADIUS_SESSION_ID_SIZE]);
/* A Calling-Station-Id: 02-00-00-AA-BB-CC (RFC 3580 section 3.21). */
#define RADIUS_STATION_SIZE 18u
void radius_put_station(const struct rte_ether_addr *mac, char ret[RADIUS_STATION_SIZE]);

#endif
