/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source: what the gate of a session's source does, mode by mode. Worker thread. The rows of the
 * gate's table name these functions; each does its step and notes facts, none changes the mode.
 */
#ifndef SLIM_AGENT_SOURCE_H
#define SLIM_AGENT_SOURCE_H

#include "agent.h"
#include "rx.h"

/* Acts on the frames that came at port p. */
void slim_source_frames(struct agent_worker *w, uint16_t p, const struct slim_rx *rx);

/* PASS while slimd prepares: sends probes until all are answered. */
void slim_source_watch(struct agent_worker *w);

/* HOLD: keeps what arrives, until the target has taken over or the hold is undone. */
void slim_source_hold_enter(struct agent_worker *w);
void slim_source_hold_leave(struct agent_worker *w);
void slim_source_hold_poll(struct agent_worker *w);
void slim_source_hold_idle(struct agent_worker *w);
uint16_t slim_source_hold_receive(struct agent_worker *w, uint16_t p, struct rte_mbuf **pkts,
				  uint16_t max);
void slim_source_hold_return(struct agent_worker *w, uint16_t p, struct rte_mbuf *m);

/* REDIRECT: sends on what was held and what arrives, and answers flush rounds, until another command
 * comes. */
void slim_source_redirect_enter(struct agent_worker *w);
void slim_source_redirect_poll(struct agent_worker *w);
uint16_t slim_source_redirect_receive(struct agent_worker *w, uint16_t p, struct rte_mbuf **pkts,
				      uint16_t max);
void slim_source_redirect_return(struct agent_worker *w, uint16_t p, struct rte_mbuf *m);

/* REDIRECT: nothing waits here, and nothing has come for AGENT_LULL_NS. More may come. */
bool slim_source_is_through(const struct agent_worker *w);

#endif
