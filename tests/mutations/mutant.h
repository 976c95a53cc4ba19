/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutants: small changes to single rows of a table. Whoever has a table in its hands lists them
 * (`mutants_list`), one a program; the rest of this folder runs tests against them and knows nothing
 * of what is in the table.
 */
#ifndef TESTS_MUTATIONS_MUTANT_H
#define TESTS_MUTATIONS_MUTANT_H

#include <stddef.h>
#include <stdint.h>

#define MUTANT_NAME 256

struct mutant {
	/* `TABLE ROW: what is changed`. It says what is in the row and not where it stands, so that
	 * it outlives other rows. */
	char name[MUTANT_NAME];
	const char *kind; /* a line of the report */
	void (*apply)(const struct mutant *m);
	/* Which row, and what of it. For `apply` only. */
	size_t row;
	uint64_t arg;
};

struct mutants {
	size_t n, room;
	struct mutant *list; /* one malloc'd array */
};

/* Appends. A name that is there already gets a number. */
__attribute__((format(printf, 3, 4))) void
mutant_add(struct mutants *mutants, const struct mutant *what, const char *format, ...);

/* Appends every mutant of this program's tables, always in the same order. */
void mutants_list(struct mutants *mutants);

#endif
