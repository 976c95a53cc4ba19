/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explicit Congestion Notification over a tunnel (RFC 6040): what goes into the outer header, and what comes out
 * of both. Codepoints as in the header: 0 Not-ECT, 1 ECT(1), 2 ECT(0), 3 CE (RFC 3168 section 5). Pure.
 */
#ifndef GATEWAY_ECN_H
#define GATEWAY_ECN_H

#include <stdint.h>

#include <rte_ip.h>

#include "checksum.h"
#include "packet.h"

#define GATEWAY_ECN_MASK 3u
#define GATEWAY_ECN_DROP 4u /* congested, and the sender could not be told */

enum gateway_ecn {
	GATEWAY_NOT_ECT = 0,
	GATEWAY_ECT_1 = 1,
	GATEWAY_ECT_0 = 2,
	GATEWAY_CE = 3,
};

/* RFC 6040 section 4.2, figure 4. */
static inline uint8_t
gateway_ecn_decapsulate(uint8_t inner, uint8_t outer)
{
	static const uint8_t table[4][4] = {
		/* outer:            Not-ECT        ECT(1)         ECT(0)         CE */
		[GATEWAY_NOT_ECT] = {GATEWAY_NOT_ECT, GATEWAY_NOT_ECT, GATEWAY_NOT_ECT,
				     GATEWAY_ECN_DROP},
		[GATEWAY_ECT_1] = {GATEWAY_ECT_1, GATEWAY_ECT_1, GATEWAY_ECT_1, GATEWAY_CE},
		[GATEWAY_ECT_0] = {GATEWAY_ECT_0, GATEWAY_ECT_1, GATEWAY_ECT_0, GATEWAY_CE},
		[GATEWAY_CE] = {GATEWAY_CE, GATEWAY_CE, GATEWAY_CE, GATEWAY_CE},
	};

	return table[inner][outer];
}

/* DSCP and ECN of a packet: type of service, or traffic class. */
static inline uint8_t
gateway_traffic_class(const struct gateway_packet *p)
{
	return p->is_ipv6 ? (uint8_t)(rte_be_to_cpu_32(gateway_ipv6(p)->vtc_flow) >> 20)
			  : gateway_ipv4(p)->type_of_service;
}

static inline void
gateway_set_ecn(struct gateway_packet *p, uint8_t ecn)
{
	struct rte_ipv4_hdr *ip = gateway_ipv4(p);
	rte_be16_t from, to;

	if (p->is_ipv6) {
		gateway_ipv6(p)->vtc_flow =
			(gateway_ipv6(p)->vtc_flow & RTE_BE32(~(GATEWAY_ECN_MASK << 20))) |
			rte_cpu_to_be_32((uint32_t)ecn << 20);
		return;
	}
	memcpy(&from, ip, sizeof(from));
	ip->type_of_service = (uint8_t)((ip->type_of_service & ~GATEWAY_ECN_MASK) | ecn);
	memcpy(&to, ip, sizeof(to));
	ip->hdr_checksum = nf_csum_apply(ip->hdr_checksum, nf_csum_diff16(0, from, to));
}

#endif
