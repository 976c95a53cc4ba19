/* SPDX-License-Identifier: Apache-2.0 */
/* Ports that rest; see rest.h. Worker's thread, but for init, create and fini. */
#include "rest.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "table_memory.h"

#define SECOND_NS UINT64_C(1000000000)
#define LOOK_AGAIN_NS (2 * SECOND_NS) /* at a row of a bucket that is not this instance's now */

/* A tick of the wheel is 2^27 ns = 134 ms; all of them are 137 s. */
#define TICK_SHIFT 27
#define N_TICKS 1024u

const struct slim_field nat_rest_fields[] = {
	SLIM_FIELD_KEY(struct nat_rest, outside_address, SLIM_IPV4),
	SLIM_FIELD_KEY(struct nat_rest, outside_port, SLIM_BE16),
	SLIM_FIELD_KEY(struct nat_rest, protocol, SLIM_U8),
	SLIM_FIELD_STATE(struct nat_rest, until, SLIM_TIME),
};
const uint16_t nat_rest_n_fields = RTE_DIM(nat_rest_fields);

/* ---- places ------------------------------------------------------------------------------- */

/* The first word of a row, put together in a register. */
static uint64_t
key_of(rte_be32_t address, rte_be16_t port, uint8_t protocol)
{
	return RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN
		       ? address | (uint64_t)port << 32 | (uint64_t)protocol << 48
		       : (uint64_t)address << 32 | (uint64_t)port << 16 | (uint64_t)protocol << 8;
}

static struct nat_rest
row_of(uint64_t key)
{
	struct nat_rest row = {0};

	memcpy(&row, &key, sizeof(key));
	return row;
}

static uint8_t
bucket_of(const struct nat_rests *s, uint64_t key)
{
	return nat_port_bucket(&s->shared->ports->pool.rule,
			       rte_be_to_cpu_16(row_of(key).outside_port));
}

/* False: the port is none of the pool's, and has no mark. */
static bool
place_of(const struct nat_rests *s, uint64_t key, struct nat_place *ret_at)
{
	const struct nat_port_table *ports = s->shared->ports;
	struct nat_rest row = row_of(key);
	uint16_t number = nat_pool_number(&ports->pool, row.outside_address);

	if (number == NAT_NOT_IN_POOL)
		return false;
	*ret_at = nat_ports_place(ports, number, rte_be_to_cpu_16(row.outside_port),
				  (uint32_t)nat_protocol_of(row.protocol));
	return true;
}

/* ---- numbers -------------------------------------------------------------------------------- */

static bool
equal(const void *ctx, uint32_t number, uint64_t key)
{
	const uint64_t *keys = ctx;

	return keys[number] == key;
}

static uint32_t
find(const struct nat_rests *s, uint64_t key)
{
	return nf_slot_index_find(&s->index, nf_slot_index_hash(&s->index, key), key, equal,
				  s->keys);
}

/* NF_NO_SLOT: none is left. */
static uint32_t
take(struct nat_rests *s, uint64_t key)
{
	uint32_t hash = nf_slot_index_hash(&s->index, key), number = NF_NO_SLOT;
	struct nat_place at;
	bool in_pool = place_of(s, key, &at);

	/* A port of the pool has the mark if it has a slot. */
	if (!in_pool || nat_ports_is_resting(s->shared->ports, &at))
		number = nf_slot_index_find(&s->index, hash, key, equal, s->keys);
	if (number != NF_NO_SLOT || s->share.n_free == 0)
		return number;
	number = nf_share_take(&s->share) - s->share.first_slot;
	s->keys[number] = key;
	nf_slot_index_insert(&s->index, hash, number);
	if (in_pool)
		nat_ports_rest(s->shared->ports, &at);
	return number;
}

static void
give_back(struct nat_rests *s, uint32_t number)
{
	uint64_t key = s->keys[number];
	struct nat_place at;

	if (place_of(s, key, &at))
		nat_ports_wake(s->shared->ports, &at);
	nf_wheel_remove(&s->wheel, number);
	nf_slot_index_remove(&s->index, nf_slot_index_hash(&s->index, key), number);
	nf_share_give(&s->share, s->share.first_slot + number);
}

static void
end(struct nat_rests *s, uint32_t number)
{
	slim_slot_free(s->share.agent, s->share.table, s->share.first_slot + number);
	give_back(s, number);
}

/* ---- begin and end ---------------------------------------------------------------------------- */

void
nat_rest_begin(struct nat_rests *s, rte_be32_t outside_address, rte_be16_t outside_port,
	       uint8_t protocol)
{
	uint64_t key = key_of(outside_address, outside_port, protocol);
	struct nat_rest *row;
	uint32_t number;

	if (s->shared->delay_ns == 0 || protocol == IPPROTO_TCP)
		return;
	number = take(s, key);
	if (number == NF_NO_SLOT) {
		s->n_cut++;
		return;
	}
	row = slim_slot_begin(s->share.agent, s->share.table, s->share.first_slot + number);
	memcpy(row, &key, sizeof(key));
	row->until = *s->now_ns + s->shared->delay_ns;
	nf_wheel_insert(&s->wheel, number, row->until);
	slim_slot_end(s->share.agent, s->share.table, s->share.first_slot + number,
		      bucket_of(s, key));
}

