/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: files of a folder on tmpfs, mapped. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "real_internal.h"

static int
map_file(int fd, size_t size, void **ret_at)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	*ret_at = at;
	return 0;
}

static int
memory_make(struct outside *outside, const char *dir, const char *name, size_t size, void **ret_at)
{
	char path[PATH_MAX];
	int fd, rc;

	(void)outside;
	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	/* Room now, or a bus error later. */
	rc = -posix_fallocate(fd, 0, (off_t)size);
	if (rc == 0)
		rc = map_file(fd, size, ret_at);
	close(fd);
	if (rc < 0)
		unlink(path);
	return rc;
}

static int
memory_open(struct outside *outside, const char *dir, const char *name, size_t size, void **ret_at)
{
	char path[PATH_MAX];
	struct stat st;
	int fd, rc;

	(void)outside;
	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		rc = -errno;
	else
		rc = (size_t)st.st_size == size ? map_file(fd, size, ret_at) : -EBADMSG;
	close(fd);
	return rc;
}

static void
memory_close(struct outside *outside, void *at, size_t size)
{
	(void)outside;
	munmap(at, size);
}

const struct memory_ops real_memory = {
	.make = memory_make,
	.open = memory_open,
	.close = memory_close,
};
