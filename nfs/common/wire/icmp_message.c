/* SPDX-License-Identifier: Apache-2.0 */
/* See icmp_message.h. Pure. */
#include "icmp_message.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_common.h>
#include <rte_icmp.h>

#include "checksum.h"
#include "ipv4.h"

enum { ECHO_REPLY = 0, ECHO_REPLY_6 = 129 };
/* RFC 1122 section 3.2.2. */
enum {
	UNREACHABLE = 3,
	SOURCE_QUENCH = 4,
	REDIRECT = 5,
	TIME_EXCEEDED = 11,
	PARAMETER_PROBLEM = 12
};

#define ICMPV6_ERRORS 127u /* and below (RFC 4443 section 2.1) */
#define MAX_EXTENSIONS 8u  /* IPv6 extension headers of one packet that are looked behind */

/* ---- about what --------------------------------------------------------------------------------------- */

static bool
is_error(uint8_t type)
{
	return type == UNREACHABLE || type == SOURCE_QUENCH || type == REDIRECT ||
	       type == TIME_EXCEEDED || type == PARAMETER_PROBLEM;
}

bool
nf_icmp_may_be_about(const struct rte_ipv4_hdr *ip, uint32_t size)
{
	uint32_t header = rte_ipv4_hdr_len(ip);

	if (nf_is_unroutable(ip->src_addr) || nf_is_unroutable(ip->dst_addr) ||
	    nf_ipv4_is_later_fragment(ip))
		return false;
	return ip->next_proto_id != IPPROTO_ICMP ||
	       (size > header && !is_error(((const uint8_t *)ip)[header]));
}

/* Where the next header begins, as the one at `at` says; 0: it is no extension header (RFC 8200 section
 * 4.1, RFC 4302 section 2.2). */
static uint32_t
extension_size(uint8_t type, const uint8_t *at)
{
	switch (type) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
		return (at[1] + 1u) * 8u;
	case IPPROTO_AH:
		return (at[1] + 2u) * 4u;
	case IPPROTO_FRAGMENT:
		return 8;
	default:
		return 0;
	}
}

/* Is it an ICMPv6 error, or may it be one? */
static bool
may_be_error(const struct rte_ipv6_hdr *ip, uint32_t packet_size)
{
	const uint8_t *packet = (const uint8_t *)ip;
	uint8_t type = ip->proto;
	uint32_t at = sizeof(*ip);

	for (uint32_t n = 0; n <= MAX_EXTENSIONS; n++) {
		const uint8_t *header = packet + at;
		uint32_t size;

		if (type != IPPROTO_ICMPV6 && extension_size(type, packet) == 0)
			return false;
		if (packet_size < at + 8)
			return true;
		if (type == IPPROTO_ICMPV6)
			return header[0] <= ICMPV6_ERRORS;
		size = extension_size(type, header);
		/* A later fragment: its first octets are of any kind. */
		if (type == IPPROTO_FRAGMENT && (header[2] != 0 || (header[3] & 0xf8) != 0))
			return header[0] == IPPROTO_ICMPV6;
		type = header[0];
		at += size;
	}
	return true;
}

/* A group, or ::/64, which has no host that may send beyond its link. */
static bool
is_no_host(const uint8_t address[16])
{
	static const uint8_t nowhere[8];

	return address[0] == 0xff || memcmp(address, nowhere, sizeof(nowhere)) == 0;
}

bool
nf_icmpv6_may_be_about(const struct rte_ipv6_hdr *ip, uint32_t size, bool too_big)
{
	return !is_no_host(ip->src_addr) && (ip->dst_addr[0] != 0xff || too_big) &&
	       !may_be_error(ip, size);
}

/* ---- errors -------------------------------------------------------------------------------------------- */

static uint16_t
size_of(const struct nf_icmp_error *error, uint32_t ip_header)
{
	uint32_t headers = ip_header + (uint32_t)sizeof(struct rte_icmp_hdr);

	return (uint16_t)(headers + RTE_MIN(error->about_size, error->max - headers));
}

