/* SPDX-License-Identifier: Apache-2.0 */
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The last colon of a text with digits behind it; NULL: there is none. */
static const char *
find_port(const char *text)
{
	const char *colon = strrchr(text, ':');

	return colon == NULL || colon == text || colon[1] < '0' || colon[1] > '9' ? NULL : colon;
}

const char *
address_parse(const char *text, struct address *ret_address)
{
	const char *colon = find_port(text);
	size_t size = colon != NULL ? (size_t)(colon - text) : 0;
	bool brackets = size > 2 && text[0] == '[' && colon[-1] == ']';
	struct address address;
	char *end;
	long port;

	if (colon == NULL)
		return "is not host:port";
	port = strtol(colon + 1, &end, 10);
	if (*end != '\0' || port > UINT16_MAX)
		return "has no valid port";
	if (!brackets && (memchr(text, ':', size) != NULL || text[0] == '['))
		return "needs the form [address]:port for IPv6";
	if (size >= sizeof(address.host))
		return "is too long";
	if (ret_address == NULL)
		return NULL;
	address = (struct address){.port = (uint16_t)port};
	memcpy(address.host, text + brackets, size - 2 * (size_t)brackets);
	*ret_address = address;
	return NULL;
}

int
address_parse_numeric(const char *text, struct sockaddr_storage *ret_address, int *ret_size)
{
	struct address address;
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

	if (address_parse(text, &address) != NULL)
		return -EINVAL;
	v4.sin_port = v6.sin6_port = htons(address.port);
	memset(ret_address, 0, sizeof(*ret_address));
	if (text[0] != '[' && inet_pton(AF_INET, address.host, &v4.sin_addr) == 1) {
		memcpy(ret_address, &v4, sizeof(v4));
		*ret_size = sizeof(v4);
		return 0;
	}
	if (text[0] == '[' && inet_pton(AF_INET6, address.host, &v6.sin6_addr) == 1) {
		memcpy(ret_address, &v6, sizeof(v6));
		*ret_size = sizeof(v6);
		return 0;
	}
	return -EINVAL;
}

uint16_t
address_port(const struct sockaddr_storage *address)
{
	return ntohs(address->ss_family == AF_INET6
			     ? ((const struct sockaddr_in6 *)address)->sin6_port
			     : ((const struct sockaddr_in *)address)->sin_port);
}
