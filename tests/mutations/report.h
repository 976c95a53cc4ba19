/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_MUTATIONS_REPORT_H
#define TESTS_MUTATIONS_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "excuses.h"
#include "judge.h"
#include "mutant.h"

/* Prints the table of kinds, then everything that is not as it should be: survivors without an
 * excuse, mutants that hang, excuses for what was caught, excuses for what does not exist (`whole`: all mutants were listed, so those can be told).
 * Returns how many such lines there are. */
size_t report(const struct mutants *mutants, const struct judgement *judgements,
	      struct excuses *excuses, bool whole);

/* One line a mutant: what became of it. */
void report_each(const struct mutants *mutants, const struct judgement *judgements);

#endif
