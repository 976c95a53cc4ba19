/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mappings; see session.h. Worker's thread, but for init, create and fini.
 *
 * What is created and removed here is logged. What is installed or removed for another instance is not: that one
 * did it first, or has the mapping from now on. So functions that serve both take `log`, which then is NULL.
 */
#include "session.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "allocate.h"
#include "ipv4_bucket.h"
#include "log.h"
#include "table_memory.h"

/* A tick of the wheel is 2^27 ns = 134 ms; all ticks of it are nine minutes. */
#define TICK_SHIFT 27
#define N_TICKS 4096u

/* As they stand in the slot, without gaps: a row is one run of bytes. */
const struct slim_field nat_session_fields[] = {
	SLIM_FIELD_KEY(struct nat_session, inside_address, SLIM_IPV4),
	SLIM_FIELD_KEY(struct nat_session, inside_port, SLIM_BE16),
	SLIM_FIELD_KEY(struct nat_session, protocol, SLIM_U8),
	SLIM_FIELD_STATE(struct nat_session, tcp_state, SLIM_U8),
	SLIM_FIELD_STATE(struct nat_session, outside_address, SLIM_IPV4),
	SLIM_FIELD_STATE(struct nat_session, outside_port, SLIM_BE16),
	SLIM_FIELD_STATE(struct nat_session, tcp_peer_port, SLIM_BE16),
	SLIM_FIELD_LAZY(struct nat_session, last_seen, SLIM_TIME, SLIM_MERGE_MAX),
	SLIM_FIELD_LAZY(struct nat_session, packets_out, SLIM_COUNTER, SLIM_MERGE_SUM),
	SLIM_FIELD_LAZY(struct nat_session, bytes_out, SLIM_COUNTER, SLIM_MERGE_SUM),
	SLIM_FIELD_LAZY(struct nat_session, packets_in, SLIM_COUNTER, SLIM_MERGE_SUM),
	SLIM_FIELD_LAZY(struct nat_session, bytes_in, SLIM_COUNTER, SLIM_MERGE_SUM),
	SLIM_FIELD_LAZY(struct nat_session, tcp_sent, SLIM_U64, SLIM_MERGE_MAX),
	SLIM_FIELD_LAZY(struct nat_session, tcp_acked, SLIM_U64, SLIM_MERGE_MAX),
	SLIM_FIELD_LAZY(struct nat_session, tcp_right, SLIM_U64, SLIM_MERGE_MAX),
	SLIM_FIELD_STATE(struct nat_session, tcp_peer_address, SLIM_IPV4),
	SLIM_FIELD_STATE(struct nat_session, tcp_scale, SLIM_U8),
};
const uint16_t nat_session_n_fields = RTE_DIM(nat_session_fields);

/* ---- small parts ---------------------------------------------------------------------------- */

static void
log_mapping(struct nat_log_ring *log, const struct nat_session *session, enum nat_log_event event)
{
	if (likely(log == NULL))
		return;
	nat_log_put(log, &(struct nat_log_record){
				 .event = (uint8_t)event,
				 .protocol = session->protocol,
				 .inside_address = session->inside_address,
				 .inside_port = rte_be_to_cpu_16(session->inside_port),
				 .outside_address = session->outside_address,
				 .first = rte_be_to_cpu_16(session->outside_port),
			 });
}

/* ---- static mappings ------------------------------------------------------------------------------- */

static int
compare_keys(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = ((const struct nat_static_key *)b)->key;

	return (left > right) - (left < right);
}

static const struct nat_static_key *
find_static(const struct nat_session_table *t, uint64_t key)
{
	if (likely(t->n_statics == 0))
		return NULL;
	return bsearch(&key, t->statics, t->n_statics, sizeof(t->statics[0]), compare_keys);
}

bool
nat_session_is_static(const struct nat_sessions *s, uint64_t key)
{
	return find_static(s->shared, key) != NULL;
}

static struct nat_place
static_place(const struct nat_session_table *t, const struct nat_static_key *fixed,
	     uint32_t protocol)
{
	return nat_ports_place(&t->ports, nat_pool_number(&t->ports.pool, fixed->address),
			       fixed->port, protocol);
}

/* ---- create, change, remove ------------------------------------------------------------------------ */

void
nat_session_look_at(struct nat_sessions *s, uint32_t slot, uint64_t ns)
{
	nf_wheel_insert(&s->wheel, slot - s->share.first_slot, ns);
}

