/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mappings; see session.h. Worker's thread, but for init, attach and fini.
 *
 * One external port may belong to two slots for a moment while rows are installed: the
 * source gave a port that became free to a new mapping, and the row of the new one arrives before
 * the old one's removal. So the last one installed has the port, and a removal
 * frees a port only if it still is the slot's own.
 */
#include "session.h"

#include <errno.h>
#include <netinet/in.h>

#include <rte_malloc.h>

#include "filter.h"
#include "pcp.h"

/* A tick of the coarse deadlines: 2^27 ns = 134 ms. 32 bits last for 18 years of uptime. */
#define TICK_SHIFT 27

static const uint8_t ip_protocols[NAT_N_PROTOCOLS] = {IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP};

const struct slim_field nat_session_fields[] = {
	SLIM_FIELD_KEY(struct nat_session, inside_address, SLIM_IPV4),
	SLIM_FIELD_KEY(struct nat_session, inside_port, SLIM_BE16),
	SLIM_FIELD_KEY(struct nat_session, protocol, SLIM_U8),
	SLIM_FIELD_STATE(struct nat_session, tcp_state, SLIM_U8),
	SLIM_FIELD_STATE(struct nat_session, outside_address, SLIM_IPV4),
	SLIM_FIELD_STATE(struct nat_session, outside_port, SLIM_BE16),
	SLIM_FIELD_STATE(struct nat_session, tcp_peer, SLIM_U16),
	SLIM_FIELD_LAZY(struct nat_session, last_seen, SLIM_TIME, SLIM_MERGE_MAX),
	SLIM_FIELD_LAZY(struct nat_session, packets_out, SLIM_COUNTER, SLIM_MERGE_SUM),
	SLIM_FIELD_LAZY(struct nat_session, bytes_out, SLIM_COUNTER, SLIM_MERGE_SUM),
	SLIM_FIELD_LAZY(struct nat_session, packets_in, SLIM_COUNTER, SLIM_MERGE_SUM),
	SLIM_FIELD_LAZY(struct nat_session, bytes_in, SLIM_COUNTER, SLIM_MERGE_SUM),
};
const uint16_t nat_session_n_fields = RTE_DIM(nat_session_fields);

/* ---- small parts ---------------------------------------------------------------------------- */

static uint8_t
bucket_of(rte_be32_t inside_address)
{
	return (uint8_t)rte_be_to_cpu_32(inside_address);
}

