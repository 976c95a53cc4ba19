/* SPDX-License-Identifier: Apache-2.0 */
/* A worker of the NAT; see round.h. Its thread, but for init. */
#include "round.h"

#include "burst.h"
#include "collect.h"
#include "counters.h"
#include "jobs.h"
#include "mapping.h"
#include "pcp_server.h"
#include "pipeline.h"
#include "statics.h"

/* ---- timers --------------------------------------------------------------------------------------------------- */

static void
collect_log(struct nf_worker *nf, struct nat_log_ring *log)
{
	uint64_t n_unwritten = nat_log_take_unwritten(log);

	nf_collect(nf, &log->n_lost, NAT_log_lost);
	nf_collect(nf, &n_unwritten, NAT_log_unwritten);
}

static void
tick(struct nf_worker *nf)
{
	struct nat_worker *w = nf->self;

	if (unlikely(!w->has_begun))
		nat_statics_begin(w);
	nat_mapping_expire(w->sessions, nf->now_ns, NAT_EXPIRE_MAX);
	nat_subscriber_tick(w->sessions->subscribers, nf->now_ns, NAT_EXPIRE_MAX);
	nat_rest_tick(w->sessions->rests, nf->now_ns, NAT_EXPIRE_MAX);
	if (w->filter != NULL)
		nat_filter_tick(w->filter, nf->now_ns);
	nat_fragment_tick(w->fragments, nf);
	nat_answer_unsolicited(w);
	/* The bucket of its own number is each worker's. */
	nat_ids_tick(&w->ids, slim_owns(nf->agent, (uint8_t)nf->index), nf->now_ns);
	if (w->pcp != NULL)
		nat_pcp_server_tick(w->pcp, nf->now_ns);
	nf_neighbour_tick(w->neighbours);
	nf_collect(nf, &w->sessions->n_created, NAT_mapping_created);
	nf_collect(nf, &w->sessions->n_expired, NAT_mapping_expired);
	nf_collect(nf, &w->sessions->n_unpaired, NAT_mapping_unpaired);
	nf_collect(nf, &w->sessions->n_conflicts, NAT_install_conflict);
	nf_collect(nf, &w->sessions->rests->n_cut, NAT_port_rest_cut);
	if (w->sessions->log != NULL)
		collect_log(nf, w->sessions->log);
}

const struct nf_ops nat_ops = {
	.burst = nat_burst, .tick = tick, .job = nat_job_work, .untags = true};

/* ---- set-up ----------------------------------------------------------------------------------------------------- */

void
nat_worker_init(struct nat_worker *w, struct nat *nat, struct nf_worker *nf)
{
	*w = (struct nat_worker){
		.nat = nat,
		.nf = nf,
		.sessions = nat_sessions_of(&nat->sessions, nf->index),
		.fragments = nat_fragments_of(&nat->fragments, nf->index),
		.neighbours = nf_neighbour_worker_init(&nat->neighbours, nf),
	};
	nat_ids_init(&w->ids, &nat->ids);
	w->pcp = nat_pcp_worker_init(&nat->pcp, nf->index, w->sessions);
	w->filter = nat_filter_worker_init(&nat->filters, nf->index, w->sessions);
	w->sessions->rests->now_ns = &nf->now_ns;
	w->sessions->log = nat_log_ring(&nat->log, nf->index, &nf->now_ns);
	w->has_fast_path = w->filter == NULL && nat->config.n_exempt == 0;
	w->neighbours->silent = nat_tell_silent;
	nf->self = w;
	nf->ops = &nat_ops;
}
