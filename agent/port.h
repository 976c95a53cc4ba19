/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port: the packets that wait at one worker and port, and how they leave.
 *
 * Two queues: `park`, redirected packets that the NF had no room for in this call, and `hold`, what is
 * held (source) or waits for a flush round (target). What is parked is older than what waits.
 * Worker thread.
 */
#ifndef SLIM_AGENT_PORT_H
#define SLIM_AGENT_PORT_H

#include "agent.h"

/* The receive queue, for a drain that begins now. */
static inline struct slim_flush_queue
slim_port_queue(const struct agent_worker *w, const struct agent_port *port)
{
	return (struct slim_flush_queue){
		.size = port->queue_size,
		.write_back_ns = port->many_queues ? SLIM_FLUSH_WRITE_BACK_NS : 0,
		.now_ns = w->now_ns,
	};
}

/* Sets the ports on which slim_rx_burst() may go straight to the device. */
void slim_port_set_open(struct agent_worker *w);

/* Puts a packet at the end of what waits. Counts it as kept (NULL: not), or drops and counts it. */
void slim_port_keep(struct agent_worker *w, uint16_t p, struct rte_mbuf *m, _Atomic uint64_t *kept,
		    _Atomic uint64_t *overflow);

/* Gives what is parked to the NF. Returns how many. */
uint16_t slim_port_unpark(struct agent_worker *w, uint16_t p, struct rte_mbuf **pkts, uint16_t max);

/* Gives of what waits, up to member.release, what its pace allows. */
uint16_t slim_port_release(struct agent_worker *w, uint16_t p, struct rte_mbuf **pkts,
			   uint16_t max);

/* How many of the packets before position `until` may go now. */
uint32_t slim_port_pace(const struct agent_worker *w, struct agent_port *port, uint64_t until);

/* Packets that wait are counted in the status as far as they wait for a flush round. */
void slim_port_note_pending(struct agent_worker *w, uint16_t p, uint32_t before);

/* Entering HOLD: what waits from an earlier session waits on, now as held packets. */
void slim_port_begin_hold(struct agent_worker *w);

/* Entering SERVE: direct packets begin to queue. */
void slim_port_begin_queue(struct agent_worker *w);

/* Entering PASS: all that waits may go to the NF, in order. */
void slim_port_release_all(struct agent_worker *w);

/* Drops and counts what waits. */
void slim_port_discard(struct agent_worker *w);

#endif
