/* SPDX-License-Identifier: Apache-2.0 */
#include "order.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {
	[ORDER_SET] = "set",
	[ORDER_CUT] = "cut",
	[ORDER_MEND] = "mend",
	[ORDER_STATS] = "stats",
};

/* One word, NAME=VALUE. */
static const char *
read_word(char *word, struct shape *shape, char *text, size_t size)
{
	char *value = strchr(word, '=');
	const char *why;

	if (value != NULL)
		*value++ = '\0';
	/* The queue is made for a rate, and kept. */
	if (value == NULL || strcmp(word, "queue-octets") == 0)
		why = "cannot be set";
	else
		why = shape_read(shape, word, value);
	if (why == NULL)
		return NULL;
	snprintf(text, size, "%s %s", word, why);
	return text;
}

static const char *
read_set(char **rest, struct shape *shape, char *text, size_t size)
{
	struct shape wanted = *shape;
	const char *why = NULL;
	unsigned n = 0;

	for (char *word; why == NULL && (word = strtok_r(NULL, " ", rest)) != NULL; n++)
		why = read_word(word, &wanted, text, size);
	if (why == NULL && n == 0)
		return "set what? rate=BITS delay-ms=MS";
	if (why == NULL)
		*shape = wanted;
	return why;
}

const char *
order_parse(char *line, enum order *ret_order, struct shape *shape, char *text, size_t size)
{
	char *rest, *word = strtok_r(line, " ", &rest);
	const char *why = NULL;
	unsigned order = 0;

	while (order < sizeof(names) / sizeof(names[0]) &&
	       (word == NULL || strcmp(word, names[order]) != 0))
		order++;
	if (order == sizeof(names) / sizeof(names[0]))
		return "unknown command: set, cut, mend or stats";
	if (order == ORDER_SET)
		why = read_set(&rest, shape, text, size);
	else if (strtok_r(NULL, " ", &rest) != NULL)
		why = "one word, no more";
	if (why == NULL)
		*ret_order = (enum order)order;
	return why;
}
