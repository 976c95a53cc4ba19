/* SPDX-License-Identifier: Apache-2.0 */
/* See access.h. Pure. */
#include "access.h"

#include <string.h>

#include "counters.h"
#include "octets.h"

#define MAX_TAGS 2u
#define VLAN_ID_MASK 0xfffu

/* Those that name a VLAN, from outside. */
struct tags {
	uint16_t type[MAX_TAGS]; /* 0: the device took it off, and does not say */
	uint16_t id[MAX_TAGS];
	uint32_t n;
	uint32_t n_all; /* with those that have a priority only */
};

/* False: there are more than may be. */
static inline bool
add(struct tags *tags, uint16_t type, uint16_t tci)
{
	if (tags->n_all++ == MAX_TAGS)
		return false;
	if ((tci & VLAN_ID_MASK) == 0)
		return true;
	tags->type[tags->n] = type;
	tags->id[tags->n++] = tci & VLAN_ID_MASK;
	return true;
}

static inline bool
take_stripped(const struct rte_mbuf *m, struct tags *tags)
{
	if ((m->ol_flags & RTE_MBUF_F_RX_QINQ_STRIPPED) != 0 && !add(tags, 0, m->vlan_tci_outer))
		return false;
	return (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) == 0 || add(tags, 0, m->vlan_tci);
}

static inline bool
is_tag(uint16_t type)
{
	return type == RTE_ETHER_TYPE_VLAN || type == PPPOE_ETHERTYPE_QINQ;
}

/* ---- which are served ---------------------------------------------------------------------------------- */

static inline bool
has(const struct pppoe_vlan_range *ranges, uint32_t n, uint16_t id)
{
	for (uint32_t i = 0; i < n; i++)
		if (id >= ranges[i].first && id <= ranges[i].last)
			return true;
	return false;
}

static inline bool
is_type(uint16_t type, uint16_t wanted)
{
	return type == wanted || type == 0;
}

static inline bool
are_served(const struct pppoe_access *access, const struct tags *tags)
{
	bool two = tags->n == 2;

	if (tags->n == 0)
		return access->untagged;
	if (two != (access->n_inner != 0) || !has(access->outer, access->n_outer, tags->id[0]))
		return false;
	if (!is_type(tags->type[0], two ? access->outer_type : RTE_ETHER_TYPE_VLAN))
		return false;
	return !two || (is_type(tags->type[1], RTE_ETHER_TYPE_VLAN) &&
			has(access->inner, access->n_inner, tags->id[1]));
}

/* ---- a frame ------------------------------------------------------------------------------------------- */

uint16_t
pppoe_access_parse(const struct pppoe_access *access, const struct rte_mbuf *m,
		   struct pppoe_access_frame *ret)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t size = rte_pktmbuf_data_len(m), at = sizeof(struct rte_ether_hdr);
	struct tags tags = {0};

	if (unlikely(size < at))
		return PPPOE_drop_runt;
	memcpy(&ret->line.mac, frame + RTE_ETHER_ADDR_LEN, RTE_ETHER_ADDR_LEN);
	if (unlikely(!rte_is_valid_assigned_ether_addr(&ret->line.mac)))
		return PPPOE_drop_bad_address;
	if (unlikely(!take_stripped(m, &tags)))
		return PPPOE_drop_vlan_range;
	ret->ethertype = nf_get16(frame + at - 2);
	while (is_tag(ret->ethertype)) {
		at += RTE_VLAN_HLEN;
		if (unlikely(size < at))
			return PPPOE_drop_runt;
		if (unlikely(!add(&tags, ret->ethertype, nf_get16(frame + at - 4))))
			return PPPOE_drop_vlan_range;
		ret->ethertype = nf_get16(frame + at - 2);
	}
	if (unlikely(!are_served(access, &tags)))
		return PPPOE_drop_vlan_range;
	ret->line.outer = tags.n > 0 ? tags.id[0] : 0;
	ret->line.inner = tags.n > 1 ? tags.id[1] : 0;
	ret->at = (uint16_t)at;
	ret->size = (uint16_t)(size - at);
	return 0;
}
