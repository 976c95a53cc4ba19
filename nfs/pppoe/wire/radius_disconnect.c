/* SPDX-License-Identifier: Apache-2.0 */
/* Disconnect-Requests; see radius_disconnect.h. */
#include "radius_disconnect.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "octets.h"

#define SESSION_DIGITS (RADIUS_SESSION_ID_SIZE - 1)
#define STATION_CHARS (RADIUS_STATION_SIZE - 1)

void
radius_put_session_id(uint64_t accounting_id, char ret[RADIUS_SESSION_ID_SIZE])
{
	snprintf(ret, RADIUS_SESSION_ID_SIZE, "%016llX", (unsigned long long)accounting_id);
}

void
radius_put_station(const struct rte_ether_addr *mac, char ret[RADIUS_STATION_SIZE])
{
	const uint8_t *m = mac->addr_bytes;

	snprintf(ret, RADIUS_STATION_SIZE, "%02X-%02X-%02X-%02X-%02X-%02X", m[0], m[1], m[2], m[3],
		 m[4], m[5]);
}

/* ---- values: each takes one attribute, and returns 0 or a cause ---------------------------------------------------------- */

/* Letters of either case; -1: none. */
static int
digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False: too long for one of ours, or with a NUL in it. */
static bool
copy_text(const struct radius_attribute *a, char ret[RADIUS_TEXT_SIZE])
{
	if (a->size == 0 || a->size >= RADIUS_TEXT_SIZE || memchr(a->data, '\0', a->size) != NULL)
		return false;
	memcpy(ret, a->data, a->size);
	ret[a->size] = '\0';
	return true;
}

static uint16_t
take_user(const struct radius_attribute *a, struct radius_disconnect *d)
{
	d->named |= RADIUS_NAMES_USER;
	return copy_text(a, d->user) ? 0 : RADIUS_SESSION_NOT_FOUND;
}

static uint16_t
take_nas(const struct radius_attribute *a, struct radius_disconnect *d)
{
	return copy_text(a, d->nas_identifier) ? 0 : RADIUS_NAS_MISMATCH;
}

static uint16_t
take_session(const struct radius_attribute *a, struct radius_disconnect *d)
{
	d->named |= RADIUS_NAMES_ACCOUNTING;
	d->accounting_id = 0;
	if (a->size != SESSION_DIGITS)
		return RADIUS_SESSION_NOT_FOUND;
	for (unsigned int i = 0; i < SESSION_DIGITS; i++) {
		int value = digit(a->data[i]);

		if (value < 0)
			return RADIUS_SESSION_NOT_FOUND;
		d->accounting_id = d->accounting_id << 4 | (unsigned int)value;
	}
	return 0;
}

static uint16_t
take_address(const struct radius_attribute *a, struct radius_disconnect *d)
{
	d->named |= RADIUS_NAMES_IPV4;
	if (a->size != sizeof(d->ipv4))
		return RADIUS_INVALID_REQUEST;
	memcpy(&d->ipv4, a->data, sizeof(d->ipv4));
	return d->ipv4 != 0 ? 0 : RADIUS_SESSION_NOT_FOUND;
}

static uint16_t
take_port(const struct radius_attribute *a, struct radius_disconnect *d)
{
	uint32_t port;

	d->named |= RADIUS_NAMES_SESSION_ID;
	if (a->size != sizeof(port))
		return RADIUS_INVALID_REQUEST;
	port = nf_get32(a->data);
	d->session_id = (uint16_t)port;
	return port != 0 && port <= UINT16_MAX ? 0 : RADIUS_SESSION_NOT_FOUND;
}

