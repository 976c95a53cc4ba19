/* SPDX-License-Identifier: Apache-2.0 */
/* libcyaml's schema of the file. */
#include "config_file.h"

#include "config_limits.h"

#define REQUIRED NF_YAML_REQUIRED
#define OPTIONAL NF_YAML_OPTIONAL
#define STRING NF_YAML_STRING
#define NUMBER NF_YAML_NUMBER
#define FLAG NF_YAML_FLAG
#define TEXTS(key, type, member, max)                                                             \
	CYAML_FIELD_SEQUENCE_COUNT(key, CYAML_FLAG_POINTER | OPTIONAL, type, member.at, member.n, \
				   &text_value, 1, max)
#define SERVERS(key, type, member, value)                                                         \
	CYAML_FIELD_SEQUENCE_COUNT(key, CYAML_FLAG_POINTER | OPTIONAL, type, member.at, member.n, \
				   &value, 1, PPPOE_MAX_SERVERS)

static const cyaml_schema_value_t text_value = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, 255),
};
static const cyaml_schema_field_t vlans_fields[] = {
	FLAG("untagged", struct pppoe_file_vlans, untagged),
	TEXTS("outer", struct pppoe_file_vlans, outer, PPPOE_MAX_VLAN_RANGES),
	TEXTS("inner", struct pppoe_file_vlans, inner, PPPOE_MAX_VLAN_RANGES),
	STRING("outer_type", OPTIONAL, struct pppoe_file_vlans, outer_type),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t access_fields[] = {
	NF_YAML_UNNUMBERED(struct pppoe_file_access, side),
	CYAML_FIELD_MAPPING("vlans", OPTIONAL, struct pppoe_file_access, vlans, vlans_fields),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t ipv6_fields[] = {
	STRING("pool", REQUIRED, struct pppoe_file_ipv6, pool),
	STRING("address", REQUIRED, struct pppoe_file_ipv6, address),
	STRING("router", REQUIRED, struct pppoe_file_ipv6, router),
	TEXTS("dns", struct pppoe_file_ipv6, dns, 2),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t concentrator_fields[] = {
	STRING("name", REQUIRED, struct pppoe_file_concentrator, name),
	TEXTS("services", struct pppoe_file_concentrator, services, PPPOE_MAX_SERVICES),
	STRING("gateway", OPTIONAL, struct pppoe_file_concentrator, gateway),
	TEXTS("pools", struct pppoe_file_concentrator, pools, PPPOE_MAX_PREFIXES),
	TEXTS("dns", struct pppoe_file_concentrator, dns, 2),
	CYAML_FIELD_MAPPING_PTR("ipv6", CYAML_FLAG_POINTER | OPTIONAL,
				struct pppoe_file_concentrator, ipv6, ipv6_fields),
	FLAG("clamp_mss", struct pppoe_file_concentrator, clamp_mss),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t lcp_fields[] = {
	NUMBER("mtu", struct pppoe_file_lcp, mtu),
	NUMBER("connect_delay", struct pppoe_file_lcp, connect_delay),
	NUMBER("restart", struct pppoe_file_lcp, restart),
	NUMBER("max_configure", struct pppoe_file_lcp, max_configure),
	NUMBER("max_terminate", struct pppoe_file_lcp, max_terminate),
	NUMBER("max_failure", struct pppoe_file_lcp, max_failure),
	NUMBER("echo_interval", struct pppoe_file_lcp, echo_interval),
	NUMBER("echo_missed", struct pppoe_file_lcp, echo_missed),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t server_fields[] = {
	STRING("host", REQUIRED, struct pppoe_file_server, host),
	NUMBER("port", struct pppoe_file_server, port),
	STRING("secret", REQUIRED, struct pppoe_file_server, secret),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t server_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct pppoe_file_server, server_fields),
};
static const cyaml_schema_field_t client_fields[] = {
	STRING("host", REQUIRED, struct pppoe_file_server, host),
	STRING("secret", REQUIRED, struct pppoe_file_server, secret),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t client_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct pppoe_file_server, client_fields),
};
static const cyaml_schema_field_t disconnect_fields[] = {
	STRING("listen", REQUIRED, struct pppoe_file_disconnect, listen),
	NUMBER("port", struct pppoe_file_disconnect, port),
	SERVERS("clients", struct pppoe_file_disconnect, clients, client_value),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t radius_fields[] = {
	SERVERS("servers", struct pppoe_file_radius, servers, server_value),
	SERVERS("accounting", struct pppoe_file_radius, accounting, server_value),
	NUMBER("timeout", struct pppoe_file_radius, timeout),
	NUMBER("tries", struct pppoe_file_radius, tries),
	NUMBER("threads", struct pppoe_file_radius, threads),
	NUMBER("interim", struct pppoe_file_radius, interim),
	STRING("nas_identifier", OPTIONAL, struct pppoe_file_radius, nas_identifier),
	CYAML_FIELD_MAPPING_PTR("disconnect", CYAML_FLAG_POINTER | OPTIONAL,
				struct pppoe_file_radius, disconnect, disconnect_fields),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t authentication_fields[] = {
	FLAG("pap", struct pppoe_file_authentication, pap),
	FLAG("chap", struct pppoe_file_authentication, chap),
	STRING("secrets_file", OPTIONAL, struct pppoe_file_authentication, secrets_file),
	CYAML_FIELD_MAPPING("radius", OPTIONAL, struct pppoe_file_authentication, radius,
			    radius_fields),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t limits_fields[] = {
	NUMBER("sessions_per_mac", struct pppoe_file_limits, sessions_per_mac),
	NUMBER("sessions_per_vlan", struct pppoe_file_limits, sessions_per_vlan),
	NUMBER("padi_per_second", struct pppoe_file_limits, padi_per_second),
	NUMBER("padi_per_second_worker", struct pppoe_file_limits, padi_per_second_worker),
	NUMBER("logins_per_minute", struct pppoe_file_limits, logins_per_minute),
	NUMBER("wrong_password", struct pppoe_file_limits, wrong_password),
	NUMBER("session", struct pppoe_file_limits, session),
	NUMBER("idle", struct pppoe_file_limits, idle),
	NUMBER("cookie", struct pppoe_file_limits, cookie),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t timeouts_fields[] = {
	NUMBER("arp", struct pppoe_file_timeouts, arp),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t file_fields[] = {
	NF_YAML_SETTINGS(struct pppoe_file, frame),
	CYAML_FIELD_MAPPING("access", REQUIRED, struct pppoe_file, access, access_fields),
	NF_YAML_SIDE("core", struct pppoe_file, frame, PPPOE_CORE),
	CYAML_FIELD_MAPPING("concentrator", REQUIRED, struct pppoe_file, concentrator,
			    concentrator_fields),
	CYAML_FIELD_MAPPING("lcp", OPTIONAL, struct pppoe_file, lcp, lcp_fields),
	CYAML_FIELD_MAPPING("authentication", OPTIONAL, struct pppoe_file, authentication,
			    authentication_fields),
	CYAML_FIELD_MAPPING("limits", OPTIONAL, struct pppoe_file, limits, limits_fields),
	CYAML_FIELD_MAPPING("timeouts", OPTIONAL, struct pppoe_file, timeouts, timeouts_fields),
	CYAML_FIELD_END,
};
const cyaml_schema_value_t pppoe_file_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct pppoe_file, file_fields),
};
