/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message: sends the agent's own frames. Worker thread; worker w transmits on queue w of each port.
 *
 * They come out of a pool that is theirs alone, so that a hold which has taken the NF's last packet
 * buffer does not silence the agent.
 */
#ifndef SLIM_AGENT_MESSAGE_H
#define SLIM_AGENT_MESSAGE_H

#include "agent.h"

/* Sends one of our frames on port p; tagged types get the port's tag. False if it did
 * not go out: no memory, no tag, or the transmit queue is full. */
bool slim_message_send(struct agent_worker *w, uint16_t p, enum slim_frame_type type,
		       uint32_t round);

#endif
