/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

static yaml_node_t *
find_key(yaml_document_t *document, const yaml_node_t *mapping, const char *key, size_t size)
{
	yaml_node_pair_t *pair;

	if (mapping->type != YAML_MAPPING_NODE)
		return NULL;
	for (pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top;
	     pair++) {
		const yaml_node_t *node = yaml_document_get_node(document, pair->key);

		if (node && node->type == YAML_SCALAR_NODE && node->data.scalar.length == size &&
		    memcmp(node->data.scalar.value, key, size) == 0)
			return yaml_document_get_node(document, pair->value);
	}
	return NULL;
}

static yaml_node_t *
find_item(yaml_document_t *document, const yaml_node_t *sequence, unsigned long index)
{
	if (sequence->type != YAML_SEQUENCE_NODE ||
	    index >= (unsigned long)(sequence->data.sequence.items.top -
				     sequence->data.sequence.items.start))
		return NULL;
	return yaml_document_get_node(document, sequence->data.sequence.items.start[index]);
}

/* The next step of a path; moves *path behind it. */
static yaml_node_t *
walk(yaml_document_t *document, const yaml_node_t *node, const char **path)
{
	const char *p = *path;
	size_t size;

	if (*p == '[') {
		char *end;
		unsigned long index = strtoul(p + 1, &end, 10);

		*path = *end == ']' ? end + 1 : end;
		return find_item(document, node, index);
	}
	if (*p == '.')
		p++;
	size = strcspn(p, ".[");
	*path = p + size;
	return find_key(document, node, p, size);
}

static unsigned
find_in(yaml_document_t *document, const char *path)
{
	yaml_node_t *node = yaml_document_get_root_node(document);
	size_t line = 0;

	while (node) {
		line = node->start_mark.line + 1;
		if (*path == '\0')
			break;
		node = walk(document, node, &path);
	}
	return (unsigned)line;
}

unsigned
yaml_line_find(const char *file, const char *path)
{
	FILE *f = fopen(file, "re");
	yaml_document_t document;
	yaml_parser_t parser;
	unsigned line = 0;

	if (!f)
		return 0;
	if (yaml_parser_initialize(&parser)) {
		yaml_parser_set_input_file(&parser, f);
		if (yaml_parser_load(&parser, &document)) {
			line = find_in(&document, path);
			yaml_document_delete(&document);
		}
		yaml_parser_delete(&parser);
	}
	fclose(f);
	return line;
}
