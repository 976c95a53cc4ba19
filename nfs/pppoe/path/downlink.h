/* SPDX-License-Identifier: Apache-2.0 */
/* To clients: into the session of who has the destination, at the worker that has it. Worker's thread. */
#ifndef PPPOE_PATH_DOWNLINK_H
#define PPPOE_PATH_DOWNLINK_H

#include "packet.h"
#include "pppoe.h"

/* Takes over an IP packet (f->ip is right) behind an Ethernet header, as it came from the core, or behind room for one, of a
 * client or the concentrator itself (side PPPOE_ACCESS), whose source and time to live were looked at already. Hands it to the
 * worker of the client, sends it, or drops it. */
void pppoe_downlink(struct pppoe_worker *w, struct pppoe_frame *f);

#endif
