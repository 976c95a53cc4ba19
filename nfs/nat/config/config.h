/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of slim-nat, from a YAML file, checked and in the form in which the
 * program uses it. docs/nfs/nat.md is the reference of the file.
 */
#ifndef NAT_CONFIG_H
#define NAT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_ether.h>

#include "config_limits.h"
#include "settings.h"

/* Packets to and from these are not translated. */
struct nat_exempt {
	struct nf_prefix prefix;
	uint8_t protocol; /* IPPROTO; 0: any */
	bool by_port;
	uint16_t port_first; /* of the far end, host order */
	uint16_t port_last;
};

/* A mapping that is always there. */
struct nat_static {
	rte_be32_t inside_address;
	rte_be32_t outside_address; /* of the pool */
	rte_be16_t inside_port;
	rte_be16_t outside_port; /* of the range, and of the bucket of the inside address */
	uint8_t protocol;        /* IPPROTO_UDP, _TCP */
};

/* Who may send to a mapping (RFC 4787 section 5). */
enum nat_filtering {
	NAT_FILTERING_ENDPOINT_INDEPENDENT = 0,
	NAT_FILTERING_ADDRESS,
	NAT_FILTERING_ADDRESS_AND_PORT,
};

struct nat_timeouts {
	uint64_t udp_ns;
	uint64_t tcp_established_ns;
	uint64_t tcp_transitory_ns;
	uint64_t icmp_ns;
	uint64_t arp_ns;
	uint64_t fragment_ns; /* of the ports of a datagram, and of waiting for them */
};

#define NAT_LOG_PATH_SIZE 256u

struct nat_log_config {
	char file[NAT_LOG_PATH_SIZE]; /* "": no log */
	bool blocks;
	bool sessions;
};

/* The PCP server (RFC 6887). */
struct nat_pcp_config {
	bool enabled;
	uint32_t min_lifetime; /* seconds */
	uint32_t max_lifetime;
	uint32_t mappings; /* of all subscribers */
	uint32_t mappings_per_subscriber;
};

struct nat_config {
	union { /* the same, by two names */
		struct nf_settings frame;
		struct {
			NF_SETTINGS
		};
	};
	struct nat_exempt exempt[NAT_MAX_EXEMPT];
	uint32_t n_exempt;
	struct nat_static statics[NAT_MAX_STATIC];
	uint32_t n_statics;
	rte_be32_t pool[NAT_MAX_POOL]; /* in order */
	uint32_t n_pool;
	uint16_t port_first;
	uint16_t port_last;
	uint32_t ports_per_block; /* a power of two, 1..256; 1: ports one by one */
	uint32_t max_blocks_per_subscriber;
	uint64_t reuse_delay_ns; /* that a port rests after its mapping (RFC 6888 REQ-8) */
	uint32_t max_resting;    /* ports that rest at one time */
	bool preserve_parity;    /* RFC 4787 REQ-4; with blocks only */
	bool arbitrary_pooling;  /* not paired (RFC 4787 REQ-2) */
	struct nat_timeouts timeouts;
	bool inbound_refresh;    /* packets from outside keep a mapping alive (RFC 4787 REQ-6) */
	bool tcp_pickup;         /* a TCP mapping may begin without SYN */
	bool answer_unsolicited; /* SYNs that nothing lets in, later */
	struct nat_pcp_config pcp;
	struct nat_log_config log;
	enum nat_filtering filtering;
	uint32_t peers; /* of all mappings; unused if endpoint-independent */
	uint32_t peers_per_mapping;
	/* Of a subscriber; 0: no limit. */
	uint32_t max_sessions_per_subscriber;
	uint32_t max_udp_sessions;
	uint32_t max_tcp_sessions;
	uint32_t max_icmp_sessions;
	uint32_t new_sessions_per_s;
	uint32_t new_sessions_burst; /* at once, after a pause; at least 1 */
	uint32_t subscribers;        /* inside addresses with mappings */
	uint32_t fragments;          /* datagrams that come in fragments, at one time */
	uint32_t fragments_waiting;  /* fragments that wait for their first one, per worker */
};

/* Reads and checks. On failure -EINVAL (or the error of reading the file), and the reason
 * with file and line in `error`. */
int nat_config_load(const char *path, struct nat_config *ret_config,
		    char error[NF_CONFIG_ERROR_SIZE]);

/* The same from memory; `name` is for the messages. */
int nat_config_parse(const char *name, const char *text, size_t size, struct nat_config *ret_config,
		     char error[NF_CONFIG_ERROR_SIZE]);

/* What two instances of one service must have in common: pool, port range and blocks, addresses, MACs,
 * routes, filtering, PCP or not, static mappings, and what is not translated; as text. Not the instance's name, nor sizes, nor
 * timeouts. */
void nat_config_identity(const struct nat_config *config, char identity[SLIM_IDENTITY_SIZE]);

/* Prints a line on stderr for each setting below what an RFC asks for. */
void nat_config_warn(const struct nat_config *config);

#endif
