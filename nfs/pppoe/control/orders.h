/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the main thread has the workers do (nfs/common/control/mailbox.h): log-ins that were decided, and sessions that an
 * operator, or a RADIUS server (RFC 5176), ends. Only while this instance serves; else NF_NOT_OWNER, and the target asks anew.
 */
#ifndef PPPOE_ORDERS_H
#define PPPOE_ORDERS_H

#include <stdbool.h>
#include <stdint.h>

#include "ask.h"
#include "filter.h"
#include "mailbox.h"
#include "worker.h"

/* nf_job.kind */
enum pppoe_order_kind {
	PPPOE_ORDER_ANSWER = 1, /* args: struct pppoe_answer; to the worker that asked */
	PPPOE_ORDER_END, /* args: struct pppoe_end_order; to each worker that may have such sessions */
};

/* Sessions end in order: Terminate-Request, then PADT; those that are ending already are left alone. n_affected of the job:
 * how many of this worker's. A job that no client of the control socket asked for has NF_SENDER_NF as its sender. */

struct pppoe_end_order {
	struct pppoe_filter which;
	uint8_t why; /* enum pppoe_end */
};

_Static_assert(sizeof(struct pppoe_end_order) <= NF_JOB_ARGS &&
		       sizeof(struct pppoe_answer) <= NF_JOB_ARGS,
	       "an order fits into a job");

/* nf_ops.job. */
bool pppoe_job(struct nf_worker *nf, struct nf_job *job);

#endif
