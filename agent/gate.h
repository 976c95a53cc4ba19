/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate: what stands between a port and the NF while a session is under way.
 *
 * Worker thread. Modes are in slim_shm.h (enum slim_gate_mode). A worker
 * changes mode at a poll, that is between two bursts: by slimd's command, or by itself
 * from HOLD when the hold word says so (TAKEN: to REDIRECT; RESUMED: to PASS).
 */
#ifndef SLIM_AGENT_GATE_H
#define SLIM_AGENT_GATE_H

#include "agent.h"

/* Mode at the start: PASS or CLOSED. */
void slim_gate_init(struct agent_worker *w, bool active);

/* Takes the command in force, w->command, whose epoch is new. */
void slim_gate_enter(struct agent_worker *w);

/* TAKEN has arrived, or slimd says so: from HOLD to REDIRECT. */
void slim_gate_taken(struct agent_worker *w);

/* Once a poll, when there is something to do. True: installs or a wipe go on in the next poll. */
bool slim_gate_poll(struct agent_worker *w);

/* End of a burst, in HOLD and SERVE. */
void slim_gate_commit(struct agent_worker *w, bool idle);

#endif
