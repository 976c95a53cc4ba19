/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mappings; see session.h. Worker's thread, but for init, attach and fini.
 *
 * One external port may belong to two slots for a moment while rows are installed: the
 * source gave a port that became free to a new mapping, and the row of the new one arrives before
 * the old one's removal. So the last one installed has the port, and a removal
 * frees a port only if it still is the slot's own. The same holds for blocks and subscribers.
 *
 * What is created and removed here is logged. What is installed or removed for another instance is not: that one
 * did it first, or has the mapping from now on. So functions that serve both take `log`, which then is NULL.
 */
#include "session.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include <rte_malloc.h>

#include "log.h"

#define SECOND_NS UINT64_C(1000000000)

/* A tick of the wheel is 2^27 ns = 134 ms; all ticks of it are nine minutes. */
#define TICK_SHIFT 27
#define N_TICKS 4096u

static const uint8_t ip_protocols[NAT_N_PROTOCOLS] = {IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP};

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

static uint8_t
bucket_of(rte_be32_t inside_address)
{
	return (uint8_t)rte_be_to_cpu_32(inside_address);
}

static uint64_t
next_random(struct nat_sessions *s)
{
	/* xorshift64*: ports need not be secret, only hard to guess (RFC 6056). */
	s->random ^= s->random >> 12;
	s->random ^= s->random << 25;
	s->random ^= s->random >> 27;
	return s->random * UINT64_C(0x2545f4914f6cdd1d);
}

static int
protocol_of(uint8_t ip_protocol)
{
	for (int p = 0; p < NAT_N_PROTOCOLS; p++)
		if (ip_protocols[p] == ip_protocol)
			return p;
	return -1;
}

uint64_t
nat_session_timeout(const struct nat_timeouts *timeouts, const struct nat_session *session)
{
	if (session->protocol == IPPROTO_UDP)
		return timeouts->udp_ns;
	if (session->protocol == IPPROTO_ICMP)
		return timeouts->icmp_ns;
	return nat_tcp_is_established(session->tcp_state) ? timeouts->tcp_established_ns
							  : timeouts->tcp_transitory_ns;
}

static void
log_block(struct nat_log_ring *log, const struct nat_sessions *s, uint32_t block,
	  enum nat_log_event event)
{
	const struct nat_port_table *ports = &s->shared->ports;
	const struct nat_block *b = &ports->blocks[block];
	uint16_t first;

	if (log == NULL)
		return;
	first = nat_block_first_port(ports, block);
	nat_log_put(log, &(struct nat_log_record){
				 .event = (uint8_t)event,
				 .inside_address = s->subscribers[b->owner - 1].address,
				 .outside_address = ports->pool.addresses[b->number],
				 .first = first,
				 .last = first | ports->pool.rule.block_mask,
			 });
}

static void
log_mapping(struct nat_log_ring *log, const struct nat_session *session, enum nat_log_event event)
{
	nat_log_put(log, &(struct nat_log_record){
				 .event = (uint8_t)event,
				 .protocol = session->protocol,
				 .inside_address = session->inside_address,
				 .inside_port = rte_be_to_cpu_16(session->inside_port),
				 .outside_address = session->outside_address,
				 .first = rte_be_to_cpu_16(session->outside_port),
			 });
}

/* ---- subscribers ------------------------------------------------------------------------------ */

static bool
subscriber_equal(const void *ctx, uint32_t slot, uint64_t key)
{
	const struct nat_subscriber *subscribers = ctx;

	return subscribers[slot].address == (rte_be32_t)key;
}

static struct nat_subscriber *
find_subscriber(struct nat_sessions *s, rte_be32_t address, uint32_t *ret_hash, uint32_t *ret_slot)
{
	*ret_hash = nf_slot_index_hash(&s->subscriber_index, address);
	*ret_slot = nf_slot_index_find(&s->subscriber_index, *ret_hash, address, subscriber_equal,
				       s->subscribers);
	return *ret_slot == NF_NO_SLOT ? NULL : &s->subscribers[*ret_slot];
}

/* The rate is a token bucket that is not counted down: each new mapping moves the time when all is there
 * again on by what it takes at the rate, and it may not lie further ahead than the burst takes. */
