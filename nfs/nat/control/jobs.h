/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What operators have the workers change (nfs/common/control/mailbox.h): mappings that are to go. Carried out by the
 * worker that owns them, and only in rounds in which this instance serves; else NF_NOT_OWNER. A move that
 * begins half-way ends the job; what is gone until then is told, and is gone at the target, too.
 */
#ifndef NAT_JOBS_H
#define NAT_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "worker.h"

enum nat_job {
	NAT_JOB_CLEAR_SESSION = 1, /* `key`; NF_NOT_FOUND */
	NAT_JOB_CLEAR_SUBSCRIBER,  /* all of `address`; NF_NOT_FOUND */
	NAT_JOB_CLEAR_ALL,         /* of this worker */
};

struct nat_job_args {
	uint64_t key; /* nat_session_key() */
	rte_be32_t address;
};

/* nf_ops.job */
bool nat_job_work(struct nf_worker *nf, struct nf_job *job);

#endif
