/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mapping of foreign files, and the SIGBUS handler that makes it safe. The
 * handler's table is written by the loop's thread only; the handler reads it on
 * whatever thread made the access.
 */
#include "zone.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

/* Mappings of NFs that are gone, kept by a session, count too. */
#define MAX_MAPPED (2u * SLIM_MAX_NFS * SLIM_MAX_ZONES)

#define BIG_PAGE ((size_t)2 << 20)

struct mapped {
	_Atomic(uint8_t *) base; /* NULL: free */
	size_t size;
	int prot;
	_Atomic bool broken;
};

static struct mapped mapped[MAX_MAPPED];

static void
on_sigbus(int number, siginfo_t *info, void *context)
{
	const uint8_t *at = info->si_addr;

	(void)context;
	for (size_t i = 0; i < MAX_MAPPED; i++) {
		uint8_t *base = atomic_load(&mapped[i].base);

		if (base == NULL || at < base || at >= base + mapped[i].size)
			continue;
		atomic_store(&mapped[i].broken, true);
		if (mmap(base, mapped[i].size, mapped[i].prot,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1,
			 0) != MAP_FAILED)
			return;
	}
	/* Not one of ours: the access is made again and ends the process. */
	signal(number, SIG_DFL);
}

int
zone_install_handler(void)
{
	struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_RESTART};

	sigemptyset(&action.sa_mask);
	return sigaction(SIGBUS, &action, NULL) == 0 ? 0 : -errno;
}

static int
find_free(size_t *ret_slot)
{
	for (size_t i = 0; i < MAX_MAPPED; i++) {
		if (atomic_load(&mapped[i].base) == NULL) {
			*ret_slot = i;
			return 0;
		}
	}
	return -ENFILE;
}

/* Address space for the zone, aligned to its pages (huge ones included). What lies on small pages may have been put on
 * big ones by the kernel: they are mapped as such if the address suits them. */
static uint8_t *
reserve(size_t size, size_t page_size)
{
	size_t room;
	uint8_t *at;
	size_t head;

	if (size >= BIG_PAGE && page_size < BIG_PAGE)
		page_size = BIG_PAGE;
	room = size + page_size;
	at = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return NULL;
	head = (page_size - (uintptr_t)at % page_size) % page_size;
	if (head > 0)
		munmap(at, head);
	if (page_size - head > 0)
		munmap(at + head + size, page_size - head);
	return at + head;
}

/* Bytes of the zone, and the largest pages below it: its address must suit those. */
static size_t
measure(const struct slim_reg_hello *hello, const struct memory_file *files, uint32_t zone_number,
	size_t *ret_page_size)
{
	size_t size = 0, page_size = 1;

	for (uint32_t i = 0; i < hello->n_ranges; i++) {
		const struct slim_reg_range *range = &hello->ranges[i];

		if (range->zone != zone_number)
			continue;
		size += (size_t)range->size;
		if (files[range->fd].page_size > page_size)
			page_size = (size_t)files[range->fd].page_size;
	}
	*ret_page_size = page_size;
	return size;
}

static int
fill(uint8_t *base, int prot, const struct slim_reg_hello *hello, uint32_t zone_number,
     const int *fds)
{
	for (uint32_t i = 0; i < hello->n_ranges; i++) {
		const struct slim_reg_range *range = &hello->ranges[i];

		if (range->zone != zone_number)
			continue;
		if (mmap(base, (size_t)range->size, prot, MAP_SHARED | MAP_FIXED, fds[range->fd],
			 (off_t)range->fd_offset) == MAP_FAILED)
			return -errno;
		base += range->size;
	}
	return 0;
}

int
zone_map(struct zone *zone, const struct slim_reg_hello *hello, const struct memory_file *files,
	 const int *fds, uint32_t zone_number)
{
	bool writable = zone_number == SLIM_ZONE_CONTROL;
	int prot = writable ? PROT_READ | PROT_WRITE : PROT_READ;
	size_t page_size, slot, size = measure(hello, files, zone_number, &page_size);
	uint8_t *base;
	int rc = find_free(&slot);

	if (rc < 0)
		return rc;
	base = reserve(size, page_size);
	if (base == NULL)
		return -ENOMEM;
	rc = fill(base, prot, hello, zone_number, fds);
	if (rc < 0) {
		munmap(base, size);
		return rc;
	}
	mapped[slot].size = size;
	mapped[slot].prot = prot;
	atomic_store(&mapped[slot].broken, false);
	atomic_store(&mapped[slot].base, base);
	*zone = (struct zone){.base = base,
			      .size = size,
			      .writable = writable,
			      .broken = &mapped[slot].broken,
			      .slot = slot};
	return 0;
}

void
zone_unmap(struct zone *zone)
{
	if (zone->base != NULL && zone->broken != NULL) {
		atomic_store(&mapped[zone->slot].base, NULL);
		munmap(zone->base, zone->size);
	}
	memset(zone, 0, sizeof(*zone));
}

bool
zone_is_broken(const struct zone *zone)
{
	return zone->broken != NULL && atomic_load(zone->broken);
}
