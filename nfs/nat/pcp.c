/* SPDX-License-Identifier: Apache-2.0 */
/* The PCP server; see pcp.h. Worker's thread, but for init, create and fini. */
#include "pcp.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_malloc.h>

#define SECOND_NS UINT64_C(1000000000)

/* A shift by 31 bits stands for the division by the time of one sweep (2^31 ns, 2.1 s). */
#define SWEEP_SHIFT 31
#define SWEEP_MAX 256u /* slots looked at in one call */

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

static uint8_t
bucket_of(rte_be32_t inside_address)
{
	return (uint8_t)rte_be_to_cpu_32(inside_address);
}

static uint64_t
key_of(const struct nat_pcp_entry *entry)
{
	return nat_session_key(entry->inside_address, entry->inside_port, entry->protocol);
}

static bool
entry_equal(const void *ctx, uint32_t slot, uint64_t key)
{
	return key_of(slim_slot(ctx, slot)) == key;
}

static bool
subscriber_equal(const void *ctx, uint32_t slot, uint64_t key)
{
	const struct nat_pcp_entry *entry = slim_slot(ctx, slot);

	return entry->inside_address == (rte_be32_t)key;
}

static uint32_t
find(const struct nat_pcp *pcp, uint64_t key)
{
	return nf_slot_index_find(&pcp->index, nf_slot_index_hash(&pcp->index, key), key,
				  entry_equal, pcp->table);
}

static uint32_t
find_session(const struct nat_pcp *pcp, uint64_t key)
{
	return nat_session_find(pcp->sessions, nf_slot_index_hash(&pcp->sessions->index, key), key);
}

static uint32_t
take_slot(struct nat_pcp *pcp, uint64_t key)
{
	uint32_t slot = pcp->free[--pcp->n_free];

	nf_slot_index_insert(&pcp->index, nf_slot_index_hash(&pcp->index, key), slot);
	return slot;
}

/* Takes a slot out of all that is derived. */
static void
give_slot(struct nat_pcp *pcp, uint32_t slot, const struct nat_pcp_entry *entry)
{
	nf_slot_group_leave(&pcp->subscribers, entry->inside_address, slot);
	nf_slot_index_remove(&pcp->index, nf_slot_index_hash(&pcp->index, key_of(entry)), slot);
	pcp->free[pcp->n_free++] = slot;
}

static void
write_slot(struct nat_pcp *pcp, uint32_t slot, const struct nat_pcp_entry *entry)
{
	memcpy(slim_slot_begin(pcp->agent, pcp->table, slot), entry, sizeof(*entry));
	slim_slot_end(pcp->agent, pcp->table, slot, bucket_of(entry->inside_address));
	nf_slot_group_join(&pcp->subscribers, entry->inside_address, slot);
}

static void
remove_slot(struct nat_pcp *pcp, uint32_t slot)
{
	give_slot(pcp, slot, slim_slot(pcp->table, slot));
	slim_slot_free(pcp->agent, pcp->table, slot);
}

uint64_t
nat_pcp_expires(const struct nat_pcp *pcp, uint64_t session_key)
{
	uint32_t slot = find(pcp, session_key);
	const struct nat_pcp_entry *entry;

	if (slot == NF_NO_SLOT)
		return 0;
	entry = slim_slot(pcp->table, slot);
	return entry->expires;
}

void
nat_pcp_forget(struct nat_pcp *pcp, uint64_t session_key)
{
	uint32_t slot = find(pcp, session_key);

	if (slot != NF_NO_SLOT)
		remove_slot(pcp, slot);
}

/* The mapping is an ordinary one again; if the subscriber never used it, it was for this only. */
static void
end(struct nat_pcp *pcp, uint32_t slot, uint64_t now_ns)
{
	uint32_t session = find_session(pcp, key_of(slim_slot(pcp->table, slot)));

	remove_slot(pcp, slot);
	if (session == NF_NO_SLOT)
		return;
	if (nat_session_at(pcp->sessions, session)->packets_out == 0)
		nat_session_remove(pcp->sessions, session);
	else
		nat_session_reconsider(pcp->sessions, session, now_ns);
}

static bool
is_over(const struct nat_pcp_entry *entry, uint64_t now_ns)
{
	return (int64_t)(now_ns - entry->expires) >= 0;
}

