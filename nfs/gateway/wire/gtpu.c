/* SPDX-License-Identifier: Apache-2.0 */
/* GTP-U headers; see gtpu.h. Pure. */
#include "gtpu.h"

#include <string.h>

#include "config_limits.h"
#include "octets.h"

enum {
	VERSION_1_GTP = 0x30, /* version 1, protocol type GTP */
	VERSION_MASK = 0xf0,
	FLAG_E = 0x04,
	FLAG_S = 0x02,
	FLAG_PN = 0x01,
};

/* Bit 8 of an extension header's type: an endpoint must understand it (section 5.2.1). */
#define COMPREHENSION_REQUIRED 0x80u

/* Information elements (section 8.1). */
enum {
	IE_RECOVERY = 14,
	IE_TEID_DATA_I = 16,
	IE_PEER_ADDRESS = 133,
	IE_EXTENSION_HEADER_TYPES = 141,
	IE_FIRST_WITH_LENGTH = 128,
};

_Static_assert(GATEWAY_MAX_OVERHEAD ==
		       20 + 8 + GTPU_HEADER_SIZE + GTPU_OPTIONS_SIZE + GTPU_CONTAINER_SIZE,
	       "IPv4, UDP, and the longest header");

/* ---- in -------------------------------------------------------------------------------- */

/* A container of `size` octets with its length and next type (TS 38.415 section 5.5.2): type and QFI
 * stand in its first two octets of content, options may follow. */
static enum gtpu_error
take_container(const uint8_t *header, struct gtpu *gtpu)
{
	uint8_t direction = header[1] >> 4;

	if (gtpu->has_container || direction > GTPU_UPLINK)
		return GTPU_CONTAINER;
	gtpu->has_container = true;
	gtpu->direction = direction;
	gtpu->qfi = header[2] & GTPU_MAX_QFI;
	return GTPU_OK;
}

/* From the options at `at` on; *ret_size is what all extension headers take. */
static enum gtpu_error
take_extensions(const uint8_t *at, uint32_t size, uint8_t type, struct gtpu *gtpu,
		uint32_t *ret_size)
{
	enum gtpu_error unknown = GTPU_OK;
	uint32_t used = 0;

	for (uint32_t n = 0; type != GTPU_NO_MORE_EXTENSIONS; n++) {
		uint32_t length;

		if (n == GTPU_MAX_EXTENSIONS || used == size)
			return GTPU_CHAIN;
		length = at[used] * 4u;
		if (length == 0 || length > size - used)
			return GTPU_CHAIN;
		if (type == GTPU_PDU_SESSION_CONTAINER) {
			enum gtpu_error error = take_container(at + used, gtpu);

			if (error != GTPU_OK)
				return error;
		} else if (type & COMPREHENSION_REQUIRED) {
			unknown = GTPU_UNKNOWN_EXTENSION;
		}
		used += length;
		type = at[used - 1];
	}
	*ret_size = used;
	return unknown;
}

enum gtpu_error
gtpu_parse(const uint8_t *message, uint32_t size, struct gtpu *ret_gtpu)
{
	uint32_t length, used = 0;
	enum gtpu_error error = GTPU_OK;
	uint8_t flags;

	*ret_gtpu = (struct gtpu){0};
	if (size < GTPU_HEADER_SIZE)
		return GTPU_TRUNCATED;
	flags = message[0];
	if ((flags & VERSION_MASK) != VERSION_1_GTP)
		return GTPU_VERSION;
	length = nf_get16(message + 2);
	if (length > size - GTPU_HEADER_SIZE)
		return GTPU_TRUNCATED;
	ret_gtpu->type = message[1];
	ret_gtpu->teid = nf_get32(message + 4);
	if (flags & (FLAG_E | FLAG_S | FLAG_PN)) {
		if (length < GTPU_OPTIONS_SIZE)
			return GTPU_TRUNCATED;
		used = GTPU_OPTIONS_SIZE;
		ret_gtpu->has_sequence = (flags & FLAG_S) != 0;
		ret_gtpu->sequence = nf_get16(message + 8);
	}
	if (flags & FLAG_E) {
		uint32_t extensions = 0;

		error = take_extensions(message + GTPU_HEADER_SIZE + used, length - used,
					message[11], ret_gtpu, &extensions);
		used += extensions;
	}
	ret_gtpu->header_size = (uint16_t)(GTPU_HEADER_SIZE + used);
	ret_gtpu->payload_size = (uint16_t)(length - used);
	return error;
}

/* Octets of an element's value; elements below 128 have a fixed length, the others say theirs (section 8.1).
 * -1: it is cut, or not known. */
