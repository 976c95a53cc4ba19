/* SPDX-License-Identifier: Apache-2.0 */
/* Subscribers; see subscriber.h. Worker's thread, but for init, create and fini. */
#include "subscriber.h"

#include "ipv4_bucket.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "table_memory.h"

#define SECOND_NS UINT64_C(1000000000)
#define LOOK_AGAIN_NS (2 * SECOND_NS) /* at a row of a bucket that is not this instance's now */

/* A tick of the wheel is 2^27 ns = 134 ms. */
#define TICK_SHIFT 27
#define N_TICKS 256u

const struct slim_field nat_subscriber_fields[] = {
	SLIM_FIELD_KEY(struct nat_subscriber, address, SLIM_IPV4),
	SLIM_FIELD_STATE(struct nat_subscriber, outside_address, SLIM_IPV4),
	SLIM_FIELD_LAZY(struct nat_subscriber, rate_due, SLIM_TIME, SLIM_MERGE_MAX),
};
const uint16_t nat_subscriber_n_fields = RTE_DIM(nat_subscriber_fields);

/* ---- numbers ------------------------------------------------------------------------------ */

uint32_t
nat_subscriber_find(const struct nat_subscribers *s, rte_be32_t address)
{
	return nat_subscriber_find_by(s, nat_subscriber_hash(s, address), address);
}

uint32_t
nat_subscriber_add(struct nat_subscribers *s, uint32_t hash, rte_be32_t address)
{
	uint32_t number = nf_share_take(&s->share) - s->share.first_slot;

	s->tallies[number] = (struct nat_tally){.address = address};
	nf_slot_index_insert(&s->index, hash, number);
	return number;
}

uint32_t
nat_subscriber_take(struct nat_subscribers *s, rte_be32_t address)
{
	uint32_t hash = nat_subscriber_hash(s, address);
	uint32_t number = nat_subscriber_find_by(s, hash, address);

	return number != NF_NO_SLOT || s->share.n_free == 0 ? number
							    : nat_subscriber_add(s, hash, address);
}

static void
give_back(struct nat_subscribers *s, uint32_t number)
{
	uint32_t hash = nf_slot_index_hash(&s->index, s->tallies[number].address);

	nf_wheel_remove(&s->wheel, number);
	nf_slot_index_remove(&s->index, hash, number);
	nf_share_give(&s->share, s->share.first_slot + number);
}

/* ---- what it has ---------------------------------------------------------------------------- */

void
nat_subscriber_settle(struct nat_subscribers *s, uint32_t number, rte_be32_t outside_address)
{
	rte_be32_t address = s->tallies[number].address;
	bool is_new = !nat_subscriber_has_row(s, number);
	struct nat_subscriber *row;

	if (nat_subscriber_outside(s, number) == outside_address)
		return;
	row = slim_slot_begin(s->share.agent, s->share.table, s->share.first_slot + number);
	if (is_new)
		*row = (struct nat_subscriber){.address = address};
	row->outside_address = outside_address;
	slim_slot_end(s->share.agent, s->share.table, s->share.first_slot + number,
		      nf_ipv4_bucket(address));
}

static bool
is_vacant(const struct nat_subscribers *s, uint32_t number)
{
	return s->tallies[number].n_sessions == 0;
}

static void
remove_row(struct nat_subscribers *s, uint32_t number)
{
	slim_slot_free(s->share.agent, s->share.table, s->share.first_slot + number);
	give_back(s, number);
}

void
nat_subscriber_release(struct nat_subscribers *s, uint32_t number, bool row_may_go)
{
	if (!nat_subscriber_has_row(s, number))
		give_back(s, number);
	else if (row_may_go && s->shared->rate_cost_ns == 0)
		remove_row(s, number);
	else
		nf_wheel_insert(&s->wheel, number, nat_subscriber_at(s, number)->rate_due);
}

/* ---- the rate -------------------------------------------------------------------------------- */

static bool
is_ahead(uint64_t due, uint64_t now_ns)
{
	return (int64_t)(due - now_ns) > 0;
}

/* The rate is a token bucket that is not counted down: each new mapping moves the time when all is there
 * again on by what it takes at the rate, and it may not lie further ahead than the burst takes. */
bool
nat_subscriber_is_too_fast(const struct nat_subscribers *s, uint32_t number, uint64_t now_ns)
{
	const struct nat_subscriber_table *t = s->shared;
	uint64_t due;

	if (t->rate_cost_ns == 0 || !nat_subscriber_has_row(s, number))
		return false;
	due = nat_subscriber_at(s, number)->rate_due;
	return is_ahead(due, now_ns) && due - now_ns + t->rate_cost_ns > t->rate_burst_ns;
}

void
nat_subscriber_count_rate(struct nat_subscribers *s, uint32_t number, uint64_t now_ns)
{
	struct nat_subscriber *row = nat_subscriber_at(s, number);
	uint64_t cost_ns = s->shared->rate_cost_ns;

	if (cost_ns != 0)
		row->rate_due =
			(is_ahead(row->rate_due, now_ns) ? row->rate_due : now_ns) + cost_ns;
}

