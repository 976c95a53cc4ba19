/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The discovery stage (RFC 2516 section 5, RFC 4638 section 4): a PADI is answered by a PADO, a PADR makes a session
 * and is answered by a PADS, a PADT ends one. Nothing is remembered of who asked before its PADR shows our cookie. A
 * PADR that came twice is answered twice and makes one session, until the client has begun to speak PPP in it.
 *
 * Silent: what is wrong, what is for another concentrator, what is too much, and a cookie that is not ours or too old.
 * Refused by a PADS with session id 0 and an error tag: a PADR with a good cookie, for a service that is not here, or
 * where no session may be.
 *
 * While sessions still come from another instance nothing is answered; clients ask again. Worker's thread.
 */
#ifndef PPPOE_PATH_DISCOVERY_H
#define PPPOE_PATH_DISCOVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "pppoe.h"

/* A discovery packet, which begins with the PPPoE head, of a line of this worker (pppoe_mac_bucket()). Its frame's
 * addresses and tags were judged; `is_broadcast`: it was not to our address. Returns what became of it (counters.h), to
 * be counted by whoever frees the frame. */
unsigned int pppoe_discovery_take(struct pppoe_worker *w, const struct pppoe_line_key *line,
				  const uint8_t *packet, uint32_t size, bool is_broadcast);

#endif