static uint32_t
tick_of(uint64_t ns)
{
	uint32_t tick = (uint32_t)(ns >> TICK_SHIFT);

	return tick == 0 ? 1 : tick;
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

static uint32_t
set_of(const struct nat_session_table *t, uint8_t bucket, uint16_t pool_number, int protocol)
{
	return ((uint32_t)bucket * t->pool.n_addresses + pool_number) * NAT_N_PROTOCOLS +
	       (uint32_t)protocol;
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

/* One mapping of the subscriber is gone; with the last one it is forgotten. */
static void
release_subscriber(struct nat_sessions *s, rte_be32_t address)
{
	uint32_t hash, slot;
	struct nat_subscriber *subscriber = find_subscriber(s, address, &hash, &slot);

	if (subscriber == NULL || --subscriber->n_sessions != 0)
		return;
	nf_slot_index_remove(&s->subscriber_index, hash, slot);
	s->free_subscribers[s->n_free_subscribers++] = slot;
}

/* ---- external ports ----------------------------------------------------------------------------- */

static void
give_port(struct nat_sessions *s, uint32_t slot, uint32_t set_index, uint8_t high)
{
	struct nat_port_set *set = &s->shared->sets[set_index];
	uint64_t bit = UINT64_C(1) << (high & 63);
	struct nat_local *local = &s->local[slot - s->first_slot];

	if (!(set->used[high >> 6] & bit))
		set->n_used++;
	else
		s->n_conflicts++;
	set->used[high >> 6] |= bit;
	set->slots[high] = slot + 1;
	local->set = set_index + 1;
	local->port_high = high;
}

static void
take_port(struct nat_sessions *s, uint32_t slot)
{
	struct nat_local *local = &s->local[slot - s->first_slot];
	struct nat_port_set *set;

	if (local->set == 0)
		return;
	set = &s->shared->sets[local->set - 1];
	local->set = 0;
	if (set->slots[local->port_high] != slot + 1)
		return;
	set->slots[local->port_high] = 0;
	set->used[local->port_high >> 6] &= ~(UINT64_C(1) << (local->port_high & 63));
	set->n_used--;
}

/* A free port of the set, from a random place on; -1: none. */
static int
find_port(struct nat_sessions *s, uint32_t set_index, uint8_t bucket)
{
	const struct nat_port_set *set = &s->shared->sets[set_index];
	const uint64_t *allowed = s->shared->pool.allowed[bucket];
	uint32_t start = (uint32_t)(next_random(s) >> 56);

	/* The start's word twice: first what is above the start, at the end what is below. */
	for (uint32_t i = 0; i <= NAT_PORT_WORDS; i++) {
		uint32_t word = ((start >> 6) + i) % NAT_PORT_WORDS;
		uint64_t free = allowed[word] & ~set->used[word];

		if (i == 0)
			free &= UINT64_MAX << (start & 63);
		if (free != 0)
			return (int)(word * 64 + (uint32_t)__builtin_ctzll(free));
	}
	return -1;
}

/* For a new subscriber: of some addresses the one with the most free ports in this bucket. */
static uint16_t
choose_address(struct nat_sessions *s, uint8_t bucket, int protocol)
{
	const struct nat_session_table *t = s->shared;
	uint32_t n = t->pool.n_addresses;
	uint32_t at = (uint32_t)(((next_random(s) >> 32) * n) >> 32);
	uint32_t best = at, best_used = UINT32_MAX;

	for (uint32_t i = 0; i < RTE_MIN(n, 16u); i++) {
		uint32_t used = t->sets[set_of(t, bucket, (uint16_t)at, protocol)].n_used;

		if (used < best_used) {
			best_used = used;
			best = at;
		}
		at = at + 1 == n ? 0 : at + 1;
	}
	return (uint16_t)best;
}

/* Finds a port for a subscriber: at its own address, else at any other (RFC 4787 REQ-2 asks
 * for paired pooling; the alternative here would be no mapping at all). */
static int
find_any_port(struct nat_sessions *s, uint8_t bucket, int protocol, uint16_t preferred,
	      uint32_t *ret_set, uint16_t *ret_number)
{
	const struct nat_session_table *t = s->shared;
	uint32_t number = preferred;

	for (uint32_t i = 0; i < t->pool.n_addresses; i++) {
		uint32_t set = set_of(t, bucket, (uint16_t)number, protocol);
		int high = find_port(s, set, bucket);

		if (high >= 0) {
			s->n_unpaired += i != 0;
			*ret_set = set;
			*ret_number = (uint16_t)number;
			return high;
		}
		number = number + 1 == t->pool.n_addresses ? 0 : number + 1;
	}
	return -1;
}

/* ---- create, change, remove ------------------------------------------------------------------------ */

static void
set_deadline(struct nat_sessions *s, uint32_t slot, uint64_t ns)
{
	s->deadlines[slot - s->first_slot] = tick_of(ns);
}

enum nat_session_error
nat_session_create(struct nat_sessions *s, uint64_t key, uint32_t hash, uint64_t now_ns,
		   uint32_t *ret_slot)
{
	const struct nat_session_table *t = s->shared;
	struct nat_session session = {0}, *entry;
	struct nat_subscriber *subscriber;
	uint32_t subscriber_hash, subscriber_slot, set = 0, slot;
	uint16_t preferred, number = 0;
	int protocol, high;
	uint8_t bucket;

	memcpy(&session, &key, sizeof(key));
	bucket = bucket_of(session.inside_address);
	protocol = protocol_of(session.protocol);
	if (s->n_free == 0)
		return NAT_SESSION_TABLE_FULL;
	subscriber = find_subscriber(s, session.inside_address, &subscriber_hash, &subscriber_slot);
	if (subscriber != NULL && t->max_per_subscriber != 0 &&
	    subscriber->n_sessions >= t->max_per_subscriber)
		return NAT_SESSION_LIMIT;
	preferred =
		subscriber != NULL ? subscriber->pool_number : choose_address(s, bucket, protocol);
	high = find_any_port(s, bucket, protocol, preferred, &set, &number);
	if (high < 0)
		return NAT_SESSION_NO_PORT;
	if (subscriber == NULL)
		subscriber = add_subscriber(s, session.inside_address, subscriber_hash, number);
	subscriber->n_sessions++;

	slot = s->free[--s->n_free];
	session.outside_address = t->pool.addresses[number];
	session.outside_port = rte_cpu_to_be_16((uint16_t)((uint32_t)high << 8 | bucket));
	session.last_seen = now_ns;
	entry = slim_slot_begin(s->agent, s->table, slot);
	*entry = session;
	slim_slot_end(s->agent, s->table, slot, bucket);
	nf_slot_index_insert(&s->index, hash, slot);
	give_port(s, slot, set, (uint8_t)high);
	set_deadline(s, slot, now_ns + nat_session_timeout(&t->timeouts, &session));
	s->n_created++;
	*ret_slot = slot;
	return NAT_SESSION_OK;
}

void
nat_session_set_tcp(struct nat_sessions *s, uint32_t slot, uint8_t state, uint16_t peer,
		    uint64_t now_ns)
{
	uint32_t *deadline = &s->deadlines[slot - s->first_slot];
	struct nat_session *session = slim_slot_begin(s->agent, s->table, slot);
	uint32_t sooner;

	session->tcp_state = state;
	session->tcp_peer = peer;
	sooner = tick_of(now_ns + nat_session_timeout(&s->shared->timeouts, session));
	slim_slot_end(s->agent, s->table, slot, bucket_of(session->inside_address));
	if (sooner < *deadline)
		*deadline = sooner;
}

void
nat_session_reconsider(struct nat_sessions *s, uint32_t slot, uint64_t now_ns)
{
	set_deadline(s, slot, now_ns);
}

/* Takes a slot out of all that is derived, and gives it back to the free ones. */
static void
forget(struct nat_sessions *s, uint32_t slot, const struct nat_session *session)
{
	uint64_t key =
		nat_session_key(session->inside_address, session->inside_port, session->protocol);

	nf_slot_index_remove(&s->index, nf_slot_index_hash(&s->index, key), slot);
	take_port(s, slot);
	/* Zero: acquired, but no row came. It was never counted for the subscriber. */
	if (s->deadlines[slot - s->first_slot] != 0)
		release_subscriber(s, session->inside_address);
	s->deadlines[slot - s->first_slot] = 0;
	s->free[s->n_free++] = slot;
}

void
nat_session_remove(struct nat_sessions *s, uint32_t slot)
{
	const struct nat_session *session = nat_session_at(s, slot);
	uint64_t key =
		nat_session_key(session->inside_address, session->inside_port, session->protocol);

	if (s->filter != NULL)
		nat_filter_forget(s->filter, key);
	if (s->pcp != NULL)
		nat_pcp_forget(s->pcp, key);
	forget(s, slot, session);
	slim_slot_free(s->agent, s->table, slot);
}

/* Without packets, but not before the time for which it was asked. */
static uint64_t
lives_until(const struct nat_sessions *s, const struct nat_session *session)
{
	uint64_t end = session->last_seen + nat_session_timeout(&s->shared->timeouts, session);
	uint64_t asked;

	if (s->pcp == NULL)
		return end;
	asked = nat_pcp_expires(s->pcp, nat_session_key(session->inside_address,
							session->inside_port, session->protocol));
	return asked != 0 && (int64_t)(asked - end) > 0 ? asked : end;
}

/* The deadline has come: gone, or used since then? */
static bool
expire_one(struct nat_sessions *s, uint32_t slot, uint64_t now_ns)
{
	const struct nat_session *session = nat_session_at(s, slot);
	uint64_t end = lives_until(s, session);

	if ((int64_t)(now_ns - end) < 0) {
		set_deadline(s, slot, end);
		return false;
	}
	if (!slim_owns(s->agent, bucket_of(session->inside_address)))
		return false;
	nat_session_remove(s, slot);
	s->n_expired++;
	return true;
}

uint32_t
nat_session_expire(struct nat_sessions *s, uint64_t now_ns, uint32_t n)
{
	uint32_t tick = tick_of(now_ns);
	uint32_t n_expired = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = s->cursor;
		uint32_t deadline = s->deadlines[at];

		s->cursor = at + 1 == s->n_slots ? 0 : at + 1;
		if (unlikely(deadline != 0 && deadline <= tick))
			n_expired += expire_one(s, s->first_slot + at, now_ns);
	}
	return n_expired;
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
	const struct nat_session_table *t = ctx;
	const struct nat_session *session = entry;
	uint8_t bucket = bucket_of(session->inside_address);
	uint16_t port = rte_be_to_cpu_16(session->outside_port);
	uint16_t number = nat_pool_number(&t->pool, session->outside_address);
	int protocol = protocol_of(session->protocol);
	struct nat_subscriber *subscriber;
	uint32_t hash, subscriber_slot;

	if (s->deadlines[slot - s->first_slot] == 0) {
		subscriber = find_subscriber(s, session->inside_address, &hash, &subscriber_slot);
		if (subscriber == NULL)
			subscriber = add_subscriber(s, session->inside_address, hash,
						    number == NAT_NOT_IN_POOL ? 0 : number);
		subscriber->n_sessions++;
	}
	/* The next sweep looks at it; its time may still change. */
	s->deadlines[slot - s->first_slot] = 1;
	take_port(s, slot);
	if (number == NAT_NOT_IN_POOL || (uint8_t)port != bucket)
		s->n_conflicts++; /* not a mapping of this pool: nothing from outside reaches it */
	else
		give_port(s, slot, set_of(t, bucket, number, protocol), (uint8_t)(port >> 8));
}

static void
removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	forget(share_of(ctx, w), slot, entry);
}

