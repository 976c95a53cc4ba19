/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of JSON as a table for people: columns are the keys of the first row. Its widths are those of the
 * first TABLE_AHEAD rows; later ones are printed as they come, so memory is bounded.
 */
#ifndef SLIM_NF_TABLE_H
#define SLIM_NF_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define TABLE_COLUMNS 24u
#define TABLE_AHEAD 1000u

struct table {
	FILE *out;
	uint64_t n_rows; /* ever added */
	uint32_t n_columns;
	char *titles[TABLE_COLUMNS];
	int widths[TABLE_COLUMNS];
	uint32_t n_kept; /* rows that wait for the widths */
	bool flowing;    /* the widths are fixed */
	char *kept[TABLE_AHEAD][TABLE_COLUMNS];
};

/* `table` is zeroed but for `out`. False: not a JSON object, or no memory. A row with other keys
 * begins a new table. */
bool table_add(struct table *table, const char *row);
/* Prints what waits, and forgets everything. */
void table_end(struct table *table);

#endif
