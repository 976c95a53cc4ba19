/* SPDX-License-Identifier: Apache-2.0 */
/* What the opponent has to know of a network function: whose a packet is. */
#ifndef DUPLICATE_H
#define DUPLICATE_H

#include <rte_mbuf.h>

#include "worker.h"

#define DUPLICATE_NO_BUCKET (-1)

/* The bucket of a packet that came in on `port`, if it is this worker's; DUPLICATE_NO_BUCKET: it is another one's, or the NF
 * will drop it. Changes nothing that the NF would not change first of all. */
int duplicate_bucket(const struct nf_worker *nf, struct rte_mbuf *m, uint8_t port);

#endif
