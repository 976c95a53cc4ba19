/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map: which local slot holds the row of which source slot, and back, in one session.
 *
 * An entry counts in the generation in which it was set, and in no other: so a new session begins with
 * an empty map at no cost. An entry is touched by one worker at a time; the hand-over from one
 * worker to the next goes through slimd (P6, then P5).
 */
#ifndef SLIM_AGENT_MAP_H
#define SLIM_AGENT_MAP_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "slim_limits.h"

struct slim_map {
	_Atomic uint64_t *local_of;  /* source slot -> generation << 32 | local slot */
	_Atomic uint64_t *source_of; /* local slot -> generation << 32 | source slot */
};

/* A source may have twice the slots of this table, as long as its entries fit: so one of other
 * workers, or of a smaller table, can take over too, and nothing but this number bounds the map. */
static inline uint32_t
slim_map_sources(uint32_t capacity)
{
	return capacity < SLIM_MAX_CAPACITY / 2 ? 2 * capacity : SLIM_MAX_CAPACITY;
}

/* Memory of a map for a table of that many slots; zeros at the start. */
static inline size_t
slim_map_size(uint32_t capacity)
{
	return sizeof(uint64_t) * ((size_t)slim_map_sources(capacity) + capacity);
}

void slim_map_init(struct slim_map *map, void *memory, uint32_t capacity);

/* Local slot that stands for a source slot, which is below slim_map_sources(); UINT32_MAX if
 * none (any more). `generation`: not 0. */
uint32_t slim_map_find(const struct slim_map *map, uint32_t generation, uint32_t source);
void slim_map_set(struct slim_map *map, uint32_t generation, uint32_t source, uint32_t local);
void slim_map_clear(struct slim_map *map, uint32_t generation, uint32_t source);

#endif
