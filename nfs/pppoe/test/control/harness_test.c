/* SPDX-License-Identifier: Apache-2.0 */
/* The control plane with its packet path; see harness_test.h. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <rte_malloc.h>

#include "control.h"
#include "pipeline.h"

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
		"capacity: 2048\nneighbours: 256\nhold_capacity: 64\nlcp: {connect_delay: 0}\n";
	char error[NF_CONFIG_ERROR_SIZE] = "";

	if (pppoe_config_parse("harness", text, sizeof(text) - 1, config, error) != 0)
		fail_msg("%s", error);
}

static void
tick(struct nf_worker *nf)
{
	struct pppoe_worker *w = nf->self;

	if (nf->index == 0)
		assert_int_equal(pppoe_refill(w->pppoe), 0);
	pppoe_secrets_tick(&w->secrets, nf->now_ns);
	pppoe_session_settle(w->sessions);
	if (nf->serves)
		pppoe_control_tick(w, 64);
}

static const struct nf_ops ops = {.burst = pppoe_burst, .untags = true, .tick = tick};

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
	worker->neighbours = nf_neighbour_worker_init(&h->pppoe->neighbours, &h->nf[w]);
	worker->asks = h->pppoe->asks[w];
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

/* ---- looking in ------------------------------------------------------------------------------------------------------ */

static void
check_session(const struct pppoe_session_table *t, uint32_t slot)
{
	const struct pppoe_session *session = pppoe_session_at(t, slot);

	assert_int_equal(pppoe_session_by_id(t, session->session_id), slot);
	if (session->ipv4 != 0)
		assert_int_equal(pppoe_session_by_ipv4(t, rte_be_to_cpu_32(session->ipv4)), slot);
	assert_true(session->open == 0 || session->auth.state == PPPOE_AUTH_GOOD);
	assert_true(session->open == 0 || session->end == PPPOE_END_NONE);
}

void
harness_check(const struct harness *h)
{
	const struct pppoe_session_table *t = &h->pppoe->sessions;

	for (uint32_t slot = 0; slot < t->shares.table->capacity; slot++) {
		const struct slim_slot_head *head = slim_slot(t->shares.table, slot);

		assert_int_equal((head - 1)->seq % 2, 0); /* nobody left it open */
		if ((head - 1)->used)
			check_session(t, slot);
	}
}