/* One whose time is over is gone, though the sweep did not come by yet. */
static uint32_t
find_live(struct nat_pcp *pcp, uint64_t key, uint64_t now_ns)
{
	uint32_t slot = find(pcp, key);

	if (slot == NF_NO_SLOT || !is_over(slim_slot(pcp->table, slot), now_ns))
		return slot;
	end(pcp, slot, now_ns);
	return NF_NO_SLOT;
}

/* ---- requests ---------------------------------------------------------------------------------- */

static uint32_t
seconds_until(uint64_t ns, uint64_t now_ns)
{
	int64_t left = (int64_t)(ns - now_ns);

	return left <= 0 ? 0 : (uint32_t)(((uint64_t)left + SECOND_NS - 1) / SECOND_NS);
}

static bool
is_of(const struct nat_pcp_entry *entry, const struct nat_pcp_request *request)
{
	return memcmp(entry->nonce, request->nonce, sizeof(entry->nonce)) == 0;
}

static void
fail(struct nat_pcp_response *response, enum nat_pcp_result result)
{
	response->result = (uint8_t)result;
	response->lifetime = nat_pcp_error_lifetime(result);
}

/* Somebody else's, by its nonce (section 11.3): refused as long as it lives. */
static void
refuse_stranger(const struct nat_pcp_entry *entry, uint64_t now_ns,
		struct nat_pcp_response *response)
{
	response->result = NAT_PCP_NOT_AUTHORIZED;
	response->lifetime = seconds_until(entry->expires, now_ns);
}

/* All that the subscriber has, of one protocol or of all, and that was asked for with this nonce. */
static void
delete_many(struct nat_pcp *pcp, rte_be32_t source, const struct nat_pcp_request *request,
	    uint64_t now_ns)
{
	uint32_t slot = nf_slot_group_first(&pcp->subscribers, source);

	while (slot != NF_NO_SLOT) {
		const struct nat_pcp_entry *entry = slim_slot(pcp->table, slot);
		uint32_t next = nf_slot_group_next(&pcp->subscribers, slot);

		if (is_of(entry, request) &&
		    (request->protocol == 0 || request->protocol == entry->protocol))
			end(pcp, slot, now_ns);
		slot = next;
	}
}

/* Of nothing, too, is a success (section 15.1). */
static void
delete_mapping(struct nat_pcp *pcp, rte_be32_t source, const struct nat_pcp_request *request,
	       uint64_t now_ns, struct nat_pcp_response *response)
{
	uint32_t slot;

	if (request->protocol == 0 || request->inside_port == 0) {
		delete_many(pcp, source, request, now_ns);
		return;
	}
	slot = find_live(
		pcp,
		nat_session_key(source, rte_cpu_to_be_16(request->inside_port), request->protocol),
		now_ns);
	if (slot == NF_NO_SLOT)
		return;
	if (is_of(slim_slot(pcp->table, slot), request))
		end(pcp, slot, now_ns);
	else
		refuse_stranger(slim_slot(pcp->table, slot), now_ns, response);
}

static enum nat_pcp_result
result_of(enum nat_session_error error)
{
	switch (error) {
	case NAT_SESSION_OK:
		return NAT_PCP_SUCCESS;
	case NAT_SESSION_LIMIT:
	case NAT_SESSION_RATE:
	case NAT_SESSION_BLOCK_LIMIT:
		return NAT_PCP_USER_EX_QUOTA;
	default:
		return NAT_PCP_NO_RESOURCES;
	}
}

static enum nat_pcp_result
create_session(struct nat_pcp *pcp, uint64_t key, const struct nat_pcp_request *request,
	       uint64_t now_ns, uint32_t *ret_session)
{
	uint32_t hash = nf_slot_index_hash(&pcp->sessions->index, key);
	struct nat_wish wish = {
		.address = rte_cpu_to_be_32(request->suggested_address),
		.port = request->suggested_port,
	};
	enum nat_session_error error =
		nat_session_create_at(pcp->sessions, key, hash, wish, now_ns, ret_session);

	/* The peer is not known yet: the first segment from inside tells. */
	if (error == NAT_SESSION_OK && request->protocol == IPPROTO_TCP)
		nat_session_set_tcp(pcp->sessions, *ret_session, NAT_TCP_OPENING, 0, now_ns);
	return result_of(error);
}

