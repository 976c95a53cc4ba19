/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subscribers of a NAT (table `subscriber`): one slot for each inside address that has mappings.
 *
 * What decides about a new mapping, and cannot be told from the mappings that are there, is in the row and
 * moves with it: the external address (paired pooling, RFC 6888 REQ-2), and how far the rate of new mappings is
 * used up. So it does not matter in which order rows of mappings come from another instance.
 * What can be told from them is derived (struct nat_tally): how many there are, and the blocks of ports.
 *
 * A row of a mapping may come before its subscriber's, and go after it: a slot is taken by whoever comes
 * first, and given back when there is neither row nor mapping. A row stays without mappings for as long as
 * it says more than none would: until the rate is free again. Then who owns the bucket removes it.
 *
 * Subscribers have numbers from 0 in the share of their worker; the slot is share.first_slot + number. All calls that
 * take a struct nat_subscribers belong to its worker. Nothing here allocates after init.
 */
#ifndef NAT_SUBSCRIBER_H
#define NAT_SUBSCRIBER_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "ports.h"
#include "protocol.h"
#include "share.h"
#include "slim.h"
#include "slot_index.h"
#include "wheel.h"

#define NAT_NO_SUBSCRIBER UINT32_MAX

/* A row: 16 bytes, 24 with the slot's header. */
struct nat_subscriber {
	rte_be32_t address;         /* inside */
	rte_be32_t outside_address; /* of the pool */
	uint64_t rate_due;          /* lazy; until when its rate of new mappings is used up */
};

_Static_assert(sizeof(struct nat_subscriber) == 16, "a row is two words");

extern const struct slim_field nat_subscriber_fields[];
extern const uint16_t nat_subscriber_n_fields;
extern const struct slim_table_ops nat_subscriber_ops; /* ctx: its shares */

/* What is derived from other rows. */
struct nat_tally {
	rte_be32_t address; /* here, too: the row may not have come yet */
	uint32_t n_sessions;
	uint32_t n_of[NAT_N_PROTOCOLS]; /* of them */
	struct nat_block_list blocks;
};

struct nat_subscriber_table;

/* One worker's share. */
struct nat_subscribers {
	struct nf_share share;
	const struct nat_subscriber_table *shared;
	struct nf_slot_index index; /* address -> number */
	struct nat_tally *tallies;  /* by number */
	struct nf_wheel wheel;      /* those that have a row and no mapping */
};

/* All workers' shares. */
struct nat_subscriber_table {
	uint64_t rate_cost_ns; /* that a new mapping takes; 0: no limit */
	uint64_t rate_burst_ns;
	struct nf_shares shares;
};

/* Main thread. -ENOMEM. */
int nat_subscriber_table_init(struct nat_subscriber_table *t, const struct nat_config *config,
			      uint64_t seed);
/* Declares the table to an agent that is created but not started. Negative errno. */
int nat_subscriber_table_create(struct nat_subscriber_table *t, struct slim_agent *agent);
void nat_subscriber_table_fini(struct nat_subscriber_table *t);

static inline struct nat_subscriber *
nat_subscriber_at(const struct nat_subscribers *s, uint32_t number)
{
	return slim_slot(s->share.table, s->share.first_slot + number);
}

/* Has its row come, or been written? */
static inline bool
nat_subscriber_has_row(const struct nat_subscribers *s, uint32_t number)
{
	const void *row = nat_subscriber_at(s, number);

	return ((const struct slim_slot_head *)row - 1)->used;
}

static inline uint32_t
nat_subscriber_hash(const struct nat_subscribers *s, rte_be32_t address)
{
	return nf_slot_index_hash(&s->index, address);
}

static inline bool
nat_subscriber_equal(const void *tallies, uint32_t number, uint64_t address)
{
	return ((const struct nat_tally *)tallies)[number].address == (rte_be32_t)address;
}

/* Its number, or NAT_NO_SUBSCRIBER. */
uint32_t nat_subscriber_find(const struct nat_subscribers *s, rte_be32_t address);
/* By its hash, too. */
static inline uint32_t
nat_subscriber_find_by(const struct nat_subscribers *s, uint32_t hash, rte_be32_t address)
{
	return nf_slot_index_find(&s->index, hash, address, nat_subscriber_equal, s->tallies);
}

/* Takes a slot for one that is not there; there is one. Returns its number. */
uint32_t nat_subscriber_add(struct nat_subscribers *s, uint32_t hash, rte_be32_t address);

/* Finds it, or takes a slot; NAT_NO_SUBSCRIBER: none is left. */
uint32_t nat_subscriber_take(struct nat_subscribers *s, rte_be32_t address);

/* Its external address if there is a row, else 0. */
static inline rte_be32_t
nat_subscriber_outside(const struct nat_subscribers *s, uint32_t number)
{
	return nat_subscriber_has_row(s, number) ? nat_subscriber_at(s, number)->outside_address
						 : 0;
}

/* It has this external address from now on; writes the row if that is news. */
void nat_subscriber_settle(struct nat_subscribers *s, uint32_t number, rte_be32_t outside_address);

/* One mapping more; who has none is not looked for any longer. */
static inline void
nat_subscriber_join(struct nat_subscribers *s, uint32_t number, uint32_t protocol)
{
	s->tallies[number].n_sessions++;
	s->tallies[number].n_of[protocol]++;
	if (s->tallies[number].n_sessions == 1)
		nf_wheel_remove(&s->wheel, number);
}

/* One less. True: it was the last one, and nat_subscriber_release() is to be called when its blocks are
 * given back, too. */
static inline bool
nat_subscriber_leave(struct nat_subscribers *s, uint32_t number, uint32_t protocol)
{
	s->tallies[number].n_of[protocol]--;
	return --s->tallies[number].n_sessions == 0;
}

/* Nothing of it is left but its row: that goes when its time is over. `row_may_go`: not while rows come from another
 * instance, whose removal of it will come, too. */
void nat_subscriber_release(struct nat_subscribers *s, uint32_t number, bool row_may_go);

/* Is its rate used up? And takes one mapping's part of it. */
bool nat_subscriber_is_too_fast(const struct nat_subscribers *s, uint32_t number, uint64_t now_ns);
void nat_subscriber_count_rate(struct nat_subscribers *s, uint32_t number, uint64_t now_ns);

/* Looks at up to `n` rows without mappings whose time may be over. */
void nat_subscriber_tick(struct nat_subscribers *s, uint64_t now_ns, uint32_t n);

/* Asks for the memory of an address's index cell. */
static inline void
nat_subscriber_prefetch(const struct nat_subscribers *s, rte_be32_t address)
{
	nf_slot_index_prefetch(&s->index, nf_slot_index_hash(&s->index, address));
}

#endif
