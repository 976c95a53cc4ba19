/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets of a link. Non-blocking, closed on exec, without Nagle's wait, with small buffers: what waits shall wait
 * in the link, where it is counted.
 */
#ifndef SLIM_BENCH_LINK_TCP_H
#define SLIM_BENCH_LINK_TCP_H

#define TCP_TEXT_SIZE 64u

/* `address`: "192.0.2.1:7441", "[2001:db8::1]:7441"; port 0: any. A descriptor, or a negative errno. `ret_bound`:
 * the address with the port, as text. */
int tcp_listen(const char *address, char ret_bound[TCP_TEXT_SIZE]);

/* A descriptor or a negative errno; -EAGAIN: nobody dials now. */
int tcp_accept(int listener);

/* A descriptor, of which it is not said yet if it will be connected; or a negative errno. */
int tcp_dial(const char *address);

/* 0: connected. Else a negative errno. */
int tcp_result(int fd);

/* Nothing more will be sent; the other end is told behind all that was. */
void tcp_end(int fd);

/* Closes; the other end is told by a reset. */
void tcp_reset(int fd);

#endif