static enum nat_parity
parity_for(const struct nat_session_table *t, const struct nat_session *session)
{
	if (!t->preserve_parity || session->protocol == IPPROTO_ICMP)
		return NAT_PARITY_ANY;
	return rte_be_to_cpu_16(session->inside_port) % 2 == 0 ? NAT_PARITY_EVEN : NAT_PARITY_ODD;
}

/* Is the place what was wished for, if nothing else will do? */
static bool
is_wished(const struct nat_session_table *t, const struct nat_wish *wish,
	  const struct nat_place *at)
{
	return !wish->only ||
	       ((wish->address == 0 || wish->address == t->ports.pool.addresses[at->number]) &&
		(wish->port == 0 ||
		 wish->port == nat_port_at(&t->ports.pool.rule, at->bucket, at->place)));
}

static bool
is_above(uint32_t n, uint32_t max)
{
	return max != 0 && n >= max;
}

/* May it have one more mapping of this protocol, now? */
static enum nat_session_error
check_limits(const struct nat_sessions *s, uint32_t subscriber, uint32_t protocol, uint64_t now_ns)
{
	const struct nat_session_table *t = s->shared;
	const struct nat_tally *tally = &s->subscribers->tallies[subscriber];

	if (is_above(tally->n_sessions, t->max_per_subscriber) ||
	    is_above(tally->n_of[protocol], t->max_of[protocol]))
		return NAT_SESSION_LIMIT;
	return nat_subscriber_is_too_fast(s->subscribers, subscriber, now_ns) ? NAT_SESSION_RATE
									      : NAT_SESSION_OK;
}

/* All that can refuse a mapping is asked here; nothing is changed. */
static enum nat_session_error
find_place(struct nat_sessions *s, const struct nat_static_key *fixed,
	   struct nat_port_request *request, uint64_t now_ns, struct nat_place *ret)
{
	enum nat_session_error error = NAT_SESSION_OK;
	bool is_new = request->subscriber == NAT_NO_SUBSCRIBER;
	rte_be32_t outside =
		is_new ? 0 : nat_subscriber_outside(s->subscribers, request->subscriber);

	if (s->share.n_free == 0)
		return NAT_SESSION_TABLE_FULL;
	if (is_new && s->subscribers->share.n_free == 0)
		return NAT_SESSION_SUBSCRIBERS_FULL;
	if (fixed != NULL) {
		*ret = static_place(s->shared, fixed, request->kind.protocol);
		return NAT_SESSION_OK;
	}
	if (!is_new)
		error = check_limits(s, request->subscriber, request->kind.protocol, now_ns);
	if (error != NAT_SESSION_OK)
		return error;
	request->number = nat_pool_number(&s->shared->ports.pool, outside);
	if (request->number == NAT_NOT_IN_POOL)
		request->number =
			nat_allocate_address(s, request->kind.bucket, request->kind.protocol);
	error = nat_allocate_find(s, request, ret);
	return error == NAT_SESSION_OK && !is_wished(s->shared, &request->wish, ret)
		       ? NAT_SESSION_NOT_WISHED
		       : error;
}

static void
count_in(struct nat_sessions *s, uint32_t subscriber, uint32_t protocol, rte_be32_t outside_address)
{
	rte_be32_t outside = nat_subscriber_outside(s->subscribers, subscriber);

	nat_subscriber_join(s->subscribers, subscriber, protocol);
	/* Who has an address keeps it, also when this mapping could only be had at another one. */
	if (nat_pool_number(&s->shared->ports.pool, outside) == NAT_NOT_IN_POOL)
		nat_subscriber_settle(s->subscribers, subscriber, outside_address);
}

