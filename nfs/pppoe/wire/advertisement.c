/* SPDX-License-Identifier: Apache-2.0 */
/* See advertisement.h. Pure. */
#include "advertisement.h"

#include <netinet/in.h>
#include <string.h>

#include "octets.h"

enum type {
	MLD_QUERY = 130,
	MLD_REPORT_1 = 131,
	MLD_DONE_1 = 132,
	ROUTER_SOLICITATION = 133,
	ROUTER_ADVERTISEMENT = 134,
	NEIGHBOR_SOLICITATION = 135,
	NEIGHBOR_ADVERTISEMENT = 136,
	REDIRECT = 137,
	MLD_REPORT_2 = 143,
};
enum option { OPTION_SOURCE = 1, OPTION_PREFIX = 3, OPTION_DNS = 25 };

#define IPV6_SIZE ((uint32_t)sizeof(struct rte_ipv6_hdr))
#define HOP_LIMIT 255u /* it came over no router (RFC 4861 section 6.1.1) */
#define ALERT_SIZE 8u  /* hop-by-hop options in front of MLD */
#define ROUTER_HEAD 16u
#define NEIGHBOR_HEAD 24u
#define PREFIX_SIZE 32u
#define ON_LINK_AUTONOMOUS 0xc0u
#define SOLICITED_OVERRIDE 0xe0u /* of a router */
#define OVERRIDE 0xa0u

static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};

/* ---- heard ---------------------------------------------------------------------------------------------- */

bool
pppoe_is_unspecified(const uint8_t address[16])
{
	static const uint8_t unspecified[16];

	return memcmp(address, unspecified, 16) == 0;
}

bool
pppoe_is_of_link(const struct nf_ip *ip)
{
	const struct rte_ipv6_hdr *header = nf_ip_v6(ip);

	return header->dst_addr[0] == 0xff || pppoe_is_link_local(header->dst_addr) ||
	       pppoe_is_link_local(header->src_addr) || pppoe_is_unspecified(header->src_addr);
}

/* All options have a length; the one for a link-layer address may be there only of who has an address. */
static bool
are_options_right(const uint8_t *at, uint32_t size, bool has_source)
{
	while (size != 0) {
		uint32_t length = size >= 2 ? at[1] * 8u : 0;

		if (length == 0 || length > size || (at[0] == OPTION_SOURCE && !has_source))
			return false;
		at += length;
		size -= length;
	}
	return true;
}

static bool
is_sum_right(const struct nf_ip *ip)
{
	const struct rte_ipv6_hdr *header = nf_ip_v6(ip);
	struct rte_ipv6_hdr copy;
	uint32_t sum;

	memcpy(&copy, header, sizeof(copy));
	sum = rte_raw_cksum(ip->at + IPV6_SIZE, ip->size - IPV6_SIZE);
	sum += rte_ipv6_phdr_cksum(&copy, 0);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16) == UINT16_MAX;
}

static bool
is_valid(const struct nf_ip *ip, uint32_t head)
{
	const struct rte_ipv6_hdr *header = nf_ip_v6(ip);
	const uint8_t *message = ip->at + IPV6_SIZE;
	uint32_t size = ip->size - IPV6_SIZE;

	return size >= head && header->hop_limits == HOP_LIMIT && message[1] == 0 &&
	       are_options_right(message + head, size - head,
				 !pppoe_is_unspecified(header->src_addr)) &&
	       is_sum_right(ip);
}

/* The type of a listener's message, which has a router alert in front; 0: it is none. */
static uint8_t
alerted_type(const struct nf_ip *ip)
{
	const uint8_t *options = ip->at + IPV6_SIZE;

	if (nf_ip_v6(ip)->proto != IPPROTO_HOPOPTS || ip->size < IPV6_SIZE + ALERT_SIZE + 8 ||
	    options[0] != IPPROTO_ICMPV6 || options[1] != 0)
		return 0;
	return options[ALERT_SIZE];
}

static uint8_t
type_of(const struct nf_ip *ip)
{
	if (nf_ip_v6(ip)->proto == IPPROTO_ICMPV6 && ip->size >= IPV6_SIZE + 8)
		return ip->at[IPV6_SIZE];
	return alerted_type(ip);
}

