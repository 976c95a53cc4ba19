/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of the agent on a real EAL without huge pages: what is large lies on big pages where the kernel makes them,
 * at the NF and in slimd's mapping of the same file; where it does not, all is as it would be.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <rte_malloc.h>

#include "harness.h"
#include "memory.h"
#include "memory_file.h"
#include "pages.h"
#include "pages_test.h"
#include "zone.h"

#define WHOLE (8 * SLIM_BIG_PAGE)
#define SIZE (WHOLE + 12288) /* and a rest */

/* ---- the kernel -------------------------------------------------------------------- */

static bool refuses;
static unsigned int n_asked;

int __real_madvise(void *addr, size_t length, int advice);
int __wrap_madvise(void *addr, size_t length, int advice);

int
__wrap_madvise(void *addr, size_t length, int advice)
{
	n_asked++;
	if (!refuses)
		return __real_madvise(addr, length, advice);
	errno = EINVAL;
	return -1;
}

static int
the_kernel_is_willing(void **state)
{
	(void)state;
	refuses = false;
	n_asked = 0;
	return 0;
}

static bool
can_make_big_pages_of_files(void)
{
	int fd = memfd_create("probe", MFD_CLOEXEC);
	bool can;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)SLIM_BIG_PAGE), 0);
	can = pages_test_can(fd);
	close(fd);
	return can;
}

/* ---- the memory -------------------------------------------------------------------- */

static void
assert_zero(const uint8_t *at, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (at[i] != 0)
			fail_msg("byte %zu is %u", i, at[i]);
}

static struct memory_zone
reserve(size_t size)
{
	struct memory_zone zone;

	assert_int_equal(slim_memory_reserve("pages_test", size, SOCKET_ID_ANY, &zone), 0);
	assert_true(zone.size >= size);
	assert_zero(zone.addr, zone.size);
	return zone;
}

/* ---- cases -------------------------------------------------------------------------- */

/* Killed by: the kernel not asked; a file and an address that do not suit; a file of holes. */
static void
a_large_table_lies_on_big_pages(void **state)
{
	struct memory_zone zone;

	(void)state;
	if (!can_make_big_pages_of_files())
		skip();
	zone = reserve(SIZE);
	assert_int_equal((uintptr_t)zone.addr % SLIM_BIG_PAGE, 0);
	assert_int_equal(pages_test_big(zone.addr), WHOLE);
	memset(zone.addr, 7, zone.size);
	slim_memory_free(&zone);
	assert_null(zone.addr);
}

/* The last page is a big one, too, if half of it is table. */
static void
half_a_big_page_is_a_whole_one(void **state)
{
	struct memory_zone zone;

	(void)state;
	assert_int_equal(slim_pages_round(1), 4096);
	assert_int_equal(slim_pages_round(SLIM_BIG_PAGE - 1), SLIM_BIG_PAGE);
	assert_int_equal(slim_pages_round(SLIM_BIG_PAGE / 2 + 1), SLIM_BIG_PAGE / 2 + 4096);
	assert_int_equal(slim_pages_round(WHOLE), WHOLE);
	assert_int_equal(slim_pages_round(SIZE), SIZE);
	zone = reserve(WHOLE - SLIM_BIG_PAGE / 2);
	assert_int_equal(zone.size, WHOLE);
	if (can_make_big_pages_of_files())
		assert_int_equal(pages_test_big(zone.addr), WHOLE);
	slim_memory_free(&zone);
}

static void
so_does_what_slimd_writes(void **state)
{
	struct memory_zone zone;

	(void)state;
	if (!can_make_big_pages_of_files())
		skip();
	assert_int_equal(slim_memory_create("pages test", SIZE, &zone), 0);
	assert_zero(zone.addr, zone.size);
	assert_int_equal(pages_test_big(zone.addr), WHOLE);
	slim_memory_free(&zone);
}

