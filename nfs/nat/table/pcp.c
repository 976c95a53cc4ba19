/* SPDX-License-Identifier: Apache-2.0 */
/* What was asked for by PCP; see pcp.h. Worker's thread, but for init, create and fini. */
#include "pcp.h"

#include "ipv4_bucket.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_malloc.h>

#define EPOCH_BUCKET 0
#define EPOCH_WORKER 0 /* which owns it */

const struct slim_field nat_pcp_fields[] = {
	SLIM_FIELD_KEY(struct nat_pcp_entry, inside_address, SLIM_IPV4),
	SLIM_FIELD_KEY(struct nat_pcp_entry, inside_port, SLIM_BE16),
	SLIM_FIELD_KEY(struct nat_pcp_entry, protocol, SLIM_U8),
	SLIM_FIELD_STATE(struct nat_pcp_entry, nonce, SLIM_BYTES),
	SLIM_FIELD_STATE(struct nat_pcp_entry, expires, SLIM_TIME),
};
const uint16_t nat_pcp_n_fields = RTE_DIM(nat_pcp_fields);

const struct slim_field nat_pcp_epoch_fields[] = {
	SLIM_FIELD_KEY(struct nat_pcp_epoch, id, SLIM_U32),
	SLIM_FIELD_STATE(struct nat_pcp_epoch, started, SLIM_TIME),
};
const uint16_t nat_pcp_epoch_n_fields = RTE_DIM(nat_pcp_epoch_fields);

/* ---- slots --------------------------------------------------------------------------------- */

static bool
entry_equal(const void *ctx, uint32_t slot, uint64_t key)
{
	return nat_pcp_key(slim_slot(ctx, slot)) == key;
}

static bool
subscriber_equal(const void *ctx, uint32_t slot, uint64_t key)
{
	const struct nat_pcp_entry *entry = slim_slot(ctx, slot);

	return entry->inside_address == (rte_be32_t)key;
}

uint32_t
nat_pcp_find(const struct nat_pcp *pcp, uint64_t key)
{
	return nf_slot_index_find(&pcp->index, nf_slot_index_hash(&pcp->index, key), key,
				  entry_equal, pcp->share.table);
}

uint32_t
nat_pcp_take_slot(struct nat_pcp *pcp, uint64_t key)
{
	uint32_t slot = nf_share_take(&pcp->share);

	nf_slot_index_insert(&pcp->index, nf_slot_index_hash(&pcp->index, key), slot);
	return slot;
}

/* Takes a slot out of all that is derived. */
static void
give_slot(struct nat_pcp *pcp, uint32_t slot, const struct nat_pcp_entry *entry)
{
	nf_slot_group_leave(&pcp->subscribers, entry->inside_address, slot);
	nf_slot_index_remove(&pcp->index, nf_slot_index_hash(&pcp->index, nat_pcp_key(entry)),
			     slot);
	nf_share_give(&pcp->share, slot);
}

void
nat_pcp_write(struct nat_pcp *pcp, uint32_t slot, const struct nat_pcp_entry *entry)
{
	memcpy(slim_slot_begin(pcp->share.agent, pcp->share.table, slot), entry, sizeof(*entry));
	slim_slot_end(pcp->share.agent, pcp->share.table, slot,
		      nf_ipv4_bucket(entry->inside_address));
	nf_slot_group_join(&pcp->subscribers, entry->inside_address, slot);
}

void
nat_pcp_remove(struct nat_pcp *pcp, uint32_t slot)
{
	give_slot(pcp, slot, slim_slot(pcp->share.table, slot));
	slim_slot_free(pcp->share.agent, pcp->share.table, slot);
}

uint64_t
nat_pcp_expires(const struct nat_pcp *pcp, uint64_t session_key)
{
	uint32_t slot = nat_pcp_find(pcp, session_key);
	const struct nat_pcp_entry *entry;

	if (slot == NF_NO_SLOT)
		return 0;
	entry = slim_slot(pcp->share.table, slot);
	return entry->expires;
}

void
nat_pcp_forget(struct nat_pcp *pcp, uint64_t session_key)
{
	uint32_t slot = nat_pcp_find(pcp, session_key);

	if (slot != NF_NO_SLOT)
		nat_pcp_remove(pcp, slot);
}

/* ---- epoch ---------------------------------------------------------------------------------------- */

static void
set_epoch(struct nat_pcp_table *t, uint64_t started_ns)
{
	t->has_epoch = started_ns != 0;
	atomic_store_explicit(&t->started_ns, started_ns, memory_order_relaxed);
}

void
nat_pcp_begin_epoch(struct nat_pcp *pcp, uint64_t now_ns)
{
	struct nat_pcp_epoch *epoch;

	if (pcp != nf_share_at(&pcp->shared->shares, EPOCH_WORKER) || pcp->shared->has_epoch ||
	    !slim_owns(pcp->share.agent, EPOCH_BUCKET))
		return;
	epoch = slim_slot_begin(pcp->share.agent, pcp->shared->epoch_table, 0);
	*epoch = (struct nat_pcp_epoch){.started = now_ns};
	slim_slot_end(pcp->share.agent, pcp->shared->epoch_table, 0, EPOCH_BUCKET);
	set_epoch(pcp->shared, now_ns);
}

