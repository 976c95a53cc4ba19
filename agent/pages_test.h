/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of the pages below an address: for tests. */
#ifndef SLIM_AGENT_PAGES_TEST_H
#define SLIM_AGENT_PAGES_TEST_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "pages.h"

/* Bytes that are mapped by big pages in the mapping in which `addr` lies. */
static inline size_t
pages_test_big(const void *addr)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	unsigned long begin, end, at = (unsigned long)addr, kib, sum = 0;
	bool inside = false;
	char line[512], name[32];

	while (smaps != NULL && fgets(line, sizeof(line), smaps) != NULL) {
		if (sscanf(line, "%lx-%lx ", &begin, &end) == 2)
			inside = at >= begin && at < end;
		else if (inside && sscanf(line, "%31s %lu", name, &kib) == 2 &&
			 (strcmp(name, "AnonHugePages:") == 0 ||
			  strcmp(name, "ShmemPmdMapped:") == 0))
			sum += kib << 10;
	}
	if (smaps != NULL)
		fclose(smaps);
	return sum;
}

/* Does this kernel make them, of a new file, or of memory without one (-1)? Asked without our own code. */
static inline bool
pages_test_can(int fd)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	char *at = mmap(NULL, 2 * SLIM_BIG_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *begin = at + (SLIM_BIG_PAGE - (size_t)at % SLIM_BIG_PAGE) % SLIM_BIG_PAGE;
	bool can = at != MAP_FAILED && mmap(begin, SLIM_BIG_PAGE, PROT_READ | PROT_WRITE,
					    flags | MAP_FIXED, fd, 0) != MAP_FAILED;

	if (can) {
		*(volatile char *)begin = 1;
		can = madvise(begin, SLIM_BIG_PAGE, 25) == 0; /* MADV_COLLAPSE */
	}
	if (at != MAP_FAILED)
		munmap(at, 2 * SLIM_BIG_PAGE);
	if (!can)
		printf("# this kernel makes no big pages\n");
	return can;
}

#endif
