/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A memory file that an NF passed: what the kernel says of it, and whether it fits what the NF says.
 *
 * Nothing that the NF announces is believed where the kernel can be asked: the kind of file, its size and
 * pages, how much of it is there, how it was opened, its seals. So a mapping never reaches over its
 * range (the kernel rounds up to pages of the file), slimd never waits for a disk or a program behind
 * the file, and memory that is not there is not made by looking at it.
 */
#ifndef SLIMD_SHM_MEMORY_FILE_H
#define SLIMD_SHM_MEMORY_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "rule.h"

struct memory_file {
	dev_t device;
	ino_t inode;
	uint64_t size;
	uint64_t allocated; /* bytes that are there */
	uint64_t page_size; /* a power of two */
	bool writable;      /* by this descriptor */
	bool keeps_size;    /* sealed against shrinking */
};

/* Asks the kernel. -EINVAL with a reason when it is no memory file (of tmpfs or hugetlbfs). */
int memory_file_look(int fd, struct memory_file *ret, struct schema_reason *reason);

/* Do the ranges of a registration fit the files that it passed (`files` has hello->n_fds of them)? The
 * message itself was checked (nf_check_hello). -EINVAL with a reason. Pure. */
int memory_file_check(const struct slim_reg_hello *hello, const struct memory_file *files,
		      struct schema_reason *reason);

#endif