static bool
is_too_fast(const struct nat_session_table *t, const struct nat_subscriber *subscriber,
	    uint64_t now_ns)
{
	int64_t ahead = (int64_t)(subscriber->rate_due - now_ns);

	return t->rate_cost_ns != 0 && ahead > 0 &&
	       (uint64_t)ahead + t->rate_cost_ns > t->rate_burst_ns;
}

static void
count_rate(const struct nat_session_table *t, struct nat_subscriber *subscriber, uint64_t now_ns)
{
	bool is_ahead = (int64_t)(subscriber->rate_due - now_ns) > 0;

	subscriber->rate_due = (is_ahead ? subscriber->rate_due : now_ns) + t->rate_cost_ns;
}

static bool
is_above(uint32_t n, uint32_t max)
{
	return max != 0 && n >= max;
}

/* May it have one more mapping of this protocol, now? */
static enum nat_session_error
check_limits(const struct nat_session_table *t, const struct nat_subscriber *subscriber,
	     uint32_t protocol, uint64_t now_ns)
{
	if (is_above(subscriber->n_sessions, t->max_per_subscriber) ||
	    is_above(subscriber->n_of[protocol], t->max_of[protocol]))
		return NAT_SESSION_LIMIT;
	return is_too_fast(t, subscriber, now_ns) ? NAT_SESSION_RATE : NAT_SESSION_OK;
}

/* There are as many subscribers as slots, so there always is a free one. */
static struct nat_subscriber *
add_subscriber(struct nat_sessions *s, rte_be32_t address, uint32_t hash, uint16_t pool_number)
{
	uint32_t slot = s->free_subscribers[--s->n_free_subscribers];

	s->subscribers[slot] = (struct nat_subscriber){
		.address = address,
		.pool_number = pool_number,
	};
	nf_slot_index_insert(&s->subscriber_index, hash, slot);
	return &s->subscribers[slot];
}

/* Its owner, if it has one, has the block no longer. */
static void
disown_block(struct nat_sessions *s, uint32_t block, struct nat_log_ring *log)
{
	struct nat_port_table *ports = &s->shared->ports;
	uint32_t owner = ports->blocks[block].owner;

	if (owner == 0)
		return;
	log_block(log, s, block, NAT_LOG_BLOCK_RELEASED);
	nat_block_unlink(ports, block, &s->subscribers[owner - 1].blocks);
}

/* One mapping of the subscriber is gone; with the last one it is forgotten. While rows come, a block may
 * still have ports of others in use: then nobody owns it until they are gone. */
static void
release_subscriber(struct nat_sessions *s, const struct nat_session *session,
		   struct nat_log_ring *log)
{
	uint32_t hash, slot;
	struct nat_subscriber *subscriber =
		find_subscriber(s, session->inside_address, &hash, &slot);

	if (subscriber == NULL)
		return;
	subscriber->n_of[protocol_of(session->protocol)]--;
	if (--subscriber->n_sessions != 0)
		return;
	while (subscriber->blocks.first != 0)
		disown_block(s, subscriber->blocks.first - 1, log);
	nf_slot_index_remove(&s->subscriber_index, hash, slot);
	s->free_subscribers[s->n_free_subscribers++] = slot;
}

/* ---- external ports ----------------------------------------------------------------------------- */

static uint32_t
pack_place(const struct nat_place *at)
{
	return at->set * NAT_PLACES + at->place + 1;
}

static struct nat_place
unpack_place(const struct nat_sessions *s, uint32_t port, uint8_t bucket)
{
	uint32_t set = (port - 1) / NAT_PLACES;
	uint32_t first = bucket * s->shared->ports.pool.n_addresses;

	return (struct nat_place){
		.set = set,
		.bucket = bucket,
		.place = (uint8_t)((port - 1) % NAT_PLACES),
		.number = (uint16_t)(set / NAT_N_PROTOCOLS - first),
	};
}

/* The subscriber has the block now, whoever had it before. */
static void
own_block(struct nat_sessions *s, uint32_t block, struct nat_subscriber *subscriber,
	  struct nat_log_ring *log)
{
	struct nat_port_table *ports = &s->shared->ports;
	uint32_t owner = (uint32_t)(subscriber - s->subscribers);

