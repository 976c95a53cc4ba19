/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml checks the syntax first, because it knows the exact line; then libcyaml loads. What
 * libcyaml finds wrong it tells as a series of log lines: the reason, then the places from the
 * inside out. One text is made of them.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "address.h"

/* ---- syntax ------------------------------------------------------------------ */

/* Returns what is wrong at *ret_line, NULL if all is well, or a static text. */
static const char *
check_events(yaml_parser_t *parser, size_t *ret_line)
{
	yaml_event_type_t type = YAML_NO_EVENT;
	unsigned n_documents = 0;
	const char *wrong = NULL;
	yaml_event_t event;

	while (type != YAML_STREAM_END_EVENT && wrong == NULL) {
		if (!yaml_parser_parse(parser, &event)) {
			*ret_line = parser->problem_mark.line + 1;
			return parser->problem != NULL ? parser->problem : "not YAML";
		}
		type = event.type;
		*ret_line = event.start_mark.line + 1;
		if (type == YAML_ALIAS_EVENT)
			wrong = "aliases are not allowed";
		if (type == YAML_DOCUMENT_START_EVENT && ++n_documents > 1)
			wrong = "more than one document";
		yaml_event_delete(&event);
	}
	if (wrong == NULL && n_documents == 0)
		wrong = "the file is empty";
	return wrong;
}

static bool
check_syntax(const char *name, const void *text, size_t size, char error[CONFIG_ERROR_SIZE])
{
	yaml_parser_t parser;
	const char *wrong;
	size_t line = 1;

	if (!yaml_parser_initialize(&parser)) {
		snprintf(error, CONFIG_ERROR_SIZE, "%s: out of memory", name);
		return false;
	}
	yaml_parser_set_input_string(&parser, text, size);
	wrong = check_events(&parser, &line);
	if (wrong != NULL)
		snprintf(error, CONFIG_ERROR_SIZE, "%s:%zu: %s", name, line, wrong);
	yaml_parser_delete(&parser);
	return wrong == NULL;
}

/* ---- keys ---------------------------------------------------------------------- */

/* libcyaml finds unknown keys too, but does not know on which line they stand. */
struct key_check {
	yaml_parser_t parser;
	size_t line; /* of the unknown key; 0: none so far */
	char key[CONFIG_ERROR_SIZE / 4];
};

static void check_value(struct key_check *check, yaml_event_type_t type,
			const cyaml_schema_value_t *schema);

/* The next event's type; scalars are copied to `text` (NULL: not wanted). The syntax is known to
 * be good. */
static yaml_event_type_t
next_event(struct key_check *check, char *text, size_t size, size_t *ret_line)
{
	yaml_event_type_t type;
	yaml_event_t event;

	if (!yaml_parser_parse(&check->parser, &event))
		return YAML_STREAM_END_EVENT;
	type = event.type;
	if (type == YAML_SCALAR_EVENT && text != NULL)
		snprintf(text, size, "%s", (const char *)event.data.scalar.value);
	if (ret_line != NULL)
		*ret_line = event.start_mark.line + 1;
	yaml_event_delete(&event);
	return type;
}

/* The rest of a value that began with an event of this type. */
static void
skip_value(struct key_check *check, yaml_event_type_t type)
{
	unsigned depth = 0;

	for (;;) {
		if (type == YAML_MAPPING_START_EVENT || type == YAML_SEQUENCE_START_EVENT)
			depth++;
		if (type == YAML_MAPPING_END_EVENT || type == YAML_SEQUENCE_END_EVENT)
			depth--;
		if (depth == 0 || type == YAML_STREAM_END_EVENT)
			return;
		type = next_event(check, NULL, 0, NULL);
	}
}

static const cyaml_schema_field_t *
find_field(const cyaml_schema_value_t *schema, const char *key)
{
	const cyaml_schema_field_t *field;

	for (field = schema->mapping.fields; field->key != NULL; field++)
		if (strcmp(field->key, key) == 0)
			return field;
	return NULL;
}

static void
check_mapping(struct key_check *check, const cyaml_schema_value_t *schema)
{
	const cyaml_schema_field_t *field;
	yaml_event_type_t type;
	char key[sizeof(check->key)];
	size_t line;

	while (check->line == 0) {
		type = next_event(check, key, sizeof(key), &line);
		if (type == YAML_MAPPING_END_EVENT || type == YAML_STREAM_END_EVENT)
			return;
		if (type != YAML_SCALAR_EVENT) {
			skip_value(check, type);
			skip_value(check, next_event(check, NULL, 0, NULL));
			continue;
		}
		field = find_field(schema, key);
		if (field == NULL) {
			check->line = line;
			memcpy(check->key, key, sizeof(key));
			return;
		}
		check_value(check, next_event(check, NULL, 0, NULL), &field->value);
	}
}

