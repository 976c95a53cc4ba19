/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the tests against each mutant, in a child for each, a few at a time. */
#ifndef TESTS_MUTATIONS_JUDGE_H
#define TESTS_MUTATIONS_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mutant.h"

enum verdict {
	VERDICT_NONE,   /* not tried */
	VERDICT_CAUGHT, /* a test failed, an assertion of the code did, or the child crashed */
	/* The child used up its time. A test that bounds the steps it waits for would have said
	 * what is wrong; without one this is not called caught. */
	VERDICT_HANGS,
	VERDICT_SURVIVES,
};

struct judgement {
	enum verdict verdict;
	uint32_t program; /* that caught it: index in programs[] */
	char test[120];   /* and the test of it */
};

struct judge {
	bool quick;         /* no slow programs */
	unsigned n_jobs;    /* children at a time */
	unsigned n_seconds; /* of processor time, for a child */
};

/* `judgements` has one for each of `n` mutants; `picked` tells which are tried. A NULL mutant is the
 * table as it is. */
void judge_all(const struct judge *judge, const struct mutant *list, const bool *picked, size_t n,
	       struct judgement *judgements);
struct judgement judge_unchanged(const struct judge *judge);

#endif
