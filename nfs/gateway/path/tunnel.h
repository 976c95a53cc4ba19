/* SPDX-License-Identifier: Apache-2.0 */
/* Packets to cells: IPv4 and UDP around a GTP-U message. Worker's thread. */
#ifndef GATEWAY_TUNNEL_H
#define GATEWAY_TUNNEL_H

#include <stdint.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#include "ecn.h"
#include "flow.h"
#include "gateway.h"
#include "packet.h"

/* Octets in front of a GTP-U message. */
#define GATEWAY_OUTER_SIZE                                                       \
	((uint32_t)(sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr) + \
		    sizeof(struct rte_udp_hdr)))

/* The counter of a packet that may not come or go (forward.h); 0 for one that may. */
extern const uint16_t gateway_refusal_drops[];

/* What stands outside of a tunnel packet, and where it goes. */
struct gateway_outer {
	struct nf_next next;
	rte_be32_t to;
	rte_be16_t source_port;
	rte_be16_t port;
	uint8_t traffic_class;
};

/* To a cell at `address`; a message of the gateway's own. */
enum nf_refusal gateway_outer_to(const struct gateway_worker *w, rte_be32_t address,
				 struct gateway_outer *ret_outer);

/* What a subscriber's packet changes of it. */
static inline void
gateway_outer_of(const struct gateway_worker *w, const struct gateway_packet *p,
		 struct gateway_outer *outer)
{
	const struct gateway_tunnel_config *config = &w->gateway->config.tunnel;
	uint8_t inner = gateway_traffic_class(p);

	if (config->copy_dscp)
		outer->traffic_class = (uint8_t)(inner & ~GATEWAY_ECN_MASK);
	if (config->ecn)
		outer->traffic_class |= inner & GATEWAY_ECN_MASK;
	if (config->flow_ports)
		outer->source_port = gateway_flow_port(p);
}

/* Writes IPv4 and UDP header of a GTP-U message of `size` octets that begins at GATEWAY_OUTER_SIZE, sends it,
 * and counts it as `counter`. */
void gateway_send_tunnel(struct gateway_worker *w, struct rte_mbuf *m,
			 const struct gateway_outer *outer, uint16_t size, unsigned int counter);

#endif
