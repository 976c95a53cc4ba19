/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The slots of a table, shared out to the workers: worker w owns [w * n_slots, (w + 1) * n_slots), and of them those
 * that are free, as a stack.
 *
 * A table of a network function has a struct of its own for each worker, with struct nf_share as its first member
 * (`share`), and beside it what else this worker's rows need: indexes, timers. All of them are in a struct nf_shares,
 * in which the agent's callbacks find the one whose thread they run on:
 *
 *   main thread   nf_shares_init()   makes them, zero but for their slots; the table sets up the rest of each
 *                 nf_shares_create() the agent has the table; before that nf_share_of() finds nobody
 *                 nf_shares_fini()   frees them; the table has freed the rest of each before
 *   worker        nf_share_take(), nf_share_give() of its own, as its rows come and go
 *
 * A slot that is taken is its taker's to write (slim_slot_begin()) and to put in indexes; one that is given back
 * is in none any more, and the agent's part of it is freed by whoever gives (slim_slot_free()), or by the agent (`removed`).
 */
#ifndef NF_SHARE_H
#define NF_SHARE_H

#include <stdint.h>

#include "slim.h"
#include "slot_index.h"

/* One worker's. All of it is its thread's, once the workers run. */
struct nf_share {
	struct slim_table *table; /* NULL: the agent has it not yet */
	struct slim_worker *agent;
	uint32_t first_slot;
	uint32_t n_slots;
	uint32_t n_free;
	uint32_t *free; /* stack of slots; of new ones the lowest is taken first */
};

/* All of a table. Does not change while workers run. */
struct nf_shares {
	struct slim_table *table;
	uint32_t capacity; /* slots of all */
	uint16_t n_workers;
	struct nf_share *of[SLIM_MAX_WORKERS];
};

/* ---- main thread ----------------------------------------------------------------------------- */

struct nf_share_config {
	const char *name;   /* of the memory */
	uint32_t capacity;  /* that is wanted; not 0 */
	uint16_t n_workers; /* 1..SLIM_MAX_WORKERS */
	size_t size;        /* of the table's struct for a worker */
};

/* `capacity`, rounded up to equal shares. */
uint32_t nf_share_capacity(uint32_t capacity, uint16_t n_workers);

/* *s is zeroed before; fini takes that, and what init left after -ENOMEM. */
int nf_shares_init(struct nf_shares *s, const struct nf_share_config *config);
void nf_shares_fini(struct nf_shares *s);

/* Adds the table, with the capacity of all shares, and with them as `ctx` of its callbacks, to an agent that is created
 * but not started. Negative errno as of slim_table_create(); the shares are as before then. */
int nf_shares_create(struct nf_shares *s, struct slim_agent *agent,
		     const struct slim_table_config *config);

/* The table's struct for a worker; NULL: there is none, as init was not called, or failed. */
static inline void *
nf_share_at(const struct nf_shares *s, uint16_t worker)
{
	return s->of[worker];
}

/* ---- worker ------------------------------------------------------------------------------------ */

/* The table's struct for the worker whose agent it is; NULL: nobody's. */
void *nf_share_of(const struct nf_shares *s, const struct slim_worker *agent);

/* NF_NO_SLOT: none is left. */
static inline uint32_t
nf_share_take(struct nf_share *share)
{
	return share->n_free == 0 ? NF_NO_SLOT : share->free[--share->n_free];
}

/* One that was taken from here. */
static inline void
nf_share_give(struct nf_share *share, uint32_t slot)
{
	share->free[share->n_free++] = slot;
}

#endif
