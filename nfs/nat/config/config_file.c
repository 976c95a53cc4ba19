/* SPDX-License-Identifier: Apache-2.0 */
/* libcyaml's schema of the file. */
#include "config_file.h"

#include "config_limits.h"

#define REQUIRED NF_YAML_REQUIRED
#define OPTIONAL NF_YAML_OPTIONAL
#define STRING NF_YAML_STRING
#define NUMBER NF_YAML_NUMBER
#define FLAG NF_YAML_FLAG

static const cyaml_schema_value_t address_value = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, 64),
};
static const cyaml_schema_field_t pool_fields[] = {
	STRING("first", OPTIONAL, struct nat_file_pool, first),
	STRING("last", OPTIONAL, struct nat_file_pool, last),
	CYAML_FIELD_SEQUENCE_COUNT("addresses", CYAML_FLAG_POINTER | OPTIONAL, struct nat_file_pool,
				   addresses, n_addresses, &address_value, 1, NAT_MAX_POOL),
	STRING("pooling", OPTIONAL, struct nat_file_pool, pooling),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t ports_fields[] = {
	NUMBER("first", struct nat_file_ports, first),
	NUMBER("last", struct nat_file_ports, last),
	NUMBER("block", struct nat_file_ports, block),
	FLAG("preserve_parity", struct nat_file_ports, preserve_parity),
	NUMBER("reuse_delay", struct nat_file_ports, reuse_delay),
	NUMBER("resting", struct nat_file_ports, resting),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t timeouts_fields[] = {
	NUMBER("udp", struct nat_file_timeouts, udp),
	NUMBER("tcp_established", struct nat_file_timeouts, tcp_established),
	NUMBER("tcp_transitory", struct nat_file_timeouts, tcp_transitory),
	NUMBER("icmp", struct nat_file_timeouts, icmp),
	NUMBER("arp", struct nat_file_timeouts, arp),
	NUMBER("fragment", struct nat_file_timeouts, fragment),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t fragments_fields[] = {
	NUMBER("datagrams", struct nat_file_fragments, datagrams),
	NUMBER("waiting", struct nat_file_fragments, waiting),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t limits_fields[] = {
	NUMBER("sessions_per_subscriber", struct nat_file_limits, sessions_per_subscriber),
	NUMBER("udp_sessions", struct nat_file_limits, udp_sessions),
	NUMBER("tcp_sessions", struct nat_file_limits, tcp_sessions),
	NUMBER("icmp_sessions", struct nat_file_limits, icmp_sessions),
	NUMBER("new_sessions_per_second", struct nat_file_limits, new_sessions_per_second),
	NUMBER("burst", struct nat_file_limits, burst),
	NUMBER("peers_per_mapping", struct nat_file_limits, peers_per_mapping),
	NUMBER("blocks_per_subscriber", struct nat_file_limits, blocks_per_subscriber),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t pcp_fields[] = {
	NF_YAML_FLAG_REQUIRED("enabled", struct nat_file_pcp, enabled),
	NUMBER("min_lifetime", struct nat_file_pcp, min_lifetime),
	NUMBER("max_lifetime", struct nat_file_pcp, max_lifetime),
	NUMBER("mappings", struct nat_file_pcp, mappings),
	NUMBER("mappings_per_subscriber", struct nat_file_pcp, mappings_per_subscriber),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t log_fields[] = {
	STRING("file", REQUIRED, struct nat_file_log, file),
	FLAG("blocks", struct nat_file_log, blocks),
	FLAG("sessions", struct nat_file_log, sessions),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t exempt_fields[] = {
	STRING("prefix", REQUIRED, struct nat_file_exempt, prefix),
	STRING("ports", OPTIONAL, struct nat_file_exempt, ports),
	STRING("protocol", OPTIONAL, struct nat_file_exempt, protocol),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t exempt_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct nat_file_exempt, exempt_fields),
};
static const cyaml_schema_field_t static_fields[] = {
	STRING("inside", REQUIRED, struct nat_file_static, inside),
	CYAML_FIELD_UINT("port", REQUIRED, struct nat_file_static, port),
	STRING("outside", REQUIRED, struct nat_file_static, outside),
	CYAML_FIELD_UINT("outside_port", REQUIRED, struct nat_file_static, outside_port),
	STRING("protocol", REQUIRED, struct nat_file_static, protocol),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t static_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct nat_file_static, static_fields),
};
static const cyaml_schema_field_t file_fields[] = {
	NF_YAML_SETTINGS(struct nat_file, frame),
	NF_YAML_SIDE("inside", struct nat_file, frame, NAT_INSIDE),
	NF_YAML_SIDE("outside", struct nat_file, frame, NAT_OUTSIDE),
	CYAML_FIELD_MAPPING("pool", REQUIRED, struct nat_file, pool, pool_fields),
	CYAML_FIELD_MAPPING("ports", OPTIONAL, struct nat_file, ports, ports_fields),
	CYAML_FIELD_MAPPING("timeouts", OPTIONAL, struct nat_file, timeouts, timeouts_fields),
	CYAML_FIELD_MAPPING("limits", OPTIONAL, struct nat_file, limits, limits_fields),
	CYAML_FIELD_MAPPING("fragments", OPTIONAL, struct nat_file, fragments, fragments_fields),
	CYAML_FIELD_SEQUENCE_COUNT("no_translate", CYAML_FLAG_POINTER | OPTIONAL, struct nat_file,
				   no_translate, n_no_translate, &exempt_value, 0, NAT_MAX_EXEMPT),
	CYAML_FIELD_SEQUENCE_COUNT("static", CYAML_FLAG_POINTER | OPTIONAL, struct nat_file,
				   statics, n_statics, &static_value, 0, NAT_MAX_STATIC),
	FLAG("inbound_refresh", struct nat_file, inbound_refresh),
	FLAG("tcp_pickup", struct nat_file, tcp_pickup),
	FLAG("answer_unsolicited", struct nat_file, answer_unsolicited),
	CYAML_FIELD_MAPPING_PTR("pcp", CYAML_FLAG_POINTER | OPTIONAL, struct nat_file, pcp,
				pcp_fields),
	CYAML_FIELD_MAPPING_PTR("log", CYAML_FLAG_POINTER | OPTIONAL, struct nat_file, log,
				log_fields),
	STRING("filtering", OPTIONAL, struct nat_file, filtering),
	NUMBER("peers", struct nat_file, peers),
	NUMBER("subscribers", struct nat_file, subscribers),
	CYAML_FIELD_END,
};
const cyaml_schema_value_t nat_file_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct nat_file, file_fields),
};
