/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mappings of a NAT (table `session`): one slot each, whatever direction a
 * packet comes from.
 *
 * Endpoint-independent mapping (RFC 4787 REQ-1): the key is inside address, inside port (or
 * ICMP query id) and protocol. The bucket is the low byte of the inside address, and the
 * low byte of every external port that is given to it, so both directions of a
 * mapping belong to one worker and a switch can steer them by mask.
 *
 * All else is derived from the slots, and brought up to date in `installed` and `removed`
 * when rows come from another instance:
 *   inside index   key -> slot (slot_index.h), one a worker
 *   outside index  [bucket][pool address][protocol][port >> 8] -> slot, a plain array
 *   ports in use   one bit for each of these
 *   subscribers    inside address -> pool address and number of mappings (paired pooling)
 *   deadlines      when to look at a slot next, in coarse ticks, so that the sweep that expires
 *                  mappings reads four bytes a slot and not the slot
 *
 * Worker w owns the slots [w * share, (w + 1) * share) of the table. All calls that take
 * a struct nat_sessions belong to its worker. Nothing here allocates after init.
 */
#ifndef NAT_SESSION_H
#define NAT_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "config.h"
#include "slim.h"
#include "slot_index.h"
#include "tcp.h"

/* One mapping: 56 bytes, with the slot's header one cache line. */
struct nat_session {
	rte_be32_t inside_address;
	rte_be16_t inside_port;
	uint8_t protocol;  /* IPPROTO_UDP, _TCP, _ICMP */
	uint8_t tcp_state; /* enum nat_tcp_state */
	rte_be32_t outside_address;
	rte_be16_t outside_port;
	uint16_t tcp_peer; /* tag of the peer that tcp_state follows */
	/* Lazy: written by every packet. */
	uint64_t last_seen;
	uint64_t packets_out;
	uint64_t bytes_out; /* IPv4 total lengths */
	uint64_t packets_in;
	uint64_t bytes_in;
};

_Static_assert(sizeof(struct nat_session) == 56, "a slot is one cache line");

extern const struct slim_field nat_session_fields[];
extern const uint16_t nat_session_n_fields;
extern const struct slim_table_ops nat_session_ops; /* ctx: struct nat_session_table */

/* ---- the pool, shared and constant ----------------------------------------------------- */

enum nat_protocol { NAT_UDP = 0, NAT_TCP, NAT_ICMP, NAT_N_PROTOCOLS };

#define NAT_NOT_IN_POOL UINT16_MAX
#define NAT_PORT_WORDS 4 /* words of 64 bits for the 256 ports of a set */

struct nat_pool {
	uint32_t first;    /* host order */
	uint32_t span;     /* addresses from the first to the last */
	uint16_t *numbers; /* [span]: number of the address in the pool, or NAT_NOT_IN_POOL */
	rte_be32_t addresses[NAT_MAX_POOL];
	uint32_t n_addresses;
	uint64_t allowed[SLIM_N_BUCKETS][NAT_PORT_WORDS]; /* ports of the range, by bucket */
};

static inline uint16_t
nat_pool_number(const struct nat_pool *pool, rte_be32_t address)
{
	uint32_t offset = rte_be_to_cpu_32(address) - pool->first;

	return offset < pool->span ? pool->numbers[offset] : NAT_NOT_IN_POOL;
}

/* ---- one worker's share ----------------------------------------------------------------- */

/* The 256 ports of one bucket, address and protocol: port = i << 8 | bucket. */
struct nat_port_set {
	uint64_t used[NAT_PORT_WORDS];
	uint32_t n_used;
	uint32_t reserved;
	uint32_t slots[256]; /* slot + 1; 0: free */
};

struct nat_subscriber {
	rte_be32_t address;
	uint32_t n_sessions;
	uint16_t pool_number; /* of its external address */
	uint16_t reserved;
};

struct nat_local {
	uint32_t set; /* of its external port: index of the port set + 1; 0: none */
	uint8_t port_high;
	uint8_t reserved[3];
};

enum nat_session_error {
	NAT_SESSION_OK = 0,
	NAT_SESSION_TABLE_FULL,
	NAT_SESSION_NO_PORT,
	NAT_SESSION_LIMIT,
};

struct nat_session_table;
struct nat_filter;
struct nat_pcp;

