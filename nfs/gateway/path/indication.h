/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error indications from cells (TS 29.281 section 7.3.1): a cell has no tunnel where packets of a session were
 * sent to. The control plane is told, and the subscriber is in no cell any more if it is configured so.
 *
 * Only a cell speaks for its tunnels: what it names must be an end of a session's tunnel at the address that it
 * comes from. The TEID in it is the cell's, so any worker may own the session; it is found by the workers'
 * indexes and handed to its owner. Worker's thread.
 */
#ifndef GATEWAY_INDICATION_H
#define GATEWAY_INDICATION_H

#include "gateway.h"
#include "packet.h"

/* Takes over GATEWAY_KIND_ERROR_INDICATION and GATEWAY_KIND_OWN_ERROR. */
void gateway_indication_take(struct gateway_worker *w, struct gateway_packet *p);

#endif