static void
ahead(void *ctx, struct slim_worker *w, const void *row)
{
	const struct nat_sessions *s = share_of(ctx, w);
	const struct nat_session_table *t = ctx;
	const struct nat_session *session = row;
	uint64_t key =
		nat_session_key(session->inside_address, session->inside_port, session->protocol);
	uint16_t port = rte_be_to_cpu_16(session->outside_port);
	uint16_t number = nat_pool_number(&t->pool, session->outside_address);
	int protocol = protocol_of(session->protocol);
	const struct nat_port_set *set;

	if (s == NULL)
		return;
	nf_slot_index_prefetch(&s->index, nf_slot_index_hash(&s->index, key));
	nf_slot_index_prefetch(&s->subscriber_index,
			       nf_slot_index_hash(&s->subscriber_index, session->inside_address));
	if (number == NAT_NOT_IN_POOL || protocol < 0)
		return;
	set = &t->sets[set_of(t, (uint8_t)port, number, protocol)];
	rte_prefetch0(set->used);
	rte_prefetch0(&set->slots[port >> 8]);
}

const struct slim_table_ops nat_session_ops = {
	.acquire = acquire,
	.installed = installed,
	.removed = removed,
	.ahead = ahead,
};

/* ---- set-up ------------------------------------------------------------------------------------------ */