static void
check_sequence(struct key_check *check, const cyaml_schema_value_t *schema)
{
	yaml_event_type_t type;

	while (check->line == 0) {
		type = next_event(check, NULL, 0, NULL);
		if (type == YAML_SEQUENCE_END_EVENT || type == YAML_STREAM_END_EVENT)
			return;
		check_value(check, type, schema->sequence.entry);
	}
}

/* As deep as the schema: what it does not know is skipped. */
static void
check_value(struct key_check *check, yaml_event_type_t type, const cyaml_schema_value_t *schema)
{
	if (type == YAML_MAPPING_START_EVENT && schema->type == CYAML_MAPPING)
		check_mapping(check, schema);
	else if (type == YAML_SEQUENCE_START_EVENT &&
		 (schema->type == CYAML_SEQUENCE || schema->type == CYAML_SEQUENCE_FIXED))
		check_sequence(check, schema);
	else
		skip_value(check, type);
}

static bool
check_keys(const char *name, const void *text, size_t size, const cyaml_schema_value_t *schema,
	   char error[CONFIG_ERROR_SIZE])
{
	struct key_check check = {.line = 0};
	yaml_event_type_t type;

	if (!yaml_parser_initialize(&check.parser)) {
		snprintf(error, CONFIG_ERROR_SIZE, "%s: out of memory", name);
		return false;
	}
	yaml_parser_set_input_string(&check.parser, text, size);
	do
		type = next_event(&check, NULL, 0, NULL);
	while (type == YAML_STREAM_START_EVENT || type == YAML_DOCUMENT_START_EVENT);
	check_value(&check, type, schema);
	yaml_parser_delete(&check.parser);
	if (check.line != 0)
		snprintf(error, CONFIG_ERROR_SIZE, "%s:%zu: unknown key \"%s\"", name, check.line,
			 check.key);
	return check.line == 0;
}

/* ---- content ------------------------------------------------------------------ */

struct trouble {
	char reason[CONFIG_ERROR_SIZE / 2];
	char place[CONFIG_ERROR_SIZE / 4]; /* innermost field, for wrong values */
	unsigned line;                     /* innermost; 0: not known */
};

static void
note_place(struct trouble *trouble, const char *text)
{
	const char *line = strstr(text, "(line: ");

	if (line == NULL || trouble->line != 0)
		return;
	trouble->line = (unsigned)strtoul(line + strlen("(line: "), NULL, 10);
	if (sscanf(text, " in mapping field '%100[^']'", trouble->place) != 1)
		trouble->place[0] = '\0';
}

__attribute__((format(printf, 3, 0))) static void
on_log(cyaml_log_t level, void *ctx, const char *format, va_list args)
{
	struct trouble *trouble = ctx;
	char text[CONFIG_ERROR_SIZE];
	const char *reason = text;

	(void)level;
	vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\n")] = '\0';
	if (text[0] == ' ') {
		note_place(trouble, text);
		return;
	}
	if (strncmp(text, "Load: ", 6) == 0)
		reason = text + 6;
	if (trouble->reason[0] == '\0' && strcmp(reason, "Backtrace:") != 0)
		snprintf(trouble->reason, sizeof(trouble->reason), "%.*s",
			 (int)sizeof(trouble->reason) - 1, reason);
}

static void
explain(const struct trouble *trouble, cyaml_err_t code, const char *name,
	char error[CONFIG_ERROR_SIZE])
{
	const char *reason = trouble->reason[0] != '\0' ? trouble->reason : cyaml_strerror(code);
	unsigned line = trouble->line != 0 ? trouble->line : 1;

	if (code == CYAML_ERR_MAPPING_FIELD_MISSING && strchr(reason, ':') != NULL) {
		snprintf(error, CONFIG_ERROR_SIZE, "%s:%u: missing key \"%s\"", name, line,
			 strchr(reason, ':') + 2);
	} else if (trouble->place[0] != '\0') {
		snprintf(error, CONFIG_ERROR_SIZE, "%s:%u: %s: %s", name, line, trouble->place,
			 reason);
	} else {
		snprintf(error, CONFIG_ERROR_SIZE, "%s:%u: %s", name, line, reason);
	}
}

