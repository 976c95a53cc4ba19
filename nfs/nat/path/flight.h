/* SPDX-License-Identifier: Apache-2.0 */
/* An ordinary packet on its short way (fast.h), and as the general path's functions take it: what opens a mapping for it
 * (open.h), and what follows its connection (tcp_path.h). Worker's thread. */
#ifndef NAT_FLIGHT_H
#define NAT_FLIGHT_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "packet.h"
#include "session.h"

/* What is known of an ordinary packet. */
struct nat_flight {
	struct rte_mbuf *m;
	struct rte_ipv4_hdr *ip;
	struct nat_session
		*session; /* of its mapping; NULL: there is none, or it is the general path's */
	union {
		uint64_t key;         /* outwards */
		const uint32_t *cell; /* inwards: of the external port */
	};
	uint32_t hash; /* outwards */
	uint16_t ip_size;
	uint8_t checksum_at; /* in the header of layer 4; it says which protocol it is */
	uint8_t whose;       /* NAT_FAST_WAY, or the burst's */
};

#define NAT_FAST_WAY 2u /* `whose`: it was ordinary by its headers */

#define NAT_FAST_UDP 6u  /* where its checksum stands; */
#define NAT_FAST_TCP 16u /* one bit that the other has not */

_Static_assert(offsetof(struct rte_udp_hdr, dgram_cksum) == NAT_FAST_UDP &&
		       offsetof(struct rte_tcp_hdr, cksum) == NAT_FAST_TCP,
	       "a protocol is known by the place of its checksum");

static inline bool
nat_fast_is_tcp(const struct nat_flight *f)
{
	return (f->checksum_at & NAT_FAST_TCP) != 0;
}

/* As the general path has it, as far as those look at it who open a mapping for it or follow its connection. */
static inline struct nat_packet
nat_flight_packet(const struct nat_flight *f, uint8_t side)
{
	bool out = side == NAT_INSIDE;

	return (struct nat_packet){
		.m = f->m,
		.ip = f->ip,
		.l4 = (uint8_t *)(f->ip + 1),
		.kind = out ? NAT_KIND_OUT : NAT_KIND_IN,
		.side = side,
		.protocol = nat_fast_is_tcp(f) ? NAT_TCP : NAT_UDP,
		.fragment = NAT_WHOLE,
		.ip_size = f->ip_size,
		.hash = out ? f->hash : 0,
		.key = out ? f->key : 0,
	};
}

#endif
