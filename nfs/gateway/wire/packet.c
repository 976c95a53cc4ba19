/* SPDX-License-Identifier: Apache-2.0 */
/* Parser; see packet.h. Pure. */
#include "packet.h"

#include <netinet/in.h>

#include <rte_udp.h>

#include "counters.h"
#include "neighbour.h"
#include "bucket.h"

#define FRAGMENT_BITS RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)

static void
drop(struct gateway_packet *p, uint16_t counter)
{
	p->kind = GATEWAY_KIND_DROP;
	p->drop = counter;
}

/* ---- IP ---------------------------------------------------------------------------------- */

uint16_t
gateway_packet_take_ip(struct gateway_packet *p, uint8_t *ip, uint32_t size, uint16_t wrong)
{
	struct nf_ip whole;
	enum nf_ip_fault fault = nf_ip_read(ip, size, &whole);

	p->ip = ip;
	if (unlikely(fault != NF_IP_RIGHT))
		return fault == NF_IP_CHECKSUM && wrong == GATEWAY_drop_ip_header
			       ? GATEWAY_drop_ip_checksum
			       : wrong;
	p->ip_size = whole.size;
	p->is_ipv6 = whole.is_ipv6;
	return 0;
}

/* The packet of a frame: what it is stands in the frame's type, and its version must say the same. */
static uint16_t
take_framed(struct gateway_packet *p, const struct rte_ether_hdr *eth)
{
	uint8_t *ip = (uint8_t *)(uintptr_t)(eth + 1);
	uint32_t size = rte_pktmbuf_data_len(p->m) - (uint32_t)sizeof(*eth);
	uint8_t version = eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4) ? 4 : 6;

	if (unlikely(size == 0 || ip[0] >> 4 != version))
		return GATEWAY_drop_ip_header;
	return gateway_packet_take_ip(p, ip, size, GATEWAY_drop_ip_header);
}

/* ---- tunnel ---------------------------------------------------------------------------------- */

static const uint16_t gtpu_drops[] = {
	[GTPU_TRUNCATED] = GATEWAY_drop_gtpu_truncated,
	[GTPU_VERSION] = GATEWAY_drop_gtpu_version,
	[GTPU_CHAIN] = GATEWAY_drop_gtpu_chain,
	[GTPU_CONTAINER] = GATEWAY_drop_gtpu_container,
};

/* Whether there is such a tunnel does not depend on what is in it (section 7.3.1): the TEID is judged
 * first. */
static void
refuse_gtpu(struct gateway_packet *p, uint16_t wrong)
{
	p->kind = GATEWAY_KIND_FAULTY;
	p->drop = wrong;
}

static void
parse_g_pdu(struct gateway_packet *p, uint8_t *payload)
{
	uint16_t wrong;

	if (unlikely(p->gtpu.has_container && p->gtpu.direction != GTPU_UPLINK)) {
		refuse_gtpu(p, GATEWAY_drop_gtpu_container);
		return;
	}
	wrong = gateway_packet_take_ip(p, payload, p->gtpu.payload_size, GATEWAY_drop_inner);
	if (unlikely(wrong != 0))
		refuse_gtpu(p, wrong);
	else
		p->kind = GATEWAY_KIND_UPLINK;
}

/* A GTP-U message of `size` octets. */
static void
parse_gtpu(struct gateway_packet *p, uint8_t *message, uint32_t size)
{
	enum gtpu_error error = gtpu_parse(message, size, &p->gtpu);

	p->bucket = gateway_teid_bucket(p->gtpu.teid);
	p->ip = message + p->gtpu.header_size;
	if (likely(error == GTPU_OK && p->gtpu.type == GTPU_G_PDU))
		parse_g_pdu(p, p->ip);
	else if (error == GTPU_OK)
		p->kind = p->gtpu.type == GTPU_ERROR_INDICATION ? GATEWAY_KIND_ERROR_INDICATION
								: GATEWAY_KIND_SIGNAL;
	else if (error == GTPU_UNKNOWN_EXTENSION)
		p->kind = GATEWAY_KIND_UNKNOWN_EXTENSION;
	else if (error == GTPU_TRUNCATED || error == GTPU_VERSION)
		drop(p, gtpu_drops[error]);
	else
		refuse_gtpu(p, gtpu_drops[error]);
}

/* IPv4 from the access side, to the gateway's address. */
static void
parse_tunnel(struct gateway_packet *p)
{
	const struct rte_ipv4_hdr *ip = gateway_ipv4(p);
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(p->ip + rte_ipv4_hdr_len(ip));
	uint32_t size = p->ip_size - rte_ipv4_hdr_len(ip), length;

	if (unlikely(ip->fragment_offset & FRAGMENT_BITS)) {
		p->kind = GATEWAY_KIND_FRAGMENT;
		p->peer = ip->src_addr;
		p->bucket = gateway_fragment_bucket(ip->src_addr, ip->packet_id);
		return;
	}
	if (size < sizeof(*udp)) {
		drop(p, GATEWAY_drop_udp_header);
		return;
	}
	if (udp->dst_port != RTE_BE16(GTPU_PORT)) {
		drop(p, GATEWAY_drop_not_gtpu);
		return;
	}
	length = rte_be_to_cpu_16(udp->dgram_len);
	if (length < sizeof(*udp) || length > size) {
		drop(p, GATEWAY_drop_udp_header);
		return;
	}
	p->peer = ip->src_addr;
	p->peer_port = udp->src_port;
	p->outer_ecn = ip->type_of_service & 3u;
	parse_gtpu(p, (uint8_t *)(uintptr_t)(udp + 1), length - (uint32_t)sizeof(*udp));
}