/* ---- timers ---------------------------------------------------------------------------------- */

static void
look(struct nat_subscribers *s, uint32_t number, uint64_t now_ns)
{
	uint64_t due = nat_subscriber_at(s, number)->rate_due;

	if (!slim_owns(s->share.agent, nf_ipv4_bucket(s->tallies[number].address)))
		nf_wheel_insert(&s->wheel, number, now_ns + LOOK_AGAIN_NS);
	else if (is_ahead(due, now_ns) && s->shared->rate_cost_ns != 0)
		nf_wheel_insert(&s->wheel, number, due);
	else
		remove_row(s, number);
}

void
nat_subscriber_tick(struct nat_subscribers *s, uint64_t now_ns, uint32_t n)
{
	for (; n > 0; n--) {
		uint32_t number = nf_wheel_take(&s->wheel, now_ns);

		if (likely(number == NF_WHEEL_NONE))
			return;
		look(s, number, now_ns);
	}
}

/* ---- rows from another instance --------------------------------------------------------------- */

static uint32_t
acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key)
{
	struct nat_subscribers *s = nf_share_of(ctx, w);
	rte_be32_t address;
	uint32_t number;

	memcpy(&address, key, sizeof(address));
	if (s == NULL || bucket != nf_ipv4_bucket(address))
		return SLIM_NO_SLOT;
	number = nat_subscriber_take(s, address);
	return number == NAT_NO_SUBSCRIBER ? SLIM_NO_SLOT : s->share.first_slot + number;
}

static void
installed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	struct nat_subscribers *s = nf_share_of(ctx, w);
	const struct nat_subscriber *row = entry;

	if (is_vacant(s, slot - s->share.first_slot))
		nf_wheel_insert(&s->wheel, slot - s->share.first_slot, row->rate_due);
}

/* The row goes; its mappings may go later. */
static void
removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	struct nat_subscribers *s = nf_share_of(ctx, w);

	(void)entry;
	if (is_vacant(s, slot - s->share.first_slot))
		give_back(s, slot - s->share.first_slot);
}

static void
ahead(void *ctx, struct slim_worker *w, const void *row)
{
	const struct nat_subscribers *s = nf_share_of(ctx, w);

	if (s != NULL)
		nat_subscriber_prefetch(s, ((const struct nat_subscriber *)row)->address);
}

const struct slim_table_ops nat_subscriber_ops = {
	.acquire = acquire,
	.installed = installed,
	.removed = removed,
	.ahead = ahead,
};

/* ---- set-up -------------------------------------------------------------------------------------- */

static int
init_share(struct nat_subscribers *s, const struct nat_subscriber_table *t, uint64_t seed)
{
	uint32_t n_slots = s->share.n_slots;

	s->shared = t;
	s->tallies = nf_table_memory_alloc("nat_subscribers", n_slots * sizeof(*s->tallies));
	if (s->tallies == NULL || nf_wheel_init(&s->wheel, n_slots, N_TICKS, TICK_SHIFT, 0) != 0)
		return -ENOMEM;
	return nf_slot_index_init(&s->index, n_slots, ~seed);
}

int
nat_subscriber_table_init(struct nat_subscriber_table *t, const struct nat_config *config,
			  uint64_t seed)
{
	int error = nf_shares_init(&t->shares, &(struct nf_share_config){
						       .name = "nat_subscribers",
						       .capacity = config->subscribers,
						       .n_workers = config->n_workers,
						       .size = sizeof(struct nat_subscribers),
					       });

	if (config->new_sessions_per_s != 0)
		t->rate_cost_ns = SECOND_NS / config->new_sessions_per_s;
	t->rate_burst_ns = config->new_sessions_burst * t->rate_cost_ns;
	for (uint16_t w = 0; w < config->n_workers && error == 0; w++)
		error = init_share(nf_share_at(&t->shares, w), t, seed);
	return error;
}

int
nat_subscriber_table_create(struct nat_subscriber_table *t, struct slim_agent *agent)
{
	return nf_shares_create(&t->shares, agent,
				&(struct slim_table_config){
					.name = "subscriber",
					.entry_size = sizeof(struct nat_subscriber),
					.n_fields = nat_subscriber_n_fields,
					.fields = nat_subscriber_fields,
					.ops = &nat_subscriber_ops,
				});
}

void
nat_subscriber_table_fini(struct nat_subscriber_table *t)
{
	for (uint16_t w = 0; w < t->shares.n_workers; w++) {
		struct nat_subscribers *s = nf_share_at(&t->shares, w);

		if (s == NULL)
			continue;
		nf_slot_index_fini(&s->index);
		nf_wheel_fini(&s->wheel);
		nf_table_memory_free(s->tallies);
	}
	nf_shares_fini(&t->shares);
}
