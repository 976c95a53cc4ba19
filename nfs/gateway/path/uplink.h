/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From subscribers: out of the tunnel, checked, then to the core, to another subscriber of this gateway, or
 * to the gateway itself. Worker's thread; the caller is the worker that owns the TEID's bucket.
 */
#ifndef GATEWAY_UPLINK_H
#define GATEWAY_UPLINK_H

#include "gateway.h"
#include "packet.h"

/* An uplink packet from the cell that was left does not move the subscriber back for this long: it was
 * on its way when he left. */
#define GATEWAY_SWITCH_GUARD_NS UINT64_C(500000000)

/* Takes over a G-PDU. */
void gateway_uplink(struct gateway_worker *w, struct gateway_packet *p);

/* Takes over a packet of the gateway's own, stripped, to a subscriber or to the core. */
void gateway_route(struct gateway_worker *w, struct gateway_packet *p);

#endif
