/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A question (ask.h) as a RADIUS request, and the answer to it (RFC 2865, 2866, 2869; line ids by RFC 4679). Pure: time,
 * identifier and authenticator are the caller's.
 */
#ifndef PPPOE_CONTROL_RADIUS_REQUEST_H
#define PPPOE_CONTROL_RADIUS_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "ask.h"
#include "radius_packet.h"

#define PPPOE_REQUEST_MAX 1024u /* octets: more than all attributes of a question have */

struct pppoe_request_head {
	const char *nas_identifier;
	const char *secret;
	uint8_t identifier;
	const uint8_t *authenticator; /* of an Access-Request: random */
	uint32_t made_s;  /* of accounting: when the record was made, seconds of the epoch */
	uint32_t delay_s; /* since then */
	bool by_radius;   /* accounting: RADIUS let the user in, not a file */
};

static inline bool
pppoe_ask_is_login(const struct pppoe_ask *ask)
{
	return ask->kind == PPPOE_ASK_PAP || ask->kind == PPPOE_ASK_CHAP;
}

/* Returns the size; 0: it cannot be asked (a password of more than 128 octets). */
uint16_t pppoe_radius_request(const struct pppoe_ask *ask, const struct pppoe_request_head *head,
			      uint8_t bytes[PPPOE_REQUEST_MAX]);

/* An answer to a log-in: with whose question it is, and silent. */
void pppoe_answer_begin(const struct pppoe_ask *ask, struct pppoe_answer *ret);

/* An Access-Accept, -Reject or -Challenge that was judged to be good. An Accept for a service that is not PPP is no, and so is
 * a challenge: PPP's PAP and CHAP cannot put it to the user (RFC 2865 sections 4.4, 5.6). False: another code. A Class
 * that is too long for a session is left out. */
bool pppoe_radius_answer(const struct radius_packet *p, struct pppoe_answer *answer);

#endif
