/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A zone: file ranges of another process, mapped one after the other into one
 * piece of address space.
 *
 * The owner of the files may truncate them at any time. An access to a page that
 * is gone raises SIGBUS; the handler replaces the whole zone by empty
 * private memory, marks it as broken and lets the access go on. So readers need no check
 * before each access; they look at `broken` before they believe a result.
 */
#ifndef SLIMD_SHM_ZONE_H
#define SLIMD_SHM_ZONE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory_file.h"
#include "slim_shm.h"

struct zone {
	uint8_t *base; /* NULL: not mapped */
	size_t size;
	bool writable;
	_Atomic bool *broken; /* shared with the handler; NULL: memory that the caller mapped */
	size_t slot;          /* in the handler's table */
};

/* Installs the SIGBUS handler. Once, before the first zone_map(). */
int zone_install_handler(void);

/* Maps the ranges of `zone_number`, in order; the control zone writable, all others for reading. The files
 * passed memory_file_check(). `fds` stay the caller's. -ENFILE: too many zones in this process; else the
 * error of mmap. */
int zone_map(struct zone *zone, const struct slim_reg_hello *hello, const struct memory_file *files,
	     const int *fds, uint32_t zone_number);

/* Does nothing for a zone that is not mapped. Memory that the caller mapped stays. */
void zone_unmap(struct zone *zone);

bool zone_is_broken(const struct zone *zone);

#endif
