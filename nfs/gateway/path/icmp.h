/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ICMP and ICMPv6 of the gateway's own: errors about subscribers' packets (RFC 792, RFC 1191, RFC 4443),
 * and ICMP echo to the gateway itself. Rare packets. Errors share the rate of GTP-U's (own.h).
 * Worker's thread.
 */
#ifndef GATEWAY_ICMP_H
#define GATEWAY_ICMP_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway.h"
#include "packet.h"

enum gateway_reason { GATEWAY_TIME_EXCEEDED, GATEWAY_TOO_BIG };

/* What tells the sender of a subscriber's packet why it goes no further; `mtu` for GATEWAY_TOO_BIG. It is kept
 * in w->errors until the burst ends; nothing is if there is nothing to be said, or not so often. The packet that
 * it is about stays the caller's. */
void gateway_icmp_tell(struct gateway_worker *w, const struct gateway_packet *p,
		       enum gateway_reason reason, uint16_t mtu);

/* Answers an ICMP echo request to the gateway itself from a host on a side. */
void gateway_icmp_answer_echo(struct gateway_worker *w, struct gateway_packet *p);

/* Makes the answer of an ICMP or ICMPv6 echo request. */
void gateway_icmp_turn_echo(struct gateway_worker *w, struct gateway_packet *p);

#endif
