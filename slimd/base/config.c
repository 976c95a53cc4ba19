/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml checks the syntax first, because it knows the exact line; then libcyaml loads. What
 * libcyaml finds wrong it tells as a series of log lines: the reason, then the places from the
 * inside out. One text is made of them.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

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

/* libcyaml names the line before a key that it does not know: look on from there. */
static unsigned
find_key_line(const char *text, size_t size, unsigned line, const char *key)
{
	const char *end = text + size, *p = text, *next;
	size_t key_size = strlen(key);
	unsigned at;

	for (at = 1; p < end; at++, p = next + 1) {
		next = memchr(p, '\n', (size_t)(end - p));
		if (next == NULL)
			next = end;
		while (p < next && strchr(" -\t{,\"'", *p) != NULL)
			p++;
		if (at >= line && (size_t)(next - p) > key_size && memcmp(p, key, key_size) == 0 &&
		    strchr(": \t\"'", p[key_size]) != NULL)
			return at;
	}
	return line;
}

static void
explain(const struct trouble *trouble, cyaml_err_t code, const char *name, const char *text,
	size_t size, char error[CONFIG_ERROR_SIZE])
{
	const char *reason = trouble->reason[0] != '\0' ? trouble->reason : cyaml_strerror(code);
	const char *key = strstr(reason, "key: ");
	unsigned line = trouble->line != 0 ? trouble->line : 1;

	if (code == CYAML_ERR_INVALID_KEY && key != NULL) {
		key += strlen("key: ");
		line = find_key_line(text, size, line, key);
		snprintf(error, CONFIG_ERROR_SIZE, "%s:%u: unknown key \"%s\"", name, line, key);
	} else if (code == CYAML_ERR_MAPPING_FIELD_MISSING && strchr(reason, ':') != NULL) {
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

	if (!check_syntax(name, text, size, error))
		return -EINVAL;
	code = cyaml_load_data(text, size, &settings, schema, &data, NULL);
	if (code == CYAML_OK && data == NULL)
		code = CYAML_ERR_INVALID_VALUE;
	if (code != CYAML_OK) {
		explain(&trouble, code, name, text, size, error);
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
