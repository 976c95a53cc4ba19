/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PPPoE frames (RFC 2516): the head, and the tags of the discovery stage with those of RFC 4638 (PPP-Max-Payload) and
 * TR-101 (the line's ids, Broadband Forum's vendor tag). Pure.
 */
#ifndef PPPOE_WIRE_DISCOVERY_PACKET_H
#define PPPOE_WIRE_DISCOVERY_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#define PPPOE_ETHERTYPE_DISCOVERY 0x8863u
#define PPPOE_ETHERTYPE_SESSION 0x8864u
#define PPPOE_HEAD 6u       /* octets: version and type, code, session id, length */
#define PPPOE_VERSION 0x11u /* version 1, type 1 */

enum pppoe_code {
	PPPOE_SESSION_DATA = 0x00,
	PPPOE_PADO = 0x07,
	PPPOE_PADI = 0x09,
	PPPOE_PADR = 0x19,
	PPPOE_PADS = 0x65,
	PPPOE_PADT = 0xa7,
};

enum pppoe_tag_type {
	PPPOE_TAG_END = 0x0000,
	PPPOE_TAG_SERVICE_NAME = 0x0101,
	PPPOE_TAG_AC_NAME = 0x0102,
	PPPOE_TAG_HOST_UNIQ = 0x0103,
	PPPOE_TAG_AC_COOKIE = 0x0104,
	PPPOE_TAG_VENDOR = 0x0105,
	PPPOE_TAG_RELAY_SESSION_ID = 0x0110,
	PPPOE_TAG_MAX_PAYLOAD = 0x0120, /* RFC 4638 */
	PPPOE_TAG_SERVICE_NAME_ERROR = 0x0201,
	PPPOE_TAG_AC_SYSTEM_ERROR = 0x0202,
	PPPOE_TAG_GENERIC_ERROR = 0x0203,
};

#define PPPOE_VENDOR_ADSL_FORUM 0x00000de9u /* TR-101 section 3.9.2 */
#define PPPOE_LINE_ID_SIZE 64u /* octets of a circuit or remote id; TR-101: 63 at most */
#define PPPOE_COPIED_MAX \
	256u /* octets of a Host-Uniq, or Relay-Session-Id, that are sent back; RFC 2516: 12 of the latter */

struct pppoe_text {
	const uint8_t *data; /* in the frame; NULL: the tag is not there */
	uint16_t size;
};

/* A PPPoE packet and, of a discovery packet, what its tags say; the first of each type counts. */
struct pppoe_packet {
	uint8_t code;
	uint16_t session_id;    /* host order */
	const uint8_t *payload; /* of session data: the PPP protocol field */
	uint16_t size;          /* of the payload, as the length field says */
	bool has_service;       /* a Service-Name tag is there; it may be empty: any service */
	struct pppoe_text service;
	struct pppoe_text ac_name;
	struct pppoe_text host_uniq;
	struct pppoe_text cookie;
	struct pppoe_text relay_session_id;
	struct pppoe_text circuit_id; /* TR-101 */
	struct pppoe_text remote_id;
	uint16_t max_payload; /* RFC 4638; 0: the tag is not there */
	bool has_error;       /* an error tag is there */
};

enum pppoe_parsed {
	PPPOE_PARSED_OK = 0,
	PPPOE_PARSED_SHORT,   /* the frame ends before the packet does */
	PPPOE_PARSED_VERSION, /* no version 1, type 1 */
	PPPOE_PARSED_TAG,     /* a tag that lies about its length */
};

/* `packet`: behind the Ethernet header and VLAN tags, `size` octets. What is behind the PPPoE length is padding. */
enum pppoe_parsed pppoe_parse_head(const uint8_t *packet, uint32_t size, struct pppoe_packet *ret);
/* Head and tags of a discovery packet. */
enum pppoe_parsed pppoe_parse_discovery(const uint8_t *packet, uint32_t size,
					struct pppoe_packet *ret);

/* ---- building ------------------------------------------------------------------------------------------ */

struct pppoe_writer {
	uint8_t *packet; /* its head */
	uint16_t room;
	uint16_t size; /* written, with the head */
	bool full;     /* a tag found no room: not to be sent */
};

void pppoe_begin(struct pppoe_writer *w, uint8_t *packet, uint16_t room, uint8_t code,
		 uint16_t session_id);
void pppoe_put_tag(struct pppoe_writer *w, uint16_t type, const void *data, uint16_t size);
/* Host-Uniq and Relay-Session-Id of `from`, unchanged (RFC 2516 appendix A), if they are there. */
void pppoe_copy_tags(struct pppoe_writer *w, const struct pppoe_packet *from);
void pppoe_put_line(struct pppoe_writer *w, const char *circuit_id,
		    const char *remote_id); /* TR-101; for a client */
/* Writes the length. Returns the octets of the packet; 0: it was full. */
uint16_t pppoe_end(struct pppoe_writer *w);
/* Head of a session packet. */
void pppoe_put_session_head(uint8_t *packet, uint16_t session_id, uint16_t size);

#endif
