/* SPDX-License-Identifier: Apache-2.0 */
/* The schema of slim-ofctld's file, and the checks that a schema cannot express. */
#include "ofctl_config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "switch_address.h"
#include "rules.h"
#include "yaml_line.h"

/* Open vSwitch brings counters up to date about twice a second: what stands still for less has not been
 * looked at. */
#define STILL_LEAST_MS 1500

#define TEXT CONFIG_TEXT
#define TLS CONFIG_TLS
#define NUMBER(key, type, member) CYAML_FIELD_UINT(key, CYAML_FLAG_OPTIONAL, type, member)
#define LIST(key, flags, type, member, count, entry)                                              \
	CYAML_FIELD_SEQUENCE_COUNT(key, CYAML_FLAG_POINTER | (flags), type, member, count, entry, \
				   0, CYAML_UNLIMITED)

static const cyaml_schema_field_t grpc_fields[] = {
	TEXT("unix", struct ofctl_config_grpc, unix_path, CYAML_FLAG_OPTIONAL),
	TEXT("tcp", struct ofctl_config_grpc, tcp, CYAML_FLAG_OPTIONAL),
	TLS(struct ofctl_config_grpc),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t openflow_fields[] = {
	TLS(struct ofctl_config_openflow),
	NUMBER("probe_ms", struct ofctl_config_openflow, probe_ms),
	NUMBER("timeout_ms", struct ofctl_config_openflow, timeout_ms),
	NUMBER("audit_ms", struct ofctl_config_openflow, audit_ms),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t quiet_fields[] = {
	NUMBER("still_ms", struct ofctl_config_quiet, still_ms),
	NUMBER("deadline_ms", struct ofctl_config_quiet, deadline_ms),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t bridge_fields[] = {
	TEXT("name", struct topology_bridge_config, name, 0),
	TEXT("address", struct topology_bridge_config, address, 0),
	TEXT("control", struct topology_bridge_config, control, CYAML_FLAG_OPTIONAL),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t bridge_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct topology_bridge_config, bridge_fields),
};

static const cyaml_schema_field_t link_end_fields[] = {
	TEXT("bridge", struct topology_link_end_config, bridge, 0),
	TEXT("port", struct topology_link_end_config, port, 0),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t link_fields[] = {
	CYAML_FIELD_MAPPING("a", CYAML_FLAG_DEFAULT, struct topology_link_config, a,
			    link_end_fields),
	CYAML_FIELD_MAPPING("b", CYAML_FLAG_DEFAULT, struct topology_link_config, b,
			    link_end_fields),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t link_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct topology_link_config, link_fields),
};

static const cyaml_schema_field_t vids_fields[] = {
	CYAML_FIELD_UINT("first", CYAML_FLAG_DEFAULT, struct topology_vids_config, first),
	CYAML_FIELD_UINT("last", CYAML_FLAG_DEFAULT, struct topology_vids_config, last),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t port_fields[] = {
	TEXT("name", struct topology_port_config, name, 0),
	TEXT("bridge", struct topology_port_config, bridge, 0),
	TEXT("port", struct topology_port_config, port, 0),
	NUMBER("vlan", struct topology_port_config, vlan),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t port_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct topology_port_config, port_fields),
};

static const cyaml_schema_field_t instance_fields[] = {
	TEXT("name", struct topology_instance_config, name, 0),
	LIST("ports", 0, struct topology_instance_config, ports, n_ports, &port_entry),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t instance_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct topology_instance_config, instance_fields),
};

static const cyaml_schema_field_t service_fields[] = {
	TEXT("name", struct topology_service_config, name, 0),
	CYAML_FIELD_UINT("cookie", CYAML_FLAG_DEFAULT, struct topology_service_config, cookie),
	CYAML_FIELD_MAPPING("redirect_vids", CYAML_FLAG_DEFAULT, struct topology_service_config,
			    redirect_vids, vids_fields),
	CYAML_FIELD_MAPPING("transit_vids", CYAML_FLAG_OPTIONAL, struct topology_service_config,
			    transit_vids, vids_fields),
	LIST("perimeter", 0, struct topology_service_config, perimeter, n_perimeter, &port_entry),
	LIST("instances", 0, struct topology_service_config, instances, n_instances,
	     &instance_entry),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t service_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct topology_service_config, service_fields),
};

