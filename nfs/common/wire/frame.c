/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting and filling; see frame.h. */
#include "frame.h"

#include <string.h>

void
nf_frame_trim_segments(struct rte_mbuf *m, uint32_t size)
{
	struct rte_mbuf *last = m, *rest;
	uint32_t left = size;

	m->nb_segs = 1;
	while (left > last->data_len && last->next != NULL) {
		left -= last->data_len;
		last = last->next;
		m->nb_segs++;
	}
	last->data_len = (uint16_t)left;
	m->pkt_len = size;
	rest = last->next;
	last->next = NULL;
	while (rest != NULL) {
		struct rte_mbuf *next = rest->next;

		rte_pktmbuf_free_seg(rest);
		rest = next;
	}
}

/* A frame without room behind it is left to the port. */
void
nf_frame_fill(struct rte_mbuf *m)
{
	uint16_t missing = (uint16_t)(NF_MIN_FRAME - rte_pktmbuf_pkt_len(m));
	char *end;

	/* The usual case, without a look at the second line of the mbuf. */
	if (likely(m->nb_segs == 1 && rte_pktmbuf_tailroom(m) >= missing)) {
		memset(rte_pktmbuf_mtod_offset(m, void *, m->data_len), 0, missing);
		m->data_len = NF_MIN_FRAME;
		m->pkt_len = NF_MIN_FRAME;
		return;
	}
	end = rte_pktmbuf_append(m, missing);

	if (end != NULL)
		memset(end, 0, missing);
}