enum nat_session_error
nat_session_create(struct nat_sessions *s, const struct nat_session_new *new, uint32_t *ret_slot)
{
	struct nat_session_table *t = s->shared;
	const struct nat_static_key *fixed = find_static(t, new->key);
	struct nat_session head = {0}, *session;
	struct nat_port_request request;
	enum nat_session_error error;
	uint64_t random = s->random;
	struct nat_place at;
	uint32_t slot, subscriber_hash;

	memcpy(&head, &new->key, sizeof(new->key));
	subscriber_hash = nat_subscriber_hash(s->subscribers, head.inside_address);
	request = (struct nat_port_request){
		.subscriber = nat_subscriber_find_by(s->subscribers, subscriber_hash,
						     head.inside_address),
		.kind = {.bucket = nf_ipv4_bucket(head.inside_address),
			 .protocol = (uint32_t)nat_protocol_of(head.protocol),
			 .parity = parity_for(t, &head)},
		.wish = new->wish,
	};
	error = find_place(s, fixed, &request, new->now_ns, &at);
	if (unlikely(error != NAT_SESSION_OK)) {
		s->random = random; /* who asks again is told the same */
		return error;
	}
	if (request.subscriber == NAT_NO_SUBSCRIBER)
		request.subscriber =
			nat_subscriber_add(s->subscribers, subscriber_hash, head.inside_address);
	count_in(s, request.subscriber, request.kind.protocol, t->ports.pool.addresses[at.number]);
	if (fixed == NULL)
		nat_subscriber_count_rate(s->subscribers, request.subscriber, new->now_ns);

	slot = nf_share_take(&s->share);
	s->local[slot - s->share.first_slot].subscriber = request.subscriber;
	session = slim_slot_begin(s->share.agent, s->share.table, slot);
	*session = (struct nat_session){
		.inside_address = head.inside_address,
		.inside_port = head.inside_port,
		.protocol = head.protocol,
		.outside_address = t->ports.pool.addresses[at.number],
		.outside_port =
			rte_cpu_to_be_16(nat_port_at(&t->ports.pool.rule, at.bucket, at.place)),
		.last_seen = new->now_ns,
		.tcp_state = new->tcp.state,
		.tcp_scale = new->tcp.scale,
		.tcp_peer_address = new->tcp.peer_address,
		.tcp_peer_port = new->tcp.peer_port,
		.tcp_edges = new->tcp.edges,
	};
	slim_slot_end(s->share.agent, s->share.table, slot, at.bucket);
	nf_slot_index_insert(&s->index, new->hash, slot);
	nat_allocate_give(s, slot, &at, request.subscriber, s->log);
	if (unlikely(nat_ports_is_resting(&t->ports, &at)))
		nat_rest_cut(s->rests, session->outside_address, session->outside_port,
			     session->protocol);
	log_mapping(s->log, session, NAT_LOG_MAPPING_CREATED);
	nat_session_look_at(s, slot, new->now_ns + nat_session_timeout(&t->timeouts, session));
	s->n_created++;
	*ret_slot = slot;
	return NAT_SESSION_OK;
}

void
nat_session_set_tcp(struct nat_sessions *s, uint32_t slot, const struct nf_tcp *tcp,
		    uint64_t now_ns)
{
	const struct nat_timeouts *timeouts = &s->shared->timeouts;
	struct nat_session *session = slim_slot_begin(s->share.agent, s->share.table, slot);
	uint64_t before = nat_session_timeout(timeouts, session), timeout;

	session->tcp_state = tcp->state;
	session->tcp_scale = tcp->scale;
	session->tcp_peer_address = tcp->peer_address;
	session->tcp_peer_port = tcp->peer_port;
	session->tcp_edges = tcp->edges;
	timeout = nat_session_timeout(timeouts, session);
	/* In the row, so that it holds after a move as well. */
	if (timeout < before)
		session->last_seen = now_ns;
	slim_slot_end(s->share.agent, s->share.table, slot,
		      nf_ipv4_bucket(session->inside_address));
	if (timeout < before)
		nat_session_look_at(s, slot, now_ns + timeout);
}

/* Its subscriber has one less; and nothing, if it was the last one. */
static void
count_out(struct nat_sessions *s, uint32_t subscriber, uint8_t protocol, struct nat_log_ring *log,
	  bool row_may_go)
{
	if (likely(!nat_subscriber_leave(s->subscribers, subscriber,
					 (uint32_t)nat_protocol_of(protocol))))
		return;
	nat_allocate_take_blocks(s, subscriber, log);
	nat_subscriber_release(s->subscribers, subscriber, row_may_go);
}

/* Takes a slot out of all that is derived, and gives it back to the free ones. */
static void
forget(struct nat_sessions *s, uint32_t slot, const struct nat_session *session,
       struct nat_log_ring *log, bool row_may_go)
{
	uint64_t key =
		nat_session_key(session->inside_address, session->inside_port, session->protocol);

	nf_slot_index_remove(&s->index, nf_slot_index_hash(&s->index, key), slot);
	nat_allocate_take(s, slot, nf_ipv4_bucket(session->inside_address), log);
	count_out(s, s->local[slot - s->share.first_slot].subscriber, session->protocol, log,
		  row_may_go);
	nf_wheel_remove(&s->wheel, slot - s->share.first_slot);
	nf_share_give(&s->share, slot);
}

