/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory: zones of whole pages that another process can map, and what it is given of them.
 *
 * Two kinds. A table is large and every packet looks at it: it is a DPDK memzone, on DPDK's (huge)
 * pages, and begins and ends at page borders. What slimd writes, and the status that it reads, has a
 * memory file of its own, which cannot shrink: slimd can write nothing of the NF but that one file, and a
 * mapping that outlives the agent is never the memory of another one.
 *
 * slimd gets descriptors that are opened for reading, but for the one file that it writes. Main thread only.
 */
#ifndef SLIM_AGENT_MEMORY_H
#define SLIM_AGENT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slim_shm.h"

struct rte_memzone;

struct memory_zone {
	const struct rte_memzone *mz; /* NULL: a file of its own, or nothing */
	void *addr;                   /* NULL: nothing */
	size_t size;                  /* whole pages */
	size_t page_size;             /* of the memory below */
	int fd;                       /* the file, if it is one of its own */
};

/* File ranges and descriptors of all zones, as the registration sends them. */
struct memory_export {
	struct slim_reg_hello hello;
	int fds[SLIM_MAX_RANGES];     /* of our own: closed by slim_memory_export_close() */
	int sources[SLIM_MAX_RANGES]; /* the descriptors that they were opened from */
};

/* Reserves at least `size` bytes of DPDK's memory, zeroed. `name` is unique in the process (< 32 bytes).
 * 0, -ENOMEM, or another negative errno of DPDK's. */
int slim_memory_reserve(const char *name, size_t size, int socket_id, struct memory_zone *ret_zone);

/* Makes a memory file of at least `size` bytes, zeroed, all of it there, sealed against any other size.
 * 0 or a negative errno (-ENOMEM, -EMFILE, ...). */
int slim_memory_create(const char *name, size_t size, struct memory_zone *ret_zone);

/* From now on nobody can map the zone's own file for writing, however the file is opened; the mapping that
 * this process has stays writable. A kernel before 5.1 cannot do that: then only the mode of the descriptor
 * that is handed out protects the file. */
void slim_memory_keep(const struct memory_zone *zone);

/* A zone that is empty is allowed. */
void slim_memory_free(struct memory_zone *zone);

/* Begins an export; `instance` is the agent's. */
void slim_memory_export_init(struct memory_export *export, uint64_t instance);
void slim_memory_export_close(struct memory_export *export);

/* Adds a zone; zones are added in order of their numbers. Only what is `writable` can be written with the
 * descriptors; it must have a file of its own. -E2BIG when the zone is spread over more files than a
 * registration can carry (start the NF with --single-file-segments), -ENOTSUP when the memory has no
 * descriptor or /proc is not there, -EMFILE. */
int slim_memory_export_add(struct memory_export *export, const struct memory_zone *zone,
			   bool writable);

#endif
