/* SPDX-License-Identifier: Apache-2.0 */
/* The NF and its harness; see harness_test.h. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_malloc.h>

/* ---- the table --------------------------------------------------------------------------------- */

static const struct slim_field fields[] = {
	SLIM_FIELD_KEY(struct meter_entry, address, SLIM_IPV4),
	SLIM_FIELD_STATE(struct meter_entry, first_side, SLIM_U32),
	SLIM_FIELD_LAZY(struct meter_entry, packets, SLIM_COUNTER, SLIM_MERGE_SUM),
};

static uint8_t
bucket_of(rte_be32_t address)
{
	return (uint8_t)rte_be_to_cpu_32(address);
}

static bool
has(const struct slim_table *table, uint32_t slot, rte_be32_t address)
{
	const struct meter_entry *e = slim_slot(table, slot);

	return ((const struct slim_slot_head *)(const void *)e - 1)->used && e->address == address;
}

/* A walk: an NF for more than a test has an index (slot_index.h). */
static uint32_t
find(const struct nf_share *share, rte_be32_t address)
{
	for (uint32_t i = 0; i < share->n_slots; i++)
		if (has(share->table, share->first_slot + i, address))
			return share->first_slot + i;
	return NF_NO_SLOT;
}

static uint32_t
acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key)
{
	struct meter_share *s = nf_share_of(ctx, w);
	rte_be32_t address;
	uint32_t slot;

	memcpy(&address, key, sizeof(address));
	if (s == NULL || bucket != bucket_of(address))
		return SLIM_NO_SLOT;
	slot = find(&s->share, address);
	return slot != NF_NO_SLOT ? slot : nf_share_take(&s->share);
}

static void
removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *row)
{
	struct meter_share *s = nf_share_of(ctx, w);

	(void)row;
	nf_share_give(&s->share, slot);
}

static const struct slim_table_ops table_ops = {.acquire = acquire, .removed = removed};

/* ---- packets --------------------------------------------------------------------------------------- */

/* NF_NO_SLOT: there is no room. */
static uint32_t
create_entry(const struct meter *meter, struct meter_share *s, rte_be32_t address, uint8_t side)
{
	uint32_t slot = nf_share_take(&s->share);
	struct meter_entry *e;

	if (slot == NF_NO_SLOT && meter->config.writes_first)
		((struct meter_entry *)slim_slot(s->share.table, s->share.first_slot))->packets++;
	if (slot == NF_NO_SLOT)
		return slot;
	e = slim_slot_begin(s->share.agent, s->share.table, slot);
	*e = (struct meter_entry){.address = address, .first_side = side};
	slim_slot_end(s->share.agent, s->share.table, slot, bucket_of(address));
	return slot;
}

static void
deal_with(struct nf_worker *w, uint8_t side, struct rte_mbuf *m)
{
	const struct meter *meter = w->self;
	struct meter_share *s = nf_share_at(&meter->shares, w->index);
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *,
								sizeof(struct rte_ether_hdr));
	uint16_t owner;
	uint32_t slot;

	if (rte_pktmbuf_data_len(m) < sizeof(struct rte_ether_hdr) + sizeof(*ip)) {
		nf_drop(w, m, METER_drop_short);
		return;
	}
	owner = (uint16_t)(bucket_of(ip->src_addr) % w->n_workers);
	if (owner != w->index) {
		nf_hand(w, owner, m, (struct nf_meta){.port = side});
		return;
	}
	slot = find(&s->share, ip->src_addr);
	if (slot == NF_NO_SLOT)
		slot = create_entry(meter, s, ip->src_addr, side);
	if (slot == NF_NO_SLOT) {
		nf_drop(w, m, METER_drop_full);
		return;
	}
	((struct meter_entry *)slim_slot(s->share.table, slot))->packets++;
	nf_count(w, METER_forwarded, 1);
	nf_emit(w, side ^ 1u, m);
}

static void
burst(struct nf_worker *w, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		deal_with(w, port == NF_HANDED ? nf_meta(pkts[i])->port : (uint8_t)port, pkts[i]);
}

/* A question of the NF for its own address on side 1. */
static const uint8_t own_question[60] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0,   0, 0, 0, 1, 8, 6, 0, 1, 8, 0,   6, 4, 0,
	1,    2,    0,    0,    0,    0,    1, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 192, 0, 2, 2};

