/* SPDX-License-Identifier: Apache-2.0 */
/* libcyaml's schema of the file. */
#include "config_file.h"

#include "config_limits.h"

#define REQUIRED NF_YAML_REQUIRED
#define OPTIONAL NF_YAML_OPTIONAL
#define STRING NF_YAML_STRING
#define NUMBER NF_YAML_NUMBER
#define FLAG NF_YAML_FLAG

static const cyaml_schema_value_t prefix_value = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, 64),
};
static const cyaml_schema_field_t core_ipv6_fields[] = {
	STRING("address", REQUIRED, struct gateway_file_core_ipv6, address),
	STRING("router", REQUIRED, struct gateway_file_core_ipv6, router),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t tunnel_fields[] = {
	STRING("dscp", OPTIONAL, struct gateway_file_tunnel, dscp),
	FLAG("ecn", struct gateway_file_tunnel, ecn),
	FLAG("flow_ports", struct gateway_file_tunnel, flow_ports),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t timeouts_fields[] = {
	NUMBER("session", struct gateway_file_timeouts, session),
	NUMBER("cell_idle", struct gateway_file_timeouts, cell_idle),
	NUMBER("arp", struct gateway_file_timeouts, arp),
	NUMBER("fragment", struct gateway_file_timeouts, fragment),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t buffer_fields[] = {
	NUMBER("packets", struct gateway_file_buffer, packets),
	NUMBER("packets_per_session", struct gateway_file_buffer, packets_per_session),
	NUMBER("seconds", struct gateway_file_buffer, seconds),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t file_fields[] = {
	NF_YAML_SETTINGS(struct gateway_file, frame),
	NF_YAML_SIDE("access", struct gateway_file, frame, GATEWAY_ACCESS),
	NF_YAML_SIDE("core", struct gateway_file, frame, GATEWAY_CORE),
	CYAML_FIELD_MAPPING_PTR("core_ipv6", CYAML_FLAG_POINTER | OPTIONAL, struct gateway_file,
				core_ipv6, core_ipv6_fields),
	CYAML_FIELD_SEQUENCE_COUNT("subscribers", CYAML_FLAG_POINTER, struct gateway_file,
				   subscribers, n_subscribers, &prefix_value, 1,
				   GATEWAY_MAX_PREFIXES),
	FLAG("path_switch_by_data", struct gateway_file, path_switch_by_data),
	STRING("error_indication", OPTIONAL, struct gateway_file, error_indication),
	NUMBER("recovery", struct gateway_file, recovery),
	CYAML_FIELD_MAPPING("tunnel", OPTIONAL, struct gateway_file, tunnel, tunnel_fields),
	CYAML_FIELD_MAPPING("timeouts", OPTIONAL, struct gateway_file, timeouts, timeouts_fields),
	CYAML_FIELD_MAPPING("buffer", OPTIONAL, struct gateway_file, buffer, buffer_fields),
	NUMBER("fragments", struct gateway_file, fragments),
	CYAML_FIELD_END,
};
const cyaml_schema_value_t gateway_file_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct gateway_file, file_fields),
};
