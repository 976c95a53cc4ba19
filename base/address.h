/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as people write them: "host:port", "192.0.2.1:7443", "[2001:db8::1]:7443". Any thread. */
#ifndef SLIM_BASE_ADDRESS_H
#define SLIM_BASE_ADDRESS_H

#include <stdint.h>
#include <sys/socket.h>

struct address {
	char host[256]; /* without brackets */
	uint16_t port;  /* 0 stands for itself */
};

/* NULL, or what is wrong, as the end of a sentence that begins with the text. `ret_address` may be
 * NULL; it is untouched when something is wrong. */
const char *address_parse(const char *text, struct address *ret_address);

/* Of an IP address; names are not looked up. -EINVAL: it is none. */
int address_parse_numeric(const char *text, struct sockaddr_storage *ret_address, int *ret_size);

/* Port of an IPv4 or IPv6 address. */
uint16_t address_port(const struct sockaddr_storage *address);

#endif
