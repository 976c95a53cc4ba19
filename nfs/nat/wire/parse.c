/* SPDX-License-Identifier: Apache-2.0 */
/* Parser; see parse.h. Pure. */
#include "parse.h"

#include <netinet/in.h>

#include <rte_icmp.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "ipv4_bucket.h"
#include "counters.h"
#include "exempt.h"
#include "frame.h"
#include "neighbour.h"
#include "pcp_message.h"
#include "protocol.h"

#define FRAGMENT_BITS RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)
#define EMBEDDED_L4_MIN 8u /* RFC 792 */

#define ICMP_ECHO_REQUEST 8

static void
drop(struct nat_packet *p, uint16_t counter)
{
	p->kind = NAT_KIND_DROP;
	p->drop = counter;
}

/* ---- ARP -------------------------------------------------------------------------------- */

static void
parse_arp(struct nat_packet *p)
{
	if (!nf_arp_is_valid(p->m)) {
		drop(p, NF_drop_arp);
		return;
	}
	p->kind = NAT_KIND_ARP;
	p->bucket = nf_arp_bucket(p->m);
}

/* ---- layer 4 ------------------------------------------------------------------------------ */

static uint16_t
fold_sum(const void *data, uint32_t size)
{
	return (uint16_t)~rte_raw_cksum(data, size);
}

/* A whole datagram is no longer than the packet that it stands in; of one in fragments that cannot be said. */
static bool
udp_size_is_wrong(const struct rte_udp_hdr *udp, uint32_t l4_size, bool whole)
{
	uint32_t size = rte_be_to_cpu_16(udp->dgram_len);

	return size < sizeof(*udp) || (whole && size > l4_size);
}

static bool
embedded_udp_is_wrong(const struct nat_embedded *embedded)
{
	const struct rte_ipv4_hdr *ip = embedded->ip;
	uint32_t l4_size = (uint32_t)rte_be_to_cpu_16(ip->total_length) - rte_ipv4_hdr_len(ip);

	return ip->next_proto_id == IPPROTO_UDP &&
	       udp_size_is_wrong((const struct rte_udp_hdr *)embedded->l4, l4_size,
				 (ip->fragment_offset & FRAGMENT_BITS) == 0);
}

/* An ICMP error of l4_size bytes: is the embedded packet one that a mapping can be found for?
 * RFC 5508 REQ-3: the checksums of the error and of the embedded header must be right; that of the
 * embedded payload is not looked at, a router may have cut it short. */
static void
parse_error(struct nat_packet *p, const struct nat_pool *pool, uint32_t l4_size)
{
	const struct rte_ipv4_hdr *ip;
	struct nat_embedded embedded;
	bool inwards = p->kind == NAT_KIND_IN;
	int protocol;

	if (p->m->nb_segs != 1 ||
	    l4_size < sizeof(struct rte_icmp_hdr) + sizeof(*ip) + EMBEDDED_L4_MIN ||
	    fold_sum(p->l4, l4_size) != 0) {
		drop(p, NAT_drop_icmp_error);
		return;
	}
	ip = (const struct rte_ipv4_hdr *)(p->l4 + sizeof(struct rte_icmp_hdr));
	if ((ip->version_ihl >> 4) != 4 || rte_ipv4_hdr_len(ip) < sizeof(*ip) ||
	    l4_size < sizeof(struct rte_icmp_hdr) + rte_ipv4_hdr_len(ip) + EMBEDDED_L4_MIN ||
	    (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK)) != 0 ||
	    fold_sum(ip, rte_ipv4_hdr_len(ip)) != 0) {
		drop(p, NAT_drop_icmp_error);
		return;
	}
	embedded = nat_packet_embedded(p);
	if (embedded.l4_size < EMBEDDED_L4_MIN || embedded_udp_is_wrong(&embedded)) {
		drop(p, NAT_drop_icmp_error);
		return;
	}
	protocol = nat_protocol_of(ip->next_proto_id);
	/* It goes to who sent what it is about (RFC 1812 section 4.3.2.4), and is never about an error,
	 * only about a query. */
	if (ip->src_addr != p->ip->dst_addr || protocol < 0 ||
	    (protocol == NAT_ICMP && !nat_icmp_is_query(embedded.l4[0]))) {
		drop(p, NAT_drop_icmp_error);
		return;
	}
	p->protocol = (uint8_t)protocol;
	p->kind = inwards ? NAT_KIND_ERROR_IN : NAT_KIND_ERROR_OUT;
	p->address = inwards ? ip->src_addr : ip->dst_addr;
	p->port = *nat_l4_port(p->protocol, embedded.l4, inwards);
	p->pool_number = nat_pool_number(pool, p->address);
	if (inwards && p->pool_number == NAT_NOT_IN_POOL) {
		drop(p, NAT_drop_icmp_error);
		return;
	}
	p->bucket = inwards ? nat_port_bucket(&pool->rule, rte_be_to_cpu_16(p->port))
			    : nf_ipv4_bucket(p->address);
}

