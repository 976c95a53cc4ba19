/* SPDX-License-Identifier: Apache-2.0 */
/* ARP packets; see arp.h. Pure. */
#include "arp.h"

#include <string.h>

static struct rte_arp_hdr *
arp_of(const struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, struct rte_arp_hdr *, sizeof(struct rte_ether_hdr));
}

bool
nf_arp_is_valid(const struct rte_mbuf *m)
{
	const struct rte_arp_hdr *arp = arp_of(m);

	return rte_pktmbuf_data_len(m) >= sizeof(struct rte_ether_hdr) + sizeof(*arp) &&
	       arp->arp_hardware == RTE_BE16(RTE_ARP_HRD_ETHER) &&
	       arp->arp_protocol == RTE_BE16(RTE_ETHER_TYPE_IPV4) &&
	       arp->arp_hlen == RTE_ETHER_ADDR_LEN && arp->arp_plen == sizeof(rte_be32_t);
}

uint8_t
nf_arp_bucket(const struct rte_mbuf *m)
{
	return nf_neighbour_bucket(arp_of(m)->arp_data.arp_sip);
}

enum nf_saying
nf_arp_saying(const struct rte_mbuf *m)
{
	const struct rte_arp_hdr *arp = arp_of(m);
	bool request = arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST);

	if (!request && arp->arp_opcode != RTE_BE16(RTE_ARP_OP_REPLY))
		return NF_N_SAYINGS;
	if (request && arp->arp_data.arp_sip == 0)
		return NF_ARP_PROBE;
	if (arp->arp_data.arp_sip == arp->arp_data.arp_tip)
		return NF_ARP_ANNOUNCEMENT;
	return request ? NF_ARP_REQUEST : NF_ARP_REPLY;
}

void
nf_arp_put_request(void *frame, const struct nf_side *me, rte_be32_t sender, rte_be32_t target,
		   const struct rte_ether_addr *to)
{
	static const struct rte_ether_addr everybody = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	struct rte_ether_hdr *eth = frame;
	struct rte_arp_hdr *arp = (struct rte_arp_hdr *)(eth + 1);

	memset(frame, 0, NF_MIN_FRAME);
	rte_ether_addr_copy(to != NULL ? to : &everybody, &eth->dst_addr);
	rte_ether_addr_copy(&me->mac, &eth->src_addr);
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_ARP);
	arp->arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER);
	arp->arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	arp->arp_hlen = RTE_ETHER_ADDR_LEN;
	arp->arp_plen = sizeof(rte_be32_t);
	arp->arp_opcode = RTE_BE16(RTE_ARP_OP_REQUEST);
	rte_ether_addr_copy(&me->mac, &arp->arp_data.arp_sha);
	arp->arp_data.arp_sip = sender;
	arp->arp_data.arp_tip = target;
}

void
nf_arp_make_reply(struct rte_mbuf *m, const struct nf_side *me)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	struct rte_arp_hdr *arp = arp_of(m);
	rte_be32_t asked = arp->arp_data.arp_tip;

	arp->arp_opcode = RTE_BE16(RTE_ARP_OP_REPLY);
	arp->arp_data.arp_tha = arp->arp_data.arp_sha;
	arp->arp_data.arp_tip = arp->arp_data.arp_sip;
	arp->arp_data.arp_sha = me->mac;
	arp->arp_data.arp_sip = asked;
	eth->dst_addr = arp->arp_data.arp_tha;
	eth->src_addr = me->mac;
}
