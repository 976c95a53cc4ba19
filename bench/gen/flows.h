/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which flows are open, and which addresses they have. Slots 0 .. n_fixed-1 open once and stay;
 * the others open and close. A closed slot is not opened again before guard_ns has passed,
 * and then with another source port: a pair of address and port comes back only after all
 * ports of its slot were used.
 *
 * Inside addresses are counted up over n_subscribers, so the low address byte (by which
 * a switch can tell buckets) is spread evenly. Pure; allocates only in flows_create().
 */
#ifndef SLIM_BENCH_FLOWS_H
#define SLIM_BENCH_FLOWS_H

#include <stdbool.h>
#include <stdint.h>

#include "../judge/ledger.h"

struct flows_config {
	uint32_t n_slots; /* open and waiting ones */
	uint32_t n_fixed; /* the first slots, never closed */
	uint64_t guard_ns;
	uint32_t subscriber_base; /* first inside address */
	uint32_t n_subscribers;
	uint32_t remote_base; /* first remote address */
	uint32_t n_remotes;
	uint64_t seed; /* of the choice which flow closes */
};

struct flows;

/* -EINVAL: a count is 0, or n_fixed > n_slots, or more slots than addresses have ports. */
int flows_create(const struct flows_config *config, struct flows **ret_flows);
void flows_destroy(struct flows *f);

/* Opens the slot that has been closed for longest. False: the guard time is not over. */
bool flows_open(struct flows *f, uint64_t now_ns, uint32_t *ret_slot);

/* Closes one open slot of those that may close, by chance. False: there is none. */
bool flows_close(struct flows *f, uint64_t now_ns, uint32_t *ret_slot);

bool flows_is_open(const struct flows *f, uint32_t slot);

/* Addresses of the slot's present life. */
ledger_endpoint flows_inside(const struct flows *f, uint32_t slot);
ledger_endpoint flows_remote(const struct flows *f, uint32_t slot);

/* Open slots that may close, in no particular order: i = 0 .. flows_n_open - 1. */
uint32_t flows_n_open(const struct flows *f);
uint32_t flows_open_at(const struct flows *f, uint32_t i);

#endif
