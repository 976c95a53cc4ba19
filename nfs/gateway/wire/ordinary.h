/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What nearly all packets are, told apart at first sight: a whole G-PDU from a cell, with no option but an uplink PDU
 * session container; or a plain packet from the core that is no neighbour's. Headers of IPv4 have no options.
 *
 * The parser (packet.h) is the judge of everything. This one only ever says what the parser would say, or nothing:
 * a frame that is not what it looks for is not wrong, it is left to the parser. So each check
 * here has one answer for what fails it, and none of them names a reason. Pure.
 */
#ifndef GATEWAY_ORDINARY_H
#define GATEWAY_ORDINARY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_udp.h>

#include "bucket.h"
#include "packet.h"

#define GATEWAY_ORDINARY_MF_OFFSET RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)

/* The header of a G-PDU as it stands on the wire, and the octets behind it. */
struct gateway_g_pdu {
	rte_be16_t flags_type;
	rte_be16_t length;
	rte_be32_t teid;
	rte_be64_t behind;
} __rte_packed;

_Static_assert(sizeof(struct gateway_g_pdu) ==
		       GTPU_HEADER_SIZE + GTPU_OPTIONS_SIZE + GTPU_CONTAINER_SIZE,
	       "as on the wire");

#define GATEWAY_G_PDU_PLAIN RTE_BE16(GTPU_FLAGS_PLAIN << 8 | GTPU_G_PDU)
#define GATEWAY_G_PDU_EXTENDED RTE_BE16(GTPU_FLAGS_EXTENSION << 8 | GTPU_G_PDU)

/* Behind the header: 2 octets of sequence and 1 of N-PDU number, which are not valid; type of the extension, its length in 4
 * octets, PDU type (high half), QFI, and that no other one follows. */
#define GATEWAY_CONTAINER_MASK RTE_BE64(UINT64_C(0x000000fffff000ff))
#define GATEWAY_CONTAINER_UPLINK                                                 \
	RTE_BE64((uint64_t)GTPU_PDU_SESSION_CONTAINER << 32 |                    \
		 (uint64_t)(GTPU_CONTAINER_SIZE / 4) << 24 | GTPU_UPLINK << 20 | \
		 GTPU_NO_MORE_EXTENSIONS)

/* Is the checksum of a header of 20 octets right? Its sum in one's complement is all ones, so the sum of its words, of whatever
 * size, is a multiple of that; it is not 0, as the version is none. A multiplication finds it out. */
static inline bool
gateway_sum_is_right(const void *header)
{
	uint32_t words[5];

	memcpy(words, header, sizeof(words));
	return ((uint64_t)words[0] + words[1] + words[2] + words[3] + words[4]) % UINT16_MAX == 0;
}

/* A header without options, of a packet that is no longer than `size`. Twenty octets are there. */
static inline bool
gateway_ordinary_ipv4(const struct rte_ipv4_hdr *ip, uint32_t size)
{
	uint16_t total = rte_be_to_cpu_16(ip->total_length);

	return likely(ip->version_ihl == RTE_IPV4_VHL_DEF) && likely(total >= sizeof(*ip)) &&
	       likely(total <= size) && likely(gateway_sum_is_right(ip));
}

/* The subscriber's packet, of which `size` octets are there. */
static inline bool
gateway_ordinary_inner(struct gateway_packet *p, uint8_t *at, uint32_t size)
{
	uint32_t total;

	p->ip = at;
	if (unlikely(size < sizeof(struct rte_ipv4_hdr)))
		return false;
	if (likely(at[0] == RTE_IPV4_VHL_DEF)) {
		p->is_ipv6 = false;
		p->ip_size = rte_be_to_cpu_16(gateway_ipv4(p)->total_length);
		return gateway_ordinary_ipv4(gateway_ipv4(p), size);
	}
	if (unlikely(at[0] >> 4 != 6 || size < sizeof(struct rte_ipv6_hdr)))
		return false;
	total = (uint32_t)sizeof(struct rte_ipv6_hdr) +
		rte_be_to_cpu_16(gateway_ipv6(p)->payload_len);
	p->is_ipv6 = true;
	p->ip_size = (uint16_t)total;
	return likely(total <= size);
}

