/* SPDX-License-Identifier: Apache-2.0 */
/* PCP requests as packets: to the NAT's inside address, and back. Worker's thread. */
#ifndef NAT_PCP_PACKET_H
#define NAT_PCP_PACKET_H

#include "nat.h"
#include "packet.h"

/* Answers a PCP request to the NAT itself. */
void nat_pcp_take(struct nat_worker *w, struct nat_packet *p);

#endif
