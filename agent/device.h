/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device: what the agent asks of the NF's ports, and what they lose. Main thread.
 */
#ifndef SLIM_AGENT_DEVICE_H
#define SLIM_AGENT_DEVICE_H

#include "agent.h"

/* Can every worker send, is there a receive queue wherever one is expected, does a full-size frame carry
 * the redirect tag? Ports must have been set up. 0, -ENODEV: too few queues, -EMSGSIZE: no room
 * for the tag. */
int slim_device_check(const struct slim_agent *agent);

/* Takes the memory of our own frames. 0 or -ENOMEM. */
int slim_device_start(struct slim_agent *agent);

/* Lets go of it. It is freed once the devices have given back every frame: now, or when an agent of this process
 * starts or stops later. */
void slim_device_stop(struct slim_agent *agent);

/* Sets what a worker's half of a port knows of the device. */
void slim_device_describe(const struct slim_agent *agent, uint16_t worker, uint16_t p,
			  struct agent_port *port);

/* Puts what the devices lost into the status, now and then. */
void slim_device_poll(struct slim_agent *agent, uint64_t now_ns);

#endif
