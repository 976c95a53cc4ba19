/* SPDX-License-Identifier: Apache-2.0 */
/* Questions as RADIUS requests; see radius_request.h. */
#include "radius_request.h"

#include <stdio.h>
#include <string.h>

#include "radius_disconnect.h"

enum { SERVICE_FRAMED = 2, PROTOCOL_PPP = 1, PORT_PPPOE = 32, PORT_PPPOE_VLAN, PORT_PPPOE_QINQ };
enum { STATUS_START = 1, STATUS_STOP = 2, STATUS_INTERIM = 3 };
enum { AUTHENTIC_RADIUS = 1, AUTHENTIC_LOCAL = 2 };

/* Framed-IP-Address (RFC 2865 section 5.8): the user, or we choose. */
#define ADDRESS_OF_USER UINT32_C(0xffffffff)
#define ADDRESS_OF_NAS UINT32_C(0xfffffffe)

/* ---- requests ----------------------------------------------------------------------------------------------------- */

static void
put_line(struct radius_writer *w, const struct pppoe_ask *ask)
{
	const struct pppoe_line_key *line = &ask->line;
	char station[RADIUS_STATION_SIZE], port[32];

	radius_put_station(&line->mac, station);
	if (line->inner != 0)
		snprintf(port, sizeof(port), "vlan %u.%u", line->outer, line->inner);
	else
		snprintf(port, sizeof(port), "vlan %u", line->outer);
	radius_put_text(w, RADIUS_CALLING_STATION_ID, station);
	radius_put_number(w, RADIUS_NAS_PORT, ask->session_id);
	radius_put_number(w, RADIUS_NAS_PORT_TYPE,
			  line->inner != 0   ? PORT_PPPOE_QINQ
			  : line->outer != 0 ? PORT_PPPOE_VLAN
					     : PORT_PPPOE);
	radius_put_text(w, RADIUS_NAS_PORT_ID, line->outer != 0 ? port : "untagged");
	radius_put_vendor_text(w, RADIUS_VENDOR_ADSL, RADIUS_AGENT_CIRCUIT_ID, ask->circuit_id);
	radius_put_vendor_text(w, RADIUS_VENDOR_ADSL, RADIUS_AGENT_REMOTE_ID, ask->remote_id);
}

/* What both kinds of requests have. */
static void
put_common(struct radius_writer *w, const struct pppoe_ask *ask,
	   const struct pppoe_request_head *head)
{
	char session[RADIUS_SESSION_ID_SIZE];

	radius_put_text(w, RADIUS_USER_NAME, ask->user);
	radius_put_text(w, RADIUS_NAS_IDENTIFIER, head->nas_identifier);
	radius_put_number(w, RADIUS_SERVICE_TYPE, SERVICE_FRAMED);
	radius_put_number(w, RADIUS_FRAMED_PROTOCOL, PROTOCOL_PPP);
	if (ask->accounting_id != 0) {
		radius_put_session_id(ask->accounting_id, session);
		radius_put_text(w, RADIUS_ACCT_SESSION_ID, session);
	}
	put_line(w, ask);
}

static void
put_chap(struct radius_writer *w, const struct pppoe_ask *ask)
{
	uint8_t value[1 + 16] = {ask->identifier};

	memcpy(value + 1, ask->secret, sizeof(value) - 1);
	radius_put(w, RADIUS_CHAP_PASSWORD, value, sizeof(value));
	radius_put(w, RADIUS_CHAP_CHALLENGE, ask->challenge, sizeof(ask->challenge));
}

static uint16_t
put_login(const struct pppoe_ask *ask, const struct pppoe_request_head *head,
	  struct radius_writer *w, uint8_t *bytes)
{
	if (ask->kind == PPPOE_ASK_CHAP && ask->secret_size != 16)
		return 0;
	radius_begin(w, bytes, PPPOE_REQUEST_MAX, RADIUS_ACCESS_REQUEST, head->identifier,
		     head->authenticator);
	/* In front of all that a forger could choose. */
	radius_put_signature(w);
	if (ask->kind == PPPOE_ASK_PAP)
		radius_put_password(w, ask->secret, ask->secret_size, head->secret);
	else
		put_chap(w, ask);
	put_common(w, ask, head);
	return radius_end_access(w, head->secret);
}

/* From the side of the server input is what the user sent. */
static void
put_usage(struct radius_writer *w, const struct pppoe_ask *ask)
{
	radius_put_number(w, RADIUS_ACCT_SESSION_TIME, (uint32_t)ask->seconds);
	radius_put_number(w, RADIUS_ACCT_INPUT_OCTETS, (uint32_t)ask->bytes_up);
	radius_put_number(w, RADIUS_ACCT_OUTPUT_OCTETS, (uint32_t)ask->bytes_down);
	radius_put_number(w, RADIUS_ACCT_INPUT_GIGAWORDS, (uint32_t)(ask->bytes_up >> 32));
	radius_put_number(w, RADIUS_ACCT_OUTPUT_GIGAWORDS, (uint32_t)(ask->bytes_down >> 32));
	radius_put_number(w, RADIUS_ACCT_INPUT_PACKETS, (uint32_t)ask->packets_up);
	radius_put_number(w, RADIUS_ACCT_OUTPUT_PACKETS, (uint32_t)ask->packets_down);
}

