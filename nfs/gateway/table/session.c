/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sessions; see session.h. Worker's thread, but for init, create and fini.
 *
 * Two slots may claim one address for a moment while rows are installed: the source gave an address
 * that became free to a new session, and the row of the new one arrives before the old one's
 * removal. Both stand in the index then; each is taken out as itself.
 */
#include "session.h"

#include <errno.h>

#include "buffer.h"
#include "table_memory.h"

/* A tick of the coarse deadlines: 2^27 ns = 134 ms. 32 bits last for 18 years of uptime. */
#define TICK_SHIFT 27
#define SECOND_NS UINT64_C(1000000000)

const struct slim_field gateway_session_fields[] = {
	SLIM_FIELD_KEY(struct gateway_session, teid, SLIM_U32),
	SLIM_FIELD_STATE(struct gateway_session, ipv4, SLIM_IPV4),
	SLIM_FIELD_STATE(struct gateway_session, ipv6, SLIM_IPV6),
	SLIM_FIELD_STATE(struct gateway_session, cell_address, SLIM_IPV4),
	SLIM_FIELD_STATE(struct gateway_session, cell_teid, SLIM_U32),
	SLIM_FIELD_STATE(struct gateway_session, qfi, SLIM_U8),
	SLIM_FIELD_STATE(struct gateway_session, container, SLIM_U8),
	SLIM_FIELD_LOCAL(struct gateway_session, cell_way, SLIM_U8),
	SLIM_FIELD_LOCAL(struct gateway_session, indexed_ipv4, SLIM_U32),
	SLIM_FIELD_LOCAL(struct gateway_session, indexed_ipv6, SLIM_U64),
	SLIM_FIELD_LAZY(struct gateway_session, last_seen, SLIM_TIME, SLIM_MERGE_MAX),
	SLIM_FIELD_LAZY(struct gateway_session, uplink_due, SLIM_TIME, SLIM_MERGE_MAX),
	SLIM_FIELD_LAZY(struct gateway_session, downlink_due, SLIM_TIME, SLIM_MERGE_MAX),
	SLIM_FIELD_LAZY(struct gateway_session, packets_up, SLIM_COUNTER, SLIM_MERGE_SUM),
	SLIM_FIELD_LAZY(struct gateway_session, bytes_up, SLIM_COUNTER, SLIM_MERGE_SUM),
	SLIM_FIELD_LAZY(struct gateway_session, packets_down, SLIM_COUNTER, SLIM_MERGE_SUM),
	SLIM_FIELD_LAZY(struct gateway_session, bytes_down, SLIM_COUNTER, SLIM_MERGE_SUM),
	SLIM_FIELD_LOCAL(struct gateway_session, uplink_cost, SLIM_U64),
	SLIM_FIELD_LOCAL(struct gateway_session, downlink_cost, SLIM_U64),
	SLIM_FIELD_STATE(struct gateway_session, switched, SLIM_TIME),
	SLIM_FIELD_STATE(struct gateway_session, uplink_burst, SLIM_U64),
	SLIM_FIELD_STATE(struct gateway_session, downlink_burst, SLIM_U64),
	SLIM_FIELD_LOCAL(struct gateway_session, indexed_cell, SLIM_U64),
	SLIM_FIELD_STATE(struct gateway_session, left_address, SLIM_IPV4),
	SLIM_FIELD_LOCAL(struct gateway_session, first_waiting, SLIM_U32),
	SLIM_FIELD_LOCAL(struct gateway_session, last_waiting, SLIM_U32),
	SLIM_FIELD_LOCAL(struct gateway_session, n_waiting, SLIM_U32),
	SLIM_FIELD_LAZY(struct gateway_session, packets_policed, SLIM_COUNTER, SLIM_MERGE_SUM),
	SLIM_FIELD_LOCAL(struct gateway_session, error_told, SLIM_U64),
	SLIM_FIELD_STATE(struct gateway_session, uplink_rate, SLIM_U64),
	SLIM_FIELD_STATE(struct gateway_session, downlink_rate, SLIM_U64),
};
const uint16_t gateway_session_n_fields = RTE_DIM(gateway_session_fields);