	if (ports->blocks[block].owner == owner + 1)
		return;
	disown_block(s, block, log);
	nat_block_link(ports, block, &subscriber->blocks, owner);
	log_block(log, s, block, NAT_LOG_BLOCK_ALLOCATED);
}

static void
give_port(struct nat_sessions *s, uint32_t slot, const struct nat_place *at,
	  struct nat_subscriber *subscriber, struct nat_log_ring *log)
{
	struct nat_port_table *ports = &s->shared->ports;
	uint32_t block = nat_ports_block(ports, at);

	if (!nat_ports_give(ports, at, slot))
		s->n_conflicts++;
	s->local[slot - s->first_slot].port = pack_place(at);
	if (block == NAT_NO_BLOCK)
		return;
	nat_block_use(ports, block);
	own_block(s, block, subscriber, log);
}

static void
take_port(struct nat_sessions *s, uint32_t slot, uint8_t bucket, struct nat_log_ring *log)
{
	struct nat_port_table *ports = &s->shared->ports;
	struct nat_local *local = &s->local[slot - s->first_slot];
	struct nat_place at;
	uint32_t block;

	if (local->port == 0)
		return;
	at = unpack_place(s, local->port, bucket);
	local->port = 0;
	nat_ports_take(ports, &at, slot);
	block = nat_ports_block(ports, &at);
	if (block != NAT_NO_BLOCK && nat_block_leave(ports, block))
		disown_block(s, block, log);
}

/* For a new subscriber: of some addresses the one with the most left in this bucket; more are
 * looked at while all were full. */
static uint16_t
choose_address(struct nat_sessions *s, uint8_t bucket, uint32_t protocol)
{
	const struct nat_port_table *ports = &s->shared->ports;
	uint32_t n = ports->pool.n_addresses;
	uint32_t at = (uint32_t)(((next_random(s) >> 32) * n) >> 32);
	uint32_t best = at, best_used = UINT32_MAX;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t allowed;
		uint32_t used = nat_ports_n_used(ports, bucket, (uint16_t)at, protocol, &allowed);

		if (used < best_used) {
			best_used = used;
			best = at;
		}
		if (i >= 15 && best_used < allowed)
			break;
		at = at + 1 == n ? 0 : at + 1;
	}
	return (uint16_t)best;
}

/* Who asks for a port. */
struct request {
	const struct nat_subscriber *subscriber; /* NULL: a new one */
	uint32_t protocol;                       /* enum nat_protocol */
	enum nat_parity parity;                  /* that is preferred */
	uint16_t number;                         /* of the address in the pool that is preferred */
	uint8_t bucket;
	struct nat_wish wish;
};

static bool
find_wished(const struct nat_sessions *s, const struct request *r, bool full, struct nat_place *ret)
{
	const struct nat_port_table *ports = &s->shared->ports;
	uint16_t number =
		r->wish.address == 0 ? r->number : nat_pool_number(&ports->pool, r->wish.address);
	uint32_t block, owner;
	struct nat_place at;

	if (r->wish.port == 0 || number == NAT_NOT_IN_POOL ||
	    nat_port_bucket(&ports->pool.rule, r->wish.port) != r->bucket)
		return false;
	if (number != r->number && r->subscriber != NULL && !s->shared->arbitrary_pooling)
		return false;
	at = nat_ports_place(ports, number, r->wish.port, r->protocol);
	if (!nat_ports_is_free(ports, &at))
		return false;
	*ret = at;
	block = nat_ports_block(ports, &at);
	if (block == NAT_NO_BLOCK)
		return true;
	owner = ports->blocks[block].owner;
	return owner == 0 ? !full
			  : r->subscriber != NULL &&
				    owner - 1 == (uint32_t)(r->subscriber - s->subscribers);
}

static bool
find_in_own_blocks(struct nat_sessions *s, const struct request *r, enum nat_parity parity,
		   struct nat_place *ret)
{
	const struct nat_port_table *ports = &s->shared->ports;
	uint32_t block = r->subscriber != NULL ? r->subscriber->blocks.first : 0;

