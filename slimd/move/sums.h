/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the target was told last of each field with merge rule sum, by source slot: 64 bits
 * for each such field. The trail carries values; what is added to the target's entry is
 * the difference to what stands here. So a trail may be sent again, by a source that was restarted or
 * over a new connection, and nothing counts twice.
 *
 * The numbers stand in a file in the runtime folder (tmpfs), mapped, so that they outlive a
 * slimd that is killed. No disk and no system call is involved when they are written. The file is
 * removed with the session. All room is taken at the beginning: writing never fails.
 *
 * One thread.
 */
#ifndef SLIMD_MOVE_SUMS_H
#define SLIMD_MOVE_SUMS_H

#include <stddef.h>
#include <stdint.h>

#include "outside.h"

struct sums;

struct sums_place {
	struct outside *outside;
	const char *dir; /* kept; NULL: none */
	uint64_t session;
	uint32_t table;
};

/* Zeros for `n_slots` slots of `n` fields each (both above 0). Where the folder has no room, plain
 * memory is taken, which a restart loses; the log says so. */
int sums_create(const struct sums_place *place, uint32_t n_slots, uint16_t n,
		struct sums **ret_sums);

/* The numbers as a killed daemon left them. -ENOENT: there are none; -EBADMSG: of another size. */
int sums_reopen(const struct sums_place *place, uint32_t n_slots, uint16_t n,
		struct sums **ret_sums);

/* Unmaps; the file stays for the next daemon. NULL is allowed. */
void sums_close(struct sums *sums);

/* Removes the file and unmaps. NULL is allowed. */
void sums_remove(struct sums *sums);

/* The n numbers of a slot. */
uint64_t *sums_of(struct sums *sums, uint32_t slot);

/* Removes the files of all sessions but these. */
void sums_clean(struct outside *outside, const char *dir, const uint64_t *sessions, size_t n);

#endif
