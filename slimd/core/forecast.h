/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long would the hold be if it began now? Measured, never hoped.
 *
 * Two things are measured. The *rate*: bytes that the peer acknowledged over the time in which
 * something was on its way, for the last FORECAST_PERIODS periods in which enough was on its way
 * to say something about the path (until there is one: the best of the others, which the path
 * carries at least). Slow periods last longer, so they weigh more. The *trip*: a
 * question is asked behind all that is queued (in the connection, in TLS, in the socket, in the
 * network, at the peer's workers) and the time until its answer is taken. That is what the
 * last frame of a hand-over will go through. The worst of the last FORECAST_TRIPS counts, and a
 * question that is still open counts as far as it has waited.
 *
 * What is said is on the safe side: the trip holds what was queued before the question, and what is
 * queued now is added once more.
 *
 * Pure: time is a parameter, nanoseconds of one monotonic clock. No memory but the struct.
 */
#ifndef SLIMD_CORE_FORECAST_H
#define SLIMD_CORE_FORECAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FORECAST_PERIODS 8u
#define FORECAST_TRIPS 4u

struct forecast_period {
	uint64_t bytes, ns;
};

struct forecast {
	/* deliveries */
	uint64_t in_flight;  /* bytes */
	uint64_t busy_ns;    /* since when without a pause something is on its way */
	uint64_t busy_bytes; /* acknowledged since then */
	struct forecast_period periods[FORECAST_PERIODS];
	uint32_t n_periods;           /* all together */
	struct forecast_period small; /* the best of those that were too small to count */
	/* trips */
	uint64_t asked_ns;    /* 0: no question is open */
	uint64_t answered_ns; /* 0: never */
	uint64_t trips_ns[FORECAST_TRIPS];
	uint32_t n_trips; /* all together */
	uint64_t least_trip_ns;
};

void forecast_init(struct forecast *f);

/* Bytes were given to the connection; bytes were acknowledged. */
void forecast_sent(struct forecast *f, uint64_t now_ns, uint64_t bytes);
void forecast_delivered(struct forecast *f, uint64_t now_ns, uint64_t bytes);

/* What was on its way will not be acknowledged any more (the connection is another). */
void forecast_forget(struct forecast *f);

/* Is it time to ask (none is open, the last answer is not of this moment)? Seldom while the last trips were alike. */
bool forecast_wants_question(const struct forecast *f, uint64_t now_ns);
void forecast_asked(struct forecast *f, uint64_t now_ns);
void forecast_answered(struct forecast *f, uint64_t now_ns);

/* Bytes a second; 0: nothing is known yet. */
uint64_t forecast_rate(const struct forecast *f);

/* The trip as it is now; 0: nothing is known, or what is known is too old. */
uint64_t forecast_trip_ns(const struct forecast *f, uint64_t now_ns);

/* The shortest trip of all: how far the peer is. What is above it is queued somewhere, and may be more the
 * next time. 0: not known. */
uint64_t forecast_distance_ns(const struct forecast *f);

/* Until all is there and answered, with `bytes` queued below or still to be queued. 0: not known. */
uint64_t forecast_hold_ns(const struct forecast *f, uint64_t now_ns, uint64_t bytes);

/* Bytes that should be on their way at most, so that the path is kept busy and nothing else has to
 * wait for long behind them. Between `least` and `most`. */
uint64_t forecast_window(const struct forecast *f, uint64_t least, uint64_t most);

#endif
