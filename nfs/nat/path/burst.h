/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A burst of packets through the NAT: each one by the short way (fast.h) or the general one (pipeline.h), both in
 * three stages: what the headers say, the mapping is fetched, all the rest. A group of packets is in each of them.
 *
 * Needs no port: packets go in by nat_burst() and come out in the worker's FIFOs
 * and rings (worker.h). Never blocks, allocates (but its own packets from the pool), locks,
 * logs or makes a system call.
 */
#ifndef NAT_BURST_H
#define NAT_BURST_H

#include "worker.h"

/* nf_ops.burst; nf->self is a struct nat_worker. */
void nat_burst(struct nf_worker *nf, uint16_t port, struct rte_mbuf **pkts, uint16_t n);

#endif
