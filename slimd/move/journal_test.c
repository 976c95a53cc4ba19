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

struct world {
	struct outside *outside;
	char dir[64];
	char seen[512]; /* records as text */
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	strcpy(w->dir, "/tmp/slim-journal-test-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
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
	journal_remove(journal);
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

static void
sizes_are_bounded(void **state)
{
	struct world *w = *state;
	static const uint8_t much[JOURNAL_MAX_RECORD + 1];
	struct journal *journal;

	assert_int_equal(journal_open(w->outside, w->dir, 9, &journal), 0);
	assert_int_equal(journal_write(journal, JOURNAL_OPEN, much, sizeof(much), false),
			 -EMSGSIZE);
	journal_remove(journal);
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
		TEST(sizes_are_bounded),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
