/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The result of a run: as JSON for programs, as a table for people.
 *
 * JSON (times are CLOCK_MONOTONIC nanoseconds unless named otherwise):
 *   state          "done"; anything else: the run did not get to its end
 *   started_ns, ready_ns, stopped_ns, unix_minus_monotonic_ns
 *   void           why the run says nothing, each in words; none: it does (judge/load.h)
 *   config         what was asked for
 *   windows[]      name, start_ns, end_ns, judged, then a ledger each: up, down, sum; and
 *                  latency: {rtt, up, down}: {n, p50, p99, max} in microseconds,
 *                  hist: the same three as [upper bound of bin in ns, count] pairs
 *   total          ledger of all judged windows (everything since ready)
 *   flows          opened, closed, live, lossy (lives that lost a packet)
 *   cells          of a gateway: handovers begun and done, end markers
 *   generator      the generator's own troubles, its lateness, counters of its ports
 *   series         bin_ns, start_ns and one array a column
 *   incidents      n_total and the first JUDGE_MAX_INCIDENTS of them
 * A ledger: sent received lost duplicated reordered mistranslated max_gap_us, then what
 * mistranslated is made of (remapped misdelivered corrupt unknown), stale, and wrong_cell.
 */
#ifndef SLIM_BENCH_RESULT_H
#define SLIM_BENCH_RESULT_H

#include <stdint.h>
#include <stdio.h>

#include "traffic.h"

struct result_port {
	uint64_t received, sent, missed, errors, no_mbuf, tx_full;
};

struct result {
	const struct traffic *traffic;
	uint64_t started_ns;
	uint64_t stopped_ns;
	int64_t unix_minus_monotonic_ns;
	struct result_port ports[TRAFFIC_N_SIDES];
};

/* 0 or negative errno of the stream. */
int result_write_json(const struct result *r, FILE *out);
/* One line a subscriber: TEID of the gateway, octets of IP packets up, octets down, that came
 * through, in every window. Only with cells. */
int result_write_usage(const struct result *r, FILE *out);
void result_print(const struct result *r, FILE *out);

/* One line: what `stats` answers. Returns text in `line`. */
const char *result_line(const struct traffic *t, char *line, size_t size);

#endif
