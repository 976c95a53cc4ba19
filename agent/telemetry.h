/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DPDK telemetry of the agents of this process: `/slim/list` names the instances, `/slim/agent,NAME` shows
 * one (without NAME: the only one). DPDK's telemetry thread asks; it reads what the workers write
 * for slimd anyway, so it costs them nothing. A lock keeps it away from an agent that is destroyed: the main
 * thread may wait for one answer, a worker never.
 */
#ifndef SLIM_AGENT_TELEMETRY_H
#define SLIM_AGENT_TELEMETRY_H

#include "agent.h"

/* Main thread: a started agent is shown from now on, until it is taken away. */
void slim_telemetry_add(struct slim_agent *agent);
/* Nothing happens if it was not added. */
void slim_telemetry_remove(struct slim_agent *agent);

#endif
