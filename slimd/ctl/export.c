/* SPDX-License-Identifier: Apache-2.0 */
#include "export.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "json.h"

#define CHUNK_ROWS 256u
#define MAX_FIELDS 32u

/* ---- writing --------------------------------------------------------------------- */

static void
print_enum(FILE *out, const ProtobufCEnumDescriptor *type, int value)
{
	char name[JSON_NAME_SIZE];

	json_print_string(out, json_enum_name(type, value, name));
}

void
export_print_header(FILE *out, const Slim__V1__TableChunk *chunk)
{
	size_t i;

	fprintf(out, "{\"format\":\"slim-table\",\"version\":%d,\"nf\":", EXPORT_VERSION);
	json_print_string(out, chunk->nf);
	fputs(",\"table\":", out);
	json_print_string(out, chunk->table);
	fputs(",\"fields\":[", out);
	for (i = 0; i < chunk->n_fields; i++) {
		const Slim__V1__TableField *field = chunk->fields[i];

		fprintf(out, "%s{\"name\":", i > 0 ? "," : "");
		json_print_string(out, field->name);
		fputs(",\"type\":", out);
		print_enum(out, &slim__v1__field_type__descriptor, (int)field->type);
		fputs(",\"class\":", out);
		print_enum(out, &slim__v1__field_class__descriptor, (int)field->class_);
		fprintf(out, ",\"key\":%s,\"size\":%u,\"merge\":%u}", field->key ? "true" : "false",
			field->size, field->merge);
	}
	fputs("]}\n", out);
}

void
export_print_rows(FILE *out, const Slim__V1__TableChunk *chunk)
{
	size_t i, k;

	for (i = 0; i < chunk->n_rows; i++) {
		const Slim__V1__TableRow *row = chunk->rows[i];

		fprintf(out, "{\"slot\":%u,\"bucket\":%u,\"values\":[", row->slot, row->bucket);
		for (k = 0; k < row->n_values; k++) {
			if (k > 0)
				fputc(',', out);
			json_print_string(out, row->values[k]);
		}
		fputs("]}\n", out);
	}
}

void
export_print_end(FILE *out, uint64_t n_rows)
{
	fprintf(out, "{\"rows\":%" PRIu64 "}\n", n_rows);
}

/* ---- reading ---------------------------------------------------------------------- */

struct export_reader {
	FILE *file;
	uint64_t line, n_rows;
	char *text;
	size_t text_size;
	json_t *header;
	json_t *lines[CHUNK_ROWS]; /* rows of the chunk: keep their texts alive */
	size_t n_lines;
	bool header_given, ended;
	size_t n_fields;
	Slim__V1__TableChunk chunk;
	Slim__V1__TableField fields[MAX_FIELDS], *field_ptrs[MAX_FIELDS];
	Slim__V1__TableRow rows[CHUNK_ROWS], *row_ptrs[CHUNK_ROWS];
	char *values[CHUNK_ROWS][MAX_FIELDS];
};

__attribute__((format(printf, 3, 4))) static void
complain(const struct export_reader *reader, char *error, const char *format, ...)
{
	char text[EXPORT_ERROR_SIZE - 40];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(error, EXPORT_ERROR_SIZE, "line %" PRIu64 ": %s", reader->line, text);
}

/* The next line as an object; NULL at the end or with an error. */
static json_t *
read_object(struct export_reader *reader, char *error)
{
	ssize_t n = getline(&reader->text, &reader->text_size, reader->file);
	json_error_t why;
	json_t *object;

	if (n <= 0) {
		complain(reader, error, "the file ends too early");
		return NULL;
	}
	reader->line++;
	if ((size_t)n > EXPORT_MAX_LINE) {
		complain(reader, error, "the line is too long");
		return NULL;
	}
	object = json_loadb(reader->text, (size_t)n, JSON_REJECT_DUPLICATES, &why);
	if (!json_is_object(object)) {
		complain(reader, error, "not a JSON object");
		json_decref(object);
		return NULL;
	}
	return object;
}

/* Inverse of json_enum_name(). */
static bool
find_enum(const ProtobufCEnumDescriptor *type, const char *name, int *ret)
{
	char text[JSON_NAME_SIZE];
	unsigned i;

	for (i = 0; i < type->n_values; i++) {
		*ret = type->values[i].value;
		if (strcmp(json_enum_name(type, *ret, text), name) == 0)
			return true;
	}
	return false;
}

static bool
read_field(json_t *object, Slim__V1__TableField *ret)
{
	const char *name, *type, *class_;
	int key, size, merge, type_value, class_value;

	slim__v1__table_field__init(ret);
	if (json_unpack(object, "{s:s,s:s,s:s,s:b,s:i,s:i}", "name", &name, "type", &type, "class",
			&class_, "key", &key, "size", &size, "merge", &merge) < 0 ||
	    !find_enum(&slim__v1__field_type__descriptor, type, &type_value) ||
	    !find_enum(&slim__v1__field_class__descriptor, class_, &class_value) || size < 0 ||
	    merge < 0)
		return false;
	ret->name = (char *)name;
	ret->type = (Slim__V1__FieldType)type_value;
	ret->class_ = (Slim__V1__FieldClass)class_value;
	ret->key = key != 0;
	ret->size = (uint32_t)size;
	ret->merge = (uint32_t)merge;
	return true;
}

