/* SPDX-License-Identifier: Apache-2.0 */
/* A worker of the concentrator; see round.h. Its thread, but for init and fini. */
#include "round.h"

#include "advertise.h"
#include "collect.h"
#include "control.h"
#include "counters.h"
#include "orders.h"
#include "pipeline.h"

static void
tick(struct nf_worker *nf)
{
	struct pppoe_worker *w = nf->self;

	pppoe_send_errors(w); /* of packets that waited until a job */
	pppoe_session_settle(w->sessions);
	pppoe_secrets_tick(&w->secrets, nf->now_ns);
	pppoe_control_tick(w, PPPOE_TIMERS_A_ROUND);
	pppoe_line_tick(w->lines, nf->now_ns);
	nf_neighbour_tick(w->neighbours);
	nf_router_tick(&w->router);
	pppoe_advertise_tick(w);
	nf_collect(nf, &w->sessions->n_created, PPPOE_session_created);
	nf_collect(nf, &w->sessions->n_removed, PPPOE_session_removed);
	nf_collect(nf, &w->sessions->n_conflicts, PPPOE_install_conflict);
}

const struct nf_ops pppoe_ops = {
	.burst = pppoe_burst, .tick = tick, .job = pppoe_job, .untags = true};

int
pppoe_worker_init(struct pppoe_worker *w, struct pppoe *pppoe, struct nf_worker *nf)
{
	const struct pppoe_limits *limits = &pppoe->config.limits;

	*w = (struct pppoe_worker){
		.pppoe = pppoe,
		.nf = nf,
		.sessions = pppoe_sessions_of(&pppoe->sessions, nf->index),
		.lines = pppoe_lines_of(&pppoe->lines, nf->index),
		.neighbours = nf_neighbour_worker_init(&pppoe->neighbours, nf),
		.asks = pppoe->asks[nf->index],
	};
	w->router.shared = &pppoe->router;
	w->router.worker = nf;
	pppoe_secrets_init(&w->secrets, &pppoe->secrets, nf->agent);
	pppoe_flood_init(&w->flood, limits->padi_per_s, limits->padi_per_s_all,
			 pppoe->sessions.config.seed);
	nf->self = w;
	nf->ops = &pppoe_ops;
	return 0;
}

void
pppoe_worker_fini(struct pppoe_worker *w)
{
	rte_pktmbuf_free_bulk(w->errors, w->n_errors);
}
