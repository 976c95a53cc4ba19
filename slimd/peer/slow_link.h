/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slow path between two daemons, for tests: takes connections at one port, makes one to another
 * for each, and passes on what comes, both ways, so many bytes a second. It keeps next to nothing
 * itself, so what is queued waits in the socket of who sent it, as before a real slow link. With a
 * delay it keeps what is in the air, 64 KiB each way.
 *
 * Nothing happens but in slow_link_poll(). Time is a parameter.
 */
#ifndef SLIMD_PEER_SLOW_LINK_H
#define SLIMD_PEER_SLOW_LINK_H

#include <stdint.h>

struct slow_link;

/* Listens at a free port of the loopback; its connections go on to `port`. NULL: no socket. */
struct slow_link *slow_link_create(int port, uint64_t bytes_per_second);
void slow_link_destroy(struct slow_link *link);

int slow_link_port(const struct slow_link *link);
void slow_link_set_rate(struct slow_link *link, uint64_t bytes_per_second);
void slow_link_set_delay(struct slow_link *link, uint64_t one_way_ns);

void slow_link_poll(struct slow_link *link, uint64_t now_ns);

#endif
