/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unix sockets by path. Any thread, but for local_socket_listen(): it sets the process's umask for
 * a moment.
 *
 * All descriptors are non-blocking and closed on exec. `type`: SOCK_STREAM or SOCK_SEQPACKET.
 */
#ifndef SLIM_BASE_LOCAL_SOCKET_H
#define SLIM_BASE_LOCAL_SOCKET_H

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

/* -EINVAL: empty; -ENAMETOOLONG. *ret_address is untouched then. */
int local_socket_address(const char *path, struct sockaddr_un *ret_address);

/* A descriptor, or a negative errno: -ENOENT, -ECONNREFUSED (a file that was left behind). */
int local_socket_connect(const char *path, int type);

/* Removes a socket's file on which nobody listens any more, and nothing else. 0: there is none
 * now. -EADDRINUSE: somebody listens, with whatever type; -EEXIST: it is no socket. */
int local_socket_clear(const char *path);

/* Clears the path and listens on it. The file has that mode from the first moment on. A
 * descriptor, or a negative errno. */
int local_socket_listen(const char *path, int type, int backlog, mode_t mode);

#endif
