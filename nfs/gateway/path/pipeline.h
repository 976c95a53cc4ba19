/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet path of the gateway, a burst at a time:
 *
 *   parse      every packet; those of foreign buckets go to their worker
 *   prefetch   the cells of the index, then the slot
 *   forward    uplink.h: out of the tunnel, to the core; downlink.h: into the tunnel, to the cell where the
 *              subscriber is now
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

/* Sends what the gateway has to say to senders of packets; part of a burst, and of a round. */
void gateway_send_errors(struct gateway_worker *w);

#endif
