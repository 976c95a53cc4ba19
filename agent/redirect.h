/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redirect: tags packets and sends them back; sends the agent's own frames.
 *
 * Worker thread; worker w transmits on queue w of each port. The tag is pushed
 * outside any tag that the packet has.
 */
#ifndef SLIM_AGENT_REDIRECT_H
#define SLIM_AGENT_REDIRECT_H

#include "agent.h"

/* Pushes the tag. A packet that cannot be changed in place (shared, or no
 * room in front) is replaced by a copy; false if there is no memory for one: try again later. */
bool slim_redirect_push(struct agent_worker *w, struct rte_mbuf **pkt, uint16_t vid);

/* Takes the tag off a packet that slim_frame_sort() called tagged. `stripped`: the NIC
 * has done it already. */
void slim_redirect_pop(struct rte_mbuf *pkt, bool stripped);

/* Sends on what waits at port p, oldest first, as far as the transmit queue takes it. */
void slim_redirect_pump(struct agent_worker *w, uint16_t p);

/* Sends one of our frames on port p; tagged types get the port's tag. False if it did
 * not go out: no memory, no tag, or the transmit queue is full. */
bool slim_redirect_frame(struct agent_worker *w, uint16_t p, enum slim_frame_type type,
			 uint32_t round);

#endif
