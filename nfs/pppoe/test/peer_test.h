/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end of a link, for tests of machines without sessions: what a machine sends is written down as text, a line a
 * packet, and what it is given is read from hexadecimal digits. Packets are built and told apart by code that shares
 * nothing with the concentrator's.
 */
#ifndef PPPOE_PEER_TEST_H
#define PPPOE_PEER_TEST_H

#include "ipcp.h"
#include "ipv6cp.h"
#include "lcp.h"

#define SECOND UINT64_C(1000000000)

struct peer {
	struct ppp_settings settings;
	struct ppp_machine machine;
	uint64_t timer;
	uint64_t now_ns;
	uint16_t peer_mru;
	const struct ppp_ops *ops;
	struct lcp_terms terms;
	struct lcp lcp;
	struct ipcp ipcp;
	struct ipv6cp ipv6cp;
	uint8_t interface_id[8];
	char sent[8192]; /* "code identifier digits\n" of each packet since the last peer_sent() */
	uint16_t last_size;
};

/* A machine at rest, with RFC 1661's defaults (3 s; 10, 2, 5), our magic number 0x11223344, no authentication. */
void peer_init(struct peer *p, const struct ppp_ops *ops);

uint16_t peer_event(struct peer *p, enum ppp_event event);
/* Time goes on to the restart timer, which must run. */
uint16_t peer_timeout(struct peer *p);
/* A packet whose data are hexadecimal digits, spaces between allowed. It must be taken. */
uint16_t peer_give(struct peer *p, uint8_t code, uint8_t identifier, const char *digits);
/* An Echo-Request of ours. */
void peer_echo(struct peer *p);
/* It must be dropped for this reason, without a change. */
void peer_refused(struct peer *p, enum ppp_check why, uint8_t code, uint8_t identifier,
		  const char *digits);
/* Fails unless exactly these packets were sent since the last call. */
void peer_sent(struct peer *p, const char *lines);
/* Open and Up: to Req-Sent. */
void peer_start(struct peer *p);
/* By a path of the standard's table to any state. */
void peer_bring(struct peer *p, enum ppp_state state);

#endif
