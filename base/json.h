/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any protobuf-c message as JSON, by its descriptor.
 *
 * Field names as in the .proto file. Every field is printed, also with its default value, so
 * that scripts find what they look for; a message that is not set is null. Enums by name,
 * 64-bit numbers as numbers, bytes as hex. Text that is not UTF-8 gets U+FFFD where it is broken.
 */
#ifndef SLIM_BASE_JSON_H
#define SLIM_BASE_JSON_H

#include <stdio.h>

#include <protobuf-c/protobuf-c.h>

/* indent < 0: all on one line. Else `indent` is the depth at which it starts (0). No newline at the
 * end. */
void json_print_message(FILE *out, const ProtobufCMessage *message, int indent);

/* The same short name of an enum value: "complete", "UNKNOWN_NF"; "?" when it is not known. */
#define JSON_NAME_SIZE 64u
const char *json_enum_name(const ProtobufCEnumDescriptor *type, int value,
			   char text[JSON_NAME_SIZE]);

/* A string with its quotes. */
void json_print_string(FILE *out, const char *text);

#endif
