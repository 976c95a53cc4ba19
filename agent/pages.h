/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pages: memory for what is large and looked at without order, where DPDK has no huge pages.
 *
 * With `--no-huge` a table of 100 MB lies on 25,000 pages of 4 KiB, far more than the processor remembers: most of
 * a lookup is a walk through page tables. The kernel can put such memory on pages of 2 MiB without any that were set
 * aside, if it begins at a multiple of 2 MiB in memory and file alike. DPDK's own does not. So it is mapped here, and
 * the kernel is asked. An older kernel, one that was told never to do it, or one without room for it refuses; then
 * the memory is as it would have been.
 *
 * What is on big pages is there at once: a page of 2 MiB that is made when a packet comes would make that packet wait.
 * What `-m` gives the EAL stays a limit for this memory, too. Main thread only.
 */
#ifndef SLIM_AGENT_PAGES_H
#define SLIM_AGENT_PAGES_H

#include <stdbool.h>
#include <stddef.h>

#define SLIM_BIG_PAGE ((size_t)2 << 20)

/* Is memory of so many bytes better mapped here than taken from the EAL? Not if the EAL has huge pages, if it is
 * smaller than a big one, or if the EAL would refuse it: then it is the EAL that says so. */
bool slim_pages_are_better(size_t size);

/* Bytes to map for `size`: whole pages; and a whole big one at the end of what is large, if but half of it or less is left
 * over. */
size_t slim_pages_round(size_t size);

/* Maps so many bytes (slim_pages_round) of a new file, or of no file (fd -1): all zero. NULL: errno says why. */
void *slim_pages_map(int fd, size_t size);
void slim_pages_unmap(void *addr, size_t size);

#endif