static bool
is_as_suggested(const struct nat_session *session, const struct nat_pcp_request *request)
{
	return (request->suggested_port == 0 ||
		request->suggested_port == rte_be_to_cpu_16(session->outside_port)) &&
	       (request->suggested_address == 0 ||
		request->suggested_address == rte_be_to_cpu_32(session->outside_address));
}

/* Is there a mapping as it is asked for, or can it be made? */
static enum nat_pcp_result
provide_session(struct nat_pcp *pcp, uint64_t key, const struct nat_pcp_request *request,
		uint64_t now_ns, uint32_t *ret_session)
{
	enum nat_pcp_result result = NAT_PCP_SUCCESS;
	uint32_t session = find_session(pcp, key);
	bool is_new = session == NF_NO_SLOT;

	if (is_new)
		result = create_session(pcp, key, request, now_ns, &session);
	if (result != NAT_PCP_SUCCESS)
		return result;
	*ret_session = session;
	if (!request->prefer_failure ||
	    is_as_suggested(nat_session_at(pcp->sessions, session), request))
		return NAT_PCP_SUCCESS;
	if (is_new)
		nat_session_remove(pcp->sessions, session);
	return NAT_PCP_CANNOT_PROVIDE_EXTERNAL;
}

/* One more for this subscriber? */
static enum nat_pcp_result
provide_slot(const struct nat_pcp *pcp, rte_be32_t source)
{
	if (nf_slot_group_size(&pcp->subscribers, source) >=
	    pcp->shared->config->pcp.mappings_per_subscriber)
		return NAT_PCP_USER_EX_QUOTA;
	return pcp->n_free == 0 ? NAT_PCP_NO_RESOURCES : NAT_PCP_SUCCESS;
}

static uint32_t
lifetime_of(const struct nat_pcp *pcp, const struct nat_pcp_request *request)
{
	const struct nat_pcp_config *config = &pcp->shared->config->pcp;

	return RTE_MIN(RTE_MAX(request->lifetime, config->min_lifetime), config->max_lifetime);
}

static void
map(struct nat_pcp *pcp, rte_be32_t source, const struct nat_pcp_request *request, uint64_t now_ns,
    struct nat_pcp_response *response)
{
	struct nat_pcp_entry entry = {
		.inside_address = source,
		.inside_port = rte_cpu_to_be_16(request->inside_port),
		.protocol = request->protocol,
	};
	uint64_t key = key_of(&entry);
	uint32_t slot = find_live(pcp, key, now_ns), session = NF_NO_SLOT;
	enum nat_pcp_result result;

	if (slot != NF_NO_SLOT && !is_of(slim_slot(pcp->table, slot), request)) {
		refuse_stranger(slim_slot(pcp->table, slot), now_ns, response);
		return;
	}
	result = slot == NF_NO_SLOT ? provide_slot(pcp, source) : NAT_PCP_SUCCESS;
	if (result == NAT_PCP_SUCCESS)
		result = provide_session(pcp, key, request, now_ns, &session);
	if (result != NAT_PCP_SUCCESS) {
		fail(response, result);
		return;
	}
	if (slot == NF_NO_SLOT)
		slot = take_slot(pcp, key);
	memcpy(entry.nonce, request->nonce, sizeof(entry.nonce));
	response->lifetime = lifetime_of(pcp, request);
	entry.expires = now_ns + response->lifetime * SECOND_NS;
	write_slot(pcp, slot, &entry);
	response->port = rte_be_to_cpu_16(nat_session_at(pcp->sessions, session)->outside_port);
	response->address =
		rte_be_to_cpu_32(nat_session_at(pcp->sessions, session)->outside_address);
	response->prefer_failure = request->prefer_failure;
}

/* Nobody but the operator has a say in static mappings (section 15.1). */
static bool
is_about_static(const struct nat_pcp *pcp, rte_be32_t source, const struct nat_pcp_request *request)
{
	return nat_session_is_static(
		pcp->sessions,
		nat_session_key(source, rte_cpu_to_be_16(request->inside_port), request->protocol));
}

