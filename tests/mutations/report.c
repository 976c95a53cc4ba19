/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <stdio.h>
#include <string.h>

#include "suite.h"

#define MAX_PROGRAMS 8u

struct row {
	const char *kind;
	size_t n, caught[MAX_PROGRAMS], hang, equivalent, survive;
};

static void
count(struct row *row, const struct judgement *j, bool excused)
{
	row->n++;
	if (j->verdict == VERDICT_CAUGHT)
		row->caught[j->program % MAX_PROGRAMS]++;
	else if (j->verdict == VERDICT_HANGS)
		row->hang++;
	else if (excused)
		row->equivalent++;
	else
		row->survive++;
}

static void
print_row(const struct row *row)
{
	printf("%-32s%9zu", row->kind, row->n);
	for (size_t p = 0; p < n_programs; p++)
		printf("%11zu", row->caught[p]);
	printf("%7zu%12zu%11zu\n", row->hang, row->equivalent, row->survive);
}

static void
print_head(void)
{
	printf("%-32s%9s", "", "mutants");
	for (size_t p = 0; p < n_programs; p++)
		printf("%11s", programs[p].name);
	printf("%7s%12s%11s\n", "hang", "equivalent", "survivors");
}

static void
add_row(struct row *total, const struct row *row)
{
	total->n += row->n;
	for (size_t p = 0; p < MAX_PROGRAMS; p++)
		total->caught[p] += row->caught[p];
	total->hang += row->hang;
	total->equivalent += row->equivalent;
	total->survive += row->survive;
}

/* The first mutant of a kind prints the line of the kind. */
static bool
is_first_of_kind(const struct mutants *mutants, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (strcmp(mutants->list[i].kind, mutants->list[at].kind) == 0)
			return false;
	}
	return true;
}

static void
print_table(const struct mutants *mutants, const struct judgement *judgements,
	    struct excuses *excuses)
{
	struct row total = {.kind = "all"};

	print_head();
	for (size_t at = 0; at < mutants->n; at++) {
		struct row row = {.kind = mutants->list[at].kind};

		if (!is_first_of_kind(mutants, at))
			continue;
		for (size_t i = at; i < mutants->n; i++) {
			if (strcmp(mutants->list[i].kind, row.kind) == 0 &&
			    judgements[i].verdict != VERDICT_NONE)
				count(&row, &judgements[i],
				      excuses_find(excuses, mutants->list[i].name) != NULL);
		}
		print_row(&row);
		add_row(&total, &row);
	}
	print_row(&total);
}

static const char *
complaint(const struct judgement *j, bool excused)
{
	switch (j->verdict) {
	case VERDICT_SURVIVES:
		return excused ? NULL : "survives";
	case VERDICT_HANGS:
		return "hangs";
	case VERDICT_CAUGHT:
		return excused ? "is listed as equivalent, and is caught" : NULL;
	case VERDICT_NONE:
		break;
	}
	return NULL;
}

size_t
report(const struct mutants *mutants, const struct judgement *judgements, struct excuses *excuses,
       bool whole)
{
	size_t n_bad = 0;

	print_table(mutants, judgements, excuses);
	for (size_t i = 0; i < mutants->n; i++) {
		const struct mutant *m = &mutants->list[i];
		const char *bad = complaint(&judgements[i], excuses_find(excuses, m->name) != NULL);

		if (bad == NULL)
			continue;
		printf("%s: %s", bad, m->name);
		if (judgements[i].verdict != VERDICT_SURVIVES)
			printf(" (%s)", judgements[i].test);
		printf("\n");
		n_bad++;
	}
	for (size_t i = 0; whole && i < excuses->n; i++) {
		if (excuses->list[i].used)
			continue;
		printf("is listed as equivalent, and does not exist: %s\n", excuses->list[i].name);
		n_bad++;
	}
	return n_bad;
}

void
report_each(const struct mutants *mutants, const struct judgement *judgements)
{
	static const char *const words[] = {
		[VERDICT_NONE] = "not tried",
		[VERDICT_CAUGHT] = "caught",
		[VERDICT_HANGS] = "hangs",
		[VERDICT_SURVIVES] = "survives",
	};

	for (size_t i = 0; i < mutants->n; i++) {
		const struct judgement *j = &judgements[i];

		if (j->verdict == VERDICT_NONE)
			continue;
		printf("%s: %s", mutants->list[i].name, words[j->verdict]);
		if (j->verdict != VERDICT_SURVIVES)
			printf(" by %s, %s", programs[j->program].name, j->test);
		printf("\n");
	}
}
