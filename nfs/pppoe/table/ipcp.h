/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IPCP's part of a negotiation (RFC 1332, RFC 1877): the peer has the address that the session has, and learns the
 * DNS servers; no compression. Pure.
 */
#ifndef PPPOE_TABLE_IPCP_H
#define PPPOE_TABLE_IPCP_H

#include "machine.h"

/* ppp_run.self */
struct ipcp {
	rte_be32_t gateway; /* ours */
	rte_be32_t address; /* the peer's */
	rte_be32_t dns[2];  /* 0: there is none */
};

extern const struct ppp_ops ipcp_ops;

#endif
