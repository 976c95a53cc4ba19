/* SPDX-License-Identifier: Apache-2.0 */
#include "local_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int
local_socket_address(const char *path, struct sockaddr_un *ret_address)
{
	size_t size = strlen(path);

	if (size == 0)
		return -EINVAL;
	if (size >= sizeof(ret_address->sun_path))
		return -ENAMETOOLONG;
	*ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(ret_address->sun_path, path, size + 1);
	return 0;
}

static int
make_socket(int type)
{
	int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

int
local_socket_connect(const char *path, int type)
{
	struct sockaddr_un address;
	int error = local_socket_address(path, &address), fd;

	if (error < 0)
		return error;
	fd = make_socket(type);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

int
local_socket_clear(const char *path)
{
	struct stat status;
	int fd;

	if (lstat(path, &status) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(status.st_mode))
		return -EEXIST;
	fd = local_socket_connect(path, SOCK_STREAM);
	if (fd >= 0)
		close(fd);
	/* EPROTOTYPE: it listens with another type. EAGAIN: its queue is full. */
	if (fd >= 0 || fd == -EPROTOTYPE || fd == -EAGAIN)
		return -EADDRINUSE;
	if (fd != -ECONNREFUSED)
		return fd == -ENOENT ? 0 : fd;
	return unlink(path) == 0 || errno == ENOENT ? 0 : -errno;
}

static int
bind_with_mode(int fd, const struct sockaddr_un *address, mode_t mode)
{
	mode_t mask = umask(~mode & 0777);
	int error = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;

	umask(mask);
	return error;
}

int
local_socket_listen(const char *path, int type, int backlog, mode_t mode)
{
	struct sockaddr_un address;
	int error = local_socket_address(path, &address), fd;

	if (error == 0)
		error = local_socket_clear(path);
	if (error < 0)
		return error;
	fd = make_socket(type);
	if (fd < 0)
		return fd;
	error = bind_with_mode(fd, &address, mode);
	if (error == 0 && listen(fd, backlog) < 0)
		error = -errno;
	if (error == 0)
		return fd;
	close(fd);
	return error;
}
