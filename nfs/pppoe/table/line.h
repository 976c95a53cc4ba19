/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a line (table `line`): how often it may log in, and how long it has to wait after wrong passwords. A line is a client's
 * MAC address with its VLANs (struct pppoe_line_key); it has a slot only while there is something to remember, and the oldest
 * one gives way when all are taken. It moves, so a guesser gains nothing by a move.
 */
#ifndef PPPOE_TABLE_LINE_H
#define PPPOE_TABLE_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "session_entry.h"
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
	uint64_t full;     /* SLIM_TIME: when its bucket of log-ins is full again */
	uint64_t blocked;  /* SLIM_TIME: until then a wrong password is answered late; 0: no */
};

struct pppoe_line_config {
	uint32_t capacity;
	uint16_t n_workers;
	uint64_t seed;
	uint32_t logins_per_minute; /* PADRs that make sessions, of a line; 0: any number */
	uint32_t burst;             /* of them at once */
	uint64_t delay_ns;          /* after a wrong password; doubled with each in a row */
	uint64_t max_delay_ns;
};

extern const struct slim_field pppoe_line_fields[];
extern const uint16_t pppoe_line_n_fields;
extern const struct slim_table_ops pppoe_line_ops; /* ctx: its shares */

struct pppoe_line_table {
	struct nf_shares shares;
	struct pppoe_line_config config;
};

struct pppoe_lines {
	struct nf_share share;
	const struct pppoe_line_table *shared;
	struct nf_slot_index index;
	struct nf_wheel wheel; /* when there is nothing to remember any more */
	uint64_t n_evicted;
};

int pppoe_line_table_init(struct pppoe_line_table *t, const struct pppoe_line_config *config);
int pppoe_line_table_create(struct pppoe_line_table *t, struct slim_agent *agent);
void pppoe_line_table_fini(struct pppoe_line_table *t);

static inline struct pppoe_lines *
pppoe_lines_of(const struct pppoe_line_table *t, uint16_t worker)
{
	return nf_share_at(&t->shares, worker);
}

/* May it log in now? Counts it. */
bool pppoe_line_may_login(struct pppoe_lines *l, const struct pppoe_line_key *key, uint64_t now_ns);
/* A wrong password. Returns when the answer may be sent. */
uint64_t pppoe_line_failed(struct pppoe_lines *l, const struct pppoe_line_key *key, uint64_t now_ns);
/* A right one: its failures are forgotten. */
void pppoe_line_succeeded(struct pppoe_lines *l, const struct pppoe_line_key *key);
/* Until when a log-in of this line is not even tried; 0: it may be. */
uint64_t pppoe_line_blocked(const struct pppoe_lines *l, const struct pppoe_line_key *key, uint64_t now_ns);
/* Forgets what is over; bounded. */
void pppoe_line_tick(struct pppoe_lines *l, uint64_t now_ns);

#endif
