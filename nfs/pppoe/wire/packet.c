/* SPDX-License-Identifier: Apache-2.0 */
/* Parser; see packet.h. Pure. */
#include "packet.h"

#include <netinet/in.h>

#include "arp.h"
#include "counters.h"
#include "discovery_packet.h"
#include "octets.h"

static void
drop(struct pppoe_frame *f, uint16_t counter)
{
	f->kind = PPPOE_KIND_DROP;
	f->drop = counter;
}

uint16_t
pppoe_frame_take_ip(struct pppoe_frame *f, uint8_t *at, uint32_t size, bool is_ipv6)
{
	enum nf_ip_fault fault = nf_ip_read(at, size, &f->ip);

	if (likely(fault == NF_IP_RIGHT && f->ip.is_ipv6 == is_ipv6))
		return 0;
	return fault == NF_IP_CHECKSUM && !is_ipv6 ? PPPOE_drop_ip_checksum : PPPOE_drop_ip_header;
}

/* ---- from clients -------------------------------------------------------------------------------------- */

/* What is behind the length is padding (RFC 2516 section 4). */
static inline void
parse_session(struct pppoe_frame *f, uint8_t *head, uint32_t size)
{
	uint32_t length;

	if (unlikely(size < PPPOE_HEAD)) {
		drop(f, PPPOE_drop_runt);
		return;
	}
	length = nf_get16(head + 4);
	if (unlikely(head[0] != PPPOE_VERSION))
		drop(f, PPPOE_drop_version);
	else if (unlikely(head[1] != PPPOE_SESSION_DATA))
		drop(f, PPPOE_drop_discovery);
	else if (unlikely(length < 2 || length > size - PPPOE_HEAD))
		drop(f, PPPOE_drop_runt);
	else {
		f->kind = PPPOE_KIND_SESSION;
		f->session_id = nf_get16(head + 2);
		f->protocol = nf_get16(head + PPPOE_HEAD);
		f->ppp = head + PPPOE_HEAD + 2;
		f->ppp_size = (uint16_t)(length - 2);
	}
}

/* Only a PADI is to everybody. */
static inline void
parse_access(struct pppoe_frame *f, const struct pppoe_config *config)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(f->m, const struct rte_ether_hdr *);
	uint16_t wrong = pppoe_access_parse(&config->access_tags, f->m, &f->access);
	uint16_t type;
	bool is_ours;

	if (unlikely(wrong != 0)) {
		drop(f, wrong);
		return;
	}
	type = f->access.ethertype;
	is_ours = rte_is_same_ether_addr(&eth->dst_addr, &config->sides[PPPOE_ACCESS].mac);
	if (unlikely(!is_ours && !rte_is_broadcast_ether_addr(&eth->dst_addr)))
		drop(f, PPPOE_drop_not_for_us);
	else if (likely(type == PPPOE_ETHERTYPE_SESSION && is_ours))
		parse_session(f, (uint8_t *)(uintptr_t)eth + f->access.at, f->access.size);
	else if (type == PPPOE_ETHERTYPE_DISCOVERY)
		f->kind = PPPOE_KIND_DISCOVERY;
	else
		drop(f, type == PPPOE_ETHERTYPE_SESSION ? PPPOE_drop_not_for_us
							: PPPOE_drop_ethertype);
}

/* ---- from the core ------------------------------------------------------------------------------------- */

static inline bool
is_own_ipv4(const struct pppoe_config *config, rte_be32_t address)
{
	return address == config->sides[PPPOE_CORE].address ||
	       (address == config->gateway && address != 0);
}

/* A frame to a group carries nothing for a client, but for Neighbor Discovery. MLD has hop-by-hop options in front. */
static void
parse_ipv6(struct pppoe_frame *f, const struct pppoe_config *config, bool is_to_group)
{
	const struct rte_ipv6_hdr *ip = nf_ip_v6(&f->ip);
	bool is_served = config->core_ipv6_bits != 0;
	bool is_own = is_served && memcmp(ip->dst_addr, config->core_ipv6, 16) == 0;

	if (likely(!is_own && ip->dst_addr[0] != 0xff)) {
		f->kind = PPPOE_KIND_DOWNLINK;
		if (unlikely(is_to_group))
			drop(f, PPPOE_drop_not_for_us);
	} else if (is_own && nf_ip_is_echo_request(&f->ip)) {
		f->kind = PPPOE_KIND_ECHO;
	} else if (is_served && (ip->proto == IPPROTO_ICMPV6 || ip->proto == IPPROTO_HOPOPTS)) {
		f->kind = PPPOE_KIND_NEIGHBOR_DISCOVERY;
	} else {
		drop(f, PPPOE_drop_own_address);
	}
}

static void
parse_ip(struct pppoe_frame *f, const struct pppoe_config *config, struct rte_ether_hdr *eth)
{
	bool is_ipv6 = eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6);
	uint32_t size = rte_pktmbuf_data_len(f->m) - (uint32_t)sizeof(*eth);
	uint16_t wrong = pppoe_frame_take_ip(f, (uint8_t *)(eth + 1), size, is_ipv6);

	if (unlikely(wrong != 0))
		drop(f, wrong);
	else if (is_ipv6)
		parse_ipv6(f, config, rte_is_multicast_ether_addr(&eth->dst_addr));
	else if (likely(!is_own_ipv4(config, nf_ip_v4(&f->ip)->dst_addr)))
		f->kind = PPPOE_KIND_DOWNLINK;
	else if (nf_ip_is_echo_request(&f->ip))
		f->kind = PPPOE_KIND_ECHO;
	else
		drop(f, PPPOE_drop_own_address);
}

/* ARP to everybody; Neighbor Discovery to all nodes, or to the group of the own address. */
static bool
is_to_group(const struct rte_ether_hdr *eth, const struct pppoe_config *config)
{
	static const struct rte_ether_addr all_nodes = {{0x33, 0x33, 0, 0, 0, 1}};
	const uint8_t *own = config->core_ipv6;
	const struct rte_ether_addr group = {{0x33, 0x33, 0xff, own[13], own[14], own[15]}};

	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP))
		return rte_is_broadcast_ether_addr(&eth->dst_addr);
	return config->core_ipv6_bits != 0 && eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6) &&
	       (rte_is_same_ether_addr(&eth->dst_addr, &group) ||
		rte_is_same_ether_addr(&eth->dst_addr, &all_nodes));
}

static void
parse_core(struct pppoe_frame *f, const struct pppoe_config *config)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(f->m, struct rte_ether_hdr *);

	if (unlikely(rte_pktmbuf_data_len(f->m) < sizeof(*eth)))
		drop(f, PPPOE_drop_runt);
	else if (unlikely(!rte_is_same_ether_addr(&eth->dst_addr, &config->sides[PPPOE_CORE].mac) &&
			  !is_to_group(eth, config)))
		drop(f, PPPOE_drop_not_for_us);
	else if (likely(eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4) ||
			eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6)))
		parse_ip(f, config, eth);
	else if (eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_ARP))
		drop(f, PPPOE_drop_ethertype);
	else if (!nf_arp_is_valid(f->m))
		drop(f, NF_drop_arp);
	else
		f->kind = PPPOE_KIND_ARP;
}

void
pppoe_frame_parse(struct pppoe_frame *f, const struct pppoe_config *config, struct rte_mbuf *m,
		  uint8_t side)
{
	f->m = m;
	f->side = side;
	if (unlikely(m->nb_segs != 1))
		drop(f, PPPOE_drop_segments);
	else if (side == PPPOE_ACCESS)
		parse_access(f, config);
	else
		parse_core(f, config);
}
