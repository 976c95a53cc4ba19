/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A datagram that comes in fragments: which one it is, and what its first fragment told. Pure.
 *
 * It is source, destination, identification, protocol and side (RFC 791). Its bucket is the subscriber's for
 * what comes from inside, so its worker has the mapping, too; from outside it is a hash, for only the ports
 * would tell whose it is.
 */
#ifndef NAT_DATAGRAM_H
#define NAT_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#include "packet.h"
#include "slot_index.h"

/* A slot of the table `fragment`. */
struct nat_fragment {
	rte_be32_t src_address;
	rte_be32_t dst_address;
	rte_be16_t packet_id;
	uint8_t protocol; /* IPPROTO_ */
	uint8_t side;     /* enum nat_side: where it came in */
	rte_be16_t src_port;
	rte_be16_t dst_port; /* as src_port the query id for ICMP */
	rte_be16_t sent_id;  /* identification with which its fragments leave; 0 from outside */
	uint8_t reserved[2];
	rte_be32_t
		subscriber; /* inside address that it comes from or goes to: whose share it takes */
	uint64_t seen;      /* when the first fragment came last */
};

_Static_assert(sizeof(struct nat_fragment) == 32, "no holes");

#define NAT_DATAGRAM_KEY_SIZE offsetof(struct nat_fragment, src_port)

/* As it came in: the caller has not changed the header yet. */
static inline struct nat_fragment
nat_datagram_of(const struct nat_packet *p)
{
	return (struct nat_fragment){
		.src_address = p->ip->src_addr,
		.dst_address = p->ip->dst_addr,
		.packet_id = p->ip->packet_id,
		.protocol = p->ip->next_proto_id,
		.side = p->side,
	};
}

static inline uint8_t
nat_datagram_bucket(const struct nat_fragment *d)
{
	return nat_fragment_bucket(d->src_address, d->dst_address, d->packet_id, d->protocol,
				   d->side);
}

static inline uint32_t
nat_datagram_hash(const struct nf_slot_index *index, const struct nat_fragment *key)
{
	uint64_t addresses = (uint64_t)key->src_address << 32 | key->dst_address;
	uint32_t rest = (uint32_t)key->packet_id << 16 | (uint32_t)key->protocol << 8 | key->side;

	return nf_slot_index_hash(index, addresses ^ nf_slot_index_hash(index, rest));
}

/* An index takes keys of 64 bits: here it is the place of the key. */
static inline uint64_t
nat_datagram_place(const struct nat_fragment *key)
{
	return (uint64_t)(uintptr_t)key;
}

static inline bool
nat_datagram_is(const struct nat_fragment *d, uint64_t place)
{
	return memcmp(d, (const void *)(uintptr_t)place, NAT_DATAGRAM_KEY_SIZE) == 0;
}

static inline bool
nat_datagram_has_ports(const struct nat_fragment *d, struct nat_ports ports)
{
	return d->src_port == ports.src && d->dst_port == ports.dst;
}

static inline struct nat_ports
nat_datagram_ports(const struct nat_fragment *d)
{
	return (struct nat_ports){.src = d->src_port, .dst = d->dst_port};
}

#endif
