/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of a subscriber; see subscriber_say.h. */
#include "subscriber_say.h"

#include <string.h>

#include "auth.h"
#include "discovery_packet.h"
#include "option.h"

#define MIN_FRAME 60u /* octets without FCS */
#define HOST_UNIQ 8u
#define PROTOCOL 2u

static const uint8_t everybody[ACCESS_LINE_MAC] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* A short frame is filled up with zeros. */
static void
send_frame(struct subscriber *s, uint8_t *frame, size_t size)
{
	if (size < MIN_FRAME) {
		memset(frame + size, 0, MIN_FRAME - size);
		size = MIN_FRAME;
	}
	s->group->send(s->group->ctx, s, frame, size);
}

/* ---- discovery ----------------------------------------------------------------------------------------- */

static void
put_host_uniq(const struct subscriber *s, uint8_t data[HOST_UNIQ])
{
	nf_put32(data, s->number);
	nf_put32(data + 4, s->attempt);
}

bool
subscriber_is_host_uniq(const struct subscriber *s, const uint8_t *data, uint16_t size)
{
	uint8_t mine[HOST_UNIQ];

	put_host_uniq(s, mine);
	return size == HOST_UNIQ && memcmp(data, mine, HOST_UNIQ) == 0;
}

/* PADI and PADR; the latter has what the offer had. */
static void
say_discovery(struct subscriber *s, const uint8_t *to, enum pppoe_code code)
{
	uint8_t frame[SUBSCRIBER_MAX_FRAME], host_uniq[HOST_UNIQ], max_payload[2];
	size_t head = access_line_put_head(&s->line, frame, to, PPPOE_ETHERTYPE_DISCOVERY);
	struct pppoe_writer w;

	put_host_uniq(s, host_uniq);
	nf_put16(max_payload, s->group->mru);
	pppoe_begin(&w, frame + head, (uint16_t)(sizeof(frame) - head), (uint8_t)code, 0);
	pppoe_put_tag(&w, PPPOE_TAG_SERVICE_NAME, s->group->service,
		      (uint16_t)strlen(s->group->service));
	pppoe_put_tag(&w, PPPOE_TAG_HOST_UNIQ, host_uniq, sizeof(host_uniq));
	if (s->group->mru > PPP_MRU_DEFAULT)
		pppoe_put_tag(&w, PPPOE_TAG_MAX_PAYLOAD, max_payload, sizeof(max_payload));
	if (code == PPPOE_PADR && s->cookie_size > 0)
		pppoe_put_tag(&w, PPPOE_TAG_AC_COOKIE, s->cookie, s->cookie_size);
	if (code == PPPOE_PADR && s->relay_size > 0)
		pppoe_put_tag(&w, PPPOE_TAG_RELAY_SESSION_ID, s->relay, s->relay_size);
	send_frame(s, frame, head + pppoe_end(&w));
}

void
subscriber_say_padi(struct subscriber *s)
{
	say_discovery(s, everybody, PPPOE_PADI);
}

void
subscriber_say_padr(struct subscriber *s)
{
	say_discovery(s, s->ac_mac, PPPOE_PADR);
}

void
subscriber_say_padt(struct subscriber *s)
{
	uint8_t frame[MIN_FRAME];
	size_t head = access_line_put_head(&s->line, frame, s->ac_mac, PPPOE_ETHERTYPE_DISCOVERY);
	struct pppoe_writer w;

	pppoe_begin(&w, frame + head, (uint16_t)(sizeof(frame) - head), PPPOE_PADT, s->session_id);
	send_frame(s, frame, head + pppoe_end(&w));
}

/* ---- PPP ----------------------------------------------------------------------------------------------- */

void
subscriber_say_packet(struct subscriber *s, uint16_t protocol, const uint8_t *packet, uint16_t size)
{
	uint8_t frame[SUBSCRIBER_MAX_FRAME];
	uint8_t *at =
		frame + access_line_put_head(&s->line, frame, s->ac_mac, PPPOE_ETHERTYPE_SESSION);

	pppoe_put_session_head(at, s->session_id, (uint16_t)(PROTOCOL + size));
	at += PPPOE_HEAD;
	nf_put16(at, protocol);
	at += PROTOCOL;
	memcpy(at, packet, size);
	send_frame(s, frame, (size_t)(at + size - frame));
}

void
subscriber_say(struct subscriber *s, uint16_t protocol, uint8_t code, uint8_t identifier,
	       const void *data, uint16_t size)
{
	uint8_t packet[PPP_CONTROL_MAX];

	if (size > PPP_CONTROL_MAX - PPP_HEAD)
		size = PPP_CONTROL_MAX - PPP_HEAD;
	if (size > 0)
		memcpy(packet + PPP_HEAD, data, size);
	subscriber_say_packet(s, protocol, packet,
			      ppp_control_head(packet, code, identifier, size));
}

void
subscriber_say_request(struct subscriber *s, struct negotiation *n, uint64_t now_ns)
{
	uint8_t packet[PPP_CONTROL_MAX];
	uint16_t size = negotiation_ask(n, now_ns, s->group->restart_ns, packet);

	subscriber_say_packet(s, n->protocol, packet, size);
}

void
subscriber_say_pap(struct subscriber *s)
{
	uint8_t data[512];
	uint16_t size = pap_put_request(data, sizeof(data), s->user, s->password);

	subscriber_say(s, PPP_PAP, PAP_REQUEST, s->identifier, data, size);
}

void
subscriber_say_chap(struct subscriber *s)
{
	uint8_t data[512];
	uint16_t size = chap_put_value(data, sizeof(data), s->response, CHAP_MD5_SIZE, s->user);

	subscriber_say(s, PPP_CHAP, CHAP_RESPONSE, s->identifier, data, size);
}

void
subscriber_say_echo(struct subscriber *s, enum ppp_code code, uint8_t identifier,
		    const uint8_t *data, uint16_t size)
{
	const struct negotiation_term *magic = negotiation_term(&s->lcp, LCP_MAGIC);
	uint8_t answer[PPP_CONTROL_MAX - PPP_HEAD] = {0};

	if (size > sizeof(answer) - 4)
		size = sizeof(answer) - 4;
	if (magic->asked) /* else it is zero (RFC 1661 section 5.8) */
		memcpy(answer, magic->value, 4);
	if (size > 0)
		memcpy(answer + 4, data, size);
	subscriber_say(s, PPP_LCP, (uint8_t)code, identifier, answer, (uint16_t)(4 + size));
}

void
subscriber_say_reject(struct subscriber *s, uint16_t protocol, const uint8_t *packet, uint16_t size)
{
	uint8_t data[PPP_CONTROL_MAX - PPP_HEAD];
	uint16_t head = protocol != 0 ? PROTOCOL : 0;

	if (size > sizeof(data) - head)
		size = (uint16_t)(sizeof(data) - head);
	if (protocol != 0)
		nf_put16(data, protocol);
	memcpy(data + head, packet, size);
	subscriber_say(s, PPP_LCP, protocol != 0 ? PPP_PROTOCOL_REJECT : PPP_CODE_REJECT,
		       ++s->last_identifier, data, (uint16_t)(head + size));
}
