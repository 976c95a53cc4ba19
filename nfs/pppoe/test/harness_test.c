/* SPDX-License-Identifier: Apache-2.0 */
/* The concentrator without ports; see harness_test.h. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_malloc.h>

#include "automaton.h"
#include "round.h"

static const char settings[] = "instance: test\nservice: pppoe\n"
			       "access:\n  name: access\n  port: 0\n  mac: 02:00:00:00:01:01\n"
			       "core:\n  name: core\n  port: 1\n  address: 203.0.113.1/24\n"
			       "  mac: 02:00:00:00:02:01\n"
			       "  routes: [{prefix: 0.0.0.0/0, via: 203.0.113.2}]\n"
			       "authentication: {secrets_file: /nowhere}\n"
			       "capacity: 2048\nneighbours: 256\nhold_capacity: 64\n"
			       "lcp: {connect_delay: 0}\n";

void
harness_configure(struct pppoe_config *config, const char *concentrator)
{
	char text[1024], error[NF_CONFIG_ERROR_SIZE] = "";
	int size = snprintf(text, sizeof(text),
			    "%sconcentrator:\n  name: ac-1\n  gateway: 100.64.0.1\n%s", settings,
			    concentrator);

	assert_in_range(size, 0, sizeof(text) - 1);
	if (pppoe_config_parse("harness", text, (size_t)size, config, error) != 0)
		fail_msg("%s", error);
}

void
harness_defaults(struct pppoe_config *config)
{
	harness_configure(config, "  pools: [100.64.0.0/22]\n");
}

/* ---- set-up --------------------------------------------------------------------------------------------- */

/* The program's, and what its main thread does between rounds. */
static void
tick(struct nf_worker *nf)
{
	struct pppoe_worker *w = nf->self;

	if (nf->index == 0)
		assert_int_equal(pppoe_refill(w->pppoe), 0);
	pppoe_ops.tick(nf);
}

static struct nf_ops ops;

static void
create(struct harness *h, struct slim_agent_config *agent)
{
	ops = pppoe_ops;
	ops.tick = tick;
	pppoe_config_identity(&h->config, h->identity);
	agent->identity = h->identity;
	agent->n_workers = h->config.n_workers;
	agent->hold_capacity = h->config.hold_capacity;
	h->pppoe = rte_zmalloc("pppoe", sizeof(*h->pppoe), RTE_CACHE_LINE_SIZE);
	assert_non_null(h->pppoe);
	assert_int_equal(pppoe_init(h->pppoe, &h->config, 1), 0);
	agent->bucket_worker = h->pppoe->bucket_worker;
}

/* Octets for the first secret lie ready before workers run, as in the program. */
static int
create_tables(struct harness *h)
{
	assert_int_equal(pppoe_refill(h->pppoe), 0);
	return pppoe_create_tables(h->pppoe, h->agent);
}

static int
worker_init(struct harness *h, uint16_t w)
{
	int error = pppoe_worker_init(&h->workers[w], h->pppoe, &h->nf[w]);

	h->nf[w].ops = &ops;
	return error;
}

