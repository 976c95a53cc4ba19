/* SPDX-License-Identifier: Apache-2.0 */
/*
 * track: tells slimd which slots changed, through a dirty ring that cannot overflow.
 * Worker thread. The other end of P3 and P8 is slimd's tracker.
 */
#ifndef SLIM_AGENT_TRACK_H
#define SLIM_AGENT_TRACK_H

#include "agent.h"

/* Publishes the slots remembered since the last call. */
void slim_track_publish(struct agent_worker *w);

#endif
