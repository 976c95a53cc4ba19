/* SPDX-License-Identifier: Apache-2.0 */
/* Walks a message by its descriptor; the depth of messages bounds the recursion. */
#include "json.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* ---- text --------------------------------------------------------------------- */

/* Length of the valid UTF-8 sequence at `text` (RFC 3629), or 0. */
static size_t
utf8_length(const unsigned char *text)
{
	static const struct {
		unsigned char mask, value, n;
		uint32_t least;
	} kinds[] = {
		{0xe0, 0xc0, 2, 0x80},
		{0xf0, 0xe0, 3, 0x800},
		{0xf8, 0xf0, 4, 0x10000},
	};
	uint32_t code;
	size_t i, k;

	for (k = 0; k < 3; k++) {
		if ((text[0] & kinds[k].mask) != kinds[k].value)
			continue;
		code = text[0] & (unsigned char)~kinds[k].mask;
		for (i = 1; i < kinds[k].n; i++) {
			if ((text[i] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (text[i] & 0x3fu);
		}
		if (code < kinds[k].least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
			return 0;
		return kinds[k].n;
	}
	return 0;
}

void
json_print_string(FILE *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t n;

	fputc('"', out);
	while (*p != '\0') {
		n = 1;
		if (*p == '"' || *p == '\\') {
			fprintf(out, "\\%c", *p);
		} else if (*p < 0x20 || *p == 0x7f) {
			fprintf(out, "\\u%04x", *p);
		} else if (*p < 0x80) {
			fputc(*p, out);
		} else if ((n = utf8_length(p)) > 0) {
			fwrite(p, 1, n, out);
		} else {
			fputs("\\ufffd", out);
			n = 1;
		}
		p += n;
	}
	fputc('"', out);
}

static void
print_newline(FILE *out, int indent)
{
	if (indent < 0)
		return;
	fprintf(out, "\n%*s", indent * 2, "");
}

/* ---- values -------------------------------------------------------------------- */

static size_t
value_size(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_ENUM:
		return 4;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return 8;
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		break;
	}
	return sizeof(void *);
}

static void
print_bytes(FILE *out, const ProtobufCBinaryData *bytes)
{
	size_t i;

	fputc('"', out);
	for (i = 0; i < bytes->len; i++)
		fprintf(out, "%02x", bytes->data[i]);
	fputc('"', out);
}

const char *
json_enum_name(const ProtobufCEnumDescriptor *type, int value, char text[JSON_NAME_SIZE])
{
	const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(type, value);
	size_t n = strlen(type->short_name);
	bool is_code = n > 4 && strcmp(type->short_name + n - 4, "Code") == 0;
	const char *name = known != NULL ? known->name : "?";
	const char *prefix = strchr(name, '_');
	size_t i;

	if (prefix != NULL)
		name = prefix + 1;
	for (i = 0; name[i] != '\0' && i + 1 < JSON_NAME_SIZE; i++)
		text[i] = (char)(is_code ? name[i] : tolower((unsigned char)name[i]));
	text[i] = '\0';
	return text;
}

static void
print_enum(FILE *out, const ProtobufCEnumDescriptor *type, int value)
{
	char text[JSON_NAME_SIZE];

	if (protobuf_c_enum_descriptor_get_value(type, value) == NULL)
		fprintf(out, "%d", value);
	else
		json_print_string(out, json_enum_name(type, value, text));
}

static void
print_value(FILE *out, const ProtobufCFieldDescriptor *field, const void *value, int indent)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		fprintf(out, "%" PRId32, *(const int32_t *)value);
		break;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		fprintf(out, "%" PRIu32, *(const uint32_t *)value);
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		fprintf(out, "%" PRId64, *(const int64_t *)value);
		break;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		fprintf(out, "%" PRIu64, *(const uint64_t *)value);
		break;
	case PROTOBUF_C_TYPE_FLOAT:
		fprintf(out, "%.9g", (double)*(const float *)value);
		break;
	case PROTOBUF_C_TYPE_DOUBLE:
		fprintf(out, "%.17g", *(const double *)value);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		fputs(*(const protobuf_c_boolean *)value ? "true" : "false", out);
		break;
	case PROTOBUF_C_TYPE_ENUM:
		print_enum(out, field->descriptor, *(const int *)value);
		break;
	case PROTOBUF_C_TYPE_STRING:
		json_print_string(out, *(char *const *)value != NULL ? *(char *const *)value : "");
		break;
	case PROTOBUF_C_TYPE_BYTES:
		print_bytes(out, value);
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		if (*(ProtobufCMessage *const *)value == NULL)
			fputs("null", out);
		else
			json_print_message(out, *(ProtobufCMessage *const *)value, indent);
		break;
	}
}

static void
print_array(FILE *out, const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message,
	    int indent)
{
	const char *base = (const char *)message;
	size_t n = *(const size_t *)(const void *)(base + field->quantifier_offset);
	const char *values = *(const char *const *)(const void *)(base + field->offset);
	int inner = indent < 0 ? indent : indent + 1;
	size_t i;

	fputc('[', out);
	for (i = 0; i < n; i++) {
		if (i > 0)
			fputc(',', out);
		print_newline(out, inner);
		print_value(out, field, values + i * value_size(field->type), inner);
	}
	if (n > 0)
		print_newline(out, indent);
	fputc(']', out);
}

/* Is this member of a oneof the one that is set? */
static bool
is_chosen(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
	const char *base = (const char *)message;

	if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
		return true;
	return *(const uint32_t *)(const void *)(base + field->quantifier_offset) == field->id;
}

void
json_print_message(FILE *out, const ProtobufCMessage *message, int indent)
{
	int inner = indent < 0 ? indent : indent + 1;
	const ProtobufCFieldDescriptor *field;
	bool first = true;
	unsigned i;

	fputc('{', out);
	for (i = 0; i < message->descriptor->n_fields; i++) {
		field = &message->descriptor->fields[i];
		if (!is_chosen(field, message))
			continue;
		if (!first)
			fputc(',', out);
		first = false;
		print_newline(out, inner);
		json_print_string(out, field->name);
		fputs(indent < 0 ? ":" : ": ", out);
		if (field->label == PROTOBUF_C_LABEL_REPEATED)
			print_array(out, field, message, inner);
		else
			print_value(out, field, (const char *)message + field->offset, inner);
	}
	if (!first)
		print_newline(out, indent);
	fputc('}', out);
}
