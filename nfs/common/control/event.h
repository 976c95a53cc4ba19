/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events: what a worker has to tell whoever watches. A ring of each worker holds its last NF_EVENTS; a new one
 * takes the place of the oldest, so a worker never waits and nobody has to read. Who watches has a place of his
 * own in each ring; what he was too slow for is counted, and he is told how many.
 *
 * One thread puts, any other may take at the same time: an event is valid if its number stands before and
 * behind its words.
 */
#ifndef NF_EVENT_H
#define NF_EVENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "slim_limits.h"

#define NF_EVENTS 1024u /* remembered, of one worker; a power of two */
#define NF_EVENT_WORDS 4u

struct nf_event {
	uint64_t number;                /* of this worker's, from 1 */
	uint64_t words[NF_EVENT_WORDS]; /* the NF's */
};

struct nf_event_place {
	_Atomic uint64_t number; /* 0: being written */
	_Atomic uint64_t words[NF_EVENT_WORDS];
};

/* Zeroed memory is an empty ring. */
struct nf_events {
	_Atomic uint64_t n; /* ever put */
	struct nf_event_place ring[NF_EVENTS];
};

/* Worker. */
void nf_event_put(struct nf_events *events, const uint64_t words[NF_EVENT_WORDS]);

/* The next event behind `*seen`, the number of the last one that was taken. False: there is none. Adds to
 * *lost what is not remembered any more. */
bool nf_event_take(const struct nf_events *events, uint64_t *seen, uint64_t *lost,
		   struct nf_event *ret_event);

/* Who watches all workers' events, in a command's workspace; zeroed before the first call. */
struct nf_watch {
	bool begun;
	uint16_t turn; /* worker whose events come next */
	uint64_t lost; /* to be told */
	uint64_t seen[SLIM_MAX_WORKERS];
};

/* From what is put from now on; with `recent` from what is remembered. */
void nf_watch_begin(struct nf_watch *watch, struct nf_events *const *events, uint16_t n_workers,
		    bool recent);
/* The next event of any worker: its own in order, the workers in turn. */
bool nf_watch_next(struct nf_watch *watch, struct nf_events *const *events, uint16_t n_workers,
		   struct nf_event *ret_event, uint16_t *ret_worker);

#endif