/* ---- small parts ---------------------------------------------------------------------------- */

static uint32_t
tick_of(uint64_t ns)
{
	uint32_t tick = (uint32_t)(ns >> TICK_SHIFT);

	return tick == 0 ? 1 : tick;
}

/* 0: the next sweep looks at it. */
static void
set_deadline(struct gateway_sessions *s, uint32_t slot, uint64_t ns)
{
	if (s->shared->config.idle_ns != 0 || s->shared->config.cell_idle_ns != 0)
		s->deadlines[slot - s->share.first_slot] = tick_of(ns);
}

static uint64_t
cost_of(uint64_t bits_per_s)
{
	return bits_per_s == 0 ? 0 : ((8 * SECOND_NS) << 16) / bits_per_s;
}

/* TEID and addresses of one session lead to one bucket, and there is an address. */
static bool
is_steerable(const struct gateway_session *session)
{
	uint8_t bucket = gateway_teid_bucket(session->teid);
	bool has_ipv6 = gateway_ipv6_key(session->ipv6) != 0;

	if (session->ipv4 == 0 && !has_ipv6)
		return false;
	return (session->ipv4 == 0 || gateway_ipv4_bucket(session->ipv4) == bucket) &&
	       (!has_ipv6 || gateway_ipv6_bucket(session->ipv6) == bucket);
}

/* ---- the address indexes --------------------------------------------------------------------- */

static void
unindex_addresses(struct gateway_sessions *s, uint32_t slot)
{
	struct gateway_session *session = slim_slot(s->share.table, slot);

	if (session->indexed_ipv4 != 0)
		nf_slot_index_remove(&s->by_ipv4,
				     nf_slot_index_hash(&s->by_ipv4, session->indexed_ipv4), slot);
	if (session->indexed_ipv6 != 0)
		nf_slot_index_remove(&s->by_ipv6,
				     nf_slot_index_hash(&s->by_ipv6, session->indexed_ipv6), slot);
	session->indexed_ipv4 = 0;
	session->indexed_ipv6 = 0;
}

static struct gateway_cell
cell_of(const struct gateway_session *session)
{
	return (struct gateway_cell){session->cell_address, session->cell_teid};
}

static void
set_indexed_cell(struct gateway_sessions *s, uint32_t slot, uint64_t key)
{
	struct gateway_session *session = slim_slot(s->share.table, slot);

	if (session->indexed_cell == key)
		return;
	if (session->indexed_cell != 0)
		nf_slot_index_remove(&s->by_cell,
				     nf_slot_index_hash(&s->by_cell, session->indexed_cell), slot);
	__atomic_store_n(&session->indexed_cell, key, __ATOMIC_RELAXED);
	session->cell_way = 0;
	if (key != 0)
		nf_slot_index_insert(&s->by_cell, nf_slot_index_hash(&s->by_cell, key), slot);
}

/* Brings what is derived in the slot up to date with its state. */
static void
index_addresses(struct gateway_sessions *s, uint32_t slot)
{
	struct gateway_session *session = slim_slot(s->share.table, slot);
	uint64_t prefix = gateway_ipv6_key(session->ipv6);

	session->uplink_cost = cost_of(session->uplink_rate);
	session->downlink_cost = cost_of(session->downlink_rate);
	set_indexed_cell(s, slot, gateway_cell_key(cell_of(session)));
	if (session->indexed_ipv4 == session->ipv4 && session->indexed_ipv6 == prefix)
		return;
	unindex_addresses(s, slot);
	if (session->ipv4 != 0)
		nf_slot_index_insert(&s->by_ipv4, nf_slot_index_hash(&s->by_ipv4, session->ipv4),
				     slot);
	if (prefix != 0)
		nf_slot_index_insert(&s->by_ipv6, nf_slot_index_hash(&s->by_ipv6, prefix), slot);
	session->indexed_ipv4 = session->ipv4;
	session->indexed_ipv6 = prefix;
}

