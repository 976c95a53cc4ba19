/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The headers in front of a subscriber's packet on its way to a cell, from a template that has all that is the same
 * for all of them, and the sum of its checksum: what differs is added. Pure.
 */
#ifndef GATEWAY_OUTER_H
#define GATEWAY_OUTER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "gtpu.h"

#define GATEWAY_OUTER_TTL 64

/* As they stand on the wire; behind them a PDU session container, or the subscriber's packet. */
struct gateway_outer_headers {
	struct rte_ipv4_hdr ip;
	struct rte_udp_hdr udp;
	uint8_t flags;
	uint8_t type;
	rte_be16_t length;
	rte_be32_t teid;
} __rte_packed;

_Static_assert(sizeof(struct gateway_outer_headers) ==
		       sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_udp_hdr) + GTPU_HEADER_SIZE,
	       "as on the wire");

struct gateway_outer_template {
	struct gateway_outer_headers headers;
	uint32_t sum; /* of the 16-bit words of headers.ip */
};

/* What one packet has of its own. */
struct gateway_outer_part {
	rte_be32_t to;
	uint32_t teid;
	rte_be16_t source_port;
	uint16_t size; /* of the subscriber's packet */
	uint8_t traffic_class;
	bool container; /* it has a PDU session container, for qfi */
	uint8_t qfi;
};

static inline void
gateway_outer_template_init(struct gateway_outer_template *t, rte_be32_t from)
{
	uint16_t words[sizeof(t->headers.ip) / sizeof(uint16_t)];

	/* Atomic datagrams: no identification (RFC 6864). */
	t->headers = (struct gateway_outer_headers){
		.ip = {.version_ihl = RTE_IPV4_VHL_DEF,
		       .fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
		       .time_to_live = GATEWAY_OUTER_TTL,
		       .next_proto_id = IPPROTO_UDP,
		       .src_addr = from},
		.udp = {.dst_port = RTE_BE16(GTPU_PORT)},
		.flags = GTPU_FLAGS_PLAIN,
		.type = GTPU_G_PDU,
	};
	memcpy(words, &t->headers.ip, sizeof(words));
	t->sum = 0;
	for (uint32_t i = 0; i < RTE_DIM(words); i++)
		t->sum += words[i];
}

static inline uint16_t
gateway_outer_checksum(uint32_t sum, const struct rte_ipv4_hdr *ip)
{
	sum += rte_cpu_to_be_16(ip->type_of_service) + ip->total_length;
	sum += (ip->dst_addr & UINT16_MAX) + (ip->dst_addr >> 16);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

/* The octets behind the header of a G-PDU with a downlink PDU session container. */
static inline rte_be64_t
gateway_outer_container(uint8_t qfi)
{
	return rte_cpu_to_be_64((uint64_t)GTPU_PDU_SESSION_CONTAINER << 32 |
				(uint64_t)(GTPU_CONTAINER_SIZE / 4) << 24 | GTPU_DOWNLINK << 20 |
				(uint64_t)qfi << 8 | GTPU_NO_MORE_EXTENSIONS);
}

/* Writes the headers in front of the subscriber's packet at `ip`. Which packets have a container nobody can foretell, so
 * it is always written, and those without have the end of their headers there. */
static inline void
gateway_outer_put(const struct gateway_outer_template *t, uint8_t *ip,
		  const struct gateway_outer_part *part)
{
	rte_be64_t container = gateway_outer_container(part->qfi);
	uint32_t header = gtpu_header_size(part->container);
	struct gateway_outer_headers *h =
		(struct gateway_outer_headers *)(void *)(ip + GTPU_HEADER_SIZE - header -
							 sizeof(*h));
	uint16_t message = (uint16_t)(header + part->size);
	uint16_t datagram = (uint16_t)(sizeof(h->udp) + message);

	memcpy(ip - sizeof(container), &container, sizeof(container));
	memcpy(h, &t->headers, sizeof(*h));
	h->ip.type_of_service = part->traffic_class;
	h->ip.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(h->ip) + datagram));
	h->ip.dst_addr = part->to;
	h->ip.hdr_checksum = gateway_outer_checksum(t->sum, &h->ip);
	h->udp.src_port = part->source_port;
	h->udp.dgram_len = rte_cpu_to_be_16(datagram);
	h->flags = part->container ? GTPU_FLAGS_EXTENSION : GTPU_FLAGS_PLAIN;
	h->length = rte_cpu_to_be_16((uint16_t)(message - GTPU_HEADER_SIZE));
	h->teid = rte_cpu_to_be_32(part->teid);
}

#endif
