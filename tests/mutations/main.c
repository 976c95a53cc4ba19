/* SPDX-License-Identifier: Apache-2.0 */
/* mutations: changes each row of a table in turn and asks whether a test notices. */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "excuses.h"
#include "judge.h"
#include "mutant.h"
#include "report.h"
#include "suite.h"

/* Of processor time, for all tests of a mutant. What passes needs a small part of it. */
#define QUICK_SECONDS 30
#define SLOW_SECONDS 240

struct options {
	struct judge judge;
	const char *match; /* part of a name; NULL: all */
	bool list, verbose;
};

static int
usage(void)
{
	fprintf(stderr,
		"usage: %s [--quick] [--match TEXT] [--jobs N] [--list] [--verbose] LIST\n"
		"  LIST      file of the mutants that change nothing\n"
		"  --quick   without the slow programs: what only they catch is left out\n"
		"  --match   only mutants with TEXT in their name\n"
		"  --list    print the names and stop\n"
		"  --verbose say of each mutant what caught it\n",
		program_invocation_short_name);
	return 2;
}

static bool
parse(struct options *options, int argc, char **argv)
{
	static const struct option longs[] = {
		{"quick", no_argument, NULL, 'q'},      {"match", required_argument, NULL, 'm'},
		{"jobs", required_argument, NULL, 'j'}, {"list", no_argument, NULL, 'l'},
		{"verbose", no_argument, NULL, 'v'},    {0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'q')
			options->judge = (struct judge){.quick = true,
							.n_jobs = options->judge.n_jobs,
							.n_seconds = QUICK_SECONDS};
		else if (c == 'm')
			options->match = optarg;
		else if (c == 'j')
			options->judge.n_jobs = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'l')
			options->list = true;
		else if (c == 'v')
			options->verbose = true;
		else
			return false;
	}
	return optind + 1 == argc && options->judge.n_jobs != 0;
}

static int
run(const struct options *options, const struct mutants *mutants, struct excuses *excuses)
{
	struct judgement *judgements = calloc(mutants->n, sizeof(*judgements));
	bool *picked = calloc(mutants->n, sizeof(*picked));
	struct judgement unchanged = judge_unchanged(&options->judge);
	size_t n_bad;

	if (judgements == NULL || picked == NULL)
		err(2, "memory");
	if (unchanged.verdict != VERDICT_SURVIVES)
		errx(2, "the table as it is does not pass: %s, %s",
		     programs[unchanged.program].name, unchanged.test);
	for (size_t i = 0; i < mutants->n; i++)
		picked[i] = options->match == NULL ||
			    strstr(mutants->list[i].name, options->match) != NULL;
	judge_all(&options->judge, mutants->list, picked, mutants->n, judgements);
	if (options->verbose)
		report_each(mutants, judgements);
	n_bad = report(mutants, judgements, excuses, options->match == NULL);
	free(judgements);
	free(picked);
	return n_bad != 0;
}

int
main(int argc, char **argv)
{
	struct options options = {.judge = {.n_jobs = 2, .n_seconds = SLOW_SECONDS}};
	struct mutants mutants = {0};
	struct excuses excuses;

	if (!parse(&options, argc, argv))
		return usage();
	mutants_list(&mutants);
	for (size_t i = 0; options.list && i < mutants.n; i++)
		printf("%s\n", mutants.list[i].name);
	if (options.list)
		return 0;
	excuses = excuses_read(argv[optind]);
	return run(&options, &mutants, &excuses);
}
