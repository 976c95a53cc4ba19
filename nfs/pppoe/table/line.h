/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a line (table `line`): how often it may log in, and how long it has to wait after wrong passwords. A line is a client's
 * MAC address with its VLANs (struct pppoe_line_key); it has a slot only while there is something to remember, and who was
 * heard of least recently gives way when as many lines of this worker are remembered as may be. It moves, so a guesser gains
 * nothing by a move.
 *
 * Rows from another instance always find room: what a worker remembers of its own accord is its part of `capacity`, and
 * each has slots for all of them. So a full table of lines refuses no move, however many workers there are here and there.
 *
 * A bucket of log-ins is one time, as it stands (the generic cell rate algorithm): when it is full again.
 *
 * All calls that take a struct pppoe_lines belong to its worker; those that count are made while this instance serves.
 */
#ifndef PPPOE_TABLE_LINE_H
#define PPPOE_TABLE_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "ages.h"
#include "line_key.h"
#include "share.h"
#include "slim.h"
#include "slot_index.h"
#include "wheel.h"

struct pppoe_line {
	struct rte_ether_addr mac; /* key, with the next two */
	uint16_t outer;
	uint16_t inner;
	uint16_t failures; /* in a row */
	uint32_t reserved;
	uint64_t full;    /* SLIM_TIME: when its bucket of log-ins is full again; 0: it is */
	uint64_t blocked; /* SLIM_TIME: until then a wrong password is answered late; 0: no */
};

struct pppoe_line_config {
	uint32_t capacity; /* lines that are remembered, of all workers */
	uint16_t n_workers;
	uint64_t seed;
	uint32_t logins_per_minute; /* PADRs that make sessions, of a line; 0: any number */
	uint32_t burst;             /* of them at once; at least 1 */
	uint64_t delay_ns;          /* after a wrong password; doubled with each in a row */
	uint64_t max_delay_ns; /* failures are forgotten when nothing was heard for so long after */
};

extern const struct slim_field pppoe_line_fields[];
extern const uint16_t pppoe_line_n_fields;
extern const struct slim_table_ops pppoe_line_ops; /* ctx: its shares */

struct pppoe_line_table {
	struct nf_shares shares;
	struct pppoe_line_config config;
	uint64_t cost_ns;  /* of a log-in; 0: no limit */
	uint64_t burst_ns; /* of all that may come at once */
	uint32_t own;      /* lines that a worker remembers of its own accord */
};

struct pppoe_lines {
	struct nf_share share;
	const struct pppoe_line_table *shared;
	struct nf_slot_index index;
	struct nf_wheel
		wheel; /* by slot - share.first_slot: when there is nothing to remember any more */
	struct nf_ages ages; /* likewise, by when it was heard of last */
	uint64_t n_evicted;
};

/* Main thread, as for other tables. */
int pppoe_line_table_init(struct pppoe_line_table *t, const struct pppoe_line_config *config);
int pppoe_line_table_create(struct pppoe_line_table *t, struct slim_agent *agent);
void pppoe_line_table_fini(struct pppoe_line_table *t);

static inline struct pppoe_lines *
pppoe_lines_of(const struct pppoe_line_table *t, uint16_t worker)
{
	return nf_share_at(&t->shares, worker);
}

/* May it log in now? Counts it, if it may. */
bool pppoe_line_may_login(struct pppoe_lines *l, const struct pppoe_line_key *key, uint64_t now_ns);
/* A wrong password. Returns when the answer may be sent. */
uint64_t pppoe_line_failed(struct pppoe_lines *l, const struct pppoe_line_key *key,
			   uint64_t now_ns);
/* A right one: its failures are forgotten. */
void pppoe_line_succeeded(struct pppoe_lines *l, const struct pppoe_line_key *key);
/* Until when a log-in of this line is not even tried; 0: it may be. */
uint64_t pppoe_line_blocked(const struct pppoe_lines *l, const struct pppoe_line_key *key,
			    uint64_t now_ns);
/* Once a round: forgets what is over; bounded. */
void pppoe_line_tick(struct pppoe_lines *l, uint64_t now_ns);

/* Its slot, or NF_NO_SLOT: there is nothing to remember. */
uint32_t pppoe_line_find(const struct pppoe_lines *l, const struct pppoe_line_key *key);

#endif
