/* SPDX-License-Identifier: Apache-2.0 */
/* Routes; see side.h. Pure. */
#include "side.h"

#include <stdlib.h>

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
	for (uint8_t s = 0; s < n_sides; s++)
		hops->hops[hops->n++] = (struct nf_hop){.prefix = sides[s].prefix, .side = s};
	for (uint32_t i = 0; i < routes->n; i++)
		hops->hops[hops->n++] = (struct nf_hop){
			.prefix = routes->routes[i].prefix,
			.via = routes->routes[i].via,
			.side = routes->routes[i].side,
		};
	qsort(hops->hops, hops->n, sizeof(hops->hops[0]), compare);
}

const struct nf_hop *
nf_hop_find(const struct nf_hops *hops, uint32_t address)
{
	for (uint32_t i = 0; i < hops->n; i++)
		if (nf_prefix_has(&hops->hops[i].prefix, address))
			return &hops->hops[i];
	return NULL;
}
