/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file as it is written: strings and numbers by the schema, nothing
 * interpreted. An optional setting that is not in the file is a NULL pointer.
 */
#ifndef NAT_CONFIG_FILE_H
#define NAT_CONFIG_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "settings.h"

struct nat_file_pool {
	char *first;
	char *last;
	char **addresses;
	unsigned int n_addresses;
	char *pooling;
};

struct nat_file_ports {
	uint32_t *first;
	uint32_t *last;
	uint32_t *block;
	bool *preserve_parity;
	uint32_t *reuse_delay;
	uint32_t *resting;
};

struct nat_file_timeouts {
	uint32_t *udp;
	uint32_t *tcp_established;
	uint32_t *tcp_transitory;
	uint32_t *icmp;
	uint32_t *arp;
	uint32_t *fragment;
};

struct nat_file_fragments {
	uint32_t *datagrams;
	uint32_t *waiting;
};

struct nat_file_limits {
	uint32_t *sessions_per_subscriber;
	uint32_t *udp_sessions;
	uint32_t *tcp_sessions;
	uint32_t *icmp_sessions;
	uint32_t *new_sessions_per_second;
	uint32_t *burst;
	uint32_t *peers_per_mapping;
	uint32_t *blocks_per_subscriber;
};

struct nat_file_pcp {
	bool enabled;
	uint32_t *min_lifetime;
	uint32_t *max_lifetime;
	uint32_t *mappings;
	uint32_t *mappings_per_subscriber;
};

struct nat_file_log {
	char *file;
	bool *blocks;
	bool *sessions;
};

struct nat_file_exempt {
	char *prefix;
	char *ports;
	char *protocol;
};

struct nat_file_static {
	char *inside;
	uint16_t port;
	char *outside;
	uint16_t outside_port;
	char *protocol;
};

struct nat_file {
	struct nf_yaml_settings frame;
	struct nat_file_pool pool;
	struct nat_file_ports ports;
	struct nat_file_timeouts timeouts;
	struct nat_file_limits limits;
	struct nat_file_fragments fragments;
	struct nat_file_exempt *no_translate;
	unsigned int n_no_translate;
	struct nat_file_static *statics;
	unsigned int n_statics;
	bool *inbound_refresh;
	bool *tcp_pickup;
	bool *answer_unsolicited;
	struct nat_file_pcp *pcp;
	struct nat_file_log *log;
	char *filtering;
	uint32_t *peers;
	uint32_t *subscribers;
};

extern const cyaml_schema_value_t nat_file_schema; /* of a struct nat_file */

#endif
