/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rx: receives and sorts. Says what came, and does nothing about it.
 *
 * Worker thread. Data packets come out in order, redirected ones without their tag; our own frames
 * come out as facts once they are known to be of this session and port; all else of ours is
 * dropped and counted.
 */
#ifndef SLIM_AGENT_RX_H
#define SLIM_AGENT_RX_H

#include "agent.h"

/* What came in one receive call. */
struct slim_rx {
	uint16_t n_received; /* packets that the device gave */
	uint16_t n;          /* data packets in `pkts` */
	uint16_t n_frames;
	uint64_t redirected; /* bit i: pkts[i] came over the redirect path */
	struct rte_mbuf *pkts[AGENT_RX_CHUNK];
	struct slim_frame_content frames[AGENT_RX_CHUNK];
};
_Static_assert(AGENT_RX_CHUNK == 64, "one bit for each packet of a chunk");

/* Receives a chunk: always asks the device for a whole one. */
void slim_rx_chunk(struct agent_worker *w, uint16_t p, struct slim_rx *rx);

/* The same with no more packets than `max`, for an NF that takes them as they come. */
void slim_rx_some(struct agent_worker *w, uint16_t p, struct slim_rx *rx, uint16_t max);

/* Drops and counts what waits in the receive queues: it is older than the session. */
void slim_rx_purge(struct agent_worker *w);

static inline bool
slim_rx_is_redirected(const struct slim_rx *rx, uint16_t i)
{
	return ((rx->redirected >> i) & 1) != 0;
}

#endif
