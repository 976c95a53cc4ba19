/* SPDX-License-Identifier: Apache-2.0 */
/*
 * register: the connection to slimd. Main thread; never waits.
 *
 * The agent connects to slimd's unix socket, sends the file descriptors of its memory
 * and waits for one answer. After that the open connection is the sign of life of
 * both. When it breaks, or when nobody is there, the agent tries again, after 100 ms at first and
 * at most a second later on.
 */
#ifndef SLIM_AGENT_REGISTER_H
#define SLIM_AGENT_REGISTER_H

#include "agent.h"

/* 1: registered; 0: not; negative errno: slimd's last refusal. */
int slim_register_poll(struct slim_agent *agent, uint64_t now_ns);

void slim_register_close(struct slim_agent *agent);

#endif
