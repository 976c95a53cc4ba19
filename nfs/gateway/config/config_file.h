/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file as it is written: strings and numbers by the schema, nothing
 * interpreted. An optional setting that is not in the file is a NULL pointer.
 */
#ifndef GATEWAY_CONFIG_FILE_H
#define GATEWAY_CONFIG_FILE_H

#include "settings.h"

struct gateway_file_timeouts {
	uint32_t *session;
	uint32_t *cell_idle;
	uint32_t *arp;
	uint32_t *fragment;
};

struct gateway_file_core_ipv6 {
	char *address;
	char *router;
};

struct gateway_file_buffer {
	uint32_t *packets;
	uint32_t *packets_per_session;
	uint32_t *seconds;
};

struct gateway_file_tunnel {
	char *dscp;
	bool *ecn;
	bool *flow_ports;
};

struct gateway_file {
	struct nf_yaml_settings frame;
	struct gateway_file_core_ipv6 *core_ipv6;
	char **subscribers;
	unsigned int n_subscribers;
	bool *path_switch_by_data;
	char *error_indication;
	uint32_t *recovery;
	struct gateway_file_tunnel tunnel;
	struct gateway_file_timeouts timeouts;
	struct gateway_file_buffer buffer;
	uint32_t *fragments;
};

extern const cyaml_schema_value_t gateway_file_schema; /* of a struct gateway_file */

#endif
