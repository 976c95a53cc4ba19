/* SPDX-License-Identifier: Apache-2.0 */
#include "rules_compare.h"

#include <string.h>

int
rules_compare(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return memcmp(&x->match, &y->match, sizeof(x->match));
}

bool
rules_same_actions(const struct of_actions *a, const struct of_actions *b)
{
	return a->n == b->n && memcmp(a->list, b->list, a->n * sizeof(a->list[0])) == 0;
}
