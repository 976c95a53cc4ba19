/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The authentication phase of a session (RFC 1661 section 3.5): PAP (RFC 1334) or CHAP (RFC 1994), as LCP agreed. Who may come in is
 * asked (ask.h) and decided elsewhere. A wrong password is answered late, the later the more of them there were (line.h), and
 * ends the session.
 *
 * A question does not move. The target finds the session in PPPOE_AUTH_ASKING without having asked: it sends a fresh challenge, or
 * takes the next PAP request, which clients repeat. Worker's thread.
 */
#ifndef PPPOE_PATH_AUTHENTICATE_H
#define PPPOE_PATH_AUTHENTICATE_H

#include "link.h"

/* LCP is Opened. */
void pppoe_authenticate_start(struct pppoe_link *link);
/* session.auth_timer is due. */
void pppoe_authenticate_timeout(struct pppoe_link *link);

/* A packet of the protocol that was agreed (PPP_PAP, PPP_CHAP). Returns its counter. Opens the row by itself, if it
 * changes it. */
unsigned int pppoe_authenticate_take(struct pppoe_worker *w, uint32_t slot,
				     const struct ppp_control *c);

/* It was decided, and the session waits for it. */
void pppoe_authenticate_decided(struct pppoe_link *link, const struct pppoe_answer *answer);

#endif
