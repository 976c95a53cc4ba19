/* SPDX-License-Identifier: Apache-2.0 */
/* See discovery.h. Pure. */
#include "discovery.h"

#include <netinet/in.h>
#include <string.h>

enum { SOLICITATION = 135, ADVERTISEMENT = 136, OPTION_SOURCE = 1, OPTION_TARGET = 2 };
enum { MLD_QUERY = 130, MLD_REPORT_1 = 131, MLD_REPORT_2 = 143 };

#define HOP_LIMIT 255u /* it came over no router (RFC 4861 section 7.1) */
#define FLAG_SOLICITED 0x40000000u
#define FLAG_OVERRIDE 0x20000000u
#define OPTION_SIZE 8u /* a link-layer address with its type and length */
#define ROUTER_ALERT 5u

/* Solicitation or advertisement (RFC 4861 sections 4.3 and 4.4), and one option of a link-layer address. */
struct message {
	uint8_t type;
	uint8_t code;
	uint16_t checksum;
	rte_be32_t flags;
	uint8_t target[16];
	uint8_t option;
	uint8_t option_length; /* in units of 8 octets */
	struct rte_ether_addr mac;
} __attribute__((packed, aligned(2)));

#define MESSAGE_MIN (sizeof(struct message) - OPTION_SIZE)

/* Query and report of version 1 (RFC 2710 section 3), in front of what version 2 adds. */
struct listener {
	uint8_t type;
	uint8_t code;
	uint16_t checksum;
	rte_be16_t delay;
	rte_be16_t reserved;
	uint8_t group[16];
} __attribute__((packed, aligned(2)));

#define QUERY_2_MIN 28u

/* RFC 3810 section 5.2, with one record. */
struct report {
	uint8_t type;
	uint8_t reserved;
	uint16_t checksum;
	rte_be16_t reserved_too;
	rte_be16_t n_records;
	uint8_t record;
	uint8_t auxiliary;
	rte_be16_t n_sources;
	uint8_t group[16];
} __attribute__((packed, aligned(2)));

/* Hop-by-hop options with a router alert for MLD (RFC 2711), and padding. */
static const uint8_t alert[8] = {IPPROTO_ICMPV6, 0, ROUTER_ALERT, 2, 0, 0, 1, 0};

_Static_assert(NF_MLD_SIZE == sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv6_hdr) +
				      sizeof(alert) + sizeof(struct report),
	       "room for the longer one");

static bool
is_zero(const uint8_t address[16])
{
	static const uint8_t zero[16];

	return memcmp(address, zero, 16) == 0;
}

void
nf_solicited_node(const uint8_t address[16], uint8_t ret_group[16], struct rte_ether_addr *ret_mac)
{
	static const uint8_t prefix[13] = {0xff, 2, [11] = 1, [12] = 0xff};

	memcpy(ret_group, prefix, sizeof(prefix));
	memcpy(ret_group + 13, address + 13, 3);
	*ret_mac =
		(struct rte_ether_addr){{0x33, 0x33, 0xff, address[13], address[14], address[15]}};
}

/* ---- Neighbor Discovery, in ------------------------------------------------------------------------- */

/* All options have a length; the one of this type, if it is there. */
static bool
read_options(const uint8_t *at, const uint8_t *end, uint8_t type, const uint8_t **ret_mac)
{
	*ret_mac = NULL;
	while (end - at >= 2) {
		if (at[1] == 0 || end - at < at[1] * 8)
			return false;
		if (at[0] == type)
			*ret_mac = at + 2;
		at += at[1] * 8u;
	}
	return true;
}

static bool
is_solicited_node(const uint8_t group[16], const uint8_t address[16])
{
	uint8_t expected[16];
	struct rte_ether_addr mac;

	nf_solicited_node(address, expected, &mac);
	return memcmp(group, expected, 16) == 0;
}

static bool
read_solicitation(const struct rte_ipv6_hdr *ip, const struct message *message,
		  struct nf_discovery *ret)
{
	ret->saying = NF_ND_SOLICITATION;
	ret->about = ip->src_addr;
	if (!is_zero(ip->src_addr))
		return ip->src_addr[0] != 0xff;
	ret->saying = NF_ND_PROBE;
	ret->about = message->target;
	return !ret->tells_mac && is_solicited_node(ip->dst_addr, message->target);
}

