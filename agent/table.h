/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table: checks a schema and prepares what the install path needs from it. Main
 * thread, before start. The packet path's half of a table is in slim_inline.h.
 */
#ifndef SLIM_AGENT_TABLE_H
#define SLIM_AGENT_TABLE_H

#include "agent.h"

/* Fills fields, key, runs and lazy rules of `table` from `config`. -EINVAL when
 * a field has no name or a name twice, a wrong size for its type, overlaps
 * another, leaves the entry, is not aligned, is a key and not of class state, or has a merge rule that
 * does not fit; when keys are missing, not first or not contiguous. */
int slim_table_check(const struct slim_table_config *config, struct agent_table *table);

/* Writes the schema and the places into shared memory. */
void slim_table_describe(const struct agent_table *table, struct slim_shm_table *shm);

#endif