void
nat_session_free(struct nat_sessions *s, uint32_t slot)
{
	const struct nat_session *session = nat_session_at(s, slot);
	bool is_owner = slim_owns(s->share.agent, nf_ipv4_bucket(session->inside_address));

	log_mapping(s->log, session, NAT_LOG_MAPPING_REMOVED);
	forget(s, slot, session, s->log, is_owner);
	nat_rest_begin(s->rests, session->outside_address, session->outside_port,
		       session->protocol);
	slim_slot_free(s->share.agent, s->share.table, slot);
}

void
nat_session_prefetch_free(const struct nat_sessions *s, uint32_t slot, uint32_t nth)
{
	const struct nat_session *session = nat_session_at(s, slot);
	const struct nat_local *local = &s->local[slot - s->share.first_slot];
	uint64_t key =
		nat_session_key(session->inside_address, session->inside_port, session->protocol);

	nf_slot_index_prefetch(&s->index, nf_slot_index_hash(&s->index, key));
	__builtin_prefetch(&s->subscribers->tallies[local->subscriber], 1);
	nat_rest_prefetch(s->rests, session->outside_address, session->outside_port,
			  session->protocol, nth);
	if (local->port == 0)
		return;
	__builtin_prefetch(&s->shared->ports.sets[(local->port - 1) / NAT_PLACES], 1);
	__builtin_prefetch(&s->shared->ports.slots[local->port - 1], 1);
}

/* ---- rows from another instance --------------------------------------------------------------------- */

static uint32_t
acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key_bytes)
{
	struct nat_sessions *s = nf_share_of(ctx, w);
	struct nat_session session = {0};
	uint32_t hash, slot, subscriber;
	uint64_t key;

	memcpy(&session, key_bytes, offsetof(struct nat_session, tcp_state));
	if (s == NULL || bucket != nf_ipv4_bucket(session.inside_address) ||
	    nat_protocol_of(session.protocol) < 0)
		return SLIM_NO_SLOT;
	key = nat_session_key(session.inside_address, session.inside_port, session.protocol);
	hash = nf_slot_index_hash(&s->index, key);
	slot = nat_session_find(s, hash, key);
	if (slot != NF_NO_SLOT)
		return slot;
	subscriber = s->share.n_free == 0
			     ? NAT_NO_SUBSCRIBER
			     : nat_subscriber_take(s->subscribers, session.inside_address);
	if (subscriber == NAT_NO_SUBSCRIBER)
		return SLIM_NO_SLOT;
	nat_subscriber_join(s->subscribers, subscriber,
			    (uint32_t)nat_protocol_of(session.protocol));
	slot = nf_share_take(&s->share);
	s->local[slot - s->share.first_slot].subscriber = subscriber;
	nf_slot_index_insert(&s->index, hash, slot);
	return slot;
}

static void
installed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	struct nat_sessions *s = nf_share_of(ctx, w);
	const struct nat_port_table *ports = &s->shared->ports;
	const struct nat_session *session = entry;
	uint8_t bucket = nf_ipv4_bucket(session->inside_address);
	uint16_t number = nat_pool_number(&ports->pool, session->outside_address);
	struct nat_place at =
		nat_ports_place(ports, number, rte_be_to_cpu_16(session->outside_port),
				(uint32_t)nat_protocol_of(session->protocol));
	/* Later packets that are still on their way only prolong it. */
	nat_session_look_at(
		s, slot, session->last_seen + nat_session_timeout(&s->shared->timeouts, session));
	nat_allocate_take(s, slot, bucket, NULL);
	if (number == NAT_NOT_IN_POOL || at.bucket != bucket)
		s->n_conflicts++; /* not a mapping of this pool: nothing from outside reaches it */
	else
		nat_allocate_give(s, slot, &at, s->local[slot - s->share.first_slot].subscriber,
				  NULL);
}

static void
removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	forget(nf_share_of(ctx, w), slot, entry, NULL, false);
}

static void
ahead(void *ctx, struct slim_worker *w, const void *row)
{
	const struct nat_sessions *s = nf_share_of(ctx, w);
	const struct nat_port_table *ports = &s->shared->ports;
	const struct nat_session *session = row;
	uint64_t key =
		nat_session_key(session->inside_address, session->inside_port, session->protocol);
	uint16_t number = nat_pool_number(&ports->pool, session->outside_address);
	int protocol = nat_protocol_of(session->protocol);
	struct nat_place at;

	nf_slot_index_prefetch(&s->index, nf_slot_index_hash(&s->index, key));
	nat_subscriber_prefetch(s->subscribers, session->inside_address);
	if (number == NAT_NOT_IN_POOL || protocol < 0)
		return;
	at = nat_ports_place(ports, number, rte_be_to_cpu_16(session->outside_port),
			     (uint32_t)protocol);
	rte_prefetch0(&ports->sets[at.set]);
	rte_prefetch0(nat_ports_cell(ports, &at));
}