static const cyaml_schema_field_t fields[] = {
	CYAML_FIELD_MAPPING("grpc", CYAML_FLAG_DEFAULT, struct ofctl_config, grpc, grpc_fields),
	TEXT("state_dir", struct ofctl_config, state_dir, CYAML_FLAG_OPTIONAL),
	TEXT("log_level", struct ofctl_config, log_level, CYAML_FLAG_OPTIONAL),
	TEXT("metrics", struct ofctl_config, metrics, CYAML_FLAG_OPTIONAL),
	NUMBER("magic", struct ofctl_config, magic),
	CYAML_FIELD_MAPPING("openflow", CYAML_FLAG_OPTIONAL, struct ofctl_config, openflow,
			    openflow_fields),
	CYAML_FIELD_MAPPING("quiet", CYAML_FLAG_OPTIONAL, struct ofctl_config, quiet, quiet_fields),
	LIST("bridges", 0, struct ofctl_config, topology.bridges, topology.n_bridges,
	     &bridge_entry),
	LIST("links", CYAML_FLAG_OPTIONAL, struct ofctl_config, topology.links, topology.n_links,
	     &link_entry),
	LIST("services", 0, struct ofctl_config, topology.services, topology.n_services,
	     &service_entry),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct ofctl_config, fields),
};

/* ---- checks -------------------------------------------------------------------- */

struct check {
	const char *file;
	char *error; /* CONFIG_ERROR_SIZE; "" all is well so far */
};

/* `path`: of the wrong value in the file. */
__attribute__((format(printf, 3, 4))) static void
complain(struct check *check, const char *path, const char *format, ...)
{
	unsigned line;
	va_list args;
	int n;

	if (check->error[0] != '\0')
		return;
	line = yaml_line_find(check->file, path);
	n = line ? snprintf(check->error, CONFIG_ERROR_SIZE, "%s:%u: %s: ", check->file, line, path)
		 : snprintf(check->error, CONFIG_ERROR_SIZE, "%s: %s: ", check->file, path);
	if (n < 0 || (size_t)n >= CONFIG_ERROR_SIZE)
		return;
	va_start(args, format);
	vsnprintf(check->error + n, CONFIG_ERROR_SIZE - (size_t)n, format, args);
	va_end(args);
}

static void
check_tls(struct check *check, const char *path, const struct config_tls *tls)
{
	char text[TLS_TEXT_SIZE];
	struct tls_files files = config_tls_files(tls);

	if (check->error[0] == '\0' && tls && tls_files_check(&files, text) < 0)
		complain(check, path, "%s", text);
}

static void
check_value(struct check *check, const char *path, const char *value,
	    const char *(*find_wrong)(const char *value))
{
	const char *wrong = find_wrong(value);

	if (wrong)
		complain(check, path, "\"%s\" %s", value, wrong);
}

static void
check_grpc(struct check *check, const struct ofctl_config_grpc *grpc)
{
	if (!grpc->unix_path && !grpc->tcp)
		complain(check, "grpc", "needs \"unix\", \"tcp\" or both");
	if (grpc->unix_path)
		check_value(check, "grpc.unix", grpc->unix_path, config_check_socket);
	if (grpc->tcp)
		check_value(check, "grpc.tcp", grpc->tcp, config_check_address);
	if (grpc->tcp && !grpc->tls)
		complain(check, "grpc", "\"tcp\" needs \"tls\"");
	check_tls(check, "grpc.tls", grpc->tls);
}

/* A switch is known by its bridge's name at the control socket, and another host's bridge may have that name:
 * the rounds of this host's switch would be taken for a proof about the other one. */
