/* SPDX-License-Identifier: Apache-2.0 */
#include "memory_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define SMALLEST_PAGE 4096u
#define BLOCK 512u /* st_blocks counts these, whatever the file's own are */

/* The largest table with its last page, and the largest control zone, are smaller. */
#define MAX_ZONE_SIZE (UINT64_C(66) << 30)

/* ---- what the kernel says --------------------------------------------------------------- */

static uint64_t
page_size_of(const struct statfs *fs)
{
	switch ((uint32_t)fs->f_type) {
	case HUGETLBFS_MAGIC:
		return (uint64_t)fs->f_bsize;
	case TMPFS_MAGIC:
		return (uint64_t)sysconf(_SC_PAGESIZE);
	default:
		return 0;
	}
}

int
memory_file_look(int fd, struct memory_file *ret, struct schema_reason *reason)
{
	int flags = fcntl(fd, F_GETFL), seals = fcntl(fd, F_GET_SEALS);
	struct statfs fs;
	struct stat st;

	if (flags < 0 || fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return slim_rule_refuse(reason, "a descriptor says nothing of its file: %s",
					strerror(errno));
	*ret = (struct memory_file){.device = st.st_dev,
				    .inode = st.st_ino,
				    .size = (uint64_t)st.st_size,
				    .allocated = (uint64_t)st.st_blocks * BLOCK,
				    .page_size = S_ISREG(st.st_mode) ? page_size_of(&fs) : 0,
				    .writable = (flags & O_ACCMODE) != O_RDONLY,
				    .keeps_size = seals >= 0 && (seals & F_SEAL_SHRINK) != 0};
	if (ret->page_size < SMALLEST_PAGE || (ret->page_size & (ret->page_size - 1)) != 0)
		return slim_rule_refuse(reason, "a file that is no memory was passed");
	return 0;
}

/* ---- what the NF says -------------------------------------------------------------------- */

static bool
is_same(const struct memory_file *a, const struct memory_file *b)
{
	return a->device == b->device && a->inode == b->inode;
}

static int
check_range(const struct slim_reg_range *range, const struct memory_file *file,
	    struct schema_reason *reason)
{
	if (range->size == 0 || range->size > MAX_ZONE_SIZE)
		return slim_rule_refuse(reason, "zone %u: a range of %zu bytes", range->zone,
					(size_t)range->size);
	if (range->size % file->page_size != 0 || range->fd_offset % file->page_size != 0)
		return slim_rule_refuse(reason, "zone %u: not whole pages of %zu bytes",
					range->zone, (size_t)file->page_size);
	if (range->fd_offset > file->size || range->size > file->size - range->fd_offset)
		return slim_rule_refuse(reason, "zone %u: a range outside its file", range->zone);
	return 0;
}

/* A zone's ranges are mapped one behind the other: each must begin at a page of its own file. */
static int
check_zone(const struct slim_reg_hello *hello, const struct memory_file *files, uint32_t zone,
	   struct schema_reason *reason)
{
	uint64_t size = 0;

	for (uint32_t i = 0; i < hello->n_ranges; i++) {
		const struct slim_reg_range *range = &hello->ranges[i];

		if (range->zone != zone)
			continue;
		if (size % files[range->fd].page_size != 0)
			return slim_rule_refuse(reason, "zone %u: a range begins inside a page",
						zone);
		size += range->size;
		if (size > MAX_ZONE_SIZE)
			return slim_rule_refuse(reason, "zone %u: more than %zu bytes", zone,
						(size_t)MAX_ZONE_SIZE);
	}
	return size != 0 ? 0 : slim_rule_refuse(reason, "zone %u: no memory", zone);
}

/* Holes would come into being when slimd reads them, and be slimd's memory. */
static int
check_presence(const struct slim_reg_hello *hello, const struct memory_file *files, uint32_t fd,
	       struct schema_reason *reason)
{
	uint64_t size = 0;

	for (uint32_t i = 0; i < hello->n_ranges; i++)
		if (is_same(&files[hello->ranges[i].fd], &files[fd]))
			size += hello->ranges[i].size;
	if (size > files[fd].allocated)
		return slim_rule_refuse(reason, "a file has holes: %zu bytes of %zu are there",
					(size_t)files[fd].allocated, (size_t)size);
	return 0;
}

/* slimd writes one file, and that file is nothing else. */
static int
check_access(const struct slim_reg_hello *hello, const struct memory_file *files,
	     const struct slim_reg_range *range, struct schema_reason *reason)
{
	const struct memory_file *file = &files[range->fd];

	if (range->zone != SLIM_ZONE_CONTROL && file->writable)
		return slim_rule_refuse(reason, "zone %u: its file is open for writing",
					range->zone);
	if (range->zone != SLIM_ZONE_CONTROL)
		return 0;
	if (!file->writable || !file->keeps_size)
		return slim_rule_refuse(reason, "the control zone is %s",
					file->writable ? "not sealed against shrinking"
						       : "not open for writing");
	if (range->fd_offset != 0 || range->size != file->size)
		return slim_rule_refuse(reason, "the control zone is not the whole of its file");
	for (uint32_t i = 0; i < hello->n_ranges; i++)
		if (&hello->ranges[i] != range && is_same(&files[hello->ranges[i].fd], file))
			return slim_rule_refuse(reason, "zone %u: in the control zone's file",
						hello->ranges[i].zone);
	return 0;
}

int
memory_file_check(const struct slim_reg_hello *hello, const struct memory_file *files,
		  struct schema_reason *reason)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < hello->n_ranges; i++) {
		const struct slim_reg_range *range = &hello->ranges[i];

		rc = check_range(range, &files[range->fd], reason);
		if (rc == 0)
			rc = check_access(hello, files, range, reason);
	}
	for (uint32_t z = 0; rc == 0 && z < hello->n_zones; z++)
		rc = check_zone(hello, files, z, reason);
	for (uint32_t fd = 0; rc == 0 && fd < hello->n_fds; fd++)
		rc = check_presence(hello, files, fd, reason);
	return rc;
}
