/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a frame ends. What stands behind the packet that its header tells of (padding, a trailer) is none of it:
 * it is cut off when the frame is parsed, and an NF forwards nothing that it did not look at. What is shorter
 * than Ethernet's shortest frame is filled up with zeros when it leaves (RFC 894, RFC 1042): not every port does
 * it. Worker's thread.
 */
#ifndef NF_FRAME_H
#define NF_FRAME_H

#include <stdint.h>

#include <rte_mbuf.h>

#define NF_MIN_FRAME 60u /* bytes of the shortest Ethernet frame without FCS */

void nf_frame_trim_segments(struct rte_mbuf *m, uint32_t size);
void nf_frame_fill(struct rte_mbuf *m);

/* The frame ends after `size` bytes, which are there, in whatever segments. */
static inline void
nf_frame_trim(struct rte_mbuf *m, uint32_t size)
{
	if (unlikely(m->nb_segs != 1)) {
		nf_frame_trim_segments(m, size);
		return;
	}
	m->data_len = (uint16_t)size;
	m->pkt_len = size;
}

/* The frame is as long as the shortest there is. */
static inline void
nf_frame_pad(struct rte_mbuf *m)
{
	if (unlikely(rte_pktmbuf_pkt_len(m) < NF_MIN_FRAME))
		nf_frame_fill(m);
}

#endif
