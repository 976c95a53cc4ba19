/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sessions of a concentrator (table `session`): one slot for each, from the PADS on. The key is the session id, unique
 * in the instance (RFC 2516 asks less); the bucket is the client's (pppoe_mac_bucket()), so all that a client
 * sends belongs to one worker. Its packets show the session id, those to it the address: the pools (pool.h) lead from each
 * to the slot, and from the slot to its worker.
 *
 * Derived, and brought up to date in `installed` and `removed`: the three pools, the index by MAC address (for limits and
 * repeated PADRs), how many sessions a VLAN has, what of the session is open, and the deadline in the wheel.
 *
 * While rows come in another order than they were written, two may claim one id, address or prefix for a moment: one that
 * was given back and taken again. The first that came has it; the other one waits (PPPOE_HELD_WAITS), and has it when it is
 * free: at once if the same worker lets it go, else by pppoe_session_settle(), which each worker calls in each round before
 * it receives. Rows of all workers have come before a target serves, so none waits then but what a wrong row claims.
 *
 * Each worker has its share of the slots (share.h). All calls that take a struct pppoe_sessions belong to its worker, but
 * for those that say otherwise. Nothing here allocates after init.
 */
#ifndef PPPOE_TABLE_SESSION_H
#define PPPOE_TABLE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "pool.h"
#include "session_entry.h"
#include "share.h"
#include "slim.h"
#include "slot_index.h"
#include "wheel.h"

extern const struct slim_field pppoe_session_fields[];
extern const uint16_t pppoe_session_n_fields;
extern const struct slim_table_ops pppoe_session_ops; /* ctx: its shares */

#define PPPOE_FIRST_ID 1u /* 0 and 0xffff are reserved (RFC 2516 section 4) */
#define PPPOE_N_IDS 65534u
#define PPPOE_MAX_RANGES \
	17u /* of addresses: each pool is one, and the one with our own address two */
#define PPPOE_WORKER_SHIFT 40
#define PPPOE_SETTLE_MAX \
	1024u /* sessions that wait for an id, address or prefix, looked at in a round */

struct pppoe_range { /* of a pool: consecutive addresses; host order */
	uint32_t first;
	uint32_t n;
};

struct pppoe_session_config {
	uint32_t capacity; /* at most PPPOE_N_IDS */
	uint16_t n_workers;
	uint64_t seed; /* makes hashes and the first session id unpredictable */
	struct pppoe_range ranges[PPPOE_MAX_RANGES]; /* of IPv4 addresses, disjoint */
	uint32_t n_ranges;
	uint32_t n_prefixes;  /* /64s; 0: no IPv6 */
	uint8_t prefix_octet; /* the last octet of number 0 */
	bool has_inner;       /* lines may have an inner tag: the two together are a VLAN */
	uint32_t per_mac;     /* sessions of a MAC address, and of a VLAN; 0: any number */
	uint32_t per_vlan;
};

struct pppoe_session_table {
	struct nf_shares shares;
	uint64_t worker_per_slot; /* 2^PPPOE_WORKER_SHIFT by the slots of a worker, rounded up */
	struct pppoe_session_config config;
	struct pppoe_pool ids;       /* cell 0 stays free */
	struct pppoe_pool addresses; /* by place in the ranges, one behind the other */
	struct pppoe_pool prefixes;
	uint16_t *n_of_vlan; /* by outer, inner * 4096 + outer; all workers count. NULL: no limit */
};

struct pppoe_sessions {
	struct nf_share share;
	struct pppoe_session_table *shared;
	struct nf_slot_index by_mac;
	struct nf_wheel wheel; /* by slot - share.first_slot: the earliest timer */
	uint32_t next_id;      /* where to look for a free one, */
	uint32_t
		next_number; /* and for addresses and prefixes: what was given back last is taken last */
	uint32_t *waiting; /* slots with PPPOE_HELD_WAITS */
	uint32_t n_waiting;
	/* Counts of slow paths; the worker adds them to its counters. */
	uint64_t n_created;
	uint64_t n_removed;
	uint64_t
		n_conflicts; /* installed rows that claim what is another's, or what no session may have */
};

static inline struct pppoe_sessions *
pppoe_sessions_of(const struct pppoe_session_table *t, uint16_t worker)
{
	return nf_share_at(&t->shares, worker);
}

/* Main thread, as for other tables. -ENOMEM, and what slim_table_create() says. */
int pppoe_session_table_init(struct pppoe_session_table *t,
			     const struct pppoe_session_config *config);
int pppoe_session_table_create(struct pppoe_session_table *t, struct slim_agent *agent);
void pppoe_session_table_fini(struct pppoe_session_table *t);

