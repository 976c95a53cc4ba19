/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sessions of a gateway (table `session`): one slot for each PDU session (PDN connection), whatever
 * direction a packet comes from.
 *
 * The key is the TEID to which cells send. The bucket is its low byte, and the low byte of the
 * subscriber's IPv4 address, and of the /64 prefix of its IPv6 addresses: both directions belong to
 * one worker and a switch can steer them by mask. A session that breaks this is refused.
 *
 * All else is derived from the slots, and brought up to date in `installed` and `removed` when rows
 * come from another instance:
 *   indexes    TEID, IPv4 address, IPv6 prefix -> slot (slot_index.h), one of each a worker
 *   local      fields of class local: what is indexed, and what rates are in time
 *   deadlines  when to look at a slot next, in coarse ticks
 *
 * Worker w owns the slots [w * share, (w + 1) * share) of the table. All calls that take a struct
 * gateway_sessions belong to its worker. Nothing here allocates after init.
 */
#ifndef GATEWAY_SESSION_H
#define GATEWAY_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#include "buffer.h"
#include "slim.h"
#include "slot_index.h"

/* The access node's end of a tunnel: where downlink packets of a session are sent to. */
struct gateway_cell {
	rte_be32_t address; /* 0: none, the subscriber is idle */
	uint32_t teid;
};

struct gateway_session {
	uint32_t teid;
	rte_be32_t ipv4;         /* 0: none */
	uint8_t ipv6[16];        /* the /64 prefix, all zero: none */
	rte_be32_t cell_address; /* 0: idle */
	uint32_t cell_teid;
	rte_be32_t left_address; /* the cell before this one */
	uint8_t qfi;
	uint8_t container; /* 1: downlink packets carry a PDU session container */
	uint8_t reserved[2];
	uint64_t switched;     /* when the cell changed last */
	uint64_t uplink_rate;  /* bits a second; 0: no limit */
	uint64_t uplink_burst; /* octets */
	uint64_t downlink_rate;
	uint64_t downlink_burst;
	/* Lazy: written by every packet. */
	uint64_t last_seen;
	uint64_t uplink_due; /* until when the direction's rate is used up; see gateway_police() */
	uint64_t downlink_due;
	uint64_t packets_up;
	uint64_t bytes_up; /* of the subscriber's IP packets */
	uint64_t packets_down;
	uint64_t bytes_down;
	uint64_t packets_policed;
	/* Local: derived by this instance. */
	uint64_t uplink_cost; /* nanoseconds an octet takes, times 2^16; 0: no limit */
	uint64_t downlink_cost;
	uint64_t indexed_ipv6;
	rte_be32_t indexed_ipv4;
	uint32_t first_waiting; /* buffer.h; valid if any waits */
	uint32_t last_waiting;
	uint32_t n_waiting; /* downlink packets */
};

_Static_assert(sizeof(struct gateway_session) % 8 == 0, "as slots need it");

extern const struct slim_field gateway_session_fields[];
extern const uint16_t gateway_session_n_fields;
extern const struct slim_table_ops gateway_session_ops; /* ctx: struct gateway_session_table */

enum gateway_session_error {
	GATEWAY_SESSION_OK = 0,
	GATEWAY_SESSION_EXISTS,  /* the TEID is in use */
	GATEWAY_SESSION_ADDRESS, /* an address is in use by another session */
	GATEWAY_SESSION_BUCKET, /* low bytes of TEID and addresses differ, or there is no address */
	GATEWAY_SESSION_FULL,
};

struct gateway_session_table;

struct gateway_sessions {
	const struct gateway_session_table *shared;
	struct slim_table *table;
	struct slim_worker *agent;
	struct nf_slot_index by_teid;
	struct nf_slot_index by_ipv4;
	struct nf_slot_index by_ipv6;
	uint32_t first_slot;
	uint32_t n_slots;
	uint32_t *free; /* stack of slots */
	uint32_t n_free;
	uint32_t cursor;               /* of the sweep */
	struct gateway_buffer *buffer; /* what waits for a session goes with it */
	uint32_t *deadlines;           /* by slot - first_slot: tick; 0: nothing to expire */
	/* Events of rare paths; the worker adds them to its counters. */
	uint64_t n_created;
	uint64_t n_removed;
	uint64_t n_expired;
	uint64_t n_conflicts;
};

struct gateway_session_config {
	uint32_t capacity;
	uint16_t n_workers;
	uint64_t idle_ns; /* a session without packets for that long is removed; 0: never */
	uint64_t seed;    /* makes hashes unpredictable */
};

struct gateway_session_table {
	struct slim_table *table;
	struct gateway_session_config config;
	struct gateway_sessions *workers[SLIM_MAX_WORKERS];
};

/* Main thread. Tables; then, with an agent that is created but not started, the slim table. -ENOMEM,
 * and what slim_table_create() says. */
int gateway_session_table_init(struct gateway_session_table *t,
			       const struct gateway_session_config *config);
int gateway_session_table_create(struct gateway_session_table *t, struct slim_agent *agent);
/* After slim_agent_start(). */
struct gateway_sessions *gateway_session_worker_init(struct gateway_session_table *t,
						     struct slim_worker *agent, uint16_t worker);
