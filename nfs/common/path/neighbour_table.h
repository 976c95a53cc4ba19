/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of neighbours, and what each worker keeps of it: its share of the slots, copies of slots of
 * others, and questions under way (neighbour_ask.h). neighbour.h is what an NF uses.
 *
 * Worker's thread, but for init and fini.
 */
#ifndef NF_NEIGHBOUR_TABLE_H
#define NF_NEIGHBOUR_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

#include "arp.h"
#include "neighbour_rule.h"
#include "order.h"
#include "worker.h"
#include "share.h"
#include "side.h"
#include "slim.h"
#include "slot_index.h"

#define NF_ASKED_A_SIDE 128u      /* questions of one worker on one side at one time */
#define NF_ASKED_A_CAUSE 8u       /* of these, by one source of packets */
#define NF_MAX_WAITING 32u        /* packets that wait for one neighbour */
#define NF_WAITING_A_SIDE 512u    /* for all of a side but the next hops of routes */
#define NF_NEIGHBOUR_COPIES 1024u /* a worker's copies; a power of two */

/* Next hops of routes have places of their own behind those of the sides, as many as there can be. */
#define NF_ASKED_HOPS (NF_MAX_SIDES * NF_ASKED_A_SIDE)
#define NF_ASKED_PLACES (NF_ASKED_HOPS + NF_MAX_ROUTES)
/* Questions that can have NF_MAX_WAITING packets each, at one time. */
#define NF_MAX_ASKED (NF_MAX_SIDES * NF_WAITING_A_SIDE / NF_MAX_WAITING + NF_MAX_ROUTES)

struct nf_neighbour {
	rte_be32_t address;
	uint8_t side; /* number */
	uint8_t reserved;
	struct rte_ether_addr mac;
	uint8_t reserved_too[4];
	uint64_t confirmed; /* when it last answered */
};

_Static_assert(sizeof(struct nf_neighbour) == 24, "three words, read word by word");

/* What was read of a slot. */
struct nf_neighbour_copy {
	struct nf_neighbour entry;
	uint32_t slot;
	uint32_t seq; /* of the slot when it was copied */
};

/* A worker's copy, made ready to send with: one line. */
struct nf_neighbour_ready {
	_Alignas(SLIM_CACHE_LINE) rte_be32_t address; /* 0: no copy */
	uint8_t side;
	uint32_t seq;                      /* of the slot when it was copied */
	const struct slim_slot_head *head; /* the copy is good as long as this has that sequence */
	uint64_t ask_ns;                   /* then it is asked again, if it is used */
	struct rte_ether_hdr header;       /* of a frame for it, IPv4 */
	uint32_t slot;
};

_Static_assert(sizeof(struct nf_neighbour_ready) == SLIM_CACHE_LINE, "one line");

/* A question under way. */
struct nf_asked {
	rte_be32_t address;
	uint8_t side;
	uint16_t n_waiting;
	struct nf_question question;
	struct rte_mbuf *waiting[NF_MAX_WAITING];
};

struct nf_neighbour_table;

struct nf_neighbours {
	struct nf_share share;
	const struct nf_neighbour_table *shared;
	struct nf_worker *worker;
	struct nf_slot_index index; /* other workers look up in it, too */
	uint32_t cursor;
	uint32_t n_touched; /* slots from the first to the last that was ever taken */
	uint32_t n_asked;
	uint64_t next_tick_ns;
	/* Told of a packet that is dropped for its neighbour on a side is silent; NULL: nobody. May send. */
	void (*silent)(struct nf_worker *w, struct rte_mbuf *m, uint8_t side);
	uint64_t defended_ns[NF_MAX_SIDES];   /* when an address was last announced; 0: never */
	uint32_t n_waiting[NF_MAX_SIDES];     /* but for next hops */
	uint64_t asked_keys[NF_ASKED_PLACES]; /* by place; 0: unused */
	uint16_t causes[NF_ASKED_PLACES];
	struct nf_asked asked[NF_ASKED_PLACES];
	struct nf_neighbour_ready copies[NF_NEIGHBOUR_COPIES];
};