/* Has another slot one of its addresses? */
static bool
is_taken(const struct gateway_sessions *s, const struct gateway_session *session, uint32_t slot)
{
	uint32_t by_ipv4 =
		session->ipv4 == 0 ? NF_NO_SLOT : gateway_session_by_ipv4(s, session->ipv4);
	uint32_t by_ipv6 = gateway_ipv6_key(session->ipv6) == 0
				   ? NF_NO_SLOT
				   : gateway_session_by_ipv6(s, session->ipv6);

	return (by_ipv4 != NF_NO_SLOT && by_ipv4 != slot) ||
	       (by_ipv6 != NF_NO_SLOT && by_ipv6 != slot);
}

/* ---- create, change, remove ------------------------------------------------------------------- */

static uint32_t
take_slot(struct gateway_sessions *s, uint32_t teid)
{
	struct gateway_session *session;
	uint32_t slot;

	slot = nf_share_take(&s->share);
	if (slot == NF_NO_SLOT)
		return slot;
	session = slim_slot(s->share.table, slot);
	session->indexed_ipv4 = 0;
	session->indexed_ipv6 = 0;
	session->indexed_cell = 0;
	session->cell_way = 0;
	session->error_told = 0;
	session->n_waiting = 0;
	nf_slot_index_insert(&s->by_teid, nf_slot_index_hash(&s->by_teid, teid), slot);
	return slot;
}

/* Copies the state fields, between begin and end. */
static void
copy_state(struct gateway_session *to, const struct gateway_session *from)
{
	memcpy(to, from, offsetof(struct gateway_session, cell_way));
	to->left_address = from->left_address;
	to->switched = from->switched;
	to->uplink_rate = from->uplink_rate;
	to->uplink_burst = from->uplink_burst;
	to->downlink_rate = from->downlink_rate;
	to->downlink_burst = from->downlink_burst;
}

enum gateway_session_error
gateway_session_create(struct gateway_sessions *s, const struct gateway_session *wanted,
		       uint64_t now_ns, uint32_t *ret_slot)
{
	struct gateway_session *session;
	uint32_t slot;

	if (!is_steerable(wanted))
		return GATEWAY_SESSION_BUCKET;
	if (gateway_session_by_teid(s, wanted->teid) != NF_NO_SLOT)
		return GATEWAY_SESSION_EXISTS;
	if (is_taken(s, wanted, NF_NO_SLOT))
		return GATEWAY_SESSION_ADDRESS;
	slot = take_slot(s, wanted->teid);
	if (slot == NF_NO_SLOT)
		return GATEWAY_SESSION_FULL;
	session = slim_slot_begin(s->share.agent, s->share.table, slot);
	memset(session, 0, sizeof(*session));
	copy_state(session, wanted);
	session->last_seen = now_ns;
	slim_slot_end(s->share.agent, s->share.table, slot, gateway_teid_bucket(wanted->teid));
	index_addresses(s, slot);
	set_deadline(s, slot, 0);
	s->n_created++;
	*ret_slot = slot;
	return GATEWAY_SESSION_OK;
}

/* A bucket that was used up at another rate says nothing of this one. */
static void
restart_rates(struct gateway_session *session, const struct gateway_session *wanted)
{
	if (session->uplink_rate != wanted->uplink_rate ||
	    session->uplink_burst != wanted->uplink_burst)
		session->uplink_due = 0;
	if (session->downlink_rate != wanted->downlink_rate ||
	    session->downlink_burst != wanted->downlink_burst)
		session->downlink_due = 0;
}

enum gateway_session_error
gateway_session_change(struct gateway_sessions *s, uint32_t slot,
		       const struct gateway_session *wanted)
{
	struct gateway_session *session;

	if (!is_steerable(wanted) || wanted->teid != gateway_session_at(s, slot)->teid)
		return GATEWAY_SESSION_BUCKET;
	if (is_taken(s, wanted, slot))
		return GATEWAY_SESSION_ADDRESS;
	session = slim_slot_begin(s->share.agent, s->share.table, slot);
	restart_rates(session, wanted);
	copy_state(session, wanted);
	slim_slot_end(s->share.agent, s->share.table, slot, gateway_teid_bucket(wanted->teid));
	index_addresses(s, slot);
	return GATEWAY_SESSION_OK;
}

