/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session while it is changed: its row, open for writing, with what its three machines need to run, and a way for their
 * packets to the client. Lives on the stack, between pppoe_link_begin() and pppoe_link_end(). Worker's thread.
 */
#ifndef PPPOE_PATH_LINK_H
#define PPPOE_PATH_LINK_H

#include "ipcp.h"
#include "ipv6cp.h"
#include "lcp.h"
#include "pppoe.h"

struct pppoe_link {
	struct pppoe_worker *w;
	uint32_t slot;
	struct pppoe_session *session;
	struct ppp_settings settings;
	struct lcp lcp;
	struct ipcp ipcp;
	struct ipv6cp ipv6cp;
	bool is_finished; /* LCP came to its end: ending.h does the rest */
};

/* For who only looks. */
void pppoe_link_look(struct pppoe_link *link, struct pppoe_worker *w, uint32_t slot);
/* Opens the row. */
void pppoe_link_begin(struct pppoe_link *link, struct pppoe_worker *w, uint32_t slot);
void pppoe_link_end(struct pppoe_link *link);

/* Of LCP, IPCP or IPV6CP; valid as long as the link. */
struct ppp_run pppoe_link_run(struct pppoe_link *link, uint16_t protocol);

/* Sends a packet of LCP, an NCP, PAP or CHAP, and counts it. */
void pppoe_link_send(struct pppoe_link *link, uint16_t protocol, uint8_t code, uint8_t identifier,
		     const uint8_t *data, uint16_t size);

/* LCP is not Opened any more: nothing above it is. */
void pppoe_link_layers_down(struct pppoe_link *link);

static inline uint64_t
pppoe_link_now(const struct pppoe_link *link)
{
	return link->w->nf->now_ns;
}

#endif
