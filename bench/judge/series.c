/* SPDX-License-Identifier: Apache-2.0 */
/* Time series; see series.h. The newest bins keep a histogram each, in a ring. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hist.h"
#include "judge_limits.h"
#include "series.h"

struct depth {
	struct hist latency;
	struct hist round_trip;
};

struct series {
	uint64_t start_ns;
	uint64_t bin_ns;
	uint32_t n_bins;
	uint32_t newest; /* bin; the ring holds newest - JUDGE_SERIES_DEPTH + 1 .. newest */
	bool truncated;
	struct series_bin *bins;
	struct depth *ring;
};

int
series_create(uint64_t start_ns, uint64_t bin_ns, uint32_t n_bins, struct series **ret_series)
{
	struct series *s;

	if (bin_ns == 0 || n_bins == 0 || n_bins > JUDGE_SERIES_MAX_BINS)
		return -EINVAL;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	s->start_ns = start_ns;
	s->bin_ns = bin_ns;
	s->n_bins = n_bins;
	s->bins = calloc(n_bins, sizeof(*s->bins));
	s->ring = calloc(JUDGE_SERIES_DEPTH, sizeof(*s->ring));
	if (s->bins == NULL || s->ring == NULL) {
		series_destroy(s);
		return -ENOMEM;
	}
	*ret_series = s;
	return 0;
}

void
series_destroy(struct series *s)
{
	if (s == NULL)
		return;
	free(s->bins);
	free(s->ring);
	free(s);
}

static void
fix_medians(struct series *s, uint32_t bin)
{
	struct depth *d = &s->ring[bin % JUDGE_SERIES_DEPTH];

	if (d->latency.n == 0 && d->round_trip.n == 0)
		return;
	s->bins[bin].latency_p50_ns = hist_quantile(&d->latency, 500);
	s->bins[bin].round_trip_p50_ns = hist_quantile(&d->round_trip, 500);
	memset(d, 0, sizeof(*d));
}

/* Makes `bin` the newest; bins that leave the ring are fixed. */
static void
advance(struct series *s, uint32_t bin)
{
	while (s->newest < bin) {
		s->newest++;
		if (s->newest >= JUDGE_SERIES_DEPTH)
			fix_medians(s, s->newest - JUDGE_SERIES_DEPTH);
	}
}

/* The bin of a time, or NULL outside of the series. *ret_depth is NULL once it is fixed. */
static struct series_bin *
find(struct series *s, uint64_t at_ns, struct depth **ret_depth)
{
	uint64_t i = at_ns < s->start_ns ? UINT64_MAX : (at_ns - s->start_ns) / s->bin_ns;

	if (i >= s->n_bins) {
		s->truncated = true;
		return NULL;
	}
	advance(s, (uint32_t)i);
	*ret_depth = i + JUDGE_SERIES_DEPTH > s->newest ? &s->ring[i % JUDGE_SERIES_DEPTH] : NULL;
	return &s->bins[i];
}

void
series_sent(struct series *s, uint64_t sent_ns)
{
	struct depth *d;
	struct series_bin *b = find(s, sent_ns, &d);

	if (b != NULL)
		b->sent++;
}

void
series_unsent(struct series *s, uint64_t sent_ns)
{
	struct depth *d;
	struct series_bin *b = find(s, sent_ns, &d);

	if (b != NULL)
		b->sent--;
}

void
series_received(struct series *s, uint64_t now_ns)
{
	struct depth *d;
	struct series_bin *b = find(s, now_ns, &d);

	if (b != NULL)
		b->received++;
}

void
series_arrived(struct series *s, uint64_t sent_ns, uint64_t now_ns)
{
	struct depth *d;
	struct series_bin *b = find(s, sent_ns, &d);
	uint64_t ns = now_ns > sent_ns ? now_ns - sent_ns : 0;

	if (b == NULL)
		return;
	b->arrived++;
	if (ns > b->latency_max_ns)
		b->latency_max_ns = ns;
	if (d != NULL)
		hist_add(&d->latency, ns);
}

void
series_round_trip(struct series *s, uint64_t sent_ns, uint64_t now_ns)
{
	struct depth *d;
	struct series_bin *b = find(s, sent_ns, &d);
	uint64_t ns = now_ns > sent_ns ? now_ns - sent_ns : 0;

	if (b == NULL)
		return;
	b->n_round_trips++;
	if (ns > b->round_trip_max_ns)
		b->round_trip_max_ns = ns;
	if (d != NULL)
		hist_add(&d->round_trip, ns);
}

void
series_finish(struct series *s)
{
	uint32_t first = s->newest >= JUDGE_SERIES_DEPTH ? s->newest - JUDGE_SERIES_DEPTH + 1u : 0;

	for (uint32_t i = first; i <= s->newest; i++)
		fix_medians(s, i);
}

uint32_t
series_n_bins(const struct series *s)
{
	return s->newest + 1u;
}

const struct series_bin *
series_bin_at(const struct series *s, uint32_t i)
{
	return &s->bins[i];
}

uint64_t
series_start_ns(const struct series *s)
{
	return s->start_ns;
}

uint64_t
series_bin_ns(const struct series *s)
{
	return s->bin_ns;
}

bool
series_truncated(const struct series *s)
{
	return s->truncated;
}
