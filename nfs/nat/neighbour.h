/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Neighbours: who has which MAC address (table `neighbour`), and the packets that wait for
 * an answer (RFC 826, RFC 1122 section 2.3.2).
 *
 * A neighbour is a slot, so a target that takes over need not resolve again. Its
 * bucket is the low byte of the address; the worker that owns it writes the slot, asks, and
 * keeps the packets that wait. Only resolved neighbours are in the table; questions
 * under way are not moved: packets that still wait after a move are dropped by name.
 *
 * Other workers read the slot under its sequence and keep a copy; the copy is
 * good as long as the slot's sequence stands. What they do not find they hand over to the owner.
 *
 * Nothing is learnt from who was not asked: a packet of a stranger makes no entry.
 */
#ifndef NAT_NEIGHBOUR_H
#define NAT_NEIGHBOUR_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

#include "config.h"
#include "nf.h"
#include "slim.h"
#include "slot_index.h"

#define NAT_MAX_ASKED 64u   /* questions of one worker at one time */
#define NAT_MAX_WAITING 32u /* packets that wait for one neighbour */
#define NAT_COPIES 1024u    /* a worker's copies; a power of two */
#define NAT_ARP_TRIES 3u    /* questions before a neighbour counts as silent */
#define NAT_ARP_RETRY_NS UINT64_C(1000000000)

struct nat_neighbour {
	rte_be32_t address;
	uint8_t side; /* enum nat_side */
	uint8_t reserved;
	struct rte_ether_addr mac;
	uint8_t reserved_too[4];
	uint64_t confirmed; /* when it last answered */
};

_Static_assert(sizeof(struct nat_neighbour) == 24, "three words, read word by word");

extern const struct slim_field nat_neighbour_fields[];
extern const uint16_t nat_neighbour_n_fields;
extern const struct slim_table_ops nat_neighbour_ops; /* ctx: struct nat_neighbour_table */

/* A worker's copy of a slot. */
struct nat_copy {
	struct nat_neighbour entry;
	uint32_t slot;
	uint32_t seq; /* of the slot when it was copied; odd: no copy */
};

/* A question under way. */
struct nat_asked {
	rte_be32_t address; /* 0: unused */
	uint8_t side;
	uint8_t tries;
	uint16_t n_waiting;
	uint64_t next_ns;
	struct rte_mbuf *waiting[NAT_MAX_WAITING];
};

struct nat_neighbour_table;

struct nat_neighbours {
	const struct nat_neighbour_table *shared;
	struct slim_table *table;
	struct slim_worker *agent;
	struct nf_worker *worker;
	struct nf_slot_index index; /* other workers look up in it, too */
	uint32_t first_slot;
	uint32_t n_slots;
	uint32_t *free;
	uint32_t n_free;
	uint32_t cursor;
	uint32_t n_asked;
	uint64_t next_tick_ns;
	struct nat_asked asked[NAT_MAX_ASKED];
	struct nat_copy copies[NAT_COPIES];
};

struct nat_neighbour_table {
	struct slim_table *table;
	const struct nat_config *config;
	_Atomic uint8_t *wanted; /* by slot: somebody used it since it was refreshed */
	uint16_t n_workers;
	uint8_t bucket_worker[SLIM_N_BUCKETS];
	struct nat_neighbours *workers[SLIM_MAX_WORKERS];
};

/* Main thread. `config` is kept. Workers' `worker` is set by the caller. -ENOMEM. */
int nat_neighbour_table_init(struct nat_neighbour_table *t, const struct nat_config *config,
			     uint64_t seed);
void nat_neighbour_table_attach(struct nat_neighbour_table *t, struct slim_table *table,
				struct slim_agent *agent);
/* Frees what waits, too. */
void nat_neighbour_table_fini(struct nat_neighbour_table *t);
uint32_t nat_neighbour_capacity(const struct nat_config *config);

/* ---- worker ---------------------------------------------------------------------------------- */

/* Sends a packet, complete but for its Ethernet addresses, to a neighbour on a side. Emits it, keeps
 * it while the neighbour is asked, hands it to the neighbour's owner, or drops it. */
void nat_neighbour_send(struct nat_neighbours *n, struct rte_mbuf *m, uint8_t side,
			rte_be32_t address);

/* Somebody said that `address` on `side` is at `mac`. Only by the owner. False: nobody asked. */
bool nat_neighbour_learn(struct nat_neighbours *n, uint8_t side, rte_be32_t address,
			 const struct rte_ether_addr *mac);

/* Timers: asks again, refreshes what is used, forgets what is silent or unused, and
 * asks for the next hops of static routes before the first packet needs them. */
void nat_neighbour_tick(struct nat_neighbours *n);

/* Questions and packets that wait; for tests. */
uint32_t nat_neighbour_waiting(const struct nat_neighbours *n);

static inline uint8_t
nat_neighbour_bucket(rte_be32_t address)
{
	return (uint8_t)rte_be_to_cpu_32(address);
}

#endif
