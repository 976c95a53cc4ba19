/* SPDX-License-Identifier: Apache-2.0 */
/* The part of a harness that is the same for all NFs; see nf_harness_test.h. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <rte_eal.h>

#include "agent.h"
#include "digest_test.h"
#include "locked_pool_test.h"

uint32_t harness_pool_size = HARNESS_POOL_SIZE;

bool
harness_start_eal(void)
{
	static char words[][24] = {"nf-test",        "--no-huge",         "--no-pci", "--no-shconf",
				   "--no-telemetry", "--log-level=error", "-m",       "256",
				   "--lcores=0@0"};
	static char *argv[RTE_DIM(words)];

	for (size_t i = 0; i < RTE_DIM(words); i++)
		argv[i] = words[i];
	return rte_eal_init(RTE_DIM(words), argv) >= 0 && nf_meta_register() == 0;
}

/* ---- set-up ------------------------------------------------------------------------------- */

static void
open_worker(struct harness *h, uint16_t w)
{
	static const uint16_t port_ids[NF_MAX_PORTS] = {0, 1, 2, 3};
	struct nf_worker *nf = &h->nf[w];

	assert_int_equal(
		nf_worker_init(h->nf, w, h->n_workers, port_ids, harness_nf.n_sides, h->pool), 0);
	nf->agent = slim_agent_worker(h->agent, w);
	nf->now_ns = h->now_ns;
	for (uint8_t s = 0; s < harness_nf.n_sides; s++)
		nf->vlans[s] = harness_nf.sides(h)[s].vlan;
	assert_int_equal(harness_nf.worker_init(h, w), 0);
	nf->serves = (slim_worker_poll(nf->agent) & SLIM_POLL_SERVES) != 0;
}

void
harness_open(struct harness *h, const HARNESS_CONFIG *config, bool active)
{
	static unsigned int serial;
	char name[32];
	struct slim_agent_config agent = {
		.name = name,
		.service = harness_nf.name,
		.kind = harness_nf.name,
		.version = "test",
		.active = active,
		.socket_id = SOCKET_ID_ANY,
	};

	memset(h, 0, sizeof(*h));
	h->config = *config;
	h->now_ns = 1000 * HARNESS_SECOND;
	snprintf(name, sizeof(name), "test-%u", serial++);
	h->pool = rte_pktmbuf_pool_create_by_ops(
		name, harness_pool_size, 0, 0, 2048 + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY,
		harness_pool_size == HARNESS_POOL_SIZE ? NULL : locked_pool());
	assert_non_null(h->pool);
	agent.frame_pool = h->pool;
	harness_nf.create(h, &agent);
	h->n_workers = agent.n_workers;
	assert_int_equal(slim_agent_create(&agent, &h->agent), 0);
	assert_int_equal(harness_nf.create_tables(h), 0);
	assert_int_equal(slim_agent_start(h->agent), 0);
	for (uint16_t w = 0; w < h->n_workers; w++)
		open_worker(h, w);
}

void
harness_close(struct harness *h)
{
	for (uint8_t s = 0; s < harness_nf.n_sides; s++)
		harness_drain(h, s);
	for (uint16_t w = 0; w < h->n_workers; w++) {
		if (harness_nf.worker_fini != NULL)
			harness_nf.worker_fini(h, w);
		nf_worker_fini(&h->nf[w]);
	}
	harness_nf.destroy(h);
	slim_agent_destroy(h->agent);
	assert_int_equal(harness_in_use(h), 0);
	rte_mempool_free(h->pool);
}

/* ---- in and out -------------------------------------------------------------------------------- */

struct rte_mbuf *
harness_raw(struct harness *h, const void *bytes, uint16_t size)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(h->pool);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, size), bytes, size);
	return m;
}

void
harness_tag(struct rte_mbuf *m, uint16_t vlan)
{
	const uint8_t tag[] = {0x81, 0, (uint8_t)(vlan >> 8), (uint8_t)vlan};
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);

	frame = (uint8_t *)memmove(frame - sizeof(tag), frame, 12);
	rte_pktmbuf_prepend(m, sizeof(tag));
	memcpy(frame + 12, tag, sizeof(tag));
}

void
harness_receive(struct harness *h, uint8_t side, struct rte_mbuf *m, uint16_t worker)
{
	struct nf_worker *nf = &h->nf[worker];
	uint16_t n = 1;

	if (nf->vlans[side] != 0)
		n = nf_worker_untag(nf, side, &m, 1);
	harness_nf.ops->burst(nf, side, &m, n);
}

/* The oldest packet of a FIFO, without the tag that the side's frames must have. */
static struct rte_mbuf *
pop(struct nf_worker *nf, uint8_t side)
{
	struct nf_fifo *fifo = nf->tx[side];
	struct rte_mbuf *m = fifo->pkts[fifo->head++ & (NF_FIFO_SIZE - 1)];
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint16_t vlan = nf->vlans[side];

	if (vlan == 0)
		return m;
	assert_memory_equal(frame + 12, "\x81\x00", 2);
	assert_int_equal(frame[14] << 8 | frame[15], vlan);
	memmove(frame + 4, frame, 12);
	rte_pktmbuf_adj(m, 4);
	return m;
}

