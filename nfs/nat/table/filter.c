/* SPDX-License-Identifier: Apache-2.0 */
/* Permitted peers; see filter.h. Worker's thread, but for init, create and fini. */
#include "filter.h"

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

#include "ipv4_bucket.h"
#include "pcp.h"

/* The sweep only gives memory back: whether a peer is permitted is decided at each packet. A shift by
 * 33 bits stands for the division by the time of one sweep (2^33 ns, 8.6 s). */
#define SWEEP_SHIFT 33
#define SWEEP_MAX 256u /* slots looked at in one call */

#define KEY_SIZE offsetof(struct nat_peer, reserved)

const struct slim_field nat_peer_fields[] = {
	SLIM_FIELD_KEY(struct nat_peer, inside_address, SLIM_IPV4),
	SLIM_FIELD_KEY(struct nat_peer, peer_address, SLIM_IPV4),
	SLIM_FIELD_KEY(struct nat_peer, inside_port, SLIM_BE16),
	SLIM_FIELD_KEY(struct nat_peer, peer_port, SLIM_BE16),
	SLIM_FIELD_KEY(struct nat_peer, protocol, SLIM_U8),
	SLIM_FIELD_LAZY(struct nat_peer, last_seen, SLIM_TIME, SLIM_MERGE_MAX),
};
const uint16_t nat_peer_n_fields = RTE_DIM(nat_peer_fields);

/* ---- keys ---------------------------------------------------------------------------------- */

static uint64_t
session_key_of(const struct nat_peer *peer)
{
	return nat_session_key(peer->inside_address, peer->inside_port, peer->protocol);
}

static uint32_t
hash_of(const struct nat_filter *f, const struct nat_peer *peer)
{
	uint64_t addresses, rest;

	memcpy(&addresses, peer, sizeof(addresses));
	memcpy(&rest, &peer->inside_port, sizeof(rest));
	rest = (rest ^ f->mappings.index.seed) * UINT64_C(0x9e3779b97f4a7c15);
	return nf_slot_index_hash(&f->index, addresses ^ rest ^ rest >> 32);
}

struct wanted {
	const struct slim_table *table;
	const struct nat_peer *peer;
};

/* The key is longer than the index takes, so all of it stands in the context. */
static bool
peer_equal(const void *ctx, uint32_t slot, uint64_t key)
{
	const struct wanted *wanted = ctx;

	(void)key;
	return memcmp(slim_slot(wanted->table, slot), wanted->peer, KEY_SIZE) == 0;
}

static bool
mapping_equal(const void *ctx, uint32_t slot, uint64_t key)
{
	return session_key_of(slim_slot(ctx, slot)) == key;
}

static uint32_t
find(const struct nat_filter *f, uint32_t hash, const struct nat_peer *peer)
{
	const struct wanted wanted = {.table = f->share.table, .peer = peer};

	return nf_slot_index_find(&f->index, hash, 0, peer_equal, &wanted);
}

static struct nat_peer
make_peer(const struct nat_filter *f, const struct nat_session *session, rte_be32_t address,
	  rte_be16_t port)
{
	bool by_port = f->shared->config->filtering == NAT_FILTERING_ADDRESS_AND_PORT;

	return (struct nat_peer){
		.inside_address = session->inside_address,
		.inside_port = session->inside_port,
		.protocol = session->protocol,
		.peer_address = address,
		.peer_port = by_port ? port : 0,
	};
}

/* ---- come and go --------------------------------------------------------------------------------- */

static uint32_t
take_slot(struct nat_filter *f, uint32_t hash)
{
	uint32_t slot = nf_share_take(&f->share);

	nf_slot_index_insert(&f->index, hash, slot);
	return slot;
}

/* Takes a slot out of all that is derived. */
static void
give_slot(struct nat_filter *f, uint32_t slot, const struct nat_peer *peer)
{
	nf_slot_group_leave(&f->mappings, session_key_of(peer), slot);
	nf_slot_index_remove(&f->index, hash_of(f, peer), slot);
	nf_share_give(&f->share, slot);
}

static void
remove_peer(struct nat_filter *f, uint32_t slot)
{
	give_slot(f, slot, slim_slot(f->share.table, slot));
	slim_slot_free(f->share.agent, f->share.table, slot);
}

