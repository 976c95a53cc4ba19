/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the gateway tells the control plane by itself (command `watch`, nfs/common/control/event.h). Worker's thread.
 */
#ifndef GATEWAY_EVENTS_H
#define GATEWAY_EVENTS_H

#include "event.h"
#include "gateway.h"
#include "session_entry.h"

/* X(NAME, word in a row) */
#define GATEWAY_EVENTS(X)                                                                        \
	X(ERROR_INDICATION, "error-indication") /* the cell has no such tunnel */                \
	X(CELL_IDLE, "cell-idle")               /* idle for too long, and in no cell any more */ \
	X(DOWNLINK_WAITING,                                                                      \
	  "downlink-waiting")             /* the first packet waits for an idle subscriber */    \
	X(PATH_SWITCHED, "path-switched") /* moved by its data, to this cell */

enum gateway_event {
#define X(name, word) GATEWAY_EVENT_##name,
	GATEWAY_EVENTS(X)
#undef X
		GATEWAY_N_EVENTS
};

/* Of a session, and the cell where it is now. */
static inline void
gateway_tell_event(struct gateway_worker *w, enum gateway_event event,
		   const struct gateway_session *session)
{
	nf_event_put(w->gateway->events[w->nf->index],
		     (const uint64_t[NF_EVENT_WORDS]){
			     (uint64_t)event << 32 | session->teid,
			     w->nf->now_ns,
			     (uint64_t)session->cell_address << 32 | session->cell_teid,
		     });
}

#endif