enum pppoe_link_saying
pppoe_link_saying(const struct nf_ip *ip)
{
	bool is_plain = nf_ip_v6(ip)->proto == IPPROTO_ICMPV6;

	switch (type_of(ip)) {
	case MLD_REPORT_1:
	case MLD_DONE_1:
	case MLD_REPORT_2:
		return PPPOE_LISTENER_REPORT;
	case ROUTER_SOLICITATION:
		return is_plain && is_valid(ip, 8) ? PPPOE_ROUTER_SOLICITATION : PPPOE_LINK_WRONG;
	case NEIGHBOR_SOLICITATION:
		return is_plain && is_valid(ip, NEIGHBOR_HEAD) && pppoe_solicited(ip)[0] != 0xff
			       ? PPPOE_NEIGHBOR_SOLICITATION
			       : PPPOE_LINK_WRONG;
	case NEIGHBOR_ADVERTISEMENT:
		return is_plain && is_valid(ip, NEIGHBOR_HEAD) ? PPPOE_NEIGHBOR_ADVERTISEMENT
							       : PPPOE_LINK_WRONG;
	case ROUTER_ADVERTISEMENT:
	case REDIRECT:
		return PPPOE_LINK_WRONG; /* a client is no router */
	default:
		return PPPOE_LINK_OTHER;
	}
}

const uint8_t *
pppoe_solicited(const struct nf_ip *ip)
{
	return ip->at + IPV6_SIZE + 8;
}

/* ---- said ------------------------------------------------------------------------------------------------- */

/* The header of a message of `size` octets behind it, and the message's checksum. Returns the octets of both. */
static uint16_t
seal(uint8_t *packet, const uint8_t from[16], const uint8_t *to, uint16_t size)
{
	struct rte_ipv6_hdr header = {
		.vtc_flow = RTE_BE32(6u << 28),
		.payload_len = rte_cpu_to_be_16(size),
		.proto = IPPROTO_ICMPV6,
		.hop_limits = HOP_LIMIT,
	};
	uint16_t sum;

	memcpy(header.src_addr, from, 16);
	memcpy(header.dst_addr, to != NULL ? to : all_nodes, 16);
	memcpy(packet, &header, sizeof(header));
	sum = rte_ipv6_udptcp_cksum(&header, packet + IPV6_SIZE);
	memcpy(packet + IPV6_SIZE + 2, &sum, sizeof(sum));
	return (uint16_t)(IPV6_SIZE + size);
}

static uint8_t *
put_prefix(uint8_t *at, const uint8_t prefix[16])
{
	memset(at, 0, PREFIX_SIZE);
	at[0] = OPTION_PREFIX;
	at[1] = PREFIX_SIZE / 8;
	at[2] = 64;
	at[3] = ON_LINK_AUTONOMOUS;
	nf_put32(at + 4, PPPOE_RA_VALID_S);
	nf_put32(at + 8, PPPOE_RA_PREFERRED_S);
	memcpy(at + 16, prefix, 8);
	return at + PREFIX_SIZE;
}

static uint8_t *
put_dns(uint8_t *at, const uint8_t (*dns)[16], uint8_t n)
{
	if (n == 0)
		return at;
	memset(at, 0, 8);
	at[0] = OPTION_DNS;
	at[1] = (uint8_t)(1 + 2 * n);
	nf_put32(at + 4, PPPOE_RA_ROUTER_S);
	memcpy(at + 8, dns, n * 16u);
	return at + 8 + n * 16u;
}

uint16_t
pppoe_put_router_advertisement(uint8_t *packet, const struct pppoe_router_advertisement *a)
{
	uint8_t *message = packet + IPV6_SIZE, *end;

	memset(message, 0, ROUTER_HEAD);
	message[0] = ROUTER_ADVERTISEMENT;
	message[4] = 64; /* hop limit */
	nf_put16(message + 6, PPPOE_RA_ROUTER_S);
	end = put_prefix(message + ROUTER_HEAD, a->prefix);
	end = put_dns(end, a->dns, a->n_dns);
	return seal(packet, a->from, NULL, (uint16_t)(end - message));
}

uint16_t
pppoe_put_neighbor_advertisement(uint8_t *packet, const uint8_t from[16], const uint8_t *to)
{
	uint8_t *message = packet + IPV6_SIZE;

	memset(message, 0, NEIGHBOR_HEAD);
	message[0] = NEIGHBOR_ADVERTISEMENT;
	message[4] = to != NULL ? SOLICITED_OVERRIDE : OVERRIDE;
	memcpy(message + 8, from, 16);
	return seal(packet, from, to, NEIGHBOR_HEAD);
}
