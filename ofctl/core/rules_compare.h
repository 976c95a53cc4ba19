/* SPDX-License-Identifier: Apache-2.0 */
/* When two rules are the same. For rules_*.c only. */
#ifndef OFCTL_CORE_RULES_COMPARE_H
#define OFCTL_CORE_RULES_COMPARE_H

#include "rules.h"

/* By priority and match, as qsort() wants it: what cannot stand twice in a table. */
int rules_compare(const void *a, const void *b);
bool rules_same_actions(const struct of_actions *a, const struct of_actions *b);

#endif
