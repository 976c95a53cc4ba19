/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain: the two modes outside of a hand-over, PASS and CLOSED. Worker thread. The rows of the
 * gate's table name these functions.
 */
#ifndef SLIM_AGENT_PLAIN_H
#define SLIM_AGENT_PLAIN_H

#include "agent.h"

/* PASS: what waits from a session first, in order; then what arrives. */
void slim_plain_pass_enter(struct agent_worker *w);
void slim_plain_pass_poll(struct agent_worker *w);
uint16_t slim_plain_pass_receive(struct agent_worker *w, uint16_t p, struct rte_mbuf **pkts,
				 uint16_t max);

/* CLOSED: drops everything. */
void slim_plain_closed_enter(struct agent_worker *w);
uint16_t slim_plain_closed_receive(struct agent_worker *w, uint16_t p, struct rte_mbuf **pkts,
				   uint16_t max);
void slim_plain_closed_return(struct agent_worker *w, uint16_t p, struct rte_mbuf *m);

#endif
