/* SPDX-License-Identifier: Apache-2.0 */
/* Counters and their leases; see identification.h. */
#include "identification.h"

#include <string.h>

/* Splitmix: the counters begin anywhere. */
static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

void
nat_id_counters_init(struct nat_id_counters *c, uint64_t seed)
{
	c->keys[0] = next_random(&seed);
	c->keys[1] = next_random(&seed);
	for (uint32_t i = 0; i < NAT_ID_COUNTERS; i++)
		c->leases[i] = (uint16_t)next_random(&seed);
}

static void
use_range(struct nat_ids *ids, uint16_t first, uint16_t size)
{
	ids->first = first;
	ids->size = size;
	ids->era++; /* what is left is of the other range */
}

void
nat_ids_init(struct nat_ids *ids, struct nat_id_counters *c)
{
	*ids = (struct nat_ids){.counters = c, .keys = {c->keys[0], c->keys[1]}};
	use_range(ids, NAT_ID_NEW_FIRST, NAT_ID_NEW_SIZE);
}

uint32_t
nat_id_take_lease(struct nat_ids *ids, uint32_t counter)
{
	uint32_t n = __atomic_fetch_add(&ids->counters->leases[counter], 1, __ATOMIC_RELAXED);
	uint16_t at = (uint16_t)(n % (ids->size / NAT_ID_LEASE) * NAT_ID_LEASE);

	ids->leases[counter] = (struct nat_id_lease){.next = at + 1, .era = ids->era};
	return at;
}

static void
follow_service(struct nat_ids *ids, bool serves, uint64_t now_ns)
{
	if (!serves) {
		ids->settled_ns = 0;
		if (ids->first != NAT_ID_NEW_FIRST)
			use_range(ids, NAT_ID_NEW_FIRST, NAT_ID_NEW_SIZE);
	} else if (ids->settled_ns == 0) {
		ids->settled_ns = now_ns + NAT_ID_SETTLED_NS;
	} else if (ids->first == NAT_ID_NEW_FIRST && now_ns >= ids->settled_ns) {
		use_range(ids, NAT_ID_MAIN_FIRST, NAT_ID_MAIN_SIZE);
	}
}

void
nat_ids_tick(struct nat_ids *ids, bool serves, uint64_t now_ns)
{
	follow_service(ids, serves, now_ns);
	if (now_ns - ids->era_ns < NAT_ID_ERA_NS)
		return;
	ids->era_ns = now_ns;
	ids->era++;
}
