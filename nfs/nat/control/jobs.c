/* SPDX-License-Identifier: Apache-2.0 */
/* Removes mappings on request; see jobs.h. Worker's thread. */
#include "jobs.h"

#include "counters.h"
#include "mapping.h"
#include "nat.h"

static bool
finish(struct nf_job *job, enum nf_status status)
{
	job->status = status;
	return true;
}

/* Static mappings stay. */
static void
clear(struct nat_worker *w, struct nf_job *job, uint32_t slot)
{
	const struct nat_session *session = nat_session_at(w->sessions, slot);

	if (nat_session_is_static(w->sessions,
				  nat_session_key(session->inside_address, session->inside_port,
						  session->protocol)))
		return;
	nat_mapping_remove(w->sessions, slot);
	nf_count(w->nf, NAT_mapping_cleared, 1);
	job->n_affected++;
}

static bool
clear_session(struct nat_worker *w, struct nf_job *job, uint64_t key)
{
	uint32_t hash = nf_slot_index_hash(&w->sessions->index, key);
	uint32_t slot = nat_session_find(w->sessions, hash, key);

	if (slot == NF_NO_SLOT)
		return finish(job, NF_NOT_FOUND);
	if (nat_session_is_static(w->sessions, key))
		return finish(job, NF_REFUSED);
	clear(w, job, slot);
	return finish(job, NF_OK);
}

static bool
is_used(const struct nat_worker *w, uint32_t slot)
{
	const struct slim_slot_head *head =
		(const struct slim_slot_head *)slim_slot(w->sessions->share.table, slot) - 1;

	return head->used != 0;
}

/* The next slots of the worker; those of one subscriber, or all. */
static bool
clear_slots(struct nat_worker *w, struct nf_job *job, const rte_be32_t *address)
{
	struct nat_sessions *s = w->sessions;
	uint32_t end = RTE_MIN(s->share.n_slots, job->cursor + NF_JOB_BUDGET);

	for (; job->cursor < end; job->cursor++) {
		uint32_t slot = s->share.first_slot + job->cursor;

		if (is_used(w, slot) &&
		    (address == NULL || nat_session_at(s, slot)->inside_address == *address))
			clear(w, job, slot);
	}
	if (end < s->share.n_slots)
		return false;
	return finish(job, address != NULL && job->n_affected == 0 ? NF_NOT_FOUND : NF_OK);
}

bool
nat_job_work(struct nf_worker *nf, struct nf_job *job)
{
	const struct nat_job_args *args = (const struct nat_job_args *)(const void *)job->args;
	struct nat_worker *w = nf->self;

	if (!nf->serves)
		return finish(job, NF_NOT_OWNER);
	switch (job->kind) {
	case NAT_JOB_CLEAR_SESSION:
		return clear_session(w, job, args->key);
	case NAT_JOB_CLEAR_SUBSCRIBER:
		return clear_slots(w, job, &args->address);
	default:
		return clear_slots(w, job, NULL);
	}
}