static uint16_t
put_accounting(const struct pppoe_ask *ask, const struct pppoe_request_head *head,
	       struct radius_writer *w, uint8_t *bytes)
{
	static const uint8_t statuses[] = {
		[PPPOE_ASK_START] = STATUS_START,
		[PPPOE_ASK_INTERIM] = STATUS_INTERIM,
		[PPPOE_ASK_STOP] = STATUS_STOP,
	};

	radius_begin(w, bytes, PPPOE_REQUEST_MAX, RADIUS_ACCOUNTING_REQUEST, head->identifier,
		     NULL);
	radius_put_number(w, RADIUS_ACCT_STATUS_TYPE, statuses[ask->kind]);
	put_common(w, ask, head);
	if (ask->ipv4 != 0)
		radius_put(w, RADIUS_FRAMED_IP_ADDRESS, &ask->ipv4, sizeof(ask->ipv4));
	if (ask->class_[0] != 0)
		radius_put(w, RADIUS_CLASS, ask->class_ + 1, ask->class_[0]);
	radius_put_number(w, RADIUS_ACCT_AUTHENTIC,
			  head->by_radius ? AUTHENTIC_RADIUS : AUTHENTIC_LOCAL);
	radius_put_number(w, RADIUS_EVENT_TIMESTAMP, head->made_s);
	radius_put_number(w, RADIUS_ACCT_DELAY_TIME, head->delay_s);
	if (ask->kind != PPPOE_ASK_START)
		put_usage(w, ask);
	if (ask->kind == PPPOE_ASK_STOP && ask->end != PPPOE_END_NONE)
		radius_put_number(w, RADIUS_ACCT_TERMINATE_CAUSE, ask->end);
	return radius_end_digest(w, head->secret);
}

uint16_t
pppoe_radius_request(const struct pppoe_ask *ask, const struct pppoe_request_head *head,
		     uint8_t bytes[PPPOE_REQUEST_MAX])
{
	struct radius_writer w;

	return pppoe_ask_is_login(ask) ? put_login(ask, head, &w, bytes)
				       : put_accounting(ask, head, &w, bytes);
}

/* ---- answers ------------------------------------------------------------------------------------------------------ */

void
pppoe_answer_begin(const struct pppoe_ask *ask, struct pppoe_answer *ret)
{
	*ret = (struct pppoe_answer){
		.slot = ask->slot,
		.session_id = ask->session_id,
		.identifier = ask->identifier,
		.verdict = PPPOE_SILENT,
		.accounting_id = ask->accounting_id,
	};
}

static void
take_message(const struct radius_packet *p, struct pppoe_answer *answer)
{
	struct radius_attribute a;
	size_t size;

	if (!radius_find(p, RADIUS_REPLY_MESSAGE, &a))
		return;
	size = RTE_MIN((size_t)a.size, sizeof(answer->message) - 1);
	memcpy(answer->message, a.data, size);
	answer->message[size] = '\0';
}

static void
take_terms(const struct radius_packet *p, struct pppoe_answer *answer)
{
	struct radius_attribute a;
	uint32_t number;

	if (radius_find_number(p, RADIUS_FRAMED_IP_ADDRESS, &number) && number != ADDRESS_OF_USER &&
	    number != ADDRESS_OF_NAS)
		answer->ipv4 = rte_cpu_to_be_32(number);
	radius_find_number(p, RADIUS_SESSION_TIMEOUT, &answer->session_timeout);
	radius_find_number(p, RADIUS_IDLE_TIMEOUT, &answer->idle_timeout);
	radius_find_number(p, RADIUS_ACCT_INTERIM_INTERVAL, &answer->interim_s);
	if (radius_find(p, RADIUS_CLASS, &a) && a.size < sizeof(answer->class_)) {
		answer->class_[0] = a.size;
		memcpy(answer->class_ + 1, a.data, a.size);
	}
}

static bool
is_for_ppp(const struct radius_packet *p)
{
	uint32_t number;

	return (!radius_find_number(p, RADIUS_SERVICE_TYPE, &number) || number == SERVICE_FRAMED) &&
	       (!radius_find_number(p, RADIUS_FRAMED_PROTOCOL, &number) || number == PROTOCOL_PPP);
}

bool
pppoe_radius_answer(const struct radius_packet *p, struct pppoe_answer *answer)
{
	uint8_t code = radius_code(p);

	if (code != RADIUS_ACCESS_ACCEPT && code != RADIUS_ACCESS_REJECT &&
	    code != RADIUS_ACCESS_CHALLENGE)
		return false;
	answer->verdict = code == RADIUS_ACCESS_ACCEPT && is_for_ppp(p) ? PPPOE_GOOD : PPPOE_BAD;
	take_message(p, answer);
	if (answer->verdict == PPPOE_GOOD)
		take_terms(p, answer);
	return true;
}
