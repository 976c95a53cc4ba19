/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes rows of the source into the install rings of the target's workers.
 *
 * For each source slot of a table it remembers the bucket of the last row put, so that it
 * knows which worker holds it. When a slot's row moves to another worker, the old worker must
 * have applied the DEL before the new one may see the PUT: the stream is parked until then.
 *
 * Nothing here waits. A full ring or a parked slot is -EAGAIN: call again with the
 * same row later. Memory: 2 bytes a source slot. One thread.
 */
#ifndef SLIMD_SHM_INSTALL_H
#define SLIMD_SHM_INSTALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slim_shm.h"

struct install_config {
	struct slim_shm_install *rings; /* n_workers */
	const struct slim_shm_worker *workers;
	uint32_t n_workers;
	const uint8_t *bucket_worker; /* checked copy; kept */
	bool places_unknown;          /* after a restart: merges go to the worker of their bucket */
};

struct install_table {
	uint16_t *places; /* per source slot: 0 none, else bucket + 1 */
	uint32_t n_places;
	uint8_t index; /* local table */
	uint16_t row_size;
};

struct install {
	struct install_config config;
	uint64_t tails[SLIM_MAX_WORKERS];
	struct install_table tables[SLIM_MAX_TABLES];
	uint32_t n_tables;
	bool parked;
	uint32_t park_worker;
	uint64_t park_until; /* ring position that the old worker must have consumed */
	uint64_t rows;       /* PUT, DEL and MERGE records ever written */
};

/* Takes the rings over as they are: call it when the workers have acknowledged RECEIVE.
 * -EBADMSG: a ring's positions make no sense. */
int install_begin(struct install *install, const struct install_config *config);
void install_end(struct install *install);

/* Tables are added in the order of the source: the first one is number 0. */
int install_add_table(struct install *install, uint8_t local_index, uint32_t source_capacity,
		      uint16_t row_size);

/* Numbers are those of the source and must have been checked against its capacity.
 * 0; -EAGAIN: later; -EBADMSG: a worker's position makes no sense. */
int install_put(struct install *install, uint32_t table, uint32_t source_slot, uint8_t bucket,
		const uint8_t *payload);
int install_delete(struct install *install, uint32_t table, uint32_t source_slot);

/* Lazy fields of a row that was put before; a slot that never was is passed over. */
int install_merge(struct install *install, uint32_t table, uint32_t source_slot, uint8_t bucket,
		  const uint8_t *payload);

/* Have the workers applied all that was written? 1, 0, or -EBADMSG. */
int install_is_applied(const struct install *install);

/* First error that a worker reported while applying: 0 or a positive errno. */
uint32_t install_error(const struct install *install);

#endif
