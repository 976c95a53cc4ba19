/* SPDX-License-Identifier: Apache-2.0 */
/* Disk: files, by descriptors of their folders. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "real_internal.h"

struct disk_file {
	int fd;
	int dir_fd;
};

static void
file_close(struct disk_file *file)
{
	if (file == NULL)
		return;
	if (file->fd >= 0)
		close(file->fd);
	if (file->dir_fd >= 0)
		close(file->dir_fd);
	free(file);
}

static int
file_open(struct outside *outside, const char *dir, const char *name, struct disk_file **ret_file)
{
	struct disk_file *file = calloc(1, sizeof(*file));
	int rc;

	(void)outside;
	if (file == NULL)
		return -ENOMEM;
	file->fd = -1;
	file->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (file->dir_fd >= 0)
		file->fd =
			openat(file->dir_fd, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (file->fd < 0) {
		rc = -errno;
		file_close(file);
		return rc;
	}
	*ret_file = file;
	return 0;
}

static ssize_t
file_append(struct disk_file *file, const void *bytes, size_t size)
{
	ssize_t n = write(file->fd, bytes, size);

	return n < 0 ? -errno : n;
}

static int
file_truncate(struct disk_file *file, uint64_t size)
{
	return ftruncate(file->fd, (off_t)size) < 0 ? -errno : 0;
}

static int
file_sync(struct disk_file *file)
{
	return fdatasync(file->fd) < 0 ? -errno : 0;
}

static int
file_sync_folder(struct disk_file *file)
{
	return fsync(file->dir_fd) < 0 ? -errno : 0;
}

static int
read_fd(int fd, size_t max, uint8_t **ret_bytes, size_t *ret_size)
{
	struct stat st;
	uint8_t *bytes;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > max)
		return -EFBIG;
	bytes = malloc((size_t)st.st_size + 1);
	if (bytes == NULL)
		return -ENOMEM;
	n = pread(fd, bytes, (size_t)st.st_size, 0);
	if (n < 0) {
		int rc = -errno;

		free(bytes);
		return rc;
	}
	*ret_bytes = bytes;
	*ret_size = (size_t)n;
	return 0;
}

static int
join_path(char path[PATH_MAX], const char *dir, const char *name)
{
	return snprintf(path, PATH_MAX, "%s/%s", dir, name) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int
file_read(struct outside *outside, const char *dir, const char *name, size_t max,
	  uint8_t **ret_bytes, size_t *ret_size)
{
	char path[PATH_MAX];
	int fd, rc = join_path(path, dir, name);

	(void)outside;
	if (rc < 0)
		return rc;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	rc = read_fd(fd, max, ret_bytes, ret_size);
	close(fd);
	return rc;
}

static int
file_remove(struct outside *outside, const char *dir, const char *name)
{
	char path[PATH_MAX];
	int rc = join_path(path, dir, name);

	(void)outside;
	if (rc < 0)
		return rc;
	return unlink(path) < 0 ? -errno : 0;
}

static int
list_folder(struct outside *outside, const char *dir, bool (*fn)(void *ctx, const char *name),
	    void *ctx)
{
	DIR *handle = opendir(dir);
	const struct dirent *entry;

	(void)outside;
	if (handle == NULL)
		return -errno;
	while ((entry = readdir(handle)) != NULL && fn(ctx, entry->d_name))
		;
	closedir(handle);
	return 0;
}

const struct disk_ops real_disk = {
	.open = file_open,
	.close = file_close,
	.append = file_append,
	.truncate = file_truncate,
	.sync = file_sync,
	.sync_folder = file_sync_folder,
	.read = file_read,
	.remove = file_remove,
	.list = list_folder,
};