uint16_t
nf_icmp_error_size(const struct nf_icmp_error *error)
{
	return size_of(error, sizeof(struct rte_ipv4_hdr));
}

uint16_t
nf_icmpv6_error_size(const struct nf_icmp_error *error)
{
	return size_of(error, sizeof(struct rte_ipv6_hdr));
}

/* Header and quotation, `size` octets; both families have the MTU in the same place. The checksum is to be done. */
static struct rte_icmp_hdr *
put_message(void *at, const struct nf_icmp_error *error, uint16_t size)
{
	struct rte_icmp_hdr *icmp = at;

	*icmp = (struct rte_icmp_hdr){
		.icmp_type = error->type,
		.icmp_code = error->code,
		.icmp_seq_nb = rte_cpu_to_be_16(error->mtu),
	};
	memcpy(icmp + 1, error->about, size - sizeof(*icmp));
	return icmp;
}

void
nf_icmp_put_error(struct rte_ipv4_hdr *ip, const struct nf_icmp_error *error, rte_be32_t from,
		  rte_be32_t to, rte_be16_t id)
{
	uint16_t total = nf_icmp_error_size(error), size = (uint16_t)(total - sizeof(*ip));
	struct rte_icmp_hdr *icmp = put_message(ip + 1, error, size);

	icmp->icmp_cksum = (uint16_t)~rte_raw_cksum(icmp, size);
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16(total),
		.packet_id = id,
		.fragment_offset = id == 0 ? RTE_BE16(RTE_IPV4_HDR_DF_FLAG) : 0,
		.time_to_live = NF_OWN_TTL,
		.next_proto_id = IPPROTO_ICMP,
		.src_addr = from,
		.dst_addr = to,
	};
	nf_ipv4_seal(ip);
}

void
nf_icmpv6_put_error(struct rte_ipv6_hdr *ip, const struct nf_icmp_error *error,
		    const uint8_t from[16], const uint8_t to[16])
{
	uint16_t size = (uint16_t)(nf_icmpv6_error_size(error) - sizeof(*ip));
	struct rte_icmp_hdr *icmp = put_message(ip + 1, error, size);

	*ip = (struct rte_ipv6_hdr){
		.vtc_flow = RTE_BE32(6u << 28),
		.payload_len = rte_cpu_to_be_16(size),
		.proto = IPPROTO_ICMPV6,
		.hop_limits = NF_OWN_TTL,
	};
	memcpy(ip->src_addr, from, 16);
	memcpy(ip->dst_addr, to, 16);
	icmp->icmp_cksum = rte_ipv6_udptcp_cksum(ip, icmp);
}

/* ---- echo ---------------------------------------------------------------------------------------------- */

static void
turn_message(void *at, uint8_t reply)
{
	struct rte_icmp_hdr *icmp = at;
	uint16_t from, to;

	memcpy(&from, icmp, sizeof(from));
	icmp->icmp_type = reply;
	memcpy(&to, icmp, sizeof(to));
	icmp->icmp_cksum = nf_csum_apply(icmp->icmp_cksum, nf_csum_diff16(0, from, to));
}

void
nf_icmp_turn_echo(struct rte_ipv4_hdr *ip)
{
	rte_be32_t asked = ip->dst_addr;

	turn_message((uint8_t *)ip + rte_ipv4_hdr_len(ip), ECHO_REPLY);
	ip->dst_addr = ip->src_addr;
	ip->src_addr = asked;
	ip->time_to_live = NF_OWN_TTL;
}

void
nf_icmpv6_turn_echo(struct rte_ipv6_hdr *ip)
{
	uint8_t asked[16];

	turn_message(ip + 1, ECHO_REPLY_6);
	memcpy(asked, ip->dst_addr, sizeof(asked));
	memcpy(ip->dst_addr, ip->src_addr, sizeof(asked));
	memcpy(ip->src_addr, asked, sizeof(asked));
	ip->hop_limits = NF_OWN_TTL;
}
