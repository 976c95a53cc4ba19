/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client on line, for tests of the control plane: it dials, negotiates by hand, and sees what comes back. Its packets are
 * written in hexadecimal digits (spaces between allowed), and what it hears is told as text: "c021 1 7 0104..." for
 * protocol, code, identifier and data of a control packet, "padt" for the end. Nothing of the concentrator's code is used.
 *
 * Whoever decides about log-ins, and accounts, is the test: it takes the questions out of the ring.
 */
#ifndef PPPOE_CLIENT_TEST_H
#define PPPOE_CLIENT_TEST_H

#include "control.h"
#include "counters.h"
#include "harness_test.h"

#define LCP "c021"
#define PAP "c023"
#define CHAP "c223"
#define IPCP "8021"
#define IPV6CP "8057"

struct client {
	struct harness *h;
	uint8_t mac[6];
	uint16_t session_id;
	uint8_t identifier;  /* of the last packet that it heard, */
	char data[2 * 1500]; /* and its data, as digits */
};

/* Without authentication, IPv6 and accounting; the rest of harness_defaults(). */
void client_defaults(struct pppoe_config *config);

/* Discovery, up to the PADS. The Configure-Request that follows is to be heard. */
void client_dial(struct client *c, struct harness *h, uint8_t last_octet);
/* A control packet; data as digits. */
void client_say(struct client *c, const char *protocol, uint8_t code, uint8_t identifier,
		const char *digits);
/* Octets behind the PPPoE head. */
void client_say_raw(struct client *c, const char *digits);
void client_padt(struct client *c);

/* The next frame must be this packet; any data. c->identifier and c->data tell the rest. */
void client_hears(struct client *c, const char *protocol, uint8_t code);
/* And have these data. */
void client_hears_data(struct client *c, const char *protocol, uint8_t code, const char *digits);
void client_hears_padt(struct client *c);
void client_hears_nothing(struct client *c);

/* Parts of an ordinary log-in. */
void client_lcp_up(struct client *c);  /* from Dial: both agree */
void client_ipcp_up(struct client *c); /* it hears our request, and takes the address */
void client_ipv6cp_up(struct client *c);
/* All of it, where nobody is asked. */
void client_comes_up(struct client *c, struct harness *h, uint8_t last_octet);
/* PAP as alice, with "secret". */
void client_pap(struct client *c, uint8_t identifier);

/* What it says is dropped: counted once by this name, nothing sent, and no table changed. */
void client_dropped(struct client *c, unsigned int counter, const char *digits);

const struct pppoe_session *client_session(const struct client *c);
bool client_has_session(const struct client *c);
uint32_t client_slot(const struct client *c);

/* The next question of a worker; fails if there is none, or of another kind. */
struct pppoe_ask client_asked(const struct client *c, enum pppoe_ask_kind kind);
void client_asked_nothing(const struct client *c);
/* No room is left in the ring; then all of it again. */
void client_fill_ring(struct client *c);
void client_empty_ring(struct client *c);
/* An answer to a question, with what follows from it. */
void client_decide(struct client *c, const struct pppoe_ask *ask, enum pppoe_verdict verdict);
void client_answer(struct client *c, const struct pppoe_answer *answer);

/* Time, and the timers of all sessions; in steps that are shorter than a tick of the wheel, so that each has its turn. */
void client_wait(struct client *c, uint32_t seconds);
/* A moment, for the wheel to find what is due now. */
void client_moment(struct client *c);

#endif
