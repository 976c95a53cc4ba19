/* SPDX-License-Identifier: Apache-2.0 */
/* Where a switch listens: unix:PATH, tcp:ADDRESS:PORT, ssl:ADDRESS:PORT; [v6] in brackets. */
#ifndef OFCTL_IO_SWITCH_ADDRESS_H
#define OFCTL_IO_SWITCH_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* 0, -EINVAL for an address that is none, -ENAMETOOLONG for a path that no socket has. */
int switch_address_parse(const char *address, struct sockaddr_storage *ret, int *ret_size);

/* Is this an address? */
int switch_address_check(const char *address);

/* Of this host for sure: a unix socket, or a loopback address. */
bool switch_address_is_local(const char *address);

#endif
