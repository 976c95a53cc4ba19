/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "journal.h"
#include "real.h"
#include "test_folder.h"

struct world {
	struct outside *outside;
	char dir[64];
	char seen[512]; /* records as text */
};

/* Each case has a folder of its own in it. */
static int
make_folder(void **state)
{
	(void)state;
	return test_folder_begin("/tmp", "journal");
}

static int
remove_folder(void **state)
{
	(void)state;
	test_folder_end();
	return 0;
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	assert_int_equal(test_folder_make(w->dir, sizeof(w->dir)), 0);
	assert_int_equal(outside_create(NULL, &w->outside), 0);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	assert_int_equal(rmdir(w->dir), 0); /* nothing is left behind */
	outside_destroy(w->outside);
	free(w);
	return 0;
}

static void
note(void *ctx, enum journal_kind kind, const void *bytes, size_t size)
{
	struct world *w = ctx;
	size_t n = strlen(w->seen);

	snprintf(w->seen + n, sizeof(w->seen) - n, "%d:%.*s ", (int)kind, (int)size,
		 (const char *)bytes);
}

static void
drop(struct world *w, uint64_t session)
{
	struct journal *journal;

	assert_int_equal(journal_open(w->outside, w->dir, session, &journal), 0);
	journal_remove(journal, 7);
}

static void
records_are_read_back_in_order(void **state)
{
	struct world *w = *state;
	struct journal *journal;
	uint64_t sessions[4];

	assert_int_equal(journal_open(w->outside, w->dir, 0xabc, &journal), 0);
	assert_int_equal(journal_write(journal, JOURNAL_HEAD, "one", 3, false), 0);
	assert_int_equal(journal_write(journal, JOURNAL_STAGE, "two", 3, true), 0);
	journal_close(journal);
	/* Another process goes on with it. */
	assert_int_equal(journal_open(w->outside, w->dir, 0xabc, &journal), 0);
	assert_int_equal(journal_write(journal, JOURNAL_STAGE, "", 0, true), 0);
	journal_close(journal);
	assert_int_equal(journal_list(w->outside, w->dir, sessions, 4), 1);
	assert_int_equal(sessions[0], 0xabc);
	assert_int_equal(journal_read(w->outside, w->dir, 0xabc, note, w), 0);
	assert_string_equal(w->seen, "1:one 6:two 6: ");
	drop(w, 0xabc);
	assert_int_equal(journal_list(w->outside, w->dir, sessions, 4), 0);
	assert_int_equal(journal_read(w->outside, w->dir, 0xabc, note, w), -ENOENT);
}

/* However much of the last record reached the disk, the ones before count. */
static void
a_record_cut_short_ends_the_file(void **state)
{
	struct world *w = *state;
	struct journal *journal;
	char path[128];
	off_t size, first;

	snprintf(path, sizeof(path), "%s/session-0000000000000007.journal", w->dir);
	assert_int_equal(journal_open(w->outside, w->dir, 7, &journal), 0);
	assert_int_equal(journal_write(journal, JOURNAL_HEAD, "first", 5, false), 0);
	first = 16 + 5;
	assert_int_equal(journal_write(journal, JOURNAL_STAGE, "second", 6, false), 0);
	size = first + 16 + 6;
	journal_close(journal);
	for (off_t cut = size - 1; cut >= 0; cut--) {
		assert_int_equal(truncate(path, cut), 0);
		w->seen[0] = '\0';
		assert_int_equal(journal_read(w->outside, w->dir, 7, note, w), 0);
		assert_string_equal(w->seen, cut >= first ? "1:first " : "");
	}
	drop(w, 7);
}

static void
a_damaged_record_ends_the_file(void **state)
{
	struct world *w = *state;
	struct journal *journal;
	char path[128];
	int fd;

	assert_int_equal(journal_open(w->outside, w->dir, 8, &journal), 0);
	assert_int_equal(journal_write(journal, JOURNAL_HEAD, "first", 5, false), 0);
	assert_int_equal(journal_write(journal, JOURNAL_STAGE, "second", 6, false), 0);
	journal_close(journal);
	snprintf(path, sizeof(path), "%s/session-0000000000000008.journal", w->dir);
	fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, "X", 1, 16 + 5 + 16), 1);
	close(fd);
	assert_int_equal(journal_read(w->outside, w->dir, 8, note, w), 0);
	assert_string_equal(w->seen, "1:first ");
	drop(w, 8);
}

/* ---- a disk that fails ---------------------------------------------------------------- */

/* One disk at a time; the real one lies under it. */
static struct {
	const struct disk_ops *real;
	bool full;      /* half of what is appended arrives */
	bool no_sync;   /* what is appended arrives, and is not durable */
	bool no_repair; /* nothing can be cut off */
} disk;

static ssize_t
bad_append(struct disk_file *file, const void *bytes, size_t size)
{
	return disk.real->append(file, bytes, disk.full ? size / 2 : size);
}

static int
bad_sync(struct disk_file *file)
{
	return disk.no_sync ? -EIO : disk.real->sync(file);
}

static int
bad_truncate(struct disk_file *file, uint64_t size)
{
	return disk.no_repair ? -EIO : disk.real->truncate(file, size);
}