/* There is room for it: nat_filter_plan() looked. */
static void
add_peer(struct nat_filter *f, const struct nat_peer *peer, uint32_t hash)
{
	uint32_t slot = take_slot(f, hash);

	memcpy(slim_slot_begin(f->share.agent, f->share.table, slot), peer, sizeof(*peer));
	slim_slot_end(f->share.agent, f->share.table, slot, nf_ipv4_bucket(peer->inside_address));
	nf_slot_group_join(&f->mappings, session_key_of(peer), slot);
}

/* Static, or asked for by PCP: anybody may send to it, and nobody needs a slot for that. */
static bool
is_open(const struct nat_filter *f, const struct nat_session *session, uint64_t now_ns)
{
	uint64_t key =
		nat_session_key(session->inside_address, session->inside_port, session->protocol);
	uint64_t expires;

	if (nat_session_is_static(f->sessions, key))
		return true;
	if (f->sessions->pcp == NULL)
		return false;
	expires = nat_pcp_expires(f->sessions->pcp, key);
	return expires != 0 && (int64_t)(expires - now_ns) > 0;
}

enum nat_filter_error
nat_filter_plan(const struct nat_filter *f, const struct nat_session *session, rte_be32_t address,
		rte_be16_t port, uint64_t now_ns, struct nat_filter_plan *ret_plan)
{
	struct nat_peer peer = make_peer(f, session, address, port);
	uint32_t slot = find(f, hash_of(f, &peer), &peer);
	bool is_new = slot == NF_NO_SLOT && !is_open(f, session, now_ns);

	if (unlikely(is_new)) {
		if (f->share.n_free == 0)
			return NAT_FILTER_TABLE_FULL;
		if (nf_slot_group_size(&f->mappings, session_key_of(&peer)) >=
		    f->shared->config->peers_per_mapping)
			return NAT_FILTER_LIMIT;
	}
	*ret_plan = (struct nat_filter_plan){.slot = slot, .is_new = is_new};
	return NAT_FILTER_OK;
}

void
nat_filter_refresh(struct nat_filter *f, uint32_t slot, uint64_t now_ns)
{
	struct nat_peer *peer = slim_slot(f->share.table, slot);

	peer->last_seen = now_ns;
}

void
nat_filter_permit(struct nat_filter *f, const struct nat_session *session, rte_be32_t address,
		  rte_be16_t port, uint64_t now_ns, struct nat_filter_plan plan)
{
	if (plan.slot != NF_NO_SLOT) {
		nat_filter_refresh(f, plan.slot, now_ns);
	} else if (plan.is_new) {
		struct nat_peer peer = make_peer(f, session, address, port);

		peer.last_seen = now_ns;
		add_peer(f, &peer, hash_of(f, &peer));
	}
}

static bool
is_over(const struct nat_filter *f, const struct nat_session *session, const struct nat_peer *peer,
	uint64_t now_ns)
{
	uint64_t timeout = nat_session_timeout(&f->shared->config->timeouts, session);

	return (int64_t)(now_ns - peer->last_seen) >= (int64_t)timeout;
}

bool
nat_filter_permits(const struct nat_filter *f, const struct nat_session *session,
		   rte_be32_t address, rte_be16_t port, uint64_t now_ns, uint32_t *ret_slot)
{
	struct nat_peer peer = make_peer(f, session, address, port);
	uint32_t slot = find(f, hash_of(f, &peer), &peer);
	const struct nat_peer *entry;

	*ret_slot = NF_NO_SLOT;
	if (slot == NF_NO_SLOT)
		return is_open(f, session, now_ns);
	entry = slim_slot(f->share.table, slot);
	/* After a move the time it was last seen may still be on its way. */
	if (unlikely(is_over(f, session, entry, now_ns)) &&
	    slim_owns(f->share.agent, nf_ipv4_bucket(entry->inside_address)))
		return is_open(f, session, now_ns);
	*ret_slot = slot;
	return true;
}

bool
nat_filter_has(const struct nat_filter *f, const struct nat_peer *peer)
{
	return find(f, hash_of(f, peer), peer) != NF_NO_SLOT;
}

void
nat_filter_forget(struct nat_filter *f, uint64_t session_key)
{
	uint32_t slot;

	while ((slot = nf_slot_group_first(&f->mappings, session_key)) != NF_NO_SLOT)
		remove_peer(f, slot);
}

/* ---- timers -------------------------------------------------------------------------------------- */