/* Ports are shared among subscribers, so nobody gets all of them. */
static void
handle_map(struct nat_pcp *pcp, rte_be32_t source, const struct nat_pcp_request *request,
	   uint64_t now_ns, struct nat_pcp_response *response)
{
	if (is_about_static(pcp, source, request))
		fail(response, NAT_PCP_NOT_AUTHORIZED);
	else if (request->lifetime == 0)
		delete_mapping(pcp, source, request, now_ns, response);
	else if (request->protocol != IPPROTO_UDP && request->protocol != IPPROTO_TCP)
		fail(response, NAT_PCP_UNSUPP_PROTOCOL);
	else if (request->inside_port == 0)
		fail(response, NAT_PCP_NOT_AUTHORIZED);
	else
		map(pcp, source, request, now_ns, response);
}

static uint32_t
epoch_at(const struct nat_pcp *pcp, uint64_t now_ns)
{
	uint64_t started = atomic_load_explicit(&pcp->shared->started_ns, memory_order_relaxed);

	return started == 0 ? 0 : (uint32_t)((now_ns - started) / SECOND_NS);
}

size_t
nat_pcp_answer(struct nat_pcp *pcp, rte_be32_t source, uint8_t *bytes, size_t size, uint64_t now_ns,
	       uint8_t *ret_result)
{
	struct nat_pcp_response response = {.epoch = epoch_at(pcp, now_ns)};
	struct nat_pcp_request request;
	int result = nat_pcp_decode(bytes, size, rte_be_to_cpu_32(source), &request);

	if (result == NAT_PCP_SILENCE)
		return 0;
	if (result != NAT_PCP_SUCCESS)
		fail(&response, (enum nat_pcp_result)result);
	else if (request.opcode == NAT_PCP_MAP)
		handle_map(pcp, source, &request, now_ns, &response);
	*ret_result = response.result;
	return nat_pcp_respond(bytes, size, &response);
}

/* ---- timers -------------------------------------------------------------------------------------- */

static void
sweep_one(struct nat_pcp *pcp, uint32_t slot, uint64_t now_ns)
{
	const struct nat_pcp_entry *entry = slim_slot(pcp->table, slot);

	if (is_over(entry, now_ns) && slim_owns(pcp->agent, bucket_of(entry->inside_address)))
		end(pcp, slot, now_ns);
}

static void
set_epoch(struct nat_pcp_table *t, uint64_t started_ns)
{
	t->has_epoch = started_ns != 0;
	atomic_store_explicit(&t->started_ns, started_ns, memory_order_relaxed);
}

static void
begin_epoch(struct nat_pcp *pcp, uint64_t now_ns)
{
	struct nat_pcp_epoch *epoch = slim_slot_begin(pcp->agent, pcp->shared->epoch_table, 0);

	*epoch = (struct nat_pcp_epoch){.started = now_ns};
	slim_slot_end(pcp->agent, pcp->shared->epoch_table, 0, EPOCH_BUCKET);
	set_epoch(pcp->shared, now_ns);
}

void
nat_pcp_tick(struct nat_pcp *pcp, uint64_t now_ns)
{
	uint64_t since = RTE_MIN(now_ns - pcp->swept_ns, UINT64_C(1) << SWEEP_SHIFT);
	uint64_t due = (since * pcp->n_slots) >> SWEEP_SHIFT;

	if (pcp == pcp->shared->workers[EPOCH_WORKER] && !pcp->shared->has_epoch &&
	    slim_owns(pcp->agent, EPOCH_BUCKET))
		begin_epoch(pcp, now_ns);
	if (due == 0)
		return;
	pcp->swept_ns = now_ns;
	for (uint64_t i = RTE_MIN(due, SWEEP_MAX); i > 0; i--) {
		if (nf_slot_group_has(&pcp->subscribers, pcp->first_slot + pcp->cursor))
			sweep_one(pcp, pcp->first_slot + pcp->cursor, now_ns);
		pcp->cursor = pcp->cursor + 1 == pcp->n_slots ? 0 : pcp->cursor + 1;
	}
}

/* ---- rows from another instance --------------------------------------------------------------------- */

static struct nat_pcp *
share_of(void *ctx, const struct slim_worker *w)
{
	struct nat_pcp_table *t = ctx;

	for (uint16_t i = 0; i < t->config->n_workers; i++)
		if (t->workers[i]->agent == w)
			return t->workers[i];
	return NULL;
}

