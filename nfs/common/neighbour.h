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
#ifndef NF_NEIGHBOUR_H
#define NF_NEIGHBOUR_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

#include "forward.h"
#include "nf.h"
#include "side.h"
#include "slim.h"
#include "slot_index.h"

#define NF_MAX_ASKED 64u          /* questions of one worker at one time */
#define NF_MAX_WAITING 32u        /* packets that wait for one neighbour */
#define NF_NEIGHBOUR_COPIES 1024u /* a worker's copies; a power of two */
#define NF_ARP_TRIES 3u           /* questions before a neighbour counts as silent */
#define NF_ARP_RETRY_NS UINT64_C(1000000000)

struct nf_neighbour {
	rte_be32_t address;
	uint8_t side; /* number */
	uint8_t reserved;
	struct rte_ether_addr mac;
	uint8_t reserved_too[4];
	uint64_t confirmed; /* when it last answered */
};

_Static_assert(sizeof(struct nf_neighbour) == 24, "three words, read word by word");

extern const struct slim_field nf_neighbour_fields[];
extern const uint16_t nf_neighbour_n_fields;
extern const struct slim_table_ops nf_neighbour_ops; /* ctx: struct nf_neighbour_table */

/* A worker's copy of a slot. */
struct nf_neighbour_copy {
	struct nf_neighbour entry;
	uint32_t slot;
	uint32_t seq; /* of the slot when it was copied; odd: no copy */
};

/* A question under way. */
struct nf_asked {
	rte_be32_t address; /* 0: unused */
	uint8_t side;
	uint8_t tries;
	uint16_t n_waiting;
	uint64_t next_ns;
	struct rte_mbuf *waiting[NF_MAX_WAITING];
};

struct nf_neighbour_table;

struct nf_neighbours {
	const struct nf_neighbour_table *shared;
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
	/* Told of a packet that is dropped for its neighbour on a side is silent; NULL: nobody. May send. */
	void (*silent)(struct nf_worker *w, struct rte_mbuf *m, uint8_t side);
	struct nf_asked asked[NF_MAX_ASKED];
	struct nf_neighbour_copy copies[NF_NEIGHBOUR_COPIES];
};

struct nf_neighbour_config {
	const struct nf_side *sides;
	const struct nf_routes *routes; /* their next hops are kept known */
	uint32_t capacity;              /* neighbours */
	uint64_t lifetime_ns;
	uint16_t n_workers;
	uint8_t n_sides;
};

struct nf_neighbour_table {
	struct slim_table *table;
	struct nf_neighbour_config config;
	_Atomic uint8_t *wanted; /* by slot: somebody used it since it was refreshed */
	uint8_t bucket_worker[SLIM_N_BUCKETS];
	struct nf_neighbours *workers[SLIM_MAX_WORKERS];
};

/* Main thread. *config is copied; sides and routes are kept. -ENOMEM. */
int nf_neighbour_table_init(struct nf_neighbour_table *t, const struct nf_neighbour_config *config,
			    uint64_t seed);
/* Adds the table to an agent that is created but not started. Negative errno. */
int nf_neighbour_table_create(struct nf_neighbour_table *t, struct slim_agent *agent);
/* After slim_agent_start(): joins a worker of the loop with its share. */
struct nf_neighbours *nf_neighbour_worker_init(struct nf_neighbour_table *t,
					       struct nf_worker *worker);
/* Frees what waits, too. */
void nf_neighbour_table_fini(struct nf_neighbour_table *t);
/* Slots of the table: capacity, rounded up to equal shares. */
uint32_t nf_neighbour_capacity(const struct nf_neighbour_config *config);

/* ---- worker ---------------------------------------------------------------------------------- */

/* Sends a packet, complete but for its Ethernet addresses, to where nf_may_go() or nf_may_answer() says.
 * Emits it, keeps it while the neighbour is asked, hands it to the neighbour's owner, or drops it. */
void nf_neighbour_send(struct nf_neighbours *n, struct rte_mbuf *m, const struct nf_next *next);

/* Goes on with a packet that was handed over so (NF_META_RESOLVE). */
void nf_neighbour_resume(struct nf_neighbours *n, struct rte_mbuf *m);

/* Does the NF answer for `address` on `side`? */
typedef bool (*nf_answers_for)(const void *ctx, uint8_t side, rte_be32_t address);

/* Is the frame, whose Ethernet header is complete, an ARP packet for IPv4 over Ethernet, all there? */
bool nf_arp_is_valid(const struct rte_mbuf *m);
/* The bucket whose owner takes it: that of the sender. */
uint8_t nf_arp_bucket(const struct rte_mbuf *m);
/* Takes over a valid ARP packet: learns, answers for the addresses of the NF, or drops. */
void nf_arp_take(struct nf_neighbours *n, struct rte_mbuf *m, uint8_t side, nf_answers_for answers,
		 const void *ctx);

/* Somebody said that `address` on `side` is at `mac`. Only by the owner. False: nobody asked. */
bool nf_neighbour_learn(struct nf_neighbours *n, uint8_t side, rte_be32_t address,
			const struct rte_ether_addr *mac);

/* Timers: asks again, refreshes what is used, forgets what is silent or unused, and
 * asks for the next hops of static routes before the first packet needs them. */
void nf_neighbour_tick(struct nf_neighbours *n);

/* Questions and packets that wait; for tests. */
uint32_t nf_neighbour_waiting(const struct nf_neighbours *n);

static inline uint8_t
nf_neighbour_bucket(rte_be32_t address)
{
	return (uint8_t)rte_be_to_cpu_32(address);
}

#endif