/* What slimd maps of it. The file is open for reading, and nobody can open it for writing. */
static void
slimd_maps_the_same_big_pages(void **state)
{
	struct memory_zone own = reserve(SIZE);
	struct memory_export export;
	struct memory_file file;
	struct schema_reason reason;
	struct zone seen;

	(void)state;
	memset(own.addr, 9, own.size);
	slim_memory_export_init(&export, 1);
	export.hello.n_zones = SLIM_ZONE_SLAB; /* a table: read only */
	assert_int_equal(slim_memory_export_add(&export, &own, false), 0);
	assert_int_equal(export.hello.n_ranges, 1);
	assert_int_equal(export.hello.ranges[0].fd_offset, 0);
	assert_int_equal(export.hello.ranges[0].size, own.size);
	assert_int_equal(memory_file_look(export.fds[0], &file, &reason), 0);
	assert_false(file.writable);
	assert_true(file.keeps_size);
	assert_true(file.allocated >= own.size);
	assert_ptr_equal(mmap(NULL, own.size, PROT_READ | PROT_WRITE, MAP_SHARED, own.fd, 0),
			 MAP_FAILED);
	assert_int_equal(zone_map(&seen, &export.hello, &file, export.fds, SLIM_ZONE_SLAB), 0);
	assert_memory_equal(seen.base, own.addr, own.size);
	if (can_make_big_pages_of_files())
		assert_int_equal(pages_test_big(seen.base), WHOLE);
	zone_unmap(&seen);
	slim_memory_export_close(&export);
	slim_memory_free(&own);
}

/* Killed by: a refusal taken for an error. */
static void
a_kernel_that_refuses_leaves_all_as_it_was(void **state)
{
	struct memory_zone zone;
	uint8_t *pages;

	(void)state;
	refuses = true;
	zone = reserve(SIZE);
	assert_true(n_asked > 0);
	assert_int_equal(pages_test_big(zone.addr), 0);
	memset(zone.addr, 7, zone.size);
	slim_memory_free(&zone);

	pages = slim_pages_map(-1, SIZE);
	assert_non_null(pages);
	assert_zero(pages, SIZE);
	assert_int_equal(pages_test_big(pages), 0);
	memset(pages, 7, SIZE);
	slim_pages_unmap(pages, SIZE);
}

/* Killed by: every table in a file. */
static void
a_small_table_is_dpdks(void **state)
{
	struct memory_zone zone = reserve(SLIM_BIG_PAGE - 4096);

	(void)state;
	assert_non_null(zone.mz);
	assert_int_equal(zone.fd, -1);
	slim_memory_free(&zone);
}

/* Killed by: memory beyond what the EAL was given; what is mapped already not counted, or for ever. Last: it leaves the
 * EAL but little. */
static void
what_the_eal_has_not_is_refused(void **state)
{
	struct rte_malloc_socket_stats stats;
	struct memory_zone zone;
	size_t room = 3 * WHOLE / 2;
	uint8_t *pages;

	(void)state;
	assert_int_equal(slim_memory_reserve("pages_test", (size_t)1 << 30, SOCKET_ID_ANY, &zone),
			 -ENOMEM);
	assert_int_equal(rte_malloc_get_socket_stats(0, &stats), 0);
	assert_non_null(rte_malloc(NULL, stats.greatest_free_size - room, 0));
	assert_true(slim_pages_are_better(WHOLE));
	pages = slim_pages_map(-1, WHOLE);
	assert_non_null(pages);
	assert_false(slim_pages_are_better(WHOLE));
	slim_pages_unmap(pages, WHOLE);
	assert_true(slim_pages_are_better(WHOLE));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, the_kernel_is_willing)
	const struct CMUnitTest tests[] = {
		TEST(a_large_table_lies_on_big_pages),
		TEST(half_a_big_page_is_a_whole_one),
		TEST(so_does_what_slimd_writes),
		TEST(slimd_maps_the_same_big_pages),
		TEST(a_kernel_that_refuses_leaves_all_as_it_was),
		TEST(a_small_table_is_dpdks),
		TEST(what_the_eal_has_not_is_refused),
	};

	harness_start_eal();
	return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