static uint32_t
acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key_bytes)
{
	struct nat_pcp *pcp = share_of(ctx, w);
	struct nat_pcp_entry entry = {0};
	uint32_t slot;

	memcpy(&entry, key_bytes, offsetof(struct nat_pcp_entry, reserved));
	if (pcp == NULL || bucket != bucket_of(entry.inside_address))
		return SLIM_NO_SLOT;
	slot = find(pcp, key_of(&entry));
	if (slot != NF_NO_SLOT || pcp->n_free == 0)
		return slot;
	return take_slot(pcp, key_of(&entry));
}

static void
installed(void *ctx, struct slim_worker *w, uint32_t slot, const void *row)
{
	const struct nat_pcp_entry *entry = row;

	nf_slot_group_join(&share_of(ctx, w)->subscribers, entry->inside_address, slot);
}

static void
removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *row)
{
	give_slot(share_of(ctx, w), slot, row);
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

uint32_t
nat_pcp_capacity(const struct nat_config *config)
{
	uint32_t n = config->n_workers;

	return (config->pcp.mappings + n - 1) / n * n;
}

static int
init_share(struct nat_pcp *pcp, struct nat_pcp_table *t, uint32_t n_slots, uint32_t first_slot)
{
	pcp->shared = t;
	pcp->first_slot = first_slot;
	pcp->n_slots = n_slots;
	pcp->free = rte_malloc("nat_pcp", n_slots * sizeof(*pcp->free), RTE_CACHE_LINE_SIZE);
	if (pcp->free == NULL ||
	    nf_slot_index_init(&pcp->index, n_slots, t->seed, SOCKET_ID_ANY) != 0 ||
	    nf_slot_groups_init(&pcp->subscribers, n_slots, first_slot, ~t->seed,
				subscriber_equal) != 0)
		return -ENOMEM;
	/* The lowest slot is taken first. */
	for (uint32_t i = 0; i < n_slots; i++)
		pcp->free[i] = first_slot + n_slots - 1 - i;
	pcp->n_free = n_slots;
	return 0;
}

int
nat_pcp_table_init(struct nat_pcp_table *t, const struct nat_config *config, uint64_t seed)
{
	uint32_t share = nat_pcp_capacity(config) / config->n_workers;

	t->config = config;
	t->seed = seed;
	if (!config->pcp.enabled)
		return 0;
	for (uint16_t w = 0; w < config->n_workers; w++) {
		t->workers[w] = rte_zmalloc("nat_pcp", sizeof(struct nat_pcp), RTE_CACHE_LINE_SIZE);
		if (t->workers[w] == NULL || init_share(t->workers[w], t, share, w * share) != 0)
			return -ENOMEM;
	}
	return 0;
}

int
nat_pcp_table_create(struct nat_pcp_table *t, struct slim_agent *agent)
{
	const struct slim_table_config entries = {
		.name = "pcp",
		.capacity = nat_pcp_capacity(t->config),
		.entry_size = sizeof(struct nat_pcp_entry),
		.n_fields = nat_pcp_n_fields,
		.fields = nat_pcp_fields,
		.ops = &nat_pcp_ops,
		.ctx = t,
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

	if (!t->config->pcp.enabled)
		return 0;
	error = slim_table_create(agent, &entries, &t->table);
	return error != 0 ? error : slim_table_create(agent, &epoch, &t->epoch_table);
}

struct nat_pcp *
nat_pcp_worker_init(struct nat_pcp_table *t, uint16_t worker, struct slim_worker *agent,
		    struct nat_sessions *sessions)
{
	struct nat_pcp *pcp = t->workers[worker];

	if (pcp == NULL)
		return NULL;
	pcp->table = t->table;
	pcp->subscribers.ctx = t->table;
	pcp->agent = agent;
	pcp->sessions = sessions;
	sessions->pcp = pcp;
	return pcp;
}

void
nat_pcp_table_fini(struct nat_pcp_table *t)
{
	for (uint16_t w = 0; w < SLIM_MAX_WORKERS; w++) {
		struct nat_pcp *pcp = t->workers[w];

		if (pcp == NULL)
			continue;
		nf_slot_index_fini(&pcp->index);
		nf_slot_groups_fini(&pcp->subscribers);
		rte_free(pcp->free);
		rte_free(pcp);
		t->workers[w] = NULL;
	}
}
