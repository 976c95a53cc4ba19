/* SPDX-License-Identifier: Apache-2.0 */
#include "test_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

int
test_port_take(struct test_port *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, error;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, size) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) < 0) {
		error = -errno;
		close(fd);
		return error;
	}
	*port = (struct test_port){.fd = fd, .number = ntohs(address.sin_port)};
	return 0;
}

void
test_port_give_back(struct test_port *port)
{
	close(port->fd);
	port->fd = -1;
}
