/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker of the concentrator: packets (pipeline.h), jobs (orders.h) and timers.
 */
#ifndef PPPOE_ROUND_H
#define PPPOE_ROUND_H

#include "pppoe.h"
#include "worker.h"

#define PPPOE_TIMERS_A_ROUND 64u /* sessions whose timers are looked at */

extern const struct nf_ops pppoe_ops; /* nf_worker.self: struct pppoe_worker */

/* Main thread, after slim_agent_start(): joins a worker of the loop with its part of the concentrator. */
int pppoe_worker_init(struct pppoe_worker *w, struct pppoe *pppoe, struct nf_worker *nf);
/* Frees what waits in it. */
void pppoe_worker_fini(struct pppoe_worker *w);

#endif
