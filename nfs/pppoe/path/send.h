/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of the concentrator's own to clients: Ethernet, the line's tags, PPPoE, PPP. Worker's thread. */
#ifndef PPPOE_PATH_SEND_H
#define PPPOE_PATH_SEND_H

#include "pppoe.h"

/* Octets in front of a PPP packet's data on a line: Ethernet, tags, PPPoE head, protocol field. */
static inline uint16_t
pppoe_front(uint16_t outer, uint16_t inner)
{
	return (uint16_t)(14 + (outer != 0 ? 4 : 0) + (inner != 0 ? 4 : 0) + 6 + 2);
}

/* A PPP packet of a session, from octets; counted by the caller. Nothing is sent where no buffer is free (NF_no_mbuf). */
void pppoe_send_ppp(struct pppoe_worker *w, const struct pppoe_session *session, uint16_t protocol,
		    const void *data, uint16_t size);

/* A discovery packet (head and tags) to a client. */
void pppoe_send_discovery(struct pppoe_worker *w, const struct pppoe_line_key *line,
			  const void *packet, uint16_t size);

/* Writes Ethernet header, tags, PPPoE head and protocol field in front of an IP packet, which begins at the mbuf's data, and
 * emits it to the client. The mbuf has the room (pppoe_front()). */
void pppoe_emit_data(struct pppoe_worker *w, const struct pppoe_session *session, uint16_t protocol,
		     struct rte_mbuf *m);

#endif
