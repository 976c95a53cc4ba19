/* SPDX-License-Identifier: Apache-2.0 */
/* Protocols that are translated, by their number in an IPv4 header and by name. */
#ifndef NAT_PROTOCOL_H
#define NAT_PROTOCOL_H

#include <stdint.h>
#include <string.h>

#include <netinet/in.h>

enum nat_protocol { NAT_UDP = 0, NAT_TCP, NAT_ICMP, NAT_N_PROTOCOLS };

/* By enum nat_protocol. */
static const uint8_t nat_ip_protocols[NAT_N_PROTOCOLS] = {IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP};

/* enum nat_protocol, or -1. */
static inline int
nat_protocol_of(uint8_t ip_protocol)
{
	switch (ip_protocol) {
	case IPPROTO_UDP:
		return NAT_UDP;
	case IPPROTO_TCP:
		return NAT_TCP;
	case IPPROTO_ICMP:
		return NAT_ICMP;
	default:
		return -1;
	}
}

static inline const char *
nat_protocol_name(uint8_t ip_protocol)
{
	static const char *const names[NAT_N_PROTOCOLS] = {"udp", "tcp", "icmp"};
	int protocol = nat_protocol_of(ip_protocol);

	return protocol < 0 ? "?" : names[protocol];
}

/* The number in an IPv4 header, or 0. */
static inline uint8_t
nat_protocol_named(const char *name)
{
	for (int p = 0; p < NAT_N_PROTOCOLS; p++)
		if (strcmp(name, nat_protocol_name(nat_ip_protocols[p])) == 0)
			return nat_ip_protocols[p];
	return 0;
}

#endif
