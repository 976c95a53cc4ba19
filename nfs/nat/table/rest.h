/* SPDX-License-Identifier: Apache-2.0 */
/*
 * External ports that rest (table `rest`): those of mappings that ended a short time ago, and that no new
 * mapping is to get yet (RFC 6888 REQ-8). Ports of TCP do not rest: its connections are followed to their end.
 *
 * A rest never refuses a mapping. Where no other port is left for one, a resting one is given; and where all the
 * slots are taken, a port does not rest at all. Both are counted, as rests that were cut short.
 *
 * The rows move, so a port rests as long at another instance. Which ports rest is marked in ports.h, apart from those in
 * use: so it does not matter whether the row of a new mapping comes before the rest's removal.
 *
 * Rests have numbers from 0 in the share of their worker, whose bucket the port is; the slot is share.first_slot + number. All calls
 * that take a struct nat_rests belong to the worker. Nothing here allocates after init.
 */
#ifndef NAT_REST_H
#define NAT_REST_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "ports.h"
#include "share.h"
#include "slim.h"
#include "slot_index.h"
#include "wheel.h"

/* A row: 16 bytes, 24 with the slot's header. */
struct nat_rest {
	rte_be32_t outside_address;
	rte_be16_t outside_port;
	uint8_t protocol; /* IPPROTO_UDP, _ICMP */
	uint8_t reserved;
	uint64_t until;
};

_Static_assert(sizeof(struct nat_rest) == 16, "a row is two words");

extern const struct slim_field nat_rest_fields[];
extern const uint16_t nat_rest_n_fields;
extern const struct slim_table_ops nat_rest_ops; /* ctx: its shares */

struct nat_rest_table;

/* One worker's share. */
struct nat_rests {
	struct nf_share share;
	struct nat_rest_table *shared;
	const uint64_t *now_ns;
	struct nf_slot_index index; /* first word of the row -> number */
	uint64_t *keys;             /* by number */
	struct nf_wheel wheel;
	uint64_t n_cut; /* the worker adds it to its counters */
};

/* All workers' shares. */
struct nat_rest_table {
	struct nat_port_table *ports;
	uint64_t delay_ns; /* 0: no port rests */
	struct nf_shares shares;
};

/* Main thread. `ports` outlives the table. -ENOMEM. */
int nat_rest_table_init(struct nat_rest_table *t, struct nat_port_table *ports,
			const struct nat_config *config, uint64_t seed);
/* Declares the table to an agent that is created but not started. Negative errno. */
int nat_rest_table_create(struct nat_rest_table *t, struct slim_agent *agent);
void nat_rest_table_fini(struct nat_rest_table *t);

/* A mapping of this protocol (IPPROTO) has ended now, and its port, at this place of the pool, rests. */
void nat_rest_begin(struct nat_rests *s, rte_be32_t outside_address, rte_be16_t outside_port,
		    uint8_t protocol);

/* Asks for what nat_rest_begin() will need: as the `nth` rest that begins from now on, from 0. */
void nat_rest_prefetch(const struct nat_rests *s, rte_be32_t outside_address,
		       rte_be16_t outside_port, uint8_t protocol, uint32_t nth);

/* The port is given to a mapping: if it rests, that is over. */
void nat_rest_cut(struct nat_rests *s, rte_be32_t outside_address, rte_be16_t outside_port,
		  uint8_t protocol);

/* Ends up to `n` rests whose time is over, if this instance owns their bucket. */
void nat_rest_tick(struct nat_rests *s, uint64_t now_ns, uint32_t n);

#endif
