/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IPV6CP's part of a negotiation (RFC 5072 section 4): interface identifiers, two of a link that differ and are not zero. The
 * peer's prefix comes by router advertisements. Pure.
 */
#ifndef PPPOE_TABLE_IPV6CP_H
#define PPPOE_TABLE_IPV6CP_H

#include "machine.h"

#define IPV6CP_ID_SIZE 8u

/* Ours, on every line and at every instance: our link-local address is fe80::1. */
extern const uint8_t ipv6cp_own_id[IPV6CP_ID_SIZE];

/* ppp_run.self */
struct ipv6cp {
	uint8_t *interface_id; /* the peer's, in the session */
	struct rte_ether_addr
		mac; /* of the peer: who has no identifier gets one that is made of it */
};

extern const struct ppp_ops ipv6cp_ops;

#endif
