/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_errno.h>
#include <rte_memory.h>
#include <rte_memzone.h>

#include "pages.h"

#define SMALLEST_PAGE 4096u

/* ---- a file of its own ------------------------------------------------------------ */

static int
fill_file(int fd, size_t size, void **ret_addr)
{
	void *addr;

	if (ftruncate(fd, (off_t)size) != 0)
		return -errno;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0)
		return -errno;
	addr = slim_pages_map(fd, size);
	if (addr == NULL)
		return -errno;
	/* All pages now: the packet path waits for none. */
	memset(addr, 0, size);
	*ret_addr = addr;
	return 0;
}

static int
create_file(const char *name, size_t size, struct memory_zone *ret_zone)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *addr = NULL;
	int rc;

	if (fd < 0)
		return -errno;
	size = slim_pages_round(size);
	rc = fill_file(fd, size, &addr);
	if (rc != 0) {
		close(fd);
		return rc;
	}
	*ret_zone = (struct memory_zone){.addr = addr, .size = size, .page_size = page, .fd = fd};
	return 0;
}

int
slim_memory_create(const char *name, size_t size, struct memory_zone *ret_zone)
{
	int rc = create_file(name, size, ret_zone);

	/* Where it may, what slimd writes is kept from being swapped out. */
	if (rc == 0)
		(void)mlock(ret_zone->addr, ret_zone->size);
	return rc;
}

void
slim_memory_keep(const struct memory_zone *zone)
{
	(void)fcntl(zone->fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE);
}

/* ---- memory of DPDK's ------------------------------------------------------------- */

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

static int
reserve(const char *name, size_t size, int socket_id, struct memory_zone *ret_zone)
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
	*ret_zone = (struct memory_zone){.mz = mz,
					 .addr = mz->addr,
					 .size = RTE_ALIGN_CEIL(size, page),
					 .page_size = found,
					 .fd = -1};
	return 0;
}

/* Nobody but this process ever writes a table. */
static bool
reserve_in_file(const char *name, size_t size, struct memory_zone *ret_zone)
{
	if (!slim_pages_are_better(size) || create_file(name, size, ret_zone) != 0)
		return false;
	slim_memory_keep(ret_zone);
	return true;
}

int
slim_memory_reserve(const char *name, size_t size, int socket_id, struct memory_zone *ret_zone)
{
	return reserve_in_file(name, size, ret_zone) ? 0 : reserve(name, size, socket_id, ret_zone);
}

/* ---- all ------------------------------------------------------------------------- */

void
slim_memory_free(struct memory_zone *zone)
{
	if (zone->mz != NULL)
		rte_memzone_free(zone->mz);
	else if (zone->addr != NULL) {
		slim_pages_unmap(zone->addr, zone->size);
		close(zone->fd);
	}
	*zone = (struct memory_zone){.fd = -1};
}

/* ---- what slimd gets -------------------------------------------------------------- */

void
slim_memory_export_init(struct memory_export *export, uint64_t instance)
{
	memset(export, 0, sizeof(*export));
	export->hello.magic = SLIM_REG_MAGIC;
	export->hello.version = SLIM_SHM_VERSION;
	export->hello.instance = instance;
}

void
slim_memory_export_close(struct memory_export *export)
{
	for (uint32_t i = 0; i < export->hello.n_fds; i++)
		close(export->fds[i]);
	export->hello.n_fds = 0;
}

/* The same file, opened once more for reading: whoever gets the descriptor cannot map it for writing,
 * whatever DPDK's own may do. */
static int
reopen_for_reading(int fd)
{
	char path[32];
	int copy;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	copy = open(path, O_RDONLY | O_CLOEXEC);
	if (copy < 0)
		return errno == EMFILE ? -EMFILE : -ENOTSUP;
	return copy;
}

static int
fd_index(struct memory_export *export, int fd, bool writable, uint32_t *ret)
{
	uint32_t i;
	int copy;

	for (i = 0; i < export->hello.n_fds; i++) {
		if (export->sources[i] == fd) {
			*ret = i;
			return 0;
		}
	}
	if (i == SLIM_MAX_RANGES)
		return -E2BIG;
	copy = writable ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : reopen_for_reading(fd);
	if (copy < 0)
		return writable ? -errno : copy;
	export->fds[i] = copy;
	export->sources[i] = fd;
	export->hello.n_fds++;
	*ret = i;
	return 0;
}

static int
add_range(struct memory_export *export, uint32_t index, uint64_t offset, uint64_t size)
{
	struct slim_reg_hello *hello = &export->hello;
	uint32_t zone = hello->n_zones;
	struct slim_reg_range *last =
		hello->n_ranges > 0 ? &hello->ranges[hello->n_ranges - 1] : NULL;

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

static int
add_file(struct memory_export *export, const struct memory_zone *zone, bool writable)
{
	uint32_t index;
	int rc = fd_index(export, zone->fd, writable, &index);

	return rc == 0 ? add_range(export, index, 0, zone->size) : rc;
}

static int
add_page(struct memory_export *export, const char *addr, uint64_t size)
{
	const struct rte_memseg *ms = rte_mem_virt2memseg(addr, NULL);
	uint32_t index;
	size_t offset;
	int fd, rc;

	if (ms == NULL)
		return -ENOTSUP;
	fd = rte_memseg_get_fd(ms);
	if (fd < 0 || rte_memseg_get_fd_offset(ms, &offset) != 0)
		return -ENOTSUP;
	rc = fd_index(export, fd, false, &index);
	return rc == 0 ? add_range(export, index, offset, size) : rc;
}

int
slim_memory_export_add(struct memory_export *export, const struct memory_zone *zone, bool writable)
{
	int rc = 0;

	if (export->hello.n_zones == SLIM_MAX_ZONES)
		return -E2BIG;
	if (zone->mz == NULL)
		rc = add_file(export, zone, writable);
	else if (writable)
		rc = -ENOTSUP;
	for (size_t at = 0; rc == 0 && zone->mz != NULL && at < zone->size; at += zone->page_size)
		rc = add_page(export, (const char *)zone->addr + at, zone->page_size);
	if (rc == 0)
		export->hello.n_zones++;
	return rc;
}