	for (; block != 0; block = ports->blocks[block - 1].next) {
		/* One at another address came from an instance with arbitrary pooling. */
		if (ports->blocks[block - 1].number != r->number && !s->shared->arbitrary_pooling)
			continue;
		if (nat_ports_find_in_block(ports, block - 1, r->bucket, r->protocol, parity,
					    (uint32_t)(next_random(s) >> 32), ret))
			return true;
	}
	return false;
}

static bool
find_in_new_block(struct nat_sessions *s, const struct request *r, uint16_t number,
		  struct nat_place *ret)
{
	const struct nat_port_table *ports = &s->shared->ports;
	uint32_t random = (uint32_t)(next_random(s) >> 32);
	uint32_t block = nat_ports_find_block(ports, r->bucket, number, random >> 16);

	if (block == NAT_NO_BLOCK)
		return false;
	return nat_ports_find_in_block(ports, block, r->bucket, r->protocol, r->parity, random,
				       ret) ||
	       nat_ports_find_in_block(ports, block, r->bucket, r->protocol, NAT_PARITY_ANY, random,
				       ret);
}

/* A port outside its blocks: at its own address, with arbitrary pooling at any other, too. */
static bool
find_elsewhere(struct nat_sessions *s, const struct request *r, struct nat_place *ret)
{
	const struct nat_session_table *t = s->shared;
	uint32_t n = t->ports.pool.n_addresses, number = r->number;

	for (uint32_t i = 0; i < (t->arbitrary_pooling ? n : 1); i++) {
		uint32_t random = (uint32_t)(next_random(s) >> 32);
		bool found = t->ports.groups != NULL
				     ? find_in_new_block(s, r, (uint16_t)number, ret)
				     : nat_ports_find(&t->ports, r->bucket, (uint16_t)number,
						      r->protocol, random, ret);

		if (found) {
			s->n_unpaired += i != 0;
			return true;
		}
		number = number + 1 == n ? 0 : number + 1;
	}
	return false;
}

static enum nat_session_error
find_port(struct nat_sessions *s, const struct request *r, struct nat_place *ret)
{
	const struct nat_session_table *t = s->shared;
	bool full = t->ports.groups != NULL && r->subscriber != NULL &&
		    r->subscriber->blocks.n >= t->max_blocks;

	if (find_wished(s, r, full, ret) || find_in_own_blocks(s, r, r->parity, ret))
		return NAT_SESSION_OK;
	if (!full && find_elsewhere(s, r, ret))
		return NAT_SESSION_OK;
	if (r->parity != NAT_PARITY_ANY && find_in_own_blocks(s, r, NAT_PARITY_ANY, ret))
		return NAT_SESSION_OK;
	return full ? NAT_SESSION_BLOCK_LIMIT : NAT_SESSION_NO_PORT;
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
	return bsearch(&key, t->statics, t->n_statics, sizeof(t->statics[0]), compare_keys);
}

bool
nat_session_is_static(const struct nat_sessions *s, uint64_t key)
{
	return s->shared->n_statics != 0 && find_static(s->shared, key) != NULL;
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
	nf_wheel_insert(&s->wheel, slot - s->first_slot, ns);
}

static enum nat_parity
parity_for(const struct nat_session_table *t, const struct nat_session *session)
{
	if (!t->preserve_parity || session->protocol == IPPROTO_ICMP)
		return NAT_PARITY_ANY;
	return rte_be_to_cpu_16(session->inside_port) % 2 == 0 ? NAT_PARITY_EVEN : NAT_PARITY_ODD;
}