static bool
read_advertisement(const struct rte_ipv6_hdr *ip, const struct message *message,
		   struct nf_discovery *ret)
{
	bool solicited = (message->flags & RTE_BE32(FLAG_SOLICITED)) != 0;
	bool override = (message->flags & RTE_BE32(FLAG_OVERRIDE)) != 0;

	ret->about = message->target;
	if (solicited)
		ret->saying = override ? NF_ND_ANSWER_OVERRIDE : NF_ND_ANSWER;
	else
		ret->saying = override ? NF_ND_OVERRIDE : NF_ND_ADVERTISEMENT;
	return !(solicited && ip->dst_addr[0] == 0xff);
}

bool
nf_discovery_read(const struct rte_ipv6_hdr *ip, uint32_t size, const struct rte_ether_addr *source,
		  struct nf_discovery *ret)
{
	const struct message *message = (const struct message *)(ip + 1);
	bool solicits;
	const uint8_t *mac;

	if (ip->proto != IPPROTO_ICMPV6 || size < sizeof(*ip) + MESSAGE_MIN ||
	    ip->hop_limits != HOP_LIMIT || message->code != 0 || message->target[0] == 0xff ||
	    rte_ipv6_udptcp_cksum(ip, message) != 0)
		return false;
	solicits = message->type == SOLICITATION;
	if ((!solicits && message->type != ADVERTISEMENT) ||
	    !read_options((const uint8_t *)message + MESSAGE_MIN, (const uint8_t *)ip + size,
			  solicits ? OPTION_SOURCE : OPTION_TARGET, &mac))
		return false;
	ret->target = message->target;
	ret->tells_mac = mac != NULL;
	ret->mac = *source;
	if (mac != NULL)
		memcpy(&ret->mac, mac, sizeof(ret->mac));
	return solicits ? read_solicitation(ip, message, ret)
			: read_advertisement(ip, message, ret);
}

/* ---- headers, out --------------------------------------------------------------------------------------- */

static struct rte_ipv6_hdr *
put_headers(void *frame, const struct nf_link_ends *ends, uint8_t hop_limit, uint16_t size)
{
	struct rte_ether_hdr *eth = frame;
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)(eth + 1);

	eth->dst_addr = *ends->to_mac;
	eth->src_addr = *ends->from_mac;
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6);
	*ip = (struct rte_ipv6_hdr){
		.vtc_flow = RTE_BE32(6u << 28),
		.payload_len = rte_cpu_to_be_16(size),
		.proto = IPPROTO_ICMPV6,
		.hop_limits = hop_limit,
	};
	memcpy(ip->src_addr, ends->from, 16);
	memcpy(ip->dst_addr, ends->to, 16);
	return ip;
}

/* ---- Neighbor Discovery, out ------------------------------------------------------------------------ */

uint16_t
nf_discovery_size(void)
{
	return sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv6_hdr) + sizeof(struct message);
}

static void
put_message(void *frame, const struct nf_link_ends *ends, const struct message *message)
{
	struct rte_ipv6_hdr *ip = put_headers(frame, ends, HOP_LIMIT, sizeof(*message));
	struct message *at = (struct message *)(ip + 1);

	*at = *message;
	at->option_length = 1;
	at->mac = *ends->from_mac;
	at->checksum = rte_ipv6_udptcp_cksum(ip, at);
}

void
nf_discovery_put_solicitation(void *frame, const struct nf_link_ends *ends,
			      const uint8_t target[16])
{
	struct message message = {.type = SOLICITATION, .option = OPTION_SOURCE};

	memcpy(message.target, target, 16);
	put_message(frame, ends, &message);
}

void
nf_discovery_put_advertisement(void *frame, const struct nf_link_ends *ends,
			       const uint8_t target[16], bool solicited)
{
	struct message message = {
		.type = ADVERTISEMENT,
		.flags = rte_cpu_to_be_32(FLAG_OVERRIDE | (solicited ? FLAG_SOLICITED : 0)),
		.option = OPTION_TARGET,
	};

	memcpy(message.target, target, 16);
	put_message(frame, ends, &message);
}

