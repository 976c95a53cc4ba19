/* SPDX-License-Identifier: Apache-2.0 */
/*
 * External ports: which there are, and which mapping has which.
 *
 * Ports come in blocks of N neighbours, and a block belongs to one bucket (port_rule.h). With N of at
 * least 2 it belongs to one subscriber, for all protocols (RFC 7422); with N of 1 every port is given by
 * itself.
 *
 * A port that was used a short time ago may rest (rest.h). That is marked apart from what is in use, and who looks for a
 * port says whether one that rests will do.
 *
 * What a subscriber has is a list of blocks that the caller keeps. A block is in use as long as one of its
 * ports is; who takes the last port out of it has given it back. While rows come from another instance
 * two mappings may have one port, or two subscribers one block, for a moment: the one that came last has it,
 * and the other one's removal takes nothing away.
 *
 * The pool is constant. All else belongs to the worker of the bucket. Nothing allocates after init.
 */
#ifndef NAT_PORTS_H
#define NAT_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "pool.h"
#include "protocol.h"
#include "slim_limits.h"

#define NAT_NO_BLOCK UINT32_MAX /* ports are given one by one */

/* ---- what is in use --------------------------------------------------------------------- */

/* The ports of one bucket, address and protocol, by place: one cache line. */
struct nat_port_set {
	uint64_t used[NAT_PLACE_WORDS];
	uint64_t resting[NAT_PLACE_WORDS];
};

struct nat_block {
	uint32_t owner;  /* subscriber + 1; 0: nobody */
	uint32_t next;   /* of the same owner: block + 1; 0: none */
	uint16_t n_used; /* ports of all protocols */
	uint16_t number; /* of its address in the pool */
	uint16_t n_resting;
	uint16_t reserved;
};

/* The blocks of one bucket and address. */
struct nat_block_group {
	uint64_t used[NAT_BLOCK_WORDS];
	uint64_t resting[NAT_BLOCK_WORDS]; /* those with a port that rests */
	uint32_t n_used;
	uint32_t reserved;
};

struct nat_port_table {
	struct nat_pool pool;
	/* [bucket][address][protocol]; apart, as who looks for a port reads many of one kind. */
	struct nat_port_set *sets;
	uint16_t *n_used;               /* ports of the set */
	uint32_t *slots;                /* [..][place]: slot + 1; 0: free */
	struct nat_block_group *groups; /* [bucket][address]; NULL: ports are given one by one */
	struct nat_block *blocks;       /* [bucket][address][block]; likewise */
};

/* Blocks of one owner. */
struct nat_block_list {
	uint32_t first; /* block + 1; 0: none */
	uint32_t n;
};

/* An external port, as a place. */
struct nat_place {
	uint32_t set;
	uint8_t bucket;
	uint8_t place;
	uint16_t number; /* of the address in the pool */
};

/* Which ports may be taken. */
enum nat_parity { NAT_PARITY_ANY = 0, NAT_PARITY_EVEN, NAT_PARITY_ODD };
enum nat_rested { NAT_RESTED_ONLY = 0, NAT_RESTED_OR_NOT };

/* Main thread. -ENOMEM; fini takes what init left. */
int nat_ports_init(struct nat_port_table *ports, const struct nat_config *config);
void nat_ports_fini(struct nat_port_table *ports);

static inline uint32_t
nat_ports_set(const struct nat_port_table *ports, uint8_t bucket, uint16_t number,
	      uint32_t protocol)
{
	return ((uint32_t)bucket * ports->pool.n_addresses + number) * NAT_N_PROTOCOLS + protocol;
}

/* The place of a port (host order) of an address of the pool. */
static inline struct nat_place
nat_ports_place(const struct nat_port_table *ports, uint16_t number, uint16_t port,
		uint32_t protocol)
{
	uint8_t bucket = nat_port_bucket(&ports->pool.rule, port);

	return (struct nat_place){
		.set = nat_ports_set(ports, bucket, number, protocol),
		.bucket = bucket,
		.place = nat_port_place(&ports->pool.rule, port),
		.number = number,
	};
}

/* A place in 32 bits, never 0; and back. */
_Static_assert((uint64_t)SLIM_N_BUCKETS *NAT_MAX_POOL *NAT_N_PROTOCOLS *NAT_PLACES < UINT32_MAX,
	       "a place of the largest pool fits");

static inline uint32_t
nat_place_pack(const struct nat_place *at)
{
	return at->set * NAT_PLACES + at->place + 1;
}

static inline struct nat_place
nat_place_unpack(const struct nat_port_table *ports, uint32_t packed, uint8_t bucket)
{
	uint32_t set = (packed - 1) / NAT_PLACES;

	return (struct nat_place){
		.set = set,
		.bucket = bucket,
		.place = (uint8_t)((packed - 1) % NAT_PLACES),
		.number = (uint16_t)(set / NAT_N_PROTOCOLS - bucket * ports->pool.n_addresses),
	};
}