static void
parse_icmp(struct nat_packet *p, const struct nat_pool *pool, uint32_t l4_size)
{
	const struct rte_icmp_hdr *icmp = (const struct rte_icmp_hdr *)p->l4;

	if (l4_size < sizeof(*icmp))
		drop(p, NAT_drop_l4_header);
	else if (nat_icmp_is_error(icmp->icmp_type))
		parse_error(p, pool, l4_size);
	else if (!nat_icmp_is_query(icmp->icmp_type))
		drop(p, NAT_drop_icmp_type);
}

static void
parse_l4(struct nat_packet *p, const struct nat_pool *pool)
{
	uint32_t l4_size = p->ip_size - rte_ipv4_hdr_len(p->ip);
	uint32_t here = RTE_MIN(l4_size, (uint32_t)(rte_pktmbuf_mtod(p->m, uint8_t *) +
						    rte_pktmbuf_data_len(p->m) - p->l4));

	if (p->protocol == NAT_ICMP) {
		parse_icmp(p, pool, here);
	} else if (p->protocol == NAT_UDP) {
		if (here < sizeof(struct rte_udp_hdr) ||
		    udp_size_is_wrong((const struct rte_udp_hdr *)p->l4, l4_size,
				      p->fragment == NAT_WHOLE))
			drop(p, NAT_drop_l4_header);
	} else {
		const struct rte_tcp_hdr *tcp = (const struct rte_tcp_hdr *)p->l4;

		if (here < sizeof(*tcp) || (tcp->data_off >> 4) < 5 ||
		    (uint32_t)(tcp->data_off >> 4) * 4 > l4_size)
			drop(p, NAT_drop_l4_header);
	}
}

/* ---- IPv4 ------------------------------------------------------------------------------------- */

static bool
checksum_is_wrong(const struct rte_mbuf *m, const struct rte_ipv4_hdr *ip)
{
	uint64_t flags = m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;

	if (flags == RTE_MBUF_F_RX_IP_CKSUM_GOOD)
		return false;
	return fold_sum(ip, rte_ipv4_hdr_len(ip)) != 0;
}

/* Offset and length; false: dropped. No fragment but the first may hold a part of a TCP header: it could
 * write over what the first one showed (RFC 1858, RFC 3128). */
static bool
parse_fragment_part(struct nat_packet *p, uint16_t bits, uint32_t header)
{
	uint32_t offset = (bits & RTE_IPV4_HDR_OFFSET_MASK) * RTE_IPV4_HDR_OFFSET_UNITS;
	uint32_t size = p->ip_size - header;
	bool more = bits & RTE_IPV4_HDR_MF_FLAG;

	if (size == 0 || (more && size % RTE_IPV4_HDR_OFFSET_UNITS != 0) ||
	    header + offset + size > RTE_IPV4_MAX_PKT_LEN) {
		drop(p, NAT_drop_fragment);
		return false;
	}
	if (offset == 0) {
		p->fragment = NAT_FRAGMENT_FIRST;
		return true;
	}
	if (p->ip->next_proto_id == IPPROTO_TCP && offset < sizeof(struct rte_tcp_hdr)) {
		drop(p, NAT_drop_fragment_header);
		return false;
	}
	p->fragment = NAT_FRAGMENT_LATER;
	p->l4 = NULL;
	return true;
}

