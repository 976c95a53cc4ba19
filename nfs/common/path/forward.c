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
}

static const struct nf_hop *
find(const struct nf_hops *hops, uint32_t address)
{
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

/* `absent`: there is no way, or it is by another side. */
static enum nf_refusal
look_up(const struct nf_hops *hops, rte_be32_t address, uint8_t side, enum nf_refusal absent,
	const struct nf_hop **ret_hop)
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
	*ret_hop = hop;
	return NF_ALLOWED;
}

static void
set_next(struct nf_next *next, const struct nf_hop *hop, rte_be32_t address)
{
	next->address = hop->via != 0 ? hop->via : address;
	next->side = hop->side;
}

enum nf_refusal
nf_may_come(const struct nf_hops *hops, rte_be32_t source, uint8_t side)
{
	const struct nf_hop *hop;

	return look_up(hops, source, side, NF_SPOOFED, &hop);
}

enum nf_refusal
nf_may_go(const struct nf_hops *hops, rte_be32_t destination, uint8_t side,
	  struct nf_next *ret_next)
{
	const struct nf_hop *hop;
	enum nf_refusal refusal = look_up(hops, destination, side, NF_NO_ROUTE, &hop);

	if (refusal == NF_ALLOWED)
		set_next(ret_next, hop, destination);
	return refusal;
}

enum nf_refusal
nf_may_answer(const struct nf_hops *hops, rte_be32_t sender, uint8_t side, struct nf_next *ret_next)
{
	const struct nf_hop *hop;
	enum nf_refusal refusal = look_up(hops, sender, side, NF_SPOOFED, &hop);

	if (refusal == NF_ALLOWED)
		set_next(ret_next, hop, sender);
	return refusal;
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
