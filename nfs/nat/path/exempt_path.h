/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of packets that are not translated (exempt.h). */
#ifndef NAT_EXEMPT_PATH_H
#define NAT_EXEMPT_PATH_H

#include "nat.h"
#include "packet.h"

/* Routes a packet of NAT_KIND_ROUTED to the other side. Worker's thread. */
void nat_exempt_route(struct nat_worker *w, struct nat_packet *p);

#endif