static void
check_control(struct check *check, unsigned i, const struct topology_bridge *bridge)
{
	char path[32];

	snprintf(path, sizeof(path), "bridges[%u].control", i);
	if (bridge->control[0] != '\0' && !switch_address_is_local(bridge->address))
		complain(check, path,
			 "the bridge at %s is not on this host for sure: no control socket here is "
			 "its "
			 "switch's (beside the switch, use unix: or a loopback address)",
			 bridge->address);
}

static void
check_bridges(struct check *check, const struct ofctl_config *config, const struct topology *t)
{
	char path[32];

	for (unsigned i = 0; i < t->n_bridges; i++) {
		const char *address = t->bridges[i].address;

		snprintf(path, sizeof(path), "bridges[%u].address", i);
		if (switch_address_check(address) < 0)
			complain(check, path,
				 "\"%s\": an IP address with port is needed, or a socket's path",
				 address);
		if (strncmp(address, "ssl:", 4) == 0 && !config->openflow.tls)
			complain(check, path, "ssl: needs openflow.tls");
		check_control(check, i, &t->bridges[i]);
	}
}

static void
check_range(struct check *check, const char *path, uint32_t *value, uint32_t otherwise,
	    uint32_t least, uint32_t most)
{
	if (*value == 0)
		*value = otherwise;
	if (*value < least || *value > most)
		complain(check, path, "must be %u to %u", least, most);
}

static void
check_all(struct check *check, struct ofctl_config *config, struct topology *t)
{
	struct topology_error wrong;

	check_grpc(check, &config->grpc);
	if (config->state_dir && config->state_dir[0] != '/')
		complain(check, "state_dir", "\"%s\" is not an absolute path", config->state_dir);
	if (config->metrics)
		check_value(check, "metrics", config->metrics, config_check_address);
	config->level = LOG_LEVEL_INFO;
	if (config->log_level && log_level_parse(config->log_level, &config->level) < 0)
		complain(check, "log_level", "\"%s\" is not error, warn, info or debug",
			 config->log_level);
	if (config->magic == 0)
		config->magic = RULES_MAGIC_DEFAULT;
	check_range(check, "openflow.probe_ms", &config->openflow.probe_ms, 5000, 100, 600000);
	check_range(check, "openflow.timeout_ms", &config->openflow.timeout_ms, 5000, 100, 600000);
	check_range(check, "openflow.audit_ms", &config->openflow.audit_ms, 10000, 100, 3600000);
	check_range(check, "quiet.still_ms", &config->quiet.still_ms, 2500, STILL_LEAST_MS, 600000);
	check_range(check, "quiet.deadline_ms", &config->quiet.deadline_ms, 20000, 100, 600000);
	check_tls(check, "openflow.tls", config->openflow.tls);
	if (check->error[0] != '\0')
		return;
	if (topology_build(&config->topology, t, &wrong) < 0)
		complain(check, wrong.path, "%s", wrong.text);
	else
		check_bridges(check, config, t);
}

/* ---- loading --------------------------------------------------------------------- */

int
ofctl_config_load(const char *path, struct ofctl_config **ret_config, struct topology *ret_topology,
		  char error[CONFIG_ERROR_SIZE])
{
	struct check check = {.file = path, .error = error};
	struct ofctl_config *config = NULL;
	int result;

	error[0] = '\0';
	result = config_load(path, &schema, (void **)&config, error);
	if (result < 0)
		return result;
	if (config_resolve_tls(config->grpc.tls, path) < 0 ||
	    config_resolve_tls(config->openflow.tls, path) < 0)
		complain(&check, "", "out of memory");
	else
		check_all(&check, config, ret_topology);
	if (error[0] != '\0') {
		ofctl_config_free(config);
		return -EINVAL;
	}
	*ret_config = config;
	return 0;
}

void
ofctl_config_free(struct ofctl_config *config)
{
	config_free(&schema, config);
}
