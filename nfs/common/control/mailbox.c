/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs for a worker; see mailbox.h. */
#include "mailbox.h"

static struct nf_job *
job_at(struct nf_mailbox *mailbox, uint32_t position)
{
	return &mailbox->jobs[position & (NF_MAILBOX_SIZE - 1)];
}

bool
nf_mailbox_put(struct nf_mailbox *mailbox, const struct nf_job *job)
{
	uint32_t put = atomic_load_explicit(&mailbox->put, memory_order_relaxed);

	if (put - mailbox->taken == NF_MAILBOX_SIZE)
		return false;
	*job_at(mailbox, put) = *job;
	atomic_store_explicit(&mailbox->put, put + 1, memory_order_release); /* B1 */
	return true;
}

bool
nf_mailbox_take(struct nf_mailbox *mailbox, struct nf_job *ret_job)
{
	if (mailbox->taken == atomic_load_explicit(&mailbox->done, memory_order_acquire)) /* B2 */
		return false;
	*ret_job = *job_at(mailbox, mailbox->taken++);
	return true;
}

__attribute__((noinline)) void
nf_mailbox_work_slow(struct nf_mailbox *mailbox, nf_job_work work, void *ctx)
{
	uint32_t put = atomic_load_explicit(&mailbox->put, memory_order_acquire); /* B1 */
	uint32_t done = atomic_load_explicit(&mailbox->done, memory_order_relaxed);

	for (uint32_t i = 0; i < NF_JOBS_A_ROUND && done != put; i++) {
		if (!work(ctx, job_at(mailbox, done)))
			break;
		done++;
	}
	atomic_store_explicit(&mailbox->done, done, memory_order_release); /* B2 */
}
