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
 *   indexes    TEID, IPv4 address, IPv6 prefix, end of the tunnel in the cell -> slot (slot_index.h), one of
 *              each a worker
 *   local      fields of class local: what is indexed, and what rates are in time
 *   deadlines  when to look at a slot next, in coarse ticks
 *
 * Each worker has its share of the slots (share.h). All calls that take a struct gateway_sessions belong to its
 * worker. Nothing here allocates after init.
 */
#ifndef GATEWAY_SESSION_H
#define GATEWAY_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "session_entry.h"
#include "share.h"
#include "slim.h"
#include "slot_index.h"

extern const struct slim_field gateway_session_fields[];
extern const uint16_t gateway_session_n_fields;
extern const struct slim_table_ops gateway_session_ops; /* ctx: its shares */

enum gateway_session_error {
	GATEWAY_SESSION_OK = 0,
	GATEWAY_SESSION_EXISTS,  /* the TEID is in use */
	GATEWAY_SESSION_ADDRESS, /* an address is in use by another session */
	GATEWAY_SESSION_BUCKET, /* low bytes of TEID and addresses differ, or there is no address */
	GATEWAY_SESSION_FULL,
};

struct gateway_buffer;
struct gateway_session_table;

struct gateway_sessions {
	struct nf_share share;
	struct nf_slot_index by_teid; /* with the table in one cache line */
	struct nf_slot_index by_ipv4;
	struct nf_slot_index by_ipv6;
	struct nf_slot_index by_cell; /* other workers look up in it, too */
	const struct gateway_session_table *shared;
	uint32_t cursor;               /* of the sweep */
	struct gateway_buffer *buffer; /* what waits for a session goes with it */
	uint32_t *deadlines;           /* by slot - share.first_slot: tick; 0: nothing to expire */
	/* Called for a session that was idle in its cell for too long; whoever is above takes it out of there. */
	void (*cell_idle)(void *ctx, uint32_t slot);
	void *cell_idle_ctx;
	/* Events of rare paths; the worker adds them to its counters. */
	uint64_t n_created;
	uint64_t n_removed;
	uint64_t n_expired;
	uint64_t n_conflicts;
};

struct gateway_session_config {
	uint32_t capacity;
	uint16_t n_workers;
	uint64_t idle_ns;      /* a session without packets for that long is removed; 0: never */
	uint64_t cell_idle_ns; /* likewise, it is in no cell any more */
	uint64_t seed;         /* makes hashes unpredictable */
};

struct gateway_session_table {
	struct nf_shares shares;
	struct gateway_session_config config;
};

static inline struct gateway_sessions *
gateway_sessions_of(const struct gateway_session_table *t, uint16_t worker)
{
	return nf_share_at(&t->shares, worker);
}

/* Main thread. Tables; then, with an agent that is created but not started, the slim table. -ENOMEM,
 * and what slim_table_create() says. */
int gateway_session_table_init(struct gateway_session_table *t,
			       const struct gateway_session_config *config);
int gateway_session_table_create(struct gateway_session_table *t, struct slim_agent *agent);
void gateway_session_table_fini(struct gateway_session_table *t);

/* ---- look up, worker ------------------------------------------------------------------------ */

static inline const struct gateway_session *
gateway_session_at(const struct gateway_sessions *s, uint32_t slot)
{
	return slim_slot(s->share.table, slot);
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
				  gateway_teid_equal, s->share.table);
}

static inline uint32_t
gateway_session_by_ipv4(const struct gateway_sessions *s, rte_be32_t address)
{
	return nf_slot_index_find(&s->by_ipv4, nf_slot_index_hash(&s->by_ipv4, address), address,
				  gateway_ipv4_equal, s->share.table);
}

/* By any address in the prefix. */
static inline uint32_t
gateway_session_by_ipv6(const struct gateway_sessions *s, const uint8_t address[16])
{
	uint64_t key = gateway_ipv6_key(address);

	return nf_slot_index_find(&s->by_ipv6, nf_slot_index_hash(&s->by_ipv6, key), key,
				  gateway_ipv6_equal, s->share.table);
}

static inline bool
gateway_cell_equal(const void *ctx, uint32_t slot, uint64_t key)
{
	const struct gateway_session *session = slim_slot(ctx, slot);

	return __atomic_load_n(&session->indexed_cell, __ATOMIC_RELAXED) == key;
}

/* By the end of its tunnel in a cell. Any worker may ask; that it is so still, only the owner of `s` can
 * say. */
static inline uint32_t
gateway_session_by_cell(const struct gateway_sessions *s, struct gateway_cell cell)
{
	uint64_t key = gateway_cell_key(cell);

	return nf_slot_index_find(&s->by_cell, nf_slot_index_hash(&s->by_cell, key), key,
				  gateway_cell_equal, s->share.table);
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

/* Brings what gateway_session_set_cell() will read and write for this cell on its way to the cache. */
void gateway_session_prefetch_cell(const struct gateway_sessions *s, uint32_t slot,
				   struct gateway_cell cell);

void gateway_session_remove(struct gateway_sessions *s, uint32_t slot);

/* Looks at the next `n` slots of the worker: sessions that were idle for too long are removed, or leave their
 * cell, if this instance owns their bucket. */
void gateway_session_expire(struct gateway_sessions *s, uint64_t now_ns, uint32_t n);

#endif