static void
worker_fini(struct harness *h, uint16_t w)
{
	assert_int_equal(h->workers[w].n_errors, 0); /* they wait for the end of a round only */
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

/* Of clients: nobody asks the core for them. */
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

/* ---- looking in ------------------------------------------------------------------------------------------- */

struct pppoe_session *
harness_session(const struct harness *h, uint32_t slot)
{
	return slim_slot(h->pppoe->sessions.shares.table, slot);
}

struct pppoe_sessions *
harness_owner(const struct harness *h, uint32_t slot)
{
	uint8_t bucket = harness_session(h, slot)->mac.addr_bytes[5];

	return pppoe_sessions_of(&h->pppoe->sessions, h->pppoe->bucket_worker[bucket]);
}

#define NOBODY 0u

/* What each number's cell must hold: slot + 1. */
struct model {
	uint32_t *ids, *addresses, *prefixes;
	uint32_t n;
};

static uint32_t *
cells_like(const struct pppoe_pool *pool)
{
	uint32_t *cells = calloc(pool->n + 1u, sizeof(*cells));

	assert_non_null(cells);
	return cells;
}

static void
claim(uint32_t *cell, uint32_t slot)
{
	assert_int_equal(*cell, NOBODY);
	*cell = slot + 1;
}

/* The place of an address, counted over the pools as the configuration has them. */
static uint32_t
place_of(const struct harness *h, uint32_t address)
{
	uint32_t place = 0;

	for (uint32_t i = 0; i < h->config.n_pools; i++) {
		const struct nf_prefix *pool = &h->config.pools[i];

		for (uint32_t a = pool->address + 1; a < (pool->address | ~pool->mask); a++) {
			if (a == rte_be_to_cpu_32(h->config.gateway))
				continue;
			if (a == address)
				return place;
			place++;
		}
	}
	fail_msg("an address of no pool");
	return place;
}

static void
check_slot(const struct harness *h, struct model *model, uint32_t slot)
{
	const struct pppoe_session *e = harness_session(h, slot);
	const struct pppoe_sessions *s = harness_owner(h, slot);
	const struct pppoe_line_key line = {e->mac, e->outer, e->inner};
	bool has_ppp = e->lcp.state == PPP_OPENED && e->auth.state == PPPOE_AUTH_GOOD;
	uint32_t found = 0;

	assert_in_range(slot, s->share.first_slot, s->share.first_slot + s->share.n_slots - 1);
	claim(&model->ids[e->session_id], slot);
	if (e->ipv4 != 0)
		claim(&model->addresses[place_of(h, rte_be_to_cpu_32(e->ipv4))], slot);
	if (e->prefix != PPPOE_NO_PREFIX)
		claim(&model->prefixes[e->prefix], slot);
	assert_int_equal(e->open & 1, has_ppp && e->ipcp.state == PPP_OPENED && e->ipv4 != 0);
	assert_int_equal(e->open >> 1,
			 has_ppp && e->ipv6cp.state == PPP_OPENED && e->prefix != PPPOE_NO_PREFIX);
	assert_true(e->open == 0 || e->end == PPPOE_END_NONE);
	assert_int_equal(e->held & PPPOE_HELD_WAITS, 0);
	for (uint32_t one = NF_NO_SLOT; (one = pppoe_session_of_line(s, &line, one)) != NF_NO_SLOT;)
		found += one == slot;
	assert_int_equal(found, 1);
	assert_int_equal(nf_wheel_has(&s->wheel, slot - s->share.first_slot),
			 pppoe_session_deadline(e) != 0);
	model->n++;
}

static void
check_pool(const struct pppoe_pool *pool, const uint32_t *cells)
{
	for (uint32_t i = 0; i < pool->n; i++)
		assert_int_equal(pool->cells[i], cells[i]);
}

void
harness_check(const struct harness *h)
{
	const struct pppoe_session_table *t = &h->pppoe->sessions;
	struct model model = {cells_like(&t->ids), cells_like(&t->addresses),
			      cells_like(&t->prefixes), 0};
	uint32_t free_slots = 0, indexed = 0;

	for (uint32_t slot = 0; slot < t->shares.capacity; slot++) {
		const struct slim_slot_head *head = (const void *)harness_session(h, slot);

		assert_int_equal(head[-1].seq % 2, 0); /* nobody left it open */
		if (head[-1].used)
			check_slot(h, &model, slot);
	}
	check_pool(&t->ids, model.ids);
	check_pool(&t->addresses, model.addresses);
	check_pool(&t->prefixes, model.prefixes);
	for (uint16_t w = 0; w < h->config.n_workers; w++) {
		const struct pppoe_sessions *s = pppoe_sessions_of(t, w);

		free_slots += s->share.n_free;
		assert_int_equal(s->n_waiting, 0);
		for (uint32_t i = 0; i <= s->by_mac.mask; i++)
			indexed += s->by_mac.cells[i] != 0;
	}
	assert_int_equal(indexed, model.n);
	assert_int_equal(free_slots + model.n, t->shares.capacity);
	free(model.ids);
	free(model.addresses);
	free(model.prefixes);
}
