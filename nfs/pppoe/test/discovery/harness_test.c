/* SPDX-License-Identifier: Apache-2.0 */
/* The discovery stage alone; see harness_test.h. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <rte_malloc.h>

#include "control.h"
#include "packet.h"

void
harness_defaults(struct pppoe_config *config)
{
	static const char text[] =
		"instance: test\nservice: pppoe\n"
		"access:\n  name: access\n  port: 0\n  mac: 02:00:00:00:01:01\n"
		"core:\n  name: core\n  port: 1\n  address: 203.0.113.1/24\n  mac: "
		"02:00:00:00:02:01\n"
		"  routes: [{prefix: 0.0.0.0/0, via: 203.0.113.2}]\n"
		"concentrator:\n  name: ac-1\n  gateway: 100.64.0.1\n  pools: [100.64.0.0/22]\n"
		"authentication: {secrets_file: /nowhere}\n"
		"capacity: 2048\nneighbours: 256\nhold_capacity: 64\n";
	char error[NF_CONFIG_ERROR_SIZE] = "";

	if (pppoe_config_parse("harness", text, sizeof(text) - 1, config, error) != 0)
		fail_msg("%s", error);
}

/* ---- control --------------------------------------------------------------------------------------------------- */

void __wrap_pppoe_control_begin(struct pppoe_worker *w, uint32_t slot);
void __wrap_pppoe_control_gone(struct pppoe_worker *w, uint32_t slot);

void
__wrap_pppoe_control_begin(struct pppoe_worker *w, uint32_t slot)
{
	struct pppoe_session *session = pppoe_session_begin(w->sessions, slot);

	assert_int_equal(session->lcp.state, PPP_INITIAL);
	session->lcp.state = PPP_REQ_SENT;
	pppoe_session_end(w->sessions, slot);
}

void
__wrap_pppoe_control_gone(struct pppoe_worker *w, uint32_t slot)
{
	pppoe_session_remove(w->sessions, slot);
}

/* ---- packets ----------------------------------------------------------------------------------------------------- */

static void
take_discovery(struct pppoe_worker *w, const struct pppoe_frame *f)
{
	const uint8_t *frame = rte_pktmbuf_mtod(f->m, const uint8_t *);
	unsigned int counter = pppoe_discovery_take(w, &f->access.line, frame + f->access.at,
						    f->access.size, frame[0] == 0xff);

	nf_drop(w->nf, f->m, counter);
}

static void
take_session(struct pppoe_worker *w, const struct pppoe_frame *f)
{
	uint32_t slot = pppoe_session_by_id(&w->pppoe->sessions, f->session_id);

	((struct pppoe_session *)slim_slot(w->pppoe->sessions.shares.table, slot))->heard =
		w->nf->now_ns;
	rte_pktmbuf_free(f->m);
}

static void
deal_with(struct pppoe_worker *w, struct rte_mbuf *m)
{
	struct pppoe_frame f;
	uint16_t owner;

	pppoe_frame_parse(&f, &w->pppoe->config, m, PPPOE_ACCESS);
	if (f.kind == PPPOE_KIND_DROP) {
		nf_drop(w->nf, m, f.drop);
		return;
	}
	owner = w->pppoe->bucket_worker[pppoe_mac_bucket(&f.access.line.mac)];
	if (owner != w->nf->index)
		nf_hand(w->nf, owner, m, (struct nf_meta){.port = PPPOE_ACCESS});
	else if (f.kind == PPPOE_KIND_DISCOVERY)
		take_discovery(w, &f);
	else
		take_session(w, &f);
}

static void
burst(struct nf_worker *nf, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	(void)port;
	for (uint16_t i = 0; i < n; i++)
		deal_with(nf->self, pkts[i]);
}

static void
tick(struct nf_worker *nf)
{
	struct pppoe_worker *w = nf->self;

	if (nf->index == 0)
		assert_int_equal(pppoe_refill(w->pppoe), 0);
	pppoe_secrets_tick(&w->secrets, nf->now_ns);
}

static const struct nf_ops ops = {.burst = burst, .tick = tick};

/* ---- set-up -------------------------------------------------------------------------------------------------------- */

static void
create(struct harness *h, struct slim_agent_config *agent)
{
	h->pppoe = rte_zmalloc("pppoe", sizeof(*h->pppoe), RTE_CACHE_LINE_SIZE);
	assert_non_null(h->pppoe);
	assert_int_equal(pppoe_init(h->pppoe, &h->config, 1), 0);
	agent->identity = "";
	agent->n_workers = h->config.n_workers;
	agent->hold_capacity = h->config.hold_capacity;
	agent->bucket_worker = h->pppoe->bucket_worker;
}

static int
create_tables(struct harness *h)
{
	return pppoe_create_tables(h->pppoe, h->agent);
}

static int
worker_init(struct harness *h, uint16_t w)
{
	const struct pppoe_limits *limits = &h->config.limits;
	struct pppoe_worker *worker = &h->workers[w];

	worker->pppoe = h->pppoe;
	worker->nf = &h->nf[w];
	worker->sessions = pppoe_sessions_of(&h->pppoe->sessions, w);
	worker->lines = pppoe_lines_of(&h->pppoe->lines, w);
	pppoe_secrets_init(&worker->secrets, &h->pppoe->secrets, h->nf[w].agent);
	pppoe_flood_init(&worker->flood, limits->padi_per_s, limits->padi_per_s_all, 7);
	h->nf[w].self = worker;
	h->nf[w].ops = &ops;
	return 0;
}

static void
destroy(struct harness *h)
{
	pppoe_fini(h->pppoe);
	rte_free(h->pppoe);
}

static const struct nf_side *
sides(const struct harness *h)
{
	return h->config.sides;
}

static struct harness_own
own(const struct harness *h)
{
	(void)h;
	return (struct harness_own){0, 0};
}

const struct harness_nf harness_nf = {
	.name = "pppoe",
	.ops = &ops,
	.n_sides = PPPOE_N_SIDES,
	.create = create,
	.create_tables = create_tables,
	.worker_init = worker_init,
	.destroy = destroy,
	.sides = sides,
	.own = own,
};
