/* SPDX-License-Identifier: Apache-2.0 */
#include "tag.h"

#include <string.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

#define ADDRESSES_SIZE 12 /* both MAC addresses */

/* Can the packet's first bytes be moved where they are? */
static bool
is_ours_alone(const struct rte_mbuf *m)
{
	return RTE_MBUF_DIRECT(m) && rte_mbuf_refcnt_read(m) == 1 &&
	       rte_pktmbuf_headroom(m) >= 2 * SLIM_FRAME_TAG_SIZE &&
	       rte_pktmbuf_data_len(m) >= ADDRESSES_SIZE + 2;
}

static void
push_tag(struct rte_mbuf *m, uint16_t tci)
{
	uint8_t *from = rte_pktmbuf_mtod(m, uint8_t *);
	uint8_t *to = (uint8_t *)rte_pktmbuf_prepend(m, SLIM_FRAME_TAG_SIZE);

	memmove(to, from, ADDRESSES_SIZE);
	to[12] = SLIM_FRAME_TPID >> 8;
	to[13] = SLIM_FRAME_TPID & 0xff;
	to[14] = (uint8_t)(tci >> 8);
	to[15] = (uint8_t)tci;
}

static void
pop_tag(struct rte_mbuf *m)
{
	uint8_t *from = rte_pktmbuf_mtod(m, uint8_t *);

	memmove(from + SLIM_FRAME_TAG_SIZE, from, ADDRESSES_SIZE);
	rte_pktmbuf_adj(m, SLIM_FRAME_TAG_SIZE);
}

bool
slim_tag_push(struct rte_mempool *pool, struct rte_mbuf **pkt, uint16_t vid)
{
	struct rte_mbuf *m = *pkt;

	if (!is_ours_alone(m)) {
		m = rte_pktmbuf_copy(*pkt, pool, 0, UINT32_MAX);
		if (m == NULL)
			return false;
		if (!is_ours_alone(m)) { /* a pool without headroom, or a packet of a few bytes */
			rte_pktmbuf_free(m);
			return false;
		}
		rte_pktmbuf_free(*pkt);
		*pkt = m;
	}
	/* A tag that the NIC took off goes back inside ours. */
	if (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
		push_tag(m, m->vlan_tci);
	push_tag(m, vid);
	m->ol_flags = 0;
	return true;
}

void
slim_tag_pop(struct rte_mbuf *pkt, bool stripped)
{
	if (!stripped) {
		pop_tag(pkt);
		return;
	}
	/* The NIC strips for this NF: so the packet's own tag, now first, goes too. */
	pkt->ol_flags &= ~(RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_VLAN);
	if (rte_pktmbuf_data_len(pkt) >= sizeof(struct rte_ether_hdr) + sizeof(struct rte_vlan_hdr))
		rte_vlan_strip(pkt);
}
