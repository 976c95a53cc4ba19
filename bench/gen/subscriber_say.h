/* SPDX-License-Identifier: Apache-2.0 */
/* What a subscriber says: his frames, each written and sent at once. No decisions; see subscriber.c for those. */
#ifndef SLIM_BENCH_SUBSCRIBER_SAY_H
#define SLIM_BENCH_SUBSCRIBER_SAY_H

#include "subscriber_state.h"

void subscriber_say_padi(struct subscriber *s);
void subscriber_say_padr(struct subscriber *s);
void subscriber_say_padt(struct subscriber *s);

/* A whole packet of a control protocol, with its head. */
void subscriber_say_packet(struct subscriber *s, uint16_t protocol, const uint8_t *packet,
			   uint16_t size);
/* One of code, identifier and data; what has no room is left out. */
void subscriber_say(struct subscriber *s, uint16_t protocol, uint8_t code, uint8_t identifier,
		    const void *data, uint16_t size);
/* The next Configure-Request. */
void subscriber_say_request(struct subscriber *s, struct negotiation *n, uint64_t now_ns);
void subscriber_say_pap(struct subscriber *s);
void subscriber_say_chap(struct subscriber *s);
/* Echo-Request or -Reply: our magic number, then data. */
void subscriber_say_echo(struct subscriber *s, enum ppp_code code, uint8_t identifier,
			 const uint8_t *data, uint16_t size);
/* Code-Reject (protocol 0: only the packet), or Protocol-Reject. */
void subscriber_say_reject(struct subscriber *s, uint16_t protocol, const uint8_t *packet,
			   uint16_t size);

/* Is this Host-Uniq the one of his log-in? */
bool subscriber_is_host_uniq(const struct subscriber *s, const uint8_t *data, uint16_t size);

#endif
