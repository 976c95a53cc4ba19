/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of a table in memory, as text, and how two of them are compared. No I/O.
 *
 * Rows are matched by their key fields; the order of slots does not matter. Times are equal when
 * they differ by no more than the tolerance.
 */
#ifndef SLIMCTL_ROWS_H
#define SLIMCTL_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slim_ctl.pb-c.h"

#define ROWS_MAX_FIELDS 32u
#define ROWS_NAME_SIZE 64u

struct rows_field {
	char name[ROWS_NAME_SIZE];
	Slim__V1__FieldType type;
	Slim__V1__FieldClass class_;
	bool key;
	uint32_t size, merge;
};

struct rows {
	bool has_header;
	char nf[ROWS_NAME_SIZE], table[ROWS_NAME_SIZE];
	size_t n_fields;
	struct rows_field fields[ROWS_MAX_FIELDS];
	size_t n_rows, max_rows;
	char **rows; /* each: key text, then every value, all NUL-terminated */
};

void rows_init(struct rows *rows);
void rows_fini(struct rows *rows);

/* Takes the header of the first chunk and all rows. False: the chunk makes no sense. */
bool rows_add(struct rows *rows, const Slim__V1__TableChunk *chunk);

/* Forgets the rows, keeps the header. */
void rows_clear(struct rows *rows);

/* Value of a field of a row. */
const char *rows_value(const struct rows *rows, const char *row, size_t field);

/* "inside_address=100.64.0.10 inside_port=1024": key fields of a row. */
void rows_format_key(const struct rows *rows, const char *row, char *text, size_t size);

struct rows_diff {
	uint64_t only_a, only_b, different, equal;
};

/* One difference. `a` or `b` is NULL: only on the other side. Else `field` is the first field (of
 * `a`'s table) that differs and `field_b` its place in `b`'s. */
typedef void rows_diff_fn(void *ctx, const char *a, const char *b, size_t field, size_t field_b);

/* Sorts both. False: their fields do not fit; `error` tells. */
bool rows_compare(struct rows *a, struct rows *b, uint64_t tolerance_ns, rows_diff_fn *each,
		  void *ctx, struct rows_diff *ret, char *error, size_t error_size);

/* Are two values of a field the same? */
bool rows_value_equal(Slim__V1__FieldType type, const char *a, const char *b,
		      uint64_t tolerance_ns);

#endif
