/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identifications of IPv4 datagrams that this NAT is the source of, for all who see them: those that it translates
 * from inside and its own (RFC 6864 section 5.3.1). Each that is not atomic (may be cut, or is a fragment) gets
 * one of its own; an atomic one keeps what it has.
 *
 * An identification must not come again for source, destination and protocol while datagrams with it
 * are on their way. So they are counted, and which counter it is a keyed hash of the three decides: one for
 * all would tell everybody the rate of all traffic. What another part of the hash adds is constant for the
 * three, so that who shares the counter with somebody does not know his numbers, either (as the ports of RFC
 * 6056 section 3.3.4). The hash is keyed, but not a cryptographic one.
 *
 * A counter is shared by all workers, and each takes NAT_ID_LEASE numbers from it at once. What it has not
 * used of them after NAT_ID_ERA_NS it leaves: else they might meet those that others took a whole turn later.
 * So a number comes again after a whole turn of its counter, but for those that were left.
 *
 * Nothing of it moves. An instance that has begun to serve takes its numbers for NAT_ID_SETTLED_NS from a range
 * of its own, then from the main one: so it gives none that the instance before it gave, be it after a
 * move, a crash or a start, if that had served so long itself.
 *
 * nat_id_take() is for the packet path: no division, no shared line but for one lease in 32. Nothing here
 * allocates. No DPDK function.
 */
#ifndef NAT_IDENTIFICATION_H
#define NAT_IDENTIFICATION_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_ip.h>

#define NAT_ID_COUNTERS 2048u /* a power of two, of 11 bits */
#define NAT_ID_LEASE 32u      /* a power of two */
#define NAT_ID_ERA_NS UINT64_C(8000000000)
#define NAT_ID_SETTLED_NS UINT64_C(120000000000) /* the maximum datagram lifetime of RFC 6864 */

/* The ranges; 0 is none, and stands for "not given yet". */
#define NAT_ID_MAIN_FIRST NAT_ID_LEASE
#define NAT_ID_MAIN_SIZE (49152u - NAT_ID_LEASE)
#define NAT_ID_NEW_FIRST 49152u
#define NAT_ID_NEW_SIZE 16384u

/* All workers'. */
struct nat_id_counters {
	uint64_t keys[2];
	uint32_t leases[NAT_ID_COUNTERS]; /* that were taken; atomic */
};

/* A worker's. */
struct nat_ids {
	struct nat_id_counters *counters;
	uint64_t keys[2];
	uint16_t first; /* the range in force */
	uint16_t size;
	uint16_t era;
	uint64_t era_ns;     /* when it began */
	uint64_t settled_ns; /* when the main range comes into force; 0: does not serve */
	struct nat_id_lease {
		uint16_t next; /* in the range; none left if a multiple of NAT_ID_LEASE */
		uint16_t era;
	} leases[NAT_ID_COUNTERS];
};

/* Main thread. */
void nat_id_counters_init(struct nat_id_counters *c, uint64_t seed);
void nat_ids_init(struct nat_ids *ids, struct nat_id_counters *c);

/* Once a round; `serves`: this instance owns its buckets. */
void nat_ids_tick(struct nat_ids *ids, bool serves, uint64_t now_ns);

/* The rare part of nat_id_take(): the first number of a new lease. */
uint32_t nat_id_take_lease(struct nat_ids *ids, uint32_t counter);

/* Of a datagram as it leaves. Never 0. */
static inline rte_be16_t
nat_id_take(struct nat_ids *ids, rte_be32_t src, rte_be32_t dst, uint8_t ip_protocol)
{
	uint64_t h = (((uint64_t)src << 32 | dst) ^ ids->keys[0]) * UINT64_C(0x9e3779b97f4a7c15);
	struct nat_id_lease *lease;
	uint32_t at;

	h ^= h >> 32;
	h = (h ^ ids->keys[1] ^ ip_protocol) * UINT64_C(0xd6e8feb86659fd93);
	lease = &ids->leases[h >> 53];
	if (unlikely(lease->next % NAT_ID_LEASE == 0 || lease->era != ids->era))
		at = nat_id_take_lease(ids, (uint32_t)(h >> 53));
	else
		at = lease->next++;
	/* The constant part, below the size of the range. */
	at += (uint32_t)((h >> 32 & 0xffff) * ids->size >> 16);
	if (at >= ids->size)
		at -= ids->size;
	return rte_cpu_to_be_16((uint16_t)(ids->first + at));
}

static inline bool
nat_id_is_needed(const struct rte_ipv4_hdr *ip)
{
	return ip->fragment_offset != RTE_BE16(RTE_IPV4_HDR_DF_FLAG);
}

/* Addresses are as it leaves; the checksum is the caller's. */
static inline void
nat_id_give(struct nat_ids *ids, struct rte_ipv4_hdr *ip)
{
	if (nat_id_is_needed(ip))
		ip->packet_id = nat_id_take(ids, ip->src_addr, ip->dst_addr, ip->next_proto_id);
}

#endif