/* ---- look up; any worker ---------------------------------------------------------------------------------- */

static inline const struct pppoe_session *
pppoe_session_at(const struct pppoe_session_table *t, uint32_t slot)
{
	return slim_slot(t->shares.table, slot);
}

/* The place of an address (host order) in the ranges; PPPOE_NO_NUMBER: in none. */
uint32_t pppoe_address_number(const struct pppoe_session_table *t, uint32_t address);

/* Whose slot is it? A worker. A product stands for the quotient: slots and workers are few enough for it to be exact. */
static inline uint16_t
pppoe_session_worker(const struct pppoe_session_table *t, uint32_t slot)
{
	return (uint16_t)(slot * t->worker_per_slot >> PPPOE_WORKER_SHIFT);
}

static inline uint32_t
pppoe_session_by_id(const struct pppoe_session_table *t, uint16_t session_id)
{
	return pppoe_pool_find(&t->ids, session_id);
}

static inline uint32_t
pppoe_session_by_ipv4(const struct pppoe_session_table *t, uint32_t address)
{
	return pppoe_pool_find(&t->addresses, pppoe_address_number(t, address));
}

static inline uint32_t
pppoe_session_by_prefix(const struct pppoe_session_table *t, uint32_t number)
{
	return pppoe_pool_find(&t->prefixes, number);
}

/* ---- look up, its worker ---------------------------------------------------------------------------------- */

/* The sessions of a line, in no order, one after the other: pass NF_NO_SLOT at first, then what was returned; NF_NO_SLOT: no
 * more. Who removes one asks for the next one before. */
uint32_t pppoe_session_of_line(const struct pppoe_sessions *s, const struct pppoe_line_key *line,
			       uint32_t after);

/* ---- change, its worker ------------------------------------------------------------------------------------ */

enum pppoe_creation {
	PPPOE_CREATED = 0,
	PPPOE_CREATE_LIMIT, /* the MAC address, or the VLAN, has as many as it may have */
	PPPOE_CREATE_FULL,  /* table or ids are full */
};

/* Would the limits let this line have another one now? */
bool pppoe_session_may_create(const struct pppoe_sessions *s, const struct pppoe_line_key *line);

/* Makes a session of this line with a free id, all machines at rest; the caller fills in the rest by pppoe_session_begin().
 * *ret_slot only if it was created. No limit is exceeded, whatever other workers create. */
enum pppoe_creation pppoe_session_create(struct pppoe_sessions *s,
					 const struct pppoe_line_key *line, uint64_t now_ns,
					 uint32_t *ret_slot);

/* Opens the slot for changes of state fields, and closes it; between them all may be changed but key, line, addresses and
 * prefix. The end sets what is derived: what is open, and the deadline. IPv4 is open while LCP and IPCP are Opened,
 * authentication is PPPOE_AUTH_GOOD (also where nobody is asked), and there is an address; IPv6 likewise. */
struct pppoe_session *pppoe_session_begin(struct pppoe_sessions *s, uint32_t slot);
void pppoe_session_end(struct pppoe_sessions *s, uint32_t slot);

/* Gives the session (between begin and end) an address: the one it is assigned, or a free one, with its bucket as last octet
 * if there is one. False: there is none, or it is another's, or in no range; then it has none. It keeps one that it has. */
bool pppoe_session_give_address(struct pppoe_sessions *s, uint32_t slot,
				struct pppoe_session *session);
/* Likewise a /64. */
bool pppoe_session_give_prefix(struct pppoe_sessions *s, uint32_t slot,
			       struct pppoe_session *session);
/* Address and prefix are free again, and it has none. */
void pppoe_session_take_addresses(struct pppoe_sessions *s, uint32_t slot,
				  struct pppoe_session *session);

void pppoe_session_remove(struct pppoe_sessions *s, uint32_t slot);

/* Once a round, between slim_worker_poll() and reception: who waits for an id, address or prefix has it, if it is free. */
void pppoe_session_settle(struct pppoe_sessions *s);

/* A session whose earliest timer is due, or NF_NO_SLOT: none is, or no more are looked at now, or this instance must not act
 * (slim_owns()). Bounded by the number of calls. It is out of the wheel until pppoe_session_end(), or
 * pppoe_session_wait(): not before `until_ns`. At most one tick of the wheel (2^27 ns) late. */
uint32_t pppoe_session_due(struct pppoe_sessions *s, uint64_t now_ns);
void pppoe_session_wait(struct pppoe_sessions *s, uint32_t slot, uint64_t until_ns);

/* The earliest of all timers of a session, of its limits too; 0: none runs. */
uint64_t pppoe_session_deadline(const struct pppoe_session *session);

#endif
