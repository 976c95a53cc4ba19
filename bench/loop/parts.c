/* SPDX-License-Identifier: Apache-2.0 */
/* What the NFs of the loop have in common; see loop.h. */
#include "loop.h"

#include <string.h>

#include <rte_arp.h>
#include <rte_ether.h>

bool
loop_answer_arp(uint8_t port, struct rte_mbuf *m)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	struct rte_arp_hdr *arp = (struct rte_arp_hdr *)(eth + 1);
	const struct rte_ether_addr neighbour = LOOP_NEIGHBOUR_MAC(port);
	rte_be32_t asked = arp->arp_data.arp_tip;

	if (arp->arp_opcode != RTE_BE16(RTE_ARP_OP_REQUEST))
		return false;
	eth->dst_addr = eth->src_addr;
	eth->src_addr = neighbour;
	arp->arp_opcode = RTE_BE16(RTE_ARP_OP_REPLY);
	arp->arp_data.arp_tha = arp->arp_data.arp_sha;
	arp->arp_data.arp_tip = arp->arp_data.arp_sip;
	arp->arp_data.arp_sha = neighbour;
	arp->arp_data.arp_sip = asked;
	return true;
}

static bool
is_drop(const struct nf_counter_name *name)
{
	return strncmp(name->name, "drop_", 5) == 0;
}

uint64_t
loop_dropped(const struct nf_worker *w, const struct nf_counter_name *own, unsigned int n_own)
{
	uint64_t n = w->counters[NF_transmit_full];

	for (unsigned int c = 0; c < NF_N_COUNTERS; c++)
		n += is_drop(&nf_counter_names[c]) ? w->counters[c] : 0;
	for (unsigned int c = 0; c < n_own; c++)
		n += is_drop(&own[c]) ? w->counters[NF_N_COUNTERS + c] : 0;
	return n;
}
