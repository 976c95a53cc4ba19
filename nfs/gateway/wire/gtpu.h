/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GTP-U, the user plane tunnel of 3GPP TS 29.281: headers in, headers out. Pure; no thread, no memory
 * of its own. All numbers are in host order.
 *
 *    octet 1     version (3 bits, 1), PT (1), spare, E, S, PN
 *          2     message type
 *          3-4   length: octets behind octet 8
 *          5-8   tunnel endpoint identifier (TEID)
 *          9-12  sequence number, N-PDU number, type of the first extension header; there if any of
 *                E, S and PN is set, and each is valid only with its own flag
 *          13-   extension headers (section 5.2): length in 4 octets, content, type of the next one
 *
 * The PDU session container (TS 38.415) is the one extension header that is understood. Others
 * are passed over where comprehension is not required (bits 8 and 7 of the type, section 5.2.1).
 */
#ifndef GATEWAY_GTPU_H
#define GATEWAY_GTPU_H

#include <stdbool.h>
#include <stdint.h>

#define GTPU_PORT 2152u
#define GTPU_HEADER_SIZE 8u
#define GTPU_OPTIONS_SIZE 4u   /* octets 9 to 12 */
#define GTPU_CONTAINER_SIZE 4u /* a PDU session container without options */
#define GTPU_MAX_EXTENSIONS 8u /* of one packet */
#define GTPU_MAX_MESSAGE 64u   /* octets of a signalling message that is built here */
#define GTPU_MAX_QFI 63u

/* The first octet of a message without anything behind octet 8, and of one with extension headers alone. */
#define GTPU_FLAGS_PLAIN 0x30u
#define GTPU_FLAGS_EXTENSION 0x34u

/* Message types (section 6.1). */
enum gtpu_type {
	GTPU_ECHO_REQUEST = 1,
	GTPU_ECHO_RESPONSE = 2,
	GTPU_ERROR_INDICATION = 26,
	GTPU_SUPPORTED_EXTENSION_HEADERS = 31,
	GTPU_TUNNEL_STATUS = 253,
	GTPU_END_MARKER = 254,
	GTPU_G_PDU = 255,
};

/* Extension header types (section 5.2.1). */
enum gtpu_extension {
	GTPU_NO_MORE_EXTENSIONS = 0x00,
	GTPU_PDU_SESSION_CONTAINER = 0x85,
};

/* PDU types of the container (TS 38.415 section 5.5.3). */
enum gtpu_direction { GTPU_DOWNLINK = 0, GTPU_UPLINK = 1 };

enum gtpu_error {
	GTPU_OK = 0,
	GTPU_TRUNCATED,         /* not as long as it says */
	GTPU_VERSION,           /* not version 1, or GTP' */
	GTPU_CHAIN,             /* an extension header of length 0, beyond the end, or too many */
	GTPU_CONTAINER,         /* a PDU session container that is wrong, or a second one */
	GTPU_UNKNOWN_EXTENSION, /* comprehension is required of one that is not understood */
};

struct gtpu {
	uint8_t type;
	bool has_sequence;
	bool has_container;
	uint8_t direction; /* of the container, enum gtpu_direction */
	uint8_t qfi;       /* of the container */
	uint16_t sequence;
	uint16_t header_size; /* octets to the payload: header, options, extension headers */
	uint16_t payload_size;
	uint32_t teid;
};

/* Takes the header of a message of `size` octets apart; what follows its length is not looked at. On
 * GTPU_UNKNOWN_EXTENSION all but the sizes is valid as well, on GTPU_CHAIN and GTPU_CONTAINER type and TEID
 * are. */
enum gtpu_error gtpu_parse(const uint8_t *message, uint32_t size, struct gtpu *ret_gtpu);

/* What an error indication names (section 7.3.1), from its information elements: the payload of the message.
 * False: it does not name a tunnel, or its elements are wrong. `address` is that of an IPv4 tunnel, as in the
 * packet. */
bool gtpu_take_error_indication(const uint8_t *elements, uint16_t size, uint32_t *ret_teid,
				uint8_t ret_address[4]);

/* Octets in front of the payload of a G-PDU that is sent. */
static inline uint16_t
gtpu_header_size(bool container)
{
	return container ? GTPU_HEADER_SIZE + GTPU_OPTIONS_SIZE + GTPU_CONTAINER_SIZE
			 : GTPU_HEADER_SIZE;
}

/* Writes the header of a G-PDU; with `container` a downlink PDU session container for `qfi`. */
void gtpu_put_g_pdu(uint8_t *at, uint32_t teid, uint16_t payload_size, bool container, uint8_t qfi);

/* Each writes a whole message of at most GTPU_MAX_MESSAGE octets and returns its size. */

uint16_t gtpu_put_end_marker(uint8_t *at, uint32_t teid);
/* To whom asked, with his sequence number (section 7.2.2). */
uint16_t gtpu_put_echo_response(uint8_t *at, uint16_t sequence, uint8_t recovery);
/* About a G-PDU to `teid` at `address` (4 octets, as in the packet; section 7.3.1). */
uint16_t gtpu_put_error_indication(uint8_t *at, uint32_t teid, const uint8_t *address);
/* Which extension headers are understood here (section 7.2.3). */
uint16_t gtpu_put_supported_extension_headers(uint8_t *at, uint16_t sequence);

#endif
