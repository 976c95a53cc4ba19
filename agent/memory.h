/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory: zones of whole pages that another process can map.
 *
 * A zone is a DPDK memzone that begins and ends at page borders of the memory
 * it lies in, so that passing its descriptors on shows nothing else. Main thread only.
 */
#ifndef SLIM_AGENT_MEMORY_H
#define SLIM_AGENT_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "slim_shm.h"

struct rte_memzone;

struct memory_zone {
	const struct rte_memzone *mz;
	void *addr;
	size_t size;      /* whole pages */
	size_t page_size; /* of the memory below */
};

/* File ranges and descriptors of all zones, as the registration sends them. */
struct memory_export {
	struct slim_reg_hello hello;
	int fds[SLIM_MAX_RANGES]; /* DPDK's own: never closed here */
};

/* Reserves at least `size` bytes, zeroed. `name` is unique in the process (< 32 bytes).
 * 0, -ENOMEM, or another negative errno of DPDK's. */
int slim_memory_reserve(const char *name, size_t size, int socket_id, struct memory_zone *ret_zone);

/* NULL members are allowed. */
void slim_memory_free(struct memory_zone *zone);

/* Begins an export. */
void slim_memory_export_init(struct memory_export *export);

/* Adds a zone; zones are added in order of their numbers. -E2BIG when the zone is
 * spread over more files than a registration can carry (start the NF with
 * --single-file-segments), -ENOTSUP when the memory has no descriptor. */
int slim_memory_export_add(struct memory_export *export, const struct memory_zone *zone);

#endif