/* Octets of the header; 0: it is another kind of message. Which of both it is nobody can foretell, so it is computed. */
static inline uint32_t
gateway_ordinary_header(const struct gateway_g_pdu *g)
{
	uint32_t plain = g->flags_type == GATEWAY_G_PDU_PLAIN;
	uint32_t extended = (g->flags_type == GATEWAY_G_PDU_EXTENDED) &
			    ((g->behind & GATEWAY_CONTAINER_MASK) == GATEWAY_CONTAINER_UPLINK);

	return plain * GTPU_HEADER_SIZE + extended * (uint32_t)sizeof(*g);
}

static inline bool
gateway_ordinary_g_pdu(struct gateway_packet *p, uint8_t *message, uint32_t size)
{
	const struct gateway_g_pdu *g = (const struct gateway_g_pdu *)(const void *)message;
	uint32_t end = GTPU_HEADER_SIZE + rte_be_to_cpu_16(g->length);
	uint32_t header = gateway_ordinary_header(g);

	if (unlikely(end > size) || unlikely(header == 0) || unlikely(header > end))
		return false;
	p->kind = GATEWAY_KIND_UPLINK;
	p->gtpu.teid = rte_be_to_cpu_32(g->teid);
	p->bucket = gateway_teid_bucket(p->gtpu.teid);
	return gateway_ordinary_inner(p, message + header, end - header);
}

static inline bool
gateway_ordinary_uplink(struct gateway_packet *p, const struct gateway_config *config,
			const struct rte_ether_hdr *eth, uint32_t size)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(eth + 1);
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(ip + 1);
	uint32_t length;

	if (unlikely(size < sizeof(*ip) + sizeof(*udp) + sizeof(struct gateway_g_pdu)) ||
	    unlikely(eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4)) ||
	    unlikely(!gateway_ordinary_ipv4(ip, size)) ||
	    unlikely(ip->dst_addr != config->sides[GATEWAY_ACCESS].address) ||
	    unlikely(ip->next_proto_id != IPPROTO_UDP) ||
	    unlikely((ip->fragment_offset & GATEWAY_ORDINARY_MF_OFFSET) != 0) ||
	    unlikely(udp->dst_port != RTE_BE16(GTPU_PORT)))
		return false;
	length = rte_be_to_cpu_16(udp->dgram_len);
	if (unlikely(length < sizeof(*udp) + GTPU_HEADER_SIZE ||
		     length + sizeof(*ip) > rte_be_to_cpu_16(ip->total_length)))
		return false;
	p->peer = ip->src_addr;
	p->outer_ecn = ip->type_of_service & 3u;
	return gateway_ordinary_g_pdu(p, (uint8_t *)(uintptr_t)(udp + 1),
				      length - (uint32_t)sizeof(*udp));
}

static inline bool
gateway_ordinary_downlink(struct gateway_packet *p, const struct gateway_config *config,
			  const struct rte_ether_hdr *eth, uint32_t size)
{
	bool says_ipv4 = eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4);
	const uint8_t *to;

	if (unlikely(!says_ipv4 && eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV6)) ||
	    unlikely(!gateway_ordinary_inner(p, (uint8_t *)(uintptr_t)(eth + 1), size)) ||
	    unlikely(p->is_ipv6 == says_ipv4))
		return false;
	p->kind = GATEWAY_KIND_DOWNLINK;
	if (likely(says_ipv4)) {
		p->bucket = gateway_ipv4_bucket(gateway_ipv4(p)->dst_addr);
		return gateway_ipv4(p)->dst_addr != config->sides[GATEWAY_CORE].address;
	}
	to = gateway_ipv6(p)->dst_addr;
	p->bucket = gateway_ipv6_bucket(to);
	return to[0] != 0xff &&
	       (config->core_ipv6.bits == 0 || memcmp(to, config->core_ipv6.address, 16) != 0);
}

/* True: *p is what the parser would say of the frame, but for the fields that nobody asks for of an ordinary packet
 * (drop, peer_port, what else stands in gtpu), and bucket is whose it is. */
static inline bool
gateway_ordinary(struct gateway_packet *p, const struct gateway_config *config, struct rte_mbuf *m,
		 uint8_t side)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	uint32_t size = rte_pktmbuf_data_len(m) - (uint32_t)sizeof(*eth);

	p->m = m;
	p->side = side;
	if (unlikely(m->nb_segs != 1) || unlikely(rte_pktmbuf_data_len(m) < sizeof(*eth)) ||
	    unlikely(memcmp(&eth->dst_addr, &config->sides[side].mac, sizeof(eth->dst_addr)) != 0))
		return false;
	return side == GATEWAY_ACCESS ? gateway_ordinary_uplink(p, config, eth, size)
				      : gateway_ordinary_downlink(p, config, eth, size);
}

#endif