enum nat_session_error
nat_session_create(struct nat_sessions *s, uint64_t key, uint32_t hash, uint64_t now_ns,
		   uint32_t *ret_slot)
{
	return nat_session_create_at(s, key, hash, (struct nat_wish){0}, now_ns, ret_slot);
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

enum nat_session_error
nat_session_create_at(struct nat_sessions *s, uint64_t key, uint32_t hash, struct nat_wish wish,
		      uint64_t now_ns, uint32_t *ret_slot)
{
	struct nat_session_table *t = s->shared;
	struct nat_session session = {0}, *entry;
	struct nat_subscriber *subscriber;
	uint32_t subscriber_hash, subscriber_slot, slot;
	enum nat_session_error error = NAT_SESSION_OK;
	const struct nat_static_key *fixed = find_static(t, key);
	struct request request;
	struct nat_place at;

	memcpy(&session, &key, sizeof(key));
	if (s->n_free == 0)
		return NAT_SESSION_TABLE_FULL;
	subscriber = find_subscriber(s, session.inside_address, &subscriber_hash, &subscriber_slot);
	if (subscriber != NULL && fixed == NULL)
		error = check_limits(t, subscriber, (uint32_t)protocol_of(session.protocol),
				     now_ns);
	if (error != NAT_SESSION_OK)
		return error;
	request = (struct request){
		.subscriber = subscriber,
		.protocol = (uint32_t)protocol_of(session.protocol),
		.parity = parity_for(t, &session),
		.bucket = bucket_of(session.inside_address),
		.wish = wish,
	};
	request.number = subscriber != NULL ? subscriber->pool_number
					    : choose_address(s, request.bucket, request.protocol);
	if (fixed != NULL)
		at = static_place(t, fixed, request.protocol);
	else
		error = find_port(s, &request, &at);
	if (error == NAT_SESSION_OK && !is_wished(t, &wish, &at))
		error = NAT_SESSION_NOT_WISHED;
	if (error != NAT_SESSION_OK)
		return error;
	if (subscriber == NULL)
		subscriber = add_subscriber(s, session.inside_address, subscriber_hash, at.number);
	subscriber->n_sessions++;
	subscriber->n_of[request.protocol]++;
	count_rate(t, subscriber, now_ns);

	slot = s->free[--s->n_free];
	session.outside_address = t->ports.pool.addresses[at.number];
	session.outside_port =
		rte_cpu_to_be_16(nat_port_at(&t->ports.pool.rule, at.bucket, at.place));
	session.last_seen = now_ns;
	entry = slim_slot_begin(s->agent, s->table, slot);
	*entry = session;
	slim_slot_end(s->agent, s->table, slot, at.bucket);
	nf_slot_index_insert(&s->index, hash, slot);
	s->local[slot - s->first_slot].is_counted = true;
	give_port(s, slot, &at, subscriber, s->log);
	log_mapping(s->log, &session, NAT_LOG_MAPPING_CREATED);
	nat_session_look_at(s, slot, now_ns + nat_session_timeout(&t->timeouts, &session));
	s->n_created++;
	*ret_slot = slot;
	return NAT_SESSION_OK;
}

void
nat_session_set_tcp(struct nat_sessions *s, uint32_t slot, const struct nat_tcp *tcp,
		    uint64_t now_ns)
{
	const struct nat_timeouts *timeouts = &s->shared->timeouts;
	struct nat_session *session = slim_slot_begin(s->agent, s->table, slot);
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
	slim_slot_end(s->agent, s->table, slot, bucket_of(session->inside_address));
	if (timeout < before)
		nat_session_look_at(s, slot, now_ns + timeout);
}

/* Takes a slot out of all that is derived, and gives it back to the free ones. */
static void
forget(struct nat_sessions *s, uint32_t slot, const struct nat_session *session,
       struct nat_log_ring *log)
{
	uint64_t key =
		nat_session_key(session->inside_address, session->inside_port, session->protocol);

	nf_slot_index_remove(&s->index, nf_slot_index_hash(&s->index, key), slot);
	take_port(s, slot, bucket_of(session->inside_address), log);
	if (s->local[slot - s->first_slot].is_counted)
		release_subscriber(s, session, log);
	s->local[slot - s->first_slot].is_counted = false;
	nf_wheel_remove(&s->wheel, slot - s->first_slot);
	s->free[s->n_free++] = slot;
}

void
nat_session_free(struct nat_sessions *s, uint32_t slot)
{
	const struct nat_session *session = nat_session_at(s, slot);

	log_mapping(s->log, session, NAT_LOG_MAPPING_REMOVED);
	forget(s, slot, session, s->log);
	slim_slot_free(s->agent, s->table, slot);
}

/* ---- rows from another instance --------------------------------------------------------------------- */

static struct nat_sessions *
share_of(void *ctx, const struct slim_worker *w)
{
	struct nat_session_table *t = ctx;

	for (uint16_t i = 0; i < t->n_workers; i++)
		if (t->workers[i]->agent == w)
			return t->workers[i];
	return NULL;
}

static uint32_t
acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key_bytes)
{
	struct nat_sessions *s = share_of(ctx, w);
	struct nat_session session = {0};
	uint64_t key = 0;
	uint32_t hash, slot;

	memcpy(&session, key_bytes, offsetof(struct nat_session, tcp_state));
	if (s == NULL || bucket != bucket_of(session.inside_address) ||
	    protocol_of(session.protocol) < 0)
		return SLIM_NO_SLOT;
	key = nat_session_key(session.inside_address, session.inside_port, session.protocol);
	hash = nf_slot_index_hash(&s->index, key);
	slot = nat_session_find(s, hash, key);
	if (slot != NF_NO_SLOT)
		return slot;
	if (s->n_free == 0)
		return SLIM_NO_SLOT;
	slot = s->free[--s->n_free];
	nf_slot_index_insert(&s->index, hash, slot);
	return slot;
}