static bool
read_header(struct export_reader *reader, char *error)
{
	const char *format, *nf, *table;
	json_t *fields;
	int version;
	size_t i;

	reader->header = read_object(reader, error);
	if (reader->header == NULL)
		return false;
	if (json_unpack(reader->header, "{s:s,s:i,s:s,s:s,s:o}", "format", &format, "version",
			&version, "nf", &nf, "table", &table, "fields", &fields) < 0 ||
	    strcmp(format, "slim-table") != 0) {
		complain(reader, error, "not a table written by slimctl");
		return false;
	}
	if (version != EXPORT_VERSION) {
		complain(reader, error, "version %d of the format is not known", version);
		return false;
	}
	reader->n_fields = json_array_size(fields);
	if (reader->n_fields == 0 || reader->n_fields > MAX_FIELDS) {
		complain(reader, error, "%zu fields", reader->n_fields);
		return false;
	}
	for (i = 0; i < reader->n_fields; i++) {
		if (!read_field(json_array_get(fields, i), &reader->fields[i])) {
			complain(reader, error, "field %zu makes no sense", i + 1);
			return false;
		}
		reader->field_ptrs[i] = &reader->fields[i];
	}
	slim__v1__table_chunk__init(&reader->chunk);
	reader->chunk.nf = (char *)nf;
	reader->chunk.table = (char *)table;
	reader->chunk.fields = reader->field_ptrs;
	reader->chunk.n_fields = reader->n_fields;
	return true;
}

struct export_reader *
export_open(FILE *file, char error[EXPORT_ERROR_SIZE])
{
	struct export_reader *reader = calloc(1, sizeof(*reader));

	if (reader == NULL)
		abort();
	reader->file = file;
	if (read_header(reader, error))
		return reader;
	export_close(reader);
	return NULL;
}

static void
drop_lines(struct export_reader *reader)
{
	while (reader->n_lines > 0)
		json_decref(reader->lines[--reader->n_lines]);
}

void
export_close(struct export_reader *reader)
{
	drop_lines(reader);
	json_decref(reader->header);
	free(reader->text);
	free(reader);
}

/* Row number n_lines of the chunk. */
static bool
take_row(struct export_reader *reader, json_t *object)
{
	size_t i, at = reader->n_lines;
	int slot, bucket;
	json_t *values;

	if (json_unpack(object, "{s:i,s:i,s:o}", "slot", &slot, "bucket", &bucket, "values",
			&values) < 0 ||
	    slot < 0 || bucket < 0 || bucket > 255 || json_array_size(values) != reader->n_fields)
		return false;
	for (i = 0; i < reader->n_fields; i++) {
		const char *text = json_string_value(json_array_get(values, i));

		if (text == NULL)
			return false;
		reader->values[at][i] = (char *)text;
	}
	slim__v1__table_row__init(&reader->rows[at]);
	reader->rows[at].slot = (uint32_t)slot;
	reader->rows[at].bucket = (uint32_t)bucket;
	reader->rows[at].values = reader->values[at];
	reader->rows[at].n_values = reader->n_fields;
	reader->row_ptrs[at] = &reader->rows[at];
	reader->lines[reader->n_lines++] = object;
	reader->n_rows++;
	return true;
}

static bool
take_end(struct export_reader *reader, const json_t *object, char *error)
{
	json_int_t rows = json_integer_value(json_object_get(object, "rows"));

	reader->ended = true;
	if (rows >= 0 && (uint64_t)rows == reader->n_rows)
		return true;
	complain(reader, error, "there are %" PRIu64 " rows, not %lld", reader->n_rows,
		 (long long)rows);
	return false;
}

/* False: stop, `error` is set. */
static bool
read_row(struct export_reader *reader, char *error)
{
	json_t *object = read_object(reader, error);
	bool good = true;

	if (object == NULL)
		return false;
	if (json_object_get(object, "rows") != NULL) {
		good = take_end(reader, object, error);
		json_decref(object);
	} else if (!take_row(reader, object)) {
		complain(reader, error, "the row makes no sense");
		json_decref(object);
		good = false;
	}
	return good;
}

const Slim__V1__TableChunk *
export_next(struct export_reader *reader, char error[EXPORT_ERROR_SIZE])
{
	error[0] = '\0';
	drop_lines(reader);
	while (!reader->ended && reader->n_lines < CHUNK_ROWS)
		if (!read_row(reader, error))
			return NULL;
	if (reader->header_given) {
		reader->chunk.fields = NULL;
		reader->chunk.n_fields = 0;
	}
	if (reader->header_given && reader->n_lines == 0)
		return NULL;
	reader->header_given = true;
	reader->chunk.rows = reader->row_ptrs;
	reader->chunk.n_rows = reader->n_lines;
	return &reader->chunk;
}
