/* SPDX-License-Identifier: Apache-2.0 */
#include "pages.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1; known to the C library since 2.37 */
#endif

static size_t mapped; /* bytes, of all */

static size_t
free_of_eal(void)
{
	struct rte_malloc_socket_stats stats;
	size_t n = 0;

	for (unsigned int i = 0; i < rte_socket_count(); i++)
		if (rte_malloc_get_socket_stats(rte_socket_id_by_idx(i), &stats) == 0)
			n += stats.heap_freesz_bytes;
	return n;
}

bool
slim_pages_are_better(size_t size)
{
	size_t room;

	if (size < SLIM_BIG_PAGE || rte_eal_has_hugepages())
		return false;
	room = free_of_eal();
	return room > mapped && size <= room - mapped;
}

size_t
slim_pages_round(size_t size)
{
	size_t big = RTE_ALIGN_CEIL(size, SLIM_BIG_PAGE);

	if (size >= SLIM_BIG_PAGE && big - size <= SLIM_BIG_PAGE / 2)
		return big;
	return RTE_ALIGN_CEIL(size, (size_t)sysconf(_SC_PAGESIZE));
}

/* Address space that begins at a multiple of a big page. */
static uint8_t *
reserve(size_t size)
{
	uint8_t *at = mmap(NULL, size + SLIM_BIG_PAGE, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint8_t *begin;

	if (at == MAP_FAILED)
		return NULL;
	begin = RTE_PTR_ALIGN_CEIL(at, SLIM_BIG_PAGE);
	if (begin > at)
		munmap(at, (size_t)(begin - at));
	munmap(begin + size, (size_t)(at + SLIM_BIG_PAGE - begin));
	return begin;
}

static void
ask_for_big_pages(uint8_t *addr, size_t size)
{
	size_t whole = RTE_ALIGN_FLOOR(size, SLIM_BIG_PAGE);

	/* Memory without a file comes in big pages from the first touch on, files only if the administrator lets them. */
	(void)madvise(addr, whole, MADV_HUGEPAGE);
	for (size_t at = 0; at < whole; at += SLIM_BIG_PAGE)
		*(volatile uint8_t *)(addr + at) = 0;
	/* What came in small ones is put together: cheap now, as but one page of each is there. */
	(void)madvise(addr, whole, MADV_COLLAPSE);
}

void *
slim_pages_map(int fd, size_t size)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	uint8_t *addr = reserve(size);

	if (addr == NULL)
		return NULL;
	if (mmap(addr, size, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0) == MAP_FAILED) {
		munmap(addr, size);
		return NULL;
	}
	ask_for_big_pages(addr, size);
	mapped += size;
	return addr;
}

void
slim_pages_unmap(void *addr, size_t size)
{
	munmap(addr, size);
	mapped -= size;
}
