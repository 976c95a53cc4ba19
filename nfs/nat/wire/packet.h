/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the NAT has to know of a frame; parse.h finds it out. Pure.
 *
 * Only the first segment of an mbuf is read; headers must be in it. The payload
 * of UDP and TCP may be in others. An ICMP error must be in one segment, for
 * its checksum covers what is rewritten inside it.
 */
#ifndef NAT_PACKET_H
#define NAT_PACKET_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include "checksum.h"
#include "config.h"
#include "protocol.h"

enum nat_kind {
	NAT_KIND_DROP = 0,  /* `drop` says why */
	NAT_KIND_OUT,       /* inside to outside: UDP, TCP, ICMP query */
	NAT_KIND_IN,        /* outside to an address of the pool */
	NAT_KIND_ERROR_OUT, /* ICMP error about a packet that a mapping let in */
	NAT_KIND_ERROR_IN,  /* ICMP error about a packet that a mapping let out */
	NAT_KIND_ECHO,      /* echo request to one of the NAT's own addresses */
	NAT_KIND_FRAGMENT,  /* its ports are still to be found out (fragment.h) */
	NAT_KIND_PCP,       /* request to the NAT's PCP server */
	NAT_KIND_ROUTED,    /* to or from a destination that is not translated (exempt.h) */
	NAT_KIND_ARP,
};

enum nat_fragment_part {
	NAT_WHOLE = 0,
	NAT_FRAGMENT_FIRST, /* has the whole header of layer 4 */
	NAT_FRAGMENT_LATER, /* has nothing of it: l4 is NULL */
};

/* Of a datagram, as every fragment of it would have them; both the query id for ICMP. */
struct nat_ports {
	rte_be16_t src;
	rte_be16_t dst;
};

struct nat_packet {
	struct rte_mbuf *m;
	struct rte_ipv4_hdr *ip; /* NULL for ARP */
	uint8_t *l4;
	uint8_t kind;     /* enum nat_kind */
	uint8_t side;     /* where it came in */
	uint8_t bucket;   /* decides which worker handles it */
	uint8_t protocol; /* enum nat_protocol; of the embedded packet for an error */
	uint8_t fragment; /* enum nat_fragment_part */
	bool inwards;     /* goes to a mapping: from outside, or hairpinned */
	bool knows_ports; /* of a fragment: `ports` is set */
	bool is_own; /* an ICMP error that the NAT made, of a side: its source is the NAT's there */
	struct nat_ports ports;
	rte_be16_t sent_id;   /* of a fragment from inside: identification with which it leaves */
	uint16_t drop;        /* enum nat_counter, for NAT_KIND_DROP */
	uint16_t pool_number; /* of the destination (source of the embedded packet for ERROR_IN), or
	                         NAT_NOT_IN_POOL */
	rte_be32_t
		address;  /* address and port by which the mapping is found: inside ones for OUT */
	rte_be16_t port;  /* and ERROR_OUT, external ones for IN and ERROR_IN */
	uint16_t ip_size; /* IPv4 total length */
	uint32_t hash;    /* the pipeline's */
	uint64_t key;     /* the pipeline's */
};

/* Errors of the NAT's own. */
enum nat_error {
	NAT_ERROR_NONE = 0,    /* nobody is told */
	NAT_ERROR_TTL,         /* time exceeded */
	NAT_ERROR_TOO_BIG,     /* fragmentation needed, with the next hop's MTU (RFC 1191) */
	NAT_ERROR_NO_ROUTE,    /* network unreachable (RFC 1812 section 5.2.7.1) */
	NAT_ERROR_SILENT,      /* host unreachable: the neighbour does not answer (the same) */
	NAT_ERROR_NO_RESOURCE, /* host unreachable (RFC 6888 REQ-11) */
	NAT_ERROR_PROHIBITED,  /* administratively prohibited (RFC 5508 REQ-8) */
	NAT_ERROR_UNSOLICITED, /* port unreachable, but not at once (RFC 5382 REQ-4) */
};

