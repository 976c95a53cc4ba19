/* SPDX-License-Identifier: Apache-2.0 */
#include "excuses.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BETWEEN " -- "

static void
add(struct excuses *excuses, char *line, const char *path, unsigned number)
{
	char *between = strstr(line, BETWEEN);

	if (between == NULL || between == line || between[strlen(BETWEEN)] == '\0')
		errx(2, "%s:%u: not `NAME -- WHY`", path, number);
	*between = '\0';
	if (excuses_find(excuses, line) != NULL)
		errx(2, "%s:%u: twice: %s", path, number, line);
	excuses->list = reallocarray(excuses->list, excuses->n + 1, sizeof(excuses->list[0]));
	if (excuses->list == NULL)
		err(2, "%s", path);
	excuses->list[excuses->n++] =
		(struct excuse){.name = line, .why = between + strlen(BETWEEN)};
}

struct excuses
excuses_read(const char *path)
{
	struct excuses excuses = {0};
	FILE *f = fopen(path, "r");
	unsigned number = 0;
	size_t room = 0;
	char *line = NULL;

	if (f == NULL)
		err(2, "%s", path);
	while (getline(&line, &room, f) >= 0) {
		number++;
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '\0' || line[0] == '#')
			continue;
		add(&excuses, line, path, number);
		line = NULL; /* kept */
		room = 0;
	}
	free(line);
	fclose(f);
	for (size_t i = 0; i < excuses.n; i++)
		excuses.list[i].used = false;
	return excuses;
}

const struct excuse *
excuses_find(struct excuses *excuses, const char *name)
{
	for (size_t i = 0; i < excuses->n; i++) {
		if (strcmp(excuses->list[i].name, name) == 0) {
			excuses->list[i].used = true;
			return &excuses->list[i];
		}
	}
	return NULL;
}