void
gateway_session_set_cell(struct gateway_sessions *s, uint32_t slot, struct gateway_cell cell,
			 uint64_t now_ns)
{
	struct gateway_session *session = slim_slot_begin(s->share.agent, s->share.table, slot);

	session->left_address = session->cell_address;
	session->switched = now_ns;
	session->cell_address = cell.address;
	session->cell_teid = cell.teid;
	slim_slot_end(s->share.agent, s->share.table, slot, gateway_teid_bucket(session->teid));
	set_indexed_cell(s, slot, gateway_cell_key(cell));
	set_deadline(s, slot, 0);
}

void
gateway_session_prefetch_cell(const struct gateway_sessions *s, uint32_t slot,
			      struct gateway_cell cell)
{
	const struct gateway_session *session = gateway_session_at(s, slot);
	uint64_t left = gateway_cell_key(cell_of(session)), entered = gateway_cell_key(cell);

	__builtin_prefetch(&session->switched, 1);
	__builtin_prefetch(&s->deadlines[slot - s->share.first_slot], 1);
	nf_slot_index_prefetch(&s->by_cell, nf_slot_index_hash(&s->by_cell, left));
	nf_slot_index_prefetch(&s->by_cell, nf_slot_index_hash(&s->by_cell, entered));
}

/* Takes a slot out of all that is derived, and gives it back to the free ones. */
static void
forget(struct gateway_sessions *s, uint32_t slot, uint32_t teid)
{
	gateway_buffer_drop(s->buffer, slot);
	unindex_addresses(s, slot);
	set_indexed_cell(s, slot, 0);
	nf_slot_index_remove(&s->by_teid, nf_slot_index_hash(&s->by_teid, teid), slot);
	s->deadlines[slot - s->share.first_slot] = 0;
	nf_share_give(&s->share, slot);
}

void
gateway_session_remove(struct gateway_sessions *s, uint32_t slot)
{
	forget(s, slot, gateway_session_at(s, slot)->teid);
	slim_slot_free(s->share.agent, s->share.table, slot);
	s->n_removed++;
}

/* ---- expiry ------------------------------------------------------------------------------------ */

static bool
is_over(uint64_t since_ns, uint64_t limit_ns, uint64_t now_ns)
{
	return limit_ns != 0 && (int64_t)(now_ns - since_ns) >= (int64_t)limit_ns;
}

/* When its cell can be released; 0: it is in none, or never. A subscriber who came just now is not idle. */
static uint64_t
cell_deadline(const struct gateway_sessions *s, const struct gateway_session *session)
{
	uint64_t limit_ns = s->shared->config.cell_idle_ns;
	bool seen_later = (int64_t)(session->last_seen - session->switched) > 0;

	if (limit_ns == 0 || session->cell_address == 0)
		return 0;
	return (seen_later ? session->last_seen : session->switched) + limit_ns;
}

/* The next time at which something may be over; nothing is looked at again if there is none. */
static void
set_next_deadline(struct gateway_sessions *s, uint32_t slot)
{
	const struct gateway_session *session = gateway_session_at(s, slot);
	uint64_t idle_ns = s->shared->config.idle_ns, cell = cell_deadline(s, session);
	uint64_t end = session->last_seen + idle_ns;

	if (idle_ns == 0 && cell == 0)
		s->deadlines[slot - s->share.first_slot] = 0;
	else
		set_deadline(s, slot, idle_ns == 0 || (cell != 0 && cell < end) ? cell : end);
}

static void
expire_one(struct gateway_sessions *s, uint32_t slot, uint64_t now_ns)
{
	const struct gateway_session *session = gateway_session_at(s, slot);
	bool ends = is_over(session->last_seen, s->shared->config.idle_ns, now_ns);
	uint64_t cell = cell_deadline(s, session);
	bool leaves = cell != 0 && (int64_t)(now_ns - cell) >= 0;

	if ((ends || leaves) && !slim_owns(s->share.agent, gateway_teid_bucket(session->teid)))
		return;
	if (ends) {
		gateway_session_remove(s, slot);
		s->n_removed--;
		s->n_expired++;
		return;
	}
	if (leaves)
		s->cell_idle(s->cell_idle_ctx, slot);
	set_next_deadline(s, slot);
}

