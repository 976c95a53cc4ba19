/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs that the main thread gives to a worker: changes of state that somebody asked for.
 *
 * The worker that owns the state carries them out in its rounds, in the order in which they were
 * put, a bounded part at a time. When a mailbox is full the main thread keeps its job and tries
 * again; the worker never waits. An empty mailbox costs the worker one load a round.
 *
 *   main:    nf_mailbox_put() ... nf_mailbox_take(), the job as the worker left it
 *   worker:  nf_mailbox_work()
 *
 * Nothing but values crosses between the threads, so whoever asked may be gone when the job is done.
 */
#ifndef NF_MAILBOX_H
#define NF_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "slim_shm.h"
#include "status.h"

#define NF_MAILBOX_SIZE 256u /* jobs; a power of two */
#define NF_JOB_ARGS 200u     /* bytes */
#define NF_JOBS_A_ROUND 8u   /* jobs that a worker begins in one round */
#define NF_JOB_BUDGET 256u   /* entries that a job may look at in one round */

/* The sender of jobs that the NF's own part of the main thread puts; others are the control socket's. */
#define NF_SENDER_NF UINT64_MAX

struct nf_job {
	uint64_t sender;     /* the main thread's: whose it is */
	uint32_t kind;       /* the NF's */
	uint32_t cursor;     /* the NF's: how far it is; 0 at first */
	uint32_t n_affected; /* entries that it changed */
	enum nf_status status;
	_Alignas(8) uint8_t args[NF_JOB_ARGS]; /* the NF's */
};

/* Does a part of a job, at most NF_JOB_BUDGET entries; true: it is done. */
typedef bool (*nf_job_work)(void *ctx, struct nf_job *job);

/* Positions count up for ever; job i stands at jobs[i & (NF_MAILBOX_SIZE - 1)]. Zeroed
 * memory is an empty mailbox. */
struct nf_mailbox {
	/* B1: main release -> worker acquire (the job). */
	_Alignas(SLIM_CACHE_LINE) _Atomic uint32_t put;
	/* B2: worker release -> main acquire (what became of it). */
	_Alignas(SLIM_CACHE_LINE) _Atomic uint32_t done;
	_Alignas(SLIM_CACHE_LINE) uint32_t taken; /* main thread's */
	struct nf_job jobs[NF_MAILBOX_SIZE];
};

/* Main thread. False: full. */
bool nf_mailbox_put(struct nf_mailbox *mailbox, const struct nf_job *job);
/* Main thread. The oldest job that is done; false: none. */
bool nf_mailbox_take(struct nf_mailbox *mailbox, struct nf_job *ret_job);

/* Worker. */
void nf_mailbox_work_slow(struct nf_mailbox *mailbox, nf_job_work work, void *ctx);

static inline void
nf_mailbox_work(struct nf_mailbox *mailbox, nf_job_work work, void *ctx)
{
	if (__builtin_expect(atomic_load_explicit(&mailbox->put, memory_order_relaxed) !=
				     atomic_load_explicit(&mailbox->done, memory_order_relaxed),
			     0))
		nf_mailbox_work_slow(mailbox, work, ctx);
}

#endif
