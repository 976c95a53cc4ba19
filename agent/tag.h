/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tag: the redirect tag on a packet. It is pushed outside any tag that the packet has. Any
 * thread that owns the packet.
 */
#ifndef SLIM_AGENT_TAG_H
#define SLIM_AGENT_TAG_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "frame.h"

/* Pushes the tag. A packet that cannot be changed in place (shared, or no room in front) is
 * replaced by a copy from `pool`; false if there is no memory for one: try again later. */
bool slim_tag_push(struct rte_mempool *pool, struct rte_mbuf **pkt, uint16_t vid);

/* Takes the tag off a packet that slim_frame_sort() called tagged. `stripped`: the NIC
 * has done it already. */
void slim_tag_pop(struct rte_mbuf *pkt, bool stripped);

#endif
