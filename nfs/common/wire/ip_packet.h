/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An IP packet of either family, as an NF forwards it: is it whole, may it go on, and what is changed on its way. Pure.
 */
#ifndef NF_IP_PACKET_H
#define NF_IP_PACKET_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_ip.h>

#include "checksum.h"
#include "mtu.h"

struct nf_ip {
	uint8_t *at; /* its header */
	uint16_t size;
	bool is_ipv6;
};

static inline struct rte_ipv4_hdr *
nf_ip_v4(const struct nf_ip *p)
{
	return (struct rte_ipv4_hdr *)p->at;
}

static inline struct rte_ipv6_hdr *
nf_ip_v6(const struct nf_ip *p)
{
	return (struct rte_ipv6_hdr *)p->at;
}

enum nf_ip_fault {
	NF_IP_RIGHT = 0,
	NF_IP_HEADER,   /* of no version, or its lengths lie */
	NF_IP_CHECKSUM, /* IPv4 */
};

/* Of `size` octets that are there, the packet is what its header says. *ret only if it is right. */
enum nf_ip_fault nf_ip_read(uint8_t *at, uint32_t size, struct nf_ip *ret);

/* ---- asked --------------------------------------------------------------------------------------------- */

/* A whole ICMP or ICMPv6 echo request, without extension headers? */
bool nf_ip_is_echo_request(const struct nf_ip *p);

static inline bool
nf_ip_ttl_is_over(const struct nf_ip *p)
{
	return (p->is_ipv6 ? nf_ip_v6(p)->hop_limits : nf_ip_v4(p)->time_to_live) <= 1;
}

/* Longer than there is room for, and not to be cut? */
static inline bool
nf_ip_is_too_big(const struct nf_ip *p, uint32_t room)
{
	return unlikely(p->size > room) && (p->is_ipv6 || nf_mtu_forbids(nf_ip_v4(p)));
}

/* ---- done ---------------------------------------------------------------------------------------------- */

static inline void
nf_ip_decrement_ttl(const struct nf_ip *p)
{
	struct rte_ipv4_hdr *ip = nf_ip_v4(p);
	rte_be16_t from, to;

	if (p->is_ipv6) {
		nf_ip_v6(p)->hop_limits--;
		return;
	}
	/* Time to live and protocol, not read back from where one octet of them was just written. */
	memcpy(&from, &ip->time_to_live, sizeof(from));
	to = (rte_be16_t)(from - RTE_BE16(0x0100));
	memcpy(&ip->time_to_live, &to, sizeof(to));
	ip->hdr_checksum = nf_csum_apply(ip->hdr_checksum, nf_csum_diff16(0, from, to));
}

/* Makes the answer of an echo request. */
void nf_ip_turn_echo(const struct nf_ip *p);

#endif