void
gateway_session_expire(struct gateway_sessions *s, uint64_t now_ns, uint32_t n)
{
	uint32_t tick = tick_of(now_ns);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = s->cursor;
		uint32_t deadline = s->deadlines[at];

		s->cursor = at + 1 == s->share.n_slots ? 0 : at + 1;
		if (unlikely(deadline != 0 && deadline <= tick))
			expire_one(s, s->share.first_slot + at, now_ns);
	}
}

/* ---- rows from another instance ----------------------------------------------------------------- */

static uint32_t
acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key)
{
	struct gateway_sessions *s = nf_share_of(ctx, w);
	uint32_t teid, slot;

	memcpy(&teid, key, sizeof(teid));
	if (s == NULL || bucket != gateway_teid_bucket(teid))
		return SLIM_NO_SLOT;
	slot = gateway_session_by_teid(s, teid);
	if (slot != NF_NO_SLOT)
		return slot;
	return take_slot(s, teid);
}

static void
installed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	struct gateway_sessions *s = nf_share_of(ctx, w);
	const struct gateway_session *session = entry;

	/* A row that no steering leads to would take the index of another's addresses. */
	if (!is_steerable(session)) {
		s->n_conflicts++;
		return;
	}
	s->n_conflicts += is_taken(s, session, slot);
	index_addresses(s, slot);
	/* The next sweep looks at it; its time may still change. */
	set_deadline(s, slot, 0);
}

static void
removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	forget(nf_share_of(ctx, w), slot, ((const struct gateway_session *)entry)->teid);
}

const struct slim_table_ops gateway_session_ops = {
	.acquire = acquire,
	.installed = installed,
	.removed = removed,
};

/* ---- set-up -------------------------------------------------------------------------------------- */

static int
init_share(struct gateway_sessions *s, const struct gateway_session_table *t)
{
	uint32_t n_slots = s->share.n_slots;
	uint64_t seed = t->config.seed;

	s->shared = t;
	s->deadlines = nf_table_memory_alloc("gateway_sessions", n_slots * sizeof(*s->deadlines));
	if (s->deadlines == NULL || nf_slot_index_init(&s->by_teid, n_slots, seed) != 0 ||
	    nf_slot_index_init(&s->by_ipv4, n_slots, ~seed) != 0 ||
	    nf_slot_index_init(&s->by_ipv6, n_slots, seed + 1) != 0)
		return -ENOMEM;
	return nf_slot_index_init(&s->by_cell, n_slots, seed + 2);
}

int
gateway_session_table_init(struct gateway_session_table *t,
			   const struct gateway_session_config *config)
{
	int error = nf_shares_init(&t->shares, &(struct nf_share_config){
						       .name = "gateway_sessions",
						       .capacity = config->capacity,
						       .n_workers = config->n_workers,
						       .size = sizeof(struct gateway_sessions),
					       });

	t->config = *config;
	for (uint16_t w = 0; w < config->n_workers && error == 0; w++)
		error = init_share(gateway_sessions_of(t, w), t);
	return error;
}

int
gateway_session_table_create(struct gateway_session_table *t, struct slim_agent *agent)
{
	return nf_shares_create(&t->shares, agent,
				&(struct slim_table_config){
					.name = "session",
					.entry_size = sizeof(struct gateway_session),
					.n_fields = gateway_session_n_fields,
					.fields = gateway_session_fields,
					.ops = &gateway_session_ops,
				});
}

void
gateway_session_table_fini(struct gateway_session_table *t)
{
	for (uint16_t w = 0; w < t->shares.n_workers; w++) {
		struct gateway_sessions *s = gateway_sessions_of(t, w);

		if (s == NULL)
			continue;
		nf_slot_index_fini(&s->by_teid);
		nf_slot_index_fini(&s->by_ipv4);
		nf_slot_index_fini(&s->by_ipv6);
		nf_slot_index_fini(&s->by_cell);
		nf_table_memory_free(s->deadlines);
	}
	nf_shares_fini(&t->shares);
}