/* ---- rows from another instance --------------------------------------------------------------------- */

static uint32_t
acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key_bytes)
{
	struct nat_pcp *pcp = nf_share_of(ctx, w);
	struct nat_pcp_entry entry = {0};
	uint32_t slot;

	memcpy(&entry, key_bytes, offsetof(struct nat_pcp_entry, reserved));
	if (pcp == NULL || bucket != nf_ipv4_bucket(entry.inside_address))
		return SLIM_NO_SLOT;
	slot = nat_pcp_find(pcp, nat_pcp_key(&entry));
	if (slot != NF_NO_SLOT || pcp->share.n_free == 0)
		return slot;
	return nat_pcp_take_slot(pcp, nat_pcp_key(&entry));
}

static void
installed(void *ctx, struct slim_worker *w, uint32_t slot, const void *row)
{
	struct nat_pcp *pcp = nf_share_of(ctx, w);
	const struct nat_pcp_entry *entry = row;

	nf_slot_group_join(&pcp->subscribers, entry->inside_address, slot);
}

static void
removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *row)
{
	give_slot(nf_share_of(ctx, w), slot, row);
}

const struct slim_table_ops nat_pcp_ops = {
	.acquire = acquire,
	.installed = installed,
	.removed = removed,
};

static uint32_t
acquire_epoch(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key)
{
	static const struct nat_pcp_epoch only = {.id = 0};

	(void)ctx;
	(void)w;
	return bucket == EPOCH_BUCKET && memcmp(key, &only.id, sizeof(only.id)) == 0 ? 0
										     : SLIM_NO_SLOT;
}

static void
installed_epoch(void *ctx, struct slim_worker *w, uint32_t slot, const void *row)
{
	const struct nat_pcp_epoch *epoch = row;

	(void)w;
	(void)slot;
	set_epoch(ctx, epoch->started);
}

static void
removed_epoch(void *ctx, struct slim_worker *w, uint32_t slot, const void *row)
{
	(void)w;
	(void)slot;
	(void)row;
	set_epoch(ctx, 0);
}

const struct slim_table_ops nat_pcp_epoch_ops = {
	.acquire = acquire_epoch,
	.installed = installed_epoch,
	.removed = removed_epoch,
};

/* ---- set-up ------------------------------------------------------------------------------------------ */

static int
init_share(struct nat_pcp *pcp, struct nat_pcp_table *t, uint64_t seed)
{
	const struct nf_share *share = &pcp->share;

	pcp->shared = t;
	if (nf_slot_index_init(&pcp->index, share->n_slots, seed) != 0)
		return -ENOMEM;
	return nf_slot_groups_init(&pcp->subscribers, share->n_slots, share->first_slot, ~seed,
				   subscriber_equal);
}

int
nat_pcp_table_init(struct nat_pcp_table *t, const struct nat_config *config, uint64_t seed)
{
	int error;

	t->config = config;
	if (!config->pcp.enabled)
		return 0;
	error = nf_shares_init(&t->shares, &(struct nf_share_config){
						   .name = "nat_pcp",
						   .capacity = config->pcp.mappings,
						   .n_workers = config->n_workers,
						   .size = sizeof(struct nat_pcp),
					   });
	for (uint16_t w = 0; w < config->n_workers && error == 0; w++)
		error = init_share(nf_share_at(&t->shares, w), t, seed);
	return error;
}

int
nat_pcp_table_create(struct nat_pcp_table *t, struct slim_agent *agent)
{
	const struct slim_table_config entries = {
		.name = "pcp",
		.entry_size = sizeof(struct nat_pcp_entry),
		.n_fields = nat_pcp_n_fields,
		.fields = nat_pcp_fields,
		.ops = &nat_pcp_ops,
	};
	const struct slim_table_config epoch = {
		.name = "pcp_epoch",
		.capacity = 1,
		.entry_size = sizeof(struct nat_pcp_epoch),
		.n_fields = nat_pcp_epoch_n_fields,
		.fields = nat_pcp_epoch_fields,
		.ops = &nat_pcp_epoch_ops,
		.ctx = t,
	};
	int error;

	if (t->shares.n_workers == 0)
		return 0;
	error = nf_shares_create(&t->shares, agent, &entries);
	return error != 0 ? error : slim_table_create(agent, &epoch, &t->epoch_table);
}

struct nat_pcp *
nat_pcp_worker_init(struct nat_pcp_table *t, uint16_t worker, struct nat_sessions *sessions)
{
	struct nat_pcp *pcp = nf_share_at(&t->shares, worker);

	if (pcp == NULL)
		return NULL;
	pcp->subscribers.ctx = t->shares.table;
	pcp->sessions = sessions;
	sessions->pcp = pcp;
	return pcp;
}

void
nat_pcp_table_fini(struct nat_pcp_table *t)
{
	for (uint16_t w = 0; w < t->shares.n_workers; w++) {
		struct nat_pcp *pcp = nf_share_at(&t->shares, w);

		if (pcp == NULL)
			continue;
		nf_slot_index_fini(&pcp->index);
		nf_slot_groups_fini(&pcp->subscribers);
	}
	nf_shares_fini(&t->shares);
}