static int32_t
element_size(const uint8_t *at, uint16_t left)
{
	uint16_t size;

	if (at[0] == IE_RECOVERY)
		return left >= 2 ? 1 : -1;
	if (at[0] == IE_TEID_DATA_I)
		return left >= 5 ? 4 : -1;
	if (at[0] < IE_FIRST_WITH_LENGTH || left < 3)
		return -1;
	size = nf_get16(at + 1);
	return size <= left - 3 ? size : -1;
}

bool
gtpu_take_error_indication(const uint8_t *elements, uint16_t size, uint32_t *ret_teid,
			   uint8_t ret_address[4])
{
	bool has_teid = false, has_address = false;
	uint16_t used = 0;

	while (used < size) {
		const uint8_t *at = elements + used;
		int32_t value = element_size(at, (uint16_t)(size - used));
		uint16_t head = at[0] < IE_FIRST_WITH_LENGTH ? 1 : 3;

		if (value < 0)
			return false;
		if (at[0] == IE_TEID_DATA_I && !has_teid) {
			*ret_teid = nf_get32(at + 1);
			has_teid = true;
		} else if (at[0] == IE_PEER_ADDRESS && value == 4 && !has_address) {
			memcpy(ret_address, at + 3, 4);
			has_address = true;
		}
		used = (uint16_t)(used + head + value);
	}
	return has_teid && has_address;
}

/* ---- out -------------------------------------------------------------------------------- */

static void
put_header(uint8_t *at, uint8_t flags, uint8_t type, uint16_t length, uint32_t teid)
{
	at[0] = (uint8_t)(VERSION_1_GTP | flags);
	at[1] = type;
	nf_put16(at + 2, length);
	nf_put32(at + 4, teid);
}

void
gtpu_put_g_pdu(uint8_t *at, uint32_t teid, uint16_t payload_size, bool container, uint8_t qfi)
{
	if (!container) {
		put_header(at, 0, GTPU_G_PDU, payload_size, teid);
		return;
	}
	put_header(at, FLAG_E, GTPU_G_PDU,
		   (uint16_t)(GTPU_OPTIONS_SIZE + GTPU_CONTAINER_SIZE + payload_size), teid);
	nf_put32(at + 8, GTPU_PDU_SESSION_CONTAINER);
	at[12] = GTPU_CONTAINER_SIZE / 4;
	at[13] = GTPU_DOWNLINK << 4;
	at[14] = qfi;
	at[15] = GTPU_NO_MORE_EXTENSIONS;
}

uint16_t
gtpu_put_end_marker(uint8_t *at, uint32_t teid)
{
	put_header(at, 0, GTPU_END_MARKER, 0, teid);
	return GTPU_HEADER_SIZE;
}

/* Path messages carry a sequence number and no TEID (section 5.1). Returns where the information
 * elements begin. */
static uint8_t *
put_path_header(uint8_t *at, uint8_t type, uint16_t sequence, uint16_t elements_size)
{
	put_header(at, FLAG_S, type, (uint16_t)(GTPU_OPTIONS_SIZE + elements_size), 0);
	nf_put32(at + 8, (uint32_t)sequence << 16);
	return at + GTPU_HEADER_SIZE + GTPU_OPTIONS_SIZE;
}

uint16_t
gtpu_put_echo_response(uint8_t *at, uint16_t sequence, uint8_t recovery)
{
	uint8_t *element = put_path_header(at, GTPU_ECHO_RESPONSE, sequence, 2);

	element[0] = IE_RECOVERY;
	element[1] = recovery;
	return GTPU_HEADER_SIZE + GTPU_OPTIONS_SIZE + 2;
}

uint16_t
gtpu_put_error_indication(uint8_t *at, uint32_t teid, const uint8_t *address)
{
	uint8_t *element = put_path_header(at, GTPU_ERROR_INDICATION, 0, 12);

	element[0] = IE_TEID_DATA_I;
	nf_put32(element + 1, teid);
	element[5] = IE_PEER_ADDRESS;
	nf_put16(element + 6, 4);
	memcpy(element + 8, address, 4);
	return GTPU_HEADER_SIZE + GTPU_OPTIONS_SIZE + 12;
}

uint16_t
gtpu_put_supported_extension_headers(uint8_t *at, uint16_t sequence)
{
	uint8_t *element = put_path_header(at, GTPU_SUPPORTED_EXTENSION_HEADERS, sequence, 3);

	element[0] = IE_EXTENSION_HEADER_TYPES;
	element[1] = 1;
	element[2] = GTPU_PDU_SESSION_CONTAINER;
	return GTPU_HEADER_SIZE + GTPU_OPTIONS_SIZE + 3;
}
