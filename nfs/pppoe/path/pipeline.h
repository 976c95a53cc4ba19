/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet path of the concentrator, a burst at a time:
 *
 *   prefetch   the lines of the frames that will be read and written
 *   look       what is it (packet.h), and which number leads to its session (pool.h)? prefetch the number's cell
 *   prefetch   the slot
 *   pass       in order: uplink.h out of the session, downlink.h into it, discovery.h, control.h by uplink.h, what is of
 *              another worker by its ring; answered, or dropped by name
 *
 * A session frame belongs to the worker that has the session's slot, a packet from the core to the one that has its
 * client's, a discovery packet to the one of the client's bucket. What the third stage sees of an index is only where
 * to look ahead: a packet before it in the burst may change it, and the last stage asks anew.
 *
 * Needs no port: packets go in by pppoe_burst() and come out in the worker's FIFOs and rings (worker.h). Never blocks,
 * allocates (but its own packets from the pool), locks, logs or makes a system call.
 */
#ifndef PPPOE_PATH_PIPELINE_H
#define PPPOE_PATH_PIPELINE_H

#include "pppoe.h"

/* nf_ops.burst, of an NF that untags itself (nf_ops.untags): tags of the access side are the lines'. nf->self is a struct
 * pppoe_worker. */
void pppoe_burst(struct nf_worker *nf, uint16_t port, struct rte_mbuf **pkts, uint16_t n);

/* Sends what the concentrator has to say to senders of packets; part of a burst, and of a round. */
void pppoe_send_errors(struct pppoe_worker *w);

#endif
