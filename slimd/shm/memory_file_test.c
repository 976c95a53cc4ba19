/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of a file, and what of a registration fits it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cmocka.h>

#include "memory_file.h"
#include "zone.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

/* ---- ranges against files ------------------------------------------------------------- */

enum { F_INFO, F_CONTROL, F_SMALL, F_LARGE, N_FILES };

/* An NF with a table on pages of 2 MiB and one on a page of 1 GiB; info and control on small ones. */
static const struct memory_file good_files[N_FILES] = {
	[F_INFO] = {.inode = 1, .size = 96 * KIB, .allocated = 96 * KIB, .page_size = 4 * KIB},
	[F_CONTROL] = {.inode = 2,
		       .size = 5 * MIB,
		       .allocated = 5 * MIB,
		       .page_size = 4 * KIB,
		       .writable = true,
		       .keeps_size = true},
	[F_SMALL] = {.inode = 3, .size = 64 * MIB, .allocated = 64 * MIB, .page_size = 2 * MIB},
	[F_LARGE] = {.inode = 4, .size = 2 * GIB, .allocated = 2 * GIB, .page_size = GIB},
};

static const struct slim_reg_hello good_hello = {
	.n_zones = 4,
	.n_ranges = 5,
	.n_fds = N_FILES,
	.ranges = {{F_INFO, SLIM_ZONE_INFO, 0, 96 * KIB},
		   {F_CONTROL, SLIM_ZONE_CONTROL, 0, 5 * MIB},
		   {F_SMALL, SLIM_ZONE_SLAB, 8 * MIB, 2 * MIB},
		   {F_SMALL, SLIM_ZONE_SLAB, 2 * MIB, 4 * MIB},
		   {F_LARGE, SLIM_ZONE_SLAB + 1, GIB, GIB}},
};

/* Killed by: one page size for all zones. */
static void
pages_of_three_sizes_are_taken(void **state)
{
	struct schema_reason reason = {""};

	(void)state;
	if (memory_file_check(&good_hello, good_files, &reason) != 0)
		fail_msg("refused: %s", reason.text);
}

#define BREAK(name, change, what)                                                     \
	static void name(void **state)                                                \
	{                                                                             \
		struct slim_reg_hello hello = good_hello;                             \
		struct slim_reg_range *ranges = hello.ranges;                         \
		struct memory_file files[N_FILES];                                    \
		struct schema_reason reason = {""};                                   \
                                                                                      \
		(void)state, (void)ranges;                                            \
		memcpy(files, good_files, sizeof(files));                             \
		change;                                                               \
		assert_int_equal(memory_file_check(&hello, files, &reason), -EINVAL); \
		if (strstr(reason.text, what) == NULL)                                \
			fail_msg("reason is \"%s\"", reason.text);                    \
	}

BREAK(refuse_part_of_a_page, ranges[2].size = 4 * KIB, "whole pages")
BREAK(refuse_begin_inside_a_page, ranges[4].fd_offset = 2 * MIB, "whole pages")
BREAK(refuse_empty_range, ranges[2].size = 0, "range of 0")
BREAK(refuse_outside, ranges[3].fd_offset = 62 * MIB, "outside its file")
BREAK(refuse_far_outside, ranges[3].fd_offset = UINT64_MAX & ~(2 * MIB - 1), "outside its file")
BREAK(refuse_giant_range, ranges[3].size = UINT64_C(1) << 63, "range of")
BREAK(refuse_overflow, ranges[3].size = UINT64_MAX & ~(2 * MIB - 1), "range of")
BREAK(refuse_giant_zone,
      (files[F_LARGE].size = files[F_LARGE].allocated = 128 * GIB, ranges[4].size = 67 * GIB),
      "range of")
BREAK(refuse_giant_zone_in_parts,
      (files[F_LARGE].size = files[F_LARGE].allocated = 128 * GIB, ranges[4].size = 60 * GIB,
       ranges[3] = ranges[4]),
      "more than")