static void
installed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	struct nat_sessions *s = share_of(ctx, w);
	const struct nat_port_table *ports = &s->shared->ports;
	const struct nat_session *session = entry;
	uint8_t bucket = bucket_of(session->inside_address);
	uint16_t number = nat_pool_number(&ports->pool, session->outside_address);
	struct nat_place at =
		nat_ports_place(ports, number, rte_be_to_cpu_16(session->outside_port),
				(uint32_t)protocol_of(session->protocol));
	struct nat_subscriber *subscriber;
	uint32_t hash, subscriber_slot;

	subscriber = find_subscriber(s, session->inside_address, &hash, &subscriber_slot);
	if (subscriber == NULL)
		subscriber = add_subscriber(s, session->inside_address, hash,
					    number == NAT_NOT_IN_POOL ? 0 : number);
	if (!s->local[slot - s->first_slot].is_counted) {
		subscriber->n_sessions++;
		subscriber->n_of[protocol_of(session->protocol)]++;
	}
	s->local[slot - s->first_slot].is_counted = true;
	/* Later packets that are still on their way only prolong it. */
	nat_session_look_at(
		s, slot, session->last_seen + nat_session_timeout(&s->shared->timeouts, session));
	take_port(s, slot, bucket, NULL);
	if (number == NAT_NOT_IN_POOL || at.bucket != bucket)
		s->n_conflicts++; /* not a mapping of this pool: nothing from outside reaches it */
	else
		give_port(s, slot, &at, subscriber, NULL);
}

static void
removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	forget(share_of(ctx, w), slot, entry, NULL);
}

static void
ahead(void *ctx, struct slim_worker *w, const void *row)
{
	const struct nat_sessions *s = share_of(ctx, w);
	const struct nat_port_table *ports = &((const struct nat_session_table *)ctx)->ports;
	const struct nat_session *session = row;
	uint64_t key =
		nat_session_key(session->inside_address, session->inside_port, session->protocol);
	uint16_t number = nat_pool_number(&ports->pool, session->outside_address);
	int protocol = protocol_of(session->protocol);
	const struct nat_port_set *set;
	struct nat_place at;

	if (s == NULL)
		return;
	nf_slot_index_prefetch(&s->index, nf_slot_index_hash(&s->index, key));
	nf_slot_index_prefetch(&s->subscriber_index,
			       nf_slot_index_hash(&s->subscriber_index, session->inside_address));
	if (number == NAT_NOT_IN_POOL || protocol < 0)
		return;
	at = nat_ports_place(ports, number, rte_be_to_cpu_16(session->outside_port),
			     (uint32_t)protocol);
	set = &ports->sets[at.set];
	rte_prefetch0(set->used);
	rte_prefetch0(&set->slots[at.place]);
}

const struct slim_table_ops nat_session_ops = {
	.acquire = acquire,
	.installed = installed,
	.removed = removed,
	.ahead = ahead,
};

