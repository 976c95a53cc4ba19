/* SPDX-License-Identifier: Apache-2.0 */
/*
 * To subscribers: into a tunnel, to the cell where the subscriber is now; who is in none is waited for
 * (buffer.h). Worker's thread; the caller is the worker that owns the bucket.
 */
#ifndef GATEWAY_DOWNLINK_H
#define GATEWAY_DOWNLINK_H

#include "gateway.h"
#include "packet.h"
#include "session_entry.h"

/* Takes over an IP packet to a subscriber: from the core, or (side access) from another subscriber and out
 * of its tunnel. */
void gateway_downlink(struct gateway_worker *w, struct gateway_packet *p);

/* Moves a subscriber to another cell (address 0: to none). The cell that is left gets an end marker
 * (TS 29.281 section 7.3.2) behind the last packet that went there and before the first that
 * goes elsewhere. What waited for the subscriber follows. */
void gateway_switch_path(struct gateway_worker *w, uint32_t slot, struct gateway_cell cell);

/* The subscriber is in no cell any more, and the cell need not be told: it has no such tunnel, or nothing to
 * be done for it. */
void gateway_release_cell(struct gateway_worker *w, uint32_t slot);

#endif
