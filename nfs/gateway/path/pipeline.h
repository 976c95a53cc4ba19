/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet path of the gateway, a burst at a time:
 *
 *   prefetch   the lines of the frames that will be read and written
 *   look       is it an ordinary packet of this worker? (ordinary.h); prefetch the cell of the index
 *   prefetch   the slot
 *   pass       in order: the short way for ordinary packets (fast.h), else the general path, which parses (packet.h) and
 *              forwards (uplink.h: out of the tunnel, to the core; downlink.h: into the tunnel, to the cell
 *              where the subscriber is now), answers, keeps, drops by name, or hands over to another worker
 *
 * Needs no port: packets go in by gateway_burst() and come out in the worker's FIFOs and rings (worker.h).
 * Never blocks, allocates (but its own packets from the pool), locks, logs or makes a system call.
 */
#ifndef GATEWAY_PIPELINE_H
#define GATEWAY_PIPELINE_H

#include "gateway.h"
#include "worker.h"

/* nf_ops.burst; nf->self is a struct gateway_worker. */
void gateway_burst(struct nf_worker *nf, uint16_t port, struct rte_mbuf **pkts, uint16_t n);

/* The same, without the short way: what that must be like. For tests. */
void gateway_burst_general(struct nf_worker *nf, uint16_t port, struct rte_mbuf **pkts, uint16_t n);

/* Sends what the gateway has to say to senders of packets; part of a burst, and of a round. */
void gateway_send_errors(struct gateway_worker *w);

#endif