BREAK(refuse_page_inside_a_page, ranges[4].zone = SLIM_ZONE_SLAB, "inside a page")
BREAK(refuse_no_range, hello.n_ranges = 4, "no memory")
BREAK(refuse_holes, files[F_SMALL].allocated = 4 * MIB, "holes")
BREAK(refuse_holes_through_two_descriptors,
      (files[F_SMALL].allocated = 6 * MIB, files[F_LARGE] = files[F_SMALL],
       ranges[4] = (struct slim_reg_range){F_LARGE, SLIM_ZONE_SLAB + 1, 0, 2 * MIB}),
      "holes")
BREAK(refuse_info_for_writing, files[F_INFO].writable = true, "zone 0: its file is open")
BREAK(refuse_table_for_writing, files[F_LARGE].writable = true, "zone 3: its file is open")
BREAK(refuse_control_for_reading, files[F_CONTROL].writable = false, "not open for writing")
BREAK(refuse_control_that_shrinks, files[F_CONTROL].keeps_size = false, "sealed")
BREAK(refuse_part_of_control, ranges[1].size = 4 * MIB, "not the whole")
BREAK(refuse_control_with_more, (files[F_INFO] = files[F_CONTROL], files[F_INFO].writable = false),
      "control zone's file")

/* ---- files ------------------------------------------------------------------------------ */

static int
look(int fd, struct memory_file *ret)
{
	struct schema_reason reason;
	int rc = memory_file_look(fd, ret, &reason);

	close(fd);
	return rc;
}

/* Killed by: any file that can be mapped is taken. */
static void
only_memory_is_taken(void **state)
{
	char path[] = "/tmp/slim-memory-file-XXXXXX";
	struct memory_file file;
	struct statfs fs;
	int pipes[2];

	(void)state;
	assert_int_equal(look(open("/dev/zero", O_RDONLY | O_CLOEXEC), &file), -EINVAL);
	assert_int_equal(look(open("/dev/null", O_RDONLY | O_CLOEXEC), &file), -EINVAL);
	assert_int_equal(look(open("/proc/self/maps", O_RDONLY | O_CLOEXEC), &file), -EINVAL);
	assert_int_equal(look(open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC), &file),
			 -EINVAL);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(look(pipes[0], &file), -EINVAL);
	assert_int_equal(look(pipes[1], &file), -EINVAL);
	assert_int_equal(look(-1, &file), -EINVAL);
	/* A folder may lie in memory or on a disk, and so may what is in it. */
	assert_int_equal(statfs("/tmp", &fs), 0);
	assert_int_equal(look(mkstemp(path), &file), fs.f_type == TMPFS_MAGIC ? 0 : -EINVAL);
	unlink(path);
}

/* Killed by: sizes, mode or seals not asked for. */
static void
the_kernel_is_asked(void **state)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct memory_file file;
	char path[32];

	(void)state;
	assert_int_equal(ftruncate(fd, 64 * KIB), 0);
	assert_int_equal(pwrite(fd, "x", 1, 0), 1);
	assert_int_equal(look(dup(fd), &file), 0);
	assert_int_equal(file.size, 64 * KIB);
	assert_int_equal(file.allocated, 4 * KIB);
	assert_int_equal(file.page_size, 4 * KIB);
	assert_true(file.writable);
	assert_false(file.keeps_size);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(look(open(path, O_RDONLY | O_CLOEXEC), &file), 0);
	assert_false(file.writable);
	assert_true(file.keeps_size);
	close(fd);
}

/* An NF that says 4096 for a file of huge pages: the kernel would map two mebibytes where slimd made
 * room for one page. Killed by: the pages' size believed. */
