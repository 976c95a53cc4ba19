/* SPDX-License-Identifier: Apache-2.0 */
/* A worker of the NAT: packets (burst.h), jobs (jobs.h) and timers. */
#ifndef NAT_ROUND_H
#define NAT_ROUND_H

#include "nat.h"
#include "worker.h"

#define NAT_EXPIRE_MAX 256u /* mappings whose time may be over, looked at in one round */

extern const struct nf_ops nat_ops; /* nf_worker.self: struct nat_worker */

/* Main thread, after slim_agent_start(): joins a worker of the loop with its part of the NAT. */
void nat_worker_init(struct nat_worker *w, struct nat *nat, struct nf_worker *nf);

#endif
