/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the concentrator tells whoever watches by itself (command `watch`, nfs/common/control/event.h). Worker's thread.
 */
#ifndef PPPOE_PATH_EVENTS_H
#define PPPOE_PATH_EVENTS_H

#include <string.h>

#include "event.h"
#include "pppoe.h"

/* X(NAME, word in a row) */
#define PPPOE_EVENTS(X)                                                                   \
	X(SESSION_UP, "session-up")     /* it came to carry IPv4 or IPv6 */               \
	X(SESSION_DOWN, "session-down") /* it ended, of whatever cause its `end` tells */ \
	X(LOGIN_FAILED, "login-failed") /* a wrong password, or an unknown user */

enum pppoe_event {
#define X(name, word) PPPOE_EVENT_##name,
	PPPOE_EVENTS(X)
#undef X
		PPPOE_N_EVENTS
};

/* An event as its words have it. */
struct pppoe_event_words {
	uint8_t event; /* enum pppoe_event */
	uint8_t end;   /* enum pppoe_end */
	uint16_t session_id;
	uint16_t outer;
	uint16_t inner;
	uint64_t time_ns;
	struct rte_ether_addr mac;
	uint16_t reserved;
	rte_be32_t ipv4;
	uint32_t prefix;
};

_Static_assert(sizeof(struct pppoe_event_words) == NF_EVENT_WORDS * sizeof(uint64_t),
	       "without holes");

/* Of a session, with the addresses that it has now. */
static inline void
pppoe_tell_event(struct pppoe_worker *w, enum pppoe_event event,
		 const struct pppoe_session *session)
{
	const struct pppoe_event_words told = {
		.event = (uint8_t)event,
		.end = session->end,
		.session_id = session->session_id,
		.outer = session->outer,
		.inner = session->inner,
		.time_ns = w->nf->now_ns,
		.mac = session->mac,
		.ipv4 = session->ipv4,
		.prefix = session->prefix,
	};
	uint64_t words[NF_EVENT_WORDS];

	memcpy(words, &told, sizeof(words));
	nf_event_put(w->pppoe->events[w->nf->index], words);
}

#endif
