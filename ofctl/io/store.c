/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define STORE_FILE "steering"
#define STORE_NEW_FILE "steering.new"

static int
write_all(int fd, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, text, size);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			size -= (size_t)n;
		}
	}
	return fsync(fd) < 0 ? -errno : 0;
}

static int
write_new_file(int folder, const char *text, size_t size)
{
	int fd = openat(folder, STORE_NEW_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	int result;

	if (fd < 0)
		return -errno;
	result = write_all(fd, text, size);
	if (close(fd) < 0 && result == 0)
		result = -errno;
	if (result == 0 && renameat(folder, STORE_NEW_FILE, folder, STORE_FILE) < 0)
		result = -errno;
	return result;
}

int
store_write(const char *folder_name, const char *text, size_t size)
{
	int folder = open(folder_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result;

	if (folder < 0)
		return -errno;
	result = write_new_file(folder, text, size);
	if (result == 0 && fsync(folder) < 0)
		result = -errno;
	close(folder);
	return result;
}

int
store_read(const char *folder_name, char *text, size_t size)
{
	char path[4096];
	size_t got = 0;
	ssize_t n;
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder_name, STORE_FILE) >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do {
		n = read(fd, text + got, size - got);
		if (n > 0)
			got += (size_t)n;
	} while ((n < 0 && errno == EINTR) || (n > 0 && got < size));
	close(fd);
	if (n < 0)
		return -EIO;
	if (got == size)
		return -EFBIG;
	text[got] = '\0';
	return 0;
}