/* ---- Multicast Listener Discovery -------------------------------------------------------------- */

/* Hop-by-hop options with a router alert, and ICMPv6 behind them; their length, 0: not so. */
static uint32_t
alert_size(const uint8_t *options, uint32_t size)
{
	uint32_t length = size < 8 ? 0 : (options[1] + 1u) * 8u;

	if (length == 0 || length > size || options[0] != IPPROTO_ICMPV6)
		return 0;
	for (uint32_t at = 2; at + 2 <= length; at += options[at] == 0 ? 1 : options[at + 1] + 2u)
		if (options[at] == ROUTER_ALERT && options[at + 1] == 2 && at + 4 <= length &&
		    options[at + 2] == 0 && options[at + 3] == 0)
			return length;
	return 0;
}

/* Sum over the pseudo header of what stands behind options; zero if the checksum in it is right. */
static uint16_t
sum_of(const struct rte_ipv6_hdr *ip, const void *message, uint32_t size)
{
	struct rte_ipv6_hdr pseudo = *ip;

	pseudo.proto = IPPROTO_ICMPV6;
	pseudo.payload_len = rte_cpu_to_be_16((uint16_t)size);
	return rte_ipv6_udptcp_cksum(&pseudo, message);
}

uint8_t
nf_mld_query(const struct rte_ipv6_hdr *ip, uint32_t packet_size, const uint8_t group[16])
{
	uint32_t size = packet_size - (uint32_t)sizeof(*ip), options;
	const struct listener *query;

	if (ip->proto != IPPROTO_HOPOPTS || ip->hop_limits != 1 || ip->src_addr[0] != 0xfe ||
	    (ip->src_addr[1] & 0xc0) != 0x80)
		return 0;
	options = alert_size((const uint8_t *)(ip + 1), size);
	if (options == 0 || size - options < sizeof(*query))
		return 0;
	size -= options;
	query = (const struct listener *)((const uint8_t *)(ip + 1) + options);
	if (query->type != MLD_QUERY || sum_of(ip, query, size) != 0 ||
	    !(is_zero(query->group) || memcmp(query->group, group, 16) == 0))
		return 0;
	/* RFC 3810 section 8.1: the length tells the version. */
	if (size == sizeof(*query))
		return 1;
	return size >= QUERY_2_MIN ? 2 : 0;
}

static uint16_t
put_behind_alert(void *frame, const struct nf_link_ends *ends, const void *message, uint16_t size)
{
	struct rte_ipv6_hdr *ip = put_headers(frame, ends, 1, (uint16_t)(sizeof(alert) + size));
	uint8_t *at = (uint8_t *)(ip + 1);
	uint16_t sum;

	ip->proto = IPPROTO_HOPOPTS;
	memcpy(at, alert, sizeof(alert));
	at += sizeof(alert);
	memcpy(at, message, size);
	sum = sum_of(ip, at, size);
	memcpy(at + 2, &sum, sizeof(sum));
	return (uint16_t)(sizeof(struct rte_ether_hdr) + sizeof(*ip) + sizeof(alert) + size);
}

uint16_t
nf_mld_put_report(void *frame, const struct rte_ether_addr *from_mac, const uint8_t group[16],
		  uint8_t version, uint8_t record)
{
	static const uint8_t nobody[16], routers[16] = {0xff, 2, [15] = 0x16};
	static const struct rte_ether_addr routers_mac = {{0x33, 0x33, 0, 0, 0, 0x16}};
	struct rte_ether_addr group_mac = {
		{0x33, 0x33, group[12], group[13], group[14], group[15]}};
	struct listener old = {.type = MLD_REPORT_1};
	struct report report = {.type = MLD_REPORT_2, .n_records = RTE_BE16(1), .record = record};

	memcpy(old.group, group, 16);
	memcpy(report.group, group, 16);
	if (version == 1)
		return put_behind_alert(frame,
					&(struct nf_link_ends){from_mac, &group_mac, nobody, group},
					&old, sizeof(old));
	return put_behind_alert(frame,
				&(struct nf_link_ends){from_mac, &routers_mac, nobody, routers},
				&report, sizeof(report));
}