struct nf_neighbour_config {
	const struct nf_side *sides;
	const struct nf_routes *routes; /* their next hops are kept known */
	/* Does the NF answer for `address` on `side`? */
	bool (*is_own)(const void *nf, uint8_t side, rte_be32_t address);
	/* Whose packet is it, which this worker sends? NULL, or 0: its source's. */
	rte_be32_t (*sender)(const void *nf, uint16_t worker, const struct rte_mbuf *m);
	const void *nf;
	uint32_t capacity; /* neighbours */
	uint64_t lifetime_ns;
	uint16_t n_workers;
	uint8_t n_sides;
};

struct nf_neighbour_table {
	struct nf_shares shares;
	struct nf_neighbour_config config;
	_Atomic uint8_t *wanted; /* by slot: somebody used it since it was refreshed */
	uint8_t bucket_worker[SLIM_N_BUCKETS];
};

/* Main thread. *config is copied; sides, routes and nf are kept. -ENOMEM. */
int nf_neighbour_table_init(struct nf_neighbour_table *t, const struct nf_neighbour_config *config,
			    uint64_t seed);
/* Frees what waits, too. */
void nf_neighbour_table_fini(struct nf_neighbour_table *t);

static inline uint64_t
nf_neighbour_key(rte_be32_t address, uint8_t side)
{
	return (uint64_t)side << 32 | address;
}

static inline struct slim_slot_head *
nf_neighbour_head(const struct slim_table *table, uint32_t slot)
{
	return (struct slim_slot_head *)slim_slot(table, slot) - 1;
}

static inline struct nf_neighbours *
nf_neighbour_owner(const struct nf_neighbours *n, rte_be32_t address)
{
	const struct nf_neighbour_table *t = n->shared;

	return nf_share_at(&t->shares, t->bucket_worker[nf_neighbour_bucket(address)]);
}

/* ---- copies ------------------------------------------------------------------------------- */

static inline struct nf_neighbour_ready *
nf_neighbour_place(struct nf_neighbours *n, rte_be32_t address, uint8_t side)
{
	uint32_t h = nf_from_be32(address);

	return &n->copies[(h ^ (h >> 10) ^ side) & (NF_NEIGHBOUR_COPIES - 1)];
}

/* Is it the neighbour's, as its slot is now? */
static inline bool
nf_neighbour_is_fresh(const struct nf_neighbour_ready *ready, rte_be32_t address, uint8_t side)
{
	return ready->address == address && ready->side == side &&
	       atomic_load_explicit(&ready->head->seq, memory_order_acquire) == ready->seq;
}

/* Is it time to ask it again? */
static inline bool
nf_neighbour_is_old(const struct nf_neighbours *n, const struct nf_neighbour_ready *ready)
{
	return (int64_t)(n->worker->now_ns - ready->ask_ns) > 0;
}

/* Nobody's: it is never fresh. */
void nf_neighbour_clear(struct nf_neighbour_ready *ready);

/* Sends a packet to a neighbour; it is IPv4. */
static inline void
nf_neighbour_emit(struct nf_neighbours *n, struct rte_mbuf *m, uint8_t side,
		  const struct rte_ether_addr *mac)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);

	rte_ether_addr_copy(mac, &eth->dst_addr);
	rte_ether_addr_copy(&n->shared->config.sides[side].mac, &eth->src_addr);
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	nf_emit(n->worker, side, m);
}

/* ---- slots, read by any worker ------------------------------------------------------------ */

/* A whole entry and its sequence, or false if the slot is empty or being written. */
bool nf_neighbour_read(const struct slim_table *table, uint32_t slot,
		       struct nf_neighbour_copy *ret_copy);
/* In the owner's share; NF_NO_SLOT: not known. */
uint32_t nf_neighbour_find(const struct nf_neighbours *owner, rte_be32_t address, uint8_t side);
/* The owner sees to it that the entry in use does not grow too old. */
void nf_neighbour_mark_wanted(const struct nf_neighbours *n, uint32_t slot);

/* ---- slots, by their owner ------------------------------------------------------------------- */

/* A free slot for a new neighbour, in the index already; NF_NO_SLOT: full. */
uint32_t nf_neighbour_take_slot(struct nf_neighbours *n, rte_be32_t address, uint8_t side);
void nf_neighbour_write(struct nf_neighbours *n, uint32_t slot, const struct nf_neighbour *entry);
/* The slot is free for others; the agent's part of it is the caller's. */
void nf_neighbour_forget(struct nf_neighbours *n, uint32_t slot, const struct nf_neighbour *entry);

#endif