static int
code_to_errno(cyaml_err_t code)
{
	return code == CYAML_ERR_OOM ? -ENOMEM : -EINVAL;
}

int
config_parse(const char *name, const void *text, size_t size, const cyaml_schema_value_t *schema,
	     void **ret_data, char error[CONFIG_ERROR_SIZE])
{
	struct trouble trouble = {0};
	const cyaml_config_t settings = {
		.log_fn = on_log,
		.log_ctx = &trouble,
		.log_level = CYAML_LOG_WARNING,
		.mem_fn = cyaml_mem,
		.flags = CYAML_CFG_NO_ALIAS,
	};
	cyaml_data_t *data = NULL;
	cyaml_err_t code;

	if (!check_syntax(name, text, size, error) || !check_keys(name, text, size, schema, error))
		return -EINVAL;
	code = cyaml_load_data(text, size, &settings, schema, &data, NULL);
	if (code == CYAML_OK && data == NULL)
		code = CYAML_ERR_INVALID_VALUE;
	if (code != CYAML_OK) {
		explain(&trouble, code, name, error);
		return code_to_errno(code);
	}
	*ret_data = data;
	return 0;
}

static int
read_file(const char *path, char *text, size_t *ret_size)
{
	FILE *file = fopen(path, "re");
	size_t n;

	if (file == NULL)
		return -errno;
	errno = 0;
	n = fread(text, 1, CONFIG_MAX_FILE + 1, file);
	if (ferror(file)) {
		fclose(file);
		return errno != 0 ? -errno : -EIO;
	}
	fclose(file);
	if (n > CONFIG_MAX_FILE)
		return -EFBIG;
	*ret_size = n;
	return 0;
}

int
config_load(const char *path, const cyaml_schema_value_t *schema, void **ret_data,
	    char error[CONFIG_ERROR_SIZE])
{
	char *text = malloc(CONFIG_MAX_FILE + 1);
	size_t size = 0;
	int result;

	if (text == NULL) {
		snprintf(error, CONFIG_ERROR_SIZE, "%s: out of memory", path);
		return -ENOMEM;
	}
	result = read_file(path, text, &size);
	if (result < 0)
		snprintf(error, CONFIG_ERROR_SIZE, "%s: %s", path, strerror(-result));
	else
		result = config_parse(path, text, size, schema, ret_data, error);
	free(text);
	return result;
}

void
config_free(const cyaml_schema_value_t *schema, void *data)
{
	const cyaml_config_t settings = {.mem_fn = cyaml_mem};

	if (data != NULL)
		cyaml_free(&settings, schema, data, 0);
}

/* ---- what several files have in common --------------------------------------------- */

const cyaml_schema_field_t config_tls_fields[] = {
	CONFIG_TEXT("ca", struct config_tls, ca, 0),
	CONFIG_TEXT("cert", struct config_tls, cert, 0),
	CONFIG_TEXT("key", struct config_tls, key, 0),
	CYAML_FIELD_END,
};

/* `*file` comes from libcyaml's allocator and goes back to it: both are malloc's. */
static int
resolve(char **file, const char *config_path)
{
	const char *slash = strrchr(config_path, '/');
	char *full;

	if ((*file)[0] == '/' || slash == NULL)
		return 0;
	if (asprintf(&full, "%.*s/%s", (int)(slash - config_path), config_path, *file) < 0)
		return -ENOMEM;
	free(*file);
	*file = full;
	return 0;
}

int
config_resolve_tls(struct config_tls *tls, const char *config_path)
{
	if (tls == NULL)
		return 0;
	if (resolve(&tls->ca, config_path) < 0 || resolve(&tls->cert, config_path) < 0 ||
	    resolve(&tls->key, config_path) < 0)
		return -ENOMEM;
	return 0;
}

struct tls_files
config_tls_files(const struct config_tls *tls)
{
	if (tls == NULL)
		return (struct tls_files){0};
	return (struct tls_files){.ca = tls->ca, .cert = tls->cert, .key = tls->key};
}

const char *
config_check_address(const char *address)
{
	return address_parse(address, NULL);
}

const char *
config_check_socket(const char *path)
{
	if (path[0] != '/')
		return "is not an absolute path";
	return strlen(path) > 100 ? "is too long for a socket" : NULL;
}
