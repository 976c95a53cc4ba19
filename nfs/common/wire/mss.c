/* SPDX-License-Identifier: Apache-2.0 */
/* See mss.h. Pure. */
#include "mss.h"

#include <netinet/in.h>

#include <rte_byteorder.h>
#include <rte_tcp.h>

#include "ipv4.h"

enum option { OPTION_END = 0, OPTION_NOTHING = 1, OPTION_MSS = 2 };

#define MSS_SIZE 4u

/* Octets in front of a TCP header; 0: there is none. */
static uint32_t
find_tcp(const struct nf_ip *p)
{
	const struct rte_ipv4_hdr *ip = nf_ip_v4(p);

	if (p->is_ipv6)
		return nf_ip_v6(p)->proto == IPPROTO_TCP ? sizeof(struct rte_ipv6_hdr) : 0;
	return ip->next_proto_id == IPPROTO_TCP && !nf_ipv4_is_later_fragment(ip)
		       ? rte_ipv4_hdr_len(ip)
		       : 0;
}

/* Where the option's value stands behind the TCP header's beginning; 0: nowhere. */
static uint32_t
find_option(const uint8_t *tcp, uint32_t size)
{
	uint32_t at = sizeof(struct rte_tcp_hdr);

	while (at < size && tcp[at] != OPTION_END) {
		uint32_t length = tcp[at] == OPTION_NOTHING ? 1 : at + 1 < size ? tcp[at + 1] : 0;

		if (length == 0 || (length == 1 && tcp[at] != OPTION_NOTHING) || length > size - at)
			return 0;
		if (tcp[at] == OPTION_MSS)
			return length == MSS_SIZE ? at + 2 : 0;
		at += length;
	}
	return 0;
}

/* Words of the sum begin at even octets. */
static void
replace(uint8_t *tcp, uint32_t at, rte_be16_t from, rte_be16_t to)
{
	struct rte_tcp_hdr *header = (struct rte_tcp_hdr *)(void *)tcp;
	bool crosses = at % 2 != 0;

	memcpy(tcp + at, &to, sizeof(to));
	header->cksum =
		nf_csum_apply(header->cksum, nf_csum_diff16(0, crosses ? rte_bswap16(from) : from,
							    crosses ? rte_bswap16(to) : to));
}

bool
nf_mss_clamp(const struct nf_ip *p, uint16_t mtu)
{
	uint32_t front = find_tcp(p), size = p->size - front, header, at;
	uint8_t *tcp = p->at + front;
	rte_be16_t mss, most;

	if (front == 0 || size < sizeof(struct rte_tcp_hdr) || (tcp[13] & RTE_TCP_SYN_FLAG) == 0)
		return false;
	header = (tcp[12] >> 4) * 4u;
	at = find_option(tcp, RTE_MIN(header, size));
	if (at == 0)
		return false;
	memcpy(&mss, tcp + at, sizeof(mss));
	most = rte_cpu_to_be_16((uint16_t)(mtu - sizeof(struct rte_tcp_hdr) -
					   (p->is_ipv6 ? sizeof(struct rte_ipv6_hdr)
						       : sizeof(struct rte_ipv4_hdr))));
	if (rte_be_to_cpu_16(mss) <= rte_be_to_cpu_16(most))
		return false;
	replace(tcp, at, mss, most);
	return true;
}
