/* SPDX-License-Identifier: Apache-2.0 */
/* ICMP of the gateway's own; see icmp.h. */
#include "icmp.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_icmp.h>

#include "checksum.h"
#include "counters.h"
#include "session_entry.h"
#include "signalling.h"
#include "tunnel.h"

#define OWN_TTL 64
#define ICMP_ECHO_REPLY 0
#define ICMPV6_ECHO_REPLY 129
/* Octets of an error with all of its headers (RFC 1812 section 4.3.2.3, RFC 4443 section 2.4). */
#define IPV4_MAX 576u
#define IPV6_MAX 1280u
#define ICMPV6_ERRORS 127u /* and below (RFC 4443 section 2.1) */
#define MAX_EXTENSIONS 8u  /* IPv6 extension headers of one packet that are looked behind */

static const struct {
	uint8_t type, code;
	uint8_t type6, code6;
} reasons[] = {
	[GATEWAY_TIME_EXCEEDED] = {11, 0, 3, 0},
	[GATEWAY_TOO_BIG] = {3, 4, 2, 0},
};

static bool
is_ipv4_error(const uint8_t *icmp)
{
	return icmp[0] == 3 || icmp[0] == 4 || icmp[0] == 5 || icmp[0] == 11 || icmp[0] == 12;
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

/* Is it an ICMPv6 error, or may it be one? What cannot be read to the end of its chain may be. */
static bool
may_be_ipv6_error(const struct gateway_packet *p)
{
	uint8_t type = gateway_ipv6(p)->proto;
	uint32_t at = sizeof(struct rte_ipv6_hdr);

	for (uint32_t n = 0; n <= MAX_EXTENSIONS; n++) {
		const uint8_t *header = p->ip + at;
		uint32_t size;

		if (type != IPPROTO_ICMPV6 && extension_size(type, p->ip) == 0)
			return false;
		if (p->ip_size < at + 8)
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

/* Never about an error, or from or to no single host (RFC 4443 section 2.4 e; what is too big is told to
 * who sends to a group as well). */
static bool
may_be_about_ipv6(const struct gateway_packet *p, enum gateway_reason reason)
{
	const struct rte_ipv6_hdr *ip = gateway_ipv6(p);

	return ip->src_addr[0] != 0xff && gateway_ipv6_key(ip->src_addr) != 0 &&
	       (ip->dst_addr[0] != 0xff || reason == GATEWAY_TOO_BIG) && !may_be_ipv6_error(p);
}

/* Never about an error, a later fragment, or from or to no single host (RFC 1122 section 3.2.2). */
static bool
may_be_about_ipv4(const struct gateway_packet *p)
{
	const struct rte_ipv4_hdr *ip = gateway_ipv4(p);
	uint32_t header = rte_ipv4_hdr_len(ip);
	bool has_type = p->ip_size > header;

	return !nf_is_unroutable(ip->src_addr) && !nf_is_unroutable(ip->dst_addr) &&
	       (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK)) == 0 &&
	       !(ip->next_proto_id == IPPROTO_ICMP && (!has_type || is_ipv4_error(p->ip + header)));
}

/* What every way to the sender of a packet has room for: into a tunnel, or out of the core side. */
static uint32_t
room_for(const struct gateway_worker *w, uint32_t most)
{
	const struct nf_side *sides = w->gateway->config.sides;
	uint32_t tunnel = sides[GATEWAY_ACCESS].mtu - GATEWAY_MAX_OVERHEAD;

	return RTE_MIN(most, RTE_MIN(tunnel, (uint32_t)sides[GATEWAY_CORE].mtu));
}

/* An error of `size` octets with room for its headers: ICMP header, then what it is about. */
static struct rte_mbuf *
new_error(struct gateway_worker *w, const struct gateway_packet *p, uint32_t ip_header,
	  uint32_t most, struct rte_icmp_hdr **ret_icmp, uint16_t *ret_size)
{
	uint32_t head = (uint32_t)sizeof(struct rte_ether_hdr) + ip_header;
	uint32_t quoted = RTE_MIN((uint32_t)p->ip_size,
				  most - ip_header - (uint32_t)sizeof(struct rte_icmp_hdr));
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->nf->pool);

	if (m == NULL) {
		nf_count(w->nf, NF_no_mbuf, 1);
		return NULL;
	}
	*ret_size = (uint16_t)(sizeof(**ret_icmp) + quoted);
	rte_pktmbuf_append(m, (uint16_t)(head + *ret_size));
	*ret_icmp = rte_pktmbuf_mtod_offset(m, struct rte_icmp_hdr *, head);
	memset(*ret_icmp, 0, sizeof(**ret_icmp));
	memcpy(*ret_icmp + 1, p->ip, quoted);
	return m;
}

static struct rte_mbuf *
make_ipv4(struct gateway_worker *w, const struct gateway_packet *p, enum gateway_reason reason,
	  uint16_t mtu)
{
	struct rte_icmp_hdr *icmp;
	struct rte_ipv4_hdr *ip;
	uint16_t size;
	struct rte_mbuf *m = new_error(w, p, sizeof(*ip), room_for(w, IPV4_MAX), &icmp, &size);

	if (m == NULL)
		return NULL;
	icmp->icmp_type = reasons[reason].type;
	icmp->icmp_code = reasons[reason].code;
	icmp->icmp_seq_nb = rte_cpu_to_be_16(reason == GATEWAY_TOO_BIG ? mtu : 0);
	icmp->icmp_cksum = (uint16_t)~rte_raw_cksum(icmp, size);
	ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr));
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + size)),
		.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = OWN_TTL,
		.next_proto_id = IPPROTO_ICMP,
		.src_addr = w->gateway->config.sides[GATEWAY_CORE].address,
		.dst_addr = gateway_ipv4(p)->src_addr,
	};
	ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, sizeof(*ip));
	return m;
}