/* ---- set-up ------------------------------------------------------------------------------------------ */

static void *
zalloc(size_t n, size_t size)
{
	return rte_zmalloc("nat_sessions", n * size, RTE_CACHE_LINE_SIZE);
}

static int
init_share(struct nat_sessions *s, struct nat_session_table *t, uint32_t n_slots,
	   uint32_t first_slot)
{
	s->shared = t;
	s->first_slot = first_slot;
	s->n_slots = n_slots;
	s->random = t->seed ^ (first_slot + UINT64_C(0x9e3779b97f4a7c15));
	s->free = zalloc(n_slots, sizeof(*s->free));
	s->local = zalloc(n_slots, sizeof(*s->local));
	s->subscribers = zalloc(n_slots, sizeof(*s->subscribers));
	s->free_subscribers = zalloc(n_slots, sizeof(*s->free_subscribers));
	if (s->free == NULL || s->local == NULL || s->subscribers == NULL ||
	    s->free_subscribers == NULL ||
	    nf_wheel_init(&s->wheel, n_slots, N_TICKS, TICK_SHIFT, 0, SOCKET_ID_ANY) != 0 ||
	    nf_slot_index_init(&s->index, n_slots, t->seed, SOCKET_ID_ANY) != 0 ||
	    nf_slot_index_init(&s->subscriber_index, n_slots, ~t->seed, SOCKET_ID_ANY) != 0)
		return -ENOMEM;
	/* The lowest slot is taken first. */
	for (uint32_t i = 0; i < n_slots; i++) {
		s->free[i] = first_slot + n_slots - 1 - i;
		s->free_subscribers[i] = n_slots - 1 - i;
	}
	s->n_free = n_slots;
	s->n_free_subscribers = n_slots;
	return 0;
}

uint32_t
nat_session_capacity(const struct nat_config *config)
{
	uint32_t n = config->n_workers;

	return (config->capacity + n - 1) / n * n;
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
	uint32_t share = nat_session_capacity(config) / config->n_workers;
	int error = nat_ports_init(&t->ports, config);

	t->timeouts = config->timeouts;
	t->max_per_subscriber = config->max_sessions_per_subscriber;
	t->max_of[NAT_UDP] = config->max_udp_sessions;
	t->max_of[NAT_TCP] = config->max_tcp_sessions;
	t->max_of[NAT_ICMP] = config->max_icmp_sessions;
	if (config->new_sessions_per_s != 0)
		t->rate_cost_ns = SECOND_NS / config->new_sessions_per_s;
	t->rate_burst_ns = config->new_sessions_burst * t->rate_cost_ns;
	init_statics(t, config);
	t->max_blocks = config->max_blocks_per_subscriber;
	t->arbitrary_pooling = config->arbitrary_pooling;
	t->preserve_parity = config->preserve_parity;
	t->seed = seed;
	t->n_workers = config->n_workers;
	if (error != 0)
		return error;
	for (uint16_t w = 0; w < t->n_workers; w++) {
		t->workers[w] = zalloc(1, sizeof(struct nat_sessions));
		if (t->workers[w] == NULL || init_share(t->workers[w], t, share, w * share) != 0)
			return -ENOMEM;
	}
	return 0;
}

void
nat_session_table_attach(struct nat_session_table *t, struct slim_table *table,
			 struct slim_agent *agent)
{
	t->table = table;
	for (uint16_t w = 0; w < t->n_workers; w++) {
		t->workers[w]->table = table;
		t->workers[w]->agent = slim_agent_worker(agent, w);
	}
}

void
nat_session_table_fini(struct nat_session_table *t)
{
	for (uint16_t w = 0; w < t->n_workers; w++) {
		struct nat_sessions *s = t->workers[w];

		if (s == NULL)
			continue;
		nf_slot_index_fini(&s->index);
		nf_slot_index_fini(&s->subscriber_index);
		rte_free(s->free);
		nf_wheel_fini(&s->wheel);
		rte_free(s->local);
		rte_free(s->subscribers);
		rte_free(s->free_subscribers);
		rte_free(s);
		t->workers[w] = NULL;
	}
	nat_ports_fini(&t->ports);
}
