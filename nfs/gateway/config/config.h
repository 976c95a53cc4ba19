/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of slim-gateway, from a YAML file, checked and in the form in which the program uses
 * it. docs/nfs/gateway.md is the reference of the file.
 */
#ifndef GATEWAY_CONFIG_H
#define GATEWAY_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "config_limits.h"
#include "settings.h"

/* Packets that wait for idle subscribers (buffer.h). */
struct gateway_buffer_limits {
	uint32_t packets; /* of one worker */
	uint32_t packets_per_session;
	uint64_t lifetime_ns;
};

/* Fragments of tunnel packets (fragment.h). */
struct gateway_fragment_limits {
	uint32_t packets; /* that wait, of one worker */
	uint64_t lifetime_ns;
};

/* What stands outside of tunnel packets. */
struct gateway_tunnel_config {
	bool copy_dscp;  /* of the subscriber's packet */
	uint8_t dscp;    /* else */
	bool ecn;        /* normal mode of RFC 6040; else compatibility mode */
	bool flow_ports; /* UDP source ports by flow; else GTP-U's */
};

/* IPv6 on the core side. */
struct gateway_core_ipv6 {
	uint8_t address[16]; /* the gateway's */
	uint8_t router[16];  /* where all IPv6 packets of subscribers go */
	uint8_t bits;        /* of the address' prefix; 0: no IPv6 there */
};

struct gateway_prefix_ipv6 {
	uint8_t address[16]; /* no bits below the length */
	uint8_t bits;
};

struct gateway_config {
	union { /* the same, by two names */
		struct nf_settings frame;
		struct {
			NF_SETTINGS
		};
	};
	struct nf_prefix subscribers[GATEWAY_MAX_PREFIXES]; /* addresses that sessions may have */
	uint32_t n_subscribers;
	struct gateway_prefix_ipv6 subscribers_ipv6[GATEWAY_MAX_PREFIXES];
	uint32_t n_subscribers_ipv6;
	struct gateway_core_ipv6 core_ipv6;
	struct gateway_tunnel_config tunnel;
	bool path_switch_by_data; /* an uplink packet from another cell moves the subscriber there */
	uint8_t recovery;         /* restart counter of echo responses */
	bool idle_at_error;       /* a cell that has no such tunnel is left */
	uint64_t session_idle_ns; /* 0: sessions do not expire */
	uint64_t cell_idle_ns;    /* 0: cells are not released */
	uint64_t arp_ns;
	struct gateway_buffer_limits buffer;
	struct gateway_fragment_limits fragments;
};

/* Reads and checks. On failure -EINVAL (or the error of reading the file), and the reason with file and
 * line in `error`. */
int gateway_config_load(const char *path, struct gateway_config *ret_config,
			char error[NF_CONFIG_ERROR_SIZE]);

/* The same from memory; `name` is for the messages. */
int gateway_config_parse(const char *name, const char *text, size_t size,
			 struct gateway_config *ret_config, char error[NF_CONFIG_ERROR_SIZE]);

/* What two instances of one service must have in common: addresses, MACs, routes, subscribers'
 * prefixes; as text. Not the instance's name, nor sizes, nor timeouts. */
void gateway_config_identity(const struct gateway_config *config,
			     char identity[SLIM_IDENTITY_SIZE]);

/* May a session have this address (host order)? */
static inline bool
gateway_config_has_subscriber(const struct gateway_config *config, uint32_t address)
{
	for (uint32_t i = 0; i < config->n_subscribers; i++)
		if (nf_prefix_has(&config->subscribers[i], address))
			return true;
	return false;
}

/* Are the first `bits` bits of two addresses the same? */
static inline bool
gateway_ipv6_match(const uint8_t a[16], const uint8_t b[16], uint8_t bits)
{
	uint8_t whole = bits / 8, rest = bits % 8;

	return memcmp(a, b, whole) == 0 &&
	       (rest == 0 || ((a[whole] ^ b[whole]) & (0xff00 >> rest) & 0xff) == 0);
}

static inline bool
gateway_config_has_subscriber_ipv6(const struct gateway_config *config, const uint8_t address[16])
{
	for (uint32_t i = 0; i < config->n_subscribers_ipv6; i++)
		if (gateway_ipv6_match(config->subscribers_ipv6[i].address, address,
				       config->subscribers_ipv6[i].bits))
			return true;
	return false;
}

/* Of what is known of the core's router, and of who asks for the gateway's own IPv6 address. */
static inline uint8_t
gateway_config_router_bucket(const struct gateway_config *config)
{
	return config->core_ipv6.router[15];
}

#endif