void gateway_session_table_fini(struct gateway_session_table *t);

/* Slots of the table: capacity, rounded up to equal shares. */
uint32_t gateway_session_capacity(const struct gateway_session_config *config);

/* ---- buckets ------------------------------------------------------------------------------ */

static inline uint8_t
gateway_teid_bucket(uint32_t teid)
{
	return (uint8_t)teid;
}

static inline uint8_t
gateway_ipv4_bucket(rte_be32_t address)
{
	return (uint8_t)rte_be_to_cpu_32(address);
}

/* The low end of the /64 prefix. */
static inline uint8_t
gateway_ipv6_bucket(const uint8_t address[16])
{
	return address[7];
}

/* ---- look up, worker ------------------------------------------------------------------------ */

static inline const struct gateway_session *
gateway_session_at(const struct gateway_sessions *s, uint32_t slot)
{
	return slim_slot(s->table, slot);
}

static inline uint64_t
gateway_ipv6_key(const uint8_t address[16])
{
	uint64_t key;

	memcpy(&key, address, sizeof(key));
	return key;
}

/* `ctx` is the table, in all three. */
static inline bool
gateway_teid_equal(const void *ctx, uint32_t slot, uint64_t key)
{
	return ((const struct gateway_session *)slim_slot(ctx, slot))->teid == (uint32_t)key;
}

static inline bool
gateway_ipv4_equal(const void *ctx, uint32_t slot, uint64_t key)
{
	return ((const struct gateway_session *)slim_slot(ctx, slot))->indexed_ipv4 ==
	       (rte_be32_t)key;
}

static inline bool
gateway_ipv6_equal(const void *ctx, uint32_t slot, uint64_t key)
{
	return ((const struct gateway_session *)slim_slot(ctx, slot))->indexed_ipv6 == key;
}

/* NF_NO_SLOT if there is none. */
static inline uint32_t
gateway_session_by_teid(const struct gateway_sessions *s, uint32_t teid)
{
	return nf_slot_index_find(&s->by_teid, nf_slot_index_hash(&s->by_teid, teid), teid,
				  gateway_teid_equal, s->table);
}

static inline uint32_t
gateway_session_by_ipv4(const struct gateway_sessions *s, rte_be32_t address)
{
	return nf_slot_index_find(&s->by_ipv4, nf_slot_index_hash(&s->by_ipv4, address), address,
				  gateway_ipv4_equal, s->table);
}

/* By any address in the prefix. */
static inline uint32_t
gateway_session_by_ipv6(const struct gateway_sessions *s, const uint8_t address[16])
{
	uint64_t key = gateway_ipv6_key(address);

	return nf_slot_index_find(&s->by_ipv6, nf_slot_index_hash(&s->by_ipv6, key), key,
				  gateway_ipv6_equal, s->table);
}

/* Is it the subscriber's own? */
static inline bool
gateway_session_has_ipv4(const struct gateway_session *session, rte_be32_t address)
{
	return session->ipv4 == address && address != 0;
}

static inline bool
gateway_session_has_ipv6(const struct gateway_session *session, const uint8_t address[16])
{
	return gateway_ipv6_key(session->ipv6) == gateway_ipv6_key(address) &&
	       gateway_ipv6_key(address) != 0;
}

/* ---- policing, worker ------------------------------------------------------------------------- */

/*
 * May a packet of `size` octets pass at `now_ns`? A token bucket, kept as the time at which it will be full
 * again: each octet that passes moves this time on by what it takes at the rate, and it may not
 * lie further ahead than the burst takes. So the state of a direction is one time, which is translated to
 * the clock of a target and merges by `max`: what both instances let pass counts there.
 */
static inline bool
gateway_police(uint64_t *due_ns, uint64_t cost, uint64_t burst, uint64_t now_ns, uint32_t size)
{
	uint64_t from = *due_ns > now_ns ? *due_ns : now_ns;
	uint64_t until = from + ((size * cost) >> 16);

	if (until - now_ns > (burst * cost) >> 16)
		return false;
	*due_ns = until;
	return true;
}

/* ---- change, worker --------------------------------------------------------------------------- */

/* Makes a session from the state fields of *wanted. *ret_slot only on GATEWAY_SESSION_OK. */
enum gateway_session_error gateway_session_create(struct gateway_sessions *s,
						  const struct gateway_session *wanted,
						  uint64_t now_ns, uint32_t *ret_slot);

/* Gives an existing session other state fields; its TEID stays. On failure it is as before. */
enum gateway_session_error gateway_session_change(struct gateway_sessions *s, uint32_t slot,
						  const struct gateway_session *wanted);

/* Only where the subscriber is. */
void gateway_session_set_cell(struct gateway_sessions *s, uint32_t slot, struct gateway_cell cell,
			      uint64_t now_ns);

void gateway_session_remove(struct gateway_sessions *s, uint32_t slot);

/* Looks at the next `n` slots of the worker and removes sessions that were idle for too long, if this
 * instance owns their bucket. */
void gateway_session_expire(struct gateway_sessions *s, uint64_t now_ns, uint32_t n);

#endif
