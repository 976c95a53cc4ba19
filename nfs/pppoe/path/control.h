/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control plane of a session: LCP, authentication, IPCP, IPV6CP, keepalives, limits, accounting and its end, driven by
 * what the client sends, by timers, by answers of whoever authenticates, and by operators. Each call belongs to the session's
 * worker, which serves (slim_owns()). Sends by send.h, asks by ask.h.
 */
#ifndef PPPOE_PATH_CONTROL_H
#define PPPOE_PATH_CONTROL_H

#include "ask.h"
#include "pppoe.h"

/* A session that a PADR has made, and whose PADS was sent. LCP's lower layer is up when the client says its first word, or
 * when it had lcp.connect_delay for it: what we say before it has the PADS is lost, and said again after three seconds. */
void pppoe_control_begin(struct pppoe_worker *w, uint32_t slot);

/* A PPP packet that is no data, from the session's client: `packet` begins behind the protocol field. Counts it. */
void pppoe_control_take(struct pppoe_worker *w, uint32_t slot, uint16_t protocol,
			const uint8_t *packet, uint16_t size);

/* The client's PADT: it is over at once. */
void pppoe_control_gone(struct pppoe_worker *w, uint32_t slot);

/* Ends a session in order: Terminate-Request, then PADT. */
void pppoe_control_end(struct pppoe_worker *w, uint32_t slot, enum pppoe_end why);

/* What became of a question (ask.h). */
void pppoe_control_answer(struct pppoe_worker *w, const struct pppoe_answer *answer);

/* Timers that are due, of at most `n` sessions. */
void pppoe_control_tick(struct pppoe_worker *w, uint32_t n);

#endif
