/* SPDX-License-Identifier: Apache-2.0 */
/* A worker of the gateway; see round.h. Its thread, but for init and fini. */
#include "round.h"

#include <errno.h>

#include "collect.h"
#include "counters.h"
#include "downlink.h"
#include "events.h"
#include "orders.h"
#include "pipeline.h"

/* ---- timers --------------------------------------------------------------------------------------------------- */

/* Slots whose turn it is, so that all of them come once in GATEWAY_SWEEP_NS. A shift by 31 bits stands for
 * the division by two seconds (2^31 ns). */
static void
sweep(struct gateway_worker *w)
{
	uint64_t since = w->nf->now_ns - w->swept_ns;
	uint64_t due = (RTE_MIN(since, GATEWAY_SWEEP_NS) * w->sessions->share.n_slots) >> 31;

	if (due == 0 ||
	    (w->gateway->config.session_idle_ns == 0 && w->gateway->config.cell_idle_ns == 0))
		return;
	w->swept_ns = w->nf->now_ns;
	gateway_session_expire(w->sessions, w->nf->now_ns,
			       (uint32_t)RTE_MIN(due, GATEWAY_SWEEP_MAX));
}

/* struct gateway_sessions.cell_idle */
static void
leave_cell(void *ctx, uint32_t slot)
{
	struct gateway_worker *w = ctx;

	gateway_tell_event(w, GATEWAY_EVENT_CELL_IDLE, gateway_session_at(w->sessions, slot));
	gateway_release_cell(w, slot);
}

static void
tick(struct nf_worker *nf)
{
	struct gateway_worker *w = nf->self;

	gateway_send_errors(w); /* of packets that waited until an order */
	gateway_fragments_tick(&w->fragments);
	gateway_buffer_tick(&w->buffer);
	sweep(w);
	nf_neighbour_tick(w->neighbours);
	nf_router_tick(&w->router);
	nf_collect(nf, &w->sessions->n_created, GATEWAY_session_created);
	nf_collect(nf, &w->sessions->n_removed, GATEWAY_session_removed);
	nf_collect(nf, &w->sessions->n_expired, GATEWAY_session_expired);
	nf_collect(nf, &w->sessions->n_conflicts, GATEWAY_install_conflict);
}

const struct nf_ops gateway_ops = {.burst = gateway_burst, .tick = tick, .job = gateway_job};

/* ---- set-up ----------------------------------------------------------------------------------------------------- */

int
gateway_worker_init(struct gateway_worker *w, struct gateway *gateway, struct nf_worker *nf)
{
	*w = (struct gateway_worker){
		.gateway = gateway,
		.nf = nf,
		.sessions = gateway_sessions_of(&gateway->sessions, nf->index),
		.neighbours = nf_neighbour_worker_init(&gateway->neighbours, nf),
	};
	gateway_outer_template_init(&w->outer, gateway->config.sides[GATEWAY_ACCESS].address);
	w->router.shared = &gateway->router;
	w->router.worker = nf;
	w->buffer.worker = nf;
	w->buffer.sessions = gateway->sessions.shares.table;
	w->sessions->buffer = &w->buffer;
	w->sessions->cell_idle = leave_cell;
	w->sessions->cell_idle_ctx = w;
	nf->self = w;
	nf->ops = &gateway_ops;
	if (gateway_buffer_init(&w->buffer, &gateway->config.buffer) != 0)
		return -ENOMEM;
	return gateway_fragments_init(&w->fragments, nf, &gateway->config.fragments,
				      gateway->sessions.config.seed);
}

void
gateway_worker_fini(struct gateway_worker *w)
{
	rte_pktmbuf_free_bulk(w->errors, w->n_errors);
	gateway_buffer_fini(&w->buffer);
	gateway_fragments_fini(&w->fragments);
}