/* Header and lengths; false: dropped. */
static bool
parse_ip_header(struct nat_packet *p)
{
	struct rte_ipv4_hdr *ip = p->ip;
	uint32_t size = rte_pktmbuf_data_len(p->m) - sizeof(struct rte_ether_hdr);
	uint32_t header;

	if (size < sizeof(*ip)) {
		drop(p, NAT_drop_runt);
		return false;
	}
	header = rte_ipv4_hdr_len(ip);
	p->ip_size = rte_be_to_cpu_16(ip->total_length);
	if ((ip->version_ihl >> 4) != 4 || header < sizeof(*ip) || p->ip_size < header) {
		drop(p, NAT_drop_ip_header);
		return false;
	}
	if (size < header ||
	    rte_pktmbuf_pkt_len(p->m) - sizeof(struct rte_ether_hdr) < p->ip_size) {
		drop(p, NAT_drop_runt);
		return false;
	}
	if (checksum_is_wrong(p->m, ip)) {
		drop(p, NAT_drop_ip_checksum);
		return false;
	}
	nf_frame_trim(p->m, (uint32_t)sizeof(struct rte_ether_hdr) + p->ip_size);
	p->l4 = (uint8_t *)ip + header;
	if (unlikely(ip->fragment_offset & FRAGMENT_BITS))
		return parse_fragment_part(p, rte_be_to_cpu_16(ip->fragment_offset), header);
	return true;
}

static bool
is_pcp(const struct nat_packet *p, const struct nat_config *config)
{
	return p->kind == NAT_KIND_OUT && p->protocol == NAT_UDP &&
	       p->ip->dst_addr == config->sides[NAT_INSIDE].address &&
	       *nat_l4_port(NAT_UDP, p->l4, false) == RTE_BE16(NAT_PCP_PORT);
}

/* To one of the NAT's own addresses. */
static void
parse_own(struct nat_packet *p, const struct nat_config *config)
{
	p->bucket = nf_ipv4_bucket(p->ip->src_addr);
	if (p->protocol == NAT_ICMP && p->kind != NAT_KIND_ERROR_OUT &&
	    p->kind != NAT_KIND_ERROR_IN && p->l4[0] == ICMP_ECHO_REQUEST)
		p->kind = NAT_KIND_ECHO;
	else if (config->pcp.enabled && is_pcp(p, config))
		p->kind = NAT_KIND_PCP;
	else
		drop(p, NAT_drop_own_address);
}

static void
find_mapping_key(struct nat_packet *p, const struct nat_pool *pool)
{
	if (p->kind == NAT_KIND_OUT) {
		p->address = p->ip->src_addr;
		p->port = p->knows_ports ? p->ports.src : *nat_l4_port(p->protocol, p->l4, true);
		p->bucket = nf_ipv4_bucket(p->address);
	} else {
		p->address = p->ip->dst_addr;
		p->port = p->knows_ports ? p->ports.dst : *nat_l4_port(p->protocol, p->l4, false);
		p->bucket = nat_port_bucket(&pool->rule, rte_be_to_cpu_16(p->port));
	}
}

static bool
is_own(const struct nat_packet *p, const struct nat_config *config)
{
	return p->ip->dst_addr == config->sides[NAT_INSIDE].address ||
	       p->ip->dst_addr == config->sides[NAT_OUTSIDE].address;
}

/* A fragment for a mapping: checks what can be checked without its ports. Nothing is put together, so
 * there is no echo in fragments to the NAT itself, and no ICMP error whose checksum
 * could be verified. */
