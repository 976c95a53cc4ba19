/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IPv6 on the link to a client: it is told its /64, when IPV6CP opens, when it asks, and now and then; and our address of the
 * link. Worker's thread.
 */
#ifndef PPPOE_PATH_ADVERTISE_H
#define PPPOE_PATH_ADVERTISE_H

#include "advertisement.h"
#include "packet.h"
#include "pppoe.h"

/* A Router Advertisement to a session of which IPv6 is open; nothing to another one. */
void pppoe_advertise(struct pppoe_worker *w, const struct pppoe_session *session);

/* Takes over a packet of the link (pppoe_is_of_link()) from the client of `slot`. */
void pppoe_link_take(struct pppoe_worker *w, struct pppoe_frame *f, uint32_t slot);

/* Once a round: tells some of the sessions, so that each is told once in PPPOE_RA_EVERY_S. */
void pppoe_advertise_tick(struct pppoe_worker *w);

#endif
