/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port of the loopback that belongs to one test, for listeners that come and go. A number that is asked
 * of the kernel and then let go may be given to the next who asks, before anybody listens: to the
 * other host of the same test, to another program, or as the own end of the very dial that goes there.
 *
 * So the port stays bound, by a socket that never listens and shares the address (SO_REUSEADDR). Whoever
 * asks the kernel for any port gets another one; a listener of slimd, which shares it too, gets this one,
 * as often as it likes. While there is no listener, a dial is refused.
 */
#ifndef SLIMD_PEER_TEST_PORT_H
#define SLIMD_PEER_TEST_PORT_H

struct test_port {
	int fd;
	int number;
};

/* 0 or a negative errno, and nothing is taken. */
int test_port_take(struct test_port *port);
void test_port_give_back(struct test_port *port);

#endif
