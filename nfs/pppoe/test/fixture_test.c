/* SPDX-License-Identifier: Apache-2.0 */
/* See fixture_test.h. */
#include "fixture_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

#include "rows.h"

static struct rte_mempool *pool;

bool
fixture_start_eal(void)
{
	static char words[][24] = {"table-test",     "--no-huge",         "--no-pci", "--no-shconf",
				   "--no-telemetry", "--log-level=error", "-m",       "256",
				   "--lcores=0@0"};
	static char *argv[RTE_DIM(words)];

	for (size_t i = 0; i < RTE_DIM(words); i++)
		argv[i] = words[i];
	if (rte_eal_init(RTE_DIM(words), argv) < 0)
		return false;
	pool = rte_pktmbuf_pool_create("frames", 1023, 0, 0, 256 + RTE_PKTMBUF_HEADROOM,
				       SOCKET_ID_ANY);
	return pool != NULL;
}

void
fixture_open(struct fixture *f, uint16_t n_workers, bool active)
{
	static unsigned int serial;
	char name[32];
	const struct slim_agent_config config = {
		.name = name,
		.service = "test",
		.kind = "test",
		.version = "1",
		.identity = "",
		.active = active,
		.n_workers = n_workers,
		.frame_pool = pool,
		.socket_id = SOCKET_ID_ANY,
	};

	snprintf(name, sizeof(name), "table-%u", serial++);
	*f = (struct fixture){.active = active, .n_workers = n_workers};
	assert_int_equal(slim_agent_create(&config, &f->agent), 0);
}

void
fixture_start(struct fixture *f)
{
	assert_int_equal(slim_agent_start(f->agent), 0);
	for (uint16_t w = 0; w < f->n_workers; w++)
		assert_int_equal((slim_worker_poll(fixture_worker(f, w)) & SLIM_POLL_SERVES) != 0,
				 f->active);
}

void
fixture_close(struct fixture *f)
{
	slim_agent_destroy(f->agent);
}

struct slim_worker *
fixture_worker(const struct fixture *f, uint16_t worker)
{
	return slim_agent_worker(f->agent, worker);
}

const struct slim_slot_head *
fixture_head(const struct slim_table *table, uint32_t slot)
{
	return (const struct slim_slot_head *)slim_slot(table, slot) - 1;
}

static struct agent_worker *
owner(const struct fixture *f, uint8_t bucket)
{
	return agent_worker_of(fixture_worker(f, f->agent->bucket_worker[bucket]));
}

/* As agent/install.c has it. */
uint32_t
fixture_put(struct fixture *f, const struct slim_table *table, uint32_t slot, uint8_t bucket,
	    const void *row)
{
	struct agent_table *t = &f->agent->tables[table->index];
	struct agent_worker *w = owner(f, bucket);

	if (slot != SLIM_NO_SLOT &&
	    (!slim_rows_is_mine(w, t, slot) || !slim_rows_has_key(t, slot, row))) {
		fixture_delete(f, table, slot);
		slot = SLIM_NO_SLOT;
	}
	if (slot == SLIM_NO_SLOT) {
		slot = t->ops.acquire(t->ctx, &w->pub, bucket,
				      (const uint8_t *)row + t->key_offset);
		if (slot == SLIM_NO_SLOT)
			return slot;
		assert_true(slot < table->capacity);
		assert_true(!slim_rows_is_used(t, slot) ||
			    (slim_rows_has_key(t, slot, row) && slim_rows_is_mine(w, t, slot)));
	}
	if (t->ops.ahead != NULL)
		t->ops.ahead(t->ctx, &w->pub, row);
	slim_rows_store(w, t, slot, bucket, row);
	return slot;
}

void
fixture_delete(struct fixture *f, const struct slim_table *table, uint32_t slot)
{
	slim_rows_remove(owner(f, fixture_head(table, slot)->bucket),
			 &f->agent->tables[table->index], slot);
}
