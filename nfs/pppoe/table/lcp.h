/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LCP's part of a negotiation (RFC 1661 section 6), as an access concentrator has it: Maximum-Receive-Unit within what
 * PPPoE carries (RFC 2516 section 7, RFC 4638), magic numbers, and who authenticates. All other options are
 * rejected, and so is a peer that would have us authenticate. Pure.
 */
#ifndef PPPOE_TABLE_LCP_H
#define PPPOE_TABLE_LCP_H

#include "machine.h"

#define LCP_MRU_MIN 128u
#define LCP_MAX_LOOPS 5u /* own magic numbers heard before the line is given up */

/* ppp_run.self */
struct lcp {
	struct lcp_terms *terms;
	uint16_t mtu; /* the longest payload that is configured */
	bool pap, chap;
	uint32_t random; /* for the next magic number; not 0 */
};

extern const struct ppp_ops lcp_ops;

/* Of a new session, whose PPP-Max-Payload is in the terms already: what we ask for. */
void lcp_begin(struct lcp *lcp);

/* Sends an Echo-Request, and counts it (section 5.8). */
void lcp_send_echo(struct ppp_run *run);

#endif