struct nat_sessions {
	const struct nat_session_table *shared;
	struct slim_table *table;
	struct slim_worker *agent;
	struct nat_filter *filter; /* peers that go with their mapping; NULL: none */
	struct nat_pcp *pcp;       /* mappings that were asked for; NULL: none */
	struct nf_slot_index index;
	uint32_t first_slot;
	uint32_t n_slots;
	uint32_t *free; /* stack of slots */
	uint32_t n_free;
	uint32_t cursor; /* of the sweep */
	uint64_t random;
	uint32_t *deadlines;     /* by slot - first_slot: tick; 0: nothing to expire */
	struct nat_local *local; /* by slot - first_slot */
	struct nf_slot_index subscriber_index;
	struct nat_subscriber *subscribers;
	uint32_t *free_subscribers;
	uint32_t n_free_subscribers;
	/* Events of rare paths; the worker adds them to its counters. */
	uint64_t n_created;
	uint64_t n_expired;
	uint64_t n_unpaired;
	uint64_t n_conflicts;
};

/* All workers' shares. */
struct nat_session_table {
	struct slim_table *table;
	struct nat_pool pool;
	struct nat_timeouts timeouts;
	uint32_t max_per_subscriber;
	uint64_t seed;
	uint16_t n_workers;
	struct nat_port_set
		*sets; /* [bucket][address][protocol]; a set belongs to its bucket's worker */
	struct nat_sessions *workers[SLIM_MAX_WORKERS];
};

/* Main thread. `seed` makes hashes and ports unpredictable; a fixed one makes tests repeatable.
 * Then, once the agent has the table: nat_session_table_attach(). -ENOMEM. */
int nat_session_table_init(struct nat_session_table *t, const struct nat_config *config,
			   uint64_t seed);
void nat_session_table_attach(struct nat_session_table *t, struct slim_table *table,
			      struct slim_agent *agent);
void nat_session_table_fini(struct nat_session_table *t);

/* Slots that the table needs for this configuration: capacity, rounded up to equal shares. */
uint32_t nat_session_capacity(const struct nat_config *config);

/* ---- look up, worker ----------------------------------------------------------------------- */

/* The key as the index takes it: the first seven bytes of the entry, the eighth zero. */
static inline uint64_t
nat_session_key(rte_be32_t address, rte_be16_t port, uint8_t ip_protocol)
{
	struct nat_session session;
	uint64_t key;

	session.inside_address = address;
	session.inside_port = port;
	session.protocol = ip_protocol;
	session.tcp_state = 0;
	memcpy(&key, &session, sizeof(key));
	return key;
}

static inline const struct nat_session *
nat_session_at(const struct nat_sessions *s, uint32_t slot)
{
	return slim_slot(s->table, slot);
}

/* `ctx` is the table. The key is the first seven bytes of the entry. */
static inline bool
nat_session_equal(const void *ctx, uint32_t slot, uint64_t key)
{
	uint64_t head;

	memcpy(&head, slim_slot(ctx, slot), sizeof(head));
	return (head & nat_session_key(UINT32_MAX, UINT16_MAX, UINT8_MAX)) == key;
}

static inline uint32_t
nat_session_find(const struct nat_sessions *s, uint32_t hash, uint64_t key)
{
	return nf_slot_index_find(&s->index, hash, key, nat_session_equal, s->table);
}

static inline const uint32_t *
nat_session_outside_cell(const struct nat_sessions *s, enum nat_protocol protocol,
			 uint16_t pool_number, uint16_t port)
{
	const struct nat_session_table *t = s->shared;
	uint32_t set =
		((port & 0xffu) * t->pool.n_addresses + pool_number) * NAT_N_PROTOCOLS + protocol;

	return &t->sets[set].slots[port >> 8];
}

/* By external port (host order); the bucket (its low byte) must be this worker's. */
static inline uint32_t
nat_session_find_outside(const struct nat_sessions *s, enum nat_protocol protocol,
			 uint16_t pool_number, uint16_t port)
{
	return *nat_session_outside_cell(s, protocol, pool_number, port) - 1;
}

/* ---- change, worker ------------------------------------------------------------------------- */

/* Makes a mapping for a key that is not there. *ret_slot only on NAT_SESSION_OK. */
enum nat_session_error nat_session_create(struct nat_sessions *s, uint64_t key, uint32_t hash,
					  uint64_t now_ns, uint32_t *ret_slot);

/* Sets what TCP knows, and moves the deadline if it comes sooner. */
void nat_session_set_tcp(struct nat_sessions *s, uint32_t slot, uint8_t state, uint16_t peer,
			 uint64_t now_ns);

/* Something else than packets changed how long the mapping lives: its time is computed anew soon. */
void nat_session_reconsider(struct nat_sessions *s, uint32_t slot, uint64_t now_ns);

void nat_session_remove(struct nat_sessions *s, uint32_t slot);

/* Looks at the next `n` slots of the worker and removes mappings that were idle for their timeout,
 * if this instance owns their bucket. Returns how many. */
uint32_t nat_session_expire(struct nat_sessions *s, uint64_t now_ns, uint32_t n);

/* How long a mapping lives without packets. */
uint64_t nat_session_timeout(const struct nat_timeouts *timeouts,
			     const struct nat_session *session);

#endif
