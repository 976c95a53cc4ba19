/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a packet may come from, and where it may go: the one place that decides it, for all that an NF
 * sends, be it translated, taken out of a tunnel, or made by itself. Constant while workers run. Pure.
 *
 *   nf_may_come()    a source, and the side where it came in
 *   nf_may_go()      a destination, and the side that it is for: what to send it to
 *   nf_may_answer()  both, for whoever is told something
 *
 * Only what one of the last two filled can be sent (nf_neighbour_send() takes nothing else), so no path can
 * leave the question out.
 *
 * Nearly all addresses lie in a /16 of which all go the same way and none is special: a table of these answers
 * with one load. What it does not answer is looked up.
 *
 * No host is: 0/8, 127/8 and 224/3 (RFC 1122 section 3.2.1.3, RFC 1812 section 5.3.7), one of the NF's own
 * addresses, network and broadcast address of what is on-link, and 169.254/16 beyond the link (RFC 3927
 * section 7). A source must be reached by the side where it came in (RFC 1812 section 5.3.8).
 */
#ifndef NF_FORWARD_H
#define NF_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>

#include "ipv4.h"
#include "order.h"
#include "side.h"

struct nf_hop {
	struct nf_prefix prefix;
	rte_be32_t via; /* 0: on-link */
	uint8_t side;
};

/* What is known of all addresses with the same upper 16 bits: the hop's number plus 1, or 0: it has to be looked
 * for. */
#define NF_WAY_HOP 0x3fu
#define NF_WAY_SPECIAL 0x40u /* one of them may be an address of no host */
#define NF_N_WAYS 65536u

#define NF_MAX_PLACES 16u /* prefixes that an NF adds itself (nf_hops_add()) */
#define NF_MAX_HOPS (NF_MAX_ROUTES + NF_MAX_SIDES + NF_MAX_PLACES)

_Static_assert(NF_MAX_HOPS <= NF_WAY_HOP, "each hop has a number");

/* All prefixes that can be reached, longest first. */
struct nf_hops {
	uint8_t ways[NF_N_WAYS]; /* by nf_way_of() */
	struct nf_hop hops[NF_MAX_HOPS];
	uint32_t n;
	uint32_t n_own;
	rte_be32_t own[NF_MAX_SIDES]; /* the NF's addresses */
};

/* The neighbour that gets a packet. */
struct nf_next {
	rte_be32_t address;
	uint8_t side;
};

enum nf_refusal {
	NF_ALLOWED = 0,
	NF_BAD_ADDRESS, /* of no host */
	NF_SPOOFED,     /* a source that is reached by another side, or not at all */
	NF_NO_ROUTE,    /* a destination of another side, or of none */
};

/* From what is on-link on `n_sides` sides, and the routes. */
void nf_hops_init(struct nf_hops *hops, const struct nf_side *sides, uint8_t n_sides,
		  const struct nf_routes *routes);

/* Main thread, after init: what is behind a side though it is neither on-link nor routed by an address there, such as clients
 * that each have a line of their own. At most NF_MAX_PLACES; before nf_hops_mark(). */
void nf_hops_add(struct nf_hops *hops, const struct nf_prefix *prefix, uint8_t side);

/* Addresses from `first` to `last` (host order) are special to the caller: what is near them is looked up from now on, with
 * the same answers, and no way that is plain leads there. */
void nf_hops_mark(struct nf_hops *hops, uint32_t first, uint32_t last);

/* What the table does not answer. */
enum nf_refusal nf_look_up(const struct nf_hops *hops, rte_be32_t address, uint8_t side,
			   enum nf_refusal absent, struct nf_next *ret_next);

/* The upper half: where in the table the address is. What is near in the net is near in the table. */
static inline uint16_t
nf_way_of(rte_be32_t address)
{
	return nf_from_be16(
		(rte_be16_t)(RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN ? address : address >> 16));
}

/* Do all addresses of the way go there, and is none special? */
static inline bool
nf_way_is_plain(uint8_t way)
{
	return likely(way != 0 && (way & NF_WAY_SPECIAL) == 0);
}

/* `absent`: there is no way, or it is by another side. */
static inline enum nf_refusal
nf_find_next(const struct nf_hops *hops, rte_be32_t address, uint8_t side, enum nf_refusal absent,
	     struct nf_next *ret_next)
{
	uint8_t way = hops->ways[nf_way_of(address)];
	const struct nf_hop *hop;

	if (unlikely(!nf_way_is_plain(way)))
		return nf_look_up(hops, address, side, absent, ret_next);
	hop = &hops->hops[way - 1];
	if (unlikely(hop->side != side))
		return absent;
	ret_next->address = hop->via != 0 ? hop->via : address;
	ret_next->side = side;
	return NF_ALLOWED;
}

/* NF_ALLOWED, NF_BAD_ADDRESS or NF_SPOOFED. */
static inline enum nf_refusal
nf_may_come(const struct nf_hops *hops, rte_be32_t source, uint8_t side)
{
	struct nf_next next;

	return nf_find_next(hops, source, side, NF_SPOOFED, &next);
}

/* NF_ALLOWED, NF_BAD_ADDRESS or NF_NO_ROUTE; *ret_next only if allowed. */
static inline enum nf_refusal
nf_may_go(const struct nf_hops *hops, rte_be32_t destination, uint8_t side,
	  struct nf_next *ret_next)
{
	return nf_find_next(hops, destination, side, NF_NO_ROUTE, ret_next);
}

/* May who sent a packet that came in on `side` be told something? As nf_may_come(). */
static inline enum nf_refusal
nf_may_answer(const struct nf_hops *hops, rte_be32_t sender, uint8_t side, struct nf_next *ret_next)
{
	return nf_find_next(hops, sender, side, NF_SPOOFED, ret_next);
}

/* A unicast address that may be forwarded (RFC 4291 sections 2.5 to 2.7): not ::/96 with :: and ::1, not
 * ::ffff:0:0/96, not of the link, no group. */
bool nf_ipv6_may_go(const uint8_t address[16]);

#endif
