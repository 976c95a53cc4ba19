/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network phase of a session (RFC 1661 section 3.6): it gets its addresses, and IPCP and IPV6CP negotiate. Worker's thread.
 */
#ifndef PPPOE_PATH_NETWORK_H
#define PPPOE_PATH_NETWORK_H

#include "link.h"

/* The client may come in. Ends the session if there is nothing for it to have. */
void pppoe_network_up(struct pppoe_link *link);

/* Is this protocol (PPP_IPCP, PPP_IPV6CP) one that the session has an address for? */
static inline bool
pppoe_network_has(const struct pppoe_session *session, uint16_t protocol)
{
	return protocol == PPP_IPCP ? session->ipv4 != 0 : session->prefix != PPPOE_NO_PREFIX;
}

/* What a run of IPCP or IPV6CP returned: the session may have come up, or have nothing left. */
void pppoe_network_happened(struct pppoe_link *link, uint16_t protocol, uint16_t happened);

#endif
