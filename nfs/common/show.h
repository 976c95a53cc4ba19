/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every NF can show of itself (command.h), and how entries are read for it. Main thread: rows
 * are read from the slots under their sequence, so the workers pay nothing.
 */
#ifndef NF_SHOW_H
#define NF_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "neighbour.h"
#include "worker.h"
#include "slim.h"

#define NF_SLOTS_A_STEP 4096u /* looked at in one step of a request */

/* What runs; constant while it does. nf_request.running. */
struct nf_running {
	struct nf_worker *workers;
	uint16_t n_workers;
	unsigned int n_counters;                /* all of them, with those of counter.h */
	const struct nf_counter_name *counters; /* from NF_N_COUNTERS on */
};

const struct nf_counter_name *nf_counter_name(const struct nf_running *running,
					      unsigned int counter);
/* Over all workers. */
uint64_t nf_counter_sum(const struct nf_running *running, unsigned int counter);

/* A consistent copy of the entry in a slot of a table, `size` bytes, a multiple of 8. False: the slot
 * is empty, or is being written again and again. */
bool nf_entry_read(const struct slim_table *table, uint32_t slot, void *ret_entry, uint32_t size);

/* Step of `show counters`: all of them, also those that are 0. */
bool nf_show_counters(struct nf_request *r, struct nf_reply *reply);
/* Of `show neighbours`. */
bool nf_show_neighbours(struct nf_request *r, struct nf_reply *reply,
			const struct nf_neighbour_table *table);

#endif
