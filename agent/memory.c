/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <rte_common.h>
#include <rte_errno.h>
#include <rte_memory.h>
#include <rte_memzone.h>

#define SMALLEST_PAGE 4096u

static int
reserve_once(const char *name, size_t size, size_t page, int socket_id,
	     const struct rte_memzone **ret)
{
	const struct rte_memzone *mz;

	mz = rte_memzone_reserve_aligned(name, RTE_ALIGN_CEIL(size, page), socket_id, 0,
					 (unsigned int)page);
	if (mz == NULL) {
		int error = rte_errno;

		return error > 0 ? -error : -ENOMEM;
	}
	*ret = mz;
	return 0;
}

static size_t
page_size_of(const void *addr)
{
	const struct rte_memseg_list *list = rte_mem_virt2memseg_list(addr);

	return list != NULL ? (size_t)list->page_sz : 0;
}

int
slim_memory_reserve(const char *name, size_t size, int socket_id, struct memory_zone *ret_zone)
{
	const struct rte_memzone *mz = NULL;
	size_t page = SMALLEST_PAGE;
	size_t found;
	int rc;

	/* Which pages back a zone is known only once it is there: try, look, and try
	 * again with the page size seen. A few sizes exist, so this ends. */
	for (;;) {
		rc = reserve_once(name, size, page, socket_id, &mz);
		if (rc != 0)
			return rc;
		found = page_size_of(mz->addr);
		if (found != 0 && found <= page)
			break;
		rte_memzone_free(mz);
		if (found == 0)
			return -ENOTSUP;
		page = found;
	}
	memset(mz->addr, 0, mz->len);
	*ret_zone = (struct memory_zone){
		.mz = mz, .addr = mz->addr, .size = RTE_ALIGN_CEIL(size, page), .page_size = found};
	return 0;
}

void
slim_memory_free(struct memory_zone *zone)
{
	if (zone->mz != NULL)
		rte_memzone_free(zone->mz);
	*zone = (struct memory_zone){0};
}

void
slim_memory_export_init(struct memory_export *export)
{
	memset(export, 0, sizeof(*export));
	export->hello.magic = SLIM_REG_MAGIC;
	export->hello.version = SLIM_SHM_VERSION;
}

static int
fd_index(struct memory_export *export, int fd, uint32_t *ret)
{
	uint32_t i;

	for (i = 0; i < export->hello.n_fds; i++) {
		if (export->fds[i] == fd)
			break;
	}
	if (i == SLIM_MAX_RANGES)
		return -E2BIG;
	export->fds[i] = fd;
	if (i == export->hello.n_fds)
		export->hello.n_fds++;
	*ret = i;
	return 0;
}

static int
add_page(struct memory_export *export, uint32_t zone, int fd, uint64_t offset, uint64_t size)
{
	struct slim_reg_hello *hello = &export->hello;
	struct slim_reg_range *last =
		hello->n_ranges > 0 ? &hello->ranges[hello->n_ranges - 1] : NULL;
	uint32_t index;
	int rc;

	rc = fd_index(export, fd, &index);
	if (rc != 0)
		return rc;
	if (last != NULL && last->zone == zone && last->fd == index &&
	    last->fd_offset + last->size == offset) {
		last->size += size;
		return 0;
	}
	if (hello->n_ranges == SLIM_MAX_RANGES)
		return -E2BIG;
	hello->ranges[hello->n_ranges++] = (struct slim_reg_range){
		.fd = index, .zone = zone, .fd_offset = offset, .size = size};
	return 0;
}

int
slim_memory_export_add(struct memory_export *export, const struct memory_zone *zone)
{
	uint32_t number = export->hello.n_zones;
	const struct rte_memseg *ms;
	size_t offset;
	int fd, rc;

	if (number == SLIM_MAX_ZONES)
		return -E2BIG;
	for (size_t at = 0; at < zone->size; at += zone->page_size) {
		ms = rte_mem_virt2memseg((char *)zone->addr + at, NULL);
		if (ms == NULL)
			return -ENOTSUP;
		fd = rte_memseg_get_fd(ms);
		if (fd < 0 || rte_memseg_get_fd_offset(ms, &offset) != 0)
			return -ENOTSUP;
		rc = add_page(export, number, fd, offset, zone->page_size);
		if (rc != 0)
			return rc;
	}
	export->hello.n_zones++;
	if (zone->page_size > export->hello.page_size)
		export->hello.page_size = (uint32_t)zone->page_size;
	return 0;
}