/* Why a packet goes no further, and what its sender is told. */
struct nat_refusal {
	uint16_t drop; /* enum nat_counter; 0: it goes on */
	uint16_t mtu;  /* for NAT_ERROR_TOO_BIG */
	uint8_t error; /* enum nat_error */
};

/* ICMP error: the embedded packet behind the ICMP header. */
struct nat_embedded {
	struct rte_ipv4_hdr *ip;
	uint8_t *l4;
	uint32_t
		l4_size; /* bytes of it that are there, at least 8; what follows is not of the packet */
};

/* The embedded packet of an error that nat_parse() accepted. */
struct nat_embedded nat_packet_embedded(const struct nat_packet *p);

/* Bytes from `at` to the end of the packet that are in its first segment. */
uint32_t nat_packet_size_behind(const struct nat_packet *p, const uint8_t *at);

/* A whole ICMP message that is an error, by its type alone? */
bool nat_packet_is_icmp_error(const struct nat_packet *p);

/* Where the port stands that identifies the mapping: the source port (or query id) of a packet
 * that leaves the mapping's owner, the destination port of one that goes to it. */
static inline rte_be16_t *
nat_l4_port(uint8_t protocol, uint8_t *l4, bool source)
{
	if (protocol == NAT_ICMP)
		return (rte_be16_t *)(l4 + 4);
	return (rte_be16_t *)(source ? l4 : l4 + 2);
}

/* The other port, that of the peer; ICMP queries have none. */
static inline rte_be16_t
nat_l4_peer_port(uint8_t protocol, uint8_t *l4, bool source)
{
	return protocol == NAT_ICMP ? 0 : *nat_l4_port(protocol, l4, !source);
}

/* The same for a packet of which l4 may be missing. */
static inline rte_be16_t
nat_peer_port(const struct nat_packet *p, bool source)
{
	if (likely(!p->knows_ports))
		return nat_l4_peer_port(p->protocol, p->l4, source);
	return p->protocol == NAT_ICMP ? 0 : source ? p->ports.dst : p->ports.src;
}

/* Which worker sees all fragments of a datagram: from inside that of the subscriber. */
static inline uint8_t
nat_fragment_bucket(rte_be32_t src, rte_be32_t dst, rte_be16_t id, uint8_t ip_protocol,
		    uint8_t side)
{
	uint32_t sum = rte_be_to_cpu_32(src);

	if (side == NAT_INSIDE)
		return (uint8_t)sum;
	sum = sum * 31 + rte_be_to_cpu_32(dst);
	sum = sum * 31 + rte_be_to_cpu_16(id);
	sum = sum * 31 + ip_protocol;
	return (uint8_t)((sum * UINT32_C(0x9e3779b1)) >> 24);
}

/* ICMP queries that a mapping is made for (RFC 5508 REQ-1): echo and timestamp. */
static inline bool
nat_icmp_is_request(uint8_t type)
{
	return type == 8 || type == 13;
}

/* They and their replies. */
static inline bool
nat_icmp_is_query(uint8_t type)
{
	return nat_icmp_is_request(type) || type == 0 || type == 14;
}

/* ICMP types that are translated with the packet that they are about. */
static inline bool
nat_icmp_is_error(uint8_t type)
{
	return type == 3 || type == 11 || type == 12;
}

/* Returns what it does to the sum of the header (checksum.h). */
static inline uint32_t
nat_ip_decrement_ttl(struct rte_ipv4_hdr *ip)
{
	rte_be16_t from, to;

	/* The word that holds the time to live. */
	memcpy(&from, &ip->time_to_live, sizeof(from));
	ip->time_to_live--;
	memcpy(&to, &ip->time_to_live, sizeof(to));
	return nf_csum_diff16(0, from, to);
}

/* Source or destination of a header, whatever its alignment. */
static inline rte_be32_t
nat_ip_address(const struct rte_ipv4_hdr *ip, bool source)
{
	return source ? ip->src_addr : ip->dst_addr;
}

static inline void
nat_ip_set_address(struct rte_ipv4_hdr *ip, bool source, rte_be32_t address)
{
	if (source)
		ip->src_addr = address;
	else
		ip->dst_addr = address;
}

#endif
