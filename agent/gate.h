/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate: what stands between a port and the NF while a session is under way.
 *
 * Worker thread. Modes are in slim_shm.h (enum slim_gate_mode), what each does on which event in
 * gate_table.h. A worker changes mode between two bursts: by slimd's command, which may come
 * in any mode, or by a fact that its role has noted. This file alone writes the mode.
 */
#ifndef SLIM_AGENT_GATE_H
#define SLIM_AGENT_GATE_H

#include "agent.h"

/* Mode at the start: PASS or CLOSED. */
void slim_gate_init(struct agent_worker *w, bool active);

/* Takes the command in force, w->command, whose epoch is new. */
void slim_gate_enter(struct agent_worker *w);

/* Once a poll, when there is something to do. True: installs or a wipe go on in the next poll. */
bool slim_gate_poll(struct agent_worker *w);

/* End of a burst. */
void slim_gate_commit(struct agent_worker *w, bool idle);

#endif
