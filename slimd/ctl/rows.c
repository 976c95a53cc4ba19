/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KEY_SEPARATOR '\x1f'

void
rows_init(struct rows *rows)
{
	*rows = (struct rows){0};
}

void
rows_clear(struct rows *rows)
{
	while (rows->n_rows > 0)
		free(rows->rows[--rows->n_rows]);
}

void
rows_fini(struct rows *rows)
{
	rows_clear(rows);
	free(rows->rows);
	*rows = (struct rows){0};
}

/* ---- filling -------------------------------------------------------------------- */

static bool
take_header(struct rows *rows, const Slim__V1__TableChunk *chunk)
{
	size_t i;

	if (chunk->n_fields == 0 || chunk->n_fields > ROWS_MAX_FIELDS)
		return false;
	snprintf(rows->nf, sizeof(rows->nf), "%s", chunk->nf);
	snprintf(rows->table, sizeof(rows->table), "%s", chunk->table);
	rows->n_fields = chunk->n_fields;
	for (i = 0; i < chunk->n_fields; i++) {
		snprintf(rows->fields[i].name, sizeof(rows->fields[i].name), "%s",
			 chunk->fields[i]->name);
		rows->fields[i].type = chunk->fields[i]->type;
		rows->fields[i].class_ = chunk->fields[i]->class_;
		rows->fields[i].key = chunk->fields[i]->key;
		rows->fields[i].size = chunk->fields[i]->size;
		rows->fields[i].merge = chunk->fields[i]->merge;
	}
	rows->has_header = true;
	return true;
}

/* Key text, then all values. */
static char *
pack_row(const struct rows *rows, const Slim__V1__TableRow *row)
{
	size_t i, n, key_size = 1, size = 0;
	char *packed, *key, *at;

	for (i = 0; i < rows->n_fields; i++) {
		n = strlen(row->values[i]) + 1;
		size += n;
		key_size += rows->fields[i].key ? n : 0;
	}
	packed = malloc(key_size + size);
	if (packed == NULL)
		abort();
	key = packed;
	at = packed + key_size;
	for (i = 0; i < rows->n_fields; i++) {
		n = strlen(row->values[i]);
		memcpy(at, row->values[i], n + 1);
		at += n + 1;
		if (!rows->fields[i].key)
			continue;
		memcpy(key, row->values[i], n);
		key += n;
		*key++ = KEY_SEPARATOR;
	}
	*key = '\0';
	return packed;
}

bool
rows_add(struct rows *rows, const Slim__V1__TableChunk *chunk)
{
	size_t i;

	if (!rows->has_header && !take_header(rows, chunk))
		return false;
	for (i = 0; i < chunk->n_rows; i++) {
		if (chunk->rows[i]->n_values != rows->n_fields)
			return false;
		if (rows->n_rows == rows->max_rows) {
			rows->max_rows = rows->max_rows * 2 + 1024;
			rows->rows = realloc(rows->rows, rows->max_rows * sizeof(*rows->rows));
			if (rows->rows == NULL)
				abort();
		}
		rows->rows[rows->n_rows++] = pack_row(rows, chunk->rows[i]);
	}
	return true;
}

const char *
rows_value(const struct rows *rows, const char *row, size_t field)
{
	const char *at = row + strlen(row) + 1;

	(void)rows;
	while (field-- > 0)
		at += strlen(at) + 1;
	return at;
}

void
rows_format_key(const struct rows *rows, const char *row, char *text, size_t size)
{
	size_t i, used = 0;

	text[0] = '\0';
	for (i = 0; i < rows->n_fields && used < size; i++)
		if (rows->fields[i].key)
			used += (size_t)snprintf(text + used, size - used, "%s%s=%s",
						 used > 0 ? " " : "", rows->fields[i].name,
						 rows_value(rows, row, i));
}

/* ---- comparing -------------------------------------------------------------------- */

static bool
parse_time(const char *text, __int128 *ret_ns)
{
	struct tm utc = {0};
	long ns;

	if (sscanf(text, "%d-%d-%dT%d:%d:%d.%9ldZ", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
		   &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &ns) != 7)
		return false;
	utc.tm_year -= 1900;
	utc.tm_mon -= 1;
	*ret_ns = (__int128)timegm(&utc) * 1000000000 + ns;
	return true;
}

bool
rows_value_equal(Slim__V1__FieldType type, const char *a, const char *b, uint64_t tolerance_ns)
{
	__int128 time_a, time_b, apart;

	if (strcmp(a, b) == 0)
		return true;
	if (type != SLIM__V1__FIELD_TYPE__TYPE_TIME || !parse_time(a, &time_a) ||
	    !parse_time(b, &time_b))
		return false;
	apart = time_a > time_b ? time_a - time_b : time_b - time_a;
	return apart <= (__int128)tolerance_ns;
}

/* Place in `b` of each field of `a`. */
static bool
match_fields(const struct rows *a, const struct rows *b, size_t *map, char *error, size_t size)
{
	size_t i, k;

	if (a->n_fields != b->n_fields) {
		snprintf(error, size, "%s has %zu fields, %s has %zu", a->nf, a->n_fields, b->nf,
			 b->n_fields);
		return false;
	}
	for (i = 0; i < a->n_fields; i++) {
		for (k = 0; k < b->n_fields; k++)
			if (strcmp(a->fields[i].name, b->fields[k].name) == 0)
				break;
		if (k == b->n_fields || a->fields[i].type != b->fields[k].type ||
		    a->fields[i].key != b->fields[k].key) {
			snprintf(error, size, "field \"%s\" is not the same in %s and %s",
				 a->fields[i].name, a->nf, b->nf);
			return false;
		}
		map[i] = k;
	}
	return true;
}

static int
compare_keys(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The first field that differs, or n_fields. */
static size_t
find_difference(const struct rows *a, const char *row_a, const struct rows *b, const char *row_b,
		const size_t *map, uint64_t tolerance_ns)
{
	size_t i;

	for (i = 0; i < a->n_fields; i++)
		if (!rows_value_equal(a->fields[i].type, rows_value(a, row_a, i),
				      rows_value(b, row_b, map[i]), tolerance_ns))
			break;
	return i;
}

bool
rows_compare(struct rows *a, struct rows *b, uint64_t tolerance_ns, rows_diff_fn *each, void *ctx,
	     struct rows_diff *ret, char *error, size_t error_size)
{
	size_t map[ROWS_MAX_FIELDS], i = 0, k = 0, field;
	struct rows_diff diff = {0};
	int order;

	if (!match_fields(a, b, map, error, error_size))
		return false;
	if (a->n_rows > 0)
		qsort(a->rows, a->n_rows, sizeof(*a->rows), compare_keys);
	if (b->n_rows > 0)
		qsort(b->rows, b->n_rows, sizeof(*b->rows), compare_keys);
	while (i < a->n_rows || k < b->n_rows) {
		order = i == a->n_rows ? 1 : k == b->n_rows ? -1 : strcmp(a->rows[i], b->rows[k]);
		if (order < 0) {
			diff.only_a++;
			each(ctx, a->rows[i++], NULL, 0, 0);
		} else if (order > 0) {
			diff.only_b++;
			each(ctx, NULL, b->rows[k++], 0, 0);
		} else {
			field = find_difference(a, a->rows[i], b, b->rows[k], map, tolerance_ns);
			if (field == a->n_fields) {
				diff.equal++;
			} else {
				diff.different++;
				each(ctx, a->rows[i], b->rows[k], field, map[field]);
			}
			i++;
			k++;
		}
	}
	*ret = diff;
	return true;
}