/* ---- plain IP ---------------------------------------------------------------------------------- */

bool
gateway_is_echo_request(const struct gateway_packet *p)
{
	const struct nf_ip ip = gateway_ip(p);

	return nf_ip_is_echo_request(&ip);
}

static void
parse_own(struct gateway_packet *p)
{
	p->bucket = gateway_ipv4_bucket(gateway_ipv4(p)->src_addr);
	if (gateway_is_echo_request(p))
		p->kind = GATEWAY_KIND_ECHO;
	else
		drop(p, GATEWAY_drop_own_address);
}

/* IPv6 from the core: to a subscriber, or to the gateway. A frame to a group carries nothing for a subscriber. */
static void
parse_ipv6(struct gateway_packet *p, const struct gateway_config *config,
	   const struct rte_ether_hdr *eth)
{
	const struct rte_ipv6_hdr *ip = gateway_ipv6(p);
	const uint8_t *own = config->core_ipv6.address;
	bool to_group = ip->dst_addr[0] == 0xff;

	if (likely(!to_group &&
		   (config->core_ipv6.bits == 0 || memcmp(ip->dst_addr, own, 16) != 0))) {
		p->kind = GATEWAY_KIND_DOWNLINK;
		p->bucket = gateway_ipv6_bucket(ip->dst_addr);
		if (unlikely(rte_is_multicast_ether_addr(&eth->dst_addr)))
			drop(p, GATEWAY_drop_not_for_us);
		return;
	}
	p->bucket = gateway_config_router_bucket(config);
	/* MLD has hop-by-hop options in front. */
	if (config->core_ipv6.bits != 0 &&
	    (ip->proto == IPPROTO_ICMPV6 || ip->proto == IPPROTO_HOPOPTS))
		p->kind = GATEWAY_KIND_NEIGHBOR_DISCOVERY;
	else
		drop(p, GATEWAY_drop_own_address);
}

static void
parse_ip(struct gateway_packet *p, const struct gateway_config *config,
	 const struct rte_ether_hdr *eth)
{
	uint16_t wrong = take_framed(p, eth);

	if (unlikely(wrong != 0)) {
		drop(p, wrong);
	} else if (p->is_ipv6) {
		parse_ipv6(p, config, eth);
	} else if (gateway_ipv4(p)->dst_addr != config->sides[p->side].address) {
		p->kind = GATEWAY_KIND_DOWNLINK;
		p->bucket = gateway_ipv4_bucket(gateway_ipv4(p)->dst_addr);
	} else if (p->side == GATEWAY_ACCESS && gateway_ipv4(p)->next_proto_id == IPPROTO_UDP) {
		parse_tunnel(p);
	} else {
		parse_own(p);
	}
	if (p->kind == GATEWAY_KIND_DOWNLINK && p->side == GATEWAY_ACCESS)
		drop(p, GATEWAY_drop_not_gtpu);
}

/* ARP to everybody; Neighbor Discovery to all nodes, or to the group of the gateway's address. */
static bool
is_to_group(const struct rte_ether_hdr *eth, const struct gateway_config *config, uint8_t side)
{
	static const struct rte_ether_addr all_nodes = {{0x33, 0x33, 0, 0, 0, 1}};
	const uint8_t *own = config->core_ipv6.address;
	const struct rte_ether_addr group = {{0x33, 0x33, 0xff, own[13], own[14], own[15]}};

	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP))
		return rte_is_broadcast_ether_addr(&eth->dst_addr);
	return side == GATEWAY_CORE && config->core_ipv6.bits != 0 &&
	       eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6) &&
	       (rte_is_same_ether_addr(&eth->dst_addr, &group) ||
		rte_is_same_ether_addr(&eth->dst_addr, &all_nodes));
}

void
gateway_packet_parse(struct gateway_packet *p, const struct gateway_config *config,
		     struct rte_mbuf *m, uint8_t side)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);

	p->m = m;
	p->side = side;
	p->kind = GATEWAY_KIND_DROP;
	if (unlikely(m->nb_segs != 1))
		drop(p, GATEWAY_drop_segments);
	else if (unlikely(rte_pktmbuf_data_len(m) < sizeof(*eth)))
		drop(p, GATEWAY_drop_runt);
	else if (unlikely(!rte_is_same_ether_addr(&eth->dst_addr, &config->sides[side].mac) &&
			  !is_to_group(eth, config, side)))
		drop(p, GATEWAY_drop_not_for_us);
	else if (likely(eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4) ||
			(side == GATEWAY_CORE && eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6))))
		parse_ip(p, config, eth);
	else if (eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_ARP))
		drop(p, GATEWAY_drop_ethertype);
	else if (!nf_arp_is_valid(m))
		drop(p, NF_drop_arp);
	else {
		p->kind = GATEWAY_KIND_ARP;
		p->bucket = nf_arp_bucket(m);
	}
}
