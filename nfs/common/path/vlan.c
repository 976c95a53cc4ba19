/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VLAN tags (IEEE 802.1Q): which frames are of a port, and off and on with the tag. Runs on the worker's lcore.
 */
#include "worker.h"

#include <string.h>

#include <rte_ether.h>
#include <rte_prefetch.h>

#include "octets.h"

#define ADDRESSES_SIZE (2u * RTE_ETHER_ADDR_LEN)
#define VLAN_ID_MASK 0xfffu

/* ---- sending ---------------------------------------------------------------------------------- */

bool
nf_worker_tag(struct nf_worker *w, uint16_t port, struct rte_mbuf *m)
{
	uint8_t *from = rte_pktmbuf_mtod(m, uint8_t *);
	uint8_t *to = (uint8_t *)rte_pktmbuf_prepend(m, RTE_VLAN_HLEN);

	if (unlikely(to == NULL)) {
		nf_drop(w, m, NF_drop_vlan);
		return false;
	}
	memmove(to, from, ADDRESSES_SIZE);
	nf_put16(to + ADDRESSES_SIZE, RTE_ETHER_TYPE_VLAN);
	nf_put16(to + ADDRESSES_SIZE + 2, w->vlans[port]);
	m->ol_flags &= ~(RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED);
	return true;
}

/* ---- receiving ----------------------------------------------------------------------------------- */

static bool
was_stripped(const struct rte_mbuf *m)
{
	return (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0;
}

static bool
has_tag(const struct rte_mbuf *m)
{
	static const uint8_t type[] = {RTE_ETHER_TYPE_VLAN >> 8, RTE_ETHER_TYPE_VLAN & 0xff};

	return likely(rte_pktmbuf_data_len(m) >= sizeof(struct rte_ether_hdr) + RTE_VLAN_HLEN) &&
	       memcmp(rte_pktmbuf_mtod_offset(m, const void *, ADDRESSES_SIZE), type,
		      sizeof(type)) == 0;
}

static uint16_t
tci_of(const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);

	if (was_stripped(m))
		return m->vlan_tci;
	return nf_get16(frame + ADDRESSES_SIZE + 2);
}

static void
take_tag(struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);

	if (was_stripped(m))
		return; /* by the device, or in an earlier round */
	m->vlan_tci = tci_of(m);
	m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	memmove(rte_pktmbuf_mtod_offset(m, uint8_t *, RTE_VLAN_HLEN), frame, ADDRESSES_SIZE);
	rte_pktmbuf_adj(m, RTE_VLAN_HLEN);
}

/* A frame whose tag names no VLAN (id 0) has a priority only, and is one of the port's untagged frames. So the
 * id that a port without a VLAN expects is 0, and there may be no tag at all. */
static bool
is_of_port(const struct nf_worker *w, uint16_t port, const struct rte_mbuf *m)
{
	if (was_stripped(m) || has_tag(m))
		return (tci_of(m) & VLAN_ID_MASK) == w->vlans[port];
	return w->vlans[port] == 0;
}

/* So many packets ahead a frame is fetched. */
#define AHEAD 4

static bool
any_has_tag(struct rte_mbuf **pkts, uint16_t n)
{
	struct rte_mbuf **end = pkts + n, **last = n > AHEAD ? end - AHEAD : pkts;
	uint64_t flags = 0;
	bool any = false;

	for (struct rte_mbuf **m = pkts; m < end && m < pkts + AHEAD; m++)
		rte_prefetch0(rte_pktmbuf_mtod(*m, void *));
	for (; pkts < last; pkts++) {
		rte_prefetch0(rte_pktmbuf_mtod(pkts[AHEAD], void *));
		flags |= (*pkts)->ol_flags;
		any |= has_tag(*pkts);
	}
	for (; pkts < end; pkts++) {
		flags |= (*pkts)->ol_flags;
		any |= has_tag(*pkts);
	}
	return any || (flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0;
}

uint16_t
nf_worker_untag(struct nf_worker *w, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t left = 0;

	/* Nearly always. */
	if (likely(w->vlans[port] == 0 && !any_has_tag(pkts, n)))
		return n;
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];

		if (unlikely(!is_of_port(w, port, m))) {
			nf_drop(w, m, NF_drop_vlan);
			continue;
		}
		if (unlikely(has_tag(m)))
			take_tag(m);
		pkts[left++] = m;
	}
	return left;
}
