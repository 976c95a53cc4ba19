/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* The caller's. Text from an NF is not to move the terminal's cursor. */
static char *
cell_of(const json_t *value)
{
	char *text = json_is_string(value) ? strdup(json_string_value(value))
					   : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

	for (char *c = text; c != NULL && *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return text;
}

static void
print_row(const struct table *table, char *const *cells)
{
	for (uint32_t i = 0; i < table->n_columns; i++)
		if (i + 1 < table->n_columns)
			fprintf(table->out, "%-*s  ", table->widths[i], cells[i]);
		else
			fprintf(table->out, "%s\n", cells[i]);
}

static void
free_row(const struct table *table, char **cells)
{
	for (uint32_t i = 0; i < table->n_columns; i++)
		free(cells[i]);
}

static void
print_kept(struct table *table)
{
	if (!table->flowing && table->n_columns > 0)
		print_row(table, table->titles);
	for (uint32_t i = 0; i < table->n_kept; i++) {
		print_row(table, table->kept[i]);
		free_row(table, table->kept[i]);
	}
	table->n_kept = 0;
	table->flowing = true;
}

void
table_end(struct table *table)
{
	print_kept(table);
	free_row(table, table->titles);
	table->n_columns = 0;
	table->flowing = false;
}

static bool
has_same_keys(const struct table *table, json_t *row)
{
	uint32_t i = 0;

	if (json_object_size(row) != table->n_columns)
		return false;
	for (void *at = json_object_iter(row); at != NULL; at = json_object_iter_next(row, at))
		if (strcmp(json_object_iter_key(at), table->titles[i++]) != 0)
			return false;
	return true;
}

static void
widen(struct table *table, uint32_t column, const char *cell)
{
	int size = (int)strlen(cell);

	if (!table->flowing && size > table->widths[column])
		table->widths[column] = size;
}

static bool
begin(struct table *table, json_t *row)
{
	table_end(table);
	memset(table->widths, 0, sizeof(table->widths));
	if (json_object_size(row) > TABLE_COLUMNS)
		return false;
	for (void *at = json_object_iter(row); at != NULL; at = json_object_iter_next(row, at)) {
		char *title = strdup(json_object_iter_key(at));

		if (title == NULL)
			return false;
		table->titles[table->n_columns] = title;
		widen(table, table->n_columns++, title);
	}
	return true;
}

static bool
keep(struct table *table, json_t *row)
{
	char **cells = table->kept[table->n_kept];
	uint32_t i = 0;
	bool whole = true;

	for (void *at = json_object_iter(row); at != NULL; at = json_object_iter_next(row, at)) {
		cells[i] = cell_of(json_object_iter_value(at));
		if (cells[i] != NULL)
			widen(table, i, cells[i]);
		whole &= cells[i++] != NULL;
	}
	if (!whole) {
		free_row(table, cells);
		return false;
	}
	table->n_kept++;
	if (table->flowing || table->n_kept == TABLE_AHEAD)
		print_kept(table);
	return true;
}

bool
table_add(struct table *table, const char *row)
{
	json_t *object = json_loads(row, 0, NULL);
	bool done = json_is_object(object) &&
		    (has_same_keys(table, object) || begin(table, object)) && keep(table, object);

	table->n_rows += done;
	json_decref(object);
	return done;
}
