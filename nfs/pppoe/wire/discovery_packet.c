/* SPDX-License-Identifier: Apache-2.0 */
/* Discovery packets; see discovery_packet.h. Pure. */
#include "discovery_packet.h"

#include <string.h>

#include "octets.h"

#define TAG_HEAD 4u /* octets: type, length */

/* The vendor's tag: its number, then sub-options of a type, a length in one octet, and a value (TR-101 section 3.9.2). */
#define VENDOR_HEAD 4u
#define SUB_HEAD 2u
enum line_option { LINE_CIRCUIT_ID = 1, LINE_REMOTE_ID = 2 };

/* ---- in -------------------------------------------------------------------------------------------------- */

enum pppoe_parsed
pppoe_parse_head(const uint8_t *packet, uint32_t size, struct pppoe_packet *ret)
{
	uint16_t length;

	*ret = (struct pppoe_packet){0};
	if (size < PPPOE_HEAD)
		return PPPOE_PARSED_SHORT;
	if (packet[0] != PPPOE_VERSION)
		return PPPOE_PARSED_VERSION;
	length = nf_get16(packet + 4);
	if (length > size - PPPOE_HEAD)
		return PPPOE_PARSED_SHORT;
	ret->code = packet[1];
	ret->session_id = nf_get16(packet + 2);
	ret->payload = packet + PPPOE_HEAD;
	ret->size = length;
	return PPPOE_PARSED_OK;
}

static void
take_text(struct pppoe_text *text, const uint8_t *data, uint16_t size)
{
	if (text->data == NULL)
		*text = (struct pppoe_text){data, size};
}

/* False: a sub-option that lies about its length. */
static bool
take_vendor(struct pppoe_packet *packet, const uint8_t *data, uint16_t size)
{
	uint16_t used = VENDOR_HEAD;

	if (size < VENDOR_HEAD || nf_get32(data) != PPPOE_VENDOR_ADSL_FORUM)
		return true;
	while (used < size) {
		const uint8_t *at = data + used;
		uint16_t left = (uint16_t)(size - used);

		if (left < SUB_HEAD || at[1] > left - SUB_HEAD)
			return false;
		if (at[0] == LINE_CIRCUIT_ID)
			take_text(&packet->circuit_id, at + SUB_HEAD, at[1]);
		else if (at[0] == LINE_REMOTE_ID)
			take_text(&packet->remote_id, at + SUB_HEAD, at[1]);
		used = (uint16_t)(used + SUB_HEAD + at[1]);
	}
	return true;
}

/* False: its value has another size than it must have. */
static bool
take_max_payload(struct pppoe_packet *packet, const uint8_t *data, uint16_t size)
{
	if (size != 2)
		return false;
	if (packet->max_payload == 0)
		packet->max_payload = nf_get16(data);
	return true;
}

static bool
take_tag(struct pppoe_packet *packet, uint16_t type, const uint8_t *data, uint16_t size)
{
	switch (type) {
	case PPPOE_TAG_SERVICE_NAME:
		packet->has_service = true;
		take_text(&packet->service, data, size);
		break;
	case PPPOE_TAG_AC_NAME:
		take_text(&packet->ac_name, data, size);
		break;
	case PPPOE_TAG_HOST_UNIQ:
		take_text(&packet->host_uniq, data, size);
		break;
	case PPPOE_TAG_AC_COOKIE:
		take_text(&packet->cookie, data, size);
		break;
	case PPPOE_TAG_RELAY_SESSION_ID:
		take_text(&packet->relay_session_id, data, size);
		break;
	case PPPOE_TAG_SERVICE_NAME_ERROR:
	case PPPOE_TAG_AC_SYSTEM_ERROR:
	case PPPOE_TAG_GENERIC_ERROR:
		packet->has_error = true;
		break;
	case PPPOE_TAG_VENDOR:
		return take_vendor(packet, data, size);
	case PPPOE_TAG_MAX_PAYLOAD:
		return take_max_payload(packet, data, size);
	default: /* an unknown one is not looked at (RFC 2516 section 5) */
		break;
	}
	return true;
}