void
nat_rest_prefetch(const struct nat_rests *s, rte_be32_t outside_address, rte_be16_t outside_port,
		  uint8_t protocol, uint32_t nth)
{
	uint32_t slot;

	if (s->shared->delay_ns == 0 || protocol == IPPROTO_TCP || nth >= s->share.n_free)
		return;
	slot = s->share.free[s->share.n_free - 1 - nth];
	nf_slot_index_prefetch(
		&s->index,
		nf_slot_index_hash(&s->index, key_of(outside_address, outside_port, protocol)));
	__builtin_prefetch((const struct slim_slot_head *)slim_slot(s->share.table, slot) - 1, 1);
	nf_wheel_prefetch(&s->wheel, slot - s->share.first_slot);
}

void
nat_rest_cut(struct nat_rests *s, rte_be32_t outside_address, rte_be16_t outside_port,
	     uint8_t protocol)
{
	uint32_t number = find(s, key_of(outside_address, outside_port, protocol));

	if (number == NF_NO_SLOT)
		return;
	s->n_cut++;
	end(s, number);
}

void
nat_rest_tick(struct nat_rests *s, uint64_t now_ns, uint32_t n)
{
	for (; n > 0; n--) {
		uint32_t number = nf_wheel_take(&s->wheel, now_ns);
		const struct nat_rest *row;

		if (likely(number == NF_WHEEL_NONE))
			return;
		row = slim_slot(s->share.table, s->share.first_slot + number);
		if (!slim_owns(s->share.agent, bucket_of(s, s->keys[number])))
			nf_wheel_insert(&s->wheel, number, now_ns + LOOK_AGAIN_NS);
		else if ((int64_t)(row->until - now_ns) > 0)
			nf_wheel_insert(&s->wheel, number, row->until);
		else
			end(s, number);
	}
}

/* ---- rows from another instance --------------------------------------------------------------- */

static uint32_t
acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key_bytes)
{
	struct nat_rests *s = nf_share_of(ctx, w);
	uint32_t number;
	uint64_t key = 0;

	memcpy(&key, key_bytes, offsetof(struct nat_rest, reserved));
	if (s == NULL || bucket != bucket_of(s, key) || nat_protocol_of(row_of(key).protocol) < 0)
		return SLIM_NO_SLOT;
	number = take(s, key);
	return number == NF_NO_SLOT ? SLIM_NO_SLOT : s->share.first_slot + number;
}

static void
installed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	struct nat_rests *s = nf_share_of(ctx, w);
	const struct nat_rest *row = entry;

	nf_wheel_insert(&s->wheel, slot - s->share.first_slot, row->until);
}

static void
removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	struct nat_rests *s = nf_share_of(ctx, w);

	(void)entry;
	give_back(s, slot - s->share.first_slot);
}

static void
ahead(void *ctx, struct slim_worker *w, const void *row)
{
	const struct nat_rests *s = nf_share_of(ctx, w);
	const struct nat_rest *rest = row;

	if (s != NULL)
		nf_slot_index_prefetch(
			&s->index,
			nf_slot_index_hash(&s->index, key_of(rest->outside_address,
							     rest->outside_port, rest->protocol)));
}

const struct slim_table_ops nat_rest_ops = {
	.acquire = acquire,
	.installed = installed,
	.removed = removed,
	.ahead = ahead,
};

/* ---- set-up -------------------------------------------------------------------------------------- */

static int
init_share(struct nat_rests *s, struct nat_rest_table *t, uint64_t seed)
{
	uint32_t n_slots = s->share.n_slots;

	s->shared = t;
	s->keys = nf_table_memory_alloc("nat_rests", n_slots * sizeof(*s->keys));
	if (s->keys == NULL || nf_wheel_init(&s->wheel, n_slots, N_TICKS, TICK_SHIFT, 0) != 0)
		return -ENOMEM;
	return nf_slot_index_init(&s->index, n_slots, seed);
}

int
nat_rest_table_init(struct nat_rest_table *t, struct nat_port_table *ports,
		    const struct nat_config *config, uint64_t seed)
{
	int error = nf_shares_init(&t->shares, &(struct nf_share_config){
						       .name = "nat_rests",
						       .capacity = config->max_resting,
						       .n_workers = config->n_workers,
						       .size = sizeof(struct nat_rests),
					       });

	t->ports = ports;
	t->delay_ns = config->reuse_delay_ns;
	for (uint16_t w = 0; w < config->n_workers && error == 0; w++)
		error = init_share(nf_share_at(&t->shares, w), t, seed + w);
	return error;
}

int
nat_rest_table_create(struct nat_rest_table *t, struct slim_agent *agent)
{
	return nf_shares_create(&t->shares, agent,
				&(struct slim_table_config){
					.name = "rest",
					.entry_size = sizeof(struct nat_rest),
					.n_fields = nat_rest_n_fields,
					.fields = nat_rest_fields,
					.ops = &nat_rest_ops,
				});
}

void
nat_rest_table_fini(struct nat_rest_table *t)
{
	for (uint16_t w = 0; w < t->shares.n_workers; w++) {
		struct nat_rests *s = nf_share_at(&t->shares, w);

		if (s == NULL)
			continue;
		nf_slot_index_fini(&s->index);
		nf_wheel_fini(&s->wheel);
		nf_table_memory_free(s->keys);
	}
	nf_shares_fini(&t->shares);
}