const struct slim_table_ops nat_session_ops = {
	.acquire = acquire,
	.installed = installed,
	.removed = removed,
	.ahead = ahead,
};

/* ---- set-up ------------------------------------------------------------------------------------------ */

static int
init_share(struct nat_sessions *s, struct nat_session_table *t, uint16_t worker)
{
	uint32_t n_slots = s->share.n_slots;

	s->shared = t;
	s->subscribers = nf_share_at(&t->subscribers.shares, worker);
	s->rests = nf_share_at(&t->rests.shares, worker);
	s->random = t->seed ^ (s->share.first_slot + UINT64_C(0x9e3779b97f4a7c15));
	s->local = nf_table_memory_alloc("nat_sessions", n_slots * sizeof(*s->local));
	if (s->local == NULL || nf_wheel_init(&s->wheel, n_slots, N_TICKS, TICK_SHIFT, 0) != 0)
		return -ENOMEM;
	return nf_slot_index_init(&s->index, n_slots, t->seed);
}

static void
init_statics(struct nat_session_table *t, const struct nat_config *config)
{
	t->n_statics = config->n_statics;
	for (uint32_t i = 0; i < config->n_statics; i++) {
		const struct nat_static *s = &config->statics[i];

		t->statics[i] = (struct nat_static_key){
			.key = nat_session_key(s->inside_address, s->inside_port, s->protocol),
			.address = s->outside_address,
			.port = rte_be_to_cpu_16(s->outside_port),
		};
	}
	qsort(t->statics, t->n_statics, sizeof(t->statics[0]), compare_keys);
}

int
nat_session_table_init(struct nat_session_table *t, const struct nat_config *config, uint64_t seed)
{
	int error = nat_ports_init(&t->ports, config);

	t->timeouts = config->timeouts;
	t->max_per_subscriber = config->max_sessions_per_subscriber;
	t->max_of[NAT_UDP] = config->max_udp_sessions;
	t->max_of[NAT_TCP] = config->max_tcp_sessions;
	t->max_of[NAT_ICMP] = config->max_icmp_sessions;
	init_statics(t, config);
	t->max_blocks = config->max_blocks_per_subscriber;
	t->arbitrary_pooling = config->arbitrary_pooling;
	t->preserve_parity = config->preserve_parity;
	t->seed = seed;
	if (error == 0)
		error = nat_subscriber_table_init(&t->subscribers, config, seed);
	if (error == 0)
		error = nat_rest_table_init(&t->rests, &t->ports, config, seed);
	if (error == 0)
		error = nf_shares_init(&t->shares, &(struct nf_share_config){
							   .name = "nat_sessions",
							   .capacity = config->capacity,
							   .n_workers = config->n_workers,
							   .size = sizeof(struct nat_sessions),
						   });
	for (uint16_t w = 0; w < config->n_workers && error == 0; w++)
		error = init_share(nat_sessions_of(t, w), t, w);
	return error;
}

int
nat_session_table_create(struct nat_session_table *t, struct slim_agent *agent)
{
	int error = nf_shares_create(&t->shares, agent,
				     &(struct slim_table_config){
					     .name = "session",
					     .entry_size = sizeof(struct nat_session),
					     .n_fields = nat_session_n_fields,
					     .fields = nat_session_fields,
					     .ops = &nat_session_ops,
				     });

	if (error == 0)
		error = nat_subscriber_table_create(&t->subscribers, agent);
	return error == 0 ? nat_rest_table_create(&t->rests, agent) : error;
}

void
nat_session_table_fini(struct nat_session_table *t)
{
	for (uint16_t w = 0; w < t->shares.n_workers; w++) {
		struct nat_sessions *s = nat_sessions_of(t, w);

		if (s == NULL)
			continue;
		nf_slot_index_fini(&s->index);
		nf_wheel_fini(&s->wheel);
		nf_table_memory_free(s->local);
	}
	nf_shares_fini(&t->shares);
	nat_subscriber_table_fini(&t->subscribers);
	nat_rest_table_fini(&t->rests);
	nat_ports_fini(&t->ports);
}
