/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcyaml's schema of the file. libcyaml forgets lines once a value is read, so
 * nat_file_line() finds them again in libyaml's document.
 */
#include "config_file.h"

#include "config.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define REQUIRED CYAML_FLAG_DEFAULT
#define OPTIONAL CYAML_FLAG_OPTIONAL
#define STRING(key, flags, type, member) \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | (flags), type, member, 1, 255)
#define NUMBER(key, type, member) \
	CYAML_FIELD_UINT_PTR(key, CYAML_FLAG_POINTER | OPTIONAL, type, member)
#define FLAG(key, type, member) \
	CYAML_FIELD_BOOL_PTR(key, CYAML_FLAG_POINTER | OPTIONAL, type, member)

static const cyaml_schema_field_t route_fields[] = {
	STRING("prefix", REQUIRED, struct nat_file_route, prefix),
	STRING("via", REQUIRED, struct nat_file_route, via),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t route_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct nat_file_route, route_fields),
};
static const cyaml_schema_field_t side_fields[] = {
	STRING("name", REQUIRED, struct nat_file_side, name),
	CYAML_FIELD_UINT("port", REQUIRED, struct nat_file_side, port),
	STRING("address", REQUIRED, struct nat_file_side, address),
	STRING("mac", REQUIRED, struct nat_file_side, mac),
	CYAML_FIELD_SEQUENCE_COUNT("routes", CYAML_FLAG_POINTER | OPTIONAL, struct nat_file_side,
				   routes, n_routes, &route_value, 0, NF_MAX_ROUTES),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t address_value = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, 64),
};
static const cyaml_schema_field_t pool_fields[] = {
	STRING("first", OPTIONAL, struct nat_file_pool, first),
	STRING("last", OPTIONAL, struct nat_file_pool, last),
	CYAML_FIELD_SEQUENCE_COUNT("addresses", CYAML_FLAG_POINTER | OPTIONAL, struct nat_file_pool,
				   addresses, n_addresses, &address_value, 1, NAT_MAX_POOL),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t ports_fields[] = {
	CYAML_FIELD_UINT("first", REQUIRED, struct nat_file_ports, first),
	CYAML_FIELD_UINT("last", REQUIRED, struct nat_file_ports, last),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t timeouts_fields[] = {
	NUMBER("udp", struct nat_file_timeouts, udp),
	NUMBER("tcp_established", struct nat_file_timeouts, tcp_established),
	NUMBER("tcp_transitory", struct nat_file_timeouts, tcp_transitory),
	NUMBER("icmp", struct nat_file_timeouts, icmp),
	NUMBER("arp", struct nat_file_timeouts, arp),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t limits_fields[] = {
	NUMBER("sessions_per_subscriber", struct nat_file_limits, sessions_per_subscriber),
	NUMBER("peers_per_mapping", struct nat_file_limits, peers_per_mapping),
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
static const cyaml_schema_field_t idle_fields[] = {
	NUMBER("spin", struct nat_file_idle, spin),
	NUMBER("sleep_us", struct nat_file_idle, sleep_us),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t file_fields[] = {
	STRING("instance", REQUIRED, struct nat_file, instance),
	STRING("service", REQUIRED, struct nat_file, service),
	STRING("agent_socket", OPTIONAL, struct nat_file, agent_socket),
	NUMBER("workers", struct nat_file, workers),
	CYAML_FIELD_MAPPING("inside", REQUIRED, struct nat_file, inside, side_fields),
	CYAML_FIELD_MAPPING("outside", REQUIRED, struct nat_file, outside, side_fields),
	CYAML_FIELD_MAPPING("pool", REQUIRED, struct nat_file, pool, pool_fields),
	CYAML_FIELD_MAPPING_PTR("ports", CYAML_FLAG_POINTER | OPTIONAL, struct nat_file, ports,
				ports_fields),
	CYAML_FIELD_MAPPING("timeouts", OPTIONAL, struct nat_file, timeouts, timeouts_fields),
	CYAML_FIELD_MAPPING("limits", OPTIONAL, struct nat_file, limits, limits_fields),
	CYAML_FIELD_MAPPING("idle", OPTIONAL, struct nat_file, idle, idle_fields),
	CYAML_FIELD_SEQUENCE_COUNT("no_translate", CYAML_FLAG_POINTER | OPTIONAL, struct nat_file,
				   no_translate, n_no_translate, &exempt_value, 0, NAT_MAX_EXEMPT),
	FLAG("inbound_refresh", struct nat_file, inbound_refresh),
	FLAG("tcp_pickup", struct nat_file, tcp_pickup),
	STRING("filtering", OPTIONAL, struct nat_file, filtering),
	NUMBER("peers", struct nat_file, peers),
	NUMBER("capacity", struct nat_file, capacity),
	NUMBER("neighbours", struct nat_file, neighbours),
	NUMBER("hold_capacity", struct nat_file, hold_capacity),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t file_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct nat_file, file_fields),
};

/* ---- reading ---------------------------------------------------------------------- */

struct complaint {
	char *text;
	size_t size;
	unsigned int line;
};

/* libcyaml logs the reason first, then where it was, from the inside out. */
static void
note_complaint(cyaml_log_t level, void *ctx, const char *format, va_list args)
{
	struct complaint *complaint = ctx;
	char line[256];
	char *place;

	(void)level;
	vsnprintf(line, sizeof(line), format, args);
	place = strstr(line, "(line: ");
	if (place != NULL && complaint->line == 0)
		complaint->line = (unsigned int)strtoul(place + strlen("(line: "), NULL, 10);
	if (complaint->text[0] != '\0')
		return;
	place = strncmp(line, "Load: ", 6) == 0 ? line + 6 : line;
	place[strcspn(place, "\n")] = '\0';
	snprintf(complaint->text, complaint->size, "%s", place);
}

static cyaml_config_t
cyaml_settings(struct complaint *complaint)
{
	return (cyaml_config_t){
		.log_fn = complaint != NULL ? note_complaint : NULL,
		.log_ctx = complaint,
		.log_level = CYAML_LOG_ERROR,
		.mem_fn = cyaml_mem,
		.flags = CYAML_CFG_NO_ALIAS,
	};
}

int
nat_file_parse(const char *text, size_t size, struct nat_file **ret_file, char *error,
	       size_t error_size, unsigned int *ret_line)
{
	struct complaint complaint = {.text = error, .size = error_size};
	cyaml_config_t settings = cyaml_settings(&complaint);
	cyaml_data_t *data = NULL;
	cyaml_err_t result;

	error[0] = '\0';
	result = cyaml_load_data((const uint8_t *)text, size, &settings, &file_value, &data, NULL);
	*ret_line = complaint.line;
	if (result == CYAML_OK && data != NULL) {
		*ret_file = data;
		return 0;
	}
	if (error[0] == '\0')
		snprintf(error, error_size, "%s",
			 result == CYAML_OK ? "empty" : cyaml_strerror(result));
	return -EINVAL;
}

void
nat_file_free(struct nat_file *file)
{
	cyaml_config_t settings = cyaml_settings(NULL);

	if (file != NULL)
		cyaml_free(&settings, &file_value, file, 0);
}

/* ---- lines ----------------------------------------------------------------------------- */

static yaml_node_t *
child_of_mapping(yaml_document_t *document, const yaml_node_t *node, const char *name, size_t size)
{
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *key = yaml_document_get_node(document, pair->key);

		if (key != NULL && key->type == YAML_SCALAR_NODE &&
		    key->data.scalar.length == size &&
		    memcmp(key->data.scalar.value, name, size) == 0)
			return yaml_document_get_node(document, pair->value);
	}
	return NULL;
}

static yaml_node_t *
child_of_sequence(yaml_document_t *document, const yaml_node_t *node, const char *index)
{
	ptrdiff_t n = node->data.sequence.items.top - node->data.sequence.items.start;
	unsigned long i = strtoul(index, NULL, 10);

	if (i >= (unsigned long)n)
		return NULL;
	return yaml_document_get_node(document, node->data.sequence.items.start[i]);
}

static unsigned int
line_in(yaml_document_t *document, const char *path)
{
	yaml_node_t *node = yaml_document_get_root_node(document);
	unsigned int line = 0;

	while (node != NULL) {
		size_t size = strcspn(path, ".");

		line = (unsigned int)node->start_mark.line + 1;
		if (*path == '\0')
			break;
		if (node->type == YAML_MAPPING_NODE)
			node = child_of_mapping(document, node, path, size);
		else if (node->type == YAML_SEQUENCE_NODE)
			node = child_of_sequence(document, node, path);
		else
			node = NULL;
		path += size;
		path += *path == '.';
	}
	return line;
}

unsigned int
nat_file_line(const char *text, size_t size, const char *path)
{
	yaml_document_t document;
	yaml_parser_t parser;
	unsigned int line = 0;

	if (!yaml_parser_initialize(&parser))
		return 0;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
	if (yaml_parser_load(&parser, &document)) {
		line = line_in(&document, path);
		yaml_document_delete(&document);
	}
	yaml_parser_delete(&parser);
	return line;
}