static uint16_t
take_station(const struct radius_attribute *a, struct radius_disconnect *d)
{
	d->named |= RADIUS_NAMES_MAC;
	if (a->size != STATION_CHARS)
		return RADIUS_SESSION_NOT_FOUND;
	for (unsigned int i = 0; i < sizeof(d->mac.addr_bytes); i++) {
		const uint8_t *at = a->data + i * 3u;
		int high = digit(at[0]), low = digit(at[1]);

		if (high < 0 || low < 0 || (i != 5 && at[2] != '-' && at[2] != ':'))
			return RADIUS_SESSION_NOT_FOUND;
		d->mac.addr_bytes[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static uint16_t
take_timestamp(const struct radius_attribute *a, struct radius_disconnect *d)
{
	if (a->size != sizeof(d->timestamp))
		return RADIUS_INVALID_REQUEST;
	d->timestamp = nf_get32(a->data);
	return 0;
}

/* It is about our packet alone, or about nothing that we do. */
static uint16_t
take_nothing(const struct radius_attribute *a, struct radius_disconnect *d)
{
	(void)a;
	(void)d;
	return 0;
}

/* Authorize Only is not for a Disconnect-Request. */
static uint16_t
refuse_service(const struct radius_attribute *a, struct radius_disconnect *d)
{
	(void)a;
	(void)d;
	return RADIUS_UNSUPPORTED_SERVICE;
}

static const struct {
	uint8_t type;
	uint16_t (*take)(const struct radius_attribute *a, struct radius_disconnect *d);
} known[] = {
	{RADIUS_USER_NAME, take_user},
	{RADIUS_NAS_IP_ADDRESS, take_nothing}, /* which of ours the server uses is its matter */
	{RADIUS_NAS_PORT, take_port},
	{RADIUS_SERVICE_TYPE, refuse_service},
	{RADIUS_FRAMED_IP_ADDRESS, take_address},
	{RADIUS_REPLY_MESSAGE, take_nothing},
	{RADIUS_CLASS, take_nothing},
	{RADIUS_VENDOR_SPECIFIC, take_nothing},
	{RADIUS_CALLING_STATION_ID, take_station},
	{RADIUS_NAS_IDENTIFIER, take_nas},
	{RADIUS_PROXY_STATE, take_nothing},
	{RADIUS_ACCT_SESSION_ID, take_session},
	{RADIUS_ACCT_TERMINATE_CAUSE, take_nothing},
	{RADIUS_EVENT_TIMESTAMP, take_timestamp},
	{RADIUS_MESSAGE_AUTHENTICATOR, take_nothing},
};

static uint16_t
take(const struct radius_attribute *a, struct radius_disconnect *d)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].type == a->type)
			return known[i].take(a, d);
	return RADIUS_UNSUPPORTED_ATTRIBUTE;
}

uint16_t
radius_disconnect_read(const struct radius_packet *p, struct radius_disconnect *ret)
{
	struct radius_disconnect d = {0};
	struct radius_attribute attribute;
	uint16_t at = 0;

	while (radius_next(p, &at, &attribute)) {
		uint16_t cause = take(&attribute, &d);

		if (cause != 0)
			return cause;
	}
	if (d.named == 0)
		return RADIUS_MISSING_ATTRIBUTE;
	*ret = d;
	return 0;
}

/* ---- answers ------------------------------------------------------------------------------------------------------- */

uint16_t
radius_disconnect_answer(const struct radius_packet *request, uint16_t cause, const char *secret,
			 uint8_t *bytes, uint16_t room)
{
	/* ACK and NAK stand behind their request. */
	uint8_t code = (uint8_t)(radius_code(request) + (cause == 0 ? 1 : 2));
	struct radius_attribute attribute;
	struct radius_writer w;
	uint16_t at = 0;

	radius_begin(&w, bytes, room, code, radius_identifier(request),
		     radius_authenticator(request));
	radius_put_signature(&w);
	if (cause != 0)
		radius_put_number(&w, RADIUS_ERROR_CAUSE, cause);
	while (radius_next(request, &at, &attribute))
		if (attribute.type == RADIUS_PROXY_STATE)
			radius_put(&w, RADIUS_PROXY_STATE, attribute.data, attribute.size);
	return radius_end_digest(&w, secret);
}
