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
	char *end = rte_pktmbuf_append(m, missing);

	if (end != NULL)
		memset(end, 0, missing);
}
