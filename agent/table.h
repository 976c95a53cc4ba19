/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table: checks a schema and prepares what the install path needs from it. Main
 * thread, before start. The packet path's half of a table is in slim_inline.h.
 */
#ifndef SLIM_AGENT_TABLE_H
#define SLIM_AGENT_TABLE_H

#include "agent.h"

/* Fills fields, key, runs and lazy rules of `table`, which is zeroed, from `config`. -EINVAL when the table
 * does not obey the rules (proto/rule.h), or a callback is missing that must be there. */
int slim_table_check(const struct slim_table_config *config, struct agent_table *table);

/* Writes the schema and the places into shared memory. */
void slim_table_describe(const struct agent_table *table, struct slim_shm_table *shm);

#endif
