/* SPDX-License-Identifier: Apache-2.0 */
#include "map.h"

#define NONE UINT32_MAX

static uint32_t
get(const _Atomic uint64_t *entry, uint32_t generation)
{
	uint64_t value = atomic_load_explicit(entry, memory_order_relaxed);

	return value >> 32 == generation ? (uint32_t)value : NONE;
}

static void
set(_Atomic uint64_t *entry, uint32_t generation, uint32_t slot)
{
	atomic_store_explicit(entry, (uint64_t)generation << 32 | slot, memory_order_relaxed);
}

void
slim_map_init(struct slim_map *map, void *memory, uint32_t capacity)
{
	map->local_of = memory;
	map->source_of = map->local_of + slim_map_sources(capacity);
}

uint32_t
slim_map_find(const struct slim_map *map, uint32_t generation, uint32_t source)
{
	uint32_t local = get(&map->local_of[source], generation);

	/* Another source slot may have taken over the entry since. */
	if (local == NONE || get(&map->source_of[local], generation) != source)
		return NONE;
	return local;
}

void
slim_map_set(struct slim_map *map, uint32_t generation, uint32_t source, uint32_t local)
{
	set(&map->local_of[source], generation, local);
	set(&map->source_of[local], generation, source);
}

void
slim_map_clear(struct slim_map *map, uint32_t generation, uint32_t source)
{
	uint32_t local = slim_map_find(map, generation, source);

	if (local != NONE)
		set(&map->source_of[local], generation, NONE);
	set(&map->local_of[source], generation, NONE);
}
