/* SPDX-License-Identifier: Apache-2.0 */
#include "switch_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "address.h"
#include "local_socket.h"

int
switch_address_parse(const char *address, struct sockaddr_storage *ret, int *ret_size)
{
	struct sockaddr_un local;
	int error;

	if (strncmp(address, "unix:", 5) == 0) {
		error = local_socket_address(address + 5, &local);
		if (error < 0)
			return error;
		memcpy(ret, &local, sizeof(local));
		*ret_size = (int)sizeof(local);
		return 0;
	}
	if (strncmp(address, "tcp:", 4) != 0 && strncmp(address, "ssl:", 4) != 0)
		return -EINVAL;
	error = address_parse_numeric(address + 4, ret, ret_size);
	return error == 0 && address_port(ret) == 0 ? -EINVAL : error;
}

int
switch_address_check(const char *address)
{
	struct sockaddr_storage sockaddr;
	int size;

	return switch_address_parse(address, &sockaddr, &size);
}

bool
switch_address_is_local(const char *address)
{
	struct sockaddr_storage sockaddr;
	const void *any = &sockaddr;
	const struct in6_addr *v6 = &((const struct sockaddr_in6 *)any)->sin6_addr;
	const struct in_addr *v4 = &((const struct sockaddr_in *)any)->sin_addr;
	int size;

	if (switch_address_parse(address, &sockaddr, &size) < 0)
		return false;
	if (sockaddr.ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(v6);
	return sockaddr.ss_family == AF_UNIX || ntohl(v4->s_addr) >> 24 == IN_LOOPBACKNET;
}
