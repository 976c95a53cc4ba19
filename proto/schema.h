/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema of a table: what slimd knows about the bytes of a slot.
 *
 * It comes from three places and is checked in each of them before anything is
 * believed: from an NF's shared memory (schema_from_shm), from a peer's Open
 * (schema_from_peer), and it goes to a peer again (schema_to_peer).
 *
 * A peer's table has no layout, only columns: the fields without class local,
 * in the order of the source. struct schema_link binds these columns to the
 * local table of the same name. Rules of a link:
 *
 *   field on both sides   type, size, role and class must be equal, and the merge
 *                         rule of a lazy field; the place in the slot may differ
 *   only at the source    dropped; never a key field
 *   only at the target    zero in installed rows; never a key field
 *
 * The digest covers the state fields that both sides have, in the order of the
 * columns, so that both sides hash the same bytes whatever their layouts are.
 *
 * Pure: no I/O, no allocation. Any thread.
 */
#ifndef SLIM_PROTO_SCHEMA_H
#define SLIM_PROTO_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rule.h"
#include "slim_limits.h"
#include "slim_peer.pb-c.h"
#include "slim_shm.h"

#define SCHEMA_NO_OFFSET UINT16_MAX

struct schema_field {
	char name[SLIM_NAME_SIZE];
	uint8_t type;    /* enum slim_type */
	uint8_t role;    /* enum slim_role */
	uint8_t class_;  /* enum slim_class */
	uint8_t merge;   /* enum slim_merge */
	uint16_t offset; /* in the payload; SCHEMA_NO_OFFSET in a peer's table */
	uint16_t size;   /* bytes */
};

struct schema_table {
	char name[SLIM_NAME_SIZE];
	uint32_t capacity;     /* slots */
	uint32_t source_slots; /* a source may have as many; 0 in a peer's table */
	uint16_t payload_size; /* bytes of a slot without its header; 0 in a peer's table */
	uint16_t key_offset;
	uint16_t key_size;
	uint16_t n_fields;
	struct schema_field fields[SLIM_MAX_FIELDS];
};

/* What stands in a canonical row: a run of payload bytes, or one time field. */
struct schema_run {
	uint16_t offset; /* in the payload */
	uint16_t size;
	bool is_time; /* rebased to the session's epoch */
};

/* One wire column and its place in the local payload. */
struct schema_column {
	uint16_t offset; /* SCHEMA_NO_OFFSET: the local table does not have it */
	uint16_t size;
	bool is_time;
	bool is_network_order; /* the first octet is the highest; opaque ones, too */
	uint8_t class_;        /* enum slim_class */
	uint8_t merge;         /* enum slim_merge */
};

/* Wire columns of a table bound to a local layout. */
struct schema_link {
	uint8_t index;         /* index of the table at the source: seed of the row hash */
	uint32_t capacity;     /* slots at the source */
	uint16_t payload_size; /* of the local slot */
	uint16_t row_size;     /* bytes of one row in all columns */
	uint16_t n_columns;
	uint16_t n_runs; /* canonical row */
	uint16_t canonical_size;
	uint16_t n_sums; /* columns with merge rule sum */
	bool has_lazy;
	struct schema_column columns[SLIM_MAX_FIELDS];
	struct schema_run runs[SLIM_MAX_FIELDS];
	uint16_t n_lazy_runs; /* the lazy fields of both sides */
	struct schema_run lazy_runs[SLIM_MAX_FIELDS];
	uint16_t sums[SLIM_MAX_FIELDS]; /* their column numbers */
};

/* `shm` is the caller's private copy, not the shared memory itself. -EINVAL with
 * a reason when it does not obey the rules of a table (rule.h). */
int schema_from_shm(const struct slim_shm_table *shm, struct schema_table *ret,
		    struct schema_reason *reason);

/* The same for a table of a peer's message. */
int schema_from_peer(const Slim__Peer__V1__Table *msg, struct schema_table *ret,
		     struct schema_reason *reason);

/* Storage of a message built by schema_to_peer; it points into itself and into the table. */
struct schema_message {
	Slim__Peer__V1__Table table;
	Slim__Peer__V1__Field fields[SLIM_MAX_FIELDS];
	Slim__Peer__V1__Field *field_ptrs[SLIM_MAX_FIELDS];
};

/* `table` must outlive `ret`. */
void schema_to_peer(const struct schema_table *table, uint32_t used, struct schema_message *ret);

/* Binds the columns of `source` (its table number is `index`) to `local`, which
 * is at `other`'s side of the link: at the target `local` is the target's own table and
 * `other` the source's; at the source `local` is the source's own table and `other`
 * the target's. `source` is one of the two. -EINVAL with a reason when the two do not fit. */
int schema_link(const struct schema_table *source, uint8_t index, const struct schema_table *local,
		const struct schema_table *other, struct schema_link *ret,
		struct schema_reason *reason);

/* Index of the field called `name`, or -1. */
int schema_find_field(const struct schema_table *table, const char *name);

#endif
