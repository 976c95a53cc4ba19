/* SPDX-License-Identifier: Apache-2.0 */
#include "census.h"

#include <stdlib.h>
#include <string.h>

#include "protocol.h"

_Static_assert(NAT_CENSUS_CELLS >= 2 * NAT_CENSUS_SIZE, "a search ends");

void
nat_census_begin(struct nat_census *census, uint64_t lower)
{
	census->lower = lower;
	census->upper = NAT_CENSUS_NO_END;
	census->n = 0;
	memset(census->cells, 0, sizeof(census->cells));
}

/* The cell of an address, or the free one where it belongs. */
static uint16_t *
find_cell(struct nat_census *census, uint32_t address)
{
	uint32_t i = address * UINT32_C(0x9e3779b1) >> 19;

	while (census->cells[i % NAT_CENSUS_CELLS] != 0 &&
	       census->residents[census->cells[i % NAT_CENSUS_CELLS] - 1].address != address)
		i++;
	return &census->cells[i % NAT_CENSUS_CELLS];
}

static int
compare(const void *a, const void *b)
{
	uint32_t left = ((const struct nat_resident *)a)->address;
	uint32_t right = ((const struct nat_resident *)b)->address;

	return (left > right) - (left < right);
}

static void
sort(struct nat_census *census)
{
	qsort(census->residents, census->n, sizeof(census->residents[0]), compare);
}

static void
forget_upper_half(struct nat_census *census)
{
	sort(census);
	census->n /= 2;
	census->upper = census->residents[census->n].address;
	memset(census->cells, 0, sizeof(census->cells));
	for (uint32_t i = 0; i < census->n; i++)
		*find_cell(census, census->residents[i].address) = (uint16_t)(i + 1);
}

static struct nat_resident *
find_or_add(struct nat_census *census, uint32_t address, rte_be32_t outside)
{
	uint16_t *cell = find_cell(census, address);

	if (*cell != 0)
		return &census->residents[*cell - 1];
	if (census->n == NAT_CENSUS_SIZE) {
		forget_upper_half(census);
		if (address >= census->upper)
			return NULL;
		cell = find_cell(census, address);
	}
	census->residents[census->n++] = (struct nat_resident){
		.address = address,
		.outside = outside,
	};
	*cell = (uint16_t)census->n;
	return &census->residents[census->n - 1];
}

void
nat_census_add(struct nat_census *census, const struct nat_session *session)
{
	uint32_t address = rte_be_to_cpu_32(session->inside_address);
	int protocol = nat_protocol_of(session->protocol);
	struct nat_resident *resident;

	if (address < census->lower || address >= census->upper || protocol < 0)
		return;
	resident = find_or_add(census, address, session->outside_address);
	if (resident == NULL)
		return;
	resident->n_sessions[protocol]++;
	resident->several |= resident->outside != session->outside_address;
}

void
nat_census_end(struct nat_census *census)
{
	sort(census);
}