static void
huge_pages_are_seen(void **state)
{
	int fd = memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB);
	struct slim_reg_hello hello = good_hello;
	struct memory_file files[N_FILES];
	struct schema_reason reason;

	(void)state;
	if (fd < 0) {
		print_message("# this kernel has no huge pages of 2 MiB\n");
		skip();
	}
	assert_int_equal(ftruncate(fd, 64 * MIB), 0);
	memcpy(files, good_files, sizeof(files));
	assert_int_equal(look(fd, &files[F_SMALL]), 0);
	assert_int_equal(files[F_SMALL].page_size, 2 * MIB);
	hello.ranges[2].size = 4 * KIB;
	assert_int_equal(memory_file_check(&hello, files, &reason), -EINVAL);
	assert_non_null(strstr(reason.text, "whole pages of 2097152"));
}

/* Killed by: addresses that suit small pages only. */
static void
zones_begin_where_their_pages_can(void **state)
{
	struct memory_file files[N_FILES];
	struct slim_reg_hello hello = good_hello;
	int fds[N_FILES];

	(void)state;
	memcpy(files, good_files, sizeof(files));
	for (int i = 0; i < N_FILES; i++) {
		fds[i] = memfd_create("test", MFD_CLOEXEC);
		assert_int_equal(ftruncate(fds[i], (off_t)files[i].size), 0);
	}
	for (uint32_t z = 0; z < hello.n_zones; z++) {
		struct zone zone;

		assert_int_equal(zone_map(&zone, &hello, files, fds, z), 0);
		assert_int_equal((uintptr_t)zone.base % files[z].page_size, 0);
		zone_unmap(&zone);
	}
	for (int i = 0; i < N_FILES; i++)
		close(fds[i]);
}

/* The kernel may have put a large file on big pages: they are mapped as such where address and file begin alike. */
static void
a_large_zone_suits_big_pages(void **state)
{
	struct memory_file files[N_FILES];
	struct slim_reg_hello hello = good_hello;
	int fds[N_FILES] = {[F_INFO] = memfd_create("test", MFD_CLOEXEC)};

	(void)state;
	memcpy(files, good_files, sizeof(files));
	assert_int_equal(ftruncate(fds[F_INFO], 3 * MIB), 0);
	for (uint32_t i = 0; i < hello.n_ranges; i++)
		if (hello.ranges[i].zone == SLIM_ZONE_INFO)
			hello.ranges[i].size = 3 * MIB;
	/* Not by chance. */
	for (int i = 0; i < 8; i++) {
		void *shift = mmap(NULL, 4 * KIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		struct zone zone;

		assert_ptr_not_equal(shift, MAP_FAILED);
		assert_int_equal(zone_map(&zone, &hello, files, fds, SLIM_ZONE_INFO), 0);
		assert_int_equal((uintptr_t)zone.base % (2 * MIB), 0);
		zone_unmap(&zone);
	}
	close(fds[F_INFO]);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test(f)
	const struct CMUnitTest tests[] = {
		TEST(pages_of_three_sizes_are_taken),
		TEST(refuse_part_of_a_page),
		TEST(refuse_begin_inside_a_page),
		TEST(refuse_empty_range),
		TEST(refuse_outside),
		TEST(refuse_far_outside),
		TEST(refuse_giant_range),
		TEST(refuse_overflow),
		TEST(refuse_giant_zone),
		TEST(refuse_giant_zone_in_parts),
		TEST(refuse_page_inside_a_page),
		TEST(refuse_no_range),
		TEST(refuse_holes),
		TEST(refuse_holes_through_two_descriptors),
		TEST(refuse_info_for_writing),
		TEST(refuse_table_for_writing),
		TEST(refuse_control_for_reading),
		TEST(refuse_control_that_shrinks),
		TEST(refuse_part_of_control),
		TEST(refuse_control_with_more),
		TEST(only_memory_is_taken),
		TEST(the_kernel_is_asked),
		TEST(huge_pages_are_seen),
		TEST(zones_begin_where_their_pages_can),
		TEST(a_large_zone_suits_big_pages),
	};

	return cmocka_run_group_tests_name("memory_file", tests, NULL, NULL);
}
