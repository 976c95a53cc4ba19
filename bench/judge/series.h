/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time series of a run, for plots: equal bins of time, each with what was sent and
 * received in it, what became of what was sent in it, and how long that took.
 *
 * A packet is counted as sent, arrived and in the latency at the bin of the time at
 * which it was to be sent; `received` counts at the bin of its arrival. A bin's median
 * is fixed once JUDGE_SERIES_DEPTH newer bins have begun; a later sample still counts in
 * `arrived` and `latency_max_ns`. What lies outside of the series is not counted
 * (series_truncated tells). Pure; allocates only in series_create(). Single thread.
 */
#ifndef SLIM_BENCH_SERIES_H
#define SLIM_BENCH_SERIES_H

#include <stdbool.h>
#include <stdint.h>

struct series_bin {
	uint32_t sent;
	uint32_t arrived;  /* of those sent here; lost = sent - arrived at the end */
	uint32_t received; /* arrivals in this bin, also repeated ones */
	uint32_t n_round_trips;
	uint64_t latency_p50_ns; /* one way, both directions */
	uint64_t latency_max_ns;
	uint64_t round_trip_p50_ns;
	uint64_t round_trip_max_ns;
};

struct series;

/* -EINVAL: no bins, or more than JUDGE_SERIES_MAX_BINS; -ENOMEM. */
int series_create(uint64_t start_ns, uint64_t bin_ns, uint32_t n_bins, struct series **ret_series);
void series_destroy(struct series *s);

void series_sent(struct series *s, uint64_t sent_ns);
void series_unsent(struct series *s, uint64_t sent_ns);
/* Any arrival. */
void series_received(struct series *s, uint64_t now_ns);
/* First arrival of a packet. */
void series_arrived(struct series *s, uint64_t sent_ns, uint64_t now_ns);
/* A round trip that began at sent_ns. */
void series_round_trip(struct series *s, uint64_t sent_ns, uint64_t now_ns);

/* Fixes all medians. */
void series_finish(struct series *s);

/* Bins from the first to the last one in use. */
uint32_t series_n_bins(const struct series *s);
const struct series_bin *series_bin_at(const struct series *s, uint32_t i);
uint64_t series_start_ns(const struct series *s);
uint64_t series_bin_ns(const struct series *s);
bool series_truncated(const struct series *s);

#endif