static int
init_pool(struct nat_pool *pool, const struct nat_config *config)
{
	pool->first = rte_be_to_cpu_32(config->pool[0]);
	pool->span = rte_be_to_cpu_32(config->pool[config->n_pool - 1]) - pool->first + 1;
	pool->n_addresses = config->n_pool;
	pool->numbers = rte_malloc("nat_pool", pool->span * sizeof(*pool->numbers), 0);
	if (pool->numbers == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < pool->span; i++)
		pool->numbers[i] = NAT_NOT_IN_POOL;
	for (uint32_t i = 0; i < config->n_pool; i++) {
		pool->addresses[i] = config->pool[i];
		pool->numbers[rte_be_to_cpu_32(config->pool[i]) - pool->first] = (uint16_t)i;
	}
	for (uint32_t port = config->port_first; port <= config->port_last; port++)
		pool->allowed[port & 0xff][port >> 14] |= UINT64_C(1) << ((port >> 8) & 63);
	return 0;
}

static void *
zalloc(size_t n, size_t size)
{
	return rte_zmalloc("nat_sessions", n * size, RTE_CACHE_LINE_SIZE);
}

static int
init_share(struct nat_sessions *s, const struct nat_session_table *t, uint32_t n_slots,
	   uint32_t first_slot)
{
	s->shared = t;
	s->first_slot = first_slot;
	s->n_slots = n_slots;
	s->random = t->seed ^ (first_slot + UINT64_C(0x9e3779b97f4a7c15));
	s->free = zalloc(n_slots, sizeof(*s->free));
	s->deadlines = zalloc(n_slots, sizeof(*s->deadlines));
	s->local = zalloc(n_slots, sizeof(*s->local));
	s->subscribers = zalloc(n_slots, sizeof(*s->subscribers));
	s->free_subscribers = zalloc(n_slots, sizeof(*s->free_subscribers));
	if (s->free == NULL || s->deadlines == NULL || s->local == NULL || s->subscribers == NULL ||
	    s->free_subscribers == NULL ||
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

int
nat_session_table_init(struct nat_session_table *t, const struct nat_config *config, uint64_t seed)
{
	uint32_t share = nat_session_capacity(config) / config->n_workers;
	int error = init_pool(&t->pool, config);

	t->timeouts = config->timeouts;
	t->max_per_subscriber = config->max_sessions_per_subscriber;
	t->seed = seed;
	t->n_workers = config->n_workers;
	t->sets =
		zalloc((size_t)SLIM_N_BUCKETS * config->n_pool * NAT_N_PROTOCOLS, sizeof(*t->sets));
	if (error != 0 || t->sets == NULL)
		return -ENOMEM;
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
		rte_free(s->deadlines);
		rte_free(s->local);
		rte_free(s->subscribers);
		rte_free(s->free_subscribers);
		rte_free(s);
		t->workers[w] = NULL;
	}
	rte_free(t->sets);
	rte_free(t->pool.numbers);
}
