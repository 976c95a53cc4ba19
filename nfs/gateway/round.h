/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker of the gateway: packets (pipeline.h), orders (orders.h) and timers.
 */
#ifndef GATEWAY_ROUND_H
#define GATEWAY_ROUND_H

#include "gateway.h"
#include "worker.h"

#define GATEWAY_SWEEP_NS UINT64_C(2000000000) /* in which all slots are looked at once */
#define GATEWAY_SWEEP_MAX 1024u               /* slots looked at in one round */

extern const struct nf_ops gateway_ops; /* nf_worker.self: struct gateway_worker */

/* Main thread, after slim_agent_start(): joins a worker of the loop with its part of the gateway. -ENOMEM. */
int gateway_worker_init(struct gateway_worker *w, struct gateway *gateway, struct nf_worker *nf);
/* Frees what waits in it. */
void gateway_worker_fini(struct gateway_worker *w);

#endif
