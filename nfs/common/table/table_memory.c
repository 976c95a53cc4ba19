/* SPDX-License-Identifier: Apache-2.0 */
#include "table_memory.h"

#include <string.h>

#include <rte_common.h>
#include <rte_malloc.h>

#include "pages.h"

/* What does not lie in the EAL's memory. */
struct piece {
	struct piece *next;
	void *addr;
	size_t size;
};

static struct piece *pieces;

static void *
map(const char *name, size_t size)
{
	struct piece *piece = rte_zmalloc(name, sizeof(*piece), 0);

	if (piece == NULL)
		return NULL;
	piece->size = slim_pages_round(size);
	piece->addr = slim_pages_map(-1, piece->size);
	if (piece->addr == NULL) {
		rte_free(piece);
		return NULL;
	}
	piece->next = pieces;
	pieces = piece;
	return piece->addr;
}

void *
nf_table_memory_alloc(const char *name, size_t size)
{
	void *memory = slim_pages_are_better(size) ? map(name, size) : NULL;

	return memory != NULL ? memory : rte_zmalloc(name, size, RTE_CACHE_LINE_SIZE);
}

void
nf_table_memory_free(void *memory)
{
	for (struct piece **at = &pieces; memory != NULL && *at != NULL; at = &(*at)->next) {
		struct piece *piece = *at;

		if (piece->addr != memory)
			continue;
		*at = piece->next;
		slim_pages_unmap(piece->addr, piece->size);
		rte_free(piece);
		return;
	}
	rte_free(memory);
}

static bool
is_big(const char *name)
{
	return strcmp(name, "AnonHugePages:") == 0 || strcmp(name, "ShmemPmdMapped:") == 0 ||
	       strcmp(name, "FilePmdMapped:") == 0;
}

bool
nf_memory_read(FILE *rollup, struct nf_memory *ret)
{
	unsigned long kib, all = 0, big = 0;
	char line[256], name[32];

	while (fgets(line, sizeof(line), rollup) != NULL) {
		if (sscanf(line, "%31s %lu kB", name, &kib) != 2)
			continue;
		if (strcmp(name, "Rss:") == 0)
			all = kib;
		else if (is_big(name))
			big += kib;
	}
	*ret = (struct nf_memory){.all_mb = all >> 10, .big_mb = big >> 10};
	return all != 0;
}
