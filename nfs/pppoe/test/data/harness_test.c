/* SPDX-License-Identifier: Apache-2.0 */
/* See harness_test.h. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <rte_malloc.h>

#include "advertise.h"

void
harness_defaults(struct pppoe_config *config)
{
	static const char text[] =
		"instance: test\nservice: pppoe\n"
		"access:\n  name: access\n  port: 0\n  mac: 02:00:00:00:01:01\n"
		"core:\n  name: core\n  port: 1\n  address: 203.0.113.1/24\n"
		"  mac: 02:00:00:00:02:01\n"
		"  routes: [{prefix: 0.0.0.0/0, via: 203.0.113.2}]\n"
		"concentrator:\n  name: ac-1\n  gateway: 100.64.0.1\n  pools: [100.64.0.0/22]\n"
		"authentication: {secrets_file: /nowhere}\n"
		"capacity: 1024\nneighbours: 256\nhold_capacity: 64\nlcp: {connect_delay: 0}\n";
	char error[NF_CONFIG_ERROR_SIZE] = "";

	if (pppoe_config_parse("harness", text, sizeof(text) - 1, config, error) != 0)
		fail_msg("%s", error);
	config->ipv6_pool = (struct pppoe_prefix_ipv6){{0x20, 1, 0xd, 0xb8, 0, 1}, 48};
	memcpy(config->core_ipv6, "\x20\1\xd\xb8\xff\xff\0\0\0\0\0\0\0\0\0\1", 16);
	memcpy(config->core_router, "\x20\1\xd\xb8\xff\xff\0\0\0\0\0\0\0\0\0\2", 16);
	config->core_ipv6_bits = 64;
	config->clamp_mss = true;
}

static void
tick(struct nf_worker *nf)
{
	struct pppoe_worker *w = nf->self;

	pppoe_send_errors(w);
	pppoe_session_settle(w->sessions);
	nf_neighbour_tick(w->neighbours);
	nf_router_tick(&w->router);
	pppoe_advertise_tick(w);
}

static const struct nf_ops ops = {.burst = pppoe_burst, .tick = tick, .untags = true};

static void
create(struct harness *h, struct slim_agent_config *agent)
{
	pppoe_config_identity(&h->config, h->identity);
	h->pppoe = rte_zmalloc("pppoe", sizeof(*h->pppoe), RTE_CACHE_LINE_SIZE);
	assert_non_null(h->pppoe);
	assert_int_equal(pppoe_init(h->pppoe, &h->config, 1), 0);
	agent->identity = h->identity;
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
worker_init(struct harness *h, uint16_t index)
{
	struct pppoe_worker *w = &h->workers[index];

	*w = (struct pppoe_worker){
		.pppoe = h->pppoe,
		.nf = &h->nf[index],
		.sessions = pppoe_sessions_of(&h->pppoe->sessions, index),
		.lines = pppoe_lines_of(&h->pppoe->lines, index),
		.neighbours = nf_neighbour_worker_init(&h->pppoe->neighbours, &h->nf[index]),
		.router = {.shared = &h->pppoe->router, .worker = &h->nf[index]},
		.asks = h->pppoe->asks[index],
	};
	h->nf[index].self = w;
	h->nf[index].ops = &ops;
	return 0;
}

static void
worker_fini(struct harness *h, uint16_t index)
{
	assert_int_equal(h->workers[index].n_errors, 0);
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
	return (struct harness_own){IP(100, 64, 0, 0), IP(100, 64, 3, 255)};
}

const struct harness_nf harness_nf = {
	.name = "pppoe",
	.ops = &ops,
	.n_sides = PPPOE_N_SIDES,
	.create = create,
	.create_tables = create_tables,
	.worker_init = worker_init,
	.worker_fini = worker_fini,
	.destroy = destroy,
	.sides = sides,
	.own = own,
};
