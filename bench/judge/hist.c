/* SPDX-License-Identifier: Apache-2.0 */
/* Log-linear histogram; see hist.h. */
#include "hist.h"

#define SUB (1u << HIST_SUB_BITS)

uint32_t
hist_bin(uint64_t ns)
{
	uint32_t octave;

	if (ns < SUB)
		return (uint32_t)ns;
	octave = 63u - (uint32_t)__builtin_clzll(ns);
	if (octave > HIST_MAX_OCTAVE)
		return HIST_BINS - 1u;
	return ((octave - HIST_SUB_BITS) << HIST_SUB_BITS) +
	       (uint32_t)(ns >> (octave - HIST_SUB_BITS));
}

uint64_t
hist_bin_floor(uint32_t bin)
{
	uint32_t shift;

	if (bin < 2u * SUB)
		return bin;
	shift = (bin >> HIST_SUB_BITS) - 1u;
	return (uint64_t)(SUB + (bin & (SUB - 1u))) << shift;
}

uint64_t
hist_bin_ceil(uint32_t bin)
{
	return bin + 1u < HIST_BINS ? hist_bin_floor(bin + 1u) - 1u : UINT64_MAX;
}

void
hist_add(struct hist *h, uint64_t ns)
{
	h->n++;
	h->bins[hist_bin(ns)]++;
	if (ns > h->max_ns)
		h->max_ns = ns;
}

void
hist_merge(struct hist *into, const struct hist *from)
{
	into->n += from->n;
	if (from->max_ns > into->max_ns)
		into->max_ns = from->max_ns;
	for (uint32_t i = 0; i < HIST_BINS; i++)
		into->bins[i] += from->bins[i];
}

uint64_t
hist_quantile(const struct hist *h, uint32_t permille)
{
	uint64_t want = (h->n / 1000u) * permille + (h->n % 1000u * permille + 999u) / 1000u;
	uint64_t seen = 0;

	if (h->n == 0)
		return 0;
	if (want == 0)
		want = 1;
	for (uint32_t i = 0; i < HIST_BINS; i++) {
		seen += h->bins[i];
		if (seen >= want)
			return hist_bin_ceil(i) < h->max_ns ? hist_bin_ceil(i) : h->max_ns;
	}
	return h->max_ns;
}
