/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of names, tables and instances: what may stand in an info zone.
 *
 * One set for both ends. The agent asks before it starts, so that a wrong set-up is refused in the
 * NF, at once; slimd asks again when the NF registers, for it believes nobody; tables of a peer obey
 * the same rules as far as they have no layout. What one end takes, the other takes.
 *
 *   a name     1..SLIM_NAME_SIZE-1 letters, digits, '-', '_', '.'; it begins with none of '-', '.'.
 *              (HOST:NF, NAME=VALUE and "NAME,NAME" can then be told apart; nothing needs quotes.)
 *   a table    as a name, but of letters, digits and '_' alone: it is part of a key in DPDK's
 *              telemetry, which takes no others
 *   a version  as a name, and also '+', '~', ':' (of Debian's versions)
 *   identity   0..SLIM_IDENTITY_SIZE-1 printable ASCII characters, blanks among them
 *
 * Pure: no I/O, no allocation, no protobuf; the agent and slimd both compile it in. Any thread. What
 * comes in is hostile, but must stand still: pass a private copy of shared memory.
 */
#ifndef SLIM_PROTO_RULE_H
#define SLIM_PROTO_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slim_shm.h"

/* Text of why something was refused; always NUL-terminated. */
struct schema_reason {
	char text[SLIM_REASON_SIZE];
};

/* Writes a reason and returns -EINVAL. `reason` may be NULL, here and in all functions below. */
int slim_rule_refuse(struct schema_reason *reason, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* `text` has room for SLIM_NAME_SIZE bytes, or ends before; it need not be terminated. */
bool slim_rule_name(const char *text);
bool slim_rule_table_name(const char *text);
bool slim_rule_version(const char *text);

/* The same for SLIM_IDENTITY_SIZE bytes. */
bool slim_rule_identity(const char *text);

/* The n fields of a table called `table`: name, type, size, role, class and merge rule of each; no name
 * twice; one key field at least. Not their places. n may be anything. 0 or -EINVAL with a reason. */
int slim_rule_fields(const char *table, const struct slim_shm_field *fields, size_t n,
		     struct schema_reason *reason);

/* A table: its name, its size, its fields and their places. Numbers stand at multiples of their size,
 * no two fields overlap, key fields stand first in the list and fill the key without a gap, in the order
 * of the list. Not its place in the zones. */
int slim_rule_table(const struct slim_shm_table *table, struct schema_reason *reason);

/* All of an info zone, tables and places included: `zone_sizes` are the bytes of the n_zones zones that
 * stand behind it, in order of their numbers. */
int slim_rule_info(const struct slim_shm_info *info, const uint64_t *zone_sizes, uint32_t n_zones,
		   struct schema_reason *reason);

#endif