static void
parse_fragment(struct nat_packet *p, const struct nat_config *config, const struct nat_pool *pool)
{
	if (p->fragment == NAT_FRAGMENT_FIRST)
		parse_l4(p, pool);
	if (p->kind == NAT_KIND_DROP && p->drop == NAT_drop_l4_header)
		drop(p, NAT_drop_fragment_header);
	else if (p->kind == NAT_KIND_ERROR_IN || p->kind == NAT_KIND_ERROR_OUT)
		drop(p, NAT_drop_icmp_error);
	else if (is_own(p, config))
		drop(p, NAT_drop_own_address);
	else if (p->kind == NAT_KIND_IN && p->pool_number == NAT_NOT_IN_POOL &&
		 config->n_exempt == 0) /* else the ports may tell */
		drop(p, NAT_drop_not_pool);
	if (p->kind == NAT_KIND_DROP)
		return;
	p->kind = NAT_KIND_FRAGMENT;
	p->bucket = nat_fragment_bucket(p->ip->src_addr, p->ip->dst_addr, p->ip->packet_id,
					p->ip->next_proto_id, p->side);
}

void
nat_parse_resolve(struct nat_packet *p, const struct nat_config *config,
		  const struct nat_pool *pool, struct nat_ports ports)
{
	p->ports = ports;
	p->knows_ports = true;
	if (unlikely(config->n_exempt != 0) && nat_exempt_parse(p, config, pool, p->inwards))
		return;
	p->kind = p->inwards ? NAT_KIND_IN : NAT_KIND_OUT;
	find_mapping_key(p, pool);
	if (p->inwards && p->pool_number == NAT_NOT_IN_POOL)
		drop(p, NAT_drop_not_pool);
}

static void
parse_ip(struct nat_packet *p, const struct nat_config *config, const struct nat_pool *pool,
	 bool inwards)
{
	int protocol;

	if (!parse_ip_header(p))
		return;
	if (unlikely(config->n_exempt != 0) && nat_exempt_parse(p, config, pool, inwards))
		return;
	protocol = nat_protocol_of(p->ip->next_proto_id);
	if (protocol < 0) {
		drop(p, NAT_drop_protocol);
		return;
	}
	p->protocol = (uint8_t)protocol;
	p->kind = inwards ? NAT_KIND_IN : NAT_KIND_OUT;
	p->pool_number = nat_pool_number(pool, p->ip->dst_addr);
	if (unlikely(p->fragment != NAT_WHOLE)) {
		parse_fragment(p, config, pool);
		return;
	}
	parse_l4(p, pool);
	if (unlikely(p->kind == NAT_KIND_DROP))
		return;
	if (unlikely(is_own(p, config)))
		parse_own(p, config);
	else if (p->kind == NAT_KIND_OUT || p->kind == NAT_KIND_IN)
		find_mapping_key(p, pool);
	if (p->kind == NAT_KIND_IN && p->pool_number == NAT_NOT_IN_POOL)
		drop(p, NAT_drop_not_pool);
}

void
nat_parse(struct nat_packet *p, const struct nat_config *config, const struct nat_pool *pool,
	  struct rte_mbuf *m, uint8_t side, bool hairpin)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);

	p->m = m;
	p->ip = (struct rte_ipv4_hdr *)(eth + 1);
	p->side = side;
	p->fragment = NAT_WHOLE;
	p->inwards = hairpin || side == NAT_OUTSIDE;
	p->knows_ports = false;
	p->sent_id = 0;
	p->is_own = false;
	p->kind = NAT_KIND_DROP;
	if (unlikely(rte_pktmbuf_data_len(m) < sizeof(*eth))) {
		drop(p, NAT_drop_runt);
		return;
	}
	if (unlikely(!rte_is_same_ether_addr(&eth->dst_addr, &config->sides[side].mac) &&
		     !(eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP) &&
		       rte_is_broadcast_ether_addr(&eth->dst_addr)))) {
		drop(p, NAT_drop_not_for_us);
		return;
	}
	if (likely(eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4)))
		parse_ip(p, config, pool, p->inwards);
	else if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP))
		parse_arp(p);
	else
		drop(p, NAT_drop_ethertype);
}
