/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of tables: the EAL's, or, where that has no huge pages and the piece is large, big pages that the
 * kernel makes (agent/pages.h). Main thread, at set-up and at the end.
 */
#ifndef NF_TABLE_MEMORY_H
#define NF_TABLE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* All zero, at a cache line. `name` is for DPDK's lists. NULL: no memory. */
void *nf_table_memory_alloc(const char *name, size_t size);
/* NULL is allowed. */
void nf_table_memory_free(void *memory);

/* What the process has of ordinary memory: without the EAL's huge pages. */
struct nf_memory {
	unsigned long all_mb;
	unsigned long big_mb; /* of it on big pages */
};

/* Reads /proc/self/smaps_rollup. False: it says nothing of it. */
bool nf_memory_read(FILE *rollup, struct nf_memory *ret);

#endif