static void
spoil_disk(struct world *w, struct disk_ops *ops)
{
	disk.real = w->outside->disk;
	disk.full = disk.no_sync = disk.no_repair = false;
	*ops = *disk.real;
	ops->append = bad_append;
	ops->sync = bad_sync;
	ops->truncate = bad_truncate;
	w->outside->disk = ops;
}

/* What is durable after the trouble can be read, whatever the trouble left behind. */
static void
what_was_cut_short_is_cut_off_before_the_next_record(void **state)
{
	struct world *w = *state;
	struct journal *journal;
	struct disk_ops ops;

	spoil_disk(w, &ops);
	for (int kind = 0; kind < 4; kind++) {
		assert_int_equal(journal_open(w->outside, w->dir, 10, &journal), 0);
		assert_int_equal(journal_write(journal, JOURNAL_HEAD, "one", 3, true), 0);
		disk.full = kind < 2;
		disk.no_sync = kind >= 2;
		disk.no_repair = kind % 2 == 1;
		assert_true(journal_write(journal, JOURNAL_STAGE, "lost", 4, true) < 0);
		disk.full = disk.no_sync = false;
		if (disk.no_repair) /* nothing may follow it */
			assert_int_equal(journal_write(journal, JOURNAL_STAGE, "x", 1, true), -EIO);
		disk.no_repair = false;
		assert_int_equal(journal_write(journal, JOURNAL_STAGE, "two", 3, true), 0);
		journal_close(journal);
		w->seen[0] = '\0';
		assert_int_equal(journal_read(w->outside, w->dir, 10, note, w), 0);
		assert_string_equal(w->seen, "1:one 6:two ");
		drop(w, 10);
	}
	w->outside->disk = disk.real;
}

static void
write_at(const struct world *w, const char *name, off_t at, const char *bytes, size_t size)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, size, at), size);
	close(fd);
}

/* A daemon that died in the middle of a record, or a disk that lost power. */
static void
a_file_that_was_cut_short_is_gone_on_with(void **state)
{
	struct world *w = *state;
	struct journal *journal;

	assert_int_equal(journal_open(w->outside, w->dir, 11, &journal), 0);
	assert_int_equal(journal_write(journal, JOURNAL_HEAD, "one", 3, true), 0);
	journal_close(journal);
	write_at(w, "session-000000000000000b.journal", 16 + 3, "SLJR\6\0\0\0\377", 9);
	assert_int_equal(journal_open(w->outside, w->dir, 11, &journal), 0);
	assert_int_equal(journal_write(journal, JOURNAL_STAGE, "two", 3, true), 0);
	journal_close(journal);
	assert_int_equal(journal_read(w->outside, w->dir, 11, note, w), 0);
	assert_string_equal(w->seen, "1:one 6:two ");
	drop(w, 11);
}

static void
damage_in_the_middle_is_skipped(void **state)
{
	struct world *w = *state;
	struct journal *journal;

	assert_int_equal(journal_open(w->outside, w->dir, 12, &journal), 0);
	assert_int_equal(journal_write(journal, JOURNAL_HEAD, "one", 3, false), 0);
	assert_int_equal(journal_write(journal, JOURNAL_OPEN, "bad", 3, false), 0);
	assert_int_equal(journal_write(journal, JOURNAL_STAGE, "two", 3, true), 0);
	journal_close(journal);
	write_at(w, "session-000000000000000c.journal", 2 * (16 + 3) - 1, "X", 1);
	assert_int_equal(journal_read(w->outside, w->dir, 12, note, w), 0);
	assert_string_equal(w->seen, "1:one 6:two ");
	drop(w, 12);
}

/* Nothing is written behind what cannot be read. */
static void
what_is_no_journal_is_told(void **state)
{
	struct world *w = *state;
	struct journal *journal;
	char path[128];

	write_at(w, "session-000000000000000d.journal", 0, "another file", 12);
	assert_int_equal(journal_read(w->outside, w->dir, 13, note, w), -EBADMSG);
	assert_int_equal(journal_open(w->outside, w->dir, 13, &journal), -EBADMSG);
	snprintf(path, sizeof(path), "%s/session-000000000000000d.journal", w->dir);
	assert_int_equal(truncate(path, JOURNAL_MAX_FILE + 1), 0);
	assert_int_equal(journal_read(w->outside, w->dir, 13, note, w), -EFBIG);
	assert_int_equal(unlink(path), 0);
}

static void
sizes_are_bounded(void **state)
{
	struct world *w = *state;
	static const uint8_t much[JOURNAL_MAX_RECORD + 1];
	struct journal *journal;

	assert_int_equal(journal_open(w->outside, w->dir, 9, &journal), 0);
	assert_int_equal(journal_write(journal, JOURNAL_OPEN, much, sizeof(much), false),
			 -EMSGSIZE);
	journal_remove(journal, 7);
	assert_int_equal(journal_open(w->outside, "/nonexistent", 9, &journal), -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(records_are_read_back_in_order),
		TEST(a_record_cut_short_ends_the_file),
		TEST(a_damaged_record_ends_the_file),
		TEST(what_was_cut_short_is_cut_off_before_the_next_record),
		TEST(a_file_that_was_cut_short_is_gone_on_with),
		TEST(damage_in_the_middle_is_skipped),
		TEST(what_is_no_journal_is_told),
		TEST(sizes_are_bounded),
	};

	return cmocka_run_group_tests_name("journal", tests, make_folder, remove_folder);
}