/* Where the slot of a place stands. */
static inline uint32_t *
nat_ports_cell(const struct nat_port_table *ports, const struct nat_place *at)
{
	return &ports->slots[(size_t)at->set * NAT_PLACES + at->place];
}

/* The block of a place, or NAT_NO_BLOCK. */
static inline uint32_t
nat_ports_block(const struct nat_port_table *ports, const struct nat_place *at)
{
	const struct nat_pool *pool = &ports->pool;
	uint32_t group = (uint32_t)at->bucket * pool->n_addresses + at->number;

	if (pool->rule.block_shift == 0)
		return NAT_NO_BLOCK;
	return (group << (8 - pool->rule.block_shift)) + (at->place >> pool->rule.block_shift);
}

/* The first port (host order) of a block. */
static inline uint16_t
nat_block_first_port(const struct nat_port_table *ports, uint32_t block)
{
	uint32_t in_bucket = ports->pool.n_addresses * NAT_PLACES >> ports->pool.rule.block_shift;

	return nat_port_at(&ports->pool.rule, (uint8_t)(block / in_bucket),
			   (uint8_t)(block << ports->pool.rule.block_shift));
}

/* ---- find, worker -------------------------------------------------------------------------- */

/* How full an address is in a bucket: what is in use, of what is there. Of blocks where there are some. */
uint32_t nat_ports_n_used(const struct nat_port_table *ports, uint8_t bucket, uint16_t number,
			  uint32_t protocol, uint32_t *ret_n_allowed);

/* Is the port in the range, and nobody's? */
bool nat_ports_is_free(const struct nat_port_table *ports, const struct nat_place *at,
		       enum nat_rested rested);

/* What kind of port is looked for. */
struct nat_port_kind {
	uint8_t bucket;
	uint32_t protocol; /* enum nat_protocol */
	enum nat_parity parity;
	enum nat_rested rested;
};

/* A free port of an address, of any parity, from a random place on (RFC 6056). False: none, *ret untouched. */
bool nat_ports_find(const struct nat_port_table *ports, uint16_t number,
		    const struct nat_port_kind *kind, uint32_t random, struct nat_place *ret);

/* The same in one block. */
bool nat_ports_find_in_block(const struct nat_port_table *ports, uint32_t block,
			     const struct nat_port_kind *kind, uint32_t random,
			     struct nat_place *ret);

/* A free block of an address, from a random one on; NAT_NO_BLOCK: none. Only one without any port that rests, or
 * one that has some, too. */
uint32_t nat_ports_find_block(const struct nat_port_table *ports, uint8_t bucket, uint16_t number,
			      enum nat_rested rested, uint32_t random);

/* ---- change, worker ------------------------------------------------------------------------ */

/* Gives a port to a slot; false: another slot had it. */
static inline bool
nat_ports_give(struct nat_port_table *ports, const struct nat_place *at, uint32_t slot)
{
	uint64_t *used = &ports->sets[at->set].used[at->place >> 6];
	uint64_t bit = UINT64_C(1) << (at->place & 63);
	bool was_free = !(*used & bit);

	ports->n_used[at->set] = (uint16_t)(ports->n_used[at->set] + was_free);
	*used |= bit;
	*nat_ports_cell(ports, at) = slot + 1;
	return was_free;
}

/* Takes it back, if it still is the slot's. */
static inline void
nat_ports_take(struct nat_port_table *ports, const struct nat_place *at, uint32_t slot)
{
	uint32_t *cell = nat_ports_cell(ports, at);

	if (*cell != slot + 1)
		return;
	*cell = 0;
	ports->sets[at->set].used[at->place >> 6] &= ~(UINT64_C(1) << (at->place & 63));
	ports->n_used[at->set]--;
}

/* Marks that a port that does not rest does so from now on, and no longer. Its block bears both. */
void nat_ports_rest(struct nat_port_table *ports, const struct nat_place *at);
void nat_ports_wake(struct nat_port_table *ports, const struct nat_place *at);

static inline bool
nat_ports_is_resting(const struct nat_port_table *ports, const struct nat_place *at)
{
	return ports->sets[at->set].resting[at->place >> 6] >> (at->place & 63) & 1;
}

/* Counts a port of the block as in use. */
void nat_block_use(struct nat_port_table *ports, uint32_t block);

/* And as no longer in use. True: it was the last one; who owns the block unlinks it. */
bool nat_block_leave(struct nat_port_table *ports, uint32_t block);

/* Puts a block that nobody owns at the head of a list, or takes it out of the list it is in. */
void nat_block_link(struct nat_port_table *ports, uint32_t block, struct nat_block_list *list,
		    uint32_t owner);
void nat_block_unlink(struct nat_port_table *ports, uint32_t block, struct nat_block_list *list);

#endif