struct rte_mbuf *
harness_take_mbuf(struct harness *h, uint8_t side)
{
	for (uint16_t w = 0; w < h->n_workers; w++)
		if (nf_fifo_count(h->nf[w].tx[side]) != 0)
			return pop(&h->nf[w], side);
	return NULL;
}

void
harness_drain(struct harness *h, uint8_t side)
{
	struct rte_mbuf *m;

	while ((m = harness_take_mbuf(h, side)) != NULL)
		rte_pktmbuf_free(m);
}

void
harness_nothing_left(struct harness *h)
{
	for (uint8_t s = 0; s < harness_nf.n_sides; s++)
		assert_null(harness_take_mbuf(h, s));
}

/* ---- hosts ------------------------------------------------------------------------------------- */

/* The NF counts what it announces; what it does not is a question. Looked at more than once, it stays that. */
static bool
is_announced(const struct harness *h, enum harness_question question)
{
	return question == HARNESS_ANNOUNCEMENT && harness_counter(h, NF_arp_announced) != 0;
}

static void
answer(struct harness *h, uint8_t side, const struct rte_mbuf *question)
{
	uint8_t frame[60];
	struct rte_mbuf *m;

	memcpy(frame, rte_pktmbuf_mtod(question, const void *), sizeof(frame));
	harness_answer(frame);
	m = harness_raw(h, frame, sizeof(frame));
	harness_nf.ops->burst(&h->nf[0], side, &m, 1);
}

/* Takes ARP requests out of a FIFO and answers them; true if there was one. */
static bool
answer_requests(struct harness *h, uint16_t w, uint8_t side)
{
	uint32_t n = nf_fifo_count(h->nf[w].tx[side]);
	bool found = false;

	for (uint32_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pop(&h->nf[w], side);
		enum harness_question question =
			harness_question(rte_pktmbuf_mtod(m, const uint8_t *), harness_nf.sides(h),
					 harness_nf.n_sides, side, harness_nf.own(h));

		if (question == HARNESS_NO_QUESTION || is_announced(h, question)) {
			nf_emit(&h->nf[w], side, m);
			continue;
		}
		h->n_wrong_questions += question >= HARNESS_ANNOUNCEMENT;
		if (question == HARNESS_QUESTION)
			answer(h, side, m);
		rte_pktmbuf_free(m);
		found = true;
	}
	return found;
}

/* ---- rounds ------------------------------------------------------------------------------------- */

void
harness_deliver(struct harness *h)
{
	bool moved = true;

	while (moved) {
		moved = false;
		for (uint16_t w = 0; w < h->n_workers; w++)
			nf_worker_flush_hands(&h->nf[w]);
		for (uint16_t w = 0; w < h->n_workers; w++)
			moved |= nf_worker_take_handed(&h->nf[w]) != 0;
	}
	for (uint16_t w = 0; w < h->n_workers; w++)
		slim_commit(h->nf[w].agent, true);
}

void
harness_settle(struct harness *h)
{
	bool found = true;

	while (found) {
		found = false;
		harness_deliver(h);
		for (uint16_t w = 0; w < h->n_workers; w++)
			for (uint8_t s = 0; s < harness_nf.n_sides; s++)
				found |= answer_requests(h, w, s);
	}
	assert_true(h->n_wrong_questions == 0 || h->expects_wrong_questions);
}

void
harness_wait(struct harness *h, uint64_t ns)
{
	h->now_ns += ns;
	for (uint16_t w = 0; w < h->n_workers; w++) {
		h->nf[w].now_ns = h->now_ns;
		harness_nf.ops->tick(&h->nf[w]);
	}
	harness_settle(h);
}

static uint64_t
handed(const struct harness *h)
{
	uint64_t sum = 0;

	for (uint16_t w = 0; w < h->n_workers; w++)
		sum += atomic_load(&h->nf[w].handed);
	return sum;
}

uint64_t
harness_hops(struct harness *h, uint8_t side, struct rte_mbuf *m, uint16_t worker)
{
	uint64_t before = handed(h);

	harness_receive(h, side, m, worker);
	harness_deliver(h);
	return handed(h) - before;
}

/* ---- looking in ---------------------------------------------------------------------------------------- */

uint64_t
harness_counter(const struct harness *h, unsigned int counter)
{
	uint64_t sum = 0;

	for (uint16_t w = 0; w < h->n_workers; w++)
		sum += h->nf[w].counters[counter];
	return sum;
}

uint32_t
harness_in_use(const struct harness *h)
{
	return rte_mempool_in_use_count(h->pool);
}

uint64_t
harness_digest_without(const struct harness *h, const char *table)
{
	uint64_t digest = HARNESS_DIGEST;

	for (uint16_t t = 0; t < h->agent->n_tables; t++)
		if (table == NULL || strcmp(h->agent->tables[t].name, table) != 0)
			digest = harness_mix_table(digest, &h->agent->tables[t].pub);
	return digest;
}

struct harness_before
harness_before(const struct harness *h, unsigned int counter)
{
	return (struct harness_before){counter, harness_counter(h, counter),
				       harness_digest_without(h, NULL)};
}

void
harness_was_refused(struct harness *h, const struct harness_before *before)
{
	assert_int_equal(harness_counter(h, before->counter), before->count + 1);
	assert_true(harness_digest_without(h, NULL) == before->digest);
	harness_nothing_left(h);
}
