/* SPDX-License-Identifier: Apache-2.0 */
#include "mutant.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t
count_named(const struct mutants *mutants, const char *name)
{
	size_t length = strlen(name), n = 0;

	for (size_t i = 0; i < mutants->n; i++) {
		const char *other = mutants->list[i].name;

		n += strncmp(other, name, length) == 0 &&
		     (other[length] == '\0' || strncmp(other + length, " #", 2) == 0);
	}
	return n;
}

static struct mutant *
next_free(struct mutants *mutants)
{
	if (mutants->n == mutants->room) {
		mutants->room = mutants->room * 2 + 256;
		mutants->list =
			reallocarray(mutants->list, mutants->room, sizeof(mutants->list[0]));
		if (mutants->list == NULL)
			err(2, "mutants");
	}
	return &mutants->list[mutants->n];
}

void
mutant_add(struct mutants *mutants, const struct mutant *what, const char *format, ...)
{
	struct mutant *m = next_free(mutants);
	size_t others;
	va_list args;
	int length;

	*m = *what;
	va_start(args, format);
	length = vsnprintf(m->name, sizeof(m->name) - 8, format, args);
	va_end(args);
	if (length < 0 || (size_t)length >= sizeof(m->name) - 8)
		errx(2, "a name is too long: %s", m->name);
	others = count_named(mutants, m->name);
	if (others != 0)
		snprintf(m->name + length, 8, " #%zu", others + 1);
	mutants->n++;
}
