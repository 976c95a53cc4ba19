/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From clients: out of the session, checked, then to the core, to another client, or to the concentrator itself. Worker's
 * thread; the caller is the worker that has the session.
 */
#ifndef PPPOE_PATH_UPLINK_H
#define PPPOE_PATH_UPLINK_H

#include "packet.h"
#include "pppoe.h"

/* Takes over a frame of the session in `slot`. */
void pppoe_uplink(struct pppoe_worker *w, struct pppoe_frame *f, uint32_t slot);

/* Takes over an IP packet of the concentrator's own, right and behind room for an Ethernet header, to a client or into the
 * core. */
void pppoe_send_ip(struct pppoe_worker *w, struct rte_mbuf *m);

#endif
