/* SPDX-License-Identifier: Apache-2.0 */
/* The concentrator in the discovery stage; see harness_test.h. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <rte_malloc.h>

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

/* Octets for the first secret lie ready before workers run, as in the program. */
static int
worker_init(struct harness *h, uint16_t w)
{
	assert_int_equal(pppoe_refill(h->pppoe), 0);
	return pppoe_worker_init(&h->workers[w], h->pppoe, &h->nf[w]);
}

static void
worker_fini(struct harness *h, uint16_t w)
{
	pppoe_worker_fini(&h->workers[w]);
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
	.ops = &pppoe_ops,
	.n_sides = PPPOE_N_SIDES,
	.create = create,
	.create_tables = create_tables,
	.worker_init = worker_init,
	.worker_fini = worker_fini,
	.destroy = destroy,
	.sides = sides,
	.own = own,
};
