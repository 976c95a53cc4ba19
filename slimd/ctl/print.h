/* SPDX-License-Identifier: Apache-2.0 */
/* What people read: aligned columns, reasons, times. And JSON, one object a line. */
#ifndef SLIMCTL_PRINT_H
#define SLIMCTL_PRINT_H

#include <stdio.h>

#include <protobuf-c/protobuf-c.h>

#include "slim_ctl.pb-c.h"

#define PRINT_MAX_COLUMNS 10u

/* Rows of text, printed with aligned columns. */
struct print_table {
	unsigned n_columns;
	size_t n_cells, max_cells;
	char **cells;
};

/* `titles`: n_columns of them. */
void print_table_begin(struct print_table *table, unsigned n_columns, const char *const *titles);

/* One more cell; rows fill up from the left. */
void print_table_add(struct print_table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Prints and frees. */
void print_table_end(struct print_table *table, FILE *out);

/* One line. */
void print_json(FILE *out, const ProtobufCMessage *message);

/* "  UNKNOWN_NF: no NF "x"", one line each. */
void print_reasons(FILE *out, size_t n, Slim__V1__Reason *const *reasons);

/* "complete", "running", ... */
const char *print_state(Slim__V1__JobState state);

#endif
