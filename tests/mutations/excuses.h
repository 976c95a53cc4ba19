/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of mutants that no test can catch, because they change nothing that anybody could see.
 * One a line: `NAME -- WHY`. A line without a reason, or one twice, is an error.
 */
#ifndef TESTS_MUTATIONS_EXCUSES_H
#define TESTS_MUTATIONS_EXCUSES_H

#include <stdbool.h>
#include <stddef.h>

struct excuse {
	char *name;
	const char *why;
	bool used; /* a mutant of this name exists */
};

struct excuses {
	size_t n;
	struct excuse *list;
};

/* Exits with 2 and a line number if the file is not as it should be. */
struct excuses excuses_read(const char *path);

/* Marks it as used. NULL if the mutant has no excuse. */
const struct excuse *excuses_find(struct excuses *excuses, const char *name);

#endif