enum pppoe_parsed
pppoe_parse_discovery(const uint8_t *packet, uint32_t size, struct pppoe_packet *ret)
{
	enum pppoe_parsed parsed = pppoe_parse_head(packet, size, ret);
	uint16_t used = 0;

	while (parsed == PPPOE_PARSED_OK && used < ret->size) {
		const uint8_t *at = ret->payload + used;
		uint16_t left = (uint16_t)(ret->size - used), length;

		if (left < TAG_HEAD)
			return PPPOE_PARSED_TAG;
		if (nf_get16(at) ==
		    PPPOE_TAG_END) /* nothing behind it counts, its own length neither */
			break;
		length = nf_get16(at + 2);
		if (length > left - TAG_HEAD || !take_tag(ret, nf_get16(at), at + TAG_HEAD, length))
			return PPPOE_PARSED_TAG;
		used = (uint16_t)(used + TAG_HEAD + length);
	}
	return parsed;
}

/* ---- out -------------------------------------------------------------------------------------------------- */

void
pppoe_begin(struct pppoe_writer *w, uint8_t *packet, uint16_t room, uint8_t code,
	    uint16_t session_id)
{
	*w = (struct pppoe_writer){.packet = packet, .room = room, .full = room < PPPOE_HEAD};
	if (w->full)
		return;
	packet[0] = PPPOE_VERSION;
	packet[1] = code;
	nf_put16(packet + 2, session_id);
	nf_put16(packet + 4, 0);
	w->size = PPPOE_HEAD;
}

/* The value of a new tag; NULL: no room. */
static uint8_t *
new_tag(struct pppoe_writer *w, uint16_t type, uint16_t size)
{
	uint8_t *at;

	if ((uint32_t)w->room - w->size < TAG_HEAD + (uint32_t)size) {
		w->full = true;
		return NULL;
	}
	at = w->packet + w->size;
	nf_put16(at, type);
	nf_put16(at + 2, size);
	w->size = (uint16_t)(w->size + TAG_HEAD + size);
	return at + TAG_HEAD;
}

void
pppoe_put_tag(struct pppoe_writer *w, uint16_t type, const void *data, uint16_t size)
{
	uint8_t *at = new_tag(w, type, size);

	if (at != NULL && size != 0)
		memcpy(at, data, size);
}

void
pppoe_copy_tags(struct pppoe_writer *w, const struct pppoe_packet *from)
{
	const struct pppoe_text *unique = &from->host_uniq, *relay = &from->relay_session_id;

	if (unique->data != NULL)
		pppoe_put_tag(w, PPPOE_TAG_HOST_UNIQ, unique->data, unique->size);
	if (relay->data != NULL)
		pppoe_put_tag(w, PPPOE_TAG_RELAY_SESSION_ID, relay->data, relay->size);
}

static uint8_t *
put_line_option(uint8_t *at, uint8_t type, const char *id, size_t size)
{
	at[0] = type;
	at[1] = (uint8_t)size;
	memcpy(at + SUB_HEAD, id, size);
	return at + SUB_HEAD + size;
}

void
pppoe_put_line(struct pppoe_writer *w, const char *circuit_id, const char *remote_id)
{
	size_t circuit = strnlen(circuit_id, PPPOE_LINE_ID_SIZE - 1);
	size_t remote = strnlen(remote_id, PPPOE_LINE_ID_SIZE - 1);
	uint8_t *at = new_tag(w, PPPOE_TAG_VENDOR,
			      (uint16_t)(VENDOR_HEAD + SUB_HEAD + circuit + SUB_HEAD + remote));

	if (at == NULL)
		return;
	nf_put32(at, PPPOE_VENDOR_ADSL_FORUM);
	at = put_line_option(at + VENDOR_HEAD, LINE_CIRCUIT_ID, circuit_id, circuit);
	put_line_option(at, LINE_REMOTE_ID, remote_id, remote);
}

uint16_t
pppoe_end(struct pppoe_writer *w)
{
	if (w->full)
		return 0;
	nf_put16(w->packet + 4, (uint16_t)(w->size - PPPOE_HEAD));
	return w->size;
}

void
pppoe_put_session_head(uint8_t *packet, uint16_t session_id, uint16_t size)
{
	packet[0] = PPPOE_VERSION;
	packet[1] = PPPOE_SESSION_DATA;
	nf_put16(packet + 2, session_id);
	nf_put16(packet + 4, size);
}
