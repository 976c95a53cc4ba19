/* SPDX-License-Identifier: Apache-2.0 */
#include "tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"

#define BACKLOG 64
#define BUFFER_OCTETS (128 << 10) /* each way; the kernel doubles it */

static void
set(int fd, int level, int name, int value)
{
	setsockopt(fd, level, name, &value, sizeof(value));
}

/* Before it is connected, or listens: the buffer decides on the window. */
static int
make_socket(int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	set(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_OCTETS);
	set(fd, SOL_SOCKET, SO_SNDBUF, BUFFER_OCTETS);
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	return fd;
}

static void
print_bound(int fd, char text[TCP_TEXT_SIZE])
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof(address);
	char host[INET6_ADDRSTRLEN] = "";
	const void *ip = &((struct sockaddr_in *)&address)->sin_addr;

	getsockname(fd, (struct sockaddr *)&address, &size);
	if (address.ss_family == AF_INET6)
		ip = &((struct sockaddr_in6 *)&address)->sin6_addr;
	inet_ntop(address.ss_family, ip, host, sizeof(host));
	snprintf(text, TCP_TEXT_SIZE, address.ss_family == AF_INET6 ? "[%s]:%u" : "%s:%u", host,
		 address_port(&address));
}

int
tcp_listen(const char *text, char ret_bound[TCP_TEXT_SIZE])
{
	struct sockaddr_storage address;
	int size, fd, error;

	error = address_parse_numeric(text, &address, &size);
	if (error < 0)
		return error;
	fd = make_socket(address.ss_family);
	if (fd < 0)
		return fd;
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (bind(fd, (struct sockaddr *)&address, (socklen_t)size) == 0 &&
	    listen(fd, BACKLOG) == 0) {
		print_bound(fd, ret_bound);
		return fd;
	}
	error = -errno;
	close(fd);
	return error;
}

int
tcp_accept(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return -errno;
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	return fd;
}

int
tcp_dial(const char *text)
{
	struct sockaddr_storage address;
	int size, fd, error;

	error = address_parse_numeric(text, &address, &size);
	if (error < 0)
		return error;
	fd = make_socket(address.ss_family);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, (socklen_t)size) == 0 ||
	    errno == EINPROGRESS)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

int
tcp_result(int fd)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return -errno;
	return -error;
}

void
tcp_end(int fd)
{
	shutdown(fd, SHUT_WR);
}

void
tcp_reset(int fd)
{
	struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
}
