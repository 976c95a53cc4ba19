/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ICMP and ICMPv6 of the concentrator's own: errors about packets of and to clients (RFC 792, RFC 1191, RFC 4443), and
 * echo. Rare packets. Worker's thread.
 */
#ifndef PPPOE_PATH_ICMP_H
#define PPPOE_PATH_ICMP_H

#include "packet.h"
#include "pppoe.h"

enum pppoe_reason { PPPOE_TIME_EXCEEDED, PPPOE_TOO_BIG };

/* What tells the sender of a packet why it goes no further; `mtu` for PPPOE_TOO_BIG. It is kept in w->errors until the
 * burst ends; nothing is if there is nothing to be said, or not so often. The packet stays the caller's. */
void pppoe_icmp_tell(struct pppoe_worker *w, const struct pppoe_frame *f, enum pppoe_reason reason,
		     uint16_t mtu);

/* Answers an echo request of a host of the core to an own address. */
void pppoe_icmp_answer(struct pppoe_worker *w, struct pppoe_frame *f);

#endif
