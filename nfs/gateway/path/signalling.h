/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GTP-U signalling (TS 29.281 section 7). Rare packets. The error messages of its own are limited in
 * number (own.h). Worker's thread.
 */
#ifndef GATEWAY_SIGNALLING_H
#define GATEWAY_SIGNALLING_H

#include "gateway.h"
#include "packet.h"
#include "session_entry.h"

/* Takes over a GTP-U message that is no G-PDU, or a G-PDU that goes no further. */
void gateway_signalling_take(struct gateway_worker *w, struct gateway_packet *p);

/* Drops a G-PDU to a TEID without session, and tells its sender, within a rate. */
void gateway_signalling_no_tunnel(struct gateway_worker *w, struct gateway_packet *p);

void gateway_signalling_end_marker(struct gateway_worker *w, struct gateway_cell cell);

#endif
