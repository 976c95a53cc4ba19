/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file as it is written: strings and numbers by the schema, nothing interpreted. An optional setting that is
 * not in the file is a NULL pointer.
 */
#ifndef PPPOE_CONFIG_FILE_H
#define PPPOE_CONFIG_FILE_H

#include "settings.h"

struct pppoe_file_texts {
	char **at;
	unsigned int n;
};

struct pppoe_file_vlans {
	bool *untagged;
	struct pppoe_file_texts outer;
	struct pppoe_file_texts inner;
	char *outer_type;
};

struct pppoe_file_access {
	struct nf_yaml_side side; /* no IPv4 network is there: no address, no routes */
	struct pppoe_file_vlans vlans;
};

struct pppoe_file_ipv6 {
	char *pool;
	char *address;
	char *router;
	struct pppoe_file_texts dns;
};

struct pppoe_file_concentrator {
	char *name;
	struct pppoe_file_texts services;
	char *gateway;
	struct pppoe_file_texts pools;
	struct pppoe_file_texts dns;
	struct pppoe_file_ipv6 *ipv6;
	bool *clamp_mss;
};

struct pppoe_file_lcp {
	uint32_t *mtu;
	uint32_t *connect_delay;
	uint32_t *restart;
	uint32_t *max_configure;
	uint32_t *max_terminate;
	uint32_t *max_failure;
	uint32_t *echo_interval;
	uint32_t *echo_missed;
};

struct pppoe_file_server {
	char *host;
	uint32_t *port;
	char *secret;
};

struct pppoe_file_servers {
	struct pppoe_file_server *at;
	unsigned int n;
};

struct pppoe_file_disconnect {
	char *listen;
	uint32_t *port;
	struct pppoe_file_servers clients;
};

struct pppoe_file_radius {
	struct pppoe_file_servers servers;
	struct pppoe_file_servers accounting;
	uint32_t *timeout;
	uint32_t *tries;
	uint32_t *threads;
	uint32_t *interim;
	char *nas_identifier;
	struct pppoe_file_disconnect *disconnect;
};

struct pppoe_file_authentication {
	bool *pap;
	bool *chap;
	char *secrets_file;
	struct pppoe_file_radius radius;
};

struct pppoe_file_limits {
	uint32_t *sessions_per_mac;
	uint32_t *sessions_per_vlan;
	uint32_t *padi_per_second;
	uint32_t *padi_per_second_worker;
	uint32_t *logins_per_minute;
	uint32_t *wrong_password;
	uint32_t *session;
	uint32_t *idle;
	uint32_t *cookie;
};

struct pppoe_file_timeouts {
	uint32_t *arp;
};

struct pppoe_file {
	struct nf_yaml_settings frame; /* its access side is empty */
	struct pppoe_file_access access;
	struct pppoe_file_concentrator concentrator;
	struct pppoe_file_lcp lcp;
	struct pppoe_file_authentication authentication;
	struct pppoe_file_limits limits;
	struct pppoe_file_timeouts timeouts;
};

extern const cyaml_schema_value_t pppoe_file_schema; /* of a struct pppoe_file */

#endif
