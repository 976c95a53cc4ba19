/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rx: what happens to received packets while the gate is not simply open.
 *
 * Worker thread. Each packet is handled once: given to the NF, kept in the
 * port's queue (struct slim_hold), sent on, or dropped and counted.
 */
#ifndef SLIM_AGENT_RX_H
#define SLIM_AGENT_RX_H

#include "agent.h"

/* Sets the ports on which slim_rx_burst() may go straight to the device. */
void slim_rx_set_open(struct agent_worker *w);

/* Entering HOLD: what waits from an earlier session waits on, now as held packets. */
void slim_rx_begin_hold(struct agent_worker *w);

/* Entering SERVE: direct packets begin to queue. */
void slim_rx_begin_queue(struct agent_worker *w);

/* Entering PASS: all that waits may go to the NF, in order. */
void slim_rx_release_all(struct agent_worker *w);

/* Drops and counts what waits in the queues. */
void slim_rx_discard(struct agent_worker *w);

/* Drops and counts what waits in the receive queues: it is older than the session. */
void slim_rx_purge(struct agent_worker *w);

/* REDIRECT: sends on what waits at port p, then the answer to a flush call that is due. */
void slim_rx_send_on(struct agent_worker *w, uint16_t p);

#endif