static void
sweep_one(struct nat_filter *f, uint32_t slot, uint64_t now_ns)
{
	const struct nat_peer *peer = slim_slot(f->share.table, slot);
	uint64_t key = session_key_of(peer);
	uint32_t session;

	if (!slim_owns(f->share.agent, nf_ipv4_bucket(peer->inside_address)))
		return;
	session = nat_session_find(f->sessions, nf_slot_index_hash(&f->sessions->index, key), key);
	if (session == NF_NO_SLOT || is_over(f, nat_session_at(f->sessions, session), peer, now_ns))
		remove_peer(f, slot);
}

void
nat_filter_tick(struct nat_filter *f, uint64_t now_ns)
{
	uint64_t since = RTE_MIN(now_ns - f->swept_ns, UINT64_C(1) << SWEEP_SHIFT);
	uint64_t due = (since * f->share.n_slots) >> SWEEP_SHIFT;

	if (due == 0)
		return;
	f->swept_ns = now_ns;
	for (uint64_t i = RTE_MIN(due, SWEEP_MAX); i > 0; i--) {
		if (nf_slot_group_has(&f->mappings, f->share.first_slot + f->cursor))
			sweep_one(f, f->share.first_slot + f->cursor, now_ns);
		f->cursor = f->cursor + 1 == f->share.n_slots ? 0 : f->cursor + 1;
	}
}

/* ---- rows from another instance --------------------------------------------------------------------- */

static uint32_t
acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key)
{
	struct nat_filter *f = nf_share_of(ctx, w);
	struct nat_peer peer = {0};
	uint32_t hash, slot;

	memcpy(&peer, key, KEY_SIZE);
	if (f == NULL || bucket != nf_ipv4_bucket(peer.inside_address))
		return SLIM_NO_SLOT;
	hash = hash_of(f, &peer);
	slot = find(f, hash, &peer);
	if (slot != NF_NO_SLOT || f->share.n_free == 0)
		return slot;
	return take_slot(f, hash);
}

static void
installed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	struct nat_filter *f = nf_share_of(ctx, w);

	nf_slot_group_join(&f->mappings, session_key_of(entry), slot);
}

static void
removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	give_slot(nf_share_of(ctx, w), slot, entry);
}

const struct slim_table_ops nat_peer_ops = {
	.acquire = acquire,
	.installed = installed,
	.removed = removed,
};

/* ---- set-up ------------------------------------------------------------------------------------------ */

static int
init_share(struct nat_filter *f, const struct nat_filter_table *t, uint64_t seed)
{
	const struct nf_share *share = &f->share;

	f->shared = t;
	if (nf_slot_index_init(&f->index, share->n_slots, seed) != 0)
		return -ENOMEM;
	return nf_slot_groups_init(&f->mappings, share->n_slots, share->first_slot, ~seed,
				   mapping_equal);
}

int
nat_filter_table_init(struct nat_filter_table *t, const struct nat_config *config, uint64_t seed)
{
	int error;

	t->config = config;
	if (config->filtering == NAT_FILTERING_ENDPOINT_INDEPENDENT)
		return 0;
	error = nf_shares_init(&t->shares, &(struct nf_share_config){
						   .name = "nat_filter",
						   .capacity = config->peers,
						   .n_workers = config->n_workers,
						   .size = sizeof(struct nat_filter),
					   });
	for (uint16_t w = 0; w < config->n_workers && error == 0; w++)
		error = init_share(nf_share_at(&t->shares, w), t, seed);
	return error;
}

int
nat_filter_table_create(struct nat_filter_table *t, struct slim_agent *agent)
{
	if (t->shares.n_workers == 0)
		return 0;
	return nf_shares_create(&t->shares, agent,
				&(struct slim_table_config){
					.name = "peer",
					.entry_size = sizeof(struct nat_peer),
					.n_fields = nat_peer_n_fields,
					.fields = nat_peer_fields,
					.ops = &nat_peer_ops,
				});
}

struct nat_filter *
nat_filter_worker_init(struct nat_filter_table *t, uint16_t worker, struct nat_sessions *sessions)
{
	struct nat_filter *f = nf_share_at(&t->shares, worker);

	if (f == NULL)
		return NULL;
	f->mappings.ctx = t->shares.table;
	f->sessions = sessions;
	sessions->filter = f;
	return f;
}

void
nat_filter_table_fini(struct nat_filter_table *t)
{
	for (uint16_t w = 0; w < t->shares.n_workers; w++) {
		struct nat_filter *f = nf_share_at(&t->shares, w);

		if (f == NULL)
			continue;
		nf_slot_index_fini(&f->index);
		nf_slot_groups_fini(&f->mappings);
	}
	nf_shares_fini(&t->shares);
}
