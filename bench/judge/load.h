/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Was there a load to judge? A ledger without a fault proves nothing about packets that were never sent. A
 * run is void if its load was not the one that was asked for, or if nobody was there to see it; then it is
 * neither complete nor failed. Pure.
 */
#ifndef SLIM_BENCH_LOAD_H
#define SLIM_BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger.h"

/* What is known of a run, of all its judged windows. */
struct load {
	bool judged;      /* it came to the first judged window */
	uint64_t span_ns; /* from there to the end of the load */
	uint64_t unsent;  /* packets that were due and not sent */
	uint64_t undone;  /* changes of flows that were due and not made */
	uint64_t silent;  /* flows without a packet; ledger_n_silent() */
	struct ledger_counts counts[LEDGER_N_DIRECTIONS];
};

#define LOAD_TEXT_SIZE 96u

/* The next reason why the run is void, into `text`. `*cursor`: 0 at first. False: there is none any more. */
bool load_void(const struct load *load, unsigned *cursor, char text[LOAD_TEXT_SIZE]);
bool load_is_void(const struct load *load);

#endif
