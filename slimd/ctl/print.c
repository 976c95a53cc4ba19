/* SPDX-License-Identifier: Apache-2.0 */
#include "print.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

static void
add_cell(struct print_table *table, char *text)
{
	if (text == NULL)
		abort();
	if (table->n_cells == table->max_cells) {
		table->max_cells = table->max_cells * 2 + 64;
		table->cells = realloc(table->cells, table->max_cells * sizeof(*table->cells));
		if (table->cells == NULL)
			abort();
	}
	table->cells[table->n_cells++] = text;
}

void
print_table_begin(struct print_table *table, unsigned n_columns, const char *const *titles)
{
	unsigned i;

	*table = (struct print_table){.n_columns = n_columns};
	for (i = 0; i < n_columns; i++)
		add_cell(table, strdup(titles[i]));
}

void
print_table_add(struct print_table *table, const char *format, ...)
{
	char *text, *p;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		abort();
	va_end(args);
	for (p = text; *p != '\0'; p++) /* names come from other hosts */
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	add_cell(table, text);
}

void
print_table_end(struct print_table *table, FILE *out)
{
	int widths[PRINT_MAX_COLUMNS] = {0}, n;
	unsigned column;
	size_t i;

	for (i = 0; i < table->n_cells; i++) {
		n = (int)strlen(table->cells[i]);
		if (n > widths[i % table->n_columns])
			widths[i % table->n_columns] = n;
	}
	for (i = 0; i < table->n_cells; i++) {
		column = (unsigned)(i % table->n_columns);
		if (column + 1 < table->n_columns)
			fprintf(out, "%-*s  ", widths[column], table->cells[i]);
		else
			fprintf(out, "%s\n", table->cells[i]);
		free(table->cells[i]);
	}
	free(table->cells);
}

void
print_json(FILE *out, const ProtobufCMessage *message)
{
	json_print_message(out, message, -1);
	fputc('\n', out);
	fflush(out);
}

void
print_reasons(FILE *out, size_t n, Slim__V1__Reason *const *reasons)
{
	char name[JSON_NAME_SIZE];
	size_t i;

	for (i = 0; i < n; i++)
		fprintf(out, "  %s: %s\n",
			json_enum_name(&slim__v1__reason_code__descriptor, (int)reasons[i]->code,
				       name),
			reasons[i]->text);
}

const char *
print_state(Slim__V1__JobState state)
{
	switch (state) {
	case SLIM__V1__JOB_STATE__JOB_RUNNING:
		return "running";
	case SLIM__V1__JOB_STATE__JOB_COMPLETE:
		return "complete";
	case SLIM__V1__JOB_STATE__JOB_ABORTED:
		return "aborted";
	case SLIM__V1__JOB_STATE__JOB_FAILED:
		return "failed";
	case SLIM__V1__JOB_STATE__JOB_REFUSED:
		return "refused";
	case SLIM__V1__JOB_STATE__JOB_TIMED_OUT:
		return "timed out";
	case SLIM__V1__JOB_STATE__JOB_CANCELLED:
		return "cancelled";
	default:
		return "unknown";
	}
}
