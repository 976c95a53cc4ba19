/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet path of the NAT, a burst at a time:
 *
 *   parse      every packet; those of foreign buckets go to their worker
 *   prefetch   the cell of the index, then the slot
 *   translate  find or make the mapping, rewrite, next hop, emit
 *
 * Needs no port: packets go in by nat_burst() and come out in the worker's FIFOs
 * and rings (nf.h). Never blocks, allocates (but its own packets from the pool), locks,
 * logs or makes a system call.
 */
#ifndef NAT_PIPELINE_H
#define NAT_PIPELINE_H

#include "nf.h"

/* nf_ops.burst; nf->self is a struct nat_worker. */
void nat_burst(struct nf_worker *nf, uint16_t port, struct rte_mbuf **pkts, uint16_t n);

#endif
