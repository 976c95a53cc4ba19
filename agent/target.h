/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target: what the gate of a session's target does, mode by mode. Worker thread. The rows of the
 * gate's table name these functions; each does its step and notes facts, none changes the mode.
 */
#ifndef SLIM_AGENT_TARGET_H
#define SLIM_AGENT_TARGET_H

#include "agent.h"
#include "rx.h"

/* RECEIVE: installs rows, drops packets, answers probes, notes marks. */
void slim_target_receive_enter(struct agent_worker *w);
uint16_t slim_target_receive_receive(struct agent_worker *w, uint16_t p, struct rte_mbuf **pkts,
				     uint16_t max);

/* SERVE: redirected packets at once, direct ones after a flush round. */
void slim_target_serve_enter(struct agent_worker *w);
void slim_target_serve_poll(struct agent_worker *w);
void slim_target_serve_idle(struct agent_worker *w);
uint16_t slim_target_serve_receive(struct agent_worker *w, uint16_t p, struct rte_mbuf **pkts,
				   uint16_t max);

#endif
