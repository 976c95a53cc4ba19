/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ICMP (RFC 792) and ICMPv6 (RFC 4443) of an NF's own: the answer to an echo request, and errors. About what an error
 * may be, how much it quotes, its lengths and checksums. From whom and to whom it is, and whether one may be sent
 * now (own.h), is the NF's. Pure.
 */
#ifndef NF_ICMP_MESSAGE_H
#define NF_ICMP_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_ip.h>

/* Octets of an error with all of its headers, at most (RFC 1812 section 4.3.2.3, RFC 4443 section 2.4). */
#define NF_ICMP_MAX 576u
#define NF_ICMPV6_MAX 1280u

/* ---- errors -------------------------------------------------------------------------------------------- */

/* May an error be about the packet, of which `size` octets are there, its header among them? Never about an error, a
 * later fragment, or from or to no single host (RFC 1122 section 3.2.2, RFC 1812 section 4.3.2.7). */
bool nf_icmp_may_be_about(const struct rte_ipv4_hdr *ip, uint32_t size);

/* The same (RFC 4443 section 2.4 e). What is `too_big` is told to who sends to a group as well. What cannot be read
 * to the end of its extension headers may be an error. */
bool nf_icmpv6_may_be_about(const struct rte_ipv6_hdr *ip, uint32_t size, bool too_big);

struct nf_icmp_error {
	uint8_t type;
	uint8_t code;
	uint16_t
		mtu; /* of what the packet is too big for (RFC 1191 section 4, RFC 4443 section 3.2); else 0 */
	const void *about;   /* the packet, from its IP header on */
	uint32_t about_size; /* octets of it that are there */
	uint32_t max; /* octets of the error with its headers: NF_ICMP_MAX, NF_ICMPV6_MAX or less */
};

/* Octets of the error with its IP header. */
uint16_t nf_icmp_error_size(const struct nf_icmp_error *error);
uint16_t nf_icmpv6_error_size(const struct nf_icmp_error *error);

/* Writes it where so much room is. `id` 0: it has none, and must not be cut on its way (RFC 6864 section 4.1). */
void nf_icmp_put_error(struct rte_ipv4_hdr *ip, const struct nf_icmp_error *error, rte_be32_t from,
		       rte_be32_t to, rte_be16_t id);
void nf_icmpv6_put_error(struct rte_ipv6_hdr *ip, const struct nf_icmp_error *error,
			 const uint8_t from[16], const uint8_t to[16]);

/* ---- echo ---------------------------------------------------------------------------------------------- */

/* Makes the answer of a whole echo request. The header's checksum is the caller's: an NF may have an identification
 * to give first. */
void nf_icmp_turn_echo(struct rte_ipv4_hdr *ip);
/* Without extension headers. */
void nf_icmpv6_turn_echo(struct rte_ipv6_hdr *ip);

#endif
