/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions in rows (reply.h). What a client has said of itself, its user name, and what its access node has, the ids of its
 * line, are shown as printable ASCII: other octets as '?', so a row always has room. No secret is in a session. Pure.
 */
#ifndef PPPOE_CONTROL_SHOW_SESSION_H
#define PPPOE_CONTROL_SHOW_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "reply.h"
#include "session_entry.h"

/* A whole row. */
void pppoe_show_session(struct nf_reply *reply, const struct pppoe_config *config,
			const struct pppoe_session *session, uint64_t now_ns);

/* Members of a row. A VLAN id of 0 and an address that is not there are left out. */
void pppoe_show_line(struct nf_reply *reply, const struct rte_ether_addr *mac, uint16_t outer,
		     uint16_t inner);
void pppoe_show_addresses(struct nf_reply *reply, const struct pppoe_config *config,
			  rte_be32_t ipv4, uint32_t prefix);

/* Of enum pppoe_end: "user-request"; never NULL. */
const char *pppoe_show_end(uint8_t end);

#endif