static void
tick(struct nf_worker *w)
{
	const struct meter *meter = w->self;
	struct rte_mbuf *m;

	if (!meter->config.asks_itself || w->index != 0)
		return;
	m = rte_pktmbuf_alloc(w->pool);
	memcpy(rte_pktmbuf_append(m, sizeof(own_question)), own_question, sizeof(own_question));
	nf_emit(w, 0, m);
}

static const struct nf_ops ops = {.burst = burst, .tick = tick};

/* ---- its harness ------------------------------------------------------------------------------------- */

void
harness_defaults(struct meter_config *config)
{
	const struct nf_prefix net = {IP(192, 0, 2, 0), 0xffffff00};

	*config = (struct meter_config){
		.n_workers = 1,
		.capacity = 64,
		.sides = {{.address = RTE_BE32(IP(192, 0, 2, 1)),
			   .prefix = net,
			   .mac = {{2, 0, 0, 0, 0, 1}}},
			  {.address = RTE_BE32(IP(192, 0, 2, 2)),
			   .prefix = net,
			   .mac = {{2, 0, 0, 0, 0, 2}}}},
	};
}

static void
create(struct harness *h, struct slim_agent_config *agent)
{
	h->meter = rte_zmalloc("meter", sizeof(*h->meter), RTE_CACHE_LINE_SIZE);
	assert_non_null(h->meter);
	h->meter->config = h->config;
	assert_int_equal(nf_shares_init(&h->meter->shares,
					&(struct nf_share_config){
						.name = "meter",
						.capacity = h->config.capacity,
						.n_workers = h->config.n_workers,
						.size = sizeof(struct meter_share),
					}),
			 0);
	agent->identity = "";
	agent->n_workers = h->config.n_workers;
}

static int
create_tables(struct harness *h)
{
	return nf_shares_create(&h->meter->shares, h->agent,
				&(struct slim_table_config){
					.name = "source",
					.entry_size = sizeof(struct meter_entry),
					.n_fields = RTE_DIM(fields),
					.fields = fields,
					.ops = &table_ops,
					.ctx = &h->meter->shares,
				});
}

static int
worker_init(struct harness *h, uint16_t w)
{
	h->nf[w].self = h->meter;
	h->nf[w].ops = &ops;
	return 0;
}

static void
destroy(struct harness *h)
{
	nf_shares_fini(&h->meter->shares);
	rte_free(h->meter);
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
	.name = "meter",
	.ops = &ops,
	.n_sides = METER_N_SIDES,
	.create = create,
	.create_tables = create_tables,
	.worker_init = worker_init,
	.destroy = destroy,
	.sides = sides,
	.own = own,
};

/* Rows are where their bucket is, each address once, and the others are free. */
void
harness_check(const struct harness *h)
{
	const struct slim_table *table = h->meter->shares.table;

	for (uint16_t w = 0; w < h->n_workers; w++) {
		const struct nf_share *share =
			&((const struct meter_share *)nf_share_at(&h->meter->shares, w))->share;
		uint32_t used = 0;

		for (uint32_t slot = share->first_slot; slot < share->first_slot + share->n_slots;
		     slot++) {
			const struct meter_entry *e = slim_slot(table, slot);

			if (!has(table, slot, e->address))
				continue;
			used++;
			assert_int_equal(bucket_of(e->address) % h->n_workers, w);
			assert_int_equal(find(share, e->address), slot);
		}
		assert_int_equal(used + share->n_free, share->n_slots);
	}
}

/* ---- packets of the test ------------------------------------------------------------------------------ */

struct rte_mbuf *
meter_packet(struct harness *h, uint32_t from, uint16_t size)
{
	uint8_t frame[60] = {2, 0, 0, 0, 0, 1, 2, 0xaa, 0, 0, 0, 9, 8, 0, 0x45};

	assert_true(size <= sizeof(frame));
	for (int i = 0; i < 4; i++)
		frame[26 + i] = (uint8_t)(from >> (24 - 8 * i));
	return harness_raw(h, frame, size);
}

const struct meter_entry *
meter_entry(const struct harness *h, uint32_t from)
{
	const struct slim_table *table = h->meter->shares.table;

	for (uint32_t slot = 0; slot < table->capacity; slot++)
		if (has(table, slot, rte_cpu_to_be_32(from)))
			return slim_slot(table, slot);
	return NULL;
}
