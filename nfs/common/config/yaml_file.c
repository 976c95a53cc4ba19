/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading by a schema; see yaml_file.h. libcyaml forgets lines once a value is read, so
 * nf_yaml_line() finds them again in libyaml's document.
 */
#include "yaml_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "side.h"

const cyaml_strval_t nf_yaml_flags[NF_YAML_N_FLAGS] = {
	{"true", 1},
	{"false", 0},
	{"yes", 1},
	{"no", 0},
};

static const cyaml_schema_field_t route_fields[] = {
	NF_YAML_STRING("prefix", NF_YAML_REQUIRED, struct nf_yaml_route, prefix),
	NF_YAML_STRING("via", NF_YAML_REQUIRED, struct nf_yaml_route, via),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t route_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct nf_yaml_route, route_fields),
};
const cyaml_schema_field_t nf_yaml_side_fields[] = {
	NF_YAML_STRING("name", NF_YAML_REQUIRED, struct nf_yaml_side, name),
	CYAML_FIELD_UINT("port", NF_YAML_REQUIRED, struct nf_yaml_side, port),
	NF_YAML_STRING("address", NF_YAML_REQUIRED, struct nf_yaml_side, address),
	NF_YAML_STRING("mac", NF_YAML_REQUIRED, struct nf_yaml_side, mac),
	NF_YAML_NUMBER("vlan", struct nf_yaml_side, vlan),
	NF_YAML_NUMBER("mtu", struct nf_yaml_side, mtu),
	CYAML_FIELD_SEQUENCE_COUNT("routes", CYAML_FLAG_POINTER | NF_YAML_OPTIONAL,
				   struct nf_yaml_side, routes, n_routes, &route_value, 0,
				   NF_MAX_ROUTES),
	CYAML_FIELD_END,
};
const cyaml_schema_field_t nf_yaml_idle_fields[] = {
	NF_YAML_NUMBER("spin", struct nf_yaml_idle, spin),
	NF_YAML_NUMBER("sleep_us", struct nf_yaml_idle, sleep_us),
	CYAML_FIELD_END,
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
nf_yaml_load(const char *text, size_t size, const cyaml_schema_value_t *schema, void **ret_data,
	     char *error, size_t error_size, unsigned int *ret_line)
{
	struct complaint complaint = {.text = error, .size = error_size};
	cyaml_config_t settings = cyaml_settings(&complaint);
	cyaml_data_t *data = NULL;
	cyaml_err_t result;

	error[0] = '\0';
	result = cyaml_load_data((const uint8_t *)text, size, &settings, schema, &data, NULL);
	*ret_line = complaint.line;
	if (result == CYAML_OK && data != NULL) {
		*ret_data = data;
		return 0;
	}
	if (error[0] == '\0')
		snprintf(error, error_size, "%s",
			 result == CYAML_OK ? "empty" : cyaml_strerror(result));
	return -EINVAL;
}

void
nf_yaml_free(const cyaml_schema_value_t *schema, void *data)
{
	cyaml_config_t settings = cyaml_settings(NULL);

	if (data != NULL)
		cyaml_free(&settings, schema, data, 0);
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
nf_yaml_line(const char *text, size_t size, const char *path)
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
