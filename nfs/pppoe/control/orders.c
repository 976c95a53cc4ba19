/* SPDX-License-Identifier: Apache-2.0 */
/* Orders, carried out; see orders.h. Worker's thread. */
#include "orders.h"

#include <string.h>

#include "control.h"

#define ENDS_A_ROUND 32u /* sessions: each sends a frame */

static bool
is_used(const struct pppoe_worker *w, uint32_t slot)
{
	const struct slim_slot_head *head = slim_slot(w->sessions->share.table, slot);

	return (head - 1)->used != 0;
}

static void
end(struct pppoe_worker *w, uint32_t slot, const struct pppoe_end_order *order, struct nf_job *job)
{
	const struct pppoe_session *session = pppoe_session_at(&w->pppoe->sessions, slot);

	if (session->end != PPPOE_END_NONE || !pppoe_filter_matches(&order->which, session))
		return;
	pppoe_control_end(w, slot, order->why);
	job->n_affected++;
}

/* By its id there is one at most. */
static bool
end_one(struct pppoe_worker *w, const struct pppoe_end_order *order, struct nf_job *job)
{
	uint32_t slot = pppoe_session_by_id(&w->pppoe->sessions, order->which.session_id);

	if (slot != NF_NO_SLOT && pppoe_session_worker(&w->pppoe->sessions, slot) == w->nf->index)
		end(w, slot, order, job);
	return true;
}

/* The job's cursor counts the slots of this worker. */
static bool
end_all(struct pppoe_worker *w, const struct pppoe_end_order *order, struct nf_job *job)
{
	const struct nf_share *share = &w->sessions->share;
	uint32_t before = job->n_affected;

	for (uint32_t i = 0; i < NF_JOB_BUDGET && job->cursor < share->n_slots; i++) {
		uint32_t slot = share->first_slot + job->cursor;

		if (job->n_affected - before == ENDS_A_ROUND)
			break;
		job->cursor++;
		if (is_used(w, slot))
			end(w, slot, order, job);
	}
	return job->cursor == share->n_slots;
}

static bool
end_sessions(struct pppoe_worker *w, struct nf_job *job)
{
	struct pppoe_end_order order;
	bool done;

	memcpy(&order, job->args, sizeof(order));
	done = order.which.given & PPPOE_GIVEN_ID ? end_one(w, &order, job)
						  : end_all(w, &order, job);
	job->status = NF_OK;
	return done;
}

static bool
take_answer(struct pppoe_worker *w, struct nf_job *job)
{
	struct pppoe_answer answer;

	memcpy(&answer, job->args, sizeof(answer));
	pppoe_control_answer(w, &answer);
	job->status = NF_OK;
	return true;
}

bool
pppoe_job(struct nf_worker *nf, struct nf_job *job)
{
	if (!nf->serves) {
		job->status = NF_NOT_OWNER;
		return true;
	}
	return job->kind == PPPOE_ORDER_ANSWER ? take_answer(nf->self, job)
					       : end_sessions(nf->self, job);
}