static struct rte_mbuf *
make_ipv6(struct gateway_worker *w, const struct gateway_packet *p, enum gateway_reason reason,
	  uint16_t mtu)
{
	struct rte_icmp_hdr *icmp;
	struct rte_ipv6_hdr *ip;
	uint16_t size;
	struct rte_mbuf *m;

	if (w->gateway->config.core_ipv6.bits == 0)
		return NULL;
	m = new_error(w, p, sizeof(*ip), room_for(w, IPV6_MAX), &icmp, &size);
	if (m == NULL)
		return NULL;
	ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv6_hdr *, sizeof(struct rte_ether_hdr));
	*ip = (struct rte_ipv6_hdr){
		.vtc_flow = RTE_BE32(6u << 28),
		.payload_len = rte_cpu_to_be_16(size),
		.proto = IPPROTO_ICMPV6,
		.hop_limits = OWN_TTL,
	};
	memcpy(ip->src_addr, w->gateway->config.core_ipv6.address, 16);
	memcpy(ip->dst_addr, gateway_ipv6(p)->src_addr, 16);
	icmp->icmp_type = reasons[reason].type6;
	icmp->icmp_code = reasons[reason].code6;
	icmp->icmp_seq_nb = rte_cpu_to_be_16(reason == GATEWAY_TOO_BIG ? mtu : 0);
	icmp->icmp_cksum = rte_ipv6_udptcp_cksum(ip, icmp);
	return m;
}

void
gateway_icmp_tell(struct gateway_worker *w, const struct gateway_packet *p,
		  enum gateway_reason reason, uint16_t mtu)
{
	struct rte_mbuf *m;

	if (w->n_errors == NF_BURST ||
	    !(p->is_ipv6 ? may_be_about_ipv6(p, reason) : may_be_about_ipv4(p)) ||
	    !gateway_signalling_may_tell(w))
		return;
	m = p->is_ipv6 ? make_ipv6(w, p, reason, mtu) : make_ipv4(w, p, reason, mtu);
	if (m == NULL)
		return;
	w->errors[w->n_errors++] = m;
	nf_count(w->nf,
		 reason == GATEWAY_TOO_BIG ? GATEWAY_too_big_sent : GATEWAY_time_exceeded_sent, 1);
}

/* The request becomes its answer. */
static void
turn_ipv4(struct gateway_packet *p)
{
	struct rte_ipv4_hdr *ip = gateway_ipv4(p);
	rte_be32_t asked = ip->dst_addr;

	ip->dst_addr = ip->src_addr;
	ip->src_addr = asked;
	ip->time_to_live = OWN_TTL;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, rte_ipv4_hdr_len(ip));
}

static void
turn_ipv6(struct gateway_packet *p)
{
	struct rte_ipv6_hdr *ip = gateway_ipv6(p);
	uint8_t asked[16];

	memcpy(asked, ip->dst_addr, sizeof(asked));
	memcpy(ip->dst_addr, ip->src_addr, sizeof(asked));
	memcpy(ip->src_addr, asked, sizeof(asked));
	ip->hop_limits = OWN_TTL;
}

static void
turn_icmp(struct rte_icmp_hdr *icmp, uint8_t type)
{
	uint16_t from, to;

	memcpy(&from, icmp, sizeof(from));
	icmp->icmp_type = type;
	memcpy(&to, icmp, sizeof(to));
	icmp->icmp_cksum = nf_csum_apply(icmp->icmp_cksum, nf_csum_diff16(0, from, to));
}

void
gateway_icmp_turn_echo(struct gateway_worker *w, struct gateway_packet *p)
{
	if (p->is_ipv6) {
		turn_icmp((struct rte_icmp_hdr *)(gateway_ipv6(p) + 1), ICMPV6_ECHO_REPLY);
		turn_ipv6(p);
	} else {
		turn_icmp((struct rte_icmp_hdr *)(p->ip + rte_ipv4_hdr_len(gateway_ipv4(p))),
			  ICMP_ECHO_REPLY);
		turn_ipv4(p);
	}
	nf_count(w->nf, GATEWAY_icmp_echo_answered, 1);
}

void
gateway_icmp_answer_echo(struct gateway_worker *w, struct gateway_packet *p)
{
	struct nf_next next;
	enum nf_refusal refusal =
		nf_may_answer(&w->gateway->hops, gateway_ipv4(p)->src_addr, p->side, &next);

	if (refusal != NF_ALLOWED) {
		nf_drop(w->nf, p->m, gateway_refusal_drops[refusal]);
		return;
	}
	gateway_icmp_turn_echo(w, p);
	nf_neighbour_send(w->neighbours, p->m, &next);
}
