/* SPDX-License-Identifier: Apache-2.0 */
/* See forward.h. Pure. */
#include "forward.h"

#include <stdlib.h>
#include <string.h>

#define LINK_LOCAL UINT32_C(0xa9fe0000)
#define LINK_LOCAL_MASK UINT32_C(0xffff0000)
#define POINT_TO_POINT UINT32_C(0xfffffffe) /* and longer: no broadcast address (RFC 3021) */

static int
compare(const void *a, const void *b)
{
	uint32_t left = ((const struct nf_hop *)a)->prefix.mask;
	uint32_t right = ((const struct nf_hop *)b)->prefix.mask;

	return (left < right) - (left > right);
}

/* ---- the table ------------------------------------------------------------------------------ */

static void
set_ways(struct nf_hops *hops, uint32_t first, uint32_t last, uint8_t way)
{
	for (uint32_t top = first >> 16; top <= last >> 16; top++)
		hops->ways[nf_way_of(rte_cpu_to_be_32(top << 16))] = way;
}

static void
mark_special(struct nf_hops *hops, uint32_t address)
{
	uint8_t *way = &hops->ways[nf_way_of(rte_cpu_to_be_32(address))];

	if (*way != 0)
		*way |= NF_WAY_SPECIAL;
}

/* The longer prefix covers the shorter one; what is longer than 16 bits leaves something to look for. */
static void
fill_ways(struct nf_hops *hops)
{
	set_ways(hops, 0, UINT32_MAX, 0);
	for (uint32_t i = hops->n; i-- > 0;) {
		const struct nf_prefix *prefix = &hops->hops[i].prefix;
		bool is_short = (prefix->mask & 0xffff) == 0;

		set_ways(hops, prefix->address, prefix->address | ~prefix->mask,
			 is_short ? (uint8_t)(i + 1) : 0);
	}
	set_ways(hops, LINK_LOCAL, LINK_LOCAL, 0);
	set_ways(hops, UINT32_C(0), UINT32_C(0x00ffffff), 0);
	set_ways(hops, UINT32_C(0x7f000000), UINT32_C(0x7fffffff), 0);
	set_ways(hops, UINT32_C(0xe0000000), UINT32_MAX, 0);
	for (uint32_t i = 0; i < hops->n_own; i++)
		mark_special(hops, rte_be_to_cpu_32(hops->own[i]));
	for (uint32_t i = 0; i < hops->n; i++) {
		const struct nf_prefix *prefix = &hops->hops[i].prefix;

		if (hops->hops[i].via != 0)
			continue;
		mark_special(hops, prefix->address);
		mark_special(hops, prefix->address | ~prefix->mask);
	}
}

void
nf_hops_init(struct nf_hops *hops, const struct nf_side *sides, uint8_t n_sides,
	     const struct nf_routes *routes)
{
	hops->n = 0;
	hops->n_own = n_sides;
	for (uint8_t s = 0; s < n_sides; s++) {
		hops->own[s] = sides[s].address;
		hops->hops[hops->n++] = (struct nf_hop){.prefix = sides[s].prefix, .side = s};
	}
	for (uint32_t i = 0; i < routes->n; i++)
		hops->hops[hops->n++] = (struct nf_hop){
			.prefix = routes->routes[i].prefix,
			.via = routes->routes[i].via,
			.side = routes->routes[i].side,
		};
	qsort(hops->hops, hops->n, sizeof(hops->hops[0]), compare);
	fill_ways(hops);
}

void
nf_hops_add(struct nf_hops *hops, const struct nf_prefix *prefix, uint8_t side)
{
	hops->hops[hops->n++] = (struct nf_hop){.prefix = *prefix, .side = side};
	qsort(hops->hops, hops->n, sizeof(hops->hops[0]), compare);
	fill_ways(hops);
}

void
nf_hops_mark(struct nf_hops *hops, uint32_t first, uint32_t last)
{
	for (uint32_t top = first >> 16; top <= last >> 16; top++)
		mark_special(hops, top << 16);
}

/* ---- what it does not answer ------------------------------------------------------------------ */

static const struct nf_hop *
find(const struct nf_hops *hops, uint32_t address)
{
	uint8_t way = hops->ways[nf_way_of(rte_cpu_to_be_32(address))];

	if (way != 0)
		return &hops->hops[(way & NF_WAY_HOP) - 1];
	for (uint32_t i = 0; i < hops->n; i++)
		if (nf_prefix_has(&hops->hops[i].prefix, address))
			return &hops->hops[i];
	return NULL;
}

static bool
is_own(const struct nf_hops *hops, rte_be32_t address)
{
	for (uint32_t i = 0; i < hops->n_own; i++)
		if (hops->own[i] == address)
			return true;
	return false;
}

/* What only the way to it tells. */
static bool
is_host_behind(const struct nf_hop *hop, uint32_t address)
{
	uint32_t mask = hop->prefix.mask;

	if (hop->via != 0)
		return (address & LINK_LOCAL_MASK) != LINK_LOCAL;
	return mask >= POINT_TO_POINT ||
	       (address != hop->prefix.address && address != (hop->prefix.address | ~mask));
}

__attribute__((noinline)) enum nf_refusal
nf_look_up(const struct nf_hops *hops, rte_be32_t address, uint8_t side, enum nf_refusal absent,
	   struct nf_next *ret_next)
{
	uint32_t host = rte_be_to_cpu_32(address);
	const struct nf_hop *hop;

	if (nf_is_unroutable(address) || is_own(hops, address))
		return NF_BAD_ADDRESS;
	hop = find(hops, host);
	if (hop == NULL || hop->side != side)
		return absent;
	if (!is_host_behind(hop, host))
		return NF_BAD_ADDRESS;
	ret_next->address = hop->via != 0 ? hop->via : address;
	ret_next->side = side;
	return NF_ALLOWED;
}

bool
nf_ipv6_may_go(const uint8_t address[16])
{
	static const uint8_t zero[12];
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	bool of_link = address[0] == 0xfe && (address[1] & 0xc0) == 0x80;

	return address[0] != 0xff && !of_link && memcmp(address, zero, 12) != 0 &&
	       memcmp(address, mapped, 12) != 0;
}
